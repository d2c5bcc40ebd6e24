//! The timer of a connection: one for all timeouts of its requests.
//!
//! hyper waits for each request head with a timeout, and reading a body has one too. They hardly ever expire. A timer of
//! tokio for each of them is added to a list, and removed again, that all threads share behind a lock. Here the timer
//! of a connection stays in the list: when it ends before the deadline of the present wait, it is set to that deadline.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use crate::support::clock::instant;

/// Waits of the task that serves a connection, one at a time. Clones share the timer.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionTimer(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Created by the first wait.
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    /// The task that the timer wakes; `None` when it has ended.
    waker: Option<Waker>,
}

/// A wait up to a deadline.
#[derive(Debug)]
struct Wait {
    timer: ConnectionTimer,
    deadline: Instant,
}

/// The time of a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimedOut;

impl ConnectionTimer {
    /// The result of a future, if it has one within this time.
    pub(super) async fn timeout<F: Future>(&self, time: Duration, future: F) -> Result<F::Output, TimedOut> {
        let mut future = pin!(future);
        // Most futures have their result before they have to wait for the network: the time is not read for them.
        let mut deadline = None;
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            let deadline = *deadline.get_or_insert_with(|| instant() + time);
            self.lock().poll(deadline, context).map(|()| Err(TimedOut))
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let deadline = tokio::time::Instant::from_std(deadline);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        let wakes_task = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if wakes_task && !sleep.is_elapsed() && sleep.deadline() <= deadline {
            return Poll::Pending;
        }
        if sleep.is_elapsed() || sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if sleep.deadline() >= deadline {
                self.waker = None;
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(instant() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { timer: self.clone(), deadline })
    }

    fn now(&self) -> Instant {
        instant()
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.timer.lock().poll(self.deadline, context)
    }
}

impl Sleep for Wait {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use tokio::task::yield_now;

    const HOUR: Duration = Duration::from_hours(1);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A wait that ends too late would take an hour.
    #[tokio::test]
    async fn every_wait_ends_at_its_own_deadline() {
        let timer = ConnectionTimer::default();
        for time in [ms(5), ms(20), ms(2), ms(0), ms(10)] {
            // The timer is set to an end that is too late, and then to one that is too early.
            for unneeded in [HOUR, ms(1)] {
                assert_eq!(timer.timeout(unneeded, yield_now()).await, Ok(()));
                let deadline = instant() + time;
                timer.sleep_until(deadline).await;
                assert!(instant() >= deadline);
            }
        }
        let deadline = instant() + ms(5);
        assert_eq!(timer.timeout(ms(5), pending::<()>()).await, Err(TimedOut));
        assert!(instant() >= deadline);
        assert_eq!(timer.timeout(ms(0), ready(7)).await, Ok(7));
    }

    #[tokio::test]
    async fn the_timer_wakes_the_task_that_waits() {
        let timer = ConnectionTimer::default();
        assert_eq!(timer.timeout(ms(5), yield_now()).await, Ok(()));
        let other = timer.clone();
        let waited = tokio::spawn(async move { other.timeout(ms(10), pending::<()>()).await });
        assert_eq!(waited.await.unwrap(), Err(TimedOut));
    }
}
