//! Every scenario that can be chosen: the built-in ones and those of a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::build::{Scenario, Warnings};
use super::built_in::{self, BuiltIn};
use super::language::ScenarioFile;
use super::rule::ValidationMode;
use crate::contract::Contract;
use contract_files::yaml::{Diagnostic, Source, nearest};

/// How long a chain of `extends` may be.
const CHAIN_MAX: usize = 16;

/// The scenarios by name. Files are read at once; a scenario is put together when it is first asked for.
#[derive(Debug)]
pub struct Library {
    contract: Arc<Contract>,
    files: Vec<Entry>,
    ready: Mutex<BTreeMap<String, Arc<Scenario>>>,
}

/// Whose documents are checked when a scenario is put together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checks {
    /// Everybody's.
    OfAll,
    /// Those that are no part of the binary: the built-in ones were checked by its tests, and a start need not wait.
    OfOthers,
}

#[derive(Debug)]
struct Entry {
    source: Source,
    head: Head,
    built_in: bool,
    /// What the file says; a built-in one is read when something first asks for it.
    file: OnceLock<ScenarioFile>,
    json: &'static str,
}

/// What a list tells of a scenario, and what it starts from.
#[derive(Debug, serde::Deserialize)]
struct Head {
    name: String,
    description: String,
    extends: Option<String>,
}

impl Entry {
    fn new(source: Source, file: ScenarioFile) -> Self {
        let head =
            Head { name: file.name.clone(), description: file.description.clone(), extends: file.extends.clone() };
        Self { source, head, built_in: false, file: OnceLock::from(file), json: "" }
    }

    fn built_in(file: &BuiltIn) -> Result<Self, Diagnostic> {
        let head = serde_json::from_str(file.head);
        let head = head.map_err(|error| Diagnostic::of_file(Path::new(file.path), error.to_string()))?;
        Ok(Self {
            source: Source::new(file.path, file.text),
            head,
            built_in: true,
            file: OnceLock::new(),
            json: file.json,
        })
    }

    fn file(&self) -> Result<&ScenarioFile, Diagnostic> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        // What the build script wrote is no scenario only when the YAML is none, and that tells where.
        let file = serde_json::from_str(self.json).or_else(|_| self.source.parse::<ScenarioFile>())?;
        Ok(self.file.get_or_init(|| file))
    }
}

/// One line of the list of scenarios.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// What happens in it.
    pub description: String,
    /// What it starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// Whether it is part of the binary.
    pub built_in: bool,
}

impl Library {
    /// The built-in scenarios.
    pub fn built_in(contract: Arc<Contract>) -> Result<Self, Vec<Diagnostic>> {
        let entries: Result<Vec<Entry>, Diagnostic> = built_in::FILES.iter().map(Entry::built_in).collect();
        let files = entries.map_err(|diagnostic| vec![diagnostic])?;
        Ok(Self { contract, files, ready: Mutex::default() })
    }

    /// Adds the files of a folder, or one file. Every mistake in them is reported, and then nothing is added.
    pub fn read(&mut self, path: &Path) -> Result<Warnings, Vec<Diagnostic>> {
        self.add_sources(read_files(path)?)
    }

    /// Adds files that have been read, all or none of them.
    pub fn add_sources(&mut self, sources: Vec<Source>) -> Result<Warnings, Vec<Diagnostic>> {
        let before = self.files.len();
        self.add(sources)?;
        let (mut warnings, mut mistakes, mut ready) = (Vec::new(), Vec::new(), Vec::new());
        let names: Vec<String> = self.files[before..].iter().map(|entry| entry.head.name.clone()).collect();
        for name in names {
            match self.put_together(&name, Checks::OfAll) {
                Ok((scenario, more)) => {
                    warnings.extend(more);
                    ready.push((name, Arc::new(scenario)));
                }
                Err(more) => mistakes.extend(more),
            }
        }
        if mistakes.is_empty() {
            // Checked and put together once; asking for one of them does not do it again.
            self.ready.get_mut().unwrap_or_else(PoisonError::into_inner).extend(ready);
            return Ok(warnings);
        }
        self.files.truncate(before);
        Err(mistakes)
    }

    /// Adds files for checking them. Unlike a server's they may bear the name of a built-in scenario, which they
    /// replace: so the built-in ones can be checked where they are written. Returns their names.
    pub fn read_for_check(&mut self, paths: &[PathBuf]) -> Result<Vec<String>, Vec<Diagnostic>> {
        let mut files = Vec::new();
        for path in paths {
            files.extend(yaml_files(path)?);
        }
        let sources = read_sources(files)?;
        let names: Vec<String> =
            sources.iter().filter_map(|source| source.parse::<ScenarioFile>().ok()).map(|file| file.name).collect();
        self.files.retain(|entry| !entry.built_in || !names.contains(&entry.head.name));
        self.add(sources)?;
        Ok(names)
    }

    fn add(&mut self, sources: Vec<Source>) -> Result<(), Vec<Diagnostic>> {
        let mut mistakes = Vec::new();
        let before = self.files.len();
        for source in sources {
            match source.parse::<ScenarioFile>() {
                Ok(file) => {
                    if let Some(other) = self.files.iter().find(|other| other.head.name == file.name) {
                        let message = format!("the name `{}` is taken by {}", file.name, other.source.name.display());
                        mistakes.push(source.at_pointer("/name", message).with_hint("choose another name"));
                    }
                    self.files.push(Entry::new(source, file));
                }
                Err(diagnostic) => mistakes.push(diagnostic),
            }
        }
        if mistakes.is_empty() {
            return Ok(());
        }
        self.files.truncate(before);
        Err(mistakes)
    }

    /// The scenarios, the built-in ones first.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let listed = self.files.iter().map(|entry| Listed {
            name: entry.head.name.clone(),
            description: entry.head.description.trim().to_owned(),
            extends: entry.head.extends.clone(),
            built_in: entry.built_in,
        });
        listed.collect()
    }

    /// The files that are no part of the binary, as they were read.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        self.files.iter().filter(|entry| !entry.built_in).map(|entry| entry.source.clone()).collect()
    }

    /// The scenario of that name.
    pub fn get(&self, name: &str) -> Result<Arc<Scenario>, Vec<Diagnostic>> {
        // Held only to look up and to store; a poisoned map is still a map.
        if let Some(found) = self.ready.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(Arc::clone(found));
        }
        let (scenario, _) = self.put_together(name, Checks::OfOthers)?;
        let scenario = Arc::new(scenario);
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.insert(name.to_owned(), Arc::clone(&scenario));
        Ok(scenario)
    }

    /// The scenario of that name put together anew, with what is odd about it.
    pub fn get_with_warnings(&self, name: &str) -> Result<(Scenario, Warnings), Vec<Diagnostic>> {
        self.put_together(name, Checks::OfAll)
    }

    fn put_together(&self, name: &str, checks: Checks) -> Result<(Scenario, Warnings), Vec<Diagnostic>> {
        let mut chain: Vec<&Entry> = Vec::new();
        let mut next = Some(name.to_owned());
        while let Some(name) = next.take() {
            let Some(entry) = self.files.iter().find(|entry| entry.head.name == name) else {
                return Err(vec![self.unknown(&name, chain.last().copied())]);
            };
            if chain.len() >= CHAIN_MAX || chain.iter().any(|other| other.head.name == name) {
                let message = format!("`extends` leads back to `{name}`, or through more than {CHAIN_MAX} files");
                return Err(vec![entry.source.at_pointer("/extends", message)]);
            }
            chain.push(entry);
            next.clone_from(&entry.head.extends);
        }
        chain.reverse();
        let only_built_in = chain.iter().all(|entry| entry.built_in);
        let chain: Result<Vec<(&Source, &ScenarioFile)>, Diagnostic> =
            chain.iter().map(|entry| Ok((&entry.source, entry.file()?))).collect();
        let chain = chain.map_err(|diagnostic| vec![diagnostic])?;
        let trust =
            if checks == Checks::OfOthers && only_built_in { ValidationMode::Tested } else { ValidationMode::Nobody };
        Scenario::from_chain(&chain, &self.contract, trust)
    }

    fn unknown(&self, name: &str, wanted_by: Option<&Entry>) -> Diagnostic {
        let names: Vec<&str> = self.files.iter().map(|entry| entry.head.name.as_str()).collect();
        let message = format!("there is no scenario `{name}`");
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of: {}", names.join(", ")),
        };
        let diagnostic = match wanted_by {
            Some(entry) => entry.source.at_pointer("/extends", message),
            None => Diagnostic::of_file(Path::new("--scenario"), message),
        };
        diagnostic.with_hint(hint)
    }
}

/// The YAML files of a folder in the order of their names, or the file itself, with their texts.
pub fn read_files(path: &Path) -> Result<Vec<Source>, Vec<Diagnostic>> {
    read_sources(yaml_files(path)?)
}

/// The texts of files; every one that cannot be read is told.
fn read_sources(files: Vec<PathBuf>) -> Result<Vec<Source>, Vec<Diagnostic>> {
    let (mut sources, mut mistakes) = (Vec::new(), Vec::new());
    for file in files {
        match Source::read(&file) {
            Ok(source) => sources.push(source),
            Err(diagnostic) => mistakes.push(diagnostic),
        }
    }
    if mistakes.is_empty() { Ok(sources) } else { Err(mistakes) }
}

/// The YAML files of a folder in the order of their names, or the file itself. Hidden ones are none: editors keep
/// their locks beside a file, under its name after a dot.
fn yaml_files(path: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries =
        std::fs::read_dir(path).map_err(|error| vec![Diagnostic::of_file(path, format!("cannot be read: {error}"))])?;
    let mut files: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"))
        .filter(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")))
        .collect();
    files.sort();
    Ok(files)
}
