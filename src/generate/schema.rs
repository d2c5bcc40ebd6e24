//! The walk through a schema: one value after another.

use serde_json::{Map, Value, json};

use super::fits::{fits, limit, same};
use super::flat::branches;
use super::pattern::Pattern;
use super::text::{Address, Company, Person};
use super::{Maker, Timestamp, format};

/// How deep optional parts are made at most.
pub(super) const DEPTH_FULL_MAX: usize = 12;
/// How deep required parts are made at most: a schema that needs more has no end.
const DEPTH_MAX: usize = 64;
/// How often a value is made again that broke the choice it was made by.
const TRIES: usize = 24;
/// How often text is drawn from one pattern.
const PATTERN_TRIES: usize = 64;

/// What the values of one object share, so that they agree with each other.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// What the object is, in small letters: its model or the property that holds it.
    pub(super) owner: String,
    /// When it was made and last changed.
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// Which of several examples is taken: the same for all properties, because examples go together in rows.
    pub(super) row: usize,
    /// Whether it has a postal address, and `state` is a part of it.
    pub(super) has_address: bool,
    pub(super) person: Option<Person>,
    pub(super) company: Option<Company>,
    pub(super) address: Option<&'static Address>,
}

impl Scene {
    /// The scene around a whole document.
    pub(super) fn outermost(maker: &mut Maker) -> Self {
        let row = maker.index(60);
        Self::new(maker, "", row, &Map::new())
    }

    pub(super) fn new(maker: &mut Maker, owner: &str, row: usize, schema: &Map<String, Value>) -> Self {
        let (created, updated) = maker.lifetime();
        let has = |key: &str| schema.get("properties").is_some_and(|all| all.get(key).is_some());
        let has_address = has("postal_code") || has("zip") || has("city");
        let owner = owner.to_ascii_lowercase();
        Self { owner, created, updated, row, has_address, person: None, company: None, address: None }
    }
}

impl Maker<'_> {
    /// A value that fits `schema`, named `name` in the object of `scene`; `None` when nothing fits.
    pub(super) fn make(&mut self, schema: &Value, name: &str, scene: &mut Scene) -> Option<Value> {
        if self.depth >= DEPTH_MAX {
            return None;
        }
        self.budget = self.budget.saturating_sub(1);
        if let Some(example) = self.example_of_choice(schema) {
            return Some(example);
        }
        let mut value = None;
        for _ in 0..TRIES {
            let flat = self.flatten(schema)?;
            let around = self.path.len();
            self.path.extend(&flat.entered);
            value = self.build(schema, &flat.schema, name, scene);
            self.path.truncate(around);
            if !flat.is_choice || value.as_ref().is_some_and(|value| fits(self.models, schema, value)) {
                break;
            }
        }
        value
    }

    /// A value by the plain schema `flat`; scalars are checked against `schema`, from which it came.
    fn build(&mut self, schema: &Value, flat: &Map<String, Value>, name: &str, scene: &mut Scene) -> Option<Value> {
        if let Some(only) = flat.get("const") {
            return Some(only.clone());
        }
        if flat.contains_key("enum") {
            return self.listed(schema, branches(flat, "enum"));
        }
        match self.kind(flat) {
            "null" => Some(Value::Null),
            "boolean" => Some(Value::Bool(self.boolean(flat, name))).filter(|it| fits(self.models, schema, it)),
            kind @ ("integer" | "number") => self.number(schema, flat, kind == "integer", name, scene),
            "array" => self.array(flat, name, scene),
            "object" => self.object(flat, name, scene),
            _ => self.text(schema, flat, name, scene).map(Value::String),
        }
    }

    fn listed(&mut self, schema: &Value, values: &[Value]) -> Option<Value> {
        let fitting: Vec<&Value> = values.iter().filter(|value| fits(self.models, schema, value)).collect();
        let telling: Vec<&Value> = fitting.iter().copied().filter(|value| !value.is_null()).collect();
        let is_null = telling.is_empty() || (telling.len() < fitting.len() && self.happens(20));
        let pool = if is_null { fitting } else { telling };
        let index = self.index(pool.len());
        pool.get(index).copied().cloned()
    }

    /// Which type to make, out of those allowed or, without any, of what the other keywords are about.
    fn kind<'s>(&mut self, flat: &'s Map<String, Value>) -> &'s str {
        let kinds: Vec<&str> = match flat.get("type") {
            Some(Value::String(kind)) => return kind,
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return implied_kind(flat),
        };
        let telling: Vec<&str> = kinds.iter().copied().filter(|kind| *kind != "null").collect();
        let spares = self.is_sparing() && telling.iter().any(|kind| matches!(*kind, "array" | "object"));
        if telling.len() < kinds.len() && (telling.is_empty() || spares || self.happens(20)) {
            return "null";
        }
        let index = self.index(telling.len());
        telling.get(index).copied().unwrap_or("string")
    }

    fn boolean(&mut self, flat: &Map<String, Value>, name: &str) -> bool {
        let usual = flat.get("default").or_else(|| branches(flat, "examples").first()).and_then(Value::as_bool);
        let usual = usual.unwrap_or_else(|| name.ends_with("enabled") || self.happens(50));
        if self.happens(80) { usual } else { !usual }
    }

    /// Ends what began when `depth` went up.
    pub(super) fn leave(&mut self, value: Option<Value>) -> Option<Value> {
        self.depth -= 1;
        value
    }

    fn array(&mut self, flat: &Map<String, Value>, name: &str, around: &Scene) -> Option<Value> {
        let anything = Value::Bool(true);
        let first = branches(flat, "prefixItems");
        let rest = flat.get("items").unwrap_or(&anything);
        let min = limit(flat, "minItems").unwrap_or(0);
        let max = limit(flat, "maxItems").unwrap_or(usize::MAX);
        let usual = match self.repeats(rest) {
            _ if self.is_sparing() => 0,
            0 if self.happens(10) => 0,
            0 => first.len() + if first.is_empty() || flat.contains_key("items") { self.index(3) + 1 } else { 0 },
            1 => self.index(2),
            _ => 0,
        };
        let length = usual.clamp(min, max.max(min));
        let is_set = flat.get("uniqueItems") == Some(&json!(true));
        let item_name = singular(name);
        let mut made: Vec<Value> = Vec::new();
        self.depth += 1;
        for at in 0..length + usize::from(is_set) * TRIES {
            if made.len() >= length {
                break;
            }
            let mut scene = Scene::new(self, &around.owner, around.row + at, &Map::new());
            let schema = first.get(made.len()).unwrap_or(rest);
            let Some(value) = self.make(schema, item_name, &mut scene) else { break };
            // Even where repetition is allowed, a list that repeats itself looks wrong.
            let is_repeated = made.iter().any(|earlier| same(earlier, &value));
            if !is_repeated || (!is_set && made.len() < min.max(first.len())) {
                made.push(value);
            }
        }
        self.leave((made.len() >= min).then_some(Value::Array(made)))
    }

    fn text(&mut self, schema: &Value, flat: &Map<String, Value>, name: &str, scene: &mut Scene) -> Option<String> {
        let models = self.models;
        let suits = |text: &String| fits(models, schema, &json!(text));
        let timed = flat.get("format").and_then(Value::as_str).and_then(|it| self.timed(it, name, scene));
        if let Some(text) = timed.filter(suits) {
            return Some(text);
        }
        if let Some(text) = self.named(name, flat, scene).into_iter().find(suits) {
            return Some(text);
        }
        let mut examples: Vec<String> = strings(branches(flat, "examples")).collect();
        let turn = scene.row.checked_rem(examples.len()).unwrap_or(0);
        examples.rotate_left(turn);
        let default = flat.get("default").and_then(Value::as_str).map(str::to_owned);
        if let Some(text) = examples.iter().chain(&default).find(|text| format::is_tame(text) && suits(text)) {
            return Some(text.clone());
        }
        if let Some(text) = flat.get("format").and_then(Value::as_str).and_then(|it| self.formatted(it)).filter(suits) {
            return Some(text);
        }
        if let Some(pattern) = flat.get("pattern").and_then(Value::as_str) {
            let made = self.patterned(pattern, flat, &suits);
            return made.or_else(|| examples.into_iter().chain(default).find(suits));
        }
        for _ in 0..TRIES {
            let text = self.loose(name, scene);
            let text = self.sized(text, limit(flat, "minLength"), limit(flat, "maxLength"));
            if suits(&text) {
                return Some(text);
            }
        }
        examples.into_iter().chain(default).find(suits)
    }

    fn patterned(&mut self, text: &str, flat: &Map<String, Value>, suits: &dyn Fn(&String) -> bool) -> Option<String> {
        let pattern = Pattern::parse(text).ok()?;
        let count = |key: &str| limit(flat, key).and_then(|count| i64::try_from(count).ok());
        let shortest = i64::from(pattern.shortest());
        let least = count("minLength").unwrap_or(0).max(shortest);
        let most = count("maxLength").unwrap_or(i64::MAX).min(least + 12);
        for _ in 0..PATTERN_TRIES {
            let spare = self.whole(least, most) - shortest;
            let made = pattern.make(&mut self.chance, u32::try_from(spare).unwrap_or(0));
            if suits(&made) {
                return Some(made);
            }
            // An expression that is open at its end matches longer texts as well.
            let padded = self.sized(made, limit(flat, "minLength"), None);
            if suits(&padded) {
                return Some(padded);
            }
        }
        None
    }
}

/// The type that a schema without `type` is about.
fn implied_kind(flat: &Map<String, Value>) -> &'static str {
    let has = |keys: &[&str]| keys.iter().any(|key| flat.contains_key(*key));
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

/// The texts among `values`.
pub(super) fn strings(values: &[Value]) -> impl Iterator<Item = String> + '_ {
    values.iter().filter_map(Value::as_str).map(str::to_owned)
}

fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}
