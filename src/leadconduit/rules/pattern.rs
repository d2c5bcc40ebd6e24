//! Patterns of `matches pattern`: regular expressions, and globs such as `512*`.

use regex::{Regex, RegexBuilder};

use crate::leadconduit::values::excerpt;

/// Memory limit of a compiled pattern, and of its state cache.
const SIZE_BYTES_MAX: usize = 256 * 1024;

/// A text that is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a valid pattern: {reason}")]
pub(super) struct InvalidPattern {
    /// The beginning of the pattern.
    pattern: String,
    /// The last line of the engine's message.
    reason: String,
}

/// Compiles a pattern.
///
/// # Errors
///
/// The expression is malformed, or too large when it is compiled.
pub(super) fn compile(text: &str) -> Result<Regex, InvalidPattern> {
    #[cfg(test)]
    crate::leadconduit::values::parse_count::add_expression();
    let (expression, flags) = if let Some(glob) = glob_to_regex(text) { (glob, "s") } else { parse_slashes(text) };
    let built = RegexBuilder::new(&expression)
        .case_insensitive(true)
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .size_limit(SIZE_BYTES_MAX)
        .dfa_size_limit(SIZE_BYTES_MAX)
        .build();
    built.map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        InvalidPattern { pattern: excerpt(text), reason: last.to_owned() }
    })
}

/// Converts a glob to a regular expression for the whole value; `None` if the text has characters that only regular
/// expressions use, or no wildcard.
fn glob_to_regex(text: &str) -> Option<String> {
    let is_regular = text.contains(|c| "^$\\[](){}|+".contains(c)) || text.contains(".*") || text.contains(".?");
    if is_regular || !text.contains(['*', '?']) {
        return None;
    }
    let mut expression = String::from(r"\A");
    for c in text.chars() {
        match c {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            c => expression.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push_str(r"\z");
    Some(expression)
}

/// Splits `/expression/flags`, the notation of JavaScript; an expression without slashes has no flags.
fn parse_slashes(text: &str) -> (String, &str) {
    let inside = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    match inside {
        Some((expression, flags)) if !expression.is_empty() && flags.chars().all(|c| "gimsuy".contains(c)) => {
            (expression.to_owned(), flags)
        }
        _ => (text.to_owned(), ""),
    }
}
