//! What the vendor's standard module for recipients sends, and what it makes of the answer.
//!
//! A lead goes out as a form, or as a query with GET: nested names joined by dots, typed values in their normal form,
//! custom parameters over them, and always a price. The answer is JSON or XML; what names no outcome gets the default
//! one. The module's reasons are kept word by word, because people search for them.

use bytes::Bytes;
use http::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::target::address;
use super::{Call, Received};
use crate::contract::lead_body::{Media, read_xml};
use crate::leadconduit::rules;
use crate::support::document::text;

/// What the module asks for: JSON rather than XML.
const ACCEPT: &str = "application/json;q=0.9,text/xml;q=0.8,application/xml;q=0.7";

/// What a form of the module leaves as it is; a space is `%20`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// How deep values may lie in each other; what lies deeper is not sent.
const DEPTH_MAX: usize = 100;

/// How many parameters are sent.
const PARAMETERS_MAX: usize = 10_000;

/// The call for a lead: `vars` holds `lead`, `url`, `method`, `price` and `default.custom`. An error is the reason why
/// nothing is sent.
pub fn request(vars: &Value) -> Result<Call, String> {
    let method = validated(vars)?;
    let parameters = parameters(vars);
    let url = text(vars, "url");
    let mut headers = vec![("Accept".to_owned(), ACCEPT.to_owned())];
    if method == Method::GET {
        return Ok(Call { method, url: with_query(url, &parameters), headers, body: Bytes::new() });
    }
    let encoded = |text: &str| utf8_percent_encode(text, FORM).to_string();
    let pairs = parameters.iter().flat_map(|(name, texts)| {
        let name = encoded(name);
        texts.iter().map(move |text| format!("{name}={}", encoded(text)))
    });
    let body = pairs.collect::<Vec<_>>().join("&");
    headers.insert(0, ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    headers.insert(1, ("Content-Length".to_owned(), body.len().to_string()));
    Ok(Call { method, url: url.to_owned(), headers, body: body.into() })
}

/// The method, when everything that the module checks is right.
fn validated(vars: &Value) -> Result<Method, String> {
    let given = |name: &str| vars.get(name).map(rules::plain).filter(|value| !value.is_null());
    let written = |value: &Value| rules::text(value).unwrap_or_default().into_owned();
    if let Some(outcome) = given("default_outcome").map(written) {
        // The module looks for the words anywhere.
        if !["success", "failure", "error"].iter().any(|word| outcome.contains(word)) {
            return Err("default outcome must be \"success\", \"failure\" or \"error\"".to_owned());
        }
    }
    let url = given("url").map(written).ok_or("URL is required")?;
    let uri: Option<Uri> = address(&url).parse().ok();
    let is_web =
        |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|h| !h.is_empty());
    if !uri.is_some_and(|uri| is_web(&uri)) {
        return Err("URL must be valid".to_owned());
    }
    match given("method").map(written).unwrap_or_default().to_uppercase().as_str() {
        "" | "POST" => Ok(Method::POST),
        "GET" => Ok(Method::GET),
        _ => Err("Unsupported HTTP method - use GET or POST".to_owned()),
    }
}

/// Names and texts in the order in which they are sent. Custom parameters may have several texts.
type Parameters = Vec<(String, Vec<String>)>;

fn parameters(vars: &Value) -> Parameters {
    let mut parameters = Parameters::new();
    flatten("", vars.get("lead").unwrap_or(&Value::Null), Lists::Flat, 0, &mut |name, value| {
        put(&mut parameters, name, vec![one(value)]);
    });
    let custom = vars.pointer("/default/custom").unwrap_or(&Value::Null);
    flatten("", custom, Lists::Whole, 0, &mut |name, value| {
        // What JavaScript holds for false is left out.
        let is_nothing = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        match value {
            _ if is_nothing => {}
            Value::Array(items) => put(&mut parameters, name, items.iter().map(one).collect()),
            value => put(&mut parameters, name, vec![one(value)]),
        }
    });
    let price = vars.get("price").map(one).filter(|price| !price.is_empty() && price != "false");
    put(&mut parameters, "price".to_owned(), vec![price.unwrap_or_else(|| "0".to_owned())]);
    parameters
}

/// A later value takes the place of an earlier one of its name.
fn put(parameters: &mut Parameters, name: String, texts: Vec<String>) {
    match parameters.iter().position(|(known, _)| *known == name) {
        Some(at) => parameters[at].1 = texts,
        None if parameters.len() < PARAMETERS_MAX => parameters.push((name, texts)),
        None => {}
    }
}

/// The text of a value; nothing for what is missing or has no text.
fn one(value: &Value) -> String {
    rules::text(value).unwrap_or_default().into_owned()
}

/// What becomes of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lists {
    /// Their items are values of their own, by number.
    Flat,
    /// They stay values.
    Whole,
}

/// Every value below, under its dotted name. A typed value is one value.
fn flatten(name: &str, value: &Value, lists: Lists, depth: usize, each: &mut dyn FnMut(String, &Value)) {
    if depth > DEPTH_MAX {
        return;
    }
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(object) if !is_typed(object) && (depth == 0 || !object.is_empty()) => {
            for (part, value) in object {
                flatten(&below(part), value, lists, depth + 1, each);
            }
        }
        Value::Array(items) if lists == Lists::Flat && !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                flatten(&below(&at.to_string()), value, lists, depth + 1, each);
            }
        }
        _ if depth == 0 => {}
        value => each(name.to_owned(), value),
    }
}

/// Whether an object is a value with a type: those know what was sent, and their normal form.
fn is_typed(object: &Map<String, Value>) -> bool {
    let is_single = |name: &str| object.get(name).is_some_and(|part| !part.is_object() && !part.is_array());
    is_single("raw") || (is_single("normal") && object.contains_key("valid"))
}

/// The address with the parameters in its query, each in the place of those of its name.
fn with_query(url: &str, parameters: &Parameters) -> String {
    let (rest, fragment) = url.trim().split_once('#').map_or((url.trim(), ""), |(rest, fragment)| (rest, fragment));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        pairs.push((name.into_owned(), value.into_owned()));
    }
    for (name, texts) in parameters {
        let text = texts.join(",");
        let mut first = pairs.iter_mut().filter(|(known, _)| known == name);
        match first.next() {
            None => pairs.push((name.clone(), text)),
            Some((_, value)) => {
                *value = text;
                let mut seen = false;
                pairs.retain(|(known, _)| known != name || !std::mem::replace(&mut seen, true));
            }
        }
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    // A browser writes the path even when it is the root.
    let has_path = place.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    let slash = if has_path { "" } else { "/" };
    let mark = if fragment.is_empty() { "" } else { "#" };
    format!("{}{slash}?{query}{mark}{fragment}", address(place))
}

/// What the module makes of an answer: `outcome`, `reason`, `price` and whatever else the recipient said.
#[must_use]
pub fn response(vars: &Value, received: &Received) -> Value {
    let error = |reason: String| json!({"outcome": "error", "reason": reason});
    let kind = received.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let Some((_, kind)) = kind else { return error("No Content-Type specified in server response".to_owned()) };
    let body = String::from_utf8_lossy(&received.body);
    let event = match Media::choose(kind) {
        None | Some(Media::Form) => {
            return error("Unsupported Content-Type specified in server response".to_owned());
        }
        Some(Media::Json) => serde_json::from_str::<Value>(&body).map_err(|error| error.to_string()),
        Some(Media::ApplicationXml | Media::TextXml) => read_xml(body.trim()).map(Value::Object),
    };
    let event = match event {
        Ok(Value::Null) => Err("it is null".to_owned()),
        event => event,
    };
    let event = match event {
        Ok(event) => event,
        // The module lets this fault through; these words are ours.
        Err(why) => return error(format!("Unable to parse server response -- {why}")),
    };
    if event.get("outcome").is_some_and(|outcome| !outcome.is_null()) {
        return event;
    }
    let said = |of: &Value, name: &str| {
        let word = of.get(name)?;
        let is_something =
            !matches!(word, Value::Null | Value::Bool(false)) && word != "" && word.as_f64() != Some(0.0);
        is_something.then(|| word.clone())
    };
    let outcome = vars.get("default_outcome").map(one).filter(|outcome| !outcome.is_empty());
    let reason = said(&event, "reason").or_else(|| said(&event, "message"));
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
            "phone_1": {"raw": "5", "normal": null, "valid": false},
            "mortgage": {"loan": {"amount": 1000.0}},
            "tags": ["a", "b"],
            "gone": null,
        })
    }

    fn sent(vars: &Value) -> String {
        let call = request(vars).unwrap();
        String::from_utf8(call.body.to_vec()).unwrap()
    }

    #[test]
    fn a_lead_goes_out_as_a_form() {
        let vars = json!({"url": "http://localhost:9/in?x=1", "lead": lead(), "price": 1.5,
                          "default": {"custom": {"first_name": "Over", "list": ["1", "2"], "empty": "", "deep": {"a": 7}}}});
        let call = request(&vars).unwrap();
        assert_eq!((call.method, call.url.as_str()), (Method::POST, "http://localhost:9/in?x=1"));
        let body = "id=5462cdc5869bdb81148ece10&first_name=Over&email=j%40example.com&phone_1=5&mortgage.loan.amount=1000\
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
        assert_eq!(sent(&plain), "first_name=Jane%20%26%20Joe's%20(x)&price=0");
        assert_eq!(sent(&json!({"url": "http://localhost", "price": 0.0})), "price=0");
    }

    #[test]
    fn get_puts_the_lead_into_the_query() {
        let rows = [
            ("http://localhost", "http://localhost/?first_name=Jane+%26+Joe&price=0"),
            (
                "http://localhost/a?b=1&first_name=x&first_name=y#top",
                "http://localhost/a?b=1&first_name=Jane+%26+Joe&price=0#top",
            ),
        ];
        for (url, expected) in rows {
            let vars = json!({"url": url, "method": "get", "lead": {"first_name": "Jane & Joe"}});
            let call = request(&vars).unwrap();
            assert_eq!((call.method, call.url.as_str()), (Method::GET, expected));
            assert!(call.body.is_empty() && call.headers.len() == 1);
        }
    }

    #[test]
    fn what_cannot_be_sent_has_the_modules_reason() {
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
            assert_eq!(request(&vars).unwrap_err(), reason, "{vars}");
        }
        for vars in [json!({"url": "https://example.com/a b"}), json!({"url": "http://localhost", "method": ""})] {
            assert_eq!(
                request(&vars).unwrap().method,
                Method::POST,
                "whether https is spoken is not the module's matter"
            );
        }
    }

    #[test]
    fn answers_are_read_as_the_module_reads_them() {
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
        for (kind, body, vars, expected) in rows {
            let headers = if kind.is_empty() { Vec::new() } else { vec![("Content-Type".to_owned(), kind.to_owned())] };
            let received = Received { status: 200, headers, body: Bytes::from(body), began_ms: 0, ms: 1, attempts: 1 };
            assert_eq!(response(&vars, &received), expected, "{kind} {body}");
        }
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let received = Received { status: 200, headers, body: "{".into(), began_ms: 0, ms: 1, attempts: 1 };
        let told = response(&json!({"default_outcome": "success"}), &received);
        assert_eq!(told["outcome"], "error");
        assert!(told["reason"].as_str().unwrap().starts_with("Unable to parse server response -- "), "{told}");
    }
}
