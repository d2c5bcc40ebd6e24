//! Two JSON values compared as `WireMock`'s `equalToJson` does, with words for each place that differs.

use serde_json::{Map, Value};

use contract_files::pointer::escape;

/// How many places are put into words.
const TOLD_MAX: usize = 5;

/// The longest list that is compared in any order: each item is held against each.
pub(super) const UNORDERED_MAX: usize = 500;

/// A placeholder, and what fits it.
type Placeholder = (&'static str, fn(&Value) -> bool);

/// The placeholders that are understood.
const PLACEHOLDERS: [Placeholder; 5] = [
    ("${json-unit.ignore}", |_| true),
    ("${json-unit.ignore-element}", |_| true),
    ("${json-unit.any-string}", Value::is_string),
    ("${json-unit.any-number}", Value::is_number),
    ("${json-unit.any-boolean}", Value::is_boolean),
];

/// Whether the order of lists matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// It does.
    Kept,
    /// It does not.
    Any,
}

/// Whether there may be more than is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    /// No.
    Refused,
    /// Yes.
    Ignored,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// How many values were compared.
    pub(super) all: usize,
    /// How many of them differ.
    pub(super) wrong: usize,
    /// The first differences in words.
    pub(super) told: Vec<String>,
}

impl Comparison {
    /// How far apart the two are, from 0 to 1.
    pub(super) fn distance(&self) -> f64 {
        if self.wrong == 0 {
            return 0.0;
        }
        // Both are far below what a float can hold exactly.
        #[expect(clippy::cast_precision_loss, reason = "counts of values in one body")]
        let part = self.wrong as f64 / self.all.max(self.wrong) as f64;
        part
    }

    fn wrong(&mut self, at: &str, values: usize, words: impl FnOnce() -> String) {
        self.wrong += values;
        if self.told.len() < TOLD_MAX {
            let place = if at.is_empty() { "the whole" } else { at };
            self.told.push(format!("{place} {}", words()));
        }
    }
}

/// Compares what is wanted with what was found.
pub(super) fn compare(wanted: &Value, found: &Value, order: Order, extra: Extra) -> Comparison {
    let mut comparison = Comparison::default();
    Comparer { order, extra }.values("", wanted, found, &mut comparison);
    comparison
}

/// The first placeholder in a value that is not understood.
pub(super) fn unknown_placeholder(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if text.starts_with("${json-unit.") => {
            PLACEHOLDERS.iter().all(|(name, _)| name != text).then_some(text)
        }
        Value::Array(items) => items.iter().find_map(unknown_placeholder),
        Value::Object(object) => object.values().find_map(unknown_placeholder),
        _ => None,
    }
}

/// The placeholders that are understood.
pub(super) fn placeholders() -> Vec<&'static str> {
    PLACEHOLDERS.iter().map(|(name, _)| *name).collect()
}

/// The length of the longest list in a value.
pub(super) fn longest_list(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(longest_list).max().unwrap_or(0).max(items.len()),
        Value::Object(object) => object.values().map(longest_list).max().unwrap_or(0),
        _ => 0,
    }
}

/// A value in a few letters.
pub(super) fn shown(value: &Value) -> String {
    super::shown(&value.to_string())
}

struct Comparer {
    order: Order,
    extra: Extra,
}

impl Comparer {
    fn values(&self, at: &str, wanted: &Value, found: &Value, to: &mut Comparison) {
        match (wanted, found) {
            (Value::Object(wanted), Value::Object(found)) => self.objects(at, wanted, found, to),
            (Value::Array(wanted), Value::Array(found)) => match self.order {
                Order::Kept => self.lists(at, wanted, found, to),
                Order::Any => self.unordered(at, wanted, found, to),
            },
            _ => {
                to.all += count(wanted);
                if !scalars_fit(wanted, found) {
                    to.wrong(at, count(wanted), || format!("is {}, not {}", shown(found), shown(wanted)));
                }
            }
        }
    }

    fn objects(&self, at: &str, wanted: &Map<String, Value>, found: &Map<String, Value>, to: &mut Comparison) {
        to.all += usize::from(wanted.is_empty());
        for (name, wanted) in wanted {
            let place = format!("{at}/{}", escape(name));
            match found.get(name) {
                Some(found) => self.values(&place, wanted, found, to),
                None if wanted == "${json-unit.ignore-element}" => {}
                None => {
                    to.all += count(wanted);
                    to.wrong(&place, count(wanted), || "is missing".to_owned());
                }
            }
        }
        if self.extra == Extra::Refused {
            for (name, value) in found.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
                to.all += 1;
                to.wrong(&format!("{at}/{}", escape(name)), 1, || {
                    format!("is {}, and should not be there", shown(value))
                });
            }
        }
    }

    fn lists(&self, at: &str, wanted: &[Value], found: &[Value], to: &mut Comparison) {
        to.all += usize::from(wanted.is_empty());
        for (index, wanted) in wanted.iter().enumerate() {
            let place = format!("{at}/{index}");
            match found.get(index) {
                Some(found) => self.values(&place, wanted, found, to),
                None => {
                    to.all += count(wanted);
                    to.wrong(&place, count(wanted), || "is missing".to_owned());
                }
            }
        }
        self.surplus(at, wanted.len(), found.len(), to);
    }

    fn surplus(&self, at: &str, wanted: usize, found: usize, to: &mut Comparison) {
        if found > wanted && self.extra == Extra::Refused {
            to.all += found - wanted;
            to.wrong(at, found - wanted, || format!("has {found} items, not {wanted}"));
        }
    }

    /// Each wanted item needs a found one of its own. One that fits several gives way when another needs its place.
    fn unordered(&self, at: &str, wanted: &[Value], found: &[Value], to: &mut Comparison) {
        to.all += usize::from(wanted.is_empty());
        let fits = |wanted: &Value, found: &Value| {
            let mut comparison = Comparison { told: vec![String::new(); TOLD_MAX], ..Comparison::default() };
            self.values("", wanted, found, &mut comparison);
            comparison.wrong == 0
        };
        let table: Vec<Vec<usize>> = wanted
            .iter()
            .map(|wanted| (0..found.len().min(UNORDERED_MAX)).filter(|at| fits(wanted, &found[*at])).collect())
            .collect();
        let mut taken: Vec<Option<usize>> = vec![None; found.len()];
        for (index, item) in wanted.iter().enumerate() {
            to.all += count(item);
            if !place(index, &table, &mut taken, &mut vec![false; found.len()]) {
                to.wrong(&format!("{at}/{index}"), count(item), || format!("({}) is not among the items", shown(item)));
            }
        }
        self.surplus(at, wanted.len(), found.len(), to);
    }
}

/// Finds a place for an item, moving others that have another place to go to.
fn place(item: usize, table: &[Vec<usize>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for &at in &table[item] {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        if taken[at].is_none_or(|other| place(other, table, taken, seen)) {
            taken[at] = Some(item);
            return true;
        }
    }
    false
}

fn scalars_fit(wanted: &Value, found: &Value) -> bool {
    if let Some((_, fits)) = wanted.as_str().and_then(|text| PLACEHOLDERS.iter().find(|(name, _)| *name == text)) {
        return fits(found);
    }
    match (wanted, found) {
        // 1 and 1.0 are one number.
        (Value::Number(wanted), Value::Number(found)) => wanted == found || wanted.as_f64() == found.as_f64(),
        _ => wanted == found,
    }
}

/// How many plain values there are in a value.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>().max(1),
        Value::Object(object) => object.values().map(count).sum::<usize>().max(1),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_compared_with_words() {
        use {Extra::*, Order::*};
        let rows: &[(Value, Value, Order, Extra, &str)] = &[
            (json!({"a": 1}), json!({"a": 1.0}), Kept, Refused, ""),
            (json!({"a": 1, "b": [1, 2]}), json!({"b": [1, 2], "a": 1}), Kept, Refused, ""),
            (json!({"a": 1}), json!({"a": 2}), Kept, Refused, "/a is 2, not 1"),
            (json!({"a": 1}), json!({}), Kept, Ignored, "/a is missing"),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), Kept, Refused, "/b is 2, and should not be there"),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), Kept, Ignored, ""),
            (json!([1, 2]), json!([2, 1]), Kept, Refused, "/0 is 2, not 1; /1 is 1, not 2"),
            (json!([1, 2]), json!([2, 1]), Any, Refused, ""),
            (json!([1]), json!([2, 1]), Any, Refused, "the whole has 2 items, not 1"),
            (json!([1]), json!([2, 1]), Any, Ignored, ""),
            (json!([1]), json!([1, 2]), Kept, Ignored, ""),
            (json!([1, 1]), json!([1, 2]), Any, Refused, "/1 (1) is not among the items"),
            // The first fits both, the second only the one that the first would take.
            (json!([{}, {"a": 1}]), json!([{"a": 1}, {"b": 1}]), Any, Ignored, ""),
            (json!({"a": "${json-unit.any-string}"}), json!({"a": "x"}), Kept, Refused, ""),
            (
                json!({"a": "${json-unit.any-number}"}),
                json!({"a": "x"}),
                Kept,
                Refused,
                "/a is \"x\", not \"${json-unit.any-number}\"",
            ),
            (json!("x"), Value::Null, Kept, Refused, "the whole is null, not \"x\""),
        ];
        for (wanted, found, order, extra, words) in rows {
            let comparison = compare(wanted, found, *order, *extra);
            assert_eq!(comparison.told.join("; "), *words, "{wanted} {found}");
            assert_eq!(comparison.wrong == 0, words.is_empty());
            assert!((0.0..=1.0).contains(&comparison.distance()));
        }
        let half = compare(&json!({"a": 1, "b": 2}), &json!({"a": 1, "b": 3}), Kept, Refused);
        assert!((half.distance() - 0.5).abs() < f64::EPSILON);
    }
}
