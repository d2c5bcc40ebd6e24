//! The operations: what each reads from the world and writes to it. One file per tag.
//!
//! To add an operation, describe it under `schemas/`, add a line to `table.rs`, and add examples to a scenario.
//! Operations on plain collections need no code (`crud.rs`); a collection with rules of its own has hooks (`hooks.rs`);
//! every other operation is a function in the file of its tag.

mod access_logs;
mod account;
mod changelogs;
mod connections;
mod credentials;
mod crud;
mod csv;
mod destinations;
mod entities;
mod events;
mod exports;
mod feedback;
mod fields;
mod flows;
mod hooks;
mod invitations;
mod leads;
mod metrics;
mod nested_ids;
mod onboards;
mod packages;
mod partner_plan;
mod reports;
mod routers;
mod statistics;
mod system;
mod table;
mod users;
mod vars;

pub use super::api_error::ApiError;
pub use super::context::{Preparation, PreparedWrite, ReadContext, WriteContext};
pub use super::leads::flow::Trigger;
pub use super::outbound_log::{WriteError, WriteResult};
pub use super::response::OperationResult;
pub use table::{HandlerError, HandlerTable};

use self::hooks::hooks_of;
use crate::leadconduit::state::Collection;

/// How an operation is performed.
#[derive(Clone, Copy, Debug)]
pub enum OperationHandler {
    /// Lists the documents of a collection.
    List(Collection),
    /// Returns one document.
    Get(Collection),
    /// Creates a document from the body.
    Create(Collection),
    /// Replaces a document with the body.
    Replace(Collection),
    /// Deletes a document.
    Delete(Collection),
    /// Runs a function that reads.
    Read(fn(&ReadContext<'_>) -> OperationResult),
    /// Runs a function that writes. An error rolls its writes back.
    Write(fn(&mut WriteContext<'_>) -> OperationResult),
    /// Runs a function that prepares a write and may need the responses of outbound calls.
    Deliver(Preparation),
    /// Runs a function that prepares a write of nothing but counters.
    CountOnly(Preparation),
    /// Generates a response from the schema; nothing is stored.
    Generated,
}

impl OperationHandler {
    /// Whether the operation never writes, so that its response can be cached until the world changes.
    #[must_use]
    pub fn is_read_only(self) -> bool {
        matches!(self, Self::List(_) | Self::Get(_) | Self::Read(_))
    }

    /// The function that prepares the write, for an operation whose writes are prepared first and stored then.
    #[must_use]
    pub fn preparation(self) -> Option<Preparation> {
        match self {
            Self::Deliver(prepare) | Self::CountOnly(prepare) => Some(prepare),
            _ => None,
        }
    }

    /// Whether the operation writes nothing but counters, so that it can run in a world that is discarded afterwards.
    #[must_use]
    pub fn only_counts(self) -> bool {
        matches!(self, Self::CountOnly(_))
    }
}

/// Performs an operation that reads.
///
/// # Errors
/// The API error of the operation; 500 for an operation that writes.
pub fn read(handler: OperationHandler, context: &ReadContext<'_>) -> OperationResult {
    let mut response = match handler {
        OperationHandler::List(collection) => crud::list(context, collection),
        OperationHandler::Get(collection) => crud::get(context, collection),
        OperationHandler::Read(read) => read(context),
        _ => Err(ApiError::internal("an operation that writes was called as one that reads")),
    }?;
    response.fresh_until = context.fresh_until();
    Ok(response)
}

/// Performs an operation that writes.
///
/// # Errors
/// The API error of the operation, 500 for an operation that reads; or a pending call.
pub fn write(handler: OperationHandler, context: &mut WriteContext<'_>) -> WriteResult {
    let result = match handler {
        OperationHandler::Create(collection) => crud::create(context, collection, &hooks_of(collection)),
        OperationHandler::Replace(collection) => crud::replace(context, collection, &hooks_of(collection)),
        OperationHandler::Delete(collection) => crud::delete(context, collection, &hooks_of(collection)),
        OperationHandler::Write(write) => write(context),
        OperationHandler::Deliver(prepare) | OperationHandler::CountOnly(prepare) => {
            return prepare(context)?.commit(context);
        }
        _ => Err(ApiError::internal("an operation that reads was called as one that writes")),
    };
    Ok(result?)
}
