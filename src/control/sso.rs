//! The health of the single sign-on service of a sandbox.

use serde_json::json;

use super::body;
use super::call::{ControlCall, ControlResult, ok};
use crate::scenario::language::SsoChange;
use crate::scenario::state_document::current_health_json;
use crate::support::clock::SignedDuration;

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    let world = call.sandbox.world();
    Ok(ok(&current_health_json(&world.sso.status, world.clock.now())))
}

/// Sets the health, with `for` only for a time. The entries of the service are documents: see `/state/{collection}/{id}`.
pub(super) fn put(call: &ControlCall<'_>) -> ControlResult {
    let source = body::read(call)?;
    let change: SsoChange = body::parse_source(&source)?;
    let (spec, lasts_ms) = change.into_parts();
    let misplaced = [
        ("/accounts", !spec.accounts.is_empty(), "sso_accounts"),
        ("/connections", !spec.connections.is_empty(), "sso_connections"),
        ("/remove", !spec.remove.is_empty(), "sso_connections"),
    ];
    if let Some((pointer, _, collection)) = misplaced.iter().find(|(_, is_given, _)| *is_given) {
        let message = format!("write entries with PUT or DELETE /__admin/state/{collection}/{{id}}");
        return Err(body::invalid(&[source.at_pointer(pointer, message)]));
    }
    let health =
        spec.health().map_err(|error| body::invalid(&[source.at_pointer(error.pointer(), error.to_string())]))?;
    let Some(health) = health else {
        return Err(body::bad_request("`status` is missing; write up, down, slow, flapping or partial"));
    };
    if lasts_ms == Some(0) {
        return Err(body::invalid(&[source.at_pointer("/for", "`for` must be longer than 0")]));
    }
    if let Some(unknown) = spec.operations.iter().find(|id| !call.app.contract.operations.iter().any(|o| o.id == **id))
    {
        let shown: String = unknown.chars().take(80).collect();
        return Err(body::bad_request(&format!(
            "there is no operation `{shown}`; `leadconduit-mock operations` lists all"
        )));
    }
    let lasts = lasts_ms.map(|ms| SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)));
    let (status, now) = call.sandbox.set_sso_status(health, lasts);
    let json = current_health_json(&status, now);
    call.sandbox.publish("state", || json!({"sso": json}));
    Ok(ok(&json))
}
