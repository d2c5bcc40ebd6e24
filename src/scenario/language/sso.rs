//! The single-sign-on service: its health, and what it knows.

use serde::{Deserialize, Deserializer};

use super::Document;
use super::scalars;
use super::scalars::Word;
#[cfg(test)]
use super::schema;
use crate::leadconduit::state::sso::{Pattern, SsoStatus};
use crate::support::delay::Delay;

/// How long a slow service takes when nothing says so.
const LATENCY: Delay = Delay::Fixed { ms: 2000 };

/// The single-sign-on service.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SsoPart {
    /// Its health: `up`, `down`, `slow`, `flapping` or `partial`.
    #[serde(default, deserialize_with = "status")]
    pub status: Option<SsoWord>,
    /// With `slow`: how long it takes to answer, 2 seconds when absent.
    #[serde(default, deserialize_with = "scalars::delay")]
    #[cfg_attr(test, schemars(with = "Option<schema::Delay>"))]
    pub latency: Option<Delay>,
    /// With `flapping`: when it answers and when it does not; every other call when absent.
    pub flapping: Option<FlappingPart>,
    /// With `partial`: the operations that it does not answer.
    #[serde(default)]
    pub operations: Vec<String>,
    /// The accounts that it knows.
    #[serde(default)]
    pub accounts: Vec<Document>,
    /// The network connections that it knows: the source of truth.
    #[serde(default)]
    pub connections: Vec<Document>,
    /// Ids of inherited entries that this scenario does without.
    #[serde(default)]
    pub remove: Vec<String>,
}

/// The health of the single-sign-on service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum SsoWord {
    /// It answers.
    Up,
    /// It does not answer.
    Down,
    /// It answers late: see `latency`.
    Slow,
    /// It answers now and then: see `flapping`.
    Flapping,
    /// It does not answer some operations: see `operations`.
    Partial,
}

const WORDS: [(&str, SsoWord); 5] = [
    ("up", SsoWord::Up),
    ("down", SsoWord::Down),
    ("slow", SsoWord::Slow),
    ("flapping", SsoWord::Flapping),
    ("partial", SsoWord::Partial),
];

/// When a flapping service answers: counted in calls to it, or in seconds of the sandbox's clock.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlappingPart {
    /// So many calls are answered, then so many are not.
    calls: Option<PatternPart>,
    /// It answers for so many seconds, then it does not for so many.
    seconds: Option<PatternPart>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct PatternPart {
    /// How many it answers.
    up: u32,
    /// How many it does not answer then.
    down: u32,
}

impl From<PatternPart> for Pattern {
    fn from(part: PatternPart) -> Self {
        Self { up: part.up, down: part.down }
    }
}

impl SsoPart {
    /// Its health, when the part says anything about it. The error comes with a pointer into the part.
    pub fn health(&self) -> Result<Option<SsoStatus>, (&'static str, String)> {
        let belongs = [
            ("/latency", self.latency.is_some(), SsoWord::Slow, "slow"),
            ("/flapping", self.flapping.is_some(), SsoWord::Flapping, "flapping"),
            ("/operations", !self.operations.is_empty(), SsoWord::Partial, "partial"),
        ];
        let strange = |(_, there, status, _): &&(_, bool, SsoWord, _)| *there && self.status != Some(*status);
        if let Some((pointer, _, _, word)) = belongs.iter().find(strange) {
            return Err((pointer, format!("`{}` belongs to `status: {word}`", &pointer[1..])));
        }
        let Some(word) = self.status else { return Ok(None) };
        Ok(Some(match word {
            SsoWord::Up => SsoStatus::Up,
            SsoWord::Down => SsoStatus::Down,
            SsoWord::Slow => SsoStatus::Slow(self.latency.unwrap_or(LATENCY)),
            SsoWord::Flapping => self.pattern()?,
            SsoWord::Partial if self.operations.is_empty() => {
                return Err(("/status", "`partial` needs `operations`: those that are not answered".to_owned()));
            }
            SsoWord::Partial => SsoStatus::Partial(self.operations.as_slice().into()),
        }))
    }

    fn pattern(&self) -> Result<SsoStatus, (&'static str, String)> {
        let status = match self.flapping {
            None => return Ok(SsoStatus::FlappingCalls(Pattern { up: 1, down: 1 })),
            Some(FlappingPart { calls: Some(pattern), seconds: None }) => SsoStatus::FlappingCalls(pattern.into()),
            Some(FlappingPart { calls: None, seconds: Some(pattern) }) => SsoStatus::FlappingSeconds(pattern.into()),
            Some(_) => return Err(("/flapping", "it is counted in `calls` or in `seconds`: give one".to_owned())),
        };
        match &status {
            SsoStatus::FlappingCalls(p) | SsoStatus::FlappingSeconds(p) if p.up == 0 || p.down == 0 => {
                Err(("/flapping", "`up` and `down` are 1 or more".to_owned()))
            }
            _ => Ok(status),
        }
    }

    /// Whether the part says what the service knows, not only how it is.
    #[must_use]
    pub fn has_entries(&self) -> bool {
        !(self.accounts.is_empty() && self.connections.is_empty() && self.remove.is_empty())
    }
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SsoWord>, D::Error> {
    let read = |text: &str| scalars::one_of(text, &WORDS);
    deserializer.deserialize_str(Word(read, "the service's health")).map(Some)
}
