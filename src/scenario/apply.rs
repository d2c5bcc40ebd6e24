//! Changes of a world that is in use, in the words in which a world is written down: documents with a known id are
//! merged, others are added, `remove` takes away. Everything that enters keeps its model.

use serde_json::Value;

use super::build::at;
use super::language::{AccountPart, Document as Written};
use super::populate;
use super::rule::WorldChange;
use crate::contract::Contract;
use crate::world::clock::Timestamp;
use crate::world::document::merge;
use crate::world::{Collection, Document, KeyOwner, World, text};

/// Applies a change. When it fails, the caller takes the world back.
pub fn apply(world: &mut World, contract: &Contract, change: &WorldChange, now: Timestamp) -> Result<(), String> {
    if let Some(health) = &change.health {
        world.sso.status = health.clone();
        world.sso.count_from(0, now);
    }
    for part in &change.world.accounts {
        apply_account(world, contract, part, now)?;
    }
    for id in &change.sso.remove {
        let id = id.to_ascii_lowercase();
        world.sso.accounts.remove(id.as_str());
        world.sso.connections.remove(id.as_str());
    }
    let sso =
        [(&change.sso.accounts, "WorldSsoAccount", "sso_id"), (&change.sso.connections, "WorldSsoConnection", "id")];
    for (parts, model, key) in sso {
        for part in parts {
            let known = if key == "id" { &mut world.sso.connections } else { &mut world.sso.accounts };
            let id = text(&part.0, key).to_ascii_lowercase();
            let value = merged(known.get(id.as_str()).map(|document| document.value()), part, now);
            check(contract, model, &value)?;
            known.insert(id.into(), Document::new(&value).into());
        }
    }
    for key in &change.world.revoke {
        world.remove_key(key);
    }
    for key in &change.world.keys {
        let there = world.account(&key.account).and_then(|account| account.get(Collection::Users, &key.user));
        if there.is_none() {
            return Err(format!("the key's user {} is no user of the account {}", key.user, key.account));
        }
        let owner = KeyOwner { account: key.account.as_str().into(), user: key.user.as_str().into() };
        world.put_key(&key.key, owner);
    }
    Ok(())
}

fn apply_account(world: &mut World, contract: &Contract, part: &AccountPart, now: Timestamp) -> Result<(), String> {
    let id = text(&part.account.0, "id").to_owned();
    let known = world.account(&id).map(|account| account.document().value().clone());
    let own = merged(known.as_ref(), &part.account, now);
    check(contract, "Account", &own)?;
    if known.as_ref() != Some(&own) {
        world.put_account(&id, Document::new(&own));
    }
    for collection in Collection::ALL {
        for gone in &part.remove {
            world.remove(&id, collection, gone);
        }
        for written in part.documents(collection) {
            let key = text(&written.0, "id").to_owned();
            let known = world.account(&id).and_then(|account| account.get(collection, &key)).cloned();
            let value = merged(known.as_deref().map(Document::value), written, now);
            check(contract, collection.model(), &value)?;
            world.put(&id, collection, &key, Document::new(&value));
        }
    }
    populate::populate(world, contract, &id, part.generate, now)
}

fn merged(known: Option<&Value>, written: &Written, now: Timestamp) -> Value {
    let mut value = known.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    merge(&mut value, &at(&written.0, now));
    value
}

fn check(contract: &Contract, model: &str, value: &Value) -> Result<(), String> {
    let check = contract.model(model).ok_or_else(|| format!("the contract has no model {model}"))?;
    if check.accepts(value) {
        return Ok(());
    }
    let violation = check.explain("", value).into_iter().next();
    let what = violation.map(|v| format!("{} at `{}`", v.message, v.location)).unwrap_or_default();
    Err(format!("the document {} breaks its model {model}: {what}", text(value, "id")))
}
