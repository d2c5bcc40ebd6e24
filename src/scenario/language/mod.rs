//! The scenario language: the types of a scenario file, as serde reads them.
//!
//! Values are validated while the file is parsed, so that diagnostics have line and column. The doc comments are the
//! descriptions of `schemas/scenario.schema.json`, which a test compares with these types
//! (`UPDATE_SCHEMA=1 cargo test published_schema` writes it). A new key is a field with a doc comment.

mod example;
mod file;
mod placement;
mod rule;
mod scalars;
#[cfg(test)]
mod schema;
mod sso;
mod world;

pub use example::{ExampleRequest, ExampleStep, ExpectedBody, ExpectedRange, ExpectedResponse, ScenarioExample};
pub use file::ScenarioFile;
pub use rule::{
    BodyCondition, CallRange, CallerCondition, ClockCondition, DripSpec, OneOrMany, OperationWork, RateScope, RateSpec,
    RuleSpec, StepSpec, TextCondition, TtlStart, WhenSpec,
};
pub use scalars::JsonDocument;
pub use scalars::optional_duration_ms as duration_ms;
pub(super) use scalars::parse_method;
pub(crate) use sso::SsoChange;
pub use sso::{FlappingSpec, SsoSpec, SsoStatusName};
pub use world::{AccountSpec, GenerateCounts, KeySpec, WorldSpec};
