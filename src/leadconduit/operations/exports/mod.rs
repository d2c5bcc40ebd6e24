//! Exports: jobs that write events into a file.
//!
//! What a job comes to is settled when it is asked for; that it takes its time is a matter of the clock. The file itself
//! is made of the events whenever somebody fetches it.

mod file;

use std::sync::Arc;

use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use serde_json::{Map, Value, json};

use self::file::Selection;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use crate::leadconduit::state::{Caller, Collection};
use crate::support::clock::{SignedDuration, Timestamp, stamp};
use crate::support::document::Document;

/// After what time a job is worked on.
const PROCESSING_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// After what time it is done.
const DONE_AFTER: SignedDuration = SignedDuration::from_secs(3);

/// How long its file can be fetched.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many jobs an account keeps; the oldest go first.
const EXPORTS_MAX: usize = 1000;

/// How many downloads a job remembers; the oldest go first.
const DOWNLOADS_MAX: usize = 100;

/// What the mock keeps of a job besides: the last event that there was when it was asked for.
const UPTO: &str = "upto";

/// The columns of a file when none are asked for.
const FIELDS: [&str; 12] = [
    "id",
    "type",
    "outcome",
    "reason",
    "start_timestamp",
    "lead.id",
    "lead.first_name",
    "lead.last_name",
    "lead.email",
    "flow.name",
    "source.name",
    "recipient.name",
];

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    let newest_first = call.account()?.all(Collection::Exports).values().rev();
    let shown: Value = newest_first.filter(|export| !is_over(call, export)).map(|export| show(call, export)).collect();
    Ok(OperationResponse::ok(&shown))
}

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    let export = find(call)?;
    Ok(OperationResponse::ok(&show(call, export)))
}

pub(super) fn create(call: &mut WriteContext<'_>) -> Outcome {
    let mut export = Map::new();
    let now = call.stamp();
    let id = call.world.next_id(call.now);
    let body = |name: &str| call.input.body.get(name).cloned();
    export.insert("id".to_owned(), id.clone().into());
    export.insert("created_at".to_owned(), now.into());
    export.insert("status".to_owned(), "complete".into());
    for (name, default) in [
        ("start", Value::Null),
        ("end", Value::Null),
        ("filter_rules", json!([])),
        ("email_to", json!([])),
        ("fields", json!(FIELDS)),
        ("date_format", "standard".into()),
    ] {
        export.insert(name.to_owned(), body(name).unwrap_or(default));
    }
    export.insert("user".to_owned(), user(call.caller));
    export.insert("expires_at".to_owned(), after(call.now, KEPT).into());
    let events = call.reading().events()?;
    if let Some(last) = events.last() {
        export.insert(UPTO.to_owned(), last.to_string().into());
    }
    let mut export = Value::Object(export);
    let selection = Selection::read(&export)?;
    selection.check_fields(&call.reading())?;
    let count = selection.count(&events);
    if count > file::ROWS_MAX {
        export["status"] = "truncated".into();
        export["reason"] = json!({"message": format!("the file has the first {} events only", file::ROWS_MAX)});
    }
    export["exported_docs"] = count.min(file::ROWS_MAX).into();
    export["file_name"] = format!("leadconduit-export-{id}.csv").into();
    export["downloads"] = json!([]);
    let document = call.put(Collection::Exports, &export)?;
    let exports = call.account()?.all(Collection::Exports);
    if let Some(oldest) = exports.keys().next().filter(|_| exports.len() > EXPORTS_MAX).cloned() {
        call.remove(Collection::Exports, &oldest)?;
    }
    Ok(OperationResponse::created(&show(&call.reading(), &document)))
}

pub(super) fn download(call: &mut WriteContext<'_>) -> Outcome {
    let reading = call.reading();
    let found = Arc::clone(find(&reading)?);
    let status = status(&reading, &found);
    if !matches!(status, "complete" | "truncated") {
        return Err(ApiError::new(404, format!("the export is {status}: there is no file of it")));
    }
    let body = Selection::read(found.value())?.file(&reading.events()?)?;
    let mut export = found.value().clone();
    let download = json!({"user": user(call.caller), "downloaded_at": call.stamp()});
    match export.get_mut("downloads").and_then(Value::as_array_mut) {
        Some(downloads) => {
            downloads.push(download);
            let over = downloads.len().saturating_sub(DOWNLOADS_MAX);
            downloads.drain(..over);
        }
        None => export["downloads"] = json!([download]),
    }
    call.put(Collection::Exports, &export)?;
    let name = found.text("file_name").unwrap_or("export.csv").replace(['"', '\\'], "_");
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.map_err(|_| ApiError::internal("the file's name cannot stand in a header"))?;
    let mut answer = OperationResponse::of(200, body.into());
    answer.media_type = HeaderValue::from_static("text/csv; charset=utf-8");
    answer.headers.push((CONTENT_DISPOSITION, disposition));
    Ok(answer)
}

/// The job of the path, unless it is over.
fn find<'a>(call: &ReadContext<'a>) -> Result<&'a Arc<Document>, ApiError> {
    let export = call.account()?.get(Collection::Exports, call.input.path("id"));
    export.filter(|export| !is_over(call, export)).ok_or_else(|| ApiError::not_found(Collection::Exports))
}

fn is_over(call: &ReadContext<'_>, export: &Document) -> bool {
    export.text("expires_at").is_some_and(|at| call.has_passed(at))
}

/// How far a job is: where it comes to is known, the clock tells whether it is there.
fn status<'e>(call: &ReadContext<'_>, export: &'e Document) -> &'e str {
    let comes_to = export.text("status").unwrap_or_default();
    let Some(asked) = export.text("created_at").and_then(|at| at.parse().ok()) else { return comes_to };
    match comes_to {
        "complete" | "truncated" if !call.has_passed(&after(asked, PROCESSING_AFTER)) => "created",
        "complete" | "truncated" if !call.has_passed(&after(asked, DONE_AFTER)) => "processing",
        end => end,
    }
}

/// A job as it is now. What it will come to is not told before.
fn show(call: &ReadContext<'_>, export: &Document) -> Value {
    let status = status(call, export);
    let is_under_way = matches!(status, "created" | "processing");
    let hidden =
        |name: &str| name == UPTO || is_under_way && matches!(name, "exported_docs" | "file_name" | "reason" | "error");
    let parts = export.value().as_object().into_iter().flatten().filter(|(name, _)| !hidden(name));
    let mut shown: Map<String, Value> = parts.map(|(name, value)| (name.clone(), value.clone())).collect();
    shown.insert("status".to_owned(), status.into());
    Value::Object(shown)
}

fn user(caller: &Caller) -> Value {
    let of = caller.document.value();
    let parts = ["id", "first_name", "last_name", "email", "sso_id"].into_iter();
    parts.filter_map(|name| Some((name.to_owned(), of.get(name)?.clone()))).collect::<Map<_, _>>().into()
}

fn after(at: Timestamp, by: SignedDuration) -> String {
    stamp(at.checked_add(by).unwrap_or(at))
}
