//! List checks: whether a lead is a duplicate, an existing customer, or must not be called.

use jiff::Span;
use serde_json::{Map, Value, json};

use super::evaluate::fill_template;
use super::target::SubmissionTarget;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::response::ApiError;
use crate::leadconduit::state::{Account, Collection};
use crate::support::clock::Timestamp;
use crate::support::document::text;

/// The checks of a flow, and the variable that each sets.
const CHECKS: [(&str, &str); 3] =
    [("duplicate", "is_duplicate"), ("existing_customer", "is_existing_customer"), ("dnc", "is_dnc")];

/// How many list entries an account can have; further ones are not added.
const ENTRIES_MAX: usize = 200_000;

/// The results of the list checks of a flow, for the variable `suppressionlist`; `None` when it has no checks.
pub(super) fn check(context: &WriteContext<'_>, target: &SubmissionTarget, vars: &Value) -> Option<Value> {
    let checks = target.flow.value().get("list_checks")?.as_object()?;
    let account = context.world.account(&target.account)?;
    let mut results = Map::new();
    for (name, variable) in CHECKS {
        let Some(check) = checks.get(name) else { continue };
        let value = fill_template(text(check, "value"), vars);
        results.insert(variable.to_owned(), is_listed(account, check, &value, context.now).into());
    }
    (!results.is_empty()).then_some(Value::Object(results))
}

/// Whether a value is on the list of a check, and was added within its lookback period.
fn is_listed(account: &Account, check: &Value, value: &str, now: Timestamp) -> bool {
    let Some(id) = entry_id(text(check, "list_name"), value) else { return false };
    let Some(entry) = account.get(Collection::ListEntries, &id) else { return false };
    let Some(since) = lookback_start(check, now) else { return true };
    entry.text("added_at").and_then(|at| at.parse::<Timestamp>().ok()).is_none_or(|at| at >= since)
}

/// Adds an accepted lead to the list of the duplicate check.
///
/// # Errors
///
/// When the entry cannot be stored.
pub(super) fn add(context: &mut WriteContext<'_>, target: &SubmissionTarget, vars: &Value) -> Result<(), ApiError> {
    let Some(check) = target.flow.value().pointer("/list_checks/duplicate") else { return Ok(()) };
    let list = text(check, "list_name");
    let value = fill_template(text(check, "value"), vars);
    let Some(id) = entry_id(list, &value) else { return Ok(()) };
    let account = context.world.account(&target.account);
    if account.is_none_or(|account| account.all(Collection::ListEntries).len() >= ENTRIES_MAX) {
        return Ok(());
    }
    let entry = json!({"id": id, "list_name": list, "value": value, "added_at": context.timestamp()});
    context.put_for_account(&target.account, Collection::ListEntries, &entry).map(drop)
}

/// The id of a value on a list. Case, white space, parentheses and hyphens do not count. `None` for an empty value.
fn entry_id(list: &str, value: &str) -> Option<String> {
    let normalised: String = value.chars().filter(|c| !c.is_whitespace() && !"()-".contains(*c)).collect();
    (!normalised.is_empty() && !list.is_empty()).then(|| format!("{list}/{}", normalised.to_lowercase()))
}

/// Start of the lookback period of a check; `None` when it is unlimited.
fn lookback_start(check: &Value, now: Timestamp) -> Option<Timestamp> {
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
    let span = span.ok()?;
    let now = now.to_zoned(jiff::tz::TimeZone::UTC);
    Some(now.checked_sub(span).ok()?.timestamp())
}
