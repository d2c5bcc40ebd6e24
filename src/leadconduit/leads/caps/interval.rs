//! The interval that a cap or ping limit counts in.

use crate::leadconduit::context::ReadContext;
use crate::leadconduit::flow_model::Limit;
use crate::leadconduit::state::Account;
use crate::leadconduit::timeframe::{self, Timeframe};

/// The name of the time zone of a limit's intervals: the limit's, else the account's.
pub(super) fn time_zone_of<'a>(limit: &'a Limit, account: &'a Account) -> &'a str {
    limit.time_zone.as_ref().map_or_else(|| account_time_zone(account), |time_zone| &time_zone.name)
}

fn account_time_zone(account: &Account) -> &str {
    account.document().text("time_zone").unwrap_or("UTC")
}

/// The current interval of a limit; `None` when the limit has no duration. Intervals of several units follow each other
/// from the unit in which the limit was created, which is inferred.
pub(super) fn current_interval(context: &ReadContext<'_>, limit: &Limit, account: &Account) -> Option<Timeframe> {
    let (count, unit) = limit.duration?;
    let of_limit = limit.time_zone.as_ref().map(|time_zone| time_zone.zone.clone());
    let time_zone = of_limit.unwrap_or_else(|| timeframe::time_zone_or_utc(account_time_zone(account)));
    let interval = Timeframe::interval_containing(limit.created_at, context.now, count, unit, &time_zone)?;
    // Counts start again at the end of the interval, so that the response must not be cached longer.
    context.limit_freshness(interval.end);
    Some(interval)
}
