//! Rules speak: they answer in an operation's place, add to its reply, hold it back, or break the connection.

use http::HeaderMap;

use super::{Pipeline, Stop};
use crate::contract::problem::Problem;
use crate::http::message::{Delivery, Response};
use crate::sandbox::RequestSession;
use crate::scenario::rule::Asked;
use crate::scenario::rule::respond::{AppliedRule, TemplateContext, reply_violations};

/// What rules have said about one request.
pub(super) struct RuleEffects<'n> {
    pub(super) spoken: &'n mut Vec<AppliedRule>,
    pub(super) headers: &'n mut HeaderMap,
    pub(super) delivery: &'n mut Option<Box<Delivery>>,
}

impl RuleEffects<'_> {
    /// The reply is held back for so long, besides what holds it back already.
    pub(super) fn wait(&mut self, ms: u64) {
        wait(self.delivery, ms);
    }

    /// Of two ways to go out both hold the reply back; it is broken or cut into pieces in the way that came first.
    fn deliver(&mut self, delivery: Delivery) {
        let Some(already) = self.delivery else {
            *self.delivery = Some(Box::new(delivery));
            return;
        };
        already.delay_ms = already.delay_ms.saturating_add(delivery.delay_ms);
        already.slow_headers = already.slow_headers.or(delivery.slow_headers);
        already.drip = already.drip.or(delivery.drip);
        if already.fault.is_none() {
            already.fault = delivery.fault;
            already.garbage = delivery.garbage;
        }
    }
}

/// Holds a reply back for so long, besides what holds it back already.
pub(super) fn wait(delivery: &mut Option<Box<Delivery>>, ms: u64) {
    if ms > 0 {
        let delivery = delivery.get_or_insert_default();
        delivery.delay_ms = delivery.delay_ms.saturating_add(ms);
    }
}

impl Pipeline {
    /// Lets the first rule speak whose turn it is: before LeadConduit looks at the request (`gate`), or in the place of
    /// an operation.
    pub(super) fn apply_rules(
        &self,
        gate: bool,
        session: &RequestSession,
        asked: &Asked<'_>,
        said: &mut RuleEffects<'_>,
    ) -> Result<(), Stop> {
        let contract = &self.stage.contract;
        let turn = session.turn(gate, asked, contract)?;
        let Some(mut turn) = turn.map_err(|why| Problem::rule("a rule", &session.scenario.name, &why, &[]))? else {
            return Ok(());
        };
        let sight = TemplateContext::new(asked, &session.scenario.name, &turn, session);
        let fail = |why: &str| Problem::rule(&turn.rule.name, &session.scenario.name, why, &[]);
        let reply = turn.reply(contract, &sight).map_err(|why| fail(&why))?;
        if reply.is_none() {
            let mut added = Response::new(http::StatusCode::OK, "");
            turn.add_headers(&mut added, &sight).map_err(|why| fail(&why))?;
            said.headers.extend(added.headers);
        }
        drop(sight);
        let delivery = turn.delivery();
        if turn.does_something() {
            said.spoken.push(turn.spoken(delivery.as_ref(), reply.as_ref().map(|reply| reply.status.as_u16())));
        }
        if let Some(delivery) = delivery {
            said.deliver(delivery);
        }
        let Some(reply) = reply else { return Ok(()) };
        if let Some(operation) = asked.operation.filter(|_| !turn.step().intentionally_invalid) {
            let broken = reply_violations(contract, operation, &reply);
            if !broken.is_empty() {
                let why = format!("its reply {} breaks the contract", reply.status.as_u16());
                return Err(Problem::rule(&turn.rule.name, &session.scenario.name, &why, &broken).into());
            }
        }
        Err(Stop::Answered(reply))
    }
}
