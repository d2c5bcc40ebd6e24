//! The functions and filters that templates have beside those of the engine. They are deterministic: random values
//! depend on the seed and on the number of the request, times on the sandbox's clock.
//!
//! | name | result |
//! |---|---|
//! | `uuid()` | a random UUID |
//! | `random(1, 6)` | a random whole number between two bounds, both inclusive |
//! | `choice([...])` | a random item of a list |
//! | `t \| plus('1h30m')`, `t \| minus('2d')` | a time, moved by a duration |
//! | `t \| date('%Y-%m-%d', 'America/Chicago')` | a time in a format of strftime, in UTC or in a time zone |
//! | `t \| unix`, `t \| unix_ms` | a time in seconds or milliseconds since 1970 |
//! | `x \| urlencode` | text, percent-encoded for a part of a URL |
//! | `x \| tojson` | a value as JSON |
//! | `x \| json_escape` | text, escaped for the inside of a JSON string |
//!
//! To add one, register it in [`register`], and add a row here and in `docs/src/reference/rules.md`.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;
use minijinja::value::{Object, Value as TemplateValue};
use minijinja::{Environment, Error, ErrorKind, State};
use percent_encoding::utf8_percent_encode;
use rand::RngExt;

use crate::config::limits::TEMPLATE_VALUE_BYTES_MAX;
use crate::support::clock::{Timestamp, format_timestamp, parse_any_duration, parse_timestamp};
use crate::support::percent::RESERVED;
use crate::support::rng::SeededRng;

/// The variable that holds the random numbers of a request.
pub(super) const RNG: &str = "__rng";

/// The names of the functions.
pub(super) const FUNCTIONS: [&str; 3] = ["uuid", "random", "choice"];

/// The longest format of a time.
const FORMAT_BYTES_MAX: usize = 200;

/// The random numbers of a request.
pub(super) struct RequestRng(Mutex<SeededRng>);

impl RequestRng {
    pub(super) fn new(rng: SeededRng) -> Self {
        Self(Mutex::new(rng))
    }
}

impl fmt::Debug for RequestRng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestRng")
    }
}

impl Object for RequestRng {}

/// Why a function cannot be evaluated. The message says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FunctionError {
    #[error("`random` needs two whole numbers, of which the first is not greater, such as random(1, 6)")]
    Bounds,
    #[error("`choice` needs a list with at least one item, such as choice(['a', 'b'])")]
    Choice,
    #[error("`{0}` is not a time: write one such as 2026-01-15T09:00:00Z")]
    Time(String),
    #[error("{0}")]
    Duration(String),
    #[error("the time would be outside of the supported range")]
    Range,
    #[error("`{0}` is not a format of a time: write one such as %Y-%m-%d %H:%M")]
    Format(String),
    #[error("`{0}` is not a time zone: write a name such as America/Chicago")]
    TimeZone(String),
    #[error("this value cannot be written as JSON")]
    Json,
    #[error("the escaped text has more than {TEMPLATE_VALUE_BYTES_MAX} bytes")]
    TooLong,
}

impl From<FunctionError> for Error {
    fn from(error: FunctionError) -> Self {
        Self::new(ErrorKind::InvalidOperation, error.to_string()).with_source(error)
    }
}

/// Adds the functions and filters to an engine.
pub(super) fn register(engine: &mut Environment<'static>) {
    engine.add_function("uuid", uuid);
    engine.add_function("random", random);
    engine.add_function("choice", choice);
    engine.add_filter("plus", |time: &TemplateValue, duration: &TemplateValue| moved(time, duration, 1));
    engine.add_filter("minus", |time: &TemplateValue, duration: &TemplateValue| moved(time, duration, -1));
    engine.add_filter("date", date);
    engine.add_filter("unix", |time: &TemplateValue| in_units(time, Timestamp::as_second));
    engine.add_filter("unix_ms", |time: &TemplateValue| in_units(time, Timestamp::as_millisecond));
    engine.add_filter("urlencode", |value: &TemplateValue| {
        bounded(utf8_percent_encode(&text(value), RESERVED).to_string())
    });
    engine.add_filter("tojson", |value: &TemplateValue| to_json(value));
    engine.add_filter("json_escape", |value: &TemplateValue| {
        let quoted = to_json(&TemplateValue::from(text(value)))?;
        Ok::<_, Error>(quoted[1..quoted.len() - 1].to_owned())
    });
}

/// A text within the limit of a value.
fn bounded(text: String) -> Result<String, Error> {
    if text.len() > TEMPLATE_VALUE_BYTES_MAX { Err(FunctionError::TooLong.into()) } else { Ok(text) }
}

/// Uses the random numbers of the request. While a template is checked there are none; then the bounds decide.
fn with_rng<T>(state: &State<'_, '_>, draw: impl FnOnce(&mut SeededRng) -> T) -> Option<T> {
    let value = state.lookup(RNG)?;
    let rng = value.downcast_object_ref::<RequestRng>()?;
    // A draw cannot leave the generator inconsistent.
    Some(draw(&mut rng.0.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn uuid(state: &State<'_, '_>) -> String {
    let mut bytes = with_rng(state, |rng| rng.rng().random::<[u8; 16]>()).unwrap_or_default();
    // Version 4 and the variant of RFC 9562.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn random(state: &State<'_, '_>, lower: &TemplateValue, upper: &TemplateValue) -> Result<TemplateValue, Error> {
    if lower.is_undefined() || upper.is_undefined() {
        return Ok(TemplateValue::UNDEFINED);
    }
    let bound = |value: &TemplateValue| value.as_i64().ok_or(FunctionError::Bounds);
    let (lower, upper) = (bound(lower)?, bound(upper)?);
    if lower > upper {
        return Err(FunctionError::Bounds.into());
    }
    Ok(with_rng(state, |rng| rng.rng().random_range(lower..=upper)).unwrap_or(lower).into())
}

fn choice(state: &State<'_, '_>, list: &TemplateValue) -> Result<TemplateValue, Error> {
    if list.is_undefined() {
        return Ok(TemplateValue::UNDEFINED);
    }
    let length = list.len().filter(|length| *length > 0).ok_or(FunctionError::Choice)?;
    let index = with_rng(state, |rng| rng.rng().random_range(0..length)).unwrap_or(0);
    list.get_item_by_index(index).map_err(|_| FunctionError::Choice.into())
}

fn text(value: &TemplateValue) -> String {
    value.as_str().map_or_else(|| if value.is_undefined() { String::new() } else { value.to_string() }, str::to_owned)
}

/// The time of a text or of a number of milliseconds; `None` if the value is missing.
fn time(value: &TemplateValue) -> Result<Option<Timestamp>, FunctionError> {
    if value.is_undefined() || value.is_none() {
        return Ok(None);
    }
    if let Some(ms) = value.as_i64().filter(|_| value.is_number()) {
        return Timestamp::from_millisecond(ms).map(Some).map_err(|_| FunctionError::Range);
    }
    let text: String = text(value).chars().take(60).collect();
    parse_timestamp(&text).map(Some).ok_or(FunctionError::Time(text))
}

fn moved(value: &TemplateValue, duration: &TemplateValue, sign: i32) -> Result<TemplateValue, Error> {
    if duration.is_undefined() {
        return Ok(TemplateValue::UNDEFINED);
    }
    let duration = parse_any_duration(&text(duration)).map_err(|error| FunctionError::Duration(error.to_string()))?;
    let Some(time) = time(value)? else { return Ok(TemplateValue::UNDEFINED) };
    let moved = time.checked_add(duration * sign).map_err(|_| FunctionError::Range)?;
    Ok(format_timestamp(moved).into())
}

fn date(value: &TemplateValue, format: &str, zone: Option<&str>) -> Result<TemplateValue, Error> {
    let shown = |text: &str| text.chars().take(60).collect::<String>();
    let zone_name = zone.unwrap_or("UTC");
    let zone = TimeZone::get(zone_name).map_err(|_| FunctionError::TimeZone(shown(zone_name)))?;
    let invalid = || FunctionError::Format(shown(format));
    if format.len() > FORMAT_BYTES_MAX {
        return Err(invalid().into());
    }
    // The format is checked even if there is no time.
    let given = time(value)?;
    let zoned = given.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone);
    let formatted = jiff::fmt::strtime::format(format, &zoned).map_err(|_| invalid())?;
    Ok(if given.is_some() { formatted.into() } else { TemplateValue::UNDEFINED })
}

fn in_units(value: &TemplateValue, unit: impl Fn(Timestamp) -> i64) -> Result<TemplateValue, Error> {
    Ok(time(value)?.map_or(TemplateValue::UNDEFINED, |time| unit(time).into()))
}

fn to_json(value: &TemplateValue) -> Result<String, Error> {
    if value.is_undefined() {
        return Ok("null".to_owned());
    }
    bounded(serde_json::to_string(value).map_err(|_| FunctionError::Json)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::rng::Purpose;

    fn render(template: &str) -> Result<String, minijinja::Error> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(minijinja::UndefinedBehavior::Chainable);
        register(&mut engine);
        let rng = TemplateValue::from_object(RequestRng::new(SeededRng::new(1, Purpose::Rules)));
        let context = minijinja::context! { __rng => rng, now => "2026-01-15T09:00:00.000Z", text => "a b/\"c\"\n&" };
        engine.render_str(template, context)
    }

    #[test]
    fn functions_and_filters_have_their_results() {
        let rows = [
            ("{{ now | plus('1h30m') }}", "2026-01-15T10:30:00.000Z"),
            ("{{ now | minus('14d') }}", "2026-01-01T09:00:00.000Z"),
            ("{{ now | plus(1500) }}", "2026-01-15T09:00:01.500Z"),
            ("{{ now | date('%d/%m/%Y %H:%M') }}", "15/01/2026 09:00"),
            ("{{ now | date('%H:%M %Z', 'America/Chicago') }}", "03:00 CST"),
            ("{{ now | unix }} {{ now | unix_ms }}", "1768467600 1768467600000"),
            ("{{ '2026-01-15' | date('%A') }}", "Thursday"),
            ("{{ 1768467600000 | date('%Y') }}", "2026"),
            ("{{ missing | date('%Y') }}{{ missing | plus('1d') }}{{ missing | unix }}", ""),
            ("{{ text | urlencode }}", "a%20b%2F%22c%22%0A%26"),
            ("{{ text | tojson }}", r#""a b/\"c\"\n&""#),
            ("{{ text | json_escape }}", r#"a b/\"c\"\n&"#),
            ("{{ {'a': [1, true]} | tojson }}", r#"{"a":[1,true]}"#),
            ("{{ random(3, 3) }}{{ choice(['x']) }}", "3x"),
        ];
        for (template, expected) in rows {
            assert_eq!(render(template).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn random_values_depend_on_the_seed_alone() {
        let template = "{{ uuid() }} {{ uuid() }} {{ random(0, 1000000) }} {{ choice(range(1000)) }}";
        let first = render(template).unwrap();
        assert_eq!(render(template).unwrap(), first);
        let parts: Vec<&str> = first.split(' ').collect();
        assert_ne!(parts[0], parts[1]);
        let valid = regex::Regex::new("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").unwrap();
        assert!(valid.is_match(parts[0]) && valid.is_match(parts[1]), "{first}");
    }

    #[test]
    fn invalid_arguments_are_errors_that_say_what_to_write() {
        let rows = [
            ("{{ random(2, 1) }}", "random(1, 6)"),
            ("{{ random('a', 1) }}", "random(1, 6)"),
            ("{{ choice([]) }}", "choice(['a', 'b'])"),
            ("{{ now | plus('soon') }}", "2s, 90s or 1h30m"),
            ("{{ 'noon' | date('%Y') }}", "`noon` is not a time"),
            ("{{ now | date('%Q%') }}", "%Y-%m-%d"),
            ("{{ now | date('%Y', 'Mars/Base') }}", "America/Chicago"),
            ("{{ now | plus('7000000d') }}", "outside of the supported range"),
        ];
        for (template, part) in rows {
            let error = render(template).unwrap_err();
            let message = error.detail().unwrap_or_default();
            assert!(message.contains(part), "{template}: {message}");
        }
    }
}
