//! The state of parsing a request pattern: the current position and the diagnostics so far.

use serde_json::Value;

use crate::config::limits::{PATTERN_DIAGNOSTICS_MAX, REGEX_TOTAL_BYTES_MAX};
use crate::contract::Contract;
use crate::scenario::rule::regexes::{Dot, RegexCache};
use contract_files::pointer::escape;
use contract_files::yaml::KEY;

/// A problem in a JSON value: a pointer into the value, and a message that says what to write instead.
///
/// [`contract_files::yaml::KEY`] at the end of the pointer marks the key instead of its value.
/// [`contract_files::yaml::Source::at_pointer`] turns the pair into a diagnostic with line and column.
pub type ValueDiagnostic = (String, String);

/// Parses one pattern.
pub(super) struct PatternParser<'c> {
    pub(super) contract: &'c Contract,
    pub(super) pattern: &'c Value,
    pointer: String,
    pub(super) depth: usize,
    pub(super) diagnostics: Vec<ValueDiagnostic>,
    pub(super) regexes: RegexCache,
}

impl<'c> PatternParser<'c> {
    pub(super) fn new(pattern: &'c Value, contract: &'c Contract) -> Self {
        let regexes = RegexCache::new(REGEX_TOTAL_BYTES_MAX, Dot::Any);
        Self { contract, pattern, pointer: String::new(), depth: 0, diagnostics: Vec::new(), regexes }
    }

    /// Parses the value under a reference token, which is already escaped.
    pub(super) fn at<T>(&mut self, token: &str, parse: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(token);
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        self.pointer.truncate(length);
        result
    }

    /// Parses a sibling of the current value.
    pub(super) fn at_sibling<T>(&mut self, token: &str, parse: impl FnOnce(&mut Self) -> T) -> T {
        let current = self.pointer.clone();
        let parent = current.rfind('/').unwrap_or(0);
        self.pointer.truncate(parent);
        let result = self.at(token, parse);
        self.pointer = current;
        result
    }

    /// True when no more diagnostics are reported. Parsing may stop then.
    pub(super) fn is_full(&self) -> bool {
        self.diagnostics.len() >= PATTERN_DIAGNOSTICS_MAX
    }

    /// Adds a diagnostic for the current value, and returns `None`. Only the first few are kept.
    pub(super) fn reject<T>(&mut self, message: impl Into<String>) -> Option<T> {
        if !self.is_full() {
            self.diagnostics.push((self.pointer.clone(), message.into()));
        }
        None
    }
}

/// The reference token of a key, for a diagnostic about the key itself.
pub(super) fn key_token(name: &str) -> String {
    format!("{}{KEY}", escape(name))
}
