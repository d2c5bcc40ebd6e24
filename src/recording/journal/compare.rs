//! Compares two exchanges: method, path, query, headers, status and bodies, by RFC 6901 pointers.

use serde_json::{Map, Value, json};

use super::RecordedBody;
use super::exchange::Exchange;
use crate::config::limits::COMPARED_DIFFERENCES_MAX;
use crate::support::computation;
use contract_files::pointer;

/// Headers that differ between any two exchanges.
const IGNORED_HEADERS: [&str; 2] = ["date", "x-mock-request-id"];

/// A value that differs between two exchanges; `None` where one does not have it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeDifference {
    /// Where: `/response/body/0/status`.
    pub location: String,
    /// The value in the first exchange.
    pub first: Option<Value>,
    /// The value in the second exchange.
    pub second: Option<Value>,
}

/// The differences between two exchanges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The differences in the order of the exchange, at most [`COMPARED_DIFFERENCES_MAX`].
    pub differences: Vec<ExchangeDifference>,
    /// How many more there are.
    pub further: usize,
}

impl Comparison {
    /// Compares two exchanges. Headers that always differ are ignored.
    #[must_use]
    pub fn new(first: &Exchange, second: &Exchange) -> Self {
        let mut comparison = Self::default();
        comparison.compare("", Some(&as_value(first)), Some(&as_value(second)));
        comparison
    }

    fn compare(&mut self, location: &str, first: Option<&Value>, second: Option<&Value>) {
        computation::spend(1);
        match (first, second) {
            (Some(Value::Object(first)), Some(Value::Object(second))) => {
                for (name, value) in first {
                    self.compare(&child(location, name), Some(value), second.get(name));
                }
                for (name, value) in second.iter().filter(|(name, _)| !first.contains_key(*name)) {
                    self.compare(&child(location, name), None, Some(value));
                }
            }
            (Some(Value::Array(first)), Some(Value::Array(second))) => {
                for index in 0..first.len().max(second.len()) {
                    self.compare(&format!("{location}/{index}"), first.get(index), second.get(index));
                }
            }
            (first, second) if first == second => {}
            _ if self.differences.len() >= COMPARED_DIFFERENCES_MAX => self.further += 1,
            (first, second) => self.differences.push(ExchangeDifference {
                location: location.to_owned(),
                first: first.cloned(),
                second: second.cloned(),
            }),
        }
    }
}

fn child(location: &str, name: &str) -> String {
    format!("{location}/{}", pointer::escape(name))
}

/// The parts of an exchange that are compared.
fn as_value(exchange: &Exchange) -> Value {
    let mut query = Map::new();
    for (name, value) in form_urlencoded::parse(exchange.query().unwrap_or_default().as_bytes()) {
        insert(&mut query, &name, &value);
    }
    json!({
        "request": {
            "method": exchange.method.as_str(),
            "path": exchange.path(),
            "query": query,
            "headers": headers(exchange.request_headers()),
            "body": exchange.body_value().unwrap_or_else(|| body(&exchange.request_body)),
        },
        "response": {
            "status": exchange.status,
            "headers": headers(exchange.response_headers()),
            "body": body(exchange.response_body()),
        },
        "scenario": exchange.scenario.as_ref().map(|scenario| &scenario.name),
        "wire_fault": exchange.wire_fault.map(crate::http::wire_fault::WireFault::name),
        "delay_ms": exchange.delay_ms,
    })
}

fn headers<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in pairs.filter(|(name, _)| !IGNORED_HEADERS.contains(name)) {
        insert(&mut headers, name, value);
    }
    headers
}

/// Adds a value; a name that occurs more than once gets a list.
fn insert(map: &mut Map<String, Value>, name: &str, value: &str) {
    match map.get_mut(name) {
        None => drop(map.insert(name.to_owned(), value.into())),
        Some(Value::Array(list)) => list.push(value.into()),
        Some(single) => *single = json!([single.take(), value]),
    }
}

/// A body as JSON, else as text; `null` for an empty body.
fn body(body: &RecordedBody) -> Value {
    match body.json() {
        Value::Null if body.bytes.is_empty() => Value::Null,
        Value::Null => String::from_utf8_lossy(&body.bytes).into(),
        json => json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(first: &Value, second: &Value) -> Vec<String> {
        let mut comparison = Comparison::default();
        comparison.compare("", Some(first), Some(second));
        let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        let rows = comparison.differences.iter();
        rows.map(|row| format!("{} {} {}", row.location, text(&row.first), text(&row.second))).collect()
    }

    #[test]
    fn differences_are_listed_by_pointer() {
        let (first, second) = (
            json!({"a": 1, "b": {"x/y": [1, 2]}, "same": {}}),
            json!({"a": "1", "b": {"x/y": [1]}, "same": {}, "c": null}),
        );
        assert_eq!(compare(&first, &second), ["/a 1 \"1\"", "/b/x~1y/1 2 -", "/c - null"]);
        assert_eq!(compare(&first, &first), Vec::<String>::new());
    }

    #[test]
    fn the_number_of_differences_is_bounded() {
        let list = |value: i64| Value::from(vec![value; COMPARED_DIFFERENCES_MAX + 3]);
        let mut comparison = Comparison::default();
        comparison.compare("", Some(&list(1)), Some(&list(2)));
        assert_eq!((comparison.differences.len(), comparison.further), (COMPARED_DIFFERENCES_MAX, 3));
    }
}
