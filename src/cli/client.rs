//! Asking a running server, for `health`, `use` and `reset`. Over http only: these are for one's own machine.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The header that names a sandbox.
pub(super) const SANDBOX: HeaderName = HeaderName::from_static("x-mock-sandbox");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Which server is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct ServerArgs {
    /// The server's URL, http only; 127.0.0.1 with the port below when absent
    #[arg(long, env = "LEADCONDUIT_MOCK_URL")]
    pub(super) url: Option<String>,
    /// The port on 127.0.0.1, when no URL is given
    #[arg(long, value_name = "PORT", default_value_t = crate::settings::PORT, env = "LEADCONDUIT_MOCK_PORT")]
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
    pub(super) path: &'static str,
    /// The sandbox; the one in the URL, else `default`, when absent.
    pub(super) sandbox: Option<&'a str>,
    /// The token of the control API.
    pub(super) token: Option<&'a str>,
    /// The body.
    pub(super) body: Option<Value>,
    /// How long all of it may take.
    pub(super) wait: Duration,
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

/// Asks the server at `url`, or says why there is no answer.
pub(super) fn ask(url: &str, question: &Question<'_>) -> Result<Answer, String> {
    let request = request(url, question)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let answer = runtime.block_on(async { tokio::time::timeout(question.wait, exchange(request)).await });
    // A look-up of the host's name may still run; it is not waited for.
    runtime.shutdown_background();
    answer.map_err(|_| format!("there was no answer within {} s", question.wait.as_secs()))?
}

fn request(url: &str, question: &Question<'_>) -> Result<http::Request<Full<Bytes>>, String> {
    let base: Uri = url.parse().map_err(|_| "that is no URL".to_owned())?;
    if base.scheme() != Some(&Scheme::HTTP) {
        return Err("only http can be asked".to_owned());
    }
    let authority: Authority = base.authority().cloned().ok_or("that URL has no host")?;
    let path = format!("{}{}", base.path().trim_end_matches('/'), question.path);
    let path: PathAndQuery = path.parse().map_err(|_| "that is no URL".to_owned())?;
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path);
    let uri = uri.build().map_err(|error| error.to_string())?;
    let body = question.body.as_ref().map_or_else(Bytes::new, |body| body.to_string().into());
    let mut request = http::Request::new(Full::new(body));
    *request.method_mut() = question.method.clone();
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    if question.body.is_some() {
        headers.insert(CONTENT_TYPE, JSON);
    }
    if let Some(sandbox) = question.sandbox {
        let value = HeaderValue::from_str(sandbox).map_err(|_| "the sandbox's name cannot be sent".to_owned())?;
        headers.insert(SANDBOX, value);
    }
    if let Some(token) = question.token {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| "the token cannot be sent".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(request)
}

async fn exchange(request: http::Request<Full<Bytes>>) -> Result<Answer, String> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| root_cause(&error))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| root_cause(&*error))?;
    Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
}

/// The client's own errors only say which step failed; what they come from says why.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
