//! Exchanges as JSON, in `WireMock`'s shapes, which its client libraries read. What `WireMock` does not have stands
//! beside it under names of our own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::uri::Authority;
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use super::{AnsweredBy, Exchange, Message};
use crate::contract::{Contract, Evidence};
use crate::support::clock::stamp;

/// What exchanges are shown with, beside what they hold themselves.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The contract, for the names of operations.
    pub contract: &'a Contract,
    /// The sandbox that they were in.
    pub sandbox: &'a str,
    /// What the server speaks: `http` or `https`.
    pub scheme: &'a str,
}

impl View<'_> {
    /// The request: `WireMock`'s logged request.
    #[must_use]
    pub fn request(&self, exchange: &Exchange) -> Value {
        let body = &exchange.request_body;
        let mut shown = json!({
            "id": exchange.id(),
            "url": exchange.url(),
            "method": exchange.method.as_str(),
            // The journal does not know addresses, so it tells of none.
            "clientIp": "127.0.0.1",
            "scheme": self.scheme,
            "headers": headers(exchange.request_headers()),
            // Cookies are secrets.
            "cookies": {},
            "browserProxyRequest": false,
            "loggedDate": exchange.at.as_millisecond(),
            "loggedDateString": stamp(exchange.at),
            "queryParams": query(exchange.query().unwrap_or_default()),
            "bodyAsBase64": STANDARD.encode(&body.kept),
            "body": text(body),
            "protocol": format!("{:?}", exchange.version),
        });
        if let Ok(authority) = exchange.host().parse::<Authority>() {
            let port = if self.scheme == "https" { 443 } else { 80 };
            shown["host"] = authority.host().into();
            shown["port"] = authority.port_u16().unwrap_or(port).into();
            if exchange.url().starts_with('/') {
                shown["absoluteUrl"] = format!("{}://{authority}{}", self.scheme, exchange.url()).into();
            }
        }
        shown
    }

    /// The whole of it: `WireMock`'s serve event.
    #[must_use]
    pub fn event(&self, exchange: &Exchange) -> Value {
        let operation = exchange.operation(self.contract);
        let evidence = operation.map(|operation| {
            let not_modified = exchange.status == StatusCode::NOT_MODIFIED.as_u16();
            let rule = operation.replies.get(&if not_modified { 200 } else { exchange.status });
            // A status that no page names for the operation is a rule's, or the mock's own.
            rule.map_or(Evidence::Inferred, |rule| rule.evidence).as_str()
        });
        let fault = exchange.fault.map(crate::http::message::WireFault::name);
        let was_matched = exchange.met != AnsweredBy::Nothing;
        let (took_ms, delay_ms) = (exchange.took_us / 1000, exchange.delay_ms);
        let reply_headers = headers(exchange.reply_headers());
        let rules: Vec<Value> =
            exchange.spoken.iter().map(|said| json!({"rule": said.rule.name, "deeds": said.deeds})).collect();
        let mut event = json!({
            "id": exchange.id(),
            "request": self.request(exchange),
            "responseDefinition": {
                "status": exchange.status,
                "headers": reply_headers,
                "body": text(&exchange.reply_body),
                "fromConfiguredStub": was_matched,
            },
            "response": {
                "status": exchange.status,
                "headers": reply_headers,
                "bodyAsBase64": STANDARD.encode(&exchange.reply_body.kept),
                "body": text(&exchange.reply_body),
            },
            "wasMatched": was_matched,
            "timing": {
                "addedDelay": delay_ms,
                "processTime": took_ms,
                "responseSendTime": 0,
                "serveTime": took_ms,
                "totalTime": took_ms.saturating_add(delay_ms),
            },
            "number": exchange.number,
            "sandbox": self.sandbox,
            "scenario": exchange.scenario.as_ref().map(|scenario| &scenario.name),
            "operation": operation.map(|operation| &operation.id),
            "evidence": evidence,
            "caller": exchange.caller.as_ref().map(|(account, user)| json!({"account": account, "user": user})),
            "violations": exchange.violations,
            "rules": rules,
            "fault": fault,
            "delay_ms": delay_ms,
            "took_us": exchange.took_us,
            "bodies": {"request": size(&exchange.request_body), "response": size(&exchange.reply_body)},
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

/// How long a body was. One that is shorter only because its secrets were replaced is whole JSON still.
fn size(body: &Message) -> Value {
    json!({"bytes": body.length, "cut": body.is_cut()})
}

fn text(body: &Message) -> String {
    String::from_utf8_lossy(&body.kept).into_owned()
}

/// Names as they are usually written, each with its value, or with all of them when it stands there more than once.
fn headers<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in pairs {
        match shown.entry(title_case(name)) {
            Entry::Vacant(entry) => drop(entry.insert(value.into())),
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Value::Array(list) => list.push(value.into()),
                first => *first = json!([first.take(), value]),
            },
        }
    }
    shown
}

/// `content-type` as `Content-Type`, as the server writes its own on the wire.
fn title_case(name: &str) -> String {
    let mut begins = true;
    let shown = name.chars().map(|c| {
        let c = if begins { c.to_ascii_uppercase() } else { c };
        begins = c == '-';
        c
    });
    shown.collect()
}

/// The query's parameters by name, each with all of its values.
fn query(text: &str) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let entry = shown.entry(&*name).or_insert_with(|| json!({"key": name, "values": []}));
        if let Some(values) = entry["values"].as_array_mut() {
            values.push(value.into());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_becomes_a_list() {
        let pairs = [("content-type", "a"), ("x-one", "1"), ("x-one", "2"), ("x-one", "3")];
        let expected = json!({"Content-Type": "a", "X-One": ["1", "2", "3"]});
        assert_eq!(Value::Object(headers(pairs.into_iter())), expected);
        let expected = json!({"a b": {"key": "a b", "values": ["1", "", "+"]}, "c": {"key": "c", "values": [""]}});
        assert_eq!(Value::Object(query("a+b=1&c&a%20b&a+b=%2B")), expected);
    }
}
