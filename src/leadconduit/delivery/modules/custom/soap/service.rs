//! The operations of a WSDL, and what their messages contain.

use serde_json::{Map, Value};

use super::namespaces::{Namespaces, TNS, is_ignored, split};
use super::wsdl::{Definitions, Element, Elements, Id, PRIMITIVES, Schema, WsdlError};

/// How deeply types can be nested in each other.
const TYPES_MAX: usize = 60;

/// How many elements and types are described at most.
const DESCRIBED_MAX: usize = 50_000;

/// What a message contains.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// An element of a schema.
    Element(Id),
    /// Parts with types.
    Parts { name: String, parts: Vec<(String, Option<String>)> },
}

/// An operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) input: Option<Message>,
    pub(super) output: Option<Message>,
    pub(super) style: String,
    pub(super) action: String,
    /// Its names as a function: alone, and below service and port.
    paths: Vec<String>,
    pub(super) location: String,
    port_type: Id,
}

/// A WSDL that can be used.
#[derive(Debug)]
pub(super) struct Wsdl {
    pub(super) elements: Elements,
    pub(super) definitions: Definitions,
    pub(super) operations: Vec<Operation>,
    /// The messages that a name stands for: of the message itself, and of its element.
    messages: Vec<(String, Message)>,
    /// The types that were described, by local name; `None` while one is described.
    types: Vec<(String, Option<Value>)>,
    described: usize,
}

impl Wsdl {
    /// Prepares what was read.
    pub(super) fn new(elements: Elements, definitions: Definitions) -> Result<Self, WsdlError> {
        let (operations, messages, types) = (Vec::new(), Vec::new(), Vec::new());
        let mut wsdl = Self { elements, definitions, operations, messages, types, described: 0 };
        for (service, id) in wsdl.definitions.services.0.clone() {
            for port in wsdl.known(id, "port") {
                let binding = wsdl.elements.local_reference(port, "binding");
                let Some(binding) = wsdl.definitions.bindings.get(&binding).copied() else { continue };
                let address = wsdl.elements.child(port, "address");
                let location = address.and_then(|id| wsdl.elements.0[id].attribute("location")).unwrap_or_default();
                let location = location.to_owned();
                let port = wsdl.elements.0[port].attribute("name").unwrap_or_default();
                let path = format!("{service}.{port}");
                wsdl.bind(binding, &path, &location)?;
            }
        }
        Ok(wsdl)
    }

    fn known(&self, id: Id, name: &str) -> Vec<Id> {
        let children = self.elements.0[id].children.iter().copied();
        children.filter(|child| self.elements.0[*child].is_known && self.elements.0[*child].name == name).collect()
    }

    /// Adds the operations of a port. An operation of several ports has the style and action of the last one.
    fn bind(&mut self, binding: Id, path: &str, location: &str) -> Result<(), WsdlError> {
        let port_type = self.elements.local_reference(binding, "type");
        let Some(port_type) = self.definitions.port_types.get(&port_type).copied() else { return Ok(()) };
        let attribute = |wsdl: &Self, id: Option<Id>, name: &str| {
            id.and_then(|id| wsdl.elements.0[id].attribute(name)).unwrap_or_default().to_owned()
        };
        let style = attribute(self, self.elements.child(binding, "binding"), "style");
        for id in self.known(port_type, "operation") {
            let name = attribute(self, Some(id), "name");
            let input = self.message(self.elements.child(id, "input"))?;
            let output = self.message(self.elements.child(id, "output"))?;
            let mut operation = Operation {
                paths: vec![name.clone(), format!("{path}.{name}")],
                name,
                input,
                output,
                style: String::new(),
                action: String::new(),
                location: location.to_owned(),
                port_type,
            };
            if let Some(bound) = self
                .known(binding, "operation")
                .into_iter()
                .rev()
                .find(|id| attribute(self, Some(*id), "name") == operation.name)
            {
                let soap = self.elements.child(bound, "operation");
                operation.action = attribute(self, soap, "soapAction");
                operation.style = attribute(self, soap, "style");
                if operation.style.is_empty() {
                    operation.style.clone_from(&style);
                }
            }
            for earlier in &mut self.operations {
                if earlier.name == operation.name {
                    // A function without a path is the last one of its name.
                    earlier.paths.retain(|path| *path != operation.name);
                }
                if earlier.name == operation.name && earlier.port_type == port_type {
                    earlier.style.clone_from(&operation.style);
                    earlier.action.clone_from(&operation.action);
                }
            }
            self.operations.push(operation);
        }
        Ok(())
    }

    /// The operation that a function is.
    pub(super) fn operation(&self, function: &str) -> Option<Operation> {
        self.operations.iter().find(|operation| operation.paths.iter().any(|path| path == function)).cloned()
    }

    fn message(&mut self, reference: Option<Id>) -> Result<Option<Message>, WsdlError> {
        let Some(reference) = reference else { return Ok(None) };
        let name = self.elements.local_reference(reference, "message");
        if let Some((_, known)) = self.messages.iter().find(|(known, _)| *known == name) {
            return Ok(Some(known.clone()));
        }
        let missing = |what: String| WsdlError::Missing(what);
        let id = self.definitions.messages.get(&name).copied().ok_or_else(|| missing(format!("message {name}")))?;
        let parts = self.known(id, "part");
        let first = parts.first().ok_or_else(|| missing(format!("part of the message {name}")))?;
        let message = match self.elements.0[*first].attribute("element").map(str::to_owned) {
            Some(element) => Message::Element(self.message_element(&element)?),
            None => Message::Parts {
                name: name.clone(),
                parts: parts
                    .iter()
                    .map(|part| {
                        let part = &self.elements.0[*part];
                        let simple = part.attribute("type").filter(|kind| {
                            let uri = self.definitions.xmlns.get(split(kind).0);
                            self.schema_of(uri).is_none()
                        });
                        (part.attribute("name").unwrap_or_default().to_owned(), simple.map(str::to_owned))
                    })
                    .collect(),
            },
        };
        self.messages.push((name, message.clone()));
        if let Message::Element(id) = message {
            let name = self.elements.0[id].attribute("name").unwrap_or_default().to_owned();
            self.messages.retain(|(known, _)| *known != name);
            self.messages.push((name, message.clone()));
        }
        Ok(Some(message))
    }

    /// Prepares the element of a message.
    fn message_element(&mut self, reference: &str) -> Result<Id, WsdlError> {
        let (prefix, name) = split(reference);
        let uri = self.definitions.xmlns.get(prefix).map(str::to_owned);
        let missing = || WsdlError::Missing(format!("element {reference}"));
        let schema = self.schema_of(uri.as_deref()).ok_or_else(missing)?;
        let id = schema.elements.get(name).copied().ok_or_else(missing)?;
        let xmlns = schema.xmlns.clone();
        self.elements.0[id].message_name = Some((prefix.to_owned(), uri));
        let nested: Vec<String> = self.elements.0[id].children.iter().map(|child| self.nested_types(*child)).collect();
        let mut lookup_types = Vec::new();
        if !nested.is_empty() {
            for text in nested.join("_").split('_').filter(|text| *text != "^") {
                let (prefix, rest) = split(text);
                let (kind, name) = rest.split_once('#').unwrap_or((rest, ""));
                let attributes =
                    vec![("type".to_owned(), format!("{prefix}:{kind}")), ("name".to_owned(), name.to_owned())];
                lookup_types.push(self.elements.push(Element { attributes, ..Element::default() }));
            }
        }
        self.elements.0[id].lookup_types = lookup_types;
        if self.elements.0[id].attribute("type").is_none() {
            self.describe(id, Some(&xmlns), 0)?;
        }
        Ok(id)
    }

    fn nested_types(&self, id: Id) -> String {
        let element = &self.elements.0[id];
        let mut found = "^".to_owned();
        if let Some(kind) = element.attribute("type") {
            let prefix = kind.split(':').next().unwrap_or_default();
            if !is_ignored(prefix) && prefix != "xs" {
                found.push_str(&format!("_{kind}#{}", element.attribute("name").unwrap_or("undefined")));
            }
        }
        for child in &element.children {
            let nested = self.nested_types(*child).replacen("^_", "", 1);
            found.push('_');
            found.push_str(&nested);
        }
        found
    }

    pub(super) fn schema_of(&self, uri: Option<&str>) -> Option<&Schema> {
        self.definitions.schemas.get(uri.unwrap_or("undefined"))
    }

    /// What a response element contains: that of a message, or of the output of an operation.
    pub(super) fn response_schema(&mut self, element: &str) -> Result<Option<(String, Value)>, WsdlError> {
        let mut name = element.to_owned();
        if !self.messages.iter().any(|(known, _)| *known == name) {
            let is_input = ["Request", "Solicit"].iter().find(|suffix| name.ends_with(**suffix)).copied();
            let base = name.strip_suffix(is_input.unwrap_or("Response")).unwrap_or(&name).to_owned();
            let operation = self.operations.iter().find(|operation| operation.name == base);
            let message = operation.and_then(|operation| {
                if is_input.is_some() { operation.input.as_ref() } else { operation.output.as_ref() }
            });
            let Some(message) = message else { return Ok(None) };
            name = self.message_name(message);
        }
        let message = self.messages.iter().find(|(known, _)| *known == name).map(|(_, message)| message.clone());
        let Some(message) = message else { return Ok(None) };
        Ok(Some((name, self.describe_message(&message)?)))
    }

    /// The name of a message, or of its element.
    pub(super) fn message_name(&self, message: &Message) -> String {
        match message {
            Message::Element(id) => self.elements.0[*id].attribute("name").unwrap_or_default().to_owned(),
            Message::Parts { name, .. } => name.clone(),
        }
    }

    fn describe_message(&mut self, message: &Message) -> Result<Value, WsdlError> {
        match message {
            Message::Element(id) => self.describe(*id, None, 0),
            Message::Parts { name, parts } => {
                let parts: Map<String, Value> =
                    parts.iter().filter_map(|(part, kind)| Some((part.clone(), kind.clone()?.into()))).collect();
                Ok(Value::Object(Map::from_iter([(name.clone(), Value::Object(parts))])))
            }
        }
    }

    /// What the input of an operation contains.
    pub(super) fn describe_input(&mut self, message: &Message) -> Result<Value, WsdlError> {
        match self.describe_message(message)? {
            Value::Object(object) => Ok(object.into_iter().next().map(|(_, value)| value).unwrap_or_default()),
            other => Ok(other),
        }
    }

    /// The type of an argument by its path: the end of a path of the description, whatever the case.
    pub(super) fn argument_type(&mut self, function: &str, argument: &str) -> Result<Option<String>, WsdlError> {
        let suffix = format!("{function}.input.{argument}").to_lowercase();
        for operation in self.operations.clone() {
            let Some(input) = &operation.input else { continue };
            let path = operation.paths.last().cloned().unwrap_or_default();
            let mut found = Vec::new();
            flatten(&format!("{path}.input"), self.describe_input(input)?, &mut found);
            if let Some((_, kind)) = found.into_iter().find(|(path, _)| path.to_lowercase().ends_with(&suffix)) {
                return Ok(kind.split(':').nth(1).map(str::to_owned));
            }
        }
        Ok(None)
    }

    /// The description of a type that an element of a response names itself.
    pub(super) fn described_type(&mut self, uri: Option<&str>, name: &str) -> Result<Option<Value>, WsdlError> {
        let Some(id) = uri.and_then(|uri| self.schema_of(Some(uri))).and_then(|schema| schema.find(name)) else {
            return Ok(None);
        };
        self.describe(id, None, 0).map(Some)
    }

    /// The description of an element or type: the types of its members by name. Lists have `[]` behind their name.
    fn describe(&mut self, id: Id, xmlns: Option<&Namespaces>, depth: usize) -> Result<Value, WsdlError> {
        self.described += 1;
        if depth > TYPES_MAX || self.described > DESCRIBED_MAX {
            return Err(WsdlError::Depth);
        }
        let element = self.elements.0[id].clone();
        let children = || element.children.iter().copied();
        let known = |wsdl: &Self, child: Id, names: &[&str]| {
            wsdl.elements.0[child].is_known && names.contains(&wsdl.elements.0[child].name.as_str())
        };
        match element.name.as_str() {
            "element" => self.describe_element(id, &element, xmlns, depth),
            "simpleType" => {
                let Some(restriction) = children().find(|child| known(self, *child, &["restriction"])) else {
                    return Ok(Value::Object(Map::new()));
                };
                let texts = [element.attribute("name").unwrap_or_default().to_owned(), self.restriction(restriction)];
                Ok(texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("|").into())
            }
            "extension" => {
                let mut description = Value::Object(Map::new());
                let members: Vec<Id> =
                    children().filter(|child| known(self, *child, &["sequence", "choice"])).collect();
                for child in members {
                    description = self.describe(child, xmlns, depth + 1)?;
                }
                let Some(base) = element.attribute("base") else { return Ok(description) };
                let (prefix, name) = split(base);
                if PRIMITIVES.contains(&name) {
                    return Ok(base.into());
                }
                let uri = xmlns.and_then(|xmlns| xmlns.get(prefix)).or_else(|| self.definitions.xmlns.get(prefix));
                let Some(schema) = self.schema_of(uri) else { return Ok(description) };
                let Some(found) = schema.find(name) else { return Ok(description) };
                let xmlns = schema.xmlns.clone();
                Ok(match (self.describe(found, Some(&xmlns), depth + 1)?, description) {
                    (Value::Object(mut base), Value::Object(own)) => {
                        for (name, value) in own {
                            base.entry(name).or_insert(value);
                        }
                        Value::Object(base)
                    }
                    (base, _) => base,
                })
            }
            "sequence" | "choice" | "all" => {
                let names = ["element", "sequence", "choice"];
                let known: Vec<Id> = children().filter(|child| known(self, *child, &names)).collect();
                let mut members = Map::new();
                for child in known {
                    if let Value::Object(object) = self.describe(child, xmlns, depth + 1)? {
                        members.extend(object);
                    }
                }
                Ok(Value::Object(members))
            }
            "complexType" | "complexContent" | "simpleContent" => {
                let names: &[&str] = match element.name.as_str() {
                    "complexType" => &["choice", "sequence", "all", "simpleContent", "complexContent"],
                    _ => &["extension"],
                };
                match children().find(|child| known(self, *child, names)) {
                    Some(child) => self.describe(child, xmlns, depth + 1),
                    None => Ok(Value::Object(Map::new())),
                }
            }
            _ => Ok(Value::Null),
        }
    }

    fn restriction(&self, id: Id) -> String {
        let restriction = &self.elements.0[id];
        let facets = restriction.children.iter().map(|child| {
            let child = &self.elements.0[*child];
            let value = if child.name == "enumeration" { child.attribute("value") } else { child.attribute("name") };
            value.unwrap_or(&child.name).to_owned()
        });
        let texts =
            [restriction.attribute("base").unwrap_or_default().to_owned(), facets.collect::<Vec<_>>().join(",")];
        texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("|")
    }

    fn describe_element(
        &mut self,
        id: Id,
        element: &Element,
        xmlns: Option<&Namespaces>,
        depth: usize,
    ) -> Result<Value, WsdlError> {
        let is_many = match element.attribute("maxOccurs") {
            Some("unbounded") => true,
            Some(count) => count.parse::<u64>().is_ok_and(|count| count > 1),
            None => false,
        };
        let name = format!("{}{}", element.attribute("name").unwrap_or("undefined"), if is_many { "[]" } else { "" });
        if let Some(uri) = xmlns.and_then(|xmlns| xmlns.get(TNS)) {
            self.elements.0[id].described_in = Some(uri.to_owned());
        }
        let one = |value: Value| Value::Object(Map::from_iter([(name.clone(), value)]));
        let own_type = element.attribute("type");
        let Some(reference) = own_type.or_else(|| element.attribute("ref")) else {
            let mut description = Value::Object(Map::new());
            for child in &element.children {
                let kind = &self.elements.0[*child];
                if kind.is_known && matches!(kind.name.as_str(), "complexType" | "simpleType") {
                    description = self.describe(*child, xmlns, depth + 1)?;
                }
            }
            return Ok(one(description));
        };
        let (prefix, type_name) = split(reference);
        let global = &self.definitions.xmlns;
        let alias = element.message_name.as_ref().map(|(alias, _)| alias.as_str());
        let from_schema = || {
            let is_used = global.get(prefix).is_some() || alias.is_some_and(|alias| global.get(alias).is_some());
            element.schema_xmlns.get(prefix).filter(|_| is_used)
        };
        let uri = xmlns.and_then(|xmlns| xmlns.get(prefix)).or_else(from_schema).or_else(|| global.get(prefix));
        let uri = uri.map(str::to_owned);
        let schema = self.schema_of(uri.as_deref());
        let found = schema.and_then(|schema| match own_type {
            Some(_) => schema.complex_types.get(type_name).or_else(|| schema.types.get(type_name)).copied(),
            None => schema.elements.get(type_name).copied(),
        });
        let inner = schema.map(|schema| schema.xmlns.clone());
        let Some(found) = found.filter(|_| !PRIMITIVES.contains(&type_name)) else {
            return Ok(own_type.map_or_else(|| Value::Object(Map::new()), |kind| one(kind.into())));
        };
        let known = self.types.iter().find(|(known, _)| known == type_name).map(|(_, value)| value.clone());
        let description = match known {
            Some(Some(description)) => description,
            Some(None) => return Err(WsdlError::Recursive(type_name.to_owned())),
            None => {
                if own_type.is_some() {
                    self.types.push((type_name.to_owned(), None));
                }
                let mut description = self.describe(found, inner.as_ref().or(xmlns), depth + 1)?;
                if let Value::Object(object) = &mut description {
                    object.insert("targetNSAlias".to_owned(), prefix.into());
                    object.insert("targetNamespace".to_owned(), uri.into());
                }
                match self.types.iter_mut().find(|(known, _)| known == type_name) {
                    Some((_, known)) => *known = Some(description.clone()),
                    None => self.types.push((type_name.to_owned(), Some(description.clone()))),
                }
                description
            }
        };
        // Types that contain others several times grow quickly.
        self.described += size(&description);
        Ok(if own_type.is_some() { one(description) } else { description })
    }
}

fn size(description: &Value) -> usize {
    match description {
        Value::Object(members) => 1 + members.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// The texts in a description by their dotted paths.
fn flatten(path: &str, description: Value, found: &mut Vec<(String, String)>) {
    match description {
        Value::String(text) => found.push((path.to_owned(), text)),
        Value::Object(members) => {
            for (name, member) in members {
                flatten(&format!("{path}.{name}"), member, found);
            }
        }
        _ => {}
    }
}
