//! The requests of the custom modules.

use bytes::Bytes;
use http::Method;
use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

use super::Format;
use super::js;
use super::properties::{Lists, Node, Properties, Texts};
use super::validate::validate;
use super::xml_body;
use crate::http::basic_auth;
use crate::leadconduit::delivery::message::OutboundRequest;
use crate::leadconduit::delivery::modules::RequestError;
use crate::support::percent::COMPONENT;

const ACCEPT: &str = "application/json;q=0.9,text/xml;q=0.8,application/xml;q=0.7,text/html;q=0.6,text/plain;q=0.5";

const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// Names and values in the order in which they are sent.
type Parameters = Vec<(String, Vec<String>)>;

/// The request of a module.
///
/// # Errors
///
/// The mappings are not valid, or the module fails.
pub(in super::super) fn build_request(
    format: Format,
    vars: &Map<String, Value>,
) -> Result<OutboundRequest, RequestError> {
    let vars = Properties(vars);
    validate(format, vars)?;
    let texts = if vars.is_true("send_ascii") { Texts::Ascii } else { Texts::Plain };
    let mut url = vars.text("url").unwrap_or_default();
    let mut method = Method::POST;
    let (content_type, body) = match format {
        Format::Form => {
            let content_type = "application/x-www-form-urlencoded; charset=utf-8";
            (Some(content_type.to_owned()), form_body(vars, texts)?)
        }
        Format::Query => {
            let parameters = vars.tree("parameter", texts)?;
            let query = parameters.map_or_else(String::new, |node| encode(&node.parameters(Lists::Compact)));
            // The module adds a question mark to any URL, also to one that has a query.
            url = format!("{url}?{query}");
            method = Method::GET;
            (None, String::new())
        }
        Format::Json => json_body(vars, texts)?,
        Format::Xml => xml_request_body(vars, texts)?,
    };
    if let Some(mapped) = vars.non_empty("method").filter(|_| matches!(format, Format::Json | Format::Xml)) {
        let unsupported = |_| RequestError::Invalid(format!("Unsupported HTTP method - {mapped}"));
        method = Method::from_bytes(mapped.to_uppercase().as_bytes()).map_err(unsupported)?;
    }
    let mut headers = Vec::new();
    if let Some(content_type) = content_type {
        headers.push(("Content-Type".to_owned(), content_type));
    }
    if matches!(format, Format::Form | Format::Xml) {
        headers.push(("Content-Length".to_owned(), body.len().to_string()));
    }
    headers.push(("Accept".to_owned(), ACCEPT.to_owned()));
    if let (Some(user), Some(password)) = (vars.non_empty("basic_username"), vars.non_empty("basic_password")) {
        headers.push(("Authorization".to_owned(), basic_auth::encode(&user, &password)));
    }
    for (name, value) in mapped_headers(vars)? {
        match headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, known)) => *known = value,
            None => headers.push((name, value)),
        }
    }
    Ok(OutboundRequest { method, url, headers, body: Bytes::from(body), depth: 1, timeout_ms: None })
}

/// The mapped headers. Lists are joined; objects and blank values are left out.
fn mapped_headers(vars: Properties<'_>) -> Result<Vec<(String, String)>, RequestError> {
    let Some(node @ Node::Object(_)) = vars.tree("header", Texts::Plain)? else { return Ok(Vec::new()) };
    let text = |node: Node| match node {
        Node::List(_) => match node.into_value() {
            Value::Array(items) => {
                let item = |item: &Value| if item.is_null() { String::new() } else { js::text(item) };
                items.iter().map(item).collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        },
        node => node.text(),
    };
    let headers = node.entries().into_iter().map(|(name, node)| (name, text(node)));
    Ok(headers.filter(|(_, value)| !js::trim(value).is_empty()).collect())
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

fn encode(parameters: &Parameters) -> String {
    join(parameters, escape)
}

fn join(parameters: &Parameters, escape: fn(&str) -> String) -> String {
    let pairs = parameters.iter().flat_map(|(name, texts)| {
        let name = escape(name);
        texts.iter().map(move |text| format!("{name}={}", escape(text)))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A form. Once `encode_form_field_names` is mapped, to whatever value, the names are sent as they are.
fn form_body(vars: Properties<'_>, texts: Texts) -> Result<String, RequestError> {
    let Some(fields) = vars.tree("form_field", texts)? else { return Ok(String::new()) };
    if !vars.is_mapped("encode_form_field_names") {
        return Ok(encode(&fields.compact().parameters(Lists::AsTheyAre)));
    }
    if matches!(fields, Node::List(_)) {
        // The module forgets to escape anything.
        return Ok(join(&fields.compact().parameters(Lists::AsTheyAre), str::to_owned));
    }
    // Only the first level is escaped: an object is its text.
    let parameters = fields.entries().into_iter().map(|(name, node)| {
        let value = node.into_value();
        (name, vec![escape(&js::text(&value))])
    });
    Ok(join(&parameters.collect(), str::to_owned))
}

/// A JSON document, by itself or as a parameter of a form.
fn json_body(vars: Properties<'_>, texts: Texts) -> Result<(Option<String>, String), RequestError> {
    let node = vars.tree("json_property", texts)?.unwrap_or(Node::Object(Vec::new()));
    let json = match node.compact().into_value() {
        // Without a property, or with numbers only, the module makes a list.
        Value::Object(object) if object.keys().all(|name| name.bytes().all(|byte| byte.is_ascii_digit())) => {
            Value::Array(object.into_iter().map(|(_, value)| value).filter(js::is_truthy).collect())
        }
        json => json,
    };
    let Some(parameter) = vars.non_empty("json_parameter") else {
        return Ok((Some("application/json; charset=utf-8".to_owned()), json.to_string()));
    };
    let is_empty = match &json {
        Value::Object(object) => object.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    let mut parameters = Parameters::new();
    if !is_empty {
        parameters.push((parameter, vec![json.to_string()]));
    }
    if let Some(nested) = vars.tree("nested_extra_parameter", Texts::Json)? {
        for (name, node) in nested.entries() {
            put(&mut parameters, name, vec![node.into_value().to_string()]);
        }
    }
    add_extra_parameters(vars, &mut parameters)?;
    Ok((Some(FORM_TYPE.to_owned()), encode(&js::in_order(parameters))))
}

/// An XML document, by itself or as a parameter of a form.
fn xml_request_body(vars: Properties<'_>, texts: Texts) -> Result<(Option<String>, String), RequestError> {
    let xml = xml_body::build(vars.tree("xml_path", texts)?)?;
    let Some(parameter) = vars.non_empty("xml_parameter") else {
        let content_type = vars.non_empty("header.Content-Type").unwrap_or_else(|| "text/xml".to_owned());
        return Ok((Some(content_type), xml));
    };
    let mut parameters = vec![(parameter, vec![xml])];
    add_extra_parameters(vars, &mut parameters)?;
    Ok((Some(FORM_TYPE.to_owned()), encode(&js::in_order(parameters))))
}

/// Adds the further parameters of a form; they replace others of their name.
fn add_extra_parameters(vars: Properties<'_>, parameters: &mut Parameters) -> Result<(), RequestError> {
    if let Some(extra) = vars.tree("extra_parameter", Texts::Plain)? {
        for (name, texts) in extra.parameters(Lists::AsTheyAre) {
            put(parameters, name, texts);
        }
    }
    Ok(())
}

fn put(parameters: &mut Parameters, name: String, texts: Vec<String>) {
    match parameters.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = texts,
        None => parameters.push((name, texts)),
    }
}
