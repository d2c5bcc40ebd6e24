//! Events: the list, by GET and by POST, and one of them. What statistics, metrics and reports count is chosen with
//! the same filter.

pub(super) mod buckets;
pub(super) mod filter;
mod parts;
mod query;
pub(super) mod variables;

use bytes::Bytes;

use self::parts::Parts;
use self::query::Question;
use self::variables::EventVariables;
use super::super::context::ReadContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::crud;
use crate::leadconduit::state::events::Event;
use crate::support::document::serialise;

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    let question = Question::of(call.input)?;
    let log = call.events()?;
    let (from, to) = (question.from, question.to);
    let shown = |event| question.filter.fits(event).map(|looked_into| shown(event, looked_into, &question.parts));
    // Both ways end with the page: what lies beyond it costs nothing.
    let page: Vec<Bytes> = if question.newest_first {
        log.descending(from, to).filter_map(shown).take(question.limit).collect()
    } else {
        log.ascending(from, to).filter_map(shown).take(question.limit).collect()
    };
    Ok(OperationResponse::of(200, crud::joined(page)))
}

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    let log = call.events()?;
    let found = call.input.path("id").parse().ok().and_then(|id| log.get(id));
    found.map(|event| OperationResponse::of(200, event.bytes())).ok_or_else(|| ApiError::new(404, "event not found"))
}

/// An event as the list shows it. What a rule has made a tree of already is not read again.
fn shown(event: Event<'_>, looked_into: EventVariables<'_>, parts: &Parts) -> Bytes {
    match (parts, looked_into.into_document()) {
        (Parts::All, None) => event.bytes(),
        (Parts::All, Some(document)) => serialise(&document),
        (parts, Some(document)) => serialise(&parts.of(&document)),
        (parts, None) => serialise(&parts.of(&event.value())),
    }
}
