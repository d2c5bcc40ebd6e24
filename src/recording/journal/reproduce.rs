//! Reproduces an exchange: as a curl command, and as a scenario file with an example.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::exchange::{Exchange, ResponseSource};
use crate::config::settings::DEFAULT_SANDBOX;
use crate::contract::Contract;
use crate::http::headers;
use crate::support::redaction::REDACTED;

/// Headers that curl sets itself, or whose values are redacted.
const OMITTED_HEADERS: [&str; 9] = [
    "host",
    "authorization",
    // The journal has the decoded body.
    "content-encoding",
    "content-length",
    "user-agent",
    "connection",
    "accept-encoding",
    "cookie",
    "transfer-encoding",
];

/// A curl command for a POSIX shell. The journal does not contain the API key: the command reads `$LEADCONDUIT_KEY`.
#[must_use]
pub fn curl_command(exchange: &Exchange, host: &str, sandbox: &str) -> String {
    let mut line = String::from("curl -i");
    if exchange.method != http::Method::GET {
        let _ = write!(line, " -X {}", exchange.method);
    }
    if exchange.request_header("authorization").next().is_some() {
        line.push_str(" -u \"API:$LEADCONDUIT_KEY\"");
    }
    let _ = write!(line, " {}", shell_quote(&format!("http://{host}{}", exchange.url())));
    if sandbox != DEFAULT_SANDBOX {
        let _ = write!(line, " -H {}", shell_quote(&format!("X-Mock-Sandbox: {sandbox}")));
    }
    for (name, value) in exchange.request_headers() {
        let is_curl_default = name == "accept" && value == "*/*";
        let is_omitted = OMITTED_HEADERS.contains(&name) || name == headers::SANDBOX.as_str();
        if !is_omitted && !is_curl_default {
            let _ = write!(line, " -H {}", shell_quote(&format!("{name}: {value}")));
        }
    }
    if !exchange.request_body.bytes.is_empty() {
        let _ = write!(line, " --data-binary {}", shell_quote(&String::from_utf8_lossy(&exchange.request_body.bytes)));
    }
    if exchange.request_body.is_truncated() {
        let _ = write!(line, "  # truncated: the body had {} bytes", exchange.request_body.length);
    }
    line
}

/// Quotes text as one word for a POSIX shell.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A scenario file in which the same request gets the same response, with an example that tests it.
#[must_use]
pub fn scenario_yaml(exchange: &Exchange, contract: &Contract) -> String {
    let extends = exchange.scenario.as_ref().map_or("healthy", |scenario| &scenario.name);
    let call = format!("{} {}", exchange.method, exchange.path());
    let mut text = format!(
        "version: 1\nname: exchange-{}\ndescription: {}\nextends: {extends}\n",
        exchange.number,
        json!(format!("{call} returns {}, as in exchange {}.", exchange.status, exchange.number)),
    );
    let rule = rule(exchange, contract);
    if let Some((when, then, is_gate)) = &rule {
        let _ = write!(text, "rules:\n  - name: {}\n", json!(format!("the response of exchange {}", exchange.number)));
        if *is_gate {
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
    let mut response = json!({"status": exchange.status});
    if let Some(fault) = exchange.wire_fault {
        response["fault"] = fault.name().into();
    }
    let _ = write!(text, "examples:\n  - name: {}\n    request: {request}\n    reply: {response}\n", json!(call));
    text
}

/// The rule that gives the same response independently of the world: its `when`, its `then`, and whether it is a gate.
/// `None` when LeadConduit rejects the request before rules are evaluated, so that no rule is needed.
fn rule(exchange: &Exchange, contract: &Contract) -> Option<(Value, Value, bool)> {
    let is_rejected = exchange.violations.iter().any(|one| one.rejected_with == Some(exchange.status));
    let is_gate = exchange.applied_rules.iter().any(|applied| applied.rule.gate);
    let is_rule_needed = matches!(exchange.response_source, ResponseSource::Operation | ResponseSource::Rule);
    if !is_rule_needed || is_rejected || (exchange.caller.is_none() && !is_gate) || exchange.status == 304 {
        return None;
    }
    let mut when = json!({"path": exchange.path()});
    match exchange.operation(contract) {
        Some(operation) => when["operation"] = operation.id.as_str().into(),
        None => when["method"] = exchange.method.as_str().into(),
    }
    let mut then = json!({"status": exchange.status});
    let body = exchange.response_body.json();
    if !body.is_null() {
        if body.to_string().contains(REDACTED) {
            then["intentionally_invalid"] = true.into();
        }
        then["body"] = body;
    }
    if exchange.response_headers().any(|(name, _)| name == "x-connections-degraded") {
        then["headers"] = json!({"X-Connections-Degraded": "true"});
    }
    if exchange.delay_ms > 0 {
        then["delay"] = exchange.delay_ms.into();
    }
    if let Some(fault) = exchange.wire_fault {
        then["fault"] = fault.name().into();
    }
    Some((when, then, is_gate))
}
