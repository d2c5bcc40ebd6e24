//! The lead search.

mod query;

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use self::query::SearchQuery;
use super::super::api_error::ApiError;
use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};
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
    let highlight: Map<String, Value> = fields.map(|(name, marked)| (name.to_owned(), json!([marked]))).collect();
    if !highlight.is_empty() {
        rendered.insert("highlight".to_owned(), Value::Object(highlight));
    }
    if latest.is_object() {
        rendered.insert("latest_event".to_owned(), latest);
    }
    Value::Object(rendered)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::contract::validate::OperationInput;
    use crate::leadconduit::state::events::{EventSummary, EventType, GeneratedEvents, Outcome};
    use crate::leadconduit::state::sso::SsoCallContext;
    use crate::leadconduit::state::{Caller, World};
    use crate::support::clock::Clock;
    use crate::support::document::Document;
    use crate::support::ids::ObjectId;

    /// Generated leads that count how many documents of their events are made.
    #[derive(Debug)]
    struct Counted {
        summaries: Vec<EventSummary>,
        leads: Vec<Lead>,
        documents: AtomicUsize,
    }

    impl GeneratedEvents for Counted {
        fn count(&self) -> usize {
            self.summaries.len()
        }

        fn summary(&self, at: usize) -> Option<EventSummary> {
            self.summaries.get(at).copied()
        }

        fn value(&self, at: usize) -> Value {
            self.documents.fetch_add(1, Ordering::Relaxed);
            json!({"id": self.summaries[at].id.to_string()})
        }

        fn leads(&self) -> &[Lead] {
            &self.leads
        }

        fn plan(&self) -> Value {
            Value::Null
        }
    }

    #[test]
    fn only_documents_of_the_page_are_made() {
        const LEADS: u32 = 10_000;
        let now: Timestamp = "2026-01-15T09:00:00Z".parse().unwrap();
        let id = |number| ObjectId::new(now.as_second(), [0; 5], number);
        let summary = |number| EventSummary {
            id: id(number),
            kind: EventType::Source,
            outcome: Outcome::Success,
            start_ms: now.as_millisecond(),
            ms: 1,
            lead: Some(id(number)),
            flow: None,
            source: None,
            recipient: None,
            cost: 0.0,
            revenue: 0.0,
        };
        let lead = |number| {
            let fields = [("first_name", format!("Ann{}", number % 10))].into_iter().collect();
            Lead { id: id(number), latest: id(number), submitted_ms: now.as_millisecond(), fields }
        };
        let past = Arc::new(Counted {
            summaries: (0..LEADS).map(summary).collect(),
            leads: (0..LEADS).map(lead).collect(),
            documents: AtomicUsize::new(0),
        });
        let document = json!({});
        let mut world = World::empty(1, Clock::Frozen(now));
        world.put_account("acme", Document::new(&document));
        world.add_history("acme", Arc::<Counted>::clone(&past));
        let caller =
            Caller { account: "acme".into(), user: "ann".into(), document: Arc::new(Document::new(&document)) };
        for (query, total, shown) in
            [("", 10_000, 100), ("ann", 10_000, 100), ("ann7", 1_000, 100), ("bob", 0, 0), (&id(7).to_string(), 1, 1)]
        {
            let pairs = [("query", query), ("limit", "100"), ("from", "0"), ("sort_by", "first_name")];
            let query = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let input = OperationInput { query, ..OperationInput::default() };
            let line = SsoCallContext::new("search_leads");
            past.documents.store(0, Ordering::Relaxed);
            let answer = search(&ReadContext::new(&world, &caller, &input, now, &line)).unwrap();
            let found: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((&found["total"], found["hits"].as_array().unwrap().len()), (&json!(total), shown), "{input:?}");
            assert_eq!(past.documents.load(Ordering::Relaxed), shown, "{input:?}");
        }
    }
}
