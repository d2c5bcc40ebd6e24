//! Applies a change to a world that is in use. Changes have the format of a scenario's `world` and `sso`: documents
//! with a known id are merged, others are added, `remove` deletes. Every document is validated against its model.

use std::sync::Arc;

use serde_json::Value;

use super::history::GeneratedHistory;
use super::language::{AccountSpec, JsonDocument, SsoSpec};
use super::populate;
use super::relative_times::resolve_times;
use super::rule::WorldChange;
use super::volume::Volume;
use crate::contract::Contract;
use crate::leadconduit::rules::{self, ParseError};
use crate::leadconduit::services::suppressionlist::store;
use crate::leadconduit::state::budget::BudgetExceeded;
use crate::leadconduit::state::events::{self, Event};
use crate::leadconduit::state::{ApiKeyOwner, Collection, Documents, World};
use crate::support::clock::Timestamp;
use crate::support::document::merge;
use crate::support::document::{Document, text};

/// The models of accounts, here and in the single sign-on service.
const ACCOUNT_MODELS: [&str; 2] = ["Account", "WorldSsoAccount"];

/// Why a change cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct ChangeError {
    /// An RFC 6901 pointer into the change: `/world/accounts/0/users/1/email`.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl From<BudgetExceeded> for ChangeError {
    fn from(exceeded: BudgetExceeded) -> Self {
        Self { pointer: String::new(), message: exceeded.to_string() }
    }
}

/// Applies a change.
///
/// # Errors
///
/// A document is invalid, or a key refers to an unknown user. The world may then be changed in part: the caller
/// discards it.
pub fn apply(world: &mut World, contract: &Contract, change: &WorldChange, now: Timestamp) -> Result<(), ChangeError> {
    if let Some(health) = &change.health {
        world.sso.status = match change.lasts {
            Some(lasts) => {
                let until = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
                health.clone().until(until, &world.sso.status)
            }
            None => health.clone(),
        };
        world.sso.reset_counters(0, now);
    }
    for (index, account) in change.world.accounts.iter().enumerate() {
        apply_account(world, contract, account, &format!("/world/accounts/{index}"), now)?;
    }
    apply_sso(world, contract, &change.sso, now)?;
    for key in &change.world.revoke {
        world.remove_key(key);
    }
    for (index, key) in change.world.keys.iter().enumerate() {
        let user = world.account(&key.account).and_then(|account| account.get(Collection::Users, &key.user));
        if user.is_none() {
            let pointer = format!("/world/keys/{index}/user");
            let message = format!("there is no user of that account with the id {}", key.user);
            return Err(ChangeError { pointer, message });
        }
        let owner = ApiKeyOwner { account: key.account.as_str().into(), user: key.user.as_str().into() };
        world.put_key(&key.key, owner);
    }
    Ok(())
}

/// Applies a change of the single sign-on service's entries. They are identified by `id`, as in `extends`.
fn apply_sso(world: &mut World, contract: &Contract, change: &SsoSpec, now: Timestamp) -> Result<(), ChangeError> {
    let lists = [
        ("accounts", "WorldSsoAccount", "sso_id", &change.accounts, &mut world.sso.accounts),
        ("connections", "WorldSsoConnection", "id", &change.connections, &mut world.sso.connections),
    ];
    for (name, model, key, specs, known) in lists {
        let find_key = |known: &Documents, id: &str| {
            let is_same = |document: &Document| text(document.value(), "id").eq_ignore_ascii_case(id);
            known.iter().find(|(_, document)| is_same(document)).map(|(key, _)| Arc::clone(key))
        };
        for id in &change.remove {
            if let Some(key) = find_key(known, id) {
                known.remove(&key);
            }
        }
        for (index, spec) in specs.iter().enumerate() {
            let old = find_key(known, text(&spec.0, "id")).and_then(|key| known.remove(&key));
            let value = merged(old.as_deref().map(Document::value), spec, now);
            validate(contract, model, &value, &format!("/sso/{name}/{index}"))?;
            known.insert(text(&value, key).to_ascii_lowercase().into(), Document::new(&value).into());
        }
    }
    Ok(())
}

fn apply_account(
    world: &mut World,
    contract: &Contract,
    change: &AccountSpec,
    pointer: &str,
    now: Timestamp,
) -> Result<(), ChangeError> {
    Volume::default()
        .add(change.generate, &change.history)
        .map_err(|error| ChangeError { pointer: format!("{pointer}{}", error.pointer), message: error.message })?;
    let id = text(&change.account.0, "id").to_owned();
    let known = world.account(&id).map(|account| account.document().value().clone());
    let account = merged(known.as_ref(), &change.account, now);
    validate(contract, "Account", &account, &format!("{pointer}/account"))?;
    if known.as_ref() != Some(&account) {
        world.put_account(&id, Document::new(&account));
    }
    for collection in Collection::ALL {
        for removed in &change.remove {
            world.remove(&id, collection, removed);
        }
        for (index, spec) in change.documents(collection).iter().enumerate() {
            let key = text(&spec.0, collection.id_property()).to_owned();
            let known = world.account(&id).and_then(|account| account.get(collection, &key)).cloned();
            let value = merged(known.as_deref().map(Document::value), spec, now);
            let pointer = format!("{pointer}/{}/{index}", collection.name());
            validate(contract, collection.model(), &value, &pointer)?;
            if collection == Collection::ListEntries {
                require_id_of_entry(&value, &pointer)?;
            }
            if collection.has_rules() {
                rules::check(&value).map_err(|error| ChangeError {
                    pointer: format!("{pointer}{}", error.pointer),
                    message: error.message,
                })?;
            }
            world.put(&id, collection, &key, Document::new(&value));
        }
    }
    for (index, spec) in change.events.iter().enumerate() {
        let key = text(&spec.0, "id").parse().ok();
        let known = world.account(&id).zip(key).and_then(|(account, key)| account.events().get(key));
        let value = merged(known.as_ref().map(Event::value).as_deref(), spec, now);
        validate(contract, events::MODEL, &value, &format!("{pointer}/events/{index}"))?;
        world.put_event(&id, &value);
    }
    for plan in &change.history {
        world.add_history(&id, Arc::new(GeneratedHistory::new(plan.clone())));
    }
    let generated = populate::populate(world, contract, &id, change.generate, now);
    generated.map_err(|error| ChangeError { pointer: format!("{pointer}/generate"), message: error.to_string() })
}

fn merged(known: Option<&Value>, spec: &JsonDocument, now: Timestamp) -> Value {
    let mut value = known.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    merge(&mut value, &resolve_times(&spec.0, now));
    value
}

/// Rejects an entry of a list that would never be found.
pub(super) fn require_id_of_entry(entry: &Value, pointer: &str) -> Result<(), ChangeError> {
    store::find_wrong_id(entry).map_or(Ok(()), |(message, expected)| {
        let message = format!("{message}; write `id: {expected}`");
        Err(ChangeError { pointer: format!("{pointer}/id"), message })
    })
}

/// An account must not have an unknown time zone, which would be taken for UTC.
pub(super) fn validate_time_zone(model: &str, value: &Value) -> Result<(), ParseError> {
    if ACCOUNT_MODELS.contains(&model) { rules::check_time_zone_of(value) } else { Ok(()) }
}

pub(super) fn validate(contract: &Contract, model: &str, value: &Value, pointer: &str) -> Result<(), ChangeError> {
    let fail = |pointer: String, message: String| Err(ChangeError { pointer, message });
    let Some(check) = contract.model(model) else {
        return fail(pointer.to_owned(), format!("the contract has no model {model}"));
    };
    if check.accepts(value) {
        return validate_time_zone(model, value)
            .or_else(|error| fail(format!("{pointer}{}", error.pointer), error.message));
    }
    match check.violations("", value).into_iter().next() {
        Some(first) => fail(format!("{pointer}{}", first.location), format!("{} (model {model})", first.message)),
        None => fail(pointer.to_owned(), format!("the document does not match its model {model}")),
    }
}
