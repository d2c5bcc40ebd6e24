//! What ends the process: SIGINT, SIGTERM, and the end of standard input for a server that another program owns; and the
//! signals that `run` passes on.

use std::io::{self, ErrorKind, Read as _};
use std::sync::mpsc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use crate::config::limits::RUN_SIGNALS_MAX;

/// Exit codes of a process that a signal has ended begin here, as in shells.
pub(super) const SIGNAL_EXIT_CODE: i32 = 128;

/// The number of SIGINT on every Unix.
pub(super) const INTERRUPT: i32 = 2;

/// The number of SIGTERM on every Unix.
pub(super) const TERMINATE: i32 = 15;

/// The number of SIGHUP on every Unix.
const HANG_UP: i32 = 1;

/// The number of SIGQUIT on every Unix.
pub(super) const QUIT: i32 = 3;

/// The number of SIGXFSZ on Linux and macOS: a file has reached the limit of its size. Without a handler it ends the
/// process; with one, the write fails with its reason.
const FILE_TOO_LARGE: i32 = 25;

/// The two signals.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Installs handlers. Needs a runtime.
    fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The number of the next signal.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.terminate.recv() => TERMINATE,
        }
    }
}

/// Installs handlers, and returns a future that resolves on SIGINT or SIGTERM. Needs a runtime.
///
/// # Errors
/// The handlers cannot be installed.
pub(super) fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::install()?;
    Ok(async move {
        signals.next().await;
    })
}

/// Installs handlers, and returns a future that resolves on the first signal. The second one ends the process at once:
/// its exit code is 128 and the number of the signal. A thread of its own waits for the signals, because every other
/// thread can be blocked, and because reports are written after the runtime has ended. A report or a log that is too large
/// no longer ends the process.
///
/// # Errors
/// The handlers cannot be installed.
pub(super) fn shutdown_then_exit_signal() -> io::Result<impl Future<Output = ()>> {
    let (installed, result) = mpsc::channel();
    let (first, received) = oneshot::channel();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(installed.send(Err(error))),
        };
        runtime.block_on(async move {
            let mut signals = match Signals::install() {
                Ok(signals) => signals,
                Err(error) => return drop(installed.send(Err(error))),
            };
            // The handler stays installed when this value is dropped.
            let _ = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(FILE_TOO_LARGE));
            let _ = installed.send(Ok(()));
            signals.next().await;
            let _ = first.send(());
            std::process::exit(SIGNAL_EXIT_CODE + signals.next().await);
        });
    })?;
    result.recv().map_err(io::Error::other)??;
    Ok(async move {
        let _ = received.await;
    })
}

/// Returns a future that resolves when standard input ends. A program that starts the server holds the other end of the
/// pipe, which the system closes however that program ends.
///
/// # Errors
/// The thread that reads cannot be started.
pub(super) fn stdin_closed() -> io::Result<impl Future<Output = ()>> {
    let (ended, closed) = oneshot::channel();
    // A thread of its own: it ends with the process, while a task of the runtime would delay the stop.
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut input = io::stdin().lock();
        let mut ignored = [0; 1024];
        loop {
            match input.read(&mut ignored) {
                Ok(0) => break,
                Err(error) if error.kind() != ErrorKind::Interrupted => break,
                Ok(_) | Err(_) => {}
            }
        }
        let _ = ended.send(());
    })?;
    Ok(async move {
        let _ = closed.await;
    })
}

/// The signals that `run` passes on to its command.
pub(super) struct SignalQueue(tokio::sync::mpsc::Receiver<i32>);

impl SignalQueue {
    /// Installs handlers of SIGINT, SIGTERM, SIGHUP and SIGQUIT. When the queue is dropped, the next signal ends the
    /// process at once: its exit code is 128 and the number of the signal. A thread of its own waits for the signals,
    /// because every other thread can be blocked then.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    pub(super) fn start() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (installed, result) = mpsc::channel();
        let (sender, receiver) = tokio::sync::mpsc::channel(RUN_SIGNALS_MAX);
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(installed.send(Err(error))),
            };
            runtime.block_on(async move {
                let handlers = Signals::install()
                    .and_then(|both| Ok((both, signal(SignalKind::hangup())?, signal(SignalKind::quit())?)));
                let (mut both, mut hang_up, mut quit) = match handlers {
                    Ok(handlers) => handlers,
                    Err(error) => return drop(installed.send(Err(error))),
                };
                let _ = signal(SignalKind::from_raw(FILE_TOO_LARGE));
                let _ = installed.send(Ok(()));
                loop {
                    let number = tokio::select! {
                        number = both.next() => number,
                        _ = hang_up.recv() => HANG_UP,
                        _ = quit.recv() => QUIT,
                    };
                    if let Err(TrySendError::Closed(number)) = sender.try_send(number) {
                        std::process::exit(SIGNAL_EXIT_CODE + number);
                    }
                }
            });
        })?;
        result.recv().map_err(io::Error::other)??;
        Ok(Self(receiver))
    }

    /// The number of the next signal.
    pub(super) async fn next(&mut self) -> i32 {
        match self.0.recv().await {
            Some(number) => number,
            // The thread ends with the process only.
            None => std::future::pending().await,
        }
    }
}
