//! The control API under `/__admin`. No path of LeadConduit begins with two underscores.
//!
//! To add a call: a line in `CALLS`, its function in the file of its subject, its description in
//! `schemas/admin/openapi.yaml` (a test holds the two together).

mod access;
mod body;
mod control;
mod coverage;
mod described;
mod explain;
mod faults;
mod metrics;
mod query;
mod requests;
mod state;
mod verify;

use std::sync::Arc;

use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

pub use access::Access;

use crate::contract::problem::Problem;
use crate::http::message::{Request, Response};
use crate::leadconduit::state::World;
use crate::recording::journal::Exchange;
use crate::sandbox::Sandbox;
use crate::sandbox::app_state::AppState;
use crate::support::clock;

const PREFIX: &str = "/__admin";

/// What the control API acts on. The pipeline provides it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The contract, the scenarios and the sandboxes.
    pub stage: &'a AppState,
    /// Who may use the control API.
    pub access: &'a Access,
    /// What a request would meet in a sandbox, found out without changing anything; `None` for a control call.
    pub dry_run: &'a dyn Fn(&Request, &Arc<Sandbox>) -> Option<DryRun>,
}

/// What a request would meet.
#[derive(Debug)]
pub struct DryRun {
    /// What would be recorded, the response included.
    pub exchange: Arc<Exchange>,
    /// The world that the request would find.
    pub world: World,
    /// A copy of the sandbox, after the request.
    pub sandbox: Arc<Sandbox>,
}

/// A control call on its way.
struct Call<'a> {
    context: Context<'a>,
    stage: &'a AppState,
    request: &'a Request,
    /// The sandbox that it is about, unless it is about all.
    sandbox: &'a Arc<Sandbox>,
    /// The value of the path's parameter.
    name: &'a str,
}

type Outcome = Result<Response, Problem>;

/// One line of the table: method, path below `/__admin`, what it does.
type Line = (Method, &'static str, fn(&Call<'_>) -> Outcome);

const CALLS: &[Line] = &[
    (Method::GET, "/health", health),
    (Method::GET, "/version", version),
    (Method::GET, "/openapi.json", |call| Ok(ok(&call.stage.contract.public_document()))),
    (Method::GET, "/admin-openapi.json", |_| Ok(Response::json(StatusCode::OK, OPENAPI))),
    (Method::GET, "/scenarios", control::scenarios),
    (Method::GET, "/scenario", control::scenario),
    (Method::PUT, "/scenario", control::put_scenario),
    (Method::POST, "/reset", control::reset),
    (Method::GET, "/faults", faults::list),
    (Method::POST, "/faults", faults::add),
    (Method::DELETE, "/faults", faults::remove_all),
    (Method::GET, "/faults/{id}", faults::get),
    (Method::DELETE, "/faults/{id}", faults::remove),
    (Method::GET, "/state", state::get),
    (Method::PUT, "/state", state::put),
    (Method::GET, "/snapshots", state::snapshots),
    (Method::POST, "/snapshots/{name}", state::take_snapshot),
    (Method::DELETE, "/snapshots/{name}", state::remove_snapshot),
    (Method::POST, "/snapshots/{name}/restore", state::restore),
    (Method::GET, "/clock", control::clock),
    (Method::PUT, "/clock", control::put_clock),
    (Method::GET, "/sandboxes", control::sandboxes),
    (Method::DELETE, "/sandboxes", control::end_sandboxes),
    (Method::DELETE, "/sandboxes/{name}", control::end_sandbox),
    (Method::GET, "/coverage", coverage::get),
    (Method::GET, "/events", control::events),
    (Method::GET, "/requests", requests::list),
    (Method::DELETE, "/requests", requests::clear),
    (Method::GET, "/requests/{id}", requests::get),
    (Method::DELETE, "/requests/{id}", requests::remove_one),
    (Method::POST, "/requests/find", requests::find),
    (Method::POST, "/requests/count", requests::count),
    (Method::POST, "/requests/remove", requests::remove),
    (Method::POST, "/requests/reset", requests::clear),
    (Method::GET, "/requests/unmatched", requests::unmatched),
    (Method::GET, "/requests/unmatched/near-misses", requests::unmatched_near),
    (Method::POST, "/near-misses/request", requests::near_request),
    (Method::POST, "/near-misses/request-pattern", requests::near_pattern),
    // Where the client library `wiremock-rest-client` looks for them.
    (Method::POST, "/requests/near-misses/request", requests::near_request),
    (Method::POST, "/requests/near-misses/request-pattern", requests::near_pattern),
    (Method::POST, "/explain", explain::explain),
    (Method::POST, "/verify", verify::verify),
    (Method::GET, "/metrics", metrics::metrics),
];

/// This API's own OpenAPI document, made by the build script.
const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/admin-openapi.json"));

/// Whether a path is one of the control API's.
#[must_use]
pub fn is_call(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a call of the control API; `None` when the path is not one of its.
#[must_use]
pub fn answer(context: Context<'_>, request: &Request, path: &str, sandbox: &Arc<Sandbox>) -> Option<Response> {
    let rest = path.strip_prefix(PREFIX).filter(|_| is_call(path))?;
    // What a browser asks before a call is answered as for every other path.
    if request.is_preflight() {
        return None;
    }
    let outcome = context.access.check(request, rest).and_then(|()| call(context, request, rest, sandbox));
    Some(outcome.unwrap_or_else(Problem::into_response))
}

fn call(context: Context<'_>, request: &Request, rest: &str, sandbox: &Arc<Sandbox>) -> Outcome {
    let mut fitting: Vec<(&Line, &str)> =
        CALLS.iter().filter_map(|line| Some((line, parameter(line.1, rest)?))).collect();
    // What is written out is meant before what varies.
    if fitting.iter().any(|((_, pattern, _), _)| *pattern == rest) {
        fitting.retain(|((_, pattern, _), _)| *pattern == rest);
    }
    if fitting.is_empty() {
        return Err(unknown(rest));
    }
    let wanted = if request.method == Method::HEAD { &Method::GET } else { &request.method };
    let Some(((_, _, run), name)) = fitting.iter().find(|((method, _, _), _)| method == wanted) else {
        return Err(wrong_method(request, rest, &fitting));
    };
    run(&Call { context, stage: context.stage, request, sandbox, name })
}

/// The value of a pattern's parameter (empty when it has none), when a path is one of the pattern's.
fn parameter<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, after)) = pattern.split_once('{') else { return (pattern == path).then_some("") };
    let after = after.split_once('}')?.1;
    let value = path.strip_prefix(before)?.strip_suffix(after)?;
    (!value.is_empty() && !value.contains('/')).then_some(value)
}

fn unknown(rest: &str) -> Problem {
    let rest: String = rest.chars().take(100).collect();
    let near = contract_files::yaml::nearest(&rest, CALLS.iter().map(|(_, path, _)| *path));
    let hint = match near {
        Some(near) => format!("; did you mean {PREFIX}{near}?"),
        None => {
            let calls: Vec<String> = CALLS.iter().map(|(method, path, _)| format!("{method} {PREFIX}{path}")).collect();
            format!("; there are {}", calls.join(", "))
        }
    };
    let detail = format!("{PREFIX}{rest} is no call of the control API{hint}");
    Problem::new(StatusCode::NOT_FOUND, "control-api", "No such call", detail)
}

fn wrong_method(request: &Request, rest: &str, fitting: &[(&Line, &str)]) -> Problem {
    let calls: Vec<String> = fitting.iter().map(|((method, path, _), _)| format!("{method} {PREFIX}{path}")).collect();
    let detail = format!("{PREFIX}{rest} does not take {}; send {}", request.method, calls.join(" or "));
    let mut problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "control-api", "Method not allowed", detail);
    let mut methods: Vec<&str> = Vec::new();
    for ((method, _, _), _) in fitting {
        methods.push(method.as_str());
        if *method == Method::GET {
            methods.push("HEAD");
        }
    }
    if let Ok(allow) = HeaderValue::try_from(methods.join(", ")) {
        problem.headers.insert(ALLOW, allow);
    }
    problem
}

/// The server answers only once contract and scenarios are loaded, so an answer means that it is ready.
fn health(call: &Call<'_>) -> Outcome {
    let mut health = json!({
        "status": "healthy",
        "version": env!("CARGO_PKG_VERSION"),
        "operations": call.stage.contract.operations.len(),
        "scenario": call.sandbox.scenario().name,
    });
    if let Some(watched) = call.stage.watched() {
        health["watch"] = json!({"last_read": clock::stamp(watched.at)});
        if let Some(error) = watched.error {
            health["watch"]["error"] = error.into();
        }
    }
    Ok(ok(&health))
}

fn version(_: &Call<'_>) -> Outcome {
    Ok(ok(&json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")})))
}

fn ok(value: &Value) -> Response {
    Response::json(StatusCode::OK, value.to_string())
}

fn created(value: &Value) -> Response {
    Response::json(StatusCode::CREATED, value.to_string())
}

fn no_content() -> Response {
    Response::new(StatusCode::NO_CONTENT, "")
}

/// 404: nothing of that name, with the nearest name that there is.
fn not_found<'n>(what: &str, name: &str, known: impl IntoIterator<Item = &'n str>) -> Problem {
    let name: String = name.chars().take(80).collect();
    let known: Vec<&str> = known.into_iter().collect();
    let hint = match contract_files::yaml::nearest(&name, known.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.is_empty() => "; there are none".to_owned(),
        None => format!("; there are {}", known.join(", ")),
    };
    Problem::new(StatusCode::NOT_FOUND, "control-api", "Not found", format!("there is no {what} `{name}`{hint}"))
}

/// 409: there are too many already.
fn too_many(what: &str, max: usize) -> Problem {
    let detail = format!("there are {max} {what} already; remove some first");
    Problem::new(StatusCode::CONFLICT, "control-api", "Too many", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_one_parameter_at_most() {
        let rows = [
            ("/clock", "/clock", Some("")),
            ("/clock", "/clocks", None),
            ("/faults/{id}", "/faults/fault-1", Some("fault-1")),
            ("/faults/{id}", "/faults/", None),
            ("/snapshots/{name}/restore", "/snapshots/a/restore", Some("a")),
            ("/snapshots/{name}", "/snapshots/a/restore", None),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(parameter(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_document_describes_every_call_and_no_other() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let mut described: Vec<String> = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in
                item.as_object().unwrap().keys().filter(|key| !["parameters", "summary"].contains(&key.as_str()))
            {
                described.push(format!("{} {path}", method.to_uppercase()));
            }
        }
        let mut calls: Vec<String> = CALLS.iter().map(|(method, path, _)| format!("{method} {PREFIX}{path}")).collect();
        described.sort();
        calls.sort();
        assert_eq!(described, calls);
    }
}
