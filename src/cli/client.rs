//! HTTP client for a running server, for `health`, `use`, `reset`, `report`, `tail`, `leads` and others.

use std::error::Error;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::response::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use serde_json::Value;

use super::connector::{HttpClient, http_client};
use super::error::CliError;
use super::signals::shutdown_signal;
use super::tls::TlsDirArgs;
use crate::app::bootstrap::StartError;
use crate::config::limits::CLIENT_RESPONSE_BYTES_MAX;
use crate::config::settings::DEFAULT_PORT;
use crate::http::headers as mock_headers;
use crate::server::TlsError;

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
    /// The body.
    pub(super) body: Option<RequestBody>,
    /// Timeout for the whole response; for a stream, for its head.
    pub(super) timeout: Duration,
    /// The largest response body.
    pub(super) bytes_max: usize,
    /// The folder of the generated authority, which an https server may use.
    pub(super) tls_dir: &'a TlsDirArgs,
}

/// The body of a request to the control API.
#[derive(Clone, Debug)]
pub(super) enum RequestBody {
    /// JSON.
    Json(Value),
    /// JSON or YAML, as it is in a file.
    Text(String),
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

/// Why an argument cannot be used in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArgumentError {
    /// The URL cannot be parsed.
    #[error("it is not a valid URL; write http://HOST:PORT or https://HOST:PORT")]
    Url,
    /// The URL's scheme is neither http nor https.
    #[error("only http and https are supported; write http://HOST:PORT or https://HOST:PORT")]
    Scheme,
    /// The URL has a path only.
    #[error("the URL has no host; write http://HOST:PORT")]
    NoHost,
    /// The name of the sandbox has characters that headers do not allow.
    #[error("the name of the sandbox must be letters, digits, `.`, `_` and `-`, 64 characters at most")]
    Sandbox,
    /// The token has characters that headers do not allow.
    #[error("the token has line breaks or control characters; write it in quotes, without any")]
    Token,
    /// The API key has characters that headers do not allow.
    #[error("the key has line breaks or control characters; write it in quotes, without any")]
    Key,
}

/// Why a server did not respond.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    /// The request cannot be built.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// The response did not arrive in time.
    #[error("no response within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The response exceeds the limit, in bytes.
    #[error("the response is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection failed. The errors around the innermost one only name the step that failed.
    #[error("{}", root_cause(&**.0))]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Trust(#[from] TlsError),
    /// The received bytes cannot be written to the output, or the runtime cannot be created.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl ClientError {
    /// The error of the subcommand, with the server's URL and what to do.
    pub(super) fn at(self, url: &str) -> CliError {
        match self {
            Self::Argument(error @ (ArgumentError::Url | ArgumentError::Scheme | ArgumentError::NoHost)) => {
                CliError::Usage(format!("{url} cannot be called: {error}"))
            }
            Self::Argument(error) => CliError::Usage(error.to_string()),
            Self::Io(error) => CliError::Io(error),
            Self::Trust(error) => CliError::Start(StartError::Tls(error)),
            other => CliError::Server(format!("{url} cannot be reached: {}", other.with_hint(url))),
        }
    }

    /// The reason and what to do about it.
    pub(super) fn with_hint(&self, url: &str) -> String {
        match self.io_kind() {
            Some(ErrorKind::ConnectionRefused) => {
                format!("no server listens there; start one with `{}`", serve_command(url))
            }
            _ if matches!(self, Self::Argument(_) | Self::Io(_) | Self::Trust(_)) => self.to_string(),
            _ if let Some(hint) = tls_hint(&self.to_string(), url) => hint,
            // The system's error has no kind of its own.
            Some(_) if self.to_string().contains("failed to lookup address") => {
                "the name of the host is unknown; check its spelling, or write 127.0.0.1 for this machine".to_owned()
            }
            _ => format!("{self}; check that leadconduit-mock runs there"),
        }
    }

    /// The kind of the system's error behind a failed connection.
    fn io_kind(&self) -> Option<ErrorKind> {
        let Self::Connection(error) = self else { return None };
        let innermost = innermost(&**error);
        innermost.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
    }
}

/// What to do about a TLS connection that failed, from the message of the TLS library, which arrives as text.
fn tls_hint(message: &str, url: &str) -> Option<String> {
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    if message.contains("certificate not valid for name") || message.contains("NotValidForName") {
        Some(format!("{message}; start the server with --tls-host {host} and a new --tls-dir, or write another host"))
    } else if message.contains("CaUsedAsEndEntity") {
        Some(
            "its certificate is that of an authority (CA:TRUE), which is not accepted as the certificate of a server; \
             create it with basicConstraints=CA:FALSE, or let an authority sign another one"
                .to_owned(),
        )
    } else if message.contains("invalid peer certificate") {
        Some(format!(
            "its certificate is not trusted ({message}); write the --tls-dir with which the server was started, or set \
             SSL_CERT_FILE to the file of its certificate authority"
        ))
    } else if message.contains("CertificateRequired") {
        Some(format!(
            "{message}: it requires a certificate from clients; write an http URL on the machine of the server"
        ))
    } else if message.contains("received corrupt message") || message.contains("HandshakeFailure") {
        Some(format!("it does not serve HTTPS ({message}); write an http URL, or start the server with --tls"))
    } else {
        None
    }
}

/// The command that starts a server at a URL; on another machine, without its address.
fn serve_command(url: &str) -> String {
    let mut command = "leadconduit-mock serve".to_owned();
    let Ok(uri) = url.parse::<Uri>() else { return command };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>().ok().filter(IpAddr::is_loopback);
    if address.is_none() && host != "localhost" {
        return command;
    }
    // Writing to a string does not fail.
    if let Some(address) = address.filter(|address| *address != Ipv4Addr::LOCALHOST) {
        let _ = write!(command, " --host {address}");
    }
    if let Some(port) = uri.port_u16().filter(|port| *port != DEFAULT_PORT) {
        let _ = write!(command, " --port {port}");
    }
    command
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
    let http_request = build_request(url, request)?;
    let client = http_client(url, request.tls_dir, 0)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let shutdown = shutdown_signal()?;
        tokio::select! {
            end = read_stream(&client, http_request, request.timeout, silence_max, on_chunk) => end,
            () = shutdown => Ok(StreamEnd::Interrupted),
        }
    });
    // Does not wait for a DNS lookup that may still run.
    runtime.shutdown_background();
    result
}

async fn read_stream(
    client: &HttpClient,
    request: http::Request<Full<Bytes>>,
    timeout: Duration,
    silence_max: Duration,
    on_chunk: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<StreamEnd, ClientError> {
    let received = tokio::time::timeout(timeout, receive_head(client, request)).await;
    let timed_out = |_| ClientError::Timeout(timeout);
    let (head, mut body) = received.map_err(timed_out)??;
    if head.status != StatusCode::OK {
        let read = read_response(head, body, CLIENT_RESPONSE_BYTES_MAX);
        let response = tokio::time::timeout(timeout, read).await.map_err(timed_out)?;
        return response.map(StreamEnd::Rejected);
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
pub(super) fn send(url: &str, request: &ControlRequest<'_>) -> Result<ClientResponse, ClientError> {
    let http_request = build_request(url, request)?;
    let client = http_client(url, request.tls_dir, 0)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let response = runtime.block_on(async {
        tokio::time::timeout(request.timeout, async {
            let (head, body) = receive_head(&client, http_request).await?;
            read_response(head, body, request.bytes_max).await
        })
        .await
    });
    // Does not wait for a DNS lookup that may still run.
    runtime.shutdown_background();
    response.map_err(|_| ClientError::Timeout(request.timeout))?
}

/// The URI of a path below the server's URL.
///
/// # Errors
/// The URL is not a valid http or https URL.
pub(super) fn resolve_uri(url: &str, path: &str) -> Result<Uri, ArgumentError> {
    let base: Uri = url.parse().map_err(|_| ArgumentError::Url)?;
    let scheme = base.scheme().filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme)).cloned();
    let scheme = scheme.ok_or(ArgumentError::Scheme)?;
    let authority: Authority = base.authority().cloned().ok_or(ArgumentError::NoHost)?;
    let path = format!("{}{path}", base.path().trim_end_matches('/'));
    let path: PathAndQuery = path.parse().map_err(|_| ArgumentError::Url)?;
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path);
    uri.build().map_err(|_| ArgumentError::Url)
}

fn build_request(url: &str, request: &ControlRequest<'_>) -> Result<http::Request<Full<Bytes>>, ArgumentError> {
    let uri = resolve_uri(url, request.path)?;
    let body = match &request.body {
        Some(RequestBody::Json(json)) => json.to_string().into(),
        Some(RequestBody::Text(text)) => text.clone().into(),
        None => Bytes::new(),
    };
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
        let mut value = value.map_err(|_| ArgumentError::Token)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(http_request)
}

/// A sandbox's name as the value of `X-Mock-Sandbox`.
///
/// # Errors
/// The name has characters that headers do not allow.
pub(super) fn sandbox_header_value(name: &str) -> Result<HeaderValue, ArgumentError> {
    HeaderValue::from_str(name).map_err(|_| ArgumentError::Sandbox)
}

async fn receive_head(
    client: &HttpClient,
    request: http::Request<Full<Bytes>>,
) -> Result<(Parts, impl Incoming + use<>), ClientError> {
    let response = client.request(request).await.map_err(|error| ClientError::Connection(error.into()))?;
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
) -> Result<ClientResponse, ClientError> {
    let failed = |error: Box<dyn Error + Send + Sync>| match error.downcast::<LengthLimitError>() {
        Ok(_) => ClientError::TooLarge(bytes_max),
        Err(error) => ClientError::Connection(error),
    };
    let body = Limited::new(body, bytes_max).collect().await.map_err(failed)?;
    Ok(ClientResponse { status: head.status, headers: head.headers, body: body.to_bytes() })
}

/// The error for a response that rejects a request of the control API. What is wrong with a request, and names that do not
/// exist, come from the command line.
pub(super) fn rejection(url: &str, status: StatusCode, body: &Value) -> CliError {
    let is_usage = matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND);
    let error = if is_usage { CliError::Usage } else { CliError::Server };
    text_field(body, "detail").map_or_else(|| unexpected_response(url, status), error)
}

/// The error for a response that does not come from leadconduit-mock.
pub(super) fn unexpected_response(url: &str, status: StatusCode) -> CliError {
    CliError::Server(format!(
        "{url} returned an unexpected response with status {}; check that leadconduit-mock runs there",
        status.as_u16()
    ))
}

/// A string of a JSON body, without control characters that would affect a terminal.
pub(super) fn text_field(body: &Value, name: &str) -> Option<String> {
    let text = body.get(name)?.as_str()?;
    Some(text.chars().filter(|c| *c == '\n' || !c.is_control()).collect())
}

/// The message of the innermost error.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    innermost(error).to_string()
}

fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}
