//! Replies that come from the contract and not from the world: examples, and values made up from schemas.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{Preferences, shown};
use crate::contract::operation::ResponseRule;
use crate::contract::problem::Problem;
use crate::contract::{Contract, Example, Operation};
use crate::generate::{Maker, Models};
use crate::http::message::JSON;
use crate::leadconduit::response::OperationResponse;
use crate::support::clock::Timestamp;
use crate::support::ids::IdSource;
use crate::support::rng::{Purpose, SeededRng};
use contract_files::yaml::nearest;

/// The second of 2026-01-15T09:00:00Z.
const SEEDED_AT: i64 = 1_768_467_600;

/// The reply that the preferences ask of the contract.
///
/// What is made up follows from the seed. With a seed of the request's own it is the same whenever it is asked for:
/// its times are those of 2026-01-15T09:00:00Z. Otherwise it follows from `seed_default` and `now`.
pub fn contract_reply(
    contract: &Contract,
    operation: &Operation,
    preferences: &Preferences,
    now: Timestamp,
    seed_default: u64,
) -> Result<OperationResponse, Problem> {
    if let Some(code) = preferences.code.filter(|code| !operation.replies.contains_key(code)) {
        return Err(unknown_code(operation, code));
    }
    let example = if preferences.is_dynamic() { None } else { example(contract, operation, preferences)? };
    let status = example.map(|example| example.status).or(preferences.code).unwrap_or_else(|| operation.success());
    let Some(rule) = operation.replies.get(&status) else { return Err(unknown_code(operation, status)) };
    let made_up = |seed, now| Some(rule.body(&made_up(contract, rule, seed, now)?));
    let body: Option<(Bytes, HeaderValue)> = match (example, preferences.seed) {
        (Some(example), None) => Some(rule.body(example.value)),
        (Some(example), Some(seed)) => {
            return Err(Problem::preference(format!(
                "`seed={seed}` has no effect: reply {status} of {} is its example `{}`; write `dynamic=true` to have it \
                 made up",
                operation.id, example.name
            )));
        }
        (None, Some(seed)) => made_up(seed, Timestamp::from_second(SEEDED_AT).unwrap_or(now)),
        (None, None) => made_up(seed_default, now),
    };
    let (body, media_type) = body.unwrap_or((Bytes::new(), JSON));
    let mut answer = OperationResponse::of(status, body).as_media_type(media_type);
    answer.headers = headers(contract, operation, status, rule)?;
    checked(contract, operation, answer)
}

/// The example that is asked for: by its name, or the first of the status.
fn example<'c>(
    contract: &'c Contract,
    operation: &Operation,
    preferences: &Preferences,
) -> Result<Option<Example<'c>>, Problem> {
    let mut examples = contract.examples(operation);
    // A name alone may stand under any status.
    let code = preferences.code.or_else(|| preferences.example.is_none().then(|| operation.success()));
    examples.retain(|example| code.is_none_or(|code| code == example.status));
    let Some(name) = &preferences.example else { return Ok(examples.first().copied()) };
    match examples.iter().find(|example| example.name == name) {
        Some(example) => Ok(Some(*example)),
        None => Err(unknown_example(operation, preferences.code, name, &examples)),
    }
}

/// A value that fits the reply's schema; nothing for a reply without a body.
fn made_up(contract: &Contract, rule: &ResponseRule, seed: u64, now: Timestamp) -> Option<Value> {
    let schema = contract.document().pointer(rule.schema_pointer.as_deref()?)?;
    let mut ids = IdSource::new(seed);
    let chance = SeededRng::new(seed, Purpose::Replies);
    Some(Maker::new(chance, &mut ids, now, Models::new(contract.models())).value(schema))
}

/// The headers that the reply must carry, as the contract shows them.
fn headers(
    contract: &Contract,
    operation: &Operation,
    status: u16,
    rule: &ResponseRule,
) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    // A body's type is no matter of the contract's headers (OpenAPI, Response Object).
    let wanted = rule.required_headers.iter().filter(|name| !name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    let header = |name: &String| {
        let value = contract.header_example(operation, status, name)?;
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    wanted
        .map(|name| {
            header(name).ok_or_else(|| {
                Problem::preference(format!(
                    "reply {status} of {} must carry the header {name}, and the contract has no example of it; give the \
                     header an `example` in {}, or ask for another reply",
                    operation.id, operation.file
                ))
            })
        })
        .collect()
}

/// What breaks the contract must not pass for a reply of it.
fn checked(
    contract: &Contract,
    operation: &Operation,
    answer: OperationResponse,
) -> Result<OperationResponse, Problem> {
    let mut headers: HeaderMap = answer.headers.iter().cloned().collect();
    // It is added to every body later on.
    headers.insert(CONTENT_TYPE, answer.media_type.clone());
    let broken = contract.check_reply(operation, answer.status, &headers, &answer.body);
    if broken.is_empty() {
        return Ok(answer);
    }
    tracing::error!("a bug of the mock: the reply to {} breaks the contract: {broken:?}", operation.id);
    Err(Problem::invalid_reply(operation, &broken))
}

fn unknown_code(operation: &Operation, code: u16) -> Problem {
    let known: Vec<String> = operation.replies.keys().map(u16::to_string).collect();
    Problem::preference(format!("{} has no reply {code}; write one of {}", operation.id, known.join(", ")))
}

fn unknown_example(operation: &Operation, code: Option<u16>, name: &str, known: &[Example<'_>]) -> Problem {
    let of = code.map_or_else(|| operation.id.clone(), |code| format!("reply {code} of {}", operation.id));
    let name = shown(name);
    if known.is_empty() {
        return Problem::preference(format!(
            "{of} has no example `{name}`, nor any other; leave the name out, or write `dynamic=true`"
        ));
    }
    let hint = nearest(&name, known.iter().map(|example| example.name));
    let hint = hint.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let list: Vec<String> = known
        .iter()
        .map(|example| match code {
            Some(_) => example.name.to_owned(),
            None => format!("{} ({})", example.name, example.status),
        })
        .collect();
    Problem::preference(format!("{of} has no example `{name}`; {hint}there are {}", list.join(", ")))
}
