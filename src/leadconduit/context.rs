//! What an operation can read and write: the world, the caller, the input, the time and the SSO service.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;

use super::api_error::ApiError;
use super::changelog;
use super::outbound_log::{OutboundLog, WriteError, WriteResult};
use super::response::OperationResponse;
use crate::contract::Contract;
use crate::contract::standard::StandardDocuments;
use crate::contract::validate::OperationInput;
use crate::leadconduit::flow_model::Flow;
use crate::leadconduit::live_flow::{enabled_firehose, find_live_flow};
use crate::leadconduit::state::events::{EventBatch, EventLog, EventSummary, EventTypes, TimeSpan};
use crate::leadconduit::state::retention;
use crate::leadconduit::state::sso::{Sso, SsoCallContext, Unreachable};
use crate::leadconduit::state::{Account, Caller, Collection, World, events};
use crate::support::clock::{SignedDuration, Timestamp, format_timestamp};
use crate::support::document::{Document, text};
use crate::support::ids::ObjectId;

/// The context of an operation that reads.
#[derive(Debug)]
pub struct ReadContext<'a> {
    /// The world of the request.
    pub world: &'a World,
    /// The authenticated caller, or the anonymous one.
    pub caller: &'a Caller,
    /// The parameters and the body.
    pub input: &'a OperationInput,
    /// The time of the request, by the sandbox's clock.
    pub now: Timestamp,
    /// The access to the single sign-on service.
    pub sso_call: &'a SsoCallContext<'a>,
    fresh_until: Cell<Option<Timestamp>>,
}

impl<'a> ReadContext<'a> {
    /// Creates a context whose response does not depend on the time yet.
    #[must_use]
    pub fn new(
        world: &'a World,
        caller: &'a Caller,
        input: &'a OperationInput,
        now: Timestamp,
        sso_call: &'a SsoCallContext<'a>,
    ) -> Self {
        Self { world, caller, input, now, sso_call, fresh_until: Cell::new(None) }
    }

    /// Calls the single sign-on service.
    ///
    /// # Errors
    /// The service is unreachable for this call.
    pub fn sso(&self) -> Result<&'a Sso, Unreachable> {
        self.world.call_sso(self.sso_call, self.now)
    }

    /// The caller's account.
    ///
    /// # Errors
    /// 401 for an anonymous caller.
    pub fn account(&self) -> Result<&'a Account, ApiError> {
        match self.world.account(&self.caller.account) {
            Some(account) => Ok(account),
            None if self.caller.is_anonymous() => Err(ApiError::not_authenticated()),
            None => Err(ApiError::internal("the caller's account does not exist")),
        }
    }

    /// The retained events of an account: those of the last 90 days of the sandbox's clock, or of fewer days where the
    /// account sets `data_retention_in_days`.
    #[must_use]
    pub fn retained_events(&self, account: &Account) -> EventLog {
        let since = retention::start_ms(account, self.now);
        let events = account.events().since(since);
        // The response changes when the oldest event expires.
        let oldest_ms =
            events.try_for_each(None, TimeSpan::ALL, EventTypes::ALL, |oldest| Err(oldest.summary().start_ms)).err();
        let remaining_ms = oldest_ms.map(|oldest_ms| oldest_ms - since);
        let expires_at = remaining_ms.and_then(|ms| self.now.checked_add(SignedDuration::from_millis(ms + 1)).ok());
        if let Some(expires_at) = expires_at {
            self.limit_freshness(expires_at);
        }
        events
    }

    /// The retained events of the caller's account.
    ///
    /// # Errors
    /// 401 for an anonymous caller.
    pub fn events(&self) -> Result<EventLog, ApiError> {
        Ok(self.retained_events(self.account()?))
    }

    /// The standard documents, which every account shares.
    #[must_use]
    pub fn standard(&self) -> &'a StandardDocuments {
        self.world.standard()
    }

    /// Whether a time stamp is in the past. The response stays fresh until the earliest time stamp that is not.
    #[must_use]
    pub fn has_passed(&self, timestamp: &str) -> bool {
        let Ok(at) = timestamp.parse::<Timestamp>() else { return false };
        if at <= self.now {
            return true;
        }
        self.limit_freshness(at);
        false
    }

    /// Limits the freshness of the response: it may differ from `at` on.
    pub fn limit_freshness(&self, at: Timestamp) {
        let earliest = self.fresh_until.get().map_or(at, |other| other.min(at));
        self.fresh_until.set(Some(earliest));
    }

    /// Marks the response as dependent on the current time, so that it is never fresh later.
    pub fn mark_time_dependent(&self) {
        self.fresh_until.set(Some(self.now));
    }

    /// Until when the response is valid if the world does not change; `None` when it does not depend on the time.
    #[must_use]
    pub fn fresh_until(&self) -> Option<Timestamp> {
        self.fresh_until.get()
    }
}

/// Stores a prepared write.
type Commit = Box<dyn FnOnce(&mut WriteContext<'_>) -> Result<(), ApiError>>;

/// Prepares a write.
pub type Preparation = fn(&mut WriteContext<'_>) -> Result<PreparedWrite, WriteError>;

/// A write that is prepared: its response, and what remains to be written.
///
/// A write is prepared on a copy of the world where possible, so that the sandbox is locked only while it is committed.
pub struct PreparedWrite {
    response: OperationResponse,
    commit: Commit,
}

impl PreparedWrite {
    /// A write with this response. `commit` stores it in the world of the context that it gets.
    #[must_use]
    pub fn new(
        response: OperationResponse,
        commit: impl FnOnce(&mut WriteContext<'_>) -> Result<(), ApiError> + 'static,
    ) -> Self {
        Self { response, commit: Box::new(commit) }
    }

    /// Stores the write, and returns its response.
    ///
    /// # Errors
    /// What was prepared cannot be stored.
    pub fn commit(self, context: &mut WriteContext<'_>) -> WriteResult {
        (self.commit)(context)?;
        Ok(self.response)
    }
}

/// The context of an operation that writes.
#[derive(Debug)]
pub struct WriteContext<'a> {
    /// The world, in a transaction that is committed only when the operation succeeds.
    pub world: &'a mut World,
    /// Whether the world is a copy that is dropped: then only a [`PreparedWrite`] can write.
    pub is_copy: bool,
    /// The contract, against which every document is validated.
    pub contract: &'a Contract,
    /// The authenticated caller, or the anonymous one.
    pub caller: &'a Caller,
    /// The parameters and the body.
    pub input: &'a OperationInput,
    /// The time of the request, by the sandbox's clock.
    pub now: Timestamp,
    /// The access to the single sign-on service.
    pub sso_call: &'a SsoCallContext<'a>,
    /// Whether the trigger domains force outcomes.
    pub triggers: bool,
    /// The outbound effects of the operation.
    pub effects: &'a mut OutboundLog,
}

impl WriteContext<'_> {
    /// Ends the preparation of a write on a copy of the world: it depends on the events or counts of earlier leads, which
    /// concurrent writes change.
    ///
    /// # Errors
    /// [`WriteError::NeedsLock`] when the world is a copy.
    pub(crate) fn require_lock(&self) -> Result<(), WriteError> {
        if self.is_copy { Err(WriteError::NeedsLock) } else { Ok(()) }
    }

    /// The same context for reading.
    #[must_use]
    pub fn read_context(&self) -> ReadContext<'_> {
        ReadContext::new(self.world, self.caller, self.input, self.now, self.sso_call)
    }

    /// The caller's account.
    ///
    /// # Errors
    /// 401 for an anonymous caller.
    pub fn account(&self) -> Result<&Account, ApiError> {
        self.read_context().account()
    }

    /// Calls the single sign-on service.
    ///
    /// # Errors
    /// 503 when the service is unreachable for this call.
    pub fn sso(&self) -> Result<&Sso, ApiError> {
        self.world.call_sso(self.sso_call, self.now).map_err(|_| ApiError::sso_unreachable())
    }

    /// Validates a document and stores it in a collection of the caller's account, with a changelog entry.
    ///
    /// # Errors
    /// 400 when the document violates its model.
    pub fn put(&mut self, collection: Collection, value: &Value) -> Result<Arc<Document>, ApiError> {
        let account = Arc::clone(&self.caller.account);
        self.put_for_account(&account, collection, value)
    }

    /// Validates a document and stores it in a collection of any account, with a changelog entry.
    ///
    /// # Errors
    /// 400 when the document violates its model.
    pub fn put_for_account(
        &mut self,
        account: &str,
        collection: Collection,
        value: &Value,
    ) -> Result<Arc<Document>, ApiError> {
        self.check(collection.model(), value)?;
        let document = Document::new(value);
        if collection == Collection::Flows {
            // Compiled now, so that the first lead costs what the next one costs.
            Flow::of(&document);
        }
        let id = text(value, collection.id_property());
        let before =
            collection.changelog_kind().and_then(|_| self.world.account(account)?.get(collection, id)).cloned();
        let after = self.world.put(account, collection, id, document);
        self.record_changelog(account, collection, before.as_ref(), Some(&after))?;
        Ok(after)
    }

    /// Removes a document from a collection of the caller's account, with a changelog entry.
    ///
    /// # Errors
    /// 404 when the collection has no document with this id.
    pub fn remove(&mut self, collection: Collection, id: &str) -> Result<Arc<Document>, ApiError> {
        let account = Arc::clone(&self.caller.account);
        let removed = self.world.remove(&account, collection, id).ok_or_else(|| ApiError::not_found(collection))?;
        self.record_changelog(&account, collection, Some(&removed), None)?;
        Ok(removed)
    }

    /// Stores the changelog entry of a write, and evicts the oldest entries when there are too many.
    fn record_changelog(
        &mut self,
        account: &str,
        collection: Collection,
        before: Option<&Arc<Document>>,
        after: Option<&Arc<Document>>,
    ) -> Result<(), ApiError> {
        let (timestamp, now) = (self.timestamp(), self.now);
        let id = || self.world.next_id(now);
        let Some(entry) = changelog::changelog_entry(collection, self.caller, id, &timestamp, before, after) else {
            return Ok(());
        };
        self.check(Collection::Changelogs.model(), &entry)?;
        self.world.put(account, Collection::Changelogs, text(&entry, "id"), Document::new(&entry));
        self.evict_changelogs(account);
        Ok(())
    }

    /// Evicts the oldest changelogs of an account, when there are too many or when they take too much memory.
    fn evict_changelogs(&mut self, account: &str) {
        let bytes_max = self.world.usage().changelog_bytes - self.world.changelog_excess();
        while let Some(changelogs) = self.world.account(account).map(|account| account.all(Collection::Changelogs)) {
            let is_large = self.world.usage().changelog_bytes > bytes_max && changelogs.len() > 1;
            let oldest = changelogs.keys().next().filter(|_| is_large || changelogs.len() > changelog::CHANGELOGS_MAX);
            let Some(oldest) = oldest.cloned() else { return };
            self.world.remove(account, Collection::Changelogs, &oldest);
        }
    }

    /// Validates an event and appends it to the log of an account.
    ///
    /// # Errors
    /// 400 when the event violates its model; 500 when the log does not accept it.
    pub fn put_event(&mut self, account: &str, event: &Value) -> Result<Arc<Document>, ApiError> {
        let with_firehose = self.add_firehose(account, event);
        let event = with_firehose.as_ref().unwrap_or(event);
        self.check(events::model(event), event)?;
        let written = self.world.put_event(account, event);
        let written = written.ok_or_else(|| ApiError::internal("the log does not accept the event"))?;
        self.evict_expired_events(account);
        if let Some(event) = with_firehose {
            self.effects.write_firehose(&event["firehose"], &event);
        }
        Ok(written)
    }

    /// An id for an event of an account, above those of all events that this world has stored for it: a client that pages
    /// by id would not see an event that is stored after one with a higher id.
    pub(crate) fn next_event_id(&mut self, account: &str) -> ObjectId {
        let id = self.world.next_id(self.now);
        match self.world.later_event(account, id) {
            Some(later) => self.world.next_id(self.not_before(later)),
            None => id,
        }
    }

    /// The time of the request, or that of an event if it is later.
    fn not_before(&self, event: ObjectId) -> Timestamp {
        Timestamp::from_second(event.unix_seconds()).map_or(self.now, |at| at.max(self.now))
    }

    /// Replaces the ids of events when one with a higher id was stored since they were taken, as of a lead that was
    /// processed at the same time.
    fn renumber(&mut self, account: &str, batch: &mut EventBatch) {
        let Some(first) = batch.summaries.get(batch.sent) else { return };
        let Some(later) = self.world.later_event(account, first.id) else { return };
        let at = self.not_before(later);
        batch.renumber(|| self.world.next_id(at));
        if self.effects.has_firehose() {
            // They have the former ids.
            self.effects.take_firehose_writes();
            for event in (0..batch.renderer.len()).map(|index| batch.renderer.render(index)) {
                if let Some(firehose) = event.get("firehose") {
                    self.effects.write_firehose(firehose, &event);
                }
            }
        }
    }

    /// Appends events that are rendered on demand. Their ids are replaced if events with higher ids were stored since they
    /// were taken. Their parts are validated already; builds with debug assertions,
    /// which all tests use, also validate each event and compare it with its summary.
    ///
    /// # Errors
    /// 500 when the log does not accept the events.
    pub fn put_event_batch(&mut self, account: &str, mut batch: EventBatch) -> Result<(), ApiError> {
        self.renumber(account, &mut batch);
        if cfg!(debug_assertions) {
            for (at, summary) in batch.summaries.iter().enumerate() {
                let event = batch.renderer.render(at);
                self.check(events::model(&event), &event)?;
                if EventSummary::from_event(&event).as_ref() != Some(summary) {
                    return Err(ApiError::internal(format!("{summary:?} is not the summary of {event}")));
                }
            }
        }
        let written = self.world.put_event_batch(account, batch);
        written.ok_or_else(|| ApiError::internal("the log does not accept the events"))?;
        self.evict_expired_events(account);
        Ok(())
    }

    /// Evicts the events that are older than the retention period.
    fn evict_expired_events(&mut self, account: &str) {
        if let Some(since) = self.world.account(account).map(|account| retention::start_ms(account, self.now)) {
            self.world.evict_events_before(account, since);
        }
    }

    /// The event with the firehose of its flow; `None` when the flow has none.
    fn add_firehose(&self, account: &str, event: &Value) -> Option<Value> {
        let flow = find_live_flow(self.world.account(account)?, text(&event["vars"]["flow"], "id"))?;
        let firehose = enabled_firehose(flow.value())?;
        let mut event = event.clone();
        event["firehose"] = firehose.clone();
        Some(event)
    }

    /// The standard documents, which every account shares.
    #[must_use]
    pub fn standard(&self) -> &StandardDocuments {
        self.world.standard()
    }

    /// Validates a document against its model. A document that violates its model must not enter the world.
    ///
    /// # Errors
    /// 400 with the first violation.
    pub fn check(&self, model: &str, value: &Value) -> Result<(), ApiError> {
        let Some(schema) = self.contract.model(model) else {
            return Err(ApiError::internal(format!("the contract has no model {model}")));
        };
        if schema.accepts(value) {
            return Ok(());
        }
        let violations = schema.violations("", value);
        let message =
            violations.first().map_or_else(|| "the document violates its model".to_owned(), |v| v.message.clone());
        Err(ApiError::new(400, message))
    }

    /// The time of the request in LeadConduit's format.
    #[must_use]
    pub fn timestamp(&self) -> String {
        format_timestamp(self.now)
    }
}
