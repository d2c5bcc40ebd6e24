//! The log of `serve`, on standard error. A separate thread writes the lines, so that requests never wait: when standard
//! error is not read fast enough, lines are dropped, and a line reports how many.
//!
//! `tracing-appender` has such a thread too, but it only counts dropped lines; to report them between the others, most
//! of what is here would still be needed.

use std::cell::RefCell;
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
use crate::pipeline::publish::TARGET;
use crate::recording::journal::property_names;
use crate::support::clock::{Clock, format_timestamp};

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// Text, in colour on a terminal
    #[default]
    Human,
    /// One JSON object for each line
    Json,
}

/// Starts the log. Dropping the value writes the lines that are queued, unless standard error is not read.
pub(super) fn start(format: LogFormat) -> Log {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("LEADCONDUIT_MOCK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let color_mode = color_mode(&io::stderr());
    let (log, sender) = Log::start(format, io::stderr());
    // Fails if the process has a subscriber already; that one is used then.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Formatting errors would be written to standard error directly, which can block.
        .log_internal_errors(false)
        .event_format(LineFormat { format, color_mode })
        .with_writer(sender)
        .try_init();
    // The default hook writes to standard error directly, which can block.
    std::panic::set_hook(Box::new(|panic| tracing::error!("internal error: {panic}")));
    log
}

/// A message to the writer thread.
enum Message {
    Line(Vec<u8>),
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
    fn start(format: LogFormat, out: impl Write + Send + 'static) -> (Self, LineSender) {
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
fn write_lines(receiver: &Receiver<Message>, dropped: &AtomicU64, format: LogFormat, out: impl Write) {
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    let mut is_running = true;
    // No message follows the last one, so it is not waited for.
    while is_running && let Ok(first) = receiver.recv() {
        for message in std::iter::once(first).chain(receiver.try_iter()) {
            match message {
                Message::Line(line) => drop(out.write_all(&line)),
                Message::Stop => {
                    is_running = false;
                    break;
                }
            }
        }
        let dropped = dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let _ = out.write_all(dropped_message(dropped, format).as_bytes());
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

impl Write for &LineSender {
    /// Queues a line; the formatter always passes a complete one.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Message::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Formats events as lines.
struct LineFormat {
    format: LogFormat,
    color_mode: ColorMode,
}

/// The fields of an event. The value is reused, to avoid allocations.
#[derive(Default)]
struct EventFields {
    /// Of an event about an exchange.
    record: LogRecord,
    /// Of any other event: its message, and its other fields.
    text: String,
}

thread_local! {
    static FIELDS: RefCell<EventFields> = RefCell::default();
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let meta = event.metadata();
        let mut write = |fields: &mut EventFields| {
            fields.clear();
            event.record(fields);
            self.write(meta.target() == TARGET, *meta.level(), fields, &mut out)
        };
        FIELDS.with(|fields| match fields.try_borrow_mut() {
            Ok(mut fields) => write(&mut fields),
            // The panic hook can log while this function runs.
            Err(_) => write(&mut EventFields::default()),
        })
    }
}

impl LineFormat {
    fn write(&self, is_exchange: bool, level: Level, fields: &EventFields, out: &mut dyn fmt::Write) -> fmt::Result {
        let now = Clock::Real.now();
        match (self.format, is_exchange) {
            (LogFormat::Human, true) => fields.record.write(now, self.color_mode, out),
            (LogFormat::Human, false) => {
                let style = match level {
                    Level::ERROR => ERROR,
                    Level::WARN => WARNING,
                    Level::INFO => INFO,
                    _ => DIM,
                };
                let (time, level) =
                    (styled(self.color_mode, DIM, TimeOfDay(now)), styled(self.color_mode, style, level));
                writeln!(out, "{time}  {level}  {}", fields.text)
            }
            (LogFormat::Json, true) => {
                // One object: the fields of every line, then those of the record.
                let record = serde_json::to_string(&fields.record).map_err(|_| fmt::Error)?;
                let rest = record.strip_prefix('{').unwrap_or_default();
                writeln!(out, r#"{{"time":"{}","level":"{level}","event":"exchange",{rest}"#, format_timestamp(now))
            }
            (LogFormat::Json, false) => {
                let message = Value::from(fields.text.as_str());
                writeln!(out, r#"{{"time":"{}","level":"{level}","message":{message}}}"#, format_timestamp(now))
            }
        }
    }
}

impl EventFields {
    fn clear(&mut self) {
        let record = &mut self.record;
        for text in [&mut record.sandbox, &mut record.method, &mut record.path, &mut self.text] {
            text.clear();
        }
        (record.query, record.operation, record.scenario) = (None, None, None);
        record.violations.clear();
        record.applied_rules.clear();
    }
}

impl Visit for EventFields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        let record = &mut self.record;
        match field.name() {
            property_names::ID => record.id = value,
            property_names::STATUS => record.status = u16::try_from(value).unwrap_or_default(),
            property_names::TOOK_US => record.duration_us = value,
            property_names::DELAY_MS => record.delay_ms = value,
            _ => self.record_debug(field, &value),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let record = &mut self.record;
        match field.name() {
            property_names::SANDBOX => record.sandbox.push_str(value),
            property_names::METHOD => record.method.push_str(value),
            property_names::PATH => record.path.push_str(value),
            property_names::QUERY => record.query = Some(value.to_owned()),
            property_names::OPERATION => record.operation = Some(value.to_owned()),
            property_names::SCENARIO => record.scenario = Some(value.to_owned()),
            property_names::VIOLATIONS if value.is_empty() => {}
            property_names::VIOLATIONS => record.violations = serde_json::from_str(value).unwrap_or_default(),
            property_names::APPLIED_RULES => record.applied_rules = serde_json::from_str(value).unwrap_or_default(),
            _ => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.text, "{value:?}"),
            name => write!(self.text, " {name}={value:?}"),
        };
        self.text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    }
}
