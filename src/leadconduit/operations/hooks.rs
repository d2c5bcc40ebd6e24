//! The hooks of the collections. To give a collection rules of its own, add `HOOKS` to its module and a line here.

use super::crud::CollectionHooks;
use super::{credentials, entities, fields, flows, reports, routers};
use crate::leadconduit::state::Collection;

/// The collections with hooks.
const TABLE: [(Collection, CollectionHooks); 6] = [
    (Collection::Credentials, credentials::HOOKS),
    (Collection::Entities, entities::HOOKS),
    (Collection::Fields, fields::HOOKS),
    (Collection::Flows, flows::HOOKS),
    (Collection::Routers, routers::HOOKS),
    (Collection::Reports, reports::HOOKS),
];

/// The hooks of a collection.
pub(super) fn hooks_of(collection: Collection) -> CollectionHooks {
    TABLE.iter().find(|(other, _)| *other == collection).map_or(CollectionHooks::NONE, |(_, hooks)| *hooks)
}
