//! What the vendor's standard recipient module sends, and how it reads the response.
//!
//! A lead is sent as a form, or as a query with GET: nested names joined by dots, typed values in their normal form;
//! custom parameters replace fields, and there is always a price. The response is JSON or XML; without an outcome it
//! gets the default one. The reasons of the module are reproduced verbatim, because users search for them.

use bytes::Bytes;
use http::{Method, Uri};
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};

use super::typed_value::{date, is_typed};
use crate::contract::lead_body::{MediaType, XmlError, read_xml};
use crate::leadconduit::delivery::message::{OutboundRequest, OutboundResponse};
use crate::leadconduit::delivery::target::escape_url;
use crate::leadconduit::values;
use crate::support::document::text;
use crate::support::json_text::{self, JsonTextError};
use crate::support::percent::COMPONENT;

/// The module prefers JSON to XML.
const ACCEPT: &str = "application/json;q=0.9,text/xml;q=0.8,application/xml;q=0.7";

/// How deeply values can be nested; deeper ones are not sent.
const DEPTH_MAX: usize = 100;

/// How many parameters are sent at most.
const PARAMETERS_MAX: usize = 10_000;

/// Why no request is sent, in the words of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestError {
    /// `default_outcome` contains none of the outcomes.
    #[error("default outcome must be \"success\", \"failure\" or \"error\"")]
    DefaultOutcome,
    /// There is no `url`.
    #[error("URL is required")]
    NoUrl,
    /// `url` is not an HTTP URL.
    #[error("URL must be valid")]
    InvalidUrl,
    /// `method` is neither GET nor POST.
    #[error("Unsupported HTTP method - use GET or POST")]
    Method,
}

/// Why a response has no event. The module does not catch this error; the texts are the mock's.
#[derive(Debug, thiserror::Error)]
enum ResponseError {
    #[error("it is null")]
    Null,
    #[error(transparent)]
    Json(#[from] JsonTextError),
    #[error(transparent)]
    Xml(#[from] XmlError),
}

/// The request for a lead: `vars` holds `lead`, `url`, `method`, `price` and `default.custom`.
///
/// # Errors
///
/// `vars` is not valid.
pub(super) fn build_request(vars: &Value) -> Result<OutboundRequest, RequestError> {
    let method = validate(vars)?;
    let parameters = parameters(vars);
    let url = text(vars, "url");
    let mut headers = vec![("Accept".to_owned(), ACCEPT.to_owned())];
    if method == Method::GET {
        return Ok(OutboundRequest {
            method,
            url: with_query(url, &parameters),
            headers,
            body: Bytes::new(),
            depth: 1,
            timeout_ms: None,
        });
    }
    let encode = |text: &str| utf8_percent_encode(text, COMPONENT).to_string();
    let pairs = parameters.iter().flat_map(|(name, texts)| {
        let name = encode(name);
        texts.iter().map(move |text| format!("{name}={}", encode(text)))
    });
    let body = pairs.collect::<Vec<_>>().join("&");
    headers.insert(0, ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    headers.insert(1, ("Content-Length".to_owned(), body.len().to_string()));
    Ok(OutboundRequest { method, url: url.to_owned(), headers, body: body.into(), depth: 1, timeout_ms: None })
}

/// Runs the checks of the module, and returns the method.
fn validate(vars: &Value) -> Result<Method, RequestError> {
    let property = |name: &str| vars.get(name).map(values::plain).filter(|value| !value.is_null());
    let to_text = |value: &Value| values::text(value).unwrap_or_default().into_owned();
    if let Some(outcome) = property("default_outcome").map(to_text) {
        // The module accepts any text that contains one of the words.
        if !["success", "failure", "error"].iter().any(|word| outcome.contains(word)) {
            return Err(RequestError::DefaultOutcome);
        }
    }
    let url = property("url").map(to_text).ok_or(RequestError::NoUrl)?;
    let uri: Option<Uri> = escape_url(&url).parse().ok();
    let is_http_url =
        |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|h| !h.is_empty());
    if !uri.is_some_and(|uri| is_http_url(&uri)) {
        return Err(RequestError::InvalidUrl);
    }
    match property("method").map(to_text).unwrap_or_default().to_uppercase().as_str() {
        "" | "POST" => Ok(Method::POST),
        "GET" => Ok(Method::GET),
        _ => Err(RequestError::Method),
    }
}

/// Names and values in the order in which they are sent. Custom parameters can have several values.
type Parameters = Vec<(String, Vec<String>)>;

fn parameters(vars: &Value) -> Parameters {
    let mut parameters = Parameters::new();
    flatten("", vars.get("lead").unwrap_or(&Value::Null), Arrays::Flatten, 0, &mut |name, value| {
        put(&mut parameters, name, vec![value_text(value)]);
    });
    let custom = vars.pointer("/default/custom").unwrap_or(&Value::Null);
    flatten("", custom, Arrays::Keep, 0, &mut |name, value| {
        // Values that are false in JavaScript are left out.
        let is_falsy = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        match value {
            _ if is_falsy => {}
            Value::Array(items) => put(&mut parameters, name, items.iter().map(value_text).collect()),
            value => put(&mut parameters, name, vec![value_text(value)]),
        }
    });
    let price = vars.get("price").map(value_text).filter(|price| !price.is_empty() && price != "false");
    put(&mut parameters, "price".to_owned(), vec![price.unwrap_or_else(|| "0".to_owned())]);
    parameters
}

/// Adds a parameter, or replaces the values of the one with its name.
fn put(parameters: &mut Parameters, name: String, values: Vec<String>) {
    match parameters.iter().position(|(known, _)| *known == name) {
        Some(index) => parameters[index].1 = values,
        None if parameters.len() < PARAMETERS_MAX => parameters.push((name, values)),
        None => {}
    }
}

/// The text of a value; empty for `null`, and for values without a text.
fn value_text(value: &Value) -> String {
    if let Some(date) = date(value) {
        return date.to_owned();
    }
    values::text(value).unwrap_or_default().into_owned()
}

/// How arrays are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrays {
    /// Each item is a parameter, with its index as the last part of the name.
    Flatten,
    /// The array is one parameter with several values.
    Keep,
}

/// Calls `visit` for every value inside `value`, with its dotted name. A typed value counts as one value.
fn flatten(name: &str, value: &Value, arrays: Arrays, depth: usize, visit: &mut dyn FnMut(String, &Value)) {
    if depth > DEPTH_MAX {
        return;
    }
    let nested_name = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(object) if !is_typed(object) && (depth == 0 || !object.is_empty()) => {
            for (part, value) in object {
                flatten(&nested_name(part), value, arrays, depth + 1, visit);
            }
        }
        Value::Array(items) if arrays == Arrays::Flatten && !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                flatten(&nested_name(&index.to_string()), value, arrays, depth + 1, visit);
            }
        }
        _ if depth == 0 => {}
        value => visit(name.to_owned(), value),
    }
}

/// The URL with the parameters in its query. A parameter replaces those of the same name.
fn with_query(url: &str, parameters: &Parameters) -> String {
    let (rest, fragment) = url.trim().split_once('#').map_or((url.trim(), ""), |(rest, fragment)| (rest, fragment));
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        pairs.push((name.into_owned(), value.into_owned()));
    }
    for (name, values) in parameters {
        let text = values.join(",");
        let mut same_name = pairs.iter_mut().filter(|(known, _)| known == name);
        match same_name.next() {
            None => pairs.push((name.clone(), text)),
            Some((_, value)) => {
                *value = text;
                let mut has_first = false;
                pairs.retain(|(known, _)| known != name || !std::mem::replace(&mut has_first, true));
            }
        }
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    // A browser writes the path even when it is the root.
    let has_path = base.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    let slash = if has_path { "" } else { "/" };
    let separator = if fragment.is_empty() { "" } else { "#" };
    format!("{}{slash}?{query}{separator}{fragment}", escape_url(base))
}

/// The module's result of a response: `outcome`, `reason`, `price` and further properties of the response.
#[must_use]
pub(super) fn parse_response(vars: &Value, response: &OutboundResponse) -> Value {
    let error = |reason: String| json!({"outcome": "error", "reason": reason});
    let content_type = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let Some((_, content_type)) = content_type else {
        return error("No Content-Type specified in server response".to_owned());
    };
    let body = String::from_utf8_lossy(&response.body);
    let event = match MediaType::negotiate(content_type) {
        None | Some(MediaType::Form) => {
            return error("Unsupported Content-Type specified in server response".to_owned());
        }
        Some(MediaType::Json) => json_text::parse(body.as_bytes()).map_err(ResponseError::from),
        Some(MediaType::ApplicationXml | MediaType::TextXml) => {
            read_xml(body.trim()).map(Value::Object).map_err(ResponseError::from)
        }
    };
    let event = match event {
        Ok(Value::Null) => Err(ResponseError::Null),
        event => event,
    };
    let event = match event {
        Ok(event) => event,
        // The module does not catch this error; the text is the mock's.
        Err(reason) => return error(format!("Unable to parse server response -- {reason}")),
    };
    if event.get("outcome").is_some_and(|outcome| !outcome.is_null()) {
        return event;
    }
    let truthy = |of: &Value, name: &str| {
        let value = of.get(name)?;
        let is_truthy =
            !matches!(value, Value::Null | Value::Bool(false)) && value != "" && value.as_f64() != Some(0.0);
        is_truthy.then(|| value.clone())
    };
    let outcome = vars.get("default_outcome").map(value_text).filter(|outcome| !outcome.is_empty());
    let reason = truthy(&event, "reason").or_else(|| truthy(&event, "message"));
    json!({
        "outcome": outcome.unwrap_or_else(|| "error".to_owned()),
        "reason": reason.unwrap_or_else(|| "Unrecognized response".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead() -> Value {
        json!({
            "id": "5462cdc5869bdb81148ece10",
            "first_name": "Jane & Joe",
            "email": {"raw": "J@Example.com", "normal": "j@example.com", "valid": true},
            "dob": {"raw": "03/18/1990", "normal": "1990-03-18T00:00:00.000Z", "valid": true, "age": 36.1},
            "phone_1": {"raw": "5", "normal": null, "valid": false},
            "mortgage": {"loan": {"amount": 1000.0}},
            "tags": ["a", "b"],
            "gone": null,
        })
    }

    fn sent_body(vars: &Value) -> String {
        let call = build_request(vars).unwrap();
        String::from_utf8(call.body.to_vec()).unwrap()
    }

    #[test]
    fn post_sends_the_lead_as_a_form() {
        let vars = json!({"url": "http://localhost:9/in?x=1", "lead": lead(), "price": 1.5,
                          "default": {"custom": {"first_name": "Over", "list": ["1", "2"], "empty": "", "deep": {"a": 7}}}});
        let call = build_request(&vars).unwrap();
        assert_eq!((call.method, call.url.as_str()), (Method::POST, "http://localhost:9/in?x=1"));
        let body = "id=5462cdc5869bdb81148ece10&first_name=Over&email=j%40example.com&dob=1990-03-18&phone_1=5&mortgage.loan.amount=1000\
                    &tags.0=a&tags.1=b&gone=&list=1&list=2&deep.a=7&price=1.5";
        assert_eq!(String::from_utf8_lossy(&call.body), body);
        let headers: Vec<(&str, &str)> =
            call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let length = body.len().to_string();
        let expected = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", length.as_str()),
            ("Accept", ACCEPT),
        ];
        assert_eq!(headers, expected);
        let plain = json!({"url": "http://localhost", "lead": {"first_name": "Jane & Joe's (x)"}});
        assert_eq!(sent_body(&plain), "first_name=Jane%20%26%20Joe's%20(x)&price=0");
        assert_eq!(sent_body(&json!({"url": "http://localhost", "price": 0.0})), "price=0");
    }

    #[test]
    fn get_sends_the_lead_in_the_query() {
        let rows = [
            ("http://localhost", "http://localhost/?first_name=Jane+%26+Joe&price=0"),
            (
                "http://localhost/a?b=1&first_name=x&first_name=y#top",
                "http://localhost/a?b=1&first_name=Jane+%26+Joe&price=0#top",
            ),
        ];
        for (url, expected) in rows {
            let vars = json!({"url": url, "method": "get", "lead": {"first_name": "Jane & Joe"}});
            let call = build_request(&vars).unwrap();
            assert_eq!((call.method, call.url.as_str()), (Method::GET, expected));
            assert!(call.body.is_empty() && call.headers.len() == 1);
        }
    }

    #[test]
    fn invalid_configuration_returns_the_reason_of_the_module() {
        let rows = [
            (json!({}), "URL is required"),
            (json!({"url": null}), "URL is required"),
            (json!({"url": ""}), "URL must be valid"),
            (json!({"url": "localhost:9"}), "URL must be valid"),
            (json!({"url": "ftp://localhost"}), "URL must be valid"),
            (json!({"url": "http://localhost", "method": "PUT"}), "Unsupported HTTP method - use GET or POST"),
            (
                json!({"url": "x", "default_outcome": "x"}),
                "default outcome must be \"success\", \"failure\" or \"error\"",
            ),
        ];
        for (vars, reason) in rows {
            assert_eq!(build_request(&vars).unwrap_err().to_string(), reason, "{vars}");
        }
        for vars in [json!({"url": "https://example.com/a b"}), json!({"url": "http://localhost", "method": ""})] {
            assert_eq!(
                build_request(&vars).unwrap().method,
                Method::POST,
                "the module does not check the scheme https"
            );
        }
    }

    #[test]
    fn responses_are_parsed_as_the_module_parses_them() {
        let rows = [
            (
                "",
                "{}",
                json!({}),
                json!({"outcome": "error", "reason": "No Content-Type specified in server response"}),
            ),
            (
                "text/html",
                "<p>",
                json!({}),
                json!({"outcome": "error", "reason": "Unsupported Content-Type specified in server response"}),
            ),
            (
                "application/json; charset=utf-8",
                r#"{"outcome":"success","price":2,"ref":{"id":1}}"#,
                json!({}),
                json!({"outcome": "success", "price": 2, "ref": {"id": 1}}),
            ),
            (
                "application/json",
                r#"{"reason":"duplicate","x":1}"#,
                json!({}),
                json!({"outcome": "error", "reason": "duplicate"}),
            ),
            (
                "application/json",
                r#"{"outcome":null,"message":"no"}"#,
                json!({"default_outcome": "failure"}),
                json!({"outcome": "failure", "reason": "no"}),
            ),
            (
                "application/json",
                "[]",
                json!({"default_outcome": ""}),
                json!({"outcome": "error", "reason": "Unrecognized response"}),
            ),
            (
                "text/xml",
                "<?xml version=\"1.0\"?><result lang=\"en\"><outcome>failure</outcome><reason>bad!</reason></result>",
                json!({}),
                json!({"lang": "en", "outcome": "failure", "reason": "bad!"}),
            ),
            ("application/xml", "<r><message>hm</message></r>", json!({}), json!({"outcome": "error", "reason": "hm"})),
        ];
        for (content_type, body, vars, expected) in rows {
            let headers = if content_type.is_empty() {
                Vec::new()
            } else {
                vec![("Content-Type".to_owned(), content_type.to_owned())]
            };
            let received =
                OutboundResponse { status: 200, headers, body: Bytes::from(body), began_ms: 0, ms: 1, attempts: 1 };
            assert_eq!(parse_response(&vars, &received), expected, "{content_type} {body}");
        }
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let received = OutboundResponse { status: 200, headers, body: "{".into(), began_ms: 0, ms: 1, attempts: 1 };
        let result = parse_response(&json!({"default_outcome": "success"}), &received);
        assert_eq!(result["outcome"], "error");
        assert!(result["reason"].as_str().unwrap().starts_with("Unable to parse server response -- "), "{result}");
    }
}
