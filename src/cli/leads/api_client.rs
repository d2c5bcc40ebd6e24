//! Client for LeadConduit's API, with a connection pool, an API key and a sandbox.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;

use crate::cli::client::{self, ArgumentError, ClientError, ClientResponse};
use crate::cli::connector::{HttpClient, http_client};
use crate::cli::tls::TlsDirArgs;
use crate::config::limits::{CLIENT_RESPONSE_BYTES_MAX, LEADS_TIMEOUT};
use crate::http::{basic_auth, headers as mock_headers};

const JSON_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json");
const FORM_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// A server, with the credentials of one caller.
#[derive(Debug)]
pub(super) struct ApiClient {
    client: HttpClient,
    /// The server's URL.
    pub(super) url: String,
    sandbox: Option<HeaderValue>,
    authorization: HeaderValue,
}

/// The credentials of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    ApiKey,
    /// None: most sources accept submissions without a key.
    Anonymous,
}

impl ApiClient {
    pub(super) fn new(
        url: &str,
        sandbox: Option<&str>,
        key: &str,
        connections: usize,
        tls_dir: &TlsDirArgs,
    ) -> Result<Self, ClientError> {
        client::resolve_uri(url, "/")?;
        let sandbox = sandbox.map(client::sandbox_header_value).transpose()?;
        let authorization = HeaderValue::try_from(basic_auth::encode("API", key.trim()));
        let mut authorization = authorization.map_err(|_| ArgumentError::Key)?;
        authorization.set_sensitive(true);
        let client = http_client(url, tls_dir, connections)?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), sandbox, authorization })
    }

    /// Sends a GET request with the API key.
    ///
    /// # Errors
    /// Why there is no response.
    pub(super) async fn get(&self, path: &str) -> Result<ClientResponse, ClientError> {
        self.send(Method::GET, path, Bytes::new(), Credentials::ApiKey).await
    }

    /// Posts a form.
    ///
    /// # Errors
    /// Why there is no response.
    pub(super) async fn post(
        &self,
        path: &str,
        form: Bytes,
        credentials: Credentials,
    ) -> Result<ClientResponse, ClientError> {
        self.send(Method::POST, path, form, credentials).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        credentials: Credentials,
    ) -> Result<ClientResponse, ClientError> {
        let mut request = Request::new(Full::new(body));
        *request.uri_mut() = client::resolve_uri(&self.url, path)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, JSON_CONTENT_TYPE);
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, FORM_CONTENT_TYPE);
        }
        if credentials == Credentials::ApiKey {
            headers.insert(AUTHORIZATION, self.authorization.clone());
        }
        headers.extend(self.sandbox.clone().map(|name| (mock_headers::SANDBOX, name)));
        *request.method_mut() = method;
        let response = async {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| ClientError::Connection(error.into()))?;
            let (head, body) = response.into_parts();
            client::read_response(head, body, CLIENT_RESPONSE_BYTES_MAX).await
        };
        let response = tokio::time::timeout(LEADS_TIMEOUT, response).await;
        response.map_err(|_| ClientError::Timeout(LEADS_TIMEOUT))?
    }
}
