//! What the writes of a transaction replaced, so that they can be undone.

use std::sync::Arc;

use super::collection::Collection;
use super::events::{AppendedBatch, EventLog};
use crate::support::document::Document;

/// The state before one write.
#[derive(Clone, Debug)]
pub(super) enum UndoEntry {
    /// A document of an account, or none.
    Document { account: Arc<str>, collection: Collection, id: Arc<str>, before: Option<Arc<Document>> },
    /// An account's events. The log shares its nodes with the one that replaced it.
    Events { account: Arc<str>, before: EventLog },
    /// The events of a lead, at the end of an account's events.
    Appended { account: Arc<str>, batch: AppendedBatch },
    /// An account's own document, or no such account.
    Account { id: Arc<str>, before: Option<Arc<Document>> },
}
