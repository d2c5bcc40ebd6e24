//! Explains a response: of a request that is run on a copy of its sandbox, or of an exchange in the journal.

use std::sync::Arc;

use http::header::HOST;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, not_found, ok};
use super::reasons::{self, Plan};
use crate::contract::Contract;
use crate::contract::problem::Problem;
use crate::http::message::Body;
use crate::leadconduit::state::sso::SsoStatus;
use crate::recording::journal::{Exchange, exchange_json, near_miss, property_names, reproduce};
use crate::scenario::examples::build_request;
use crate::scenario::language::ExampleRequest;

/// The body that names an exchange of the journal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = r#"an object such as {"exchange": 12}"#)]
struct ExchangeReference {
    /// Its number or id.
    exchange: Value,
}

pub(super) fn explain(call: &ControlCall<'_>) -> ControlResult {
    let source = body::read(call)?;
    let value: Value = body::parse_source(&source)?;
    if value.get("exchange").is_some() {
        let ExchangeReference { exchange } = body::parse_source(&source)?;
        return explain_recorded(call, &exchange);
    }
    let spec: ExampleRequest = body::parse_source(&source)?;
    // Without a key, the request is explained as a client without credentials sends it.
    let mut request = build_request(&spec, None);
    if let Some(Value::String(text)) = spec.body.as_ref().map(|body| &body.0) {
        // A string is sent as it is, so that a body that is not JSON can be explained too.
        request.body = Body::Complete(text.clone().into());
    }
    let Some(dry_run) = (call.context.dry_run)(&request, call.sandbox) else {
        return Err(body::bad_request("control calls cannot be explained; send a request to LeadConduit's API"));
    };
    let world = &dry_run.world;
    let sso = world.sso.status.at(world.clock.now());
    Ok(ok(&explanation(call, &dry_run.exchange, &dry_run.sandbox.name, Some(sso))))
}

/// Explains an exchange of the journal; `reference` is its number or id.
fn explain_recorded(call: &ControlCall<'_>, reference: &Value) -> ControlResult {
    let text = reference.as_str().map_or_else(|| reference.to_string(), str::to_owned);
    let exchange = find_exchange(call, &text)?;
    Ok(ok(&explanation(call, &exchange, &call.sandbox.name, None)))
}

/// The explanation of an exchange. `sso` is the status of the single sign-on service before a dry run; the journal does not
/// record it.
fn explanation(call: &ControlCall<'_>, exchange: &Exchange, sandbox: &str, sso: Option<&SsoStatus>) -> Value {
    let contract = &call.app.contract;
    let mut explanation = facts(exchange, contract);
    let host = call.request.header(&HOST).unwrap_or("127.0.0.1:4010");
    explanation[property_names::SANDBOX] = sandbox.into();
    let plan = caller_plan(call, exchange);
    explanation["reasons"] = reasons::reasons(exchange, contract, (sandbox, plan), sso).into();
    let base = format!("{}://{host}", call.request.scheme());
    explanation["curl"] = reproduce::curl_command(exchange, &base, sandbox).into();
    explanation["snippet"] = reproduce::scenario_yaml(exchange, contract).into();
    explanation
}

/// The plan of the account that sent a request.
fn caller_plan(call: &ControlCall<'_>, exchange: &Exchange) -> Plan {
    let world = call.sandbox.world();
    let account = exchange.caller.as_ref().and_then(|(account, _)| world.account(account));
    if account.is_some_and(|account| account.has_only_partner_plan() && !account.is_free()) {
        Plan::Partner
    } else {
        Plan::Other
    }
}

/// The exchange with this number or id; 404 when the journal does not have it.
fn find_exchange(call: &ControlCall<'_>, text: &str) -> Result<Arc<Exchange>, Problem> {
    let number = Exchange::parse_number(text);
    let list = call.sandbox.exchanges();
    let found = number.and_then(|number| list.iter().rev().find(|exchange| exchange.number == number));
    found.cloned().ok_or_else(|| {
        let last: Vec<String> = list.iter().rev().take(5).map(|exchange| exchange.number.to_string()).collect();
        not_found("exchange", text, last.iter().map(String::as_str))
    })
}

/// The fields of the explanation that come from the exchange alone.
fn facts(exchange: &Exchange, contract: &Contract) -> Value {
    let operation = exchange.operation(contract);
    let headers: Map<String, Value> =
        exchange.response_headers().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let body = match exchange.response_body().json() {
        Value::Null => Value::from(String::from_utf8_lossy(&exchange.response_body().bytes).into_owned()),
        json => json,
    };
    json!({
        "exchange": exchange.number,
        property_names::SCENARIO: exchange.scenario.as_ref().map(|scenario| &scenario.name),
        "request": {"method": exchange.method.as_str(), "url": exchange.url()},
        property_names::CALLER: exchange.caller.as_ref().map(|(account, user)| json!({"account": account, "user": user})),
        "operation": operation.map(|operation| json!({
            "id": operation.id,
            "method": operation.method.as_str(),
            "path": operation.path,
            "summary": operation.summary,
            "evidence": exchange.evidence.unwrap_or(operation.evidence).as_str(),
        })),
        "nearest": nearest_operation(exchange, contract),
        property_names::LEAD: exchange.lead.as_deref().map(exchange_json::lead),
        property_names::VIOLATIONS: exchange.violations,
        property_names::APPLIED_RULES: exchange_json::applied_rules(exchange),
        property_names::WIRE_FAULT: exchange.wire_fault.map(crate::http::wire_fault::WireFault::name),
        property_names::DELAY_MS: exchange.delay_ms,
        "reply": {"status": exchange.status, "headers": headers, "body": body},
    })
}

/// The operation, or the control call, nearest to an unmatched request, with the first difference.
fn nearest_operation(exchange: &Exchange, contract: &Contract) -> Option<Value> {
    if !exchange.is_unmatched() {
        return None;
    }
    if let Some((method, path)) = super::nearest_endpoint(&exchange.method, exchange.path()) {
        return Some(json!({"method": method.as_str(), "path": path}));
    }
    let near = near_miss::nearest_operations(contract, Some(&exchange.method), exchange.path()).into_iter().next()?;
    Some(json!({
        "operation": near.operation.id,
        "method": near.operation.method.as_str(),
        "path": near.operation.path,
        "difference": near.differences.first().map(|row| &row.message),
    }))
}
