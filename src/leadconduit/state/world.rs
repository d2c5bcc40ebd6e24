//! The whole state of one sandbox.

use std::sync::Arc;

use imbl::OrdMap;
use serde_json::Value;

use super::account::Account;
use super::budget::{BudgetExceeded, WorldMemory, WorldUsage};
use super::cap_count::CapCount;
use super::collection::Collection;
use super::events::{EventBatch, EventLog, GeneratedEvents};
use super::identity::{ApiKeyOwner, Caller};
use super::sso::{Sso, SsoCallContext, Unreachable};
use super::undo_log::UndoEntry;
use crate::contract::standard::StandardDocuments;
use crate::support::clock::{Clock, Timestamp};
use crate::support::document::{Document, canonical_id};
use crate::support::ids::{IdGenerator, ObjectId};
use crate::support::rng::{Purpose, SeededRng};

/// How many cap counts an account stores before it drops all of them.
const CAP_COUNTS_MAX: usize = 10_000;

/// The whole state of one sandbox.
#[derive(Clone, Debug)]
pub struct World {
    /// Behind pointers, so that a write copies only the account that it changes.
    pub(super) accounts: OrdMap<Arc<str>, Arc<Account>>,
    pub(super) keys: OrdMap<Arc<str>, ApiKeyOwner>,
    /// The single-sign-on service.
    pub sso: Sso,
    /// The clock.
    pub clock: Clock,
    pub(super) ids: IdGenerator,
    seed: u64,
    pub(super) random_streams: u64,
    standard: Arc<StandardDocuments>,
    /// What all worlds of the server use; `None` for the worlds that sandboxes start with.
    memory: Option<Arc<WorldMemory>>,
    pub(super) usage: WorldUsage,
    /// The undo log of the current transaction; `None` while a world is being built.
    pub(super) undo_log: Option<Vec<UndoEntry>>,
}

impl World {
    /// A world without accounts and without standard documents.
    #[cfg(test)]
    pub(crate) fn empty(seed: u64, clock: Clock) -> Self {
        Self::with_standard(Arc::default(), seed, clock)
    }

    /// A world without accounts.
    #[must_use]
    pub fn with_standard(standard: Arc<StandardDocuments>, seed: u64, clock: Clock) -> Self {
        Self {
            accounts: OrdMap::new(),
            keys: OrdMap::new(),
            sso: Sso::empty(),
            clock,
            ids: IdGenerator::new(seed),
            seed,
            random_streams: 0,
            standard,
            memory: None,
            usage: WorldUsage::default(),
            undo_log: None,
        }
    }

    /// The documents that LeadConduit provides to every account.
    #[must_use]
    pub fn standard(&self) -> &StandardDocuments {
        &self.standard
    }

    /// The accounts by id.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &Account)> {
        self.accounts.iter().map(|(id, account)| (&**id, &**account))
    }

    /// One account.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id).map(|account| &**account)
    }

    /// Adds an account, or replaces the own document of an existing one.
    pub fn put_account(&mut self, id: &str, document: Document) {
        if let Some(memory) = &self.memory {
            document.charge_to(&memory.documents);
        }
        self.usage.add(None, document.len());
        let document = Arc::new(document);
        let before = if let Some(account) = self.accounts.get_mut(id) {
            Some(std::mem::replace(&mut Arc::make_mut(account).document, document))
        } else {
            self.accounts.insert(id.into(), Arc::new(Account::new(document)));
            None
        };
        if let Some(before) = &before {
            self.usage.remove(None, before.len());
        }
        self.record_undo(|| UndoEntry::Account { id: id.into(), before });
    }

    /// Adds a document to an account, or replaces the one with its id. Without such an account the world stays as it is.
    pub fn put(
        &mut self,
        account: &str,
        collection: Collection,
        id: &str,
        document: impl Into<Arc<Document>>,
    ) -> Arc<Document> {
        let document = document.into();
        if let Some(memory) = &self.memory {
            document.charge_to(memory.gauge_of(collection));
        }
        let id: Arc<str> = (&*canonical_id(id)).into();
        let before = self.insert(account, collection, Arc::clone(&id), Arc::clone(&document));
        self.record_undo(|| UndoEntry::Document { account: account.into(), collection, id, before });
        document
    }

    /// Removes a document from an account.
    pub fn remove(&mut self, account: &str, collection: Collection, id: &str) -> Option<Arc<Document>> {
        let id = canonical_id(id);
        let documents = &mut Arc::make_mut(self.accounts.get_mut(account)?).collections[collection as usize];
        let removed = documents.remove(&*id)?;
        self.usage.remove(Some(collection), removed.len());
        let before = Some(Arc::clone(&removed));
        self.record_undo(|| UndoEntry::Document { account: account.into(), collection, id: (&*id).into(), before });
        Some(removed)
    }

    pub(super) fn insert(
        &mut self,
        account: &str,
        collection: Collection,
        id: Arc<str>,
        document: Arc<Document>,
    ) -> Option<Arc<Document>> {
        let documents = &mut Arc::make_mut(self.accounts.get_mut(account)?).collections[collection as usize];
        self.usage.add(Some(collection), document.len());
        let replaced = documents.insert(id, document);
        if let Some(replaced) = &replaced {
            self.usage.remove(Some(collection), replaced.len());
        }
        replaced
    }

    /// Adds an entry to the undo log of the current transaction, if there is one.
    pub(super) fn record_undo(&mut self, entry: impl FnOnce() -> UndoEntry) {
        if let Some(undo_log) = &mut self.undo_log {
            undo_log.push(entry());
        }
    }

    /// Adds an event to an account, or replaces the one with its id. `None` without such an account, or when the value
    /// is not an event.
    pub fn put_event(&mut self, account: &str, value: &Value) -> Option<Arc<Document>> {
        self.change_events(account, |events| events.put(value))
    }

    /// The newest stored event of an account with an id above `after`, if this world has issued its id: that of a request
    /// that began later and was faster. Events in the future of the clock, which was set back then, do not count.
    #[must_use]
    pub fn later_event(&self, account: &str, after: ObjectId) -> Option<ObjectId> {
        let end = self.ids.last_id(self.clock.now());
        self.account(account)?.events.newest_stored(after, end, |id| self.ids.is_process_of(id))
    }

    /// Adds the events of a batch. `None` without such an account.
    pub fn put_event_batch(&mut self, account: &str, batch: EventBatch) -> Option<()> {
        let events = &mut Arc::make_mut(self.accounts.get_mut(account)?).events;
        events.use_memory(self.memory.as_ref());
        match events.append_batch(batch) {
            Ok(batch) => {
                self.record_undo(|| UndoEntry::Appended { account: account.into(), batch });
                Some(())
            }
            Err(batch) => self.change_events(account, |events| {
                events.put_batch(batch);
                Some(())
            }),
        }
    }

    /// Changes the events of an account. A change that returns `None` is not recorded in the undo log.
    fn change_events<T>(&mut self, account: &str, change: impl FnOnce(&mut EventLog) -> Option<T>) -> Option<T> {
        let events = &mut Arc::make_mut(self.accounts.get_mut(account)?).events;
        let before = events.clone();
        events.use_memory(self.memory.as_ref());
        let result = change(events)?;
        self.record_undo(|| UndoEntry::Events { account: account.into(), before });
        Some(result)
    }

    /// Removes the recorded events of an account that began before a time, in milliseconds since 1970.
    pub fn evict_events_before(&mut self, account: &str, before_ms: i64) {
        if self.account(account).is_some_and(|found| found.events.has_recorded_before(before_ms)) {
            self.change_events(account, |events| {
                events.evict_before(before_ms);
                Some(())
            });
        }
    }

    /// Adds a generated history to an account. Without such an account the world stays as it is.
    pub fn add_history(&mut self, account: &str, history: Arc<dyn GeneratedEvents>) {
        self.change_events(account, |events| {
            events.add_history(history);
            Some(())
        });
    }

    /// Stores cap counts. They are derived from the events, so a rollback need not undo them, provided that they are
    /// counted before the transaction writes events.
    pub fn store_cap_counts(&mut self, account: &str, counts: impl IntoIterator<Item = (Arc<str>, CapCount)>) {
        let Some(account) = self.accounts.get_mut(account) else { return };
        let account = Arc::make_mut(account);
        account.cap_counts.extend(counts);
        // Counts of deleted caps stay behind; this bounds them.
        if account.cap_counts.len() > CAP_COUNTS_MAX {
            account.cap_counts.clear();
        }
    }

    /// What the world contains.
    #[must_use]
    pub fn usage(&self) -> WorldUsage {
        self.usage
    }

    /// Counts what is written from now on in what all worlds of the server use.
    pub fn use_memory(&mut self, memory: &Arc<WorldMemory>) {
        self.memory = Some(Arc::clone(memory));
    }

    /// Counts everything in this world in what all worlds of the server use.
    pub fn charge_to(&mut self, memory: &Arc<WorldMemory>) {
        self.use_memory(memory);
        for account in self.accounts.values() {
            account.document.charge_to(&memory.documents);
            for collection in Collection::ALL {
                account.all(collection).values().for_each(|one| one.charge_to(memory.gauge_of(collection)));
            }
            account.events.charge_to(&memory.events);
        }
        let sso = self.sso.accounts.values().chain(self.sso.connections.values());
        sso.for_each(|one| one.charge_to(&memory.documents));
    }

    /// Checks the budgets after a change.
    ///
    /// # Errors
    ///
    /// When the change has exceeded a budget of documents.
    pub fn check_budgets(&self, before: WorldUsage) -> Result<(), BudgetExceeded> {
        self.memory.as_ref().map_or(Ok(()), |memory| self.usage.check(before, memory))
    }

    /// How many bytes of changelogs this world must evict.
    #[must_use]
    pub fn changelog_excess(&self) -> usize {
        self.memory.as_ref().map_or(0, |memory| memory.changelog_excess(self.usage.changelog_bytes))
    }

    /// The owner of an API key.
    #[must_use]
    pub fn key(&self, key: &str) -> Option<&ApiKeyOwner> {
        self.keys.get(key)
    }

    /// The API keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &ApiKeyOwner)> {
        self.keys.iter().map(|(key, owner)| (&**key, owner))
    }

    /// Adds an API key, or replaces its owner.
    pub fn put_key(&mut self, key: &str, owner: ApiKeyOwner) {
        self.keys.insert(key.into(), owner);
    }

    /// Removes an API key.
    pub fn remove_key(&mut self, key: &str) {
        self.keys.remove(key);
    }

    /// Whether a text is an API key.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The caller that an API key identifies.
    #[must_use]
    pub fn caller(&self, key: &str) -> Option<Caller> {
        let owner = self.key(key)?;
        let document = self.account(&owner.account)?.get(Collection::Users, &owner.user)?;
        Some(Caller {
            account: Arc::clone(&owner.account),
            user: Arc::clone(&owner.user),
            document: Arc::clone(document),
        })
    }

    /// Calls the single-sign-on service: `Sso::call` with the seed of this world.
    ///
    /// # Errors
    ///
    /// When the status of the service makes this call fail.
    pub fn call_sso(&self, call: &SsoCallContext<'_>, now: Timestamp) -> Result<&Sso, Unreachable> {
        self.sso.call(self.seed, call, now).map(|()| &self.sso)
    }

    /// A copy that shares every document, but no counter and no undo log.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut world = self.clone();
        world.undo_log = None;
        world.sso.reset_counters(self.sso.calls(), self.sso.since());
        world
    }

    /// The seed of all generated values.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A new object id at the time `now`.
    pub fn next_id(&mut self, now: Timestamp) -> ObjectId {
        self.ids.next_id(now)
    }

    /// A new short id.
    pub fn next_short_id(&mut self) -> String {
        self.ids.next_short_id()
    }

    /// The state of the id generator.
    #[must_use]
    pub fn ids(&self) -> &IdGenerator {
        &self.ids
    }

    /// Replaces the id generator, such as with one that was used outside this world for a while.
    pub fn set_ids(&mut self, ids: IdGenerator) {
        self.ids = ids;
    }

    /// The next random number stream for a purpose, and the id generator.
    pub fn random_stream(&mut self, purpose: Purpose) -> (SeededRng, &mut IdGenerator) {
        self.random_streams += 1;
        (SeededRng::nth(self.seed, purpose, self.random_streams), &mut self.ids)
    }

    /// How many random number streams have been drawn.
    #[must_use]
    pub fn random_streams(&self) -> u64 {
        self.random_streams
    }

    /// Sets how many random number streams have been drawn, to restore a snapshot.
    pub fn set_random_streams(&mut self, random_streams: u64) {
        self.random_streams = random_streams;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn later_events_are_those_that_the_world_has_issued_until_now() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut world = World::empty(1, Clock::Frozen(at(10)));
        world.put_account("a", Document::new(&json!({"id": "a"})));
        let [earlier, late] = [5, 10].map(|second| world.next_id(at(second)));
        let in_the_future = world.next_id(at(20));
        let of_another_world = ObjectId::new(9, [0; 5], 1);
        assert_eq!(world.later_event("a", earlier), None);
        for id in [in_the_future, of_another_world] {
            world.put_event("a", &json!({"id": id, "type": "source", "outcome": "success"}));
        }
        assert_eq!(world.later_event("a", earlier), None);
        world.put_event("a", &json!({"id": late, "type": "source", "outcome": "success"}));
        assert_eq!(world.later_event("a", earlier), Some(late));
        assert_eq!(world.later_event("a", late), None);
    }
}
