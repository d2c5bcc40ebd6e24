//! Rule sets.

use serde_json::Value;

use crate::leadconduit::rules::Condition;
use crate::leadconduit::values::Variables;

/// A compiled rule set.
#[derive(Clone, Debug)]
pub(crate) enum RuleSet {
    /// There are no rules: every lead matches.
    Always,
    /// Leads match that meet the condition.
    When(Condition),
    /// The rules cannot be parsed: no lead matches.
    Never,
}

impl RuleSet {
    /// The property `rule_set` of a part of a flow. Without it, or when it is `null`, every lead matches.
    pub(super) fn of(part: &Value) -> Self {
        match part.get("rule_set").filter(|set| !set.is_null()) {
            None => Self::Always,
            Some(set) => Condition::parse_set(set).map_or(Self::Never, Self::When),
        }
    }

    /// The variables that a lead needs to match.
    pub(crate) fn required_variables(&self) -> Vec<&str> {
        match self {
            Self::When(condition) => condition.required_variables(),
            Self::Always | Self::Never => Vec::new(),
        }
    }

    /// The names of the variables in the rules.
    pub(super) fn variables(&self) -> Vec<&str> {
        match self {
            Self::When(condition) => condition.variables(),
            Self::Always | Self::Never => Vec::new(),
        }
    }

    /// The comparisons that decide whether a lead with these variables matches, as text. Values with one of `secrets` are
    /// not shown.
    pub(crate) fn describe(&self, vars: &dyn Variables, secrets: &[String]) -> String {
        match self {
            Self::Always => "there are no rules".to_owned(),
            Self::When(condition) => condition.describe(vars, secrets),
            Self::Never => "the rules cannot be parsed, so that no lead matches".to_owned(),
        }
    }

    /// Whether a lead with these variables matches.
    pub(crate) fn matches(&self, vars: &dyn Variables) -> bool {
        match self {
            Self::Always => true,
            Self::When(condition) => condition.matches(vars),
            Self::Never => false,
        }
    }
}
