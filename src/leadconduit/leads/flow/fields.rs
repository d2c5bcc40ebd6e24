//! The fields of a lead: which parameters are kept, under which names, and their typed values.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::target::SubmissionTarget;
use crate::contract::standard::StandardCollection;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::state::Collection;
use crate::leadconduit::types::{self, parse_value};
use crate::leadconduit::values::{self, Variables};
use crate::support::ids::ObjectId;

/// The types of fields of which nothing is stored.
const SECRET_TYPES: [&str; 2] = ["ssn", "credential"];

/// The texts of a lead that must not be stored as they were sent.
#[derive(Default)]
pub(super) struct HiddenTexts {
    /// Those of which no part may be stored.
    pub(super) secrets: Vec<String>,
    /// Those that are hidden as a whole, such as dates of birth: short ones can be parts of anything.
    pub(super) private: Vec<String>,
}

impl HiddenTexts {
    pub(super) fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.private.is_empty()
    }
}

/// The fields of a lead, with `id` first, and the texts that must not be stored as they were sent. A parameter without a
/// field or a mapping of the flow is dropped.
pub(super) fn of_lead(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    id: ObjectId,
    vars: &Value,
) -> (Map<String, Value>, HiddenTexts) {
    let submitted = &context.input.body;
    let account = context.world.account(&target.account);
    let custom_type = |field: &str| Some(account?.get(Collection::Fields, field)?.text("type").unwrap_or("string"));
    let mut values: Vec<LeadValue<'_>> = Vec::new();
    for field in &target.flow().fields {
        if let Some(value) = values::find(submitted, &field.id).filter(|value| !value.is_null()) {
            let standard = || field.standard_type(|id| standard_type(context, id).to_owned());
            let field_type = custom_type(&field.id).unwrap_or_else(standard);
            values.push(LeadValue { field: &field.id, field_type, value: Cow::Borrowed(value) });
        }
    }
    for mapping in &target.source().mappings {
        let Some(value) = mapping.value(&SourceVariables { vars, submitted }) else { continue };
        let field = mapping.property.strip_prefix("lead.").unwrap_or(&mapping.property);
        values.retain(|value| value.field != field);
        let field_type = field_type(context, target, field);
        values.push(LeadValue { field, field_type, value: Cow::Owned(value) });
    }
    let (mut fields, mut hidden) = (Map::with_capacity(1 + values.len()), HiddenTexts::default());
    fields.insert("id".to_owned(), id.into());
    for LeadValue { field, field_type, value } in values {
        let typed = parse_value(field_type, &value, context.now);
        if SECRET_TYPES.contains(&field_type) {
            collect_texts(&value, &mut hidden.secrets);
            collect_texts(&typed, &mut hidden.secrets);
        } else if types::is_maskable(field_type) {
            collect_texts(&value, &mut hidden.private);
        }
        insert_nested(&mut fields, field, typed);
    }
    (fields, hidden)
}

/// A value of a lead before it is converted to the type of its field.
struct LeadValue<'a> {
    field: &'a str,
    field_type: &'a str,
    value: Cow<'a, Value>,
}

/// Adds the texts of a value, those of array items included, without blank ones.
fn collect_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        value => texts.extend(values::text(value).map(Cow::into_owned).filter(|text| !text.trim().is_empty())),
    }
}

/// The type of a field of the account, or else of the standard field with this name.
fn field_type<'a>(context: &'a WriteContext<'_>, target: &SubmissionTarget, field: &str) -> &'a str {
    let account = context.world.account(&target.account);
    if let Some(custom) = account.and_then(|account| account.get(Collection::Fields, field)) {
        return custom.text("type").unwrap_or("string");
    }
    standard_type(context, field)
}

/// The type of a standard field.
fn standard_type<'a>(context: &'a WriteContext<'_>, field: &str) -> &'a str {
    let standard = context.world.standard().get(StandardCollection::Fields, field);
    match standard.and_then(|standard| standard.text("type")) {
        // The catalogue lists dates of birth as dates, but rules use their ages.
        Some("date") if field.rsplit('.').next() == Some("dob") => "dob",
        known => known.unwrap_or("string"),
    }
}

/// A value, converted to the type of a field.
pub(super) fn typed_field(context: &WriteContext<'_>, target: &SubmissionTarget, field: &str, value: &Value) -> Value {
    parse_value(field_type(context, target, field), value, context.now)
}

/// Inserts a value under a dotted name, one level per part. Where a part names a value that is not a level, the rest of
/// the name stays undivided.
pub(super) fn insert_nested(object: &mut Map<String, Value>, name: &str, value: Value) {
    if let Some((first, rest)) = name.split_once('.') {
        let inner = object.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
        // A typed value is an object too.
        if let Value::Object(inner) = inner
            && !inner.contains_key("raw")
        {
            insert_nested(inner, rest, value);
            return;
        }
    }
    object.insert(name.to_owned(), value);
}

/// The variables in mappings of a source: the submitted parameters, also as `lead.NAME`, then those of the lead.
struct SourceVariables<'a> {
    vars: &'a Value,
    submitted: &'a Value,
}

impl Variables for SourceVariables<'_> {
    fn get(&self, dotted_name: &str) -> Option<Cow<'_, Value>> {
        let submitted = values::find(self.submitted, dotted_name.strip_prefix("lead.").unwrap_or(dotted_name));
        submitted.or_else(|| values::find_variable(self.vars, dotted_name)).map(Cow::Borrowed)
    }
}
