//! List checks: whether a lead is a duplicate, an existing customer, or must not be called.

use serde_json::{Map, Value, json};

use super::fields::HiddenTexts;
use super::target::SubmissionTarget;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::flow_model::ListCheck;
use crate::leadconduit::services::suppressionlist::store;
use crate::leadconduit::state::Account;
use crate::support::clock::Timestamp;
use crate::support::document::text;

/// The results of the list checks of a flow, for the variable `suppressionlist`; `None` when it has no checks.
pub(super) fn check(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    vars: &Value,
    hidden: &HiddenTexts,
) -> Option<Value> {
    let checks = &target.flow().list_checks;
    if checks.is_empty() {
        return None;
    }
    let account = context.world.account(&target.account)?;
    let mut results = Map::new();
    for check in checks {
        let is_listed = is_listed(account, check, &listed_value(check, vars, hidden), context.now);
        results.insert(check.variable.to_owned(), is_listed.into());
    }
    Some(Value::Object(results))
}

/// Whether a value is on the list of a check, and was added within its lookback period.
fn is_listed(account: &Account, check: &ListCheck, value: &str, now: Timestamp) -> bool {
    let Some(entry) = store::find(account, &check.list_name, value) else { return false };
    let Some(since) = lookback_start(check, now) else { return true };
    entry.text("added_at").and_then(|at| at.parse::<Timestamp>().ok()).is_none_or(|at| at >= since)
}

/// The entry of an accepted lead on the list of the duplicate check; `None` when the flow adds leads to no list.
pub(super) fn entry(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    vars: &Value,
    hidden: &HiddenTexts,
) -> Option<Value> {
    let check = target.flow().list_checks.iter().find(|check| check.adds_leads)?;
    let value = listed_value(check, vars, hidden);
    Some(json!({"list_name": check.list_name, "value": value, "added_at": context.timestamp()}))
}

/// Adds an entry to the lists of an account.
///
/// # Errors
///
/// When the entry cannot be stored.
pub(super) fn add(context: &mut WriteContext<'_>, account: &str, entry: &Value) -> Result<(), ApiError> {
    let [list, value, added_at] = ["list_name", "value", "added_at"].map(|name| text(entry, name));
    store::add(context, account, list, value, added_at).map(drop)
}

/// The value that is looked for or added. A secret is on a list as its hash, so that it is not stored.
fn listed_value(check: &ListCheck, vars: &Value, hidden: &HiddenTexts) -> String {
    let value = check.value.fill(vars);
    let is_secret = hidden.secrets.iter().any(|secret| value.contains(secret.trim()));
    if is_secret { store::hash(&value) } else { value }
}

/// Start of the lookback period of a check; `None` when it is unlimited.
fn lookback_start(check: &ListCheck, now: Timestamp) -> Option<Timestamp> {
    let now = now.to_zoned(jiff::tz::TimeZone::UTC);
    Some(now.checked_sub(check.lookback?).ok()?.timestamp())
}
