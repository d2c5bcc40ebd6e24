//! Notifies the destinations of a flow: after the last step, unless a step failed.
//!
//! That a destination is sent data is documented. What is sent is not: the fields of the lead as JSON are an assumption,
//! and so is that the response has no effect.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};

use super::target::SubmissionTarget;
use super::trace::StepResult;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery::{OutboundError, OutboundRequest};
use crate::leadconduit::outbound_log::{StepKey, WriteError};
use crate::leadconduit::state::events::Outcome;
use crate::leadconduit::values;
use crate::support::document::serialise;

/// How deeply values can be nested; deeper ones are not sent.
const DEPTH_MAX: usize = 100;

/// Notifies the destinations, and returns what became of each, for reports.
///
/// # Errors
///
/// [`WriteError::PendingCall`] when a call has to be made first.
pub(super) fn notify(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    steps: &[StepResult],
    vars: &Value,
) -> Result<Vec<String>, WriteError> {
    let has_failed = steps.iter().any(|step| matches!(step.outcome, Outcome::Failure | Outcome::Error));
    let flow = target.flow();
    let mut notes = Vec::new();
    for (index, action) in flow.destinations.iter().enumerate() {
        let number = flow.steps.len() + 1 + index;
        let key = StepKey { number, step_id: action.id.clone(), attempt: 0 };
        let result = if let Some(call) = context.effects.calls(&key).first() {
            match &call.result {
                Ok(response) => format!("status {}", response.status),
                Err(error) if error.may_have_reached() => format!("failed: {error}"),
                Err(error @ OutboundError::Unreached(_)) => format!("not reached: {error}"),
                Err(error) => format!("not called: {error}"),
            }
        } else if has_failed {
            "skipped, because a step did not succeed".to_owned()
        } else if let Some(refusal) = context.effects.refusal(&action.webhook_url) {
            let why = refusal.to_string();
            context.effects.log_simulated(&why);
            format!("simulated: {why}")
        } else if context.effects.is_too_deep() || !context.effects.has_deliveries() {
            "simulated".to_owned()
        } else {
            let request = OutboundRequest {
                method: Method::POST,
                url: action.webhook_url.clone(),
                headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
                body: body(vars),
                depth: 1,
                timeout_ms: None,
            };
            return Err(context.effects.pending_call(&key, request));
        };
        notes.push(format!("{}: {result}", action.label));
    }
    Ok(notes)
}

/// The lead in its normal form, with where it came from.
fn body(vars: &Value) -> Bytes {
    let part = |name: &str| plain(&vars[name], 0);
    serialise(&json!({
        "lead": part("lead"), "account": part("account"), "flow": part("flow"), "source": part("source"),
        "submission": part("submission"),
    }))
}

/// A value in which typed values are in their normal form.
fn plain(value: &Value, depth: usize) -> Value {
    match values::plain(value) {
        _ if depth > DEPTH_MAX => Value::Null,
        Value::Object(object) => {
            let members = object.iter().map(|(name, value)| (name.clone(), plain(value, depth + 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| plain(item, depth + 1)).collect(),
        scalar => scalar.clone(),
    }
}
