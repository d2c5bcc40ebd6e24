//! A response as an object, with the types of the WSDL.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Number, Value, json};
use uppsala::{Document, NodeId, NodeKind, Parser};

use super::namespaces::{Namespaces, split};
use super::service::Wsdl;
use super::writer::{ATTRIBUTES, TEXT};
use crate::leadconduit::delivery::modules::ResponseError;
use crate::leadconduit::delivery::modules::custom::js;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How deeply elements of a response can be nested.
const DEPTH_MAX: u32 = 100;

/// How many documents can be in each other as character data.
const DOCUMENTS_MAX: u8 = 3;

/// What a response contains.
pub(super) enum Content {
    /// The envelope, or the whole of a document that is none.
    Members(Map<String, Value>),
    Fault(Value),
}

/// Reads a response.
pub(super) fn read(wsdl: &mut Wsdl, xml: &str) -> Result<Content, ResponseError> {
    read_nested(wsdl, xml, 0)
}

fn failed(text: impl Into<String>) -> ResponseError {
    ResponseError(text.into())
}

fn read_nested(wsdl: &mut Wsdl, xml: &str, level: u8) -> Result<Content, ResponseError> {
    if js::trim(xml).is_empty() {
        return Ok(Content::Members(Map::new()));
    }
    let parser = Parser::new().with_max_depth(DEPTH_MAX).with_forbid_dtd(true);
    let document = parser.parse(xml).map_err(|error| failed(format!("Invalid XML: {error}")))?;
    let root = document.document_element().ok_or_else(|| failed("Invalid XML: it has no root element"))?;
    let mut reader = Reader { wsdl, document: &document, xmlns: Namespaces::default(), has_body: false, level };
    let schema = json!({"Envelope": {
        "Header": {"Security": {"UsernameToken": {"Username": "string", "Password": "string"}}},
        "Body": {"Fault": {"faultcode": "string", "faultstring": "string", "detail": "string"}},
    }});
    let mut members = Map::new();
    reader.add(root, "", &schema, &mut members)?;
    let Some(Value::Object(envelope)) = members.get("Envelope").filter(|envelope| js::is_truthy(envelope)) else {
        return Ok(Content::Members(members));
    };
    match envelope.get("Body").and_then(|body| body.get("Fault")).filter(|fault| js::is_truthy(fault)) {
        Some(fault) => Ok(Content::Fault(fault.clone())),
        None => Ok(Content::Members(envelope.clone())),
    }
}

struct Reader<'r, 'd> {
    wsdl: &'r mut Wsdl,
    document: &'d Document<'d>,
    /// The declarations so far, wherever they are.
    xmlns: Namespaces,
    /// Whether the element of the response was found in the body.
    has_body: bool,
    level: u8,
}

impl Reader<'_, '_> {
    /// Reads an element and adds it to those beside it. The parser limits the depth.
    fn add(
        &mut self,
        node: NodeId,
        parent: &str,
        schema: &Value,
        siblings: &mut Map<String, Value>,
    ) -> Result<(), ResponseError> {
        let document = self.document;
        let Some(element) = document.element(node) else { return Ok(()) };
        let name = element.name.local_name.to_string();
        let mut described = None;
        let mut schema_name = name.clone();
        if !self.has_body && parent == "Body" && name != "Fault" {
            let found = self.wsdl.response_schema(&name).map_err(|error| failed(error.to_string()))?;
            let (found, description) =
                found.ok_or_else(|| failed(format!("the element {name} of the response is not in the WSDL")))?;
            schema_name = found;
            described = Some(description);
            self.has_body = true;
        }
        let schema = described.as_ref().unwrap_or(schema);
        for (prefix, uri) in &element.namespace_declarations {
            self.xmlns.set(if prefix.is_empty() { "xmlns" } else { prefix }, uri);
        }
        let mut attributes = Map::new();
        let mut is_nil = false;
        let mut typed = None;
        for attribute in &element.attributes {
            let (name, value) = (attribute.name.prefixed_name().into_owned(), attribute.value.to_string());
            let is_xsi = name.split_once(':').is_some_and(|(prefix, _)| self.xmlns.get(prefix) == Some(XSI));
            match &*attribute.name.local_name {
                "href" if !is_xsi => return Err(failed("the mock does not read values that refer to others (href)")),
                "nil" if is_xsi => is_nil |= value.eq_ignore_ascii_case("true") || value == "1",
                "type" if is_xsi => typed = Some(value.clone()),
                _ => {}
            }
            attributes.insert(name, value.into());
        }
        let typed = match &typed {
            Some(typed) => {
                let (prefix, local) = split(typed);
                let uri = self.xmlns.get(prefix).or_else(|| self.xmlns.get("xmlns")).map(str::to_owned);
                let found = self.wsdl.described_type(uri.as_deref(), local);
                found.map_err(|error| failed(error.to_string()))?
            }
            None => None,
        };
        let is_list = schema.get(format!("{name}[]")).is_some_and(js::is_truthy);
        if is_list {
            schema_name = format!("{name}[]");
        }
        let own = typed.or_else(|| schema.get(&schema_name).cloned()).unwrap_or_default();
        let value = self.content(node, &name, &own, attributes)?;
        if is_nil {
            return Ok(());
        }
        let is_text = own.as_str().is_some_and(|kind| kind == "string" || kind.split(':').nth(1) == Some("string"));
        let value = match value {
            Value::Object(members) if members.is_empty() && is_text => "".into(),
            Value::Object(members) if members.is_empty() => Value::Null,
            value => value,
        };
        match siblings.get_mut(&name) {
            Some(Value::Array(items)) => items.push(value),
            Some(first) if !is_list => *first = Value::Array(vec![first.take(), value]),
            _ => drop(siblings.insert(name, if is_list { Value::Array(vec![value]) } else { value })),
        }
        Ok(())
    }

    /// What is in an element: an object, or the text of the last part.
    fn content(
        &mut self,
        node: NodeId,
        name: &str,
        schema: &Value,
        attributes: Map<String, Value>,
    ) -> Result<Value, ResponseError> {
        let has_attributes = !attributes.is_empty();
        let mut value = Value::Object(Map::new());
        if let (true, Some(members)) = (has_attributes, value.as_object_mut()) {
            members.insert(ATTRIBUTES.to_owned(), Value::Object(attributes));
        }
        let document = self.document;
        for child in document.children_iter(node) {
            let read = match document.node_kind(child) {
                Some(NodeKind::Element(_)) => {
                    let Value::Object(members) = &mut value else {
                        return Err(failed(format!("the element {name} of the response has text beside elements")));
                    };
                    self.add(child, name, schema, members)?;
                    continue;
                }
                Some(NodeKind::CData(text)) if text.contains("<?xml") && text.contains("?>") => {
                    self.nested(js::trim(text))?
                }
                Some(NodeKind::Text(text) | NodeKind::CData(text)) => {
                    let text = js::trim(text);
                    if text.is_empty() {
                        continue;
                    }
                    let typed = typed_text(schema, text);
                    match (&value, typed) {
                        (Value::String(before), Value::String(text)) => format!("{before}{text}").into(),
                        (_, typed) => typed,
                    }
                }
                _ => continue,
            };
            match value.as_object_mut().filter(|_| has_attributes) {
                Some(members) => drop(members.insert(TEXT.to_owned(), read)),
                None => value = read,
            }
        }
        Ok(value)
    }

    /// A document in character data.
    fn nested(&mut self, xml: &str) -> Result<Value, ResponseError> {
        if self.level >= DOCUMENTS_MAX {
            return Err(failed("the response has too many documents in each other"));
        }
        match read_nested(self.wsdl, xml, self.level + 1)? {
            Content::Members(members) => Ok(Value::Object(members)),
            Content::Fault(_) => Err(failed("the response contains a fault in character data")),
        }
    }
}

/// A text by its type.
fn typed_text(schema: &Value, text: &str) -> Value {
    let number = |number: Option<f64>| {
        let number = number.and_then(Number::from_f64);
        number.map_or(Value::Null, |number| Value::Number(js::json_number(&number)))
    };
    match schema.as_str().map(|kind| split(kind).1).unwrap_or_default() {
        "int" | "integer" => {
            let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
            let digits = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
            let sign = if text.starts_with('-') { "-" } else { "" };
            number(format!("{sign}{}", &unsigned[..digits]).parse().ok())
        }
        "double" | "float" | "decimal" => number(text.parse().ok()),
        "bool" | "boolean" => (text.eq_ignore_ascii_case("true") || text == "1").into(),
        "dateTime" | "date" => {
            let civil = || text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
            let utc = || civil().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
            let time: Option<Timestamp> = text.parse().ok().or_else(utc);
            time.map_or(Value::Null, |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into())
        }
        _ => text.into(),
    }
}
