//! `LeadConduit`'s API as `leads` uses it: connections that are kept, a key, a sandbox.

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::super::client::{self, ANSWER_BYTES_MAX, Answer, SANDBOX};
use super::cause;

/// How long an answer may take. A fault of the mock may hold one back.
const WAIT: Duration = Duration::from_secs(30);

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// A server, as one caller sees it.
#[derive(Debug)]
pub(super) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    /// The server's URL.
    pub(super) url: String,
    sandbox: Option<HeaderValue>,
    key: HeaderValue,
}

/// Whether a call brings the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// It does.
    Known,
    /// It does not: whoever has the address may submit.
    Unknown,
}

impl Api {
    pub(super) fn new(url: &str, sandbox: Option<&str>, key: &str, connections: usize) -> Result<Self, String> {
        client::address(url, "/").map_err(|why| format!("{url} cannot be asked: {why}"))?;
        let sandbox = sandbox.map(client::sandbox_value).transpose()?;
        let credentials = base64::engine::general_purpose::STANDARD.encode(format!("API:{}", key.trim()));
        let key = HeaderValue::try_from(format!("Basic {credentials}"));
        let mut key = key.map_err(|_| "the key cannot be sent".to_owned())?;
        key.set_sensitive(true);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(connections).build_http();
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), sandbox, key })
    }

    /// Asks for a document.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.ask(Method::GET, path, Bytes::new(), Identity::Known).await
    }

    /// Sends a form.
    pub(super) async fn post(&self, path: &str, form: Bytes, identity: Identity) -> Result<Answer, String> {
        self.ask(Method::POST, path, form, identity).await
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes, identity: Identity) -> Result<Answer, String> {
        let mut request = Request::new(Full::new(body));
        *request.uri_mut() = client::address(&self.url, path)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, JSON);
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, FORM);
        }
        if identity == Identity::Known {
            headers.insert(AUTHORIZATION, self.key.clone());
        }
        headers.extend(self.sandbox.clone().map(|name| (SANDBOX, name)));
        *request.method_mut() = method;
        let answer = async {
            let (head, body) = self.client.request(request).await.map_err(|error| cause(&error))?.into_parts();
            client::whole(head, body, ANSWER_BYTES_MAX).await
        };
        let answer = tokio::time::timeout(WAIT, answer).await;
        answer.map_err(|_| format!("there was no answer within {} s", WAIT.as_secs()))?
    }
}
