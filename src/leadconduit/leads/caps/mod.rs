//! How far caps and ping limits are used up. They are parts of live flows; what they have counted follows from the
//! events of the account, and for pings, which leave none, from counters of their own.

mod pings;
mod volume;

use std::sync::Arc;

use serde_json::Value;

use super::super::context::ReadContext;
use crate::leadconduit::live_flow::live;
use crate::leadconduit::state::{Account, Collection};
use crate::leadconduit::timeframe::{self, Timeframe, Unit};
use crate::support::clock::Timestamp;
use crate::support::document::{Document, text};

pub(crate) use pings::{admit as admit_ping, get as get_ping_limit, list as list_ping_limits};
pub(crate) use volume::{CapScope, Caps, REACHED, get as get_cap, list as list_caps};

/// The live flows of the account: all, or the one that the query asks for.
fn live_flows<'a>(call: &ReadContext<'_>, account: &'a Account) -> Vec<&'a Arc<Document>> {
    match call.input.query("flow_id") {
        Some(id) => live(account, id).into_iter().collect(),
        None => account.all(Collection::Flows).keys().filter_map(|id| live(account, id)).collect(),
    }
}

/// The name of the time zone that a limit's intervals begin and end in.
fn zone_of<'a>(limit: &'a Value, account: &'a Account) -> &'a str {
    limit
        .get("time_zone")
        .and_then(Value::as_str)
        .unwrap_or_else(|| account.document().text("time_zone").unwrap_or("UTC"))
}

/// The interval of a limit that the call falls into; `None` for one that names none. Intervals of several units follow
/// each other from the unit in which the limit was made, which is inferred.
fn interval(call: &ReadContext<'_>, limit: &Value, flow: &Document, account: &Account) -> Option<Timeframe> {
    let unit = Unit::named(text(limit, "duration_units"))?;
    #[expect(clippy::cast_possible_truncation, reason = "an interval lasts whole units; more than fit are cut off")]
    let count = limit.get("duration")?.as_f64()? as i64;
    let frame =
        Timeframe::interval(made(limit, flow), call.now, count, unit, &timeframe::zone(zone_of(limit, account)))?;
    // Whatever is told of the limit is true until then at the latest.
    call.changes_at(frame.end);
    Some(frame)
}

/// When a limit was made; with its flow, when it does not tell.
fn made(limit: &Value, flow: &Document) -> Timestamp {
    let at = |of: &Value| text(of, "created_at").parse().ok();
    at(limit).or_else(|| at(flow.value())).unwrap_or(Timestamp::UNIX_EPOCH)
}
