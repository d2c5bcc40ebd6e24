//! Numbers within their bounds, of a size that suits their name.

use serde_json::{Map, Number, Value, json};

use super::Maker;
use super::fits::fits;
use super::flat::branches;
use super::schema::Scene;

/// The largest whole number that a JSON number holds exactly everywhere: 2^53.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// How finely a bound is looked at that falls between hundredths.
const DECIMALS_MAX: i32 = 12;

impl Maker<'_> {
    /// A number that fits `schema`, of which `flat` is the plain form; `None` when there is none.
    pub(super) fn number(
        &mut self,
        schema: &Value,
        flat: &Map<String, Value>,
        is_whole: bool,
        name: &str,
        scene: &Scene,
    ) -> Option<Value> {
        let models = self.models;
        let suits = |number: &Value| fits(models, schema, number);
        let examples = branches(flat, "examples");
        let example = examples.get(scene.row.checked_rem(examples.len()).unwrap_or(0)).or_else(|| flat.get("default"));
        if let Some(example) = example.filter(|it| it.is_number() && suits(it) && self.happens(50)) {
            return Some(example.clone());
        }
        if let Some(suggestion) = self.suggested(name, scene).map(whole_or_cents).filter(|it| suits(it)) {
            return Some(suggestion);
        }
        (0..8).find_map(|_| self.bounded(flat, is_whole).filter(|it| suits(it)))
    }

    /// A number as properties of this name have them, in hundredths.
    fn suggested(&mut self, name: &str, scene: &Scene) -> Option<i64> {
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let index = self.index(6);
        let one_of = |numbers: [i64; 6]| numbers.get(index).map(|number| number * 100);
        if name.ends_with("_at") || name == "expires" {
            Some(self.moment_of(name, scene).as_second() * 100)
        } else if says(&["price", "amount", "cost", "revenue", "bid", "payout"]) {
            Some(self.whole(4, 300) * 25)
        } else if says(&["day"]) {
            one_of([30, 60, 90, 120, 180, 365])
        } else if says(&["maximum", "limit", "quota"]) {
            one_of([50, 100, 250, 500, 1_000, 2_500])
        } else if says(&["percent", "rate", "score"]) {
            Some(self.whole(1, 100) * 100)
        } else if says(&["duration", "value", "number", "position", "version"]) {
            one_of([1, 1, 2, 3, 6, 12])
        } else if says(&["count", "total", "size", "quantity"]) {
            Some(self.whole(0, 400) * 100)
        } else if says(&["_ms", "latency", "elapsed"]) {
            Some(self.whole(20, 900) * 100)
        } else {
            None
        }
    }

    fn bounded(&mut self, flat: &Map<String, Value>, is_whole: bool) -> Option<Value> {
        let bound = |key: &str| flat.get(key).and_then(Value::as_f64);
        let low = tighter(bound("minimum"), bound("exclusiveMinimum"), f64::max);
        let high = tighter(bound("maximum"), bound("exclusiveMaximum"), f64::min);
        let step = bound("multipleOf").filter(|step| *step > 0.0);
        let least = if is_whole || step.is_some() { 0 } else { 2 };
        for decimals in least..=DECIMALS_MAX {
            let scale = 10_f64.powi(decimals);
            // The step in units of the last decimal.
            let unit = step.map_or(1.0, |step| (step * scale).round());
            if step.is_some_and(|step| (step * scale - unit).abs() > 1e-6 * unit.max(1.0)) || unit < 1.0 {
                continue;
            }
            // Whole multiples of a step of 1.5 are the multiples of 3.
            let unit = if is_whole { unit / common_divisor(unit, scale) * scale } else { unit };
            let (from, to) = match (low, high) {
                (Some(low), Some(high)) => (low, high),
                (Some(low), None) => (low, low + (1_000.0_f64).max(10.0 * unit / scale)),
                (None, Some(high)) => (0.0_f64.min(high - (1_000.0_f64).max(10.0 * unit / scale)), high),
                (None, None) => (0.0, (1_000.0_f64).max(10.0 * unit / scale)),
            };
            // An exclusive bound that is itself a multiple has to be stepped over.
            let skips = |key: &str, bounds: Option<f64>| {
                i64::from(bound(key).is_some_and(|bound| Some(bound) == bounds && is_multiple(bound, unit / scale)))
            };
            let from = to_whole((from * scale / unit).ceil()) + skips("exclusiveMinimum", low);
            let to = to_whole((to * scale / unit).floor()) - skips("exclusiveMaximum", high);
            if from <= to {
                return Some(number(to_float(self.whole(from, to)) * unit / scale));
            }
            if is_whole {
                return None;
            }
        }
        None
    }
}

fn is_multiple(number: f64, step: f64) -> bool {
    (number / step - (number / step).round()).abs() < 1e-9
}

fn tighter(one: Option<f64>, other: Option<f64>, wins: fn(f64, f64) -> f64) -> Option<f64> {
    match (one, other) {
        (Some(a), Some(b)) => Some(wins(a, b)),
        (one, other) => one.or(other),
    }
}

fn common_divisor(mut a: f64, mut b: f64) -> f64 {
    while b >= 1.0 {
        (a, b) = (b, a % b);
    }
    a.max(1.0)
}

fn whole_or_cents(hundredths: i64) -> Value {
    number(to_float(hundredths) / 100.0)
}

/// A JSON number, without a fraction where it has none.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < WHOLE_MAX {
        return json!(to_whole(value));
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what is exact")]
fn to_whole(value: f64) -> i64 {
    value.clamp(-WHOLE_MAX, WHOLE_MAX) as i64
}

#[expect(clippy::cast_precision_loss, reason = "only numbers up to 2^53 come here")]
fn to_float(value: i64) -> f64 {
    value as f64
}
