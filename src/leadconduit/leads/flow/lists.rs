//! List checks: whether a lead is a duplicate, an existing customer, or must not be called.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::fields::HiddenTexts;
use super::target::SubmissionTarget;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::flow_model::ListCheck;
use crate::leadconduit::state::{Account, Collection};
use crate::support::clock::Timestamp;

/// How many list entries an account can have; further ones are not added.
const ENTRIES_MAX: usize = 200_000;

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
    let Some(id) = entry_id(&check.list_name, value) else { return false };
    let Some(entry) = account.get(Collection::ListEntries, &id) else { return false };
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
    let list = &check.list_name;
    let value = listed_value(check, vars, hidden);
    let id = entry_id(list, &value)?;
    Some(json!({"id": id, "list_name": list, "value": value, "added_at": context.timestamp()}))
}

/// Adds an entry to the lists of an account.
///
/// # Errors
///
/// When the entry cannot be stored.
pub(super) fn add(context: &mut WriteContext<'_>, account: &str, entry: &Value) -> Result<(), ApiError> {
    let entries = context.world.account(account).map(|account| account.all(Collection::ListEntries).len());
    if entries.is_none_or(|count| count >= ENTRIES_MAX) {
        return Ok(());
    }
    context.put_for_account(account, Collection::ListEntries, entry).map(drop)
}

/// The value that is looked for or added. A secret is on a list as a checksum, so that it is not stored.
fn listed_value(check: &ListCheck, vars: &Value, hidden: &HiddenTexts) -> String {
    let value = check.value.fill(vars);
    let is_secret = hidden.secrets.iter().any(|secret| value.contains(secret.trim()));
    if is_secret { STANDARD.encode(Sha256::digest(&value)) } else { value }
}

/// The id of a value on a list. Case, white space, parentheses and hyphens do not count. `None` for an empty value.
fn entry_id(list: &str, value: &str) -> Option<String> {
    let normalised: String = value.chars().filter(|c| !c.is_whitespace() && !"()-".contains(*c)).collect();
    (!normalised.is_empty() && !list.is_empty()).then(|| format!("{list}/{}", normalised.to_lowercase()))
}

/// Start of the lookback period of a check; `None` when it is unlimited.
fn lookback_start(check: &ListCheck, now: Timestamp) -> Option<Timestamp> {
    let now = now.to_zoned(jiff::tz::TimeZone::UTC);
    Some(now.checked_sub(check.lookback?).ok()?.timestamp())
}
