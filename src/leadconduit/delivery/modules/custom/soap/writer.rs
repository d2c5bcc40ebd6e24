//! Arguments as the XML of a call.

use serde_json::Value;

use super::namespaces::{Scopes, TNS, is_ignored, split};
use super::service::Wsdl;
use super::wsdl::Id;
use crate::leadconduit::delivery::modules::RequestError;
use crate::leadconduit::delivery::modules::custom::js;

/// The key under which an object has attributes.
pub(super) const ATTRIBUTES: &str = "attributes";

/// The key under which an object has its text.
pub(super) const TEXT: &str = "#value";

/// The key under which an object has its XML.
const XML: &str = "$xml";

/// What mappings put in place of name space and declarations of the root of a body.
#[derive(Clone, Debug, Default)]
pub(super) struct RootOverride {
    pub(super) prefix: Option<String>,
    pub(super) attribute: Option<(String, String)>,
}

/// Where an element is written.
#[derive(Clone, Debug, Default)]
struct Place {
    prefix: Option<String>,
    /// The prefix around a list.
    list_prefix: Option<String>,
    uri: Option<String>,
    is_first: bool,
    declarations: Option<String>,
    schema: Option<Id>,
}

/// Writes the bodies of calls.
pub(super) struct Writer<'w> {
    pub(super) wsdl: &'w mut Wsdl,
    pub(super) root: Option<RootOverride>,
    scopes: Scopes,
}

/// Texts between tags. Character data is left as it is.
pub(super) fn escape(text: &str) -> String {
    if text.starts_with("<![CDATA[") && text.ends_with("]]>") && text.len() >= 12 {
        return text.to_owned();
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => escape(text),
        Value::Null => String::new(),
        value => js::text(value),
    }
}

fn with_colon(prefix: &str) -> String {
    if prefix.is_empty() || prefix.ends_with(':') { prefix.to_owned() } else { format!("{prefix}:") }
}

/// The attributes of a value.
fn attributes(value: &Value) -> Result<String, RequestError> {
    let Some(Value::Object(attributes)) = value.get(ATTRIBUTES) else { return Ok(String::new()) };
    if attributes.contains_key("xsi_type") {
        return Err(RequestError::Failed("the mock does not know what the attribute xsi_type sends".to_owned()));
    }
    Ok(attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", value_text(value))).collect())
}

/// A name with a prefix of its own: `a:b`, or `:b` for none.
fn own_prefix(name: &str) -> (Option<&str>, &str) {
    match name.split_once(':') {
        Some(("", rest)) => (Some(""), rest),
        Some((prefix, rest)) if !rest.is_empty() && !rest.contains(':') => (Some(prefix), rest),
        _ => (None, name),
    }
}

impl<'w> Writer<'w> {
    pub(super) fn new(wsdl: &'w mut Wsdl, root: Option<RootOverride>) -> Self {
        Self { wsdl, root, scopes: Scopes::default() }
    }

    /// The body of a call in the style `document`.
    pub(super) fn document(
        &mut self,
        name: &str,
        arguments: Value,
        (prefix, uri): (Option<&str>, Option<&str>),
        type_name: Option<&str>,
    ) -> Result<String, RequestError> {
        if let Some(xml) = arguments.get("_xml") {
            return Ok(js::text(xml));
        }
        let schema = type_name.and_then(|name| self.wsdl.schema_of(Some(uri?))?.find(split(name).1));
        let object = Value::Object([(name.to_owned(), arguments)].into_iter().collect());
        let place = Place {
            prefix: prefix.map(str::to_owned),
            uri: uri.map(str::to_owned),
            is_first: true,
            schema,
            ..Place::default()
        };
        self.write(&object, "", place)
    }

    /// The body of a call in the style `rpc`.
    pub(super) fn rpc(
        &mut self,
        name: &str,
        arguments: &Value,
        (prefix, uri): (Option<&str>, Option<&str>),
        has_parts: bool,
    ) -> Result<String, RequestError> {
        let prefix = if prefix == Some(TNS) { String::new() } else { format!("{}:", prefix.unwrap_or("undefined")) };
        let mut xml = format!("<{prefix}{name}>");
        for (key, value) in arguments.as_object().into_iter().flatten().filter(|(key, _)| *key != "_xmlns") {
            if value.is_null() {
                let text = "Cannot read properties of null (reading 'hasOwnProperty')";
                return Err(RequestError::Failed(text.to_owned()));
            }
            let tag = if has_parts { key.clone() } else { format!("{prefix}{key}") };
            let content = match value {
                Value::Object(_) | Value::Array(_) => {
                    let place = Place { prefix: Some(prefix.clone()), uri: uri.map(str::to_owned), ..Place::default() };
                    self.write(value, key, place)?
                }
                value => value_text(value),
            };
            xml.push_str(&format!("<{tag}{}>{content}</{tag}>", attributes(value)?));
        }
        xml.push_str(&format!("</{prefix}{name}>"));
        Ok(xml)
    }

    #[expect(clippy::needless_pass_by_value, reason = "each place is made for one element")]
    fn write(&mut self, value: &Value, name: &str, place: Place) -> Result<String, RequestError> {
        let is_root = self.scopes.is_empty();
        self.scopes.push();
        if is_root {
            self.scopes.declare(place.prefix.as_deref().unwrap_or("undefined"), place.uri.as_deref());
        }
        let xml = self.write_in_scope(value, name, &place);
        self.scopes.pop();
        xml
    }

    fn write_in_scope(&mut self, value: &Value, name: &str, place: &Place) -> Result<String, RequestError> {
        let schema = self.wsdl.schema_of(place.uri.as_deref());
        let (has_schema, is_qualified) = (schema.is_some(), schema.is_some_and(super::wsdl::Schema::is_qualified));
        let prefix = place.prefix.as_deref().unwrap_or_default();
        let is_prefixed = (!prefix.is_empty() || is_qualified) && prefix != TNS;
        let mut declared = String::new();
        let overridden = self.root.as_ref().and_then(|root| root.attribute.clone());
        if let Some(uri) = place.uri.as_deref().filter(|_| place.is_first) {
            if let Some((name, value)) = &overridden {
                declared = format!(" {name}=\"{value}\"");
            } else {
                if is_prefixed && !is_ignored(prefix) {
                    let shown = place.prefix.as_deref().unwrap_or("undefined");
                    declared.push_str(&format!(" xmlns:{shown}=\"{uri}\""));
                }
                if is_qualified || !has_schema {
                    declared.push_str(&format!(" xmlns=\"{uri}\""));
                }
            }
        }
        if let Some(declarations) = place.declarations.as_ref().filter(|text| !text.is_empty() && overridden.is_none())
        {
            declared.clone_from(declarations);
        }
        let outer_prefix = match &self.root {
            Some(root) if place.is_first => root.prefix.clone().unwrap_or_default(),
            _ if is_prefixed && (is_qualified || place.is_first || !has_schema) && !is_ignored(prefix) => {
                prefix.to_owned()
            }
            _ => String::new(),
        };
        match value {
            Value::Array(items) => self.write_list(items, name, place, &outer_prefix, &declared),
            Value::Object(members) => {
                if let Some((key, value)) = members.iter().find(|(key, _)| *key == XML || *key == TEXT) {
                    return Ok(if key == XML { js::text(value) } else { value_text(value) });
                }
                let mut state = Members {
                    is_qualified,
                    is_prefixed,
                    has_schema,
                    prefix: outer_prefix,
                    declared,
                    xml: String::new(),
                };
                for (key, child) in members.iter().filter(|(key, _)| *key != ATTRIBUTES) {
                    self.write_member(key, child, place, &mut state)?;
                }
                Ok(state.xml)
            }
            value => Ok(value_text(value)),
        }
    }

    fn write_list(
        &mut self,
        items: &[Value],
        name: &str,
        place: &Place,
        prefix: &str,
        declared: &str,
    ) -> Result<String, RequestError> {
        let list_prefix = place.list_prefix.as_deref().map(|prefix| prefix.trim_end_matches(':'));
        let list_prefix = list_prefix.filter(|prefix| !is_ignored(prefix)).unwrap_or_default();
        let (own, name) = own_prefix(name);
        let prefix = match own {
            Some("") => "",
            Some(own) => own,
            None if !list_prefix.is_empty() => list_prefix,
            None => prefix,
        };
        let tag = format!("{}{name}", with_colon(prefix));
        let mut xml = String::new();
        for item in items {
            let inner = Place { is_first: false, declarations: None, list_prefix: None, ..place.clone() };
            let body = self.write(item, name, inner)?;
            xml.push_str(&format!("<{tag}{}{declared}>{body}</{tag}>", attributes(item)?));
        }
        Ok(xml)
    }

    fn write_member(
        &mut self,
        key: &str,
        child: &Value,
        place: &Place,
        state: &mut Members,
    ) -> Result<(), RequestError> {
        let (own, name) = own_prefix(key);
        let inner = Place { is_first: false, declarations: None, list_prefix: None, ..place.clone() };
        let body = if place.is_first {
            self.write(child, name, inner)?
        } else if let (true, Some(found)) = (state.has_schema, self.child_of(place.schema, name)) {
            let inner = self.child_place(found, place, child.is_array(), state);
            self.write(child, name, inner)?
        } else {
            let name = if child.is_array() && state.has_schema { key } else { name };
            self.write(child, name, Place { schema: None, ..inner })?
        };
        state.prefix.truncate(state.prefix.trim_end_matches(':').len());
        let prefix = place.prefix.as_deref().unwrap_or_default();
        if state.is_prefixed && !state.is_qualified && place.is_first && self.root.is_none() {
            prefix.clone_into(&mut state.prefix);
        } else if is_ignored(&state.prefix) {
            state.prefix.clear();
        }
        if child.is_array() {
            state.xml.push_str(&body);
            return Ok(());
        }
        let tag = format!("{}{name}", with_colon(own.unwrap_or(&state.prefix)));
        let nil = if child.is_null() { " xsi:nil=\"true\"" } else { "" };
        state.xml.push_str(&format!("<{tag}{}{}{nil}>{body}</{tag}>", attributes(child)?, state.declared));
        Ok(())
    }

    /// Where a member is written that the schema knows.
    fn child_place(&mut self, found: Id, place: &Place, is_list: bool, state: &mut Members) -> Place {
        let element = self.wsdl.elements.0[found].clone();
        let outer = place.prefix.clone().unwrap_or_default();
        let schema = self.wsdl.schema_of(place.uri.as_deref());
        let is_qualified = schema.is_some_and(super::wsdl::Schema::is_qualified);
        let schema_xmlns = schema.map(|schema| schema.xmlns.clone()).unwrap_or_default();
        let global = |wsdl: &Wsdl, prefix: &str| {
            schema_xmlns.get(prefix).or_else(|| wsdl.definitions.xmlns.get(prefix)).map(str::to_owned)
        };
        let (mut prefix, mut uri, mut local_name) = (String::new(), None, String::new());
        let mut declarations = String::new();
        if let Some(name) = element.attribute("ref").or_else(|| element.attribute("name")) {
            let (name_prefix, name) = split(name);
            name.clone_into(&mut local_name);
            if name_prefix == TNS {
                uri.clone_from(&element.described_in);
                prefix = self.scopes.register(uri.as_deref());
                if is_ignored(&prefix) {
                    prefix = outer;
                }
            } else {
                prefix = if is_ignored(name_prefix) { outer } else { name_prefix.to_owned() };
                uri = global(self.wsdl, &prefix);
            }
            if element.attribute("name").is_some() && element.message_name.is_none() {
                let is_unqualified = match element.attribute("form") {
                    Some("unqualified") => true,
                    Some("qualified") => false,
                    _ => !is_qualified,
                };
                if is_unqualified {
                    prefix.clear();
                }
            }
            if uri.as_deref().is_some_and(|uri| !uri.is_empty())
                && !prefix.is_empty()
                && self.scopes.declare(&prefix, uri.as_deref())
            {
                declarations = format!(" xmlns:{prefix}=\"{}\"", uri.as_deref().unwrap_or_default());
                state.declared.push_str(&declarations);
            }
        }
        let resolved = match element.attribute("type") {
            Some(name) => {
                let (type_prefix, type_name) = split(name);
                uri = global(self.wsdl, type_prefix);
                if uri.as_deref() != Some("http://www.w3.org/2001/XMLSchema") && type_prefix != TNS {
                    self.scopes.add(type_prefix, uri.as_deref());
                }
                let schema = uri.as_deref().and_then(|uri| self.wsdl.schema_of(Some(uri)));
                schema.and_then(|schema| schema.complex_types.get(type_name).copied())
            }
            None => {
                let schema = uri.as_deref().and_then(|uri| self.wsdl.schema_of(Some(uri)));
                schema.filter(|_| !local_name.is_empty()).and_then(|schema| schema.find(&local_name))
            }
        };
        state.prefix.clone_from(&prefix);
        Place {
            list_prefix: is_list.then(|| prefix.clone()),
            declarations: is_list.then_some(declarations),
            prefix: Some(prefix),
            uri,
            is_first: false,
            schema: Some(resolved.unwrap_or(found)),
        }
    }

    fn child_of(&mut self, parent: Option<Id>, name: &str) -> Option<Id> {
        self.find_child(parent?, name, &mut Vec::new())
    }

    /// The element of a name inside an element or type, as the library finds it.
    fn find_child(&mut self, parent: Id, name: &str, path: &mut Vec<Id>) -> Option<Id> {
        if name.is_empty() || path.contains(&parent) || path.len() > 100 {
            return None;
        }
        path.push(parent);
        let found = self.find_child_inside(parent, name, path);
        path.pop();
        found
    }

    fn find_child_inside(&mut self, parent: Id, name: &str, path: &mut Vec<Id>) -> Option<Id> {
        let element = self.wsdl.elements.0[parent].clone();
        let is_named = element.attribute("name") == Some(name);
        let named = |writer: &Self, id: &Id| writer.wsdl.elements.0[*id].attribute("name") == Some(name);
        let mut found = element.lookup_types.iter().find(|id| named(self, id)).copied();
        if is_named && element.name == "element" {
            return Some(parent);
        }
        if element.attribute("ref").is_some_and(|reference| split(reference).1 == name) {
            return Some(parent);
        }
        if let Some(reference) = element.attribute("type").filter(|_| path.len() == 1) {
            let (prefix, type_name) = split(reference);
            let uri = match prefix {
                TNS => element.described_in.clone(),
                prefix => self.wsdl.definitions.xmlns.get(prefix).map(str::to_owned),
            };
            let schema = uri.as_deref().and_then(|uri| self.wsdl.schema_of(Some(uri)));
            if let Some(definition) = schema.and_then(|schema| schema.complex_types.get(type_name).copied()) {
                return self.find_child(definition, name, path);
            }
        }
        for child in element.children.iter().copied() {
            found = self.find_child(child, name, path);
            if found.is_some() {
                break;
            }
            let Some(base) = self.wsdl.elements.0[child].attribute("base").map(str::to_owned) else { continue };
            let (prefix, base_name) = split(&base);
            let uri = self.wsdl.definitions.xmlns.get(prefix);
            let schema = uri.and_then(|uri| self.wsdl.schema_of(Some(uri)));
            let Some(base) = schema.and_then(|schema| schema.complex_types.get(base_name).copied()) else { continue };
            found = self.find_child(base, name, path);
            if let Some(found) = found {
                // The library takes the member for its own type from here on.
                let prefix = if prefix == TNS { "" } else { prefix };
                let attributes = &mut self.wsdl.elements.0[found].attributes;
                attributes.retain(|(known, _)| known != "type");
                attributes.push(("type".to_owned(), format!("{prefix}:{name}")));
                break;
            }
        }
        found.or_else(|| is_named.then_some(parent))
    }
}

/// What is carried from one member of an object to the next.
struct Members {
    is_qualified: bool,
    is_prefixed: bool,
    has_schema: bool,
    prefix: String,
    declared: String,
    xml: String,
}
