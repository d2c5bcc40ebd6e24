//! The single-sign-on service beside LeadConduit: its status, its accounts and its connections.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::collection::Documents;
use crate::support::clock::Timestamp;
use crate::support::delay::Delay;
use crate::support::document::{Document, canonical_id};
use crate::support::json_members::{self, JsonMembers};
use crate::support::rng::{Purpose, SeededRng};

/// Whether the service can be reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SsoStatus {
    /// Every call succeeds.
    #[default]
    Up,
    /// Every call fails.
    Down,
    /// Every call succeeds after a delay.
    Slow(Delay),
    /// Some calls succeed, then some fail, and so on.
    FlappingCalls(FlapPattern),
    /// Calls succeed for some seconds of the world's clock, then fail for some, and so on.
    FlappingSeconds(FlapPattern),
    /// The calls of these operations fail.
    Partial(Arc<[String]>),
    /// One of the others, until a time on the world's clock.
    Temporary(Box<TemporaryStatus>),
}

/// A status that ends by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct TemporaryStatus {
    /// The status before the end.
    pub status: SsoStatus,
    /// The end.
    pub until: Timestamp,
    /// The status from then on.
    pub then: SsoStatus,
}

/// How many calls or seconds the service is up and then down, repeatedly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlapPattern {
    /// Length of the first part of the cycle, in which calls succeed.
    pub up: u32,
    /// Length of the second part of the cycle, in which calls fail.
    pub down: u32,
}

impl FlapPattern {
    /// Whether the call or second with this number, from 0, is in the first part of its cycle.
    fn is_up(self, number: u64) -> bool {
        let length = u64::from(self.up) + u64::from(self.down);
        length == 0 || number % length < u64::from(self.up)
    }
}

impl SsoStatus {
    /// The status at a time on the world's clock.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> &Self {
        match self {
            Self::Temporary(temporary) if now < temporary.until => &temporary.status,
            Self::Temporary(temporary) => &temporary.then,
            permanent => permanent,
        }
    }

    /// This status until a time, then the one that `before` is or ends with.
    #[must_use]
    pub fn until(self, until: Timestamp, before: &Self) -> Self {
        let then = match before {
            Self::Temporary(temporary) => temporary.then.clone(),
            permanent => permanent.clone(),
        };
        Self::Temporary(Box::new(TemporaryStatus { status: self, until, then }))
    }

    /// When the status at a time ends by itself.
    #[must_use]
    pub fn ends_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Temporary(temporary) if now < temporary.until => Some(temporary.until),
            _ => None,
        }
    }

    /// Its name in scenarios and in the control API.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Temporary(temporary) => temporary.status.name(),
            Self::Up => "up",
            Self::Down => "down",
            Self::Slow(_) => "slow",
            Self::FlappingCalls(_) | Self::FlappingSeconds(_) => "flapping",
            Self::Partial(_) => "partial",
        }
    }
}

/// The state of the service.
#[derive(Clone, Debug)]
pub struct Sso {
    /// Whether it can be reached.
    pub status: SsoStatus,
    /// Accounts by their id in the service.
    pub accounts: Documents,
    /// Network connections by id: the source of truth.
    pub connections: Documents,
    /// How many calls have been made. Clones share the counter, so that the calls of reads count too.
    calls: Arc<AtomicU64>,
    /// Start of the first cycle of [`SsoStatus::FlappingSeconds`].
    since: Timestamp,
}

/// LeadConduit could not reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// The operation that calls the service during one request, and what the calls did.
#[derive(Debug, Default)]
pub struct SsoCallContext<'a> {
    operation: &'a str,
    waited_ms: Cell<u64>,
    is_volatile: Cell<bool>,
}

impl<'a> SsoCallContext<'a> {
    /// For one request to the operation with this id.
    #[must_use]
    pub fn new(operation: &'a str) -> Self {
        Self { operation, waited_ms: Cell::new(0), is_volatile: Cell::new(false) }
    }

    /// Total delay of the calls, in milliseconds.
    #[must_use]
    pub fn waited_ms(&self) -> u64 {
        self.waited_ms.get()
    }

    /// Whether the same request can have another result next time although nothing was written.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        self.is_volatile.get()
    }
}

/// A network connection as one of its two parties sees it.
#[derive(Debug)]
pub struct ConnectionView<'a> {
    /// The members of its document.
    pub(crate) members: JsonMembers<'a>,
    /// The role of the other party: `seller` or `buyer`.
    pub relationship_type: &'static str,
    /// The other party, as JSON.
    pub other: &'a str,
}

impl Sso {
    /// A reachable service without accounts and connections.
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

    /// Counts a call and adds its delay, drawn from `seed`, to the context.
    ///
    /// # Errors
    ///
    /// When the status of the service makes this call fail.
    pub fn call(&self, seed: u64, context: &SsoCallContext<'_>, now: Timestamp) -> Result<(), Unreachable> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        if matches!(self.status, SsoStatus::Temporary(_)) {
            context.is_volatile.set(true);
        }
        let is_up = match self.status.at(now) {
            // A temporary status is not inside another one.
            SsoStatus::Up | SsoStatus::Temporary(_) => true,
            SsoStatus::Down => false,
            SsoStatus::Slow(delay) => {
                context.is_volatile.set(true);
                let delay_ms = delay.sample(&mut SeededRng::nth(seed, Purpose::Sso, number));
                context.waited_ms.set(context.waited_ms.get() + delay_ms);
                true
            }
            SsoStatus::FlappingCalls(pattern) => {
                context.is_volatile.set(true);
                pattern.is_up(number)
            }
            SsoStatus::FlappingSeconds(pattern) => {
                context.is_volatile.set(true);
                let seconds = now.duration_since(self.since).as_secs();
                pattern.is_up(u64::try_from(seconds).unwrap_or(0))
            }
            SsoStatus::Partial(operations) => !operations.iter().any(|id| id == context.operation),
        };
        if is_up { Ok(()) } else { Err(Unreachable) }
    }

    /// How many calls have been made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Start of the first cycle of [`SsoStatus::FlappingSeconds`].
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Sets the number of calls and the start of the first cycle. Counts separately from every clone afterwards.
    pub fn reset_counters(&mut self, calls: u64, since: Timestamp) {
        self.calls = Arc::new(AtomicU64::new(calls));
        self.since = since;
    }

    /// The connections of an account, sorted by id.
    pub fn connections_of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = ConnectionView<'a>> {
        self.connections.values().filter_map(move |document| view_for(document, account))
    }

    /// A connection, if the account is a party of it.
    #[must_use]
    pub fn connection<'a>(&'a self, id: &str, account: &str) -> Option<ConnectionView<'a>> {
        self.connections.get(&*canonical_id(id)).and_then(|document| view_for(document, account))
    }
}

fn view_for<'a>(document: &'a Document, account: &str) -> Option<ConnectionView<'a>> {
    let members = document.members();
    let party = |role: &str| members.get(role);
    let is_account =
        |role: &str| party(role).is_some_and(|party| json_members::text_of(party, "id").as_deref() == Some(account));
    let (relationship_type, other) = if is_account("buyer") {
        ("seller", party("seller")?)
    } else if is_account("seller") {
        ("buyer", party("buyer")?)
    } else {
        return None;
    };
    Some(ConnectionView { members, relationship_type, other })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `+` for each call that succeeds and `-` for each that fails, made at these seconds since 1970.
    fn results(status: SsoStatus, operation: &str, seconds: impl Iterator<Item = i64>) -> String {
        let sso = Sso { status, ..Sso::empty() };
        let context = SsoCallContext::new(operation);
        let result = |second| match sso.call(1, &context, Timestamp::from_second(second).unwrap()) {
            Ok(()) => '+',
            Err(Unreachable) => '-',
        };
        seconds.map(result).collect()
    }

    #[test]
    fn the_status_decides_which_calls_fail() {
        let pattern = FlapPattern { up: 2, down: 1 };
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
                results(status.clone(), operation, std::iter::repeat_n(7, 6)),
                expected,
                "{status:?} {operation}"
            );
        }
        assert_eq!(results(SsoStatus::FlappingSeconds(pattern), "any", 3000..3006), "++-++-");
    }

    #[test]
    fn delays_are_summed_and_clones_share_the_call_counter_until_it_is_reset() {
        let sso = Sso { status: SsoStatus::Slow(Delay::Fixed { ms: 40 }), ..Sso::empty() };
        let context = SsoCallContext::new("list_connections");
        assert!(sso.call(1, &context, Timestamp::UNIX_EPOCH).is_ok());
        assert_eq!((context.waited_ms(), context.is_volatile()), (40, true));
        assert!(sso.clone().call(1, &context, Timestamp::UNIX_EPOCH).is_ok());
        assert_eq!((context.waited_ms(), sso.calls()), (80, 2));
        let mut other = sso.clone();
        other.reset_counters(sso.calls(), Timestamp::UNIX_EPOCH);
        assert!(other.call(1, &context, Timestamp::UNIX_EPOCH).is_ok());
        assert_eq!((sso.calls(), other.calls()), (2, 3));
    }
}
