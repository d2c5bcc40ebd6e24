//! Schema to believable value, from a seed, within a size budget.
//!
//! In reading order:
//! - [`mod@self`]: [`Models`], [`Maker`] and its small draws;
//! - `schema`: the walk, one value after another; `object`: its larger half;
//! - `flat`: references and choices (`allOf`, `oneOf`, `anyOf`, `if`, `not`) resolved into one plain schema;
//! - `merge`: the meeting of two schemas;
//! - `fits`: does a value fit a schema? Suggestions are taken only when they do;
//! - `text`: people, companies, telephones, keys; `hints`: which of them a property's name asks for;
//! - `lead`: leads as a form sends them, one text a field;
//! - `number`, `time`, `format`, `pattern`: numbers, moments, formats and regular expressions;
//! - `supports`: says at load which schema is beyond us.
//!
//! Two rules hold everywhere. Nothing is random but what is drawn from the maker's own chance, so a seed repeats.
//! And a suggestion (an example, a value that suits the name) never beats the schema: it is checked first.

mod fits;
mod flat;
mod format;
mod hints;
mod lead;
mod merge;
mod number;
mod object;
mod pattern;
mod schema;
mod supports;
mod text;
mod time;

#[cfg(test)]
mod tests;

use rand::RngExt;
use serde_json::{Map, Value};

use crate::support::clock::Timestamp;
use crate::support::ids::IdGenerator;
use crate::support::rng::SeededRng;

pub use lead::LeadField;
pub use supports::supports;
pub use text::{Company, Person};

use schema::Scene;

/// How many values a maker makes before it is sparing, unless told otherwise.
pub const BUDGET_DEFAULT: usize = 2_000;

/// Where references begin that lead to a model.
const REFERENCE: &str = "#/components/schemas/";

/// Where `$ref`s lead: the schemas of the bundle by name. References look like `#/components/schemas/Name`.
#[derive(Clone, Copy, Debug)]
pub struct Models<'a>(&'a Map<String, Value>);

impl<'a> Models<'a> {
    /// The models in `schemas`, which is what a bundle keeps under `components.schemas`.
    #[must_use]
    pub fn new(schemas: &'a Map<String, Value>) -> Self {
        Self(schemas)
    }

    /// The schema of a model.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    /// The name of the model that a reference leads to (or into), and the schema there.
    fn follow(self, reference: &str) -> Option<(&'a str, &'a Value)> {
        let path = reference.strip_prefix(REFERENCE)?;
        let (name, inside) = path.find('/').map_or((path, ""), |slash| path.split_at(slash));
        let (name, model) = self.0.get_key_value(name)?;
        Some((name, model.pointer(inside)?))
    }
}

/// Makes values that fit their schemas and look real.
///
/// ```
/// use leadconduit_mock::generate::{Maker, Models};
/// use leadconduit_mock::world::chance::{SeededRng, Purpose};
/// use leadconduit_mock::world::ids::IdGenerator;
///
/// let schemas = serde_json::Map::new();
/// let mut ids = IdGenerator::new(1);
/// let now = "2026-01-15T09:00:00Z".parse().unwrap();
/// let mut maker = Maker::new(SeededRng::new(1, Purpose::Documents), &mut ids, now, Models::new(&schemas));
/// let value = maker.value(&serde_json::json!({
///     "type": "object",
///     "required": ["email"],
///     "properties": { "email": { "type": "string", "format": "email" } },
/// }));
/// assert!(value["email"].as_str().unwrap().contains("@example."));
/// ```
#[derive(Debug)]
pub struct Maker<'a> {
    chance: SeededRng,
    ids: &'a mut IdGenerator,
    now: Timestamp,
    models: Models<'a>,
    /// How many more values are made before only required parts are.
    budget: usize,
    /// The models around the value that is being made, outermost first.
    path: Vec<&'a str>,
    /// How many objects and arrays are around the value that is being made.
    depth: usize,
}

impl<'a> Maker<'a> {
    /// A maker whose values follow from `chance`, `ids` and the moment `now`.
    pub fn new(chance: SeededRng, ids: &'a mut IdGenerator, now: Timestamp, models: Models<'a>) -> Self {
        Self { chance, ids, now, models, budget: BUDGET_DEFAULT, path: Vec::new(), depth: 0 }
    }

    /// The same maker with another budget of values. Once it is spent, only required parts are made.
    #[must_use]
    pub fn with_budget(mut self, values: usize) -> Self {
        self.budget = values;
        self
    }

    /// A value that fits `schema`.
    ///
    /// The budget counts over all calls. A schema that [`supports`] refuses may get a value that does not fit.
    pub fn value(&mut self, schema: &Value) -> Value {
        let mut scene = Scene::outermost(self);
        self.make(schema, "", &mut scene).unwrap_or(Value::Null)
    }

    /// A value that fits the model `name`; null when there is no such model.
    pub fn model(&mut self, name: &str) -> Value {
        let Some((name, schema)) = self.models.0.get_key_value(name) else {
            return Value::Null;
        };
        self.path.push(name);
        let value = self.value(schema);
        self.path.pop();
        value
    }

    /// Whether only what is required should be made from here on.
    fn is_sparing(&self) -> bool {
        self.budget == 0 || self.depth >= schema::DEPTH_FULL_MAX
    }

    /// True in `percent` of all cases.
    fn happens(&mut self, percent: u32) -> bool {
        self.chance.rng().random_range(0..100) < percent
    }

    /// A whole number, both ends included; `low` when the range is empty.
    fn whole(&mut self, low: i64, high: i64) -> i64 {
        if low < high { self.chance.rng().random_range(low..=high) } else { low }
    }

    /// An index below `length`; 0 when there is none.
    fn index(&mut self, length: usize) -> usize {
        if length > 1 { self.chance.rng().random_range(0..length) } else { 0 }
    }

    /// One of `words`; empty when there is none.
    fn word(&mut self, words: &[&'static str]) -> &'static str {
        let index = self.index(words.len());
        words.get(index).copied().unwrap_or_default()
    }
}
