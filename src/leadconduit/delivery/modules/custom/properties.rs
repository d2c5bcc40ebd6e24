//! Mapped properties as a tree. Their dotted names are levels, and numbers among the parts make lists.

use std::collections::BTreeMap;

use deunicode::deunicode_char;
use serde_json::{Map, Value};

use super::js;
use crate::leadconduit::delivery::modules::RequestError;
use crate::leadconduit::delivery::modules::typed_value::{date, is_typed};
use crate::leadconduit::{types, values};

/// How deeply properties can be nested; deeper ones are not sent.
const DEPTH_MAX: usize = 100;

/// How many parameters are sent at most.
const PARAMETERS_MAX: usize = 10_000;

/// How many items of a list are sent at most.
const ITEMS_MAX: u64 = 10_000;

/// The name that an object cannot have.
const PROTO: &str = "__proto__";

/// The variables of a module, as the mappings of a recipient set them: dotted properties in the order of the mappings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Properties<'v>(pub(super) &'v Map<String, Value>);

impl Properties<'_> {
    /// The text of a property; `None` when it is not mapped.
    pub(super) fn text(self, name: &str) -> Option<String> {
        let value = self.0.get(name)?;
        Some(values::text(value).unwrap_or_default().into_owned())
    }

    /// The text of a property, unless it is empty.
    pub(super) fn non_empty(self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// Whether a property is mapped, with whatever value.
    pub(super) fn is_mapped(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether a property is mapped to a true value.
    pub(super) fn is_true(self, name: &str) -> bool {
        self.text(name).and_then(|text| types::parse_boolean(&text)).unwrap_or(false)
    }

    /// The properties whose names begin with `name` and a dot; `None` when there are none.
    ///
    /// # Errors
    ///
    /// For [`Texts::Ascii`], a value is not a text.
    pub(super) fn tree(self, name: &str, texts: Texts) -> Result<Option<Node>, RequestError> {
        let mut root: Option<Node> = None;
        for (property, value) in self.0 {
            let Some(rest) = property.strip_prefix(name) else { continue };
            if rest.is_empty() {
                root = Some(Node::of(value, texts, 0)?);
            } else if let Some(path) = rest.strip_prefix('.') {
                let node = Node::of(value, texts, 0)?;
                let new = || if texts == Texts::Json { Node::Object(Vec::new()) } else { Node::level_for(path) };
                root.get_or_insert_with(new).insert(path, node);
            }
        }
        Ok(root)
    }
}

/// How values are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    /// In their normal form.
    Plain,
    /// In their normal form, transliterated.
    Ascii,
    /// As JSON makes it of them: a date has a time.
    Json,
}

/// What happens to the lists that are parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    AsTheyAre,
    /// As [`Node::compact`] leaves them.
    Compact,
}

/// A value, an object or a list. Lists may have gaps.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Value(Value),
    Object(Vec<(String, Node)>),
    List(BTreeMap<u64, Node>),
}

impl Node {
    /// The node of a mapped value. A typed value stands for its normal form, and for what was submitted if it is not
    /// valid.
    fn of(value: &Value, texts: Texts, depth: usize) -> Result<Self, RequestError> {
        if depth > DEPTH_MAX {
            return Ok(Self::Value(Value::Null));
        }
        match value {
            Value::Array(items) => {
                let items = (0..).zip(items).map(|(index, item)| Ok((index, Self::of(item, texts, depth + 1)?)));
                items.collect::<Result<_, RequestError>>().map(Self::List)
            }
            Value::Object(object) if !is_typed(object) => {
                let mut entries: Vec<(String, Self)> = Vec::new();
                for (name, value) in object {
                    entries.push((js::key(name).0, Self::of(value, texts, depth + 1)?));
                }
                Ok(Self::Object(entries))
            }
            value => {
                let is_valid = value.get("valid") != Some(&Value::Bool(false));
                let plain = match date(value).filter(|_| texts != Texts::Json) {
                    Some(date) => date.into(),
                    None if is_valid => values::plain(value).clone(),
                    None => value.get("raw").cloned().unwrap_or_default(),
                };
                Ok(Self::Value(match plain {
                    Value::String(text) if texts == Texts::Ascii => to_ascii(&text).into(),
                    // The module calls a method that only texts have. Without a value it does not.
                    plain if texts == Texts::Ascii && (value.is_object() || js::is_truthy(&plain)) => {
                        return Err(RequestError::Failed("str.replace is not a function".to_owned()));
                    }
                    plain => plain,
                }))
            }
        }
    }

    /// An empty list or object for a path, which depends on its first part.
    fn level_for(path: &str) -> Self {
        let first = path.split('.').next().unwrap_or_default();
        if js::key(first).1.is_some() { Self::List(BTreeMap::new()) } else { Self::Object(Vec::new()) }
    }

    /// Sets what is at a dotted path. What would be inside a value, or below a name in a list, is dropped.
    pub(super) fn insert(&mut self, path: &str, node: Self) {
        let mut level = self;
        let mut rest = path;
        for _ in 0..DEPTH_MAX {
            let (part, inner) = rest.split_once('.').map_or((rest, None), |(part, inner)| (part, Some(inner)));
            let (name, index) = js::key(part);
            if name == PROTO {
                return;
            }
            let new = || inner.map(Self::level_for);
            let next = match level {
                Self::Value(_) => return,
                Self::List(items) => {
                    let Some(index) = index else { return };
                    match new() {
                        Some(new) => items.entry(index).or_insert(new),
                        None => {
                            items.insert(index, node);
                            return;
                        }
                    }
                }
                Self::Object(entries) => {
                    let at = entries.iter().position(|(known, _)| *known == name);
                    match (new(), at) {
                        (Some(_), Some(at)) => &mut entries[at].1,
                        (Some(new), None) => {
                            entries.push((name, new));
                            let last = entries.len() - 1;
                            &mut entries[last].1
                        }
                        (None, Some(at)) => {
                            entries[at].1 = node;
                            return;
                        }
                        (None, None) => {
                            entries.push((name, node));
                            return;
                        }
                    }
                }
            };
            level = next;
            rest = inner.unwrap_or_default();
        }
    }

    /// Drops items of lists that count as false, at every level; gaps close up.
    pub(super) fn compact(self) -> Self {
        match self {
            Self::Value(value) => Self::Value(value),
            Self::Object(entries) => {
                Self::Object(entries.into_iter().map(|(name, node)| (name, node.compact())).collect())
            }
            Self::List(items) => {
                let is_truthy = |node: &Self| !matches!(node, Self::Value(value) if !js::is_truthy(value));
                let kept = items.into_values().filter(is_truthy).map(Self::compact);
                Self::List((0..).zip(kept).collect())
            }
        }
    }

    /// The entries in the order of an object; those of a list are its items.
    pub(super) fn entries(self) -> Vec<(String, Self)> {
        match self {
            Self::Value(_) => Vec::new(),
            Self::Object(entries) => js::in_order(entries),
            Self::List(items) => items.into_iter().map(|(index, node)| (index.to_string(), node)).collect(),
        }
    }

    /// The parameters of a form or a query: objects become dotted names, a list is one parameter with several values.
    pub(super) fn parameters(self, lists: Lists) -> Vec<(String, Vec<String>)> {
        let mut parameters: Vec<(String, Self)> = Vec::new();
        for (name, node) in self.entries() {
            node.flatten(name, false, &mut parameters);
        }
        let texts = |node: Self| if lists == Lists::Compact { node.compact().texts() } else { node.texts() };
        js::in_order(parameters).into_iter().map(|(name, node)| (name, texts(node))).collect()
    }

    /// Calls itself for every member of an object, and with `has_lists` of a list, and collects the rest by dotted names.
    pub(super) fn flatten(self, name: String, has_lists: bool, found: &mut Vec<(String, Self)>) {
        let is_level = match &self {
            Self::Value(_) => false,
            Self::Object(entries) => !entries.is_empty(),
            Self::List(items) => has_lists && !items.is_empty(),
        };
        if !is_level {
            match found.iter().position(|(known, _)| *known == name) {
                Some(at) => found[at].1 = self,
                None if found.len() < PARAMETERS_MAX => found.push((name, self)),
                None => {}
            }
            return;
        }
        for (part, node) in self.entries() {
            node.flatten(format!("{name}.{part}"), has_lists, found);
        }
    }

    /// The values of a parameter. Gaps of a list are blank.
    fn texts(self) -> Vec<String> {
        match self {
            Self::List(mut items) => {
                let count = items.last_key_value().map_or(0, |(last, _)| (last + 1).min(ITEMS_MAX));
                (0..count).map(|index| items.remove(&index).map_or_else(String::new, |item| item.text())).collect()
            }
            node => vec![node.text()],
        }
    }

    /// The text of a value in a form; blank for anything else.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Value(Value::Null) | Self::Object(_) | Self::List(_) => String::new(),
            Self::Value(value) => js::text(value),
        }
    }

    /// As JSON.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Value(Value::Number(number)) => Value::Number(js::json_number(&number)),
            Self::Value(value) => value,
            Self::List(items) => {
                let mut list = Vec::new();
                for (index, item) in items {
                    // Gaps are `null`.
                    list.resize(usize::try_from(index.min(ITEMS_MAX)).unwrap_or_default().max(list.len()), Value::Null);
                    list.push(item.into_value());
                }
                Value::Array(list)
            }
            object @ Self::Object(_) => {
                Value::Object(object.entries().into_iter().map(|(name, node)| (name, node.into_value())).collect())
            }
        }
    }
}

/// Transliterates a text: `Renée` is `Renee`. Characters outside of the basic plane are dropped.
fn to_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c) {
            // Control characters stay.
            0..=0x7f => ascii.push(c),
            0x80..=0xffff => ascii.push_str(deunicode_char(c).unwrap_or_default()),
            _ => {}
        }
    }
    ascii
}
