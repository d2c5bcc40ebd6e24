//! Patterns: regular expressions, and globs such as `512*`.

use regex::{Regex, RegexBuilder};

/// How much memory one pattern may take, and its cache of states again.
const SIZE_BYTES_MAX: usize = 256 * 1024;

/// A pattern, ready to be held against texts.
pub(super) fn compile(text: &str) -> Result<Regex, String> {
    let (expression, flags) = if let Some(glob) = glob(text) { (glob, "s") } else { between_slashes(text) };
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
        let shown: String = text.chars().take(60).collect();
        format!("`{shown}` is no pattern: {last}")
    })
}

/// A glob as a regular expression for the whole value. Signs that only regular expressions have make it none.
fn glob(text: &str) -> Option<String> {
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

/// `/expression/flags`, as JavaScript writes it, or the expression alone.
fn between_slashes(text: &str) -> (String, &str) {
    let inside = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    match inside {
        Some((expression, flags)) if !expression.is_empty() && flags.chars().all(|c| "gimsuy".contains(c)) => {
            (expression.to_owned(), flags)
        }
        _ => (text.to_owned(), ""),
    }
}
