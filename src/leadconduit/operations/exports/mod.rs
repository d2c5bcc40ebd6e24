//! Exports: jobs that write events to a CSV file.
//!
//! The result of a job is determined on creation; its progress follows from the sandbox's clock. The file is generated
//! from the events on each download.

mod file;

use std::sync::Arc;

use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use serde_json::{Map, Value, json};

use self::file::ExportDefinition;
use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use crate::leadconduit::state::{Caller, Collection};
use crate::support::clock::{SignedDuration, Timestamp, format_timestamp};
use crate::support::document::Document;

/// The time from creation to the status `processing`.
const PROCESSING_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// The time from creation to the final status.
const COMPLETE_AFTER: SignedDuration = SignedDuration::from_secs(3);

/// The time from creation to the expiry of the file.
const FILE_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The maximum number of jobs per account; the oldest are evicted.
const EXPORTS_MAX: usize = 1000;

/// The maximum number of downloads that a job lists; the oldest are evicted.
const DOWNLOADS_MAX: usize = 100;

/// The stored property with the id of the last event at creation. It is not part of responses.
const LAST_EVENT: &str = "upto";

/// The default columns.
const DEFAULT_FIELDS: [&str; 12] = [
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

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let newest_first = context.account()?.all(Collection::Exports).values().rev();
    let rendered: Value =
        newest_first.filter(|export| !is_expired(context, export)).map(|export| render(context, export)).collect();
    Ok(OperationResponse::ok(&rendered))
}

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    let export = find(context)?;
    Ok(OperationResponse::ok(&render(context, export)))
}

pub(super) fn create(context: &mut WriteContext<'_>) -> OperationResult {
    let mut export = Map::new();
    let now = context.timestamp();
    let id = context.world.next_id(context.now);
    let body = |name: &str| context.input.body.get(name).cloned();
    export.insert("id".to_owned(), id.into());
    export.insert("created_at".to_owned(), now.into());
    export.insert("status".to_owned(), "complete".into());
    for (name, default) in [
        ("start", Value::Null),
        ("end", Value::Null),
        ("filter_rules", json!([])),
        ("email_to", json!([])),
        ("fields", json!(DEFAULT_FIELDS)),
        ("date_format", "standard".into()),
    ] {
        export.insert(name.to_owned(), body(name).unwrap_or(default));
    }
    export.insert("user".to_owned(), render_user(context.caller));
    export.insert("expires_at".to_owned(), timestamp_after(context.now, FILE_LIFETIME).into());
    let events = context.read_context().events()?;
    if let Some(last) = events.last() {
        export.insert(LAST_EVENT.to_owned(), last.to_string().into());
    }
    let mut export = Value::Object(export);
    let definition = ExportDefinition::parse(&export)?;
    definition.require_known_fields(&context.read_context())?;
    let count = definition.count(&events);
    if count > file::ROWS_MAX {
        export["status"] = "truncated".into();
        export["reason"] = json!({"message": format!("the file contains the first {} events only", file::ROWS_MAX)});
    }
    export["exported_docs"] = count.min(file::ROWS_MAX).into();
    export["file_name"] = format!("leadconduit-export-{id}.csv").into();
    export["downloads"] = json!([]);
    let document = context.put(Collection::Exports, &export)?;
    let exports = context.account()?.all(Collection::Exports);
    if let Some(oldest) = exports.keys().next().filter(|_| exports.len() > EXPORTS_MAX).cloned() {
        context.remove(Collection::Exports, &oldest)?;
    }
    Ok(OperationResponse::created(&render(&context.read_context(), &document)))
}

pub(super) fn download(context: &mut WriteContext<'_>) -> OperationResult {
    let read_context = context.read_context();
    let found = Arc::clone(find(&read_context)?);
    let status = current_status(&read_context, &found);
    if !matches!(status, "complete" | "truncated") {
        return Err(ApiError::new(404, format!("the export is {status} and has no file")));
    }
    let body = ExportDefinition::parse(found.value())?.csv_file(&read_context.events()?)?;
    let mut export = found.value().clone();
    let download = json!({"user": render_user(context.caller), "downloaded_at": context.timestamp()});
    match export.get_mut("downloads").and_then(Value::as_array_mut) {
        Some(downloads) => {
            downloads.push(download);
            let excess = downloads.len().saturating_sub(DOWNLOADS_MAX);
            downloads.drain(..excess);
        }
        None => export["downloads"] = json!([download]),
    }
    context.put(Collection::Exports, &export)?;
    let name = found.text("file_name").unwrap_or("export.csv").replace(['"', '\\'], "_");
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.map_err(|_| ApiError::internal("the file name is not a valid header value"))?;
    let mut response = OperationResponse::json(200, body.into());
    response.media_type = HeaderValue::from_static("text/csv; charset=utf-8");
    response.headers.push((CONTENT_DISPOSITION, disposition));
    Ok(response)
}

/// Finds the job of the path; expired jobs are not found.
fn find<'a>(context: &ReadContext<'a>) -> Result<&'a Arc<Document>, ApiError> {
    let export = context.account()?.get(Collection::Exports, context.input.path("id"));
    export.filter(|export| !is_expired(context, export)).ok_or_else(|| ApiError::not_found(Collection::Exports))
}

fn is_expired(context: &ReadContext<'_>, export: &Document) -> bool {
    export.text("expires_at").is_some_and(|at| context.has_passed(at))
}

/// The current status: the final one is stored, and the time since creation decides whether it is reached.
fn current_status<'e>(context: &ReadContext<'_>, export: &'e Document) -> &'e str {
    let final_status = export.text("status").unwrap_or_default();
    let Some(created_at) = export.text("created_at").and_then(|at| at.parse().ok()) else { return final_status };
    match final_status {
        "complete" | "truncated" if !context.has_passed(&timestamp_after(created_at, PROCESSING_AFTER)) => "created",
        "complete" | "truncated" if !context.has_passed(&timestamp_after(created_at, COMPLETE_AFTER)) => "processing",
        status => status,
    }
}

/// Renders a job with its current status. The result is omitted while the job is in progress.
fn render(context: &ReadContext<'_>, export: &Document) -> Value {
    let status = current_status(context, export);
    let is_in_progress = matches!(status, "created" | "processing");
    let is_hidden = |name: &str| {
        name == LAST_EVENT || is_in_progress && matches!(name, "exported_docs" | "file_name" | "reason" | "error")
    };
    let parts = export.value().as_object().into_iter().flatten().filter(|(name, _)| !is_hidden(name));
    let mut rendered: Map<String, Value> = parts.map(|(name, value)| (name.clone(), value.clone())).collect();
    rendered.insert("status".to_owned(), status.into());
    Value::Object(rendered)
}

fn render_user(caller: &Caller) -> Value {
    let user = caller.document.value();
    let parts = ["id", "first_name", "last_name", "email", "sso_id"].into_iter();
    parts.filter_map(|name| Some((name.to_owned(), user.get(name)?.clone()))).collect::<Map<_, _>>().into()
}

fn timestamp_after(at: Timestamp, duration: SignedDuration) -> String {
    format_timestamp(at.checked_add(duration).unwrap_or(Timestamp::MAX))
}
