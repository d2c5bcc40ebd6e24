//! Limits the time of one computation.
//!
//! Code whose work grows with the data calls [`spend`] in its loops. When the time is used up, `spend` unwinds to the
//! enclosing [`run`], as salsa and rayon do for cancellation, so that no caller between the two has to pass the error
//! on. It does not call the panic hook. Writes are safe: a transaction that is dropped is rolled back.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use crate::support::clock::uptime;

/// How many units are spent between two readings of the clock. A unit is about a microsecond.
const UNITS_PER_CHECK: u32 = 64;

/// How long a computation can take, and where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    time: Duration,
    is_inline: bool,
}

impl Allowance {
    /// On a thread that serves other requests too: what takes longer starts again elsewhere.
    #[must_use]
    pub fn inline(time: Duration) -> Self {
        Self { time, is_inline: true }
    }

    /// On a thread of its own: what takes longer fails.
    #[must_use]
    pub fn full(time: Duration) -> Self {
        Self { time, is_inline: false }
    }

    /// Whether the computation runs on a thread that serves other requests too.
    #[must_use]
    pub fn is_inline(self) -> bool {
        self.is_inline
    }
}

/// Why a computation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Its time is used up.
    Exceeded,
    /// It panicked; the panic hook has reported it.
    Panicked,
}

/// The payload of the unwinding.
struct Exceeded;

#[derive(Clone, Copy)]
struct Running {
    allowance: Allowance,
    /// Since the start of the process.
    deadline: Duration,
    units: u32,
}

thread_local! {
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// Restores the enclosing computation, also after a panic.
struct Restore(Option<Running>);

impl Drop for Restore {
    fn drop(&mut self) {
        RUNNING.set(self.0);
    }
}

/// Runs a computation with an allowance. Inside another one, the earlier of the two deadlines counts.
///
/// # Errors
///
/// When the time is used up, or when the computation panics.
pub fn run<T>(allowance: Allowance, computation: impl FnOnce() -> T) -> Result<T, Stopped> {
    let outer = RUNNING.get();
    let own = uptime().saturating_add(allowance.time);
    let deadline = outer.map_or(own, |outer| outer.deadline.min(own));
    let _restore = Restore(outer);
    RUNNING.set(Some(Running { allowance, deadline, units: 0 }));
    catch_unwind(AssertUnwindSafe(computation))
        .map_err(|payload| if payload.is::<Exceeded>() { Stopped::Exceeded } else { Stopped::Panicked })
}

/// Records work of a number of units, of about a microsecond each. Unwinds to the enclosing [`run`] when its time is used
/// up; does nothing outside of one.
pub fn spend(units: u32) {
    let Some(mut running) = RUNNING.get() else { return };
    running.units = running.units.saturating_add(units);
    if running.units < UNITS_PER_CHECK {
        return RUNNING.set(Some(running));
    }
    running.units = 0;
    RUNNING.set(Some(running));
    if uptime() > running.deadline && !std::thread::panicking() {
        resume_unwind(Box::new(Exceeded));
    }
}

/// Starts the time of the current computation again, after a wait that is not part of it.
pub fn restart() {
    if let Some(running) = RUNNING.get() {
        let deadline = uptime().saturating_add(running.allowance.time);
        RUNNING.set(Some(Running { deadline, ..running }));
    }
}

/// Whether the current computation runs on a thread that serves other requests too.
#[must_use]
pub fn is_inline() -> bool {
    RUNNING.get().is_some_and(|running| running.allowance.is_inline)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Work without an end.
    fn endless() {
        loop {
            spend(1);
        }
    }

    #[test]
    fn a_computation_ends_when_its_time_is_used_up() {
        spend(1_000_000);
        assert!(matches!(run(Allowance::full(Duration::from_millis(1)), endless), Err(Stopped::Exceeded)));
        assert!(RUNNING.get().is_none());
        let finished = run(Allowance::full(Duration::MAX), || {
            spend(1_000_000);
            is_inline()
        });
        assert!(matches!(finished, Ok(false)));
        assert!(matches!(run(Allowance::inline(Duration::MAX), is_inline), Ok(true)));
    }

    #[test]
    fn the_earlier_deadline_of_nested_computations_counts() {
        let long = Allowance::full(Duration::MAX);
        let inner = run(Allowance::full(Duration::ZERO), || run(long, endless).is_err());
        assert!(matches!(inner, Ok(true)));
        let outer = run(long, || run(Allowance::full(Duration::ZERO), endless).is_err());
        assert!(matches!(outer, Ok(true)));
    }

    #[test]
    fn a_panic_is_another_error() {
        let stopped = run(Allowance::full(Duration::MAX), || resume_unwind(Box::new("other")));
        assert!(matches!(stopped, Err::<(), _>(Stopped::Panicked)));
        assert!(RUNNING.get().is_none());
    }
}
