//! The event stream of a sandbox. Publishing never blocks: a subscriber that falls too far behind is disconnected.

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::broadcast;

/// How many events a subscriber may lag behind before it is disconnected.
const LAG_MAX: usize = 1024;

/// Publishes the events of one sandbox, or of all sandboxes, as server-sent events.
#[derive(Debug)]
pub struct EventBus(broadcast::Sender<Bytes>);

/// Receives the events that are published after it was created.
#[derive(Debug)]
pub struct Subscription(broadcast::Receiver<Bytes>);

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionClosed {
    /// The sandbox was removed.
    SandboxRemoved,
    /// The subscriber was too slow.
    Lagged,
}

impl Default for EventBus {
    fn default() -> Self {
        Self(broadcast::Sender::new(LAG_MAX))
    }
}

impl EventBus {
    /// True when there is a subscriber. Callers check it to avoid building events that nothing receives.
    #[must_use]
    pub fn has_subscribers(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Publishes an event of a type such as `exchange`.
    #[cfg(test)]
    pub(crate) fn publish(&self, event_type: &str, data: &Value) {
        self.publish_frame(Self::frame(event_type, data));
    }

    /// Encodes an event as a server-sent event.
    #[must_use]
    pub fn frame(event_type: &str, data: &Value) -> Bytes {
        Bytes::from(format!("event: {event_type}\ndata: {data}\n\n"))
    }

    /// Publishes an event that was encoded with [`EventBus::frame`].
    pub fn publish_frame(&self, frame: Bytes) {
        // `send` fails only when there are no subscribers.
        let _ = self.0.send(frame);
    }

    /// Subscribes to the events that are published from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.0.subscribe())
    }
}

impl Subscription {
    /// Waits for the next event, encoded as a server-sent event.
    ///
    /// # Errors
    ///
    /// [`SubscriptionClosed`] when the sandbox was removed or the subscriber lagged too far behind.
    pub async fn next(&mut self) -> Result<Bytes, SubscriptionClosed> {
        match self.0.recv().await {
            Ok(event) => Ok(event),
            Err(broadcast::error::RecvError::Closed) => Err(SubscriptionClosed::SandboxRemoved),
            Err(broadcast::error::RecvError::Lagged(_)) => Err(SubscriptionClosed::Lagged),
        }
    }
}
