//! Prices of flows, sources and recipients, in dollars.

use serde_json::Value;

use super::rule_set::RuleSet;
use crate::leadconduit::values::Variables;
use crate::support::document::items;

/// The prices of a flow, a source or a recipient.
#[derive(Debug)]
pub(crate) enum Pricing {
    /// The other side offers the price.
    Offered,
    /// The last price applies whose rules match.
    Prices(Vec<Price>),
}

/// A price with its rules.
#[derive(Debug)]
pub(crate) struct Price {
    rules: RuleSet,
    /// `None` when the amount is missing or not a number.
    dollars: Option<f64>,
}

impl Pricing {
    /// The property `pricing`.
    pub(super) fn of(part: &Value) -> Option<Self> {
        let pricing = part.get("pricing")?;
        if pricing.get("override") == Some(&Value::Bool(true)) {
            return Some(Self::Offered);
        }
        let price =
            |price: &Value| Price { rules: RuleSet::of(price), dollars: price.get("amount").and_then(Value::as_f64) };
        Some(Self::Prices(items(pricing, "prices").iter().map(price).collect()))
    }

    /// The price of a lead with these variables; `None` when there is none. `offered` returns the price that the other side
    /// offers.
    pub(crate) fn price(&self, offered: impl FnOnce() -> Option<f64>, vars: &dyn Variables) -> Option<f64> {
        match self {
            Self::Offered => offered().filter(|price| *price > 0.0),
            Self::Prices(prices) => prices.iter().rev().find(|price| price.rules.matches(vars))?.dollars,
        }
    }
}

/// What determines the price that a source gets for a lead: the prices of a flow or of a source, and its pricing service.
#[derive(Debug)]
pub(crate) struct PurchasePricing {
    /// The price of the pricing service. The service is not called: its fallback price stands in for its response.
    pub(crate) service_dollars: Option<f64>,
    pub(crate) pricing: Option<Pricing>,
}

impl PurchasePricing {
    pub(super) fn of(part: &Value) -> Self {
        let fallback = part.get("pricing_service").and_then(|service| service.get("fallback_price")?.as_f64());
        Self { service_dollars: fallback.filter(|price| *price > 0.0), pricing: Pricing::of(part) }
    }
}
