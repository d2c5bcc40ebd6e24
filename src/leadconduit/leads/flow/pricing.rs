//! What a lead is bought for, and what a recipient pays for it.

use serde_json::Value;

use super::holds;
use super::target::SubmissionTarget;
use crate::leadconduit::rules;
use crate::support::document::items;

/// What the source gets for a lead, in dollars: 0 when nothing names a price.
///
/// The pages disagree about the order. Here the nearest price counts: the service of the source, its prices, then the
/// flow's service and prices; the first of them that comes to a price.
pub(super) fn purchase(door: &SubmissionTarget, submitted: &Value, vars: &Value) -> f64 {
    let asked = rules::find(submitted, "price");
    let of = |holder: &Value| service(holder).or_else(|| price(holder, asked, vars));
    of(door.source()).or_else(|| of(door.flow.value())).unwrap_or(0.0)
}

/// What a recipient pays for a lead; `said` is the price that it names itself.
pub(super) fn sale(step: &Value, said: Option<f64>, vars: &Value) -> f64 {
    let own = said.map(Value::from);
    price(step, own.as_ref(), vars).unwrap_or(0.0)
}

/// A price that somebody names.
pub(super) fn dollars(named: &Value) -> Option<f64> {
    let price: f64 = rules::text(named)?.trim().trim_start_matches('$').parse().ok()?;
    Some(price).filter(|price| price.is_finite())
}

/// What a pricing service says. It is not asked: its fallback price stands for its answer.
fn service(holder: &Value) -> Option<f64> {
    holder.get("pricing_service")?.get("fallback_price")?.as_f64().filter(|price| *price > 0.0)
}

/// Of one block the last price whose rules hold; or, where that is allowed, the price that the other side names.
fn price(holder: &Value, asked: Option<&Value>, vars: &Value) -> Option<f64> {
    let pricing = holder.get("pricing")?;
    if pricing.get("override") == Some(&Value::Bool(true)) {
        return dollars(asked?).filter(|price| *price > 0.0);
    }
    let counts = |price: &&Value| price.get("rule_set").is_none_or(|set| holds(set, vars));
    items(pricing, "prices").iter().rev().find(counts)?.get("amount")?.as_f64()
}
