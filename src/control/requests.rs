//! The journal: what was asked and answered, in `WireMock`'s shapes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::described;
use super::query::Query;
use super::{Call, Outcome, body, ok};
use crate::contract::problem::Problem;
use crate::http::message::Response;
use crate::recording::journal::near_miss;
use crate::recording::journal::near_miss::NEAR_MAX;
use crate::recording::journal::pattern::Pattern;
use crate::recording::journal::shape::View;
use crate::recording::journal::{AnsweredBy, Exchange};
use crate::support::clock::Timestamp;
use contract_files::yaml::nearest;

/// How many of the newest requests that met nothing are held against the operations.
const UNMATCHED_MAX: usize = 1000;

/// What a list of requests can be asked for.
const FILTERS: [&str; 9] =
    ["operation", "status", "method", "violations", "unmatched", "since", "limit", "before", "after"];

/// Which exchanges are wanted. What is not named does not matter.
#[derive(Debug)]
struct Filter {
    operation: Option<usize>,
    status: Option<u16>,
    method: Option<Method>,
    violations: Option<bool>,
    unmatched: Option<bool>,
    since: Option<Timestamp>,
}

impl Filter {
    fn read(call: &Call<'_>, query: &Query) -> Result<Self, Problem> {
        let status = query.parsed::<u16>("status", "a status such as 422")?;
        if let Some(status) = status.filter(|status| !(100..600).contains(status)) {
            return Err(body::refused(&format!("`status={status}` is no status: write one such as 422")));
        }
        let method = query.get("method").map(str::to_ascii_uppercase).map(|text| text.parse());
        let method = method.transpose().map_err(|_| body::refused("`method` is no method: write one such as GET"))?;
        Ok(Self {
            operation: query.get("operation").map(|id| operation(call, id)).transpose()?,
            status,
            method,
            violations: query.parsed("violations", "true or false")?,
            unmatched: query.parsed("unmatched", "true or false")?,
            since: query.parsed("since", "a time such as 2026-01-15T09:00:00Z")?,
        })
    }

    fn takes(&self, exchange: &Exchange) -> bool {
        self.operation.is_none_or(|operation| exchange.operation_index() == Some(operation))
            && self.status.is_none_or(|status| exchange.status == status)
            && self.method.as_ref().is_none_or(|method| exchange.method == *method)
            && self.violations.is_none_or(|wanted| exchange.violations.is_empty() != wanted)
            && self.unmatched.is_none_or(|wanted| (exchange.met == AnsweredBy::Nothing) == wanted)
            && self.since.is_none_or(|since| exchange.at >= since)
    }
}

/// The place of an operation, by its id.
fn operation(call: &Call<'_>, id: &str) -> Result<usize, Problem> {
    let all = &call.stage.contract.operations;
    if let Some(found) = all.iter().find(|operation| operation.id == id) {
        return Ok(found.index);
    }
    let hint = match nearest(id, all.iter().map(|operation| operation.id.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`leadconduit-mock operations` lists what is served".to_owned(),
    };
    let shown: String = id.chars().take(80).collect();
    Err(body::refused(&format!("there is no operation `{shown}`; {hint}")))
}

pub(super) fn list(call: &Call<'_>) -> Outcome {
    let query = Query::read(call, &FILTERS)?;
    let filter = Filter::read(call, &query)?;
    let limit = query.parsed::<usize>("limit", "how many at most, such as 50")?.unwrap_or(usize::MAX);
    let number = "the number of a request, as in X-Mock-Request-Id";
    let (before, after) = (query.parsed::<u64>("before", number)?, query.parsed::<u64>("after", number)?);
    let mut all = newest_first(call);
    all.retain(|exchange| filter.takes(exchange));
    let total = all.len();
    all.retain(|one| before.is_none_or(|before| one.number < before) && after.is_none_or(|after| one.number > after));
    let mut meta = json!({"total": total, "dropped": call.sandbox.journal_size().dropped});
    if all.len() > limit
        && let Some(last) = limit.checked_sub(1).and_then(|last| all.get(last))
    {
        meta["next"] = last.number.into();
    }
    all.truncate(limit);
    let rest = json!({"meta": meta, "requestJournalDisabled": !call.sandbox.keeps_journal()});
    Ok(listed("requests", all.iter().map(|exchange| view(call).event(exchange)), &rest))
}

pub(super) fn clear(call: &Call<'_>) -> Outcome {
    call.sandbox.clear_journal();
    Ok(ok(&json!({})))
}

pub(super) fn get(call: &Call<'_>) -> Outcome {
    let found = newest_first(call).into_iter().find(|one| Exchange::number_of(call.name) == Some(one.number));
    found.map(|exchange| ok(&view(call).event(&exchange))).ok_or_else(|| missing(call))
}

pub(super) fn remove_one(call: &Call<'_>) -> Outcome {
    let number = Exchange::number_of(call.name);
    let gone = call.sandbox.forget_exchanges(|one| number == Some(one.number));
    if gone.is_empty() { Err(missing(call)) } else { Ok(ok(&json!({}))) }
}

pub(super) fn unmatched(call: &Call<'_>) -> Outcome {
    let mut all = newest_first(call);
    all.retain(|exchange| exchange.met == AnsweredBy::Nothing);
    Ok(listed("requests", all.iter().map(|exchange| view(call).request(exchange)), &disabled(call)))
}

pub(super) fn find(call: &Call<'_>) -> Outcome {
    let (pattern, _) = pattern(call)?;
    let found = fitting(call, &pattern);
    Ok(listed("requests", found.iter().map(|exchange| view(call).request(exchange)), &disabled(call)))
}

pub(super) fn count(call: &Call<'_>) -> Outcome {
    let (pattern, _) = pattern(call)?;
    // As WireMock does: a count of none would let a test pass that expects none.
    let count = if call.sandbox.keeps_journal() { json!(fitting(call, &pattern).len()) } else { json!(-1) };
    let mut shown = json!({"count": count});
    shown["requestJournalDisabled"] = (!call.sandbox.keeps_journal()).into();
    Ok(ok(&shown))
}

pub(super) fn remove(call: &Call<'_>) -> Outcome {
    let (pattern, _) = pattern(call)?;
    // Patterns are held against a copy of the list: that can take long, and requests must not wait for it.
    let chosen = fitting(call, &pattern);
    let places: HashSet<*const Exchange> = chosen.iter().map(Arc::as_ptr).collect();
    let gone = call.sandbox.forget_exchanges(|exchange| places.contains(&std::ptr::from_ref(exchange)));
    Ok(listed("serveEvents", gone.iter().map(|exchange| view(call).event(exchange)), &disabled(call)))
}

pub(super) fn unmatched_near(call: &Call<'_>) -> Outcome {
    let mut all = newest_first(call);
    all.retain(|exchange| exchange.met == AnsweredBy::Nothing);
    all.truncate(UNMATCHED_MAX);
    let contract = &call.stage.contract;
    // A client that repeats itself is compared once.
    let mut known: HashMap<(&Method, &str), Vec<near_miss::NearMiss<'_>>> = HashMap::new();
    let mut shown = Vec::new();
    for exchange in &all {
        let asked = (&exchange.method, exchange.path());
        let misses = known.entry(asked).or_insert_with(|| near_miss::nearest(contract, Some(asked.0), asked.1));
        let request = view(call).request(exchange);
        shown.extend(misses.iter().map(|miss| miss.shown(&request)));
    }
    Ok(listed("nearMisses", shown.into_iter(), &disabled(call)))
}

/// The operations that are nearest to a request of which the call tells.
pub(super) fn near_request(call: &Call<'_>) -> Outcome {
    let described = described::read(call)?;
    let request = view(call).request(&described.exchange);
    let misses = near_miss::nearest(&call.stage.contract, described.method.as_ref(), described.exchange.path());
    Ok(listed("nearMisses", misses.iter().map(|miss| miss.shown(&request)), &disabled(call)))
}

/// The requests that are nearest to a pattern.
pub(super) fn near_pattern(call: &Call<'_>) -> Outcome {
    let (pattern, value) = pattern(call)?;
    let contract = &call.stage.contract;
    let mut all: Vec<(f64, Arc<Exchange>)> =
        newest_first(call).into_iter().map(|exchange| (pattern.distance(&exchange, contract), exchange)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.truncate(NEAR_MAX);
    let veiled = near_miss::veiled(&value);
    let shown = all.iter().map(|(distance, exchange)| {
        let differences = pattern.compare(exchange, contract);
        near_miss::shown_for_pattern(&view(call).request(exchange), &veiled, *distance, &differences)
    });
    Ok(listed("nearMisses", shown, &disabled(call)))
}

/// The body as a pattern of `WireMock`'s, and as it was sent.
fn pattern(call: &Call<'_>) -> Result<(Pattern, Value), Problem> {
    let source = body::source(call)?;
    let value: Value = source.parse_json_or_yaml().map_err(|error| body::mistakes(&[error]))?;
    let pattern = Pattern::new(&value, &call.stage.contract).map_err(|mistakes| {
        let all: Vec<_> = mistakes.iter().map(|(pointer, message)| source.at_pointer(pointer, message)).collect();
        body::mistakes(&all)
    })?;
    Ok((pattern, value))
}

/// The exchanges that fit, the oldest first.
fn fitting(call: &Call<'_>, pattern: &Pattern) -> Vec<Arc<Exchange>> {
    let mut all = call.sandbox.exchanges();
    all.retain(|exchange| pattern.fits(exchange, &call.stage.contract));
    all
}

/// All exchanges by their numbers, which they got when they came in; they were written down when they were answered.
fn newest_first(call: &Call<'_>) -> Vec<Arc<Exchange>> {
    let mut all = call.sandbox.exchanges();
    all.reverse();
    all.sort_by_key(|exchange| std::cmp::Reverse(exchange.number));
    all
}

fn view<'a>(call: &Call<'a>) -> View<'a> {
    View { contract: &call.stage.contract, sandbox: &call.sandbox.name, scheme: call.stage.scheme }
}

fn disabled(call: &Call<'_>) -> Value {
    json!({"requestJournalDisabled": !call.sandbox.keeps_journal()})
}

/// A list, and what stands beside it. The list may be long: each item becomes text before the next is made.
fn listed(name: &str, items: impl Iterator<Item = Value>, rest: &Value) -> Response {
    let mut text = format!("{{\"{name}\":[");
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&item.to_string());
    }
    text.push_str("],");
    let rest = rest.to_string();
    text.push_str(rest.strip_prefix('{').unwrap_or("}"));
    Response::json(StatusCode::OK, text)
}

/// 404: the journal has no such request, with what it has.
fn missing(call: &Call<'_>) -> Problem {
    let id: String = call.name.chars().take(80).collect();
    let numbers: Vec<u64> = call.sandbox.exchanges().iter().map(|exchange| exchange.number).collect();
    let why = match (numbers.iter().min(), numbers.iter().max()) {
        _ if !call.sandbox.keeps_journal() => {
            "this server keeps none; start it with a larger --journal-entries-max".to_owned()
        }
        _ if Exchange::number_of(call.name).is_none() => {
            "write a number as in X-Mock-Request-Id, or an id as GET /__admin/requests tells it".to_owned()
        }
        (Some(first), Some(last)) => {
            let dropped = call.sandbox.journal_size().dropped;
            format!(
                "the journal of sandbox `{}` goes from {first} to {last}; {dropped} were dropped",
                call.sandbox.name
            )
        }
        _ => format!("the journal of sandbox `{}` is empty", call.sandbox.name),
    };
    Problem::new(StatusCode::NOT_FOUND, "control-api", "Not found", format!("there is no request `{id}`: {why}"))
}
