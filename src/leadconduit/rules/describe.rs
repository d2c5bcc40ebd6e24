//! Describes in words why a condition holds or fails for a lead.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use super::evaluate::{Node, Predicate, RightSide};
use super::operator::operators;
use crate::leadconduit::values::{Variables, excerpt, is_blank, text};
use crate::support::redaction::{REDACTED, is_secret_name};

/// How many comparisons a description lists.
const LISTED_MAX: usize = 4;

impl Node {
    /// The comparisons that decide the result: all of them, or the first one, as the sets require.
    fn deciding<'n>(&'n self, variables: &dyn Variables, found: &mut Vec<&'n Predicate>) {
        let is_met = self.matches(variables);
        let (nodes, is_decided_by_one) = match self {
            Self::Predicate(predicate) => return found.push(predicate),
            Self::All(nodes) => (nodes, !is_met),
            Self::Any(nodes) => (nodes, is_met),
        };
        if is_decided_by_one {
            if let Some(node) = nodes.iter().find(|node| node.matches(variables) == is_met) {
                node.deciding(variables, found);
            }
        } else {
            for node in nodes {
                node.deciding(variables, found);
            }
        }
    }

    /// The deciding comparisons as text: `lead.state is equal to TX (it is NY)`. `secrets` are texts that are not shown.
    pub(super) fn describe(&self, variables: &dyn Variables, secrets: &[String]) -> String {
        let mut deciding = Vec::new();
        self.deciding(variables, &mut deciding);
        let listed = deciding.iter().take(LISTED_MAX).map(|one| one.describe(variables, secrets));
        let mut text = listed.collect::<Vec<_>>().join("; ");
        if deciding.len() > LISTED_MAX {
            // Writing to a string does not fail.
            let _ = write!(text, "; and {} more", deciding.len() - LISTED_MAX);
        }
        text
    }
}

impl Predicate {
    fn describe(&self, variables: &dyn Variables, secrets: &[String]) -> String {
        let left = match self.left.name() {
            Some(name) => name.to_owned(),
            None => {
                let mut names = Vec::new();
                self.left.variables(&mut names);
                format!("a template of {}", names.join(", "))
            }
        };
        let of = |row: &&(&str, super::operator::Comparison, bool)| {
            row.1 == self.operator.comparison && row.2 == self.operator.negated
        };
        let operator = operators(self.dialect).iter().find(of).map_or("", |row| row.0);
        let mut description = format!("{left} {operator}");
        match &self.right {
            RightSide::None => {}
            RightSide::Operand(operand) => {
                let value = operand.evaluate(variables);
                description.push(' ');
                description.push_str(&shown(value.as_deref().unwrap_or(&Value::Null), &left, secrets));
            }
            RightSide::Pattern(pattern) => {
                description.push(' ');
                description.push_str(&excerpt(pattern.as_str().trim_start_matches("(?i)")));
            }
        }
        let value = self.left.evaluate(variables);
        let value = value.as_deref().unwrap_or(&Value::Null);
        let found = if is_blank(value) { "blank".to_owned() } else { shown(value, &left, secrets) };
        format!("{description} (it is {found})")
    }
}

/// A value as text, cut, and without secrets.
fn shown(value: &Value, name: &str, secrets: &[String]) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let shown = match text(value) {
        Some(shown) => shown,
        None => Cow::Owned(value.to_string()),
    };
    if is_secret_name(last) || is_secret_name(name) || secrets.iter().any(|secret| shown.contains(secret.trim())) {
        return REDACTED.to_owned();
    }
    excerpt(&shown)
}
