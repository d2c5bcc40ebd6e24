//! Outcome, reason, price and appended data of a response.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::document::Document;
use super::js;
use super::pattern::Pattern;
use super::properties::{Node, Properties, Texts};
use crate::leadconduit::delivery::message::OutboundResponse;
use crate::leadconduit::delivery::modules::ResponseError;
use crate::leadconduit::values;

/// The module's result of a response.
///
/// # Errors
///
/// The module fails.
pub(in super::super) fn parse_response(
    vars: &Map<String, Value>,
    response: &OutboundResponse,
) -> Result<Map<String, Value>, ResponseError> {
    if (500..600).contains(&response.status) {
        let error = [("outcome", "error"), ("reason", "Server error")];
        return Ok(error.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect());
    }
    let vars = Properties(vars);
    let body = String::from_utf8_lossy(&response.body);
    let header = |name: &str| response.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    let content_type = vars
        .non_empty("response_content_type_override")
        .unwrap_or_else(|| header("content-type").map(|(_, value)| value.clone()).unwrap_or_default());
    let document = Document::parse(&body, &content_type);
    let outcome = outcome(vars, &document, &body);
    let selected = |name: &str| {
        let path = vars.text(name)?;
        let path = js::trim(&path);
        if path.is_empty() { None } else { document.select(path) }
    };
    let price = selected("price_path").map(items).and_then(|values| values.first().and_then(text_of));
    let reason = reason(vars, selected("reason_path"));
    let reference = selected("reference_path").filter(js::is_truthy);
    let captured = captured(vars, &document)?;
    let mut result = document.into_appended();
    result.extend(captured);
    let fallback = || fallback_price(vars);
    let price = price.filter(|price| !price.is_empty()).map_or_else(fallback, Value::from);
    result.insert("outcome".to_owned(), outcome.into());
    result.insert("price".to_owned(), price);
    let optional = [("reason", reason.map(Value::from)), ("cookie", cookie(vars, response)), ("reference", reference)];
    for (name, value) in optional {
        if let Some(value) = value {
            result.insert(name.to_owned(), value);
        }
    }
    Ok(result)
}

/// The outcome: the mapped one when the term is found, else the opposite. Without a term and an outcome it is success.
fn outcome(vars: Properties<'_>, document: &Document, body: &str) -> String {
    let term = vars.non_empty("outcome_search_term");
    if term.is_none() && vars.non_empty("outcome_on_match").is_none() {
        return "success".to_owned();
    }
    let path = vars.text("outcome_search_path").unwrap_or_default();
    let texts = match js::trim(&path) {
        "" => vec![Cow::Borrowed(body)],
        path => document.search_texts(path).into_iter().map(Cow::Owned).collect(),
    };
    // An expression that is not valid becomes the word `null`.
    let pattern = Pattern::parse(&term.unwrap_or_default()).or_else(Pattern::null);
    let mut texts = texts.iter().map(|text| js::trim(text).to_lowercase()).filter(|text| !text.is_empty());
    let is_found = pattern.is_some_and(|pattern| texts.any(|text| pattern.is_match(&text)));
    // A blank one is the outcome; its opposite is success.
    let on_match = vars.text("outcome_on_match").unwrap_or_else(|| "success".to_owned());
    match (is_found, on_match.as_str()) {
        (true, _) => on_match,
        (false, "success") => "failure".to_owned(),
        (false, _) => "success".to_owned(),
    }
}

/// The reasons, sorted and joined; else the default reason.
pub(super) fn reason(vars: Properties<'_>, selected: Option<Value>) -> Option<String> {
    let texts = selected.map(items).unwrap_or_default().iter().filter_map(text_of).collect::<Vec<_>>();
    let mut reasons: Vec<&str> = texts.iter().map(|text| js::trim(text)).filter(|text| !text.is_empty()).collect();
    reasons.sort_unstable();
    if !reasons.is_empty() {
        return Some(reasons.join(", "));
    }
    let default = vars.text("default_reason")?;
    Some(js::trim(&default)).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The price where the response has none.
pub(super) fn fallback_price(vars: Properties<'_>) -> Value {
    let fallback = vars.non_empty("fallback_price");
    let number = fallback.and_then(|text| values::parse_number(&text)).and_then(serde_json::Number::from_f64);
    number.map_or_else(|| 0.into(), |number| Value::Number(js::json_number(&number)))
}

/// The first cookie, in the order of the letters, that matches the term.
fn cookie(vars: Properties<'_>, response: &OutboundResponse) -> Option<Value> {
    let term = vars.text("cookie_search_term")?;
    let pattern = Pattern::parse(&term).or_else(Pattern::null)?;
    let cookies = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let mut cookies: Vec<&String> = cookies.map(|(_, value)| value).collect();
    cookies.sort_unstable();
    cookies.into_iter().find(|cookie| pattern.is_match(&cookie.to_lowercase())).map(|cookie| cookie.clone().into())
}

/// The groups of `capture.*` in a text.
fn captured(vars: Properties<'_>, document: &Document) -> Result<Vec<(String, Value)>, ResponseError> {
    let captures = vars.tree("capture", Texts::Plain).map_err(|error| ResponseError(error.to_string()))?;
    let Some(Node::Object(captures)) = captures else { return Ok(Vec::new()) };
    let Some(text) = document.capture_text() else {
        return match document {
            Document::Scalar => Err(ResponseError("doc.match is not a function".to_owned())),
            _ => Ok(Vec::new()),
        };
    };
    let group = |(name, expression): (String, Node)| {
        let pattern = Pattern::parse(&expression.text())?;
        pattern.group(&text).map(|found| (name, found.into()))
    };
    Ok(captures.into_iter().filter_map(group).collect())
}

/// The values of a list, or the single one.
fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        value => vec![value],
    }
}

/// The text of a value; `None` for those that count as false.
fn text_of(value: &Value) -> Option<String> {
    js::is_truthy(value).then(|| js::text(value))
}
