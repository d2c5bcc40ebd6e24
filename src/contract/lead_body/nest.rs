//! Names with dots become objects, and lists where a part is a number: `loan.amounts.0` is the first of `amounts` in
//! `loan`. What happens to names that contradict each other is what the `flat` package does, version 1.

use serde_json::{Map, Value};

use super::DEPTH_MAX;

/// The highest place in a list that a name may give; a higher number is a name like any other.
const PLACE_MAX: usize = 999;

/// Nests what stands under dotted names. An error is told as JavaScript tells it.
pub(super) fn nest(pairs: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut root = Value::Object(Map::new());
    for (name, value) in pairs {
        place(&mut root, &name, value)?;
    }
    match root {
        Value::Object(nested) => Ok(nested),
        _ => Ok(Map::new()),
    }
}

fn place(root: &mut Value, name: &str, value: Value) -> Result<(), String> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.len() > DEPTH_MAX {
        return Err(format!("RangeError: a name has more than {DEPTH_MAX} parts"));
    }
    let Some((last, way)) = parts.split_last() else { return Ok(()) };
    let mut at = root;
    for (step, part) in way.iter().enumerate() {
        let next = parts.get(step + 1).copied().unwrap_or_default();
        let fresh = || if index(next).is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
        at = match at {
            Value::Object(object) => object.entry(key(part)).or_insert_with(fresh),
            Value::Array(items) => {
                // A list has no names; what is put there is lost.
                let Some(slot) = index(part).map(|place| slot(items, place)) else { return Ok(()) };
                if slot.is_null() {
                    *slot = fresh();
                }
                slot
            }
            // Nothing can be put into a text.
            _ if step + 2 == parts.len() => {
                return Err(format!("TypeError: Cannot set properties of undefined (setting '{next}')"));
            }
            _ => return Err(format!("TypeError: Cannot read properties of undefined (reading '{next}')")),
        };
    }
    match at {
        Value::Object(object) => drop(object.insert(key(last), value)),
        Value::Array(items) => {
            if let Some(place) = index(last) {
                *slot(items, place) = value;
            }
        }
        // And what is put there directly is lost without a word.
        _ => {}
    }
    Ok(())
}

/// A place in a list, with room made for it.
fn slot(items: &mut Vec<Value>, place: usize) -> &mut Value {
    if items.len() <= place {
        items.resize(place + 1, Value::Null);
    }
    &mut items[place]
}

/// The place that a part of a name gives. Nothing counts as 0, as for JavaScript.
fn index(part: &str) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    let place = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
    place.filter(|place| *place <= PLACE_MAX)
}

fn key(part: &str) -> String {
    index(part).map_or_else(|| part.to_owned(), |place| place.to_string())
}
