//! What handlers of the control API receive, and the responses that they share.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use super::access::Access;
use crate::contract::problem::{Problem, ProblemType};
use crate::http::message::{Request, Response};
use crate::leadconduit::state::World;
use crate::recording::journal::Exchange;
use crate::sandbox::Sandbox;
use crate::sandbox::app_state::AppState;
use crate::support::compute_pool::PoolActivity;

/// What the control API acts on. The pipeline provides it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The contract, the scenarios and the sandboxes.
    pub app: &'a AppState,
    /// The access rules of the control API.
    pub access: &'a Access,
    /// What the server is doing.
    pub activity: ServerActivity,
    /// Runs a request on a copy of a sandbox. `None` when the request is itself a control call.
    pub dry_run: &'a dyn Fn(&Request, &Arc<Sandbox>) -> Option<DryRun>,
    /// Runs a request in a sandbox, and returns the recorded exchange. `None` when the request is itself a control call.
    pub replay: &'a Replay<'a>,
}

/// Runs a request in a sandbox.
pub type Replay<'a> = dyn Fn(&Request, &Arc<Sandbox>) -> Option<Arc<Exchange>> + 'a;

/// What the server is doing at the moment, besides the requests that are completed at once.
#[derive(Clone, Copy, Debug)]
pub struct ServerActivity {
    /// Deliveries to recipients.
    pub deliveries: PoolActivity,
    /// Long computations of requests.
    pub computations: PoolActivity,
    /// Calls of the control API, this one included.
    pub control_calls: PoolActivity,
}

/// The result of running a request on a copy of its sandbox.
#[derive(Debug)]
pub struct DryRun {
    /// The exchange that would be recorded, with the response.
    pub exchange: Arc<Exchange>,
    /// The world before the request.
    pub world: World,
    /// The copy of the sandbox, after the request.
    pub sandbox: Arc<Sandbox>,
}

/// A request to the control API, with what its handler needs.
pub(super) struct ControlCall<'a> {
    pub(super) context: Context<'a>,
    pub(super) app: &'a AppState,
    pub(super) request: &'a Request,
    /// The sandbox that the request selects.
    pub(super) sandbox: &'a Arc<Sandbox>,
    /// The value of the first path parameter; empty where the path has none.
    pub(super) name: &'a str,
    /// The value of the second path parameter.
    pub(super) second: &'a str,
}

pub(super) type ControlResult = Result<Response, Problem>;

pub(super) fn ok(value: &Value) -> Response {
    Response::json(StatusCode::OK, value.to_string())
}

pub(super) fn created(value: &Value) -> Response {
    Response::json(StatusCode::CREATED, value.to_string())
}

pub(super) fn no_content() -> Response {
    Response::new(StatusCode::NO_CONTENT, "")
}

/// 404: nothing has this name; suggests the nearest existing name, or lists all.
pub(super) fn not_found<'n>(what: &str, name: &str, existing: impl IntoIterator<Item = &'n str>) -> Problem {
    let name: String = name.chars().take(80).collect();
    let existing: Vec<&str> = existing.into_iter().collect();
    let hint = match contract_files::yaml::nearest(&name, existing.iter().copied()) {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None if existing.is_empty() => "; there are none".to_owned(),
        None => format!("; there are {}", existing.join(", ")),
    };
    Problem::new(StatusCode::NOT_FOUND, ProblemType::NotFound, format!("there is no {what} `{name}`{hint}"))
}

/// 409: the limit is reached.
pub(super) fn too_many(detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, ProblemType::TooMany, detail)
}
