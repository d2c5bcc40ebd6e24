//! Regular expressions of schemas: parsing, matching, and generation of matching text.
//!
//! Supported are anchors, literals, `.`, classes, `\d \w \s` and their negations, groups, alternatives and quantifiers.
//! Look-around, back references and word boundaries are rejected with an error.

use std::collections::BTreeSet;

use rand::RngExt;

use crate::support::rng::SeededRng;

/// The largest count in a quantifier.
const REPEAT_MAX: u32 = 1_000;
/// The deepest nesting of groups.
const GROUPS_MAX: u8 = 32;

const DIGIT: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const SPACE: &[(char, char)] = &[('\t', '\r'), (' ', ' '), ('\u{a0}', '\u{a0}'), ('\u{2000}', '\u{200a}')];

/// Ranges of characters, both ends included.
type Ranges = Vec<(char, char)>;

/// A parsed regular expression.
#[derive(Debug)]
pub(super) struct SchemaPattern(Node);

#[derive(Debug)]
enum Node {
    Start,
    End,
    Set { ranges: Ranges, negated: bool },
    Sequence(Vec<Node>),
    OneOf(Vec<Node>),
    Repeat { node: Box<Node>, min: u32, max: Option<u32> },
}

impl SchemaPattern {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// The expression is malformed or uses an unsupported feature.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = PatternParser { chars: text.chars().collect(), at: 0, depth: 0 };
        let node = parser.alternatives().map_err(|reason| format!("pattern `{text}`: {reason}"))?;
        match parser.peek() {
            None => Ok(Self(node)),
            Some(_) => Err(format!("pattern `{text}`: `)` without `(`")),
        }
    }

    /// True if the expression matches anywhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let starts = (0..=chars.len()).collect();
        !match_ends(&self.0, &chars, &starts).is_empty()
    }

    /// Returns the length of the shortest matching text.
    pub(super) fn min_length(&self) -> u32 {
        min_length(&self.0)
    }

    /// Generates text at most about `extra` characters longer than the shortest. The caller must check that it matches,
    /// because anchors inside the expression are ignored.
    pub(super) fn generate(&self, random: &mut SeededRng, extra: u32) -> String {
        let mut generator = PatternGenerator { random, extra, text: String::new() };
        generator.write(&self.0);
        generator.text
    }
}

/// Returns the ends of all matches of `node` that begin at one of `starts`. Sets of positions avoid exponential
/// backtracking.
fn match_ends(node: &Node, text: &[char], starts: &BTreeSet<usize>) -> BTreeSet<usize> {
    match node {
        Node::Start => starts.iter().copied().filter(|at| *at == 0).collect(),
        Node::End => starts.iter().copied().filter(|at| *at == text.len()).collect(),
        Node::Set { ranges, negated } => {
            let is_in_set = |at: &usize| text.get(*at).is_some_and(|c| contains(ranges, *c) != *negated);
            starts.iter().copied().filter(is_in_set).map(|at| at + 1).collect()
        }
        Node::Sequence(nodes) => {
            nodes.iter().fold(starts.clone(), |positions, node| match_ends(node, text, &positions))
        }
        Node::OneOf(nodes) => nodes.iter().flat_map(|node| match_ends(node, text, starts)).collect(),
        Node::Repeat { node, min, max } => {
            let mut new = (0..*min).fold(starts.clone(), |positions, _| match_ends(node, text, &positions));
            let mut reached = new.clone();
            let mut remaining = max.map(|max| max - min);
            while !new.is_empty() && remaining != Some(0) {
                new = match_ends(node, text, &new).difference(&reached).copied().collect();
                reached.extend(&new);
                remaining = remaining.map(|remaining| remaining - 1);
            }
            reached
        }
    }
}

fn min_length(node: &Node) -> u32 {
    match node {
        Node::Start | Node::End => 0,
        Node::Set { .. } => 1,
        Node::Sequence(nodes) => nodes.iter().map(min_length).fold(0, u32::saturating_add),
        Node::OneOf(nodes) => nodes.iter().map(min_length).min().unwrap_or(0),
        Node::Repeat { node, min, .. } => min_length(node).saturating_mul(*min),
    }
}

struct PatternGenerator<'c> {
    random: &'c mut SeededRng,
    /// The number of characters that can be added to the shortest text.
    extra: u32,
    text: String,
}

impl PatternGenerator<'_> {
    fn write(&mut self, node: &Node) {
        match node {
            Node::Start | Node::End => {}
            Node::Set { ranges, negated } => self.text.extend(pick(ranges, *negated, self.random)),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.write(node)),
            Node::OneOf(nodes) => {
                let index = if nodes.len() > 1 { self.random.rng().random_range(0..nodes.len()) } else { 0 };
                nodes.iter().skip(index).take(1).for_each(|node| self.write(node));
            }
            Node::Repeat { node, min, max } => {
                let each = min_length(node).max(1);
                let available = max.map_or(u32::MAX, |max| max - min).min(self.extra / each);
                // Every other time all available characters are used, so that exact lengths are reached.
                let uses_all = self.random.rng().random_range(0..2) == 0;
                let repetitions = if uses_all { available } else { self.random.rng().random_range(0..=available) };
                self.extra -= repetitions * each;
                (0..min + repetitions).for_each(|_| self.write(node));
            }
        }
    }
}

/// Picks a character of the set, preferably a lower-case letter or a digit, as in ids and names.
fn pick(ranges: &[(char, char)], negated: bool, random: &mut SeededRng) -> Option<char> {
    let within = |low: char, high: char| (low..=high).filter(|c| contains(ranges, *c) != negated);
    let mut pool: Vec<char> = within('0', '9').chain(within('a', 'z')).collect();
    if pool.is_empty() {
        pool = within('A', 'Z').collect();
    }
    if pool.is_empty() {
        pool = within(' ', '~').collect();
    }
    if pool.is_empty() {
        pool = within('\0', '\u{2fff}').take(256).collect();
    }
    // A set of characters beyond these offers the beginnings of its ranges.
    if pool.is_empty() {
        pool = ranges.iter().map(|(low, _)| *low).collect();
    }
    let index = if pool.len() > 1 { random.rng().random_range(0..pool.len()) } else { 0 };
    pool.get(index).copied()
}

fn contains(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|(low, high)| (*low..=*high).contains(&c))
}

struct PatternParser {
    chars: Vec<char>,
    at: usize,
    depth: u8,
}

impl PatternParser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c));
        self.at += if found { text.chars().count() } else { 0 };
        found
    }

    fn alternatives(&mut self) -> Result<Node, String> {
        let mut nodes = vec![self.sequence()?];
        while self.skip("|") {
            nodes.push(self.sequence()?);
        }
        Ok(Node::OneOf(nodes))
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while self.peek().is_some_and(|c| c != '|' && c != ')') {
            let node = self.atom()?;
            nodes.push(self.quantified(node)?);
        }
        Ok(Node::Sequence(nodes))
    }

    fn atom(&mut self) -> Result<Node, String> {
        match self.next() {
            Some('^') => Ok(Node::Start),
            Some('$') => Ok(Node::End),
            Some('.') => Ok(Node::Set { ranges: vec![('\n', '\n'), ('\r', '\r')], negated: true }),
            Some('[') => self.class(),
            Some('(') => self.group(),
            Some('\\') => self.escape().map(|(ranges, negated)| Node::Set { ranges, negated }),
            Some(c @ ('*' | '+' | '?' | '{' | '}' | ']')) => Err(format!("unexpected `{c}`")),
            Some(c) => Ok(Node::Set { ranges: vec![(c, c)], negated: false }),
            None => Err("it ends too early".to_owned()),
        }
    }

    fn group(&mut self) -> Result<Node, String> {
        if ["?=", "?!", "?<=", "?<!"].iter().any(|sign| self.skip(sign)) {
            return Err("look-around is not supported".to_owned());
        }
        if !self.skip("?:") && self.skip("?<") {
            while self.next().is_some_and(|c| c != '>') {}
        }
        if self.depth == GROUPS_MAX {
            return Err(format!("groups are nested deeper than {GROUPS_MAX}"));
        }
        self.depth += 1;
        let node = self.alternatives()?;
        self.depth -= 1;
        if self.skip(")") { Ok(node) } else { Err("`(` without `)`".to_owned()) }
    }

    fn quantified(&mut self, node: Node) -> Result<Node, String> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let min = self.count()?.ok_or("`{` needs a number")?;
                let max = if self.skip(",") { self.count()? } else { Some(min) };
                if self.peek() != Some('}') || max.is_some_and(|max| max < min) {
                    return Err("`{` needs one number, or two in ascending order, and `}`".to_owned());
                }
                (min, max)
            }
            _ => return Ok(node),
        };
        self.at += 1;
        // A lazy quantifier matches the same text as a greedy one.
        self.skip("?");
        Ok(Node::Repeat { node: Box::new(node), min, max })
    }

    fn count(&mut self) -> Result<Option<u32>, String> {
        let mut count = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            count = Some(count.unwrap_or(0) * 10 + digit);
            if count > Some(REPEAT_MAX) {
                return Err(format!("more than {REPEAT_MAX} repetitions are not supported"));
            }
        }
        Ok(count)
    }

    fn class(&mut self) -> Result<Node, String> {
        let negated = self.skip("^");
        let mut ranges = Vec::new();
        while !self.skip("]") {
            let low = match self.class_item()? {
                Ok(c) => c,
                Err(set) => {
                    ranges.extend(set);
                    continue;
                }
            };
            let dash_is_range = self.peek() == Some('-') && self.chars.get(self.at + 1) != Some(&']');
            let high = if dash_is_range {
                self.at += 1;
                self.class_item()?.map_err(|_| "a range in `[...]` ends with a class")?
            } else {
                low
            };
            if high < low {
                return Err(format!("range `{low}-{high}` is in the wrong order"));
            }
            ranges.push((low, high));
        }
        Ok(Node::Set { ranges, negated })
    }

    /// Parses an item of a class: a character, or the ranges of an escape as inner error.
    fn class_item(&mut self) -> Result<Result<char, Ranges>, String> {
        match self.next() {
            Some('\\') if self.skip("b") => Ok(Ok('\u{8}')),
            Some('\\') => match self.escape()? {
                (_, true) => Err("`\\D`, `\\W` and `\\S` inside `[...]` are not supported".to_owned()),
                (ranges, false) => match ranges.as_slice() {
                    [(low, high)] if low == high => Ok(Ok(*low)),
                    _ => Ok(Err(ranges)),
                },
            },
            Some(c) => Ok(Ok(c)),
            None => Err("`[` without `]`".to_owned()),
        }
    }

    fn escape(&mut self) -> Result<(Ranges, bool), String> {
        let c = self.next().ok_or("it ends in `\\`")?;
        let one = |c: char| Ok((vec![(c, c)], false));
        match c {
            'd' | 'D' => Ok((DIGIT.to_vec(), c == 'D')),
            'w' | 'W' => Ok((WORD.to_vec(), c == 'W')),
            's' | 'S' => Ok((SPACE.to_vec(), c == 'S')),
            'n' => one('\n'),
            'r' => one('\r'),
            't' => one('\t'),
            _ if c.is_ascii_alphanumeric() => Err(format!("`\\{c}` is not supported")),
            _ => one(c),
        }
    }
}
