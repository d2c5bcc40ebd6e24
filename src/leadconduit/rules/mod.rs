//! The rule language: conditions on the variables of a lead or an event.
//!
//! A rule compares its left side, a variable or a template, with its right side by one of 24 operators. Rules are
//! grouped in nested sets of `and` and `or`. Flows, caps, prices, routers, events and statistics use one [`Dialect`];
//! reports use another, with fewer operators and without sets.
//!
//! A [`Condition`] is parsed once; errors have a pointer. It can then be evaluated for any [`Variables`]. The module
//! does not depend on leads, events or the world.
//!
//! | module | holds |
//! |---|---|
//! | `parse` | JSON to conditions |
//! | `describe` | why a condition holds or fails, in words |
//! | `evaluate` | evaluation of conditions |
//! | `operator` | the operators by name: add new ones here |
//! | `value` | comparisons of two values |
//! | `pattern` | `matches pattern`: regular expressions and globs |
//! | `format` | `format is valid` |
//! | `obscene` | `is obscene` |
//! | `check` | validation of the rules and templates of a whole document |
//!
//! The documentation leaves these points open (inferred):
//! - A value with a field type is an object. Its `normal` is compared, or its `raw` if it has no normal form.
//! - A missing value is blank. A negated operator is the exact opposite, so `is not equal to` is true for a missing
//!   value; only `format is invalid` requires a value.
//! - Two texts are compared as text, so the postal codes `0123` and `123` differ. A number equals text with that
//!   number.
//! - A pattern with `*` or `?` and without other characters of regular expressions is a glob for the whole value. Every
//!   other pattern is a regular expression that can match anywhere. Both ignore case.

mod check;
mod describe;
mod evaluate;
mod format;
mod obscene;
mod operator;
mod parse;
mod pattern;
mod value;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::check::{check, check_time_zone_of};
use self::evaluate::Node;
#[cfg(test)]
pub(crate) use self::format::is_valid;
pub use self::operator::Dialect;
pub use crate::leadconduit::values::{ParseError, Variables, find, text};

/// A parsed rule, set of rules or list of rules.
#[derive(Clone, Debug)]
pub struct Condition(Node);

impl Condition {
    /// Parses one rule.
    ///
    /// # Errors
    ///
    /// The rule is malformed.
    pub fn parse_rule(value: &Value, dialect: Dialect) -> Result<Self, ParseError> {
        #[cfg(test)]
        crate::leadconduit::values::parse_count::add_expression();
        parse::rule(value, dialect).map(Self)
    }

    /// Parses a set of rules in the dialect of flows.
    ///
    /// # Errors
    ///
    /// The set or one of its rules is malformed.
    pub fn parse_set(value: &Value) -> Result<Self, ParseError> {
        #[cfg(test)]
        crate::leadconduit::values::parse_count::add_expression();
        parse::set(value).map(Self)
    }

    /// Parses a list of rules that must all match. The empty list always matches.
    ///
    /// # Errors
    ///
    /// One of the rules is malformed, or the value is not a list.
    pub fn parse_list(value: &Value, dialect: Dialect) -> Result<Self, ParseError> {
        #[cfg(test)]
        crate::leadconduit::values::parse_count::add_expression();
        parse::list(value, dialect).map(Self)
    }

    /// True if the condition matches the variables. Sets short-circuit.
    #[must_use]
    pub fn matches(&self, variables: &dyn Variables) -> bool {
        self.0.matches(variables)
    }

    /// The comparisons that decide the result for the variables, as text. Values with one of `secrets` are not shown.
    #[must_use]
    pub fn describe(&self, variables: &dyn Variables, secrets: &[String]) -> String {
        self.0.describe(variables, secrets)
    }

    /// Returns the names of all variables of the condition in document order, with repetitions.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.0.variables(&mut found);
        found
    }

    /// Returns the names of the variables if the result depends on nothing but them: each is compared with constants. `None`
    /// when the condition contains templates.
    #[must_use]
    pub fn compared_variables(&self) -> Option<Vec<&str>> {
        let mut found = Vec::new();
        self.0.compared_variables(&mut found).then_some(found)
    }

    /// Returns the names of the variables that a match needs: those of comparisons that fail when nothing is known, and
    /// that are not one of several alternatives.
    #[must_use]
    pub fn required_variables(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.0.required_variables(&mut found);
        found
    }
}
