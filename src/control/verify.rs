//! Expectations, held against the sandbox's journal.

use http::header::{ACCEPT, CONTENT_TYPE, VARY};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::query::Query;
use super::{Call, Outcome, body};
use crate::http::message::Response;
use crate::recording::verify::{Evidence, Expectations, judge};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// How the verdict is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Text,
}

pub(super) fn verify(call: &Call<'_>) -> Outcome {
    let query = Query::read(call, &["format", "fail"])?;
    let format = match query.get("format") {
        None => accepted(call),
        Some("json") => Format::Json,
        Some("text") => Format::Text,
        Some(_) => return Err(body::refused("`format` is json or text")),
    };
    let fails = query.parsed::<bool>("fail", "true or false")?.unwrap_or(false);
    let source = body::source(call)?;
    let value: Value = source.parse_json_or_yaml().map_err(|error| body::mistakes(&[error]))?;
    let expectations = Expectations::new(&value, &call.stage.contract).map_err(|mistakes| {
        let diagnostics: Vec<_> =
            mistakes.into_iter().map(|(pointer, message)| source.at_pointer(&pointer, message)).collect();
        body::mistakes(&diagnostics)
    })?;
    let (exchanges, size) = (call.sandbox.exchanges(), call.sandbox.journal_size());
    let evidence = Evidence::new(exchanges, size, call.sandbox.keeps_journal());
    let verdict = judge(&expectations, &evidence, &call.stage.contract);
    // A verdict is an answer, whatever it says; who wants an exit code of `curl --fail` asks for one.
    let status = if fails && !verdict.passed { StatusCode::CONFLICT } else { StatusCode::OK };
    let text = verdict.to_string();
    let reply = match format {
        Format::Text => Response::new(status, text).with(CONTENT_TYPE, TEXT),
        Format::Json => {
            let mut shown = json!(verdict);
            shown["text"] = text.into();
            Response::json(status, shown.to_string())
        }
    };
    Ok(reply.with(VARY, HeaderValue::from_static("Accept, Accept-Encoding")))
}

/// Text for who asks for it first.
fn accepted(call: &Call<'_>) -> Format {
    let accept = call.request.header(&ACCEPT).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case("text/plain") { Format::Text } else { Format::Json }
}
