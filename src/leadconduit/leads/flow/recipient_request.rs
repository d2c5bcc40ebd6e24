//! A lead as a recipient is sent it, for steps whose mappings name an address; and what the recipient's answer says.

use serde_json::{Map, Value, json};

use super::target::SubmissionTarget;
use super::{fields, pricing, recorded_call};
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery;
use crate::leadconduit::delivery::CallError;
use crate::leadconduit::effect_log::RecipientOutcome;
use crate::leadconduit::effect_log::{RecordedCall, StepKey};
use crate::leadconduit::response::ApiError;
use crate::leadconduit::rules;
use crate::leadconduit::state::events::Outcome;
use crate::support::document::{items, text};
use crate::support::document::{number, serialise};

/// What the vendor's standard module reads besides the lead.
const KNOWN: [&str; 4] = ["url", "method", "default_outcome", "price"];

/// How much of what a recipient says is kept for later steps, in bytes.
const APPENDED_BYTES_MAX: usize = 64 * 1024;

/// How many characters a reason has at most.
const REASON_CHARS_MAX: usize = 1_000;

/// A lead as the recipient of a step is sent it.
pub(super) struct RecipientRequest {
    vars: Value,
    url: String,
}

impl RecipientRequest {
    /// The lead for a step; nothing when the step's mappings name no address.
    pub(super) fn of(call: &WriteContext<'_>, door: &SubmissionTarget, step: &Value, vars: &Value) -> Option<Self> {
        let mappings = items(&step["integration"], "mappings");
        if !mappings.iter().any(|mapping| text(mapping, "property") == "url") {
            return None;
        }
        let mut vars = vars.clone();
        vars["price"] = number(pricing::sale(step, None, &vars));
        for mapping in mappings {
            // Templates see what mappings before them have set.
            let Some(value) = fields::mapped(mapping, &vars) else { continue };
            set(call, door, vars.as_object_mut()?, text(mapping, "property"), value);
        }
        let url = rules::text(&vars["url"])?.into_owned();
        Some(Self { vars, url })
    }

    /// Whether it is really sent.
    pub(super) fn goes_out(&self, call: &WriteContext<'_>) -> bool {
        call.outbox.reaches(&self.url)
    }

    /// What the recipient said. As long as nothing has come back, the run ends here.
    pub(super) fn send(&self, call: &mut WriteContext<'_>, spot: &StepKey) -> Result<RecipientOutcome, ApiError> {
        if let Some(made) = call.outbox.made(spot) {
            return Ok(self.heard(made, call.now.as_millisecond()));
        }
        match delivery::request(&self.vars) {
            Ok(request) => Err(call.outbox.wait_for(spot, request)),
            // What the module refuses to send is skipped, with its reason.
            Err(reason) => Ok(RecipientOutcome::skipped(&reason)),
        }
    }

    /// What would have been sent and answered, had the recipient been called. One that is silent answers nothing.
    pub(super) fn imagined(&self, said: &RecipientOutcome, now_ms: i64) -> Option<Value> {
        if said.is_silent || said.outcome == Outcome::Skip {
            return None;
        }
        let request = delivery::request(&self.vars).ok()?;
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let response = recorded_call::received(200, &headers, &serialise(&said.appended()), now_ms + said.ms);
        Some(json!({"request": recorded_call::sent(&request, now_ms), "response": response, "ms": said.ms}))
    }

    fn heard(&self, made: &RecordedCall, now_ms: i64) -> RecipientOutcome {
        let whole = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        let received = match &made.received {
            Ok(received) => received,
            Err(error) => return RecipientOutcome::new(Outcome::Error, &self.unheard(error), whole(made.ms)),
        };
        let mut said = RecipientOutcome::new(Outcome::Error, "", whole(made.ms));
        understand(&mut said, delivery::response(&self.vars, received));
        let began = now_ms.saturating_add(whole(received.began_ms));
        let ended = began.saturating_add(whole(received.ms));
        said.transaction = Some(json!({
            "request": recorded_call::sent(&made.call, began),
            "response": recorded_call::received(received.status, &received.headers, &received.body, ended),
            "ms": received.ms,
        }));
        said
    }

    fn unheard(&self, error: &CallError) -> String {
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        short(&format!("{place} was not reached: {error}"))
    }
}

/// Sets what a mapping says. What the standard module knows nothing of is sent along under its own name.
fn set(call: &WriteContext<'_>, door: &SubmissionTarget, vars: &mut Map<String, Value>, property: &str, value: Value) {
    let (first, rest) = property.split_once('.').unwrap_or((property, ""));
    match (first, rest) {
        ("", _) => {}
        ("lead", field) if !field.is_empty() => {
            let value = fields::typed_field(call, door, field, &value);
            fields::nest(vars, property, value);
        }
        (known, "") if KNOWN.contains(&known) => fields::nest(vars, property, value),
        (known, rest) if !rest.is_empty() && (known == "default" || vars.contains_key(known)) => {
            fields::nest(vars, property, value);
        }
        _ => fields::nest(vars, &format!("default.custom.{property}"), value),
    }
}

/// Reads what the module made of an answer.
fn understand(said: &mut RecipientOutcome, answer: Value) {
    let Value::Object(answer) = answer else { return };
    let mut room = APPENDED_BYTES_MAX;
    for (name, value) in answer {
        match name.as_str() {
            "outcome" => {
                let word = rules::text(&value).unwrap_or_default().trim().to_ascii_lowercase();
                let known = Outcome::named(&word)
                    .filter(|known| matches!(known, Outcome::Success | Outcome::Failure | Outcome::Error));
                match known {
                    Some(known) => said.outcome = known,
                    None => said.reason = short(&format!("Unrecognized outcome: {word}")),
                }
            }
            "reason" if said.reason.is_empty() => said.reason = short(&rules::text(&value).unwrap_or_default()),
            "price" => said.price = pricing::dollars(&value),
            "reason" => {}
            _ => {
                let size = name.len() + serialise(&value).len();
                if let Some(left) = room.checked_sub(size) {
                    room = left;
                    said.append.insert(name, value);
                }
            }
        }
    }
}

fn short(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}
