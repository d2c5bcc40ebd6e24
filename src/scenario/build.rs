//! From a chain of files to a scenario that is known to be good, and from a scenario to a world.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::HeaderValue;
use serde_json::Value;

use super::check::Checker;
use super::history::History;
use super::language::{ExamplePart, ScenarioFile};
use super::merge::Merged;
use super::populate;
use super::rule::{RULES_MAX, Rule, RuleList, ValidationMode};
use crate::contract::Contract;
use crate::leadconduit::state::World;
use crate::leadconduit::state::sso::SsoStatus;
use crate::support::clock::{self, Clock, Timestamp};
use crate::support::document::{Document, text};
use contract_files::yaml::{Diagnostic, Source};

/// A scenario, checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What happens in it.
    pub description: String,
    /// Its own seed, if it names one.
    pub seed: Option<u64>,
    /// Its own clock, if it names one.
    pub clock: Option<Clock>,
    /// Proofs.
    pub examples: Vec<ExamplePart>,
    /// The file it comes from.
    pub source: Source,
    /// Its name as a header's value.
    pub name_header: HeaderValue,
    /// What it starts from without a change of the world, the nearest first: it and they are conditions of one world.
    pub ancestors: Vec<String>,
    /// Whether its own file writes a world down; otherwise it is a condition under which any world can be put.
    pub has_own_world: bool,
    /// The texts of the files that it is made of: whether it has changed.
    pub chain_text: Vec<Arc<str>>,
    /// Its rules, in the order in which they are asked.
    pub rules: RuleList,
    pub(super) merged: Merged,
}

/// What only warns: the file is used all the same.
pub type Warnings = Vec<Diagnostic>;

impl Scenario {
    /// Checks a chain of files (the oldest first) and makes the last one's scenario of it.
    pub(super) fn from_chain(
        chain: &[(&Source, &ScenarioFile)],
        contract: &Contract,
        trust: ValidationMode,
    ) -> Result<(Self, Warnings), Vec<Diagnostic>> {
        let mut merged = Merged::default();
        for (index, (_, file)) in chain.iter().enumerate() {
            merged.add(index, file);
        }
        let Some((source, file)) = chain.last() else { return Err(Vec::new()) };
        let (rules, mistakes) = rules(chain, &merged, contract, trust);
        let has_own_world = writes_world(file);
        let scenario = Self {
            name: file.name.clone(),
            name_header: HeaderValue::from_str(&file.name).unwrap_or(HeaderValue::from_static("?")),
            ancestors: same_world(chain),
            has_own_world,
            chain_text: chain.iter().map(|(source, _)| Arc::clone(&source.text)).collect(),
            rules,
            description: file.description.trim().to_owned(),
            seed: merged.seed,
            clock: merged.clock,
            examples: file.examples.clone(),
            source: (*source).clone(),
            merged,
        };
        if trust == ValidationMode::Tested && mistakes.is_empty() {
            return Ok((scenario, Vec::new()));
        }
        let mut checker = Checker::new(chain.iter().map(|(source, _)| *source).collect(), contract);
        checker.mistakes = mistakes;
        checker.scenario(&scenario, chain);
        if checker.mistakes.is_empty() { Ok((scenario, checker.warnings)) } else { Err(checker.mistakes) }
    }

    /// The key that examples and start-up texts use when they name none.
    #[must_use]
    pub fn first_key(&self) -> Option<&str> {
        self.merged.first_key.as_deref()
    }

    /// Its health of the single-sign-on service.
    #[must_use]
    pub fn sso_status(&self) -> SsoStatus {
        self.merged.status.clone().unwrap_or_default()
    }

    /// The world at the start, with what the scenario asks to be made up. Documents that are made up keep their
    /// models, or the error says which does not.
    pub fn world(&self, contract: &Contract, seed: u64, clock: Clock) -> Result<World, String> {
        self.merged.world(contract, seed, clock)
    }
}

impl Merged {
    /// A world of all the parts.
    pub(super) fn world(&self, contract: &Contract, seed: u64, clock: Clock) -> Result<World, String> {
        let now = clock.now();
        let mut world = World::with_standard(Arc::clone(contract.standard()), seed, clock);
        world.sso.status = self.status.clone().unwrap_or_default();
        world.sso.count_from(0, now);
        for account in &self.accounts {
            let document = at(&account.document.value, now);
            let id = text(&document, "id").to_owned();
            world.put_account(&id, Document::new(&document));
            for (collection, documents) in &account.collections {
                for placed in documents {
                    let document = at(&placed.value, now);
                    let key = text(&document, collection.key()).to_owned();
                    world.put(&id, *collection, &key, Document::new(&document));
                }
            }
            for plan in &account.history {
                world.add_past(&id, Arc::new(History::new(plan.clone())));
            }
            for placed in &account.events {
                world.put_event(&id, &at(&placed.value, now));
            }
        }
        for placed in &self.sso_accounts {
            let document = at(&placed.value, now);
            world
                .sso
                .accounts
                .insert(text(&document, "sso_id").to_ascii_lowercase().into(), Document::new(&document).into());
        }
        for placed in &self.sso_connections {
            let document = at(&placed.value, now);
            world
                .sso
                .connections
                .insert(text(&document, "id").to_ascii_lowercase().into(), Document::new(&document).into());
        }
        for (key, (owner, _)) in &self.keys {
            world.put_key(key, owner.clone());
        }
        for account in &self.accounts {
            let id = text(&account.document.value, "id");
            populate::populate(&mut world, contract, id, account.generate, now)?;
        }
        Ok(world)
    }
}

/// Whether a file writes a world down.
fn writes_world(file: &ScenarioFile) -> bool {
    file.sso.has_entries() || !file.world.is_empty()
}

/// The names of those before the last that share its world.
fn same_world(chain: &[(&Source, &ScenarioFile)]) -> Vec<String> {
    let newest_first = chain.iter().rev().map(|(_, file)| *file);
    let parents = newest_first.clone().skip(1);
    newest_first
        .zip(parents)
        .take_while(|(file, _)| !writes_world(file))
        .map(|(_, parent)| parent.name.clone())
        .collect()
}

/// A document with its relative times (`now - 3d`) made absolute.
pub(super) fn at(value: &Value, now: Timestamp) -> Value {
    let mut value = value.clone();
    resolve_times(&mut value, "", now);
    value
}

fn resolve_times(value: &mut Value, name: &str, now: Timestamp) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                resolve_times(value, name, now);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve_times(item, name, now)),
        Value::String(words) if name.ends_with("_at") || name == "timestamp" => {
            if let Some(at) = clock::relative(words, now) {
                *words = clock::stamp(at);
            }
        }
        Value::String(words) if name.ends_with("_timestamp") => {
            if let Some(at) = clock::relative(words, now) {
                *value = at.as_millisecond().into();
            }
        }
        _ => {}
    }
}

/// The rules of a chain, made ready; and what is wrong with them.
fn rules(
    chain: &[(&Source, &ScenarioFile)],
    merged: &Merged,
    contract: &Contract,
    trust: ValidationMode,
) -> (RuleList, Vec<Diagnostic>) {
    let (mut rules, mut diagnostics) = (RuleList::new(), Vec::new());
    let mut names = BTreeSet::new();
    for (at, (part, origin)) in merged.rules.iter().enumerate() {
        let source = chain[origin.file].0;
        if part.name.as_ref().is_some_and(|name| !names.insert(name)) {
            let message = format!("the name `{}` is used twice", part.name.as_deref().unwrap_or_default());
            let diagnostic = source.at_pointer(&format!("{}/name", origin.pointer), message);
            diagnostics.push(diagnostic.with_hint("choose another name"));
        }
        match Rule::new(part, at + 1, contract, trust) {
            Ok(rule) => rules.push(Arc::new(rule)),
            Err(mistakes) => diagnostics.extend(mistakes.into_iter().map(|(within, message, hint)| {
                let mut diagnostic = source.at_pointer(&format!("{}{within}", origin.pointer), message);
                diagnostic.hint = hint;
                diagnostic
            })),
        }
    }
    if merged.rules.len() > RULES_MAX
        && let Some((source, _)) = chain.last()
    {
        diagnostics.push(source.at_pointer("/rules", format!("there may be {RULES_MAX} rules")));
    }
    (rules, diagnostics)
}
