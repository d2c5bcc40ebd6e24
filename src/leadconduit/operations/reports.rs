//! Reports: statistics with a name, for the account or for whoever has the token.

use std::sync::Arc;

use rand::RngExt;
use serde_json::{Map, Value, json};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::crud;
use super::events::filter::Filter;
use super::statistics::{self, Column};
use crate::contract::standard::Kind;
use crate::leadconduit::rules::{Condition, Form};
use crate::leadconduit::state::{Account, Collection};
use crate::leadconduit::timeframe::zone;
use crate::support::document::{Document, items, text};
use crate::support::ids::ObjectId;
use crate::support::rng::Purpose;

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    Ok(OperationResponse::of(200, opened(call)?.1.bytes()))
}

pub(super) fn run(call: &ReadContext<'_>) -> Outcome {
    let (account, report) = opened(call)?;
    count(call, account, report.value(), &[])
}

pub(super) fn preview(call: &ReadContext<'_>) -> Outcome {
    let columns: Vec<Column> = call.input.queries("columns").filter_map(Column::named).collect();
    count(call, call.account()?, &call.input.body, &columns)
}

/// What a reader of a shared report needs: the names that its rows may hold. An id leads nowhere here.
pub(super) fn meta(call: &ReadContext<'_>) -> Outcome {
    let token = call.input.path("token");
    let (account, _) = shared(call, token).ok_or_else(|| ApiError::not_found(Collection::Reports))?;
    let vars: Vec<&Value> = call.standard().all(Kind::Vars).iter().map(|document| document.value()).collect();
    Ok(OperationResponse::ok(&json!({
        "token": token.to_ascii_lowercase(),
        "account_name": account.document().text("name"),
        "vars": vars,
        "flows": account.all(Collection::Flows).values().map(|flow| short(flow.value())).collect::<Vec<_>>(),
        "entities": entities(account),
    })))
}

pub(super) fn share(call: &mut WriteContext<'_>) -> Outcome {
    let (mut chance, _) = call.world.draw(Purpose::Replies);
    // It has the form of an id, which is what the paths want, and nothing of it can be guessed.
    let (second, process, counter): (u32, [u8; 5], u32) = chance.rng().random();
    let token = ObjectId::new(second.into(), process, counter).to_string();
    set_token(call, &token.into())
}

pub(super) fn unshare(call: &mut WriteContext<'_>) -> Outcome {
    set_token(call, &Value::Null)
}

fn set_token(call: &mut WriteContext<'_>, token: &Value) -> Outcome {
    let mut report = crud::own(call, Collection::Reports)?.read();
    report["token"] = token.clone();
    call.put(Collection::Reports, &report)?;
    Ok(OperationResponse::ok(&json!({"token": token})))
}

/// What a report needs beyond its model: rules that say something, and the token that the server keeps.
pub(super) fn complete(value: &mut Value, before: Option<&Document>) -> Result<(), ApiError> {
    rules(value)?;
    if let Some(token) = before.and_then(|before| before.value().get("token")) {
        value["token"] = token.clone();
    }
    Ok(())
}

/// The report that the path leads to: the caller's own by its id, anybody's by its token.
fn opened<'a>(call: &ReadContext<'a>) -> Result<(&'a Account, &'a Arc<Document>), ApiError> {
    let id = call.input.path("id");
    if !call.caller.is_anonymous() {
        let account = call.account()?;
        if let Some(own) = account.get(Collection::Reports, id) {
            return Ok((account, own));
        }
    }
    let hidden = || {
        if call.caller.is_anonymous() {
            ApiError::not_authenticated()
        } else {
            ApiError::not_found(Collection::Reports)
        }
    };
    shared(call, id).ok_or_else(hidden)
}

/// The shared report of a token, in whatever account it is.
fn shared<'a>(call: &ReadContext<'a>, token: &str) -> Option<(&'a Account, &'a Arc<Document>)> {
    let opens = |report: &&Arc<Document>| report.text("token").is_some_and(|own| own.eq_ignore_ascii_case(token));
    call.world
        .accounts()
        .find_map(|(_, account)| account.all(Collection::Reports).values().find(opens).map(|report| (account, report)))
}

/// The rows of a definition.
fn count(call: &ReadContext<'_>, account: &Account, definition: &Value, columns: &[Column]) -> Outcome {
    let needed = |name: &str| {
        statistics::time(call.input, name)?.ok_or_else(|| ApiError::new(400, format!("{name} is missing")))
    };
    let span = (needed("start")?, needed("end")?);
    let columns = if columns.is_empty() { columns_of(definition) } else { columns.to_vec() };
    let group_by = items(definition, "group_by").iter();
    let question = statistics::Question {
        filter: Filter {
            start: Some(span.0),
            end: Some(span.1),
            conditions: vec![rules(definition)?],
            ..Filter::default()
        },
        columns: Column::or_default(columns),
        group_by: group_by.filter_map(Value::as_str).map(str::to_owned).collect(),
        interval: None,
        zone: zone("UTC"),
        span,
        by_lead: true,
    };
    let rows = statistics::rows(&call.events_of(account), &question)?;
    statistics::answer(call.input, rows, &question)
}

/// Columns are objects that name them by their keys, or the names alone.
fn columns_of(definition: &Value) -> Vec<Column> {
    let names = items(definition, "columns").iter().flat_map(|column| {
        let keys = column.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
        column.as_str().into_iter().chain(keys)
    });
    names.filter_map(Column::named).collect()
}

fn rules(definition: &Value) -> Result<Condition, ApiError> {
    let none = Value::Array(Vec::new());
    let condition = Condition::all(definition.get("rules").unwrap_or(&none), Form::Report);
    condition.map_err(|mistake| ApiError::new(422, format!("/rules{mistake}")))
}

fn short(document: &Value) -> Value {
    json!({"id": text(document, "id"), "name": text(document, "name")})
}

/// The entities of the account's own, and those that its flows name, each once.
fn entities(account: &Account) -> Vec<Value> {
    let mut found: Vec<Value> = account.all(Collection::Entities).values().map(|own| short(own.value())).collect();
    for flow in account.all(Collection::Flows).values() {
        let parts = ["sources", "steps"].into_iter().flat_map(|name| items(flow.value(), name));
        for entity in parts.filter_map(|part| part.get("entity")).filter(|entity| entity.get("name").is_some()) {
            if !found.iter().any(|known| known["id"] == entity["id"]) {
                found.push(short(entity));
            }
        }
    }
    found
}
