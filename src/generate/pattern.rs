//! Regular expressions of the simple kind that schemas use: read, matched, and made text of.
//!
//! What is understood: anchors, literals, `.`, classes (negated ones too), `\d \w \s` and their opposites, groups,
//! alternatives, and quantifiers. Look-around, back references and word boundaries are refused by name.

use std::collections::BTreeSet;

use rand::RngExt;

use crate::support::rng::SeededRng;

/// The highest count in a quantifier.
const REPEAT_MAX: u32 = 1_000;
/// The deepest nesting of groups.
const GROUPS_MAX: u8 = 32;

const DIGIT: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const SPACE: &[(char, char)] = &[('\t', '\r'), (' ', ' '), ('\u{a0}', '\u{a0}'), ('\u{2000}', '\u{200a}')];

/// Characters, as ranges with both ends included.
type Ranges = Vec<(char, char)>;

/// A regular expression.
#[derive(Debug)]
pub(super) struct Pattern(Node);

#[derive(Debug)]
enum Node {
    Start,
    End,
    Set { ranges: Ranges, negated: bool },
    Sequence(Vec<Node>),
    OneOf(Vec<Node>),
    Repeat { node: Box<Node>, min: u32, max: Option<u32> },
}

impl Pattern {
    /// Reads an expression, or says what in it is beyond us.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { chars: text.chars().collect(), at: 0, depth: 0 };
        let node = reader.alternatives().map_err(|reason| format!("pattern `{text}`: {reason}"))?;
        match reader.peek() {
            None => Ok(Self(node)),
            Some(_) => Err(format!("pattern `{text}`: `)` without `(`")),
        }
    }

    /// Whether the expression matches somewhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let starts = (0..=chars.len()).collect();
        !ends(&self.0, &chars, &starts).is_empty()
    }

    /// The length of the shortest text that the expression asks for.
    pub(super) fn shortest(&self) -> u32 {
        shortest(&self.0)
    }

    /// Text that the expression probably matches, at most about `spare` characters longer than the shortest.
    /// An anchor in an odd place can make it fail, so the caller checks.
    pub(super) fn make(&self, chance: &mut SeededRng, spare: u32) -> String {
        let mut writer = Writer { chance, spare, text: String::new() };
        writer.write(&self.0);
        writer.text
    }
}

/// Where matches of `node` end that begin at one of `starts`. Sets of places cannot blow up as backtracking does.
fn ends(node: &Node, text: &[char], starts: &BTreeSet<usize>) -> BTreeSet<usize> {
    match node {
        Node::Start => starts.iter().copied().filter(|at| *at == 0).collect(),
        Node::End => starts.iter().copied().filter(|at| *at == text.len()).collect(),
        Node::Set { ranges, negated } => {
            let fits = |at: &usize| text.get(*at).is_some_and(|c| holds(ranges, *c) != *negated);
            starts.iter().copied().filter(fits).map(|at| at + 1).collect()
        }
        Node::Sequence(nodes) => nodes.iter().fold(starts.clone(), |places, node| ends(node, text, &places)),
        Node::OneOf(nodes) => nodes.iter().flat_map(|node| ends(node, text, starts)).collect(),
        Node::Repeat { node, min, max } => {
            let mut fresh = (0..*min).fold(starts.clone(), |places, _| ends(node, text, &places));
            let mut reached = fresh.clone();
            let mut left = max.map(|max| max - min);
            while !fresh.is_empty() && left != Some(0) {
                fresh = ends(node, text, &fresh).difference(&reached).copied().collect();
                reached.extend(&fresh);
                left = left.map(|left| left - 1);
            }
            reached
        }
    }
}

fn shortest(node: &Node) -> u32 {
    match node {
        Node::Start | Node::End => 0,
        Node::Set { .. } => 1,
        Node::Sequence(nodes) => nodes.iter().map(shortest).fold(0, u32::saturating_add),
        Node::OneOf(nodes) => nodes.iter().map(shortest).min().unwrap_or(0),
        Node::Repeat { node, min, .. } => shortest(node).saturating_mul(*min),
    }
}

struct Writer<'c> {
    chance: &'c mut SeededRng,
    /// How many characters may still be added to the shortest text.
    spare: u32,
    text: String,
}

impl Writer<'_> {
    fn write(&mut self, node: &Node) {
        match node {
            Node::Start | Node::End => {}
            Node::Set { ranges, negated } => self.text.extend(pick(ranges, *negated, self.chance)),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.write(node)),
            Node::OneOf(nodes) => {
                let index = if nodes.len() > 1 { self.chance.rng().random_range(0..nodes.len()) } else { 0 };
                nodes.iter().skip(index).take(1).for_each(|node| self.write(node));
            }
            Node::Repeat { node, min, max } => {
                let each = shortest(node).max(1);
                let room = max.map_or(u32::MAX, |max| max - min).min(self.spare / each);
                // All there is room for every other time: how else would a text get to an exact length?
                let takes_all = self.chance.rng().random_range(0..2) == 0;
                let extra = if takes_all { room } else { self.chance.rng().random_range(0..=room) };
                self.spare -= extra * each;
                (0..min + extra).for_each(|_| self.write(node));
            }
        }
    }
}

/// A character of the set: lower case and digits when it has any, because ids and names look like that.
fn pick(ranges: &[(char, char)], negated: bool, chance: &mut SeededRng) -> Option<char> {
    let within = |low: char, high: char| (low..=high).filter(|c| holds(ranges, *c) != negated);
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
    // A set that is wholly above these has at least the beginnings of its ranges.
    if pool.is_empty() {
        pool = ranges.iter().map(|(low, _)| *low).collect();
    }
    let index = if pool.len() > 1 { chance.rng().random_range(0..pool.len()) } else { 0 };
    pool.get(index).copied()
}

fn holds(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|(low, high)| (*low..=*high).contains(&c))
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: u8,
}

impl Reader {
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
            Some(c @ ('*' | '+' | '?' | '{' | '}' | ']')) => Err(format!("`{c}` stands for nothing here")),
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
                    return Err("`{` needs one number or two in order, and `}`".to_owned());
                }
                (min, max)
            }
            _ => return Ok(node),
        };
        self.at += 1;
        // A lazy quantifier matches the same texts as an eager one.
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
                self.class_item()?.map_err(|_| "a range of `[...]` ends in a set")?
            } else {
                low
            };
            if high < low {
                return Err(format!("range `{low}-{high}` is the wrong way round"));
            }
            ranges.push((low, high));
        }
        Ok(Node::Set { ranges, negated })
    }

    /// A character of a class, or as the inner error the set that stands for several.
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
