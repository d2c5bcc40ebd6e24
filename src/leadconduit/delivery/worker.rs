//! Makes calls on a thread of its own.
//!
//! A request that needs a response from a recipient queues the call and awaits the result, so that it occupies no thread.
//! The calls have a runtime of their own, and complete even while the server is busy.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::http_client::HttpClient;
use super::message::{OutboundError, OutboundRequest, OutboundResponse};
use crate::config::settings::Settings;
use crate::support::compute_pool::PoolActivity;

/// How many firehose files can be queued.
const FILES_MAX: usize = 1_000;

/// How many firehose files are written at the same time.
const WRITERS: usize = 4;

/// How long the server waits for queued firehose files when it stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The outbound calls of one server. Its thread starts with the first call.
#[derive(Debug)]
pub struct OutboundClient {
    http: HttpClient,
    has_deliveries: bool,
    firehose_url: Option<Arc<str>>,
    waiting_max: usize,
    /// Deliveries that are running or waiting.
    unfinished: Arc<AtomicUsize>,
    /// `None` inside when the thread could not be started.
    worker: OnceLock<Option<Worker>>,
}

/// The thread and its queues. Dropping it ends the thread.
#[derive(Debug)]
struct Worker {
    /// Taken on drop, which ends the thread, before the thread is joined.
    channels: Option<Channels>,
    /// How many files were dropped because the queue was full.
    dropped: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Channels {
    /// Bounded by the count of unfinished deliveries.
    deliveries: UnboundedSender<QueuedDelivery>,
    files: Sender<OutboundRequest>,
}

/// The result of a delivery.
type DeliveryResult = Result<OutboundResponse, OutboundError>;

/// A delivery whose response is waited for.
#[derive(Debug)]
struct QueuedDelivery {
    request: OutboundRequest,
    response: oneshot::Sender<DeliveryResult>,
    unfinished: Unfinished,
}

/// Counts a delivery until it is finished.
#[derive(Debug)]
struct Unfinished(Arc<AtomicUsize>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl OutboundClient {
    /// A client for the settings of a server. Starts nothing.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            http: HttpClient::new(settings),
            has_deliveries: settings.delivery.is_enabled,
            firehose_url: settings.delivery.firehose_url.as_deref().map(Arc::from),
            waiting_max: settings.limits.deliver_waiting_max,
            unfinished: Arc::default(),
            worker: OnceLock::new(),
        }
    }

    /// The client that decides which recipients can be called; `None` when deliveries are off.
    #[must_use]
    pub fn delivery_client(&self) -> Option<&HttpClient> {
        self.has_deliveries.then_some(&self.http)
    }

    /// Sets the address on which the mock itself listens: its control API is not called.
    pub fn set_own_address(&self, address: SocketAddr) {
        self.http.set_own_address(address);
    }

    /// The base URL of the server that stores firehose files.
    #[must_use]
    pub fn firehose_url(&self) -> Option<&Arc<str>> {
        self.firehose_url.as_ref()
    }

    /// The deliveries that are running and waiting.
    #[must_use]
    pub fn activity(&self) -> PoolActivity {
        let unfinished = self.unfinished.load(Ordering::Relaxed);
        let running_max = self.http.calls_max();
        let running = unfinished.min(running_max);
        let waiting = (unfinished - running).min(self.waiting_max);
        PoolActivity { running, running_max, waiting, waiting_max: self.waiting_max }
    }

    /// Makes a call.
    ///
    /// # Errors
    ///
    /// When the call fails, the queue is full, or the server stops.
    pub async fn deliver(&self, request: OutboundRequest) -> DeliveryResult {
        self.queue(request)?.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Makes a call and blocks until it is done. For code outside of a runtime.
    ///
    /// # Errors
    ///
    /// As [`OutboundClient::deliver`].
    pub fn deliver_blocking(&self, request: OutboundRequest) -> DeliveryResult {
        self.queue(request)?.blocking_recv().unwrap_or_else(|_| Err(stopping()))
    }

    /// Queues a call. Each call ends by its own timeouts; when the thread ends, it closes the channel.
    fn queue(&self, request: OutboundRequest) -> Result<oneshot::Receiver<DeliveryResult>, OutboundError> {
        let calls = self.http.calls_max();
        let before = self.unfinished.fetch_add(1, Ordering::Relaxed);
        let unfinished = Unfinished(Arc::clone(&self.unfinished));
        if before >= calls.saturating_add(self.waiting_max) {
            return Err(OutboundError::QueueFull { calls, waiting: self.waiting_max });
        }
        let no_thread = || OutboundError::Unreached("the thread for deliveries could not be started".to_owned());
        let channels = self.channels().ok_or_else(no_thread)?;
        let (response, result) = oneshot::channel();
        channels.deliveries.send(QueuedDelivery { request, response, unfinished }).map_err(|_| stopping())?;
        Ok(result)
    }

    /// Queues a firehose file. When the queue is full the file is dropped, and counted for the log.
    pub fn queue_file(&self, file: OutboundRequest) {
        let Some(channels) = self.channels() else { return };
        if channels.files.try_send(file).is_err()
            && let Some(Some(worker)) = self.worker.get()
        {
            worker.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn channels(&self) -> Option<&Channels> {
        self.worker.get_or_init(|| Worker::start(self.http.clone())).as_ref()?.channels.as_ref()
    }
}

impl Worker {
    fn start(http: HttpClient) -> Option<Self> {
        let (deliveries, queued_deliveries) = unbounded_channel();
        let (files, queued_files) = channel(FILES_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let logged = Arc::clone(&dropped);
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let thread = std::thread::Builder::new().name("outbound".to_owned()).spawn(move || {
            runtime.block_on(async {
                let writers = tokio::spawn(write_files(http.with_calls_max(WRITERS), queued_files, logged));
                make_deliveries(http, queued_deliveries).await;
                let _ = timeout(FLUSH_TIMEOUT, writers).await;
            });
        });
        Some(Self { channels: Some(Channels { deliveries, files }), dropped, thread: Some(thread.ok()?) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.channels.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn stopping() -> OutboundError {
    OutboundError::Connection("the server stops".to_owned())
}

/// Makes deliveries until the queue is closed.
async fn make_deliveries(http: HttpClient, mut queue: UnboundedReceiver<QueuedDelivery>) {
    while let Some(QueuedDelivery { request, response, unfinished }) = queue.recv().await {
        let http = http.clone();
        tokio::spawn(async move {
            let result = http.call(&request).await;
            drop(unfinished);
            // The receiver may be gone.
            let _ = response.send(result);
        });
    }
}

/// Writes firehose files until the queue is closed. Failures are summed up in few log lines.
async fn write_files(http: HttpClient, mut queue: Receiver<OutboundRequest>, dropped: Arc<AtomicU64>) {
    let mut writers = JoinSet::new();
    let mut failed = 0_u64;
    while let Some(file) = queue.recv().await {
        if writers.len() >= WRITERS
            && let Some(Ok(result)) = writers.join_next().await
        {
            log_result(result, &mut failed);
        }
        let http = http.clone();
        writers.spawn(async move { write_file(&http, &file).await });
        while let Some(Ok(result)) = writers.try_join_next() {
            log_result(result, &mut failed);
        }
        if queue.is_empty() {
            log_dropped(&dropped);
        }
    }
    while let Some(Ok(result)) = writers.join_next().await {
        log_result(result, &mut failed);
    }
    log_dropped(&dropped);
    if failed > 1 {
        tracing::warn!("{failed} events were not written to the firehose");
    }
}

/// Why a file was not written to the firehose.
#[derive(Clone, Debug, thiserror::Error)]
enum WriteFileError {
    #[error(transparent)]
    Call(#[from] OutboundError),
    #[error("status {0}")]
    Status(u16),
}

async fn write_file(http: &HttpClient, file: &OutboundRequest) -> Result<(), WriteFileError> {
    let response = http.call(file).await?;
    if (200..300).contains(&response.status) { Ok(()) } else { Err(WriteFileError::Status(response.status)) }
}

/// Logs the first failure of a series, and the end of the series with the number of failures.
fn log_result(result: Result<(), WriteFileError>, failed: &mut u64) {
    match result {
        Err(error) => {
            if *failed == 0 {
                tracing::warn!("cannot write to the firehose ({error}); further failures are only counted");
            }
            *failed += 1;
        }
        Ok(()) if *failed > 0 => {
            tracing::warn!("writing to the firehose works again; {failed} events were not written");
            *failed = 0;
        }
        Ok(()) => {}
    }
}

fn log_dropped(dropped: &AtomicU64) {
    let dropped = dropped.swap(0, Ordering::Relaxed);
    if dropped > 0 {
        tracing::warn!("{dropped} events were not written to the firehose: its queue of {FILES_MAX} files was full");
    }
}
