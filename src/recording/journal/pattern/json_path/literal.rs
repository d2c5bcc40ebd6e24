//! Literals of filters: texts, numbers, lists, objects and regular expressions.

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::evaluate;
use super::parse::{JsonPathError, Parsed, Parser};

impl Parser<'_> {
    pub(super) fn literal(&mut self) -> Parsed<Value> {
        self.skip_space();
        for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
            if self.word() == word {
                self.at += word.len();
                return Ok(value);
            }
        }
        match self.peek() {
            Some('\'' | '"') => self.string().map(Value::from),
            Some('[') => self.nested(Self::list),
            Some('{') => self.nested(Self::object),
            Some(c) if c.is_ascii_digit() || c == '-' => {
                let is_end = |c: char| !(c.is_ascii_digit() || "+-.eE".contains(c));
                let length = self.rest().find(is_end).unwrap_or(self.rest().len());
                let Ok(number) = serde_json::from_str(&self.rest()[..length]) else {
                    return Err(self.expected("a number"));
                };
                self.at += length;
                Ok(number)
            }
            _ => Err(self.expected("a path, a number, true, false, null, or text in quotes")),
        }
    }

    fn list(&mut self) -> Parsed<Value> {
        self.expect("[", "`[`")?;
        let mut items = Vec::new();
        if self.next_is("]") {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.literal()?);
            if self.next_is("]") {
                return Ok(Value::Array(items));
            }
            self.expect(",", "`,` or `]`")?;
        }
    }

    fn object(&mut self) -> Parsed<Value> {
        self.expect("{", "`{`")?;
        let mut members = Map::new();
        if self.next_is("}") {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            if !matches!(self.peek(), Some('\'' | '"')) {
                return Err(self.expected("a name in quotes"));
            }
            let name = self.string()?;
            self.expect(":", "`:`")?;
            let value = self.literal()?;
            members.insert(name, value);
            if self.next_is("}") {
                return Ok(Value::Object(members));
            }
            self.expect(",", "`,` or `}`")?;
        }
    }

    /// A text in single or double quotes, with the escapes of JSON and `\'`.
    pub(super) fn string(&mut self) -> Parsed<String> {
        let Some(quote) = self.peek() else { return Err(self.expected("text in quotes")) };
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else { return Err(self.expected("the closing quote")) };
            self.at += c.len_utf8();
            if c == quote {
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let Some(escaped) = self.peek() else { return Err(self.expected("the closing quote")) };
            self.at += escaped.len_utf8();
            match escaped {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'u' => {
                    let digits = self.rest().get(..4).unwrap_or_default();
                    let Some(c) = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) else {
                        return Err(self.expected("four hexadecimal digits"));
                    };
                    self.at += 4;
                    text.push(c);
                }
                other => text.push(other),
            }
        }
    }

    /// `/pattern/flags`.
    pub(super) fn regex(&mut self) -> Parsed<Regex> {
        self.at += 1;
        let mut pattern = String::new();
        loop {
            let Some(c) = self.peek() else { return Err(self.expected("the closing `/`")) };
            self.at += c.len_utf8();
            match c {
                '/' => break,
                '\\' if self.peek() == Some('/') => {
                    self.at += 1;
                    pattern.push('/');
                }
                '\\' => {
                    pattern.push(c);
                    if let Some(escaped) = self.peek() {
                        self.at += escaped.len_utf8();
                        pattern.push(escaped);
                    }
                }
                _ => pattern.push(c),
            }
        }
        let flags = self.word();
        self.at += flags.len();
        // Jayway's flags are Java's, where `d` is about line ends and `U` about classes of Unicode.
        if let Some(unknown) = flags.chars().find(|flag| !"imsxu".contains(*flag)) {
            let what = format!("the flag `{unknown}` of a regular expression");
            return Err(JsonPathError::Unsupported { what, instead: "write i, m, s, x or u" });
        }
        compile(&pattern, &flags, true)
    }
}

/// Compiles a pattern, for a whole value or for a part of it.
pub(super) fn compile(pattern: &str, flags: &str, is_whole: bool) -> Parsed<Regex> {
    let has = |flag: char| flags.contains(flag);
    let anchored = if is_whole { format!(r"\A(?:{pattern})\z") } else { pattern.to_owned() };
    let built = RegexBuilder::new(&anchored)
        .case_insensitive(has('i'))
        .multi_line(has('m'))
        .dot_matches_new_line(has('s'))
        .ignore_whitespace(has('x'))
        .size_limit(evaluate::REGEX_BYTES_MAX)
        .build();
    built.map_err(|error| {
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        JsonPathError::Regex { pattern: pattern.to_owned(), reason }
    })
}
