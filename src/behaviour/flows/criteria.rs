//! What the parts of a flow say must be possible: rules that can be asked, prices that can be found.

use serde_json::Value;

use crate::world::items;

use super::super::Refusal;
use crate::rules::Condition;

/// Refuses what no lead could be judged by, with the place where it stands.
pub(super) fn check(flow: &Value) -> Result<(), Refusal> {
    below("", flow)
}

/// Looks at a thing and all below it. Rules that lie in rules are looked at with them.
fn below(at: &str, value: &Value) -> Result<(), Refusal> {
    let entries: Box<dyn Iterator<Item = (String, &Value)>> = match value {
        Value::Object(object) => Box::new(object.iter().map(|(key, value)| (key.clone(), value))),
        Value::Array(items) => Box::new(items.iter().enumerate().map(|(index, value)| (index.to_string(), value))),
        _ => return Ok(()),
    };
    for (key, value) in entries {
        let at = format!("{at}/{}", crate::pointer::escape(&key));
        match key.as_str() {
            "rule_set" if value.is_object() => rules(&at, value)?,
            "pricing" => prices(&at, value)?,
            _ => below(&at, value)?,
        }
    }
    Ok(())
}

fn rules(at: &str, set: &Value) -> Result<(), Refusal> {
    Condition::set(set)
        .map(drop)
        .map_err(|mistake| Refusal::new(422, format!("{at}{}: {}", mistake.pointer, mistake.message)))
}

/// Where the other side states the price there must be none of ours.
fn prices(at: &str, pricing: &Value) -> Result<(), Refusal> {
    let overridden = pricing.get("override") == Some(&Value::Bool(true));
    if overridden && !items(pricing, "prices").is_empty() {
        return Err(Refusal::new(422, format!("{at}/prices: there are no prices where `override` is true")));
    }
    below(at, pricing)
}
