//! The state of the simulated LeadConduit: accounts, collections, events, the single-sign-on service.
//!
//! A [`World`] is a value: copies share every document. Writes inside a [`transaction::Transaction`] leave no trace
//! unless it is committed.
//!
//! To add a collection, add a variant to [`Collection`] with its row in `ALL` and `labels`, and its model to the
//! contract.

pub mod account;
pub mod budget;
pub mod cap_count;
pub mod collection;
pub mod events;
pub mod identity;
pub mod ping_total;
pub mod retention;
pub mod sso;
pub mod transaction;
mod undo_log;
pub mod world;

pub use account::Account;
pub use collection::{Collection, Documents};
pub use identity::{ApiKeyOwner, Caller};
pub use world::World;
