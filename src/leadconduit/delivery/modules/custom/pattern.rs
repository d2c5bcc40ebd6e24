//! Regular expressions as JavaScript reads them, with a limit on their work.

use std::fmt::Write as _;

use fancy_regex::{Regex, RegexBuilder};

use super::js;
use crate::support::computation;

/// Longest expression, in bytes.
const EXPRESSION_BYTES_MAX: usize = 4096;

/// Memory limit of a compiled expression.
const SIZE_BYTES_MAX: usize = 1024 * 1024;

/// Limit of backtracking steps per search.
const STEPS_MAX: usize = 100_000;

/// The work of a search, in units of [`computation::spend`].
const SEARCH_UNITS: u32 = 64;

const DIGIT: &str = "0-9";
const WORD: &str = "A-Za-z0-9_";
const SPACE: &str = r"\t\n\x0B\x0C\r\x20\xA0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";
const LINE_ENDS: &str = r"\n\r\x{2028}\x{2029}";

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The flag `g`: a match consists of all matches, without groups.
    is_global: bool,
}

impl Pattern {
    /// Compiles an expression of a mapping, such as `ok` or `/ok|queued/i`. It is used in lower case, and a blank one
    /// matches anything. `None` when it is not valid.
    pub(super) fn parse(expression: &str) -> Option<Self> {
        let expression = js::trim(expression).to_lowercase();
        let line = expression.split(['\n', '\r', '\u{2028}', '\u{2029}']).next().unwrap_or_default();
        let end = line.strip_prefix('/').and_then(|rest| rest.rfind('/').filter(|end| *end > 0));
        let (source, flags) = match end {
            Some(end) => (&line[1..=end], &line[end + 2..]),
            None => (line, ""),
        };
        let source = if source.is_empty() { ".*" } else { source };
        let flags = &flags[..flags.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(flags.len())];
        Self::compile(source, flags)
    }

    /// What JavaScript searches for in place of an expression that is not valid: the word `null`.
    pub(super) fn null() -> Option<Self> {
        Self::compile("null", "")
    }

    fn compile(source: &str, flags: &str) -> Option<Self> {
        if source.len() > EXPRESSION_BYTES_MAX {
            return None;
        }
        let translated = translate(source, flags.contains('s'))?;
        let anchor = if flags.contains('y') { r"\A" } else { "" };
        let regex = RegexBuilder::new(&format!("{anchor}(?:{translated})"))
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .backtrack_limit(STEPS_MAX)
            .delegate_size_limit(SIZE_BYTES_MAX)
            .delegate_dfa_size_limit(SIZE_BYTES_MAX)
            .build();
        Some(Self { regex: regex.ok()?, is_global: flags.contains('g') })
    }

    /// Whether the text contains a match. A search that exceeds its limit finds nothing.
    pub(super) fn is_match(&self, text: &str) -> bool {
        computation::spend(SEARCH_UNITS);
        self.regex.is_match(text).unwrap_or(false)
    }

    /// The first group of the first match; with the flag `g` the second match.
    pub(super) fn group<'t>(&self, text: &'t str) -> Option<&'t str> {
        computation::spend(SEARCH_UNITS);
        if self.is_global {
            return self.regex.find_iter(text).map_while(Result::ok).nth(1).map(|found| found.as_str());
        }
        let captures = self.regex.captures(text).ok().flatten()?;
        captures.get(1).map(|group| group.as_str())
    }
}

/// Writes an expression of JavaScript as one of this library: classes are those of ASCII, and brackets and escapes
/// without a meaning stand for themselves. `None` where JavaScript has no such expression.
fn translate(source: &str, dot_is_any: bool) -> Option<String> {
    let mut translated = String::with_capacity(source.len() * 2);
    let mut rest = source;
    // Nothing before it that could be repeated.
    let mut is_start = true;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let was_start = std::mem::replace(&mut is_start, matches!(c, '(' | '|'));
        match c {
            '\\' => rest = escape(rest, &mut translated, false)?,
            '[' => rest = class(rest, &mut translated)?,
            '.' if dot_is_any => translated.push_str("(?s:.)"),
            '.' => {
                let _ = write!(translated, "[^{LINE_ENDS}]");
            }
            '{' => match quantifier(rest) {
                Some(_) if was_start => return None,
                Some(length) => {
                    translated.push('{');
                    translated.push_str(&rest[..length]);
                    rest = &rest[length..];
                }
                None => translated.push_str(r"\{"),
            },
            '}' | ']' => {
                translated.push('\\');
                translated.push(c);
            }
            '*' | '+' | '?' if was_start => return None,
            '(' if rest.starts_with('?') => {
                let is_known = ["?:", "?=", "?!", "?<=", "?<!"].iter().any(|known| rest.starts_with(known));
                let is_name = rest
                    .strip_prefix("?<")
                    .is_some_and(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'));
                if !is_known && !is_name {
                    return None;
                }
                let length = if is_name {
                    rest.find('>')? + 1
                } else if rest.starts_with("?<") {
                    3
                } else {
                    2
                };
                translated.push('(');
                translated.push_str(&rest[..length]);
                rest = &rest[length..];
            }
            c => translated.push(c),
        }
    }
    Some(translated)
}

/// The length of `2}`, `2,}` or `2,3}`.
fn quantifier(rest: &str) -> Option<usize> {
    let end = rest.find('}')?;
    let (low, high) = rest[..end].split_once(',').unwrap_or((&rest[..end], ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!low.is_empty() && is_number(low) && is_number(high)).then_some(end + 1)
}

/// Translates what follows a backslash, and returns the rest.
fn escape<'s>(rest: &'s str, translated: &mut String, in_class: bool) -> Option<&'s str> {
    let c = rest.chars().next()?;
    let after = &rest[c.len_utf8()..];
    let class = match c {
        'd' => DIGIT,
        'w' => WORD,
        's' => SPACE,
        _ => "",
    };
    if !class.is_empty() {
        let (open, close) = if in_class { ("", "") } else { ("[", "]") };
        translated.extend([open, class, close]);
        return Some(after);
    }
    match c {
        'b' if in_class => translated.push_str(r"\x08"),
        'b' => {
            let _ = write!(translated, "(?:(?<=[{WORD}])(?![{WORD}])|(?<![{WORD}])(?=[{WORD}]))");
        }
        't' | 'n' | 'r' | 'f' | 'v' => {
            translated.push('\\');
            translated.push(c);
        }
        '0' if !after.starts_with(|c: char| c.is_ascii_digit()) => translated.push_str(r"\x00"),
        '1'..='9' if !in_class => {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let _ = write!(translated, "(?:\\{digits})");
            return Some(&rest[digits.len()..]);
        }
        'u' | 'x' => {
            let length = if c == 'u' { 4 } else { 2 };
            let digits = after.get(..length).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            match digits {
                Some(digits) => {
                    let _ = write!(translated, "\\x{{{digits}}}");
                    return Some(&after[length..]);
                }
                None => translated.push(c),
            }
        }
        c => translated.push_str(&fancy_regex::escape(&c.to_string())),
    }
    Some(after)
}

/// Translates a character class, whose opening bracket is read already, and returns the rest.
fn class<'s>(source: &'s str, translated: &mut String) -> Option<&'s str> {
    let (is_negative, mut rest) = source.strip_prefix('^').map_or((false, source), |rest| (true, rest));
    let mut members = String::new();
    loop {
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match c {
            ']' => break,
            '\\' => rest = escape(rest, &mut members, true)?,
            '[' | '&' | '~' | '^' => {
                members.push('\\');
                members.push(c);
            }
            // At an end, or behind a class, it stands for itself.
            '-' if members.is_empty()
                || rest.starts_with(']')
                || members.ends_with(WORD)
                || members.ends_with(DIGIT) =>
            {
                members.push_str(r"\-");
            }
            c => members.push(c),
        }
    }
    match (members.is_empty(), is_negative) {
        (true, false) => translated.push_str("(?!)"),
        (true, true) => translated.push_str("(?s:.)"),
        (false, false) => translated.extend(["[", members.as_str(), "]"]),
        (false, true) => translated.extend(["[^", members.as_str(), "]"]),
    }
    Some(rest)
}
