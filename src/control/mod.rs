//! The control API under `/__admin`. No path of LeadConduit begins with two underscores.
//!
//! To add an endpoint: a line in `ENDPOINTS`, its handler in the file of its subject, and its description in
//! `schemas/admin/openapi.yaml` (a test compares the two).

mod access;
mod body;
mod call;
mod clock;
mod console;
mod coverage;
mod documents;
mod events;
mod explain;
mod faults;
mod leads;
mod logged_request;
mod metrics;
mod query;
mod reasons;
mod replay;
mod requests;
mod sandboxes;
mod scenario;
mod sso;
mod state;
mod usage;
mod verify;

use std::sync::Arc;

use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

pub use access::Access;
pub use call::{Context, DryRun, ServerActivity};
pub use console::redirect_to_console;

use self::call::{ControlCall, ControlResult, ok};
use crate::config::limits::{Limits, STATE_BYTES_MAX};
use crate::contract::problem::{Problem, ProblemType};
use crate::contract::problem_page;
use crate::http::headers;
use crate::http::message::{Request, Response};
use crate::sandbox::Sandbox;
use crate::support::clock::format_timestamp;
use contract_files::yaml::nearest;

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
    (Method::GET, "/docs/problems", |_| Ok(problem_page::problems())),
    (Method::GET, "/docs", console::reference),
    (Method::GET, "/docs/control", console::reference),
    (Method::GET, "/ui", console::redirect),
    (Method::GET, console::PATH, console::index),
    (Method::GET, "/ui/{file}", console::asset),
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
    (Method::GET, "/state/{collection}", documents::list),
    (Method::GET, "/state/{collection}/{id}", documents::get),
    (Method::PUT, "/state/{collection}/{id}", documents::put),
    (Method::DELETE, "/state/{collection}/{id}", documents::remove),
    (Method::GET, "/sso", sso::get),
    (Method::PUT, "/sso", sso::put),
    (Method::GET, "/leads/{id}/trace", leads::trace),
    (Method::GET, "/snapshots", state::list_snapshots),
    (Method::POST, "/snapshots/{name}", state::take_snapshot),
    (Method::DELETE, "/snapshots/{name}", state::remove_snapshot),
    (Method::POST, "/snapshots/{name}/restore", state::restore_snapshot),
    (Method::GET, "/clock", clock::get),
    (Method::PUT, "/clock", clock::put),
    (Method::GET, "/sandboxes", sandboxes::list),
    (Method::DELETE, "/sandboxes", sandboxes::remove_all),
    (Method::PUT, "/sandboxes/{name}", sandboxes::put),
    (Method::DELETE, "/sandboxes/{name}", sandboxes::remove),
    (Method::GET, "/coverage", coverage::get),
    (Method::GET, "/events", events::get),
    (Method::GET, "/requests", requests::list),
    (Method::DELETE, "/requests", requests::clear),
    (Method::GET, "/requests/{id}", requests::get),
    (Method::DELETE, "/requests/{id}", requests::remove_one),
    (Method::POST, "/requests/{id}/replay", replay::replay),
    (Method::GET, "/requests/{id}/compare", replay::compare),
    (Method::POST, "/requests/find", requests::find),
    (Method::POST, "/requests/count", requests::count),
    (Method::POST, "/requests/remove", requests::remove),
    (Method::POST, "/requests/reset", requests::clear),
    (Method::GET, "/requests/summaries", requests::summaries),
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

/// The endpoint that a request outside `/__admin` was probably meant for: one below a mistyped prefix (`/_admin/health`),
/// or one without the prefix (`/health`).
#[must_use]
pub fn nearest_endpoint(method: &Method, path: &str) -> Option<(&'static Method, String)> {
    let trimmed = path.trim_start_matches('/').trim_end_matches('/');
    let (first, rest) = trimmed.split_once('/').unwrap_or((trimmed, ""));
    let first = first.to_ascii_lowercase().replace(['_', '-', '.'], "");
    let rest = if first == "admin" { format!("/{rest}") } else { format!("/{trimmed}") };
    let has_prefix = first == "admin";
    let endpoints = || ENDPOINTS.iter().filter(|(allowed, ..)| allowed == method).chain(ENDPOINTS);
    let exact = endpoints().find(|(_, pattern, _)| match_path(pattern, &rest).is_some());
    let similar = || {
        let nearest = nearest(&rest, ENDPOINTS.iter().map(|(_, pattern, _)| *pattern))?;
        endpoints().find(|(_, pattern, _)| *pattern == nearest)
    };
    let found = match exact {
        // A path with a parameter, such as `/faults/{id}`, could be any API's.
        Some((_, pattern, _)) if !has_prefix && pattern.contains('{') => None,
        None if has_prefix => similar().or(ENDPOINTS.first()),
        found => found,
    };
    found.map(|(method, pattern, _)| (method, format!("{PREFIX}{pattern}")))
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
        let redactor = context.access.redactor(request);
        let rest: String = redactor.url(rest, None).chars().take(LOGGED_PATH_CHARS_MAX).collect();
        let (method, detail) = (redactor.method(&request.method), redactor.text(&problem.detail));
        tracing::warn!("rejected the control call {method} {PREFIX}{rest}: {detail}");
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
    let mut candidates: Vec<(&Endpoint, PathParameters<'_>)> =
        ENDPOINTS.iter().filter_map(|endpoint| Some((endpoint, match_path(endpoint.1, path)?))).collect();
    // A literal path takes precedence over one with a parameter.
    if candidates.iter().any(|((_, pattern, _), _)| *pattern == path) {
        candidates.retain(|((_, pattern, _), _)| *pattern == path);
    }
    if candidates.is_empty() {
        return Err(endpoint_not_found(path));
    }
    let requested = if request.method == Method::HEAD { &Method::GET } else { &request.method };
    let Some(((_, _, handler), (name, second))) = candidates.iter().find(|((method, _, _), _)| method == requested)
    else {
        return Err(method_not_allowed(request, path, &candidates));
    };
    // The id of an entry of a list has a slash.
    let [name, second] = [name, second].map(|encoded| percent_decode_str(encoded).decode_utf8_lossy());
    handler(&ControlCall { context, app: context.app, request, sandbox, name: &name, second: &second })
}

/// The values of the parameters of a path pattern; empty for those that it does not have.
type PathParameters<'p> = (&'p str, &'p str);

/// The values of the pattern's parameters when the path matches the pattern, which has at most two.
fn match_path<'p>(pattern: &str, path: &'p str) -> Option<PathParameters<'p>> {
    // Hardly any endpoint passes these, and a request that matches none is compared with all.
    let Some(fixed) = pattern.find('{') else { return (pattern == path).then_some(("", "")) };
    if !path.starts_with(&pattern[..fixed]) {
        return None;
    }
    let (mut parameters, mut found) = ([""; 2], 0);
    let (mut patterns, mut segments) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return Some((parameters[0], parameters[1])),
            (Some(pattern), Some(segment)) if pattern.starts_with('{') && !segment.is_empty() => {
                *parameters.get_mut(found)? = segment;
                found += 1;
            }
            (Some(pattern), Some(segment)) if pattern == segment => {}
            _ => return None,
        }
    }
}

/// 404: no endpoint has this path; names the nearest path, or all endpoints.
fn endpoint_not_found(path: &str) -> Problem {
    let path: String = path.chars().take(100).collect();
    let nearest = nearest(&path, ENDPOINTS.iter().map(|(_, pattern, _)| *pattern));
    let hint = match nearest {
        Some(nearest) => format!("; did you mean {PREFIX}{nearest}?"),
        None => {
            let endpoints: Vec<String> =
                ENDPOINTS.iter().map(|(method, pattern, _)| format!("{method} {PREFIX}{pattern}")).collect();
            format!("; there are {}", endpoints.join(", "))
        }
    };
    let detail = format!("{PREFIX}{path} is not an endpoint of the control API{hint}");
    Problem::new(StatusCode::NOT_FOUND, ProblemType::NoSuchEndpoint, detail)
}

/// 405, with `Allow`.
fn method_not_allowed(request: &Request, path: &str, candidates: &[(&Endpoint, PathParameters<'_>)]) -> Problem {
    let endpoints: Vec<String> =
        candidates.iter().map(|((method, pattern, _), _)| format!("{method} {PREFIX}{pattern}")).collect();
    let detail = format!("{PREFIX}{path} does not allow {}; send {}", request.method, endpoints.join(" or "));
    let mut problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, ProblemType::MethodNotAllowed, detail);
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
    fn path_patterns_match_with_at_most_two_parameters() {
        let rows = [
            ("/clock", "/clock", Some(("", ""))),
            ("/clock", "/clocks", None),
            ("/faults/{id}", "/faults/fault-1", Some(("fault-1", ""))),
            ("/faults/{id}", "/faults/", None),
            ("/snapshots/{name}/restore", "/snapshots/a/restore", Some(("a", ""))),
            ("/snapshots/{name}", "/snapshots/a/restore", None),
            ("/state/{collection}/{id}", "/state/flows/1", Some(("flows", "1"))),
            ("/state/{collection}/{id}", "/state/flows/", None),
            ("/state/{collection}/{id}", "/state/flows", None),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(match_path(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn requests_below_a_mistyped_prefix_have_a_nearest_endpoint() {
        let rows = [
            ("GET", "/_admin/health", Some("GET /__admin/health")),
            ("GET", "/admin/health/", Some("GET /__admin/health")),
            ("GET", "//__admin/health", Some("GET /__admin/health")),
            ("GET", "/__ADMIN/health", Some("GET /__admin/health")),
            ("POST", "/__admin__/resett", Some("POST /__admin/reset")),
            ("PUT", "/_admin/clock", Some("PUT /__admin/clock")),
            ("DELETE", "/-admin/faults/fault-1", Some("DELETE /__admin/faults/{id}")),
            ("GET", "/health", Some("GET /__admin/health")),
            ("POST", "/reset", Some("POST /__admin/reset")),
            ("GET", "/administration", None),
            ("GET", "/requests/1", None),
            ("GET", "/conections", None),
        ];
        for (method, path, expected) in rows {
            let found = nearest_endpoint(&method.parse().unwrap(), path);
            let found = found.map(|(method, path)| format!("{method} {path}"));
            assert_eq!(found.as_deref(), expected, "{method} {path}");
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
