//! Comparisons of two values.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::operator::{Comparison, Dialect};
use crate::leadconduit::types;
use crate::leadconduit::values::{Range, is_blank, number, plain, range, text, timestamp};

/// Returns the boolean that a value means: `true`, `yes`, `1` and so on; `None` for other values.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    if let Value::Bool(flag) = plain(value) {
        return Some(*flag);
    }
    types::parse_boolean(&text(value)?)
}

/// True if the text, or one of the texts of a list, passes the test.
pub(super) fn any_text(value: &Value, test: &dyn Fn(&str) -> bool) -> bool {
    match plain(value) {
        Value::Array(items) => items.iter().any(|item| any_text(item, test)),
        value => text(value).is_some_and(|text| test(&text)),
    }
}

/// Compares two values. Comparisons without a right side, and patterns, are evaluated elsewhere.
pub(super) fn compare(comparison: Comparison, left: &Value, right: &Value, dialect: Dialect) -> bool {
    match comparison {
        Comparison::Equal => is_equal(left, right, dialect),
        Comparison::Included => is_included(left, right),
        Comparison::Includes => includes(left, right),
        Comparison::Between => is_between(left, right),
        Comparison::Less => order(left, right) == Some(Ordering::Less),
        Comparison::Greater => order(left, right) == Some(Ordering::Greater),
        Comparison::LessOrEqual => matches!(order(left, right), Some(Ordering::Less | Ordering::Equal)),
        Comparison::GreaterOrEqual => matches!(order(left, right), Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Matches
        | Comparison::Blank
        | Comparison::True
        | Comparison::False
        | Comparison::Valid
        | Comparison::Invalid
        | Comparison::Obscene => false,
    }
}

/// Equality. In reports a list equals each of its items too.
fn is_equal(left: &Value, right: &Value, dialect: Dialect) -> bool {
    let has_equal = |items: &Vec<Value>| dialect == Dialect::Report && items.iter().any(|item| is_same(item, right));
    is_same(left, right) || plain(left).as_array().is_some_and(has_equal)
}

/// True if two values are equal for rules: without regard to case, number format and order of lists.
fn is_same(left: &Value, right: &Value) -> bool {
    match (plain(left), plain(right)) {
        (left, right) if is_blank(left) || is_blank(right) => is_blank(left) && is_blank(right),
        (Value::Bool(flag), other) | (other, Value::Bool(flag)) => boolean(other) == Some(*flag),
        (Value::Number(one), other) | (other, Value::Number(one)) => {
            let one = one.as_f64();
            number(other).is_some_and(|other| one.is_some_and(|one| one.total_cmp(&other) == Ordering::Equal))
        }
        (Value::String(left), Value::String(right)) => is_same_string(left, right),
        (Value::Array(left), Value::Array(right)) => is_same_list(left, right),
        (left, right) => left == right,
    }
}

/// The same for two texts.
fn is_same_string(left: &str, right: &str) -> bool {
    if left.trim().is_empty() || right.trim().is_empty() {
        return left.trim().is_empty() && right.trim().is_empty();
    }
    // Ranges and times have digits.
    let is_other = || is_same_range(left, right) || is_same_timestamp(left, right);
    is_same_text(left, right) || (left.bytes().any(|byte| byte.is_ascii_digit()) && is_other())
}

/// Compares text without regard to case.
fn is_same_text(left: &str, right: &str) -> bool {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    left.eq_ignore_ascii_case(right) || (!(left.is_ascii() && right.is_ascii()) && lower(left) == lower(right))
}

fn is_same_range(left: &str, right: &str) -> bool {
    let ends = |text: &str| Range::parse(text).map(|range| (range.min, range.max));
    ends(left).is_some_and(|left| ends(right) == Some(left))
}

fn is_same_timestamp(left: &str, right: &str) -> bool {
    timestamp(left).is_some_and(|left| timestamp(right) == Some(left))
}

/// Compares lists without regard to order.
fn is_same_list(left: &[Value], right: &[Value]) -> bool {
    let key = |value: &&Value| text(value).map_or_else(|| value.to_string(), Cow::into_owned).to_lowercase();
    let sorted = |items: &'_ [Value]| {
        let mut keys: Vec<String> = items.iter().map(|item| key(&item)).collect();
        keys.sort_unstable();
        keys
    };
    left.len() == right.len() && sorted(left) == sorted(right)
}

/// True if the list on the right contains the left side, or one of its items. Text on the right can be a list separated
/// by commas or line breaks, because reports declare it as text.
fn is_included(left: &Value, right: &Value) -> bool {
    let left = plain(left);
    if let Value::Array(items) = left {
        return items.iter().any(|item| is_included(item, right));
    }
    match plain(right) {
        Value::Array(items) => items.iter().any(|item| is_same(left, item)),
        Value::String(text) => {
            let is_item = |item: &str| match left {
                Value::String(left) => is_same_string(left, item.trim()),
                left => is_same(left, &Value::String(item.trim().to_owned())),
            };
            is_same(left, right) || (!is_blank(left) && text.split([',', '\n']).any(is_item))
        }
        right => is_same(left, right),
    }
}

/// True if the list or text on the left contains the right side. Of a list on the right, one item is enough.
fn includes(left: &Value, right: &Value) -> bool {
    let left = plain(left);
    if let Value::Array(items) = plain(right) {
        return items.iter().any(|item| includes(left, item));
    }
    if let Value::Array(items) = left {
        return items.iter().any(|item| is_same(item, right));
    }
    match (text(left), text(right)) {
        (Some(left), Some(right)) => !right.is_empty() && left.to_lowercase().contains(&right.to_lowercase()),
        _ => false,
    }
}

/// Compares two values as numbers and ranges, else as timestamps; `None` if they are neither.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (range(left), range(right)) {
        return left.average.partial_cmp(&right.average);
    }
    let (left, right) = (text(left)?, text(right)?);
    Some(timestamp(&left)?.cmp(&timestamp(&right)?))
}

/// True if the left side is in a range, ends included. The right side is a range, or a list of its two ends.
fn is_between(left: &Value, right: &Value) -> bool {
    if let Value::Array(ends) = plain(right) {
        let [low, high] = ends.as_slice() else { return false };
        let is_not = |ordering: Option<Ordering>, excluded: Ordering| ordering.is_some_and(|it| it != excluded);
        return is_not(order(left, low), Ordering::Less) && is_not(order(left, high), Ordering::Greater);
    }
    let Some(bounds) = range(right) else { return false };
    range(left).is_some_and(|left| bounds.min <= left.average && left.average <= bounds.max)
}
