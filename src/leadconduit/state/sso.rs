//! The single-sign-on service beside LeadConduit: its health, its accounts and its connections.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::World;
use super::collection::Documents;
use crate::support::clock::Timestamp;
use crate::support::delay::Delay;
use crate::support::document::Document;
use crate::support::rng::{Purpose, SeededRng};

/// Whether the service can be reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SsoStatus {
    /// It answers.
    #[default]
    Up,
    /// It does not.
    Down,
    /// It answers late.
    Slow(Delay),
    /// It answers some of the calls that are made to it, then does not answer some, and so on.
    FlappingCalls(Pattern),
    /// It answers for some seconds of the world's clock, then does not for some, and so on.
    FlappingSeconds(Pattern),
    /// It does not answer these operations.
    Partial(Arc<[String]>),
}

/// How many are answered and how many are not, in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// So many are answered.
    pub up: u32,
    /// Then so many are not.
    pub down: u32,
}

impl Pattern {
    /// Whether the one with this number, from 0, is answered.
    fn is_up(self, number: u64) -> bool {
        let length = u64::from(self.up) + u64::from(self.down);
        length == 0 || number % length < u64::from(self.up)
    }
}

impl SsoStatus {
    /// The word for it in scenarios and control calls.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Slow(_) => "slow",
            Self::FlappingCalls(_) | Self::FlappingSeconds(_) => "flapping",
            Self::Partial(_) => "partial",
        }
    }
}

/// The service as LeadConduit sees it.
#[derive(Clone, Debug)]
pub struct Sso {
    /// Its health.
    pub status: SsoStatus,
    /// Accounts by their id in the service.
    pub accounts: Documents,
    /// Network connections by id: the source of truth.
    pub connections: Documents,
    /// How many calls have been made to it. Copies of a world made for reading count together with it.
    calls: Arc<AtomicU64>,
    /// Since when its seconds are counted.
    since: Timestamp,
}

/// LeadConduit could not reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// What one request has to do with the service.
#[derive(Debug, Default)]
pub struct SsoCallContext<'a> {
    operation: &'a str,
    waited_ms: Cell<u64>,
    varies: Cell<bool>,
}

impl<'a> SsoCallContext<'a> {
    /// For one request to an operation.
    #[must_use]
    pub fn of(operation: &'a str) -> Self {
        Self { operation, waited_ms: Cell::new(0), varies: Cell::new(false) }
    }

    /// How long the service took, in milliseconds.
    #[must_use]
    pub fn waited_ms(&self) -> u64 {
        self.waited_ms.get()
    }

    /// Whether the same request may find the service otherwise the next time, though nothing was written.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.varies.get()
    }
}

/// A network connection as one of its two parties sees it.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The connection.
    pub document: &'a Arc<Document>,
    /// What the other party is: `seller` or `buyer`.
    pub relationship_type: &'static str,
    /// The other party.
    pub other: &'a Value,
}

impl World {
    /// Calls the service, the one way to it: whether it answers, and how late, follows from its health.
    pub fn call_sso(&self, line: &SsoCallContext<'_>, now: Timestamp) -> Result<&Sso, Unreachable> {
        let sso = &self.sso;
        let number = sso.calls.fetch_add(1, Ordering::Relaxed);
        let is_up = match &sso.status {
            SsoStatus::Up => true,
            SsoStatus::Down => false,
            SsoStatus::Slow(delay) => {
                line.varies.set(true);
                let took = delay.draw(&mut SeededRng::nth(self.seed(), Purpose::Sso, number));
                line.waited_ms.set(line.waited_ms.get() + took);
                true
            }
            SsoStatus::FlappingCalls(pattern) => {
                line.varies.set(true);
                pattern.is_up(number)
            }
            SsoStatus::FlappingSeconds(pattern) => {
                line.varies.set(true);
                let passed = now.duration_since(sso.since).as_secs();
                pattern.is_up(u64::try_from(passed).unwrap_or(0))
            }
            SsoStatus::Partial(operations) => !operations.iter().any(|id| id == line.operation),
        };
        if is_up { Ok(sso) } else { Err(Unreachable) }
    }
}

impl Sso {
    /// A healthy service that knows nobody.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            status: SsoStatus::Up,
            accounts: Documents::new(),
            connections: Documents::new(),
            calls: Arc::default(),
            since: Timestamp::UNIX_EPOCH,
        }
    }

    /// How many calls have been made to it.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Since when its seconds are counted.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Goes on counting calls and seconds from here, apart from every copy.
    pub fn count_from(&mut self, calls: u64, since: Timestamp) {
        self.calls = Arc::new(AtomicU64::new(calls));
        self.since = since;
    }

    /// The connections of an account, in the order of their ids.
    pub fn connections_of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = Seen<'a>> {
        self.connections.values().filter_map(move |document| seen_by(document, account))
    }

    /// A connection, if the account is a party of it.
    #[must_use]
    pub fn connection<'a>(&'a self, id: &str, account: &str) -> Option<Seen<'a>> {
        self.connections.get(&*crate::support::document::key_of(id)).and_then(|document| seen_by(document, account))
    }
}

fn seen_by<'a>(document: &'a Arc<Document>, account: &str) -> Option<Seen<'a>> {
    let party = |side: &str| document.value().get(side);
    let is = |side: &str| party(side).and_then(|p| p.get("id")).and_then(Value::as_str) == Some(account);
    if is("buyer") {
        party("seller").map(|other| Seen { document, relationship_type: "seller", other })
    } else if is("seller") {
        party("buyer").map(|other| Seen { document, relationship_type: "buyer", other })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::clock::Clock;

    fn answers(status: SsoStatus, operation: &str, seconds: impl Iterator<Item = i64>) -> String {
        let mut world = World::empty(1, Clock::Real);
        world.sso.status = status;
        let line = SsoCallContext::of(operation);
        let answer = |second| match world.call_sso(&line, Timestamp::from_second(second).unwrap()) {
            Ok(_) => '+',
            Err(Unreachable) => '-',
        };
        seconds.map(answer).collect()
    }

    #[test]
    fn each_health_answers_in_its_way() {
        let pattern = Pattern { up: 2, down: 1 };
        let partial = || SsoStatus::Partial(["repair_connection".to_owned()].into());
        let slow = SsoStatus::Slow(Delay::Fixed { ms: 5 });
        let rows = [
            (SsoStatus::Up, "list_connections", "++++++"),
            (SsoStatus::Down, "list_connections", "------"),
            (slow, "list_connections", "++++++"),
            (SsoStatus::FlappingCalls(pattern), "list_connections", "++-++-"),
            (partial(), "list_connections", "++++++"),
            (partial(), "repair_connection", "------"),
        ];
        for (status, operation, expected) in rows {
            assert_eq!(
                answers(status.clone(), operation, std::iter::repeat_n(7, 6)),
                expected,
                "{status:?} {operation}"
            );
        }
        assert_eq!(answers(SsoStatus::FlappingSeconds(pattern), "any", 3000..3006), "++-++-");
    }

    #[test]
    fn a_slow_service_is_waited_for_and_copies_count_apart_once_told_to() {
        let mut world = World::empty(1, Clock::Real);
        world.sso.status = SsoStatus::Slow(Delay::Fixed { ms: 40 });
        let line = SsoCallContext::of("list_connections");
        assert!(world.call_sso(&line, Timestamp::UNIX_EPOCH).is_ok());
        assert_eq!((line.waited_ms(), line.varies()), (40, true));
        let reading = world.clone();
        assert!(reading.call_sso(&line, Timestamp::UNIX_EPOCH).is_ok());
        assert_eq!(world.sso.calls(), 2, "what a reading copy calls is counted");
        let mut other = world.clone();
        other.sso.count_from(world.sso.calls(), Timestamp::UNIX_EPOCH);
        assert!(other.call_sso(&line, Timestamp::UNIX_EPOCH).is_ok());
        assert_eq!((world.sso.calls(), other.sso.calls()), (2, 3));
    }
}
