//! From JSON to conditions.

use serde_json::{Map, Value};

use super::super::templates::Operand;
use super::super::values::Mistake;
use super::operator::{self, Base, Operator};
use super::{DEPTH_MAX, Form, Node, Right, Test, pattern};
use contract_files::yaml::nearest;

/// Where the reader stands: the pointer, and how deep in sets.
struct Place {
    pointer: String,
    depth: usize,
}

impl Place {
    fn top() -> Self {
        Self { pointer: String::new(), depth: 0 }
    }

    fn wrong<T>(&self, key: &str, message: impl Into<String>) -> Result<T, Mistake> {
        let pointer = if key.is_empty() { self.pointer.clone() } else { format!("{}/{key}", self.pointer) };
        Err(Mistake { pointer, message: message.into() })
    }

    fn below(&self, token: &str) -> Self {
        Self { pointer: format!("{}/{token}", self.pointer), depth: self.depth + 1 }
    }
}

pub(super) fn rule(value: &Value, form: Form) -> Result<Node, Mistake> {
    member(value, form, &Place::top())
}

pub(super) fn set(value: &Value) -> Result<Node, Mistake> {
    set_at(value, &Place::top())
}

pub(super) fn all(value: &Value, form: Form) -> Result<Node, Mistake> {
    let place = Place::top();
    let Value::Array(rules) = value else { return place.wrong("", "rules are a list") };
    let read = |(index, rule): (usize, &Value)| {
        let place = Place { pointer: format!("/{index}"), depth: 1 };
        if form == Form::Flow && is_set(rule) { set_at(rule, &place) } else { member(rule, form, &place) }
    };
    rules.iter().enumerate().map(read).collect::<Result<_, _>>().map(Node::All)
}

/// A set has members; a rule has sides.
fn is_set(value: &Value) -> bool {
    value.get("rules").is_some()
}

fn set_at(value: &Value, place: &Place) -> Result<Node, Mistake> {
    let Value::Object(object) = value else { return place.wrong("", "a rule set is an object with `op` and `rules`") };
    if place.depth > DEPTH_MAX {
        return place.wrong("", format!("rule sets nest {DEPTH_MAX} deep at most"));
    }
    known(object, &["id", "op", "rules"], "a rule set", place)?;
    let rules = match object.get("rules") {
        Some(Value::Array(rules)) if !rules.is_empty() => rules,
        Some(Value::Array(_)) => return place.wrong("rules", "a rule set has at least one rule"),
        Some(_) => return place.wrong("rules", "the rules of a set are a list"),
        None => return place.wrong("", "a rule set has `rules`"),
    };
    let inside = place.below("rules");
    let read = |(index, rule): (usize, &Value)| {
        let place = Place { pointer: format!("{}/{index}", inside.pointer), depth: inside.depth };
        if is_set(rule) { set_at(rule, &place) } else { member(rule, Form::Flow, &place) }
    };
    let nodes = rules.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    match object.get("op").and_then(Value::as_str) {
        Some("and") => Ok(Node::All(nodes)),
        Some("or") => Ok(Node::Any(nodes)),
        _ => place.wrong("op", "the `op` of a rule set is `and` or `or`"),
    }
}

fn member(value: &Value, form: Form, place: &Place) -> Result<Node, Mistake> {
    let Value::Object(object) = value else { return place.wrong("", "a rule is an object with `lhv` and `op`") };
    if form == Form::Flow {
        known(object, &["id", "lhv", "op", "rhv", "rule_set"], "a rule", place)?;
    }
    let operator = operator(object, form, place)?;
    let left = match object.get("lhv") {
        Some(Value::String(text)) if text.is_empty() => return place.wrong("lhv", "the left side names no variable"),
        Some(Value::String(text)) => Operand::left(text).or_else(|message| place.wrong("lhv", message))?,
        Some(_) => return place.wrong("lhv", "the left side is a text"),
        None => return place.wrong("", "a rule has a left side, `lhv`"),
    };
    let right = right(object, operator, form, place)?;
    let test = Node::Test(Box::new(Test { form, left, operator, right }));
    match object.get("rule_set") {
        // The portal's page allows null in its place.
        None | Some(Value::Null) => Ok(test),
        Some(_) if form == Form::Report => place.wrong("rule_set", "the rules of a report have no sets"),
        Some(set) => Ok(Node::All(vec![test, set_at(set, &place.below("rule_set"))?])),
    }
}

fn operator(object: &Map<String, Value>, form: Form, place: &Place) -> Result<Operator, Mistake> {
    let Some(name) = object.get("op") else { return place.wrong("", "a rule has an operator, `op`") };
    let Value::String(name) = name else { return place.wrong("op", "an operator is a text") };
    if let Some(operator) = Operator::named(name, form) {
        return Ok(operator);
    }
    let hint = match nearest(name, operator::names(form).iter().map(|(known, ..)| *known)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    let shown: String = name.chars().take(60).collect();
    place.wrong("op", format!("there is no operator `{shown}`{hint}"))
}

fn right(object: &Map<String, Value>, operator: Operator, form: Form, place: &Place) -> Result<Right, Mistake> {
    let Some(value) = object.get("rhv") else {
        let missing = place.wrong("", "this operator compares with a right side, `rhv`");
        return if operator.is_binary() { missing } else { Ok(Right::Nothing) };
    };
    if !operator.is_binary() {
        // The form of reports declares a right side for every operator, to be left out here.
        let refused = place.wrong("rhv", "this operator takes no right side");
        return if form == Form::Flow { refused } else { Ok(Right::Nothing) };
    }
    let operand = match value {
        Value::Null | Value::Object(_) => {
            return place.wrong("rhv", "the right side is a text, a number, a flag or a list");
        }
        value => Operand::right(value).or_else(|message| place.wrong("rhv", message))?,
    };
    match (operator.base, &operand) {
        (Base::Matches, Operand::Fixed(value)) => compiled(value, place),
        _ => Ok(Right::Operand(operand)),
    }
}

fn compiled(value: &Value, place: &Place) -> Result<Right, Mistake> {
    let Some(text) = crate::leadconduit::values::text(value) else { return place.wrong("rhv", "a pattern is a text") };
    pattern::compile(&text).map(Right::Pattern).or_else(|message| place.wrong("rhv", message))
}

fn known(object: &Map<String, Value>, names: &[&str], what: &str, place: &Place) -> Result<(), Mistake> {
    match object.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => {
            place.wrong(&contract_files::pointer::escape(key), format!("{what} has {} only", names.join(", ")))
        }
        None => Ok(()),
    }
}
