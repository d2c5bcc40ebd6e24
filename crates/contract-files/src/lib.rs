//! Reads the contract folder and every other YAML file of leadconduit-mock, with the position of each error.
//!
//! The server uses this crate at run time, and its build script uses it to bundle the built-in contract, so that both
//! accept the same files and print the same messages.
//!
//! | module | holds |
//! |---|---|
//! | [`yaml`] | parsing of YAML and JSON text; errors with file, line, column, caret and hint |
//! | [`pointer`] | escaping of names in RFC 6901 pointers |
//! | [`bundle`] | the contract files bundled into one OpenAPI document |
//! | [`files`] | the contract folder on disk |
//!
//! [`pointer`]: mod@pointer

pub mod bundle;
pub mod files;
pub mod pointer;
pub mod yaml;
