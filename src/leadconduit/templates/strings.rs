//! `substring`, `replace` and `extract`.

use fancy_regex::{Regex, RegexBuilder};

use super::error::TemplateError;
use crate::leadconduit::values::excerpt;
use crate::support::computation;

/// Memory limit of a compiled expression.
const SIZE_BYTES_MAX: usize = 256 * 1024;
/// Limit of backtracking steps per search: look-around can scan a text repeatedly.
const STEPS_MAX: usize = 10_000;
/// The work of a search, in units of [`computation::spend`].
const SEARCH_UNITS: u32 = 64;
/// The most matches per text.
const MATCHES_MAX: usize = 256;
/// The largest result.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// The search pattern of `replace` and `extract`.
#[derive(Clone, Debug)]
pub(super) enum SearchPattern {
    Text(String),
    Regex(Box<Regex>),
}

impl SearchPattern {
    /// Parses plain text, or an expression in `regexp(...)`.
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        match text.strip_prefix("regexp(").and_then(|rest| rest.strip_suffix(')')) {
            Some(expression) => Self::regex(expression),
            None => Ok(Self::Text(text.to_owned())),
        }
    }

    /// Compiles an expression, with or without `regexp(...)`. Double backslashes count as one, as in the example of the
    /// documentation.
    pub(super) fn regex(text: &str) -> Result<Self, TemplateError> {
        let expression = text.strip_prefix("regexp(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
        let built = RegexBuilder::new(&expression.replace(r"\\", r"\"))
            .backtrack_limit(STEPS_MAX)
            .delegate_size_limit(SIZE_BYTES_MAX)
            .delegate_dfa_size_limit(SIZE_BYTES_MAX)
            .build();
        let invalid =
            |error: fancy_regex::Error| TemplateError::Pattern { pattern: excerpt(text), reason: error.to_string() };
        built.map(|regex| Self::Regex(Box::new(regex))).map_err(invalid)
    }

    /// Returns the start and end of all matches. A search that exceeds its limit ends the list.
    fn matches(&self, text: &str) -> Vec<(usize, usize)> {
        match self {
            Self::Text(pattern) if pattern.is_empty() => Vec::new(),
            Self::Text(pattern) => {
                text.match_indices(pattern).take(MATCHES_MAX).map(|(at, found)| (at, at + found.len())).collect()
            }
            Self::Regex(regex) => {
                // One search can take all of its steps, so that each one checks the time.
                computation::spend(SEARCH_UNITS);
                let found = regex.find_iter(text).map_while(Result::ok).take(MATCHES_MAX);
                let found = found.inspect(|_| computation::spend(SEARCH_UNITS));
                found.map(|found| (found.start(), found.end())).collect()
            }
        }
    }

    /// Replaces all matches (inferred: each example has only one). The replacement is literal text.
    pub(super) fn replace(&self, text: &str, with: &str) -> String {
        let mut output = String::with_capacity(text.len());
        let mut end = 0;
        for (start, after) in self.matches(text) {
            if output.len() + with.len() > OUTPUT_BYTES_MAX {
                break;
            }
            output.push_str(&text[end..start]);
            output.push_str(with);
            end = after;
        }
        output + &text[end..]
    }

    /// Returns all matches separated by spaces. Groups of the expression are ignored (inferred).
    pub(super) fn extract(&self, text: &str) -> String {
        let found: Vec<&str> = self.matches(text).into_iter().map(|(start, end)| &text[start..end]).collect();
        found.join(" ")
    }
}

/// Parses a position, counted from 1.
pub(super) fn parse_position(text: &str) -> Option<usize> {
    text.trim().parse().ok().filter(|at| *at > 0)
}

/// Returns the text between two positions, both included: 2 to 4 of `Michael` is `ich`. An invalid position is the
/// beginning or end of the text.
pub(super) fn substring(text: &str, start: Option<String>, end: Option<String>) -> String {
    let parse = |text: Option<String>| text.as_deref().and_then(parse_position);
    let start = parse(start).unwrap_or(1);
    let end = parse(end).unwrap_or(usize::MAX);
    text.chars().take(end).skip(start - 1).collect()
}
