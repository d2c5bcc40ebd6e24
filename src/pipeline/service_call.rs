//! Calls of the services beside LeadConduit, by their host or below `/__services/`. They work on the world of the
//! sandbox; rules can respond in their place.

use http::header::{CONTENT_TYPE, HOST};
use http::{Method, StatusCode};

use super::Pipeline;
use super::context::{EarlyExit, Progress, RequestContext};
use crate::config::service_hosts::{SERVICES_PATH, SUPPRESSIONLIST, VendorService};
use crate::contract::problem::Problem;
use crate::contract::validate::OperationInput;
use crate::http::message::{Body, Request};
use crate::leadconduit::operations::OperationHandler;
use crate::leadconduit::outbound_log::OutboundLog;
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::services::ServiceResponse;
use crate::leadconduit::services::suppressionlist::call::{self, Call, CallRequest, Change};
use crate::leadconduit::state::Caller;
use crate::leadconduit::state::sso::SsoCallContext;
use crate::sandbox::{RequestSession, WriteResources};
use crate::support::redaction::is_bare_social_security_number;

/// The OpenAPI document of the list service.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/suppressionlist-openapi.json"));

/// Where it is, below the path of the service.
const DOCUMENT_PATH: &str = "/openapi.json";

/// The services that clients can call.
const SERVICES: [VendorService; 1] = [SUPPRESSIONLIST];

/// A call of a service.
#[derive(Debug)]
pub(super) struct ServiceCall<'r> {
    service: VendorService,
    /// The path at the service.
    path: &'r str,
}

impl<'r> ServiceCall<'r> {
    /// The call that a request is; `None` for one of LeadConduit, and for a CORS preflight.
    pub(super) fn find(request: &'r Request, path: &'r str) -> Option<Self> {
        if request.is_preflight() || request.method == Method::CONNECT {
            return None;
        }
        if let Some(rest) = path.strip_prefix(SERVICES_PATH) {
            let (name, _) = rest.split_once('/').unwrap_or((rest, ""));
            let service = SERVICES.into_iter().find(|service| service.name == name)?;
            return Some(Self { service, path: &rest[name.len()..] });
        }
        let host = request.uri.host().or_else(|| request.header(&HOST))?;
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        let service = SERVICES.into_iter().find(|service| service.host.eq_ignore_ascii_case(host))?;
        Some(Self { service, path })
    }
}

impl Pipeline {
    /// Responds to a call of a service.
    pub(super) fn call_service(
        &self,
        service_call: &ServiceCall<'_>,
        request: &Request,
        path: &str,
        context: &mut RequestContext<'_>,
        progress: &mut Progress,
    ) -> Result<OperationResponse, EarlyExit> {
        let Some(session) = &context.session else { return Err(Problem::internal("no session").into()) };
        if context.preferences.requests_contract_response() {
            return Err(Problem::invalid_preference(format!(
                "{} is a service beside LeadConduit, so that the contract has no response for it; use a rule with this path",
                service_call.service.name
            ))
            .into());
        }
        if service_call.path == DOCUMENT_PATH && request.method == Method::GET {
            return Ok(OperationResponse::json(200, bytes::Bytes::from_static(DOCUMENT.as_bytes())));
        }
        for gate in [true, false] {
            self.apply_rules(gate, session, (request, path), None, (&mut context.effects, progress))?;
        }
        let Some(caller) = &session.caller else { return Ok(respond(&call::not_authenticated())) };
        let Body::Complete(body) = &request.body else { return Ok(too_large()) };
        let parsed = Call::parse(&CallRequest {
            method: &request.method,
            path: service_call.path,
            query: request.query().unwrap_or_default(),
            content_type: request.header(&CONTENT_TYPE).unwrap_or_default(),
            body,
        });
        if let Ok(call) = &parsed {
            // Values of lists identify people.
            let numbers = call.values().iter().filter(|value| is_bare_social_security_number(value));
            context.secrets = numbers.map(|value| value.trim().to_owned()).collect();
        }
        match parsed {
            Err(response) => Ok(respond(&response)),
            Ok(Call::Query { lists, value }) => {
                Ok(respond(&call::query_in(&session.world()?, &caller.account, &lists, &value)))
            }
            Ok(Call::Change(change)) => self.change_lists(&change, session, caller),
        }
    }

    fn change_lists(
        &self,
        change: &Change,
        session: &RequestSession,
        caller: &Caller,
    ) -> Result<OperationResponse, EarlyExit> {
        if session.is_ephemeral_world() {
            return Err(Problem::ephemeral_world(&session.scenario.name).into());
        }
        let input = OperationInput { body: change.to_json(), ..OperationInput::default() };
        let mut effects = OutboundLog::default();
        let (contract, triggers) = (&*self.state.contract, self.policy.triggers);
        let resources = WriteResources { contract, triggers, effects: &mut effects };
        let sso_call = SsoCallContext::new(SUPPRESSIONLIST.name);
        let result = session.write(OperationHandler::Write(call::change), caller, &input, &sso_call, resources)?;
        Ok(result?)
    }
}

fn respond(response: &ServiceResponse) -> OperationResponse {
    OperationResponse::json(response.status, response.bytes())
}

/// The response to a body over the limit of the server.
fn too_large() -> OperationResponse {
    OperationResponse::json(
        StatusCode::PAYLOAD_TOO_LARGE.as_u16(),
        bytes::Bytes::from_static(b"{\"error\":\"the body is too large\"}"),
    )
}
