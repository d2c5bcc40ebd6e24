//! Prices: the purchase price of a lead and the sale price of a step.

use serde_json::Value;

use super::evaluate::rules_match;
use super::target::SubmissionTarget;
use crate::leadconduit::values;
use crate::support::document::items;

/// The price that the source gets for a lead, in dollars: 0 when there is no price.
///
/// The pages disagree about the order. Here the first that has a price counts: the pricing service of the source, the
/// prices of the source, the pricing service of the flow, the prices of the flow.
pub(super) fn purchase_price(target: &SubmissionTarget, submitted: &Value, vars: &Value) -> f64 {
    let offered = values::find(submitted, "price");
    let price_of = |holder: &Value| service_price(holder).or_else(|| configured_price(holder, offered, vars));
    price_of(target.source()).or_else(|| price_of(target.flow.value())).unwrap_or(0.0)
}

/// The price that a recipient pays for a lead, in dollars. `offered` is the price in its response.
pub(super) fn sale_price(step: &Value, offered: Option<f64>, vars: &Value) -> f64 {
    let offered = offered.map(Value::from);
    configured_price(step, offered.as_ref(), vars).unwrap_or(0.0)
}

/// A price in dollars, from a number or a text such as `$8.25`.
pub(super) fn parse_dollars(value: &Value) -> Option<f64> {
    let price: f64 = values::text(value)?.trim().trim_start_matches('$').parse().ok()?;
    Some(price).filter(|price| price.is_finite())
}

/// The price of a pricing service. The service is not called: its fallback price stands in for its response.
fn service_price(holder: &Value) -> Option<f64> {
    holder.get("pricing_service")?.get("fallback_price")?.as_f64().filter(|price| *price > 0.0)
}

/// The last price whose rules match; or, with `override`, the price that the other side offers.
fn configured_price(holder: &Value, offered: Option<&Value>, vars: &Value) -> Option<f64> {
    let pricing = holder.get("pricing")?;
    if pricing.get("override") == Some(&Value::Bool(true)) {
        return parse_dollars(offered?).filter(|price| *price > 0.0);
    }
    let applies = |price: &&Value| price.get("rule_set").is_none_or(|set| rules_match(set, vars));
    items(pricing, "prices").iter().rev().find(applies)?.get("amount")?.as_f64()
}
