//! The control API under `/__admin`. No path of LeadConduit begins with two underscores.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::exchange::{Reply, Request};
use crate::problem::Problem;
use crate::stage::Stage;

const PREFIX: &str = "/__admin";
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// One call of the control API.
struct Call {
    path: &'static str,
    answer: fn(&Stage) -> Value,
}

const CALLS: &[Call] = &[
    Call { path: "/health", answer: health },
    Call { path: "/version", answer: version },
    Call { path: "/openapi.json", answer: |stage| stage.contract.public_document() },
];

/// Answers a call of the control API; `None` when the path is not one of its.
#[must_use]
pub fn answer(stage: &Stage, request: &Request, path: &str) -> Option<Reply> {
    let rest = path.strip_prefix(PREFIX)?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let Some(call) = CALLS.iter().find(|call| call.path == rest) else {
        let known: Vec<String> = CALLS.iter().map(|call| format!("GET {PREFIX}{}", call.path)).collect();
        let near = crate::yaml::nearest(rest, CALLS.iter().map(|call| call.path));
        let hint = near.map(|near| format!("; did you mean {PREFIX}{near}?")).unwrap_or_default();
        let detail = format!("{path} is no call of the control API{hint}; there are {}", known.join(", "));
        return Some(Problem::new(StatusCode::NOT_FOUND, "control-api", "No such call", detail).into_reply());
    };
    if request.method != Method::GET && request.method != Method::HEAD {
        let detail = format!("{path} does not take {}; send GET {path}", request.method);
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "control-api", "Method not allowed", detail);
        return Some(problem.into_reply().with(ALLOW, HeaderValue::from_static("GET, HEAD")));
    }
    let body = (call.answer)(stage).to_string();
    Some(Reply::new(StatusCode::OK, body).with(CONTENT_TYPE, JSON))
}

/// The server answers only once contract and scenarios are loaded, so an answer means that it is ready.
fn health(stage: &Stage) -> Value {
    json!({
        "status": "healthy",
        "version": env!("CARGO_PKG_VERSION"),
        "operations": stage.contract.operations.len(),
        "scenario": stage.scenario.name,
    })
}

fn version(_: &Stage) -> Value {
    json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")})
}
