//! From text to parts.

use serde_json::Value;

use super::Part;
use super::call::{Argument, Call};

/// How many calls of helpers one template may have, brackets included.
const CALLS_MAX: usize = 32;
/// How deep calls may stand in brackets.
const DEPTH_MAX: usize = 4;

pub(super) fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut calls = 0;
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        if at > 0 {
            parts.push(Part::Text(rest[..at].to_owned()));
        }
        let triple = rest[at..].starts_with("{{{");
        let (open, close) = if triple { (3, "}}}") } else { (2, "}}") };
        let inside = &rest[at + open..];
        let Some(end) = closing(inside, close) else { return Err("a `{{` is not closed".to_owned()) };
        parts.extend(placeholder(inside[..end].trim(), &mut calls)?);
        rest = &inside[end + close.len()..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// Where a placeholder ends. In a text in quotes brackets do not count, as in `pattern="regexp(a{{2}})"`.
fn closing(text: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if text[at..].starts_with(close) => return Some(at),
            None if matches!(c, '"' | '\'') && (before.is_whitespace() || "=(".contains(before)) => quote = Some(c),
            Some(_) | None => {}
        }
        before = c;
    }
    None
}

/// A comment is nothing; every other placeholder is one part.
fn placeholder(inside: &str, calls: &mut usize) -> Result<Option<Part>, String> {
    let inside = match inside.chars().next() {
        None => return Err("there is nothing between `{{` and `}}`".to_owned()),
        Some('!') => return Ok(None),
        Some('#' | '/' | '^' | '>') => return Err(block(inside)),
        Some('&') => inside[1..].trim_start(),
        Some(_) => inside,
    };
    if inside == "else" || inside.starts_with("else ") {
        return Err(block(inside));
    }
    if !inside.contains(|c: char| c.is_whitespace() || c == '(') {
        return Ok(Some(Part::Variable(inside.to_owned())));
    }
    let mut words = Words { rest: inside, calls };
    let call = words.call(0)?;
    match words.rest.trim_start() {
        "" => Ok(Some(Part::Call(Box::new(call)))),
        rest => Err(format!("`{}` is left over in a placeholder", shown(rest))),
    }
}

fn block(inside: &str) -> String {
    let word = inside.split_whitespace().next().unwrap_or_default();
    format!("blocks and partials such as `{{{{{}}}}}` are no part of LeadConduit's templates", shown(word))
}

/// As much of a text as a message shows.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// What is left to read of a placeholder, and how many calls there are so far.
struct Words<'t, 'c> {
    rest: &'t str,
    calls: &'c mut usize,
}

impl<'t> Words<'t, '_> {
    /// A helper's name, its arguments and its options, to the end or to a closing bracket.
    fn call(&mut self, depth: usize) -> Result<Call, String> {
        *self.calls += 1;
        if *self.calls > CALLS_MAX {
            return Err(format!("a template has {CALLS_MAX} calls of helpers at most"));
        }
        let name = self.word();
        let (mut arguments, mut options) = (Vec::new(), Vec::new());
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(')') {
                return Call::new(name, arguments, options);
            }
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let after = self.rest.trim_start_matches(is_name);
            match after.strip_prefix('=') {
                Some(value) if after.len() < self.rest.len() => {
                    let name = &self.rest[..self.rest.len() - after.len()];
                    self.rest = value.trim_start();
                    options.push((name.to_owned(), self.argument(depth)?));
                }
                _ => arguments.push(self.argument(depth)?),
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, String> {
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(|text| Argument::Fixed(Value::String(text))),
            Some('(') if depth >= DEPTH_MAX => Err(format!("calls stand {DEPTH_MAX} deep in brackets at most")),
            Some('(') => {
                self.rest = self.rest[1..].trim_start();
                let call = self.call(depth + 1)?;
                self.rest = self.rest.strip_prefix(')').ok_or("a `(` is not closed")?;
                Ok(Argument::Call(Box::new(call)))
            }
            _ => match self.word() {
                "" => Err("an argument is missing".to_owned()),
                "true" => Ok(Argument::Fixed(Value::Bool(true))),
                "false" => Ok(Argument::Fixed(Value::Bool(false))),
                "null" | "undefined" => Ok(Argument::Fixed(Value::Null)),
                word => Ok(match number(word) {
                    Some(number) => Argument::Fixed(crate::support::document::number(number)),
                    None => Argument::Variable(word.to_owned()),
                }),
            },
        }
    }

    fn word(&mut self) -> &'t str {
        let end = self.rest.find(|c: char| c.is_whitespace() || "()".contains(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A text in quotes; `\"` is a quote in it.
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut text = String::new();
        let mut inside = self.rest[1..].char_indices();
        while let Some((at, c)) = inside.next() {
            if c == quote {
                self.rest = &self.rest[at + 2..];
                return Ok(text);
            }
            text.push(c);
            if c == '\\' {
                match inside.next() {
                    Some((_, next)) if next == quote => {
                        text.pop();
                        text.push(quote);
                    }
                    Some((_, next)) => text.push(next),
                    None => {}
                }
            }
        }
        Err("a text in quotes is not closed".to_owned())
    }
}

/// A number as it is written in a placeholder.
fn number(word: &str) -> Option<f64> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let tame =
        digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.starts_with(|c: char| c.is_ascii_digit());
    word.parse().ok().filter(|number: &f64| tame && number.is_finite())
}
