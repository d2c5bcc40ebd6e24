//! Scalars of the scenario language: names, methods, paths, faults, delays. They are validated while the file is parsed.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::http::wire_fault::WireFault;
use crate::support::clock::{Clock, InvalidClock, parse_ms};
use crate::support::delay::{DELAY_MS_MAX, Delay};

/// The version of the language.
pub const VERSION: u64 = 1;

/// A JSON document in a scenario file.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct JsonDocument(
    #[serde(deserialize_with = "contract_files::yaml::json_value")]
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub Value,
);

pub(super) fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct VersionVisitor;
    impl Visitor<'_> for VersionVisitor {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the version of the scenario language, {VERSION}")
        }
        fn visit_u64<E: Error>(self, version: u64) -> Result<u64, E> {
            if version == VERSION {
                Ok(version)
            } else {
                Err(E::custom(format!("version {version} of the scenario language is not supported; write {VERSION}")))
            }
        }
    }
    deserializer.deserialize_u64(VersionVisitor)
}

/// A text that is not a valid scalar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::scenario) enum ScalarError {
    /// Not the name of a scenario.
    #[error("`{0}` is not a valid name: write 1 to 64 letters, digits, `.`, `_` or `-`")]
    Name(String),
    /// Not a path.
    #[error("`{0}` is not a path: write one that begins with `/`, such as /connections")]
    Path(String),
    /// Not a keyword of the table. The message has the format of serde's errors, so that the file loader adds the
    /// nearest valid keyword as a hint.
    #[error("unknown word `{found}`, expected one of {}", .valid.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))]
    Keyword {
        /// The text.
        found: String,
        /// The keywords.
        valid: Vec<&'static str>,
    },
    /// Not a clock.
    #[error(transparent)]
    Clock(#[from] InvalidClock),
}

/// Parses text with a function. The second field describes what is expected.
pub(super) struct TextVisitor<T>(pub(super) fn(&str) -> Result<T, ScalarError>, pub(super) &'static str);

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(TextVisitor(parse_name, "the name of a scenario"))
}

fn parse_name(text: &str) -> Result<String, ScalarError> {
    let is_in_range = (1..=64).contains(&text.len());
    if is_in_range && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        Ok(text.to_owned())
    } else {
        Err(ScalarError::Name(text.to_owned()))
    }
}

pub(super) fn clock<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Clock>, D::Error> {
    deserializer.deserialize_str(TextVisitor(|text| Ok(text.parse()?), "`real` or an RFC 3339 time")).map(Some)
}

pub(super) fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<http::Method, D::Error> {
    deserializer.deserialize_str(TextVisitor(parse_method, "a method such as GET"))
}

pub(in crate::scenario) fn parse_method(text: &str) -> Result<http::Method, ScalarError> {
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    let unknown = || ScalarError::Keyword { found: text.to_owned(), valid: METHODS.to_vec() };
    if METHODS.contains(&text) { text.parse().map_err(|_| unknown()) } else { Err(unknown()) }
}

pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    struct StatusVisitor;
    impl Visitor<'_> for StatusVisitor {
        type Value = u16;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a status from 200 to 599, such as 503")
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<u16, E> {
            u16::try_from(number)
                .map_err(|_| E::custom(format!("{number} is not a valid status: write one from 200 to 599")))
        }
    }
    deserializer.deserialize_u64(StatusVisitor)
}

pub(super) fn optional_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    status(deserializer).map(Some)
}

pub(super) fn uri<'de, D: Deserializer<'de>>(deserializer: D) -> Result<http::Uri, D::Error> {
    deserializer.deserialize_str(TextVisitor(parse_uri, "a path such as /connections"))
}

fn parse_uri(text: &str) -> Result<http::Uri, ScalarError> {
    let fail = || ScalarError::Path(text.to_owned());
    if !text.starts_with('/') {
        return Err(fail());
    }
    text.parse().map_err(|_| fail())
}

/// The value of a keyword in a table.
pub(super) fn parse_keyword<T: Copy>(text: &str, table: &[(&'static str, T)]) -> Result<T, ScalarError> {
    let found = table.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| ScalarError::Keyword {
        found: text.to_owned(),
        valid: table.iter().map(|(name, _)| *name).collect(),
    })
}

pub(super) fn fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WireFault>, D::Error> {
    deserializer.deserialize_str(TextVisitor(parse_fault, "a fault such as EMPTY_RESPONSE")).map(Some)
}

fn parse_fault(text: &str) -> Result<WireFault, ScalarError> {
    parse_keyword(text, &WireFault::ALL)
}

/// A duration: a number of milliseconds, or text such as `2s`.
pub(super) fn duration_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct DurationVisitor;
    impl Visitor<'_> for DurationVisitor {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration: milliseconds as a number, or text such as 2s, 90s or 1h30m")
        }
        fn visit_u64<E: Error>(self, ms: u64) -> Result<u64, E> {
            Ok(ms)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
            parse_ms(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(DurationVisitor)
}

/// The same for an optional key.
///
/// # Errors
///
/// The value is not a duration.
pub fn optional_duration_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    duration_ms(deserializer).map(Some)
}

/// A delay that is not a plain number of milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct DelayFields {
    /// `fixed` (the default), `uniform` or `lognormal`.
    #[serde(default, rename = "type", deserialize_with = "delay_type")]
    #[cfg_attr(test, schemars(with = "Option<super::schema::DelayType>"))]
    delay_type: DelayType,
    /// The delay, for `fixed`.
    #[serde(default, deserialize_with = "optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<super::schema::Duration>"))]
    ms: Option<u64>,
    /// The shortest delay, for `uniform`.
    #[serde(default, deserialize_with = "optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<super::schema::Duration>"))]
    lower_ms: Option<u64>,
    /// The longest delay, for `uniform`.
    #[serde(default, deserialize_with = "optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<super::schema::Duration>"))]
    upper_ms: Option<u64>,
    /// The median delay, for `lognormal`.
    #[serde(default, deserialize_with = "optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<super::schema::Duration>"))]
    median_ms: Option<u64>,
    /// The spread, for `lognormal`; the default is 0.4.
    sigma: Option<f64>,
    /// The longest delay, for `lognormal`.
    #[serde(default, deserialize_with = "optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<super::schema::Duration>"))]
    max_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DelayType {
    #[default]
    Fixed,
    Uniform,
    Lognormal,
}

fn delay_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DelayType, D::Error> {
    let parse = |text: &str| {
        let table = [("fixed", DelayType::Fixed), ("uniform", DelayType::Uniform), ("lognormal", DelayType::Lognormal)];
        parse_keyword(text, &table)
    };
    deserializer.deserialize_str(TextVisitor(parse, "a type of delay"))
}

/// Why a delay is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum DelayError {
    #[error("`{0}` cannot be used with this type of delay")]
    OtherType(&'static str),
    #[error("this delay needs `{0}`")]
    Missing(&'static str),
    #[error("`lower_ms` is greater than `upper_ms`")]
    Bounds,
    #[error("`sigma` must be between 0 and 10")]
    Sigma,
    #[error("a delay can be {DELAY_MS_MAX} ms at most")]
    TooLong,
}

impl DelayFields {
    fn into_delay(self) -> Result<Delay, DelayError> {
        let given = [
            ("ms", self.ms.is_some(), DelayType::Fixed),
            ("lower_ms", self.lower_ms.is_some(), DelayType::Uniform),
            ("upper_ms", self.upper_ms.is_some(), DelayType::Uniform),
            ("median_ms", self.median_ms.is_some(), DelayType::Lognormal),
            ("sigma", self.sigma.is_some(), DelayType::Lognormal),
            ("max_ms", self.max_ms.is_some(), DelayType::Lognormal),
        ];
        if let Some((name, _, _)) = given.iter().find(|(_, given, delay_type)| *given && *delay_type != self.delay_type)
        {
            return Err(DelayError::OtherType(name));
        }
        let require = |value: Option<u64>, name: &'static str| value.ok_or(DelayError::Missing(name));
        let delay = match self.delay_type {
            DelayType::Fixed => Delay::Fixed { ms: require(self.ms, "ms")? },
            DelayType::Uniform => Delay::Uniform {
                lower_ms: require(self.lower_ms, "lower_ms")?,
                upper_ms: require(self.upper_ms, "upper_ms")?,
            },
            DelayType::Lognormal => Delay::Lognormal {
                median_ms: require(self.median_ms, "median_ms")?,
                sigma: self.sigma.unwrap_or(0.4),
                max_ms: self.max_ms.unwrap_or(DELAY_MS_MAX),
            },
        };
        match delay {
            Delay::Uniform { lower_ms, upper_ms } if lower_ms > upper_ms => Err(DelayError::Bounds),
            Delay::Lognormal { sigma, .. } if !(0.0..=10.0).contains(&sigma) => Err(DelayError::Sigma),
            Delay::Fixed { ms: longest }
            | Delay::Uniform { upper_ms: longest, .. }
            | Delay::Lognormal { max_ms: longest, .. }
                if longest > DELAY_MS_MAX =>
            {
                Err(DelayError::TooLong)
            }
            valid => Ok(valid),
        }
    }
}

/// A duration, or a map that describes a distribution.
pub(super) fn delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Delay>, D::Error> {
    struct DelayVisitor;
    impl<'de> Visitor<'de> for DelayVisitor {
        type Value = Delay;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration such as 250 (milliseconds) or 2s, or a map such as { type: uniform, lower_ms: 50, upper_ms: 200 }")
        }
        fn visit_u64<E: Error>(self, ms: u64) -> Result<Delay, E> {
            if ms > DELAY_MS_MAX {
                return Err(E::custom(DelayError::TooLong));
            }
            Ok(Delay::Fixed { ms })
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Delay, E> {
            self.visit_u64(parse_ms(text).map_err(E::custom)?)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Delay, A::Error> {
            DelayFields::deserialize(MapAccessDeserializer::new(map))?.into_delay().map_err(A::Error::custom)
        }
    }
    deserializer.deserialize_any(DelayVisitor).map(Some)
}
