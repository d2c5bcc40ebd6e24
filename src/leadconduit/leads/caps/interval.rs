//! The live flows of a request, and the interval that a cap or ping limit counts in.

use std::sync::Arc;

use crate::leadconduit::context::ReadContext;
use crate::leadconduit::flow_model::Limit;
use crate::leadconduit::live_flow::find_live_flow;
use crate::leadconduit::state::{Account, Collection};
use crate::leadconduit::timeframe::{self, Timeframe};
use crate::support::document::Document;

/// The live flows of the account: all, or the one that the query names.
pub(super) fn live_flows<'a>(context: &ReadContext<'_>, account: &'a Account) -> Vec<&'a Arc<Document>> {
    match context.input.query("flow_id") {
        Some(id) => find_live_flow(account, id).into_iter().collect(),
        None => account.all(Collection::Flows).keys().filter_map(|id| find_live_flow(account, id)).collect(),
    }
}

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
