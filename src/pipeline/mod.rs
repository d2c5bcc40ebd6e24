//! The life of a request, as an ordered list of steps. Early steps may answer; late ones only add.

mod apply_rules;
pub mod cors;
mod execute;
mod finalize;
pub mod notify;
pub mod preferences;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::header::ACCEPT;
use http::{HeaderMap, Method, StatusCode};

use crate::config::settings::{CorsPolicy, Limits, MockHeaders, RequestMode, Settings};
use crate::contract::check::{self, Checks, Input};
use crate::contract::lead_body;
use crate::contract::lead_body::LeadCall;
use crate::contract::problem::{self, Problem};
use crate::contract::route::PathValues;
use crate::contract::{Credentials, Handler, Operation, Route, Violation, negotiate};
use crate::control;
use crate::control::{Access, DryRun};
use crate::generate;
use crate::http::message::{Body, Delivery, Request, Response};
use crate::leadconduit::delivery::OutboundClient;
use crate::leadconduit::operations::{Behaviour, Behaviours};
use crate::leadconduit::response::{ApiError, OperationResponse};
use crate::leadconduit::state::Caller;
use crate::leadconduit::state::sso::SsoCallContext;
use crate::recording::journal::Exchange;
use crate::sandbox::app_state::AppState;
use crate::sandbox::{Overlay, RequestSession, Sandbox, StaleEpoch, selector};
use crate::scenario::rule::Asked;
use crate::scenario::rule::respond::AppliedRule;
use crate::support::clock::uptime;
use crate::support::rng::Purpose;
use preferences::{Faults, Preferences};

/// How often the steps of one request begin again because its sandbox was switched meanwhile.
const RESTARTS_MAX: usize = 100;

/// What the pipeline decides by, settled at start.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What happens to requests that break the contract.
    pub requests: RequestMode,
    /// Whether every reply is checked.
    pub check_replies: bool,
    /// Which web pages may read replies.
    pub cors: CorsPolicy,
    /// Whether replies carry `X-Mock-*` headers.
    pub mock_headers: MockHeaders,
    /// Whether values of a lead may make something happen.
    pub triggers: bool,
    /// Who may use the control API.
    pub access: Access,
    /// Makes the calls that leave the server.
    pub courier: Arc<OutboundClient>,
    /// Limits on what is built for a reply and kept between requests.
    pub limits: Limits,
}

impl From<&Settings> for Policy {
    fn from(settings: &Settings) -> Self {
        Self {
            requests: settings.requests,
            check_replies: settings.check_replies,
            cors: settings.cors.clone(),
            mock_headers: settings.mock_headers,
            triggers: settings.triggers,
            access: Access::new(settings),
            courier: Arc::new(OutboundClient::new(settings)),
            limits: settings.limits,
        }
    }
}

/// Answers requests.
#[derive(Debug)]
pub struct Pipeline {
    /// What requests act on.
    pub stage: Arc<AppState>,
    behaviours: Behaviours,
    /// What it decides by.
    pub policy: Policy,
}

/// What has become known about a request on its way.
#[derive(Debug, Default)]
struct RequestContext<'p> {
    operation: Option<&'p Operation>,
    /// Whether nothing answers to the request's method and path.
    unknown: bool,
    /// Whether it is a control call.
    is_control: bool,
    session: Option<RequestSession>,
    /// What the operation works with; nothing when it was not reached.
    input: Input,
    violations: Vec<Violation>,
    wishes: Preferences,
    /// What rules did.
    spoken: Vec<AppliedRule>,
    /// What rules add to the reply.
    headers: HeaderMap,
    delivery: Option<Box<Delivery>>,
}

/// An exchange, and the sandbox whose journal it is in.
#[derive(Debug)]
struct RecordedExchange {
    sandbox: Arc<Sandbox>,
    exchange: Arc<Exchange>,
}

/// Why a step answers, so that the later ones are not reached.
#[derive(Debug)]
enum Stop {
    /// LeadConduit refuses.
    Refused(ApiError),
    /// The mock cannot do what was asked of it.
    Problem(Problem),
    /// There is a reply already.
    Answered(Response),
    /// The sandbox was switched; the steps begin again.
    StaleEpoch,
}

impl From<ApiError> for Stop {
    fn from(refusal: ApiError) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StaleEpoch> for Stop {
    fn from(StaleEpoch: StaleEpoch) -> Self {
        Self::StaleEpoch
    }
}

impl Pipeline {
    /// A pipeline that answers by a contract, from the worlds of a stage.
    pub fn new(stage: Arc<AppState>, policy: Policy) -> Result<Self, Vec<String>> {
        let behaviours = Behaviours::for_contract(&stage.contract)?;
        Ok(Self { stage, behaviours, policy })
    }

    /// Answers a request. Whatever happens there is a reply.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Response {
        let (reply, written) = self.answer_in(request, None);
        if let Some(RecordedExchange { sandbox, exchange }) = written {
            let operation = exchange.operation(&self.stage.contract);
            notify::tell(&sandbox, &exchange, operation);
            notify::log(&sandbox, &exchange, operation);
        }
        reply
    }

    /// Answers a request in a sandbox, or in the one that it chooses, and tells what was written down.
    fn answer_in(&self, request: &Request, sandbox: Option<&Arc<Sandbox>>) -> (Response, Option<RecordedExchange>) {
        let began = uptime();
        let mut number = None;
        for _ in 0..RESTARTS_MAX {
            let mut notes = RequestContext::default();
            let result = catch_unwind(AssertUnwindSafe(|| self.steps(request, &mut notes, sandbox, number)));
            let reply = match result {
                Ok(Ok(answer)) => self.check_reply(&notes, finalize::answer(answer)),
                Ok(Err(Stop::StaleEpoch)) => {
                    number = notes.session.map(|session| session.number);
                    continue;
                }
                Ok(Err(Stop::Refused(refusal))) if refusal.status == 500 => {
                    tracing::error!("a bug of the mock: {}", refusal.message);
                    Problem::internal(&refusal.message).into_response()
                }
                Ok(Err(Stop::Refused(refusal))) => self.check_reply(&notes, finalize::refusal(&refusal)),
                Ok(Err(Stop::Problem(problem))) => problem.into_response(),
                Ok(Err(Stop::Answered(reply))) => reply,
                // A bug of ours ends one request, not the server.
                Err(_) => Problem::internal("the mock met a bug of its own; its log says where").into_response(),
            };
            return self.finalize(reply, request, notes, began);
        }
        let problem = Problem::busy("the sandbox was switched again and again while this request was answered");
        self.finalize(problem.into_response(), request, RequestContext::default(), began)
    }

    /// The steps of a request. `number` is its number when the steps begin again.
    fn steps<'p>(
        &'p self,
        request: &Request,
        notes: &mut RequestContext<'p>,
        sandbox: Option<&Arc<Sandbox>>,
        number: Option<u64>,
    ) -> Result<OperationResponse, Stop> {
        let choice = selector::choose(request).map_err(|selector::BadName(name)| Problem::sandbox_name(&name))?;
        let sandbox = sandbox.cloned().unwrap_or_else(|| self.stage.sandboxes.get(choice.sandbox()));
        let session = notes.session.insert(match number {
            None => sandbox.enter(choice.key),
            Some(number) => sandbox.enter_again(choice.key, number),
        });
        whole(request)?;
        notes.is_control = control::is_call(choice.path);
        self.answer_admin(request, choice.path, session)?;
        notes.wishes = Preferences::read(request)?;
        self.prefer(session, &notes.wishes)?;
        let route = self.route(request, choice.path);
        let operation = route.as_ref().ok().map(|(operation, _)| *operation);
        notes.operation = operation;
        notes.unknown = matches!(route, Err(Stop::Problem(_) | Stop::Refused(_)));
        let mut said = apply_rules::RuleEffects {
            spoken: &mut notes.spoken,
            headers: &mut notes.headers,
            delivery: &mut notes.delivery,
        };
        if session.has_rules(true) {
            self.apply_rules(true, session, &asked(request, choice.path, session, operation), &mut said)?;
        }
        let (operation, path) = route?;
        let caller = authenticate(operation, session)?;
        Self::authorize(operation, caller, session)?;
        let wanted = negotiate(operation, request)?;
        let input = &mut notes.input;
        (*input, notes.violations) = check::check(operation, path, request, self.checks());
        input.wanted = input.wanted.take().or(wanted);
        if operation.handler == Handler::Api {
            self.refuse_violations(&notes.violations)?;
        }
        if notes.wishes.asks_for_contract_reply() {
            let seed = session.seed();
            return Ok(preferences::contract_reply(&self.stage.contract, operation, &notes.wishes, session.now, seed)?);
        }
        if session.has_rules(false) {
            self.apply_rules(false, session, &asked(request, choice.path, session, Some(operation)), &mut said)?;
        }
        let line = SsoCallContext::of(&operation.id);
        let outcome = self.behave(operation, session, caller, input, request, &line);
        said.wait(line.waited_ms());
        outcome
    }

    /// What a request would meet in a sandbox, or in the one that it names. It is answered on a copy: nothing changes
    /// and nothing is written down. `None` for a control call.
    #[must_use]
    pub fn dry_run(&self, request: &Request, sandbox: &Arc<Sandbox>) -> Option<DryRun> {
        let choice = selector::choose(request).ok();
        let named = choice.as_ref().and_then(|choice| choice.named.as_deref());
        let copy = named.map_or_else(|| sandbox.dry_run_copy(), |name| self.stage.sandboxes.dry_run_copy(name));
        let world = copy.world();
        let (_, written) = self.answer_in(request, Some(&copy));
        Some(DryRun { exchange: written?.exchange, world, sandbox: copy })
    }

    /// The control API has paths of its own.
    fn answer_admin(&self, request: &Request, path: &str, session: &RequestSession) -> Result<(), Stop> {
        let dry_run = |request: &Request, sandbox: &Arc<Sandbox>| self.dry_run(request, sandbox);
        let context = control::Context { stage: &self.stage, access: &self.policy.access, dry_run: &dry_run };
        match control::answer(context, request, path, &session.sandbox) {
            Some(reply) => Err(Stop::Answered(reply)),
            None => Ok(()),
        }
    }

    /// Whether a known caller may do this at all. LeadConduit says 401 where the right is missing, too.
    fn authorize(operation: &Operation, caller: &Caller, session: &RequestSession) -> Result<(), Stop> {
        if operation.superuser && !caller.is_superuser() {
            return Err(ApiError::not_authorized().into());
        }
        if operation.closed_to_free_accounts && !caller.is_anonymous() && session.has_free_account(caller)? {
            return Err(ApiError::not_authorized().into());
        }
        Ok(())
    }

    /// What the request wishes for itself: another scenario, no faults.
    fn prefer(&self, session: &mut RequestSession, wishes: &Preferences) -> Result<(), Problem> {
        if let Some(name) = &wishes.scenario {
            let start = self.stage.start_of(name).map_err(|errors| Problem::unknown_scenario(name, &errors))?;
            let overlay = Overlay::new(&start, &session.scenario);
            session.overlay(overlay);
        }
        if wishes.faults == Faults::Off {
            session.spare();
        }
        Ok(())
    }

    /// The operation; or what browsers ask before they call, 405 and 404.
    fn route<'p>(&'p self, request: &Request, path: &str) -> Result<(&'p Operation, PathValues), Stop> {
        if request.is_preflight() {
            return Err(Stop::Answered(cors::preflight(&self.policy.cors, request)));
        }
        if request.method == Method::OPTIONS && path == "*" {
            // Asked of the server as a whole (RFC 9110, section 9.3.7).
            return Err(Stop::Answered(Response::new(StatusCode::NO_CONTENT, "")));
        }
        match self.stage.contract.route(&request.method, path) {
            // The lead handler, unlike the rest, has no HEAD.
            Route::Found(operation, _) if request.method == Method::HEAD && operation.handler == Handler::Lead => {
                Err(not_taken(&request.method, operation).into())
            }
            Route::Found(operation, values) => Ok((operation, values)),
            Route::WrongMethod(operations) if request.method == Method::OPTIONS => {
                Err(Stop::Answered(problem::options(&operations)))
            }
            Route::WrongMethod(operations) => {
                Err(match operations.iter().find(|operation| operation.handler == Handler::Lead) {
                    Some(operation) => not_taken(&request.method, operation).into(),
                    None => Problem::wrong_method(&request.method, path, &operations).into(),
                })
            }
            Route::Unknown(nearest) => Err(Problem::unknown_path(&request.method, path, nearest).into()),
        }
    }

    fn checks(&self) -> Checks {
        if self.policy.requests == RequestMode::Off { Checks::Off } else { Checks::On }
    }

    /// A strict server refuses what breaks the contract. What cannot be read at all is refused by every server.
    fn refuse_violations(&self, violations: &[Violation]) -> Result<(), ApiError> {
        let strict = self.policy.requests == RequestMode::Strict;
        let refused = |violation: &&Violation| match violation.refused_with {
            Some(413) => true,
            Some(_) => strict,
            None => false,
        };
        let Some(first) = violations.iter().find(refused) else { return Ok(()) };
        let status = first.refused_with.unwrap_or(400);
        // A developer who is told of all mistakes at once mends them at once; a handful is enough to read.
        let same = violations.iter().filter(|violation| violation.refused_with == Some(status));
        let messages: Vec<&str> = same.take(5).map(|violation| violation.message.as_str()).collect();
        Err(ApiError::new(status, Cow::Owned(messages.join("; "))))
    }

    /// The operation's behaviour, on the sandbox's world.
    fn behave(
        &self,
        operation: &Operation,
        session: &RequestSession,
        caller: &Caller,
        input: &Input,
        request: &Request,
        line: &SsoCallContext<'_>,
    ) -> Result<OperationResponse, Stop> {
        let outcome = match self.behaviours.of(operation) {
            Behaviour::Generated => Ok(self.generate(operation, session)),
            behaviour if behaviour.only_reads() => {
                let target = request.uri.path_and_query().map_or(request.path(), |target| target.as_str());
                session.read(behaviour, operation, caller, target, input, line)?
            }
            behaviour if session.writes_nowhere() && !behaviour.only_counts() => {
                return Err(Problem::writes_nowhere(&session.scenario.name).into());
            }
            behaviour => return self.execute_write(behaviour, session, caller, input, line),
        };
        Ok(outcome?)
    }

    /// A reply made from its schema.
    fn generate(&self, operation: &Operation, session: &RequestSession) -> OperationResponse {
        let status = operation.success();
        let rule = operation.replies.get(&status);
        let pointer = rule.and_then(|rule| rule.schema_pointer.as_deref());
        let schema = pointer.and_then(|pointer| self.stage.contract.document().pointer(pointer));
        let Some((rule, schema)) = rule.zip(schema) else { return OperationResponse::of(status, bytes::Bytes::new()) };
        let mut world = session.sandbox.world();
        let (chance, ids) = world.draw(Purpose::Replies);
        let mut maker =
            generate::Maker::new(chance, ids, session.now, generate::Models::new(self.stage.contract.models()));
        let (body, media_type) = rule.body(&maker.value(schema));
        OperationResponse::of(status, body).as_media_type(media_type)
    }

    /// With `--check-replies`, a reply of LeadConduit's that breaks the contract becomes a problem that says how.
    fn check_reply(&self, notes: &RequestContext<'_>, reply: Response) -> Response {
        let Some(operation) = notes.operation.filter(|_| self.policy.check_replies) else { return reply };
        let broken = self.stage.contract.check_reply(operation, reply.status.as_u16(), &reply.headers, &reply.body);
        if broken.is_empty() {
            return reply;
        }
        tracing::error!("a bug of the mock: the reply to {} breaks the contract: {broken:?}", operation.id);
        Problem::invalid_reply(operation, &broken).into_response()
    }
}

/// A request as rules see it.
fn asked<'a>(
    request: &'a Request,
    path: &'a str,
    session: &'a RequestSession,
    operation: Option<&'a Operation>,
) -> Asked<'a> {
    let mut asked = Asked::new(request, path, &session.sandbox.name, session.now);
    asked.operation = operation;
    asked.key = session.key.as_deref();
    asked.caller = session.caller.as_ref();
    asked.preflight = request.is_preflight();
    asked
}

/// A request that did not arrive whole cannot be answered as one.
fn whole(request: &Request) -> Result<(), Problem> {
    match &request.body {
        Body::Whole(_) | Body::TooLarge { .. } => Ok(()),
        Body::Stalled => Err(Problem::incomplete(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
        Body::Broken(why) => Err(Problem::incomplete(StatusCode::BAD_REQUEST, why)),
    }
}

/// The password of HTTP Basic is the key; the user name does not matter.
fn authenticate<'f>(operation: &Operation, session: &'f RequestSession) -> Result<&'f Caller, ApiError> {
    match (&session.caller, operation.credentials) {
        (Some(caller), Credentials::Needed | Credentials::Optional) => Ok(caller),
        // A source may ask for the key of the company behind it, which only the gate can know.
        (Some(caller), Credentials::Ignored) if operation.handler == Handler::Lead => Ok(caller),
        (None, Credentials::Needed) => Err(ApiError::not_authenticated()),
        _ => Ok(Caller::anonymous()),
    }
}

/// The media type that the caller wants, where the operation has others than JSON. LeadConduit takes a call that
/// accepts neither for one of a browser, and refuses it.
fn negotiate(operation: &Operation, request: &Request) -> Result<Option<String>, ApiError> {
    if operation.handler == Handler::Lead {
        // The lead handler negotiates in its own way.
        return Ok(None);
    }
    let mut accepts = request.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if accepts.peek().is_none() {
        return Ok(None);
    }
    let types = operation.media_types();
    if types.iter().all(|name| name == negotiate::JSON) {
        return if accepts.any(negotiate::takes_json) { Ok(None) } else { Err(forged()) };
    }
    let accept: Vec<&str> = accepts.collect();
    let accept = accept.join(", ");
    match negotiate::best(&accept, types) {
        Some(wanted) => Ok(Some(wanted.to_owned()).filter(|wanted| wanted != negotiate::JSON)),
        None if negotiate::takes_json(&accept) => Ok(None),
        None => Err(forged()),
    }
}

/// What the lead handler says of a method that it does not take.
fn not_taken(method: &Method, operation: &Operation) -> ApiError {
    let refused = lead_body::wrong_method(method, LeadCall::of(&operation.path));
    let mut refusal = ApiError::from(&refused);
    refusal.allow = Some(lead_body::METHODS);
    refusal
}

fn forged() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN.as_u16(), "misconfigured csrf: check Accept header is set properly")
}
