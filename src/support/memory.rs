//! Counts values and their bytes while they exist. Values that several worlds share are counted once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many values of a kind exist, and their bytes.
#[derive(Debug, Default)]
pub struct Gauge {
    count: AtomicUsize,
    bytes: AtomicUsize,
}

/// The size of what a [`Gauge`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of values.
    pub count: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// Counts a value until it is dropped.
#[derive(Debug)]
pub struct Charge {
    gauge: Arc<Gauge>,
    bytes: usize,
}

impl Gauge {
    /// Counts a value of a number of bytes.
    #[must_use]
    pub fn charge(self: &Arc<Self>, bytes: usize) -> Charge {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Charge { gauge: Arc::clone(self), bytes }
    }

    /// What exists at the moment.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage { count: self.count.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.gauge.count.fetch_sub(1, Ordering::Relaxed);
        self.gauge.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_while_it_exists() {
        let gauge = Arc::new(Gauge::default());
        let (first, second) = (gauge.charge(10), gauge.charge(5));
        assert_eq!(gauge.usage(), Usage { count: 2, bytes: 15 });
        drop(first);
        assert_eq!(gauge.usage(), Usage { count: 1, bytes: 5 });
        drop(second);
        assert_eq!(gauge.usage(), Usage::default());
    }
}
