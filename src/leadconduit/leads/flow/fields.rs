//! The fields of a lead: which parameters are kept, under which names, and what their types make of them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::holds;
use super::target::SubmissionTarget;
use crate::contract::standard::Kind;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::rules;
use crate::leadconduit::state::Collection;
use crate::leadconduit::types::typed;
use crate::leadconduit::values::Variables;
use crate::support::document::{items, text};

/// The fields of a lead, with `id` first, and what of them must not be stored as it was sent. Parameters for which the
/// flow has no field, and no mapping, are dropped.
pub(super) fn of_lead(
    call: &WriteContext<'_>,
    door: &SubmissionTarget,
    id: &str,
    vars: &Value,
) -> (Map<String, Value>, Vec<String>) {
    let submitted = &call.input.body;
    let mut named: Vec<(String, Value)> = Vec::new();
    for field in items(door.flow.value(), "fields").iter().filter_map(Value::as_str) {
        if let Some(value) = rules::find(submitted, field).filter(|value| !value.is_null()) {
            named.push((field.to_owned(), value.clone()));
        }
    }
    for mapping in items(&door.source()["integration"], "mappings") {
        let seen = Seen { vars, submitted };
        let Some(value) = mapped(mapping, &seen) else { continue };
        let property = text(mapping, "property");
        let field = property.strip_prefix("lead.").unwrap_or(property);
        named.retain(|(name, _)| name != field);
        named.push((field.to_owned(), value));
    }
    let (mut fields, mut secrets) = (Map::new(), Vec::new());
    fields.insert("id".to_owned(), id.into());
    for (name, value) in named {
        let kind = kind(call, door, &name);
        if matches!(kind, "ssn" | "credential") {
            texts(&value, &mut secrets);
        }
        nest(&mut fields, &name, typed(kind, &value, call.now));
    }
    (fields, secrets)
}

/// The texts of a value.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        value => into.extend(rules::text(value).map(Cow::into_owned).filter(|text| !text.trim().is_empty())),
    }
}

/// What a mapping sets; nothing when its rules fail, or when its template comes to nothing. An empty text that is
/// written as such counts.
pub(super) fn mapped(mapping: &Value, vars: &dyn Variables) -> Option<Value> {
    if mapping.get("rule_set").is_some_and(|set| !holds(set, vars)) {
        return None;
    }
    let written = mapping.get("value").filter(|value| !value.is_null())?;
    if written.as_str().is_some_and(str::is_empty) {
        return Some(written.clone());
    }
    let value = rules::evaluate(written, vars)?;
    let is_nothing = match &value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    };
    (!is_nothing).then_some(value)
}

/// The type of a field: of the account's own, or of a built-in one.
fn kind<'a>(call: &'a WriteContext<'_>, door: &SubmissionTarget, field: &str) -> &'a str {
    let own = call.world.account(&door.account).and_then(|account| account.get(Collection::Fields, field));
    let found = own.or_else(|| call.world.standard().get(Kind::Fields, field));
    found.and_then(|field| field.text("type")).unwrap_or("string")
}

/// What the type of a field makes of a value.
pub(super) fn typed_field(call: &WriteContext<'_>, door: &SubmissionTarget, field: &str, value: &Value) -> Value {
    typed(kind(call, door, field), value, call.now)
}

/// Puts a value under a name whose dots are levels. Where a level is taken by a value, the name stays whole.
pub(super) fn nest(object: &mut Map<String, Value>, name: &str, value: Value) {
    if let Some((first, rest)) = name.split_once('.') {
        let inner = object.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
        // A typed value is no level.
        if let Value::Object(inner) = inner
            && !inner.contains_key("raw")
        {
            nest(inner, rest, value);
            return;
        }
    }
    object.insert(name.to_owned(), value);
}

/// What mappings of a source see: the variables, and what was submitted by its own names, as fields of the lead too.
struct Seen<'a> {
    vars: &'a Value,
    submitted: &'a Value,
}

impl Variables for Seen<'_> {
    fn get(&self, dotted_name: &str) -> Option<Cow<'_, Value>> {
        let submitted = rules::find(self.submitted, dotted_name.strip_prefix("lead.").unwrap_or(dotted_name));
        submitted.or_else(|| rules::find(self.vars, dotted_name)).map(Cow::Borrowed)
    }
}
