//! Names that are probably misspelt: properties, variables of leads, lists, and the steps that a simulated recipient is
//! for. They are warnings where another name can be right.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Validator;
use crate::contract::former_fields;
use crate::contract::standard::StandardCollection;
use crate::leadconduit::services::suppressionlist::store;
use crate::leadconduit::state::Collection;
use crate::leadconduit::templates::Template;
use crate::scenario::merge::{MergedAccount, Origin, SourcedDocument};
use crate::support::document::{items, text};
use contract_files::pointer::{escape, unescape};
use contract_files::yaml::{KEY, nearest};

/// The variables that every flow has.
const ROOTS: [&str; 6] = ["lead", "account", "flow", "source", "submission", "recipient"];

/// The properties of list steps that name lists.
const LIST_PROPERTIES: [&str; 4] = ["list_names", "list_ids", "list_name", "list_id"];

/// How deep schemas refer to each other, and documents are nested.
const DEPTH_MAX: usize = 32;

/// Reads a property from a flow or its step.
type ReadProperty = fn(&Value, &Value) -> String;

/// A property that selects the steps of a simulated recipient: its name, its value, and where a flow or a step has it.
type Selector<'a> = (&'static str, &'a str, ReadProperty);

impl Validator<'_> {
    fn warn(&mut self, origin: &Origin, pointer: &str, message: String, hint: Option<String>) {
        if self.warnings.len() >= self.diagnostics_max {
            return;
        }
        let mut warning = self.diagnostic(origin, pointer, message);
        warning.hint = hint;
        self.warnings.push(warning);
    }

    /// The hint for an unknown property of a document: the one that resembles it, or all that can be added.
    pub(super) fn property_hint(&self, model: &str, value: &Value, location: &str) -> String {
        match self.nearest_property(model, location) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("write one of: {}", self.absent_properties(model, value).join(", ")),
        }
    }

    /// The property that resembles the last name of a location in a document of a model.
    pub(super) fn nearest_property(&self, model: &str, location: &str) -> Option<String> {
        let models = self.contract.models();
        let mut schemas = expand(models, models.get(model)?);
        let mut segments: Vec<&str> = location.split('/').skip(1).collect();
        let last = unescape(segments.pop()?);
        for segment in segments {
            schemas = schemas.iter().flat_map(|schema| member(models, schema, &unescape(segment))).collect();
        }
        nearest(&last, properties(&schemas)).map(str::to_owned)
    }

    /// A model that allows more properties than it has accepts a misspelt one.
    pub(super) fn warn_of_misspelt_properties(&mut self, model: &str, document: &SourcedDocument) {
        let models = self.contract.models();
        let Some(schema) = models.get(model) else { return };
        let mut found = Vec::new();
        find_misspelt(models, &expand(models, schema), &document.value, "", DEPTH_MAX, &mut found);
        for (pointer, name, meant) in found {
            let message = format!("`{name}` is not a known property here (model {model})");
            self.warn(&document.origin, &format!("{pointer}{KEY}"), message, Some(format!("did you mean `{meant}`?")));
        }
    }

    /// Templates and rules of a flow or a recipient use variables of leads: fields, and what steps append.
    pub(super) fn warn_of_unknown_variables(&mut self, document: &SourcedDocument, account: &MergedAccount) {
        let mut used = Vec::new();
        find_variables(&document.value, "", None, DEPTH_MAX, &mut used);
        let own = documents(account, Collection::Fields).iter().map(|field| text(&field.value, "id"));
        let own: BTreeSet<String> = own.map(str::to_ascii_lowercase).collect();
        for (pointer, name) in used {
            let (root, field) = name.split_once('.').unwrap_or((&name, ""));
            if root != ROOTS[0] {
                if let Some(meant) = ROOTS.into_iter().find(|meant| is_typo_of(root, meant)) {
                    let message = format!("`{name}` begins with no variable that a flow has");
                    self.warn(&document.origin, &pointer, message, Some(format!("did you mean `{meant}`?")));
                }
                continue;
            }
            if field.is_empty() || self.is_field(field, &own) {
                continue;
            }
            // What follows a field is a part of its value; fields can have dots themselves.
            let first = field.split('.').next().unwrap_or(field);
            let standard = || {
                let fields = self.contract.standard().all(StandardCollection::Fields).iter();
                fields.filter_map(|field| field.text("id")).chain(own.iter().map(String::as_str))
            };
            let has_parts = standard().any(|id| id.split('.').next() == Some(first));
            let field = if has_parts { field } else { first };
            let hint = match former_fields::replacement(field).or_else(|| nearest(field, standard())) {
                Some(meant) => format!("did you mean `lead.{meant}`?"),
                None => "write a standard field or a field of the account".to_owned(),
            };
            let message = format!("`lead.{field}` is always blank: there is no field `{field}`");
            self.warn(&document.origin, &pointer, message, Some(hint));
        }
    }

    /// Whether leads can have a property: a field, a part of its value, a group of fields, and what every lead has.
    fn is_field(&self, name: &str, own: &BTreeSet<String>) -> bool {
        let standard = self.contract.standard();
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        let mut beginnings = ends.map(|end| &name[..end]);
        let is_group = || {
            let group = format!("{name}.");
            let mut fields = standard.all(StandardCollection::Fields).iter().filter_map(|field| field.text("id"));
            fields.any(|id| id.starts_with(&group))
        };
        name == "id"
            || beginnings.any(|id| {
                own.contains(&id.to_ascii_lowercase()) || standard.get(StandardCollection::Fields, id).is_some()
            })
            || is_group()
    }

    /// Steps and list checks name lists. A list that is neither declared nor written to by the flow is empty until a client
    /// adds to it.
    pub(super) fn warn_of_unknown_lists(&mut self, flow: &SourcedDocument, account: &MergedAccount) {
        let used = used_lists(&flow.value);
        let lists = documents(account, Collection::Lists).iter();
        let lists =
            lists.flat_map(|list| [text(&list.value, "id").to_owned(), store::url_name(text(&list.value, "name"))]);
        let entries = documents(account, Collection::ListEntries).iter();
        let declared: BTreeSet<String> =
            lists.chain(entries.map(|entry| store::url_name(text(&entry.value, "list_name")))).collect();
        let names = |text: &str| -> Vec<String> { text.split(',').map(store::url_name).collect() };
        let written = used.iter().filter(|list| list.is_written).flat_map(|list| names(list.names));
        let written: BTreeSet<String> = written.collect();
        for list in &used {
            // A template can name any list.
            if list.names.contains("{{") {
                continue;
            }
            for name in names(list.names) {
                let is_id = || declared.iter().any(|known| store::list_id(known) == name);
                if name.is_empty() || declared.contains(&name) || is_id() {
                    continue;
                }
                let near = nearest(&name, declared.iter().map(String::as_str));
                // What a flow writes to exists from then on; the step that writes can have the typo.
                if written.contains(&name) && (near.is_none() || !list.is_written) {
                    continue;
                }
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add it under `lists:`, as `{{ id: {name}, name: {name} }}`"),
                };
                let message = format!("no list `{name}` is declared, and no entry is on it");
                self.warn(&flow.origin, &list.pointer, message, Some(hint));
            }
        }
    }

    /// A simulated recipient is for the steps of flows that match all its properties. A flow that a client creates can
    /// have such a step, so that this is a warning.
    pub(super) fn warn_of_unmatched_recipient(&mut self, recipient: &SourcedDocument, account: &MergedAccount) {
        let flows = [Collection::Flows, Collection::LiveFlows].into_iter();
        let flows = flows.flat_map(|collection| documents(account, collection)).map(|flow| &flow.value);
        let steps = flows.flat_map(|flow| items(flow, "steps").iter().map(move |step| (flow, step)));
        let steps: Vec<(&Value, &Value)> = steps.filter(|(_, step)| text(step, "type") == "recipient").collect();
        let selectors: [(&'static str, ReadProperty); 4] = [
            ("flow_id", |flow, _| text(flow, "id").to_owned()),
            ("step_id", |_, step| text(step, "id").to_owned()),
            ("entity_id", |_, step| text(&step["entity"], "id").to_owned()),
            ("module_id", |_, step| text(&step["integration"], "module_id").to_owned()),
        ];
        let given =
            selectors.into_iter().filter_map(|(name, of)| Some((name, recipient.value.get(name)?.as_str()?, of)));
        let given: Vec<Selector<'_>> = given.collect();
        let is_met = |(_, expected, of): &Selector<'_>, (flow, step): &(&Value, &Value)| {
            of(flow, step).eq_ignore_ascii_case(expected)
        };
        if given.is_empty() || steps.iter().any(|step| given.iter().all(|one| is_met(one, step))) {
            return;
        }
        let Some((name, expected, of)) = given.iter().find(|one| !steps.iter().any(|step| is_met(one, step))) else {
            let message = "no recipient step of a flow has all of these properties, so that this never applies";
            return self.warn(&recipient.origin, "/id", message.to_owned(), None);
        };
        let known: BTreeSet<String> = steps.iter().map(|(flow, step)| of(flow, step)).collect();
        let hint = nearest(expected, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let message = format!("no recipient step of a flow has the {name} `{expected}`, so that this never applies");
        self.warn(&recipient.origin, &format!("/{name}"), message, hint);
    }
}

/// The documents of an account in a collection.
pub(super) fn documents(account: &MergedAccount, collection: Collection) -> &[SourcedDocument] {
    account.collections.iter().find(|(one, _)| *one == collection).map_or(&[], |(_, documents)| documents)
}

/// Where a flow names lists.
struct UsedLists<'f> {
    pointer: String,
    /// One, or several with commas in between.
    names: &'f str,
    is_written: bool,
}

fn used_lists(flow: &Value) -> Vec<UsedLists<'_>> {
    let mut used = Vec::new();
    for (index, step) in items(flow, "steps").iter().enumerate() {
        let integration = &step["integration"];
        let module = text(integration, "module_id");
        if !module.contains("suppressionlist") {
            continue;
        }
        let is_written = ["add_item", "is_unique"].iter().any(|name| module.ends_with(name));
        for (at, mapping) in items(integration, "mappings").iter().enumerate() {
            if LIST_PROPERTIES.contains(&text(mapping, "property")) {
                let pointer = format!("/steps/{index}/integration/mappings/{at}/value");
                used.push(UsedLists { pointer, names: text(mapping, "value"), is_written });
            }
        }
    }
    let checks = flow.get("list_checks").and_then(Value::as_object).into_iter().flatten();
    used.extend(checks.map(|(name, check)| UsedLists {
        pointer: format!("/list_checks/{}/list_name", escape(name)),
        names: text(check, "list_name"),
        // Accepted leads are added to its list.
        is_written: name == "duplicate",
    }));
    used
}

/// Whether one letter is wrong, missing or too many, or all are there in another order. Names that differ in a number are
/// different names.
fn is_typo_of(word: &str, meant: &str) -> bool {
    let letters = |word: &str| word.bytes().filter(|byte| !byte.is_ascii_digit()).collect::<Vec<u8>>();
    if letters(word) == letters(meant) {
        return false;
    }
    let sorted = |word: &str| {
        let mut bytes = word.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    let longer = word.len().max(meant.len());
    let start = word.bytes().zip(meant.bytes()).take_while(|(a, b)| a == b).count();
    let end = word.bytes().rev().zip(meant.bytes().rev()).take_while(|(a, b)| a == b).count();
    sorted(word) == sorted(meant) || start + end + 1 >= longer
}

/// The variables in templates and on the left of rules, with the pointers of their texts.
fn find_variables(value: &Value, pointer: &str, key: Option<&str>, depth: usize, found: &mut Vec<(String, String)>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                find_variables(value, &format!("{pointer}/{}", escape(key)), Some(key), depth, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_variables(item, &format!("{pointer}/{index}"), None, depth, found);
            }
        }
        // They are not rendered.
        Value::String(_) if matches!(key, Some("name" | "description")) => {}
        Value::String(text) if text.contains("{{") => {
            let template = Template::parse(text).ok();
            let names = template.iter().flat_map(Template::variables);
            found.extend(names.map(|name| (pointer.to_owned(), name.to_owned())));
        }
        Value::String(text) if key == Some("lhv") => found.push((pointer.to_owned(), text.trim().to_owned())),
        _ => {}
    }
}

/// The alternatives and parts of a schema, with references followed.
fn expand<'m>(models: &'m Map<String, Value>, schema: &'m Value) -> Vec<&'m Value> {
    let mut expanded = Vec::new();
    let mut open = vec![(schema, DEPTH_MAX)];
    while let Some((schema, depth)) = open.pop() {
        let Some(depth) = depth.checked_sub(1) else { continue };
        expanded.push(schema);
        let reference = schema.get("$ref").and_then(Value::as_str);
        let name = reference.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
        open.extend(name.and_then(|name| models.get(name)).map(|schema| (schema, depth)));
        for keyword in ["allOf", "anyOf", "oneOf"] {
            open.extend(items(schema, keyword).iter().map(|schema| (schema, depth)));
        }
    }
    expanded
}

/// The schemas of a property or an item.
fn member<'m>(models: &'m Map<String, Value>, schema: &'m Value, name: &str) -> Vec<&'m Value> {
    let property = schema.get("properties").and_then(|properties| properties.get(name));
    let item = schema.get("items").filter(|_| name.parse::<usize>().is_ok());
    property.or(item).map_or_else(Vec::new, |schema| expand(models, schema))
}

/// The names of the properties in schemas.
fn properties<'m>(schemas: &[&'m Value]) -> BTreeSet<&'m str> {
    let objects = schemas.iter().filter_map(|schema| schema.get("properties")?.as_object());
    objects.flat_map(|properties| properties.keys().map(String::as_str)).collect()
}

/// The properties that are unknown and resemble a known one: pointer, name, and the one that was meant.
fn find_misspelt(
    models: &Map<String, Value>,
    schemas: &[&Value],
    value: &Value,
    pointer: &str,
    depth: usize,
    found: &mut Vec<(String, String, String)>,
) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let mut visit = |name: &str, value: &Value| {
        let inner: Vec<&Value> = schemas.iter().flat_map(|schema| member(models, schema, name)).collect();
        if !inner.is_empty() && (value.is_object() || value.is_array()) {
            find_misspelt(models, &inner, value, &format!("{pointer}/{}", escape(name)), depth, found);
        }
    };
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| visit(name, value));
            let known = properties(schemas);
            // A schema for all other names makes them values.
            if schemas.iter().any(|schema| schema.get("additionalProperties").is_some_and(Value::is_object)) {
                return;
            }
            for name in object.keys().filter(|name| !known.contains(&***name)) {
                // An inherited document can have the one that was meant.
                if let Some(meant) = known.iter().find(|meant| is_typo_of(name, meant)) {
                    found.push((format!("{pointer}/{}", escape(name)), name.clone(), (*meant).to_owned()));
                }
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| visit(&index.to_string(), item)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::is_typo_of;

    #[test]
    fn a_typo_has_one_wrong_letter_or_the_same_letters() {
        for (word, is_typo) in [
            ("laed", true),
            ("leed", true),
            ("led", true),
            ("leads", true),
            ("lead", false),
            ("lead2", false),
            ("loan", false),
        ] {
            assert_eq!(is_typo_of(word, "lead"), is_typo, "{word}");
        }
    }
}
