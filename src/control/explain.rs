//! Explains a response: of a request that is run on a copy of its sandbox, or of an exchange in the journal.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, not_found, ok};
use crate::contract::Contract;
use crate::contract::problem::Problem;
use crate::http::message::Body;
use crate::leadconduit::state::sso::SsoStatus;
use crate::recording::journal::{Exchange, ResponseSource, exchange_json, near_miss, property_names, reproduce};
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
    let scenario = call.sandbox.scenario();
    let default_key = scenario.default_key().filter(|_| !spec.headers.keys().any(|name| is_authorization(name)));
    let mut request = build_request(&spec, default_key);
    if let Some(Value::String(text)) = spec.body.as_ref().map(|body| &body.0) {
        // A string is sent as it is, so that a body that is not JSON can be explained too.
        request.body = Body::Complete(text.clone().into());
    }
    let Some(dry_run) = (call.context.dry_run)(&request, call.sandbox) else {
        return Err(body::bad_request("control calls cannot be explained; send a request to LeadConduit's API"));
    };
    let sso = &dry_run.world.sso.status;
    Ok(ok(&explanation(call, &dry_run.exchange, &dry_run.sandbox.name, Some(sso))))
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case(AUTHORIZATION.as_str())
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
    explanation["reasons"] = reasons(exchange, contract, sandbox, sso).into();
    explanation["curl"] = reproduce::curl_command(exchange, host, sandbox).into();
    explanation["snippet"] = reproduce::scenario_yaml(exchange, contract).into();
    explanation
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
    let body = match exchange.response_body.json() {
        Value::Null => Value::from(String::from_utf8_lossy(&exchange.response_body.bytes).into_owned()),
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
            "evidence": operation.evidence.as_str(),
        })),
        "nearest": nearest_operation(exchange, contract),
        property_names::VIOLATIONS: exchange.violations,
        property_names::APPLIED_RULES: exchange_json::applied_rules(exchange),
        property_names::WIRE_FAULT: exchange.wire_fault.map(crate::http::wire_fault::WireFault::name),
        property_names::DELAY_MS: exchange.delay_ms,
        "reply": {"status": exchange.status, "headers": headers, "body": body},
    })
}

/// The operation nearest to an unmatched request, with the first difference.
fn nearest_operation(exchange: &Exchange, contract: &Contract) -> Option<Value> {
    if !exchange.is_unmatched() {
        return None;
    }
    let near = near_miss::nearest_operations(contract, Some(&exchange.method), exchange.path()).into_iter().next()?;
    Some(json!({
        "operation": near.operation.id,
        "method": near.operation.method.as_str(),
        "path": near.operation.path,
        "difference": near.differences.first().map(|row| &row.message),
    }))
}

/// The steps that led to the response, as sentences.
fn reasons(exchange: &Exchange, contract: &Contract, sandbox: &str, sso: Option<&SsoStatus>) -> Vec<String> {
    let mut steps = Vec::new();
    let scenario = exchange.scenario.as_ref().map_or("none", |scenario| &scenario.name);
    steps.push(format!("the sandbox is `{sandbox}`, the scenario is `{scenario}`"));
    let status = exchange.status;
    let request = format!("{} {}", exchange.method, exchange.path());
    match (exchange.operation(contract), exchange.response_source) {
        (Some(operation), _) => steps.push(format!("{request} is {} ({})", operation.id, operation.evidence)),
        (None, ResponseSource::Unmatched) => {
            let near =
                near_miss::nearest_operations(contract, Some(&exchange.method), exchange.path()).into_iter().next();
            let near = near.and_then(|near| {
                let first = near.differences.first()?;
                Some(format!(
                    "; the nearest is {} {} ({}): {}",
                    near.operation.method, near.operation.path, near.operation.id, first.message
                ))
            });
            steps.push(format!("{request} matches no operation{}", near.unwrap_or_default()));
        }
        (None, ResponseSource::Mock) => steps.push(format!("{request} is handled by the mock itself")),
        (None, ResponseSource::Rule | ResponseSource::Operation) => {
            steps.push(format!("{request} matches no operation, but a rule responds to it"));
        }
    }
    let gate_applied = exchange.applied_rules.iter().any(|applied| applied.rule.gate);
    match &exchange.caller {
        Some((account, user)) => steps.push(format!("the API key belongs to user {user} of account {account}")),
        None if exchange.operation_index().is_some() && !gate_applied => {
            let has_key = exchange.request_header(AUTHORIZATION.as_str()).next().is_some();
            let reason = if has_key { "the API key is unknown" } else { "the request has no API key" };
            steps.push(format!("{reason}, so the response is {status}"));
        }
        None => {}
    }
    for violation in &exchange.violations {
        let consequence = match violation.rejected_with {
            Some(rejected) if rejected == status => format!("rejected with {rejected}"),
            _ => "reported only".to_owned(),
        };
        steps.push(format!("{}: {} ({consequence})", violation.location, violation.message));
    }
    for applied in &exchange.applied_rules {
        steps.push(format!("the rule `{}` applied: {}", applied.rule.name, applied.effects.join(", ")));
    }
    // An applied rule explains the response better.
    if let Some(sso) = sso.filter(|status| **status != SsoStatus::Up && exchange.applied_rules.is_empty()) {
        steps.push(format!("the single sign-on service is {}", sso.name()));
    }
    if exchange.response_headers().any(|(name, _)| name == "x-connections-degraded") {
        let text = "the single sign-on service did not respond, so the list has only LeadConduit's own rows";
        steps.push(text.to_owned());
    }
    if let Some((_, applied)) = exchange.response_headers().find(|(name, _)| *name == "preference-applied") {
        steps.push(format!("a preference of the request was applied: {applied}"));
    }
    if status == 304 {
        steps.push("`If-None-Match` matches the ETag, so the body is omitted".to_owned());
    }
    let error = exchange.response_body.json();
    let error = error.get("error").or_else(|| error.get("detail")).and_then(Value::as_str);
    steps.push(match error {
        Some(error) => format!("the response is {status}: {error}"),
        None => format!("the response is {status}"),
    });
    if exchange.delay_ms > 0 {
        steps.push(format!("the response is delayed by {} ms", exchange.delay_ms));
    }
    if let Some(fault) = exchange.wire_fault {
        steps.push(format!("the connection fails: {}", fault.name()));
    }
    steps
}
