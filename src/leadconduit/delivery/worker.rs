//! Makes calls on a thread of its own, for code that cannot await.
//!
//! Requests are handled by tasks of the server. A task that needs a response from a recipient queues the call and blocks
//! until it is done; `block_in_place` moves the other tasks to another thread meanwhile. Because the calls have a
//! runtime of their own, they complete even while every task of the server waits for one.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::timeout;

use super::http_client::HttpClient;
use super::message::{OutboundError, OutboundRequest, OutboundResponse};
use crate::config::settings::Settings;

/// How many deliveries can be queued.
const DELIVERIES_MAX: usize = 10_000;

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
    deliveries: Sender<QueuedDelivery>,
    files: Sender<OutboundRequest>,
}

/// A delivery whose response is waited for.
#[derive(Debug)]
struct QueuedDelivery {
    request: OutboundRequest,
    response: SyncSender<Result<OutboundResponse, OutboundError>>,
}

impl OutboundClient {
    /// A client for the settings of a server. Starts nothing.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            http: HttpClient::new(settings),
            has_deliveries: settings.delivery.is_enabled,
            firehose_url: settings.delivery.firehose_url.as_deref().map(Arc::from),
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

    /// Makes a call and blocks until it is done. Other tasks of a multi-threaded runtime continue meanwhile.
    ///
    /// # Errors
    ///
    /// When the call fails, the queue is full, or the server stops.
    pub fn deliver(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let failed = |why: &str| OutboundError::Connection(why.to_owned());
        let (response, result) = sync_channel(1);
        let channels = self.channels().ok_or_else(|| failed("the thread for deliveries could not be started"))?;
        channels
            .deliveries
            .try_send(QueuedDelivery { request, response })
            .map_err(|_| failed("too many deliveries are running"))?;
        // Each call ends by its own time-outs; when the thread ends, it closes the channel.
        let wait = || result.recv().unwrap_or_else(|_| Err(failed("the server stops")));
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => block_in_place(wait),
            _ => wait(),
        }
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
        let (deliveries, queued_deliveries) = channel(DELIVERIES_MAX);
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

/// Makes deliveries until the queue is closed.
async fn make_deliveries(http: HttpClient, mut queue: Receiver<QueuedDelivery>) {
    while let Some(QueuedDelivery { request, response }) = queue.recv().await {
        let http = http.clone();
        tokio::spawn(async move {
            // The receiver may be gone.
            let _ = response.send(http.call(&request).await);
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

async fn write_file(http: &HttpClient, file: &OutboundRequest) -> Result<(), String> {
    let response = http.call(file).await.map_err(|error| error.to_string())?;
    if (200..300).contains(&response.status) { Ok(()) } else { Err(format!("status {}", response.status)) }
}

/// Logs the first failure of a series, and the end of the series with the number of failures.
fn log_result(result: Result<(), String>, failed: &mut u64) {
    match result {
        Err(reason) => {
            if *failed == 0 {
                tracing::warn!("cannot write to the firehose ({reason}); further failures are only counted");
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
