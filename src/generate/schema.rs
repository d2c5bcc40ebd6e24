//! Generates values by type: enums, arrays and strings; objects and numbers are in modules of their own.

use serde_json::{Map, Value, json};

use super::identity::{Address, Company, Person};
use super::pattern::SchemaPattern;
use super::resolve::branches;
use super::validate::{is_equal, is_valid, limit};
use super::{Timestamp, ValueGenerator, format};

/// The greatest depth at which optional parts are generated.
pub(super) const DEPTH_FULL_MAX: usize = 12;
/// The greatest depth at which required parts are generated; a schema that needs more is infinite.
const DEPTH_MAX: usize = 64;
/// The most attempts to generate a valid value after a choice, or a unique item.
const ATTEMPTS_MAX: usize = 24;
/// The most attempts to generate text from a pattern.
const PATTERN_ATTEMPTS_MAX: usize = 64;

/// What the values of one object share, so that they are consistent.
#[derive(Clone, Debug)]
pub(super) struct ObjectContext {
    /// The model of the object, or the property that contains it, in lower case.
    pub(super) owner: String,
    /// When the object was created and last changed.
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// Which of several examples is used: the same for all properties, because examples of a model belong together.
    pub(super) example_index: usize,
    /// True if the object has a postal address, so that `state` is a part of it.
    pub(super) has_address: bool,
    pub(super) person: Option<Person>,
    pub(super) company: Option<Company>,
    pub(super) address: Option<&'static Address>,
}

impl ObjectContext {
    /// Creates the context of a whole document.
    pub(super) fn root(generator: &mut ValueGenerator) -> Self {
        let example_index = generator.random_index(60);
        Self::new(generator, "", example_index, &Map::new())
    }

    pub(super) fn new(
        generator: &mut ValueGenerator,
        owner: &str,
        example_index: usize,
        schema: &Map<String, Value>,
    ) -> Self {
        let (created, updated) = generator.created_and_updated();
        let has = |key: &str| schema.get("properties").is_some_and(|all| all.get(key).is_some());
        let has_address = has("postal_code") || has("zip") || has("city");
        let owner = owner.to_ascii_lowercase();
        Self { owner, created, updated, example_index, has_address, person: None, company: None, address: None }
    }
}

impl ValueGenerator<'_> {
    /// Generates a valid value for the property `name`; `None` if there is none.
    pub(super) fn generate(&mut self, schema: &Value, name: &str, context: &mut ObjectContext) -> Option<Value> {
        if self.depth >= DEPTH_MAX {
            return None;
        }
        self.budget = self.budget.saturating_sub(1);
        if let Some(example) = self.example_of_choice(schema) {
            return Some(example);
        }
        let mut value = None;
        for _ in 0..ATTEMPTS_MAX {
            let resolved = self.resolve(schema)?;
            let depth = self.path.len();
            self.path.extend(&resolved.models);
            value = self.generate_by_type(schema, &resolved.schema, name, context);
            self.path.truncate(depth);
            if !resolved.is_choice || value.as_ref().is_some_and(|value| is_valid(self.models, schema, value)) {
                break;
            }
        }
        value
    }

    /// Generates a value by the plain schema `resolved`. Scalars are validated against the original `schema`.
    fn generate_by_type(
        &mut self,
        schema: &Value,
        resolved: &Map<String, Value>,
        name: &str,
        context: &mut ObjectContext,
    ) -> Option<Value> {
        if let Some(constant) = resolved.get("const") {
            return Some(constant.clone());
        }
        if resolved.contains_key("enum") {
            return self.enum_value(schema, branches(resolved, "enum"));
        }
        match self.choose_type(resolved) {
            "null" => Some(Value::Null),
            "boolean" => Some(Value::Bool(self.boolean(resolved, name))).filter(|it| is_valid(self.models, schema, it)),
            kind @ ("integer" | "number") => self.number(schema, resolved, kind == "integer", name, context),
            "array" => self.array(resolved, name, context),
            "object" => self.object(resolved, name, context),
            _ => self.text(schema, resolved, name, context).map(Value::String),
        }
    }

    /// Chooses one of the values of an enum.
    fn enum_value(&mut self, schema: &Value, values: &[Value]) -> Option<Value> {
        let valid: Vec<&Value> = values.iter().filter(|value| is_valid(self.models, schema, value)).collect();
        let non_null: Vec<&Value> = valid.iter().copied().filter(|value| !value.is_null()).collect();
        let is_null = non_null.is_empty() || (non_null.len() < valid.len() && self.chance(20));
        let pool = if is_null { valid } else { non_null };
        let index = self.random_index(pool.len());
        pool.get(index).copied().cloned()
    }

    /// Chooses one of the allowed types. Without `type`, the other keywords determine it.
    fn choose_type<'s>(&mut self, resolved: &'s Map<String, Value>) -> &'s str {
        let types: Vec<&str> = match resolved.get("type") {
            Some(Value::String(kind)) => return kind,
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
            _ => return implied_type(resolved),
        };
        let non_null: Vec<&str> = types.iter().copied().filter(|kind| *kind != "null").collect();
        let prefers_null = self.is_minimal() && non_null.iter().any(|kind| matches!(*kind, "array" | "object"));
        if non_null.len() < types.len() && (non_null.is_empty() || prefers_null || self.chance(20)) {
            return "null";
        }
        let index = self.random_index(non_null.len());
        non_null.get(index).copied().unwrap_or("string")
    }

    /// Generates a boolean, mostly the default or the example.
    fn boolean(&mut self, resolved: &Map<String, Value>, name: &str) -> bool {
        let typical =
            resolved.get("default").or_else(|| branches(resolved, "examples").first()).and_then(Value::as_bool);
        let typical = typical.unwrap_or_else(|| name.ends_with("enabled") || self.chance(50));
        if self.chance(80) { typical } else { !typical }
    }

    fn array(&mut self, resolved: &Map<String, Value>, name: &str, parent: &ObjectContext) -> Option<Value> {
        let anything = Value::Bool(true);
        let first = branches(resolved, "prefixItems");
        let rest = resolved.get("items").unwrap_or(&anything);
        let min = limit(resolved, "minItems").unwrap_or(0);
        let max = limit(resolved, "maxItems").unwrap_or(usize::MAX);
        let typical = match self.recursion(rest) {
            _ if self.is_minimal() => 0,
            0 if self.chance(10) => 0,
            0 => {
                first.len()
                    + if first.is_empty() || resolved.contains_key("items") { self.random_index(3) + 1 } else { 0 }
            }
            1 => self.random_index(2),
            _ => 0,
        };
        let length = typical.clamp(min, max.max(min));
        let is_set = resolved.get("uniqueItems") == Some(&json!(true));
        let item_name = singular(name);
        let mut generated: Vec<Value> = Vec::new();
        self.depth += 1;
        for at in 0..length + usize::from(is_set) * ATTEMPTS_MAX {
            if generated.len() >= length {
                break;
            }
            let mut context = ObjectContext::new(self, &parent.owner, parent.example_index + at, &Map::new());
            let schema = first.get(generated.len()).unwrap_or(rest);
            let Some(value) = self.generate(schema, item_name, &mut context) else { break };
            // Lists without duplicates are more plausible, even if duplicates are allowed.
            let is_duplicate = generated.iter().any(|earlier| is_equal(earlier, &value));
            if !is_duplicate || (!is_set && generated.len() < min.max(first.len())) {
                generated.push(value);
            }
        }
        self.depth -= 1;
        (generated.len() >= min).then_some(Value::Array(generated))
    }

    /// Generates a string: a timestamp, a value by the name of the property, an example, or text by format or pattern.
    fn text(
        &mut self,
        schema: &Value,
        resolved: &Map<String, Value>,
        name: &str,
        context: &mut ObjectContext,
    ) -> Option<String> {
        let models = self.models;
        let is_valid_value = |text: &String| is_valid(models, schema, &json!(text));
        let formatted_timestamp =
            resolved.get("format").and_then(Value::as_str).and_then(|it| self.formatted_timestamp(it, name, context));
        if let Some(text) = formatted_timestamp.filter(is_valid_value) {
            return Some(text);
        }
        if let Some(text) = self.candidates_by_name(name, resolved, context).into_iter().find(is_valid_value) {
            return Some(text);
        }
        let mut examples: Vec<String> = strings(branches(resolved, "examples")).collect();
        let shift = context.example_index.checked_rem(examples.len()).unwrap_or(0);
        examples.rotate_left(shift);
        let default = resolved.get("default").and_then(Value::as_str).map(str::to_owned);
        if let Some(text) =
            examples.iter().chain(&default).find(|text| format::is_safe_example(text) && is_valid_value(text))
        {
            return Some(text.clone());
        }
        if let Some(text) =
            resolved.get("format").and_then(Value::as_str).and_then(|it| self.formatted(it)).filter(is_valid_value)
        {
            return Some(text);
        }
        if let Some(pattern) = resolved.get("pattern").and_then(Value::as_str) {
            let generated = self.text_by_pattern(pattern, resolved, &is_valid_value);
            return generated.or_else(|| examples.into_iter().chain(default).find(is_valid_value));
        }
        for _ in 0..ATTEMPTS_MAX {
            let text = self.generic_text(name, context);
            let text = self.fit_length(text, limit(resolved, "minLength"), limit(resolved, "maxLength"));
            if is_valid_value(&text) {
                return Some(text);
            }
        }
        examples.into_iter().chain(default).find(is_valid_value)
    }

    fn text_by_pattern(
        &mut self,
        text: &str,
        resolved: &Map<String, Value>,
        is_valid_value: &dyn Fn(&String) -> bool,
    ) -> Option<String> {
        let pattern = SchemaPattern::parse(text).ok()?;
        let count = |key: &str| limit(resolved, key).and_then(|count| i64::try_from(count).ok());
        let shortest = i64::from(pattern.min_length());
        let min_length = count("minLength").unwrap_or(0).max(shortest);
        let max_length = count("maxLength").unwrap_or(i64::MAX).min(min_length + 12);
        for _ in 0..PATTERN_ATTEMPTS_MAX {
            let extra = self.integer(min_length, max_length) - shortest;
            let generated = pattern.generate(&mut self.random, u32::try_from(extra).unwrap_or(0));
            if is_valid_value(&generated) {
                return Some(generated);
            }
            // A pattern without `$` matches longer text too.
            let padded = self.fit_length(generated, limit(resolved, "minLength"), None);
            if is_valid_value(&padded) {
                return Some(padded);
            }
        }
        None
    }
}

/// Returns the type that the keywords of a schema without `type` imply.
fn implied_type(resolved: &Map<String, Value>) -> &'static str {
    let has = |keys: &[&str]| keys.iter().any(|key| resolved.contains_key(*key));
    if has(&["properties", "required", "additionalProperties", "minProperties", "maxProperties"]) {
        "object"
    } else if has(&["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]) {
        "array"
    } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
        "number"
    } else {
        "string"
    }
}

/// Returns the strings among `values`.
pub(super) fn strings(values: &[Value]) -> impl Iterator<Item = String> + '_ {
    values.iter().filter_map(Value::as_str).map(str::to_owned)
}

fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}
