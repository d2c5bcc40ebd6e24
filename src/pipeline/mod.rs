//! The life of a request, as an ordered list of steps. Early steps can end the request with a response; late steps only
//! add to the response.
//!
//! | step | file |
//! |---|---|
//! | choose the sandbox | [`sandbox::selector`](crate::sandbox::selector) |
//! | control call | [`control`] |
//! | preferences of the request | [`preferences`] |
//! | route: 404, 405, CORS preflight | `route` |
//! | rules before authentication (`gate`) | `apply_rules` |
//! | authenticate and authorise | `authenticate` |
//! | negotiate and validate | `validate` |
//! | rules, or the operation | `apply_rules`, `execute` |
//! | response or error | `respond` |
//! | headers: `ETag`, CORS, `X-Mock-*` | `finalize`, [`cors`] |
//! | journal, events and log | `record`, [`publish`] |
//! | what is no request: 400, 408, 414, 431, 505 | `reject` |
//!
//! To add a step, write it in a file of its own and call it from `Pipeline::run_steps`.

mod apply_rules;
mod authenticate;
mod context;
pub mod cors;
mod execute;
mod finalize;
mod policy;
pub mod preferences;
pub mod publish;
mod record;
mod reject;
mod respond;
mod route;
mod validate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::contract::problem::Problem;
use crate::control::{self, DryRun};
use crate::http::message::{Request, Response};
use crate::leadconduit::operations::{HandlerError, HandlerTable};
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::sso::SsoCallContext;
use crate::sandbox::app_state::AppState;
use crate::sandbox::selector::InvalidSandboxName;
use crate::sandbox::{RequestSession, Sandbox};
use crate::support::clock::{Clock, uptime};
use context::{EarlyExit, RecordedExchange, RequestContext};
pub use policy::Policy;
use preferences::{Preferences, contract_response};

/// How often a request starts again because the state of its sandbox was replaced meanwhile.
const RESTARTS_MAX: usize = 100;

/// Responds to requests.
#[derive(Debug)]
pub struct Pipeline {
    /// The contract, the scenarios and the sandboxes.
    pub state: Arc<AppState>,
    handlers: HandlerTable,
    /// The settings of the pipeline.
    pub policy: Policy,
}

impl Pipeline {
    /// Creates a pipeline for the contract and the sandboxes of `state`.
    ///
    /// # Errors
    ///
    /// Operations of the contract that have no handler and are not generated.
    pub fn new(state: Arc<AppState>, policy: Policy) -> Result<Self, Vec<HandlerError>> {
        let handlers = HandlerTable::for_contract(&state.contract)?;
        Ok(Self { state, handlers, policy })
    }

    /// Responds to a request.
    #[must_use]
    pub fn handle(&self, request: &Request) -> Response {
        let (response, recorded) = self.handle_in(request, None);
        cors::log_refusal(&self.policy.cors, &self.policy.access, request);
        if let Some(RecordedExchange { sandbox, exchange }) = recorded {
            let operation = exchange.operation(&self.state.contract);
            publish::publish_exchange(&sandbox, &exchange, operation);
            publish::log_exchange(&sandbox, &exchange, operation);
        }
        response
    }

    /// Responds to a request on a copy of a sandbox: of the one that the request names, else of `sandbox`. Nothing is
    /// changed or recorded. `None` for a control call.
    #[must_use]
    pub fn dry_run(&self, request: &Request, sandbox: &Arc<Sandbox>) -> Option<DryRun> {
        let selection = self.state.select_sandbox(request).ok();
        let named = selection.as_ref().and_then(|selection| selection.named.as_deref());
        let copy = named.map_or_else(|| sandbox.dry_run_copy(), |name| self.state.sandboxes.dry_run_copy(name));
        let world = copy.world();
        let (_, recorded) = self.handle_in(request, Some(&copy));
        Some(DryRun { exchange: recorded?.exchange, world, sandbox: copy })
    }

    /// Responds to a request in `sandbox`, or in the sandbox that the request selects.
    fn handle_in(&self, request: &Request, sandbox: Option<&Arc<Sandbox>>) -> (Response, Option<RecordedExchange>) {
        let started = uptime();
        let mut number = None;
        for _ in 0..RESTARTS_MAX {
            let mut context = RequestContext::default();
            let result = catch_unwind(AssertUnwindSafe(|| self.run_steps(request, &mut context, sandbox, number)));
            let response = match result {
                Ok(result) => self.respond(result, &context),
                // A panic ends one request, not the server.
                Err(_) => {
                    Some(Problem::internal("a request panicked; the server's log has the details").into_response())
                }
            };
            if let Some(response) = response {
                return self.finish(response, request, context, started);
            }
            number = context.session.map(|session| session.number);
        }
        let problem = Problem::busy("the sandbox was reset or switched too often during this request; send it again");
        self.finish(problem.into_response(), request, RequestContext::default(), started)
    }

    /// The steps up to the response of the operation. `number` is the number of the request when it starts again.
    fn run_steps<'p>(
        &'p self,
        request: &Request,
        context: &mut RequestContext<'p>,
        sandbox: Option<&Arc<Sandbox>>,
        number: Option<u64>,
    ) -> Result<OperationResponse, EarlyExit> {
        // Choose the sandbox.
        let selection = self.state.select_sandbox(request);
        let selection = selection.map_err(|InvalidSandboxName(name)| Problem::invalid_sandbox_name(&name))?;
        let sandbox = sandbox.cloned().unwrap_or_else(|| self.state.sandbox(&selection));
        let path = selection.path;
        let session = context.session.insert(match number {
            None => sandbox.open_session(selection.key),
            Some(number) => sandbox.reopen_session(selection.key, number),
        });
        route::require_complete_body(request)?;

        // Control call.
        context.is_control_call = control::is_control_path(path);
        self.handle_control_call(request, path, session)?;

        // Preferences of the request.
        context.preferences = Preferences::read(request)?;
        context.preferences.apply_to(session, &self.state)?;

        // Route. An error is returned after the first rules, which match unknown paths too.
        let route = self.route(request, path);
        context.operation = route.as_ref().ok().map(|(operation, _)| *operation);
        context.is_unrouted = matches!(route, Err(EarlyExit::Problem(_) | EarlyExit::ApiError(_)));
        self.apply_rules(true, session, (request, path), context.operation, &mut context.effects)?;
        let (operation, path_parameters) = route?;

        // Authenticate.
        let caller = authenticate::authenticate(operation, session)?;
        authenticate::authorize(operation, caller, session)?;

        // Validate.
        context.contract_check = self.contract_check();
        let (input, violations) = (&mut context.input, &mut context.violations);
        self.validate(operation, path_parameters, request, input, violations)?;

        // A response of the contract, a rule, or the operation.
        if context.preferences.requests_contract_response() {
            let (contract, preferences) = (&self.state.contract, &context.preferences);
            return Ok(contract_response(contract, operation, preferences, session.now, session.seed())?);
        }
        self.apply_rules(false, session, (request, path), Some(operation), &mut context.effects)?;

        let sso_call = SsoCallContext::new(&operation.id);
        let result = self.execute(operation, session, caller, &context.input, request, &sso_call);
        context.effects.add_delay(sso_call.waited_ms());
        result
    }

    /// The steps after the response: headers, then the journal.
    fn finish(
        &self,
        mut response: Response,
        request: &Request,
        mut context: RequestContext<'_>,
        started: Duration,
    ) -> (Response, Option<RecordedExchange>) {
        let now = context.session.as_ref().map_or_else(|| Clock::Real.now(), |session| session.now);
        self.finalize(&mut response, request, &mut context, now);
        let recorded = self.record_exchange(&response, request, context, now, started);
        (response, recorded)
    }

    /// Responds to a call of the control API, which has paths of its own.
    fn handle_control_call(&self, request: &Request, path: &str, session: &RequestSession) -> Result<(), EarlyExit> {
        let dry_run = |request: &Request, sandbox: &Arc<Sandbox>| self.dry_run(request, sandbox);
        let context = control::Context { app: &self.state, access: &self.policy.access, dry_run: &dry_run };
        match control::handle(context, request, path, &session.sandbox) {
            Some(response) => Err(EarlyExit::Response(response)),
            None => Ok(()),
        }
    }
}
