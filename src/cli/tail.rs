//! `tail`: what happens in a running server, while it happens.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use http::Method;
use serde_json::Value;

use super::Failure;
use super::client::{self, ClientError, Question, ServerArgs, StreamEnd, text};
use super::line::{CALM, DEED, DIM, LogRecord, Paint, Safe, TimeOfDay};
use crate::sandbox::DEFAULT;
use crate::support::clock::Clock;

/// How long the server may take to answer.
const WAIT: Duration = Duration::from_secs(10);

/// After how long without a sign of life the server is taken for gone.
const SILENCE: Duration = Duration::from_secs(50);

/// How long one line of the stream may be.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How much of a name, or a time, is shown.
const WORDS_CHARS_MAX: usize = 100;

/// The flags of `tail`.
#[derive(Clone, Debug, Args)]
pub(super) struct TailArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Watch this sandbox only [default: the one in the URL, else all of them]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    sandbox: Option<String>,
    /// The token that the server was started with
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Print JSON, one object an event, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TailArgs) -> Result<(), Failure> {
    let url = args.server.url();
    let one = args.sandbox.is_some() || url.contains("/__sandbox/");
    let question = Question {
        method: Method::GET,
        path: if one { "/__admin/events" } else { "/__admin/events?sandbox=*" },
        sandbox: args.sandbox.as_deref(),
        token: client::token(args.admin_token.as_deref()),
        body: None,
        wait: WAIT,
        bytes_max: client::ANSWER_BYTES_MAX,
    };
    let say = |what: &str| {
        // Standard output is for events alone.
        let _ = writeln!(io::stderr(), "{what}");
    };
    let mut out = io::stdout().lock();
    let look = if args.json { Look::Json } else { Look::Lines(Paint::on(&out)) };
    let mut stream = Stream { look, ..Stream::default() };
    let heard = client::listen(&url, &question, SILENCE, &mut |bytes| {
        if !stream.begun {
            let what = args.sandbox.as_ref().map_or("everything".to_owned(), |name| format!("sandbox {name}"));
            let what = if one && args.sandbox.is_none() { "its sandbox".to_owned() } else { what };
            say(&format!("listening to {what} on {url}; end with Ctrl-C"));
        }
        stream.take(bytes, &mut out)
    });
    match heard {
        Ok(StreamEnd::Stopped) => Ok(()),
        Ok(StreamEnd::All) if stream.too_slow => {
            Err(Failure::Server("the server let go of this listener, which was too slow to read".to_owned()))
        }
        Ok(StreamEnd::All) => {
            say("the server has stopped");
            Ok(())
        }
        Ok(StreamEnd::Silence) => {
            say(&format!("nothing was heard of the server for {} s; it is taken for gone", SILENCE.as_secs()));
            Ok(())
        }
        Ok(StreamEnd::Refused(answer)) => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let why = text(&body, "detail").unwrap_or_else(|| client::not_a_mock(&url, answer.status));
            Err(Failure::Server(why))
        }
        Err(ClientError::Server(why)) => Err(Failure::Server(format!("{url} cannot be reached: {why}"))),
        Err(ClientError::Io(error)) => Err(Failure::Io(error)),
    }
}

/// How events are shown.
#[derive(Clone, Copy, Debug)]
enum Look {
    Lines(Paint),
    Json,
}

/// A stream of server-sent events on its way to a terminal or a program.
#[derive(Debug)]
struct Stream {
    look: Look,
    begun: bool,
    too_slow: bool,
    /// What has arrived of a line.
    line: Vec<u8>,
    /// The kind of the event that is arriving.
    kind: String,
}

impl Default for Stream {
    fn default() -> Self {
        Self { look: Look::Json, begun: false, too_slow: false, line: Vec::new(), kind: String::new() }
    }
}

impl Stream {
    fn take(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.begun = true;
        let mut text = String::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + piece.len() > LINE_BYTES_MAX {
                return Err(io::Error::other("the server sends a line without end; is it leadconduit-mock?"));
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
                self.line.clear();
                self.line(&line, &mut text);
            }
        }
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    fn line(&mut self, line: &str, text: &mut String) {
        if let Some(kind) = line.strip_prefix("event: ") {
            kind.clone_into(&mut self.kind);
        } else if let Some(data) = line.strip_prefix("data: ") {
            let shown = match self.look {
                Look::Json => json_line(&self.kind, data, text),
                Look::Lines(paint) => event_line(&self.kind, data, paint, text),
            };
            // What is written to memory does not fail.
            shown.unwrap_or_default();
        } else if line.starts_with(": too slow") {
            self.too_slow = true;
        }
    }
}

/// The event as the server sent it, with its kind within.
fn json_line(kind: &str, data: &str, text: &mut String) -> std::fmt::Result {
    let rest = data.strip_prefix('{').unwrap_or_default();
    writeln!(text, "{{\"event\":{},{rest}", Value::from(kind))
}

fn event_line(kind: &str, data: &str, paint: Paint, text: &mut String) -> std::fmt::Result {
    let now = Clock::Real.now();
    let Ok(event) = serde_json::from_str::<Value>(data) else { return Ok(()) };
    let word = |name: &str| event[name].as_str().unwrap_or_default();
    let shown = |name| Safe(word(name), WORDS_CHARS_MAX);
    let (style, what) = match kind {
        "exchange" => {
            let told: LogRecord = serde_json::from_value(event).unwrap_or_default();
            return told.write(now, paint, text);
        }
        // They stand below their exchange.
        "violation" | "struck" => return Ok(()),
        "switch" if event["keep_world"] == true => (CALM, format!("plays {}, and keeps its world", shown("scenario"))),
        "switch" => (CALM, format!("plays {}", shown("scenario"))),
        "reset" => (CALM, format!("starts anew in {}", shown("scenario"))),
        "fault" if event["added"] == true && word("id") == word("name") => (DEED, format!("{} is added", shown("id"))),
        "fault" if event["added"] == true => (DEED, format!("{} is added: {}", shown("id"), shown("name"))),
        "fault" if word("id") == "*" => (DEED, "all faults are taken away".to_owned()),
        "fault" => (DEED, format!("{} is taken away", shown("id"))),
        "clock" => (CALM, format!("the clock ({}) shows {}", shown("mode"), shown("now"))),
        "state" if event["restored"].is_string() => (CALM, format!("goes back to the snapshot {}", shown("restored"))),
        "state" => (CALM, "its state was replaced".to_owned()),
        _ => (DIM, format!("{}: {}", Safe(kind, WORDS_CHARS_MAX), Safe(data, 1000))),
    };
    let sandbox = match word("sandbox") {
        "" => DEFAULT,
        name => name,
    };
    let (time, name) = (paint.dye(DIM, TimeOfDay(now)), paint.dye(style, kind));
    writeln!(text, "{time}  {name:<11}  sandbox {}: {what}", Safe(sandbox, 64))
}
