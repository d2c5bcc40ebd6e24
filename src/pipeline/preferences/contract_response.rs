//! Responses that come from the contract instead of the operation: examples, and values generated from schemas.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{Preferences, truncated};
use crate::contract::operation::ResponseDefinition;
use crate::contract::problem::Problem;
use crate::contract::{Contract, Example, Operation};
use crate::generate::{Models, ValueGenerator};
use crate::http::message::JSON_CONTENT_TYPE;
use crate::leadconduit::response::OperationResponse;
use crate::support::clock::Timestamp;
use crate::support::ids::IdGenerator;
use crate::support::rng::{Purpose, SeededRng};
use contract_files::yaml::nearest;

/// 2026-01-15T09:00:00Z, in seconds since 1970.
const SEEDED_AT: i64 = 1_768_467_600;

/// The response of the contract that the preferences select.
///
/// Generated values depend on the seed only: with `seed` in the preferences, times are relative to
/// 2026-01-15T09:00:00Z; otherwise they depend on `seed_default` and `now`.
///
/// # Errors
///
/// The contract has no such response or example, or not enough information to build it.
pub fn contract_response(
    contract: &Contract,
    operation: &Operation,
    preferences: &Preferences,
    now: Timestamp,
    seed_default: u64,
) -> Result<OperationResponse, Problem> {
    if let Some(code) = preferences.code.filter(|code| !operation.responses.contains_key(code)) {
        return Err(unknown_code(operation, code));
    }
    let example = if preferences.is_dynamic() { None } else { example(contract, operation, preferences)? };
    let status =
        example.map(|example| example.status).or(preferences.code).unwrap_or_else(|| operation.success_status());
    let Some(definition) = operation.responses.get(&status) else { return Err(unknown_code(operation, status)) };
    let generated = |seed, now| Some(definition.body(&generate_value(contract, definition, seed, now)?));
    let body: Option<(Bytes, HeaderValue)> = match (example, preferences.seed) {
        (Some(example), None) => Some(definition.body(example.value)),
        (Some(example), Some(seed)) => {
            return Err(Problem::invalid_preference(format!(
                "`seed={seed}` has no effect: response {status} of {} is the example `{}`; add `dynamic=true` to generate \
                 it",
                operation.id, example.name
            )));
        }
        (None, Some(seed)) => generated(seed, Timestamp::from_second(SEEDED_AT).unwrap_or(now)),
        (None, None) => generated(seed_default, now),
    };
    let (body, media_type) = body.unwrap_or((Bytes::new(), JSON_CONTENT_TYPE));
    let mut response = OperationResponse::json(status, body).with_media_type(media_type);
    response.headers = required_headers(contract, operation, status, definition)?;
    validate(contract, operation, response)
}

/// The example that the preferences select: by its name, or the first one of the status.
fn example<'c>(
    contract: &'c Contract,
    operation: &Operation,
    preferences: &Preferences,
) -> Result<Option<Example<'c>>, Problem> {
    let mut examples = contract.examples(operation);
    // A name without a status selects among all statuses.
    let code = preferences.code.or_else(|| preferences.example.is_none().then(|| operation.success_status()));
    examples.retain(|example| code.is_none_or(|code| code == example.status));
    let Some(name) = &preferences.example else { return Ok(examples.first().copied()) };
    match examples.iter().find(|example| example.name == name) {
        Some(example) => Ok(Some(*example)),
        None => Err(unknown_example(operation, preferences.code, name, &examples)),
    }
}

/// Generates a body from the schema of the response; `None` for a response without a body.
fn generate_value(contract: &Contract, definition: &ResponseDefinition, seed: u64, now: Timestamp) -> Option<Value> {
    let schema = contract.document().pointer(definition.schema_pointer.as_deref()?)?;
    let mut ids = IdGenerator::new(seed);
    let rng = SeededRng::new(seed, Purpose::Responses);
    Some(ValueGenerator::new(rng, &mut ids, now, Models::new(contract.models())).value(schema))
}

/// The required headers of the response, with the values of their examples.
fn required_headers(
    contract: &Contract,
    operation: &Operation,
    status: u16,
    definition: &ResponseDefinition,
) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    // OpenAPI ignores `Content-Type` among the headers of a Response Object.
    let names = definition.required_headers.iter().filter(|name| !name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    let header = |name: &String| {
        let value = contract.header_example(operation, status, name)?;
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    names
        .map(|name| {
            header(name).ok_or_else(|| {
                Problem::invalid_preference(format!(
                    "response {status} of {} requires the header {name}, and the contract has no example of it; add an \
                     `example` to the header in {}, or select another response",
                    operation.id, operation.file
                ))
            })
        })
        .collect()
}

/// Rejects an example or a generated body that breaks the contract.
fn validate(
    contract: &Contract,
    operation: &Operation,
    response: OperationResponse,
) -> Result<OperationResponse, Problem> {
    let mut headers: HeaderMap = response.headers.iter().cloned().collect();
    // The pipeline adds it to every body.
    headers.insert(CONTENT_TYPE, response.media_type.clone());
    let violations = contract.check_response(operation, response.status, &headers, &response.body);
    if violations.is_empty() {
        return Ok(response);
    }
    tracing::error!("internal error: the response of {} breaks the contract: {violations:?}", operation.id);
    Err(Problem::invalid_response(operation, &violations))
}

fn unknown_code(operation: &Operation, code: u16) -> Problem {
    let known: Vec<String> = operation.responses.keys().map(u16::to_string).collect();
    Problem::invalid_preference(format!("{} has no response {code}; write one of {}", operation.id, known.join(", ")))
}

fn unknown_example(operation: &Operation, code: Option<u16>, name: &str, known: &[Example<'_>]) -> Problem {
    let of = code.map_or_else(|| operation.id.clone(), |code| format!("response {code} of {}", operation.id));
    let name = truncated(name);
    if known.is_empty() {
        return Problem::invalid_preference(format!(
            "{of} has no examples, so not `{name}`; remove the name, or write `dynamic=true`"
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
    Problem::invalid_preference(format!("{of} has no example `{name}`; {hint}the examples are {}", list.join(", ")))
}
