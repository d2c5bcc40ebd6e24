//! The signal with which the server stops its connections.

use tokio::sync::watch;

/// Informs a connection that the server stops. The server waits until every connection has dropped its copy.
#[derive(Clone, Debug)]
pub(super) struct ShutdownSignal(watch::Receiver<bool>);

impl ShutdownSignal {
    /// A copy for one connection.
    pub(super) fn subscribe(sender: &watch::Sender<bool>) -> Self {
        Self(sender.subscribe())
    }

    /// Resolves when the server has begun to stop, or has been dropped.
    pub(super) async fn received(&mut self) {
        let _ = self.0.wait_for(|is_stopping| *is_stopping).await;
    }
}
