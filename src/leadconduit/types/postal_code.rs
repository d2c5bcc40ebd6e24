//! `postal_code`: the United States, Canada and the United Kingdom.

use std::sync::LazyLock;

use regex::Regex;

use super::Parsed;

static US: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^([0-9]{5})\s*-?\s*([0-9]{4})?$").ok());
static CA: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^([A-Z][0-9][A-Z])\s*([0-9][A-Z][0-9])$").ok());
static GB: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^([A-Z]{1,2}[0-9]{1,2}[A-Z0-9]?)\s*([0-9][A-Z]{2})$").ok());

/// Parses a postal code.
pub(super) fn parse(text: &str) -> Option<Parsed> {
    let text = text.trim().to_ascii_uppercase();
    let captures = |pattern: &LazyLock<Option<Regex>>| {
        let found = pattern.as_ref()?.captures(&text)?;
        Some((found.get(1)?.as_str().to_owned(), found.get(2).map(|part| part.as_str().to_owned())))
    };
    if let Some((zip, four)) = captures(&US) {
        let normal = four.as_ref().map_or_else(|| zip.clone(), |four| format!("{zip}-{four}"));
        return Some(Parsed::new(normal).with("country_code", "US").with("zip", zip).with("four", four));
    }
    let (pattern, country, names) = if CA.as_ref().is_some_and(|ca| ca.is_match(&text)) {
        (&CA, "CA", ["fsa", "ldu"])
    } else {
        (&GB, "GB", ["outcode", "incode"])
    };
    let (first, second) = captures(pattern)?;
    let second = second?;
    let normal = format!("{first} {second}");
    Some(Parsed::new(normal).with("country_code", country).with(names[0], first).with(names[1], second))
}
