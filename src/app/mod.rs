//! From settings to a running server: start-up, reload of changed files, and the mock inside a Rust test.

pub mod bootstrap;
pub mod embed;
pub mod watch;
