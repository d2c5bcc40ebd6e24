//! Parses templates into segments.

use serde_json::Value;

use super::error::TemplateError;
use super::helper::{Argument, HelperCall};
use crate::leadconduit::values::excerpt;

/// The most helper calls in one template, nested calls included.
pub(super) const CALLS_MAX: usize = 32;
/// The deepest nesting of calls.
pub(super) const DEPTH_MAX: usize = 4;
/// The deepest nesting of blocks.
pub(super) const BLOCKS_MAX: usize = 8;

/// A segment of a template.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    Text(String),
    Variable(String),
    Helper(Box<HelperCall>),
    Block(Box<Block>),
}

/// `{{#if condition}}...{{else}}...{{/if}}`.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) condition: Argument,
    pub(super) then: Vec<Segment>,
    pub(super) otherwise: Vec<Segment>,
}

/// A block whose end is not reached yet.
struct OpenBlock {
    condition: Argument,
    /// The segments before the block.
    before: Vec<Segment>,
    /// The segments before `{{else}}`; `None` until it is reached.
    then: Option<Vec<Segment>>,
}

/// A placeholder.
enum Placeholder {
    Comment,
    Segment(Segment),
    If(Argument),
    Else,
    EndIf,
}

/// Splits a template into text, variables and helper calls.
pub(super) fn segments(text: &str) -> Result<Vec<Segment>, TemplateError> {
    let mut segments = Vec::new();
    let mut blocks: Vec<OpenBlock> = Vec::new();
    let mut calls = 0;
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        if at > 0 {
            segments.push(Segment::Text(rest[..at].to_owned()));
        }
        let is_triple = rest[at..].starts_with("{{{");
        let (open, close) = if is_triple { (3, "}}}") } else { (2, "}}") };
        let inside = &rest[at + open..];
        let Some(end) = find_end(inside, close) else { return Err(TemplateError::Unclosed) };
        match placeholder(inside[..end].trim(), &mut calls)? {
            Placeholder::Comment => {}
            Placeholder::Segment(segment) => segments.push(segment),
            Placeholder::If(_) if blocks.len() >= BLOCKS_MAX => return Err(TemplateError::BlockDepth),
            Placeholder::If(condition) => {
                blocks.push(OpenBlock { condition, before: std::mem::take(&mut segments), then: None });
            }
            Placeholder::Else => match blocks.last_mut() {
                Some(block) if block.then.is_none() => block.then = Some(std::mem::take(&mut segments)),
                _ => return Err(TemplateError::StrayBlock("else".to_owned())),
            },
            Placeholder::EndIf => {
                let block = blocks.pop().ok_or_else(|| TemplateError::StrayBlock("/if".to_owned()))?;
                let last = std::mem::replace(&mut segments, block.before);
                let (then, otherwise) = match block.then {
                    Some(then) => (then, last),
                    None => (last, Vec::new()),
                };
                segments.push(Segment::Block(Box::new(Block { condition: block.condition, then, otherwise })));
            }
        }
        rest = &inside[end + close.len()..];
    }
    if !blocks.is_empty() {
        return Err(TemplateError::UnclosedBlock);
    }
    if !rest.is_empty() {
        segments.push(Segment::Text(rest.to_owned()));
    }
    Ok(segments)
}

/// Finds the end of a placeholder. Braces in quoted strings are skipped, as in `pattern="regexp(a{{2}})"`.
fn find_end(text: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut previous = ' ';
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if c == '\\' => is_escaped = true,
            Some(open) if c == open => quote = None,
            None if text[at..].starts_with(close) => return Some(at),
            None if matches!(c, '"' | '\'') && (previous.is_whitespace() || "=(".contains(previous)) => quote = Some(c),
            Some(_) | None => {}
        }
        previous = c;
    }
    None
}

/// Parses the inside of a placeholder.
fn placeholder(inside: &str, calls: &mut usize) -> Result<Placeholder, TemplateError> {
    let inside = match inside.chars().next() {
        None => return Err(TemplateError::Empty),
        Some('!') => return Ok(Placeholder::Comment),
        Some('#' | '/' | '^' | '>') => return block_tag(inside, calls),
        Some('&') => inside[1..].trim_start(),
        Some(_) => inside,
    };
    if inside == "else" {
        return Ok(Placeholder::Else);
    }
    if inside.starts_with("else ") {
        // `{{else if}}` has no source.
        return Err(TemplateError::Block(excerpt(inside)));
    }
    if !inside.contains(|c: char| c.is_whitespace() || c == '(') {
        return Ok(Placeholder::Segment(Segment::Variable(inside.to_owned())));
    }
    let mut parser = PlaceholderParser { rest: inside, calls };
    let call = parser.call(0)?;
    match parser.rest.trim_start() {
        "" => Ok(Placeholder::Segment(Segment::Helper(Box::new(call)))),
        rest => Err(TemplateError::Unexpected(excerpt(rest))),
    }
}

/// Parses the begin or the end of a block. Other blocks than `if`, and partials, are errors.
fn block_tag(inside: &str, calls: &mut usize) -> Result<Placeholder, TemplateError> {
    if inside == "/if" {
        return Ok(Placeholder::EndIf);
    }
    let Some(condition) =
        inside.strip_prefix("#if").filter(|rest| rest.starts_with(char::is_whitespace) || rest.is_empty())
    else {
        return Err(TemplateError::Block(excerpt(inside.split_whitespace().next().unwrap_or_default())));
    };
    let mut parser = PlaceholderParser { rest: condition.trim_start(), calls };
    if parser.rest.is_empty() {
        return Err(TemplateError::Condition);
    }
    let condition = parser.argument(0)?;
    if parser.rest.trim().is_empty() { Ok(Placeholder::If(condition)) } else { Err(TemplateError::Condition) }
}

/// Parses the inside of a placeholder.
struct PlaceholderParser<'t, 'c> {
    /// The text that is not parsed yet.
    rest: &'t str,
    /// The number of calls in the template so far.
    calls: &'c mut usize,
}

impl<'t> PlaceholderParser<'t, '_> {
    /// Parses a helper's name, arguments and options, up to the end or a closing parenthesis.
    fn call(&mut self, depth: usize) -> Result<HelperCall, TemplateError> {
        *self.calls += 1;
        if *self.calls > CALLS_MAX {
            return Err(TemplateError::Calls);
        }
        let name = self.word();
        let (mut arguments, mut options) = (Vec::new(), Vec::new());
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(')') {
                return HelperCall::new(name, arguments, options);
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

    fn argument(&mut self, depth: usize) -> Result<Argument, TemplateError> {
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(|text| Argument::Constant(Value::String(text))),
            Some('(') if depth >= DEPTH_MAX => Err(TemplateError::Depth),
            Some('(') => {
                self.rest = self.rest[1..].trim_start();
                let call = self.call(depth + 1)?;
                self.rest = self.rest.strip_prefix(')').ok_or(TemplateError::Parenthesis)?;
                Ok(Argument::Call(Box::new(call)))
            }
            _ => match self.word() {
                "" => Err(TemplateError::Argument),
                "true" => Ok(Argument::Constant(Value::Bool(true))),
                "false" => Ok(Argument::Constant(Value::Bool(false))),
                "null" | "undefined" => Ok(Argument::Constant(Value::Null)),
                word => Ok(match parse_number(word) {
                    Some(number) => Argument::Constant(crate::support::document::number(number)),
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

    /// Parses a quoted string; `\"` is a quote in it.
    fn quoted(&mut self, quote: char) -> Result<String, TemplateError> {
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
        Err(TemplateError::Quote)
    }
}

/// Parses a number of a placeholder.
fn parse_number(word: &str) -> Option<f64> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let is_decimal =
        digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.starts_with(|c: char| c.is_ascii_digit());
    word.parse().ok().filter(|number: &f64| is_decimal && number.is_finite())
}
