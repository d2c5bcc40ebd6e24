//! What the lead handler decided about a submission or a ping, for log, journal, reports and explanations.

use crate::contract::Violation;

/// The result of a submission or a ping, and what decided it.
#[derive(Clone, Debug)]
pub struct LeadReport {
    /// `success`, `failure` or `error`.
    pub outcome: &'static str,
    /// The reason in the response; empty without one.
    pub reason: String,
    /// The part of the flow that decided.
    pub decision: Decision,
    /// The recipients and filters that the lead reached, each with its result, as text.
    pub steps: Vec<String>,
    /// The parameters that no field of the flow collects.
    pub uncollected: Vec<Violation>,
    /// The secrets that mappings of the flow set, by their names or in other values. Recipients can repeat them in reasons.
    pub secrets: Vec<String>,
}

/// The part of the flow that decided about a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The kind of part.
    pub kind: DecisionKind,
    /// The id of the part, if it has one.
    pub id: Option<String>,
    /// The decision as a sentence.
    pub description: String,
}

/// The kinds of parts that decide about a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionKind {
    /// Every step was completed.
    Completed,
    /// The flow is disabled.
    DisabledFlow,
    /// A magic e-mail domain.
    Trigger,
    /// The hours of operation of the flow.
    Hours,
    /// The acceptance criteria of the flow.
    FlowCriteria,
    /// The acceptance criteria of the source.
    SourceCriteria,
    /// A volume cap of the flow or the source.
    Cap,
    /// A filter.
    Filter,
    /// The flow takes no pings.
    PingsDisabled,
    /// A ping limit of the flow or the source.
    PingLimit,
    /// There is no price for the lead.
    NoPrice,
}

impl DecisionKind {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::DisabledFlow => "disabled_flow",
            Self::Trigger => "trigger",
            Self::Hours => "hours_of_operation",
            Self::FlowCriteria => "flow_criteria",
            Self::SourceCriteria => "source_criteria",
            Self::Cap => "cap",
            Self::Filter => "filter",
            Self::PingsDisabled => "pings_disabled",
            Self::PingLimit => "ping_limit",
            Self::NoPrice => "no_price",
        }
    }
}

impl Decision {
    /// A decision of a part without an id.
    #[must_use]
    pub fn new(kind: DecisionKind, description: impl Into<String>) -> Self {
        Self { kind, id: None, description: description.into() }
    }

    /// The decision of the part with an id.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }
}

impl LeadReport {
    /// The approximate memory in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let steps: usize = self.steps.iter().map(|step| step.len() + size_of::<String>()).sum();
        size_of::<Self>() + self.reason.len() + self.decision.description.len() + steps
    }
}
