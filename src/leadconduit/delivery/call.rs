//! One attempt on the wire.

use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::target::Target;
use super::{Call, CallError};

/// What one attempt brought.
#[derive(Clone, Debug)]
pub(super) struct AttemptResponse {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// Sends a call to an address that was checked. The other side is told the name that the call has.
pub(super) async fn send(
    call: &Call,
    target: &Target,
    address: SocketAddr,
    bytes_max: usize,
) -> Result<AttemptResponse, CallError> {
    // A connection for each call: recipients are called now and then, and a kept one may have died meanwhile.
    let client: Client<_, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).retry_canceled_requests(false).build_http();
    let response = client.request(prepared(call, target, address)?).await.map_err(|error| broken(&error))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, bytes_max).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { CallError::TooLarge(bytes_max) } else { broken(&*error) }
    })?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Ok(AttemptResponse { status: head.status.as_u16(), headers, body: body.to_bytes() })
}

fn prepared(call: &Call, target: &Target, address: SocketAddr) -> Result<Request<Full<Bytes>>, CallError> {
    let unusable = |what: &str| CallError::Unusable(format!("{what} cannot be sent"));
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(address.to_string()).path_and_query(target.path.clone());
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = uri.build().map_err(|_| unusable("the address"))?;
    let headers = request.headers_mut();
    for (name, value) in &call.headers {
        let known = HeaderName::try_from(name).map_err(|_| unusable(&format!("the header {name}")))?;
        // These follow from the call itself.
        if known == HOST || known == http::header::CONTENT_LENGTH || known == http::header::TRANSFER_ENCODING {
            continue;
        }
        let value = HeaderValue::try_from(value).map_err(|_| unusable(&format!("the header {name}")))?;
        headers.append(known, value);
    }
    headers.insert(HOST, HeaderValue::try_from(&target.authority).map_err(|_| unusable("the host's name"))?);
    Ok(request)
}

/// The client's own errors only say which step failed; what they come from says why.
fn broken(error: &(dyn Error + 'static)) -> CallError {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    CallError::Connection(cause.to_string())
}
