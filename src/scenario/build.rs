//! Compiles a chain of scenario files into a validated scenario.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::HeaderValue;

use super::language::{ScenarioExample, ScenarioFile};
use super::merge::MergedScenario;
use super::populate::PopulateError;
use super::rule::regexes::RegexError;
use super::rule::{RULES_MAX, Rule, RuleList, ValidationMode};
use super::validate::{ChainFile, Validator};
use crate::config::limits::REGEX_TOTAL_BYTES_MAX;
use crate::contract::Contract;
use crate::leadconduit::state::World;
use crate::leadconduit::state::sso::SsoStatus;
use crate::support::clock::Clock;
use contract_files::yaml::{Diagnostic, Source};

/// A validated scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, by which it is selected.
    pub name: String,
    /// One or two sentences on what happens in it.
    pub description: String,
    /// The seed that it sets, if any.
    pub seed: Option<u64>,
    /// The clock that it sets, if any.
    pub clock: Option<Clock>,
    /// Requests and the responses that they must get.
    pub examples: Vec<ScenarioExample>,
    /// The file that declares it.
    pub source: Source,
    /// The name as a header value.
    pub name_header: HeaderValue,
    /// The ancestors that declare no world of their own in between, nearest first: this scenario and they are
    /// conditions of one world.
    pub ancestors: Vec<String>,
    /// Whether its own file declares a world. If not, it is a condition that can be applied to any world.
    pub has_own_world: bool,
    /// The texts of all files of the chain, to detect changes.
    pub chain_text: Vec<Arc<str>>,
    /// The rules in the order of evaluation.
    pub rules: RuleList,
    pub(super) merged: MergedScenario,
}

/// Diagnostics that do not prevent the use of a file.
pub type Warnings = Vec<Diagnostic>;

impl Scenario {
    /// Compiles a chain of files, the root ancestor first, into the scenario of the last one.
    ///
    /// # Errors
    ///
    /// All diagnostics of the chain.
    pub(super) fn from_chain(
        chain: &[ChainFile<'_>],
        contract: &Contract,
        mode: ValidationMode,
    ) -> Result<(Self, Warnings), Vec<Diagnostic>> {
        let mut merged = MergedScenario::default();
        for (index, (_, file)) in chain.iter().enumerate() {
            merged.add(index, file);
        }
        let Some((source, file)) = chain.last() else { return Err(Vec::new()) };
        let (rules, errors) = compile_rules(chain, &merged, contract, mode);
        let scenario = Self {
            name: file.name.clone(),
            name_header: HeaderValue::from_str(&file.name).unwrap_or(HeaderValue::from_static("?")),
            ancestors: ancestors_of_same_world(chain),
            has_own_world: declares_world(file),
            chain_text: chain.iter().map(|(source, _)| Arc::clone(&source.text)).collect(),
            rules,
            description: file.description.trim().to_owned(),
            seed: merged.seed,
            clock: merged.clock,
            examples: file.examples.clone(),
            source: (*source).clone(),
            merged,
        };
        if mode == ValidationMode::Trusted && errors.is_empty() {
            return Ok((scenario, Vec::new()));
        }
        let mut validator = Validator::new(chain.iter().map(|(source, _)| *source).collect(), contract);
        validator.errors = errors;
        validator.validate_scenario(&scenario.merged, &scenario.rules, chain);
        if validator.errors.is_empty() { Ok((scenario, validator.warnings)) } else { Err(validator.into_errors()) }
    }

    /// The API key of examples and start-up texts that name none.
    #[must_use]
    pub fn default_key(&self) -> Option<&str> {
        self.merged.default_key.as_deref()
    }

    /// All API keys of its world at the start.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.merged.keys.keys().map(String::as_str)
    }

    /// The health of the single sign-on service at the start.
    #[must_use]
    pub fn sso_status(&self) -> SsoStatus {
        self.merged.status.clone().unwrap_or_default()
    }

    /// Creates the world at the start of the scenario, generated documents included.
    ///
    /// # Errors
    ///
    /// A generated document does not match its model.
    pub fn create_world(&self, contract: &Contract, seed: u64, clock: Clock) -> Result<World, PopulateError> {
        self.merged.create_world(contract, seed, clock)
    }
}

fn declares_world(file: &ScenarioFile) -> bool {
    file.sso.has_entries() || !file.world.is_empty()
}

fn ancestors_of_same_world(chain: &[ChainFile<'_>]) -> Vec<String> {
    let newest_first = chain.iter().rev().map(|(_, file)| *file);
    let parents = newest_first.clone().skip(1);
    newest_first
        .zip(parents)
        .take_while(|(file, _)| !declares_world(file))
        .map(|(_, parent)| parent.name.clone())
        .collect()
}

/// Compiles the rules of a chain. Returns the valid ones and the diagnostics of the others.
fn compile_rules(
    chain: &[ChainFile<'_>],
    merged: &MergedScenario,
    contract: &Contract,
    mode: ValidationMode,
) -> (RuleList, Vec<Diagnostic>) {
    let (mut rules, mut diagnostics) = (RuleList::new(), Vec::new());
    let mut names = BTreeSet::new();
    let mut regex_bytes = 0;
    for (index, (spec, origin)) in merged.rules.iter().enumerate() {
        let source = chain[origin.file].0;
        if diagnostics.len() >= source.diagnostics_max() || index >= RULES_MAX {
            break;
        }
        if spec.name.as_ref().is_some_and(|name| !names.insert(name)) {
            let message = format!("the name `{}` is used twice", spec.name.as_deref().unwrap_or_default());
            let diagnostic = source.at_pointer(&format!("{}/name", origin.pointer), message);
            diagnostics.push(diagnostic.with_hint("choose another name"));
        }
        match Rule::new(spec, index + 1, contract, mode) {
            Ok(rule) => {
                regex_bytes += rule.regex_bytes();
                if regex_bytes > REGEX_TOTAL_BYTES_MAX {
                    let message = RegexError::Total(REGEX_TOTAL_BYTES_MAX).to_string();
                    diagnostics.push(source.at_pointer(&format!("{}/when", origin.pointer), message));
                    break;
                }
                rules.push(Arc::new(rule));
            }
            Err(errors) => {
                let listed = errors.into_iter().take(source.diagnostics_max());
                diagnostics.extend(listed.map(|error| error.in_file(source, &origin.pointer)));
            }
        }
    }
    if merged.rules.len() > RULES_MAX
        && let Some((source, _)) = chain.last()
    {
        diagnostics.push(source.at_pointer("/rules", format!("a scenario can have {RULES_MAX} rules at most")));
    }
    (rules, diagnostics)
}
