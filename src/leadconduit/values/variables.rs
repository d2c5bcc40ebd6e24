//! What conditions are asked of.

use std::borrow::Cow;

use serde_json::Value;

/// Variables by their dotted names.
pub trait Variables {
    /// The value of a variable; nothing when there is none.
    fn get(&self, dotted_name: &str) -> Option<Cow<'_, Value>>;

    /// The name of the variable's type, when it is known. It says what form a plain text should have.
    fn type_of(&self, _dotted_name: &str) -> Option<&str> {
        None
    }
}

impl Variables for Value {
    fn get(&self, dotted_name: &str) -> Option<Cow<'_, Value>> {
        find(self, dotted_name).map(Cow::Borrowed)
    }
}

/// The value at a dotted name. Keys may hold dots themselves, as the names of fields do (`mortgage.loan.amount`): the
/// longest key that fits is tried first. Lists take numbers.
#[must_use]
pub fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => {
            if let Some(found) = object.get(name) {
                return Some(found);
            }
            let mut splits = name.rmatch_indices('.');
            splits.find_map(|(at, _)| find(object.get(&name[..at])?, &name[at + 1..]))
        }
        Value::Array(items) => {
            let (index, rest) = name.split_once('.').unwrap_or((name, ""));
            let item = items.get(index.parse::<usize>().ok()?)?;
            if rest.is_empty() { Some(item) } else { find(item, rest) }
        }
        _ => None,
    }
}
