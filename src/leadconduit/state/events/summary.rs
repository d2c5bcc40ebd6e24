//! What is asked of an event most, in a few bytes.

use serde_json::Value;

use crate::support::document::text;
use crate::support::ids::ObjectId;

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The lead has run through its flow.
    Source,
    /// A recipient step.
    Recipient,
    /// A filter step.
    Filter,
    /// A recipient told what became of the lead.
    FeedbackReceived,
    /// The source was told of it.
    FeedbackSent,
    /// A recipient step was tried again.
    Retry,
}

impl Kind {
    /// Every type.
    pub const ALL: [Self; 6] =
        [Self::Source, Self::Recipient, Self::Filter, Self::FeedbackReceived, Self::FeedbackSent, Self::Retry];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Recipient => "recipient",
            Self::Filter => "filter",
            Self::FeedbackReceived => "feedback-received",
            Self::FeedbackSent => "feedback-sent",
            Self::Retry => "retry",
        }
    }

    /// Whether a lead was handed to a recipient, or was to be: once more counts as much as the first time.
    #[must_use]
    pub fn is_delivery(self) -> bool {
        matches!(self, Self::Recipient | Self::Retry)
    }

    /// The type of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Taken.
    Success,
    /// Refused.
    Failure,
    /// Broken.
    Error,
    /// A step that was not for this lead.
    Skip,
    /// A filter let the lead go on.
    Continue,
    /// A filter ended the flow.
    Stop,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] = [Self::Success, Self::Failure, Self::Error, Self::Skip, Self::Continue, Self::Stop];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Skip => "skip",
            Self::Continue => "continue",
            Self::Stop => "stop",
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What lists, counts and sums ask of an event, without its document.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its id.
    pub id: ObjectId,
    /// Its type.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// When it began, in milliseconds since 1970.
    pub start_ms: i64,
    /// How long it took.
    pub ms: u32,
    /// The lead.
    pub lead: Option<ObjectId>,
    /// The flow.
    pub flow: Option<ObjectId>,
    /// The entity that submitted the lead.
    pub source: Option<ObjectId>,
    /// The entity of the step.
    pub recipient: Option<ObjectId>,
    /// What was paid for the lead, in dollars.
    pub cost: f64,
    /// What recipients paid for it, in dollars.
    pub revenue: f64,
}

impl Summary {
    /// The summary of an event's document; `None` when it is no event.
    #[must_use]
    pub fn of(event: &Value) -> Option<Self> {
        let vars = event.get("vars");
        let id = |of: &str| vars?.get(of)?.get("id")?.as_str()?.parse().ok();
        let number = |name: &str| event.get(name).and_then(Value::as_f64);
        let price = |name: &str| vars?.get(name)?.as_f64();
        let ms = event.get("ms").and_then(Value::as_u64).unwrap_or(0);
        let own: ObjectId = text(event, "id").parse().ok()?;
        Some(Self {
            id: own,
            kind: Kind::named(text(event, "type"))?,
            outcome: Outcome::named(text(event, "outcome"))?,
            start_ms: event.get("start_timestamp").and_then(Value::as_i64).unwrap_or_else(|| own.second() * 1000),
            ms: u32::try_from(ms).unwrap_or(u32::MAX),
            lead: id("lead"),
            flow: id("flow"),
            source: id("source"),
            recipient: id("recipient"),
            cost: number("cost")
                .or_else(|| number("purchase_price"))
                .or_else(|| price("purchase_price"))
                .unwrap_or(0.0),
            // What `revenue` is called in an event is a difference; what recipients pay is their price.
            revenue: number("sale_price").or_else(|| number("revenue")).unwrap_or(0.0),
        })
    }
}

/// A lead as its events tell of it: what a search looks into.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Its id.
    pub id: ObjectId,
    /// The latest of its events.
    pub latest: ObjectId,
    /// When it was submitted, in milliseconds since 1970.
    pub submitted_ms: i64,
    /// Its fields as text, by their ids.
    pub fields: Vec<(Box<str>, Box<str>)>,
}

impl Lead {
    /// The lead of an event's document; `None` when the event tells of none.
    #[must_use]
    pub fn of(event: &Value, summary: &Summary) -> Option<Self> {
        Self::known(event.get("vars").unwrap_or(&Value::Null), summary)
    }

    /// The lead of the variables of an event; `None` when there is none.
    #[must_use]
    pub fn known(vars: &Value, summary: &Summary) -> Option<Self> {
        let fields = vars.get("lead").and_then(Value::as_object);
        let fields = fields.into_iter().flatten().filter(|(name, _)| *name != "id");
        let submitted = vars.get("submission").and_then(|of| of.get("timestamp")).and_then(Value::as_str);
        let submitted = submitted.and_then(|stamp| stamp.parse::<jiff::Timestamp>().ok());
        Some(Self {
            id: summary.lead?,
            latest: summary.id,
            submitted_ms: submitted.map_or(summary.start_ms, jiff::Timestamp::as_millisecond),
            fields: fields.filter_map(|(name, value)| Some((name.as_str().into(), plain(value)?.into()))).collect(),
        })
    }

    /// One of its fields; empty when it has none of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| **field == *name).map_or("", |(_, value)| value)
    }
}

/// A value of a lead as text: typed values are objects that keep what was sent as `raw`.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Object(typed) => plain(typed.get("raw").or_else(|| typed.get("normal"))?),
        Value::Array(_) | Value::Null => None,
    }
}
