//! A response as a document of its media type, and what a path selects in it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::html::HtmlDocument;
use super::js;
use super::json_path;
use super::pattern::Pattern;
use super::xml::{Selected, XmlDocument};
use crate::support::{computation, json_text};

/// The most parameters of a form that are read.
const PARAMETERS_MAX: usize = 1000;

/// How many bytes are parsed in a unit of [`computation::spend`].
const BYTES_PER_UNIT: usize = 50;

/// The attribute in a selector such as `a.next @href`. Of a name with a hyphen it takes only the beginning, as in the
/// module.
static ATTRIBUTE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\s*@([a-z_:]+[-a-z0-9_:.]\]?)").ok());

/// A response.
#[derive(Debug)]
pub(super) enum Document {
    /// JSON that is an object; a list is one under the name `array`.
    Json(Value),
    /// A form. Reasons, prices and references are not found in it.
    Form(Value),
    Xml(XmlDocument),
    /// Something that was sent as XML but is not.
    DamagedXml,
    Html(HtmlDocument),
    Text(String),
    /// A number or a truth value, in which nothing is found.
    Scalar,
}

impl Document {
    /// Reads a body. One that does not have the form of its media type is a text, unless it is to be XML.
    pub(super) fn parse(body: &str, content_type: &str) -> Self {
        let text = || Self::Text(body.to_owned());
        computation::spend(u32::try_from(body.len() / BYTES_PER_UNIT).unwrap_or(u32::MAX));
        match media_type(content_type).as_str() {
            "application/json" => match json_text::parse(body.as_bytes()) {
                Ok(Value::Array(items)) => {
                    Self::Json(Value::Object(Map::from_iter([("array".to_owned(), Value::Array(items))])))
                }
                Ok(object @ Value::Object(_)) => Self::Json(object),
                Ok(Value::String(text)) => Self::Text(text),
                Ok(Value::Bool(_) | Value::Number(_)) => Self::Scalar,
                Ok(Value::Null) | Err(_) => text(),
            },
            "application/xml" | "text/xml" if body.is_empty() => text(),
            "application/xml" | "text/xml" => XmlDocument::parse(body).map_or(Self::DamagedXml, Self::Xml),
            "text/html" => HtmlDocument::parse(body).map_or_else(text, Self::Html),
            "application/x-www-form-urlencoded" => Self::Form(parse_form(body)),
            _ => text(),
        }
    }

    /// The texts at a path in which the outcome is searched for.
    pub(super) fn search_texts(&self, path: &str) -> Vec<String> {
        match self {
            Self::Json(value) | Self::Form(value) => match json_path::get(value, path) {
                None => Vec::new(),
                Some(json_path::Found::Length(length)) => vec![length.to_string()],
                Some(json_path::Found::Character(c)) => vec![c.to_string()],
                Some(json_path::Found::Value(Value::Array(items))) => items.iter().map(text_or_blank).collect(),
                Some(json_path::Found::Value(value)) => vec![text_or_blank(value)],
            },
            Self::Xml(document) => match document.select(path) {
                None => Vec::new(),
                Some(Selected::Nodes(nodes)) => nodes.into_iter().map(|(_, xml)| xml).collect(),
                Some(Selected::Value(value)) => vec![text_or_blank(&value)],
            },
            Self::Html(document) => document.inner(path),
            Self::Text(text) => vec![text.clone()],
            Self::DamagedXml | Self::Scalar => Vec::new(),
        }
    }

    /// The value that a path selects: of several, a list.
    pub(super) fn select(&self, path: &str) -> Option<Value> {
        match self {
            Self::Json(value) => json_path::select(value, path),
            Self::Xml(document) => Some(match document.select(path)? {
                Selected::Value(value) => value,
                Selected::Nodes(nodes) => {
                    nodes.into_iter().map(|(value, xml)| Value::from(value.unwrap_or(xml))).collect()
                }
            }),
            Self::Html(document) => {
                let attribute = ATTRIBUTE.as_ref().and_then(|pattern| pattern.captures(path));
                let found = match attribute.and_then(|found| Some((found.get(0)?, found.get(1)?.as_str()))) {
                    Some((whole, name)) => {
                        let selector = format!("{}{}", &path[..whole.start()], &path[whole.end()..]);
                        document.attributes(&selector, name)
                    }
                    None => document.texts(path),
                };
                Some(found.into_iter().map(Value::from).collect())
            }
            Self::Text(text) => {
                let pattern = Pattern::parse(path)?;
                pattern.group(text).map(|found| js::trim(found).into())
            }
            Self::Form(_) | Self::DamagedXml | Self::Scalar => None,
        }
    }

    /// The text in which captures are searched for; `None` when the document is appended by itself.
    pub(super) fn capture_text(&self) -> Option<String> {
        match self {
            Self::Html(document) => Some(document.text()),
            Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// What is appended of the document itself.
    pub(super) fn into_appended(self) -> Map<String, Value> {
        match self {
            Self::Json(Value::Object(object)) | Self::Form(Value::Object(object)) => quote_numeric_names(object),
            Self::Xml(document) => document.object,
            _ => Map::new(),
        }
    }
}

/// The text of a value, and nothing for no value.
fn text_or_blank(value: &Value) -> String {
    if value.is_null() { String::new() } else { js::text(value) }
}

/// The media type without parameters, in lower case.
fn media_type(content_type: &str) -> String {
    js::trim(content_type.split(';').next().unwrap_or_default()).to_lowercase()
}

fn parse_form(body: &str) -> Value {
    let mut form = Map::new();
    for (name, value) in form_urlencoded::parse(body.as_bytes()).take(PARAMETERS_MAX) {
        let value = Value::from(value.into_owned());
        match form.get_mut(name.as_ref()) {
            None => drop(form.insert(name.into_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Value::Object(form)
}

/// Puts names that begin with a number in single quotes, so that they are not read as indices. Objects in lists are left
/// as they are.
fn quote_numeric_names(object: Map<String, Value>) -> Map<String, Value> {
    let is_numeric = |name: &str| {
        let name = js::trim(name);
        name.strip_prefix(['+', '-']).unwrap_or(name).starts_with(|c: char| c.is_ascii_digit())
    };
    let quoted = object.into_iter().map(|(name, value)| {
        let value = match value {
            Value::Object(inner) => Value::Object(quote_numeric_names(inner)),
            value => value,
        };
        (if is_numeric(&name) { format!("'{name}'") } else { name }, value)
    });
    quoted.collect()
}
