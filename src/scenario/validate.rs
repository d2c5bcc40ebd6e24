//! Validates a merged chain of scenario files: documents against their models, references, the health of the single
//! sign-on service, changes that rules make to the world, and the form of examples.

mod names;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::apply::{apply, validate_time_zone};
use super::language::{ScenarioFile, WorldSpec};
use super::merge::{MergedScenario, Origin, SourcedDocument};
use super::populate;
use super::relative_times::resolve_times;
use super::rule::{RuleList, unknown_operation};
use super::volume::Volume;
use crate::contract::former_fields;
use crate::contract::standard::StandardCollection;
use crate::contract::{Contract, Violation};
use crate::leadconduit::rules;
use crate::leadconduit::services::suppressionlist::store;
use crate::leadconduit::state::{Collection, events};
use crate::support::clock::{Clock, Timestamp};
use crate::support::document::text;
use contract_files::pointer::{escape, unescape};
use contract_files::yaml::{Diagnostic, KEY, Source, nearest};

/// A file of a chain of `extends`, with its source text.
pub(super) type ChainFile<'a> = (&'a Source, &'a ScenarioFile);

pub(super) struct Validator<'a> {
    /// The files by their index in the chain.
    sources: Vec<&'a Source>,
    contract: &'a Contract,
    pub(super) errors: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
    /// The most errors, and the most warnings: the line of each is found by reading the file again.
    diagnostics_max: usize,
}

impl<'a> Validator<'a> {
    pub(super) fn new(sources: Vec<&'a Source>, contract: &'a Contract) -> Self {
        let diagnostics_max = sources.iter().map(|source| source.diagnostics_max()).min().unwrap_or(1);
        Self { sources, contract, errors: Vec::new(), warnings: Vec::new(), diagnostics_max }
    }

    /// True when no more errors are reported.
    fn is_full(&self) -> bool {
        self.errors.len() >= self.diagnostics_max
    }

    /// The errors. If there are more than are listed, the last one says so.
    pub(super) fn into_errors(mut self) -> Vec<Diagnostic> {
        if let (true, Some(source)) = (self.is_full(), self.sources.last()) {
            self.errors.truncate(self.diagnostics_max);
            self.errors.push(source.further_problems());
        }
        self.errors
    }

    /// Validates a whole scenario. Later steps are skipped when an earlier one finds errors, which would cause others.
    pub(super) fn validate_scenario(
        &mut self,
        merged: &MergedScenario,
        rules: &RuleList,
        chain: &[(&'a Source, &ScenarioFile)],
    ) {
        let now = merged.clock.unwrap_or(Clock::Real).now();
        let mut volume = Volume::default();
        for (source, file) in chain {
            self.validate_volume(&mut volume, source, &file.world);
        }
        self.validate_world(merged, now);
        self.validate_generate(merged, chain);
        for (source, file) in chain {
            if let Err(error) = file.sso.health() {
                self.errors.push(source.at_pointer(&format!("/sso{}", error.pointer()), error.to_string()));
            }
            for (index, id) in file.sso.operations.iter().enumerate() {
                if let Some((message, hint)) = unknown_operation(self.contract, id) {
                    let diagnostic = source.at_pointer(&format!("/sso/operations/{index}"), message);
                    self.errors.push(diagnostic.with_hint(hint));
                }
            }
        }
        if let (Some((source, file)), true) = (chain.last(), self.errors.is_empty()) {
            self.validate_examples(source, file);
        }
        if self.errors.is_empty() {
            self.validate_changes(merged, rules, now);
        }
    }

    /// Checks how much a file generates, together with those before it.
    pub(super) fn validate_volume(&mut self, volume: &mut Volume, source: &Source, world: &WorldSpec) {
        if let Err(error) = volume.add_world(world) {
            self.errors.push(source.at_pointer(&error.pointer, error.message));
        }
    }

    /// Validates the documents of a world, and the references between them.
    pub(super) fn validate_world(&mut self, merged: &MergedScenario, now: Timestamp) {
        for account in &merged.accounts {
            self.validate_document("Account", &account.document, now);
            for (collection, documents) in &account.collections {
                self.require_unique(documents, collection.id_property());
                for document in documents {
                    if self.is_full() {
                        return;
                    }
                    self.validate_document(collection.model(), document, now);
                    if *collection == Collection::ListEntries {
                        self.validate_list_entry(document, names::documents(account, Collection::Lists));
                    }
                    if collection.has_rules()
                        && let Err(error) = rules::check(&document.value)
                    {
                        let diagnostic = self.diagnostic(&document.origin, &error.pointer, error.message);
                        self.errors.push(diagnostic);
                    }
                }
            }
            self.require_unique(&account.events, "id");
            for event in &account.events {
                if self.is_full() {
                    return;
                }
                self.validate_document(events::MODEL, event, now);
            }
        }
        for (model, list) in
            [("WorldSsoAccount", &merged.sso_accounts), ("WorldSsoConnection", &merged.sso_connections)]
        {
            self.require_unique(list, "id");
            for document in list {
                if self.is_full() {
                    return;
                }
                self.validate_document(model, document, now);
            }
        }
        if self.errors.is_empty() {
            self.validate_references(merged);
        }
    }

    /// The id of a list entry is how it is found: it must be made of the names of the list and the value.
    fn validate_list_entry(&mut self, entry: &SourcedDocument, lists: &[SourcedDocument]) {
        let Some((message, expected)) = store::find_wrong_id(&entry.value) else { return };
        let name = text(&entry.value, "list_name");
        let ids = || lists.iter().map(|list| text(&list.value, "id"));
        let list = store::url_name(name);
        // The id is not to repeat a typo of the name.
        let meant = nearest(&list, ids()).filter(|_| !ids().any(|id| id.eq_ignore_ascii_case(&list)));
        let hint = match meant.zip(expected.strip_prefix(&*list)) {
            Some((meant, value)) => {
                format!("`{name}` is not declared: did you mean `{meant}`? then write `id: {meant}{value}`")
            }
            None => format!("write `id: {expected}`"),
        };
        let diagnostic = self.diagnostic(&entry.origin, "/id", message);
        self.errors.push(diagnostic.with_hint(hint));
    }

    /// Applies what rules change in the world to the starting world: every document must match its model.
    fn validate_changes(&mut self, merged: &MergedScenario, rules: &RuleList, now: Timestamp) {
        let rules = rules.iter().zip(&merged.rules);
        let mut rules = rules.filter(|(rule, _)| rule.changes().next().is_some()).peekable();
        if rules.peek().is_none() {
            return;
        }
        // A failure to create the world is reported when the scenario starts.
        let Ok(start) = merged.create_world(self.contract, 1, Clock::Frozen(now)) else { return };
        for (rule, (spec, origin)) in rules {
            for (index, change) in rule.changes() {
                let step = if spec.then.is_some() { "/then".to_owned() } else { format!("/steps/{index}") };
                if let Err(error) = apply(&mut start.fork(), self.contract, change, now) {
                    let diagnostic = self.diagnostic(origin, &format!("{step}{}", error.pointer), error.message);
                    self.errors.push(diagnostic);
                }
            }
        }
    }

    /// A diagnostic in the file that wrote a document last; `pointer` is relative to the document.
    fn diagnostic(&self, origin: &Origin, pointer: &str, message: String) -> Diagnostic {
        let source = self.sources[origin.file];
        source.at_pointer(&format!("{}{pointer}", origin.pointer), message)
    }

    fn validate_document(&mut self, model: &str, document: &SourcedDocument, now: Timestamp) {
        let Some(check) = self.contract.model(model) else { return };
        let value = resolve_times(&document.value, now);
        if check.accepts(&value) {
            if let Err(error) = validate_time_zone(model, &value) {
                let diagnostic = self.diagnostic(&document.origin, &error.pointer, error.message);
                self.errors.push(diagnostic);
            }
            self.warn_of_misspelt_properties(model, document);
            return;
        }
        let violations = check.violations("", &value);
        let misspelt = self.misspelt_properties(model, &value, &violations);
        for violation in violations {
            if self.is_full() {
                return;
            }
            // A misspelt property is unknown, and the one that was meant is missing: that is one mistake.
            if violation.code == "required" && misspelt.values().any(|meant| *meant == violation.location) {
                continue;
            }
            if is_unknown_property(&violation) {
                let collection = Collection::ALL.iter().find(|collection| collection.model() == model);
                let subject = collection.map_or("value", |collection| collection.singular());
                let message = format!("the {subject} has no property `{}`", unescape(&violation.location[1..]));
                let diagnostic = self.diagnostic(&document.origin, &format!("{}{KEY}", violation.location), message);
                let hint = match misspelt.get(&violation.location) {
                    Some(meant) => format!("did you mean `{}`?", unescape(&meant[1..])),
                    None => self.property_hint(model, &value, &violation.location),
                };
                self.errors.push(diagnostic.with_hint(hint));
                continue;
            }
            let message = format!("{} (model {model})", violation.message);
            let mut diagnostic = self.diagnostic(&document.origin, &violation.location, message);
            let found = value.pointer(&violation.location);
            if violation.code == "type" && found.is_some_and(Value::is_number) {
                diagnostic.hint = Some("put quotes around it to make it text".to_owned());
            }
            if violation.code == "additionalProperties" {
                let near = self.nearest_property(model, &violation.location);
                let pointer = format!("{}{KEY}", violation.location);
                diagnostic = self.diagnostic(&document.origin, &pointer, diagnostic.message);
                diagnostic.hint = near.map(|near| format!("did you mean `{near}`?"));
            }
            self.errors.push(diagnostic);
        }
    }

    /// The unknown properties of a document that resemble a property of its model that is not given: their locations,
    /// and the location of the other.
    fn misspelt_properties(&self, model: &str, value: &Value, violations: &[Violation]) -> BTreeMap<String, String> {
        let absent = self.absent_properties(model, value);
        let pairs = violations.iter().filter(|one| is_unknown_property(one)).filter_map(|one| {
            let meant = nearest(&unescape(&one.location[1..]), absent.iter().copied())?;
            Some((one.location.clone(), format!("/{}", escape(meant))))
        });
        pairs.collect()
    }

    /// The properties of a model that a document does not have.
    fn absent_properties(&self, model: &str, value: &Value) -> Vec<&'a str> {
        let properties = self.contract.models().get(model).and_then(|schema| schema["properties"].as_object());
        let known = properties.into_iter().flat_map(serde_json::Map::keys).map(String::as_str);
        known.filter(|name| value.get(name).is_none()).collect()
    }

    fn require_unique(&mut self, documents: &[SourcedDocument], key: &str) {
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        for document in documents {
            let id = text(&document.value, key);
            if !id.is_empty() && !ids.insert(id) && !self.is_full() {
                let message = format!("the id {id} is used twice");
                let diagnostic = self.diagnostic(&document.origin, &format!("/{key}"), message);
                self.errors.push(diagnostic);
            }
        }
    }

    /// Every id that refers to another document must exist.
    fn validate_references(&mut self, merged: &MergedScenario) {
        let ids_of =
            |list: &[SourcedDocument]| list.iter().map(|d| text(&d.value, "id").to_ascii_lowercase()).collect();
        let mut known: BTreeMap<(String, Collection), BTreeSet<String>> = BTreeMap::new();
        for account in &merged.accounts {
            let id = text(&account.document.value, "id").to_owned();
            for (collection, documents) in &account.collections {
                known.insert((id.clone(), *collection), ids_of(documents));
            }
        }
        let none = BTreeSet::new();
        let ids_in = |account: &str, collection| known.get(&(account.to_owned(), collection)).unwrap_or(&none);
        for (owner, origin) in merged.keys.values() {
            let users = ids_in(&owner.account, Collection::Users);
            self.require_exists(origin, "/user", &owner.user, users, "user of that account");
        }
        let links: &[(Collection, &str, Collection)] = &[
            (Collection::UserSettings, "id", Collection::Users),
            (Collection::Invitations, "entity_id", Collection::Entities),
            (Collection::Onboards, "connection_id", Collection::Connections),
            (Collection::Onboards, "flow_id", Collection::Flows),
        ];
        let sso_ids: BTreeSet<String> = ids_of(&merged.sso_connections);
        for account in &merged.accounts {
            let id = text(&account.document.value, "id");
            for (collection, documents) in &account.collections {
                for document in documents {
                    for (_, name, target) in links.iter().filter(|(from, _, _)| from == collection) {
                        if let Some(value) = document.value.get(*name).and_then(Value::as_str) {
                            let what = format!("{} of that account", target.singular());
                            let ids = ids_in(id, *target);
                            self.require_exists(&document.origin, &format!("/{name}"), value, ids, &what);
                        }
                    }
                    if matches!(collection, Collection::Flows | Collection::LiveFlows) {
                        self.validate_flow_fields(document, ids_in(id, Collection::Fields));
                        self.warn_of_unknown_variables(document, account);
                        self.warn_of_unknown_lists(document, account);
                    }
                    if *collection == Collection::Recipients {
                        self.warn_of_unknown_variables(document, account);
                        if account.generate.flows == 0 {
                            self.warn_of_unmatched_recipient(document, account);
                        }
                    }
                    if *collection == Collection::Flows {
                        self.validate_flow_entities(document, ids_in(id, Collection::Entities));
                        self.validate_flow_modules(document);
                    }
                    if *collection == Collection::ListEntries {
                        self.warn_of_undeclared_list(document, ids_in(id, Collection::Lists));
                    }
                    let external_id = text(&document.value, "external_id");
                    if *collection == Collection::Connections
                        && self.warnings.len() < self.diagnostics_max
                        && !sso_ids.contains(&external_id.to_ascii_lowercase())
                    {
                        let message = "the single sign-on service has no connection with this external_id: \
                                       lists leave the row out while the service is up";
                        let warning = self.diagnostic(&document.origin, "/external_id", message.to_owned());
                        self.warnings.push(warning.with_hint("add it under `sso: connections:`"));
                    }
                }
            }
        }
    }

    /// The sources and recipients of a flow must be standard entities or entities of its account.
    fn validate_flow_entities(&mut self, flow: &SourcedDocument, entities: &BTreeSet<String>) {
        let standard = self.contract.standard();
        for list in ["sources", "steps"] {
            for (index, item) in flow.value.get(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
                if let Some(id) = item.pointer("/entity/id").and_then(Value::as_str)
                    && standard.get(StandardCollection::Entities, id).is_none()
                {
                    let pointer = format!("/{list}/{index}/entity/id");
                    self.require_exists(&flow.origin, &pointer, id, entities, "entity of that account");
                }
            }
        }
    }

    /// The modules of sources and recipients must exist, as the API requires.
    fn validate_flow_modules(&mut self, flow: &SourcedDocument) {
        let standard = self.contract.standard();
        for list in ["sources", "steps"] {
            for (index, item) in flow.value.get(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
                for place in ["/integration/module_id", "/feedback/integration/module_id"] {
                    let Some(id) = item.pointer(place).and_then(Value::as_str) else { continue };
                    if self.is_full() || standard.has_module(id) {
                        continue;
                    }
                    let mut diagnostic = self.diagnostic(
                        &flow.origin,
                        &format!("/{list}/{index}{place}"),
                        format!("module {id} not found"),
                    );
                    diagnostic.hint = Some(match standard.nearest_module(id) {
                        Some(nearest) => format!("did you mean `{nearest}`?"),
                        None => "write the id of a module of `GET /modules`".to_owned(),
                    });
                    self.errors.push(diagnostic);
                }
            }
        }
    }

    /// A list exists while it has an entry, so that a misspelt one is a warning.
    fn warn_of_undeclared_list(&mut self, entry: &SourcedDocument, lists: &BTreeSet<String>) {
        let name = text(&entry.value, "list_name");
        let list = store::url_name(name);
        if list.is_empty() || lists.contains(&list) || self.warnings.len() >= self.diagnostics_max {
            return;
        }
        let message = format!("no list `{name}` is declared; it exists only while it has an entry");
        let warning = self.diagnostic(&entry.origin, "/list_name", message);
        self.warnings.push(warning.with_hint(match nearest(&list, lists.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("add it under `lists:`, as `{{ id: {list}, name: {name} }}`"),
        }));
    }

    /// The fields that a flow collects must be standard fields or fields of its account.
    fn validate_flow_fields(&mut self, flow: &SourcedDocument, own: &BTreeSet<String>) {
        let standard = self.contract.standard();
        for (index, id) in flow.value["fields"].as_array().into_iter().flatten().enumerate() {
            let Some(id) = id.as_str() else { continue };
            let is_own = own.contains(&id.to_ascii_lowercase());
            if is_own || standard.get(StandardCollection::Fields, id).is_some() {
                continue;
            }
            let message = format!("there is no field `{id}`");
            let mut diagnostic = self.diagnostic(&flow.origin, &format!("/fields/{index}"), message);
            let all = standard.all(StandardCollection::Fields).iter().filter_map(|field| field.text("id"));
            let nearest = nearest(id, all.chain(own.iter().map(String::as_str)));
            diagnostic.hint = Some(match (former_fields::replacement(id), nearest) {
                (Some(current), _) => {
                    format!(
                        "write `{current}`, or add `{id}` to the `fields` of the account to keep it as an own field"
                    )
                }
                (None, Some(nearest)) => format!("did you mean `{nearest}`?"),
                (None, None) => "write a standard field, or add it to the `fields` of the account".to_owned(),
            });
            self.errors.push(diagnostic);
        }
    }

    /// Generated leads need flows, and every lead has at least one event and at most one for each step of a flow and
    /// its source. The counts of a chain of files add up.
    fn validate_generate(&mut self, merged: &MergedScenario, chain: &[(&'a Source, &ScenarioFile)]) {
        for account in &merged.accounts {
            let counts = account.generate;
            let (leads, events) = (u64::from(counts.leads), u64::from(counts.events));
            let most = leads * u64::from(populate::EVENTS_PER_LEAD_MAX);
            let (key, message) = if leads > 0 && counts.flows == 0 {
                ("leads", "`leads` needs `flows`: set `flows` to 1 or more".to_owned())
            } else if events > 0 && leads == 0 {
                ("events", "`events` needs `leads`, which leave them: set `leads` to 1 or more".to_owned())
            } else if events > 0 && events < leads {
                ("events", format!("{leads} leads leave at least {leads} events, not {events}"))
            } else if events > most {
                ("events", format!("{leads} leads leave at most {most} events, not {events}"))
            } else {
                continue;
            };
            let id = text(&account.document.value, "id");
            let find = |(source, file): &(&'a Source, &ScenarioFile)| {
                let at = file.world.accounts.iter().position(|spec| {
                    text(&spec.account.0, "id") == id && (spec.generate.leads > 0 || spec.generate.events > 0)
                })?;
                let pointer = format!("/world/accounts/{at}/generate");
                let inside = format!("{pointer}/{key}");
                Some(source.at_pointer(if source.contains(&inside) { &inside } else { &pointer }, message.clone()))
            };
            self.errors.extend(chain.iter().rev().find_map(find));
        }
    }

    fn require_exists(&mut self, origin: &Origin, pointer: &str, id: &str, known: &BTreeSet<String>, what: &str) {
        if self.is_full() || known.contains(&id.to_ascii_lowercase()) {
            return;
        }
        let mut diagnostic = self.diagnostic(origin, pointer, format!("there is no {what} with the id {id}"));
        let nearest = contract_files::yaml::nearest(id, known.iter().map(String::as_str));
        diagnostic.hint = nearest.map(|nearest| format!("did you mean `{nearest}`?"));
        self.errors.push(diagnostic);
    }

    /// An example must have either one request and its response, or steps.
    fn validate_examples(&mut self, source: &Source, file: &ScenarioFile) {
        for (index, example) in file.examples.iter().enumerate() {
            let is_single = example.request.is_some() && example.reply.is_some();
            let has_any = example.request.is_some() || example.reply.is_some();
            if (is_single && example.steps.is_empty()) || (!has_any && !example.steps.is_empty()) {
                continue;
            }
            let message = format!("the example `{}` needs either `request` and `reply`, or `steps`", example.name);
            self.errors.push(source.at_pointer(&format!("/examples/{index}"), message));
        }
    }
}

/// Whether a document has a property that its model does not have. Nested values have models of their own, whose
/// properties are not looked up.
fn is_unknown_property(violation: &Violation) -> bool {
    violation.code == "additionalProperties" && violation.location.matches('/').count() == 1
}
