//! Verification: judges expectations against the journal of a sandbox.

use http::header::{ACCEPT, CONTENT_TYPE, VARY};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult};
use super::query::Query;
use crate::http::message::Response;
use crate::recording::verify::{Expectations, evaluate};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The format of the response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VerdictFormat {
    Json,
    Text,
}

pub(super) fn verify(call: &ControlCall<'_>) -> ControlResult {
    let query = Query::parse(call, &["format", "fail"])?;
    let format = match query.get("format") {
        None => negotiate_format(call),
        Some("json") => VerdictFormat::Json,
        Some("text") => VerdictFormat::Text,
        Some(_) => return Err(body::bad_request("`format` must be json or text")),
    };
    let fail = query.value::<bool>("fail", "true or false")?.unwrap_or(false);
    let source = body::read(call)?;
    let value: Value = body::parse_source(&source)?;
    let expectations = Expectations::parse(&value, &call.app.contract).map_err(|errors| {
        body::invalid(&body::locate(&source, errors.iter().map(|(pointer, message)| (&**pointer, &**message))))
    })?;
    let verdict = evaluate(&expectations, &call.sandbox.journal_snapshot(), &call.app.contract);
    // Status 200 for a failed verdict too; `?fail=true` selects 409, for `curl --fail`.
    let status = if fail && !verdict.passed { StatusCode::CONFLICT } else { StatusCode::OK };
    let text = verdict.to_string();
    let response = match format {
        VerdictFormat::Text => Response::new(status, text).with_header(CONTENT_TYPE, TEXT),
        VerdictFormat::Json => {
            let mut json = json!(verdict);
            json["text"] = text.into();
            Response::json(status, json.to_string())
        }
    };
    Ok(response.with_header(VARY, HeaderValue::from_static("Accept, Accept-Encoding")))
}

/// Text when `Accept` begins with `text/plain`, else JSON.
fn negotiate_format(call: &ControlCall<'_>) -> VerdictFormat {
    let accept = call.request.header(&ACCEPT).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case("text/plain") { VerdictFormat::Text } else { VerdictFormat::Json }
}
