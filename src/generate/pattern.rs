//! Regular expressions of schemas: matching, and generation of matching text. `regex-syntax` parses them, so that the
//! syntax is that of the validator. Its syntax tree is used, not its normal form (`Hir`), which changes between releases
//! and would change the generated values with it.
//!
//! Supported are anchors, literals, `.`, classes, `\d \w \s` and their negations, groups, alternatives and quantifiers.
//! Look-around, back references and word boundaries are rejected with an error.

use std::collections::BTreeSet;

use rand::RngExt;
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, GroupKind, Repetition, RepetitionKind,
    RepetitionRange,
};

use crate::support::rng::SeededRng;

/// The largest count in a quantifier.
const REPEAT_MAX: u32 = 1_000;
/// The deepest nesting of groups, classes, sequences and alternatives.
const DEPTH_MAX: u32 = 100;

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

/// A pattern that is malformed or not supported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pattern `{pattern}`: {reason}")]
pub struct PatternError {
    pattern: String,
    reason: UnsupportedPattern,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum UnsupportedPattern {
    #[error("{0}")]
    Syntax(ast::ErrorKind),
    #[error("look-around is not supported")]
    LookAround,
    #[error("`{0}` is not supported")]
    Part(String),
    #[error("`{0}` inside `[...]` is not supported")]
    InClass(String),
    #[error("more than {REPEAT_MAX} repetitions are not supported")]
    Repetitions,
}

impl From<&ast::ErrorKind> for UnsupportedPattern {
    fn from(kind: &ast::ErrorKind) -> Self {
        match kind {
            ast::ErrorKind::UnsupportedLookAround => Self::LookAround,
            kind => Self::Syntax(kind.clone()),
        }
    }
}

impl SchemaPattern {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// The expression is malformed or uses an unsupported feature.
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        let fail = |reason| PatternError { pattern: text.to_owned(), reason };
        let parsed = ParserBuilder::new().nest_limit(DEPTH_MAX).build().parse(text);
        let parsed = parsed.map_err(|error| fail(error.kind().into()))?;
        PatternCompiler { text }.node(&parsed).map(Self).map_err(fail)
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

/// Compiles the syntax tree of an expression.
struct PatternCompiler<'t> {
    text: &'t str,
}

impl PatternCompiler<'_> {
    fn node(&self, ast: &Ast) -> Result<Node, UnsupportedPattern> {
        let nodes = |asts: &[Ast]| asts.iter().map(|ast| self.node(ast)).collect::<Result<Vec<_>, _>>();
        Ok(match ast {
            Ast::Empty(_) => Node::Sequence(Vec::new()),
            Ast::Literal(literal) => Node::Set { ranges: vec![(literal.c, literal.c)], negated: false },
            Ast::Dot(_) => Node::Set { ranges: vec![('\n', '\n'), ('\r', '\r')], negated: true },
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine | AssertionKind::StartText => Node::Start,
                AssertionKind::EndLine | AssertionKind::EndText => Node::End,
                _ => return Err(self.unsupported(ast)),
            },
            Ast::ClassPerl(class) => Node::Set { ranges: perl_ranges(class), negated: class.negated },
            Ast::ClassBracketed(class) => {
                let ClassSet::Item(item) = &class.kind else { return Err(self.unsupported(ast)) };
                let mut ranges = Ranges::new();
                self.add_item(item, &mut ranges)?;
                Node::Set { ranges, negated: class.negated }
            }
            Ast::Repetition(repetition) => self.repetition(repetition)?,
            Ast::Group(group) => match &group.kind {
                GroupKind::NonCapturing(flags) if !flags.items.is_empty() => return Err(self.unsupported(ast)),
                _ => self.node(&group.ast)?,
            },
            Ast::Alternation(alternation) => Node::OneOf(nodes(&alternation.asts)?),
            Ast::Concat(concat) => Node::Sequence(nodes(&concat.asts)?),
            Ast::Flags(_) | Ast::ClassUnicode(_) => return Err(self.unsupported(ast)),
        })
    }

    /// A lazy quantifier matches the same text as a greedy one.
    fn repetition(&self, repetition: &Repetition) -> Result<Node, UnsupportedPattern> {
        let (min, max) = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => (0, Some(1)),
            RepetitionKind::ZeroOrMore => (0, None),
            RepetitionKind::OneOrMore => (1, None),
            RepetitionKind::Range(RepetitionRange::Exactly(count)) => (*count, Some(*count)),
            RepetitionKind::Range(RepetitionRange::AtLeast(min)) => (*min, None),
            RepetitionKind::Range(RepetitionRange::Bounded(min, max)) => (*min, Some(*max)),
        };
        if min.max(max.unwrap_or(0)) > REPEAT_MAX {
            return Err(UnsupportedPattern::Repetitions);
        }
        Ok(Node::Repeat { node: Box::new(self.node(&repetition.ast)?), min, max })
    }

    /// Adds an item of a class.
    fn add_item(&self, item: &ClassSetItem, ranges: &mut Ranges) -> Result<(), UnsupportedPattern> {
        match item {
            ClassSetItem::Empty(_) => {}
            ClassSetItem::Literal(literal) => ranges.push((literal.c, literal.c)),
            ClassSetItem::Range(range) => ranges.push((range.start.c, range.end.c)),
            ClassSetItem::Perl(class) if !class.negated => ranges.extend(perl_ranges(class)),
            ClassSetItem::Union(union) => union.items.iter().try_for_each(|item| self.add_item(item, ranges))?,
            item => return Err(UnsupportedPattern::InClass(self.excerpt(item.span()))),
        }
        Ok(())
    }

    fn unsupported(&self, ast: &Ast) -> UnsupportedPattern {
        UnsupportedPattern::Part(self.excerpt(ast.span()))
    }

    fn excerpt(&self, span: &ast::Span) -> String {
        self.text.get(span.start.offset..span.end.offset).unwrap_or_default().to_owned()
    }
}

/// The ASCII ranges of JavaScript, of which `\s` has a few more.
fn perl_ranges(class: &ClassPerl) -> Ranges {
    match class.kind {
        ClassPerlKind::Digit => DIGIT.to_vec(),
        ClassPerlKind::Word => WORD.to_vec(),
        ClassPerlKind::Space => SPACE.to_vec(),
    }
}
