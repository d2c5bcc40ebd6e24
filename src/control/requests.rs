//! The journal of a sandbox, in the JSON shapes of `WireMock`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{ControlCall, ControlResult, ok};
use super::query::Query;
use super::{body, logged_request};
use crate::contract::problem::{Problem, ProblemType};
use crate::http::message::Response;
use crate::recording::journal::Exchange;
use crate::recording::journal::exchange_json::{Summary, WireMockView};
use crate::recording::journal::near_miss::{self, NEAR_MISSES_MAX, NearMiss};
use crate::recording::journal::pattern::RequestPattern;
use crate::support::clock::Timestamp;
use contract_files::yaml::nearest;

/// How many of the newest unmatched requests are compared with the operations.
const UNMATCHED_MAX: usize = 1000;

/// The query parameters of the list.
const LIST_PARAMETERS: [&str; 10] =
    ["operation", "status", "method", "violations", "unmatched", "since", "limit", "before", "after", "sandbox"];

/// Selects exchanges; `None` selects all.
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
    fn parse(call: &ControlCall<'_>, query: &Query) -> Result<Self, Problem> {
        let status = query.value::<u16>("status", "a status such as 422")?;
        if let Some(status) = status.filter(|status| !(100..600).contains(status)) {
            return Err(body::bad_request(&format!("`status={status}` is not an HTTP status; write one such as 422")));
        }
        let method = query.get("method").map(str::to_ascii_uppercase).map(|text| text.parse());
        let method = method
            .transpose()
            .map_err(|_| body::bad_request("`method` is not an HTTP method; write one such as GET"))?;
        Ok(Self {
            operation: query.get("operation").map(|id| operation_index(call, id)).transpose()?,
            status,
            method,
            violations: query.value("violations", "true or false")?,
            unmatched: query.value("unmatched", "true or false")?,
            since: query.value("since", "a time such as 2026-01-15T09:00:00Z")?,
        })
    }

    fn matches(&self, exchange: &Exchange) -> bool {
        self.operation.is_none_or(|operation| exchange.operation_index() == Some(operation))
            && self.status.is_none_or(|status| exchange.status == status)
            && self.method.as_ref().is_none_or(|method| exchange.method == *method)
            && self.violations.is_none_or(|expected| exchange.breaks_contract() == expected)
            && self.unmatched.is_none_or(|expected| exchange.is_unmatched() == expected)
            && self.since.is_none_or(|since| exchange.at >= since)
    }
}

/// The index of an operation in the contract, by its id.
fn operation_index(call: &ControlCall<'_>, id: &str) -> Result<usize, Problem> {
    let all = &call.app.contract.operations;
    if let Some(found) = all.iter().find(|operation| operation.id == id) {
        return Ok(found.index);
    }
    let hint = match nearest(id, all.iter().map(|operation| operation.id.as_str())) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`leadconduit-mock operations` lists all".to_owned(),
    };
    let shown: String = id.chars().take(80).collect();
    Err(body::bad_request(&format!("there is no operation `{shown}`; {hint}")))
}

pub(super) fn list(call: &ControlCall<'_>) -> ControlResult {
    list_exchanges(call, false)
}

/// The same list, with the data of the event `exchange` in place of whole exchanges.
pub(super) fn summaries(call: &ControlCall<'_>) -> ControlResult {
    list_exchanges(call, true)
}

fn list_exchanges(call: &ControlCall<'_>, is_summary: bool) -> ControlResult {
    let query = Query::parse(call, &LIST_PARAMETERS)?;
    let filter = Filter::parse(call, &query)?;
    let limit = query.value::<usize>("limit", "the largest number of requests, such as 50")?.unwrap_or(usize::MAX);
    let number = "the number of a request, as in X-Mock-Request-Id";
    let (before, after) = (query.value::<u64>("before", number)?, query.value::<u64>("after", number)?);
    match query.get("sandbox") {
        None => {}
        Some("*") if before.or(after).is_some() => {
            let detail = "`before` and `after` are numbers of one sandbox; leave them out, or leave out `sandbox=*`";
            return Err(body::bad_request(detail));
        }
        Some("*") => return Ok(list_all(call, &filter, limit, is_summary)),
        Some(_) => {
            let detail = "`sandbox` can only be `*`, for all sandboxes; use the header X-Mock-Sandbox to select one";
            return Err(body::bad_request(detail));
        }
    }
    let mut all = newest_first(call);
    all.retain(|exchange| filter.matches(exchange));
    let total = all.len();
    all.retain(|one| before.is_none_or(|before| one.number < before) && after.is_none_or(|after| one.number > after));
    let mut meta = json!({"total": total, "dropped": call.sandbox.journal_size().dropped});
    if all.len() > limit
        && let Some(last) = limit.checked_sub(1).and_then(|last| all.get(last))
    {
        meta["next"] = last.number.into();
    }
    all.truncate(limit);
    let rest = json!({"meta": meta, "requestJournalDisabled": !call.sandbox.is_journal_enabled()});
    let items = all.iter().map(|exchange| item(call, &call.sandbox.name, exchange, is_summary));
    Ok(list_response("requests", items, &rest))
}

/// The exchanges of all sandboxes, the newest first by the clocks of the sandboxes.
fn list_all(call: &ControlCall<'_>, filter: &Filter, limit: usize, is_summary: bool) -> Response {
    let sandboxes = call.app.sandboxes.list();
    let mut all: Vec<(&str, Arc<Exchange>)> = Vec::new();
    let (mut dropped, mut is_enabled) = (0, false);
    for sandbox in &sandboxes {
        dropped += sandbox.journal_size().dropped;
        is_enabled |= sandbox.is_journal_enabled();
        let exchanges = sandbox.exchanges().into_iter().filter(|exchange| filter.matches(exchange));
        all.extend(exchanges.map(|exchange| (&*sandbox.name, exchange)));
    }
    all.sort_by(|(a_name, a), (b_name, b)| (b.at, b_name, b.number).cmp(&(a.at, a_name, a.number)));
    let rest = json!({"meta": {"total": all.len(), "dropped": dropped}, "requestJournalDisabled": !is_enabled});
    all.truncate(limit);
    let items = all.iter().map(|(sandbox, exchange)| item(call, sandbox, exchange, is_summary));
    list_response("requests", items, &rest)
}

/// An exchange in a list: as `WireMock`'s serve event, or the data of the event `exchange`.
fn item(call: &ControlCall<'_>, sandbox: &str, exchange: &Exchange, is_summary: bool) -> String {
    if is_summary {
        serde_json::to_string(&summary(call, sandbox, exchange)).unwrap_or_default()
    } else {
        WireMockView { sandbox, ..view(call) }.event(exchange).to_string()
    }
}

/// An exchange without headers and bodies.
pub(super) fn summary<'e>(call: &ControlCall<'e>, sandbox: &'e str, exchange: &'e Exchange) -> Summary<'e> {
    Summary { exchange, operation: exchange.operation(&call.app.contract), sandbox }
}

pub(super) fn clear(call: &ControlCall<'_>) -> ControlResult {
    call.sandbox.clear_journal();
    Ok(ok(&json!({})))
}

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    let exchange = find_exchange(call, call.name)?;
    Ok(ok(&view(call).event(&exchange)))
}

/// The exchange with this number or id; 404 when the journal does not have it.
pub(super) fn find_exchange(call: &ControlCall<'_>, id: &str) -> Result<Arc<Exchange>, Problem> {
    let number = Exchange::parse_number(id);
    let found = newest_first(call).into_iter().find(|one| number == Some(one.number));
    found.ok_or_else(|| request_not_found(call, id))
}

pub(super) fn remove_one(call: &ControlCall<'_>) -> ControlResult {
    let number = Exchange::parse_number(call.name);
    let removed = call.sandbox.remove_exchanges(|one| number == Some(one.number));
    if removed.is_empty() { Err(request_not_found(call, call.name)) } else { Ok(ok(&json!({}))) }
}

pub(super) fn unmatched(call: &ControlCall<'_>) -> ControlResult {
    let mut all = newest_first(call);
    all.retain(|exchange| exchange.is_unmatched());
    Ok(list_response("requests", all.iter().map(|exchange| WireMockView::request(exchange)), &journal_status(call)))
}

pub(super) fn find(call: &ControlCall<'_>) -> ControlResult {
    let (pattern, _) = parse_pattern(call)?;
    let matching = matching_exchanges(call, &pattern);
    Ok(list_response(
        "requests",
        matching.iter().map(|exchange| WireMockView::request(exchange)),
        &journal_status(call),
    ))
}

pub(super) fn count(call: &ControlCall<'_>) -> ControlResult {
    let (pattern, _) = parse_pattern(call)?;
    let count = call.sandbox.count_exchanges(&pattern, &call.app.contract);
    let mut response = json!({
        // -1 as in WireMock, when it is not known.
        "count": count.known().map_or(json!(-1), |known| json!(known)),
        "requestJournalDisabled": !call.sandbox.is_journal_enabled(),
    });
    // Only where they matter: WireMock's clients do not know them.
    if count.undecided > 0 {
        response["undecided"] = count.undecided.into();
    }
    if count.dropped > 0 {
        response["dropped"] = count.dropped.into();
    }
    Ok(ok(&response))
}

pub(super) fn remove(call: &ControlCall<'_>) -> ControlResult {
    let (pattern, _) = parse_pattern(call)?;
    // Matching can take long, so it uses a copy of the list and holds no lock.
    let chosen = matching_exchanges(call, &pattern);
    let pointers: HashSet<*const Exchange> = chosen.iter().map(Arc::as_ptr).collect();
    let removed = call.sandbox.remove_exchanges(|exchange| pointers.contains(&std::ptr::from_ref(exchange)));
    Ok(list_response("serveEvents", removed.iter().map(|exchange| view(call).event(exchange)), &journal_status(call)))
}

pub(super) fn unmatched_near_misses(call: &ControlCall<'_>) -> ControlResult {
    let mut all = newest_first(call);
    all.retain(|exchange| exchange.is_unmatched());
    all.truncate(UNMATCHED_MAX);
    let contract = &call.app.contract;
    // Repeated requests are compared once.
    let mut known: HashMap<(&Method, &str), Vec<NearMiss<'_>>> = HashMap::new();
    let mut near_misses = Vec::new();
    for exchange in &all {
        let key = (&exchange.method, exchange.path());
        let misses = known.entry(key).or_insert_with(|| near_miss::nearest_operations(contract, Some(key.0), key.1));
        let request = WireMockView::request(exchange);
        near_misses.extend(misses.iter().map(|miss| near_miss::request_near_miss(&request, miss)));
    }
    Ok(list_response("nearMisses", near_misses.into_iter(), &journal_status(call)))
}

/// The operations nearest to the request in the body.
pub(super) fn near_misses_of_request(call: &ControlCall<'_>) -> ControlResult {
    let logged = logged_request::parse(call)?;
    let request = WireMockView::request(&logged.exchange);
    let misses = near_miss::nearest_operations(&call.app.contract, logged.method.as_ref(), logged.exchange.path());
    Ok(list_response(
        "nearMisses",
        misses.iter().map(|miss| near_miss::request_near_miss(&request, miss)),
        &journal_status(call),
    ))
}

/// The requests nearest to the pattern in the body.
pub(super) fn near_misses_of_pattern(call: &ControlCall<'_>) -> ControlResult {
    let (pattern, value) = parse_pattern(call)?;
    let contract = &call.app.contract;
    let mut all: Vec<(f64, Arc<Exchange>)> =
        newest_first(call).into_iter().map(|exchange| (pattern.distance(&exchange, contract), exchange)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.truncate(NEAR_MISSES_MAX);
    let redacted_pattern = near_miss::redacted_pattern(&value);
    let near_misses = all.iter().map(|(distance, exchange)| {
        let differences = pattern.differences(exchange, contract);
        near_miss::pattern_near_miss(&WireMockView::request(exchange), &redacted_pattern, *distance, &differences)
    });
    Ok(list_response("nearMisses", near_misses, &journal_status(call)))
}

/// The body as a `WireMock` request pattern, and as JSON.
fn parse_pattern(call: &ControlCall<'_>) -> Result<(RequestPattern, Value), Problem> {
    let source = body::read(call)?;
    let value: Value = body::parse_source(&source)?;
    let pattern = RequestPattern::parse(&value, &call.app.contract).map_err(|errors| {
        body::invalid(&body::locate(&source, errors.iter().map(|(pointer, message)| (&**pointer, &**message))))
    })?;
    Ok((pattern, value))
}

/// The exchanges that match, the oldest first.
fn matching_exchanges(call: &ControlCall<'_>, pattern: &RequestPattern) -> Vec<Arc<Exchange>> {
    let mut all = call.sandbox.exchanges();
    all.retain(|exchange| pattern.matches(exchange, &call.app.contract));
    all
}

/// All exchanges, by descending number. The journal is in order of responses, which can differ.
fn newest_first(call: &ControlCall<'_>) -> Vec<Arc<Exchange>> {
    let mut all = call.sandbox.exchanges();
    all.reverse();
    all.sort_by_key(|exchange| std::cmp::Reverse(exchange.number));
    all
}

pub(super) fn view<'a>(call: &ControlCall<'a>) -> WireMockView<'a> {
    WireMockView { contract: &call.app.contract, sandbox: &call.sandbox.name }
}

fn journal_status(call: &ControlCall<'_>) -> Value {
    json!({"requestJournalDisabled": !call.sandbox.is_journal_enabled()})
}

/// An object with a list and the members of `rest`. The list can be long, so items are serialised one by one.
fn list_response(name: &str, items: impl Iterator<Item = impl ToString>, rest: &Value) -> Response {
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

/// 404 for a request that is not in the journal, with the numbers that are.
fn request_not_found(call: &ControlCall<'_>, id: &str) -> Problem {
    let shown: String = id.chars().take(80).collect();
    let numbers: Vec<u64> = call.sandbox.exchanges().iter().map(|exchange| exchange.number).collect();
    let reason = match (numbers.iter().min(), numbers.iter().max()) {
        _ if !call.sandbox.is_journal_enabled() => {
            "the journal is disabled; start the server with a larger --journal-entries-max".to_owned()
        }
        _ if Exchange::parse_number(id).is_none() => {
            "write a number as in X-Mock-Request-Id, or an id from GET /__admin/requests".to_owned()
        }
        (Some(first), Some(last)) => {
            let dropped = call.sandbox.journal_size().dropped;
            format!(
                "the journal of sandbox `{}` has requests {first} to {last}; {dropped} were dropped",
                call.sandbox.name
            )
        }
        _ => format!("the journal of sandbox `{}` is empty", call.sandbox.name),
    };
    Problem::new(StatusCode::NOT_FOUND, ProblemType::NotFound, format!("there is no request `{shown}`: {reason}"))
}
