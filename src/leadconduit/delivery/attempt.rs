//! One attempt of an outbound call, to one address.

use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::message::{OutboundError, OutboundRequest};
use super::target::Target;

/// The response to one attempt.
#[derive(Clone, Debug)]
pub(super) struct AttemptResponse {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// Sends a request to an address that was checked. `Host` is the host of the URL, not the address.
pub(super) async fn send(
    request: &OutboundRequest,
    target: &Target,
    address: SocketAddr,
    body_bytes_max: usize,
) -> Result<AttemptResponse, OutboundError> {
    // One connection per call: recipients are called rarely, and an idle connection may have been closed meanwhile.
    let client: Client<_, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).retry_canceled_requests(false).build_http();
    let request = http_request(request, target, address)?;
    let response = client.request(request).await.map_err(|error| connection_error(&error))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, body_bytes_max).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { OutboundError::TooLarge(body_bytes_max) } else { connection_error(&*error) }
    })?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Ok(AttemptResponse { status: head.status.as_u16(), headers, body: body.to_bytes() })
}

fn http_request(
    request: &OutboundRequest,
    target: &Target,
    address: SocketAddr,
) -> Result<Request<Full<Bytes>>, OutboundError> {
    let invalid = |what: &str| OutboundError::Invalid(format!("{what} cannot be sent"));
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(address.to_string()).path_and_query(target.path.clone());
    let mut http_request = Request::new(Full::new(request.body.clone()));
    *http_request.method_mut() = request.method.clone();
    *http_request.uri_mut() = uri.build().map_err(|_| invalid("the URL"))?;
    let headers = http_request.headers_mut();
    for (name, value) in &request.headers {
        let header = HeaderName::try_from(name).map_err(|_| invalid(&format!("the header {name}")))?;
        // The client sets these itself.
        if header == HOST || header == CONTENT_LENGTH || header == TRANSFER_ENCODING {
            continue;
        }
        let value = HeaderValue::try_from(value).map_err(|_| invalid(&format!("the header {name}")))?;
        headers.append(header, value);
    }
    headers.insert(HOST, HeaderValue::try_from(&target.authority).map_err(|_| invalid("the host name"))?);
    Ok(http_request)
}

/// The innermost cause, because the outer errors only name the step that failed.
fn connection_error(error: &(dyn Error + 'static)) -> OutboundError {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    OutboundError::Connection(cause.to_string())
}
