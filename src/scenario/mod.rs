//! Scenarios: the starting world, the health of what LeadConduit depends on, and examples that prove both.

pub mod build;
pub mod built_in;
pub mod examples;
pub mod language;
pub mod library;
mod merge;
mod populate;

pub use build::Scenario;
pub use library::Library;
