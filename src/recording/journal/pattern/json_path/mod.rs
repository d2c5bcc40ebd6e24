//! `JSONPath` with the syntax and the meaning that `WireMock` gives it (the Java library Jayway `JsonPath`), and what
//! RFC 9535 adds to it.
//!
//! No crate implements Jayway's dialect, and the two differ where it matters: `[?(...)]` on an object tests the object
//! itself in `WireMock`, and its members in RFC 9535. Each syntax keeps the meaning of its owner: `[?(...)]` is Jayway's,
//! `[?...]` without the round brackets is that of the RFC. Whatever the dialects have and this module does not is
//! rejected by name: a path that silently selects nothing would let an expectation pass.
//!
//! | module | holds |
//! |---|---|
//! | `parse` | from the text to a [`JsonPath`] |
//! | `literal` | literals and regular expressions in filters |
//! | `evaluate` | the nodes that a path selects, within a budget of work |
//! | `operator` | the operators of filters |

mod evaluate;
mod literal;
mod operator;
mod parse;
#[cfg(test)]
mod tests;

use regex::Regex;
use serde_json::Value;

pub(super) use evaluate::Selection;
use operator::Operator;
pub(super) use parse::JsonPathError;

/// How many characters a path may have.
const PATH_CHARS_MAX: usize = 500;

/// How deep round brackets, filters and lists may be nested.
const DEPTH_MAX: usize = 8;

/// How many values may be visited. A body as large as the journal records has fewer; only nested searches exceed it.
const VISITS_MAX: usize = 200_000;

/// A parsed path.
#[derive(Debug)]
pub(super) struct JsonPath {
    segments: Vec<Segment>,
    /// A function at the end, which is applied to what the path selects: `$.items.length()`.
    function: Option<TailFunction>,
}

impl JsonPath {
    /// Parses a path.
    ///
    /// # Errors
    ///
    /// What is wrong or not supported, and where.
    pub(super) fn parse(text: &str) -> Result<Self, JsonPathError> {
        parse::parse(text)
    }

    /// True when the path selects at most one value, whatever the document. `WireMock` takes the values of any other
    /// path as a list, which matches as soon as it is not empty.
    pub(super) fn is_definite(&self) -> bool {
        self.segments.iter().all(|segment| {
            matches!(segment, Segment::Children(selectors) if matches!(selectors.as_slice(), [Selector::Name(_) | Selector::Index(_)]))
        })
    }
}

#[derive(Debug)]
enum Segment {
    /// Selects among the children of each node.
    Children(Vec<Selector>),
    /// Selects among the children of each node and of all its descendants.
    Descendants(Vec<Selector>),
}

#[derive(Debug)]
enum Selector {
    Name(String),
    /// Negative indices count from the end.
    Index(i64),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Wildcard,
    Filter(FilterScope, Expression),
}

/// What a filter tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FilterScope {
    /// `[?(...)]`: the items of an array, or an object itself.
    ItemsOrSelf,
    /// `[?...]`: the items of an array, or the members of an object.
    Children,
}

#[derive(Debug)]
enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Not(Box<Expression>),
    /// True when the query selects a value.
    Exists(Query),
    Compare(Operand, Operator, Operand),
    /// `match` and `search` of RFC 9535.
    MatchesRegex(Query, Regex),
}

#[derive(Debug)]
enum Operand {
    Literal(Value),
    Query(Query),
    /// The right side of `=~`.
    Regex(Regex),
    /// `length(...)` of RFC 9535.
    Length(Query),
    /// `count(...)` of RFC 9535.
    Count(Query),
}

/// A path inside a filter.
#[derive(Debug)]
struct Query {
    /// True for `$`, false for `@`.
    is_absolute: bool,
    path: JsonPath,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TailFunction {
    Length,
    Min,
    Max,
    Average,
    Sum,
    StandardDeviation,
    Keys,
    First,
    Last,
}
