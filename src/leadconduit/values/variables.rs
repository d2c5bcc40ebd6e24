//! Variables of rules and templates.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Values by dotted names, such as `lead.email`.
pub trait Variables {
    /// Returns the value of a variable; `None` if it is missing.
    fn get(&self, dotted_name: &str) -> Option<Cow<'_, Value>>;

    /// Returns the field type of a variable, if it is known. `format is valid` checks plain text against it.
    fn type_of(&self, _dotted_name: &str) -> Option<&str> {
        None
    }
}

/// The most members whose names are compared one by one.
const COMPARED_MAX: usize = 12;

/// Variables with a second name: the name, and those that it stands for, the first that exists. A variable that has the
/// name itself takes precedence.
const ALIASES: [(&str, &[&str]); 2] = [
    // One source shows the random number of a lead as `random`, another as a part of the lead.
    ("lead.random_number", &["random"]),
    // All steps of a lead happen at the time of its submission.
    ("now", &["feedback.timestamp", "submission.timestamp"]),
];

impl Variables for Value {
    fn get(&self, dotted_name: &str) -> Option<Cow<'_, Value>> {
        find_variable(self, dotted_name).map(Cow::Borrowed)
    }
}

/// Returns the value of a variable of a lead, which can have a second name.
pub(crate) fn find_variable<'v>(variables: &'v Value, name: &str) -> Option<&'v Value> {
    find(variables, name).or_else(|| {
        let (_, names) = ALIASES.iter().find(|(alias, _)| *alias == name)?;
        names.iter().find_map(|name| find(variables, name))
    })
}

/// The member of an object. To hash a name takes longer than to compare it with a few names.
fn member<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    if object.len() > COMPARED_MAX {
        return object.get(name);
    }
    object.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
}

/// Returns the value at a dotted name. Keys can contain dots, as names of fields do (`mortgage.loan.amount`), so the
/// longest matching key is tried first. Items of lists have numbers, from 0.
#[must_use]
pub fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => {
            if let Some(found) = member(object, name) {
                return Some(found);
            }
            let mut splits = name.rmatch_indices('.');
            splits.find_map(|(at, _)| find(member(object, &name[..at])?, &name[at + 1..]))
        }
        Value::Array(items) => {
            let (index, rest) = name.split_once('.').unwrap_or((name, ""));
            let item = items.get(index.parse::<usize>().ok()?)?;
            if rest.is_empty() { Some(item) } else { find(item, rest) }
        }
        _ => None,
    }
}
