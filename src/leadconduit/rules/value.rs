//! Comparisons: what the operators of rules say of two values.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::Form;
use super::operator::Base;
use crate::leadconduit::types;
use crate::leadconduit::values::{Extent, extent, instant, is_blank, number, plain, text};

/// The words for yes and no, with nothing but their letters and digits looked at.
pub(super) fn truth(value: &Value) -> Option<bool> {
    if let Value::Bool(flag) = plain(value) {
        return Some(*flag);
    }
    types::truth(&text(value)?)
}

/// Whether the text passes, or one of a list's texts.
pub(super) fn any_text(value: &Value, test: &dyn Fn(&str) -> bool) -> bool {
    match plain(value) {
        Value::Array(items) => items.iter().any(|item| any_text(item, test)),
        value => text(value).is_some_and(|text| test(&text)),
    }
}

/// The comparisons with a right side, but for patterns.
pub(super) fn compare(base: Base, left: &Value, right: &Value, form: Form) -> bool {
    match base {
        Base::Equal => is_equal(left, right, form),
        Base::Included => is_included(left, right),
        Base::Includes => includes(left, right),
        Base::Between => is_between(left, right),
        Base::Less => order(left, right) == Some(Ordering::Less),
        Base::Greater => order(left, right) == Some(Ordering::Greater),
        Base::LessOrEqual => matches!(order(left, right), Some(Ordering::Less | Ordering::Equal)),
        Base::GreaterOrEqual => matches!(order(left, right), Some(Ordering::Greater | Ordering::Equal)),
        Base::Matches | Base::Blank | Base::True | Base::False | Base::Valid | Base::Invalid | Base::Obscene => false,
    }
}

/// In reports a list equals each of its members too.
fn is_equal(left: &Value, right: &Value, form: Form) -> bool {
    let member = |items: &Vec<Value>| form == Form::Report && items.iter().any(|item| same(item, right));
    same(left, right) || plain(left).as_array().is_some_and(member)
}

/// Whether two values are the same, as far as rules care.
fn same(left: &Value, right: &Value) -> bool {
    match (plain(left), plain(right)) {
        (left, right) if is_blank(left) || is_blank(right) => is_blank(left) && is_blank(right),
        (Value::Bool(flag), other) | (other, Value::Bool(flag)) => truth(other) == Some(*flag),
        (Value::Number(one), other) | (other, Value::Number(one)) => {
            let one = one.as_f64();
            number(other).is_some_and(|other| one.is_some_and(|one| one.total_cmp(&other) == Ordering::Equal))
        }
        (Value::String(left), Value::String(right)) => {
            same_text(left, right) || same_range(left, right) || same_instant(left, right)
        }
        (Value::Array(left), Value::Array(right)) => same_lists(left, right),
        (left, right) => left == right,
    }
}

/// Without regard to case.
fn same_text(left: &str, right: &str) -> bool {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    left.eq_ignore_ascii_case(right) || (!(left.is_ascii() && right.is_ascii()) && lower(left) == lower(right))
}

fn same_range(left: &str, right: &str) -> bool {
    let range = |text: &str| Extent::range(text).map(|extent| (extent.min, extent.max));
    range(left).is_some_and(|left| range(right) == Some(left))
}

fn same_instant(left: &str, right: &str) -> bool {
    instant(left).is_some_and(|left| instant(right) == Some(left))
}

/// Lists are the same when they hold the same, in any order.
fn same_lists(left: &[Value], right: &[Value]) -> bool {
    let key = |value: &&Value| text(value).map_or_else(|| value.to_string(), Cow::into_owned).to_lowercase();
    let sorted = |items: &'_ [Value]| {
        let mut keys: Vec<String> = items.iter().map(|item| key(&item)).collect();
        keys.sort_unstable();
        keys
    };
    left.len() == right.len() && sorted(left) == sorted(right)
}

/// The list on the right holds the left side, or one of its members. A text on the right may be a list with commas or
/// line breaks, since reports declare it as a text.
fn is_included(left: &Value, right: &Value) -> bool {
    let left = plain(left);
    if let Value::Array(items) = left {
        return items.iter().any(|item| is_included(item, right));
    }
    match plain(right) {
        Value::Array(items) => items.iter().any(|item| same(left, item)),
        Value::String(text) => {
            let listed = |item: &str| same(left, &Value::String(item.trim().to_owned()));
            same(left, right) || (!is_blank(left) && text.split([',', '\n']).any(listed))
        }
        right => same(left, right),
    }
}

/// The list on the left holds the right side; a text on the left contains it. Of several on the right, one is enough.
fn includes(left: &Value, right: &Value) -> bool {
    let left = plain(left);
    if let Value::Array(items) = plain(right) {
        return items.iter().any(|item| includes(left, item));
    }
    if let Value::Array(items) = left {
        return items.iter().any(|item| same(item, right));
    }
    match (text(left), text(right)) {
        (Some(left), Some(right)) => !right.is_empty() && left.to_lowercase().contains(&right.to_lowercase()),
        _ => false,
    }
}

/// Which side is the greater: as numbers and ranges, else as dates. Nothing when they are neither.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (extent(left), extent(right)) {
        return left.average.partial_cmp(&right.average);
    }
    let (left, right) = (text(left)?, text(right)?);
    Some(instant(&left)?.cmp(&instant(&right)?))
}

/// Both ends count. The right side is a range, or a list of its two ends.
fn is_between(left: &Value, right: &Value) -> bool {
    if let Value::Array(ends) = plain(right) {
        let [low, high] = ends.as_slice() else { return false };
        let not = |order: Option<Ordering>, wrong: Ordering| order.is_some_and(|order| order != wrong);
        return not(order(left, low), Ordering::Less) && not(order(left, high), Ordering::Greater);
    }
    let Some(range) = extent(right) else { return false };
    extent(left).is_some_and(|left| range.min <= left.average && left.average <= range.max)
}
