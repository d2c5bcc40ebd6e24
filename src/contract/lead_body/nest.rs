//! Nests parameters with dotted names: a part becomes an object, or an array where the next part is a number.
//! `loan.amounts.0` is the first item of `amounts` in `loan`. Conflicting names are resolved like version 1 of the
//! `flat` package does, which the vendor's module uses.

use serde_json::{Map, Value};

use super::DEPTH_MAX;
use crate::config::limits::LEAD_VALUES_MAX;

/// The highest array index in a name; a higher number is an ordinary property name.
const INDEX_MAX: usize = 999;

/// Why names conflict, in the words of JavaScript.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NestError {
    #[error("RangeError: a name has more than {DEPTH_MAX} parts")]
    Depth,
    #[error("RangeError: the names describe more than {LEAD_VALUES_MAX} values, empty items of arrays included")]
    Values,
    #[error("TypeError: Cannot set properties of undefined (setting '{0}')")]
    Set(String),
    #[error("TypeError: Cannot read properties of undefined (reading '{0}')")]
    Read(String),
}

/// Nests parameters with dotted names. Error messages are those of JavaScript.
pub(super) fn nest(pairs: Map<String, Value>) -> Result<Map<String, Value>, NestError> {
    // Most leads have only such names, and fewer than a form can have.
    let is_plain = |name: &String| !name.contains('.') && name.starts_with(|c: char| !c.is_ascii_digit());
    if pairs.len() <= LEAD_VALUES_MAX && pairs.keys().all(is_plain) {
        return Ok(pairs);
    }
    let mut root = Value::Object(Map::new());
    let mut budget = ValueBudget(LEAD_VALUES_MAX);
    for (name, value) in pairs {
        insert(&mut root, &name, value, &mut budget)?;
    }
    match root {
        Value::Object(nested) => Ok(nested),
        _ => Ok(Map::new()),
    }
}

/// The values that can still be created. Without it, a name such as `a.999.999` creates a thousand items per part.
struct ValueBudget(usize);

impl ValueBudget {
    fn take(&mut self, count: usize) -> Result<(), NestError> {
        self.0 = self.0.checked_sub(count).ok_or(NestError::Values)?;
        Ok(())
    }
}

fn insert(root: &mut Value, name: &str, value: Value, budget: &mut ValueBudget) -> Result<(), NestError> {
    let parts: Vec<&str> = name.split('.').take(DEPTH_MAX + 1).collect();
    if parts.len() > DEPTH_MAX {
        return Err(NestError::Depth);
    }
    let Some((last, parents)) = parts.split_last() else { return Ok(()) };
    let mut target = root;
    for (step, part) in parents.iter().enumerate() {
        let next = parts.get(step + 1).copied().unwrap_or_default();
        let empty = || if array_index(next).is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
        target = match target {
            Value::Object(object) => {
                let key = key(part);
                if !object.contains_key(&key) {
                    budget.take(1)?;
                }
                object.entry(key).or_insert_with(empty)
            }
            Value::Array(items) => {
                // An array has no named properties; the value is dropped.
                let Some(index) = array_index(part) else { return Ok(()) };
                let slot = slot(items, index, budget)?;
                if slot.is_null() {
                    *slot = empty();
                }
                slot
            }
            // A string has no properties.
            _ if step + 2 == parts.len() => return Err(NestError::Set(next.to_owned())),
            _ => return Err(NestError::Read(next.to_owned())),
        };
    }
    match target {
        Value::Object(object) => {
            budget.take(1)?;
            object.insert(key(last), value);
        }
        Value::Array(items) => {
            if let Some(index) = array_index(last) {
                *slot(items, index, budget)? = value;
            }
        }
        // Setting a direct property of a string is ignored.
        _ => {}
    }
    Ok(())
}

/// The item at an index; the array grows to contain it.
fn slot<'v>(items: &'v mut Vec<Value>, index: usize, budget: &mut ValueBudget) -> Result<&'v mut Value, NestError> {
    if items.len() <= index {
        budget.take(index + 1 - items.len())?;
        items.resize(index + 1, Value::Null);
    }
    Ok(&mut items[index])
}

/// A part of a name as an array index. An empty part is 0, as in JavaScript.
fn array_index(part: &str) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    let index = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
    index.filter(|index| *index <= INDEX_MAX)
}

fn key(part: &str) -> String {
    array_index(part).map_or_else(|| part.to_owned(), |index| index.to_string())
}
