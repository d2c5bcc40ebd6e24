//! Verification: evaluates expectations against the journal of a sandbox.

use http::header::{ACCEPT, CONTENT_TYPE, VARY};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult};
use super::query::Query;
use crate::config::limits::VERIFY_WAIT_MS_MAX;
use crate::contract::problem::Problem;
use crate::http::message::{Recheck, Response};
use crate::recording::verify::{Expectations, evaluate, junit};
use crate::support::clock::parse_ms;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");

/// The format of the response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VerdictFormat {
    Json,
    Text,
    Junit,
}

pub(super) fn verify(call: &ControlCall<'_>) -> ControlResult {
    let query = Query::parse(call, &["format", "fail", "wait"])?;
    let format = match query.get("format") {
        None => negotiate_format(call),
        Some("json") => VerdictFormat::Json,
        Some("text") => VerdictFormat::Text,
        Some("junit") => VerdictFormat::Junit,
        Some(_) => return Err(body::bad_request("`format` must be json, text or junit")),
    };
    let fail = query.value::<bool>("fail", "true or false")?.unwrap_or(false);
    let wait_ms = query.get("wait").map_or(Ok(0), parse_ms);
    let wait_ms = wait_ms.map_err(|error| body::bad_request(&format!("`wait`: {error}")))?;
    if wait_ms > VERIFY_WAIT_MS_MAX {
        return Err(body::bad_request(&format!("`wait` can be {VERIFY_WAIT_MS_MAX} milliseconds at most")));
    }
    let source = body::read(call)?;
    let value: Value = body::parse_source(&source)?;
    let expectations = Expectations::parse(&value, &call.app.contract).map_err(|errors| {
        body::invalid(&body::locate(&source, errors.iter().map(|(pointer, message)| (&**pointer, &**message))))
    })?;
    // Before the journal is read, so that no exchange falls between the two.
    let changes = (wait_ms > 0).then(|| call.sandbox.watch_journal());
    let verdict = evaluate(&expectations, &call.sandbox.journal_snapshot(), &call.app.contract);
    // Status 200 for a failed verdict too; `?fail=true` selects 409, for `curl --fail`.
    let status = if fail && !verdict.passed { StatusCode::CONFLICT } else { StatusCode::OK };
    let mut response = match format {
        VerdictFormat::Text => Response::new(status, verdict.to_string()).with_header(CONTENT_TYPE, TEXT),
        VerdictFormat::Junit => {
            let text = junit::junit(&verdict).map_err(|error| Problem::internal(&error.to_string()))?;
            Response::new(status, text).with_header(CONTENT_TYPE, XML)
        }
        VerdictFormat::Json => {
            let mut json = json!(verdict);
            json["text"] = verdict.to_string().into();
            Response::json(status, json.to_string())
        }
    };
    if let Some(changes) = changes.filter(|_| !verdict.passed && verdict.can_still_pass) {
        response.recheck = Some(Box::new(Recheck { changes, within_ms: wait_ms }));
    }
    Ok(response.with_header(VARY, HeaderValue::from_static("Accept, Accept-Encoding")))
}

/// Text when `Accept` begins with `text/plain`, `JUnit` when it begins with XML, else JSON.
fn negotiate_format(call: &ControlCall<'_>) -> VerdictFormat {
    let accept = call.request.header(&ACCEPT).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
    match first.as_str() {
        "text/plain" => VerdictFormat::Text,
        "application/xml" | "text/xml" | "application/junit+xml" => VerdictFormat::Junit,
        _ => VerdictFormat::Json,
    }
}
