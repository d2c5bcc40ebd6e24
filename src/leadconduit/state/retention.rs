//! For how long the events of an account are kept.

use serde_json::Value;

use super::Account;
use crate::support::clock::{SignedDuration, Timestamp};

/// How many days LeadConduit keeps events, at most.
pub const RETENTION_DAYS: i64 = 90;

/// The start of the retention period, in milliseconds since 1970: 90 days ago, or `data_retention_in_days` of the account
/// when that is less.
#[must_use]
pub fn start_ms(account: &Account, now: Timestamp) -> i64 {
    let days = account.document().value().get("data_retention_in_days").and_then(Value::as_i64);
    let days = days.filter(|days| (1..RETENTION_DAYS).contains(days)).unwrap_or(RETENTION_DAYS);
    now.as_millisecond() - SignedDuration::from_hours(days * 24).as_secs() * 1000
}
