//! Outcome, reason, price and appended data of a response.

use serde_json::{Map, Value};

use super::reader::{self, Content};
use super::service::{Operation, Wsdl};
use crate::contract::lead_body::read_xml_element;
use crate::leadconduit::delivery::message::OutboundResponse;
use crate::leadconduit::delivery::modules::RequestError;
use crate::leadconduit::delivery::modules::custom::json_path::{self, Found};
use crate::leadconduit::delivery::modules::custom::pattern::Pattern;
use crate::leadconduit::delivery::modules::custom::properties::Properties;
use crate::leadconduit::delivery::modules::custom::{js, response};

fn failed(text: impl Into<String>) -> RequestError {
    RequestError::Failed(text.into())
}

/// The module's result of the response to a call.
pub(super) fn read(
    vars: Properties<'_>,
    wsdl: &mut Wsdl,
    operation: &Operation,
    response: &OutboundResponse,
) -> Result<Map<String, Value>, RequestError> {
    let body = String::from_utf8_lossy(&response.body);
    let body = envelope(&body);
    let result = match reader::read(wsdl, &body).map_err(|error| failed(error.to_string()))? {
        Content::Fault(fault) => {
            let part = |name: &str| fault.get(name).filter(|value| js::is_truthy(value));
            let mut result = Map::from_iter([("outcome".to_owned(), "error".into())]);
            if let Some(reason) = part("faultstring").or_else(|| part("faultcode")) {
                result.insert("reason".to_owned(), reason.get(super::writer::TEXT).unwrap_or(reason).clone());
            }
            return Ok(result);
        }
        Content::Members(members) => output(wsdl, operation, members, response.status)?,
    };
    let result = opened(result);
    judge(vars, Value::Object(result), &body)
}

/// The envelope in a body, without what is around it and without the first comment. A body without one stays as it is.
fn envelope(body: &str) -> String {
    let without_comment = body.find("<!--").and_then(|start| {
        let end = start + body[start..].find("-->")? + 3;
        Some(format!("{}{}", &body[..start], &body[end..]))
    });
    let text = without_comment.as_deref().unwrap_or(body);
    let lower = text.to_ascii_lowercase();
    let found = || {
        let name = lower.find(":envelope")?;
        let start = lower[..name].rfind('<')?;
        let close = format!("</{}:envelope>", &lower[start + 1..name]);
        let end = name + lower[name..].rfind(&close)? + close.len();
        let declaration = text[..start].trim_end();
        let from = if declaration.ends_with("?>") { declaration.rfind("<?").unwrap_or(start) } else { start };
        text.get(from..end)
    };
    found().map_or_else(|| body.to_owned(), str::to_owned)
}

/// What the body of an envelope contains for an operation.
fn output(wsdl: &Wsdl, operation: &Operation, members: Map<String, Value>, status: u16) -> Result<Value, RequestError> {
    let Some(message) = &operation.output else { return Ok(Value::Null) };
    let has = |name: &str| members.get(name).is_some_and(js::is_truthy);
    if !has("html") && !has("Body") {
        if status >= 400 {
            return Err(failed("Error http status codes"));
        }
        return Ok(Value::Object(members));
    }
    let Some(Value::Object(body)) = members.get("Body") else { return Err(failed("Cannot parse response")) };
    let name = wsdl.message_name(message);
    let suffixes = ["Output", "Out", "Response"];
    let stripped = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
    let candidates = [name.as_str(), stripped].map(|name| body.get(name).filter(|value| js::is_truthy(value)));
    let by_operation =
        || ["Response", "Out", "Output"].iter().find_map(|suffix| body.get(&format!("{}{suffix}", operation.name)));
    Ok(candidates.into_iter().flatten().next().or_else(by_operation).cloned().unwrap_or_default())
}

/// The members of a result. Texts that look like XML become objects.
fn opened(result: Value) -> Map<String, Value> {
    let members: Map<String, Value> = match result {
        Value::Object(members) => members,
        Value::Array(items) => (0..).zip(items).map(|(index, item): (usize, _)| (index.to_string(), item)).collect(),
        Value::String(text) => {
            (0..).zip(text.chars()).map(|(index, c): (usize, _)| (index.to_string(), c.to_string().into())).collect()
        }
        _ => Map::new(),
    };
    let open = |value: Value| match value {
        Value::String(text) => {
            let tags = text.matches('<').count();
            let is_xml = tags > 0 && tags == text.matches('>').count();
            let object = if is_xml { read_xml_element(js::trim(&text)).ok() } else { None };
            object.map_or(Value::String(text), |(object, _)| Value::Object(object))
        }
        value => value,
    };
    members.into_iter().map(|(name, value)| (name, open(value))).collect()
}

/// Adds outcome, reason, price and reference to a result.
fn judge(vars: Properties<'_>, result: Value, body: &str) -> Result<Map<String, Value>, RequestError> {
    let trimmed = |name: &str| vars.text(name).map(|text| js::trim(&text).to_owned());
    let selected = |name: &str| {
        // A path that is not mapped selects nothing; one that is mapped is used as it is.
        let path = trimmed(name)?;
        Some(match json_path::get(&result, &path)? {
            Found::Value(value) => value.clone(),
            Found::Length(length) => length.into(),
            Found::Character(c) => c.to_string().into(),
        })
    };
    let searched = match trimmed("outcome_search_path").filter(|path| !path.is_empty()) {
        None => body.to_owned(),
        Some(path) => match json_path::get(&result, &path) {
            None => String::new(),
            Some(Found::Value(Value::Null)) => {
                return Err(failed("Cannot read properties of null (reading 'toString')"));
            }
            Some(Found::Value(value)) => js::text(value),
            Some(Found::Length(length)) => length.to_string(),
            Some(Found::Character(c)) => c.to_string(),
        },
    };
    let pattern = Pattern::parse(&vars.text("outcome_search_term").unwrap_or_default()).or_else(Pattern::null);
    let is_found = !searched.is_empty() && pattern.is_some_and(|pattern| pattern.is_match(&searched.to_lowercase()));
    let on_match = trimmed("outcome_on_match").map_or_else(|| "success".to_owned(), |text| text.to_lowercase());
    let outcome = match (is_found, on_match.as_str()) {
        (true, _) => on_match,
        (false, "success") => "failure".to_owned(),
        (false, _) => "success".to_owned(),
    };
    let price = if outcome == "success" { selected("price_path").filter(js::is_truthy) } else { None };
    let price = price.unwrap_or_else(|| response::fallback_price(vars));
    let reason = response::reason(
        vars,
        if trimmed("reason_path").is_some_and(|path| !path.is_empty()) { selected("reason_path") } else { None },
    );
    let reference = selected("reference_path");
    let Value::Object(mut event) = result else { return Ok(Map::new()) };
    event.insert("outcome".to_owned(), outcome.into());
    event.insert("price".to_owned(), price);
    if let Some(reason) = reason {
        event.insert("reason".to_owned(), reason.into());
    }
    match reference {
        Some(reference) => drop(event.insert("reference".to_owned(), reference)),
        None => drop(event.remove("reference")),
    }
    Ok(event)
}
