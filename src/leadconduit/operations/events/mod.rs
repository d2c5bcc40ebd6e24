//! Events: the list, with GET and with POST, and single events. Statistics, metrics and reports use the same filter.

pub(super) mod buckets;
pub(super) mod filter;
mod projection;
mod query;
pub(super) mod variables;

use bytes::Bytes;

use self::projection::Projection;
use self::query::EventQuery;
use self::variables::EventVariables;
use super::super::api_error::ApiError;
use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};
use super::crud;
use crate::leadconduit::state::events::Event;
use crate::support::document::serialise;

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let query = EventQuery::from_input(context.input)?;
    let log = context.events()?;
    let (from, to) = (query.from, query.to);
    let rendered = |event| query.filter.match_event(event).map(|variables| render(event, variables, &query.projection));
    // Lazy: events after the page are not examined.
    let page: Vec<Bytes> = if query.newest_first {
        log.descending(from, to).filter_map(rendered).take(query.limit).collect()
    } else {
        log.ascending(from, to).filter_map(rendered).take(query.limit).collect()
    };
    Ok(OperationResponse::json(200, crud::json_array(page)))
}

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    let log = context.events()?;
    let found = context.input.path("id").parse().ok().and_then(|id| log.get(id));
    found.map(|event| OperationResponse::json(200, event.bytes())).ok_or_else(|| ApiError::new(404, "event not found"))
}

/// Renders an event of the list. A document that a rule has parsed is not parsed again.
fn render(event: Event<'_>, variables: EventVariables<'_>, projection: &Projection) -> Bytes {
    match (projection, variables.into_document()) {
        (Projection::All, None) => event.bytes(),
        (Projection::All, Some(document)) => serialise(&document),
        (projection, Some(document)) => serialise(&projection.apply(&document)),
        (projection, None) => serialise(&projection.apply(&event.value())),
    }
}
