//! `explain`: why a request gets its response. The request is run on a copy of the sandbox, or is one of the journal.

use std::fmt::Write as _;
use std::io::Read as _;

use clap::Args;
use clap::builder::BoolishValueParser;
use http::Method;
use serde_json::{Map, Value, json};

use super::fault::{Header, parse_header};
use super::target::{Printed, TargetArgs, text_of};
use crate::cli::error::CliError;
use crate::cli::leads::DEFAULT_KEY;
use crate::cli::style::{ColorMode, DIM, ERROR, HEADING, NAME, SUCCESS, WARNING, color_mode, styled};
use crate::config::limits::{CLIENT_RESPONSE_BYTES_MAX, EXPLAINED_BODY_LINES_MAX};
use contract_files::yaml::io_reason;

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  leadconduit-mock explain GET /connections
  leadconduit-mock explain POST /connections -d '{\"connection_id\": \"5d9a4c421d011c553e000002\"}'
  leadconduit-mock explain 12   (the request with this number, as `requests` shows it)")]
pub(in crate::cli) struct ExplainArgs {
    /// The method; or the number of a recorded request
    #[arg(value_name = "METHOD")]
    method: String,
    /// The path, with its query
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// A header, as in curl; repeat it for others
    #[arg(short = 'H', long, value_name = "NAME: VALUE", env = "LEADCONDUIT_MOCK_HEADER", value_parser = parse_header)]
    header: Vec<Header>,
    /// The body, as in curl; @FILE reads it from a file, @- from standard input
    ///
    /// JSON is sent as application/json, everything else as a form, unless -H 'Content-Type: ...' is given.
    #[arg(short = 'd', long, value_name = "BODY", env = "LEADCONDUIT_MOCK_DATA")]
    data: Option<String>,
    /// The API key [default: that of Jane Doe]
    #[arg(long, value_name = "KEY", env = "LEADCONDUIT_MOCK_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Send no API key
    #[arg(long, conflicts_with = "key", env = "LEADCONDUIT_MOCK_NO_KEY", value_parser = BoolishValueParser::new())]
    no_key: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Whether there is an option that only a new request has.
fn describes_a_request(args: &ExplainArgs) -> bool {
    args.no_key || args.data.is_some() || !args.header.is_empty()
}

pub(in crate::cli) fn run(args: &ExplainArgs) -> Result<(), CliError> {
    let body = match (&args.path, args.method.parse::<u64>()) {
        (Some(path), _) => args.request(path)?,
        (None, Ok(_)) if describes_a_request(args) => {
            let message = "a recorded request is explained as it was sent; write the method and the path to change it";
            return Err(CliError::Usage(message.to_owned()));
        }
        (None, Ok(number)) => json!({"exchange": number}),
        (None, Err(_)) => {
            let message = if args.method.starts_with('/') {
                format!("write the method before the path: leadconduit-mock explain GET {}", args.method)
            } else {
                format!("write the path behind the method: leadconduit-mock explain {} /user", args.method)
            };
            return Err(CliError::Usage(message));
        }
    };
    // A recorded request must be there; any other is explained in a new sandbox too.
    if args.path.is_some() {
        args.target.note_new_sandbox();
    } else {
        args.target.require_sandbox()?;
    }
    let (_, explanation) = args.target.send_for_bodies(Method::POST, "/__admin/explain", Some(body))?;
    let text = describe(&explanation, color_mode(&std::io::stdout()));
    args.target.print(&Printed { text, json: explanation })
}

impl ExplainArgs {
    /// The request, as the control API takes it.
    fn request(&self, path: &str) -> Result<Value, CliError> {
        let mut headers: Map<String, Value> =
            self.header.iter().map(|one| (one.name.clone(), one.value.as_str().into())).collect();
        let has_header = |name: &str| self.header.iter().any(|one| one.name.eq_ignore_ascii_case(name));
        let mut request = json!({"method": self.method.to_uppercase(), "path": path});
        // `-H Authorization` is the more specific of the two.
        if !self.no_key && (self.key.is_some() || !has_header("authorization")) {
            request["key"] = self.key.as_deref().unwrap_or(DEFAULT_KEY).into();
        }
        if let Some(data) = &self.data {
            let text = read_data(data)?;
            let json: Option<Value> = serde_json::from_str(&text).ok();
            match json.filter(|value| !value.is_string() && !has_header("content-type")) {
                Some(json) => request["body"] = json,
                None => {
                    if !has_header("content-type") {
                        headers.insert("Content-Type".to_owned(), "application/x-www-form-urlencoded".into());
                    }
                    request["body"] = text.into();
                }
            }
        }
        request["headers"] = headers.into();
        Ok(request)
    }
}

/// The text of `-d`.
fn read_data(data: &str) -> Result<String, CliError> {
    let Some(name) = data.strip_prefix('@') else { return Ok(data.to_owned()) };
    let fail = |error: std::io::Error| CliError::File(format!("{name}: cannot be read: {}", io_reason(&error)));
    let mut text = String::new();
    let limit = CLIENT_RESPONSE_BYTES_MAX as u64 + 1;
    let length = if name == "-" {
        std::io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        std::fs::File::open(name).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    match length.map_err(fail)? {
        length if length > CLIENT_RESPONSE_BYTES_MAX => {
            Err(CliError::File(format!("{name}: has more than {CLIENT_RESPONSE_BYTES_MAX} bytes")))
        }
        // As curl does.
        _ => Ok(text.replace(['\r', '\n'], "")),
    }
}

/// The explanation: request and status, the operation, the reasons, the body.
fn describe(explanation: &Value, mode: ColorMode) -> String {
    let request = &explanation["request"];
    let status = explanation["reply"]["status"].as_u64().unwrap_or(0);
    let style = match status {
        ..400 => SUCCESS,
        400..500 => WARNING,
        _ => ERROR,
    };
    let line = format!("{} {}", text_of(request, "method"), text_of(request, "url"));
    // Writing to a string does not fail.
    let mut out = format!("{} -> {}\n", styled(mode, HEADING, line), styled(mode, style, status));
    let operation = &explanation["operation"];
    if operation.is_object() {
        let (id, evidence, summary) =
            (text_of(operation, "id"), text_of(operation, "evidence"), text_of(operation, "summary"));
        let _ = writeln!(out, "{} ({evidence}): {summary}", styled(mode, NAME, id));
    }
    out.push('\n');
    for (index, reason) in explanation["reasons"].as_array().into_iter().flatten().enumerate() {
        let reason: String =
            reason.as_str().unwrap_or_default().chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        let _ = writeln!(out, "{:>2}. {reason}", index + 1);
    }
    let body = &explanation["reply"]["body"];
    let text = body.as_str().map_or_else(|| serde_json::to_string_pretty(body).unwrap_or_default(), str::to_owned);
    if !text.is_empty() {
        out.push('\n');
        for line in text.lines().take(EXPLAINED_BODY_LINES_MAX) {
            let line: String = line.chars().filter(|c| !c.is_control()).collect();
            let _ = writeln!(out, "    {line}");
        }
        let further = text.lines().count().saturating_sub(EXPLAINED_BODY_LINES_MAX);
        if further > 0 {
            let note = format!("{further} more lines; --json prints all");
            let _ = writeln!(out, "    {}", styled(mode, DIM, note));
        }
    }
    let curl = text_of(explanation, "curl");
    if !curl.is_empty() {
        let _ = writeln!(out, "\n{}", styled(mode, DIM, curl));
    }
    out
}
