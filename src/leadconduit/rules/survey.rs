//! Whether the rules and templates of a document can be read, wherever in it they lie.

use serde_json::Value;

use super::super::templates::Template;
use super::super::values::Mistake;
use super::Condition;

/// The first mistake in the rule sets and templates of a document, with its place.
pub fn check(document: &Value) -> Result<(), Mistake> {
    below("", document)
}

/// Looks at a thing and all below it. Rules that lie in rules are looked at with them.
fn below(at: &str, value: &Value) -> Result<(), Mistake> {
    match value {
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            let at = format!("{at}/{}", contract_files::pointer::escape(key));
            if key == "rule_set" && value.is_object() {
                return Condition::set(value).map(drop).map_err(|mistake| mistake.below(&at));
            }
            below(&at, value)
        }),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, value)| below(&format!("{at}/{index}"), value))
        }
        Value::String(text) if text.contains("{{") => {
            Template::read(text).map(drop).map_err(|mistake| mistake.below(at))
        }
        _ => Ok(()),
    }
}
