//! Rewrites the messages of the YAML parser in terms of YAML, and suggests corrections.

/// The hint for a bare status where a map with one is expected.
fn status_hint(found: &str, expected: &str) -> Option<String> {
    let number: u16 = found.strip_prefix("integer `")?.strip_suffix('`')?.parse().ok()?;
    let is_status = (200..600).contains(&number) && expected.contains("{ status: ");
    is_status.then(|| format!("write {{ status: {number} }}"))
}

/// The milliseconds of a duration such as `2s`, `1.5s` or `500ms`.
fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = (text[..digits].parse::<f64>().ok()?, text[digits..].trim());
    let factor = match unit {
        "ms" => 1.0,
        "s" => 1000.0,
        "m" | "min" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    // Formatting rounds, so that no cast can overflow.
    format!("{:.0}", number * factor).parse().ok()
}

/// Returns the candidate that is most similar to a misspelled word; `None` if none is similar.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (similarity(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The similarity of two words, from 0 to 1: the Damerau-Levenshtein distance in relation to the longer one. What they
/// begin and end with alike does not change the distance, and is not compared with everything else.
fn similarity(a: &str, b: &str) -> f64 {
    let (a_chars, b_chars) = (a.chars().count(), b.chars().count());
    let start: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(char, _)| char.len_utf8()).sum();
    let (a, b) = (&a[start..], &b[start..]);
    let pairs = a.chars().rev().zip(b.chars().rev());
    let end: usize = pairs.take_while(|(a, b)| a == b).map(|(char, _)| char.len_utf8()).sum();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let distance = match (a.is_empty(), b.is_empty()) {
        (true, _) => b.chars().count(),
        (_, true) => a.chars().count(),
        _ => strsim::damerau_levenshtein(a, b),
    };
    match a_chars.max(b_chars) {
        0 => 1.0,
        // Words of a million characters are counted exactly.
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        longer => 1.0 - distance as f64 / longer as f64,
    }
}

/// Removes the position from the parser's message; diagnostics print it separately.
pub(super) fn without_position(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(at) if message[at..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ') => message[..at].to_owned(),
        _ => message.to_owned(),
    }
}

/// Replaces the names of Rust types, which the parser's messages contain, by terms of YAML.
pub(super) fn in_yaml_terms(message: &str) -> String {
    let mut message = message.replace("invalid type: ", "wrong type: ").replace("missing field", "missing key");
    for (parser_term, yaml_term) in [
        ("expected u64", "expected a whole number from 0"),
        ("expected u32", "expected a whole number from 0"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected usize", "expected a whole number from 0"),
        ("wrong type: map,", "wrong type: a map,"),
        ("unknown variant `", "unknown word `"),
        ("expected f64", "expected a number"),
        ("expected a boolean", "expected true or false"),
        ("expected a string", "expected text"),
        ("wrong type: unit value", "wrong type: null"),
        ("wrong type: string ", "wrong type: text "),
        ("invalid value: ", "wrong value: "),
        ("expected a sequence", "expected a list"),
        ("sequence, expected", "a list, expected"),
        ("expected any YAML value", "expected a smaller number, or text in quotes"),
        (" as u128", ""),
    ] {
        message = message.replace(parser_term, yaml_term);
    }
    if let Some((before, after)) = message.split_once("expected struct ") {
        let rest = after.find(|c: char| !c.is_alphanumeric()).map_or("", |end| &after[end..]);
        message = format!("{before}expected a map{rest}");
    }
    message
}

/// The hint for a value of a wrong type: a number or boolean in quotes, a text that needs them, a duration where
/// milliseconds are expected, a single item where a list is expected.
fn type_hint(message: &str) -> Option<String> {
    let (path, rest) = message.split_once("wrong type: ")?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    if let Some(status) = status_hint(found, expected) {
        return Some(status);
    }
    if found == "a list" && (expected.starts_with("a map") || expected.starts_with("an object")) {
        return (!expected.contains(';')).then(|| "write the map alone, without a list around it".to_owned());
    }
    if expected == "a list" {
        return Some(match found {
            "a map" => "write a list: begin each item with `- `, or put the items in brackets".to_owned(),
            _ => "write a list, in brackets".to_owned(),
        });
    }
    if let Some(text) = found.strip_prefix("text \"").and_then(|text| text.strip_suffix('"')) {
        let is_milliseconds = path.trim_end_matches(": ").ends_with("_ms") && expected.starts_with("a whole number");
        if let Some(ms) = is_milliseconds.then(|| milliseconds(text)).flatten() {
            return Some(format!("write milliseconds: {ms}"));
        }
        let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !expected.starts_with("a map");
        let is_boolean = matches!(text, "true" | "false") && expected.starts_with("true or false");
        return (is_number || is_boolean).then(|| format!("remove the quotes: {text}"));
    }
    let (kind, value) = found.split_once(" `")?;
    let is_scalar = matches!(kind, "integer" | "floating point" | "boolean");
    (is_scalar && expected.starts_with("text"))
        .then(|| format!("write it in quotes: \"{}\"", value.trim_end_matches('`')))
}

/// The beginning of the message about a key that a map cannot have.
pub(super) const UNKNOWN_KEY: &str = "unknown key `";

/// Words that other tools use for the keys and values of scenario files and control calls.
const SYNONYMS: [(&[&str], &str); 12] = [
    (&["url", "uri", "target", "endpoint"], "path"),
    (&["code", "status_code", "statusCode", "http_status"], "status"),
    (&["wait", "sleep", "latency"], "delay"),
    (&["desc", "title", "about"], "description"),
    (&["response", "expect", "expected"], "reply"),
    (&["verb"], "method"),
    (&["scenario"], "name"),
    (&["count", "limit", "max"], "times"),
    (&["count", "times", "equals"], "exactly"),
    (&["min", "minimum", "atLeast"], "at_least"),
    (&["max", "maximum", "atMost"], "at_most"),
    (&["match", "if", "request", "condition"], "when"),
];

/// The longest value that a message repeats, in characters.
const VALUE_CHARS_MAX: usize = 60;

/// Separates a message of the parser into what is wrong and a hint: the valid word that is most similar to an unknown
/// one, or all of them.
#[must_use]
pub fn explain(message: &str) -> (String, Option<String>) {
    for (kind, noun) in [("unknown field `", UNKNOWN_KEY), ("unknown word `", "unknown word `")] {
        let Some((before, rest)) = message.split_once(kind) else { continue };
        let Some((word, rest)) = rest.split_once('`') else { continue };
        let valid: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        return (format!("{before}{noun}{word}`"), Some(valid_words_hint(word, &valid)));
    }
    let hint = if message.contains("duplicate") { Some("remove one of them".to_owned()) } else { type_hint(message) };
    (shorten_value(message), hint)
}

/// Names the valid word that means the same as an unknown one or is most similar to it, or else all of them.
#[must_use]
pub fn valid_words_hint(word: &str, valid: &[&str]) -> String {
    let by_meaning = SYNONYMS.iter().find(|(words, key)| words.contains(&word) && valid.contains(key));
    let candidate = by_meaning.map(|(_, key)| *key).or_else(|| nearest(word, valid.iter().copied()));
    match (candidate, valid) {
        (Some(candidate), _) => format!("did you mean `{candidate}`?"),
        (None, []) => "remove it".to_owned(),
        (None, [only]) => format!("write {only}"),
        (None, _) => format!("write one of: {}", valid.join(", ")),
    }
}

/// Cuts the text that a message about a wrong type repeats: it can be a whole file.
fn shorten_value(message: &str) -> String {
    let Some((before, rest)) = message.split_once("wrong type: text \"") else { return message.to_owned() };
    let Some((value, after)) = rest.rsplit_once("\", expected ") else { return message.to_owned() };
    if value.chars().count() <= VALUE_CHARS_MAX {
        return message.to_owned();
    }
    let start: String = value.chars().take(VALUE_CHARS_MAX).collect();
    format!("{before}wrong type: text \"{}...\", expected {after}", start.trim_end_matches('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Words of few letters, so that they have much in common.
        #[test]
        fn the_similarity_is_that_of_the_library(a in "[abcä]{0,9}", b in "[abcä]{0,9}") {
            prop_assert!((similarity(&a, &b) - strsim::normalized_damerau_levenshtein(&a, &b)).abs() < 1e-9);
        }
    }
}
