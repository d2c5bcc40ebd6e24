//! The life of a request, as an ordered list of steps. Early steps can end the request with a response; late steps only
//! add to the response.
//!
//! | step | file |
//! |---|---|
//! | choose the sandbox | [`sandbox::selector`](crate::sandbox::selector) |
//! | control call | [`control`] |
//! | preferences of the request | [`preferences`] |
//! | call of a service beside LeadConduit | `service_call` |
//! | route: 404, 405, CORS preflight; what browsers request on their own | `route`, `browser` |
//! | rules before authentication (`gate`) | `apply_rules` |
//! | authenticate and authorise | `authenticate` |
//! | negotiate and validate | `validate` |
//! | rules, or the operation | `apply_rules`, `execute` |
//! | response or error | `respond` |
//! | headers: `ETag`, CORS, `X-Mock-*` | `finalize`, `head_templates`, [`cors`] |
//! | journal, events and log | `record`, [`publish`] |
//! | an invalid request: 400, 408, 414, 431, 505 | `reject` |
//!
//! The steps run at once on the thread that serves the connection. A request that needs the response of a recipient, or
//! computes for long, is suspended and runs again (`suspend`); `context::Progress` keeps what must not happen
//! twice.
//!
//! To add a step, write it in a file of its own and call it from `Pipeline::run_steps`.

mod apply_rules;
mod authenticate;
mod browser;
mod connect;
mod context;
pub mod cors;
mod execute;
mod finalize;
mod head_templates;
mod policy;
pub mod preferences;
pub mod publish;
mod record;
mod reject;
mod respond;
mod route;
mod service_call;
mod suspend;
mod validate;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use crate::config::limits::{COMPUTATIONS_WAITING_MAX, COMPUTE_THREADS_MIN, CONTROL_THREADS};
use crate::config::settings::RequestMode;
use crate::contract::problem::Problem;
use crate::control::{self, DryRun, ServerActivity};
use crate::http::message::{Request, Response};
use crate::leadconduit::operations::{HandlerError, HandlerTable};
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::sso::SsoCallContext;
use crate::recording::journal::{ContractCheck, Exchange};
use crate::sandbox::app_state::AppState;
use crate::sandbox::selector::InvalidSandboxName;
use crate::sandbox::{RequestSession, Sandbox};
use crate::support::clock::{Clock, uptime};
use crate::support::computation::{self, Allowance, Stopped};
use crate::support::compute_pool::ComputePool;
use context::{EarlyExit, Progress, RecordedExchange, RequestContext, Suspension};
pub use policy::Policy;
use preferences::{MisspeltPreference, Preferences, contract_response};
use service_call::ServiceCall;

/// How often a request starts again because the state of its sandbox was replaced meanwhile.
const RESTARTS_MAX: usize = 100;

/// How many pipelines this process has created.
static PIPELINES: AtomicU64 = AtomicU64::new(0);

/// Responds to requests.
#[derive(Debug)]
pub struct Pipeline {
    /// The contract, the scenarios and the sandboxes.
    pub state: Arc<AppState>,
    handlers: HandlerTable,
    /// The settings of the pipeline.
    pub policy: Policy,
    computations: ComputePool,
    control_calls: ComputePool,
    /// The number of the pipeline in this process, which can have several.
    number: u64,
}

/// The result of a run of the steps.
#[expect(clippy::large_enum_variant, reason = "nearly every run finishes, and a box would be allocated for each")]
enum Attempt {
    Finished(Response, Option<RecordedExchange>),
    Suspended(Suspension),
}

impl Pipeline {
    /// Creates a pipeline for the contract and the sandboxes of `state`.
    ///
    /// # Errors
    ///
    /// Operations of the contract that have no handler and are not generated.
    pub fn new(state: Arc<AppState>, policy: Policy) -> Result<Self, Vec<HandlerError>> {
        let handlers = HandlerTable::for_contract(&state.contract)?;
        let threads = available_parallelism().map_or(1, usize::from).max(COMPUTE_THREADS_MIN);
        Ok(Self {
            state,
            handlers,
            policy,
            computations: ComputePool::new(threads, COMPUTATIONS_WAITING_MAX),
            control_calls: ComputePool::new(CONTROL_THREADS, COMPUTATIONS_WAITING_MAX),
            number: PIPELINES.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// Responds to a request, and blocks until it has the responses of recipients. For code outside of a server, which
    /// uses [`Pipeline::start`].
    #[must_use]
    pub fn handle(&self, request: &Request) -> Response {
        let mut progress = Progress::new();
        loop {
            match self.attempt(request, None, &mut progress, self.full_allowance()) {
                Attempt::Finished(response, recorded) => {
                    self.publish(request, recorded);
                    return response;
                }
                Attempt::Suspended(suspension) => self.perform(suspension, &mut progress),
            }
        }
    }

    /// Responds to a request on a copy of a sandbox: of the one that the request names, else of `sandbox`. Nothing is
    /// changed or recorded. `None` for a control call.
    #[must_use]
    pub fn dry_run(&self, request: &Request, sandbox: &Arc<Sandbox>) -> Option<DryRun> {
        let selection = self.state.select_sandbox(request).ok();
        let named = selection.as_ref().and_then(|selection| selection.named.as_deref());
        let copy = named.map_or_else(|| sandbox.dry_run_copy(), |name| self.state.sandboxes.dry_run_copy(name));
        let world = copy.world();
        let attempt = self.attempt(request, Some(&copy), &mut Progress::new(), self.full_allowance());
        // A dry run makes no calls, so it is never suspended.
        let Attempt::Finished(_, recorded) = attempt else { return None };
        Some(DryRun { exchange: recorded?.exchange, world, sandbox: copy })
    }

    /// Runs a request in a sandbox, as if a client had sent it, and returns the recorded exchange. Blocks until it has
    /// the responses of recipients. `None` for a control call.
    #[must_use]
    pub fn replay(&self, request: &Request, sandbox: &Arc<Sandbox>) -> Option<Arc<Exchange>> {
        let mut progress = Progress::new();
        loop {
            match self.attempt(request, Some(sandbox), &mut progress, self.full_allowance()) {
                Attempt::Finished(_, recorded) => {
                    let exchange = Arc::clone(&recorded.as_ref()?.exchange);
                    self.publish(request, recorded);
                    return Some(exchange);
                }
                Attempt::Suspended(suspension) => self.perform(suspension, &mut progress),
            }
        }
    }

    /// Performs what a suspended request waits for, and blocks meanwhile.
    fn perform(&self, suspension: Suspension, progress: &mut Progress) {
        if let Suspension::Call(call) = suspension {
            let started = uptime();
            let result = self.policy.outbound.deliver_blocking(call.request.clone());
            progress.record_response(*call, result, started);
        }
    }

    /// Publishes and logs a recorded exchange, and logs what CORS refuses.
    fn publish(&self, request: &Request, recorded: Option<RecordedExchange>) {
        cors::log_refusal(&self.policy.cors, &self.policy.access, request);
        if let Some(RecordedExchange { sandbox, exchange }) = recorded {
            let operation = exchange.operation(&self.state.contract);
            publish::publish_exchange(&sandbox, &exchange, operation);
            publish::log_exchange(&sandbox, &exchange, &self.state.contract);
        }
    }

    /// The allowance of a request on a thread of its own.
    fn full_allowance(&self) -> Allowance {
        Allowance::full(Duration::from_millis(self.policy.limits.compute_ms_max))
    }

    /// Runs the steps in `sandbox`, or in the sandbox that the request selects, until there is a response or the request
    /// has to wait.
    fn attempt(
        &self,
        request: &Request,
        sandbox: Option<&Arc<Sandbox>>,
        progress: &mut Progress,
        allowance: Allowance,
    ) -> Attempt {
        while progress.restarts < RESTARTS_MAX {
            let mut context = RequestContext { session: progress.session.take(), ..RequestContext::default() };
            let result = computation::run(allowance, || self.run_steps(request, &mut context, sandbox, progress));
            let result = result.unwrap_or_else(|stopped| {
                if let Some(effect_log) = &mut progress.effect_log {
                    effect_log.abort_run();
                }
                Err(match stopped {
                    Stopped::Exceeded if allowance.is_inline() => EarlyExit::LongComputation,
                    Stopped::Exceeded => Problem::computation_limit(self.policy.limits.compute_ms_max).into(),
                    // A panic ends one request, not the server.
                    Stopped::Panicked => {
                        Problem::internal("a request panicked; the server's log has the details").into()
                    }
                })
            });
            let result = match result {
                Err(EarlyExit::StaleEpoch) if progress.has_made_calls() => {
                    Err(Problem::busy("the sandbox was reset or switched while a lead was delivered").into())
                }
                Err(EarlyExit::StaleEpoch) => {
                    progress.start_over(context.session);
                    continue;
                }
                Err(EarlyExit::PendingCall(call)) => {
                    progress.session = context.session;
                    return Attempt::Suspended(Suspension::Call(call));
                }
                Err(EarlyExit::LongComputation) => {
                    progress.session = context.session;
                    progress.is_long = true;
                    return Attempt::Suspended(Suspension::Computation);
                }
                result => result,
            };
            context.evidence = result.as_ref().err().and_then(EarlyExit::evidence);
            let response = self.respond(result, &context);
            return self.finish(response, request, &mut context, progress.started);
        }
        let problem = Problem::busy("the sandbox was reset or switched too often during this request; send it again");
        self.finish(problem.into_response(), request, &mut RequestContext::default(), progress.started)
    }

    /// Ends a suspended request with a problem.
    fn end_with(&self, request: &Request, progress: Progress, problem: Problem) -> Attempt {
        let (_, path) = crate::sandbox::selector::split_sandbox_path(request.path());
        let is_control_call = control::is_control_path(path);
        let mut context = RequestContext { session: progress.session, is_control_call, ..RequestContext::default() };
        self.finish(problem.into_response(), request, &mut context, progress.started)
    }

    /// The steps up to the response of the operation.
    fn run_steps<'p>(
        &'p self,
        request: &Request,
        context: &mut RequestContext<'p>,
        sandbox: Option<&Arc<Sandbox>>,
        progress: &mut Progress,
    ) -> Result<OperationResponse, EarlyExit> {
        // Choose the sandbox.
        let selection = self.state.select_sandbox(request);
        let selection = selection.map_err(|InvalidSandboxName(name)| Problem::invalid_sandbox_name(name.as_deref()))?;
        let sandbox = sandbox.cloned().unwrap_or_else(|| self.state.sandbox(&selection));
        let path = selection.path;
        let session = context.session.get_or_insert_with(|| match progress.number {
            None => sandbox.open_session(selection.key),
            Some(number) => sandbox.reopen_session(selection.key, number),
        });
        route::require_complete_body(request)?;

        // Control call.
        context.is_control_call = control::is_control_path(path);
        self.handle_control_call(request, path, session)?;

        // Preferences of the request.
        context.preferences = Preferences::read(request, || self.is_lead_path(path))?;
        context.preferences.apply_to(session, &self.state)?;

        // Call of a service beside LeadConduit.
        if let Some(call) = ServiceCall::find(request, path) {
            context.is_service_call = true;
            return self.call_service(&call, request, path, context, progress);
        }

        // Route. An error is returned after the first rules, which match unknown paths too.
        let route = self.route(request, path);
        context.operation = route.as_ref().ok().map(|(operation, _)| *operation);
        context.is_unrouted = matches!(route, Err(EarlyExit::Problem(_) | EarlyExit::ApiError(_)));
        let effects = &mut context.effects;
        self.apply_rules(true, session, (request, path), context.operation, (effects, progress))?;
        let (operation, path_parameters) = route?;

        // Authenticate.
        let caller = authenticate::authenticate(operation, session)?;
        authenticate::authorize(operation, caller, session)?;

        // Validate.
        context.contract_check = self.contract_check();
        let (input, violations) = (&mut context.input, &mut context.violations);
        let validated = self.validate(operation, path_parameters, request, input, violations);
        if context.contract_check == ContractCheck::Done {
            violations.extend(context.preferences.misspelt.iter().map(MisspeltPreference::finding));
        }
        validated?;

        // A response of the contract, a rule, or the operation.
        if context.preferences.requests_contract_response() {
            let (contract, preferences) = (&self.state.contract, &context.preferences);
            return Ok(contract_response(contract, operation, preferences, session.now, session.seed())?);
        }
        let effects = &mut context.effects;
        self.apply_rules(false, session, (request, path), Some(operation), (effects, progress))?;

        let sso_call = SsoCallContext::new(&operation.id);
        let mut result = self.execute(operation, session, caller, &context.input, request, (&sso_call, progress));
        context.effects.add_delay(sso_call.waited_ms());
        if let Some(response) = result.as_mut().ok().filter(|_| self.policy.requests != RequestMode::Off) {
            context.violations.append(&mut response.findings);
        }
        if let Some(mut lead) = result.as_mut().ok().and_then(|response| response.lead.take()) {
            if self.policy.requests != RequestMode::Off {
                context.violations.append(&mut lead.uncollected);
            }
            context.lead = Some(lead);
        }
        result
    }

    /// The steps after the response: headers, then the journal.
    fn finish(
        &self,
        mut response: Response,
        request: &Request,
        context: &mut RequestContext<'_>,
        started: Duration,
    ) -> Attempt {
        let now = context.session.as_ref().map_or_else(|| Clock::Real.now(), |session| session.now);
        let head = self.finalize(&mut response, request, context, now);
        let recorded = self.record_exchange((&response, head), request, context, now, started);
        Attempt::Finished(response, recorded)
    }

    /// Responds to a call of the control API, which has paths of its own.
    fn handle_control_call(&self, request: &Request, path: &str, session: &RequestSession) -> Result<(), EarlyExit> {
        if !control::is_control_path(path) {
            return Ok(());
        }
        let dry_run = |request: &Request, sandbox: &Arc<Sandbox>| self.dry_run(request, sandbox);
        let activity = ServerActivity {
            deliveries: self.policy.outbound.activity(),
            computations: self.computations.activity(),
            control_calls: self.control_calls.activity(),
        };
        let replay = |request: &Request, sandbox: &Arc<Sandbox>| self.replay(request, sandbox);
        let access = &self.policy.access;
        let context = control::Context { app: &self.state, access, activity, dry_run: &dry_run, replay: &replay };
        match control::handle(context, request, path, &session.sandbox) {
            Some(response) => Err(EarlyExit::Response(response)),
            None => Ok(()),
        }
    }
}
