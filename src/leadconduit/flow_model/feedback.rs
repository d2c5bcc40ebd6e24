//! Feedback of recipients, and to sources.

use serde_json::Value;

use super::rule_set::RuleSet;

/// The property with the age limit of returns.
const RETURN_AGE_MAX: &str = "maximum_return_age_in_days";

/// Which feedback a recipient can send, or a source gets.
#[derive(Debug)]
pub(crate) struct Feedback {
    pub(crate) rules: RuleSet,
    /// The age in days up to which a lead can be returned; `None` for any age. Conversions have no limit.
    pub(crate) return_age_days_max: Option<i64>,
}

impl Feedback {
    /// The property `feedback` of a source or a recipient; `None` when it has no feedback.
    pub(super) fn of(part: &Value) -> Option<Self> {
        let feedback = part.get("feedback").filter(|feedback| feedback.is_object())?;
        let return_age_days_max = feedback.get(RETURN_AGE_MAX).and_then(Value::as_i64);
        Some(Self { rules: RuleSet::of(feedback), return_age_days_max })
    }
}
