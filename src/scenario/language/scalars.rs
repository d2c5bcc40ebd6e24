//! Words and numbers that are checked where they stand.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::VERSION;
use crate::http::message::WireFault;
use crate::support::clock::Clock;
use crate::support::delay::{DELAY_MS_MAX, Delay};

pub(super) fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Version;
    impl Visitor<'_> for Version {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the version of the scenario language, {VERSION}")
        }
        fn visit_u64<E: Error>(self, version: u64) -> Result<u64, E> {
            if version == VERSION {
                Ok(version)
            } else {
                Err(E::custom(format!("version {version} of the scenario language is not known; write {VERSION}")))
            }
        }
    }
    deserializer.deserialize_u64(Version)
}

/// Reads a word where it stands, so that an error points at it.
pub(super) struct Word<T>(pub(super) fn(&str) -> Result<T, String>, pub(super) &'static str);

impl<T> Visitor<'_> for Word<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Word(read_name, "a scenario's name"))
}

fn read_name(text: &str) -> Result<String, String> {
    let fits = !text.is_empty() && text.len() <= 64;
    if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no name: write 1 to 64 letters, digits, `.`, `_` or `-`"))
    }
}

pub(super) fn clock<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Clock>, D::Error> {
    let read = Word(str::parse, "`real` or an RFC 3339 time");
    deserializer.deserialize_str(read).map(Some)
}

pub(super) fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<http::Method, D::Error> {
    deserializer.deserialize_str(Word(read_method, "a method such as GET"))
}

pub(in crate::scenario) fn read_method(text: &str) -> Result<http::Method, String> {
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    if METHODS.contains(&text) {
        text.parse().map_err(|_| "no method".to_owned())
    } else {
        Err(unknown_word(text, &METHODS))
    }
}

pub(super) fn uri<'de, D: Deserializer<'de>>(deserializer: D) -> Result<http::Uri, D::Error> {
    deserializer.deserialize_str(Word(read_uri, "a path such as /connections"))
}

fn read_uri(text: &str) -> Result<http::Uri, String> {
    let fail = || format!("`{text}` is no path: write one that begins with `/`, such as /connections");
    if !text.starts_with('/') {
        return Err(fail());
    }
    text.parse().map_err(|_| fail())
}

/// In the words of the reader of files, so that the nearest valid word is found for it as for every other.
fn unknown_word(word: &str, valid: &[&str]) -> String {
    let valid: Vec<String> = valid.iter().map(|word| format!("`{word}`")).collect();
    format!("unknown word `{word}`, expected one of {}", valid.join(", "))
}

/// One of the words of a table.
pub(super) fn one_of<T: Copy>(text: &str, table: &[(&'static str, T)]) -> Result<T, String> {
    let found = table.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| unknown_word(text, &table.iter().map(|(name, _)| *name).collect::<Vec<_>>()))
}

pub(super) fn fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WireFault>, D::Error> {
    deserializer.deserialize_str(Word(read_fault, "a fault such as EMPTY_RESPONSE")).map(Some)
}

fn read_fault(text: &str) -> Result<WireFault, String> {
    one_of(text, &WireFault::ALL)
}

/// The fields of a delay that is not simply a number.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct DelayFields {
    /// `fixed` (the default), `uniform` or `lognormal`.
    #[serde(default, rename = "type", deserialize_with = "kind_of_delay")]
    #[cfg_attr(test, schemars(with = "Option<super::schema::KindOfDelay>"))]
    kind: KindOfDelay,
    /// Of a fixed delay: how long.
    ms: Option<u64>,
    /// Of a uniform delay: the shortest.
    lower_ms: Option<u64>,
    /// Of a uniform delay: the longest.
    upper_ms: Option<u64>,
    /// Of a lognormal delay: half of the delays are shorter.
    median_ms: Option<u64>,
    /// Of a lognormal delay: how far they spread, 0.4 when absent.
    sigma: Option<f64>,
    /// Of a lognormal delay: the longest.
    max_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum KindOfDelay {
    #[default]
    Fixed,
    Uniform,
    Lognormal,
}

fn kind_of_delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KindOfDelay, D::Error> {
    let read = |text: &str| {
        let table =
            [("fixed", KindOfDelay::Fixed), ("uniform", KindOfDelay::Uniform), ("lognormal", KindOfDelay::Lognormal)];
        one_of(text, &table)
    };
    deserializer.deserialize_str(Word(read, "a kind of delay"))
}

impl DelayFields {
    fn delay(self) -> Result<Delay, String> {
        let given = [
            ("ms", self.ms.is_some(), KindOfDelay::Fixed),
            ("lower_ms", self.lower_ms.is_some(), KindOfDelay::Uniform),
            ("upper_ms", self.upper_ms.is_some(), KindOfDelay::Uniform),
            ("median_ms", self.median_ms.is_some(), KindOfDelay::Lognormal),
            ("sigma", self.sigma.is_some(), KindOfDelay::Lognormal),
            ("max_ms", self.max_ms.is_some(), KindOfDelay::Lognormal),
        ];
        if let Some((name, _, _)) = given.iter().find(|(_, there, kind)| *there && *kind != self.kind) {
            return Err(format!("`{name}` does not belong to this type of delay"));
        }
        let needed = |value: Option<u64>, name: &str| value.ok_or_else(|| format!("this delay needs `{name}`"));
        let delay = match self.kind {
            KindOfDelay::Fixed => Delay::Fixed { ms: needed(self.ms, "ms")? },
            KindOfDelay::Uniform => Delay::Uniform {
                lower_ms: needed(self.lower_ms, "lower_ms")?,
                upper_ms: needed(self.upper_ms, "upper_ms")?,
            },
            KindOfDelay::Lognormal => Delay::Lognormal {
                median_ms: needed(self.median_ms, "median_ms")?,
                sigma: self.sigma.unwrap_or(0.4),
                max_ms: self.max_ms.unwrap_or(DELAY_MS_MAX),
            },
        };
        match delay {
            Delay::Uniform { lower_ms, upper_ms } if lower_ms > upper_ms => {
                Err("`lower_ms` is more than `upper_ms`".to_owned())
            }
            Delay::Lognormal { sigma, .. } if !(0.0..=10.0).contains(&sigma) => {
                Err("`sigma` must be between 0 and 10".to_owned())
            }
            Delay::Fixed { ms: longest }
            | Delay::Uniform { upper_ms: longest, .. }
            | Delay::Lognormal { max_ms: longest, .. }
                if longest > DELAY_MS_MAX =>
            {
                Err(format!("a delay is {DELAY_MS_MAX} ms at most"))
            }
            good => Ok(good),
        }
    }
}

/// A number of milliseconds, or a map that says how to draw one.
pub(super) fn delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Delay>, D::Error> {
    struct ReadDelay;
    impl<'de> Visitor<'de> for ReadDelay {
        type Value = Delay;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("milliseconds, or a map such as { type: uniform, lower_ms: 50, upper_ms: 200 }")
        }
        fn visit_u64<E: Error>(self, ms: u64) -> Result<Delay, E> {
            if ms > DELAY_MS_MAX {
                return Err(E::custom(format!("a delay is {DELAY_MS_MAX} ms at most")));
            }
            Ok(Delay::Fixed { ms })
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Delay, A::Error> {
            DelayFields::deserialize(MapAccessDeserializer::new(map))?.delay().map_err(A::Error::custom)
        }
    }
    deserializer.deserialize_any(ReadDelay).map(Some)
}
