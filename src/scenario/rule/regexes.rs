//! Compilation of regular expressions, with a budget for all of a rule or request pattern. Compiled, an expression of a few
//! characters can take megabytes.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use crate::config::limits::{REGEX_BYTES_MAX, REGEX_CACHE_BYTES_MAX};

/// The smallest size that is tried. Each next one is four times as large.
const SMALLEST_BYTES: usize = 32 * 1024;

/// Why an expression is not compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RegexError {
    /// The last line of the engine's message.
    #[error("{0}")]
    Invalid(String),
    /// The expressions are too large together.
    #[error("the regular expressions take more than {} MB together when they are compiled; write fewer or simpler ones", .0 / (1024 * 1024))]
    Total(usize),
}

/// The compiled expressions of one rule or request pattern. Equal ones are compiled once.
#[derive(Debug)]
pub(crate) struct RegexCache {
    compiled: BTreeMap<String, Regex>,
    bytes: usize,
    bytes_max: usize,
    dot: Dot,
}

/// What a dot matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dot {
    /// Every character.
    Any,
    /// Every character but a line break.
    NotLineBreak,
}

impl RegexCache {
    /// A cache for expressions that take at most `bytes_max` together.
    #[must_use]
    pub(crate) fn new(bytes_max: usize, dot: Dot) -> Self {
        Self { compiled: BTreeMap::new(), bytes: 0, bytes_max, dot }
    }

    /// An upper bound of what the compiled expressions take.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// The expression is invalid, or too large together with those before it.
    pub(crate) fn compile(&mut self, pattern: &str) -> Result<Regex, RegexError> {
        if let Some(regex) = self.compiled.get(pattern) {
            return Ok(regex.clone());
        }
        // The engine does not tell the size of what it compiled. It is at most the smallest limit that suffices.
        let mut limit = SMALLEST_BYTES;
        loop {
            if self.bytes + limit > self.bytes_max {
                return Err(RegexError::Total(self.bytes_max));
            }
            let mut builder = RegexBuilder::new(pattern);
            builder.dot_matches_new_line(self.dot == Dot::Any).size_limit(limit).dfa_size_limit(REGEX_CACHE_BYTES_MAX);
            match builder.build() {
                Ok(regex) => {
                    self.bytes += limit;
                    self.compiled.insert(pattern.to_owned(), regex.clone());
                    return Ok(regex);
                }
                Err(regex::Error::CompiledTooBig(_)) if limit < REGEX_BYTES_MAX => limit *= 4,
                Err(error) => {
                    let error = error.to_string();
                    let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    return Err(RegexError::Invalid(last.to_owned()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_all_expressions_is_bounded_and_equal_ones_are_shared() {
        let total = 16 * 1024 * 1024;
        let mut cache = RegexCache::new(total, Dot::Any);
        // 300 short expressions fit, and repeating them costs nothing.
        for number in (0..300).chain(0..300) {
            cache.compile(&format!(r"\A(?:/flows/{number}/.*)\z")).unwrap();
        }
        assert_eq!(cache.bytes, 300 * SMALLEST_BYTES);
        let large = |number: usize| format!(r"\w{{{}}}", 20 + number);
        let failed = (0..300).find_map(|number| cache.compile(&large(number)).err());
        assert_eq!(failed, Some(RegexError::Total(total)));
        assert!(cache.bytes() <= total);
        let error = RegexCache::new(total, Dot::Any).compile(r"(?:\w{100}){100}").unwrap_err();
        assert!(matches!(&error, RegexError::Invalid(reason) if reason.contains("size limit")), "{error}");
    }
}
