//! One attempt of an outbound call, to one address.

use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::message::{OutboundError, OutboundRequest};
use super::target::Target;
use crate::http::headers;

/// Headers that the client sets itself, and those about the connection: `Connection` could make a proxy drop others.
const OMITTED_HEADERS: [HeaderName; 7] = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, TE, TRAILER, UPGRADE];

/// Whether a header of this name in a request is sent. `Content-Length` is, with the length of the body.
pub(crate) fn is_sent_header(name: &str) -> bool {
    HeaderName::try_from(name).map_or(true, |header| {
        header == CONTENT_LENGTH || !OMITTED_HEADERS.contains(&header) && header != headers::OUTBOUND
    })
}

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
    let response = client.request(request).await.map_err(|error| {
        let cause = innermost_cause(&error);
        if error.is_connect() { OutboundError::Unreached(cause) } else { OutboundError::Connection(cause) }
    })?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, body_bytes_max).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            OutboundError::TooLarge(body_bytes_max)
        } else {
            OutboundError::Connection(innermost_cause(&*error))
        }
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
    let http_headers = http_request.headers_mut();
    for (name, value) in &request.headers {
        let header = HeaderName::try_from(name).map_err(|_| invalid(&format!("the header {name}")))?;
        if OMITTED_HEADERS.contains(&header) {
            continue;
        }
        let value = HeaderValue::try_from(value).map_err(|_| invalid(&format!("the header {name}")))?;
        http_headers.append(header, value);
    }
    // The client would leave it out of a request without a body.
    if request.body.is_empty() && !matches!(request.method, Method::GET | Method::HEAD) {
        http_headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    http_headers.insert(HOST, HeaderValue::try_from(&target.authority).map_err(|_| invalid("the host name"))?);
    // Control calls with it are rejected, however they reach a mock: by a name, through a proxy or from another mock.
    http_headers.insert(headers::OUTBOUND, HeaderValue::from(u16::from(request.depth)));
    Ok(http_request)
}

/// The innermost cause, because the outer errors only name the step that failed.
fn innermost_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_cannot_remove_the_marker_of_outbound_requests() {
        let headers =
            [("Connection", "X-Mock-Outbound"), ("X-Mock-Outbound", "other"), ("Host", "other"), ("X-Own", "1")];
        let request = OutboundRequest {
            method: http::Method::POST,
            url: "http://localhost:9000/x".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: Bytes::new(),
            depth: 3,
            timeout_ms: None,
        };
        let target = Target::parse(&request.url).unwrap();
        let sent = http_request(&request, &target, "127.0.0.1:9000".parse().unwrap()).unwrap();
        let mut names: Vec<&str> = sent.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "host", "x-mock-outbound", "x-own"]);
        assert_eq!(
            (&sent.headers()["x-mock-outbound"], sent.headers()["host"].to_str().unwrap()),
            (&HeaderValue::from_static("3"), "localhost:9000")
        );
    }
}
