//! A world as a document, in the words of scenario files: drawn from a world, and a world made of one. Drawing what
//! was read gives the same bytes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Scenario;
use super::check::Checker;
use super::language::{SsoPart, WorldPart};
use super::merge::Merged;
use crate::contract::Contract;
use crate::leadconduit::state::sso::{Pattern, SsoStatus};
use crate::leadconduit::state::{Collection, World};
use crate::support::clock::{Clock, Timestamp};
use crate::support::delay::Delay;
use crate::support::ids::IdSource;
use contract_files::yaml::{Diagnostic, Source};

/// The version of the document.
const VERSION: u64 = 1;

/// The document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    version: u64,
    /// Which scenario was played; it does not change what is read.
    #[serde(default)]
    #[expect(dead_code, reason = "it is there for people")]
    scenario: Option<String>,
    clock: String,
    seed: u64,
    draws: u64,
    ids: Ids,
    sso_calls: u64,
    sso_since: Timestamp,
    world: WorldPart,
    sso: SsoPart,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ids {
    process: String,
    counter: u32,
}

/// Draws a world.
#[must_use]
pub fn draw(scenario: &Scenario, world: &World) -> Value {
    let (process, counter) = world.ids().parts();
    let accounts: Vec<Value> = world
        .accounts()
        .map(|(_, account)| {
            let mut shown = json!({"account": account.document().value()});
            for collection in Collection::ALL {
                let documents: Vec<&Value> = account.all(collection).values().map(|d| d.value()).collect();
                if !documents.is_empty() {
                    shown[collection.name()] = json!(documents);
                }
            }
            let events: Vec<Value> = account.events().own().map(|event| event.value().into_owned()).collect();
            if !events.is_empty() {
                shown["events"] = events.into();
            }
            let history: Vec<Value> = account.events().pasts().map(|past| past.plan()).collect();
            if !history.is_empty() {
                shown["history"] = history.into();
            }
            shown
        })
        .collect();
    let keys: Vec<Value> = world
        .keys()
        .map(|(key, owner)| json!({"key": key, "account": &*owner.account, "user": &*owner.user}))
        .collect();
    let mut sso = health(&world.sso.status);
    sso["accounts"] = world.sso.accounts.values().map(|d| d.value().clone()).collect();
    sso["connections"] = world.sso.connections.values().map(|d| d.value().clone()).collect();
    json!({
        "version": VERSION,
        "scenario": scenario.name,
        "clock": world.clock.to_string(),
        "seed": world.seed(),
        "draws": world.draws(),
        "ids": {"process": process, "counter": counter},
        "sso_calls": world.sso.calls(),
        "sso_since": world.sso.since().to_string(),
        "world": {"keys": keys, "accounts": accounts},
        "sso": sso,
    })
}

fn health(status: &SsoStatus) -> Value {
    let pattern = |unit: &str, Pattern { up, down }: Pattern| json!({unit: {"up": up, "down": down}});
    match status {
        SsoStatus::Up | SsoStatus::Down => json!({"status": status.word()}),
        SsoStatus::Slow(delay) => json!({"status": "slow", "latency": latency(*delay)}),
        SsoStatus::FlappingCalls(p) => json!({"status": "flapping", "flapping": pattern("calls", *p)}),
        SsoStatus::FlappingSeconds(p) => json!({"status": "flapping", "flapping": pattern("seconds", *p)}),
        SsoStatus::Partial(operations) => json!({"status": "partial", "operations": &**operations}),
    }
}

fn latency(delay: Delay) -> Value {
    match delay {
        Delay::Fixed { ms } => ms.into(),
        Delay::Uniform { lower_ms, upper_ms } => json!({"type": "uniform", "lower_ms": lower_ms, "upper_ms": upper_ms}),
        Delay::Lognormal { median_ms, sigma, max_ms } => {
            json!({"type": "lognormal", "median_ms": median_ms, "sigma": sigma, "max_ms": max_ms})
        }
    }
}

/// Makes a world of a document. Every mistake in it is told, and then there is none.
pub fn read(source: &Source, contract: &Contract) -> Result<World, Vec<Diagnostic>> {
    let file: StateFile = source.parse_json_or_yaml().map_err(|error| vec![error])?;
    let mut mistakes = Vec::new();
    if file.version != VERSION {
        mistakes.push(source.at_pointer("/version", format!("version {} is not known; write {VERSION}", file.version)));
    }
    let clock: Clock = file.clock.parse().unwrap_or_else(|message: String| {
        mistakes.push(source.at_pointer("/clock", message));
        Clock::Real
    });
    let ids = IdSource::from_parts(&file.ids.process, file.ids.counter);
    if ids.is_none() {
        let message = "ids go on from a process of 10 hexadecimal characters and a counter below 16777216";
        mistakes.push(source.at_pointer("/ids", message));
    }
    if let Err((at, message)) = file.sso.health() {
        mistakes.push(source.at_pointer(&format!("/sso{at}"), message));
    }
    let mut merged = Merged::default();
    merged.add_world(0, &file.world, &file.sso);
    let mut checker = Checker::new(vec![source], contract);
    checker.world(&merged, clock.now());
    mistakes.extend(checker.mistakes);
    let (Some(ids), true) = (ids, mistakes.is_empty()) else { return Err(mistakes) };
    let world = merged.world(contract, file.seed, clock);
    let mut world = world.map_err(|message| vec![source.at_pointer("/world", message)])?;
    world.continue_ids(ids);
    world.continue_draws(file.draws);
    world.sso.count_from(file.sso_calls, file.sso_since);
    Ok(world)
}
