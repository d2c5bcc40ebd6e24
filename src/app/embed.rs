//! The server inside a Rust test: starts on a free port, stops when it is dropped.

mod sandbox;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::app::bootstrap::{self, StartError};
use crate::app::watch::Watcher;
use crate::config::settings::{RequestMode, Settings};
use crate::pipeline::Pipeline;
use crate::recording::journal::{RequestPattern, ValueDiagnostic};
use crate::recording::verify::{Expectations, VerificationResult};
use crate::server;
use crate::support::clock::{Clock, Timestamp};

pub use sandbox::{ControlError, MockSandbox};

/// A running server, which stops when the value is dropped. Its operations act on the sandbox `default`; those of other
/// sandboxes are in [`MockServer::sandbox`].
///
/// [`MockServerBuilder::start`] blocks until the server accepts connections. The server has a thread and a runtime of its
/// own, so it works in synchronous and asynchronous tests.
///
/// ```
/// use std::io::{Read, Write};
/// use leadconduit_mock::MockServer;
/// use serde_json::json;
///
/// let server = MockServer::builder().scenario("sso-outage").start().unwrap();
/// let mut socket = std::net::TcpStream::connect(server.address()).unwrap();
/// // `API:2f1d5f29915b866c7a2fa5de29613104` in Base64: any user name, Jane Doe's key.
/// socket.write_all(
///     b"GET /connections HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
///       Authorization: Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0\r\n\r\n",
/// ).unwrap();
/// let mut response = String::new();
/// socket.read_to_string(&mut response).unwrap();
/// assert!(response.starts_with("HTTP/1.1 200 OK"));
/// assert!(response.contains("X-Connections-Degraded: true"));
///
/// // What the client did is in the journal.
/// let expectations = json!([{"operation": "list_connections", "exactly": 1}, {"no_violations": true}]);
/// let result = server.verify(&server.expectations(&expectations).unwrap());
/// assert!(result.passed, "{result}");
/// ```
pub struct MockServer {
    address: SocketAddr,
    pipeline: Arc<Pipeline>,
    default: MockSandbox,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Settings of a [`MockServer`].
///
/// ```
/// use leadconduit_mock::{Clock, MockServer, RequestMode};
///
/// let server = MockServer::builder()
///     .seed(7)
///     .clock("2026-01-15T09:00:00Z".parse::<Clock>()?)
///     .requests(RequestMode::Warn)
///     .configure(|settings| settings.limits.journal_entries_max = 100)
///     .start()?;
/// assert!(server.url().starts_with("http://127.0.0.1:"));
///
/// // Every error of the configuration is found before the first request.
/// let error = MockServer::builder().scenario("sso-outge").start().unwrap_err();
/// assert!(error.to_string().contains("did you mean `sso-outage`?"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MockServerBuilder {
    settings: Settings,
}

impl MockServer {
    /// A builder with the default settings of the command line, except for a free port.
    #[must_use]
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder { settings: Settings { port: 0, ..Settings::default() } }
    }

    /// The address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Parses expectations for [`Self::verify`]: the body of `POST /__admin/verify`.
    ///
    /// # Errors
    /// All problems of the expectations, each with its pointer and what to write instead.
    pub fn expectations(&self, value: &Value) -> Result<Expectations, Vec<ValueDiagnostic>> {
        Expectations::parse(value, &self.pipeline.state.contract)
    }

    /// Evaluates expectations against the journal of the default sandbox.
    #[must_use]
    pub fn verify(&self, expectations: &Expectations) -> VerificationResult {
        self.default.verify(expectations)
    }

    /// Parses a request pattern for [`Self::count`]: the body of `POST /__admin/requests/count`.
    ///
    /// # Errors
    /// All problems of the pattern, each with its pointer and what to write instead.
    pub fn pattern(&self, value: &Value) -> Result<RequestPattern, Vec<ValueDiagnostic>> {
        RequestPattern::parse(value, &self.pipeline.state.contract)
    }

    /// The number of exchanges in the journal of the default sandbox that a pattern matches. `None` when it is not known,
    /// because exchanges are not recorded or cannot be compared, so that no test takes it for 0.
    #[must_use]
    pub fn count(&self, pattern: &RequestPattern) -> Option<usize> {
        self.default.count(pattern)
    }

    /// A sandbox of this server, which is created on first use.
    ///
    /// # Errors
    /// [`ControlError::SandboxName`].
    pub fn sandbox(&self, name: &str) -> Result<MockSandbox, ControlError> {
        MockSandbox::new(name, self.address, &self.pipeline)
    }

    /// The clock of the default sandbox.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.default.clock()
    }

    /// Switches the default sandbox to a scenario: see [`MockSandbox::use_scenario`].
    ///
    /// # Errors
    /// As [`MockSandbox::use_scenario`].
    pub fn use_scenario(&self, name: &str) -> Result<(), ControlError> {
        self.default.use_scenario(name)
    }

    /// Adds a fault to the default sandbox, and returns its id: see [`MockSandbox::fault`].
    ///
    /// # Errors
    /// As [`MockSandbox::fault`].
    pub fn fault(&self, rule: &Value) -> Result<String, ControlError> {
        self.default.fault(rule)
    }

    /// Removes a fault of the default sandbox.
    ///
    /// # Errors
    /// As [`MockSandbox::remove_fault`].
    pub fn remove_fault(&self, id: &str) -> Result<(), ControlError> {
        self.default.remove_fault(id)
    }

    /// Removes all faults of the default sandbox.
    ///
    /// # Errors
    /// As [`MockSandbox::remove_faults`].
    pub fn remove_faults(&self) -> Result<(), ControlError> {
        self.default.remove_faults()
    }

    /// Freezes the clock of the default sandbox at a time, or at its current time.
    ///
    /// # Errors
    /// As [`MockSandbox::freeze_clock`].
    pub fn freeze_clock(&self, at: Option<Timestamp>) -> Result<(), ControlError> {
        self.default.freeze_clock(at)
    }

    /// Advances the clock of the default sandbox.
    ///
    /// # Errors
    /// As [`MockSandbox::advance_clock`].
    pub fn advance_clock(&self, by: Duration) -> Result<(), ControlError> {
        self.default.advance_clock(by)
    }

    /// Resumes the clock of the default sandbox.
    ///
    /// # Errors
    /// As [`MockSandbox::resume_clock`].
    pub fn resume_clock(&self) -> Result<(), ControlError> {
        self.default.resume_clock()
    }

    /// The exchanges in the journal of the default sandbox: see [`MockSandbox::requests`].
    ///
    /// # Errors
    /// As [`MockSandbox::requests`].
    pub fn requests(&self) -> Result<Vec<Value>, ControlError> {
        self.default.requests()
    }

    /// Explains how the response to a request comes about: see [`MockSandbox::explain`].
    ///
    /// # Errors
    /// As [`MockSandbox::explain`].
    pub fn explain(&self, request: &Value) -> Result<Value, ControlError> {
        self.default.explain(request)
    }

    /// Saves the world of the default sandbox under a name.
    ///
    /// # Errors
    /// As [`MockSandbox::snapshot`].
    pub fn snapshot(&self, name: &str) -> Result<(), ControlError> {
        self.default.snapshot(name)
    }

    /// Restores a saved world of the default sandbox.
    ///
    /// # Errors
    /// As [`MockSandbox::restore`].
    pub fn restore(&self, name: &str) -> Result<(), ControlError> {
        self.default.restore(name)
    }

    /// Resets the default sandbox: see [`MockSandbox::reset`].
    ///
    /// # Errors
    /// As [`MockSandbox::reset`].
    pub fn reset(&self) -> Result<(), ControlError> {
        self.default.reset()
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl MockServerBuilder {
    /// Sets the initial scenario.
    #[must_use]
    pub fn scenario(mut self, name: impl Into<String>) -> Self {
        self.settings.scenario = name.into();
        self
    }

    /// Adds a scenario file, or a folder of them, to the built-in scenarios.
    #[must_use]
    pub fn scenarios(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.scenarios = Some(folder.into());
        self
    }

    /// Sets the seed of generated values.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Sets the clock: real time or a fixed time.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = Some(clock);
        self
    }

    /// Sets how requests that violate the contract are handled.
    #[must_use]
    pub fn requests(mut self, mode: RequestMode) -> Self {
        self.settings.requests = mode;
        self
    }

    /// Changes any other setting, including limits.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Starts the server and waits until it accepts connections.
    ///
    /// # Errors
    /// [`StartError`], for example when the scenario does not exist.
    pub fn start(self) -> Result<MockServer, StartError> {
        let settings = self.settings;
        let app = bootstrap::load(&settings)?;
        let pipeline = Arc::clone(&app.pipeline);
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, started) = mpsc::channel();
        // The server has its own thread and runtime, because the test may block the caller's runtime.
        let thread = std::thread::spawn(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = ready.send(Err(StartError::Runtime(error)));
                    return;
                }
            };
            runtime.block_on(async move {
                let address = SocketAddr::new(settings.host, settings.port);
                let (listener, acceptor) = match bootstrap::bind(&settings).await {
                    Ok(bound) => bound,
                    Err(error) => {
                        let _ = ready.send(Err(error));
                        return;
                    }
                };
                let watcher = match Watcher::start(&settings, &app.pipeline.state) {
                    Ok(watcher) => watcher,
                    Err(error) => {
                        let _ = ready.send(Err(error));
                        return;
                    }
                };
                if let Ok(address) = listener.local_addr() {
                    app.pipeline.policy.outbound.set_own_address(address);
                }
                let bound = listener.local_addr().map_err(|error| StartError::Bind { address, error });
                if ready.send(bound).is_err() {
                    return;
                }
                let stop = async move {
                    let _ = stopped.await;
                };
                server::serve(listener, acceptor, app.pipeline, settings.limits, stop).await;
                drop(watcher);
            });
            // Does not wait for long computations.
            runtime.shutdown_background();
        });
        match started.recv() {
            Ok(Ok(address)) => Ok(MockServer {
                address,
                default: MockSandbox::of_default(address, &pipeline),
                pipeline,
                stop: Some(stop),
                thread: Some(thread),
            }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::ThreadEnded),
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
