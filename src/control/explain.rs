//! Why did I get this? What a request would meet, tried on a copy of its sandbox; or what an exchange has met.

use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Call, Outcome, body, not_found, ok};
use crate::contract::Contract;
use crate::contract::problem::Problem;
use crate::http::message::Body;
use crate::leadconduit::state::sso::SsoStatus;
use crate::recording::journal::{AnsweredBy, Exchange, near_miss, reproduce};
use crate::scenario::examples::compose;
use crate::scenario::language::RequestPart;

/// The body of a call that asks about an exchange.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfExchange {
    /// Its number, or its id.
    exchange: Value,
}

pub(super) fn explain(call: &Call<'_>) -> Outcome {
    let source = body::source(call)?;
    let asked: Value = source.parse_json_or_yaml().map_err(|error| body::mistakes(&[error]))?;
    if asked.get("exchange").is_some() {
        let OfExchange { exchange } = source.parse_json_or_yaml().map_err(|error| body::mistakes(&[error]))?;
        return of_exchange(call, &exchange);
    }
    let part: RequestPart = source.parse_json_or_yaml().map_err(|error| body::mistakes(&[error]))?;
    let scenario = call.sandbox.scenario();
    let first_key = scenario.first_key().filter(|_| !part.headers.keys().any(|name| is_authorization(name)));
    let mut request = compose(&part, first_key);
    if let Some(Value::String(text)) = part.body.as_ref().map(|body| &body.0) {
        // A text is sent as it is, so that what is no JSON can be asked about too.
        request.body = Body::Whole(text.clone().into());
    }
    let Some(dry_run_copy) = (call.context.dry_run)(&request, call.sandbox) else {
        return Err(body::refused("that is a control call: it does what it says, and is not explained"));
    };
    let service = &dry_run_copy.world.sso.status;
    Ok(ok(&told(call, &dry_run_copy.exchange, &dry_run_copy.sandbox.name, Some(service))))
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case(AUTHORIZATION.as_str())
}

/// What an exchange of the journal has met.
fn of_exchange(call: &Call<'_>, asked: &Value) -> Outcome {
    let text = asked.as_str().map_or_else(|| asked.to_string(), str::to_owned);
    let exchange = find(call, &text)?;
    Ok(ok(&told(call, &exchange, &call.sandbox.name, None)))
}

/// All that can be told of an exchange in a sandbox; of one that was tried just now, also how the service was.
fn told(call: &Call<'_>, exchange: &Exchange, sandbox: &str, service: Option<&SsoStatus>) -> Value {
    let contract = &call.stage.contract;
    let mut told = facts(exchange, contract);
    let host = call.request.header(&http::header::HOST).unwrap_or("127.0.0.1:4010");
    told["sandbox"] = sandbox.into();
    told["because"] = because(exchange, contract, sandbox, service).into();
    told["curl"] = reproduce::curl(exchange, host, sandbox).into();
    told["snippet"] = reproduce::snippet(exchange, contract).into();
    told
}

/// The exchange of that number or id.
fn find(call: &Call<'_>, text: &str) -> Result<std::sync::Arc<Exchange>, Problem> {
    let number = Exchange::number_of(text);
    let list = call.sandbox.exchanges();
    let found = number.and_then(|number| list.iter().rev().find(|exchange| exchange.number == number));
    found.cloned().ok_or_else(|| {
        let last: Vec<String> = list.iter().rev().take(5).map(|exchange| exchange.number.to_string()).collect();
        not_found("exchange", text, last.iter().map(String::as_str))
    })
}

/// What can be told of an exchange without words.
fn facts(exchange: &Exchange, contract: &Contract) -> Value {
    let operation = exchange.operation(contract);
    let headers: Map<String, Value> =
        exchange.reply_headers().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let body = match exchange.reply_body.json() {
        Value::Null => Value::from(String::from_utf8_lossy(&exchange.reply_body.kept).into_owned()),
        json => json,
    };
    json!({
        "exchange": exchange.number,
        "scenario": exchange.scenario.as_ref().map(|scenario| &scenario.name),
        "request": {"method": exchange.method.as_str(), "url": exchange.url()},
        "caller": exchange.caller.as_ref().map(|(account, user)| json!({"account": account, "user": user})),
        "operation": operation.map(|operation| json!({
            "id": operation.id,
            "method": operation.method.as_str(),
            "path": operation.path,
            "summary": operation.summary,
            "evidence": operation.evidence.as_str(),
        })),
        "nearest": nearest(exchange, contract),
        "violations": exchange.violations,
        "rules": exchange.spoken.iter().map(|spoken| json!({"name": spoken.rule.name, "deeds": spoken.deeds})).collect::<Vec<_>>(),
        "fault": exchange.fault.map(crate::http::message::WireFault::name),
        "delay_ms": exchange.delay_ms,
        "reply": {"status": exchange.status, "headers": headers, "body": body},
    })
}

/// The operation that a request that met nothing may have meant, and what differs first.
fn nearest(exchange: &Exchange, contract: &Contract) -> Option<Value> {
    if exchange.met != AnsweredBy::Nothing {
        return None;
    }
    let near = near_miss::nearest(contract, Some(&exchange.method), exchange.path()).into_iter().next()?;
    Some(json!({
        "operation": near.operation.id,
        "method": near.operation.method.as_str(),
        "path": near.operation.path,
        "difference": near.rows.first().map(|row| &row.words),
    }))
}

/// The steps that led to the reply, in words.
fn because(exchange: &Exchange, contract: &Contract, sandbox: &str, service: Option<&SsoStatus>) -> Vec<String> {
    let mut steps = Vec::new();
    let scenario = exchange.scenario.as_ref().map_or("none", |scenario| &scenario.name);
    steps.push(format!("the sandbox is `{sandbox}`, and the scenario `{scenario}`"));
    let status = exchange.status;
    let call = format!("{} {}", exchange.method, exchange.path());
    match (exchange.operation(contract), exchange.met) {
        (Some(operation), _) => steps.push(format!("{call} is {} ({})", operation.id, operation.evidence)),
        (None, AnsweredBy::Nothing) => {
            let near = near_miss::nearest(contract, Some(&exchange.method), exchange.path()).into_iter().next();
            let near = near.and_then(|near| {
                let first = near.rows.first()?;
                Some(format!(
                    "; the nearest is {} {} ({}): {}",
                    near.operation.method, near.operation.path, near.operation.id, first.words
                ))
            });
            steps.push(format!("{call} is no operation{}", near.unwrap_or_default()));
        }
        (None, AnsweredBy::Mock) => steps.push(format!("{call} is answered by the mock itself")),
        (None, AnsweredBy::Rule | AnsweredBy::Operation) => {
            steps.push(format!("{call} is no operation, but a rule answers it"))
        }
    }
    let gate = exchange.spoken.iter().any(|spoken| spoken.rule.gate);
    match &exchange.caller {
        Some((account, user)) => steps.push(format!("the key is that of user {user} of account {account}")),
        None if exchange.operation_index().is_some() && !gate => {
            let brought = exchange.request_header(AUTHORIZATION.as_str()).next().is_some();
            let why = if brought { "the key is none of this world's" } else { "there is no key" };
            steps.push(format!("{why}, so the reply is {status}"));
        }
        None => {}
    }
    for violation in &exchange.violations {
        let fate = match violation.refused_with {
            Some(refused) if refused == status => format!("refused with {refused}"),
            _ => "reported, and served".to_owned(),
        };
        steps.push(format!("{}: {} ({fate})", violation.location, violation.message));
    }
    for spoken in &exchange.spoken {
        steps.push(format!("the rule `{}` spoke: {}", spoken.rule.name, spoken.deeds.join(", ")));
    }
    // A rule that spoke is the nearer reason.
    if let Some(service) = service.filter(|service| **service != SsoStatus::Up && exchange.spoken.is_empty()) {
        steps.push(format!("the single sign-on service is {}", service.word()));
    }
    if exchange.reply_headers().any(|(name, _)| name == "x-connections-degraded") {
        steps
            .push("the single sign-on service could not be asked, so only LeadConduit's own rows are there".to_owned());
    }
    if let Some((_, applied)) = exchange.reply_headers().find(|(name, _)| *name == "preference-applied") {
        steps.push(format!("the request wished for it: {applied}"));
    }
    if status == 304 {
        steps.push("the client has this body already: `If-None-Match` names its tag".to_owned());
    }
    let error = exchange.reply_body.json();
    let error = error.get("error").or_else(|| error.get("detail")).and_then(Value::as_str);
    steps.push(match error {
        Some(error) => format!("the reply is {status}: {error}"),
        None => format!("the reply is {status}"),
    });
    if exchange.delay_ms > 0 {
        steps.push(format!("it is held back for {} ms", exchange.delay_ms));
    }
    if let Some(fault) = exchange.fault {
        steps.push(format!("the connection breaks: {}", fault.name()));
    }
    steps
}
