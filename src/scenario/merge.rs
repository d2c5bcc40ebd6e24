//! Merges a chain of scenario files (`extends`) into one scenario, and creates a world from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::history::{GeneratedHistory, HistoryPlan};
use super::language::{AccountSpec, GenerateCounts, JsonDocument, RuleSpec, ScenarioFile, SsoSpec, WorldSpec};
use super::populate::{self, PopulateError};
use super::relative_times::resolve_times;
use super::volume::Volume;
use crate::contract::Contract;
use crate::leadconduit::state::sso::SsoStatus;
use crate::leadconduit::state::{ApiKeyOwner, Collection, World};
use crate::support::clock::Clock;
use crate::support::document::merge;
use crate::support::document::{Document, text};

/// A document and where it was last written.
#[derive(Clone, Debug)]
pub(super) struct SourcedDocument {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A location in a chain of files.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The index of the file in the chain of `extends`; 0 is the root ancestor.
    pub(super) file: usize,
    /// An RFC 6901 pointer into the file.
    pub(super) pointer: String,
}

/// A chain of scenario files, merged.
#[derive(Clone, Debug, Default)]
pub(super) struct MergedScenario {
    pub(super) seed: Option<u64>,
    pub(super) clock: Option<Clock>,
    pub(super) status: Option<SsoStatus>,
    pub(super) keys: BTreeMap<String, (ApiKeyOwner, Origin)>,
    /// The key of examples and start-up texts that name none.
    pub(super) default_key: Option<String>,
    pub(super) accounts: Vec<MergedAccount>,
    pub(super) sso_accounts: Vec<SourcedDocument>,
    pub(super) sso_connections: Vec<SourcedDocument>,
    /// The rules in the order of evaluation: a scenario's own rules come before inherited ones.
    pub(super) rules: Vec<(RuleSpec, Origin)>,
}

#[derive(Clone, Debug)]
pub(super) struct MergedAccount {
    pub(super) document: SourcedDocument,
    pub(super) collections: Vec<(Collection, Vec<SourcedDocument>)>,
    pub(super) events: Vec<SourcedDocument>,
    pub(super) history: Vec<HistoryPlan>,
    pub(super) generate: GenerateCounts,
}

impl MergedScenario {
    /// Merges `file`, the `index`-th of the chain, into what its ancestors declare.
    pub(super) fn add(&mut self, index: usize, file: &ScenarioFile) {
        self.seed = file.seed.or(self.seed);
        self.clock = file.clock.or(self.clock);
        self.add_world(index, &file.world, &file.sso);
        let own: Vec<(RuleSpec, Origin)> = file
            .rules
            .iter()
            .enumerate()
            .map(|(at, rule)| (rule.clone(), Origin { file: index, pointer: format!("/rules/{at}") }))
            .collect();
        // A rule replaces the inherited rule of the same name.
        let is_replaced =
            |(rule, _): &(RuleSpec, Origin)| rule.name.is_some() && own.iter().any(|(own, _)| own.name == rule.name);
        self.rules.retain(|inherited| !is_replaced(inherited));
        self.rules.splice(0..0, own);
    }

    /// Merges a world and the entries of the single sign-on service.
    pub(super) fn add_world(&mut self, index: usize, world: &WorldSpec, sso: &SsoSpec) {
        // An invalid health is reported by validation.
        self.status = sso.health().ok().flatten().or(self.status.take());
        for key in &world.revoke {
            self.keys.remove(key);
            self.default_key.take_if(|default| default == key);
        }
        for (at, spec) in world.keys.iter().enumerate() {
            let owner = ApiKeyOwner { account: spec.account.as_str().into(), user: spec.user.as_str().into() };
            let origin = Origin { file: index, pointer: format!("/world/keys/{at}") };
            self.keys.insert(spec.key.clone(), (owner, origin));
            self.default_key.get_or_insert_with(|| spec.key.clone());
        }
        for (at, spec) in world.accounts.iter().enumerate() {
            self.add_account(spec, &Origin { file: index, pointer: format!("/world/accounts/{at}") });
        }
        for (list, specs, name) in [
            (&mut self.sso_accounts, &sso.accounts, "accounts"),
            (&mut self.sso_connections, &sso.connections, "connections"),
        ] {
            list.retain(|document| !sso.remove.iter().any(|id| *id == text(&document.value, "id")));
            merge_documents(list, specs, "id", &Origin { file: index, pointer: format!("/sso/{name}") });
        }
    }

    fn add_account(&mut self, spec: &AccountSpec, origin: &Origin) {
        let own = Origin { file: origin.file, pointer: format!("{}/account", origin.pointer) };
        let id = text(&spec.account.0, "id");
        let known = self.accounts.iter().position(|account| text(&account.document.value, "id") == id);
        let at = known.unwrap_or_else(|| {
            self.accounts.push(MergedAccount {
                document: SourcedDocument { value: Value::Object(serde_json::Map::new()), origin: own.clone() },
                collections: Collection::ALL.into_iter().map(|collection| (collection, Vec::new())).collect(),
                events: Vec::new(),
                history: Vec::new(),
                generate: GenerateCounts::default(),
            });
            self.accounts.len() - 1
        });
        let Some(account) = self.accounts.get_mut(at) else { return };
        merge(&mut account.document.value, &spec.account.0);
        account.document.origin = own;
        for (collection, list) in &mut account.collections {
            let key = collection.id_property();
            list.retain(|document| !spec.remove.iter().any(|id| *id == text(&document.value, key)));
            let pointer = format!("{}/{}", origin.pointer, collection.name());
            merge_documents(list, spec.documents(*collection), key, &Origin { file: origin.file, pointer });
        }
        account.events.retain(|document| !spec.remove.iter().any(|id| *id == text(&document.value, "id")));
        let pointer = format!("{}/events", origin.pointer);
        merge_documents(&mut account.events, &spec.events, "id", &Origin { file: origin.file, pointer });
        account.history.extend(spec.history.iter().cloned());
        account.generate = add_counts(account.generate, spec.generate);
    }

    /// Creates the world at the start of the scenario, generated documents included.
    ///
    /// # Errors
    ///
    /// A generated document does not match its model.
    pub(super) fn create_world(&self, contract: &Contract, seed: u64, clock: Clock) -> Result<World, PopulateError> {
        let now = clock.now();
        let mut volume = Volume::default();
        for account in &self.accounts {
            volume.add(account.generate, &account.history)?;
        }
        let mut world = World::with_standard(Arc::clone(contract.standard()), seed, clock);
        world.sso.status = self.status.clone().unwrap_or_default();
        world.sso.reset_counters(0, now);
        for account in &self.accounts {
            let document = resolve_times(&account.document.value, now);
            let id = text(&document, "id").to_owned();
            world.put_account(&id, Document::new(&document));
            for (collection, documents) in &account.collections {
                for document in documents {
                    let document = resolve_times(&document.value, now);
                    let key = text(&document, collection.id_property()).to_owned();
                    world.put(&id, *collection, &key, Document::new(&document));
                }
            }
            for plan in &account.history {
                world.add_history(&id, Arc::new(GeneratedHistory::new(plan.clone())));
            }
            for event in &account.events {
                world.put_event(&id, &resolve_times(&event.value, now));
            }
        }
        for (list, key, entries) in [
            (&self.sso_accounts, "sso_id", &mut world.sso.accounts),
            (&self.sso_connections, "id", &mut world.sso.connections),
        ] {
            for document in list {
                let document = resolve_times(&document.value, now);
                entries.insert(text(&document, key).to_ascii_lowercase().into(), Document::new(&document).into());
            }
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

fn add_counts(a: GenerateCounts, b: GenerateCounts) -> GenerateCounts {
    GenerateCounts {
        users: a.users.saturating_add(b.users),
        credentials: a.credentials.saturating_add(b.credentials),
        entities: a.entities.saturating_add(b.entities),
        connections: a.connections.saturating_add(b.connections),
        invitations: a.invitations.saturating_add(b.invitations),
        flows: a.flows.saturating_add(b.flows),
        leads: a.leads.saturating_add(b.leads),
        events: a.events.saturating_add(b.events),
    }
}

fn merge_documents(list: &mut Vec<SourcedDocument>, specs: &[JsonDocument], key: &str, origin: &Origin) {
    // Only inherited documents are merged. The same id twice in one file is an error that validation reports.
    let mut inherited: BTreeMap<String, usize> = BTreeMap::new();
    for (at, document) in list.iter().enumerate() {
        let id = text(&document.value, key);
        if document.origin.file != origin.file && !id.is_empty() {
            inherited.entry(id.to_owned()).or_insert(at);
        }
    }
    for (at, spec) in specs.iter().enumerate() {
        let origin = Origin { file: origin.file, pointer: format!("{}/{at}", origin.pointer) };
        let known = inherited.remove(text(&spec.0, key)).and_then(|at| list.get_mut(at));
        match known {
            Some(document) => {
                merge(&mut document.value, &spec.0);
                document.origin = origin;
            }
            None => list.push(SourcedDocument { value: spec.0.clone(), origin }),
        }
    }
}
