//! The operations of the control API on one sandbox, for the embedding test. They are the same calls as over HTTP, made in
//! process, so that both have the same rules and messages.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, StatusCode, Uri};
use serde_json::{Value, json};

use crate::config::settings::DEFAULT_SANDBOX;
use crate::http::headers;
use crate::http::message::{Body, JSON_CONTENT_TYPE, Request};
use crate::pipeline::Pipeline;
use crate::recording::journal::RequestPattern;
use crate::recording::verify::{Expectations, VerificationResult, evaluate};
use crate::sandbox::selector::is_valid_name;
use crate::sandbox::{Sandbox, SandboxUser};
use crate::support::clock::{Clock, Timestamp, format_timestamp};
use crate::support::document::text;

/// The server rejected an operation on a sandbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// A text is not the name of a sandbox.
    #[error("`{0}` is not a sandbox name: write 1 to 64 of A-Z a-z 0-9 . _ -")]
    SandboxName(String),
    /// The call of the control API is rejected.
    #[error("{call}: {detail}")]
    Rejected {
        /// The method and the path, such as `POST /__admin/faults`.
        call: String,
        /// The status of the response.
        status: u16,
        /// What is wrong, and what to do instead. For an invalid rule or expectation, with the place in it.
        detail: String,
    },
}

/// One isolated world of a [`MockServer`](crate::MockServer): its scenario, faults, clock, journal and documents.
///
/// ```
/// use std::time::Duration;
/// use leadconduit_mock::MockServer;
/// use serde_json::json;
///
/// let server = MockServer::builder().start()?;
/// let sandbox = server.sandbox("one-test")?;
/// sandbox.use_scenario("sso-outage")?;
/// sandbox.fault(&json!({"when": {"operation": "get_account"}, "then": {"status": 503}, "times": 2}))?;
/// sandbox.freeze_clock(Some("2026-01-15T09:00:00Z".parse()?))?;
/// sandbox.advance_clock(Duration::from_secs(90))?;
///
/// // An unchanged client uses this sandbox, because the key ends in its name.
/// assert_eq!(sandbox.key("2f1d5f29915b866c7a2fa5de29613104"), "2f1d5f29915b866c7a2fa5de29613104+one-test");
/// // ... run the client with `server.url()` and this key ...
///
/// let explanation = sandbox.explain(&json!({"method": "GET", "path": "/connections"}))?;
/// assert_eq!(explanation["scenario"], "sso-outage");
/// assert_eq!(server.sandbox("another-test")?.requests()?.len(), 0);
///
/// // Every message says what to write instead.
/// let error = sandbox.use_scenario("sso-outge").unwrap_err().to_string();
/// assert!(error.contains("sso-outage"), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MockSandbox {
    name: Arc<str>,
    address: SocketAddr,
    pipeline: Arc<Pipeline>,
}

impl MockSandbox {
    /// # Errors
    /// [`ControlError::SandboxName`].
    pub(super) fn new(name: &str, address: SocketAddr, pipeline: &Arc<Pipeline>) -> Result<Self, ControlError> {
        if !is_valid_name(name) {
            return Err(ControlError::SandboxName(name.chars().take(100).collect()));
        }
        Ok(Self { name: name.into(), ..Self::of_default(address, pipeline) })
    }

    /// The sandbox `default`.
    pub(super) fn of_default(address: SocketAddr, pipeline: &Arc<Pipeline>) -> Self {
        Self { name: DEFAULT_SANDBOX.into(), address, pipeline: Arc::clone(pipeline) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A base URL that selects this sandbox, for clients with a fixed API key.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/__sandbox/{}", self.address, self.name)
    }

    /// An API key that ends in the name of this sandbox, and so selects it.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        if &*self.name == DEFAULT_SANDBOX { key.to_owned() } else { format!("{key}+{}", self.name) }
    }

    /// Switches to a scenario. The world starts anew; the journal is kept.
    ///
    /// # Errors
    /// [`ControlError`] when the scenario does not exist.
    pub fn use_scenario(&self, name: &str) -> Result<(), ControlError> {
        self.call(&Method::PUT, "/scenario", Some(&json!({"name": name}))).map(drop)
    }

    /// Adds a fault, which is a rule of the scenario language, and returns its id. It applies from the next request on.
    ///
    /// # Errors
    /// [`ControlError`] when the rule is invalid, or there are too many.
    pub fn fault(&self, rule: &Value) -> Result<String, ControlError> {
        Ok(text(&self.call(&Method::POST, "/faults", Some(rule))?, "id").to_owned())
    }

    /// Removes a fault.
    ///
    /// # Errors
    /// [`ControlError`] when the sandbox has no fault with this id.
    pub fn remove_fault(&self, id: &str) -> Result<(), ControlError> {
        self.call(&Method::DELETE, &format!("/faults/{id}"), None).map(drop)
    }

    /// Removes all faults. The rules of the scenario are kept.
    ///
    /// # Errors
    /// [`ControlError`] when the control API of the server is disabled.
    pub fn remove_faults(&self) -> Result<(), ControlError> {
        self.call(&Method::DELETE, "/faults", None).map(drop)
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.inner().clock()
    }

    /// Freezes the clock at a time, or at its current time.
    ///
    /// # Errors
    /// [`ControlError`] when the time is out of range.
    pub fn freeze_clock(&self, at: Option<Timestamp>) -> Result<(), ControlError> {
        let at = at.map_or(json!(true), |at| format_timestamp(at).into());
        self.call(&Method::PUT, "/clock", Some(&json!({"freeze": at}))).map(drop)
    }

    /// Advances the clock.
    ///
    /// # Errors
    /// [`ControlError`] when the clock would be out of range.
    pub fn advance_clock(&self, by: Duration) -> Result<(), ControlError> {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.call(&Method::PUT, "/clock", Some(&json!({"advance": ms}))).map(drop)
    }

    /// Resumes a frozen clock from its current time.
    ///
    /// # Errors
    /// [`ControlError`] when the control API of the server is disabled.
    pub fn resume_clock(&self) -> Result<(), ControlError> {
        self.call(&Method::PUT, "/clock", Some(&json!({"resume": true}))).map(drop)
    }

    /// The exchanges in the journal, newest first, as `GET /__admin/requests` returns them.
    ///
    /// # Errors
    /// [`ControlError`] when the control API of the server is disabled.
    pub fn requests(&self) -> Result<Vec<Value>, ControlError> {
        let mut list = self.call(&Method::GET, "/requests", None)?;
        Ok(match list["requests"].take() {
            Value::Array(requests) => requests,
            _ => Vec::new(),
        })
    }

    /// Evaluates expectations against the journal.
    #[must_use]
    pub fn verify(&self, expectations: &Expectations) -> VerificationResult {
        evaluate(expectations, &self.inner().journal_snapshot(), &self.pipeline.state.contract)
    }

    /// The number of exchanges in the journal that a pattern matches. `None` when it is not known, because exchanges are
    /// not recorded or cannot be compared, so that no test takes it for 0.
    #[must_use]
    pub fn count(&self, pattern: &RequestPattern) -> Option<usize> {
        self.inner().count_exchanges(pattern, &self.pipeline.state.contract).known()
    }

    /// Explains how the response to a request comes about, or came about: the body and the response of
    /// `POST /__admin/explain`. Changes nothing.
    ///
    /// # Errors
    /// [`ControlError`] when the request is invalid, or the exchange does not exist.
    pub fn explain(&self, request: &Value) -> Result<Value, ControlError> {
        self.call(&Method::POST, "/explain", Some(request))
    }

    /// Saves the world under a name.
    ///
    /// # Errors
    /// [`ControlError`] when the name is invalid, or there are too many snapshots.
    pub fn snapshot(&self, name: &str) -> Result<(), ControlError> {
        self.call(&Method::POST, &format!("/snapshots/{name}"), None).map(drop)
    }

    /// Restores a saved world.
    ///
    /// # Errors
    /// [`ControlError`] when the snapshot does not exist.
    pub fn restore(&self, name: &str) -> Result<(), ControlError> {
        self.call(&Method::POST, &format!("/snapshots/{name}/restore"), None).map(drop)
    }

    /// Resets the sandbox to the start of its scenario, and clears its journal and coverage.
    ///
    /// # Errors
    /// [`ControlError`] when the control API of the server is disabled.
    pub fn reset(&self) -> Result<(), ControlError> {
        self.call(&Method::POST, "/reset", None).map(drop)
    }

    /// The sandbox itself, which is created if it does not exist.
    fn inner(&self) -> Arc<Sandbox> {
        let sandboxes = &self.pipeline.state.sandboxes;
        let sandbox = sandboxes.get(&self.name, SandboxUser::Authenticated);
        sandbox.keep();
        sandbox
    }

    /// Makes a call of the control API in process, and returns the body of its response.
    fn call(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, ControlError> {
        let rejected = |status: StatusCode, detail: String| ControlError::Rejected {
            call: format!("{method} /__admin{path}"),
            status: status.as_u16(),
            detail,
        };
        let uri = Uri::try_from(format!("/__admin{path}"))
            .map_err(|error| rejected(StatusCode::BAD_REQUEST, format!("{error}: write a name without spaces")))?;
        let mut request = Request::new(method.clone(), uri);
        let mut header = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers.insert(name, value);
            }
        };
        header(HOST, &self.address.to_string());
        header(headers::SANDBOX, &self.name);
        if let Some(token) = self.pipeline.policy.access.token() {
            header(AUTHORIZATION, &format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request.headers.insert(CONTENT_TYPE, JSON_CONTENT_TYPE);
            request.body = Body::Complete(body.to_string().into());
        }
        let response = self.pipeline.handle(&request);
        let value: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status.is_success() {
            return Ok(value);
        }
        let diagnostics: Vec<&str> =
            value["diagnostics"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let detail = if diagnostics.is_empty() { text(&value, "detail").to_owned() } else { diagnostics.join("\n") };
        Err(rejected(response.status, detail))
    }
}

impl fmt::Debug for MockSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockSandbox").field("name", &self.name).field("address", &self.address).finish_non_exhaustive()
    }
}
