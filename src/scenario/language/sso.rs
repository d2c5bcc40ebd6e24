//! The single sign-on service in a scenario file: its health and its entries.

use serde::{Deserialize, Deserializer};

use super::scalars::{self, JsonDocument, TextVisitor};
#[cfg(test)]
use super::schema;
use crate::leadconduit::state::sso::{FlapPattern, SsoStatus};
use crate::support::delay::Delay;

/// The latency of a slow service without `latency`.
const LATENCY_DEFAULT: Delay = Delay::Fixed { ms: 2000 };

/// The single sign-on service.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { status: down }")]
pub struct SsoSpec {
    /// Its health: `up`, `down`, `slow`, `flapping` or `partial`.
    #[serde(default, deserialize_with = "status")]
    pub status: Option<SsoStatusName>,
    /// The delay of each call with `slow`; the default is 2 seconds.
    #[serde(default, deserialize_with = "scalars::delay")]
    #[cfg_attr(test, schemars(with = "Option<schema::Delay>"))]
    pub latency: Option<Delay>,
    /// The cycle of successes and failures with `flapping`. By default every second call fails.
    pub flapping: Option<FlappingSpec>,
    /// The operations whose calls fail with `partial`.
    #[serde(default)]
    pub operations: Vec<String>,
    /// Its accounts.
    #[serde(default)]
    pub accounts: Vec<JsonDocument>,
    /// Its network connections: the source of truth for connections.
    #[serde(default)]
    pub connections: Vec<JsonDocument>,
    /// Ids of inherited entries that are removed.
    #[serde(default)]
    pub remove: Vec<String>,
}

/// A change of the health by a control call: the keys of [`SsoSpec`], and how long it lasts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = r#"an object such as {"status": "down", "for": "30s"}"#)]
pub(crate) struct SsoChange {
    #[serde(default, deserialize_with = "status")]
    status: Option<SsoStatusName>,
    #[serde(default, deserialize_with = "scalars::delay")]
    latency: Option<Delay>,
    flapping: Option<FlappingSpec>,
    #[serde(default)]
    operations: Vec<String>,
    /// How long the health lasts on the sandbox's clock. Without it, it has no end.
    #[serde(default, rename = "for", deserialize_with = "scalars::optional_duration_ms")]
    lasts_ms: Option<u64>,
    // Entries of the service are parsed, so that the caller can say where they belong.
    #[serde(default)]
    accounts: Vec<JsonDocument>,
    #[serde(default)]
    connections: Vec<JsonDocument>,
    #[serde(default)]
    remove: Vec<String>,
}

impl SsoChange {
    /// The service as a scenario file describes it, and how long the change lasts in milliseconds.
    pub(crate) fn into_parts(self) -> (SsoSpec, Option<u64>) {
        let Self { status, latency, flapping, operations, lasts_ms, accounts, connections, remove } = self;
        (SsoSpec { status, latency, flapping, operations, accounts, connections, remove }, lasts_ms)
    }
}

/// The health of the single sign-on service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum SsoStatusName {
    /// Every call succeeds.
    Up,
    /// Every call fails.
    Down,
    /// Every call succeeds after a delay: see `latency`.
    Slow,
    /// Calls succeed and fail in a cycle: see `flapping`.
    Flapping,
    /// The calls of some operations fail: see `operations`.
    Partial,
}

const STATUS_NAMES: [(&str, SsoStatusName); 5] = [
    ("up", SsoStatusName::Up),
    ("down", SsoStatusName::Down),
    ("slow", SsoStatusName::Slow),
    ("flapping", SsoStatusName::Flapping),
    ("partial", SsoStatusName::Partial),
];

/// The cycle of a flapping service, counted in calls to it or in seconds of the sandbox's clock.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { calls: { up: 1, down: 1 } }")]
pub struct FlappingSpec {
    /// The numbers of calls that succeed and then fail.
    calls: Option<CycleSpec>,
    /// The numbers of seconds during which calls succeed and then fail.
    seconds: Option<CycleSpec>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { up: 1, down: 1 }")]
struct CycleSpec {
    /// The number of successes.
    up: u32,
    /// The number of failures that follow.
    down: u32,
}

impl From<CycleSpec> for FlapPattern {
    fn from(cycle: CycleSpec) -> Self {
        Self { up: cycle.up, down: cycle.down }
    }
}

/// Keys of `sso` that are missing, or belong to another status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HealthError {
    /// A key belongs to another status.
    #[error("`{}` needs `status: {status}`", &pointer[1..])]
    OtherStatus {
        /// JSON pointer to the key.
        pointer: &'static str,
        /// The status that the key belongs to.
        status: &'static str,
    },
    /// `partial` without operations.
    #[error("`partial` needs `operations`, whose calls fail")]
    NoOperations,
    /// `flapping` with both units, or with none.
    #[error("write either `calls` or `seconds`")]
    FlappingUnit,
    /// `flapping` with a part of no length.
    #[error("`up` and `down` must be 1 or more")]
    FlappingLength,
}

impl HealthError {
    /// JSON pointer to the invalid key, relative to `sso`.
    #[must_use]
    pub fn pointer(self) -> &'static str {
        match self {
            Self::OtherStatus { pointer, .. } => pointer,
            Self::NoOperations => "/status",
            Self::FlappingUnit | Self::FlappingLength => "/flapping",
        }
    }
}

impl SsoSpec {
    /// The health, if `status` is given.
    ///
    /// # Errors
    ///
    /// Keys are missing or belong to another status.
    pub(crate) fn health(&self) -> Result<Option<SsoStatus>, HealthError> {
        let needs_status = [
            ("/latency", self.latency.is_some(), SsoStatusName::Slow, "slow"),
            ("/flapping", self.flapping.is_some(), SsoStatusName::Flapping, "flapping"),
            ("/operations", !self.operations.is_empty(), SsoStatusName::Partial, "partial"),
        ];
        let is_misplaced =
            |(_, given, status, _): &&(_, bool, SsoStatusName, _)| *given && self.status != Some(*status);
        if let Some((pointer, _, _, status)) = needs_status.iter().find(is_misplaced) {
            return Err(HealthError::OtherStatus { pointer, status });
        }
        let Some(name) = self.status else { return Ok(None) };
        Ok(Some(match name {
            SsoStatusName::Up => SsoStatus::Up,
            SsoStatusName::Down => SsoStatus::Down,
            SsoStatusName::Slow => SsoStatus::Slow(self.latency.unwrap_or(LATENCY_DEFAULT)),
            SsoStatusName::Flapping => self.flapping()?,
            SsoStatusName::Partial if self.operations.is_empty() => {
                return Err(HealthError::NoOperations);
            }
            SsoStatusName::Partial => SsoStatus::Partial(self.operations.as_slice().into()),
        }))
    }

    fn flapping(&self) -> Result<SsoStatus, HealthError> {
        let status = match self.flapping {
            None => return Ok(SsoStatus::FlappingCalls(FlapPattern { up: 1, down: 1 })),
            Some(FlappingSpec { calls: Some(cycle), seconds: None }) => SsoStatus::FlappingCalls(cycle.into()),
            Some(FlappingSpec { calls: None, seconds: Some(cycle) }) => SsoStatus::FlappingSeconds(cycle.into()),
            Some(_) => return Err(HealthError::FlappingUnit),
        };
        match &status {
            SsoStatus::FlappingCalls(p) | SsoStatus::FlappingSeconds(p) if p.up == 0 || p.down == 0 => {
                Err(HealthError::FlappingLength)
            }
            _ => Ok(status),
        }
    }

    /// Whether it declares entries of the service, not only its health.
    #[must_use]
    pub fn has_entries(&self) -> bool {
        !(self.accounts.is_empty() && self.connections.is_empty() && self.remove.is_empty())
    }
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SsoStatusName>, D::Error> {
    let parse = |text: &str| scalars::parse_keyword(text, &STATUS_NAMES);
    deserializer.deserialize_str(TextVisitor(parse, "the health of the service")).map(Some)
}
