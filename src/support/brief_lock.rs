//! Locks that are held for microseconds only, for work in memory.

use std::hint::spin_loop;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// How often a lock is tried before the thread sleeps: about 20 µs in all.
const TRIES: u32 = 64;

/// How many pauses of the processor are between two tries.
const PAUSES: u32 = 8;

/// Locks a mutex whose holders never wait for anything. Sleeping at once, as [`Mutex::lock`] does after a few
/// microseconds, takes both threads longer than the holder needs: the one that sleeps, and the one that wakes it. After a
/// panic the lock is still usable, so what it protects must be consistent then.
pub fn lock_briefly<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..TRIES {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => (0..PAUSES).for_each(|_| spin_loop()),
        }
    }
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_lock_that_is_held_for_long_is_waited_for() {
        let (mutex, held) = (Mutex::new(0), Barrier::new(2));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                held.wait();
                *lock_briefly(&mutex)
            });
            let mut guard = lock_briefly(&mutex);
            held.wait();
            // Longer than it is tried, most of the time; the result is the same otherwise.
            (0..1_000_000).for_each(|_| spin_loop());
            *guard = 1;
            drop(guard);
            assert_eq!(waiting.join().unwrap(), 1);
        });
    }

    #[test]
    fn a_lock_is_usable_after_a_panic() {
        let mutex = Mutex::new(1);
        let panicked = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _guard = lock_briefly(&mutex);
                std::panic::resume_unwind(Box::new("held"));
            });
            holder.join().is_err()
        });
        assert!(panicked && mutex.is_poisoned());
        assert_eq!(*lock_briefly(&mutex), 1);
    }
}
