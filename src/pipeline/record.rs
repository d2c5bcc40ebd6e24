//! Records the exchange in the journal and the counts of its sandbox.

use std::sync::Arc;
use std::time::Duration;

use super::Pipeline;
use super::context::{RecordedExchange, RequestContext};
use crate::http::message::{Body, Request, Response};
use crate::recording::journal::{
    ConfiguredSecrets, CredentialKind, ExchangeParts, KnownSecrets, RecordedHead, ResponseSource,
};
use crate::sandbox::selector;
use crate::support::clock::{Timestamp, uptime};

impl Pipeline {
    /// Records the exchange before the response is sent, so that a later request finds it. Control calls are not
    /// recorded.
    pub(super) fn record_exchange(
        &self,
        (response, response_head): (&Response, Option<RecordedHead>),
        request: &Request,
        context: &mut RequestContext<'_>,
        now: Timestamp,
        started: Duration,
    ) -> Option<RecordedExchange> {
        if context.is_control_call {
            return None;
        }
        let mut session = context.session.take();
        let (_, path) = selector::split_sandbox_path(request.path());
        let response_source = match context.operation {
            Some(_) => ResponseSource::Operation,
            None if !context.effects.applied_rules.is_empty() => ResponseSource::Rule,
            None if context.is_service_call => ResponseSource::Service,
            None if context.is_unrouted || session.is_none() => ResponseSource::Unmatched,
            None if matches!(request.body, Body::Complete(_)) => ResponseSource::Mock,
            None => ResponseSource::Unmatched,
        };
        // The number first: a library that is read afterwards is at least as new.
        let number = self.state.library_number();
        let read_secrets = || Arc::clone(self.state.library().secrets());
        let has_caller = session.as_ref().is_some_and(|session| session.caller.is_some());
        let mut secrets = KnownSecrets {
            token: self.policy.access.token(),
            configured: ConfiguredSecrets { number, read: &read_secrets },
            credentials: selector::credential_texts,
            others: selector::report_token(path, has_caller).into_iter().collect(),
        };
        secrets.others.append(&mut context.secrets);
        let credentials = match &session {
            Some(session) if session.caller.is_some() => CredentialKind::Password,
            session => selector::credential_kind(request, |key| {
                session.as_ref().is_some_and(|session| session.sandbox.has_key(key))
                    || self.state.library().has_key(key)
            }),
        };
        if credentials == CredentialKind::KeyAsUser {
            secrets.others.extend(selector::user_name(request));
        }
        let duration = uptime().saturating_sub(started);
        // The session ends here, so that the record takes what it has.
        let caller = session.as_mut().and_then(|session| session.caller.take());
        let (sandbox, scenario, number) = match session {
            Some(session) => (session.sandbox, Some(session.scenario), session.number),
            None => (self.state.sandboxes.default_sandbox(), None, 0),
        };
        let parts = ExchangeParts {
            request,
            path,
            response,
            response_head,
            secrets,
            number,
            at: now,
            duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            scenario,
            operation: context.operation,
            response_source,
            caller: caller.map(|caller| (caller.account, caller.user)),
            violations: std::mem::take(&mut context.violations),
            lead: context.lead.take(),
            credentials,
            contract_check: context.contract_check,
            evidence: context.evidence,
            applied_rules: std::mem::take(&mut context.effects.applied_rules),
            body_bytes_max: self.policy.limits.journal_body_bytes_max,
        };
        let exchange = parts.into_exchange();
        exchange.redact_names(&mut context.input.query, &mut context.input.body);
        let exchange = sandbox.record(exchange, &context.input.query, &context.input.body);
        Some(RecordedExchange { sandbox, exchange })
    }
}
