//! Reports: saved statistics queries, for the account, or for everyone who has the token of a shared report.

use std::sync::Arc;

use rand::RngExt;
use serde_json::{Map, Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use super::crud::{self, CollectionHooks};
use super::events::filter::EventFilter;
use super::statistics::{self, Column};
use crate::contract::standard::StandardCollection;
use crate::leadconduit::rules::{Condition, Dialect};
use crate::leadconduit::state::{Account, Collection};
use crate::leadconduit::timeframe::time_zone_or_utc;
use crate::support::document::{Document, TypedDocument, items, text};
use crate::support::ids::ObjectId;
use crate::support::rng::Purpose;

pub(super) const HOOKS: CollectionHooks = CollectionHooks { prepare, ..CollectionHooks::NONE };

/// A report: which events it selects, and what it shows of them.
struct ReportDefinition {
    /// The error is 422 for rules that cannot be parsed.
    rules: Result<Condition, ApiError>,
    columns: Vec<Column>,
    group_by: Vec<String>,
}

impl TypedDocument for ReportDefinition {
    fn from_value(report: &Value) -> Self {
        let none = Value::Array(Vec::new());
        let rules = Condition::parse_list(report.get("rules").unwrap_or(&none), Dialect::Report);
        Self {
            rules: rules.map_err(|error| ApiError::new(422, format!("/rules{error}"))),
            columns: columns_of(report),
            group_by: items(report, "group_by").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    Ok(OperationResponse::json(200, find_report(context)?.1.bytes()))
}

pub(super) fn run(context: &ReadContext<'_>) -> OperationResult {
    let (account, report) = find_report(context)?;
    run_statistics(context, account, report.typed(), &[])
}

pub(super) fn preview(context: &ReadContext<'_>) -> OperationResult {
    let columns: Vec<Column> = context.input.queries("columns").filter_map(Column::from_name).collect();
    run_statistics(context, context.account()?, &ReportDefinition::from_value(&context.input.body), &columns)
}

/// The names that the rows of a shared report may refer to. The path has a token; an id is not found.
pub(super) fn meta(context: &ReadContext<'_>) -> OperationResult {
    let token = context.input.path("token");
    let (account, _) = find_shared(context, token).ok_or_else(|| ApiError::not_found(Collection::Reports))?;
    let vars: Vec<&Value> =
        context.standard().all(StandardCollection::Vars).iter().map(|document| document.value()).collect();
    Ok(OperationResponse::ok(&json!({
        "token": token.to_ascii_lowercase(),
        "account_name": account.document().text("name"),
        "vars": vars,
        "flows": account.all(Collection::Flows).values().map(|flow| id_and_name(flow.value())).collect::<Vec<_>>(),
        "entities": report_entities(account),
    })))
}

pub(super) fn share(context: &mut WriteContext<'_>) -> OperationResult {
    let (mut rng, _) = context.world.random_stream(Purpose::Responses);
    // The paths require the form of an id; all of its bytes are random, so that tokens cannot be guessed.
    let (second, process, counter): (u32, [u8; 5], u32) = rng.rng().random();
    let token = ObjectId::new(second.into(), process, counter).to_string();
    set_token(context, &token.into())
}

pub(super) fn unshare(context: &mut WriteContext<'_>) -> OperationResult {
    set_token(context, &Value::Null)
}

fn set_token(context: &mut WriteContext<'_>, token: &Value) -> OperationResult {
    let mut report = crud::require_own(context, Collection::Reports)?.to_value();
    report["token"] = token.clone();
    context.put(Collection::Reports, &report)?;
    Ok(OperationResponse::ok(&json!({"token": token})))
}

/// Checks the rules of a report, and keeps its token.
fn prepare(_: &mut WriteContext<'_>, report: &mut Value, previous: Option<&Document>) -> Result<(), ApiError> {
    ReportDefinition::from_value(report).rules?;
    if let Some(token) = previous.and_then(|previous| previous.value().get("token")) {
        report["token"] = token.clone();
    }
    Ok(())
}

/// Finds the report of the path: an own one by its id, or a shared one of any account by its token.
fn find_report<'a>(context: &ReadContext<'a>) -> Result<(&'a Account, &'a Arc<Document>), ApiError> {
    let id = context.input.path("id");
    if !context.caller.is_anonymous() {
        let account = context.account()?;
        if let Some(report) = account.get(Collection::Reports, id) {
            return Ok((account, report));
        }
    }
    let not_found = || {
        if context.caller.is_anonymous() {
            ApiError::not_authenticated()
        } else {
            ApiError::not_found(Collection::Reports)
        }
    };
    find_shared(context, id).ok_or_else(not_found)
}

/// Finds a shared report of any account by its token.
fn find_shared<'a>(context: &ReadContext<'a>, token: &str) -> Option<(&'a Account, &'a Arc<Document>)> {
    let has_token = |report: &&Arc<Document>| report.text("token").is_some_and(|own| own.eq_ignore_ascii_case(token));
    context.world.accounts().find_map(|(_, account)| {
        account.all(Collection::Reports).values().find(has_token).map(|report| (account, report))
    })
}

/// Runs a report's definition; without `columns`, with the columns of the definition.
fn run_statistics(
    context: &ReadContext<'_>,
    account: &Account,
    definition: &ReportDefinition,
    columns: &[Column],
) -> OperationResult {
    let require_time = |name: &str| {
        statistics::parse_time(context.input, name)?.ok_or_else(|| ApiError::new(400, format!("{name} is missing")))
    };
    let span = (require_time("start")?, require_time("end")?);
    let columns = if columns.is_empty() { definition.columns.clone() } else { columns.to_vec() };
    let query = statistics::StatisticsQuery {
        filter: EventFilter {
            start: Some(span.0),
            end: Some(span.1),
            conditions: vec![definition.rules.clone()?],
            ..EventFilter::default()
        },
        columns: Column::or_default(columns),
        group_by: definition.group_by.clone(),
        interval: None,
        zone: time_zone_or_utc("UTC"),
        span,
        by_lead: true,
    };
    let rows = statistics::rows(context, account, &query)?;
    statistics::respond(context.input, rows, &query)
}

/// The columns of a definition: names, or objects whose keys are names.
fn columns_of(definition: &Value) -> Vec<Column> {
    let names = items(definition, "columns").iter().flat_map(|column| {
        let keys = column.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
        column.as_str().into_iter().chain(keys)
    });
    names.filter_map(Column::from_name).collect()
}

fn id_and_name(document: &Value) -> Value {
    json!({"id": text(document, "id"), "name": text(document, "name")})
}

/// The account's own entities and those in its flows, each once.
fn report_entities(account: &Account) -> Vec<Value> {
    let mut found: Vec<Value> =
        account.all(Collection::Entities).values().map(|entity| id_and_name(entity.value())).collect();
    for flow in account.all(Collection::Flows).values() {
        let parts = ["sources", "steps"].into_iter().flat_map(|name| items(flow.value(), name));
        for entity in parts.filter_map(|part| part.get("entity")).filter(|entity| entity.get("name").is_some()) {
            if !found.iter().any(|known| known["id"] == entity["id"]) {
                found.push(id_and_name(entity));
            }
        }
    }
    found
}
