//! `substring`, `replace` and `extract`.

use fancy_regex::{Regex, RegexBuilder};

/// How much memory one expression may take.
const SIZE_BYTES_MAX: usize = 256 * 1024;
/// How many steps one search may take. Looking around can go over a text again and again.
const STEPS_MAX: usize = 10_000;
/// How many times a pattern is looked for in one text.
const FINDS_MAX: usize = 256;
/// How long a result may become.
const WRITTEN_BYTES_MAX: usize = 64 * 1024;

/// What `replace` and `extract` look for.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Text(String),
    Expression(Box<Regex>),
}

impl Pattern {
    /// A text, or an expression in `regexp(...)`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        match text.strip_prefix("regexp(").and_then(|rest| rest.strip_suffix(')')) {
            Some(expression) => Self::expression(expression),
            None => Ok(Self::Text(text.to_owned())),
        }
    }

    /// An expression, with or without `regexp(...)`. Two backslashes are one, as the documentation's own example writes
    /// them.
    pub(super) fn expression(text: &str) -> Result<Self, String> {
        let inside = text.strip_prefix("regexp(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
        let built = RegexBuilder::new(&inside.replace(r"\\", r"\"))
            .backtrack_limit(STEPS_MAX)
            .delegate_size_limit(SIZE_BYTES_MAX)
            .delegate_dfa_size_limit(SIZE_BYTES_MAX)
            .build();
        let wrong = |error: fancy_regex::Error| format!("`{}` is no pattern: {error}", super::read::shown(text));
        built.map(|expression| Self::Expression(Box::new(expression))).map_err(wrong)
    }

    /// Where the pattern stands. A search that takes too long ends the list.
    fn found(&self, text: &str) -> Vec<(usize, usize)> {
        match self {
            Self::Text(pattern) if pattern.is_empty() => Vec::new(),
            Self::Text(pattern) => {
                text.match_indices(pattern).take(FINDS_MAX).map(|(at, found)| (at, at + found.len())).collect()
            }
            Self::Expression(expression) => {
                let found = expression.find_iter(text).map_while(Result::ok).take(FINDS_MAX);
                found.map(|found| (found.start(), found.end())).collect()
            }
        }
    }

    /// Every occurrence is replaced (inferred: the examples have one each). The replacement is a text, whatever signs it
    /// has.
    pub(super) fn replace(&self, text: &str, with: &str) -> String {
        let mut written = String::with_capacity(text.len());
        let mut end = 0;
        for (start, after) in self.found(text) {
            if written.len() + with.len() > WRITTEN_BYTES_MAX {
                break;
            }
            written.push_str(&text[end..start]);
            written.push_str(with);
            end = after;
        }
        written + &text[end..]
    }

    /// All occurrences, with a blank between them: as a whole, whatever groups the expression has (inferred).
    pub(super) fn extract(&self, text: &str) -> String {
        let found: Vec<&str> = self.found(text).into_iter().map(|(start, end)| &text[start..end]).collect();
        found.join(" ")
    }
}

/// A position, counted from 1.
pub(super) fn position(text: &str) -> Option<usize> {
    text.trim().parse().ok().filter(|at| *at > 0)
}

/// From one position to another, both included: 2 to 4 of `Michael` is `ich`. A position that is none is the text's own
/// beginning or end.
pub(super) fn substring(text: &str, start: Option<String>, end: Option<String>) -> String {
    let read = |text: Option<String>| text.as_deref().and_then(position);
    let start = read(start).unwrap_or(1);
    let end = read(end).unwrap_or(usize::MAX);
    text.chars().take(end).skip(start - 1).collect()
}
