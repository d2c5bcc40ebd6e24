//! The scenarios that can be selected: the built-in ones and those of a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::build::{Scenario, Warnings};
use super::built_in::{self, BuiltIn};
use super::language::ScenarioFile;
use super::rule::ValidationMode;
use crate::contract::Contract;
use crate::support::redaction::is_secret_name;
use contract_files::yaml::{Diagnostic, Source, io_reason, nearest};

/// The longest chain of `extends`.
const CHAIN_MAX: usize = 16;

/// The scenarios by name. Files are read on load; a scenario is compiled on first use and cached.
#[derive(Debug)]
pub struct Library {
    contract: Arc<Contract>,
    files: Vec<LibraryEntry>,
    cache: Mutex<BTreeMap<String, Arc<Scenario>>>,
    /// The API keys of all files; collected on first use.
    keys: OnceLock<BTreeSet<String>>,
    /// The values of secret environment variables; collected on first use.
    secrets: OnceLock<Arc<[String]>>,
}

/// Whether built-in scenarios are validated when they are compiled. Others always are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BuiltInPolicy {
    Validate,
    /// The tests of this crate validate the built-in scenarios. Skipping it keeps the start short.
    Trust,
}

#[derive(Debug)]
struct LibraryEntry {
    source: Source,
    metadata: ScenarioMetadata,
    built_in: bool,
    /// The parsed file. A built-in one is parsed on first use.
    file: OnceLock<ScenarioFile>,
    json: &'static str,
}

/// What is known of a scenario before its file is parsed.
#[derive(Debug, serde::Deserialize)]
struct ScenarioMetadata {
    name: String,
    description: String,
    extends: Option<String>,
}

impl LibraryEntry {
    fn new(source: Source, file: ScenarioFile) -> Self {
        let metadata = ScenarioMetadata {
            name: file.name.clone(),
            description: file.description.clone(),
            extends: file.extends.clone(),
        };
        Self { source, metadata, built_in: false, file: OnceLock::from(file), json: "" }
    }

    fn built_in(file: &BuiltIn) -> Result<Self, Diagnostic> {
        let metadata = serde_json::from_str(file.metadata);
        let metadata = metadata.map_err(|error| Diagnostic::of_file(Path::new(file.path), error.to_string()))?;
        Ok(Self {
            source: Source::new(file.path, file.text),
            metadata,
            built_in: true,
            file: OnceLock::new(),
            json: file.json,
        })
    }

    fn file(&self) -> Result<&ScenarioFile, Diagnostic> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        // The JSON of the build script is invalid only if the YAML is, and errors in the YAML have line and column.
        let file = serde_json::from_str(self.json).or_else(|_| ScenarioFile::parse(&self.source))?;
        Ok(self.file.get_or_init(|| file))
    }
}

/// A scenario in a list.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ScenarioSummary {
    /// Its name.
    pub name: String,
    /// One or two sentences on what happens in it.
    pub description: String,
    /// The scenario that it extends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// Whether it is part of the binary.
    pub built_in: bool,
}

impl Library {
    /// A library of the built-in scenarios.
    ///
    /// # Errors
    ///
    /// The metadata that the build script wrote is malformed.
    pub fn built_in(contract: Arc<Contract>) -> Result<Self, Vec<Diagnostic>> {
        let entries: Result<Vec<LibraryEntry>, Diagnostic> =
            built_in::FILES.iter().map(LibraryEntry::built_in).collect();
        let files = entries.map_err(|diagnostic| vec![diagnostic])?;
        Ok(Self { contract, files, cache: Mutex::default(), keys: OnceLock::new(), secrets: OnceLock::new() })
    }

    /// Adds the YAML files of a folder, or one file.
    ///
    /// # Errors
    ///
    /// All diagnostics of the files. Nothing is added then.
    pub fn read(&mut self, path: &Path) -> Result<Warnings, Vec<Diagnostic>> {
        let sources = read_files(path)?;
        let is_empty = sources.is_empty();
        let mut warnings = self.add_sources(sources)?;
        if is_empty {
            warnings.push(no_scenario_files(path));
        }
        Ok(warnings)
    }

    /// Adds files that were read before.
    ///
    /// # Errors
    ///
    /// All diagnostics of the files. Nothing is added then.
    pub fn add_sources(&mut self, sources: Vec<Source>) -> Result<Warnings, Vec<Diagnostic>> {
        let before = self.files.len();
        self.add(sources)?;
        let (mut warnings, mut errors, mut compiled) = (Vec::new(), Vec::new(), Vec::new());
        let names: Vec<String> = self.files[before..].iter().map(|entry| entry.metadata.name.clone()).collect();
        for name in names {
            match self.compile(&name, BuiltInPolicy::Validate) {
                Ok((scenario, more)) => {
                    warnings.extend(more);
                    compiled.push((name, Arc::new(scenario)));
                }
                Err(more) => errors.extend(more),
            }
        }
        if errors.is_empty() {
            // `get` does not compile them again.
            self.cache.get_mut().unwrap_or_else(PoisonError::into_inner).extend(compiled);
            return Ok(warnings);
        }
        self.files.truncate(before);
        Err(errors)
    }

    /// Adds files to be checked, and returns the names of their scenarios. As for a server, a name can be used once; only
    /// an unchanged file of a built-in scenario takes its place, so that those files can be checked too.
    ///
    /// # Errors
    ///
    /// The diagnostics of files that cannot be read or parsed.
    pub fn read_for_check(&mut self, paths: &[PathBuf]) -> Result<Vec<String>, Vec<Diagnostic>> {
        let mut files = Vec::new();
        for path in paths {
            let found = find_yaml_files(path)?;
            if found.is_empty() {
                return Err(vec![no_scenario_files(path)]);
            }
            files.extend(found);
        }
        let sources = read_sources(files)?;
        let texts: BTreeSet<&str> = sources.iter().map(|source| &*source.text).collect();
        // The files of the built-in scenarios themselves are checked in their place.
        self.files.retain(|entry| !entry.built_in || !texts.contains(&*entry.source.text));
        let names: Vec<String> =
            sources.iter().filter_map(|source| parse_file(source).ok()).map(|file| file.name).collect();
        self.add(sources)?;
        Ok(names)
    }

    fn add(&mut self, sources: Vec<Source>) -> Result<(), Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let before = self.files.len();
        for source in sources {
            match parse_file(&source) {
                Ok(file) => {
                    if let Some(other) = self.files.iter().find(|other| other.metadata.name == file.name) {
                        let message = if other.built_in {
                            format!("`{}` is the name of a built-in scenario", file.name)
                        } else {
                            format!("the name `{}` is already used by {}", file.name, other.source.name.display())
                        };
                        errors.push(source.at_pointer("/name", message).with_hint("choose another name"));
                    }
                    self.files.push(LibraryEntry::new(source, file));
                }
                Err(diagnostic) => errors.push(diagnostic),
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        self.files.truncate(before);
        Err(errors)
    }

    /// All scenarios, the built-in ones first.
    #[must_use]
    pub fn list(&self) -> Vec<ScenarioSummary> {
        let listed = self.files.iter().map(|entry| ScenarioSummary {
            name: entry.metadata.name.clone(),
            description: entry.metadata.description.trim().to_owned(),
            extends: entry.metadata.extends.clone(),
            built_in: entry.built_in,
        });
        listed.collect()
    }

    /// Whether a text is an API key of any scenario, or was one before a scenario revoked it.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        let collect = || {
            let worlds = self.files.iter().filter_map(|entry| Some(&entry.file().ok()?.world));
            worlds.flat_map(|world| world.keys.iter().map(|spec| &spec.key).chain(&world.revoke).cloned()).collect()
        };
        self.keys.get_or_init(collect).contains(key)
    }

    /// The values that files took from environment variables with the name of a secret. No output may contain them.
    #[must_use]
    pub fn secrets(&self) -> &Arc<[String]> {
        self.secrets.get_or_init(|| {
            let used = self.files.iter().flat_map(|entry| entry.source.substitutions());
            used.filter(|(name, _)| is_secret_name(name)).map(|(_, value)| value).collect()
        })
    }

    /// The files that are not part of the binary, as they were read.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        self.files.iter().filter(|entry| !entry.built_in).map(|entry| entry.source.clone()).collect()
    }

    /// The scenario with the name, compiled on first use.
    ///
    /// # Errors
    ///
    /// There is no such scenario, or its files are invalid.
    pub fn get(&self, name: &str) -> Result<Arc<Scenario>, Vec<Diagnostic>> {
        // The lock is held for look-ups and inserts only, so a poisoned map is still consistent.
        if let Some(found) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(Arc::clone(found));
        }
        let (scenario, _) = self.compile(name, BuiltInPolicy::Trust)?;
        let scenario = Arc::new(scenario);
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::clone(&scenario));
        Ok(scenario)
    }

    /// Compiles and validates the scenario with the name, without the cache, and returns its warnings too.
    ///
    /// # Errors
    ///
    /// There is no such scenario, or its files are invalid.
    pub fn get_with_warnings(&self, name: &str) -> Result<(Scenario, Warnings), Vec<Diagnostic>> {
        self.compile(name, BuiltInPolicy::Validate)
    }

    fn compile(&self, name: &str, policy: BuiltInPolicy) -> Result<(Scenario, Warnings), Vec<Diagnostic>> {
        let mut chain: Vec<&LibraryEntry> = Vec::new();
        let mut next = Some(name.to_owned());
        while let Some(name) = next.take() {
            let Some(entry) = self.files.iter().find(|entry| entry.metadata.name == name) else {
                return Err(vec![self.unknown_scenario(&name, chain.last().copied())]);
            };
            if chain.len() >= CHAIN_MAX || chain.iter().any(|other| other.metadata.name == name) {
                let message =
                    format!("`extends` forms a cycle with `{name}`, or a chain of more than {CHAIN_MAX} files");
                return Err(vec![entry.source.at_pointer("/extends", message)]);
            }
            chain.push(entry);
            next.clone_from(&entry.metadata.extends);
        }
        chain.reverse();
        let is_built_in = chain.iter().all(|entry| entry.built_in);
        let chain: Result<Vec<(&Source, &ScenarioFile)>, Diagnostic> =
            chain.iter().map(|entry| Ok((&entry.source, entry.file()?))).collect();
        let chain = chain.map_err(|diagnostic| vec![diagnostic])?;
        let is_trusted = policy == BuiltInPolicy::Trust && is_built_in;
        let mode = if is_trusted { ValidationMode::Trusted } else { ValidationMode::Full };
        Scenario::from_chain(&chain, &self.contract, mode)
    }

    fn unknown_scenario(&self, name: &str, child: Option<&LibraryEntry>) -> Diagnostic {
        let message = format!("there is no scenario `{name}`");
        let diagnostic = match child {
            Some(entry) => entry.source.at_pointer("/extends", message),
            None => Diagnostic::of_file(Path::new("--scenario"), message),
        };
        let hint = match child {
            None if is_file_name(name) => {
                "select it by the `name` in its file, in two options: --scenarios FOLDER --scenario NAME".to_owned()
            }
            _ => self.unknown_scenario_hint(name),
        };
        diagnostic.with_hint(hint)
    }

    /// What to write in place of a name that no scenario has.
    #[must_use]
    pub fn unknown_scenario_hint(&self, name: &str) -> String {
        let names: Vec<&str> = self.files.iter().map(|entry| entry.metadata.name.as_str()).collect();
        match nearest(name, names.iter().copied()) {
            _ if is_file_name(name) => "write the `name` in the file, not the name of the file".to_owned(),
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("write one of: {}", names.join(", ")),
        }
    }
}

/// True for a text that is most likely a file.
fn is_file_name(name: &str) -> bool {
    name.contains('/') || Path::new(name).extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn no_scenario_files(folder: &Path) -> Diagnostic {
    Diagnostic::of_file(folder, "has no scenario files").with_hint("their names end in .yaml or .yml")
}

/// Parses a scenario file, with values from the environment of this process.
fn parse_file(source: &Source) -> Result<ScenarioFile, Diagnostic> {
    ScenarioFile::parse_with(source, &|name| std::env::var(name).ok())
}

/// Reads the YAML files of a folder in the order of their names, or one file.
///
/// # Errors
///
/// A diagnostic for each file that cannot be read.
pub fn read_files(path: &Path) -> Result<Vec<Source>, Vec<Diagnostic>> {
    read_sources(find_yaml_files(path)?)
}

fn read_sources(files: Vec<PathBuf>) -> Result<Vec<Source>, Vec<Diagnostic>> {
    let (mut sources, mut errors) = (Vec::new(), Vec::new());
    for file in files {
        match Source::read(&file) {
            Ok(source) => sources.push(source),
            Err(diagnostic) => errors.push(diagnostic),
        }
    }
    if errors.is_empty() { Ok(sources) } else { Err(errors) }
}

/// The YAML files of a folder in the order of their names, or the file itself. Names that begin with a dot are
/// ignored: editors use them for lock files.
fn find_yaml_files(path: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    // What is no folder is read as a file, which reports pipes and devices.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir()) {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = std::fs::read_dir(path)
        .map_err(|error| vec![Diagnostic::of_file(path, format!("cannot be read: {}", io_reason(&error)))])?;
    let mut files: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"))
        .filter(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")))
        .collect();
    files.sort();
    Ok(files)
}
