//! `--watch`: changed scenario files are read again while the server runs.
//!
//! The files are looked at again and again, and their contents compared: over bind mounts no system tells of changes,
//! and a `ConfigMap` changes by a link that is put in the place of another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use notify::{Config, PollWatcher, RecursiveMode, Watcher as _};

use crate::app::bootstrap::StartError;
use crate::config::settings::Settings;
use crate::sandbox::app_state::{AppState, ReloadStatus};
use crate::scenario::library::read_files;
use crate::scenario::{Library, build::Warnings};
use crate::support::clock::Clock;
use contract_files::yaml::{Diagnostic, Source, paragraphs, titles};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Changes that follow each other sooner than this are one.
const QUIET: Duration = Duration::from_millis(200);

/// Watches the files until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    /// It looks as long as it is there.
    _poll: PollWatcher,
    signals: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug)]
enum Signal {
    /// Something about the files is not as it was.
    Changed,
    /// Nobody needs the files any more.
    Stop,
}

/// The texts of files by name; or why they cannot be read.
type Texts = Result<BTreeMap<PathBuf, Arc<str>>, String>;

/// Reads the files, on a thread of its own: putting scenarios together takes longer than a request may wait.
#[derive(Debug)]
struct Reader {
    stage: Arc<AppState>,
    path: PathBuf,
    /// What was found at the last look.
    seen: Texts,
    /// What is played.
    taken: BTreeMap<PathBuf, Arc<str>>,
    /// Good files that are not taken because of what is played, and why. They are offered again and again.
    refused: Option<(Arc<Library>, String)>,
}

impl Watcher {
    /// Begins to watch; `None` when the settings do not ask for it.
    pub fn start(settings: &Settings, stage: &Arc<AppState>) -> Result<Option<Self>, StartError> {
        let Some(path) = settings.scenarios.as_deref().filter(|_| settings.watch) else { return Ok(None) };
        let fail =
            |why: String| StartError::Scenarios(vec![Diagnostic::of_file(path, format!("cannot be watched: {why}"))]);
        let (signals, received) = channel();
        let config = Config::default().with_poll_interval(LOOK_EVERY).with_compare_contents(true);
        let tell = signals.clone();
        // What has changed is found when the files are read; here it only matters that something has. A folder that is
        // gone is told each time, and found to be no news.
        let changed = move |_: notify::Result<notify::Event>| {
            let _ = tell.send(Signal::Changed);
        };
        let mut poll = PollWatcher::new(changed, config).map_err(|error| fail(error.to_string()))?;
        poll.watch(path, RecursiveMode::NonRecursive).map_err(|error| fail(error.to_string()))?;
        // The files may have changed since they were read for the start: a first look finds that.
        let _ = signals.send(Signal::Changed);
        let reader = Reader::new(stage, path);
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(move || reader.run(&received));
        let thread = thread.map_err(|error| fail(error.to_string()))?;
        Ok(Some(Self { _poll: poll, signals, thread: Some(thread) }))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.signals.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Reader {
    fn new(stage: &Arc<AppState>, path: &Path) -> Self {
        let taken = texts(&stage.library().sources());
        stage.note_watched(ReloadStatus { at: Clock::Real.now(), error: None });
        Self { stage: Arc::clone(stage), path: path.to_path_buf(), seen: Ok(taken.clone()), taken, refused: None }
    }

    fn run(mut self, signals: &Receiver<Signal>) {
        loop {
            let signal = match self.refused {
                Some(_) => signals.recv_timeout(LOOK_EVERY),
                None => signals.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match signal {
                Ok(Signal::Changed) if is_quiet(signals) => self.look(),
                Err(RecvTimeoutError::Timeout) => self.offer_again(),
                Ok(_) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Reads the files, and takes them all or none. When they are as they were, nothing is read again.
    fn look(&mut self) {
        let read = read_files(&self.path);
        let found = read.as_ref().map(|sources| texts(sources)).map_err(|mistakes| titles(mistakes));
        if found == self.seen {
            // A folder that is told of each time, because of a link that leads nowhere, must not keep this waiting.
            return self.offer_again();
        }
        self.seen = found;
        self.refused = None;
        match read.and_then(|sources| self.put_together(sources)) {
            Ok((library, warnings)) => {
                for warning in warnings {
                    tracing::warn!("{warning}");
                }
                self.offer(Arc::new(library));
            }
            Err(mistakes) => self.keep_the_last(titles(&mistakes), &paragraphs(&mistakes)),
        }
    }

    fn put_together(&self, sources: Vec<Source>) -> Result<(Library, Warnings), Vec<Diagnostic>> {
        let mut library = Library::built_in(Arc::clone(&self.stage.contract))?;
        let warnings = library.add_sources(sources)?;
        Ok((library, warnings))
    }

    /// Somebody may play another scenario by now.
    fn offer_again(&mut self) {
        if let Some((library, _)) = &self.refused {
            self.offer(Arc::clone(library));
        }
    }

    fn offer(&mut self, library: Arc<Library>) {
        let result = self.stage.replace_library(&library);
        let before = self.refused.take();
        let Err(why) = result else { return self.take(&library) };
        if before.is_none_or(|(_, said)| said != why) {
            self.keep_the_last(why.clone(), &why);
        }
        self.refused = Some((library, why));
    }

    fn take(&mut self, library: &Library) {
        self.note(None);
        let now = self.seen.clone().unwrap_or_default();
        let changed = changed(&self.taken, &now);
        self.taken = now;
        let count = library.list().len();
        if changed.is_empty() {
            tracing::info!("scenarios: the files are again as they were; there are {count}");
        } else {
            tracing::info!("scenarios: read {}; there are {count} now", changed.join(", "));
        }
    }

    /// Health may be asked by anybody, so it names the places and shows no lines of the files.
    fn keep_the_last(&self, brief: String, full: &str) {
        self.note(Some(brief));
        tracing::warn!("scenarios: the changed files are not used, those from before are\n{full}");
    }

    fn note(&self, error: Option<String>) {
        self.stage.note_watched(ReloadStatus { at: Clock::Real.now(), error });
    }
}

/// Waits until nothing changes for a moment; `false` when it is time to stop.
fn is_quiet(signals: &Receiver<Signal>) -> bool {
    loop {
        match signals.recv_timeout(QUIET) {
            Ok(Signal::Changed) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn texts(sources: &[Source]) -> BTreeMap<PathBuf, Arc<str>> {
    sources.iter().map(|source| (source.name.clone(), Arc::clone(&source.text))).collect()
}

/// The names of files that are new, different, or gone.
fn changed(before: &BTreeMap<PathBuf, Arc<str>>, now: &BTreeMap<PathBuf, Arc<str>>) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let written = now.iter().filter(|(path, text)| before.get(*path) != Some(*text)).map(|(path, _)| name(path));
    let gone = before.keys().filter(|path| !now.contains_key(*path)).map(|path| format!("{} (gone)", name(path)));
    written.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_changed_is_named() {
        let texts = |rows: &[(&str, &str)]| -> BTreeMap<PathBuf, Arc<str>> {
            rows.iter().map(|(path, text)| (PathBuf::from(path), Arc::from(*text))).collect()
        };
        let before = texts(&[("a/one.yaml", "1"), ("a/two.yaml", "2"), ("a/three.yaml", "3")]);
        let now = texts(&[("a/one.yaml", "1"), ("a/two.yaml", "22"), ("a/four.yaml", "4")]);
        assert_eq!(changed(&before, &now), ["four.yaml", "two.yaml", "three.yaml (gone)"]);
        assert!(changed(&now, &now).is_empty());
    }
}
