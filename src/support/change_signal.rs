//! Announces that something has changed, to tasks that wait for a condition.

use std::sync::OnceLock;

use tokio::sync::watch;

/// The announcing side. It costs nothing while nothing waits.
#[derive(Debug, Default)]
pub struct ChangeSignal(OnceLock<watch::Sender<()>>);

/// The waiting side.
#[derive(Clone, Debug)]
pub struct ChangeWatch(watch::Receiver<()>);

impl ChangeSignal {
    /// Announces a change.
    pub fn notify(&self) {
        if let Some(sender) = self.0.get() {
            sender.send_replace(());
        }
    }

    /// Subscribes to the changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> ChangeWatch {
        ChangeWatch(self.0.get_or_init(watch::Sender::default).subscribe())
    }
}

impl ChangeWatch {
    /// Waits for a change since the subscription; returns at once when the announcing side has been dropped.
    pub async fn changed(&mut self) {
        // An error means that the announcing side has been dropped.
        let _ = self.0.changed().await;
    }
}
