//! The control API under `/__admin`. No path of LeadConduit begins with two underscores.
//!
//! To add an endpoint: a line in `ENDPOINTS`, its handler in the file of its subject, and its description in
//! `schemas/admin/openapi.yaml` (a test compares the two).

mod access;
mod body;
mod call;
mod clock;
mod coverage;
mod events;
mod explain;
mod faults;
mod logged_request;
mod metrics;
mod query;
mod requests;
mod sandboxes;
mod scenario;
mod state;
mod usage;
mod verify;

use std::sync::Arc;

use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;

pub use access::Access;
pub use call::{Context, DryRun, ServerActivity};

use self::access::SECTION;
use self::call::{ControlCall, ControlResult, ok};
use crate::config::limits::{Limits, STATE_BYTES_MAX};
use crate::contract::problem::Problem;
use crate::http::headers;
use crate::http::message::{Request, Response};
use crate::sandbox::Sandbox;
use crate::support::clock::format_timestamp;

const PREFIX: &str = "/__admin";

/// How much of a path the log shows.
const LOGGED_PATH_CHARS_MAX: usize = 100;

type Handler = fn(&ControlCall<'_>) -> ControlResult;

/// Method, path pattern below `/__admin`, handler.
type Endpoint = (Method, &'static str, Handler);

const ENDPOINTS: &[Endpoint] = &[
    (Method::GET, "/health", health),
    (Method::GET, "/version", version),
    (Method::GET, "/openapi.json", |call| Ok(ok(&call.app.contract.public_document()))),
    (Method::GET, "/admin-openapi.json", |_| Ok(Response::json(StatusCode::OK, OPENAPI))),
    (Method::GET, "/scenarios", scenario::list),
    (Method::GET, "/scenario", scenario::get),
    (Method::PUT, "/scenario", scenario::put),
    (Method::POST, "/reset", scenario::reset),
    (Method::GET, "/faults", faults::list),
    (Method::POST, "/faults", faults::add),
    (Method::DELETE, "/faults", faults::remove_all),
    (Method::GET, "/faults/{id}", faults::get),
    (Method::DELETE, "/faults/{id}", faults::remove),
    (Method::GET, state::PATH, state::get),
    (Method::PUT, state::PATH, state::put),
    (Method::GET, "/snapshots", state::list_snapshots),
    (Method::POST, "/snapshots/{name}", state::take_snapshot),
    (Method::DELETE, "/snapshots/{name}", state::remove_snapshot),
    (Method::POST, "/snapshots/{name}/restore", state::restore_snapshot),
    (Method::GET, "/clock", clock::get),
    (Method::PUT, "/clock", clock::put),
    (Method::GET, "/sandboxes", sandboxes::list),
    (Method::DELETE, "/sandboxes", sandboxes::remove_all),
    (Method::DELETE, "/sandboxes/{name}", sandboxes::remove),
    (Method::GET, "/coverage", coverage::get),
    (Method::GET, "/events", events::get),
    (Method::GET, "/requests", requests::list),
    (Method::DELETE, "/requests", requests::clear),
    (Method::GET, "/requests/{id}", requests::get),
    (Method::DELETE, "/requests/{id}", requests::remove_one),
    (Method::POST, "/requests/find", requests::find),
    (Method::POST, "/requests/count", requests::count),
    (Method::POST, "/requests/remove", requests::remove),
    (Method::POST, "/requests/reset", requests::clear),
    (Method::GET, "/requests/unmatched", requests::unmatched),
    (Method::GET, "/requests/unmatched/near-misses", requests::unmatched_near_misses),
    (Method::POST, "/near-misses/request", requests::near_misses_of_request),
    (Method::POST, "/near-misses/request-pattern", requests::near_misses_of_pattern),
    // The paths that the client library `wiremock-rest-client` uses.
    (Method::POST, "/requests/near-misses/request", requests::near_misses_of_request),
    (Method::POST, "/requests/near-misses/request-pattern", requests::near_misses_of_pattern),
    (Method::POST, "/explain", explain::explain),
    (Method::POST, "/verify", verify::verify),
    (Method::GET, "/metrics", metrics::metrics),
];

/// The OpenAPI document of the control API, bundled by the build script.
const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/admin-openapi.json"));

/// Whether a path belongs to the control API.
#[must_use]
pub fn is_control_path(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The largest body of a control call, if the call is allowed. `None` for every other request.
#[must_use]
pub fn body_bytes_max(access: &Access, head: &Request, path: &str, limits: &Limits) -> Option<usize> {
    let rest = path.strip_prefix(PREFIX).filter(|_| is_control_path(path))?;
    access.check(head, rest).ok()?;
    Some(if rest == state::PATH { STATE_BYTES_MAX.max(limits.control_bytes_max) } else { limits.control_bytes_max })
}

/// Whether a request with this path is a control call whose work depends on the data.
#[must_use]
pub fn can_take_long(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with('/') && !Access::is_public(rest))
}

/// Responds to a control call. `None` when the path is not one of the control API, and for CORS preflight requests, which
/// the pipeline handles for every path.
#[must_use]
pub fn handle(context: Context<'_>, request: &Request, path: &str, sandbox: &Arc<Sandbox>) -> Option<Response> {
    let rest = path.strip_prefix(PREFIX).filter(|_| is_control_path(path))?;
    // A delivery can have any headers, those of a preflight request too.
    if request.is_preflight() && !request.headers.contains_key(headers::OUTBOUND) {
        return None;
    }
    let allowed = context.access.check(request, rest);
    if let Err(problem) = &allowed {
        let rest: String = rest.chars().take(LOGGED_PATH_CHARS_MAX).collect();
        tracing::warn!("refused the control call {} {PREFIX}{rest}: {}", request.method, problem.detail);
    }
    let result = allowed.and_then(|()| {
        if !Access::is_public(rest) {
            sandbox.keep();
        }
        dispatch(context, request, rest, sandbox)
    });
    Some(result.unwrap_or_else(Problem::into_response))
}

/// Finds the endpoint by path and method, and calls its handler.
fn dispatch(context: Context<'_>, request: &Request, path: &str, sandbox: &Arc<Sandbox>) -> ControlResult {
    let mut candidates: Vec<(&Endpoint, &str)> =
        ENDPOINTS.iter().filter_map(|endpoint| Some((endpoint, match_path(endpoint.1, path)?))).collect();
    // A literal path takes precedence over one with a parameter.
    if candidates.iter().any(|((_, pattern, _), _)| *pattern == path) {
        candidates.retain(|((_, pattern, _), _)| *pattern == path);
    }
    if candidates.is_empty() {
        return Err(endpoint_not_found(path));
    }
    let requested = if request.method == Method::HEAD { &Method::GET } else { &request.method };
    let Some(((_, _, handler), name)) = candidates.iter().find(|((method, _, _), _)| method == requested) else {
        return Err(method_not_allowed(request, path, &candidates));
    };
    handler(&ControlCall { context, app: context.app, request, sandbox, name })
}

/// The value of the pattern's parameter when the path matches the pattern; empty when the pattern has no parameter.
fn match_path<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, after)) = pattern.split_once('{') else { return (pattern == path).then_some("") };
    let after = after.split_once('}')?.1;
    let value = path.strip_prefix(before)?.strip_suffix(after)?;
    (!value.is_empty() && !value.contains('/')).then_some(value)
}

/// 404: no endpoint has this path; names the nearest path, or all endpoints.
fn endpoint_not_found(path: &str) -> Problem {
    let path: String = path.chars().take(100).collect();
    let nearest = contract_files::yaml::nearest(&path, ENDPOINTS.iter().map(|(_, pattern, _)| *pattern));
    let hint = match nearest {
        Some(nearest) => format!("; did you mean {PREFIX}{nearest}?"),
        None => {
            let endpoints: Vec<String> =
                ENDPOINTS.iter().map(|(method, pattern, _)| format!("{method} {PREFIX}{pattern}")).collect();
            format!("; there are {}", endpoints.join(", "))
        }
    };
    let detail = format!("{PREFIX}{path} is not an endpoint of the control API{hint}");
    Problem::new(StatusCode::NOT_FOUND, SECTION, "No such endpoint", detail)
}

/// 405, with `Allow`.
fn method_not_allowed(request: &Request, path: &str, candidates: &[(&Endpoint, &str)]) -> Problem {
    let endpoints: Vec<String> =
        candidates.iter().map(|((method, pattern, _), _)| format!("{method} {PREFIX}{pattern}")).collect();
    let detail = format!("{PREFIX}{path} does not allow {}; send {}", request.method, endpoints.join(" or "));
    let mut problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, SECTION, "Method not allowed", detail);
    let mut methods: Vec<&str> = Vec::new();
    for ((method, _, _), _) in candidates {
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

/// The server accepts connections only after contract and scenarios are loaded, so any response means ready.
fn health(call: &ControlCall<'_>) -> ControlResult {
    let mut health = json!({
        "status": "healthy",
        "version": env!("CARGO_PKG_VERSION"),
        "operations": call.app.contract.operations.len(),
        "scenario": call.sandbox.scenario().name,
        "usage": usage::of(call),
    });
    if let Some(reload) = call.app.reload_status() {
        health["watch"] = json!({"last_read": format_timestamp(reload.at)});
        if let Some(error) = reload.error {
            health["watch"]["error"] = error.into();
        }
    }
    Ok(ok(&health))
}

fn version(_: &ControlCall<'_>) -> ControlResult {
    Ok(ok(&json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")})))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn path_patterns_match_with_at_most_one_parameter() {
        let rows = [
            ("/clock", "/clock", Some("")),
            ("/clock", "/clocks", None),
            ("/faults/{id}", "/faults/fault-1", Some("fault-1")),
            ("/faults/{id}", "/faults/", None),
            ("/snapshots/{name}/restore", "/snapshots/a/restore", Some("a")),
            ("/snapshots/{name}", "/snapshots/a/restore", None),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(match_path(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_openapi_document_describes_exactly_the_endpoints() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let mut documented: Vec<String> = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in
                item.as_object().unwrap().keys().filter(|key| !["parameters", "summary"].contains(&key.as_str()))
            {
                documented.push(format!("{} {path}", method.to_uppercase()));
            }
        }
        let mut endpoints: Vec<String> =
            ENDPOINTS.iter().map(|(method, path, _)| format!("{method} {PREFIX}{path}")).collect();
        documented.sort();
        endpoints.sort();
        assert_eq!(documented, endpoints);
    }
}
