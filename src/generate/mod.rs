//! Generates plausible values from schemas and a seed, within a size budget.
//!
//! | module | holds |
//! |---|---|
//! | `schema` | values by type: arrays, strings, enums |
//! | `object` | objects: selection of properties |
//! | `resolve` | references and choices (`allOf`, `oneOf`, `anyOf`, `if`, `not`) resolved into one plain schema |
//! | `merge` | the intersection of two schemas |
//! | `validate` | validation of candidates against their schema |
//! | `identity` | people, companies, addresses, phone numbers, keys |
//! | `by_name` | strings by the name of their property: add names here |
//! | `lead` | leads as a form submits them, one text per field |
//! | `number`, `timestamp`, `format`, `pattern` | numbers, timestamps, formats and regular expressions |
//! | `support` | detection of schemas that cannot be generated |
//!
//! Two rules apply everywhere. All random numbers come from the generator's seed, so output is reproducible. Candidates
//! (an example, a value by the name of the property) are validated first, because the schema takes precedence.

mod by_name;
mod format;
mod identity;
mod lead;
mod merge;
mod number;
mod object;
mod pattern;
mod resolve;
mod schema;
#[cfg(test)]
mod support;
mod timestamp;
mod validate;

#[cfg(test)]
mod tests;

use rand::RngExt;
use serde_json::{Map, Value};

use crate::support::clock::Timestamp;
use crate::support::ids::IdGenerator;
use crate::support::rng::SeededRng;

pub use identity::{Company, GeneratedLead, Person};
pub use lead::LeadField;

use schema::ObjectContext;

/// The default budget, in values. After it is used up, only required parts are generated.
pub const BUDGET_DEFAULT: usize = 2_000;

/// The prefix of references to models.
const REFERENCE_PREFIX: &str = "#/components/schemas/";

/// The schemas of the bundle by name, to which references such as `#/components/schemas/Name` refer.
#[derive(Clone, Copy, Debug)]
pub struct Models<'a>(&'a Map<String, Value>);

impl<'a> Models<'a> {
    /// Creates the models from the value of `components.schemas`.
    #[must_use]
    pub fn new(schemas: &'a Map<String, Value>) -> Self {
        Self(schemas)
    }

    /// Returns the name of the model that a reference refers to, and the schema at the reference.
    fn follow(self, reference: &str) -> Option<(&'a str, &'a Value)> {
        let path = reference.strip_prefix(REFERENCE_PREFIX)?;
        let (name, inside) = path.find('/').map_or((path, ""), |slash| path.split_at(slash));
        let (name, model) = self.0.get_key_value(name)?;
        Some((name, model.pointer(inside)?))
    }
}

/// Generates plausible values that are valid for their schemas.
#[derive(Debug)]
pub struct ValueGenerator<'a> {
    random: SeededRng,
    ids: &'a mut IdGenerator,
    now: Timestamp,
    models: Models<'a>,
    /// The number of values left before only required parts are generated.
    budget: usize,
    /// The models that enclose the current value, outermost first.
    path: Vec<&'a str>,
    /// The number of objects and arrays that enclose the current value.
    depth: usize,
}

impl<'a> ValueGenerator<'a> {
    /// Creates a generator whose output depends on `random`, `ids` and `now` only.
    pub fn new(random: SeededRng, ids: &'a mut IdGenerator, now: Timestamp, models: Models<'a>) -> Self {
        Self { random, ids, now, models, budget: BUDGET_DEFAULT, path: Vec::new(), depth: 0 }
    }

    /// Sets the budget, in values. After it is used up, only required parts are generated.
    #[cfg(test)]
    fn with_budget(mut self, values: usize) -> Self {
        self.budget = values;
        self
    }

    /// Generates a value that is valid for `schema`.
    ///
    /// The budget applies to all calls together. For a schema that `support::check_supported` rejects, the value
    /// can be invalid.
    pub fn value(&mut self, schema: &Value) -> Value {
        let mut context = ObjectContext::root(self);
        self.generate(schema, "", &mut context).unwrap_or(Value::Null)
    }

    /// Generates a value of the model `name`; null if there is no such model.
    #[cfg(test)]
    fn model(&mut self, name: &str) -> Value {
        let Some((name, schema)) = self.models.0.get_key_value(name) else {
            return Value::Null;
        };
        self.path.push(name);
        let value = self.value(schema);
        self.path.pop();
        value
    }

    /// True if only required parts are generated from here on.
    fn is_minimal(&self) -> bool {
        self.budget == 0 || self.depth >= schema::DEPTH_FULL_MAX
    }

    /// Returns true with a probability in percent.
    fn chance(&mut self, percent: u32) -> bool {
        self.random.rng().random_range(0..100) < percent
    }

    /// Returns a random integer, both ends included; `low` if the range is empty.
    fn integer(&mut self, low: i64, high: i64) -> i64 {
        if low < high { self.random.rng().random_range(low..=high) } else { low }
    }

    /// Returns a random index below `length`; 0 if there is none.
    fn random_index(&mut self, length: usize) -> usize {
        if length > 1 { self.random.rng().random_range(0..length) } else { 0 }
    }

    /// Returns a random one of `words`; empty if there is none.
    fn choose(&mut self, words: &[&'static str]) -> &'static str {
        let index = self.random_index(words.len());
        words.get(index).copied().unwrap_or_default()
    }
}
