//! Bodies of XML as parameters: the root's name does not matter, its attributes and children are the parameters, and
//! what is repeated becomes a list. The shapes are those of the `xml2js` package with the options of the module.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value};

use super::DEPTH_MAX;

/// The text of an element that has attributes or children too.
const TEXT: &str = "_";

/// An element that is not closed yet.
#[derive(Default)]
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// Reads a document. A root with nothing but text has no parameters.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, String> {
    if let Some(first) = text.chars().next().filter(|first| *first != '<') {
        return Err(format!("Non-whitespace before first tag. Line: 0 Column: 1 Char: {first}"));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(_) | Event::Empty(_) if root.is_some() => {
                return Err("Text data outside of root node.".to_owned());
            }
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX {
                    return Err(format!("elements lie more than {DEPTH_MAX} deep in each other"));
                }
                open.push(begin(&start)?);
            }
            Event::Empty(start) => close(begin(&start)?, &mut open, &mut root),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, &mut open, &mut root);
                }
            }
            Event::Text(text) => push(&mut open, &text.decode().map_err(|error| error.to_string())?)?,
            Event::CData(text) => push(&mut open, &text.decode().map_err(|error| error.to_string())?)?,
            Event::GeneralRef(reference) => push(&mut open, &resolved(&reference)?)?,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if !open.is_empty() {
        return Err("Unclosed root tag".to_owned());
    }
    match root {
        Some(Value::Object(members)) => Ok(members),
        Some(_) => Ok(Map::new()),
        None => Err("there is no root element".to_owned()),
    }
}

fn begin(start: &BytesStart<'_>) -> Result<Open, String> {
    let mut open = Open { name: name(start.name().as_ref()), ..Open::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let raw = String::from_utf8_lossy(&attribute.value);
        let value = quick_xml::escape::unescape(&raw).map_err(|error| error.to_string())?;
        add(&mut open.members, name(attribute.key.as_ref()), value.into_owned().into());
    }
    Ok(open)
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a reference such as `&amp;` or `&#65;` stands for. No other entities are known: a document may not bring its own.
fn resolved(reference: &BytesRef<'_>) -> Result<String, String> {
    let name = reference.decode().map_err(|error| error.to_string())?;
    let text = format!("&{name};");
    quick_xml::escape::unescape(&text).map(std::borrow::Cow::into_owned).map_err(|error| error.to_string())
}

fn push(open: &mut [Open], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("Text data outside of root node.".to_owned()),
    }
    Ok(())
}

/// An element is done: it becomes a member of the one that it lies in, or the root.
fn close(element: Open, open: &mut [Open], root: &mut Option<Value>) {
    let Open { name, mut members, text } = element;
    let value = if members.is_empty() {
        Value::from(text)
    } else {
        if !text.trim().is_empty() {
            members.insert(TEXT.to_owned(), text.into());
        }
        Value::Object(members)
    };
    match open.last_mut() {
        Some(parent) => add(&mut parent.members, name, value),
        None => *root = Some(value),
    }
}

fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => drop(members.insert(name, value)),
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}
