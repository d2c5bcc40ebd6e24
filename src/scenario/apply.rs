//! Changes of a world that is in use, in the words in which a world is written down: documents with a known id are
//! merged, others are added, `remove` takes away. Everything that enters keeps its model.

use std::sync::Arc;

use serde_json::Value;

use super::build::at;
use super::history::History;
use super::language::{AccountPart, Document as Written, SsoPart};
use super::populate;
use super::rule::WorldChange;
use crate::contract::Contract;
use crate::leadconduit::rules;
use crate::leadconduit::state::events::{self, Event};
use crate::leadconduit::state::{ApiKeyOwner, Collection, Documents, World};
use crate::support::clock::Timestamp;
use crate::support::document::merge;
use crate::support::document::{Document, text};

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// An RFC 6901 pointer into what is to happen: `/world/accounts/0/users/1/email`.
    pub at: String,
    /// What is wrong there.
    pub message: String,
}

impl From<Broken> for String {
    fn from(broken: Broken) -> Self {
        format!("{}: {}", broken.at, broken.message)
    }
}

/// Applies a change. When it fails, the caller takes the world back.
pub fn apply(world: &mut World, contract: &Contract, change: &WorldChange, now: Timestamp) -> Result<(), Broken> {
    if let Some(health) = &change.health {
        world.sso.status = health.clone();
        world.sso.count_from(0, now);
    }
    for (at, part) in change.world.accounts.iter().enumerate() {
        apply_account(world, contract, part, &format!("/world/accounts/{at}"), now)?;
    }
    apply_sso(world, contract, &change.sso, now)?;
    for key in &change.world.revoke {
        world.remove_key(key);
    }
    for (at, key) in change.world.keys.iter().enumerate() {
        let there = world.account(&key.account).and_then(|account| account.get(Collection::Users, &key.user));
        if there.is_none() {
            let at = format!("/world/keys/{at}/user");
            return Err(Broken { at, message: format!("there is no user of that account with the id {}", key.user) });
        }
        let owner = ApiKeyOwner { account: key.account.as_str().into(), user: key.user.as_str().into() };
        world.put_key(&key.key, owner);
    }
    Ok(())
}

/// What the single-sign-on service knows: entries are found by their `id`, as when a scenario extends another.
fn apply_sso(world: &mut World, contract: &Contract, part: &SsoPart, now: Timestamp) -> Result<(), Broken> {
    let lists = [
        ("accounts", "WorldSsoAccount", "sso_id", &part.accounts, &mut world.sso.accounts),
        ("connections", "WorldSsoConnection", "id", &part.connections, &mut world.sso.connections),
    ];
    for (name, model, key, parts, known) in lists {
        let key_of = |known: &Documents, id: &str| {
            let same = |document: &Document| text(document.value(), "id").eq_ignore_ascii_case(id);
            known.iter().find(|(_, document)| same(document)).map(|(key, _)| Arc::clone(key))
        };
        for id in &part.remove {
            if let Some(key) = key_of(known, id) {
                known.remove(&key);
            }
        }
        for (at, written) in parts.iter().enumerate() {
            let old = key_of(known, text(&written.0, "id")).and_then(|key| known.remove(&key));
            let value = merged(old.as_deref().map(Document::value), written, now);
            check(contract, model, &value, &format!("/sso/{name}/{at}"))?;
            known.insert(text(&value, key).to_ascii_lowercase().into(), Document::new(&value).into());
        }
    }
    Ok(())
}

fn apply_account(
    world: &mut World,
    contract: &Contract,
    part: &AccountPart,
    at: &str,
    now: Timestamp,
) -> Result<(), Broken> {
    let id = text(&part.account.0, "id").to_owned();
    let known = world.account(&id).map(|account| account.document().value().clone());
    let own = merged(known.as_ref(), &part.account, now);
    check(contract, "Account", &own, &format!("{at}/account"))?;
    if known.as_ref() != Some(&own) {
        world.put_account(&id, Document::new(&own));
    }
    for collection in Collection::ALL {
        for gone in &part.remove {
            world.remove(&id, collection, gone);
        }
        for (index, written) in part.documents(collection).iter().enumerate() {
            let key = text(&written.0, collection.key()).to_owned();
            let known = world.account(&id).and_then(|account| account.get(collection, &key)).cloned();
            let value = merged(known.as_deref().map(Document::value), written, now);
            let at = format!("{at}/{}/{index}", collection.name());
            check(contract, collection.model(), &value, &at)?;
            if collection.has_rules() {
                rules::check(&value)
                    .map_err(|mistake| Broken { at: format!("{at}{}", mistake.pointer), message: mistake.message })?;
            }
            world.put(&id, collection, &key, Document::new(&value));
        }
    }
    for (index, written) in part.events.iter().enumerate() {
        let key = text(&written.0, "id").parse().ok();
        let known = world.account(&id).zip(key).and_then(|(account, key)| account.events().get(key));
        let value = merged(known.map(Event::value).as_deref(), written, now);
        check(contract, events::MODEL, &value, &format!("{at}/events/{index}"))?;
        world.put_event(&id, &value);
    }
    for plan in &part.history {
        world.add_past(&id, Arc::new(History::new(plan.clone())));
    }
    let generate = populate::populate(world, contract, &id, part.generate, now);
    generate.map_err(|message| Broken { at: format!("{at}/generate"), message })
}

fn merged(known: Option<&Value>, written: &Written, now: Timestamp) -> Value {
    let mut value = known.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    merge(&mut value, &at(&written.0, now));
    value
}

fn check(contract: &Contract, model: &str, value: &Value, at: &str) -> Result<(), Broken> {
    let fail = |at: String, message: String| Err(Broken { at, message });
    let Some(check) = contract.model(model) else {
        return fail(at.to_owned(), format!("the contract has no model {model}"));
    };
    if check.accepts(value) {
        return Ok(());
    }
    match check.explain("", value).into_iter().next() {
        Some(first) => fail(format!("{at}{}", first.location), format!("{} (model {model})", first.message)),
        None => fail(at.to_owned(), format!("it breaks its model {model}")),
    }
}
