//! `--watch`: reloads changed scenario files while the server runs.
//!
//! The files are polled and their contents compared: bind mounts do not report changes to the system, and Kubernetes
//! changes a `ConfigMap` by replacing a symbolic link.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use notify::{Config, PollWatcher, RecursiveMode, Watcher as _};

use crate::app::bootstrap::StartError;
use crate::config::limits::{RELOAD_DEBOUNCE, RELOAD_POLL_INTERVAL};
use crate::config::settings::Settings;
use crate::sandbox::app_state::{AppState, ReloadStatus, ReplaceError};
use crate::scenario::library::read_files;
use crate::scenario::{Library, build::Warnings};
use crate::support::clock::Clock;
use contract_files::yaml::{Diagnostic, Source, paragraphs, titles};

/// Watches the scenario files until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    /// Polls the files until it is dropped.
    _poll: PollWatcher,
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug)]
enum Message {
    /// A file may have changed.
    Changed,
    Stop,
}

/// The contents of the scenario files by path.
type FileContents = BTreeMap<PathBuf, Arc<str>>;

/// Reloads the files, on a thread of its own: to build a library takes too long for a thread that serves requests.
#[derive(Debug)]
struct Reloader {
    state: Arc<AppState>,
    path: PathBuf,
    /// The contents at the last read, or why the files could not be read.
    last_read: Result<FileContents, Vec<Diagnostic>>,
    /// The contents of the library in use.
    in_use: FileContents,
    /// A valid library that sandboxes do not allow yet, because they use a scenario that it lacks, and the reason. It is
    /// tried again at every poll.
    rejected: Option<(Arc<Library>, ReplaceError)>,
}

impl Watcher {
    /// Starts to watch the files; returns `None` when `watch` is off.
    ///
    /// # Errors
    /// [`StartError::Watch`] when the files cannot be watched.
    pub fn start(settings: &Settings, state: &Arc<AppState>) -> Result<Option<Self>, StartError> {
        let Some(path) = settings.scenarios.as_deref().filter(|_| settings.watch) else { return Ok(None) };
        let fail = |error: io::Error| StartError::Watch { path: path.to_path_buf(), error };
        let fail_watch = |error: notify::Error| fail(io::Error::other(error));
        let (messages, received) = channel();
        let config = Config::default().with_poll_interval(RELOAD_POLL_INTERVAL).with_compare_contents(true);
        let sender = messages.clone();
        // The reloader compares contents, so the event itself does not matter. A folder that does not exist causes an
        // event at every poll, which the comparison discards.
        let on_event = move |_: notify::Result<notify::Event>| {
            let _ = sender.send(Message::Changed);
        };
        let mut poll_watcher = PollWatcher::new(on_event, config).map_err(fail_watch)?;
        poll_watcher.watch(path, RecursiveMode::NonRecursive).map_err(fail_watch)?;
        // The files may have changed after they were loaded, so the first check does not wait for an event.
        let _ = messages.send(Message::Changed);
        let reloader = Reloader::new(state, path);
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(move || reloader.run(&received));
        let thread = thread.map_err(fail)?;
        Ok(Some(Self { _poll: poll_watcher, messages, thread: Some(thread) }))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Reloader {
    fn new(state: &Arc<AppState>, path: &Path) -> Self {
        let in_use = contents_of(&state.library().sources());
        state.set_reload_status(ReloadStatus { at: Clock::Real.now(), error: None });
        Self {
            state: Arc::clone(state),
            path: path.to_path_buf(),
            last_read: Ok(in_use.clone()),
            in_use,
            rejected: None,
        }
    }

    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let message = match self.rejected {
                Some(_) => messages.recv_timeout(RELOAD_POLL_INTERVAL),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Changed) if debounce(messages) => self.reload(),
                Err(RecvTimeoutError::Timeout) => self.retry_rejected(),
                Ok(_) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Reads the files and uses either all of them or none. Unchanged files are not parsed again.
    fn reload(&mut self) {
        let read = read_files(&self.path);
        let contents = read.as_ref().map(|sources| contents_of(sources)).map_err(Clone::clone);
        if contents == self.last_read {
            // A dangling link causes an event at every poll, so the timeout of `run` is never reached.
            return self.retry_rejected();
        }
        self.last_read = contents;
        self.rejected = None;
        match read.and_then(|sources| self.build_library(sources)) {
            Ok((library, warnings)) => {
                for warning in warnings {
                    tracing::warn!("{warning}");
                }
                self.apply(Arc::new(library));
            }
            Err(diagnostics) => self.report_rejection(titles(&diagnostics), &paragraphs(&diagnostics)),
        }
    }

    fn build_library(&self, sources: Vec<Source>) -> Result<(Library, Warnings), Vec<Diagnostic>> {
        let mut library = Library::built_in(Arc::clone(&self.state.contract))?;
        let warnings = library.add_sources(sources)?;
        Ok((library, warnings))
    }

    /// Tries the rejected library again, because sandboxes may have changed to another scenario.
    fn retry_rejected(&mut self) {
        if let Some((library, _)) = &self.rejected {
            self.apply(Arc::clone(library));
        }
    }

    fn apply(&mut self, library: Arc<Library>) {
        let result = self.state.replace_library(&library);
        let previous = self.rejected.take();
        let Err(error) = result else { return self.report_success(&library) };
        if previous.is_none_or(|(_, previous_error)| previous_error != error) {
            let reason = error.to_string();
            self.report_rejection(reason.clone(), &reason);
        }
        self.rejected = Some((library, error));
    }

    fn report_success(&mut self, library: &Library) {
        self.set_status(None);
        let contents = self.last_read.clone().unwrap_or_default();
        let changed = changed_files(&self.in_use, &contents);
        self.in_use = contents;
        let count = library.list().len();
        if changed.is_empty() {
            tracing::info!("scenarios: the files match those in use again; {count} scenarios are available");
        } else {
            tracing::info!("scenarios: reloaded {}; {count} scenarios are available", changed.join(", "));
        }
    }

    /// The health endpoint needs no token, so it shows `brief`, with positions and without lines of the files.
    fn report_rejection(&self, brief: String, full: &str) {
        self.set_status(Some(brief));
        tracing::warn!("scenarios: the changed files are not used; the previous ones stay in use\n{full}");
    }

    fn set_status(&self, error: Option<String>) {
        self.state.set_reload_status(ReloadStatus { at: Clock::Real.now(), error });
    }
}

/// Waits until there is no further change for [`RELOAD_DEBOUNCE`]; returns `false` when the watcher stops.
fn debounce(messages: &Receiver<Message>) -> bool {
    loop {
        match messages.recv_timeout(RELOAD_DEBOUNCE) {
            Ok(Message::Changed) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn contents_of(sources: &[Source]) -> FileContents {
    sources.iter().map(|source| (source.name.clone(), Arc::clone(&source.text))).collect()
}

/// The names of files that were added, changed or removed.
fn changed_files(before: &FileContents, now: &FileContents) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let written = now.iter().filter(|(path, text)| before.get(*path) != Some(*text)).map(|(path, _)| name(path));
    let removed = before.keys().filter(|path| !now.contains_key(*path)).map(|path| format!("{} (removed)", name(path)));
    written.chain(removed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_files_are_listed() {
        let contents = |rows: &[(&str, &str)]| -> FileContents {
            rows.iter().map(|(path, text)| (PathBuf::from(path), Arc::from(*text))).collect()
        };
        let before = contents(&[("a/one.yaml", "1"), ("a/two.yaml", "2"), ("a/three.yaml", "3")]);
        let now = contents(&[("a/one.yaml", "1"), ("a/two.yaml", "22"), ("a/four.yaml", "4")]);
        assert_eq!(changed_files(&before, &now), ["four.yaml", "two.yaml", "three.yaml (removed)"]);
        assert!(changed_files(&now, &now).is_empty());
    }
}
