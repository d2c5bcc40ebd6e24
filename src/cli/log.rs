//! The log of `serve`, on standard error. A line is written by a thread of its own: when nobody reads standard error,
//! lines are lost, and told to be lost, but no request waits.

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

use super::line::{ALARM, CALM, DIM, LogRecord, Paint, TimeOfDay, WARNING};
use crate::pipeline::notify::TARGET;
use crate::support::clock::{Clock, stamp};

/// How many lines wait to be written; a line about an exchange has a bound of its own.
const LINES_MAX: usize = 8192;

/// How long the thread gathers lines between two writes, so that a busy server need not wake it for each.
const GATHER: Duration = Duration::from_millis(2);

/// How long the end of the process waits for the last lines: so often, a millisecond each time.
const END_MS_MAX: u32 = 500;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For people, in colour on a terminal
    #[default]
    Human,
    /// One JSON object a line, for programs
    Json,
}

/// Starts the log. What is logged before this value is dropped is written, unless nobody reads it.
pub(super) fn start(format: LogFormat) -> Log {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("LEADCONDUIT_MOCK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let paint = Paint::on(&io::stderr());
    let (log, lines) = Log::start(format, io::stderr());
    // A second subscriber in one process is no reason to fail.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be formatted would be complained about on standard error, where it would wait.
        .log_internal_errors(false)
        .event_format(Look { format, paint })
        .with_writer(lines)
        .try_init();
    // The usual hook writes to standard error, and would wait there too.
    std::panic::set_hook(Box::new(|panic| tracing::error!("a bug of the mock: {panic}")));
    log
}

/// A message to the thread that writes.
enum Message {
    Line(Vec<u8>),
    End,
}

/// The log while it is open.
pub(super) struct Log {
    sender: SyncSender<Message>,
    ended: Receiver<()>,
}

/// Where lines are handed over. Nothing here waits.
#[derive(Clone)]
struct Lines {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

impl Log {
    fn start(format: LogFormat, out: impl Write + Send + 'static) -> (Self, Lines) {
        let (sender, receiver) = sync_channel(LINES_MAX);
        let (end, ended) = sync_channel(1);
        let lost = Arc::new(AtomicU64::new(0));
        let lines = Lines { sender: sender.clone(), lost: Arc::clone(&lost) };
        std::thread::spawn(move || {
            write_lines(&receiver, &lost, format, out);
            let _ = end.send(());
        });
        (Self { sender, ended }, lines)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        for _ in 0..END_MS_MAX {
            match self.sender.try_send(Message::End) {
                // There may be room soon, if somebody reads.
                Err(TrySendError::Full(_)) => std::thread::sleep(Duration::from_millis(1)),
                Ok(()) => {
                    let _ = self.ended.recv_timeout(Duration::from_millis(END_MS_MAX.into()));
                    return;
                }
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }
}

/// The thread's work. What cannot be written, because standard error is closed, is forgotten.
fn write_lines(receiver: &Receiver<Message>, lost: &AtomicU64, format: LogFormat, out: impl Write) {
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    let mut goes_on = true;
    while let Some(first) = receiver.recv().ok().filter(|_| goes_on) {
        for message in std::iter::once(first).chain(receiver.try_iter()) {
            match message {
                Message::Line(line) => drop(out.write_all(&line)),
                Message::End => {
                    goes_on = false;
                    break;
                }
            }
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = out.write_all(loss(lost, format).as_bytes());
        }
        let _ = out.flush();
        if goes_on {
            std::thread::sleep(GATHER);
        }
    }
}

/// The line that tells of lost ones.
fn loss(lost: u64, format: LogFormat) -> String {
    let now = Clock::Real.now();
    let message = format!("{lost} lines of this log are lost: standard error was not read fast enough");
    match format {
        LogFormat::Human => format!("{}  WARN  {message}\n", TimeOfDay(now)),
        LogFormat::Json => format!("{}\n", json!({"time": stamp(now), "level": "WARN", "message": message})),
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Lines;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Lines {
    /// A whole line, as the formatter hands it over.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How an event becomes a line.
struct Look {
    format: LogFormat,
    paint: Paint,
}

/// What an event holds. It is kept between events, for its memory.
#[derive(Default)]
struct Seen {
    told: LogRecord,
    text: String,
}

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

impl<S, N> FormatEvent<S, N> for Look
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let meta = event.metadata();
        let mut write = |seen: &mut Seen| {
            seen.clear();
            event.record(seen);
            self.write(meta.target() == TARGET, *meta.level(), seen, &mut out)
        };
        SEEN.with(|seen| match seen.try_borrow_mut() {
            Ok(mut seen) => write(&mut seen),
            // A panic in here is logged in here.
            Err(_) => write(&mut Seen::default()),
        })
    }
}

impl Look {
    fn write(&self, is_exchange: bool, level: Level, seen: &Seen, out: &mut dyn fmt::Write) -> fmt::Result {
        let now = Clock::Real.now();
        match (self.format, is_exchange) {
            (LogFormat::Human, true) => seen.told.write(now, self.paint, out),
            (LogFormat::Human, false) => {
                let style = match level {
                    Level::ERROR => ALARM,
                    Level::WARN => WARNING,
                    Level::INFO => CALM,
                    _ => DIM,
                };
                let (time, level) = (self.paint.dye(DIM, TimeOfDay(now)), self.paint.dye(style, level));
                writeln!(out, "{time}  {level}  {}", seen.text)
            }
            (LogFormat::Json, true) => {
                // One object: what every line has, then what exchanges have.
                let told = serde_json::to_string(&seen.told).map_err(|_| fmt::Error)?;
                let rest = told.strip_prefix('{').unwrap_or_default();
                writeln!(out, r#"{{"time":"{}","level":"{level}","event":"exchange",{rest}"#, stamp(now))
            }
            (LogFormat::Json, false) => {
                let message = Value::from(seen.text.as_str());
                writeln!(out, r#"{{"time":"{}","level":"{level}","message":{message}}}"#, stamp(now))
            }
        }
    }
}

impl Seen {
    fn clear(&mut self) {
        let told = &mut self.told;
        for text in [&mut told.sandbox, &mut told.method, &mut told.path, &mut self.text] {
            text.clear();
        }
        (told.query, told.operation, told.scenario) = (None, None, None);
        told.violations.clear();
        told.faults.clear();
    }
}

impl Visit for Seen {
    fn record_u64(&mut self, field: &Field, value: u64) {
        let told = &mut self.told;
        match field.name() {
            "id" => told.id = value,
            "status" => told.status = u16::try_from(value).unwrap_or_default(),
            "took_us" => told.took_us = value,
            "delay_ms" => told.delay_ms = value,
            _ => self.record_debug(field, &value),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let told = &mut self.told;
        match field.name() {
            "sandbox" => told.sandbox.push_str(value),
            "method" => told.method.push_str(value),
            "path" => told.path.push_str(value),
            "query" => told.query = Some(value.to_owned()),
            "operation" => told.operation = Some(value.to_owned()),
            "scenario" => told.scenario = Some(value.to_owned()),
            "violations" if value.is_empty() => {}
            "violations" => told.violations = serde_json::from_str(value).unwrap_or_default(),
            "faults" => told.faults.extend(value.lines().map(str::to_owned)),
            _ => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // What is written to memory does not fail.
        let _ = match field.name() {
            "message" => write!(self.text, "{value:?}"),
            name => write!(self.text, " {name}={value:?}"),
        };
        self.text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    }
}
