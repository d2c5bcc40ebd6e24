//! `extends`: a scenario's parts put over those it starts from.

use std::collections::BTreeMap;

use serde_json::Value;

use super::history::Plan;
use super::language::{AccountPart, Document, GeneratePart, RulePart, ScenarioFile, SsoPart, WorldPart};
use crate::leadconduit::state::sso::SsoStatus;
use crate::leadconduit::state::{ApiKeyOwner, Collection};
use crate::support::clock::Clock;
use crate::support::document::merge;
use crate::support::document::text;

/// A document with the place where it was last written.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A file, by its place in the chain of `extends` (0 is the oldest), and a pointer into it.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) file: usize,
    pub(super) pointer: String,
}

/// All parts of a chain of scenarios, merged.
#[derive(Clone, Debug, Default)]
pub(super) struct Merged {
    pub(super) seed: Option<u64>,
    pub(super) clock: Option<Clock>,
    pub(super) status: Option<SsoStatus>,
    pub(super) keys: BTreeMap<String, (ApiKeyOwner, Origin)>,
    /// The key that examples and start-up texts use first.
    pub(super) first_key: Option<String>,
    pub(super) accounts: Vec<MergedAccount>,
    pub(super) sso_accounts: Vec<Placed>,
    pub(super) sso_connections: Vec<Placed>,
    /// The rules in the order in which they are asked: a scenario's own come before those it inherits.
    pub(super) rules: Vec<(RulePart, Origin)>,
}

#[derive(Clone, Debug)]
pub(super) struct MergedAccount {
    pub(super) document: Placed,
    pub(super) collections: Vec<(Collection, Vec<Placed>)>,
    pub(super) events: Vec<Placed>,
    pub(super) history: Vec<Plan>,
    pub(super) generate: GeneratePart,
}

impl Merged {
    /// Puts the parts of `file`, the `index`-th of the chain, over what is there.
    pub(super) fn add(&mut self, index: usize, file: &ScenarioFile) {
        self.seed = file.seed.or(self.seed);
        self.clock = file.clock.or(self.clock);
        self.add_world(index, &file.world, &file.sso);
        let own: Vec<(RulePart, Origin)> = file
            .rules
            .iter()
            .enumerate()
            .map(|(at, rule)| (rule.clone(), Origin { file: index, pointer: format!("/rules/{at}") }))
            .collect();
        // A rule of the same name stands in the place of the inherited one.
        let replaced =
            |(rule, _): &(RulePart, Origin)| rule.name.is_some() && own.iter().any(|(own, _)| own.name == rule.name);
        self.rules.retain(|inherited| !replaced(inherited));
        self.rules.splice(0..0, own);
    }

    /// Puts a world, and what the single-sign-on service knows, over what is there.
    pub(super) fn add_world(&mut self, index: usize, world: &WorldPart, sso: &SsoPart) {
        // A health that is none is told when the scenario is checked.
        self.status = sso.health().ok().flatten().or(self.status.take());
        for key in &world.revoke {
            self.keys.remove(key);
            self.first_key.take_if(|first| first == key);
        }
        for (at, part) in world.keys.iter().enumerate() {
            let owner = ApiKeyOwner { account: part.account.as_str().into(), user: part.user.as_str().into() };
            let origin = Origin { file: index, pointer: format!("/world/keys/{at}") };
            self.keys.insert(part.key.clone(), (owner, origin));
            self.first_key.get_or_insert_with(|| part.key.clone());
        }
        for (at, part) in world.accounts.iter().enumerate() {
            self.add_account(part, &Origin { file: index, pointer: format!("/world/accounts/{at}") });
        }
        for (list, parts, name) in [
            (&mut self.sso_accounts, &sso.accounts, "accounts"),
            (&mut self.sso_connections, &sso.connections, "connections"),
        ] {
            list.retain(|placed| !sso.remove.iter().any(|id| *id == text(&placed.value, "id")));
            put_all(list, parts, "id", &Origin { file: index, pointer: format!("/sso/{name}") });
        }
    }

    fn add_account(&mut self, part: &AccountPart, origin: &Origin) {
        let own = Origin { file: origin.file, pointer: format!("{}/account", origin.pointer) };
        let id = text(&part.account.0, "id");
        let found = self.accounts.iter().position(|account| text(&account.document.value, "id") == id);
        let at = found.unwrap_or_else(|| {
            self.accounts.push(MergedAccount {
                document: Placed { value: Value::Object(serde_json::Map::new()), origin: own.clone() },
                collections: Collection::ALL.into_iter().map(|collection| (collection, Vec::new())).collect(),
                events: Vec::new(),
                history: Vec::new(),
                generate: GeneratePart::default(),
            });
            self.accounts.len() - 1
        });
        let Some(account) = self.accounts.get_mut(at) else { return };
        merge(&mut account.document.value, &part.account.0);
        account.document.origin = own;
        for (collection, list) in &mut account.collections {
            let key = collection.key();
            list.retain(|placed| !part.remove.iter().any(|id| *id == text(&placed.value, key)));
            let pointer = format!("{}/{}", origin.pointer, collection.name());
            put_all(list, part.documents(*collection), key, &Origin { file: origin.file, pointer });
        }
        account.events.retain(|placed| !part.remove.iter().any(|id| *id == text(&placed.value, "id")));
        let pointer = format!("{}/events", origin.pointer);
        put_all(&mut account.events, &part.events, "id", &Origin { file: origin.file, pointer });
        account.history.extend(part.history.iter().cloned());
        account.generate = add_counts(account.generate, part.generate);
    }
}

fn add_counts(a: GeneratePart, b: GeneratePart) -> GeneratePart {
    GeneratePart {
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

fn put_all(list: &mut Vec<Placed>, parts: &[Document], key: &str, origin: &Origin) {
    for (at, part) in parts.iter().enumerate() {
        let origin = Origin { file: origin.file, pointer: format!("{}/{at}", origin.pointer) };
        let id = text(&part.0, key);
        // Two documents with one id in one file are a mistake that is found later; only inherited ones are merged.
        let inherited =
            list.iter_mut().find(|p| p.origin.file != origin.file && !id.is_empty() && text(&p.value, key) == id);
        match inherited {
            Some(placed) => {
                merge(&mut placed.value, &part.0);
                placed.origin = origin;
            }
            None => list.push(Placed { value: part.0.clone(), origin }),
        }
    }
}
