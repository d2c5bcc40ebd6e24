//! `tail`: follows the event stream of a running server, as text or JSON.
//!
//! A new event needs a line in `write_event`; without one its JSON is shown.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::Args;
use http::Method;
use serde_json::Value;

use super::args::ServerArgs;
use super::client::{self, ControlRequest, StreamEnd};
use super::error::{CliError, print_note};
use super::log_record::{LogRecord, Sanitized, TimeOfDay};
use super::sandbox_check::AddressedSandbox;
use super::style::{ColorMode, DIM, FAULT, INFO, color_mode, styled};
use crate::config::limits::{
    CLIENT_RESPONSE_BYTES_MAX, LOG_DATA_CHARS_MAX, LOG_NAME_CHARS_MAX, LOG_SANDBOX_CHARS_MAX, TAIL_LINE_BYTES_MAX,
    TAIL_SILENCE, TAIL_TIMEOUT,
};
use crate::config::settings::DEFAULT_SANDBOX;
use crate::support::clock::Clock;

#[derive(Clone, Debug, Args)]
pub(super) struct TailArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Follow this sandbox only [default: the one in the URL, else all]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    sandbox: Option<String>,
    /// The token with which the server was started
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Print JSON, one object for each event
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TailArgs) -> Result<(), CliError> {
    let url = args.server.url();
    let is_single_sandbox = args.sandbox.is_some() || url.contains("/__sandbox/");
    let request = ControlRequest {
        method: Method::GET,
        path: if is_single_sandbox { "/__admin/events" } else { "/__admin/events?sandbox=*" },
        sandbox: args.sandbox.as_deref(),
        token: client::token(args.admin_token.as_deref()),
        body: None,
        timeout: TAIL_TIMEOUT,
        bytes_max: CLIENT_RESPONSE_BYTES_MAX,
        tls_dir: args.server.tls_dir(),
    };
    // It can be followed before its first request.
    let token = client::token(args.admin_token.as_deref());
    let addressed =
        AddressedSandbox { url: &url, name: args.sandbox.as_deref(), token, tls_dir: args.server.tls_dir() };
    let mut note = addressed.creation_note();
    let print_status = |message: &str| {
        // Standard output has only events.
        let _ = writeln!(io::stderr(), "{message}");
    };
    let mut out = io::stdout().lock();
    let format = if args.json { EventFormat::Json } else { EventFormat::Text(color_mode(&out)) };
    let mut decoder = StreamDecoder { format, ..StreamDecoder::default() };
    let result = client::stream(&url, &request, TAIL_SILENCE, &mut |bytes| {
        if !decoder.has_started {
            let target = match &args.sandbox {
                Some(name) => format!("sandbox {name}"),
                None if is_single_sandbox => "the sandbox in the URL".to_owned(),
                None => "all sandboxes".to_owned(),
            };
            print_status(&format!("listening to {target} on {url}; stop with Ctrl-C"));
            if let Some(note) = note.take() {
                print_note(&note);
            }
        }
        decoder.decode(bytes, &mut out)
    });
    match result {
        Ok(StreamEnd::Interrupted) => Ok(()),
        Ok(StreamEnd::Closed) if decoder.is_too_slow => {
            let message = "the server closed the event stream, because it was not read fast enough";
            Err(CliError::Server(message.to_owned()))
        }
        Ok(StreamEnd::Closed) => {
            print_status("the server has stopped");
            Ok(())
        }
        Ok(StreamEnd::TimedOut) => {
            print_status(&format!("the server has sent nothing for {} s, so it must be gone", TAIL_SILENCE.as_secs()));
            Ok(())
        }
        Ok(StreamEnd::Rejected(response)) => {
            let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            Err(client::rejection(&url, response.status, &body))
        }
        Err(error) => Err(error.at(&url)),
    }
}

#[derive(Clone, Copy, Debug)]
enum EventFormat {
    Text(ColorMode),
    Json,
}

/// Decodes a stream of server-sent events and writes them.
#[derive(Debug)]
struct StreamDecoder {
    format: EventFormat,
    has_started: bool,
    /// Whether the server has closed the stream because it was not read fast enough.
    is_too_slow: bool,
    /// The incomplete line.
    line: Vec<u8>,
    /// The type of the current event.
    event_type: String,
}

impl Default for StreamDecoder {
    fn default() -> Self {
        Self {
            format: EventFormat::Json,
            has_started: false,
            is_too_slow: false,
            line: Vec::new(),
            event_type: String::new(),
        }
    }
}

impl StreamDecoder {
    fn decode(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.has_started = true;
        let mut text = String::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + part.len() > TAIL_LINE_BYTES_MAX {
                return Err(io::Error::other(
                    "a line of the event stream is too long; check that the server is leadconduit-mock",
                ));
            }
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
                self.line.clear();
                self.decode_line(&line, &mut text);
            }
        }
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    fn decode_line(&mut self, line: &str, text: &mut String) {
        if let Some(event_type) = line.strip_prefix("event: ") {
            event_type.clone_into(&mut self.event_type);
        } else if let Some(data) = line.strip_prefix("data: ") {
            let written = match self.format {
                EventFormat::Json => write_json(&self.event_type, data, text),
                EventFormat::Text(color_mode) => write_event(&self.event_type, data, color_mode, text),
            };
            // Writing to a string does not fail.
            written.unwrap_or_default();
        } else if line.starts_with(": too slow") {
            self.is_too_slow = true;
        }
    }
}

/// Writes the event as the server sent it, with its type as the field `event`.
fn write_json(event_type: &str, data: &str, text: &mut String) -> std::fmt::Result {
    let rest = data.strip_prefix('{').unwrap_or_default();
    writeln!(text, "{{\"event\":{},{rest}", Value::from(event_type))
}

fn write_event(event_type: &str, data: &str, color_mode: ColorMode, text: &mut String) -> std::fmt::Result {
    let now = Clock::Real.now();
    let Ok(event) = serde_json::from_str::<Value>(data) else { return Ok(()) };
    let field = |name: &str| event[name].as_str().unwrap_or_default();
    let shown = |name| Sanitized(field(name), LOG_NAME_CHARS_MAX);
    let (style, message) = match event_type {
        "exchange" => {
            let record: LogRecord<'_> = serde_json::from_value(event).unwrap_or_default();
            return record.write(now, color_mode, text);
        }
        // The event `exchange` includes them.
        "violation" | "fault_applied" => return Ok(()),
        "switch" if event["keep_world"] == true => {
            (INFO, format!("uses scenario {}, with its world kept", shown("scenario")))
        }
        "switch" => (INFO, format!("uses scenario {}", shown("scenario"))),
        "reset" => (INFO, format!("was reset to scenario {}", shown("scenario"))),
        "fault" if event["added"] == true && field("id") == field("name") => {
            (FAULT, format!("{} was added", shown("id")))
        }
        "fault" if event["added"] == true => (FAULT, format!("{} was added: {}", shown("id"), shown("name"))),
        "fault" if field("id") == "*" => (FAULT, "all faults were removed".to_owned()),
        "fault" => (FAULT, format!("{} was removed", shown("id"))),
        "clock" => (INFO, format!("the clock ({}) is at {}", shown("mode"), shown("now"))),
        "state" if event["restored"].is_string() => (INFO, format!("was restored from snapshot {}", shown("restored"))),
        "state" => (INFO, "its state was replaced".to_owned()),
        _ => (DIM, format!("{}: {}", Sanitized(event_type, LOG_NAME_CHARS_MAX), Sanitized(data, LOG_DATA_CHARS_MAX))),
    };
    let sandbox = match field("sandbox") {
        "" => DEFAULT_SANDBOX,
        name => name,
    };
    let (time, name) = (styled(color_mode, DIM, TimeOfDay(now)), styled(color_mode, style, event_type));
    writeln!(text, "{time}  {name:<17}  sandbox {}: {message}", Sanitized(sandbox, LOG_SANDBOX_CHARS_MAX))
}
