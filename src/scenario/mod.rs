//! Scenarios: a starting world, the health of the single sign-on service, rules, and examples that tests run.
//!
//! | module | holds |
//! |---|---|
//! | [`library`] | the scenarios that can be selected: the built-in ones and those of a folder |
//! | [`built_in`] | the files that are part of the binary |
//! | [`language`] | the file format |
//! | [`build`] | from a chain of files (`extends`) to a scenario |
//! | `validate` | diagnostics of a chain of files |
//! | `merge` | merging a chain, and creating its world |
//! | [`rule`] | compiled rules: matching, selection, responses |
//! | [`apply`] | changes that rules make to a world |
//! | `volume` | limits on what is generated |
//! | `populate`, [`history`] | generated documents, and generated events of past leads |
//! | [`examples`] | running the examples of a scenario |
//! | [`state_document`] | export and import of a world |
//! | [`single_document`] | single documents of a world |
//!
//! A new built-in scenario is a file in `scenarios/` and a line in [`built_in`]. A new key of the language is a field
//! in [`language`], its use in [`rule`] or `merge`, and `schemas/scenario.schema.json`, which a test regenerates.

pub mod apply;
pub mod build;
pub mod built_in;
pub mod examples;
pub mod history;
pub mod language;
pub mod library;
mod merge;
mod populate;
mod relative_times;
pub mod rule;
pub mod single_document;
pub mod state_document;
mod validate;
mod volume;

pub use build::Scenario;
pub use library::Library;
