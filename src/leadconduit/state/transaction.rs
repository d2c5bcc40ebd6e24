//! Transactions: writes that leave no trace unless they are committed.
//!
//! An undo log is cheaper than working on a copy. The maps of a world share their nodes with every copy, so that as long
//! as a copy exists, each write must copy the path to the node that it changes.

use std::sync::Arc;

use imbl::OrdMap;

use super::collection::Collection;
use super::identity::ApiKeyOwner;
use super::sso::Sso;
use super::undo_log::UndoEntry;
use super::world::World;
use crate::support::ids::IdGenerator;

/// A point within a transaction that the world can be rolled back to.
#[derive(Debug)]
pub struct Savepoint {
    undo_len: usize,
    ids: IdGenerator,
    random_streams: u64,
    /// The single-sign-on service and the API keys; `None` in a transaction that does not change them.
    others: Option<(Sso, OrdMap<Arc<str>, ApiKeyOwner>)>,
}

/// A transaction. Dropping it without a commit, in a panic too, rolls the world back to its start.
#[derive(Debug)]
pub struct Transaction<'w> {
    world: &'w mut World,
    start: Option<Savepoint>,
}

impl<'w> Transaction<'w> {
    /// Begins a transaction.
    pub fn begin(world: &'w mut World) -> Self {
        world.undo_log.get_or_insert_default().clear();
        let start = Some(world.savepoint());
        Self { world, start }
    }

    /// Begins a transaction that changes accounts, their documents and events only. It counts no references to the rest of
    /// the world, which threads that store leads would do in turns.
    pub fn begin_for_accounts(world: &'w mut World) -> Self {
        world.undo_log.get_or_insert_default().clear();
        let start = Some(world.account_savepoint());
        Self { world, start }
    }

    /// The world, to be changed.
    pub fn world(&mut self) -> &mut World {
        self.world
    }

    /// Rolls the world back to its start, except for the id generator and the random number streams: ids that were sent
    /// to a recipient must not be issued again.
    pub fn rollback_keeping_ids(mut self) {
        if let Some(start) = &mut self.start {
            start.ids.clone_from(&self.world.ids);
            start.random_streams = self.world.random_streams;
        }
    }

    /// Whether the changes only add events and count pings. No lead of a flow without caps depends on them.
    #[must_use]
    pub fn only_adds_leads(&self) -> bool {
        let is_counted = |entry: &UndoEntry| match entry {
            UndoEntry::Events { .. } | UndoEntry::Appended { .. } => true,
            UndoEntry::Document { collection, .. } => *collection == Collection::PingTotals,
            UndoEntry::Account { .. } => false,
        };
        // Other changes than those of accounts are not in the log.
        self.world.undo_log.as_ref().is_some_and(|undo_log| !undo_log.is_empty() && undo_log.iter().all(is_counted))
    }

    /// Makes the changes permanent.
    pub fn commit(mut self) {
        self.start = None;
        // Cleared, not dropped: the next transaction reuses its capacity.
        if let Some(undo_log) = &mut self.world.undo_log {
            undo_log.clear();
        }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if let Some(start) = self.start.take() {
            self.world.rollback_to(start);
        }
    }
}

impl World {
    /// A copy on which leads are processed, without what leads add: events and counts of pings. It can be used for several
    /// leads, and [`World::has_changes`] shows whether it was changed. It shares no map that leads change, because the
    /// world would have to copy the nodes of a shared one.
    #[must_use]
    pub fn lead_copy(&self) -> Self {
        let accounts = self.accounts.iter().map(|(id, account)| (Arc::clone(id), Arc::new(account.without_leads())));
        let mut copy = self.clone();
        copy.accounts = accounts.collect();
        copy.undo_log = Some(Vec::new());
        copy
    }

    /// Whether accounts, documents or events were changed since the copy was made.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.undo_log.as_ref().is_none_or(|undo_log| !undo_log.is_empty())
    }

    /// The current point of the transaction.
    #[must_use]
    pub fn savepoint(&self) -> Savepoint {
        Savepoint { others: Some((self.sso.clone(), self.keys.clone())), ..self.account_savepoint() }
    }

    fn account_savepoint(&self) -> Savepoint {
        Savepoint {
            undo_len: self.undo_log.as_ref().map_or(0, Vec::len),
            ids: self.ids.clone(),
            random_streams: self.random_streams,
            others: None,
        }
    }

    /// Undoes every write since the savepoint.
    pub fn rollback_to(&mut self, savepoint: Savepoint) {
        // Taken out meanwhile, so that undoing does not record itself.
        let Some(mut undo_log) = self.undo_log.take() else { return };
        for entry in undo_log.drain(savepoint.undo_len.min(undo_log.len())..).rev() {
            match entry {
                UndoEntry::Document { account, collection, id, before: Some(before) } => {
                    self.insert(&account, collection, id, before);
                }
                UndoEntry::Document { account, collection, id, before: None } => {
                    self.remove(&account, collection, &id);
                }
                UndoEntry::Events { account, before } => {
                    if let Some(account) = self.accounts.get_mut(&account) {
                        Arc::make_mut(account).events = before;
                    }
                }
                UndoEntry::Appended { account, batch } => {
                    if let Some(account) = self.accounts.get_mut(&account) {
                        Arc::make_mut(account).events.undo_append(batch);
                    }
                }
                UndoEntry::Account { id, before: None } => {
                    if let Some(removed) = self.accounts.remove(&id) {
                        self.usage.remove(None, removed.document.len());
                    }
                }
                UndoEntry::Account { id, before: Some(before) } => {
                    if let Some(account) = self.accounts.get_mut(&id) {
                        self.usage.add(None, before.len());
                        let replaced = std::mem::replace(&mut Arc::make_mut(account).document, before);
                        self.usage.remove(None, replaced.len());
                    }
                }
            }
        }
        self.undo_log = Some(undo_log);
        self.ids = savepoint.ids;
        self.random_streams = savepoint.random_streams;
        if let Some((sso, keys)) = savepoint.others {
            (self.sso, self.keys) = (sso, keys);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::support::clock::Clock;
    use crate::support::document::Document;

    fn world() -> World {
        let mut world = World::empty(1, Clock::Real);
        world.put_account("a", Document::new(&json!({"id": "a", "name": "before"})));
        world.put("a", Collection::Flows, "old", Document::new(&json!({"id": "old", "n": 1})));
        world
    }

    /// Everything that a rollback must restore, as text.
    fn state_of(world: &World) -> String {
        let account = world.account("a").unwrap();
        let flows: Vec<_> = account.all(Collection::Flows).values().map(|d| d.value().to_string()).collect();
        let (accounts, keys) = (world.accounts().count(), world.keys().count());
        let sso = &world.sso.status;
        let (document, usage) = (account.document().value(), world.usage);
        format!("{document} {flows:?} {accounts} {keys} {sso:?} {:?} {} {usage:?}", world.ids, world.random_streams)
    }

    fn change_everything(world: &mut World) {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let id = world.next_id(now);
        world.put("a", Collection::Flows, &id.to_string(), Document::new(&json!({"id": id})));
        world.put("a", Collection::Flows, "old", Document::new(&json!({"id": "old", "n": 2})));
        world.put("a", Collection::Flows, "old", Document::new(&json!({"id": "old", "n": 3})));
        world.remove("a", Collection::Flows, "old");
        world.put_account("a", Document::new(&json!({"id": "a", "name": "after"})));
        world.random_stream(crate::support::rng::Purpose::Responses);
        world.put_account("b", Document::new(&json!({"id": "b"})));
        world.put("b", Collection::Flows, "new", Document::new(&json!({"id": "new"})));
        world.put_key("key", ApiKeyOwner { account: "b".into(), user: "u".into() });
        world.sso.status = crate::leadconduit::state::sso::SsoStatus::Down;
    }

    #[test]
    fn a_dropped_transaction_leaves_no_trace() {
        let mut world = world();
        let before = state_of(&world);
        let mut dropped = Transaction::begin(&mut world);
        change_everything(dropped.world());
        assert_ne!(state_of(dropped.world()), before);
        drop(dropped);
        assert_eq!(state_of(&world), before);
    }

    #[test]
    fn a_transaction_for_accounts_rolls_accounts_back() {
        let mut world = world();
        let before = state_of(&world);
        let mut dropped = Transaction::begin_for_accounts(&mut world);
        let id = dropped.world().next_id("2026-01-01T00:00:00Z".parse().unwrap());
        dropped.world().put("a", Collection::Flows, "old", Document::new(&json!({"id": id})));
        dropped.world().put_account("b", Document::new(&json!({"id": "b"})));
        assert_ne!(state_of(dropped.world()), before);
        drop(dropped);
        assert_eq!(state_of(&world), before);
    }

    #[test]
    fn a_rollback_can_keep_ids_and_random_streams() {
        let mut world = world();
        let (before, random_streams) = (state_of(&world), world.random_streams);
        let mut suspended = Transaction::begin(&mut world);
        change_everything(suspended.world());
        let issued = suspended.world().ids.clone();
        suspended.rollback_keeping_ids();
        assert_eq!((format!("{:?}", world.ids), world.random_streams), (format!("{issued:?}"), random_streams + 1));
        world.ids = IdGenerator::new(1);
        world.random_streams = random_streams;
        assert_eq!(state_of(&world), before);
    }

    #[test]
    fn a_panic_rolls_back() {
        let mut world = world();
        let before = state_of(&world);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut panicking = Transaction::begin(&mut world);
            change_everything(panicking.world());
            panic!("inside a transaction");
        }));
        assert!(result.is_err());
        assert_eq!(state_of(&world), before);
    }

    #[test]
    fn a_commit_is_permanent_and_a_savepoint_undoes_a_part() {
        let mut world = world();
        let mut committed = Transaction::begin(&mut world);
        committed.world().put("a", Collection::Flows, "new", Document::new(&json!({"id": "new"})));
        let (savepoint, at_savepoint) = (committed.world().savepoint(), state_of(committed.world()));
        change_everything(committed.world());
        committed.world().rollback_to(savepoint);
        assert_eq!(state_of(committed.world()), at_savepoint);
        committed.commit();
        assert_eq!(state_of(&world), at_savepoint);
        // The next transaction does not undo the committed one.
        let mut next = Transaction::begin(&mut world);
        change_everything(next.world());
        drop(next);
        assert_eq!(state_of(&world), at_savepoint);
    }
}
