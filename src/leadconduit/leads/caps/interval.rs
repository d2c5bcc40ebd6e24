//! The live flows of a request, and the interval that a cap or ping limit counts in.

use std::sync::Arc;

use serde_json::Value;

use crate::leadconduit::context::ReadContext;
use crate::leadconduit::live_flow::find_live_flow;
use crate::leadconduit::state::{Account, Collection};
use crate::leadconduit::timeframe::{self, Timeframe, Unit};
use crate::support::clock::Timestamp;
use crate::support::document::{Document, text};

/// The live flows of the account: all, or the one that the query names.
pub(super) fn live_flows<'a>(context: &ReadContext<'_>, account: &'a Account) -> Vec<&'a Arc<Document>> {
    match context.input.query("flow_id") {
        Some(id) => find_live_flow(account, id).into_iter().collect(),
        None => account.all(Collection::Flows).keys().filter_map(|id| find_live_flow(account, id)).collect(),
    }
}

/// The name of the time zone of a limit's intervals: the limit's, else the account's.
pub(super) fn time_zone_of<'a>(limit: &'a Value, account: &'a Account) -> &'a str {
    limit
        .get("time_zone")
        .and_then(Value::as_str)
        .unwrap_or_else(|| account.document().text("time_zone").unwrap_or("UTC"))
}

/// The current interval of a limit; `None` when the limit has no duration. Intervals of several units follow each other
/// from the unit in which the limit was created, which is inferred.
pub(super) fn current_interval(
    context: &ReadContext<'_>,
    limit: &Value,
    flow: &Document,
    account: &Account,
) -> Option<Timeframe> {
    let unit = Unit::from_name(text(limit, "duration_units"))?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a duration is a whole number of units; larger values saturate"
    )]
    let count = limit.get("duration")?.as_f64()? as i64;
    let time_zone = timeframe::time_zone_or_utc(time_zone_of(limit, account));
    let interval = Timeframe::interval_containing(created_at(limit, flow), context.now, count, unit, &time_zone)?;
    // Counts start again at the end of the interval, so that the response must not be cached longer.
    context.limit_freshness(interval.end);
    Some(interval)
}

/// When a limit was created; when its flow was created, if the limit has no time stamp.
pub(super) fn created_at(limit: &Value, flow: &Document) -> Timestamp {
    let created_at = |of: &Value| text(of, "created_at").parse().ok();
    created_at(limit).or_else(|| created_at(flow.value())).unwrap_or(Timestamp::UNIX_EPOCH)
}
