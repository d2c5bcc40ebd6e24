//! `postal_code`: the United States, Canada and the United Kingdom, tried in this order.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Parsed, js};

static US: LazyLock<Option<Regex>> = LazyLock::new(|| compile("^(([0-9]{5})(?:[S]*-?[S]*)?([0-9]{4})?)?$"));
static CA: LazyLock<Option<Regex>> = LazyLock::new(|| compile("^(([A-Za-z])[0-9][A-Za-z])[S]*([0-9][A-Za-z][0-9])$"));
static GB: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile("^([A-Za-z]{1,2}[0-9]{1,2}[A-Za-z0-9]?)?[S]*([0-9][A-Za-z]{2})$"));

/// The digits of a code of the United States.
const ZIP_LENGTH: usize = 5;

/// Compiles a pattern in which `[S]` stands for white space.
fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(&pattern.replace("[S]", &format!("[{}]", js::SPACES))).ok()
}

/// Parses a postal code. An empty text counts as a valid code of the United States, and the second half of a British
/// code is valid alone; its normal form then begins with a space.
pub(super) fn parse(text: &str) -> Parsed {
    let code = js::trim(text);
    // Nearly all are such codes. A test compares them with the pattern.
    if code.len() == ZIP_LENGTH && code.bytes().all(|byte| byte.is_ascii_digit()) {
        let parsed = Parsed::new(code).with("country_code", "US").with("code", code);
        return parsed.with("zip", code).with("four", Value::Null);
    }
    let upper = |part: Option<regex::Match<'_>>| part.map(|part| part.as_str().to_ascii_uppercase());
    let value = |part: &Option<String>| part.clone().map_or(Value::Null, Value::from);
    if let Some(found) = US.as_ref().and_then(|us| us.captures(code)) {
        let (zip, four) = (upper(found.get(2)), upper(found.get(3)));
        let normal = match (&zip, &four) {
            (Some(zip), Some(four)) => format!("{zip}-{four}"),
            (zip, _) => zip.clone().unwrap_or_default(),
        };
        let parsed = Parsed::new(normal).with("country_code", "US").with("code", value(&upper(found.get(1))));
        return parsed.with("zip", value(&zip)).with("four", value(&four));
    }
    let whole = code.to_ascii_uppercase();
    if let Some(found) = CA.as_ref().and_then(|ca| ca.captures(code)) {
        let (fsa, ldu) = (upper(found.get(1)).unwrap_or_default(), upper(found.get(3)).unwrap_or_default());
        let parsed = Parsed::new(format!("{fsa} {ldu}")).with("country_code", "CA").with("code", whole);
        return parsed.with("fsa", fsa).with("district", value(&upper(found.get(2)))).with("ldu", ldu);
    }
    if let Some(found) = GB.as_ref().and_then(|gb| gb.captures(code)) {
        let (outcode, incode) = (upper(found.get(1)), upper(found.get(2)).unwrap_or_default());
        let normal = format!("{} {incode}", outcode.as_deref().unwrap_or_default());
        let parsed = Parsed::new(normal).with("country_code", "GB").with("code", whole);
        return parsed.with("outcode", value(&outcode)).with("incode", incode);
    }
    Parsed::invalid(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_digits_are_what_the_pattern_finds() {
        for code in ["00000", "60614", "99999"] {
            let found = US.as_ref().unwrap().captures(code).unwrap();
            let group = |index: usize| found.get(index).map(|group| group.as_str());
            assert_eq!([group(1), group(2), group(3)], [Some(code), Some(code), None]);
        }
    }
}
