//! The guard: a second process of this program that ends the command's processes when `run` crashes or is killed.
//!
//! It reads a pipe from `run`, which the system closes however `run` ends. It needs no feature of a single system, so it
//! works the same on Linux and macOS, unlike `PR_SET_PDEATHSIG`, which also reaches direct children only.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use rustix::process::{Pid, getpgrp, setpgid};
use tokio::signal::unix::{SignalKind, signal};

use super::members::Members;
use crate::config::limits::RUN_LEFTOVER_GRACE;

/// The hidden first argument that makes a process the guard.
const ARGUMENT: &str = "__guard";

/// The line that the guard writes when signals no longer end it.
const READY: &str = "ready";

/// The line with which `run` says that the command has ended.
const ENDED: &str = "ended";

/// The word before the process of a command that has no group of its own.
const TREE: &str = "tree";

/// The guard of a command that may not have been started yet.
#[derive(Debug)]
pub(super) struct Guard {
    process: Child,
    pipe: ChildStdin,
}

/// Why the guard cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("the process that watches over the command cannot be started: {0}")]
pub(super) struct GuardError(#[source] io::Error);

impl From<GuardError> for super::CliError {
    fn from(error: GuardError) -> Self {
        Self::Io(io::Error::other(error))
    }
}

impl Guard {
    /// Starts the guard in a process group of its own, which the command can join.
    ///
    /// # Errors
    /// The process cannot be started.
    pub(super) fn start() -> Result<Self, GuardError> {
        let group = getpgrp().as_raw_pid().to_string();
        let mut command = Command::new(own_program().map_err(GuardError)?);
        // `ps` shows this name.
        command.arg0(env!("CARGO_PKG_NAME")).args([ARGUMENT, &group]).process_group(0).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(GuardError)?;
        let pipe = process.stdin.take().ok_or_else(|| GuardError(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { process, pipe })
    }

    /// Waits until signals to the group no longer end the guard, and returns the group.
    ///
    /// # Errors
    /// The guard ended.
    pub(super) fn group(&mut self) -> Result<Pid, GuardError> {
        let mut line = String::new();
        if let Some(out) = self.process.stdout.take() {
            BufReader::new(out.take(64)).read_line(&mut line).map_err(GuardError)?;
        }
        let process = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        process.filter(|_| line.trim() == READY).ok_or_else(|| GuardError(io::ErrorKind::UnexpectedEof.into()))
    }

    /// Says which processes the guard has to end. It knows those of its own group without that.
    pub(super) fn watch(&mut self, members: Members) {
        if let Members::Tree(command) = members {
            // Fails only if the guard was killed.
            let _ = writeln!(self.pipe, "{TREE} {}", command.as_raw_pid());
        }
    }

    /// Says that the command has ended, and waits until the guard has ended the processes that are left in the group.
    pub(super) fn finish(mut self) {
        let _ = writeln!(self.pipe, "{ENDED}");
        drop(self.pipe);
        let _ = self.process.wait();
    }
}

/// The file of this program, also when it was replaced after it was started.
fn own_program() -> io::Result<std::path::PathBuf> {
    let link = std::path::Path::new("/proc/self/exe");
    if link.exists() { Ok(link.to_owned()) } else { std::env::current_exe() }
}

/// Runs the guard if this process was started as one.
pub(crate) fn run_if_requested() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ARGUMENT {
        return None;
    }
    let parent_group = arguments.next()?.to_str()?.parse().ok().and_then(Pid::from_raw);
    Some(if watch_pipe(parent_group).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn watch_pipe(parent_group: Option<Pid>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    // The handlers stay installed, and ignore signals that `run` sends to the group.
    runtime.block_on(async {
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()] {
            let _ = signal(kind)?;
        }
        Ok::<(), io::Error>(())
    })?;
    writeln!(io::stdout(), "{READY}")?;
    let own_group = getpgrp();
    let mut members = Members::Group(own_group);
    let mut has_ended = false;
    for line in io::stdin().lines().map_while(Result::ok) {
        match line.split_once(' ') {
            Some((TREE, process)) => {
                members = process.parse().ok().and_then(Pid::from_raw).map_or(members, Members::Tree);
            }
            _ => has_ended |= line == ENDED,
        }
    }
    match members {
        Members::Group(_) => {
            // Outside the group, so that the guard can see when the group is empty. If the group of `run` is gone too,
            // the guard stays a member, and ends last with SIGKILL.
            let _ = setpgid(None, parent_group);
            members.end(RUN_LEFTOVER_GRACE);
        }
        // Another process can have its number by now.
        Members::Tree(_) if has_ended => {}
        Members::Tree(_) => members.end(RUN_LEFTOVER_GRACE),
    }
    Ok(())
}
