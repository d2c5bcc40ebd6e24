//! Exchanges as JSON in `WireMock`'s format, so that its client libraries can read the journal. Properties that
//! `WireMock` does not have are added under other names, such as `violations`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::uri::Authority;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use super::exchange::Exchange;
use super::{RecordedBody, property_names};
use crate::contract::{Contract, Evidence, Operation, problem};
use crate::leadconduit::lead_report::LeadReport;
use crate::support::clock::format_timestamp;

/// How much of a reason a summary has.
const SUMMARY_CHARS_MAX: usize = 1000;

/// Formats exchanges; holds what an exchange does not contain itself.
#[derive(Clone, Copy, Debug)]
pub struct WireMockView<'a> {
    /// The contract, for the ids of operations.
    pub contract: &'a Contract,
    /// The name of the sandbox.
    pub sandbox: &'a str,
}

impl WireMockView<'_> {
    /// The request as `WireMock`'s logged request.
    #[must_use]
    pub fn request(exchange: &Exchange) -> Value {
        let body = &exchange.request_body;
        let mut request = json!({
            "id": exchange.id(),
            "url": exchange.url(),
            "method": exchange.method.as_str(),
            // The journal does not record client addresses; clients of WireMock require one.
            "clientIp": "127.0.0.1",
            "scheme": exchange.scheme,
            "headers": headers(exchange.request_headers()),
            // Cookies are secrets, which the journal does not record.
            "cookies": {},
            "browserProxyRequest": false,
            "loggedDate": exchange.at.as_millisecond(),
            "loggedDateString": format_timestamp(exchange.at),
            "queryParams": query_parameters(exchange.query().unwrap_or_default()),
            "bodyAsBase64": STANDARD.encode(&body.bytes),
            "body": text(body),
            "protocol": format!("{:?}", exchange.version),
        });
        if let Ok(authority) = exchange.host().parse::<Authority>() {
            let port = if exchange.scheme == "https" { 443 } else { 80 };
            request["host"] = authority.host().into();
            request["port"] = authority.port_u16().unwrap_or(port).into();
            if exchange.url().starts_with('/') {
                request["absoluteUrl"] = format!("{}://{authority}{}", exchange.scheme, exchange.url()).into();
            }
        }
        request
    }

    /// The whole exchange as `WireMock`'s serve event.
    #[must_use]
    pub fn event(&self, exchange: &Exchange) -> Value {
        let operation = exchange.operation(self.contract);
        let evidence = operation.map(|operation| {
            let is_not_modified = exchange.status == StatusCode::NOT_MODIFIED.as_u16();
            let spec = operation.responses.get(&if is_not_modified { 200 } else { exchange.status });
            // A status that is not documented for the operation comes from a rule or from the mock itself.
            exchange.evidence.unwrap_or_else(|| spec.map_or(Evidence::Inferred, |spec| spec.evidence)).as_str()
        });
        let fault = exchange.wire_fault.map(crate::http::wire_fault::WireFault::name);
        let was_matched = !exchange.is_unmatched();
        let (duration_ms, delay_ms) = (exchange.duration_us / 1000, exchange.delay_ms);
        let response_headers = headers(exchange.response_headers());
        let mut event = json!({
            "id": exchange.id(),
            "request": Self::request(exchange),
            "responseDefinition": {
                "status": exchange.status,
                "headers": response_headers,
                "body": text(exchange.response_body()),
                "fromConfiguredStub": was_matched,
            },
            "response": {
                "status": exchange.status,
                "headers": response_headers,
                "bodyAsBase64": STANDARD.encode(&exchange.response_body().bytes),
                "body": text(exchange.response_body()),
            },
            "wasMatched": was_matched,
            "timing": {
                "addedDelay": delay_ms,
                "processTime": duration_ms,
                "responseSendTime": 0,
                "serveTime": duration_ms,
                "totalTime": duration_ms.saturating_add(delay_ms),
            },
            property_names::NUMBER: exchange.number,
            property_names::SANDBOX: self.sandbox,
            property_names::SCENARIO: exchange.scenario.as_ref().map(|scenario| &scenario.name),
            property_names::OPERATION: operation.map(|operation| &operation.id),
            property_names::EVIDENCE: evidence,
            property_names::CALLER: exchange.caller.as_ref().map(|(account, user)| json!({"account": account, "user": user})),
            property_names::LEAD: exchange.lead.as_deref().map(lead),
            property_names::VIOLATIONS: exchange.violations,
            property_names::APPLIED_RULES: applied_rules(exchange),
            property_names::WIRE_FAULT: fault,
            property_names::DELAY_MS: delay_ms,
            property_names::TOOK_US: exchange.duration_us,
            property_names::BODIES: {"request": size(&exchange.request_body), "response": size(exchange.response_body())},
        });
        if let Some(fault) = fault {
            event["responseDefinition"]["fault"] = fault.into();
            event["response"]["fault"] = fault.into();
        }
        if delay_ms > 0 {
            event["responseDefinition"]["fixedDelayMilliseconds"] = delay_ms.into();
        }
        event
    }
}

/// What lists and events show of an exchange: everything but headers, bodies and the details of a lead. It is written
/// for every exchange while there are subscribers, so it is serialised without a JSON value in between.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// Its operation.
    pub operation: Option<&'a Operation>,
    /// The name of its sandbox.
    pub sandbox: &'a str,
}

impl Serialize for Summary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { exchange, operation, sandbox } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(property_names::ID, &exchange.number)?;
        map.serialize_entry(property_names::AT, &format_timestamp(exchange.at))?;
        map.serialize_entry(property_names::METHOD, exchange.method.as_str())?;
        map.serialize_entry(property_names::PATH, exchange.path())?;
        map.serialize_entry(property_names::QUERY, &exchange.query())?;
        map.serialize_entry(property_names::OPERATION, &operation.map(|operation| &operation.id))?;
        map.serialize_entry(property_names::STATUS, &exchange.status)?;
        map.serialize_entry(property_names::SCENARIO, &exchange.scenario.as_ref().map(|scenario| &scenario.name))?;
        map.serialize_entry(property_names::UNMATCHED, &exchange.is_unmatched())?;
        map.serialize_entry(property_names::TOOK_US, &exchange.duration_us)?;
        map.serialize_entry(property_names::DELAY_MS, &exchange.delay_ms)?;
        let wire_fault = exchange.wire_fault.map(crate::http::wire_fault::WireFault::name);
        map.serialize_entry(property_names::WIRE_FAULT, &wire_fault)?;
        map.serialize_entry(property_names::LEAD, &exchange.lead.as_deref().map(lead_summary))?;
        map.serialize_entry(property_names::VIOLATIONS, &exchange.violations)?;
        map.serialize_entry(property_names::PROBLEM, &problem(exchange))?;
        map.serialize_entry(property_names::APPLIED_RULES, &applied_rules(exchange))?;
        map.serialize_entry(property_names::SANDBOX, sandbox)?;
        map.end()
    }
}

/// The detail of the mock's own error, where neither LeadConduit nor a violation explains the status: no operation matched,
/// or the server could not respond.
#[must_use]
pub fn problem(exchange: &Exchange) -> Option<String> {
    // Reading a response redacts it, which most exchanges can do without.
    if !exchange.is_unmatched() && exchange.status < StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
        return None;
    }
    let is_problem = |(name, value): (&str, &str)| {
        name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()) && value.as_bytes() == problem::MEDIA_TYPE.as_bytes()
    };
    let body = exchange.response_headers().any(is_problem).then(|| exchange.response_body().json())?;
    body.get("detail")?.as_str().map(str::to_owned)
}

/// The outcome of a lead with its reason.
#[must_use]
pub fn lead_summary(lead: &LeadReport) -> Value {
    let end = lead.reason.char_indices().nth(SUMMARY_CHARS_MAX).map_or(lead.reason.len(), |(end, _)| end);
    json!({property_names::OUTCOME: lead.outcome, property_names::REASON: &lead.reason[..end]})
}

/// The applied rules of an exchange, each with its name and its effects.
#[must_use]
pub fn applied_rules(exchange: &Exchange) -> Vec<Value> {
    let applied = exchange.applied_rules.iter();
    applied
        .map(|applied| json!({property_names::RULE: applied.rule.name, property_names::EFFECTS: applied.effects}))
        .collect()
}

/// What the lead handler decided: the outcome, what decided it, and the steps that the lead reached.
#[must_use]
pub fn lead(report: &LeadReport) -> Value {
    json!({
        property_names::OUTCOME: report.outcome,
        property_names::REASON: report.reason,
        "decided_by": {
            "kind": report.decision.kind.name(),
            "id": report.decision.id,
            "description": report.decision.description,
        },
        "steps": report.steps,
    })
}

/// The original length of a body, and whether the recorded one is truncated. Redaction alone is no truncation.
fn size(body: &RecordedBody) -> Value {
    json!({"bytes": body.length, "truncated": body.is_truncated()})
}

fn text(body: &RecordedBody) -> String {
    String::from_utf8_lossy(&body.bytes).into_owned()
}

/// Headers by name, each with its value, or with a list when it occurs more than once.
fn headers<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in pairs {
        match headers.entry(title_case(name)) {
            Entry::Vacant(entry) => drop(entry.insert(value.into())),
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Value::Array(list) => list.push(value.into()),
                first => *first = json!([first.take(), value]),
            },
        }
    }
    headers
}

/// `content-type` as `Content-Type`, as the server sends header names.
fn title_case(name: &str) -> String {
    let mut is_word_start = true;
    let cased = name.chars().map(|c| {
        let c = if is_word_start { c.to_ascii_uppercase() } else { c };
        is_word_start = c == '-';
        c
    });
    cased.collect()
}

/// The query parameters by name, each with all of its values.
fn query_parameters(text: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let entry = parameters.entry(&*name).or_insert_with(|| json!({"key": name, "values": []}));
        if let Some(values) = entry["values"].as_array_mut() {
            values.push(value.into());
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_headers_and_parameters_become_lists() {
        let pairs = [("content-type", "a"), ("x-one", "1"), ("x-one", "2"), ("x-one", "3")];
        let expected = json!({"Content-Type": "a", "X-One": ["1", "2", "3"]});
        assert_eq!(Value::Object(headers(pairs.into_iter())), expected);
        let expected = json!({"a b": {"key": "a b", "values": ["1", "", "+"]}, "c": {"key": "c", "values": [""]}});
        assert_eq!(Value::Object(query_parameters("a+b=1&c&a%20b&a+b=%2B")), expected);
    }
}
