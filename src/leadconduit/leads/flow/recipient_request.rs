//! The request to the recipient of a step whose mappings contain a URL, and the outcome of its response.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};

use super::service_step::ServiceModule;
use super::target::SubmissionTarget;
use super::{call_document, fields, pricing};
use crate::config::limits::DELIVERY_DEPTH_MAX;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery::{OutboundError, OutboundRequest, OutboundResponse, RecipientModule, RequestError};
use crate::leadconduit::flow_model::Recipient;
use crate::leadconduit::outbound_log::{CompletedCall, RecipientOutcome, StepKey, WriteError};
use crate::leadconduit::state::events::Outcome;
use crate::leadconduit::{types, values};
use crate::support::document::{number, serialise};
use crate::support::redaction::Redactor;

/// The variables of the vendor's standard module, beside `lead` and `default.custom`.
const MODULE_PROPERTIES: [&str; 4] = ["url", "method", "default_outcome", "price"];

/// Where the request to a simulated recipient without a URL goes.
const SIMULATED_URL: &str = "https://recipient.example.com/leads";

/// The header of a recorded response that says why its recipient was simulated.
const SIMULATED_HEADER: &str = "X-Mock-Simulated";

/// Why the call of a SOAP recipient is not shown without deliveries, and what allows it.
const WSDL_NOT_FETCHED: &str = "what is sent follows from the WSDL, which is fetched with --deliver only; a host that is \
                                not this machine also needs --deliver-allow HOST:PORT";

/// The same with deliveries, for a request that is only explained.
const WSDL_NOT_FETCHED_IN_DRY_RUN: &str =
    "what is sent follows from the WSDL, which a dry run does not fetch; submit the lead to call the recipient";

/// What stands for a URL that a recorded request cannot have.
const INVALID_URI: &str = "about:invalid";

/// How many bytes of a response are appended for later steps.
const APPENDED_BYTES_MAX: usize = 64 * 1024;

/// How many characters of a reason are kept.
const REASON_CHARS_MAX: usize = 1_000;

/// A lead as it is sent to the recipient of a step.
pub(super) struct RecipientRequest {
    module: RecipientModule,
    /// The variables of the module.
    vars: Value,
    /// The same with masked values, from which the recorded request is built.
    recorded_vars: Value,
    url: String,
    /// The same with masked values.
    recorded_url: String,
}

impl RecipientRequest {
    /// The request to a recipient; `None` when its mappings contain no URL, or the mock does not know its module.
    /// `stored_vars` are the variables with masked values.
    pub(super) fn new(
        context: &WriteContext<'_>,
        target: &SubmissionTarget,
        recipient: &Recipient,
        vars: &Value,
        stored_vars: &Value,
    ) -> Option<Self> {
        if recipient.has_url { Self::build(context, target, recipient, (vars, stored_vars), None) } else { None }
    }

    /// The request that stands for one to a recipient whose mappings contain no URL, for the transactions of its errors.
    /// It is only recorded, so that it is built from masked values.
    pub(super) fn without_url(
        context: &WriteContext<'_>,
        target: &SubmissionTarget,
        recipient: &Recipient,
        stored_vars: &Value,
    ) -> Option<Self> {
        Self::build(context, target, recipient, (stored_vars, stored_vars), Some(SIMULATED_URL))
    }

    fn build(
        context: &WriteContext<'_>,
        target: &SubmissionTarget,
        recipient: &Recipient,
        (vars, stored_vars): (&Value, &Value),
        url: Option<&str>,
    ) -> Option<Self> {
        let module = RecipientModule::find(&recipient.module_id)?;
        let variables = |vars: &Value| {
            let mut variables = module_variables(context, target, recipient, module, vars)?;
            if let Some(url) = url {
                variables["url"] = url.into();
            }
            Some(variables)
        };
        let module_vars = variables(vars)?;
        let is_masked = !std::ptr::eq(vars, stored_vars);
        let recorded_vars = if is_masked { variables(stored_vars)? } else { module_vars.clone() };
        let url = values::text(module_vars.get("url")?)?.into_owned();
        let recorded_vars = types::mask_all(&recorded_vars);
        let recorded_url = recorded_vars.get("url").and_then(values::text).unwrap_or_default().into_owned();
        Some(Self { module, vars: module_vars, recorded_vars, url, recorded_url })
    }

    /// Whether the request is sent; otherwise the recipient is simulated.
    pub(super) fn is_deliverable(&self, context: &WriteContext<'_>) -> bool {
        context.effects.has_deliveries() && context.effects.refusal(&self.url).is_none()
    }

    /// Notes in the outcome of a simulated recipient, and in the log, why it is simulated although deliveries are on.
    pub(super) fn mark_simulated(&self, context: &WriteContext<'_>, mut outcome: RecipientOutcome) -> RecipientOutcome {
        let refusal = context.effects.refusal(&self.url).filter(|_| outcome.outcome != Outcome::Skip);
        let Some(refusal) = refusal else { return outcome };
        let is_masked = self.recorded_url != self.url;
        let refusal = if is_masked { refusal.without_host() } else { refusal };
        let wsdl =
            if self.module.needs_description() { "; its WSDL, which says what is sent, is not fetched" } else { "" };
        let why = format!("{refusal}{wsdl}");
        context.effects.log_simulated(&why);
        for transaction in &mut outcome.transactions {
            if let Some(Value::Object(headers)) = transaction.pointer_mut("/response/headers") {
                headers.insert(SIMULATED_HEADER.to_owned(), why.clone().into());
            }
            // A URL that is not valid would remove the whole transaction from the event.
            if context.check("RecordedTransactions", &json!([transaction])).is_err()
                && let Some(uri) = transaction.pointer_mut("/request/uri")
            {
                *uri = INVALID_URI.into();
            }
        }
        outcome.simulated = Some(why);
        outcome
    }

    /// The outcome of the recorded call.
    ///
    /// # Errors
    ///
    /// [`WriteError::PendingCall`] when the call was not made yet.
    pub(super) fn send(&self, context: &WriteContext<'_>, key: &StepKey) -> Result<RecipientOutcome, WriteError> {
        let calls = context.effects.calls(key);
        let mut responses = Vec::new();
        for call in calls {
            match &call.result {
                Ok(response) => responses.push(response),
                Err(error) => return Ok(self.failed_call(context, calls, &responses, (call, error))),
            }
        }
        if calls.is_empty() && context.effects.is_too_deep() {
            let reason = format!(
                "not sent: {DELIVERY_DEPTH_MAX} deliveries in a row led to this lead, which is the maximum; a recipient's \
                 URL is probably the submission URL of its own flow"
            );
            return Ok(RecipientOutcome::new(Outcome::Error, &reason, 0));
        }
        let mut exchange = self.module.exchange(&self.vars, &responses, context.now);
        if let Some(result) = exchange.result {
            return Ok(self.outcome(context, calls, &responses, result));
        }
        let Some(next) = exchange.requests.pop() else { return Ok(RecipientOutcome::new(Outcome::Error, "", 0)) };
        // A name that a recipient has put into its WSDL is not even resolved.
        if !calls.is_empty()
            && let Some(refusal) = context.effects.refusal(&next.url)
        {
            let reason = format!("{} is named in the WSDL but not called: {refusal}", without_query(&next.url));
            return Ok(RecipientOutcome::new(Outcome::Error, &truncate(&reason), total_ms(calls)));
        }
        Err(context.effects.pending_call(key, next))
    }

    /// The outcome of a recipient that is not called, with its request and its response; unless the module would send
    /// nothing.
    pub(super) fn simulated(&self, context: &WriteContext<'_>, mut outcome: RecipientOutcome) -> RecipientOutcome {
        let request = match self.module.build_request(&self.recorded_vars) {
            Ok(request) => request,
            Err(error) => return unsent(&error),
        };
        if self.module.needs_description() {
            let is_dry_run = context.effects.would_deliver();
            outcome.simulated =
                Some(if is_dry_run { WSDL_NOT_FETCHED_IN_DRY_RUN } else { WSDL_NOT_FETCHED }.to_owned());
        }
        let header = outcome.simulated.iter().map(|why| (SIMULATED_HEADER.to_owned(), why.clone()));
        let now_ms = context.now.as_millisecond();
        let transaction = simulated_transaction(&request, &header.collect::<Vec<_>>(), &outcome, now_ms);
        outcome.transactions = transaction.into_iter().collect();
        outcome
    }

    /// The outcome of a recipient that is not called and has this response, as the module reads it.
    pub(super) fn simulated_response(&self, response: &OutboundResponse, now_ms: i64) -> RecipientOutcome {
        let request = match self.module.build_request(&self.recorded_vars) {
            Ok(request) => request,
            Err(error) => return unsent(&error),
        };
        let ms = i64::try_from(response.ms).unwrap_or(i64::MAX);
        let mut outcome = self.read(response, ms);
        let ended = now_ms.saturating_add(ms);
        let (status, headers, body) = (response.status, &response.headers, &response.body);
        let response = call_document::recipient_response(status, headers, body, ended);
        outcome.transactions = vec![call_document::transaction(&request, response, now_ms, ms)];
        outcome
    }

    /// What the module makes of a response.
    fn read(&self, response: &OutboundResponse, ms: i64) -> RecipientOutcome {
        let mut outcome = RecipientOutcome::new(Outcome::Error, "", ms);
        match self.module.parse_response(&self.vars, response) {
            Ok(Value::Object(result)) => apply_response(&mut outcome, result),
            Ok(_) => {}
            Err(error) => outcome.reason = truncate(&error.to_string()),
        }
        outcome
    }

    /// The outcome of calls that were made, with the result of the module.
    fn outcome(
        &self,
        context: &WriteContext<'_>,
        calls: &[CompletedCall],
        responses: &[&OutboundResponse],
        result: Result<Map<String, Value>, RequestError>,
    ) -> RecipientOutcome {
        let mut outcome = match result {
            Ok(result) => {
                let mut outcome = RecipientOutcome::new(Outcome::Error, "", total_ms(calls));
                apply_response(&mut outcome, result);
                outcome
            }
            Err(error) if calls.is_empty() => return unsent(&error),
            Err(error) => RecipientOutcome::new(Outcome::Error, &truncate(&error.to_string()), total_ms(calls)),
        };
        outcome.transactions = self.transactions(context, calls, responses);
        outcome
    }

    /// The outcome of a step whose last call failed.
    fn failed_call(
        &self,
        context: &WriteContext<'_>,
        calls: &[CompletedCall],
        responses: &[&OutboundResponse],
        (call, error): (&CompletedCall, &OutboundError),
    ) -> RecipientOutcome {
        let url = if responses.is_empty() { &self.recorded_url } else { &call.request.url };
        let mut outcome = RecipientOutcome::new(Outcome::Error, &error_reason(url, error), total_ms(calls));
        outcome.transactions = self.transactions(context, calls, responses);
        outcome
    }

    /// The recorded calls: each with its response, or without one when the recipient may have received the request.
    /// What was sent is not shown where its masked form cannot be built.
    fn transactions(
        &self,
        context: &WriteContext<'_>,
        calls: &[CompletedCall],
        responses: &[&OutboundResponse],
    ) -> Vec<Value> {
        let is_masked = self.recorded_vars != self.vars;
        let masked = is_masked.then(|| self.module.exchange(&self.recorded_vars, responses, context.now).requests);
        let mut started = context.now.as_millisecond();
        let mut transactions = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let request = match &masked {
                Some(masked) => masked.get(index),
                None => Some(&call.request),
            };
            let Some(request) = request else { return Vec::new() };
            let call_ended = started.saturating_add(to_i64(call.ms));
            match &call.result {
                Ok(response) => {
                    let began = started.saturating_add(to_i64(response.began_ms));
                    let ended = began.saturating_add(to_i64(response.ms));
                    let (status, headers, ms) = (response.status, &response.headers, to_i64(response.ms));
                    let response = call_document::recipient_response(status, headers, &response.body, ended);
                    transactions.push(call_document::transaction(request, response, began, ms));
                }
                Err(error) if error.may_have_reached() => {
                    let response = call_document::missing_response(call_ended);
                    transactions.push(call_document::transaction(request, response, started, to_i64(call.ms)));
                }
                Err(_) => {}
            }
            started = call_ended;
        }
        transactions
    }
}

fn to_i64(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

/// How long calls took, retries included.
fn total_ms(calls: &[CompletedCall]) -> i64 {
    calls.iter().fold(0, |total: i64, call| total.saturating_add(to_i64(call.ms)))
}

/// A URL without its query, because that may contain secrets.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// The reason of a failed call.
fn error_reason(url: &str, error: &OutboundError) -> String {
    let url = Redactor::default().absolute_url(without_query(url));
    truncate(&match error {
        error if error.may_have_reached() => format!("delivery to {url} failed: {error}"),
        OutboundError::Unreached(_) => format!("{url} was not reached: {error}"),
        _ => format!("{url} was not called: {error}"),
    })
}

/// The outcome of a step whose module sends no request: it skips the step, or fails.
fn unsent(error: &RequestError) -> RecipientOutcome {
    match error {
        RequestError::Invalid(reason) => RecipientOutcome::skipped(&truncate(reason)),
        RequestError::Failed(reason) => RecipientOutcome::new(Outcome::Error, &truncate(reason), 0),
    }
}

/// The recorded call to a recipient whose module the mock does not know. The request has no body, because the format of
/// another module would be wrong; a header of the response says so.
pub(super) fn unknown_module_transaction(
    recipient: &Recipient,
    stored_vars: &Value,
    outcome: &RecipientOutcome,
    now_ms: i64,
) -> Option<Value> {
    let mut urls = recipient.mappings.iter().rev().filter(|mapping| mapping.property == "url");
    let url = urls.find_map(|mapping| mapping.value(stored_vars));
    let url = url.as_ref().and_then(values::text).unwrap_or_else(|| SIMULATED_URL.into()).into_owned();
    let request = OutboundRequest {
        method: Method::POST,
        url,
        headers: Vec::new(),
        body: Bytes::new(),
        depth: 1,
        timeout_ms: None,
    };
    let headers = if ServiceModule::of(&recipient.module_id).is_some() {
        Vec::new()
    } else {
        let why = format!("the mock does not know what {} sends", recipient.module_id);
        vec![(SIMULATED_HEADER.to_owned(), why)]
    };
    simulated_transaction(&request, &headers, outcome, now_ms)
}

/// The request and response of a simulated recipient; `None` when it was skipped.
fn simulated_transaction(
    request: &OutboundRequest,
    headers: &[(String, String)],
    outcome: &RecipientOutcome,
    now_ms: i64,
) -> Option<Value> {
    if outcome.outcome == Outcome::Skip {
        return None;
    }
    let ended = now_ms + outcome.ms;
    let response = if outcome.is_timeout {
        call_document::missing_response(ended)
    } else {
        let content_type = ("content-type".to_owned(), "application/json".to_owned());
        let headers: Vec<(String, String)> = [content_type].into_iter().chain(headers.iter().cloned()).collect();
        let status = if outcome.outcome == Outcome::Error { 500 } else { 200 };
        call_document::recipient_response(status, &headers, &serialise(&outcome.appended()), ended)
    };
    Some(call_document::transaction(request, response, now_ms, outcome.ms))
}

/// The variables of a module: those of the lead with what the mappings set, or nothing but the mappings.
fn module_variables(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    recipient: &Recipient,
    module: RecipientModule,
    vars: &Value,
) -> Option<Value> {
    let mut vars = vars.clone();
    let mut mapped = Map::new();
    vars["price"] = number(pricing::sale_price(recipient, None, &vars));
    for mapping in &recipient.mappings {
        // Later mappings see the values of earlier ones.
        let Some(value) = mapping.value(&vars) else { continue };
        if module.sends_lead() {
            set_property(context, target, vars.as_object_mut()?, &mapping.property, value);
            continue;
        }
        if !mapping.property.starts_with("lead.") {
            mapped.insert(mapping.property.clone(), value.clone());
        }
        set_own_property(context, target, vars.as_object_mut()?, &mapping.property, value);
    }
    Some(if module.sends_lead() { vars } else { Value::Object(mapped) })
}

/// Sets the property of a mapping for later mappings.
fn set_own_property(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    vars: &mut Map<String, Value>,
    property: &str,
    value: Value,
) {
    match property.strip_prefix("lead.").filter(|field| !field.is_empty()) {
        Some(field) => {
            let value = fields::typed_field(context, target, field, &value);
            fields::insert_nested(vars, property, value);
        }
        None => fields::insert_nested(vars, property, value),
    }
}

/// Sets the property of a mapping. A property that the standard module does not know is sent as a custom parameter.
fn set_property(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    vars: &mut Map<String, Value>,
    property: &str,
    value: Value,
) {
    let (first, rest) = property.split_once('.').unwrap_or((property, ""));
    match (first, rest) {
        ("", _) => {}
        ("lead", field) if !field.is_empty() => {
            let value = fields::typed_field(context, target, field, &value);
            fields::insert_nested(vars, property, value);
        }
        (name, "") if MODULE_PROPERTIES.contains(&name) => fields::insert_nested(vars, property, value),
        (name, rest) if !rest.is_empty() && (name == "default" || vars.contains_key(name)) => {
            fields::insert_nested(vars, property, value);
        }
        _ => fields::insert_nested(vars, &format!("default.custom.{property}"), value),
    }
}

/// Copies the module's result of a response to the outcome.
fn apply_response(outcome: &mut RecipientOutcome, result: Map<String, Value>) {
    let mut bytes_left = APPENDED_BYTES_MAX;
    for (name, value) in result {
        match name.as_str() {
            "outcome" => {
                let name = values::text(&value).unwrap_or_default().trim().to_ascii_lowercase();
                let known = Outcome::from_name(&name)
                    .filter(|known| matches!(known, Outcome::Success | Outcome::Failure | Outcome::Error));
                match known {
                    Some(known) => outcome.outcome = known,
                    None => outcome.reason = truncate(&format!("Unrecognized outcome: {name}")),
                }
            }
            "reason" if outcome.reason.is_empty() => {
                outcome.reason = truncate(&values::text(&value).unwrap_or_default());
            }
            "price" => outcome.price = pricing::parse_dollars(&value),
            "reason" => {}
            _ => {
                let bytes = name.len() + serialise(&value).len();
                if let Some(left) = bytes_left.checked_sub(bytes) {
                    bytes_left = left;
                    outcome.append.insert(name, value);
                }
            }
        }
    }
}

fn truncate(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}
