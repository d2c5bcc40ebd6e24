//! Parses conditions from JSON.

use serde_json::{Map, Value};

use super::super::templates::Operand;
use super::super::values::{ParseError, excerpt, text};
use super::evaluate::{Node, Predicate, RightSide};
use super::operator::{self, Comparison, Dialect, Operator};
use super::pattern;
use contract_files::yaml::nearest;

/// The deepest nesting of sets.
const DEPTH_MAX: usize = 32;

/// The position of the parser: the pointer to the current value and the nesting of sets.
struct Position {
    pointer: String,
    depth: usize,
}

impl Position {
    fn root() -> Self {
        Self { pointer: String::new(), depth: 0 }
    }

    fn error<T>(&self, key: &str, message: impl Into<String>) -> Result<T, ParseError> {
        let pointer = if key.is_empty() { self.pointer.clone() } else { format!("{}/{key}", self.pointer) };
        Err(ParseError { pointer, message: message.into() })
    }

    fn child(&self, token: &str) -> Self {
        Self { pointer: format!("{}/{token}", self.pointer), depth: self.depth + 1 }
    }
}

pub(super) fn rule(value: &Value, dialect: Dialect) -> Result<Node, ParseError> {
    rule_at(value, dialect, &Position::root())
}

pub(super) fn set(value: &Value) -> Result<Node, ParseError> {
    set_at(value, &Position::root())
}

pub(super) fn list(value: &Value, dialect: Dialect) -> Result<Node, ParseError> {
    let position = Position::root();
    let Value::Array(rules) = value else { return position.error("", "rules must be a list") };
    let parse = |(index, rule): (usize, &Value)| {
        let position = Position { pointer: format!("/{index}"), depth: 1 };
        if dialect == Dialect::Flow && is_set(rule) {
            set_at(rule, &position)
        } else {
            rule_at(rule, dialect, &position)
        }
    };
    rules.iter().enumerate().map(parse).collect::<Result<_, _>>().map(Node::All)
}

/// True for a set, which has `rules`; rules have sides instead.
fn is_set(value: &Value) -> bool {
    value.get("rules").is_some()
}

fn set_at(value: &Value, position: &Position) -> Result<Node, ParseError> {
    let Value::Object(object) = value else {
        return position.error("", "a rule set must be an object with `op` and `rules`");
    };
    if position.depth > DEPTH_MAX {
        return position.error("", format!("rule sets can be nested at most {DEPTH_MAX} deep"));
    }
    reject_unknown_keys(object, &["id", "op", "rules"], "a rule set", position)?;
    let rules = match object.get("rules") {
        Some(Value::Array(rules)) if !rules.is_empty() => rules,
        Some(Value::Array(_)) => return position.error("rules", "a rule set needs at least one rule"),
        Some(_) => return position.error("rules", "the rules of a set must be a list"),
        None => return position.error("", "a rule set needs `rules`"),
    };
    let rules_at = position.child("rules");
    let parse = |(index, rule): (usize, &Value)| {
        let position = Position { pointer: format!("{}/{index}", rules_at.pointer), depth: rules_at.depth };
        if is_set(rule) { set_at(rule, &position) } else { rule_at(rule, Dialect::Flow, &position) }
    };
    let nodes = rules.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
    match object.get("op").and_then(Value::as_str) {
        Some("and") => Ok(Node::All(nodes)),
        Some("or") => Ok(Node::Any(nodes)),
        _ => position.error("op", "the `op` of a rule set must be `and` or `or`"),
    }
}

/// Parses a rule, with the set that it can contain.
fn rule_at(value: &Value, dialect: Dialect, position: &Position) -> Result<Node, ParseError> {
    let Value::Object(object) = value else {
        return position.error("", "a rule must be an object with `lhv` and `op`");
    };
    if dialect == Dialect::Flow {
        reject_unknown_keys(object, &["id", "lhv", "op", "rhv", "rule_set"], "a rule", position)?;
    }
    let operator = operator(object, dialect, position)?;
    let left = match object.get("lhv") {
        Some(Value::String(text)) if text.is_empty() => {
            return position.error("lhv", "the left side is empty: write the name of a variable, or a template");
        }
        Some(Value::String(text)) => {
            Operand::parse_left(text).or_else(|error| position.error("lhv", error.to_string()))?
        }
        Some(_) => return position.error("lhv", "the left side must be text: the name of a variable, or a template"),
        None => return position.error("", "a rule needs a left side, `lhv`"),
    };
    let right = right(object, operator, dialect, position)?;
    let predicate = Node::Predicate(Box::new(Predicate { dialect, left, operator, right }));
    match object.get("rule_set") {
        // The documentation of the portal allows null.
        None | Some(Value::Null) => Ok(predicate),
        Some(_) if dialect == Dialect::Report => {
            position.error("rule_set", "the rules of a report cannot contain sets")
        }
        Some(set) => Ok(Node::All(vec![predicate, set_at(set, &position.child("rule_set"))?])),
    }
}

fn operator(object: &Map<String, Value>, dialect: Dialect, position: &Position) -> Result<Operator, ParseError> {
    let Some(name) = object.get("op") else { return position.error("", "a rule needs an operator, `op`") };
    let Value::String(name) = name else { return position.error("op", "the operator must be text") };
    if let Some(operator) = Operator::by_name(name, dialect) {
        return Ok(operator);
    }
    let hint = match nearest(name, operator::operators(dialect).iter().map(|(known, ..)| *known)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    position.error("op", format!("there is no operator `{}`{hint}", excerpt(name)))
}

fn right(
    object: &Map<String, Value>,
    operator: Operator,
    dialect: Dialect,
    position: &Position,
) -> Result<RightSide, ParseError> {
    let Some(value) = object.get("rhv") else {
        let missing = position.error("", "this operator needs a right side, `rhv`");
        return if operator.is_binary() { missing } else { Ok(RightSide::None) };
    };
    if !operator.is_binary() {
        // The schema of reports declares a right side for every operator; it is ignored here.
        let rejected = position.error("rhv", "this operator has no right side: remove `rhv`");
        return if dialect == Dialect::Flow { rejected } else { Ok(RightSide::None) };
    }
    let operand = match value {
        Value::Null | Value::Object(_) => {
            return position.error("rhv", "the right side must be text, a number, a boolean or a list");
        }
        value => Operand::parse_right(value).or_else(|error| position.error("rhv", error.to_string()))?,
    };
    match (operator.comparison, &operand) {
        (Comparison::Matches, Operand::Constant(value)) => compile_pattern(value, position),
        _ => Ok(RightSide::Operand(operand)),
    }
}

fn compile_pattern(value: &Value, position: &Position) -> Result<RightSide, ParseError> {
    let Some(text) = text(value) else { return position.error("rhv", "a pattern must be text") };
    pattern::compile(&text).map(RightSide::Pattern).or_else(|error| position.error("rhv", error.to_string()))
}

fn reject_unknown_keys(
    object: &Map<String, Value>,
    names: &[&str],
    what: &str,
    position: &Position,
) -> Result<(), ParseError> {
    match object.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => {
            position.error(&contract_files::pointer::escape(key), format!("{what} can only have {}", names.join(", ")))
        }
        None => Ok(()),
    }
}
