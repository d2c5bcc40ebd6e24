//! SuppressionList: lists of values in the world.
//!
//! A list is declared in the collection `lists`, or exists because it has an entry in the collection `list_entries`. As
//! documented, values match without regard to case and surrounding white space, and a value and its MD5 hash match each
//! other.
//!
//! | module | holds |
//! |---|---|
//! | [`call`] | the calls of its API: parsed from requests, and performed |
//! | [`store`] | the lists and their entries |
//!
//! Each module uses only modules below it in this table.

pub mod call;
pub mod store;
