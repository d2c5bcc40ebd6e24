//! Applies rules and faults: they respond in place of the operation, add to its response, delay it, or break the
//! connection.

use http::StatusCode;

use super::Pipeline;
use super::context::{EarlyExit, Progress, RuleEffects, Selection};
use crate::contract::Operation;
use crate::contract::problem::Problem;
use crate::http::message::{Request, Response};
use crate::sandbox::RequestSession;
use crate::scenario::rule::respond::{RespondError, TemplateContext};
use crate::scenario::rule::schedule::RuleMatch;
use crate::scenario::rule::{RuleContext, response_violations};

impl Pipeline {
    /// Applies the first rule that matches and whose schedule allows it. `gate` selects the rules that run before
    /// authentication; the others run in place of the operation.
    ///
    /// # Errors
    ///
    /// The response of the rule, or a problem when the rule cannot be applied.
    pub(super) fn apply_rules(
        &self,
        gate: bool,
        session: &RequestSession,
        (request, path): (&Request, &str),
        operation: Option<&Operation>,
        (effects, progress): (&mut RuleEffects, &mut Progress),
    ) -> Result<(), EarlyExit> {
        if !session.has_rules(gate) {
            return Ok(());
        }
        let contract = &self.state.contract;
        let scenario = &session.scenario.name;
        let context = rule_context(request, path, session, operation);
        let selected = if let Selection::Done(selected) = progress.selected_rule(gate) {
            selected.as_ref().map(|selected| selected.copy())
        } else {
            let selected = session.select_rule(gate, &context, contract)?;
            let selected =
                selected.map_err(|error| Problem::rule_failed("a rule", scenario, &error.to_string(), &[]))?;
            let copy = selected.as_ref().map(RuleMatch::copy);
            *progress.selected_rule(gate) = Selection::Done(selected.map(Box::new));
            copy
        };
        let Some(mut selected) = selected else { return Ok(()) };
        let failed = |error: RespondError| Problem::rule_failed(&selected.rule.name, scenario, &error.to_string(), &[]);
        let variables = TemplateContext::new(&context, scenario, &selected, session);
        let response = selected.response(contract, &variables).map_err(failed)?;
        if response.is_none() {
            let mut added = Response::new(StatusCode::OK, "");
            selected.add_headers(&mut added, &variables).map_err(failed)?;
            effects.headers.extend(added.headers);
        }
        drop(variables);
        let send_options = selected.send_options();
        if selected.has_effect() {
            let status = response.as_ref().map(|response| response.status.as_u16());
            effects.applied_rules.push(selected.applied_rule(send_options.as_ref(), status));
        }
        if let Some(send_options) = send_options {
            effects.add_send_options(send_options);
        }
        let Some(response) = response else { return Ok(()) };
        if let Some(operation) = operation.filter(|_| !selected.step().intentionally_invalid) {
            let violations = response_violations(contract, operation, &response);
            if !violations.is_empty() {
                let reason = format!("its response {} breaks the contract", response.status.as_u16());
                return Err(Problem::rule_failed(&selected.rule.name, scenario, &reason, &violations).into());
            }
        }
        Err(EarlyExit::Response(response))
    }
}

/// The request in the form in which matchers and templates of rules use it.
fn rule_context<'a>(
    request: &'a Request,
    path: &'a str,
    session: &'a RequestSession,
    operation: Option<&'a Operation>,
) -> RuleContext<'a> {
    let mut context = RuleContext::new(request, path, &session.sandbox.name, session.now);
    context.operation = operation;
    context.key = session.key.as_deref();
    context.caller = session.caller.as_ref();
    context.is_preflight = request.is_preflight();
    context
}
