//! The lead search.

mod query;

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use self::query::SearchQuery;
use super::super::context::ReadContext;
use super::super::response::{ApiError, OperationResponse, OperationResult};
use crate::leadconduit::state::events::{EventLog, Lead};
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::text;

/// The maximum of `from` + `limit`.
const RESULT_WINDOW_MAX: usize = 1000;

/// The lead fields in the response.
const RENDERED_FIELDS: [&str; 10] = [
    "first_name",
    "last_name",
    "email",
    "phone_1",
    "phone_2",
    "address_1",
    "city",
    "state",
    "postal_code",
    "reference",
];

/// A matching lead with its score.
struct Hit<'a> {
    lead: &'a Lead,
    score: u32,
}

pub(super) fn search(context: &ReadContext<'_>) -> OperationResult {
    let number = |name: &str, default| context.input.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (from, limit): (usize, usize) = (number("from", 0), number("limit", 10));
    let window_end = from.saturating_add(limit);
    if window_end > RESULT_WINDOW_MAX {
        return Err(ApiError::new(400, format!("from + limit is {window_end}; the maximum is {RESULT_WINDOW_MAX}")));
    }
    let query = SearchQuery::parse(context.input.query("query").unwrap_or_default());
    let events = context.events()?;
    let mut hits: Vec<Hit<'_>> =
        events.leads().filter_map(|lead| Some(Hit { lead, score: query.score(lead)? })).collect();
    let total = hits.len();
    let descends = context.input.query("sort_dir") == Some("desc");
    match context.input.query("sort_by") {
        None => hits.sort_unstable_by(|a, b| b.score.cmp(&a.score).then(b.lead.id.cmp(&a.lead.id))),
        Some(field) => hits.sort_unstable_by(|a, b| {
            let order = compare(a.lead, b.lead, field, descends);
            order.then(b.lead.id.cmp(&a.lead.id))
        }),
    }
    let page = hits.iter().skip(from).take(limit.min(100));
    let rendered: Vec<Value> = page.map(|hit| render_hit(hit.lead, &query, &events)).collect();
    Ok(OperationResponse::ok(&json!({"hits": rendered, "total": total})))
}

/// Compares two leads by a field. Leads without a value come last in both directions.
fn compare(a: &Lead, b: &Lead, field: &str, descends: bool) -> Ordering {
    let directed = |order: Ordering| if descends { order.reverse() } else { order };
    match field {
        "lead_id" => directed(a.id.cmp(&b.id)),
        "submission_timestamp" => directed(a.submitted_ms.cmp(&b.submitted_ms)),
        field => {
            let (x, y) = (a.field(field), b.field(field));
            x.is_empty()
                .cmp(&y.is_empty())
                .then_with(|| directed(query::lowercase_chars(x).cmp(query::lowercase_chars(y))))
        }
    }
}

/// Renders a hit with the latest event of the lead.
fn render_hit(lead: &Lead, query: &SearchQuery, events: &EventLog) -> Value {
    let latest = events.get(lead.latest).map(|event| event.value().into_owned()).unwrap_or_default();
    let mut rendered = Map::new();
    rendered.insert("lead_id".to_owned(), lead.id.to_string().into());
    for (name, of) in [("flow", &latest["vars"]["flow"]), ("source", &latest["vars"]["source"])] {
        for part in ["id", "name"] {
            let value = text(of, part);
            if !value.is_empty() {
                rendered.insert(format!("{name}_{part}"), value.into());
            }
        }
    }
    for name in RENDERED_FIELDS {
        let value = lead.field(name);
        if !value.is_empty() {
            rendered.insert(name.to_owned(), value.into());
        }
    }
    let submitted = Timestamp::from_millisecond(lead.submitted_ms).unwrap_or_default();
    rendered.insert("submission_timestamp".to_owned(), format_timestamp(submitted).into());
    let fields = lead.fields.iter().filter_map(|(name, value)| Some((name, query.highlight(value)?)));
    let highlight: Map<String, Value> = fields.map(|(name, marked)| (name.to_string(), json!([marked]))).collect();
    if !highlight.is_empty() {
        rendered.insert("highlight".to_owned(), Value::Object(highlight));
    }
    if latest.is_object() {
        rendered.insert("latest_event".to_owned(), latest);
    }
    Value::Object(rendered)
}
