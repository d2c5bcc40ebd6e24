//! Authentication and authorisation: who calls, and whether the operation is allowed for the caller.

use super::context::EarlyExit;
use crate::contract::{Authentication, Backend, Operation};
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::state::Caller;
use crate::sandbox::RequestSession;

/// Returns the caller, who is anonymous where the operation does not authenticate. The API key is the password of HTTP
/// Basic; the user name is ignored.
pub(super) fn authenticate<'s>(operation: &Operation, session: &'s RequestSession) -> Result<&'s Caller, ApiError> {
    match (&session.caller, operation.authentication) {
        (Some(caller), Authentication::Required | Authentication::Optional) => Ok(caller),
        // A source can require the API key of its company. Only the lead handler knows which.
        (Some(caller), Authentication::Ignored) if operation.backend == Backend::LeadHandler => Ok(caller),
        (None, Authentication::Required) => Err(ApiError::not_authenticated()),
        _ => Ok(Caller::anonymous()),
    }
}

/// Checks the caller's permissions. LeadConduit responds with 401, not 403, when one is missing.
pub(super) fn authorize(operation: &Operation, caller: &Caller, session: &RequestSession) -> Result<(), EarlyExit> {
    if operation.requires_superuser && !caller.is_superuser() {
        return Err(ApiError::not_authorized().into());
    }
    if operation.requires_paid_plan && !caller.is_anonymous() && session.has_free_account(caller)? {
        return Err(ApiError::not_authorized().into());
    }
    Ok(())
}
