//! SIGINT and SIGTERM.

use std::io;

/// Installs handlers, and returns a future that resolves on SIGINT or SIGTERM. Needs a runtime.
///
/// # Errors
/// The handlers cannot be installed.
pub(super) fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
