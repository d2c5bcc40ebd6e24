//! Makes calls for those who cannot wait, on a thread of its own.
//!
//! Requests are answered by tasks of the server. One that needs an answer from outside hands the call over and waits
//! for it; its runtime is told, so that the other tasks go on. Because calls have a runtime to themselves they come to
//! an end even while every task of the server waits for one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::timeout;

use super::{Call, CallError, Outbound, Received};
use crate::config::settings::Settings;

/// How many deliveries may be waited for at once.
const DELIVERIES_MAX: usize = 10_000;

/// How many files for the firehose may wait to be written.
const FILES_MAX: usize = 1_000;

/// How many files are written at once.
const WRITERS: usize = 4;

/// How long files that still wait may take when the server stops.
const FLUSH: Duration = Duration::from_secs(2);

/// Makes the calls of one server. Its thread begins with the first of them.
#[derive(Debug)]
pub struct OutboundClient {
    outbound: Outbound,
    delivers: bool,
    firehose_url: Option<Arc<str>>,
    desk: OnceLock<Option<Worker>>,
}

/// Where calls are handed over. When it goes, the thread ends.
#[derive(Debug)]
struct Worker {
    /// Both are gone before the thread is waited for.
    ways: Option<(Sender<Delivery>, Sender<Call>)>,
    dropped: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// A call that somebody waits for.
#[derive(Debug)]
struct Delivery {
    call: Call,
    answer: SyncSender<Result<Received, CallError>>,
}

impl OutboundClient {
    /// As the settings of a server say. Nothing is started yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            outbound: Outbound::new(settings),
            delivers: settings.delivery.is_on,
            firehose_url: settings.delivery.firehose_url.as_deref().map(Arc::from),
            desk: OnceLock::new(),
        }
    }

    /// What tells where deliveries may go; nothing when leads are not really delivered.
    #[must_use]
    pub fn reach(&self) -> Option<&Outbound> {
        self.delivers.then_some(&self.outbound)
    }

    /// The server that takes the firehose's files.
    #[must_use]
    pub fn firehose_url(&self) -> Option<&Arc<str>> {
        self.firehose_url.as_ref()
    }

    /// Makes a call and waits for what it brings. Other tasks of a runtime with several threads go on meanwhile.
    pub fn deliver(&self, call: Call) -> Result<Received, CallError> {
        let lost = |why: &str| CallError::Connection(why.to_owned());
        let (answer, answered) = sync_channel(1);
        let way = self.ways().map(|(deliveries, _)| deliveries);
        let way = way.ok_or_else(|| lost("the system gives no thread for deliveries"))?;
        way.try_send(Delivery { call, answer }).map_err(|_| lost("too many deliveries are under way"))?;
        // Each call ends by its own time-outs; a thread that is gone has let go of its end.
        let wait = || answered.recv().unwrap_or_else(|_| Err(lost("the server stops")));
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => block_in_place(wait),
            _ => wait(),
        }
    }

    /// Has a file written, some time later. What comes when too many wait is dropped, and counted.
    pub fn write(&self, file: Call) {
        let Some((_, files)) = self.ways() else { return };
        if files.try_send(file).is_err()
            && let Some(Some(desk)) = self.desk.get()
        {
            desk.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn ways(&self) -> Option<&(Sender<Delivery>, Sender<Call>)> {
        self.desk.get_or_init(|| Worker::open(self.outbound.clone())).as_ref()?.ways.as_ref()
    }
}

impl Worker {
    fn open(outbound: Outbound) -> Option<Self> {
        let (deliveries, delivered) = channel(DELIVERIES_MAX);
        let (files, written) = channel(FILES_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let thread = std::thread::Builder::new().name("courier".to_owned()).spawn(move || {
            runtime.block_on(async {
                let writing = tokio::spawn(write_all(outbound.apart(WRITERS), written, counted));
                deliver_all(outbound, delivered).await;
                let _ = timeout(FLUSH, writing).await;
            });
        });
        Some(Self { ways: Some((deliveries, files)), dropped, thread: Some(thread.ok()?) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.ways.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes deliveries until nobody can ask for one any more.
async fn deliver_all(outbound: Outbound, mut deliveries: Receiver<Delivery>) {
    while let Some(Delivery { call, answer }) = deliveries.recv().await {
        let outbound = outbound.clone();
        tokio::spawn(async move {
            // Who asked may be gone.
            let _ = answer.send(outbound.call(&call).await);
        });
    }
}

/// Writes files until nobody can bring one any more. What is lost is told in few lines, however much it is.
async fn write_all(outbound: Outbound, mut files: Receiver<Call>, dropped: Arc<AtomicU64>) {
    let mut writers = JoinSet::new();
    let mut failed = 0_u64;
    while let Some(file) = files.recv().await {
        if writers.len() >= WRITERS
            && let Some(Ok(written)) = writers.join_next().await
        {
            count(written, &mut failed);
        }
        let outbound = outbound.clone();
        writers.spawn(async move { write(&outbound, &file).await });
        while let Some(Ok(written)) = writers.try_join_next() {
            count(written, &mut failed);
        }
        if files.is_empty() {
            tell_dropped(&dropped);
        }
    }
    while let Some(Ok(written)) = writers.join_next().await {
        count(written, &mut failed);
    }
    tell_dropped(&dropped);
    if failed > 1 {
        tracing::warn!("{failed} events were not written to the firehose");
    }
}

async fn write(outbound: &Outbound, file: &Call) -> Result<(), String> {
    let received = outbound.call(file).await.map_err(|error| error.to_string())?;
    if (200..300).contains(&received.status) { Ok(()) } else { Err(format!("it answers {}", received.status)) }
}

fn count(written: Result<(), String>, failed: &mut u64) {
    match written {
        Err(why) => {
            if *failed == 0 {
                tracing::warn!("the firehose cannot be written to, further events are only counted: {why}");
            }
            *failed += 1;
        }
        Ok(()) if *failed > 0 => {
            tracing::warn!("the firehose is written to again; {failed} events were not");
            *failed = 0;
        }
        Ok(()) => {}
    }
}

fn tell_dropped(dropped: &AtomicU64) {
    let dropped = dropped.swap(0, Ordering::Relaxed);
    if dropped > 0 {
        tracing::warn!("{dropped} events were not written to the firehose: {FILES_MAX} waited for it already");
    }
}
