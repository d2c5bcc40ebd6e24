//! What happens in a sandbox, told to whoever listens. A listener that does not keep up is let go; telling never waits.

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::broadcast;

/// How many events a listener may be behind before it is let go.
const BEHIND_MAX: usize = 1024;

/// The events of one sandbox.
#[derive(Debug)]
pub struct EventBus(broadcast::Sender<Bytes>);

/// One listener.
#[derive(Debug)]
pub struct Listener(broadcast::Receiver<Bytes>);

/// Why there are no more events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionClosed {
    /// The sandbox has ended.
    Closed,
    /// The listener was too slow.
    TooSlow,
}

impl Default for EventBus {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND_MAX))
    }
}

impl EventBus {
    /// Whether anybody listens: only then is an event worth putting together.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Tells all listeners. `kind` is a word such as `exchange`.
    pub fn tell(&self, kind: &str, data: &Value) {
        self.send(Self::framed(kind, data));
    }

    /// An event in the framing of server-sent events.
    #[must_use]
    pub fn framed(kind: &str, data: &Value) -> Bytes {
        Bytes::from(format!("event: {kind}\ndata: {data}\n\n"))
    }

    /// Sends an event that is framed to all listeners.
    pub fn send(&self, event: Bytes) {
        // Nobody listening is no failure.
        let _ = self.0.send(event);
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Listener {
    /// The next event, framed.
    pub async fn next(&mut self) -> Result<Bytes, SubscriptionClosed> {
        match self.0.recv().await {
            Ok(event) => Ok(event),
            Err(broadcast::error::RecvError::Closed) => Err(SubscriptionClosed::Closed),
            Err(broadcast::error::RecvError::Lagged(_)) => Err(SubscriptionClosed::TooSlow),
        }
    }
}
