//! Asking a running server, for `health`, `use`, `reset`, `report`, `tail` and `leads`. Over http only: these are for one's own
//! machine.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::response::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The header that names a sandbox.
pub(super) const SANDBOX: HeaderName = HeaderName::from_static("x-mock-sandbox");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How much of an answer is read, where a short one is expected.
pub(super) const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Which server is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct ServerArgs {
    /// The server's URL, http only; 127.0.0.1 with the port below when absent
    #[arg(long, env = "LEADCONDUIT_MOCK_URL")]
    pub(super) url: Option<String>,
    /// The port on 127.0.0.1, when no URL is given
    #[arg(long, value_name = "PORT", default_value_t = crate::config::settings::PORT, env = "LEADCONDUIT_MOCK_PORT")]
    pub(super) port: u16,
}

impl ServerArgs {
    /// The server's URL.
    pub(super) fn url(&self) -> String {
        self.url.clone().unwrap_or_else(|| format!("http://127.0.0.1:{}", self.port))
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Question<'a> {
    /// The method.
    pub(super) method: Method,
    /// The path, which follows that of the server's URL.
    pub(super) path: &'a str,
    /// The sandbox; the one in the URL, else `default`, when absent.
    pub(super) sandbox: Option<&'a str>,
    /// The token of the control API.
    pub(super) token: Option<&'a str>,
    /// The body.
    pub(super) body: Option<Value>,
    /// How long all of it may take.
    pub(super) wait: Duration,
    /// How much of the answer is read.
    pub(super) bytes_max: usize,
}

/// A token as it is sent. An empty variable stands for none, as it does for the server.
pub(super) fn token(given: Option<&str>) -> Option<&str> {
    given.map(str::trim).filter(|token| !token.is_empty())
}

/// What the server answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: StatusCode,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Bytes,
}

/// Why listening has ended.
#[derive(Debug)]
pub(super) enum StreamEnd {
    /// The server ended the stream.
    All,
    /// There was nothing for so long that the server must be gone; it says every 15 seconds that it is still there.
    Silence,
    /// This process was asked to stop.
    Stopped,
    /// There was no stream, but an answer.
    Refused(Answer),
}

/// What ends a stream too early.
#[derive(Debug)]
pub(super) enum ClientError {
    /// The server could not be reached; says why.
    Server(String),
    /// What arrived could not be passed on.
    Io(std::io::Error),
}

impl From<std::io::Error> for ClientError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Listens to a stream, for as long as it lasts or until this process is asked to stop, and passes on what arrives.
/// The question's wait is for its beginning.
pub(super) fn listen(
    url: &str,
    question: &Question<'_>,
    silence: Duration,
    each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<StreamEnd, ClientError> {
    let request = request(url, question).map_err(ClientError::Server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let heard = runtime.block_on(async {
        let stop = super::asked_to_stop()?;
        tokio::select! {
            heard = stream(request, question.wait, silence, each) => heard,
            () = stop => Ok(StreamEnd::Stopped),
        }
    });
    // A look-up of the host's name may still run; it is not waited for.
    runtime.shutdown_background();
    heard
}

async fn stream(
    request: http::Request<Full<Bytes>>,
    wait: Duration,
    silence: Duration,
    each: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<StreamEnd, ClientError> {
    let begun = tokio::time::timeout(wait, begin(request)).await;
    let too_late = |_| format!("there was no answer within {} s", wait.as_secs());
    let (head, mut body) = begun.map_err(too_late).and_then(|begun| begun).map_err(ClientError::Server)?;
    if head.status != StatusCode::OK {
        let answer = tokio::time::timeout(wait, whole(head, body, ANSWER_BYTES_MAX)).await.map_err(too_late);
        return answer.and_then(|answer| answer).map(StreamEnd::Refused).map_err(ClientError::Server);
    }
    loop {
        match tokio::time::timeout(silence, body.frame()).await {
            Err(_) => return Ok(StreamEnd::Silence),
            // A server that is killed ends the stream without ceremony.
            Ok(None | Some(Err(_))) => return Ok(StreamEnd::All),
            Ok(Some(Ok(frame))) => frame.data_ref().map_or(Ok(()), |data| each(data))?,
        }
    }
}

/// The body of an answer, while it arrives.
pub(super) trait Incoming: BodyExt<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin {}

impl<T: BodyExt<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin> Incoming for T {}

/// Asks the server at `url`, or says why there is no answer.
pub(super) fn ask(url: &str, question: &Question<'_>) -> Result<Answer, String> {
    let request = request(url, question)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let answer =
        runtime.block_on(async { tokio::time::timeout(question.wait, exchange(request, question.bytes_max)).await });
    // A look-up of the host's name may still run; it is not waited for.
    runtime.shutdown_background();
    answer.map_err(|_| format!("there was no answer within {} s", question.wait.as_secs()))?
}

/// The address of a path below the server's URL.
pub(super) fn address(url: &str, path: &str) -> Result<Uri, String> {
    let base: Uri = url.parse().map_err(|_| "that is no URL".to_owned())?;
    if base.scheme() != Some(&Scheme::HTTP) {
        return Err("only http can be asked".to_owned());
    }
    let authority: Authority = base.authority().cloned().ok_or("that URL has no host")?;
    let path = format!("{}{path}", base.path().trim_end_matches('/'));
    let path: PathAndQuery = path.parse().map_err(|_| "that is no URL".to_owned())?;
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path);
    uri.build().map_err(|error| error.to_string())
}

fn request(url: &str, question: &Question<'_>) -> Result<http::Request<Full<Bytes>>, String> {
    let uri = address(url, question.path)?;
    let body = question.body.as_ref().map_or_else(Bytes::new, |body| body.to_string().into());
    let mut request = http::Request::new(Full::new(body));
    *request.method_mut() = question.method.clone();
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    if question.body.is_some() {
        headers.insert(CONTENT_TYPE, JSON);
    }
    if let Some(sandbox) = question.sandbox {
        headers.insert(SANDBOX, sandbox_value(sandbox)?);
    }
    if let Some(token) = question.token {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| "the token cannot be sent".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// A sandbox's name as a header's value.
pub(super) fn sandbox_value(name: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(name).map_err(|_| "the sandbox's name cannot be sent".to_owned())
}

async fn exchange(request: http::Request<Full<Bytes>>, bytes_max: usize) -> Result<Answer, String> {
    let (head, body) = begin(request).await?;
    whole(head, body, bytes_max).await
}

async fn begin(request: http::Request<Full<Bytes>>) -> Result<(Parts, impl Incoming), String> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| root_cause(&error))?;
    Ok(response.into_parts())
}

/// All of an answer, should its body not be larger than that.
pub(super) async fn whole(head: Parts, body: impl Incoming, bytes_max: usize) -> Result<Answer, String> {
    let body = Limited::new(body, bytes_max).collect().await.map_err(|error| root_cause(&*error))?;
    Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
}

/// That whoever answered is no mock.
pub(super) fn not_a_mock(url: &str, status: StatusCode) -> String {
    format!("{url} answered {}, but not as leadconduit-mock does; is that its URL?", status.as_u16())
}

/// A text from an answer, without what would upset a terminal.
pub(super) fn text(body: &Value, name: &str) -> Option<String> {
    let text = body.get(name)?.as_str()?;
    Some(text.chars().filter(|c| *c == '\n' || !c.is_control()).collect())
}

/// The client's own errors only say which step failed; what they come from says why.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
