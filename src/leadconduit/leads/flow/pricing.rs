//! Prices: the purchase price of a lead and the sale price of a step.

use serde_json::Value;

use super::target::SubmissionTarget;
use crate::leadconduit::flow_model::{PurchasePricing, Recipient};
use crate::leadconduit::values;

/// The price that the source gets for a lead, in dollars: 0 when there is no price.
///
/// The pages disagree about the order. Here the first that has a price counts: the pricing service of the source, the
/// prices of the source, the pricing service of the flow, the prices of the flow.
pub(super) fn purchase_price(target: &SubmissionTarget, submitted: &Value, vars: &Value) -> f64 {
    let offered = || parse_dollars(values::find(submitted, "price")?);
    let price_of =
        |prices: &PurchasePricing| prices.service_dollars.or_else(|| prices.pricing.as_ref()?.price(offered, vars));
    price_of(&target.source().pricing).or_else(|| price_of(&target.flow().pricing)).unwrap_or(0.0)
}

/// The price that a recipient pays for a lead, in dollars. `offered` is the price in its response.
pub(super) fn sale_price(recipient: &Recipient, offered: Option<f64>, vars: &Value) -> f64 {
    recipient.pricing.as_ref().and_then(|pricing| pricing.price(|| offered, vars)).unwrap_or(0.0)
}

/// A price in dollars, from a number or a text such as `$8.25`.
pub(super) fn parse_dollars(value: &Value) -> Option<f64> {
    let price: f64 = values::text(value)?.trim().trim_start_matches('$').parse().ok()?;
    Some(price).filter(|price| price.is_finite())
}
