//! The event stream of a sandbox. Publishing never blocks: a subscriber that falls too far behind, in events or in bytes,
//! is disconnected.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::Notify;

/// The largest buffer for an event that a thread keeps.
const FRAME_BYTES_KEPT: usize = 16 * 1024;

/// How far subscribers can lag behind before they are disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventBounds {
    /// Events of one stream.
    pub(crate) events: usize,
    /// Bytes of one stream.
    pub(crate) bytes: usize,
    /// Bytes of all streams together.
    pub(crate) total_bytes: usize,
}

/// The bytes that wait in several event buses, and their bounds.
#[derive(Debug)]
pub(crate) struct EventBudget {
    bounds: EventBounds,
    waiting_bytes: AtomicUsize,
}

impl EventBudget {
    /// A budget of which nothing is used.
    #[must_use]
    pub(crate) fn new(bounds: EventBounds) -> Self {
        Self { bounds, waiting_bytes: AtomicUsize::new(0) }
    }

    /// The bytes that wait for subscribers.
    #[must_use]
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes.load(Ordering::Relaxed)
    }
}

/// Publishes the events of one sandbox, or of all sandboxes, as server-sent events.
#[derive(Debug)]
pub struct EventBus(Arc<Shared>);

/// Receives the events that are published after it was created.
#[derive(Debug)]
pub struct Subscription {
    shared: Arc<Shared>,
    id: u64,
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionClosed {
    /// The sandbox was removed.
    SandboxRemoved,
    /// The subscriber was too slow.
    Lagged,
}

#[derive(Debug)]
struct Shared {
    budget: Arc<EventBudget>,
    queue: Mutex<Queue>,
    /// The number of subscribers, which is read for every request: locking the queue for it would make requests wait for
    /// one another.
    subscribers: AtomicUsize,
    changed: Notify,
}

/// The events that at least one subscriber has not received.
#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Bytes>,
    bytes: usize,
    /// The number of the first event in the queue.
    first: u64,
    /// The number of the next event of each subscriber.
    cursors: BTreeMap<u64, u64>,
    last_id: u64,
    is_closed: bool,
}

impl Queue {
    /// The number of the next event that is published.
    fn next(&self) -> u64 {
        self.first + u64::try_from(self.events.len()).unwrap_or(u64::MAX)
    }

    fn pop(&mut self, budget: &EventBudget) {
        if let Some(event) = self.events.pop_front() {
            self.first += 1;
            self.bytes -= event.len();
            budget.waiting_bytes.fetch_sub(event.len(), Ordering::Relaxed);
        }
    }

    /// Removes the events that every subscriber has received, or has missed.
    fn prune(&mut self, budget: &EventBudget) {
        let oldest = self.cursors.values().min().copied().unwrap_or(u64::MAX);
        while self.first < oldest && !self.events.is_empty() {
            self.pop(budget);
        }
    }

    /// Adds an event. The oldest events are removed to keep within the bounds.
    fn push(&mut self, event: Bytes, budget: &EventBudget) {
        let EventBounds { events, bytes, total_bytes } = budget.bounds;
        let length = event.len();
        let exceeds = |queue: &Self| {
            queue.events.len() >= events
                || queue.bytes + length > bytes
                || budget.waiting_bytes() + length > total_bytes
        };
        while exceeds(self) && !self.events.is_empty() {
            self.pop(budget);
        }
        if exceeds(self) {
            // The event does not fit: every subscriber misses it.
            self.first += 1;
            return;
        }
        self.bytes += length;
        budget.waiting_bytes.fetch_add(length, Ordering::Relaxed);
        self.events.push_back(event);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventBus {
    /// An event bus that shares a budget with others.
    #[must_use]
    pub(crate) fn new(budget: Arc<EventBudget>) -> Self {
        let (queue, subscribers) = (Mutex::default(), AtomicUsize::new(0));
        Self(Arc::new(Shared { budget, queue, subscribers, changed: Notify::new() }))
    }

    /// True when there is a subscriber. Callers check it to avoid building events that nothing receives.
    #[must_use]
    pub fn has_subscribers(&self) -> bool {
        self.0.subscribers.load(Ordering::Acquire) > 0
    }

    /// Publishes an event of a type such as `exchange`.
    #[cfg(test)]
    pub(crate) fn publish(&self, event_type: &str, data: &serde_json::Value) {
        self.publish_frame(Self::frame(event_type, data));
    }

    /// Encodes an event as a server-sent event.
    #[must_use]
    pub fn frame(event_type: &str, data: &impl Serialize) -> Bytes {
        thread_local! {
            /// Written again for each event, so that an event takes one allocation of its size.
            static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        let mut frame = BUFFER.take();
        frame.clear();
        frame.extend_from_slice(b"event: ");
        frame.extend_from_slice(event_type.as_bytes());
        frame.extend_from_slice(b"\ndata: ");
        // Values of JSON can always be written; JSON has no line breaks.
        if serde_json::to_writer(&mut frame, data).is_err() {
            frame.extend_from_slice(b"null");
        }
        frame.extend_from_slice(b"\n\n");
        let event = Bytes::copy_from_slice(&frame);
        if frame.capacity() <= FRAME_BYTES_KEPT {
            BUFFER.set(frame);
        }
        event
    }

    /// Publishes an event that was encoded with [`EventBus::frame`].
    pub fn publish_frame(&self, frame: Bytes) {
        let mut queue = self.0.lock();
        if queue.cursors.is_empty() {
            return;
        }
        queue.push(frame, &self.0.budget);
        drop(queue);
        self.0.changed.notify_waiters();
    }

    /// Subscribes to the events that are published from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        let mut queue = self.0.lock();
        queue.last_id += 1;
        let (id, next) = (queue.last_id, queue.next());
        queue.cursors.insert(id, next);
        self.0.subscribers.store(queue.cursors.len(), Ordering::Release);
        Subscription { shared: Arc::clone(&self.0), id }
    }
}

#[cfg(test)]
impl Default for EventBus {
    /// An event bus for tests of its users, with a bound on the number of events alone.
    fn default() -> Self {
        let bounds = EventBounds { events: 1024, bytes: usize::MAX, total_bytes: usize::MAX };
        Self::new(Arc::new(EventBudget::new(bounds)))
    }
}

impl Drop for EventBus {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_waiters();
    }
}

impl Subscription {
    /// Waits for the next event, encoded as a server-sent event.
    ///
    /// # Errors
    ///
    /// [`SubscriptionClosed`] when the sandbox was removed or the subscriber lagged too far behind.
    pub async fn next(&mut self) -> Result<Bytes, SubscriptionClosed> {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            // Events that are published from here on are not missed.
            changed.as_mut().enable();
            if let Some(result) = self.take() {
                return result;
            }
            changed.await;
        }
    }

    /// Waits for the next event, and returns it with those that follow it already, in one piece of about `bytes` bytes.
    ///
    /// # Errors
    ///
    /// As of [`Subscription::next`].
    pub async fn next_batch(&mut self, bytes: usize) -> Result<Bytes, SubscriptionClosed> {
        let first = self.next().await?;
        let mut queue = self.shared.lock();
        let Some(cursor) = queue.cursors.get(&self.id).copied() else { return Ok(first) };
        let start = cursor.checked_sub(queue.first).and_then(|index| usize::try_from(index).ok());
        let Some(start) = start.filter(|start| *start < queue.events.len()) else { return Ok(first) };
        let (mut length, mut taken) = (first.len(), 0);
        for event in queue.events.range(start..) {
            if length >= bytes {
                break;
            }
            length += event.len();
            taken += 1;
        }
        let mut batch = Vec::with_capacity(length);
        batch.extend_from_slice(&first);
        queue.events.range(start..).take(taken).for_each(|event| batch.extend_from_slice(event));
        queue.cursors.insert(self.id, cursor + u64::try_from(taken).unwrap_or(u64::MAX));
        queue.prune(&self.shared.budget);
        Ok(batch.into())
    }

    /// The next event, if there is one.
    fn take(&self) -> Option<Result<Bytes, SubscriptionClosed>> {
        let mut queue = self.shared.lock();
        let cursor = *queue.cursors.get(&self.id)?;
        let Some(index) = cursor.checked_sub(queue.first).and_then(|index| usize::try_from(index).ok()) else {
            return Some(Err(SubscriptionClosed::Lagged));
        };
        let Some(event) = queue.events.get(index).cloned() else {
            return queue.is_closed.then_some(Err(SubscriptionClosed::SandboxRemoved));
        };
        queue.cursors.insert(self.id, cursor + 1);
        if index == 0 {
            queue.prune(&self.shared.budget);
        }
        Some(Ok(event))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.cursors.remove(&self.id);
        self.shared.subscribers.store(queue.cursors.len(), Ordering::Release);
        queue.prune(&self.shared.budget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bus(budget: &Arc<EventBudget>) -> EventBus {
        EventBus::new(Arc::clone(budget))
    }

    fn budget(events: usize, bytes: usize, total_bytes: usize) -> Arc<EventBudget> {
        Arc::new(EventBudget::new(EventBounds { events, bytes, total_bytes }))
    }

    #[tokio::test]
    async fn each_subscriber_receives_every_event_and_nothing_is_kept_longer() {
        let budget = budget(10, 1000, 1000);
        let bus = bus(&budget);
        assert!(!bus.has_subscribers());
        bus.publish_frame(Bytes::from("unheard"));
        let (mut fast, mut slow) = (bus.subscribe(), bus.subscribe());
        assert!(bus.has_subscribers());
        for text in ["one", "two"] {
            bus.publish_frame(Bytes::from(text));
            assert_eq!(fast.next().await.unwrap(), text);
        }
        assert_eq!(budget.waiting_bytes(), 6);
        assert_eq!(slow.next().await.unwrap(), "one");
        assert_eq!(budget.waiting_bytes(), 3);
        drop(bus);
        assert_eq!(fast.next().await, Err(SubscriptionClosed::SandboxRemoved));
        assert_eq!(slow.next().await.unwrap(), "two");
        assert_eq!(slow.next().await, Err(SubscriptionClosed::SandboxRemoved));
        assert_eq!(budget.waiting_bytes(), 0);
    }

    #[tokio::test]
    async fn events_that_are_waiting_are_received_together() {
        let budget = budget(10, 1000, 1000);
        let bus = bus(&budget);
        let (mut batched, mut single) = (bus.subscribe(), bus.subscribe());
        for text in ["one", "two", "three", "four"] {
            bus.publish_frame(Bytes::from(text));
        }
        assert_eq!(batched.next_batch(9).await.unwrap(), "onetwothree");
        assert_eq!(batched.next_batch(9).await.unwrap(), "four");
        assert_eq!(budget.waiting_bytes(), 15, "the other subscriber has read nothing");
        assert_eq!(single.next().await.unwrap(), "one");
        assert_eq!(single.next_batch(1000).await.unwrap(), "twothreefour");
        assert_eq!(budget.waiting_bytes(), 0);
        drop(bus);
        assert_eq!(batched.next_batch(9).await, Err(SubscriptionClosed::SandboxRemoved));
    }

    #[tokio::test]
    async fn events_of_subscribers_that_do_not_read_are_bounded() {
        let event = Bytes::from(vec![b'x'; 100]);
        for (limits, kept) in [(budget(4, 1000, 1000), 400), (budget(1000, 550, 1000), 500), (budget(9, 1000, 99), 0)] {
            let bus = bus(&limits);
            let mut stuck = bus.subscribe();
            for _ in 0..1000 {
                bus.publish_frame(event.clone());
                assert!(limits.waiting_bytes() <= kept);
            }
            let mut late = bus.subscribe();
            assert_eq!(limits.waiting_bytes(), kept);
            assert_eq!(stuck.next().await, Err(SubscriptionClosed::Lagged));
            drop(stuck);
            // What only the other subscriber missed is not kept for a new one.
            assert_eq!(limits.waiting_bytes(), 0);
            bus.publish_frame(event.clone());
            assert_eq!(late.next().await.is_ok(), kept > 0);
        }
    }

    #[tokio::test]
    async fn streams_share_a_budget() {
        let budget = budget(1000, 1000, 1500);
        let (one, other) = (bus(&budget), bus(&budget));
        let (_stuck, mut second) = (one.subscribe(), other.subscribe());
        for _ in 0..10 {
            one.publish_frame(Bytes::from(vec![b'x'; 100]));
        }
        for _ in 0..10 {
            other.publish_frame(Bytes::from(vec![b'y'; 100]));
        }
        assert_eq!(budget.waiting_bytes(), 1500);
        assert_eq!(second.next().await, Err(SubscriptionClosed::Lagged));
    }
}
