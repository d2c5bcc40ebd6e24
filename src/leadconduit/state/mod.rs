//! Everything the simulated LeadConduit knows. A world is a value: copying it shares every document. A change that
//! is not kept leaves no trace ([`change`]).

pub mod collection;
pub mod events;
pub mod identity;
pub mod sso;
pub mod tally;
pub mod transaction;

use std::sync::Arc;

use imbl::OrdMap;
use serde_json::Value;

use crate::contract::standard::Standard;
use crate::support::clock::{Clock, Timestamp};
pub(crate) use crate::support::document::key_of;
pub use crate::support::document::{Document, is_object_id, items, text};
use crate::support::ids::IdSource;
use crate::support::rng::{Purpose, SeededRng};
pub use collection::{Collection, Documents};
use events::{EventBatch, EventHistory, EventLog};
pub use identity::{ApiKeyOwner, Caller};
use sso::Sso;
use tally::Tally;

/// How many tallies an account keeps before it begins anew.
const TALLIES_MAX: usize = 10_000;

/// The whole state of one sandbox.
#[derive(Clone, Debug)]
pub struct World {
    /// Behind a pointer, so that a write copies the one account that it changes and no other.
    accounts: OrdMap<Arc<str>, Arc<Account>>,
    keys: OrdMap<Arc<str>, ApiKeyOwner>,
    /// The single-sign-on service.
    pub sso: Sso,
    /// The clock.
    pub clock: Clock,
    ids: IdSource,
    seed: u64,
    draws: u64,
    standard: Arc<Standard>,
    /// What the change that is under way has done so far; `None` while a world is being built.
    steps: Option<Vec<transaction::Step>>,
}

/// One account: its own document and what it owns.
#[derive(Clone, Debug)]
pub struct Account {
    document: Arc<Document>,
    collections: [Documents; Collection::ALL.len()],
    events: EventLog,
    tallies: OrdMap<Arc<str>, Tally>,
}

impl Account {
    /// The account's own document, without what is computed from others.
    #[must_use]
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// Whether it has no paid plan. Inferred: of all that the account document says, `features.lead_transactions`
    /// fits best what a free account is without.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.document.value().pointer("/features/lead_transactions") == Some(&Value::Bool(false))
    }

    /// The documents of one kind.
    #[must_use]
    pub fn all(&self, collection: Collection) -> &Documents {
        &self.collections[collection as usize]
    }

    /// What happened to its leads.
    #[must_use]
    pub fn events(&self) -> &EventLog {
        &self.events
    }

    /// What a cap has counted so far, when that was kept.
    #[must_use]
    pub fn tally(&self, cap: &str) -> Option<&Tally> {
        self.tallies.get(cap)
    }

    /// One document.
    #[must_use]
    pub fn get(&self, collection: Collection, id: &str) -> Option<&Arc<Document>> {
        self.all(collection).get(&*key_of(id))
    }
}

impl World {
    /// A world without accounts, and without what LeadConduit brings along.
    #[must_use]
    pub fn empty(seed: u64, clock: Clock) -> Self {
        Self::with_standard(Arc::default(), seed, clock)
    }

    /// A world without accounts.
    #[must_use]
    pub fn with_standard(standard: Arc<Standard>, seed: u64, clock: Clock) -> Self {
        Self {
            accounts: OrdMap::new(),
            keys: OrdMap::new(),
            sso: Sso::empty(),
            clock,
            ids: IdSource::new(seed),
            seed,
            draws: 0,
            standard,
            steps: None,
        }
    }

    /// What LeadConduit brings along for every account.
    #[must_use]
    pub fn standard(&self) -> &Standard {
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

    /// Adds an account, or puts another document in the place of its own.
    pub fn put_account(&mut self, id: &str, document: Document) {
        let document = Arc::new(document);
        match self.accounts.get_mut(id) {
            Some(account) => {
                let account = Arc::make_mut(account);
                let before = Some(std::mem::replace(&mut account.document, document));
                self.note(|| transaction::Step::Account { id: id.into(), before });
            }
            None => {
                let collections = std::array::from_fn(|_| Documents::new());
                let events = EventLog::default();
                let tallies = OrdMap::new();
                self.accounts.insert(id.into(), Arc::new(Account { document, collections, events, tallies }));
                self.note(|| transaction::Step::Account { id: id.into(), before: None });
            }
        }
    }

    /// Adds a document to an account, or replaces the one with its id. Nothing happens without the account.
    pub fn put(&mut self, account: &str, collection: Collection, id: &str, document: Document) -> Arc<Document> {
        let document = Arc::new(document);
        let id: Arc<str> = (&*key_of(id)).into();
        let before = self.insert(account, collection, Arc::clone(&id), Arc::clone(&document));
        self.note(|| transaction::Step::Document { account: account.into(), collection, id, before });
        document
    }

    /// Adds an event to an account, or replaces the one with its id. `None` without the account, or when the value is
    /// no event.
    pub fn put_event(&mut self, account: &str, value: &Value) -> Option<Arc<Document>> {
        self.change_events(account, |events| events.put(value))
    }

    /// Adds the events of what somebody has left behind. `None` without the account.
    pub fn put_events(&mut self, account: &str, left: EventBatch) -> Option<()> {
        self.change_events(account, |events| {
            events.put_all(left);
            Some(())
        })
    }

    /// Changes the events of an account, unless that comes to nothing.
    fn change_events<T>(&mut self, account: &str, change: impl FnOnce(&mut EventLog) -> Option<T>) -> Option<T> {
        let events = &mut Arc::make_mut(self.accounts.get_mut(account)?).events;
        let before = events.clone();
        let done = change(events)?;
        self.note(|| transaction::Step::Events { account: account.into(), before });
        Some(done)
    }

    /// Lets go of the events of an account that began earlier than a moment, in milliseconds since 1970.
    pub fn forget_events(&mut self, account: &str, before_ms: i64) {
        if self.account(account).is_some_and(|found| found.events.reaches_before(before_ms)) {
            self.change_events(account, |events| {
                events.forget_before(before_ms);
                Some(())
            });
        }
    }

    /// Keeps what caps have counted. It follows from the events, so that no change need take it back: it has to be
    /// counted before the change writes events.
    pub fn keep_tallies(&mut self, account: &str, tallies: impl IntoIterator<Item = (Arc<str>, Tally)>) {
        let Some(account) = self.accounts.get_mut(account) else { return };
        let account = Arc::make_mut(account);
        for (cap, tally) in tallies {
            account.tallies.insert(cap, tally);
        }
        // A cap that is gone leaves its tally behind; so many are nobody's.
        if account.tallies.len() > TALLIES_MAX {
            account.tallies.clear();
        }
    }

    /// Adds a past to an account. Nothing happens without the account.
    pub fn add_past(&mut self, account: &str, past: Arc<dyn EventHistory>) {
        self.change_events(account, |events| {
            events.add_past(past);
            Some(())
        });
    }

    /// Takes a document out of an account.
    pub fn remove(&mut self, account: &str, collection: Collection, id: &str) -> Option<Arc<Document>> {
        let id = key_of(id);
        let documents = &mut Arc::make_mut(self.accounts.get_mut(account)?).collections[collection as usize];
        let removed = documents.remove(&*id)?;
        let before = Some(Arc::clone(&removed));
        self.note(|| transaction::Step::Document { account: account.into(), collection, id: (&*id).into(), before });
        Some(removed)
    }

    fn insert(
        &mut self,
        account: &str,
        collection: Collection,
        id: Arc<str>,
        document: Arc<Document>,
    ) -> Option<Arc<Document>> {
        Arc::make_mut(self.accounts.get_mut(account)?).collections[collection as usize].insert(id, document)
    }

    /// Whose key it is.
    #[must_use]
    pub fn key(&self, key: &str) -> Option<&ApiKeyOwner> {
        self.keys.get(key)
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &ApiKeyOwner)> {
        self.keys.iter().map(|(key, owner)| (&**key, owner))
    }

    /// Gives a key to a user.
    pub fn put_key(&mut self, key: &str, owner: ApiKeyOwner) {
        self.keys.insert(key.into(), owner);
    }

    /// The seed of everything that is made up.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many streams of chance have been drawn.
    #[must_use]
    pub fn draws(&self) -> u64 {
        self.draws
    }

    /// Goes on as if so many streams of chance had been drawn.
    pub fn continue_draws(&mut self, draws: u64) {
        self.draws = draws;
    }

    /// The source of ids as it stands.
    #[must_use]
    pub fn ids(&self) -> &IdSource {
        &self.ids
    }

    /// A copy that lives on by itself. It shares every document, and nothing that is counted.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut world = self.clone();
        world.steps = None;
        world.sso.count_from(self.sso.calls(), self.sso.since());
        world
    }

    /// Takes a key away from its user.
    pub fn remove_key(&mut self, key: &str) {
        self.keys.remove(key);
    }

    /// A new object id at the moment `now`.
    pub fn next_id(&mut self, now: Timestamp) -> String {
        self.ids.next_id(now)
    }

    /// A new short id.
    pub fn next_short_id(&mut self) -> String {
        self.ids.next_short_id()
    }

    /// Goes on with a source of ids that was drawn from for a while outside.
    pub fn continue_ids(&mut self, ids: IdSource) {
        self.ids = ids;
    }

    /// The source of ids, and a stream of chance of its own for one thing that is made up.
    pub fn draw(&mut self, purpose: Purpose) -> (SeededRng, &mut IdSource) {
        self.draws += 1;
        (SeededRng::nth(self.seed, purpose, self.draws), &mut self.ids)
    }
}
