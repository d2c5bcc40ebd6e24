//! The command as a process: start, signals, time limit, end.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp};
use rustix::termios::tcgetpgrp;
use tokio::process::Child;

use super::environment::Environment;
use super::guard::{Guard, GuardError};
use super::members::Members;
use crate::cli::error::CliError;
use crate::cli::signals::{INTERRUPT, QUIT, SignalQueue, TERMINATE};
use crate::config::limits::RUN_KILL_AFTER;

/// How the command ended.
#[derive(Debug)]
pub(super) enum CommandEnd {
    /// It exited or was ended by a signal.
    Exited(ExitStatus),
    /// The time limit, in milliseconds, was reached.
    TimedOut(u64),
    /// It was killed because this process received a second signal.
    Killed {
        /// The number of the second signal.
        by: i32,
    },
    /// It could not be started.
    NotStarted(StartFailure),
}

/// Why a command could not be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StartFailure {
    /// No such program.
    #[error("the command `{0}` was not found; {1}")]
    NotFound(String, &'static str),
    /// The file exists, but the program in its first line does not.
    #[error("the command `{0}` cannot be executed: the program in its first line (`#!`) was not found")]
    NoInterpreter(String),
    /// The file cannot be executed.
    #[error("the command `{0}` cannot be executed: {1}")]
    NotExecutable(String, String),
}

impl StartFailure {
    /// As in shells: 127 not found, 126 not executable.
    pub(super) fn exit_code(&self) -> i32 {
        match self {
            Self::NotFound(..) | Self::NoInterpreter(_) => 127,
            Self::NotExecutable(..) => 126,
        }
    }

    fn new(program: &OsStr, error: &io::Error) -> Self {
        let name = program.to_string_lossy().into_owned();
        match error.kind() {
            io::ErrorKind::NotFound if find_program(program).is_some() => Self::NoInterpreter(name),
            io::ErrorKind::NotFound if name.contains(char::is_whitespace) => {
                Self::NotFound(name, "write its words as separate arguments, or use: sh -c 'COMMAND'")
            }
            io::ErrorKind::NotFound => Self::NotFound(name, "check its spelling, and that its folder is in PATH"),
            io::ErrorKind::PermissionDenied if find_program(program).is_some_and(|path| path.is_dir()) => {
                Self::NotExecutable(name, "it is a folder".to_owned())
            }
            io::ErrorKind::PermissionDenied => {
                let reason = format!("it is not marked as executable; run: chmod +x {name}");
                Self::NotExecutable(name, reason)
            }
            _ if error.raw_os_error() == Some(EXEC_FORMAT) => {
                let reason = "it is neither a program nor a script; a script begins with a line such as #!/bin/sh";
                Self::NotExecutable(name, reason.to_owned())
            }
            _ => Self::NotExecutable(name, contract_files::yaml::io_reason(error)),
        }
    }
}

/// `ENOEXEC` on Linux and macOS.
const EXEC_FORMAT: i32 = 8;

/// The file of a program: the path itself, or a file in a folder of PATH.
fn find_program(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| Path::new(file).is_file())
}

/// A command that was started.
pub(super) struct RunningCommand {
    child: Child,
    members: Members,
    guard: Guard,
}

impl RunningCommand {
    /// Starts the command. On a terminal it stays in the process group of this process, so that it can read input and
    /// Ctrl-C, Ctrl-Z and pipelines work as without `run`. Elsewhere it joins the guard's group, to which signals are
    /// sent.
    ///
    /// # Errors
    /// The guard ended. The inner error: the command cannot be started.
    pub(super) fn start(
        words: &[OsString],
        environment: &Environment,
        mut guard: Guard,
    ) -> Result<Result<Self, StartFailure>, GuardError> {
        let group = guard.group()?;
        let Some((program, arguments)) = words.split_first() else {
            return Ok(Err(StartFailure::NotFound(String::new(), "write it after `--`")));
        };
        let is_on_terminal = is_foreground();
        let mut command = std::process::Command::new(program);
        command.args(arguments);
        environment.apply(&mut command);
        if !is_on_terminal {
            command.process_group(group.as_raw_pid());
        }
        let child = match tokio::process::Command::from(command).spawn() {
            Ok(child) => child,
            Err(error) => {
                guard.finish();
                return Ok(Err(StartFailure::new(program, &error)));
            }
        };
        let process = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let members = match process.filter(|_| is_on_terminal) {
            Some(process) => Members::Tree(process),
            None => Members::Group(group),
        };
        guard.watch(members);
        Ok(Ok(Self { child, members, guard }))
    }

    /// Waits until the command ends. Signals are passed on, and the command is ended when its time is up.
    ///
    /// # Errors
    /// The system does not say how the command ended.
    pub(super) async fn wait(
        mut self,
        time_ms_max: Option<u64>,
        signals: &mut SignalQueue,
    ) -> Result<CommandEnd, CliError> {
        let mut first_signal = None;
        let mut timed_out = None;
        let time_up = sleep_ms(time_ms_max);
        tokio::pin!(time_up);
        let end = loop {
            tokio::select! {
                status = self.child.wait() => match timed_out {
                    Some(ms) => break CommandEnd::TimedOut(ms),
                    None => break CommandEnd::Exited(status?),
                },
                number = signals.next() => {
                    let ends_command = matches!(number, INTERRUPT | TERMINATE);
                    if ends_command && first_signal.is_some() && matches!(self.members, Members::Group(_)) {
                        self.members.kill();
                        break CommandEnd::Killed { by: number };
                    }
                    if ends_command {
                        first_signal = Some(number);
                    }
                    self.pass_on(number);
                }
                () = &mut time_up => {
                    if timed_out.is_some() {
                        self.members.kill();
                        time_up.set(sleep_ms(None));
                    } else {
                        timed_out = time_ms_max;
                        self.members.signal(Signal::TERM);
                        time_up.set(sleep_ms(u64::try_from(RUN_KILL_AFTER.as_millis()).ok()));
                    }
                }
            }
        };
        // Ends processes that the command has left in its group.
        let guard = self.guard;
        let _ = tokio::task::spawn_blocking(move || guard.finish()).await;
        Ok(end)
    }

    /// Passes a signal on. The terminal sends SIGINT and SIGQUIT to the whole group, so that they are not sent twice.
    fn pass_on(&self, number: i32) {
        let is_from_terminal = matches!(self.members, Members::Tree(_)) && matches!(number, INTERRUPT | QUIT);
        if let Some(signal) = Signal::from_named_raw(number).filter(|_| !is_from_terminal) {
            self.members.signal(signal);
        }
    }
}

/// Sleeps for a time; for ever without one.
async fn sleep_ms(ms: Option<u64>) {
    match ms {
        Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        None => std::future::pending().await,
    }
}

/// Whether this process is in the foreground of a terminal that it uses.
fn is_foreground() -> bool {
    fn is_foreground_of(stream: &(impl AsFd + io::IsTerminal)) -> bool {
        stream.is_terminal() && tcgetpgrp(stream).is_ok_and(|group| group == getpgrp())
    }
    is_foreground_of(&io::stdin()) || is_foreground_of(&io::stdout()) || is_foreground_of(&io::stderr())
}

/// The exit code of a process: its own, or 128 and the number of the signal that ended it.
pub(super) fn exit_code_of(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|number| SIGNAL_EXIT_CODE + number)).unwrap_or(1)
}

pub(super) use crate::cli::signals::SIGNAL_EXIT_CODE;
