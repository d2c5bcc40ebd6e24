//! The rule language: conditions on the variables of a lead or an event.
//!
//! A rule compares its left side, a variable or a template, with its right side, by one of 24 operators. Rules stand in
//! sets of `and` and `or`, which nest. Flows, caps, prices, routers, events and statistics speak one form of it;
//! reports speak another, with fewer operators and no sets.
//!
//! A condition is read once, with the place of its mistake, and holds or does not for any [`Variables`]. Nothing here
//! knows leads, events or the world.
//!
//! What no page settles is settled thus:
//! - A value with a type is an object; it counts as its `normal`, or as its `raw` when it has no normal form.
//! - What is missing is blank. A negated operator says exactly what the other does not, so `is not equal to` holds for
//!   what is missing; only `format is invalid` wants a value.
//! - Two texts are compared as texts, so that the postal codes `0123` and `123` differ; a number and a text that is one
//!   are equal.
//! - A pattern with `*` or `?` and no other sign of a regular expression is a glob for the whole value; every other is
//!   a regular expression that is found anywhere. Case counts in neither.

mod format;
mod obscene;
mod operator;
mod pattern;
mod read;
mod survey;
mod value;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

#[cfg(test)]
pub(crate) use self::format::is_valid;
use self::operator::{Base, Operator};
pub use self::survey::check;
use super::templates::Operand;
pub use super::templates::Template;
use crate::leadconduit::values::is_blank;
pub use crate::leadconduit::values::{Mistake, Variables, find, plain, text};

/// How deep sets may nest.
const DEPTH_MAX: usize = 32;

/// Which form of the language a text is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// All operators, and sets within rules: flows, caps, prices, routers, events, statistics.
    Flow,
    /// Thirteen operators, two of them without their last word, and no sets: reports.
    Report,
}

/// What a value comes to: texts in it may be templates, which a text that cannot be read as one is not.
#[must_use]
pub fn evaluate(value: &Value, variables: &dyn Variables) -> Option<Value> {
    match Operand::right(value) {
        Ok(operand) => operand.value(variables).map(Cow::into_owned),
        Err(_) => Some(value.clone()),
    }
}

/// What a rule, a set or a list of rules says, ready to be asked.
#[derive(Clone, Debug)]
pub struct Condition(Node);

#[derive(Clone, Debug)]
enum Node {
    Test(Box<Test>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// One comparison.
#[derive(Clone, Debug)]
struct Test {
    form: Form,
    left: Operand,
    operator: Operator,
    right: Right,
}

/// The right side, as far as it is known before any variable is.
#[derive(Clone, Debug)]
enum Right {
    Nothing,
    Operand(Operand),
    Pattern(regex::Regex),
}

impl Condition {
    /// Reads one rule.
    pub fn rule(value: &Value, form: Form) -> Result<Self, Mistake> {
        read::rule(value, form).map(Self)
    }

    /// Reads a set of rules, in the form of flows.
    pub fn set(value: &Value) -> Result<Self, Mistake> {
        read::set(value).map(Self)
    }

    /// Reads a list of rules, all of which have to hold. The empty list holds always.
    pub fn all(value: &Value, form: Form) -> Result<Self, Mistake> {
        read::all(value, form).map(Self)
    }

    /// Whether it holds. A set of `and` stops at the first that fails, a set of `or` at the first that holds.
    #[must_use]
    pub fn holds(&self, variables: &dyn Variables) -> bool {
        self.0.holds(variables)
    }

    /// Both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(Node::All(vec![self.0, other.0]))
    }

    /// The names of all variables that it asks for, in the order of the text, as often as they stand there.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.0.variables(&mut found);
        found
    }
}

impl Node {
    fn holds(&self, variables: &dyn Variables) -> bool {
        match self {
            Self::Test(test) => test.holds(variables),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(variables)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(variables)),
        }
    }

    fn variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        match self {
            Self::Test(test) => {
                test.left.variables(found);
                if let Right::Operand(operand) = &test.right {
                    operand.variables(found);
                }
            }
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.variables(found)),
        }
    }
}

impl Test {
    fn holds(&self, variables: &dyn Variables) -> bool {
        let left = self.left.value(variables);
        let left = left.as_deref().unwrap_or(&Value::Null);
        // Reports say so of `includes` and `does not include`; of flows nothing of the kind is said.
        if self.form == Form::Report && self.operator.base == Base::Includes && left.is_null() {
            return false;
        }
        self.positive(left, variables) != self.operator.negated
    }

    fn positive(&self, left: &Value, variables: &dyn Variables) -> bool {
        match self.operator.base {
            Base::Blank => is_blank(left),
            Base::True => value::truth(left) == Some(true),
            Base::False => value::truth(left) == Some(false),
            Base::Valid => !is_blank(left) && self.is_valid(left, variables),
            Base::Invalid => !is_blank(left) && !self.is_valid(left, variables),
            Base::Obscene => obscene::is_obscene(left),
            Base::Matches => self.matches(left, variables),
            base => {
                let right = self.right(variables);
                value::compare(base, left, right.as_deref().unwrap_or(&Value::Null), self.form)
            }
        }
    }

    fn right<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match &self.right {
            Right::Operand(operand) => operand.value(variables),
            Right::Nothing | Right::Pattern(_) => None,
        }
    }

    fn is_valid(&self, left: &Value, variables: &dyn Variables) -> bool {
        let name = self.left.name().unwrap_or_default();
        format::is_valid(left, variables.type_of(name).unwrap_or_else(|| format::type_by_name(name)))
    }

    fn matches(&self, left: &Value, variables: &dyn Variables) -> bool {
        if let Right::Pattern(pattern) = &self.right {
            return value::any_text(left, &|text| pattern.is_match(text));
        }
        // A template's pattern is known only now. A bad one matches nothing.
        let right = self.right(variables);
        let text = right.as_deref().and_then(text);
        let pattern = text.and_then(|text| pattern::compile(&text).ok());
        pattern.is_some_and(|pattern| value::any_text(left, &|text| pattern.is_match(text)))
    }
}
