//! Summaries of events: the few properties that lists, counts and sums read, in a few bytes.

use std::borrow::Cow;

use serde_json::Value;

use crate::support::document::text;
use crate::support::ids::ObjectId;

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// The result of the whole flow.
    Source,
    /// A recipient step.
    Recipient,
    /// A filter step.
    Filter,
    /// Feedback of a recipient.
    FeedbackReceived,
    /// Feedback passed on to the source.
    FeedbackSent,
    /// A second attempt of a recipient step.
    Retry,
}

impl EventType {
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

    /// Whether the event is about a recipient step. A retry counts like the first attempt.
    #[must_use]
    pub fn is_delivery(self) -> bool {
        matches!(self, Self::Recipient | Self::Retry)
    }

    /// The type with this name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A set of event types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTypes(u8);

impl EventTypes {
    /// Every type.
    pub const ALL: Self = Self(u8::MAX);

    /// Whether a type is one of them.
    #[must_use]
    pub fn contains(self, kind: EventType) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

impl FromIterator<EventType> for EventTypes {
    fn from_iter<I: IntoIterator<Item = EventType>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | 1 << kind as u8))
    }
}

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Accepted.
    Success,
    /// Rejected.
    Failure,
    /// Failed technically.
    Error,
    /// The step did not run for this lead.
    Skip,
    /// The filter did not match; the flow continues.
    Continue,
    /// The filter matched and ended the flow.
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

    /// The outcome with this name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// The properties of an event that lists, counts and sums read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventSummary {
    /// Its id.
    pub id: ObjectId,
    /// Its type.
    pub kind: EventType,
    /// Its outcome.
    pub outcome: Outcome,
    /// Start, in milliseconds since 1970.
    pub start_ms: i64,
    /// Duration in milliseconds.
    pub ms: u32,
    /// The id of the lead.
    pub lead: Option<ObjectId>,
    /// The id of the flow.
    pub flow: Option<ObjectId>,
    /// The id of the source's entity.
    pub source: Option<ObjectId>,
    /// The id of the step's entity.
    pub recipient: Option<ObjectId>,
    /// Purchase price of the lead, in dollars.
    pub cost: f64,
    /// Sale price, in dollars.
    pub revenue: f64,
}

impl EventSummary {
    /// The summary of an event document; `None` when it is not an event.
    #[must_use]
    pub fn from_event(event: &Value) -> Option<Self> {
        let vars = event.get("vars");
        let id = |of: &str| vars?.get(of)?.get("id")?.as_str()?.parse().ok();
        let number = |name: &str| event.get(name).and_then(Value::as_f64);
        let price = |name: &str| vars?.get(name)?.as_f64();
        let ms = event.get("ms").and_then(Value::as_u64).unwrap_or(0);
        let event_id: ObjectId = text(event, "id").parse().ok()?;
        Some(Self {
            id: event_id,
            kind: EventType::from_name(text(event, "type"))?,
            outcome: Outcome::from_name(text(event, "outcome"))?,
            start_ms: event
                .get("start_timestamp")
                .and_then(Value::as_i64)
                .unwrap_or_else(|| event_id.unix_seconds() * 1000),
            ms: u32::try_from(ms).unwrap_or(u32::MAX),
            lead: id("lead"),
            flow: id("flow"),
            source: id("source"),
            recipient: id("recipient"),
            cost: number("cost")
                .or_else(|| number("purchase_price"))
                .or_else(|| price("purchase_price"))
                .unwrap_or(0.0),
            // `revenue` of an event is sale price less cost; here it is the sale price.
            revenue: number("sale_price").or_else(|| number("revenue")).unwrap_or(0.0),
        })
    }
}

/// About how many fields a lead has.
const FIELDS: usize = 16;

/// About how many bytes the fields of a lead take.
const TEXT_BYTES: usize = 512;

/// A lead as stored in its events: the data of a lead search.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Its id.
    pub id: ObjectId,
    /// The id of its latest event.
    pub latest: ObjectId,
    /// Time of submission, in milliseconds since 1970.
    pub submitted_ms: i64,
    /// Its fields, without their types.
    pub fields: LeadFields,
}

/// The fields of a lead: ids and values as text. Every lead keeps them, and a search reads those of all leads, so that they
/// are in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadFields {
    /// Each id, followed by its value.
    text: Box<str>,
    /// Where ids and values end in the text.
    ends: Box<[u32]>,
}

impl LeadFields {
    /// The ids and values, in the order of the lead.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut begin = 0;
        self.ends.chunks_exact(2).map(move |ends| {
            let (middle, end) = (ends[0] as usize, ends[1] as usize);
            let field = (&self.text[begin..middle], &self.text[middle..end]);
            begin = end;
            field
        })
    }
}

impl<I: AsRef<str>, V: AsRef<str>> FromIterator<(I, V)> for LeadFields {
    /// Fields beyond 4 GB of text are left out.
    fn from_iter<T: IntoIterator<Item = (I, V)>>(fields: T) -> Self {
        let (mut text, mut ends) = (String::with_capacity(TEXT_BYTES), Vec::with_capacity(2 * FIELDS));
        for (id, value) in fields {
            let (id, value) = (id.as_ref(), value.as_ref());
            let middle = text.len() + id.len();
            let (Ok(middle), Ok(end)) = (u32::try_from(middle), u32::try_from(middle + value.len())) else { break };
            text.push_str(id);
            text.push_str(value);
            ends.extend([middle, end]);
        }
        // Exact copies: leads are kept for long.
        Self { text: text.as_str().into(), ends: ends.as_slice().into() }
    }
}

impl Lead {
    /// The lead of an event document; `None` when the event has none.
    #[must_use]
    pub fn from_event(event: &Value, summary: &EventSummary) -> Option<Self> {
        Self::from_vars(event.get("vars").unwrap_or(&Value::Null), summary)
    }

    /// The lead in the variables of an event; `None` when the event has none.
    #[must_use]
    pub fn from_vars(vars: &Value, summary: &EventSummary) -> Option<Self> {
        let submitted = vars.get("submission").and_then(|of| of.get("timestamp")).and_then(Value::as_str);
        let submitted = submitted.and_then(|stamp| stamp.parse::<jiff::Timestamp>().ok());
        Self::submitted_at(submitted.map_or(summary.start_ms, jiff::Timestamp::as_millisecond), vars, summary)
    }

    /// The lead in the variables of an event, submitted at a time in milliseconds since 1970.
    pub(crate) fn submitted_at(submitted_ms: i64, vars: &Value, summary: &EventSummary) -> Option<Self> {
        let fields = vars.get("lead").and_then(Value::as_object);
        let fields = fields.into_iter().flatten().filter(|(name, _)| *name != "id");
        Some(Self {
            id: summary.lead?,
            latest: summary.id,
            submitted_ms,
            fields: fields.filter_map(|(name, value)| Some((name, field_text(value)?))).collect(),
        })
    }

    /// The value of a field; empty when the lead does not have it.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| *field == name).map_or("", |(_, value)| value)
    }
}

/// A field value as text. Typed values are objects; their `raw` is the text that was submitted.
fn field_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(flag) => Some(flag.to_string().into()),
        Value::Object(typed) => field_text(typed.get("raw").or_else(|| typed.get("normal"))?),
        Value::Array(_) | Value::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_lead_are_those_that_were_collected() {
        let fields = [("first_name", "Zoë"), ("", ""), ("email", ""), ("city", "Austin")];
        let collected: LeadFields = fields.into_iter().collect();
        assert_eq!(collected.iter().collect::<Vec<_>>(), fields);
        assert_eq!(LeadFields::default().iter().next(), None);
    }
}
