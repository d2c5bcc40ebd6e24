//! XML bodies: `XPath` 1.0 for `matchesXPath`, and the comparison of documents for `equalToXml`.

use std::fmt;

use uppsala::{Document, NodeId, NodeKind, Parser, QName, XPathEvaluator, XPathValue};

use super::redacted;
use crate::support::redaction::REDACTED;

/// How many characters an expression may have.
const EXPRESSION_CHARS_MAX: usize = 500;

/// How many nodes one evaluation may visit.
const VISITS_MAX: usize = 200_000;

/// How many elements two documents may have for a comparison.
const ELEMENTS_MAX: usize = 20_000;

/// The functions of `XPath` 1.0.
const FUNCTIONS: [&str; 27] = [
    "last",
    "position",
    "count",
    "id",
    "local-name",
    "namespace-uri",
    "name",
    "string",
    "concat",
    "starts-with",
    "contains",
    "substring-before",
    "substring-after",
    "substring",
    "string-length",
    "normalize-space",
    "translate",
    "boolean",
    "not",
    "true",
    "false",
    "lang",
    "number",
    "sum",
    "floor",
    "ceiling",
    "round",
];

/// The node tests and operators that a bracket can follow.
const BEFORE_BRACKET: [&str; 8] = ["node", "text", "comment", "processing-instruction", "and", "or", "div", "mod"];

/// Why an expression is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum XPathError {
    #[error("an XPath may have at most {EXPRESSION_CHARS_MAX} characters")]
    TooLong,
    #[error("XPath 1.0 has no function `{0}`")]
    UnknownFunction(String),
    #[error("the prefix `{0}` is not declared; add it to `xPathNamespaces`: {{\"{0}\": \"<namespace URI>\"}}")]
    UnknownPrefix(String),
    #[error("variables such as `${0}` are not supported; write the value")]
    Variable(String),
    #[error("this is not an XPath 1.0 expression: {0}")]
    Syntax(String),
}

/// A compiled expression.
pub(super) struct XPath {
    evaluator: XPathEvaluator,
    text: String,
    has_namespaces: bool,
    /// True when the expression compares values, so that redacted ones can hide a match.
    compares_values: bool,
}

impl fmt::Debug for XPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("XPath").field(&self.text).finish()
    }
}

/// The result of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum XPathResult {
    Boolean(bool),
    /// The texts of the selected nodes, each with its XML if it is an element; or a number or text.
    Values(Vec<XPathNode>),
    /// The document is not XML.
    NotXml,
    /// The expression needs too much work for the document.
    TooMuchWork,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct XPathNode {
    pub(super) text: String,
    pub(super) xml: Option<String>,
}

impl XPath {
    /// Compiles an expression with the namespaces of its prefixes.
    ///
    /// # Errors
    ///
    /// What `XPath` 1.0 does not have, or the error of the parser.
    pub(super) fn parse(text: &str, namespaces: &[(String, String)]) -> Result<Self, XPathError> {
        if text.chars().count() > EXPRESSION_CHARS_MAX {
            return Err(XPathError::TooLong);
        }
        // The library looks names up while it evaluates, and nothing is evaluated where nothing is selected.
        check_names(text, namespaces)?;
        let mut evaluator = XPathEvaluator::new().with_max_node_visits(VISITS_MAX);
        for (prefix, uri) in namespaces {
            evaluator.add_namespace(prefix, uri);
        }
        let compares_values =
            text.contains(['=', '<', '>']) || text.contains("contains(") || text.contains("starts-with(");
        let xpath = Self { evaluator, text: text.to_owned(), has_namespaces: !namespaces.is_empty(), compares_values };
        let mut probe = parse_document("<probe/>", true).map_err(|error| XPathError::Syntax(error.to_string()))?;
        probe.prepare_xpath();
        match xpath.evaluator.evaluate(&probe, probe.root(), text) {
            Ok(_) => Ok(xpath),
            Err(error) => Err(XPathError::Syntax(error.to_string())),
        }
    }

    /// The expression as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// True when a recorded document, which does not match, may have matched before its values were redacted.
    pub(super) fn is_undecided(&self, xml: &str) -> bool {
        self.compares_values && xml.contains(REDACTED) && !self.text.contains(REDACTED)
    }

    /// Evaluates the expression.
    pub(super) fn evaluate(&self, xml: &str) -> XPathResult {
        // Without namespaces, names are compared as they are written, as in `WireMock`: `//lead` also selects an
        // element that has a default namespace.
        let Ok(mut document) = parse_document(xml, self.has_namespaces) else { return XPathResult::NotXml };
        document.prepare_xpath();
        match self.evaluator.evaluate(&document, document.root(), &self.text) {
            Ok(XPathValue::Boolean(value)) => XPathResult::Boolean(value),
            Ok(XPathValue::NodeSet(nodes)) => {
                XPathResult::Values(nodes.into_iter().map(|node| node_text(&document, node)).collect())
            }
            Ok(value) => XPathResult::Values(vec![XPathNode { text: value.to_string_value(&document), xml: None }]),
            // The expression is valid, so that this is its budget.
            Err(_) => XPathResult::TooMuchWork,
        }
    }
}

fn node_text(document: &Document<'_>, node: NodeId) -> XPathNode {
    let text = XPathValue::NodeSet(vec![node]).to_string_value(document);
    let is_element = matches!(document.node_kind(node), Some(NodeKind::Element(_)));
    XPathNode { text, xml: is_element.then(|| document.node_to_xml(node)) }
}

fn parse_document(xml: &str, has_namespaces: bool) -> Result<Document<'_>, uppsala::XmlError> {
    // A byte order mark is no part of the document.
    Parser::with_namespace_aware(has_namespaces).parse(xml.trim_start_matches('\u{feff}').trim_start())
}

/// Checks functions, prefixes and variables, outside of quoted texts.
fn check_names(text: &str, namespaces: &[(String, String)]) -> Result<(), XPathError> {
    let is_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' || c == '\'' {
            let Some(end) = rest[1..].find(c) else {
                return Err(XPathError::Syntax("a quoted text has no end".to_owned()));
            };
            rest = &rest[end + 2..];
            continue;
        }
        if c == '$' {
            let name: String = rest[1..].chars().take_while(|c| is_name(*c)).collect();
            return Err(XPathError::Variable(name));
        }
        if !(c.is_alphabetic() || c == '_') {
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        rest = after;
        let next = after.trim_start();
        if after.starts_with(':') && !after.starts_with("::") {
            if name != "xml" && !namespaces.iter().any(|(prefix, _)| prefix == name) {
                return Err(XPathError::UnknownPrefix(name.to_owned()));
            }
            // The local name, which is no function of XPath 1.0.
            let local: String = after[1..].chars().take_while(|c| is_name(*c)).collect();
            if after[1 + local.len()..].trim_start().starts_with('(') {
                return Err(XPathError::UnknownFunction(format!("{name}:{local}")));
            }
            rest = &after[1 + local.len()..];
        } else if next.starts_with('(') && !FUNCTIONS.contains(&name) && !BEFORE_BRACKET.contains(&name) {
            return Err(XPathError::UnknownFunction(name.to_owned()));
        }
    }
    Ok(())
}

/// A document to compare others with.
#[derive(Debug)]
pub(super) struct ExpectedXml {
    text: String,
    root: Element,
    /// Whether `${xmlunit.ignore}` accepts any text.
    has_placeholders: bool,
}

/// The placeholder of `XMLUnit`.
const IGNORE: &str = "${xmlunit.ignore}";

/// The result of a comparison of documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum XmlComparison {
    Equal,
    /// The first difference.
    Different(String),
    /// The documents differ in redacted texts only.
    Undecided,
    NotXml,
}

/// Why a document cannot be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    #[error(transparent)]
    Syntax(#[from] uppsala::XmlError),
    #[error("the document has no root element")]
    NoRoot,
    #[error("the document has more than {ELEMENTS_MAX} elements")]
    TooLarge,
}

/// An element with what `XMLUnit` compares: comments, the order of attributes and white space around texts do not
/// matter.
#[derive(Debug, PartialEq, Eq)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl ExpectedXml {
    /// Parses the expected document.
    ///
    /// # Errors
    ///
    /// The text is not XML, or has too many elements.
    pub(super) fn parse(text: &str, has_placeholders: bool) -> Result<Self, DocumentError> {
        let root = read(text)?;
        Ok(Self { text: text.to_owned(), root, has_placeholders })
    }

    /// The document as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Compares a document with the expected one. The order of children with different names does not matter, as in
    /// `WireMock`.
    pub(super) fn compare(&self, xml: &str) -> XmlComparison {
        let Ok(found) = read(xml) else { return XmlComparison::NotXml };
        let mut comparer = Comparer { has_placeholders: self.has_placeholders, is_undecided: false };
        match comparer.elements(&self.root, &found, &found.name) {
            Some(difference) => XmlComparison::Different(difference),
            None if comparer.is_undecided => XmlComparison::Undecided,
            None => XmlComparison::Equal,
        }
    }
}

fn read(text: &str) -> Result<Element, DocumentError> {
    let document = parse_document(text, true)?;
    let root = document.document_element().ok_or(DocumentError::NoRoot)?;
    let mut left = ELEMENTS_MAX;
    element(&document, root, &mut left).ok_or(DocumentError::TooLarge)
}

/// Copies an element. The parser limits the depth.
fn element(document: &Document<'_>, node: NodeId, left: &mut usize) -> Option<Element> {
    *left = left.checked_sub(1)?;
    let source = document.element(node)?;
    let mut attributes: Vec<(String, String)> =
        source.attributes.iter().map(|one| (qualified(&one.name), one.value.to_string())).collect();
    attributes.sort();
    let (mut text, mut children) = (String::new(), Vec::new());
    for child in document.children_iter(node) {
        match document.node_kind(child) {
            Some(NodeKind::Element(_)) => children.push(element(document, child, left)?),
            Some(NodeKind::Text(part) | NodeKind::CData(part)) => text.push_str(part),
            _ => {}
        }
    }
    Some(Element { name: qualified(&source.name), attributes, text: text.trim().to_owned(), children })
}

/// The name with its namespace; prefixes do not matter.
fn qualified(name: &QName<'_>) -> String {
    name.namespace_uri
        .as_ref()
        .map_or_else(|| name.local_name.to_string(), |uri| format!("{{{uri}}}{}", name.local_name))
}

struct Comparer {
    has_placeholders: bool,
    is_undecided: bool,
}

impl Comparer {
    /// The first difference between two elements.
    fn elements(&mut self, expected: &Element, found: &Element, path: &str) -> Option<String> {
        if expected.name != found.name {
            return Some(format!("<{}> is expected in place of <{}>", expected.name, found.name));
        }
        if !self.is_equal(&expected.text, &found.text) {
            return Some(format!("{path} is `{}`, not `{}`", found.text, expected.text));
        }
        for (name, value) in &expected.attributes {
            match found.attributes.iter().find(|(other, _)| other == name) {
                Some((_, other)) if self.is_equal(value, other) => {}
                Some((_, other)) => return Some(format!("{path}/@{name} is `{other}`, not `{value}`")),
                None => return Some(format!("{path}/@{name} is missing")),
            }
        }
        let is_expected = |name: &String| expected.attributes.iter().any(|(other, _)| other == name);
        if let Some((name, _)) = found.attributes.iter().find(|(name, _)| !is_expected(name)) {
            return Some(format!("{path}/@{name} must be absent"));
        }
        let mut rest: Vec<&Element> = found.children.iter().collect();
        for child in &expected.children {
            // Children of one name are compared in their order.
            let Some(at) = rest.iter().position(|other| other.name == child.name) else {
                return Some(format!("{path}/{} is missing", child.name));
            };
            let other = rest.remove(at);
            if let Some(difference) = self.elements(child, other, &format!("{path}/{}", child.name)) {
                return Some(difference);
            }
        }
        rest.first().map(|surplus| format!("{path}/{} must be absent", surplus.name))
    }

    fn is_equal(&mut self, expected: &str, found: &str) -> bool {
        if expected == found || (self.has_placeholders && expected.trim() == IGNORE) {
            return true;
        }
        let may_be_equal = redacted::may_have_been(found, expected);
        self.is_undecided |= may_be_equal;
        may_be_equal
    }
}

/// The XML of a node where it has one, else its text.
pub(super) fn as_xml(node: &XPathNode) -> &str {
    node.xml.as_deref().unwrap_or(&node.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: &str =
        "<?xml version=\"1.0\"?>\n<lead id=\"7\">\n  <name>Ann</name><zip>78704</zip><zip>10001</zip></lead>";

    fn texts(expression: &str, xml: &str) -> Vec<String> {
        match XPath::parse(expression, &[]).unwrap().evaluate(xml) {
            XPathResult::Values(values) => values.into_iter().map(|value| value.text).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn expressions_select_texts() {
        assert_eq!(texts("//name", LEAD), ["Ann"]);
        assert_eq!(texts("/lead/zip[2]/text()", LEAD), ["10001"]);
        assert_eq!(texts("/lead/@id", LEAD), ["7"]);
        assert_eq!(texts("count(//zip)", LEAD), ["2"]);
        assert_eq!(texts("count(//zip) = 3", LEAD), ["Boolean(false)"]);
        assert_eq!(texts("//lead[contains(name, 'n')]/name", LEAD), ["Ann"]);
        assert_eq!(texts("//nothing", LEAD), Vec::<String>::new());
        assert_eq!(texts("//lead", "<lead xmlns='urn:x'>a</lead>"), ["a"]);
        assert_eq!(texts("//a", "{}"), ["NotXml"]);
        let namespaces = [("l".to_owned(), "urn:x".to_owned())];
        let xpath = XPath::parse("//l:lead", &namespaces).unwrap();
        assert!(matches!(xpath.evaluate("<lead xmlns='urn:x'/>"), XPathResult::Values(values) if values.len() == 1));
        assert_eq!(xpath.evaluate("<lead/>"), XPathResult::Values(Vec::new()));
    }

    #[test]
    fn unsupported_expressions_are_rejected_by_name() {
        let rows = [
            ("//a[matches(., 'x')]", "XPath 1.0 has no function `matches`"),
            ("//a[fn:lower-case(.) = 'x']", "the prefix `fn` is not declared"),
            ("//s:a", "the prefix `s` is not declared"),
            ("//a[. = $x]", "variables such as `$x` are not supported"),
            ("//a[", "this is not an XPath 1.0 expression"),
            ("//a['x]", "a quoted text has no end"),
            ("for $x in //a return $x", "variables such as"),
            ("", "this is not an XPath 1.0 expression"),
        ];
        for (expression, expected) in rows {
            let error = XPath::parse(expression, &[]).unwrap_err().to_string();
            assert!(error.contains(expected), "{expression}: {error}");
        }
    }

    #[test]
    fn the_work_is_bounded() {
        let deep: String = (0..120).map(|_| "<a>").chain((0..120).map(|_| "</a>")).collect();
        let wide = format!("<a>{}</a>", "<b/>".repeat(5000));
        let xpath = XPath::parse("//*[//*[//*[.='x']]]", &[]).unwrap();
        for xml in [deep, wide, "<a>".repeat(100_000)] {
            assert_ne!(xpath.evaluate(&xml), XPathResult::Boolean(true));
        }
    }

    #[test]
    fn documents_are_compared_like_xmlunit_does() {
        let rows = [
            ("<a b='1' c='2'><x>1</x><y/></a>", "<a c=\"2\" b=\"1\">\n <y></y> <x> 1 </x><!-- c --></a>", ""),
            ("<a/>", "<b/>", "<a> is expected in place of <b>"),
            ("<a>1</a>", "<a>2</a>", "a is `2`, not `1`"),
            ("<a b='1'/>", "<a b='2'/>", "a/@b is `2`, not `1`"),
            ("<a b='1'/>", "<a/>", "a/@b is missing"),
            ("<a/>", "<a b='1'/>", "a/@b must be absent"),
            ("<a><b/></a>", "<a/>", "a/b is missing"),
            ("<a/>", "<a><b/></a>", "a/b must be absent"),
            ("<a><b>1</b><b>2</b></a>", "<a><b>2</b><b>1</b></a>", "a/b is `2`, not `1`"),
            ("<p:a xmlns:p='u'/>", "<a xmlns='u'/>", ""),
            ("<a><b>${xmlunit.ignore}</b></a>", "<a><b>2</b></a>", ""),
        ];
        for (expected, found, difference) in rows {
            let comparison = ExpectedXml::parse(expected, true).unwrap().compare(found);
            let wanted = if difference.is_empty() {
                XmlComparison::Equal
            } else {
                XmlComparison::Different(difference.to_owned())
            };
            assert_eq!(comparison, wanted, "{expected} {found}");
        }
        let secret = ExpectedXml::parse("<a><ssn>1</ssn></a>", false).unwrap();
        assert_eq!(secret.compare("<a><ssn>***</ssn></a>"), XmlComparison::Undecided);
        assert_eq!(
            secret.compare("<a><ssn>***</ssn><b/></a>"),
            XmlComparison::Different("a/b must be absent".to_owned())
        );
        assert_eq!(secret.compare("a=1"), XmlComparison::NotXml);
        assert!(ExpectedXml::parse("<a>", false).is_err());
    }
}
