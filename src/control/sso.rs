//! The health of the single sign-on service of a sandbox.

use serde_json::json;

use super::body;
use super::call::{ControlCall, ControlResult, ok};
use crate::scenario::language::SsoSpec;
use crate::scenario::state_document::health_json;

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    let world = call.sandbox.world();
    Ok(ok(&health_json(world.sso.status.at(world.clock.now()))))
}

/// Sets the health. The entries of the service are documents: see `/state/{collection}/{id}`.
pub(super) fn put(call: &ControlCall<'_>) -> ControlResult {
    let source = body::read(call)?;
    let spec: SsoSpec = body::parse_source(&source)?;
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
    if let Some(unknown) = spec.operations.iter().find(|id| !call.app.contract.operations.iter().any(|o| o.id == **id))
    {
        let shown: String = unknown.chars().take(80).collect();
        return Err(body::bad_request(&format!(
            "there is no operation `{shown}`; `leadconduit-mock operations` lists all"
        )));
    }
    let json = health_json(&health);
    call.sandbox.set_sso_status(health);
    call.sandbox.publish("state", || json!({"sso": json}));
    Ok(ok(&json))
}
