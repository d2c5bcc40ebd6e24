//! HTTP client for a running server, for `health`, `use`, `reset`, `report`, `tail` and `leads`. Supports http only,
//! because the server usually runs on the same machine.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::response::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::signals::shutdown_signal;
use crate::config::limits::CLIENT_RESPONSE_BYTES_MAX;
use crate::http::headers as mock_headers;

const JSON_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json");

/// A request to the control API.
#[derive(Clone, Debug)]
pub(super) struct ControlRequest<'a> {
    /// The request method.
    pub(super) method: Method,
    /// The path, relative to the server's URL.
    pub(super) path: &'a str,
    /// The sandbox; without it, the one in the URL or `default`.
    pub(super) sandbox: Option<&'a str>,
    /// The bearer token of the control API.
    pub(super) token: Option<&'a str>,
    /// The body, sent as JSON.
    pub(super) body: Option<Value>,
    /// Timeout for the whole response; for a stream, for its head.
    pub(super) timeout: Duration,
    /// The largest response body.
    pub(super) bytes_max: usize,
}

/// The token to send. An empty environment variable means no token, as it does for the server.
pub(super) fn token(argument: Option<&str>) -> Option<&str> {
    argument.map(str::trim).filter(|token| !token.is_empty())
}

/// A response with its body.
#[derive(Clone, Debug)]
pub(super) struct ClientResponse {
    /// The status code.
    pub(super) status: StatusCode,
    /// The response headers.
    pub(super) headers: HeaderMap,
    /// The whole body.
    pub(super) body: Bytes,
}

/// Why a stream ended.
#[derive(Debug)]
pub(super) enum StreamEnd {
    /// The server ended the stream.
    Closed,
    /// No byte arrived for so long that the server must be gone; it sends a keep-alive comment every 15 seconds.
    TimedOut,
    /// This process received SIGINT or SIGTERM.
    Interrupted,
    /// The server returned a response with another status in place of the stream.
    Rejected(ClientResponse),
}

/// Why a stream failed.
#[derive(Debug)]
pub(super) enum ClientError {
    /// The server cannot be reached; holds the reason.
    Unreachable(String),
    /// The received bytes could not be written to the output.
    Io(std::io::Error),
}

impl From<std::io::Error> for ClientError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Opens a stream and passes each chunk to `on_chunk`, until the stream ends, no byte arrives for `silence_max`, or
/// this process is interrupted.
///
/// # Errors
/// The server cannot be reached, or `on_chunk` failed.
pub(super) fn stream(
    url: &str,
    request: &ControlRequest<'_>,
    silence_max: Duration,
    on_chunk: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<StreamEnd, ClientError> {
    let http_request = build_request(url, request).map_err(ClientError::Unreachable)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let shutdown = shutdown_signal()?;
        tokio::select! {
            end = read_stream(http_request, request.timeout, silence_max, on_chunk) => end,
            () = shutdown => Ok(StreamEnd::Interrupted),
        }
    });
    // Does not wait for a DNS lookup that may still run.
    runtime.shutdown_background();
    result
}

async fn read_stream(
    request: http::Request<Full<Bytes>>,
    timeout: Duration,
    silence_max: Duration,
    on_chunk: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<StreamEnd, ClientError> {
    let received = tokio::time::timeout(timeout, receive_head(request)).await;
    let timed_out = |_| timeout_message(timeout);
    let (head, mut body) = received.map_err(timed_out).and_then(|head| head).map_err(ClientError::Unreachable)?;
    if head.status != StatusCode::OK {
        let read = read_response(head, body, CLIENT_RESPONSE_BYTES_MAX);
        let response = tokio::time::timeout(timeout, read).await.map_err(timed_out);
        return response.and_then(|response| response).map(StreamEnd::Rejected).map_err(ClientError::Unreachable);
    }
    loop {
        match tokio::time::timeout(silence_max, body.frame()).await {
            Err(_) => return Ok(StreamEnd::TimedOut),
            // A server that is killed ends the stream with an error.
            Ok(None | Some(Err(_))) => return Ok(StreamEnd::Closed),
            Ok(Some(Ok(frame))) => frame.data_ref().map_or(Ok(()), |data| on_chunk(data))?,
        }
    }
}

/// The body of a response that is being received.
pub(super) trait Incoming: BodyExt<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin {}

impl<T: BodyExt<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin> Incoming for T {}

/// Sends a request to the server at `url` and returns the response, whatever its status.
///
/// # Errors
/// Why there is no response.
pub(super) fn send(url: &str, request: &ControlRequest<'_>) -> Result<ClientResponse, String> {
    let http_request = build_request(url, request)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let response = runtime.block_on(async {
        tokio::time::timeout(request.timeout, async {
            let (head, body) = receive_head(http_request).await?;
            read_response(head, body, request.bytes_max).await
        })
        .await
    });
    // Does not wait for a DNS lookup that may still run.
    runtime.shutdown_background();
    response.map_err(|_| timeout_message(request.timeout))?
}

/// The URI of a path below the server's URL.
///
/// # Errors
/// The URL is not a valid http URL.
pub(super) fn resolve_uri(url: &str, path: &str) -> Result<Uri, String> {
    let invalid = || "it is not a valid URL; write http://HOST:PORT".to_owned();
    let base: Uri = url.parse().map_err(|_| invalid())?;
    if base.scheme() != Some(&Scheme::HTTP) {
        return Err("only http is supported; write http://HOST:PORT".to_owned());
    }
    let authority: Authority = base.authority().cloned().ok_or("the URL has no host; write http://HOST:PORT")?;
    let path = format!("{}{path}", base.path().trim_end_matches('/'));
    let path: PathAndQuery = path.parse().map_err(|_| invalid())?;
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path);
    uri.build().map_err(|error| error.to_string())
}

fn build_request(url: &str, request: &ControlRequest<'_>) -> Result<http::Request<Full<Bytes>>, String> {
    let uri = resolve_uri(url, request.path)?;
    let body = request.body.as_ref().map_or_else(Bytes::new, |body| body.to_string().into());
    let mut http_request = http::Request::new(Full::new(body));
    *http_request.method_mut() = request.method.clone();
    *http_request.uri_mut() = uri;
    let headers = http_request.headers_mut();
    if request.body.is_some() {
        headers.insert(CONTENT_TYPE, JSON_CONTENT_TYPE);
    }
    if let Some(sandbox) = request.sandbox {
        headers.insert(mock_headers::SANDBOX, sandbox_header_value(sandbox)?);
    }
    if let Some(token) = request.token {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| "the token is not a valid header value".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(http_request)
}

/// A sandbox's name as the value of `X-Mock-Sandbox`.
///
/// # Errors
/// The name has characters that headers do not allow.
pub(super) fn sandbox_header_value(name: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(name).map_err(|_| "the sandbox's name is not a valid header value".to_owned())
}

async fn receive_head(request: http::Request<Full<Bytes>>) -> Result<(Parts, impl Incoming), String> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| root_cause(&error))?;
    Ok(response.into_parts())
}

/// Reads the body of a response.
///
/// # Errors
/// The body exceeds `bytes_max`, or the connection failed.
pub(super) async fn read_response(
    head: Parts,
    body: impl Incoming,
    bytes_max: usize,
) -> Result<ClientResponse, String> {
    let body = Limited::new(body, bytes_max).collect().await.map_err(|error| root_cause(&*error))?;
    Ok(ClientResponse { status: head.status, headers: head.headers, body: body.to_bytes() })
}

/// The message for a response that did not arrive in time.
pub(super) fn timeout_message(timeout: Duration) -> String {
    format!("no response within {} s", timeout.as_secs())
}

/// The message for a response that does not come from leadconduit-mock.
pub(super) fn unexpected_response(url: &str, status: StatusCode) -> String {
    format!(
        "{url} returned an unexpected response with status {}; check that leadconduit-mock runs there",
        status.as_u16()
    )
}

/// A string of a JSON body, without control characters that would affect a terminal.
pub(super) fn text_field(body: &Value, name: &str) -> Option<String> {
    let text = body.get(name)?.as_str()?;
    Some(text.chars().filter(|c| *c == '\n' || !c.is_control()).collect())
}

/// The message of the innermost error: those around it only name the step that failed.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
