//! Evaluates conditions.

use std::borrow::Cow;

use serde_json::Value;

use super::operator::{Comparison, Dialect, Operator};
use super::{format, obscene, pattern, value};
use crate::leadconduit::templates::Operand;
use crate::leadconduit::values::{Variables, is_blank, text};
use crate::support::computation;

/// The work of compiling a pattern, in units of [`computation::spend`].
const COMPILATION_UNITS: u32 = 64;

/// A tree of comparisons.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Predicate(Box<Predicate>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// One comparison.
#[derive(Clone, Debug)]
pub(super) struct Predicate {
    pub(super) dialect: Dialect,
    pub(super) left: Operand,
    pub(super) operator: Operator,
    pub(super) right: RightSide,
}

/// The right side, prepared as far as possible without variables.
#[derive(Clone, Debug)]
pub(super) enum RightSide {
    None,
    Operand(Operand),
    Pattern(regex::Regex),
}

impl Node {
    pub(super) fn matches(&self, variables: &dyn Variables) -> bool {
        match self {
            Self::Predicate(predicate) => predicate.matches(variables),
            Self::All(nodes) => nodes.iter().all(|node| node.matches(variables)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(variables)),
        }
    }

    pub(super) fn variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        match self {
            Self::Predicate(predicate) => {
                predicate.left.variables(found);
                if let RightSide::Operand(operand) = &predicate.right {
                    operand.variables(found);
                }
            }
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.variables(found)),
        }
    }

    /// Adds the variables that are compared with constants. `false` when something else is compared.
    pub(super) fn compared_variables<'c>(&'c self, found: &mut Vec<&'c str>) -> bool {
        match self {
            Self::Predicate(predicate) => {
                let is_constant = match &predicate.right {
                    RightSide::None | RightSide::Pattern(_) | RightSide::Operand(Operand::Constant(_)) => true,
                    RightSide::Operand(_) => false,
                };
                self.variables(found);
                is_constant && matches!(predicate.left, Operand::Variable(_))
            }
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().all(|node| node.compared_variables(found)),
        }
    }

    /// Adds the variables of the comparisons that every match needs and that fail without variables.
    pub(super) fn required_variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        match self {
            Self::Predicate(predicate) => {
                if !predicate.matches(&Value::Null) {
                    self.variables(found);
                }
            }
            Self::All(nodes) => nodes.iter().for_each(|node| node.required_variables(found)),
            // Of several alternatives, no single one is required.
            Self::Any(nodes) => {
                if let [only] = nodes.as_slice() {
                    only.required_variables(found);
                }
            }
        }
    }
}

impl Predicate {
    fn matches(&self, variables: &dyn Variables) -> bool {
        computation::spend(1);
        let left = self.left.evaluate(variables);
        let left = left.as_deref().unwrap_or(&Value::Null);
        // Documented for reports only: `includes` and `does not include` are both false for a missing value.
        if self.dialect == Dialect::Report && self.operator.comparison == Comparison::Includes && left.is_null() {
            return false;
        }
        self.compare(left, variables) != self.operator.negated
    }

    /// Evaluates the comparison without its negation.
    fn compare(&self, left: &Value, variables: &dyn Variables) -> bool {
        match self.operator.comparison {
            Comparison::Blank => is_blank(left),
            Comparison::True => value::boolean(left) == Some(true),
            Comparison::False => value::boolean(left) == Some(false),
            Comparison::Valid => !is_blank(left) && self.is_valid(left, variables),
            Comparison::Invalid => !is_blank(left) && !self.is_valid(left, variables),
            Comparison::Obscene => obscene::is_obscene(left),
            Comparison::Matches => self.matches_pattern(left, variables),
            comparison => {
                let right = self.right(variables);
                value::compare(comparison, left, right.as_deref().unwrap_or(&Value::Null), self.dialect)
            }
        }
    }

    /// Evaluates the right side.
    fn right<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match &self.right {
            RightSide::Operand(operand) => operand.evaluate(variables),
            RightSide::None | RightSide::Pattern(_) => None,
        }
    }

    fn is_valid(&self, left: &Value, variables: &dyn Variables) -> bool {
        let name = self.left.name().unwrap_or_default();
        format::is_valid(left, variables.type_of(name).unwrap_or_else(|| format::type_by_name(name)))
    }

    fn matches_pattern(&self, left: &Value, variables: &dyn Variables) -> bool {
        if let RightSide::Pattern(pattern) = &self.right {
            return value::any_text(left, &|text| pattern.is_match(text));
        }
        // The pattern of a template is compiled here. An invalid one matches nothing.
        computation::spend(COMPILATION_UNITS);
        let right = self.right(variables);
        let text = right.as_deref().and_then(text);
        let pattern = text.and_then(|text| pattern::compile(&text).ok());
        pattern.is_some_and(|pattern| value::any_text(left, &|text| pattern.is_match(text)))
    }
}
