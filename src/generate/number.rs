//! Generates numbers: within their bounds, of a plausible size for their name.

use serde_json::{Map, Number, Value, json};

use super::ValueGenerator;
use super::resolve::branches;
use super::schema::ObjectContext;
use super::validate::is_valid;

/// The largest integer that all JSON implementations represent exactly: 2^53.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;
/// The most decimals that are tried to find a number between close bounds.
const DECIMALS_MAX: i32 = 12;

impl ValueGenerator<'_> {
    /// Generates a valid number; `None` if there is none. `resolved` is the plain form of `schema`.
    pub(super) fn number(
        &mut self,
        schema: &Value,
        resolved: &Map<String, Value>,
        is_integer: bool,
        name: &str,
        context: &ObjectContext,
    ) -> Option<Value> {
        let models = self.models;
        let is_valid_value = |number: &Value| is_valid(models, schema, number);
        let examples = branches(resolved, "examples");
        let example = examples
            .get(context.example_index.checked_rem(examples.len()).unwrap_or(0))
            .or_else(|| resolved.get("default"));
        if let Some(example) = example.filter(|it| it.is_number() && is_valid_value(it) && self.chance(50)) {
            return Some(example.clone());
        }
        if let Some(suggestion) =
            self.number_by_name(name, context).map(from_hundredths).filter(|it| is_valid_value(it))
        {
            return Some(suggestion);
        }
        (0..8).find_map(|_| self.number_in_bounds(resolved, is_integer).filter(|it| is_valid_value(it)))
    }

    /// Generates a number by the name of its property, in hundredths.
    fn number_by_name(&mut self, name: &str, context: &ObjectContext) -> Option<i64> {
        let contains_any = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let index = self.random_index(6);
        let one_of = |numbers: [i64; 6]| numbers.get(index).map(|number| number * 100);
        if name.ends_with("_at") || name == "expires" {
            Some(self.timestamp_for(name, context).as_second() * 100)
        } else if contains_any(&["price", "amount", "cost", "revenue", "bid", "payout"]) {
            Some(self.integer(4, 300) * 25)
        } else if contains_any(&["day"]) {
            one_of([30, 60, 90, 120, 180, 365])
        } else if contains_any(&["maximum", "limit", "quota"]) {
            one_of([50, 100, 250, 500, 1_000, 2_500])
        } else if contains_any(&["percent", "rate", "score"]) {
            Some(self.integer(1, 100) * 100)
        } else if contains_any(&["duration", "value", "number", "position", "version"]) {
            one_of([1, 1, 2, 3, 6, 12])
        } else if contains_any(&["count", "total", "size", "quantity"]) {
            Some(self.integer(0, 400) * 100)
        } else if contains_any(&["_ms", "latency", "elapsed"]) {
            Some(self.integer(20, 900) * 100)
        } else {
            None
        }
    }

    /// Generates a number by bounds and step.
    fn number_in_bounds(&mut self, resolved: &Map<String, Value>, is_integer: bool) -> Option<Value> {
        let bound = |key: &str| resolved.get(key).and_then(Value::as_f64);
        let low = tighter(bound("minimum"), bound("exclusiveMinimum"), f64::max);
        let high = tighter(bound("maximum"), bound("exclusiveMaximum"), f64::min);
        let step = bound("multipleOf").filter(|step| *step > 0.0);
        let min_decimals = if is_integer || step.is_some() { 0 } else { 2 };
        for decimals in min_decimals..=DECIMALS_MAX {
            let scale = 10_f64.powi(decimals);
            // The step in units of the last decimal.
            let unit = step.map_or(1.0, |step| (step * scale).round());
            if step.is_some_and(|step| (step * scale - unit).abs() > 1e-6 * unit.max(1.0)) || unit < 1.0 {
                continue;
            }
            // Integer multiples of a step of 1.5 are the multiples of 3.
            let unit = if is_integer { unit / common_divisor(unit, scale) * scale } else { unit };
            let (from, to) = match (low, high) {
                (Some(low), Some(high)) => (low, high),
                (Some(low), None) => (low, low + (1_000.0_f64).max(10.0 * unit / scale)),
                (None, Some(high)) => (0.0_f64.min(high - (1_000.0_f64).max(10.0 * unit / scale)), high),
                (None, None) => (0.0, (1_000.0_f64).max(10.0 * unit / scale)),
            };
            // An exclusive bound that is itself a multiple is skipped.
            let skip = |key: &str, bounds: Option<f64>| {
                i64::from(bound(key).is_some_and(|bound| Some(bound) == bounds && is_multiple(bound, unit / scale)))
            };
            let from = to_integer((from * scale / unit).ceil()) + skip("exclusiveMinimum", low);
            let to = to_integer((to * scale / unit).floor()) - skip("exclusiveMaximum", high);
            if from <= to {
                return Some(number(to_float(self.integer(from, to)) * unit / scale));
            }
            if is_integer {
                return None;
            }
        }
        None
    }
}

fn is_multiple(number: f64, step: f64) -> bool {
    (number / step - (number / step).round()).abs() < 1e-9
}

/// Combines two optional bounds.
fn tighter(one: Option<f64>, other: Option<f64>, select: fn(f64, f64) -> f64) -> Option<f64> {
    match (one, other) {
        (Some(a), Some(b)) => Some(select(a, b)),
        (one, other) => one.or(other),
    }
}

fn common_divisor(mut a: f64, mut b: f64) -> f64 {
    while b >= 1.0 {
        (a, b) = (b, a % b);
    }
    a.max(1.0)
}

fn from_hundredths(hundredths: i64) -> Value {
    number(to_float(hundredths) / 100.0)
}

/// Converts to a JSON number; whole numbers have no fraction.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < INTEGER_MAX {
        return json!(to_integer(value));
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what is exact")]
fn to_integer(value: f64) -> i64 {
    value.clamp(-INTEGER_MAX, INTEGER_MAX) as i64
}

#[expect(clippy::cast_precision_loss, reason = "all numbers are at most 2^53")]
fn to_float(value: i64) -> f64 {
    value as f64
}
