//! XML bodies. The attributes and children of the root are the parameters; its name is ignored, and repeated elements
//! become arrays. The result is that of the `xml2js` package with the options of the vendor's module.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value};

use super::DEPTH_MAX;
use crate::config::limits::LEAD_VALUES_MAX;

/// The options of `xml2js` that differ between the vendor's modules.
#[derive(Clone, Copy)]
struct Style {
    /// The name for the text of an element that also has attributes or children.
    text_name: &'static str,
    /// Whether texts are trimmed, unless they are blank.
    is_trimmed: bool,
    /// Whether the document ends with its root element, whatever follows.
    ends_with_root: bool,
}

/// Leads.
const LEAD: Style = Style { text_name: "_", is_trimmed: false, ends_with_root: false };

/// Responses of recipients.
const RESPONSE: Style = Style { text_name: "#text", is_trimmed: true, ends_with_root: true };

/// Attributes of one element. Each is compared with those before it.
const ATTRIBUTES_MAX: usize = 1000;

/// Why a document cannot be read, where possible in the words of `xml2js`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XmlError {
    #[error("Non-whitespace before first tag. Line: 0 Column: 1 Char: {0}")]
    TextBeforeRoot(char),
    #[error("Text data outside of root node.")]
    TextAfterRoot,
    #[error("elements are nested more than {DEPTH_MAX} levels deep")]
    Depth,
    #[error("the document has more than {LEAD_VALUES_MAX} elements and attributes")]
    Values,
    #[error("an element has more than {ATTRIBUTES_MAX} attributes")]
    Attributes,
    #[error("Unclosed root tag")]
    Unclosed,
    #[error("the document has no root element")]
    NoRoot,
    #[error(transparent)]
    Syntax(#[from] quick_xml::Error),
    #[error(transparent)]
    Attribute(#[from] quick_xml::events::attributes::AttrError),
    #[error(transparent)]
    Escape(#[from] quick_xml::escape::EscapeError),
    #[error(transparent)]
    Encoding(#[from] quick_xml::encoding::EncodingError),
}

/// An element whose end tag has not been read yet.
#[derive(Default)]
struct OpenElement {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// Parses a document. A root that contains only text has no parameters. Error messages are those of `xml2js`.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, XmlError> {
    match read_root(text, LEAD)? {
        (_, Value::Object(members), _) => Ok(members),
        _ => Ok(Map::new()),
    }
}

/// Parses the response of a recipient: the root element under its name. What follows it is ignored; the number is the
/// position of its end.
pub(crate) fn read_element(text: &str) -> Result<(Map<String, Value>, usize), XmlError> {
    let (name, value, end) = read_root(text, RESPONSE)?;
    Ok((Map::from_iter([(name, value)]), end))
}

/// Parses a document: name and value of the root element, and the position of its end.
fn read_root(text: &str, style: Style) -> Result<(String, Value, usize), XmlError> {
    if let Some(first) = text.chars().next().filter(|first| *first != '<') {
        return Err(XmlError::TextBeforeRoot(first));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<OpenElement> = Vec::new();
    let mut root = None;
    let mut values = 0;
    loop {
        let event = reader.read_event()?;
        if values > LEAD_VALUES_MAX {
            return Err(XmlError::Values);
        }
        match event {
            Event::Start(_) | Event::Empty(_) if root.is_some() => {
                return Err(XmlError::TextAfterRoot);
            }
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX {
                    return Err(XmlError::Depth);
                }
                open.push(begin(&start, &mut values)?);
            }
            Event::Empty(start) => close(begin(&start, &mut values)?, &mut open, &mut root, style),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, &mut open, &mut root, style);
                }
            }
            Event::Text(text) => push_text(&mut open, &text.decode()?)?,
            Event::CData(text) => push_text(&mut open, &text.decode()?)?,
            Event::GeneralRef(reference) => push_text(&mut open, &resolve(&reference)?)?,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        if root.is_some() && style.ends_with_root {
            break;
        }
    }
    if !open.is_empty() {
        return Err(XmlError::Unclosed);
    }
    let (name, value) = root.ok_or(XmlError::NoRoot)?;
    Ok((name, value, usize::try_from(reader.buffer_position()).unwrap_or(text.len())))
}

/// An element with its attributes, which are added to the number of `values`.
fn begin(start: &BytesStart<'_>, values: &mut usize) -> Result<OpenElement, XmlError> {
    let mut open = OpenElement { name: name(start.name().as_ref()), ..OpenElement::default() };
    *values += 1;
    for (index, attribute) in start.attributes().enumerate() {
        let attribute = attribute?;
        if index >= ATTRIBUTES_MAX {
            return Err(XmlError::Attributes);
        }
        *values += 1;
        let raw = String::from_utf8_lossy(&attribute.value);
        let value = quick_xml::escape::unescape(&raw)?;
        add(&mut open.members, name(attribute.key.as_ref()), value.into_owned().into());
    }
    Ok(open)
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Resolves a reference such as `&amp;` or `&#65;`. Entities that a document declares itself are rejected.
fn resolve(reference: &BytesRef<'_>) -> Result<String, XmlError> {
    let name = reference.decode()?;
    let text = format!("&{name};");
    quick_xml::escape::unescape(&text).map(std::borrow::Cow::into_owned).map_err(XmlError::from)
}

fn push_text(open: &mut [OpenElement], text: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(XmlError::TextAfterRoot),
    }
    Ok(())
}

/// Adds a complete element to its parent, or makes it the root.
fn close(element: OpenElement, open: &mut [OpenElement], root: &mut Option<(String, Value)>, style: Style) {
    let OpenElement { name, mut members, text } = element;
    let text = if style.is_trimmed && !text.trim().is_empty() { text.trim().to_owned() } else { text };
    let value = if members.is_empty() {
        Value::from(text)
    } else {
        if !text.trim().is_empty() {
            members.insert(style.text_name.to_owned(), text.into());
        }
        Value::Object(members)
    };
    match open.last_mut() {
        Some(parent) => add(&mut parent.members, name, value),
        None => *root = Some((name, value)),
    }
}

fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => drop(members.insert(name, value)),
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}
