//! Exports a world as a document in the format of scenario files, and imports it again. An export of an imported world
//! has the same bytes.

use std::io;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::build::Scenario;
use super::language::{SsoSpec, WorldSpec};
use super::merge::MergedScenario;
use super::validate::Validator;
use super::volume::Volume;
use crate::contract::Contract;
use crate::leadconduit::state::sso::{FlapPattern, SsoStatus};
use crate::leadconduit::state::{Account, Collection, World};
use crate::support::clock::{Clock, InvalidClock, Timestamp, format_timestamp};
use crate::support::delay::Delay;
use crate::support::ids::IdGenerator;
use contract_files::yaml::{Diagnostic, Source};

/// The hint for a document with other keys.
const SHAPE: &str = r#"write the document that GET /__admin/state returns: {"version": 1, "clock": "real", "seed": 1, "random_streams": 0, "ids": {"process": "0000000000", "counter": 0}, "sso_calls": 0, "sso_since": "2026-01-15T09:00:00Z", "world": {"keys": [...], "accounts": [...]}, "sso": {"status": "up", "accounts": [...], "connections": [...]}}"#;

/// The version of the document.
const VERSION: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "the object that GET /__admin/state returns")]
struct StateDocument {
    version: u64,
    /// The active scenario at the time of the export; ignored on import.
    #[serde(default)]
    #[expect(dead_code, reason = "it is written for readers of the document only")]
    scenario: Option<String>,
    clock: String,
    seed: u64,
    random_streams: u64,
    ids: IdPosition,
    sso_calls: u64,
    sso_since: Timestamp,
    world: WorldSpec,
    sso: SsoSpec,
    #[serde(default)]
    sso_temporary: Option<TemporarySso>,
}

/// The health of the single sign-on service until a time.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = r#"an object such as {"until": "2026-01-15T09:00:00Z", "sso": {"status": "down"}}"#
)]
struct TemporarySso {
    until: Timestamp,
    sso: SsoSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = r#"an object such as {"process": "0000000000", "counter": 0}"#)]
struct IdPosition {
    process: String,
    counter: u32,
}

/// A state whose document exceeds the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the state as a document is larger than {limit} bytes; take a snapshot, which stays in the server, or export a \
     sandbox with fewer leads"
)]
pub struct StateTooLarge {
    /// The limit in bytes.
    pub limit: usize,
}

/// Exports a world as JSON. The document is written piece by piece, and no parsed document is kept, so that a large world
/// is in memory once.
///
/// # Errors
///
/// The document is larger than `limit` bytes.
pub fn export(scenario: &Scenario, world: &World, limit: usize) -> Result<Vec<u8>, StateTooLarge> {
    let (process, counter) = world.ids().parts();
    let keys: Vec<Value> = world
        .keys()
        .map(|(key, owner)| json!({"key": key, "account": &*owner.account, "user": &*owner.user}))
        .collect();
    let (permanent, sso_temporary) = match &world.sso.status {
        SsoStatus::Temporary(one) => {
            (&one.then, Some(json!({"until": one.until.to_string(), "sso": health_json(&one.status)})))
        }
        permanent => (permanent, None),
    };
    let mut sso = health_json(permanent);
    sso["accounts"] = world.sso.accounts.values().map(|d| d.to_value()).collect();
    sso["connections"] = world.sso.connections.values().map(|d| d.to_value()).collect();
    let document = ExportedState {
        version: VERSION,
        scenario: &scenario.name,
        clock: world.clock.to_string(),
        seed: world.seed(),
        random_streams: world.random_streams(),
        ids: json!({"process": process, "counter": counter}),
        sso_calls: world.sso.calls(),
        sso_since: world.sso.since().to_string(),
        world: ExportedWorld { keys, accounts: ExportedAccounts(world) },
        sso,
        sso_temporary,
    };
    let mut written = BoundedWriter { bytes: Vec::new(), limit };
    serde_json::to_writer(&mut written, &document).map_err(|_| StateTooLarge { limit })?;
    Ok(written.bytes)
}

#[derive(Serialize)]
struct ExportedState<'w> {
    version: u64,
    scenario: &'w str,
    clock: String,
    seed: u64,
    random_streams: u64,
    ids: Value,
    sso_calls: u64,
    sso_since: String,
    world: ExportedWorld<'w>,
    sso: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    sso_temporary: Option<Value>,
}

#[derive(Serialize)]
struct ExportedWorld<'w> {
    keys: Vec<Value>,
    accounts: ExportedAccounts<'w>,
}

/// The accounts of a world, each written when it is reached.
struct ExportedAccounts<'w>(&'w World);

impl Serialize for ExportedAccounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.accounts().map(|(_, account)| ExportedAccount(account)))
    }
}

struct ExportedAccount<'w>(&'w Account);

impl Serialize for ExportedAccount<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(account) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("account", account.document().value())?;
        for collection in Collection::ALL {
            let documents = account.all(collection);
            if !documents.is_empty() {
                map.serialize_entry(collection.name(), &Sequence(|| documents.values().map(|d| d.to_value())))?;
            }
        }
        if account.events().stored().next().is_some() {
            let events = || account.events().stored().map(|event| event.value().into_owned());
            map.serialize_entry("events", &Sequence(events))?;
        }
        let history: Vec<Value> = account.events().histories().map(|past| past.plan()).collect();
        if !history.is_empty() {
            map.serialize_entry("history", &history)?;
        }
        map.end()
    }
}

/// The items of an iterator, each written when it is reached.
struct Sequence<F>(F);

impl<I: Iterator<Item: Serialize>, F: Fn() -> I> Serialize for Sequence<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Fails when more than `limit` bytes are written.
struct BoundedWriter {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for BoundedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The health of the single sign-on service, as scenario files write it.
fn health_json(status: &SsoStatus) -> Value {
    let pattern = |unit: &str, FlapPattern { up, down }: FlapPattern| json!({unit: {"up": up, "down": down}});
    match status {
        SsoStatus::Up | SsoStatus::Down => json!({"status": status.name()}),
        SsoStatus::Temporary(temporary) => health_json(&temporary.then),
        SsoStatus::Slow(delay) => json!({"status": "slow", "latency": export_delay(*delay)}),
        SsoStatus::FlappingCalls(p) => json!({"status": "flapping", "flapping": pattern("calls", *p)}),
        SsoStatus::FlappingSeconds(p) => json!({"status": "flapping", "flapping": pattern("seconds", *p)}),
        SsoStatus::Partial(operations) => json!({"status": "partial", "operations": &**operations}),
    }
}

/// The health of the single sign-on service at a time, as scenario files write it; with `ends_at` when it ends by
/// itself.
#[must_use]
pub fn current_health_json(status: &SsoStatus, now: Timestamp) -> Value {
    let mut json = health_json(status.at(now));
    if let Some(end) = status.ends_at(now) {
        json["ends_at"] = format_timestamp(end).into();
    }
    json
}

fn export_delay(delay: Delay) -> Value {
    match delay {
        Delay::Fixed { ms } => ms.into(),
        Delay::Uniform { lower_ms, upper_ms } => json!({"type": "uniform", "lower_ms": lower_ms, "upper_ms": upper_ms}),
        Delay::Lognormal { median_ms, sigma, max_ms } => {
            json!({"type": "lognormal", "median_ms": median_ms, "sigma": sigma, "max_ms": max_ms})
        }
    }
}

/// Imports a world.
///
/// # Errors
///
/// All diagnostics of the document.
pub fn import(source: &Source, contract: &Contract) -> Result<World, Vec<Diagnostic>> {
    let document: StateDocument = source.parse_json_or_yaml().map_err(|error| {
        let is_similar = error.hint.as_ref().is_some_and(|hint| hint.contains("did you mean"));
        let is_far = error.unknown_key().is_some_and(|(path, _)| path.is_empty()) && !is_similar;
        vec![if is_far { error.with_hint(SHAPE) } else { error }]
    })?;
    let mut errors = Vec::new();
    if document.version != VERSION {
        errors
            .push(source.at_pointer("/version", format!("version {} is not known; write {VERSION}", document.version)));
    }
    let clock: Clock = document.clock.parse().unwrap_or_else(|error: InvalidClock| {
        errors.push(source.at_pointer("/clock", error.to_string()));
        Clock::Real
    });
    let ids = IdGenerator::from_parts(&document.ids.process, document.ids.counter);
    if ids.is_none() {
        let message = "`process` must be 10 hexadecimal characters, and `counter` less than 16777216";
        errors.push(source.at_pointer("/ids", message));
    }
    if let Err(error) = document.sso.health() {
        errors.push(source.at_pointer(&format!("/sso{}", error.pointer()), error.to_string()));
    }
    let temporary = document.sso_temporary.and_then(|temporary| match temporary.sso.health() {
        Ok(health) => health.map(|health| (health, temporary.until)),
        Err(error) => {
            errors.push(source.at_pointer(&format!("/sso_temporary/sso{}", error.pointer()), error.to_string()));
            None
        }
    });
    let mut merged = MergedScenario::default();
    merged.add_world(0, &document.world, &document.sso);
    let mut validator = Validator::new(vec![source], contract);
    validator.validate_volume(&mut Volume::default(), source, &document.world);
    validator.validate_world(&merged, clock.now());
    errors.extend(validator.into_errors());
    let (Some(ids), true) = (ids, errors.is_empty()) else { return Err(errors) };
    let world = merged.create_world(contract, document.seed, clock);
    let mut world = world.map_err(|error| vec![source.at_pointer("/world", error.to_string())])?;
    world.set_ids(ids);
    world.set_random_streams(document.random_streams);
    world.sso.reset_counters(document.sso_calls, document.sso_since);
    if let Some((status, until)) = temporary {
        world.sso.status = status.until(until, &world.sso.status);
    }
    Ok(world)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::Library;
    use crate::support::document::Document;

    #[test]
    fn an_export_keeps_no_parsed_documents() {
        let contract = Arc::new(Contract::built_in().unwrap());
        let scenario = Library::built_in(Arc::clone(&contract)).unwrap().get("healthy").unwrap();
        let mut world = scenario.create_world(&contract, 1, Clock::Real).unwrap();
        let (id, document) = ("5fd4371e940df5a34a3888b2", json!({"id": "5d9a4c421d011c553e00beef", "name": "x"}));
        let stored = world.put(id, Collection::Services, "5d9a4c421d011c553e00beef", Document::new(&document));
        let exported = export(&scenario, &world, usize::MAX).unwrap();
        assert!(exported.windows(24).any(|window| window == b"5d9a4c421d011c553e00beef"));
        assert!(!stored.is_parsed());
        assert_eq!(export(&scenario, &world, exported.len() - 1).unwrap_err().limit, exported.len() - 1);
    }
}
