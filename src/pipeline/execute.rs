//! Operations that write; those that need an answer from outside begin again when they have it.

use super::{Pipeline, Stop};
use crate::contract::check::Input;
use crate::contract::problem::Problem;
use crate::leadconduit::effect_log::EffectLog;
use crate::leadconduit::operations::Behaviour;
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::Caller;
use crate::leadconduit::state::sso::SsoCallContext;
use crate::sandbox::{RequestSession, Tools};
use crate::support::clock::uptime;

impl Pipeline {
    /// Lets an operation write. Nothing is held while somebody outside is called: the sandbox serves others meanwhile,
    /// whoever is called among them.
    pub(super) fn execute_write(
        &self,
        behaviour: Behaviour,
        session: &RequestSession,
        caller: &Caller,
        input: &Input,
        line: &SsoCallContext<'_>,
    ) -> Result<OperationResponse, Stop> {
        let courier = &*self.policy.courier;
        let mut outbox = if session.keeps_to_itself() {
            EffectLog::default()
        } else {
            EffectLog::new(courier.reach().cloned(), courier.firehose_url().cloned())
        };
        // Each turn makes one call, of which the outbox allows so many.
        loop {
            let (contract, triggers) = (&*self.stage.contract, self.policy.triggers);
            let tools = Tools { contract, triggers, outbox: &mut outbox };
            let outcome = match session.write(behaviour, caller, input, line, tools) {
                // Whoever has the lead must not get it twice.
                Err(_) if outbox.is_used() => {
                    return Err(Problem::busy("the sandbox was switched while a lead was delivered").into());
                }
                outcome => outcome?,
            };
            let Some(call) = outbox.waiting().cloned() else {
                if outcome.is_ok() {
                    outbox.take_copies().into_iter().for_each(|file| courier.write(file));
                }
                return Ok(outcome?);
            };
            let began = uptime();
            let received = courier.deliver(call);
            let ms = uptime().saturating_sub(began).as_millis();
            outbox.answer(received, u64::try_from(ms).unwrap_or(u64::MAX));
        }
    }
}
