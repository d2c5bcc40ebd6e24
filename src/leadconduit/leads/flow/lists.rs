//! Checks against lists: whether somebody was here before, is a customer, or must not be called.

use jiff::Span;
use serde_json::{Map, Value, json};

use super::fill;
use super::target::SubmissionTarget;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::response::ApiError;
use crate::leadconduit::state::{Account, Collection};
use crate::support::clock::Timestamp;
use crate::support::document::text;

/// The checks of a flow, and what each feeds.
const CHECKS: [(&str, &str); 3] =
    [("duplicate", "is_duplicate"), ("existing_customer", "is_existing_customer"), ("dnc", "is_dnc")];

/// How many entries the lists of an account have, all together. What comes later is not kept.
const ENTRIES_MAX: usize = 200_000;

/// What the checks of a flow found, for the key `suppressionlist`; nothing when it has none.
pub(super) fn check(call: &WriteContext<'_>, door: &SubmissionTarget, vars: &Value) -> Option<Value> {
    let checks = door.flow.value().get("list_checks")?.as_object()?;
    let account = call.world.account(&door.account)?;
    let mut found = Map::new();
    for (name, feeds) in CHECKS {
        let Some(check) = checks.get(name) else { continue };
        let value = fill(text(check, "value"), vars);
        found.insert(feeds.to_owned(), is_listed(account, check, &value, call.now).into());
    }
    (!found.is_empty()).then_some(Value::Object(found))
}

/// Whether a value is on a list, and young enough.
fn is_listed(account: &Account, check: &Value, value: &str, now: Timestamp) -> bool {
    let Some(id) = entry_id(text(check, "list_name"), value) else { return false };
    let Some(entry) = account.get(Collection::ListEntries, &id) else { return false };
    let Some(since) = lookback(check, now) else { return true };
    entry.text("added_at").and_then(|at| at.parse::<Timestamp>().ok()).is_none_or(|at| at >= since)
}

/// A lead that was taken is on the list that the flow looks for duplicates in.
pub(super) fn add(call: &mut WriteContext<'_>, door: &SubmissionTarget, vars: &Value) -> Result<(), ApiError> {
    let Some(check) = door.flow.value().pointer("/list_checks/duplicate") else { return Ok(()) };
    let list = text(check, "list_name");
    let value = fill(text(check, "value"), vars);
    let Some(id) = entry_id(list, &value) else { return Ok(()) };
    let full = call.world.account(&door.account).is_none_or(|a| a.all(Collection::ListEntries).len() >= ENTRIES_MAX);
    if full {
        return Ok(());
    }
    let entry = json!({"id": id, "list_name": list, "value": value, "added_at": call.stamp()});
    call.put_for(&door.account, Collection::ListEntries, &entry).map(drop)
}

/// The id of a value on a list: case and what stands between digits or letters do not count. Nothing is on no list.
fn entry_id(list: &str, value: &str) -> Option<String> {
    let bare: String = value.chars().filter(|c| !c.is_whitespace() && !"()-".contains(*c)).collect();
    (!bare.is_empty() && !list.is_empty()).then(|| format!("{list}/{}", bare.to_lowercase()))
}

/// Since when an entry counts; `None` for always.
fn lookback(check: &Value, now: Timestamp) -> Option<Timestamp> {
    let lookback = check.get("lookback").filter(|lookback| lookback.is_object())?;
    #[expect(clippy::cast_possible_truncation, reason = "whole units; more than fit are cut off")]
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
