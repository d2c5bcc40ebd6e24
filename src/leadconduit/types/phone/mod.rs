//! `phone`: any number of the world, by the numbering plans of libphonenumber. Numbers without a country code are
//! those of the United States. Stars stand for digits that the sender masked: they are read as zeros and put back.

mod parse;
mod plan;

use serde_json::Value;

use super::{Parsed, js};
use parse::Number;

/// Toll-free area codes.
const TOLL_FREE: [&str; 6] = ["800", "844", "855", "866", "877", "888"];

/// The length of a number without its area code in North America.
const LOCAL_LENGTH: usize = 7;

/// Parses a phone number. Its normal form is the national number with its extension: `5127891111x42`.
pub(super) fn parse(text: &str) -> Parsed {
    let (hint, stripped) = strip_hint(text);
    let plain = stripped.replace('*', "0");
    let Some(number) = parse::parse(&plain) else {
        let parsed = Parsed { raw: Some(stripped.to_owned()), ..Parsed::invalid(stripped) };
        return match hint {
            Some(hint) => parsed.with("type", hint),
            None => parsed,
        };
    };
    let parsed = components(&number, stripped);
    Parsed { raw: Some(stripped.to_owned()), ..parsed.with("type", hint.map_or(Value::Null, Value::from)) }
}

/// Removes a hint about the kind of number at the end: `h`, `w`, `c` or `m`, also in brackets.
fn strip_hint(text: &str) -> (Option<&'static str>, &str) {
    let inside = text.strip_suffix(')').unwrap_or(text);
    let hint = match inside.chars().next_back() {
        Some('h') => "home",
        Some('w') => "work",
        Some('c' | 'm') => "mobile",
        _ => return (None, text),
    };
    let before = &inside[..inside.len() - 1];
    (Some(hint), js::trim(before.strip_suffix('(').unwrap_or(before)))
}

/// The stars of a text, by their position from the end among digits, stars and `x`; empty without stars.
fn star_positions(text: &str) -> Vec<bool> {
    if !text.contains('*') {
        return Vec::new();
    }
    let kept = text.chars().rev().filter(|c| c.is_ascii_digit() || matches!(c, '*' | 'x'));
    kept.map(|c| c == '*').collect()
}

/// Puts the stars back, counted from the end.
fn with_stars(text: &str, stars: &[bool]) -> String {
    let count = text.chars().count();
    let is_star = |index: usize| stars.get(count - 1 - index).copied().unwrap_or(false);
    text.chars().enumerate().map(|(index, c)| if is_star(index) { '*' } else { c }).collect()
}

fn components(number: &Number, text: &str) -> Parsed {
    let stars = star_positions(text);
    let is_masked = !stars.is_empty();
    let extension = number.extension.as_ref().map(|extension| format!("x{extension}")).unwrap_or_default();
    let plan = plan::of(number.calling_code);
    let area_length = plan.area_length(&number.national);
    let (area, local) = number.national.split_at(area_length.min(number.national.len()));
    // The stars are counted with the extension, which is then cut off.
    let masked = |text: &str| {
        if !is_masked {
            return text.to_owned();
        }
        let whole = with_stars(&format!("{text}{extension}"), &stars);
        whole.split('x').next().unwrap_or_default().to_owned()
    };
    let national = masked(&number.national);
    let area_text =
        if area.is_empty() { "***".to_owned() } else { national.get(..area.len()).unwrap_or(&national).to_owned() };
    let mut local_text = masked(local);
    if number.calling_code == 1 {
        // Digits and stars.
        local_text.truncate(LOCAL_LENGTH);
    }
    let extension_text = number.extension.as_ref().map(|_| with_stars(&extension, &stars).replacen('x', "", 1));
    let normal = match &extension_text {
        Some(extension) => format!("{national}x{extension}"),
        None => national,
    };
    let mut parsed = Parsed::new(normal).with("area", area_text.as_str());
    if number.calling_code == 1 {
        let split = local_text.len().min(3);
        parsed = parsed.with("exchange", &local_text[..split]).with("line", &local_text[split..]);
    }
    parsed = parsed.with("number", local_text).with("extension", extension_text.map_or(Value::Null, Value::from));
    parsed = parsed.with("country_code", plan.main_region()).with("country_calling_code", number.calling_code);
    if is_masked {
        parsed = parsed.with("masked", true);
    }
    parsed.is_valid = is_masked || plan.is_valid(&number.national);
    parsed.with("is_tollfree", TOLL_FREE.contains(&&*area_text))
}
