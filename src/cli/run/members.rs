//! The processes of a command: which ones they are, and signals to them.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process, test_kill_process_group};

use crate::support::clock::uptime;

/// How often the guard checks whether processes have ended.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The processes that belong to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Members {
    /// A process group: the command and everything that it starts, except for processes that leave the group.
    Group(Pid),
    /// The command and, where `/proc` lists them (Linux), its descendants.
    Tree(Pid),
}

impl Members {
    /// Sends a signal: to the group, as a terminal does, or to the command alone, as `kill` does.
    pub(super) fn signal(self, signal: Signal) {
        // A process that has ended gets no signal.
        let _ = match self {
            Self::Group(group) => kill_process_group(group, signal),
            Self::Tree(command) => kill_process(command, signal),
        };
    }

    /// Kills all processes at once.
    pub(super) fn kill(self) {
        match self {
            Self::Group(group) => drop(kill_process_group(group, Signal::KILL)),
            Self::Tree(command) => signal_each(&with_descendants(command), Signal::KILL),
        }
    }

    /// Ends all processes: SIGTERM, and SIGKILL for those that still run after the grace period.
    pub(super) fn end(self, grace: Duration) {
        match self {
            Self::Group(group) => {
                let _ = kill_process_group(group, Signal::TERM);
                wait_while(grace, || test_kill_process_group(group).is_ok());
                let _ = kill_process_group(group, Signal::KILL);
            }
            Self::Tree(command) => {
                // Before the signal: descendants of a process that has ended cannot be found any more.
                let all = with_descendants(command);
                signal_each(&all, Signal::TERM);
                wait_while(grace, || all.iter().any(|process| test_kill_process(*process).is_ok()));
                signal_each(&all, Signal::KILL);
            }
        }
    }
}

fn signal_each(processes: &[Pid], signal: Signal) {
    for process in processes {
        let _ = kill_process(*process, signal);
    }
}

fn wait_while(time_max: Duration, condition: impl Fn() -> bool) {
    let start = uptime();
    while condition() && uptime().saturating_sub(start) < time_max {
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// A process and its descendants, the process first. Without `/proc`, the process alone.
fn with_descendants(root: Pid) -> Vec<Pid> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for process in processes {
        // A process that has ended in the meantime has no file.
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if let Some(parent) = parent_in(&stat) {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = vec![root.as_raw_pid()];
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(children.remove(process).unwrap_or_default());
        next += 1;
    }
    found.into_iter().filter_map(Pid::from_raw).collect()
}

/// The parent in the text of `/proc/PID/stat`: the second field behind the name, which is in brackets and can contain
/// brackets and spaces.
fn parent_in(stat: &str) -> Option<i32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent_in("12 (npm test) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12 (a) R (b) S 7 12"), Some(7));
        assert_eq!(parent_in(""), None);
    }
}
