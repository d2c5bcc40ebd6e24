//! The limits of the partner plan, which comes free with an accepted invitation: one flow with one delivery, standard
//! fields, and no invitations.
//!
//! The limits are those of the vendor's support pages. No page shows the errors: 401 is inferred from the documented
//! response to an account whose plan lacks an operation.

use serde_json::Value;

use super::super::api_error::ApiError;
use super::super::context::WriteContext;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{items, text};

/// Deliveries of a flow: destinations and recipient steps together.
const DELIVERIES_MAX: usize = 1;

/// Whether the partner plan is the only plan of an account.
pub(super) fn is_only_plan(account: &Account) -> bool {
    account.has_only_partner_plan()
}

/// Rejects what needs a paid plan.
///
/// # Errors
///
/// 401 for an account with the partner plan only.
pub(super) fn require_paid_plan(context: &WriteContext<'_>) -> Result<(), ApiError> {
    if is_only_plan(context.account()?) { Err(ApiError::not_authorized().inferred()) } else { Ok(()) }
}

/// Checks a flow that is created or replaced.
///
/// # Errors
///
/// 401 for a second flow, 400 for a flow with several deliveries, when the account has the partner plan only.
pub(super) fn check_flow(context: &WriteContext<'_>, flow: &Value, is_new: bool) -> Result<(), ApiError> {
    let account = context.account()?;
    if !is_only_plan(account) {
        return Ok(());
    }
    if is_new && !account.all(Collection::Flows).is_empty() {
        return Err(ApiError::not_authorized().inferred());
    }
    let recipients = items(flow, "steps").iter().filter(|step| text(step, "type") == "recipient").count();
    if items(flow, "destinations").len() + recipients > DELIVERIES_MAX {
        return Err(ApiError::new(400, "the partner plan allows one delivery destination in a flow").inferred());
    }
    Ok(())
}
