//! Reads the contract's folder and every other YAML file of leadconduit-mock, with the location of each error.
//!
//! The server uses this crate at run time, and its build script uses it to bundle the built-in contract, so that both
//! accept the same files and print the same messages.
//!
//! | module | holds |
//! |---|---|
//! | [`yaml`] | YAML and JSON text to values, errors with file, line, column, caret and hint (the only user of the YAML parser) |
//! | [`pointer`] | names as tokens of RFC 6901 pointers |
//! | [`bundle`] | many contract files in, one OpenAPI document out |
//! | [`files`] | a contract's folder on disk |
//!
//! [`pointer`]: mod@pointer

pub mod bundle;
pub mod files;
pub mod pointer;
pub mod yaml;
