//! `--watch`: reloads changed scenario files while the server runs.
//!
//! The files are polled and their contents compared: bind mounts do not report changes to the system, and Kubernetes
//! changes a `ConfigMap` by replacing a symbolic link. A library that watches files would read all of them too, also
//! those that are no scenarios, and stop for ever at a named pipe.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

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
    /// Closed to stop the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The contents of the scenario files by path.
type FileContents = BTreeMap<PathBuf, Arc<str>>;

/// The contents, or why the files cannot be read.
type ReadContents = Result<FileContents, Vec<Diagnostic>>;

/// Reloads the files, on a thread of its own: to build a library takes too long for a thread that serves requests.
#[derive(Debug)]
struct Reloader {
    state: Arc<AppState>,
    path: PathBuf,
    /// The result of the last read.
    last_read: ReadContents,
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
    /// [`StartError::Watch`] when the thread cannot be started.
    pub fn start(settings: &Settings, state: &Arc<AppState>) -> Result<Option<Self>, StartError> {
        let Some(path) = settings.scenarios.as_deref().filter(|_| settings.watch) else { return Ok(None) };
        let fail = |error: io::Error| StartError::Watch { path: path.to_path_buf(), error };
        let (stop, stopped) = channel();
        let reloader = Reloader::new(state, path);
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(move || reloader.run(&stopped));
        Ok(Some(Self { stop: Some(stop), thread: Some(thread.map_err(fail)?) }))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.stop.take());
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

    fn run(mut self, stopped: &Receiver<()>) {
        // The files may have changed after they were loaded, so the first poll does not wait.
        while self.poll(stopped) && !is_stopped(stopped, RELOAD_POLL_INTERVAL) {}
    }

    /// Reads the files, and uses either all of them or none if they have changed. Unchanged files are not parsed again.
    /// Returns `false` when the watcher stops.
    fn poll(&mut self, stopped: &Receiver<()>) -> bool {
        let (_, mut contents) = self.read();
        if contents == self.last_read {
            self.retry_rejected();
            return true;
        }
        // An editor or a deployment may still be writing.
        let read = loop {
            if is_stopped(stopped, RELOAD_DEBOUNCE) {
                return false;
            }
            let (read, again) = self.read();
            if again == contents {
                break read;
            }
            contents = again;
        };
        if contents == self.last_read {
            return true;
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
        true
    }

    fn read(&self) -> (Result<Vec<Source>, Vec<Diagnostic>>, ReadContents) {
        let read = read_files(&self.path);
        let contents = read.as_ref().map(|sources| contents_of(sources)).map_err(Clone::clone);
        (read, contents)
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

/// Waits; returns `true` as soon as the watcher stops.
fn is_stopped(stopped: &Receiver<()>, wait: Duration) -> bool {
    !matches!(stopped.recv_timeout(wait), Err(RecvTimeoutError::Timeout))
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
