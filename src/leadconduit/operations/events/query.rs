//! A question for events, as a query or as a body.

use std::borrow::Cow;
use std::ops::Bound;
use std::str::FromStr;

use serde_json::Value;

use super::filter::Filter;
use super::parts::Parts;
use crate::contract::check::Input;
use crate::leadconduit::response::ApiError;
use crate::leadconduit::rules::{Condition, Form};
use crate::leadconduit::state::events::{Kind, Outcome};
use crate::support::clock::{Timestamp, moment};
use crate::support::ids::ObjectId;

/// How many events are given when nothing is said.
const LIMIT: usize = 100;

/// How many events are given at most.
const LIMIT_MAX: usize = 1000;

/// How long the text of rules may be, and how many of them there may be.
const RULES_MAX: usize = 1000;

#[derive(Debug)]
pub(super) struct Question {
    pub(super) from: Bound<ObjectId>,
    pub(super) to: Bound<ObjectId>,
    pub(super) filter: Filter,
    pub(super) parts: Parts,
    pub(super) newest_first: bool,
    pub(super) limit: usize,
}

impl Question {
    /// The question of a body when there is one, else of the query.
    pub(super) fn of(input: &Input) -> Result<Self, ApiError> {
        let asked = Asked(input);
        let bound = |id: Option<ObjectId>| id.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(Self {
            from: bound(asked.id("after_id")?),
            to: bound(asked.id("before_id")?),
            filter: Filter {
                kinds: asked.named("type", Kind::named)?,
                outcomes: asked.named("outcome", Outcome::named)?,
                lead: asked.id("lead_id")?,
                flow: asked.id("flow_id")?,
                source: asked.id("source_id")?,
                recipient: asked.id("recipient_id")?,
                reference: asked.text("reference").map(Cow::into_owned),
                start: asked.time("start")?,
                end: asked.time("end")?,
                conditions: asked.rules()?,
            },
            parts: asked.parts()?,
            newest_first: asked.text("sort").as_deref() != Some("asc"),
            limit: asked.limit()?,
        })
    }
}

/// What was asked, by its names. Every refusal is a 400: nothing here refers to anything that has to exist.
struct Asked<'i>(&'i Input);

impl Asked<'_> {
    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.0.body.get(name) {
            Some(Value::String(text)) => Some(Cow::Borrowed(text)),
            Some(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            _ => self.0.query(name).map(Cow::Borrowed),
        }
    }

    fn id(&self, name: &str) -> Result<Option<ObjectId>, ApiError> {
        let read = |text: Cow<'_, str>| ObjectId::from_str(&text).map_err(|_| bad(name, "is no id"));
        self.text(name).map(read).transpose()
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let read = |text: Cow<'_, str>| moment(&text).ok_or_else(|| bad(name, "is no time"));
        self.text(name).map(read).transpose()
    }

    fn named<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(Vec::new()) };
        read(&text).map(|found| vec![found]).ok_or_else(|| bad(name, "is not known"))
    }

    fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = self.text("limit") else { return Ok(LIMIT) };
        let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit.ok_or_else(|| bad("limit", "is not between 1 and 1000"))
    }

    fn rules(&self) -> Result<Vec<Condition>, ApiError> {
        let rules = match (self.0.body.get("rules"), self.0.query("rules")) {
            (Some(rules), _) => Cow::Borrowed(rules),
            (None, Some(text)) => {
                Cow::Owned(serde_json::from_str(text).map_err(|error| bad("rules", &format!("is not JSON: {error}")))?)
            }
            (None, None) => return Ok(Vec::new()),
        };
        if rules.as_array().is_some_and(|rules| rules.len() > RULES_MAX) {
            return Err(bad("rules", "is too long"));
        }
        let condition = Condition::all(&rules, Form::Flow);
        condition.map(|one| vec![one]).map_err(|mistake| ApiError::new(400, format!("rules{mistake}")))
    }

    fn parts(&self) -> Result<Parts, ApiError> {
        let names = |name: &str| -> Option<Vec<String>> {
            let listed = self.0.body.get(name).and_then(Value::as_array);
            let listed = listed.map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            let given =
                || Some(self.0.queries(name).map(str::to_owned).collect()).filter(|names: &Vec<_>| !names.is_empty());
            listed.or_else(given)
        };
        match (names("include"), names("exclude")) {
            (Some(_), Some(_)) => Err(ApiError::new(400, "include and exclude exclude each other")),
            (Some(only), None) => Ok(Parts::Only(only)),
            (None, Some(without)) => Ok(Parts::Without(without)),
            (None, None) => Ok(Parts::All),
        }
    }
}

fn bad(name: &str, what: &str) -> ApiError {
    ApiError::new(400, format!("{name} {what}"))
}
