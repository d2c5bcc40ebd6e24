//! The log of `serve`, on standard error. A separate thread formats exchanges and writes the lines, so that requests never
//! wait: when standard error is not read fast enough, lines are dropped, and a line reports how many.
//!
//! `tracing-appender` has such a thread too, but it only counts dropped lines; to report them between the others, most
//! of what is here would still be needed.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use super::log_record::{LogRecord, TimeOfDay};
use super::style::{ColorMode, DIM, ERROR, INFO, WARNING, color_mode, styled};
use crate::config::limits::{LOG_DRAIN_MS_MAX, LOG_FLUSH_INTERVAL, LOG_QUEUE_LINES_MAX};
use crate::pipeline::publish::{LoggedExchange, set_log_sink};
use crate::support::clock::{Clock, format_timestamp};

/// The levels of libraries in the default filter: `h2` warns in words of its own of what clients do.
const LIBRARIES: &str = "h2=error";

/// Selects the lines of the log.
const FILTER_VARIABLE: &str = "LEADCONDUIT_MOCK_LOG";

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// Text, in colour on a terminal
    #[default]
    Human,
    /// One JSON object for each line
    Json,
}

/// Starts the log. `LEADCONDUIT_MOCK_LOG` selects its lines, else `default_filter`. Dropping the value writes the lines
/// that are queued, unless standard error is not read.
pub(super) fn start(format: LogFormat, default_filter: &str) -> Log {
    use tracing_subscriber::EnvFilter;
    // An empty variable is one that is not set, as it is for flags; as a filter it would turn every line off.
    let selected = std::env::var(FILTER_VARIABLE).ok().filter(|filter| !filter.trim().is_empty());
    let filter = selected.and_then(|filter| EnvFilter::try_new(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(format!("{default_filter},{LIBRARIES}")));
    let color_mode = color_mode(&io::stderr());
    let (log, sender) = Log::start(LineFormat { format, color_mode }, io::stderr());
    // Fails if the process has a subscriber already; that one is used then.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Formatting errors would be written to standard error directly, which can block.
        .log_internal_errors(false)
        .event_format(LineFormat { format, color_mode })
        .with_writer(sender.clone())
        .try_init();
    set_log_sink(Box::new(move |exchange| sender.queue(Message::Exchange(exchange))));
    // The default hook writes to standard error directly, which can block.
    std::panic::set_hook(Box::new(|panic| tracing::error!("internal error: {panic}")));
    log
}

/// A message to the writer thread.
enum Message {
    Line(Vec<u8>),
    Exchange(LoggedExchange),
    Stop,
}

/// The open log.
pub(super) struct Log {
    sender: SyncSender<Message>,
    stopped: Receiver<()>,
}

/// Queues lines without blocking.
#[derive(Clone)]
struct LineSender {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl Log {
    fn start(format: LineFormat, out: impl Write + Send + 'static) -> (Self, LineSender) {
        let (sender, receiver) = sync_channel(LOG_QUEUE_LINES_MAX);
        let (stop, stopped) = sync_channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let line_sender = LineSender { sender: sender.clone(), dropped: Arc::clone(&dropped) };
        std::thread::spawn(move || {
            write_lines(&receiver, &dropped, format, out);
            let _ = stop.send(());
        });
        (Self { sender, stopped }, line_sender)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        for _ in 0..LOG_DRAIN_MS_MAX {
            match self.sender.try_send(Message::Stop) {
                // The queue has space again when standard error is read.
                Err(TrySendError::Full(_)) => std::thread::sleep(Duration::from_millis(1)),
                Ok(()) => {
                    let _ = self.stopped.recv_timeout(Duration::from_millis(LOG_DRAIN_MS_MAX.into()));
                    return;
                }
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }
}

/// Runs the writer thread. Lines that cannot be written, because standard error is closed, are discarded.
fn write_lines(receiver: &Receiver<Message>, dropped: &AtomicU64, format: LineFormat, out: impl Write) {
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    // Reused, to avoid allocations.
    let mut line = String::new();
    let mut is_running = true;
    // No message follows the last one, so it is not waited for.
    while is_running && let Ok(first) = receiver.recv() {
        for message in std::iter::once(first).chain(receiver.try_iter()) {
            match message {
                Message::Line(line) => drop(out.write_all(&line)),
                Message::Exchange(exchange) => {
                    line.clear();
                    // Writing to a string does not fail.
                    let _ = format.write_exchange(&exchange, &mut line);
                    let _ = out.write_all(line.as_bytes());
                }
                Message::Stop => {
                    is_running = false;
                    break;
                }
            }
        }
        let dropped = dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let _ = out.write_all(dropped_message(dropped, format.format).as_bytes());
        }
        let _ = out.flush();
        if is_running {
            std::thread::sleep(LOG_FLUSH_INTERVAL);
        }
    }
}

/// The line that reports dropped lines.
fn dropped_message(dropped: u64, format: LogFormat) -> String {
    let now = Clock::Real.now();
    let message = format!("{dropped} lines of this log are lost: standard error was not read fast enough");
    match format {
        LogFormat::Human => format!("{}  WARN  {message}\n", TimeOfDay(now)),
        LogFormat::Json => format!("{}\n", json!({"time": format_timestamp(now), "level": "WARN", "message": message})),
    }
}

impl<'a> MakeWriter<'a> for LineSender {
    type Writer = &'a LineSender;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl LineSender {
    fn queue(&self, message: Message) {
        if self.sender.try_send(message).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Write for &LineSender {
    /// Queues a line; the formatter always passes a complete one.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue(Message::Line(line.to_vec()));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Formats events and exchanges as lines.
#[derive(Clone, Copy)]
struct LineFormat {
    format: LogFormat,
    color_mode: ColorMode,
}

/// The text of an event: its message, and its other fields.
#[derive(Default)]
struct EventText(String);

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut text = EventText::default();
        event.record(&mut text);
        self.write_event(*event.metadata().level(), &text.0, &mut out)
    }
}

impl LineFormat {
    fn write_event(self, level: Level, text: &str, out: &mut dyn fmt::Write) -> fmt::Result {
        let now = Clock::Real.now();
        match self.format {
            LogFormat::Human => {
                let style = match level {
                    Level::ERROR => ERROR,
                    Level::WARN => WARNING,
                    Level::INFO => INFO,
                    _ => DIM,
                };
                let (time, level) =
                    (styled(self.color_mode, DIM, TimeOfDay(now)), styled(self.color_mode, style, level));
                writeln!(out, "{time}  {level}  {text}")
            }
            LogFormat::Json => {
                let message = Value::from(text);
                writeln!(out, r#"{{"time":"{}","level":"{level}","message":{message}}}"#, format_timestamp(now))
            }
        }
    }

    fn write_exchange(self, exchange: &LoggedExchange, out: &mut String) -> fmt::Result {
        let record = LogRecord::of(exchange);
        match self.format {
            LogFormat::Human => record.write(exchange.at, self.color_mode, out),
            LogFormat::Json => {
                // One object: the fields of every line, then those of the record.
                let json = serde_json::to_string(&record).map_err(|_| fmt::Error)?;
                let (rest, time) = (json.strip_prefix('{').unwrap_or_default(), format_timestamp(exchange.at));
                writeln!(out, r#"{{"time":"{time}","level":"INFO","event":"exchange",{rest}"#)
            }
        }
    }
}

impl Visit for EventText {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        self.0.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::support::clock::uptime;

    /// Longer than the thread takes on any machine.
    const HANG_GUARD: Duration = Duration::from_mins(2);

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The end of the log waits for the last line, and for nothing else: the thread has dropped its output then.
    #[test]
    fn the_end_of_the_log_writes_the_queued_lines_and_ends_its_thread() {
        for lines in [0, 1, LOG_QUEUE_LINES_MAX / 2] {
            let out = Shared::default();
            let format = LineFormat { format: LogFormat::Json, color_mode: ColorMode::Plain };
            let (log, sender) = Log::start(format, out.clone());
            for number in 0..lines {
                sender.queue(Message::Line(format!("{number}\n").into_bytes()));
            }
            drop(log);
            // The thread ends although a sender still exists. On a busy machine the end of the log may have stopped waiting.
            let started = uptime();
            while Arc::strong_count(&out.0) > 1 {
                assert!(uptime() < started + HANG_GUARD, "the thread has not ended");
                std::thread::sleep(Duration::from_millis(1));
            }
            let text = String::from_utf8(std::mem::take(&mut *out.0.lock().unwrap())).unwrap();
            assert_eq!(text.lines().count(), lines);
            assert_eq!(text.lines().last().map(str::to_owned), lines.checked_sub(1).map(|last| last.to_string()));
        }
    }
}
