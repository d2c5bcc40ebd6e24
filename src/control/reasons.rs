//! The reasons for a response, as sentences in the order of the pipeline's steps.

use serde_json::Value;

use crate::contract::nearest::NearMiss;
use crate::contract::{Authentication, Backend, Contract, Evidence, Operation};
use crate::leadconduit::state::sso::SsoStatus;
use crate::recording::journal::{CredentialKind, Exchange, ResponseSource, near_miss};

/// How many characters of a text body are quoted.
const QUOTED_CHARS_MAX: usize = 200;

/// The plan of a caller's account, as far as it decides about responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// The free partner plan only.
    Partner,
    /// Any other.
    Other,
}

/// The steps that led to the response. `sso` is the status of the single sign-on service before a dry run; the journal
/// does not record it.
pub(super) fn reasons(
    exchange: &Exchange,
    contract: &Contract,
    (sandbox, plan): (&str, Plan),
    sso: Option<&SsoStatus>,
) -> Vec<String> {
    let mut steps = Vec::new();
    let scenario = exchange.scenario.as_ref().map_or("none", |scenario| &scenario.name);
    steps.push(format!("the sandbox is `{sandbox}`, the scenario is `{scenario}`"));
    let status = exchange.status;
    let operation = exchange.operation(contract);
    steps.push(routing(exchange, contract, operation));
    if let Some(operation) = operation {
        steps.extend(caller(exchange, operation, plan));
    }
    for violation in &*exchange.violations {
        let consequence = match violation.rejected_with {
            Some(refused) if refused == status => format!("rejected with {refused}"),
            _ if !violation.breaks_contract() => "no violation: the request is served".to_owned(),
            _ => "reported only".to_owned(),
        };
        steps.push(format!("{}: {} ({consequence})", violation.location, violation.message));
    }
    for applied in &*exchange.applied_rules {
        steps.push(format!("the rule `{}` applied: {}", applied.rule.name, applied.effects.join(", ")));
    }
    // An applied rule explains the response better.
    if let Some(sso) = sso.filter(|status| **status != SsoStatus::Up && exchange.applied_rules.is_empty()) {
        steps.push(format!("the single sign-on service is {}", sso.name()));
    }
    if exchange.response_headers().any(|(name, _)| name == "x-connections-degraded") {
        let text = "the single sign-on service did not respond, so the list has only LeadConduit's own rows";
        steps.push(text.to_owned());
    }
    if let Some((_, applied)) = exchange.response_headers().find(|(name, _)| *name == "preference-applied") {
        steps.push(format!("a preference of the request was applied: {applied}"));
    }
    if let Some(lead) = &exchange.lead {
        steps.extend(lead.steps.iter().cloned());
        let reason = if lead.reason.is_empty() { String::new() } else { format!(", {}", lead.reason) };
        steps.push(format!("the outcome is {}{reason}: {}", lead.outcome, lead.decision.description));
    }
    if status == 304 {
        steps.push("`If-None-Match` matches the ETag, so the body is omitted".to_owned());
    }
    steps.push(match error_text(exchange) {
        Some(error) => format!("the response is {status}: {error}"),
        None => format!("the response is {status}"),
    });
    if exchange.delay_ms > 0 {
        steps.push(format!("the response is delayed by {} ms", exchange.delay_ms));
    }
    if let Some(fault) = exchange.wire_fault {
        steps.push(format!("the connection fails: {}", fault.name()));
    }
    steps
}

/// The operation of the request; without one, what handled it, or the nearest operation.
fn routing(exchange: &Exchange, contract: &Contract, operation: Option<&Operation>) -> String {
    let request = format!("{} {}", exchange.method, exchange.path());
    match (operation, exchange.response_source) {
        (Some(operation), _) => format!("{request} is {} ({})", operation.id, operation.evidence),
        (None, ResponseSource::Unmatched) => {
            if let Some((method, path)) = super::nearest_endpoint(&exchange.method, exchange.path()) {
                return format!("{request} matches no operation; the nearest is the control call {method} {path}");
            }
            let near = near_miss::nearest_operations(contract, Some(&exchange.method), exchange.path());
            let describe = |near: &NearMiss<'_>| {
                let first = near.differences.first()?;
                let NearMiss { operation, .. } = near;
                Some(format!(
                    "; the nearest is {} {} ({}): {}",
                    operation.method, operation.path, operation.id, first.message
                ))
            };
            format!("{request} matches no operation{}", near.first().and_then(describe).unwrap_or_default())
        }
        (None, ResponseSource::Mock) => format!("{request} is handled by the mock itself"),
        (None, ResponseSource::Service) => format!("{request} is a call of a service beside LeadConduit"),
        (None, ResponseSource::Rule | ResponseSource::Operation) => {
            format!("{request} matches no operation, but a rule responds to it")
        }
    }
}

/// Who called, and what follows from it.
fn caller(exchange: &Exchange, operation: &Operation, plan: Plan) -> Vec<String> {
    let status = exchange.status;
    let needs_key = operation.authentication == Authentication::Required;
    // A gate rule responds before authentication.
    let is_gated = exchange.applied_rules.iter().any(|applied| applied.rule.gate);
    let Some((account, user)) = &exchange.caller else {
        let what = credentials(exchange.credentials);
        return match (needs_key && !is_gated, operation.authentication) {
            (true, _) => vec![format!("{what}, so the response is {status}")],
            (false, _) if is_gated => Vec::new(),
            (false, Authentication::Optional) => {
                vec![format!("{what}; {} works without a key where a token grants access", operation.id)]
            }
            (false, _) if operation.backend == Backend::LeadHandler && status == 401 => {
                vec![format!("{what}, but the source requires the API key of its company")]
            }
            (false, _) if exchange.credentials == CredentialKind::Missing => {
                vec![format!("{} needs no API key", operation.id)]
            }
            (false, _) => vec![format!("{what}; {} needs none", operation.id)],
        };
    };
    let mut steps = vec![format!("the API key belongs to user {user} of account {account}")];
    // Authorisation is checked before validation, and LeadConduit responds with 401 when a right is missing.
    let mut preferences = exchange.response_headers().filter(|(name, _)| *name == "preference-applied");
    let is_preferred = preferences.any(|(_, applied)| applied.contains("code="));
    if status == 401 && exchange.applied_rules.is_empty() && !is_preferred {
        if plan == Plan::Partner && exchange.evidence == Some(Evidence::Inferred) {
            steps.push(format!(
                "the partner plan, which is the only plan of the account, does not include {} here ({}, because no \
                 source shows the response)",
                operation.id,
                Evidence::Inferred
            ));
        } else if operation.backend == Backend::Management && !operation.requires_paid_plan {
            steps.push(format!("the user lacks a right that {} requires", operation.id));
        } else if operation.requires_paid_plan {
            steps.push(format!("{} is not available to free accounts (`features.lead_transactions`)", operation.id));
        } else if operation.backend == Backend::LeadHandler {
            steps.push("the source requires the API key of its own company".to_owned());
        }
    }
    steps
}

/// The credentials of a request whose caller is unknown, and what to send instead.
fn credentials(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Missing => "the request has no API key (send it as the password: curl -u API:KEY)",
        CredentialKind::Password => "the API key is unknown in this sandbox",
        CredentialKind::KeyAsUser => {
            "the API key was sent as the user name, but it must be the password (curl -u API:KEY)"
        }
        CredentialKind::EmptyPassword => "the password of HTTP Basic is empty, but it must be the API key",
        CredentialKind::KeyAsBearer => {
            "the API key was sent as a bearer token, but it must be the password of HTTP Basic (curl -u API:KEY)"
        }
        CredentialKind::Bearer => {
            "the request has a bearer token, but the API key must be the password of HTTP Basic (curl -u API:KEY)"
        }
        CredentialKind::Other => {
            "the `Authorization` header is not HTTP Basic with a user name and a password (curl -u API:KEY)"
        }
    }
}

/// The error in the body of the response, in any of the formats of LeadConduit and of the mock.
fn error_text(exchange: &Exchange) -> Option<String> {
    if exchange.status < 400 {
        return None;
    }
    let body = exchange.response_body().json();
    let named = ["error", "detail", "message"].iter().find_map(|name| body.get(name).and_then(Value::as_str));
    if let Some(text) = named {
        return Some(text.to_owned());
    }
    if !body.is_null() || exchange.response_body().bytes.is_empty() {
        return None;
    }
    let text = std::str::from_utf8(&exchange.response_body().bytes).ok()?;
    Some(text.chars().take(QUOTED_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect())
}
