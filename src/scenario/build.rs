//! From a chain of files to a scenario that is known to be good, and from a scenario to a world.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::language::{ExamplePart, ScenarioFile};
use super::merge::{Merged, Origin, Placed};
use super::populate;
use crate::contract::Contract;
use crate::world::clock::{self, Clock, Timestamp};
use crate::world::sso::SsoStatus;
use crate::world::{Collection, Document, World, text};
use crate::yaml::{Diagnosis, Source};

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
    merged: Merged,
}

/// What only warns: the file is used all the same.
pub type Warnings = Vec<Diagnosis>;

impl Scenario {
    /// Checks a chain of files (the oldest first) and makes the last one's scenario of it. Without a contract the files
    /// are known to be good.
    pub(super) fn from_chain(
        chain: &[(&Source, &ScenarioFile)],
        contract: Option<&Contract>,
    ) -> Result<(Self, Warnings), Vec<Diagnosis>> {
        let mut merged = Merged::default();
        for (index, (_, file)) in chain.iter().enumerate() {
            merged.add(index, file);
        }
        let Some((source, file)) = chain.last() else { return Err(Vec::new()) };
        let scenario = Self {
            name: file.name.clone(),
            description: file.description.trim().to_owned(),
            seed: merged.seed,
            clock: merged.clock,
            examples: file.examples.clone(),
            source: (*source).clone(),
            merged,
        };
        let Some(contract) = contract else { return Ok((scenario, Vec::new())) };
        let mut checker = Checker { chain, contract, mistakes: Vec::new(), warnings: Vec::new() };
        checker.check(&scenario);
        if checker.mistakes.is_empty() { Ok((scenario, checker.warnings)) } else { Err(checker.mistakes) }
    }

    /// The key that examples and start-up texts use when they name none.
    #[must_use]
    pub fn first_key(&self) -> Option<&str> {
        self.merged.first_key.as_deref()
    }

    /// The world at the start, with what the scenario asks to be made up. Documents that are made up keep their
    /// models, or the error says which does not.
    pub fn world(&self, contract: &Contract, seed: u64, clock: Clock) -> Result<World, String> {
        let now = clock.now();
        let mut world = World::empty(seed, clock);
        world.sso.status = self.merged.status.unwrap_or(SsoStatus::Up);
        for account in &self.merged.accounts {
            let document = at(&account.document.value, now);
            let id = text(&document, "id").to_owned();
            world.put_account(&id, Document::new(&document));
            for (collection, documents) in &account.collections {
                for placed in documents {
                    let document = at(&placed.value, now);
                    let key = text(&document, "id").to_owned();
                    world.put(&id, *collection, &key, Document::new(&document));
                }
            }
        }
        for placed in &self.merged.sso_accounts {
            let document = at(&placed.value, now);
            world.sso.accounts.insert(text(&document, "sso_id").into(), Document::new(&document).into());
        }
        for placed in &self.merged.sso_connections {
            let document = at(&placed.value, now);
            world.sso.connections.insert(text(&document, "id").into(), Document::new(&document).into());
        }
        for (key, (owner, _)) in &self.merged.keys {
            world.put_key(key, owner.clone());
        }
        for account in &self.merged.accounts {
            let id = text(&account.document.value, "id");
            populate::populate(&mut world, contract, id, account.generate, now)?;
        }
        Ok(world)
    }
}

/// A document with its relative times (`now - 3d`) made absolute.
fn at(value: &Value, now: Timestamp) -> Value {
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
        Value::String(words) if name.ends_with("_at") => {
            if let Some(at) = clock::relative(words, now) {
                *words = clock::stamp(at);
            }
        }
        _ => {}
    }
}

struct Checker<'a> {
    chain: &'a [(&'a Source, &'a ScenarioFile)],
    contract: &'a Contract,
    mistakes: Vec<Diagnosis>,
    warnings: Vec<Diagnosis>,
}

impl Checker<'_> {
    fn check(&mut self, scenario: &Scenario) {
        let merged = &scenario.merged;
        let now = scenario.clock.unwrap_or(Clock::Real).now();
        for account in &merged.accounts {
            self.document("Account", &account.document, now);
            for (collection, documents) in &account.collections {
                self.unique(documents);
                for placed in documents {
                    self.document(collection.model(), placed, now);
                }
            }
        }
        for (model, list) in
            [("WorldSsoAccount", &merged.sso_accounts), ("WorldSsoConnection", &merged.sso_connections)]
        {
            self.unique(list);
            for placed in list {
                self.document(model, placed, now);
            }
        }
        if self.mistakes.is_empty() {
            self.references(merged);
            self.examples();
        }
    }

    /// A diagnosis at a pointer inside a placed document, in the file that wrote it last.
    fn at(&self, origin: &Origin, within: &str, message: String) -> Diagnosis {
        let source = self.chain[origin.file].0;
        source.at_pointer(&format!("{}{within}", origin.pointer), message)
    }

    fn document(&mut self, model: &str, placed: &Placed, now: Timestamp) {
        let Some(check) = self.contract.model(model) else { return };
        let value = at(&placed.value, now);
        if check.accepts(&value) {
            return;
        }
        for violation in check.explain("", &value) {
            let message = format!("{} (model {model})", violation.message);
            let mut diagnosis = self.at(&placed.origin, &violation.location, message);
            let found = value.pointer(&violation.location);
            if violation.code == "type" && found.is_some_and(Value::is_number) {
                diagnosis.hint = Some("put quotes around it to make it text".to_owned());
            }
            self.mistakes.push(diagnosis);
        }
    }

    fn unique(&mut self, list: &[Placed]) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for placed in list {
            let id = text(&placed.value, "id");
            if !id.is_empty() && !seen.insert(id) {
                let diagnosis = self.at(&placed.origin, "/id", format!("the id {id} is used twice"));
                self.mistakes.push(diagnosis);
            }
        }
    }

    /// Every id that stands for something must stand for something that is there.
    fn references(&mut self, merged: &Merged) {
        let ids = |list: &[Placed]| list.iter().map(|placed| text(&placed.value, "id").to_owned()).collect::<Vec<_>>();
        let mut owned: BTreeMap<(String, Collection), Vec<String>> = BTreeMap::new();
        for account in &merged.accounts {
            let id = text(&account.document.value, "id").to_owned();
            for (collection, documents) in &account.collections {
                owned.insert((id.clone(), *collection), ids(documents));
            }
        }
        let none = Vec::new();
        let of = |account: &str, collection| owned.get(&(account.to_owned(), collection)).unwrap_or(&none);
        for (owner, origin) in merged.keys.values() {
            self.must_exist(
                origin,
                "/user",
                &owner.user,
                of(&owner.account, Collection::Users),
                "user of that account",
            );
        }
        let links: &[(Collection, &str, Collection)] = &[
            (Collection::UserSettings, "id", Collection::Users),
            (Collection::Invitations, "entity_id", Collection::Entities),
            (Collection::Onboards, "connection_id", Collection::Connections),
            (Collection::Onboards, "flow_id", Collection::Flows),
        ];
        let external = ids(&merged.sso_connections);
        for account in &merged.accounts {
            let id = text(&account.document.value, "id");
            for (collection, documents) in &account.collections {
                for placed in documents {
                    for (_, name, target) in links.iter().filter(|(from, _, _)| from == collection) {
                        if let Some(value) = placed.value.get(*name).and_then(Value::as_str) {
                            let what = format!("{} of that account", target.singular());
                            self.must_exist(&placed.origin, &format!("/{name}"), value, of(id, *target), &what);
                        }
                    }
                    if *collection == Collection::Flows {
                        self.parties(placed, of(id, Collection::Entities));
                    }
                    let row = text(&placed.value, "external_id");
                    if *collection == Collection::Connections && !external.iter().any(|id| id == row) {
                        let message = "the single sign-on service has no connection with this external_id: \
                                       lists leave the row out while the service is up";
                        let warning = self.at(&placed.origin, "/external_id", message.to_owned());
                        self.warnings.push(warning.with_hint("add it under `sso: connections:`"));
                    }
                }
            }
        }
    }

    /// The sources and recipients of a flow are entities of its account.
    fn parties(&mut self, flow: &Placed, entities: &[String]) {
        for part in ["sources", "steps"] {
            for (at, party) in flow.value.get(part).and_then(Value::as_array).into_iter().flatten().enumerate() {
                if let Some(id) = party.pointer("/entity/id").and_then(Value::as_str) {
                    let within = format!("/{part}/{at}/entity/id");
                    self.must_exist(&flow.origin, &within, id, entities, "entity of that account");
                }
            }
        }
    }

    fn must_exist(&mut self, origin: &Origin, within: &str, id: &str, known: &[String], what: &str) {
        if known.iter().any(|known| known.eq_ignore_ascii_case(id)) {
            return;
        }
        let mut diagnosis = self.at(origin, within, format!("there is no {what} with the id {id}"));
        let near = crate::yaml::nearest(id, known.iter().map(String::as_str));
        diagnosis.hint = near.map(|near| format!("did you mean `{near}`?"));
        self.mistakes.push(diagnosis);
    }

    /// An example has either one request and its reply, or steps.
    fn examples(&mut self) {
        let Some((source, file)) = self.chain.last() else { return };
        for (at, example) in file.examples.iter().enumerate() {
            let single = example.request.is_some() && example.reply.is_some();
            let any = example.request.is_some() || example.reply.is_some();
            if (single && example.steps.is_empty()) || (!any && !example.steps.is_empty()) {
                continue;
            }
            let message = format!("the example `{}` is incomplete", example.name);
            let diagnosis = source.at_pointer(&format!("/examples/{at}"), message);
            self.mistakes.push(diagnosis.with_hint("give it `request` and `reply`, or `steps`"));
        }
    }
}
