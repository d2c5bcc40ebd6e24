//! List checks: whether a lead is a duplicate, an existing customer, or must not be called.

use jiff::Span;
use serde_json::Value;

use super::template::TextTemplate;
use crate::support::document::text;

/// The checks that a flow can have, and the variable that each sets.
const CHECKS: [(&str, &str); 3] =
    [(DUPLICATE, "is_duplicate"), ("existing_customer", "is_existing_customer"), ("dnc", "is_dnc")];

/// The check whose list accepted leads are added to.
const DUPLICATE: &str = "duplicate";

/// A list check.
#[derive(Debug)]
pub(crate) struct ListCheck {
    /// The variable that it sets.
    pub(crate) variable: &'static str,
    /// Whether accepted leads are added to the list.
    pub(crate) adds_leads: bool,
    pub(crate) list_name: String,
    /// The value that is looked up in the list.
    pub(crate) value: TextTemplate,
    /// How long an entry counts; `None` when it counts forever.
    pub(crate) lookback: Option<Span>,
}

impl ListCheck {
    /// The list checks of a flow.
    pub(super) fn all(flow: &Value) -> Vec<Self> {
        let Some(checks) = flow.get("list_checks").and_then(Value::as_object) else { return Vec::new() };
        let present = CHECKS.iter().filter_map(|(name, variable)| Some((*name, *variable, checks.get(*name)?)));
        let check = |(name, variable, check): (&str, &'static str, &Value)| Self {
            variable,
            adds_leads: name == DUPLICATE,
            list_name: text(check, "list_name").to_owned(),
            value: TextTemplate::new(text(check, "value")),
            lookback: lookback(check),
        };
        present.map(check).collect()
    }
}

/// The lookback period of a check; `None` when it is unlimited.
fn lookback(check: &Value) -> Option<Span> {
    let lookback = check.get("lookback").filter(|lookback| lookback.is_object())?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a lookback is a whole number of units; larger values saturate"
    )]
    let count = lookback.get("value")?.as_f64()? as i64;
    let span = Span::new();
    let span = match text(lookback, "interval") {
        "year" => span.try_years(count),
        "month" => span.try_months(count),
        "week" => span.try_weeks(count),
        "day" => span.try_days(count),
        "hour" => span.try_hours(count),
        _ => span.try_minutes(count),
    };
    span.ok()
}
