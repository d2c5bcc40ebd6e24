//! What each operation does to the world.
//!
//! To add an operation: describe it under `schemas/`, add a line to `table`, and give it examples in a scenario.
//! Operations on plain collections need no code (`crud`); those with rules of their own have a function in the
//! file of their area.

mod access_logs;
mod account;
mod changelogs;
mod connections;
mod crud;
mod csv;
mod destinations;
mod entities;
mod events;
mod exports;
mod feedback;
mod fields;
mod flows;
mod invitations;
mod leads;
mod metrics;
mod nested_ids;
mod onboards;
mod packages;
mod reports;
mod routers;
mod statistics;
mod system;
mod table;
mod users;
mod vars;

pub use super::context::{ReadContext, WriteContext};
pub use super::effect_log::EffectLog;
pub use super::leads::flow::Trigger;
pub use super::response::{ApiError, OperationResponse, Outcome, Style};
pub use table::Behaviours;

use crate::leadconduit::state::Collection;

/// What an operation does.
#[derive(Clone, Copy, Debug)]
pub enum Behaviour {
    /// The account's documents of one kind, as they are.
    List(Collection),
    /// One of them.
    Get(Collection),
    /// A new one from the body.
    Create(Collection),
    /// Another one in its place.
    Replace(Collection),
    /// Takes one away.
    Delete(Collection),
    /// Reads, by rules of its own.
    Read(fn(&ReadContext<'_>) -> Outcome),
    /// Writes, by rules of its own. When it refuses, nothing has changed.
    Write(fn(&mut WriteContext<'_>) -> Outcome),
    /// Answers, by rules of its own, and leaves nothing behind but counts.
    Ask(fn(&mut WriteContext<'_>) -> Outcome),
    /// A reply made from its schema; nothing is kept.
    Generated,
}

impl Behaviour {
    /// Whether it leaves the world as it is, so that its reply may be remembered until the world changes.
    #[must_use]
    pub fn only_reads(self) -> bool {
        matches!(self, Self::List(_) | Self::Get(_) | Self::Read(_))
    }

    /// Whether it may be done where nothing is kept: all that is lost then is a count.
    #[must_use]
    pub fn only_counts(self) -> bool {
        matches!(self, Self::Ask(_))
    }
}

/// Runs a behaviour that reads.
pub fn read(behaviour: Behaviour, call: &ReadContext<'_>) -> Outcome {
    let mut answer = match behaviour {
        Behaviour::List(collection) => crud::list(call, collection),
        Behaviour::Get(collection) => crud::get(call, collection),
        Behaviour::Read(read) => read(call),
        _ => Err(ApiError::internal("an operation that writes was asked to read")),
    }?;
    answer.fresh_until = call.fresh_until();
    Ok(answer)
}

/// Runs a behaviour that writes.
pub fn write(behaviour: Behaviour, call: &mut WriteContext<'_>) -> Outcome {
    match behaviour {
        Behaviour::Create(collection) => crud::create(call, collection),
        Behaviour::Replace(collection) => crud::replace(call, collection),
        Behaviour::Delete(collection) => crud::delete(call, collection),
        Behaviour::Write(write) | Behaviour::Ask(write) => write(call),
        _ => Err(ApiError::internal("an operation that reads was asked to write")),
    }
}
