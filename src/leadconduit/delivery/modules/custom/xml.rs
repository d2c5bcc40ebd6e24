//! XML and `XPath` 1.0.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use uppsala::{Attribute, Document, Element, NodeId, NodeKind, Parser, QName, XPathEvaluator, XPathValue};

use crate::contract::lead_body::read_xml_element;

/// Longest expression, in bytes.
const EXPRESSION_BYTES_MAX: usize = 1000;

/// How many nodes one evaluation may visit.
const VISITS_MAX: usize = 200_000;

/// The most nodes that an expression selects.
const NODES_MAX: usize = 1000;

/// A document: the text of its root element, and what it is as an object.
#[derive(Debug)]
pub(super) struct XmlDocument {
    text: String,
    /// The root under its name, with attributes beside elements. Repeated elements are lists.
    pub(super) object: Map<String, Value>,
}

/// What an expression selects.
#[derive(Debug)]
pub(super) enum Selected {
    /// For each node its value, and its text with markup. Elements have no value of their own.
    Nodes(Vec<(Option<String>, String)>),
    /// A text, a number or a truth value.
    Value(Value),
}

impl XmlDocument {
    /// Parses a document. What follows the root element is ignored. `None` when it is not XML.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (object, end) = read_xml_element(text).ok()?;
        Some(Self { text: text.get(..end)?.to_owned(), object })
    }

    /// Evaluates an expression; `None` when it is not valid, or takes too long.
    pub(super) fn select(&self, expression: &str) -> Option<Selected> {
        if expression.len() > EXPRESSION_BYTES_MAX || has_prefix(expression) {
            return None;
        }
        let mut document = Parser::new().parse(&self.text).ok()?;
        document.prepare_xpath();
        let evaluator = XPathEvaluator::new().with_max_node_visits(VISITS_MAX);
        Some(match evaluator.evaluate(&document, document.root(), expression).ok()? {
            XPathValue::NodeSet(nodes) => {
                Selected::Nodes(nodes.into_iter().take(NODES_MAX).map(|node| texts(&document, node)).collect())
            }
            XPathValue::Boolean(value) => Selected::Value(value.into()),
            XPathValue::Number(value) => Selected::Value(value.into()),
            XPathValue::String(text) => Selected::Value(text.into()),
        })
    }
}

/// Whether an expression has a name with a prefix, which the module does not resolve.
fn has_prefix(expression: &str) -> bool {
    let mut quote = None;
    let mut previous = ' ';
    let mut characters = expression.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        if let Some(open) = quote {
            if open == c {
                quote = None;
            }
        } else if c == '"' || c == '\'' {
            quote = Some(c);
        } else if c == ':' && previous != ':' && next != ':' {
            return true;
        }
        previous = c;
    }
    false
}

/// The value of a node, and its text with markup.
fn texts(document: &Document<'_>, node: NodeId) -> (Option<String>, String) {
    let mut xml = String::new();
    write(document, node, &mut Vec::new(), &mut xml);
    let value = match document.node_kind(node) {
        Some(NodeKind::Text(text) | NodeKind::CData(text) | NodeKind::Comment(text)) => Some(text.to_string()),
        Some(NodeKind::Attribute(_, value)) => Some(value.to_string()),
        _ => None,
    };
    (value.filter(|value| !value.is_empty()), xml)
}

/// Writes a node with its markup. `declared` are the prefixes and namespaces that are declared around it.
fn write(document: &Document<'_>, node: NodeId, declared: &mut Vec<(String, String)>, xml: &mut String) {
    let element = match document.node_kind(node) {
        Some(NodeKind::Element(element)) => element,
        Some(NodeKind::Text(text)) => return xml.push_str(&escape(text, &['<', '&', '>'])),
        Some(NodeKind::CData(text)) => {
            let _ = write!(xml, "<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"));
            return;
        }
        Some(NodeKind::Comment(text)) => {
            let _ = write!(xml, "<!--{text}-->");
            return;
        }
        Some(NodeKind::Attribute(name, value)) => return write_attribute(&name.prefixed_name(), value, xml),
        Some(NodeKind::Document) => {
            for child in document.children_iter(node) {
                write(document, child, declared, xml);
            }
            return;
        }
        _ => return,
    };
    let outer = declared.len();
    let name = element.name.prefixed_name();
    let _ = write!(xml, "<{name}");
    write_attributes(element, declared, xml);
    if document.children_count(node) == 0 {
        xml.push_str("/>");
    } else {
        xml.push('>');
        for child in document.children_iter(node) {
            write(document, child, declared, xml);
        }
        let _ = write!(xml, "</{name}>");
    }
    declared.truncate(outer);
}

fn write_attributes(element: &Element<'_>, declared: &mut Vec<(String, String)>, xml: &mut String) {
    for (prefix, uri) in &element.namespace_declarations {
        declare(prefix, uri, declared, xml);
    }
    for Attribute { name, value, .. } in &element.attributes {
        require(name, declared, xml);
        write_attribute(&name.prefixed_name(), value, xml);
    }
    require(&element.name, declared, xml);
}

/// Declares the namespace of a name unless that is done already.
fn require(name: &QName<'_>, declared: &mut Vec<(String, String)>, xml: &mut String) {
    let Some(uri) = &name.namespace_uri else { return };
    let prefix = name.prefix.as_deref().unwrap_or_default();
    let known = declared.iter().rev().find(|(other, _)| other == prefix);
    if prefix != "xml" && known.is_none_or(|(_, other)| other != uri) {
        declare(prefix, uri, declared, xml);
    }
}

fn declare(prefix: &str, uri: &str, declared: &mut Vec<(String, String)>, xml: &mut String) {
    let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    write_attribute(&name, uri, xml);
    declared.push((prefix.to_owned(), uri.to_owned()));
}

fn write_attribute(name: &str, value: &str, xml: &mut String) {
    let _ = write!(xml, " {name}=\"{}\"", escape(value, &['<', '&', '>', '"', '\t', '\n', '\r']));
}

fn escape(text: &str, characters: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if !characters.contains(&c) => escaped.push(c),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
        }
    }
    escaped
}
