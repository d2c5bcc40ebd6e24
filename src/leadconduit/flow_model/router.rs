//! Routers. Nothing evaluates their rules: the documentation names no address to which routed leads could be sent.

use serde_json::Value;

use super::reference::DocumentId;
use crate::support::document::{Document, TypedDocument, items};

/// A router: the sources of flows that get the leads of a module.
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) id: DocumentId,
    /// The module; `None` when it has none.
    pub(crate) module: Option<String>,
    pub(crate) routes: Vec<Route>,
}

/// The destination of some leads.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) flow: DocumentId,
    /// The id of the source's entity, or its own short id.
    pub(crate) source: DocumentId,
}

impl Router {
    /// The typed router of a document.
    pub(crate) fn of(document: &Document) -> &Self {
        document.typed()
    }
}

impl TypedDocument for Router {
    fn from_value(router: &Value) -> Self {
        let route = |route: &Value| Route {
            flow: DocumentId::at(route, "flow_id"),
            source: DocumentId::at(route, "source_id"),
        };
        Self {
            id: DocumentId::of(router),
            module: router.get("module_id").and_then(Value::as_str).map(str::to_owned),
            routes: items(router, "routes").iter().map(route).collect(),
        }
    }
}
