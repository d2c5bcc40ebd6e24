//! Runs long computations on threads of their own, so that the threads that serve connections stay free.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// A bounded number of threads with a bounded queue.
#[derive(Debug)]
pub struct ComputePool {
    permits: Arc<Semaphore>,
    threads: usize,
    waiting: AtomicUsize,
    waiting_max: usize,
}

/// Every thread is in use, and the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{running} long computations are running and {waiting} are waiting, which is the maximum")]
pub struct PoolFull {
    /// How many run at the same time.
    pub running: usize,
    /// How many can wait.
    pub waiting: usize,
}

/// The permission to run one computation.
#[derive(Debug)]
pub struct ComputePermit {
    /// Dropped after the computation.
    permit: OwnedSemaphorePermit,
}

/// What runs and what waits, each with its maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolActivity {
    /// What is running.
    pub running: usize,
    /// How much can run at the same time.
    pub running_max: usize,
    /// What is in the queue.
    pub waiting: usize,
    /// How much can be in the queue.
    pub waiting_max: usize,
}

/// Counts a computation in the queue.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ComputePool {
    /// A pool of at least one thread, whose queue has `waiting_max` places.
    #[must_use]
    pub fn new(threads: usize, waiting_max: usize) -> Self {
        let threads = threads.clamp(1, Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(threads)), threads, waiting: AtomicUsize::new(0), waiting_max }
    }

    /// Waits for a thread.
    ///
    /// # Errors
    ///
    /// When the queue is full.
    pub async fn admit(&self) -> Result<ComputePermit, PoolFull> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(ComputePermit { permit });
        }
        let full = PoolFull { running: self.threads, waiting: self.waiting_max };
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if waiting >= self.waiting_max {
            return Err(full);
        }
        // The semaphore is never closed.
        Arc::clone(&self.permits).acquire_owned().await.map(|permit| ComputePermit { permit }).map_err(|_| full)
    }

    /// How many computations are running and waiting.
    #[must_use]
    pub fn activity(&self) -> PoolActivity {
        PoolActivity {
            running: self.threads.saturating_sub(self.permits.available_permits()),
            running_max: self.threads,
            waiting: self.waiting.load(Ordering::Relaxed).min(self.waiting_max),
            waiting_max: self.waiting_max,
        }
    }
}

impl ComputePermit {
    /// Runs a computation. `None` when it panics, or when the runtime stops first.
    pub async fn run<T: Send + 'static>(self, computation: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        spawn_blocking(move || {
            let result = computation();
            drop(self.permit);
            result
        })
        .await
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn threads_and_queue_are_bounded() {
        let pool = Arc::new(ComputePool::new(1, 1));
        let first = pool.admit().await.unwrap();
        let second = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.admit().await.unwrap().run(|| 2).await }
        });
        let idle = PoolActivity { running: 0, running_max: 1, waiting: 0, waiting_max: 1 };
        while pool.activity() != (PoolActivity { running: 1, waiting: 1, ..idle }) {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.admit().await.unwrap_err(), PoolFull { running: 1, waiting: 1 });
        assert_eq!(first.run(|| 1).await, Some(1));
        assert_eq!(second.await.unwrap(), Some(2));
        assert_eq!(pool.activity(), idle);
    }
}
