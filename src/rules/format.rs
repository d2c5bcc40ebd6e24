//! Whether a value has the form of its type.

use serde_json::Value;

use super::measure::{extent, instant, numeral};
use super::value::{any_text, truth};

/// Whether a value that is not blank is valid: its own `valid` says so, or the form of its text.
pub(super) fn is_valid(value: &Value, kind: &str) -> bool {
    match value {
        Value::Object(object) => object.get("valid").and_then(Value::as_bool).unwrap_or(true),
        Value::Array(items) => items.iter().all(|item| is_valid(item, kind)),
        value => any_text(value, &|text| has_form(text.trim(), kind)),
    }
}

/// The type of a field, by its name: as the standard fields have them.
pub(super) fn type_by_name(name: &str) -> &'static str {
    let last = name.rsplit('.').next().unwrap_or_default();
    match last {
        "email" => "email",
        "postal_code" => "postal_code",
        "dob" | "date" => "date",
        "gender" => "gender",
        "ssn" => "ssn",
        "age" => "range",
        "price" | "amount" => "number",
        "website" | "url" => "url",
        "trustedform_cert_url" => "trustedform_url",
        phone if phone.starts_with("phone") => "phone",
        _ => "string",
    }
}

fn has_form(text: &str, kind: &str) -> bool {
    let count = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    match kind {
        "boolean" => truth(&Value::from(text)).is_some(),
        "date" | "dob" => is_date(text),
        "time" => text.parse::<jiff::civil::Time>().is_ok() || is_date(text),
        "email" => is_email(text),
        "gender" => ["male", "female", "other", "m", "f", "o"].iter().any(|known| text.eq_ignore_ascii_case(known)),
        "number" => numeral(text).is_some(),
        "phone" => is_phone(text),
        "postal_code" => is_postal_code(text),
        "range" => extent(&Value::from(text)).is_some(),
        "ssn" => count(text) == 9 && text.chars().all(|c| c.is_ascii_digit() || "- ".contains(c)),
        "trustedform_url" => is_url(text) && text.starts_with("https://") && text.contains("trustedform.com/"),
        "url" => is_url(text),
        _ => true,
    }
}

/// ISO dates, and American ones with slashes, dashes or nothing between.
fn is_date(text: &str) -> bool {
    if instant(text).is_some() {
        return true;
    }
    let parts: Vec<i32> = text.split(['/', '-', '.']).map_while(|part| part.parse().ok()).collect();
    let digits = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i32>().ok());
    let (month, day, year) = match parts.as_slice() {
        [month, day, year] => (*month, *day, *year),
        [_] if text.len() == 8 => match (digits(0..2), digits(2..4), digits(4..8)) {
            (Some(month), Some(day), Some(year)) => (month, day, year),
            _ => return false,
        },
        _ => return false,
    };
    match (i16::try_from(year), i8::try_from(month), i8::try_from(day)) {
        (Ok(year), Ok(month), Ok(day)) => jiff::civil::Date::new(year, month, day).is_ok(),
        _ => false,
    }
}

fn is_email(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || "\"(),:;<>[\\]".contains(c);
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !name.contains(odd) && is_host(host))
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && !label.starts_with('-') && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    host.contains('.') && host.split('.').all(is_label)
}

/// Ten digits, or eleven with the country's one; an extension behind an `x`.
fn is_phone(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let number = lower.split_once('x').map_or(lower.as_str(), |(number, _)| number);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix('1').filter(|_| digits.len() == 11).unwrap_or(&digits);
    let tame = number.chars().all(|c| c.is_ascii_digit() || " ()-.+/".contains(c));
    tame && national.len() == 10 && !national.starts_with(['0', '1'])
}

/// Of the United States, Canada or Britain.
fn is_postal_code(text: &str) -> bool {
    let shape: String = text
        .chars()
        .filter(|c| !" -".contains(*c))
        .map(|c| {
            if c.is_ascii_digit() {
                '9'
            } else if c.is_ascii_alphabetic() {
                'A'
            } else {
                '?'
            }
        })
        .collect();
    let known = ["99999", "999999999", "A9A9A9", "A99AA", "A999AA", "AA99AA", "AA999AA", "A9A9AA", "AA9A9AA"];
    known.contains(&shape.as_str())
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    // Without a scheme, http is assumed.
    let rest = rest.or_else(|| (!text.contains("://")).then_some(text));
    let host = rest.map(|rest| rest.split(['/', '?', '#', ':']).next().unwrap_or_default());
    host.is_some_and(is_host) && !text.contains(char::is_whitespace)
}
