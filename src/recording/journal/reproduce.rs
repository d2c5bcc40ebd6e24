//! An exchange told so that it can be repeated: as a line for a shell, and as a scenario.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{AnsweredBy, Exchange};
use crate::config::settings::DEFAULT_SANDBOX;
use crate::contract::Contract;
use crate::support::redact::REDACTED;

/// Headers that every client writes for itself, or that hold what is not kept.
const LEFT_OUT: [&str; 9] = [
    "host",
    "authorization",
    "content-length",
    "user-agent",
    "connection",
    "accept-encoding",
    "cookie",
    "transfer-encoding",
    "x-mock-sandbox",
];

/// A line for a shell. The key is not kept: it is read from `$LEADCONDUIT_KEY`.
#[must_use]
pub fn curl(exchange: &Exchange, host: &str, sandbox: &str) -> String {
    let mut line = String::from("curl -i");
    if exchange.method != http::Method::GET {
        let _ = write!(line, " -X {}", exchange.method);
    }
    if exchange.request_header("authorization").next().is_some() {
        line.push_str(" -u \"API:$LEADCONDUIT_KEY\"");
    }
    let _ = write!(line, " {}", quoted(&format!("http://{host}{}", exchange.url())));
    if sandbox != DEFAULT_SANDBOX {
        let _ = write!(line, " -H {}", quoted(&format!("X-Mock-Sandbox: {sandbox}")));
    }
    for (name, value) in exchange.request_headers() {
        let says_nothing = name == "accept" && value == "*/*";
        if !LEFT_OUT.contains(&name) && !says_nothing {
            let _ = write!(line, " -H {}", quoted(&format!("{name}: {value}")));
        }
    }
    if !exchange.request_body.kept.is_empty() {
        let _ = write!(line, " --data-binary {}", quoted(&String::from_utf8_lossy(&exchange.request_body.kept)));
    }
    if exchange.request_body.is_cut() {
        let _ = write!(line, "  # the body had {} bytes; these are the first", exchange.request_body.length);
    }
    line
}

/// A word for a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A scenario in which the same request gets the same reply, with an example that proves it.
#[must_use]
pub fn snippet(exchange: &Exchange, contract: &Contract) -> String {
    let extends = exchange.scenario.as_ref().map_or("healthy", |scenario| &scenario.name);
    let call = format!("{} {}", exchange.method, exchange.path());
    let mut text = format!(
        "version: 1\nname: exchange-{}\ndescription: {}\nextends: {extends}\n",
        exchange.number,
        json!(format!("{call} gets {}, as in exchange {}.", exchange.status, exchange.number)),
    );
    let rule = rule(exchange, contract);
    if let Some((when, then, gate)) = &rule {
        let _ = write!(text, "rules:\n  - name: {}\n", json!(format!("the reply of exchange {}", exchange.number)));
        if *gate {
            text.push_str("    gate: true\n");
        }
        let _ = write!(text, "    when: {when}\n    then: {then}\n");
    }
    let mut request = json!({"method": exchange.method.as_str(), "path": exchange.url()});
    if exchange.request_header("authorization").next().is_none() {
        request["key"] = "".into();
    } else if exchange.caller.is_none() {
        request["key"] = REDACTED.into();
    }
    let body = exchange.request_body.json();
    if !body.is_null() {
        request["body"] = body;
    }
    let mut reply = json!({"status": exchange.status});
    if let Some(fault) = exchange.fault {
        reply["fault"] = fault.name().into();
    }
    let _ = write!(text, "examples:\n  - name: {}\n    request: {request}\n    reply: {reply}\n", json!(call));
    text
}

/// The rule that gives the same reply whatever the world is like. What LeadConduit refuses before any rule is asked
/// needs none.
fn rule(exchange: &Exchange, contract: &Contract) -> Option<(Value, Value, bool)> {
    let refused = exchange.violations.iter().any(|one| one.refused_with == Some(exchange.status));
    let answered_early = exchange.spoken.iter().any(|spoken| spoken.rule.gate);
    let unknown = exchange.met == AnsweredBy::Nothing || exchange.met == AnsweredBy::Mock;
    if unknown || refused || (exchange.caller.is_none() && !answered_early) || exchange.status == 304 {
        return None;
    }
    let mut when = json!({"path": exchange.path()});
    match exchange.operation(contract) {
        Some(operation) => when["operation"] = operation.id.as_str().into(),
        None => when["method"] = exchange.method.as_str().into(),
    }
    let mut then = json!({"status": exchange.status});
    let body = exchange.reply_body.json();
    if !body.is_null() {
        if body.to_string().contains(REDACTED) {
            then["intentionally_invalid"] = true.into();
        }
        then["body"] = body;
    }
    if exchange.reply_headers().any(|(name, _)| name == "x-connections-degraded") {
        then["headers"] = json!({"X-Connections-Degraded": "true"});
    }
    if exchange.delay_ms > 0 {
        then["delay"] = exchange.delay_ms.into();
    }
    if let Some(fault) = exchange.fault {
        then["fault"] = fault.name().into();
    }
    Some((when, then, answered_early))
}
