//! The parameters of the event list, from the query or the body.

use std::borrow::Cow;
use std::ops::Bound;
use std::str::FromStr;

use serde_json::Value;

use super::filter::EventFilter;
use super::projection::Projection;
use crate::contract::validate::OperationInput;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::rules::{Condition, Dialect};
use crate::leadconduit::state::events::{EventType, Outcome};
use crate::support::clock::{Timestamp, parse_timestamp};
use crate::support::ids::ObjectId;

/// The default of `limit`.
const LIMIT: usize = 100;

/// The maximum of `limit`.
const LIMIT_MAX: usize = 1000;

/// The maximum number of rules.
const RULES_MAX: usize = 1000;

#[derive(Debug)]
pub(super) struct EventQuery {
    pub(super) from: Bound<ObjectId>,
    pub(super) to: Bound<ObjectId>,
    pub(super) filter: EventFilter,
    pub(super) projection: Projection,
    pub(super) newest_first: bool,
    pub(super) limit: usize,
}

impl EventQuery {
    /// Reads each parameter from the body, or from the query when the body has none.
    pub(super) fn from_input(input: &OperationInput) -> Result<Self, ApiError> {
        let parameters = EventParameters(input);
        let bound = |object_id: Option<ObjectId>| object_id.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(Self {
            from: bound(parameters.object_id("after_id")?),
            to: bound(parameters.object_id("before_id")?),
            filter: EventFilter {
                kinds: parameters.parse_name("type", EventType::from_name)?,
                outcomes: parameters.parse_name("outcome", Outcome::from_name)?,
                lead: parameters.object_id("lead_id")?,
                flow: parameters.object_id("flow_id")?,
                source: parameters.object_id("source_id")?,
                recipient: parameters.object_id("recipient_id")?,
                reference: parameters.text("reference").map(Cow::into_owned),
                start: parameters.time("start")?,
                end: parameters.time("end")?,
                conditions: parameters.conditions()?,
                ..EventFilter::default()
            },
            projection: parameters.projection()?,
            newest_first: parameters.text("sort").as_deref() != Some("asc"),
            limit: parameters.limit()?,
        })
    }
}

/// The parameters by name. Every error is a 400, because no parameter refers to something that must exist.
struct EventParameters<'i>(&'i OperationInput);

impl EventParameters<'_> {
    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.0.body.get(name) {
            Some(Value::String(text)) => Some(Cow::Borrowed(text)),
            Some(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            _ => self.0.query(name).map(Cow::Borrowed),
        }
    }

    fn object_id(&self, name: &str) -> Result<Option<ObjectId>, ApiError> {
        let read = |text: Cow<'_, str>| ObjectId::from_str(&text).map_err(|_| invalid(name, "is not an id"));
        self.text(name).map(read).transpose()
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let read = |text: Cow<'_, str>| parse_timestamp(&text).ok_or_else(|| invalid(name, "is not a time"));
        self.text(name).map(read).transpose()
    }

    fn parse_name<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(Vec::new()) };
        read(&text).map(|found| vec![found]).ok_or_else(|| invalid(name, "is not known"))
    }

    fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = self.text("limit") else { return Ok(LIMIT) };
        let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit.ok_or_else(|| invalid("limit", "is not between 1 and 1000"))
    }

    fn conditions(&self) -> Result<Vec<Condition>, ApiError> {
        let conditions = match (self.0.body.get("rules"), self.0.query("rules")) {
            (Some(conditions), _) => Cow::Borrowed(conditions),
            (None, Some(text)) => Cow::Owned(
                serde_json::from_str(text).map_err(|error| invalid("rules", &format!("is not JSON: {error}")))?,
            ),
            (None, None) => return Ok(Vec::new()),
        };
        if conditions.as_array().is_some_and(|conditions| conditions.len() > RULES_MAX) {
            return Err(invalid("rules", "is too long"));
        }
        let condition = Condition::parse_list(&conditions, Dialect::Flow);
        condition.map(|condition| vec![condition]).map_err(|error| ApiError::new(400, format!("rules{error}")))
    }

    fn projection(&self) -> Result<Projection, ApiError> {
        let names = |name: &str| -> Option<Vec<String>> {
            let listed = self.0.body.get(name).and_then(Value::as_array);
            let listed = listed.map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            let repeated =
                || Some(self.0.queries(name).map(str::to_owned).collect()).filter(|names: &Vec<_>| !names.is_empty());
            listed.or_else(repeated)
        };
        match (names("include"), names("exclude")) {
            (Some(_), Some(_)) => Err(ApiError::new(400, "include and exclude cannot be combined")),
            (Some(names), None) => Ok(Projection::Include(names)),
            (None, Some(names)) => Ok(Projection::Exclude(names)),
            (None, None) => Ok(Projection::All),
        }
    }
}

fn invalid(name: &str, problem: &str) -> ApiError {
    ApiError::new(400, format!("{name} {problem}"))
}
