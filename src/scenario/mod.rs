//! Scenarios: the starting world, the health of what LeadConduit depends on, rules, and examples that prove them.

pub mod apply;
pub mod build;
pub mod built_in;
mod check;
pub mod examples;
pub mod history;
pub mod language;
pub mod library;
mod merge;
mod populate;
pub mod rule;
pub mod state_document;

pub use build::Scenario;
pub use library::Library;
