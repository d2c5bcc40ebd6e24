//! Properties as an XML document, indented as the builder of the module writes it.

use std::fmt::Write as _;

use serde_json::Value;

use super::js;
use super::properties::Node;
use crate::leadconduit::delivery::modules::RequestError;

const DECLARATION: &str = "<?xml version=\"1.0\"?>";

/// An element, or what stands between elements.
enum Part {
    Element {
        name: String,
        attributes: Vec<(String, String)>,
        parts: Vec<Part>,
    },
    Text(String),
    /// Text that is written as it is: with its markup.
    Raw(String),
    CData(String),
    Comment(String),
}

/// The document. `a.b` is the text of an element, `a.b@c` an attribute, `a.b#cdata` character data.
///
/// # Errors
///
/// A text is missing, or contains what XML cannot.
pub(super) fn build(paths: Option<Node>) -> Result<String, RequestError> {
    // A document has one root; of several, the module sends the last.
    let root = elements(paths)?.pop();
    let mut xml = DECLARATION.to_owned();
    if let Some(root) = root {
        xml.push('\n');
        write(&root, 0, &mut xml);
        xml.truncate(xml.trim_end_matches('\n').len());
    }
    Ok(xml)
}

/// Each root by itself, on one line and without a declaration.
///
/// # Errors
///
/// As [`build`].
pub(super) fn build_elements(paths: Node) -> Result<Vec<String>, RequestError> {
    let texts = elements(Some(paths))?.into_iter().map(|root| {
        let mut xml = String::new();
        write_inline(&root, &mut xml);
        xml
    });
    Ok(texts.collect())
}

/// The roots.
fn elements(paths: Option<Node>) -> Result<Vec<Part>, RequestError> {
    let mut values = Vec::new();
    if let Some(paths) = paths {
        for (name, node) in paths.entries() {
            node.flatten(name, true, &mut values);
        }
    }
    let mut tree = Node::Object(Vec::new());
    for (path, node) in js::in_order(values) {
        let path = if path.contains(['@', '#']) { path } else { format!("{path}#text") };
        let at = path.find(['@', '#']).unwrap_or_default();
        tree.insert(&format!("{}.{}", &path[..at], &path[at..]), node);
    }
    let mut holder = (Vec::new(), Vec::new());
    add(&mut holder.0, &mut holder.1, "doc", tree.compact())?;
    Ok(holder.1.into_iter().filter(|part| matches!(part, Part::Element { .. })).collect())
}

/// Adds the members of a node to the attributes and parts of the element `parent`.
fn add(
    attributes: &mut Vec<(String, String)>,
    parts: &mut Vec<Part>,
    parent: &str,
    node: Node,
) -> Result<(), RequestError> {
    for (key, node) in node.entries() {
        add_member(attributes, parts, parent, &key, node)?;
    }
    Ok(())
}

fn add_member(
    attributes: &mut Vec<(String, String)>,
    parts: &mut Vec<Part>,
    parent: &str,
    key: &str,
    node: Node,
) -> Result<(), RequestError> {
    let failed = |text: String| RequestError::Failed(text);
    if let Some(name) = key.strip_prefix('@') {
        let missing = || failed(format!("Missing attribute value for attribute {name} of element {parent}"));
        let value = text(&node).ok_or_else(missing)?;
        match attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => attributes.push((name.to_owned(), value)),
        }
        return Ok(());
    }
    if let Node::List(items) = node {
        for item in items.into_values() {
            add_member(attributes, parts, parent, key, item)?;
        }
        return Ok(());
    }
    let part = if key.starts_with("#text") {
        Part::Text(legal(text(&node).ok_or_else(|| failed("Missing element text".to_owned()))?)?)
    } else if key.starts_with("#cdata") {
        Part::CData(legal(text(&node).ok_or_else(|| failed("Missing CDATA text".to_owned()))?)?)
    } else if key.starts_with("#comment") {
        let comment = legal(text(&node).ok_or_else(|| failed("Missing comment text".to_owned()))?)?;
        if comment.contains("--") {
            return Err(failed("Comment text cannot contain double-hypen".to_owned()));
        }
        Part::Comment(comment)
    } else if key.starts_with("#raw") {
        Part::Raw(text(&node).ok_or_else(|| failed("Missing raw text".to_owned()))?)
    } else {
        let (mut inner_attributes, mut inner_parts) = (Vec::new(), Vec::new());
        match &node {
            Node::Value(Value::Null) => {}
            Node::Value(value) => inner_parts.push(Part::Text(legal(js::text(value))?)),
            Node::Object(_) | Node::List(_) => add(&mut inner_attributes, &mut inner_parts, key, node)?,
        }
        Part::Element { name: legal(key.to_owned())?, attributes: inner_attributes, parts: inner_parts }
    };
    parts.push(part);
    Ok(())
}

/// The text of a node; `None` for no value, and for an empty object or list.
fn text(node: &Node) -> Option<String> {
    match node {
        Node::Value(Value::Null) => None,
        Node::Value(value) => Some(js::text(value)),
        Node::Object(entries) if entries.is_empty() => None,
        Node::List(items) if items.is_empty() => None,
        node => Some(js::text(&node.clone().into_value())),
    }
}

/// Control characters cannot be sent; neither can those outside of the basic plane, which the module sees as two halves.
fn legal(text: String) -> Result<String, RequestError> {
    let is_illegal = |c: char| {
        matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
            || u32::from(c) > 0xffff
    };
    if text.contains(is_illegal) {
        return Err(RequestError::Failed("Invalid character in string".to_owned()));
    }
    Ok(text)
}

fn escape_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

fn escape_attribute(value: &str) -> String {
    let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    value.replace('\t', "&#x9;").replace('\n', "&#xA;").replace('\r', "&#xD;")
}

/// Writes a part on lines of its own. The depth is that of the properties, which is limited.
fn write(part: &Part, level: usize, xml: &mut String) {
    let indent = "  ".repeat(level);
    let (name, attributes, parts) = match part {
        Part::Element { name, attributes, parts } => (name, attributes, parts),
        Part::Text(text) => {
            let _ = writeln!(xml, "{indent}{}", escape_text(text));
            return;
        }
        Part::Raw(text) => {
            let _ = writeln!(xml, "{indent}{text}");
            return;
        }
        Part::CData(text) => {
            let text = text.replacen("]]>", "]]]]><![CDATA[>", 1);
            let _ = writeln!(xml, "{indent}<![CDATA[{text}]]>");
            return;
        }
        Part::Comment(text) => {
            let _ = writeln!(xml, "{indent}<!-- {text} -->");
            return;
        }
    };
    let _ = write!(xml, "{indent}<{name}");
    for (name, value) in attributes {
        let _ = write!(xml, " {name}=\"{}\"", escape_attribute(value));
    }
    let is_blank = |part: &Part| matches!(part, Part::Text(text) | Part::Raw(text) if text.is_empty());
    match &parts[..] {
        parts if parts.iter().all(is_blank) => xml.push_str("/>\n"),
        [Part::Text(text)] => {
            let _ = writeln!(xml, ">{}</{name}>", escape_text(text));
        }
        [Part::Raw(text)] => {
            let _ = writeln!(xml, ">{text}</{name}>");
        }
        parts => {
            xml.push_str(">\n");
            for part in parts {
                write(part, level + 1, xml);
            }
            let _ = writeln!(xml, "{indent}</{name}>");
        }
    }
}

/// Writes a part without line breaks. The depth is that of the properties, which is limited.
fn write_inline(part: &Part, xml: &mut String) {
    match part {
        Part::Text(text) => xml.push_str(&escape_text(text)),
        Part::Raw(text) => xml.push_str(text),
        Part::CData(text) => {
            let _ = write!(xml, "<![CDATA[{}]]>", text.replacen("]]>", "]]]]><![CDATA[>", 1));
        }
        Part::Comment(text) => {
            let _ = write!(xml, "<!-- {text} -->");
        }
        Part::Element { name, attributes, parts } => {
            let _ = write!(xml, "<{name}");
            for (name, value) in attributes {
                let _ = write!(xml, " {name}=\"{}\"", escape_attribute(value));
            }
            let is_blank = |part: &Part| matches!(part, Part::Text(text) | Part::Raw(text) if text.is_empty());
            if parts.iter().all(is_blank) {
                xml.push_str("/>");
                return;
            }
            xml.push('>');
            for part in parts {
                write_inline(part, xml);
            }
            let _ = write!(xml, "</{name}>");
        }
    }
}
