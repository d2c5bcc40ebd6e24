//! What the submission docs of a source are made of.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::super::{crud, fields};
use crate::contract::standard::Kind;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::live_flow::source_of;
use crate::leadconduit::response::{ApiError, OperationResponse, Outcome};
use crate::leadconduit::rules::{Condition, Form};
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, items, text};

/// The module that is known to take pings. No page tells it of another one.
const PINGABLE: &str = "leadconduit-default.inbound";

pub(crate) fn get(call: &ReadContext<'_>) -> Outcome {
    let flow = crud::find(call, Collection::Flows, call.input.path("flow_id"))?;
    let flow = flow.value();
    let source = source_of(flow, call.input.path("source_id"));
    let source = source.ok_or_else(|| ApiError::new(404, "source not found"))?;
    let account: &Account = call.account()?;
    let is_on = |part: &Value| part.get("enabled") != Some(&Value::Bool(false));
    let mut meta = json!({
        "enabled": is_on(flow) && is_on(source),
        "account": short(account.document().value()),
        "flow": short(flow),
        "source": {
            "id": text(&source["entity"], "id"),
            "name": text(&source["entity"], "name"),
            "authentication_required": source.get("authentication_required") == Some(&Value::Bool(true)),
        },
        "params": params(call, flow, source)?,
        "pingable": text(&source["integration"], "module_id") == PINGABLE,
        "ping_enabled": flow.get("ping_enabled") == Some(&Value::Bool(true)),
        "updated_at": flow["updated_at"],
        // Whoever does not own the flow does not come this far.
        "authorized_account": true,
        "hours_of_operation": {},
        "flow_acceptance_criteria": flow.get("acceptance_criteria").cloned().unwrap_or_else(|| json!({})),
        "flow_pricing": flow.get("pricing"),
        "source_pricing": source.get("pricing"),
    });
    let parts = [
        ("acceptance_criteria", source.get("acceptance_criteria")),
        ("flow_pricing_service", flow.get("pricing_service")),
        ("source_pricing_service", source.get("pricing_service")),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            meta[name] = part.clone();
        }
    }
    Ok(OperationResponse::ok(&meta))
}

/// A document by id and name.
fn short(document: &Value) -> Value {
    json!({"id": document["id"], "name": document["name"]})
}

/// What can be submitted: the fields of the flow.
fn params(call: &ReadContext<'_>, flow: &Value, source: &Value) -> Result<Vec<Value>, ApiError> {
    let mut demanded = HashSet::new();
    for part in [flow, source] {
        demands(&part["acceptance_criteria"]["rule_set"], &mut demanded);
    }
    let fields = fields::named(call, items(flow, "fields").iter().filter_map(Value::as_str))?;
    Ok(fields.into_iter().map(|field| param(call, field, &demanded)).collect())
}

fn param(call: &ReadContext<'_>, field: &Document, demanded: &HashSet<String>) -> Value {
    let id = field.text("id").unwrap_or_default();
    let kind = field.text("type").unwrap_or_default();
    let is_demanded = demanded.iter().any(|name| {
        // A rule may ask for a part of the value, such as `lead.phone_1.area`.
        name.strip_prefix("lead.")
            .and_then(|name| name.strip_prefix(id))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    let mut param = Map::new();
    let mut put = |name: &str, value: Value| param.insert(name.to_owned(), value);
    put("name", id.into());
    put("label", field.text("name").unwrap_or(id).into());
    if let Some(description) = field.text("description") {
        put("description", description.into());
    }
    put("type", kind.into());
    put("required", if is_demanded { "yes" } else { "no" }.into());
    put("variable", id.into());
    let examples = call.standard().get(Kind::Types, kind).and_then(|kind| kind.value().get("examples"));
    put("examples", examples.cloned().unwrap_or_else(|| json!([])));
    Value::Object(param)
}

/// The variables that a lead must have to fulfil a rule set: those of the rules that fail without any.
fn demands(set: &Value, found: &mut HashSet<String>) {
    let rules = items(set, "rules");
    // Of an `or` with several rules no single one has to hold.
    if text(set, "op") != "and" && rules.len() > 1 {
        return;
    }
    for rule in rules {
        if rule.get("rules").is_some() {
            demands(rule, found);
        } else if let Ok(condition) = Condition::rule(rule, Form::Flow)
            && !condition.holds(&json!({}))
        {
            found.extend(condition.variables().into_iter().map(str::to_owned));
        }
    }
}
