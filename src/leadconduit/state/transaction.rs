//! A change of the world that leaves no trace unless it is kept.
//!
//! Undoing what was done is cheaper than working on a copy: the maps of a world share their nodes with every copy, so
//! that as long as a copy lives each write must copy the path to what it changes.

use std::sync::Arc;

use imbl::OrdMap;

use super::events::EventLog;
use super::sso::Sso;
use super::{ApiKeyOwner, Collection, World};
use crate::support::document::Document;
use crate::support::ids::IdSource;

/// What was there before one step.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A document of an account, or none.
    Document { account: Arc<str>, collection: Collection, id: Arc<str>, before: Option<Arc<Document>> },
    /// An account's events. The log shares what it can with the one that came after it.
    Events { account: Arc<str>, before: EventLog },
    /// An account's own document, or no such account.
    Account { id: Arc<str>, before: Option<Arc<Document>> },
}

/// A moment within a change to which the world can be taken back.
#[derive(Debug)]
pub struct Savepoint {
    steps: usize,
    ids: IdSource,
    draws: u64,
    sso: Sso,
    keys: OrdMap<Arc<str>, ApiKeyOwner>,
}

/// A change that is under way. Dropping it without keeping it, in a panic too, takes the world back to its start.
#[derive(Debug)]
pub struct Transaction<'w> {
    world: &'w mut World,
    start: Option<Savepoint>,
}

impl<'w> Transaction<'w> {
    /// Begins a change.
    pub fn begin(world: &'w mut World) -> Self {
        let steps = world.steps.get_or_insert_default();
        steps.clear();
        let start = Some(world.mark());
        Self { world, start }
    }

    /// The world, to be changed.
    pub fn world(&mut self) -> &mut World {
        self.world
    }

    /// Takes the world back to its start, but for what was drawn: ids that somebody outside was told of must not be
    /// given again.
    pub fn put_off(mut self) {
        if let Some(start) = &mut self.start {
            start.ids.clone_from(&self.world.ids);
            start.draws = self.world.draws;
        }
    }

    /// Keeps what has been done.
    pub fn keep(mut self) {
        self.start = None;
        // The list is let go of empty: its room serves the next change.
        if let Some(steps) = &mut self.world.steps {
            steps.clear();
        }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if let Some(start) = self.start.take() {
            self.world.go_back(start);
        }
    }
}

impl World {
    /// This moment of a change.
    #[must_use]
    pub fn mark(&self) -> Savepoint {
        Savepoint {
            steps: self.steps.as_ref().map_or(0, Vec::len),
            ids: self.ids.clone(),
            draws: self.draws,
            sso: self.sso.clone(),
            keys: self.keys.clone(),
        }
    }

    /// Undoes what was done since the mark.
    pub fn go_back(&mut self, mark: Savepoint) {
        // Taken out meanwhile, so that undoing does not note itself.
        let Some(mut steps) = self.steps.take() else { return };
        for step in steps.drain(mark.steps.min(steps.len())..).rev() {
            match step {
                Step::Document { account, collection, id, before: Some(before) } => {
                    self.insert(&account, collection, id, before);
                }
                Step::Document { account, collection, id, before: None } => {
                    self.remove(&account, collection, &id);
                }
                Step::Events { account, before } => {
                    if let Some(account) = self.accounts.get_mut(&account) {
                        Arc::make_mut(account).events = before;
                    }
                }
                Step::Account { id, before: None } => {
                    self.accounts.remove(&id);
                }
                Step::Account { id, before: Some(before) } => {
                    if let Some(account) = self.accounts.get_mut(&id) {
                        Arc::make_mut(account).document = before;
                    }
                }
            }
        }
        self.steps = Some(steps);
        self.ids = mark.ids;
        self.draws = mark.draws;
        self.sso = mark.sso;
        self.keys = mark.keys;
    }

    pub(super) fn note(&mut self, step: impl FnOnce() -> Step) {
        if let Some(steps) = &mut self.steps {
            steps.push(step());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::clock::Clock;
    use serde_json::json;

    fn world() -> World {
        let mut world = World::empty(1, Clock::Real);
        world.put_account("a", Document::new(&json!({"id": "a", "name": "before"})));
        world.put("a", Collection::Flows, "old", Document::new(&json!({"id": "old", "n": 1})));
        world
    }

    fn seen(world: &World) -> String {
        let account = world.account("a").unwrap();
        let flows: Vec<_> = account.all(Collection::Flows).values().map(|d| d.value().to_string()).collect();
        let (accounts, keys) = (world.accounts().count(), world.keys().count());
        let sso = &world.sso.status;
        format!("{} {flows:?} {accounts} {keys} {sso:?} {:?} {}", account.document().value(), world.ids, world.draws)
    }

    fn change(world: &mut World) {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let id = world.next_id(now);
        world.put("a", Collection::Flows, &id, Document::new(&json!({"id": id})));
        world.put("a", Collection::Flows, "old", Document::new(&json!({"id": "old", "n": 2})));
        world.put("a", Collection::Flows, "old", Document::new(&json!({"id": "old", "n": 3})));
        world.remove("a", Collection::Flows, "old");
        world.put_account("a", Document::new(&json!({"id": "a", "name": "after"})));
        world.draw(crate::support::rng::Purpose::Replies);
        world.put_account("b", Document::new(&json!({"id": "b"})));
        world.put("b", Collection::Flows, "new", Document::new(&json!({"id": "new"})));
        world.put_key("key", ApiKeyOwner { account: "b".into(), user: "u".into() });
        world.sso.status = crate::leadconduit::state::sso::SsoStatus::Down;
    }

    #[test]
    fn what_is_not_kept_leaves_no_trace() {
        let mut world = world();
        let before = seen(&world);
        let mut dropped = Transaction::begin(&mut world);
        change(dropped.world());
        assert_ne!(seen(dropped.world()), before);
        drop(dropped);
        assert_eq!(seen(&world), before);
    }

    #[test]
    fn what_is_put_off_leaves_only_its_draws() {
        let mut world = world();
        let (before, draws) = (seen(&world), world.draws);
        let mut late = Transaction::begin(&mut world);
        change(late.world());
        let told = late.world().ids.clone();
        late.put_off();
        assert_eq!((format!("{:?}", world.ids), world.draws), (format!("{told:?}"), draws + 1));
        world.ids = IdSource::new(1);
        world.draws = draws;
        assert_eq!(seen(&world), before);
    }

    #[test]
    fn a_panic_leaves_no_trace_either() {
        let mut world = world();
        let before = seen(&world);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut broken = Transaction::begin(&mut world);
            change(broken.world());
            panic!("half-way");
        }));
        assert!(result.is_err());
        assert_eq!(seen(&world), before);
    }

    #[test]
    fn what_is_kept_stays_and_a_mark_undoes_a_part() {
        let mut world = world();
        let mut kept = Transaction::begin(&mut world);
        kept.world().put("a", Collection::Flows, "new", Document::new(&json!({"id": "new"})));
        let (mark, middle) = (kept.world().mark(), seen(kept.world()));
        change(kept.world());
        kept.world().go_back(mark);
        assert_eq!(seen(kept.world()), middle);
        kept.keep();
        assert_eq!(seen(&world), middle);
        // And the next change does not undo this one.
        let mut next = Transaction::begin(&mut world);
        change(next.world());
        drop(next);
        assert_eq!(seen(&world), middle);
    }
}
