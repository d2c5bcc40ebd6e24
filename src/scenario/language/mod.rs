//! The scenario language: what may stand in a file. Words are checked while the file is read, so that a mistake
//! has its place. `schemas/scenario.schema.json` is made from these types, for editors.

mod example;
mod rule;
mod scalars;
#[cfg(test)]
mod schema;
mod sso;
mod world;

use serde::Deserialize;
use serde_json::Value;

pub use example::{BodyPart, ExamplePart, RangePart, RequestPart, ResponsePart, StepPart};
pub use rule::{
    BodyWhen, CallerWhen, Calls, ClockWhen, DripPart, OneOrMany, Per, RatePart, RulePart, TextWhen, ThenPart, WhenPart,
    Work,
};
pub(super) use scalars::read_method;
pub use sso::SsoPart;
pub use world::{AccountPart, GeneratePart, KeyPart, WorldPart};

use crate::support::clock::Clock;

/// The version of the language.
pub const VERSION: u64 = 1;

/// One file.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The version of the language: 1.
    #[serde(deserialize_with = "scalars::version")]
    #[cfg_attr(test, schemars(with = "schema::Version"))]
    #[expect(dead_code, reason = "its value is checked while it is read")]
    version: u64,
    /// The scenario's name, with which it is chosen.
    #[serde(deserialize_with = "scalars::name")]
    #[cfg_attr(test, schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$")))]
    pub name: String,
    /// One or two sentences on what happens in it.
    pub description: String,
    /// The scenario that this one starts from.
    pub extends: Option<String>,
    /// The seed of everything that is made up, unless the command line names another.
    pub seed: Option<u64>,
    /// `real`, or the moment at which the clock stands.
    #[serde(default, deserialize_with = "scalars::clock")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub clock: Option<Clock>,
    /// The world at the start.
    #[serde(default)]
    pub world: WorldPart,
    /// The single-sign-on service.
    #[serde(default)]
    pub sso: SsoPart,
    /// What happens to requests that match; the first rule that does speaks.
    #[serde(default)]
    pub rules: Vec<RulePart>,
    /// Requests with the replies that prove the scenario.
    #[serde(default)]
    pub examples: Vec<ExamplePart>,
}

/// A document, as JSON.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Document(
    #[serde(deserialize_with = "contract_files::yaml::json_value")]
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub Value,
);
