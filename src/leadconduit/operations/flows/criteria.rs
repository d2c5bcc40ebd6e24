//! Checks of the rules, templates and prices of a flow.

use serde_json::Value;

use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::rules;
use crate::support::document::items;

/// Checks that rules and templates can be parsed and that prices are consistent.
///
/// # Errors
/// 422 with the RFC 6901 pointer of the first problem.
pub(super) fn check(flow: &Value) -> Result<(), ApiError> {
    rules::check(flow).map_err(|error| ApiError::new(422, error.to_string()))?;
    check_prices("", flow)?;
    for part in ["sources", "steps"] {
        for (at, parent) in items(flow, part).iter().enumerate() {
            check_prices(&format!("/{part}/{at}"), parent)?;
        }
    }
    Ok(())
}

/// With `override`, the other party sets the price, so a list of prices is an error.
fn check_prices(pointer: &str, parent: &Value) -> Result<(), ApiError> {
    let pricing = &parent["pricing"];
    let overridden = pricing.get("override") == Some(&Value::Bool(true));
    if overridden && !items(pricing, "prices").is_empty() {
        return Err(ApiError::new(
            422,
            format!("{pointer}/pricing/prices: no prices are allowed where `override` is true"),
        ));
    }
    Ok(())
}
