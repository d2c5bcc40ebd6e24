//! Whether a chain of files is good: models, references, conditions, what rules do to the world, examples.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::apply::apply;
use super::build::{Scenario, at};
use super::language::ScenarioFile;
use super::merge::{Merged, Origin, Placed};
use super::rule::no_operation;
use crate::contract::Contract;
use crate::leadconduit::rules;
use crate::leadconduit::state::{Collection, events};
use crate::support::clock::{Clock, Timestamp};
use crate::support::document::text;
use contract_files::yaml::{Diagnostic, Source};

pub(super) struct Checker<'a> {
    /// The files by their place in the chain.
    sources: Vec<&'a Source>,
    contract: &'a Contract,
    pub(super) mistakes: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(sources: Vec<&'a Source>, contract: &'a Contract) -> Self {
        Self { sources, contract, mistakes: Vec::new(), warnings: Vec::new() }
    }

    /// Every document keeps its model, and what it refers to is there.
    pub(super) fn world(&mut self, merged: &Merged, now: Timestamp) {
        for account in &merged.accounts {
            self.document("Account", &account.document, now);
            for (collection, documents) in &account.collections {
                self.unique(documents, collection.key());
                for placed in documents {
                    self.document(collection.model(), placed, now);
                    if collection.has_rules()
                        && let Err(mistake) = rules::check(&placed.value)
                    {
                        let diagnostic = self.at(&placed.origin, &mistake.pointer, mistake.message);
                        self.mistakes.push(diagnostic);
                    }
                }
            }
            self.unique(&account.events, "id");
            for placed in &account.events {
                self.document(events::MODEL, placed, now);
            }
        }
        for (model, list) in
            [("WorldSsoAccount", &merged.sso_accounts), ("WorldSsoConnection", &merged.sso_connections)]
        {
            self.unique(list, "id");
            for placed in list {
                self.document(model, placed, now);
            }
        }
        if self.mistakes.is_empty() {
            self.references(merged);
        }
    }

    pub(super) fn scenario(&mut self, scenario: &Scenario, chain: &[(&'a Source, &ScenarioFile)]) {
        let now = scenario.clock.unwrap_or(Clock::Real).now();
        self.world(&scenario.merged, now);
        for (source, file) in chain {
            if let Err((at, message)) = file.sso.health() {
                self.mistakes.push(source.at_pointer(&format!("/sso{at}"), message));
            }
            for (at, id) in file.sso.operations.iter().enumerate() {
                if let Some((message, hint)) = no_operation(self.contract, id) {
                    let diagnostic = source.at_pointer(&format!("/sso/operations/{at}"), message);
                    self.mistakes.push(diagnostic.with_hint(hint));
                }
            }
        }
        if let (Some((source, file)), true) = (chain.last(), self.mistakes.is_empty()) {
            self.examples(source, file);
        }
        if self.mistakes.is_empty() {
            self.changes(scenario, now);
        }
    }

    /// What rules do to the world is tried on the starting world: every document must keep its model.
    fn changes(&mut self, scenario: &Scenario, now: Timestamp) {
        let changes = scenario.rules.iter().zip(&scenario.merged.rules);
        let mut changes = changes.filter(|(rule, _)| rule.changes().next().is_some()).peekable();
        if changes.peek().is_none() {
            return;
        }
        // A world that cannot be made is told when the scenario is played.
        let Ok(start) = scenario.world(self.contract, 1, Clock::Frozen(now)) else { return };
        for (rule, (part, origin)) in changes {
            for (at, change) in rule.changes() {
                let place = if part.then.is_some() { "/then".to_owned() } else { format!("/steps/{at}") };
                if let Err(broken) = apply(&mut start.fork(), self.contract, change, now) {
                    let diagnostic = self.at(origin, &format!("{place}{}", broken.at), broken.message);
                    self.mistakes.push(diagnostic);
                }
            }
        }
    }

    /// A diagnosis at a pointer inside a placed document, in the file that wrote it last.
    fn at(&self, origin: &Origin, within: &str, message: String) -> Diagnostic {
        let source = self.sources[origin.file];
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
            let mut diagnostic = self.at(&placed.origin, &violation.location, message);
            let found = value.pointer(&violation.location);
            if violation.code == "type" && found.is_some_and(Value::is_number) {
                diagnostic.hint = Some("put quotes around it to make it text".to_owned());
            }
            self.mistakes.push(diagnostic);
        }
    }

    fn unique(&mut self, list: &[Placed], key: &str) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for placed in list {
            let id = text(&placed.value, key);
            if !id.is_empty() && !seen.insert(id) {
                let diagnostic = self.at(&placed.origin, &format!("/{key}"), format!("the id {id} is used twice"));
                self.mistakes.push(diagnostic);
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
        let mut diagnostic = self.at(origin, within, format!("there is no {what} with the id {id}"));
        let near = contract_files::yaml::nearest(id, known.iter().map(String::as_str));
        diagnostic.hint = near.map(|near| format!("did you mean `{near}`?"));
        self.mistakes.push(diagnostic);
    }

    /// An example has either one request and its reply, or steps.
    fn examples(&mut self, source: &Source, file: &ScenarioFile) {
        for (at, example) in file.examples.iter().enumerate() {
            let single = example.request.is_some() && example.reply.is_some();
            let any = example.request.is_some() || example.reply.is_some();
            if (single && example.steps.is_empty()) || (!any && !example.steps.is_empty()) {
                continue;
            }
            let message = format!("the example `{}` is incomplete", example.name);
            let diagnostic = source.at_pointer(&format!("/examples/{at}"), message);
            self.mistakes.push(diagnostic.with_hint("give it `request` and `reply`, or `steps`"));
        }
    }
}
