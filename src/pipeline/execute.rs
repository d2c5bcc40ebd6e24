//! Runs the operation: generated responses, reads, and writes with their outbound calls.

use bytes::Bytes;

use super::Pipeline;
use super::context::{EarlyExit, Progress};
use crate::contract::Operation;
use crate::contract::problem::Problem;
use crate::contract::validate::OperationInput;
use crate::generate::{Models, ValueGenerator};
use crate::http::headers;
use crate::http::message::Request;
use crate::leadconduit::operations::OperationHandler;
use crate::leadconduit::outbound_log::{OutboundLog, WriteError};
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::Caller;
use crate::leadconduit::state::sso::SsoCallContext;
use crate::sandbox::{RequestSession, WriteResources};
use crate::support::rng::Purpose;

impl Pipeline {
    /// Runs the operation on the world of the sandbox.
    pub(super) fn execute(
        &self,
        operation: &Operation,
        session: &RequestSession,
        caller: &Caller,
        input: &OperationInput,
        request: &Request,
        (sso_call, progress): (&SsoCallContext<'_>, &mut Progress),
    ) -> Result<OperationResponse, EarlyExit> {
        let result = match self.handlers.handler_for(operation) {
            OperationHandler::Generated => Ok(self.generate_response(operation, session)),
            handler if handler.is_read_only() => {
                let target = request.uri.path_and_query().map_or(request.path(), |target| target.as_str());
                session.read(handler, operation, caller, target, input, sso_call)?
            }
            handler if session.is_ephemeral_world() && !handler.only_counts() => {
                return Err(Problem::ephemeral_world(&session.scenario.name).into());
            }
            handler => return self.execute_write(handler, session, (caller, input, request), sso_call, progress),
        };
        Ok(result?)
    }

    /// Runs an operation that writes. The steps run again after each outbound call, with the recorded response. The sandbox
    /// is not locked during a call, so that it serves other requests, also those of the recipient.
    fn execute_write(
        &self,
        handler: OperationHandler,
        session: &RequestSession,
        (caller, input, request): (&Caller, &OperationInput, &Request),
        sso_call: &SsoCallContext<'_>,
        progress: &mut Progress,
    ) -> Result<OperationResponse, EarlyExit> {
        let outbound = &*self.policy.outbound;
        // The effect log bounds the number of calls, so the request ends.
        let effects = progress.effect_log.get_or_insert_with(|| {
            let client = outbound.delivery_client().cloned();
            if session.suppresses_outbound() {
                OutboundLog::dry_run(client)
            } else {
                OutboundLog::new(client, outbound.firehose_url().cloned(), delivery_depth(request))
            }
        });
        let (contract, triggers) = (&*self.state.contract, self.policy.triggers);
        let resources = WriteResources { contract, triggers, effects: &mut *effects };
        match session.write(handler, caller, input, sso_call, resources)? {
            Ok(response) => {
                effects.take_firehose_writes().into_iter().for_each(|file| outbound.queue_file(file));
                Ok(response)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Generates a response from its schema.
    fn generate_response(&self, operation: &Operation, session: &RequestSession) -> OperationResponse {
        let status = operation.success_status();
        let definition = operation.responses.get(&status);
        let pointer = definition.and_then(|definition| definition.schema_pointer.as_deref());
        let schema = pointer.and_then(|pointer| self.state.contract.document().pointer(pointer));
        let Some((definition, schema)) = definition.zip(schema) else {
            return OperationResponse::json(status, Bytes::new());
        };
        let mut world = session.sandbox.world();
        let (rng, ids) = world.random_stream(Purpose::Responses);
        let mut maker = ValueGenerator::new(rng, ids, session.now, Models::new(self.state.contract.models()));
        let (body, media_type) = definition.body(&maker.value(schema));
        OperationResponse::json(status, body).with_media_type(media_type)
    }
}

impl From<WriteError> for EarlyExit {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Api(error) => error.into(),
            WriteError::PendingCall(call) => Self::PendingCall(call),
            WriteError::Budget(exceeded) => Problem::budget_exceeded(&exceeded.to_string()).into(),
            WriteError::NeedsLock => Problem::internal("a write with the sandbox locked asked for the lock").into(),
            WriteError::Overtaken => {
                Problem::busy("the sandbox was written to too often during this long request; send it again").into()
            }
        }
    }
}

/// How many deliveries of a mock have led to a request. A header that is not a number counts as one delivery.
fn delivery_depth(request: &Request) -> u8 {
    request.headers.get(headers::OUTBOUND).map_or(0, |value| {
        let depth = value.to_str().ok().and_then(|text| text.parse::<u64>().ok());
        u8::try_from(depth.unwrap_or(1)).unwrap_or(u8::MAX - 1)
    })
}
