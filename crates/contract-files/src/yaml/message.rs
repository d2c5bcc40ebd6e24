//! Rewrites the messages of the YAML parser in terms of YAML, and suggests corrections.

/// Returns the candidate that is most similar to a misspelled word; `None` if none is similar.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
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

/// The hint for a number or boolean in quotes, or for a text that needs them.
fn quotes_hint(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("wrong type: ")?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    if let Some(text) = found.strip_prefix("text \"").and_then(|text| text.strip_suffix('"')) {
        let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !expected.starts_with("a map");
        let is_boolean = matches!(text, "true" | "false") && expected.starts_with("true or false");
        return (is_number || is_boolean).then(|| format!("remove the quotes: {text}"));
    }
    let (kind, value) = found.split_once(" `")?;
    let is_scalar = matches!(kind, "integer" | "floating point" | "boolean");
    (is_scalar && expected.starts_with("text"))
        .then(|| format!("write it in quotes: \"{}\"", value.trim_end_matches('`')))
}

/// Returns the hint for a message of the parser: the valid word that is most similar to an unknown one, or all of them.
#[must_use]
pub fn hint_for(message: &str) -> Option<String> {
    if message.contains("duplicate") {
        return Some("remove one of them".to_owned());
    }
    if let Some(hint) = quotes_hint(message) {
        return Some(hint);
    }
    let kinds = ["unknown field `", "unknown word `"];
    let (_, rest) = kinds.into_iter().find_map(|kind| message.split_once(kind))?;
    let (word, rest) = rest.split_once('`')?;
    let valid: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    Some(match nearest(word, valid.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("write one of: {}", valid.join(", ")),
    })
}
