//! The data of a certificate for acceptance criteria, caps and prices. The account feature
//! `leadconduit_trustedform_decisions` switches them on.

use serde_json::Value;

use super::certificate_data;
use super::inputs::Inputs;
use super::trustedform::{CERTIFICATE_FIELD, request_of};
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::services::trustedform::api;

/// The value of the variable `trustedform_decisions` for a lead or ping: what the module Insights appends. `None` when
/// the feature is off, or when the lead has no valid certificate URL.
pub(in crate::leadconduit::leads::flow) fn certificate_decisions(
    context: &WriteContext<'_>,
    account_id: &str,
    vars: &Value,
) -> Option<Value> {
    let account = context.world.account(account_id)?;
    if account.feature("leadconduit_trustedform_decisions") != Some(&Value::Bool(true)) {
        return None;
    }
    let inputs = Inputs::unmapped(vars, CERTIFICATE_FIELD)?;
    let certificate = super::trustedform::find_certificate(context, account_id, &inputs)?;
    let response = api::peek(&certificate, &request_of(&inputs));
    Some(Value::Object(certificate_data::of_insights(&response).append))
}
