//! Limits the time of one computation.
//!
//! A computation on a thread of its own is limited by the processor time of that thread: what else a busy machine does is
//! not counted. One on a thread that serves other requests is limited by the time that passes, because they wait for it.
//!
//! Code whose work grows with the data calls [`spend`] in its loops. When the time is used up, `spend` unwinds to the
//! enclosing [`run`], as salsa and rayon do for cancellation, so that no caller between the two has to pass the error
//! on. It does not call the panic hook. Writes are safe: a transaction that is dropped is rolled back.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use crate::support::clock::{thread_cpu_time, uptime};

/// How many units are spent between two readings of the clock. A unit is about a microsecond.
const UNITS_PER_CHECK: u32 = 64;

/// The least time between two readings of the processor time, which are system calls.
const CPU_TIME_INTERVAL: Duration = Duration::from_millis(1);

/// How long a computation can take, and where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    time: Duration,
    is_inline: bool,
}

impl Allowance {
    /// On a thread that serves other requests too: what takes longer starts again elsewhere. All time counts.
    #[must_use]
    pub fn inline(time: Duration) -> Self {
        Self { time, is_inline: true }
    }

    /// On a thread of its own: what takes longer fails. The processor time of the thread counts.
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
    /// When the time is used up, since the start of the process. Without a limit on all time, the largest duration.
    deadline: Duration,
    /// The processor time of the thread at which the time is used up. Without a limit on it, the largest duration.
    cpu_deadline: Duration,
    /// Before this time neither deadline can have passed.
    next_check: Duration,
}

impl Running {
    fn start(allowance: Allowance) -> Self {
        let now = uptime();
        let end = now.saturating_add(allowance.time);
        let (deadline, cpu_deadline) = if allowance.is_inline {
            (end, Duration::MAX)
        } else {
            (Duration::MAX, thread_cpu_time().saturating_add(allowance.time))
        };
        Self { allowance, deadline, cpu_deadline, next_check: end }
    }

    /// Whether the time is used up. The processor time is read when it can be for the first time: a thread does not
    /// use more processor time than time passes.
    fn is_exceeded(&mut self) -> bool {
        let now = uptime();
        if now <= self.next_check {
            return false;
        }
        if now > self.deadline {
            return true;
        }
        let Some(rest) = self.cpu_deadline.checked_sub(thread_cpu_time()) else { return true };
        self.next_check = now.saturating_add(rest.max(CPU_TIME_INTERVAL)).min(self.deadline);
        false
    }
}

thread_local! {
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
    /// How many units can be spent until the clock is read.
    static UNITS: Cell<u32> = const { Cell::new(0) };
}

/// Restores the enclosing computation, also after a panic.
struct Restore(Option<Running>);

impl Drop for Restore {
    fn drop(&mut self) {
        RUNNING.set(self.0);
        UNITS.set(0);
    }
}

/// Runs a computation with an allowance. Inside another one, the earlier deadlines count.
///
/// # Errors
///
/// When the time is used up, or when the computation panics.
pub fn run<T>(allowance: Allowance, computation: impl FnOnce() -> T) -> Result<T, Stopped> {
    let outer = RUNNING.get();
    let mut running = Running::start(allowance);
    if let Some(outer) = outer {
        running.deadline = running.deadline.min(outer.deadline);
        running.cpu_deadline = running.cpu_deadline.min(outer.cpu_deadline);
        running.next_check = running.next_check.min(outer.next_check);
    }
    let _restore = Restore(outer);
    RUNNING.set(Some(running));
    UNITS.set(UNITS_PER_CHECK);
    catch_unwind(AssertUnwindSafe(computation))
        .map_err(|payload| if payload.is::<Exceeded>() { Stopped::Exceeded } else { Stopped::Panicked })
}

/// Records work of a number of units, of about a microsecond each. Unwinds to the enclosing [`run`] when its time is used
/// up; does nothing outside of one.
pub fn spend(units: u32) {
    match UNITS.get().checked_sub(units) {
        Some(rest) => UNITS.set(rest),
        None => check(),
    }
}

#[cold]
fn check() {
    let Some(mut running) = RUNNING.get() else { return UNITS.set(u32::MAX) };
    UNITS.set(UNITS_PER_CHECK);
    let is_exceeded = running.is_exceeded();
    RUNNING.set(Some(running));
    if is_exceeded && !std::thread::panicking() {
        resume_unwind(Box::new(Exceeded));
    }
}

/// Starts the time of the current computation again, when it begins anew.
pub fn restart() {
    if let Some(running) = RUNNING.get() {
        RUNNING.set(Some(Running::start(running.allowance)));
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
    fn time_in_which_the_thread_does_not_run_is_not_counted_on_a_thread_of_its_own() {
        // More than the sleep: the thread sleeps until that much time has passed.
        let rest_after_a_sleep = |allowance: Allowance| {
            run(allowance, || {
                let start = uptime();
                while uptime() <= start + Duration::from_millis(40) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                (0..10_000).for_each(|_| spend(1));
            })
        };
        assert_eq!(rest_after_a_sleep(Allowance::inline(Duration::from_millis(40))), Err(Stopped::Exceeded));
        assert_eq!(rest_after_a_sleep(Allowance::full(Duration::from_millis(40))), Ok(()));
    }

    #[test]
    fn the_processor_time_is_read_only_when_it_can_be_used_up() {
        let limit = Duration::from_secs(1000);
        let mut running = Running::start(Allowance::full(limit));
        assert!(!running.is_exceeded());
        assert!(running.next_check >= limit, "not before the limit");
        // All of that time has passed, in which the thread has used little.
        running.next_check = Duration::ZERO;
        assert!(!running.is_exceeded());
        assert!(running.next_check >= limit / 2, "not before the rest can be used up");
        running.cpu_deadline = Duration::ZERO;
        running.next_check = Duration::ZERO;
        assert!(running.is_exceeded());
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
