//! `requests`: the recorded requests of a sandbox, as the log of `serve` shows them.

use std::fmt::Write as _;

use clap::Args;
use clap::builder::BoolishValueParser;
use form_urlencoded::Serializer;
use http::Method;
use serde_json::{Value, json};

use super::target::{Printed, TargetArgs, text_of};
use crate::cli::error::CliError;
use crate::cli::log_record::LogRecord;
use crate::cli::output::count_noun;
use crate::cli::style::{ColorMode, DIM, color_mode, styled};
use crate::recording::journal::property_names;
use crate::support::clock::Timestamp;

const PATH: &str = "/__admin/requests";

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RequestsArgs {
    /// The number of one request, which is printed with its headers and bodies
    #[arg(value_name = "NUMBER", conflicts_with_all = ["operation", "status", "method", "violations", "unmatched", "since", "limit", "clear"])]
    number: Option<u64>,
    /// Requests of this operation
    #[arg(long, value_name = "ID", env = "LEADCONDUIT_MOCK_OPERATION")]
    operation: Option<String>,
    /// Requests that got this status
    #[arg(long, value_name = "STATUS", env = "LEADCONDUIT_MOCK_STATUS")]
    status: Option<u16>,
    /// Requests with this method
    #[arg(long, value_name = "METHOD", env = "LEADCONDUIT_MOCK_METHOD")]
    method: Option<String>,
    /// Requests that violate the contract
    #[arg(long, env = "LEADCONDUIT_MOCK_VIOLATIONS", value_parser = BoolishValueParser::new())]
    violations: bool,
    /// Requests that match no operation
    #[arg(long, env = "LEADCONDUIT_MOCK_UNMATCHED", value_parser = BoolishValueParser::new())]
    unmatched: bool,
    /// Requests since this time on the sandbox's clock, such as 2026-01-15T09:00:00Z
    #[arg(long, value_name = "TIME", env = "LEADCONDUIT_MOCK_SINCE")]
    since: Option<String>,
    /// The last requests, at most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50, env = "LEADCONDUIT_MOCK_LIMIT")]
    limit: usize,
    /// Remove all recorded requests of the sandbox
    #[arg(long, conflicts_with_all = ["operation", "status", "method", "violations", "unmatched", "since", "limit"],
          env = "LEADCONDUIT_MOCK_CLEAR", value_parser = BoolishValueParser::new())]
    clear: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(in crate::cli) fn run(args: &RequestsArgs) -> Result<(), CliError> {
    let target = &args.target;
    if args.clear {
        target.note_new_sandbox();
    } else {
        target.require_sandbox()?;
    }
    let mode = color_mode(&std::io::stdout());
    if let Some(number) = args.number {
        let (_, event) = target.send_for_bodies(Method::GET, &format!("{PATH}/{number}"), None)?;
        let text = describe_one(&event, mode);
        return target.print(&Printed { text, json: event });
    }
    if args.clear {
        let (response, _) = target.send(Method::DELETE, PATH, None)?;
        let text = format!("the recorded requests of sandbox {} were removed\n", target.sandbox_of(&response));
        return target.print(&Printed { text, json: json!({"cleared": true}) });
    }
    let (response, list) = target.send_for_bodies(Method::GET, &format!("{PATH}?{}", args.query()), None)?;
    let mut text = String::new();
    let events = list["requests"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The newest is last, as in the log.
    events.iter().rev().for_each(|event| write_line(event, mode, &mut text));
    let sandbox = target.sandbox_of(&response);
    let total = list["meta"]["total"].as_u64().and_then(|total| usize::try_from(total).ok()).unwrap_or(events.len());
    let mut note = if list["requestJournalDisabled"] == true {
        format!("sandbox {sandbox} records no requests (--journal-entries-max 0)")
    } else if events.len() < total {
        format!("the last {} of {total} requests in sandbox {sandbox}; --limit shows more", events.len())
    } else {
        format!("{} in sandbox {sandbox}", count_noun(total, "request"))
    };
    if let Some(dropped) = list["meta"]["dropped"].as_u64().filter(|dropped| *dropped > 0) {
        let _ = write!(note, "; {dropped} older ones were dropped");
    }
    let _ = writeln!(text, "{}", styled(mode, DIM, note));
    target.print(&Printed { text, json: list })
}

impl RequestsArgs {
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        let status = self.status.map(|status| status.to_string());
        for (name, value) in [
            ("operation", self.operation.as_deref()),
            ("status", status.as_deref()),
            ("method", self.method.as_deref()),
            ("violations", self.violations.then_some("true")),
            ("unmatched", self.unmatched.then_some("true")),
            ("since", self.since.as_deref()),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

/// The line of a request, with its number in front, and the lines about its rules and violations.
fn write_line(event: &Value, mode: ColorMode, out: &mut String) {
    let number = event[property_names::NUMBER].as_u64().unwrap_or(0);
    // Writing to a string does not fail.
    let _ = write!(out, "{} ", styled(mode, DIM, format_args!("{number:>5}")));
    let _ = record(event).write(time_of(event), mode, out);
}

/// The request as the log's record.
fn record(event: &Value) -> LogRecord<'static> {
    let url = event["request"]["url"].as_str().unwrap_or_default();
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    // The other fields have the same names in both.
    let mut fields = event.clone();
    fields[property_names::ID] = event[property_names::NUMBER].clone();
    fields[property_names::METHOD] = event["request"]["method"].clone();
    fields[property_names::PATH] = path.into();
    fields[property_names::QUERY] = query.into();
    fields[property_names::STATUS] = event["response"]["status"].clone();
    serde_json::from_value(fields).unwrap_or_default()
}

fn time_of(event: &Value) -> Timestamp {
    let ms = event["request"]["loggedDate"].as_i64().unwrap_or(0);
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// A request with its headers and bodies.
fn describe_one(event: &Value, mode: ColorMode) -> String {
    let mut out = String::new();
    write_line(event, mode, &mut out);
    let parts = [("request", &event["request"]), ("response", &event["response"])];
    for (name, message) in parts {
        let _ = writeln!(out, "\n{}", styled(mode, crate::cli::style::HEADING, name));
        for (header, value) in message["headers"].as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let line: String = format!("{header}: {value}").chars().filter(|c| !c.is_control()).collect();
            let _ = writeln!(out, "  {}", styled(mode, DIM, line));
        }
        let body = text_of(message, "body");
        let pretty =
            serde_json::from_str::<Value>(&body).ok().and_then(|json| serde_json::to_string_pretty(&json).ok());
        for line in pretty.unwrap_or(body).lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}
