//! Acceptance criteria of flows and sources.

use serde_json::Value;

use super::rule_set::RuleSet;
use super::template::TextTemplate;
use crate::leadconduit::state::events::Outcome;
use crate::support::document::text;

/// The rules that a lead must match to be processed, and the result when it does not.
#[derive(Debug)]
pub(crate) struct AcceptanceCriteria {
    pub(crate) rules: RuleSet,
    pub(crate) outcome: Outcome,
    pub(crate) reason: TextTemplate,
}

impl AcceptanceCriteria {
    /// The property `acceptance_criteria` of a flow or a source.
    pub(super) fn of(part: &Value) -> Option<Self> {
        let criteria = part.get("acceptance_criteria").filter(|criteria| criteria.is_object())?;
        Some(Self {
            rules: RuleSet::of(criteria),
            outcome: Outcome::from_name(text(criteria, "outcome")).unwrap_or(Outcome::Failure),
            reason: TextTemplate::new(text(criteria, "reason")),
        })
    }
}
