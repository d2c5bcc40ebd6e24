//! A WSDL and its schemas, as the library of the module reads them: by local names, without checking namespaces.

use uppsala::{Document, NodeId, NodeKind, Parser};

use super::namespaces::{Namespaces, TNS, split};

/// How deeply elements of a WSDL can be nested.
const DEPTH_MAX: u32 = 60;

/// The largest WSDL or schema, in bytes.
const DOCUMENT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How many elements the WSDL and its imports have at most.
const ELEMENTS_MAX: usize = 50_000;

/// Simple types of XML Schema: elements cannot be redefined under these names.
pub(super) const PRIMITIVES: [&str; 32] = [
    "string",
    "boolean",
    "decimal",
    "float",
    "double",
    "anyType",
    "byte",
    "int",
    "long",
    "short",
    "negativeInteger",
    "nonNegativeInteger",
    "positiveInteger",
    "nonPositiveInteger",
    "unsignedByte",
    "unsignedInt",
    "unsignedLong",
    "unsignedShort",
    "duration",
    "dateTime",
    "time",
    "date",
    "gYearMonth",
    "gYear",
    "gMonthDay",
    "gDay",
    "gMonth",
    "hexBinary",
    "base64Binary",
    "anyURI",
    "QName",
    "NOTATION",
];

/// Why a WSDL cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WsdlError {
    #[error("Invalid WSDL URL: {url}: the status is {status}, not 200")]
    Status { url: String, status: u16 },
    #[error("the WSDL is not valid XML: {0}")]
    Syntax(String),
    #[error("the WSDL is larger than {DOCUMENT_BYTES_MAX} bytes")]
    Bytes,
    #[error("the WSDL and its imports have more than {ELEMENTS_MAX} elements")]
    Elements,
    #[error("the WSDL imports more than {0} documents")]
    Documents(usize),
    #[error("Unexpected root element of WSDL or include")]
    Root,
    #[error("the WSDL defines no {0}")]
    Missing(String),
    #[error("the type {0} of the WSDL contains itself, which the module cannot read")]
    Recursive(String),
    #[error("the types of the WSDL are nested too deeply")]
    Depth,
    #[error("the location {0} of an import is not a URL")]
    Location(String),
}

/// The number of an element.
pub(super) type Id = usize;

/// An element of a WSDL or schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    /// Its local name.
    pub(super) name: String,
    /// Whether the library knows it at its place.
    pub(super) is_known: bool,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) schema_xmlns: Namespaces,
    pub(super) children: Vec<Id>,
    /// The namespace of its schema, once it was described.
    pub(super) described_in: Option<String>,
    /// Prefix and namespace, for the element of a message.
    pub(super) message_name: Option<(String, Option<String>)>,
    /// The types of its descendants, for the element of a message.
    pub(super) lookup_types: Vec<Id>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Named things in the order of their definition.
#[derive(Clone, Debug)]
pub(super) struct Named<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Named<T> {
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, thing)| thing)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.0.iter_mut().find(|(other, _)| other == name).map(|(_, thing)| thing)
    }

    pub(super) fn insert(&mut self, name: &str, thing: T) {
        match self.get_mut(name) {
            Some(known) => *known = thing,
            None => self.0.push((name.to_owned(), thing)),
        }
    }
}

/// A schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    attributes: Vec<(String, String)>,
    pub(super) xmlns: Namespaces,
    pub(super) complex_types: Named<Id>,
    pub(super) types: Named<Id>,
    pub(super) elements: Named<Id>,
    pub(super) includes: Vec<String>,
}

impl Schema {
    /// Whether its local elements have its namespace.
    pub(super) fn is_qualified(&self) -> bool {
        self.attributes.iter().any(|(name, value)| name == "elementFormDefault" && value == "qualified")
    }

    /// A type or element by name.
    pub(super) fn find(&self, name: &str) -> Option<Id> {
        self.complex_types.get(name).or_else(|| self.types.get(name)).or_else(|| self.elements.get(name)).copied()
    }

    fn merge(&mut self, source: Self) {
        for (mine, theirs) in [
            (&mut self.complex_types, source.complex_types),
            (&mut self.types, source.types),
            (&mut self.elements, source.elements),
        ] {
            for (name, id) in theirs.0 {
                mine.insert(&name, id);
            }
        }
        self.xmlns.overwrite(source.xmlns);
        for (name, value) in source.attributes {
            if !self.attributes.iter().any(|(known, _)| *known == name) {
                self.attributes.push((name, value));
            }
        }
    }
}

/// The definitions of a WSDL, with what it imports.
#[derive(Clone, Debug, Default)]
pub(super) struct Definitions {
    pub(super) target_namespace: Option<String>,
    pub(super) xmlns: Namespaces,
    pub(super) messages: Named<Id>,
    pub(super) port_types: Named<Id>,
    pub(super) bindings: Named<Id>,
    pub(super) services: Named<Id>,
    pub(super) schemas: Named<Schema>,
}

impl Definitions {
    /// Adds imported definitions, which replace others of their name.
    pub(super) fn merge(&mut self, source: Self) {
        self.target_namespace = source.target_namespace.or_else(|| self.target_namespace.take());
        self.xmlns.overwrite(source.xmlns);
        for (mine, theirs) in [
            (&mut self.messages, source.messages),
            (&mut self.port_types, source.port_types),
            (&mut self.bindings, source.bindings),
            (&mut self.services, source.services),
        ] {
            for (name, id) in theirs.0 {
                mine.insert(&name, id);
            }
        }
        for (namespace, schema) in source.schemas.0 {
            match self.schemas.get_mut(&namespace) {
                Some(known) => known.merge(schema),
                None => self.schemas.insert(&namespace, schema),
            }
        }
    }
}

/// The elements that the library knows inside another one.
fn known_children(parent: &str) -> &'static [&'static str] {
    match parent {
        "definitions" => &["binding", "documentation", "import", "message", "portType", "service", "types"],
        "types" => &["documentation", "schema"],
        "schema" => &["complexType", "element", "import", "include", "simpleType"],
        "element" => &["annotation", "complexType", "simpleType"],
        "complexType" => &["all", "annotation", "choice", "complexContent", "sequence", "simpleContent"],
        "complexContent" | "simpleContent" => &["extension"],
        "extension" => &["all", "choice", "sequence"],
        "restriction" => &["all", "choice", "enumeration", "sequence"],
        "simpleType" => &["restriction"],
        "choice" | "sequence" => &["any", "choice", "element", "sequence"],
        "all" => &["choice", "element"],
        "message" => &["part", "documentation"],
        "portType" => &["documentation", "operation"],
        "binding" => &["binding", "documentation", "operation", "SecuritySpec"],
        "operation" => &["documentation", "fault", "input", "operation", "output"],
        "input" | "output" => &["body", "documentation", "header", "SecuritySpecRef"],
        "service" => &["documentation", "port"],
        "port" => &["address", "documentation"],
        _ => &[],
    }
}

/// The elements of all documents.
#[derive(Clone, Debug, Default)]
pub(super) struct Elements(pub(super) Vec<Element>);

impl Elements {
    /// Reads a WSDL or a schema.
    pub(super) fn read(&mut self, text: &str) -> Result<Definitions, WsdlError> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(WsdlError::Bytes);
        }
        let parser = Parser::new().with_max_depth(DEPTH_MAX).with_forbid_dtd(true);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
        let document = parser.parse(text).map_err(|error| WsdlError::Syntax(error.to_string()))?;
        let root = document.document_element().ok_or(WsdlError::Root)?;
        let mut all_xmlns = Namespaces::default();
        let root = self.add(&document, root, None, &mut Namespaces::default(), &mut all_xmlns)?;
        let mut definitions = Definitions::default();
        match self.0[root].name.as_str() {
            "definitions" => {
                definitions.target_namespace = self.0[root].attribute("targetNamespace").map(str::to_owned);
                definitions.xmlns = all_xmlns;
                for child in self.0[root].children.clone() {
                    self.define(child, &mut definitions);
                }
            }
            "schema" => {
                let (namespace, schema) = self.schema(root, all_xmlns);
                definitions.schemas.insert(&namespace, schema);
            }
            _ => return Err(WsdlError::Root),
        }
        Ok(definitions)
    }

    pub(super) fn push(&mut self, element: Element) -> Id {
        self.0.push(element);
        self.0.len() - 1
    }

    /// Adds an element and what is in it. `all_xmlns` are the declarations of the root and then those inside, innermost
    /// first; the parser limits the depth.
    fn add(
        &mut self,
        document: &Document<'_>,
        node: NodeId,
        parent: Option<&str>,
        schema_xmlns: &mut Namespaces,
        all_xmlns: &mut Namespaces,
    ) -> Result<Id, WsdlError> {
        let Some(source) = document.element(node) else { return Err(WsdlError::Root) };
        if self.0.len() >= ELEMENTS_MAX {
            return Err(WsdlError::Elements);
        }
        let name = source.name.local_name.to_string();
        let mut xmlns = Namespaces::default();
        for (prefix, uri) in &source.namespace_declarations {
            xmlns.set(if prefix.is_empty() { TNS } else { prefix }, uri);
        }
        if name == "schema" {
            *schema_xmlns = xmlns.clone();
            schema_xmlns.remove(TNS);
        }
        let attributes: Vec<(String, String)> = source
            .attributes
            .iter()
            .map(|attribute| (attribute.name.prefixed_name().into_owned(), attribute.value.to_string()))
            .collect();
        let element = Element {
            is_known: parent.is_none_or(|parent| known_children(parent).contains(&name.as_str())),
            name,
            attributes,
            schema_xmlns: schema_xmlns.clone(),
            ..Element::default()
        };
        if let Some(namespace) = element.attribute("targetNamespace") {
            xmlns.set(TNS, namespace);
        }
        if parent.is_none() {
            all_xmlns.add_missing(&xmlns);
        }
        let (name, is_known) = (element.name.clone(), element.is_known);
        let id = self.push(element);
        for child in document.children_iter(node) {
            if matches!(document.node_kind(child), Some(NodeKind::Element(_))) {
                let parent = if is_known { name.as_str() } else { "" };
                let child = self.add(document, child, Some(parent), schema_xmlns, all_xmlns)?;
                self.0[id].children.push(child);
            }
        }
        if parent.is_some() {
            all_xmlns.add_missing(&xmlns);
        }
        if self.0[id].name == "schema" {
            self.0[id].schema_xmlns = xmlns;
        }
        Ok(id)
    }

    fn define(&self, id: Id, definitions: &mut Definitions) {
        let element = &self.0[id];
        if !element.is_known {
            return;
        }
        let name = element.attribute("name").unwrap_or_default();
        match element.name.as_str() {
            "types" => {
                let mut schemas: Named<Schema> = Named::default();
                for child in &element.children {
                    if self.0[*child].name == "schema" {
                        let (namespace, schema) = self.schema(*child, self.0[*child].schema_xmlns.clone());
                        // A second one of the namespace is ignored.
                        if schemas.get(&namespace).is_none() {
                            schemas.insert(&namespace, schema);
                        }
                    }
                }
                for (namespace, schema) in schemas.0 {
                    definitions.schemas.insert(&namespace, schema);
                }
            }
            "message" => definitions.messages.insert(name, id),
            "import" => {
                let mut schema = Schema::default();
                let location = element.attribute("schemaLocation").or_else(|| element.attribute("location"));
                schema.includes.extend(location.map(str::to_owned));
                definitions.schemas.insert(element.attribute("namespace").unwrap_or("undefined"), schema);
            }
            "portType" => definitions.port_types.insert(name, id),
            "binding" => {
                let known = ["http://schemas.xmlsoap.org/soap/http", "http://www.w3.org/2003/05/soap/bindings/HTTP/"];
                let transport = self.child(id, "binding").and_then(|child| self.0[child].attribute("transport"));
                if transport.is_some_and(|transport| known.contains(&transport)) {
                    definitions.bindings.insert(name, id);
                }
            }
            "service" => definitions.services.insert(name, id),
            _ => {}
        }
    }

    /// The last child of a name.
    pub(super) fn child(&self, id: Id, name: &str) -> Option<Id> {
        self.0[id].children.iter().rev().copied().find(|child| self.0[*child].is_known && self.0[*child].name == name)
    }

    fn schema(&self, id: Id, xmlns: Namespaces) -> (String, Schema) {
        let element = &self.0[id];
        let mut schema = Schema { attributes: element.attributes.clone(), xmlns, ..Schema::default() };
        for child_id in &element.children {
            let child = &self.0[*child_id];
            let name = child.attribute("name").unwrap_or_default();
            if !child.is_known || PRIMITIVES.contains(&name) {
                continue;
            }
            match child.name.as_str() {
                "complexType" => schema.complex_types.insert(name, *child_id),
                "simpleType" => schema.types.insert(name, *child_id),
                "element" => schema.elements.insert(name, *child_id),
                "import" | "include" => {
                    let location = child.attribute("schemaLocation").or_else(|| child.attribute("location"));
                    schema.includes.extend(location.filter(|text| !text.is_empty()).map(str::to_owned));
                }
                _ => {}
            }
        }
        (element.attribute("targetNamespace").unwrap_or("undefined").to_owned(), schema)
    }

    /// The value of an attribute that names something else, without its prefix.
    pub(super) fn local_reference(&self, id: Id, attribute: &str) -> String {
        self.0[id].attribute(attribute).map_or_else(String::new, |value| split(value).1.to_owned())
    }
}
