//! The top level of a scenario file.

use serde::Deserialize;

use super::example::ScenarioExample;
use super::placement;
use super::rule::RuleSpec;
use super::scalars;
#[cfg(test)]
use super::schema;
use super::sso::SsoSpec;
use super::world::WorldSpec;
use crate::support::clock::Clock;
use contract_files::yaml::{Diagnostic, Environment, Source};

/// The hint for a file that is no scenario, or lacks a required key.
const REQUIRED_KEYS: &str = "a scenario begins with `version: 1`, `name: NAME` and `description: TEXT`";

/// A scenario file.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a scenario: a map with `version`, `name` and `description`")]
pub struct ScenarioFile {
    /// The version of the language: 1.
    #[serde(deserialize_with = "scalars::version")]
    #[cfg_attr(test, schemars(with = "schema::Version"))]
    #[expect(dead_code, reason = "its value is checked while it is parsed")]
    version: u64,
    /// The name by which the scenario is selected.
    #[serde(deserialize_with = "scalars::name")]
    #[cfg_attr(test, schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$")))]
    pub name: String,
    /// One or two sentences on what happens in the scenario.
    pub description: String,
    /// The name of the scenario that this one extends.
    pub extends: Option<String>,
    /// The seed of generated values and random decisions. The option `--seed` takes precedence.
    pub seed: Option<u64>,
    /// `real`, or an RFC 3339 time at which the clock is frozen.
    #[serde(default, deserialize_with = "scalars::clock")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub clock: Option<Clock>,
    /// The world at the start.
    #[serde(default)]
    pub world: WorldSpec,
    /// The health and the entries of the single sign-on service.
    #[serde(default)]
    pub sso: SsoSpec,
    /// Rules for matching requests. The first rule that matches is applied.
    #[serde(default)]
    pub rules: Vec<RuleSpec>,
    /// Requests and the responses that they must get; tests run them.
    #[serde(default)]
    pub examples: Vec<ScenarioExample>,
}

impl ScenarioFile {
    /// Parses a file.
    ///
    /// # Errors
    ///
    /// The text is not valid YAML, or not a scenario.
    pub fn parse(source: &Source) -> Result<Self, Diagnostic> {
        Self::parse_with(source, &|_| None)
    }

    /// Parses a file with values from an environment.
    ///
    /// # Errors
    ///
    /// The text is not valid YAML, or not a scenario, or a variable is not set.
    pub fn parse_with(source: &Source, environment: &Environment<'_>) -> Result<Self, Diagnostic> {
        if source.text.trim().is_empty() {
            return Err(Diagnostic::of_file(&source.name, "the file is empty").with_hint(REQUIRED_KEYS));
        }
        source.parse_expanded(environment).map_err(|diagnostic: Diagnostic| {
            let is_top_level =
                ["missing key `", "wrong type: "].iter().any(|start| diagnostic.message.starts_with(start));
            if is_top_level { diagnostic.with_hint(REQUIRED_KEYS) } else { placement::in_file(diagnostic) }
        })
    }
}
