//! A call as a behaviour sees it.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;

use super::changelog;
use super::effect_log::EffectLog;
use super::response::ApiError;
use crate::contract::Contract;
use crate::contract::check::Input;
use crate::contract::standard::Standard;
use crate::leadconduit::live_flow::{firehose_of, live};
use crate::leadconduit::state::events::{EventBatch, EventLog, Summary};
use crate::leadconduit::state::sso::{Sso, SsoCallContext, Unreachable};
use crate::leadconduit::state::{Account, Caller, Collection, World, events};
use crate::support::clock::{SignedDuration, Timestamp, stamp};
use crate::support::document::{Document, text};

/// For how many days events are kept, at most.
const KEPT_DAYS: i64 = 90;

/// A call that reads.
#[derive(Debug)]
pub struct ReadContext<'a> {
    /// The world.
    pub world: &'a World,
    /// Who is calling.
    pub caller: &'a Caller,
    /// What was sent.
    pub input: &'a Input,
    /// The moment of the call.
    pub now: Timestamp,
    /// The call's way to the single-sign-on service.
    pub line: &'a SsoCallContext<'a>,
    fresh_until: Cell<Option<Timestamp>>,
}

impl<'a> ReadContext<'a> {
    /// A call that reads.
    #[must_use]
    pub fn new(
        world: &'a World,
        caller: &'a Caller,
        input: &'a Input,
        now: Timestamp,
        line: &'a SsoCallContext<'a>,
    ) -> Self {
        Self { world, caller, input, now, line, fresh_until: Cell::new(None) }
    }

    /// Calls the single-sign-on service.
    pub fn sso(&self) -> Result<&'a Sso, Unreachable> {
        self.world.call_sso(self.line, self.now)
    }

    /// The caller's account.
    pub fn account(&self) -> Result<&'a Account, ApiError> {
        match self.world.account(&self.caller.account) {
            Some(account) => Ok(account),
            None if self.caller.is_anonymous() => Err(ApiError::not_authenticated()),
            None => Err(ApiError::internal("the caller's account is gone")),
        }
    }

    /// What happened to the leads of an account, as far back as it is kept: 90 days of the sandbox's clock, or fewer
    /// where the account says so.
    #[must_use]
    pub fn events_of(&self, account: &Account) -> EventLog {
        let since = kept_since(account, self.now);
        let events = account.events().since(since);
        // The first one is the next to go.
        let first = events.iter().next().map(|event| event.summary().start_ms - since);
        let left = first.and_then(|left| self.now.checked_add(SignedDuration::from_millis(left + 1)).ok());
        if let Some(left) = left {
            self.changes_at(left);
        }
        events
    }

    /// What happened to the leads of the caller's account.
    pub fn events(&self) -> Result<EventLog, ApiError> {
        Ok(self.events_of(self.account()?))
    }

    /// What LeadConduit brings along for every account.
    #[must_use]
    pub fn standard(&self) -> &'a Standard {
        self.world.standard()
    }

    /// Whether a time stamp lies in the past. The answer is fresh only until the next one that does not.
    #[must_use]
    pub fn has_passed(&self, stamp: &str) -> bool {
        let Ok(at) = stamp.parse::<Timestamp>() else { return false };
        if at <= self.now {
            return true;
        }
        self.changes_at(at);
        false
    }

    /// The answer is another one from a moment on.
    pub fn changes_at(&self, at: Timestamp) {
        let nearest = self.fresh_until.get().map_or(at, |other| other.min(at));
        self.fresh_until.set(Some(nearest));
    }

    /// The answer depends on the moment of the call, and is not fresh a moment later.
    pub fn depends_on_time(&self) {
        self.fresh_until.set(Some(self.now));
    }

    /// Until when what was asked of [`ReadContext::has_passed`] stays the same.
    #[must_use]
    pub fn fresh_until(&self) -> Option<Timestamp> {
        self.fresh_until.get()
    }
}

/// Since when events are kept, in milliseconds since 1970.
fn kept_since(account: &Account, now: Timestamp) -> i64 {
    let days = account.document().value().get("data_retention_in_days").and_then(Value::as_i64);
    let days = days.filter(|days| (1..KEPT_DAYS).contains(days)).unwrap_or(KEPT_DAYS);
    now.as_millisecond() - SignedDuration::from_hours(days * 24).as_secs() * 1000
}

/// A call that writes.
#[derive(Debug)]
pub struct WriteContext<'a> {
    /// The world, in a change that is kept only when the call succeeds.
    pub world: &'a mut World,
    /// The contract, which every document must keep.
    pub contract: &'a Contract,
    /// Who is calling.
    pub caller: &'a Caller,
    /// What was sent.
    pub input: &'a Input,
    /// The moment of the call.
    pub now: Timestamp,
    /// The call's way to the single-sign-on service.
    pub line: &'a SsoCallContext<'a>,
    /// Whether values of a lead may make something happen.
    pub triggers: bool,
    /// What leaves the server because of the call.
    pub outbox: &'a mut EffectLog,
}

impl WriteContext<'_> {
    /// The same call, reading.
    #[must_use]
    pub fn reading(&self) -> ReadContext<'_> {
        ReadContext::new(self.world, self.caller, self.input, self.now, self.line)
    }

    /// The caller's account.
    pub fn account(&self) -> Result<&Account, ApiError> {
        self.reading().account()
    }

    /// Calls the single-sign-on service.
    pub fn sso(&self) -> Result<&Sso, ApiError> {
        self.world.call_sso(self.line, self.now).map_err(|_| ApiError::sso_unreachable())
    }

    /// Puts a document into a collection of the caller's account, checked against its model.
    pub fn put(&mut self, collection: Collection, value: &Value) -> Result<Arc<Document>, ApiError> {
        let account = Arc::clone(&self.caller.account);
        self.put_for(&account, collection, value)
    }

    /// The same for any account.
    pub fn put_for(&mut self, account: &str, collection: Collection, value: &Value) -> Result<Arc<Document>, ApiError> {
        self.check(collection.model(), value)?;
        let id = crate::support::document::text(value, collection.key());
        let before = collection.logged().and_then(|_| self.world.account(account)?.get(collection, id)).cloned();
        let after = self.world.put(account, collection, id, Document::new(value));
        self.record(account, collection, before.as_ref(), Some(&after))?;
        Ok(after)
    }

    /// Takes a document out of a collection of the caller's account.
    pub fn remove(&mut self, collection: Collection, id: &str) -> Result<Arc<Document>, ApiError> {
        let account = Arc::clone(&self.caller.account);
        let removed = self.world.remove(&account, collection, id).ok_or_else(|| ApiError::not_found(collection))?;
        self.record(&account, collection, Some(&removed), None)?;
        Ok(removed)
    }

    /// Writes the changelog entry of a write, where there is one.
    fn record(
        &mut self,
        account: &str,
        collection: Collection,
        before: Option<&Arc<Document>>,
        after: Option<&Arc<Document>>,
    ) -> Result<(), ApiError> {
        let (stamp, now) = (self.stamp(), self.now);
        let id = || self.world.next_id(now);
        let Some(entry) = changelog::entry(collection, self.caller, id, &stamp, before, after) else { return Ok(()) };
        self.check(Collection::Changelogs.model(), &entry)?;
        self.world.put(account, Collection::Changelogs, text(&entry, "id"), Document::new(&entry));
        let changelogs = self.world.account(account).map(|account| account.all(Collection::Changelogs));
        let oldest =
            changelogs.filter(|all| all.len() > changelog::CHANGELOGS_MAX).and_then(|all| all.keys().next().cloned());
        if let Some(oldest) = oldest {
            self.world.remove(account, Collection::Changelogs, &oldest);
        }
        Ok(())
    }

    /// Writes an event into the log of an account, checked against its model.
    pub fn put_event(&mut self, account: &str, event: &Value) -> Result<Arc<Document>, ApiError> {
        let copied = self.firehose(account, event);
        let event = copied.as_ref().unwrap_or(event);
        self.check(events::model(event), event)?;
        let written = self.world.put_event(account, event);
        let written = written.ok_or_else(|| ApiError::internal("the event has no place in the log"))?;
        self.forget(account);
        if let Some(event) = copied {
            self.outbox.copy(&event["firehose"], &event);
        }
        Ok(written)
    }

    /// Writes events that follow from one thing. They are made of parts that keep their models; that the whole does, and
    /// that its summary is its summary, is looked at in builds with debug assertions, which all tests are.
    pub fn put_events(&mut self, account: &str, left: EventBatch) -> Result<(), ApiError> {
        if cfg!(debug_assertions) {
            for (at, summary) in left.summaries.iter().enumerate() {
                let event = left.trace.event(at);
                self.check(events::model(&event), &event)?;
                if Summary::of(&event).as_ref() != Some(summary) {
                    return Err(ApiError::internal(format!("{summary:?} is no summary of {event}")));
                }
            }
        }
        let written = self.world.put_events(account, left);
        written.ok_or_else(|| ApiError::internal("the events have no place in the log"))?;
        self.forget(account);
        Ok(())
    }

    /// Lets go of what is kept no longer.
    fn forget(&mut self, account: &str) {
        if let Some(since) = self.world.account(account).map(|account| kept_since(account, self.now)) {
            self.world.forget_events(account, since);
        }
    }

    /// An event of a flow whose events are copied: with the place that it is copied to.
    fn firehose(&self, account: &str, event: &Value) -> Option<Value> {
        let flow = live(self.world.account(account)?, text(&event["vars"]["flow"], "id"))?;
        let firehose = firehose_of(flow.value())?;
        let mut event = event.clone();
        event["firehose"] = firehose.clone();
        Some(event)
    }

    /// What LeadConduit brings along for every account.
    #[must_use]
    pub fn standard(&self) -> &Standard {
        self.world.standard()
    }

    /// A document that breaks its model must not enter the world, whoever made it.
    pub fn check(&self, model: &str, value: &Value) -> Result<(), ApiError> {
        let Some(check) = self.contract.model(model) else {
            return Err(ApiError::internal(format!("the contract has no model {model}")));
        };
        if check.accepts(value) {
            return Ok(());
        }
        let violations = check.explain("", value);
        let message = violations.first().map_or_else(|| "it breaks its model".to_owned(), |v| v.message.clone());
        Err(ApiError::new(400, message))
    }

    /// The moment of the call as LeadConduit writes it.
    #[must_use]
    pub fn stamp(&self) -> String {
        stamp(self.now)
    }
}
