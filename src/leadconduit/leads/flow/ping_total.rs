//! Counts pings for statistics. Pings leave no events: only how many there were in a minute, by flow and source.

use serde_json::json;

use super::target::SubmissionTarget;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::flow_model::entity_ref;
use crate::leadconduit::state::Collection;
use crate::leadconduit::state::ping_total::{PING_TOTALS_MAX, PingCounts};
use crate::support::clock::{Timestamp, format_timestamp};

/// Counts a ping, and whether it got a bid.
///
/// # Errors
///
/// When the count cannot be stored.
pub(super) fn count(context: &mut WriteContext<'_>, target: &SubmissionTarget, has_bid: bool) -> Result<(), ApiError> {
    let minute = context.now.as_second().div_euclid(60);
    let (flow, source) = (&target.flow().id.text, &target.source().entity.text);
    // Fixed-width, so that ids are in the order of time.
    let id = format!("{minute:012}/{flow}/{source}");
    let Some(account) = context.world.account(&target.account) else { return Ok(()) };
    let totals = account.all(Collection::PingTotals);
    if let Some(stored) = account.get(Collection::PingTotals, &id) {
        let total = PingCounts::of(stored).with_another(has_bid);
        if cfg!(debug_assertions) {
            context.check(Collection::PingTotals.model(), total.value())?;
        }
        context.world.put(&target.account, Collection::PingTotals, &id, total);
        return Ok(());
    }
    let total = json!({
        "id": id,
        "minute_at": format_timestamp(Timestamp::from_second(minute * 60).unwrap_or(context.now)),
        "account": entity_ref(account.document().value()),
        "flow": target.flow().reference,
        "source": target.source().reference,
        "submitted": 1,
        "success": u64::from(has_bid),
    });
    let oldest = totals.keys().next().filter(|_| totals.len() >= PING_TOTALS_MAX).cloned();
    if let Some(oldest) = oldest {
        context.world.remove(&target.account, Collection::PingTotals, &oldest);
    }
    context.put_for_account(&target.account, Collection::PingTotals, &total).map(drop)
}
