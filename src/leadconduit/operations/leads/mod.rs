//! The search for leads.

mod query;

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use self::query::Query;
use super::super::context::ReadContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use crate::leadconduit::state::events::{EventLog, Lead};
use crate::support::clock::{Timestamp, stamp};
use crate::support::document::text;

/// How far into the matches a search reaches.
const REACH: usize = 1000;

/// The fields of a lead that a match shows.
const SHOWN: [&str; 10] = [
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

/// A lead that matches, and how well.
struct Hit<'a> {
    lead: &'a Lead,
    score: u32,
}

pub(super) fn search(call: &ReadContext<'_>) -> Outcome {
    let number = |name: &str, default| call.input.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (from, limit): (usize, usize) = (number("from", 0), number("limit", 10));
    let reach = from.saturating_add(limit);
    if reach > REACH {
        return Err(ApiError::new(400, format!("from and limit may reach {REACH} together, not {reach}")));
    }
    let query = Query::read(call.input.query("query").unwrap_or_default());
    let events = call.events()?;
    let mut hits: Vec<Hit<'_>> =
        events.leads().filter_map(|lead| Some(Hit { lead, score: query.score(lead)? })).collect();
    let total = hits.len();
    let descends = call.input.query("sort_dir") == Some("desc");
    match call.input.query("sort_by") {
        None => hits.sort_unstable_by(|a, b| b.score.cmp(&a.score).then(b.lead.id.cmp(&a.lead.id))),
        Some(field) => hits.sort_unstable_by(|a, b| {
            let order = compare(a.lead, b.lead, field, descends);
            order.then(b.lead.id.cmp(&a.lead.id))
        }),
    }
    let page = hits.iter().skip(from).take(limit.min(100));
    let shown: Vec<Value> = page.map(|hit| show(hit.lead, &query, &events)).collect();
    Ok(OperationResponse::ok(&json!({"hits": shown, "total": total})))
}

/// The order of two leads by a field. What has nothing there comes last, whichever way it goes.
fn compare(a: &Lead, b: &Lead, field: &str, descends: bool) -> Ordering {
    let turned = |order: Ordering| if descends { order.reverse() } else { order };
    match field {
        "lead_id" => turned(a.id.cmp(&b.id)),
        "submission_timestamp" => turned(a.submitted_ms.cmp(&b.submitted_ms)),
        field => {
            let (x, y) = (a.field(field), b.field(field));
            x.is_empty().cmp(&y.is_empty()).then_with(|| turned(query::lower(x).cmp(query::lower(y))))
        }
    }
}

/// A lead as a match shows it, with its latest event.
fn show(lead: &Lead, query: &Query, events: &EventLog) -> Value {
    let latest = events.get(lead.latest).map(|event| event.value().into_owned()).unwrap_or_default();
    let mut shown = Map::new();
    shown.insert("lead_id".to_owned(), lead.id.to_string().into());
    for (name, of) in [("flow", &latest["vars"]["flow"]), ("source", &latest["vars"]["source"])] {
        for part in ["id", "name"] {
            let value = text(of, part);
            if !value.is_empty() {
                shown.insert(format!("{name}_{part}"), value.into());
            }
        }
    }
    for name in SHOWN {
        let value = lead.field(name);
        if !value.is_empty() {
            shown.insert(name.to_owned(), value.into());
        }
    }
    let submitted = Timestamp::from_millisecond(lead.submitted_ms).unwrap_or_default();
    shown.insert("submission_timestamp".to_owned(), stamp(submitted).into());
    let fields = lead.fields.iter().filter_map(|(name, value)| Some((name, query.highlight(value)?)));
    let highlight: Map<String, Value> = fields.map(|(name, marked)| (name.to_string(), json!([marked]))).collect();
    if !highlight.is_empty() {
        shown.insert("highlight".to_owned(), Value::Object(highlight));
    }
    if latest.is_object() {
        shown.insert("latest_event".to_owned(), latest);
    }
    Value::Object(shown)
}
