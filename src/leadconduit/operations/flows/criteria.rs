//! What the parts of a flow say must be possible: rules and templates that can be read, prices that can be found.

use serde_json::Value;

use crate::leadconduit::response::ApiError;
use crate::leadconduit::rules;
use crate::support::document::items;

/// Refuses what no lead could be judged by, with the place where it stands.
pub(super) fn check(flow: &Value) -> Result<(), ApiError> {
    rules::check(flow).map_err(|mistake| ApiError::new(422, mistake.to_string()))?;
    prices("", flow)?;
    for part in ["sources", "steps"] {
        for (at, holder) in items(flow, part).iter().enumerate() {
            prices(&format!("/{part}/{at}"), holder)?;
        }
    }
    Ok(())
}

/// Where the other side states the price there must be none of ours.
fn prices(at: &str, holder: &Value) -> Result<(), ApiError> {
    let pricing = &holder["pricing"];
    let overridden = pricing.get("override") == Some(&Value::Bool(true));
    if overridden && !items(pricing, "prices").is_empty() {
        return Err(ApiError::new(422, format!("{at}/pricing/prices: there are no prices where `override` is true")));
    }
    Ok(())
}
