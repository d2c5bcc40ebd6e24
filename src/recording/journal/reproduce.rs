//! Reproduces an exchange: as a curl command, and as a scenario file with an example.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::exchange::{CredentialKind, Exchange, ResponseSource};
use crate::config::settings::DEFAULT_SANDBOX;
use crate::contract::{Authentication, Contract, Operation, negotiate};
use crate::http::headers;
use crate::support::redaction::REDACTED;

/// Request headers that curl sets itself, or whose values are redacted.
const OMITTED_HEADERS: [&str; 10] = [
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
    "expect",
];

/// Response headers that every response has, or that follow from the body. A rule does not set them.
const GENERAL_HEADERS: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "keep-alive",
    "preference-applied",
    "transfer-encoding",
    "upgrade",
    "vary",
];

/// The statuses that a rule may respond with for any operation.
const PROXY_STATUSES: [u16; 6] = [408, 429, 500, 502, 503, 504];

/// The key of the caller in a scenario; the journal does not contain the caller's own.
const SNIPPET_KEY: &str = "key-of-the-caller";

/// The methods that an example can have.
const EXAMPLE_METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];

/// A curl command for a POSIX shell; `base` is the URL of the server. The journal does not contain the API key: the
/// command reads `$LEADCONDUIT_API_KEY`, and an `Authorization` header that is none of HTTP Basic or a bearer token from
/// `$LEADCONDUIT_AUTHORIZATION`.
#[must_use]
pub fn curl_command(exchange: &Exchange, base: &str, sandbox: &str) -> String {
    let body = &exchange.request_body;
    let has_length = exchange.request_header("content-length").next().is_some();
    let is_text = std::str::from_utf8(&body.bytes).is_ok_and(|text| !text.contains('\0'));
    let mut line = String::new();
    if !is_text {
        // An argument cannot hold these bytes.
        let _ = write!(line, "printf '{}' | ", octal(&body.bytes));
    }
    line.push_str("curl -i");
    match exchange.method.as_str() {
        "GET" => {}
        // With `-X HEAD`, curl would wait for a body.
        "HEAD" => line.push_str(" --head"),
        other => {
            let _ = write!(line, " -X {}", shell_quote_if_needed(other));
        }
    }
    line.push_str(match exchange.credentials {
        CredentialKind::Missing => "",
        CredentialKind::Password => " -u \"API:$LEADCONDUIT_API_KEY\"",
        CredentialKind::KeyAsUser => " -u \"$LEADCONDUIT_API_KEY:\"",
        CredentialKind::EmptyPassword => " -u 'API:'",
        CredentialKind::KeyAsBearer | CredentialKind::Bearer => " -H \"Authorization: Bearer $LEADCONDUIT_API_KEY\"",
        CredentialKind::Other => " -H \"Authorization: $LEADCONDUIT_AUTHORIZATION\"",
    });
    let url = exchange.url();
    // Without these, curl would expand brackets and remove dot segments.
    if url.contains(['[', ']', '{', '}']) {
        line.push_str(" -g");
    }
    if url.split(['/', '?']).any(|segment| segment == "." || segment == "..") {
        line.push_str(" --path-as-is");
    }
    if url.starts_with('/') {
        let _ = write!(line, " {}", shell_quote(&format!("{base}{url}")));
    } else {
        let _ = write!(line, " --request-target {} {}", shell_quote(url), shell_quote(base));
    }
    if sandbox != DEFAULT_SANDBOX {
        let _ = write!(line, " -H {}", shell_quote(&format!("X-Mock-Sandbox: {sandbox}")));
    }
    for (name, value) in exchange.request_headers() {
        let is_curl_default = name == "accept" && value == "*/*";
        let is_omitted = OMITTED_HEADERS.contains(&name) || name == headers::SANDBOX.as_str();
        if is_omitted || is_curl_default {
            continue;
        }
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(line, " -H {}", shell_quote(&header));
    }
    // The headers that curl would add.
    if exchange.request_header("accept").next().is_none() {
        line.push_str(" -H 'Accept:'");
    }
    if !body.bytes.is_empty() || has_length {
        if exchange.request_header("content-type").next().is_none() {
            line.push_str(" -H 'Content-Type:'");
        }
        if is_text {
            let text = String::from_utf8_lossy(&body.bytes);
            let _ = write!(line, " --data-raw {}", shell_quote(&text));
        } else {
            line.push_str(" --data-binary @-");
        }
    }
    // The command does not reproduce the response when a part of the request is not recorded.
    let sent_length = exchange.request_header("content-length").next().and_then(|text| text.parse().ok()).unwrap_or(0);
    if body.is_truncated() {
        let _ = write!(line, "  # truncated: the body had {} bytes", body.length);
    } else if *body.bytes == *REDACTED.as_bytes() {
        let _ = write!(
            line,
            "  # the body of {} bytes is not recorded: it names a secret, or is not UTF-8; write it instead of ***",
            body.length
        );
    } else if body.bytes.is_empty() && sent_length > 0 {
        let _ = write!(line, "  # the body of {sent_length} bytes is not recorded, because it was rejected unread");
    } else if line.contains(REDACTED) {
        line.push_str("  # secrets are not recorded: write them instead of ***");
    }
    line
}

/// Quotes text as one word for a POSIX shell.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn shell_quote_if_needed(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) { text.to_owned() } else { shell_quote(text) }
}

/// The bytes as escapes for `printf` of a POSIX shell.
fn octal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4);
    for byte in bytes {
        let _ = write!(text, "\\{byte:03o}");
    }
    text
}

/// A scenario file in which the same request gets the same response, with an example that tests it.
#[must_use]
pub fn scenario_yaml(exchange: &Exchange, contract: &Contract) -> String {
    let extends = exchange.scenario.as_ref().map_or("healthy", |scenario| &scenario.name);
    let call = format!("{} {}", exchange.method, exchange.path());
    let description = format!("{call} returns {}, as in exchange {}.", exchange.status, exchange.number);
    let mut text = format!(
        "version: 1\nname: exchange-{}\ndescription: {}\nextends: {extends}\n",
        exchange.number,
        yaml(&description.into()),
    );
    if let Some((account, user)) = &exchange.caller {
        let key = json!({"key": SNIPPET_KEY, "account": **account, "user": **user});
        let _ = write!(text, "world:\n  keys:\n    - {}\n", yaml(&key));
    }
    let rule = rule(exchange, contract);
    if let Some((when, then, is_gate)) = &rule {
        let name = format!("the response of exchange {}", exchange.number);
        let _ = write!(text, "rules:\n  - name: {}\n", yaml(&name.into()));
        if *is_gate {
            text.push_str("    gate: true\n");
        }
        let _ = write!(text, "    when: {}\n    then: {}\n", yaml(when), yaml(then));
    }
    if !EXAMPLE_METHODS.contains(&exchange.method.as_str()) || !exchange.url().starts_with('/') {
        let _ = writeln!(text, "# An example cannot have the request line of this exchange.");
        return text;
    }
    if exchange.request_body.is_truncated() {
        let length = exchange.request_body.length;
        let _ = writeln!(text, "# The journal has only the beginning of the body, which had {length} bytes.");
    }
    let request = example_request(exchange);
    let mut response = json!({"status": exchange.status});
    if let Some((_, then, _)) = &rule
        && let Some(headers) = then.get("headers")
    {
        response["headers"] = headers.clone();
    }
    if let Some(fault) = exchange.wire_fault {
        response["fault"] = fault.name().into();
    }
    let _ = write!(
        text,
        "examples:\n  - name: {}\n    request: {}\n    reply: {}\n",
        yaml(&call.into()),
        yaml(&request),
        yaml(&response)
    );
    text
}

/// A value in YAML's flow style. Text like `${NAME}` is not replaced from the environment.
fn yaml(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().replace("${", "$${").chars() {
        // JSON allows these characters, YAML does not.
        if c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// The request of the example: with the same kind of credentials, the same headers and the same body.
fn example_request(exchange: &Exchange) -> Value {
    let mut request = json!({"method": exchange.method.as_str(), "path": exchange.url()});
    let mut headers = Map::new();
    for (name, value) in exchange.request_headers() {
        let is_omitted = OMITTED_HEADERS.contains(&name) || name == headers::SANDBOX.as_str();
        if !is_omitted && value != REDACTED {
            headers.insert(name.to_owned(), value.into());
        }
    }
    match exchange.credentials {
        _ if exchange.caller.is_some() => request["key"] = SNIPPET_KEY.into(),
        CredentialKind::Missing => request["key"] = "".into(),
        CredentialKind::Password => request["key"] = REDACTED.into(),
        // `KEY:` in Base64, and a token: neither is a key.
        CredentialKind::KeyAsUser | CredentialKind::EmptyPassword => {
            headers.insert("authorization".to_owned(), "Basic S0VZOg==".into());
        }
        CredentialKind::KeyAsBearer | CredentialKind::Bearer => {
            headers.insert("authorization".to_owned(), "Bearer KEY".into());
        }
        CredentialKind::Other => drop(headers.insert("authorization".to_owned(), "Other KEY".into())),
    }
    let is_json_body = headers.get("content-type").and_then(Value::as_str).is_some_and(negotiate::is_json);
    let body = exchange.request_body.json();
    if is_json_body && !body.is_null() {
        // The body of an example is JSON by default.
        headers.remove("content-type");
        request["body"] = body;
    } else if !exchange.request_body.bytes.is_empty() {
        // A text is sent as it is if the request has another content type.
        request["body"] = String::from_utf8_lossy(&exchange.request_body.bytes).into();
    }
    if !headers.is_empty() {
        request["headers"] = Value::Object(headers);
    }
    request
}

/// The rule that gives the same response independently of the world: its `when`, its `then`, and whether it is a gate.
/// `None` when LeadConduit rejects the request before rules are evaluated, so that no rule is needed.
fn rule(exchange: &Exchange, contract: &Contract) -> Option<(Value, Value, bool)> {
    let operation = exchange.operation(contract);
    let is_refused = exchange.violations.iter().any(|one| one.rejected_with == Some(exchange.status));
    // Other rules need a path of LeadConduit.
    let is_service = exchange.response_source == ResponseSource::Service;
    let is_gate = is_service || exchange.applied_rules.iter().any(|applied| applied.rule.gate);
    let is_unrouted = matches!(exchange.response_source, ResponseSource::Unmatched | ResponseSource::Mock);
    let needs_key = operation.is_some_and(|operation| operation.authentication == Authentication::Required);
    if is_unrouted || is_refused || (needs_key && exchange.caller.is_none() && !is_gate) {
        return None;
    }
    let mut when = json!({});
    // A path with these characters would be a pattern.
    if !exchange.path().contains(['{', '}']) {
        when["path"] = exchange.path().into();
    }
    match operation {
        Some(operation) => when["operation"] = operation.id.as_str().into(),
        None => when["method"] = exchange.method.as_str().into(),
    }
    Some((when, effect(exchange, operation), is_gate))
}

/// The `then` of the rule: status, body, headers, delay and fault of the response.
fn effect(exchange: &Exchange, operation: Option<&Operation>) -> Value {
    let mut then = json!({"status": exchange.status});
    let body = exchange.response_body();
    let content_type = exchange.response_headers().find(|(name, _)| *name == "content-type").map(|(_, value)| value);
    let is_json = content_type.is_none_or(negotiate::is_json);
    let mut headers = Map::new();
    for (name, value) in exchange.response_headers() {
        let is_general =
            GENERAL_HEADERS.contains(&name) || name.starts_with(headers::PREFIX) || name.starts_with("access-control-");
        if !is_general && !value.contains(REDACTED) {
            headers.insert(name.to_owned(), literal(value).into());
        }
    }
    // The response 304, and a redacted or truncated body, can be invalid.
    let is_documented = |one: &Operation| one.responses.contains_key(&exchange.status);
    let mut is_invalid = !PROXY_STATUSES.contains(&exchange.status) && operation.is_some_and(|one| !is_documented(one));
    match body.json() {
        Value::Null if body.bytes.is_empty() => {}
        json if is_json && (!json.is_null() || *body.bytes == *b"null") => then["body"] = literal_value(&json),
        _ => {
            is_invalid |= body.is_truncated() || is_json;
            let content_type = content_type.filter(|_| !is_json).unwrap_or("text/plain");
            headers.insert("content-type".to_owned(), content_type.into());
            then["body"] = literal(&String::from_utf8_lossy(&body.bytes)).into();
        }
    }
    if is_invalid || then["body"].to_string().contains(REDACTED) {
        then["intentionally_invalid"] = true.into();
    }
    if !headers.is_empty() {
        then["headers"] = Value::Object(headers);
    }
    if exchange.delay_ms > 0 {
        then["delay"] = exchange.delay_ms.into();
    }
    if let Some(fault) = exchange.wire_fault {
        then["fault"] = fault.name().into();
    }
    then
}

/// A value whose texts are not templates.
fn literal_value(value: &Value) -> Value {
    match value {
        Value::String(text) => literal(text).into(),
        Value::Array(items) => items.iter().map(literal_value).collect(),
        Value::Object(object) => {
            Value::Object(object.iter().map(|(name, value)| (name.clone(), literal_value(value))).collect())
        }
        other => other.clone(),
    }
}

/// A text that renders as itself: the openings of templates are written as expressions.
fn literal(text: &str) -> String {
    if !text.contains("{{") && !text.contains("{%") {
        return text.to_owned();
    }
    let mut literal = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        literal.push_str(&rest[..at]);
        rest = &rest[at..];
        match ["{{", "{%", "{#"].into_iter().find(|opening| rest.starts_with(opening)) {
            Some(opening) => {
                let _ = write!(literal, "{{{{ '{opening}' }}}}");
                rest = &rest[opening.len()..];
            }
            None => {
                literal.push('{');
                rest = &rest[1..];
            }
        }
    }
    literal.push_str(rest);
    literal
}
