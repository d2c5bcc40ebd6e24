//! The mock inside a test: started on a free port, stopped when it is dropped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::app::bootstrap;
use crate::app::bootstrap::StartError;
use crate::app::watch::Watcher;
use crate::config::settings::{RequestMode, Settings};
use crate::http::message::Request;
use crate::server;
use crate::support::clock::Clock;

/// How many threads serve when deliveries are on.
const WORKERS: usize = 2;

/// A running server. It stops when this is dropped.
///
/// Starting blocks until connections are accepted, so it can be used from plain tests and from asynchronous ones.
///
/// ```
/// use std::io::{Read, Write};
/// use leadconduit_mock::MockServer;
///
/// let server = MockServer::builder().scenario("sso-outage").start().unwrap();
/// let mut socket = std::net::TcpStream::connect(server.address()).unwrap();
/// // `API:2f1d5f29915b866c7a2fa5de29613104` in Base64: any user name, Jane Doe's key.
/// socket.write_all(
///     b"GET /connections HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
///       Authorization: Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0\r\n\r\n",
/// ).unwrap();
/// let mut reply = String::new();
/// socket.read_to_string(&mut reply).unwrap();
/// assert!(reply.starts_with("HTTP/1.1 200 OK"));
/// assert!(reply.contains("X-Connections-Degraded: true"));
/// ```
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a [`MockServer`] is started with.
#[derive(Clone, Debug, Default)]
pub struct MockServerBuilder {
    settings: Settings,
}

impl MockServer {
    /// A builder: scenario `healthy`, seed 1, the real clock, strict requests, a free port on loopback.
    #[must_use]
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder { settings: Settings { port: 0, ..Settings::default() } }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl MockServerBuilder {
    /// The scenario to start in.
    #[must_use]
    pub fn scenario(mut self, name: impl Into<String>) -> Self {
        self.settings.scenario = name.into();
        self
    }

    /// A folder of scenario files besides the built-in ones.
    #[must_use]
    pub fn scenarios(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.scenarios = Some(folder.into());
        self
    }

    /// The seed of everything that is made up.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// The clock: the machine's, or one that stands still.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = Some(clock);
        self
    }

    /// What happens to requests that break the contract.
    #[must_use]
    pub fn requests(mut self, mode: RequestMode) -> Self {
        self.settings.requests = mode;
        self
    }

    /// Every other setting, limits included.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Starts the server and waits until it accepts connections.
    pub fn start(self) -> Result<MockServer, StartError> {
        let settings = self.settings;
        let loaded = bootstrap::load(&settings)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, waiting) = mpsc::channel();
        // A thread with a runtime of its own: the caller's runtime, if there is one, may be blocked by the test.
        let thread = std::thread::spawn(move || {
            let runtime = match runtime(&settings) {
                Ok(runtime) => runtime,
                Err(error) => {
                    let address = SocketAddr::new(settings.host, settings.port);
                    let _ = ready.send(Err(StartError::Bind { address, error }));
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
                let watcher = match Watcher::start(&settings, &loaded.pipeline.stage) {
                    Ok(watcher) => watcher,
                    Err(error) => {
                        let _ = ready.send(Err(error));
                        return;
                    }
                };
                let bound = listener.local_addr().map_err(|error| StartError::Bind { address, error });
                if ready.send(bound).is_err() {
                    return;
                }
                let stop = async move {
                    let _ = stopped.await;
                };
                let answer = Arc::new(move |request: &Request| loaded.pipeline.answer(request));
                server::serve(listener, acceptor, answer, settings.limits, stop).await;
                drop(watcher);
            });
            // A request that still waits for a recipient is not waited for.
            runtime.shutdown_background();
        });
        match waiting.recv() {
            Ok(Ok(address)) => Ok(MockServer { address, stop: Some(stop), thread: Some(thread) }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::Behaviour(vec!["the server's thread ended before it was ready".to_owned()])),
        }
    }
}

/// One thread is enough, unless requests may wait for deliveries: others must be served meanwhile.
fn runtime(settings: &Settings) -> std::io::Result<Runtime> {
    let mut builder = if settings.delivery.is_on { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(WORKERS).enable_all().build()
}

impl Drop for MockServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
