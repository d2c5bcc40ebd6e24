//! Parser for paths. It reads the text once, except that a filter in round brackets is read again when more follows.

use super::TailFunction;
use super::literal::compile;
use super::operator::Operator;
use super::{DEPTH_MAX, Expression, FilterScope, JsonPath, Operand, PATH_CHARS_MAX, Query, Segment, Selector};

/// Why a text is not a path that can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum JsonPathError {
    #[error("a JSONPath may have at most {PATH_CHARS_MAX} characters")]
    TooLong,
    #[error("the JSONPath is nested more than {DEPTH_MAX} levels deep")]
    TooDeep,
    #[error("{expected} is expected at character {position}")]
    Expected { expected: &'static str, position: usize },
    #[error("{what} is not supported; {instead}")]
    Unsupported { what: String, instead: &'static str },
    #[error("`{pattern}` is not a regular expression: {reason}")]
    Regex { pattern: String, reason: String },
}

pub(super) type Parsed<T> = Result<T, JsonPathError>;

const OPERATORS: &str =
    "write ==, !=, <, <=, >, >=, =~, in, nin, subsetof, anyof, noneof, all, size, empty or contains";
const TAIL_FUNCTIONS: &str = "write length(), size(), min(), max(), avg(), sum(), stddev(), keys(), first() or last()";
const FILTER_FUNCTIONS: &str = "write length(...), count(...), value(...), match(...) or search(...)";

pub(super) fn parse(text: &str) -> Parsed<JsonPath> {
    if text.chars().count() > PATH_CHARS_MAX {
        return Err(JsonPathError::TooLong);
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    if !parser.take("$") {
        return Err(parser.expected("`$`, the root,"));
    }
    let path = parser.path()?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.expected("`.`, `[` or the end"));
    }
    Ok(path)
}

pub(super) struct Parser<'t> {
    text: &'t str,
    /// The position in bytes.
    pub(super) at: usize,
    depth: usize,
}

impl Parser<'_> {
    pub(super) fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Consumes a token if it comes next.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    pub(super) fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    pub(super) fn expect(&mut self, token: &str, expected: &'static str) -> Parsed<()> {
        self.skip_space();
        if self.take(token) { Ok(()) } else { Err(self.expected(expected)) }
    }

    pub(super) fn expected(&self, expected: &'static str) -> JsonPathError {
        JsonPathError::Expected { expected, position: self.text[..self.at].chars().count() + 1 }
    }

    /// Parses something nested.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH_MAX {
            return Err(JsonPathError::TooDeep);
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// The segments after `$` or `@`.
    fn path(&mut self) -> Parsed<JsonPath> {
        let mut segments = Vec::new();
        let mut function = None;
        while function.is_none() {
            // RFC 9535 allows white space between segments.
            let spaces = self.rest().len() - self.rest().trim_start().len();
            if self.rest()[spaces..].starts_with(['.', '[']) {
                self.at += spaces;
            }
            if self.take("..") {
                segments.push(Segment::Descendants(self.dotted(&mut function)?));
            } else if self.take(".") {
                let selectors = self.dotted(&mut function)?;
                // The name was that of a function.
                if function.is_none() {
                    segments.push(Segment::Children(selectors));
                }
            } else if self.peek() == Some('[') {
                segments.push(Segment::Children(self.bracket()?));
            } else {
                break;
            }
        }
        if function.is_some() && matches!(segments.last(), Some(Segment::Descendants(last)) if last.is_empty()) {
            return Err(self.expected("a name or `[` after `..`"));
        }
        Ok(JsonPath { segments, function })
    }

    /// What follows a dot: `*`, a name, a bracket, or the name of a function.
    fn dotted(&mut self, function: &mut Option<TailFunction>) -> Parsed<Vec<Selector>> {
        if self.take("*") {
            return Ok(vec![Selector::Wildcard]);
        }
        if self.peek() == Some('[') {
            return self.bracket();
        }
        let is_end = |c: char| c.is_whitespace() || ".[](),=!<>&|~'\"*?".contains(c);
        let length = self.rest().find(is_end).unwrap_or(self.rest().len());
        let name = self.rest()[..length].to_owned();
        if name.is_empty() {
            return Err(self.expected("a name, `*` or `[`"));
        }
        self.at += length;
        if self.take("(") {
            *function = Some(self.tail_function(&name)?);
            return Ok(Vec::new());
        }
        Ok(vec![Selector::Name(name)])
    }

    fn tail_function(&mut self, name: &str) -> Parsed<TailFunction> {
        let function = match name {
            "length" | "size" => TailFunction::Length,
            "min" => TailFunction::Min,
            "max" => TailFunction::Max,
            "avg" => TailFunction::Average,
            "sum" => TailFunction::Sum,
            "stddev" => TailFunction::StandardDeviation,
            "keys" => TailFunction::Keys,
            "first" => TailFunction::First,
            "last" => TailFunction::Last,
            other => {
                let what = format!("the function `{other}()`");
                return Err(JsonPathError::Unsupported { what, instead: TAIL_FUNCTIONS });
            }
        };
        self.skip_space();
        if !self.take(")") {
            let what = format!("the function `{name}()` with an argument");
            return Err(JsonPathError::Unsupported { what, instead: TAIL_FUNCTIONS });
        }
        Ok(function)
    }

    /// The selectors in square brackets.
    fn bracket(&mut self) -> Parsed<Vec<Selector>> {
        self.expect("[", "`[`")?;
        let mut selectors = Vec::new();
        loop {
            self.skip_space();
            selectors.push(self.nested(Self::selector)?);
            self.skip_space();
            if self.take("]") {
                return Ok(selectors);
            }
            if !self.take(",") {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn selector(&mut self) -> Parsed<Selector> {
        match self.peek() {
            Some('*') => {
                self.at += 1;
                Ok(Selector::Wildcard)
            }
            Some('\'' | '"') => self.string().map(Selector::Name),
            Some('?') => {
                self.at += 1;
                self.skip_space();
                self.filter()
            }
            Some('(') => Err(JsonPathError::Unsupported {
                what: "a script in brackets, such as `[(@.length-1)]`,".to_owned(),
                instead: "write an index; negative ones count from the end: [-1]",
            }),
            _ => self.index_or_slice(),
        }
    }

    fn index_or_slice(&mut self) -> Parsed<Selector> {
        let start = self.integer()?;
        self.skip_space();
        if !self.take(":") {
            return start.map(Selector::Index).ok_or_else(|| self.expected("a name in quotes, an index, `*` or `?`"));
        }
        self.skip_space();
        let end = self.integer()?;
        self.skip_space();
        let step = if self.take(":") {
            self.skip_space();
            self.integer()?.unwrap_or(1)
        } else {
            1
        };
        Ok(Selector::Slice { start, end, step })
    }

    fn integer(&mut self) -> Parsed<Option<i64>> {
        let is_end = |c: char| !(c.is_ascii_digit() || c == '-');
        let length = self.rest().find(is_end).unwrap_or(self.rest().len());
        if length == 0 {
            return Ok(None);
        }
        let Ok(number) = self.rest()[..length].parse() else { return Err(self.expected("a whole number")) };
        self.at += length;
        Ok(Some(number))
    }

    fn filter(&mut self) -> Parsed<Selector> {
        if self.peek() == Some(']') {
            return Err(JsonPathError::Unsupported {
                what: "the placeholder `[?]`".to_owned(),
                instead: "write the condition, such as [?(@.name == 'x')]",
            });
        }
        let start = self.at;
        if self.take("(") {
            let inner = self.nested(Self::any)?;
            self.expect(")", "`)`")?;
            self.skip_space();
            if matches!(self.peek(), Some(']' | ',')) {
                return Ok(Selector::Filter(FilterScope::ItemsOrSelf, inner));
            }
            // The round brackets are only a part of the condition: `[?(@.a) && (@.b)]`.
            self.at = start;
        }
        Ok(Selector::Filter(FilterScope::Children, self.any()?))
    }

    fn any(&mut self) -> Parsed<Expression> {
        let mut all = vec![self.all()?];
        while self.next_is("||") {
            all.push(self.all()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::Any(all) })
    }

    fn all(&mut self) -> Parsed<Expression> {
        let mut all = vec![self.unary()?];
        while self.next_is("&&") {
            all.push(self.unary()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::All(all) })
    }

    pub(super) fn next_is(&mut self, token: &str) -> bool {
        self.skip_space();
        self.take(token)
    }

    fn unary(&mut self) -> Parsed<Expression> {
        self.skip_space();
        if self.take("!") {
            return self.nested(Self::unary).map(|inner| Expression::Not(Box::new(inner)));
        }
        if self.take("(") {
            let inner = self.nested(Self::any)?;
            self.expect(")", "`)`")?;
            return Ok(inner);
        }
        self.condition()
    }

    fn condition(&mut self) -> Parsed<Expression> {
        for (name, is_whole) in [("match(", true), ("search(", false)] {
            if self.take(name) {
                return self.regex_function(is_whole);
            }
        }
        let left = self.operand()?;
        self.skip_space();
        let Some(operator) = self.operator()? else {
            return match left {
                Operand::Query(query) => Ok(Expression::Exists(query)),
                _ => Err(self.expected("an operator such as `==`")),
            };
        };
        self.skip_space();
        let right = self.operand()?;
        match (operator, &left, &right) {
            (_, Operand::Regex(_), _) => Err(JsonPathError::Unsupported {
                what: "a regular expression on the left side".to_owned(),
                instead: "write it on the right side of =~",
            }),
            (Operator::Matches, _, Operand::Regex(_)) => Ok(Expression::Compare(left, operator, right)),
            (Operator::Matches, ..) => Err(self.expected("a regular expression such as `/a.*/i` before this")),
            (_, _, Operand::Regex(_)) => Err(self.expected("`=~` before the regular expression")),
            _ => Ok(Expression::Compare(left, operator, right)),
        }
    }

    fn operator(&mut self) -> Parsed<Option<Operator>> {
        for (token, operator) in Operator::SYMBOLS {
            if self.take(token) {
                return Ok(Some(operator));
            }
        }
        if self.peek() == Some('=') || self.peek() == Some('<') {
            return Err(self.expected("an operator such as `==`"));
        }
        let word = self.word();
        if word.is_empty() {
            return Ok(None);
        }
        let Some(operator) = Operator::of_word(&word.to_ascii_lowercase()) else {
            return Err(JsonPathError::Unsupported { what: format!("the operator `{word}`"), instead: OPERATORS });
        };
        self.at += word.len();
        Ok(Some(operator))
    }

    /// The letters that come next.
    pub(super) fn word(&self) -> String {
        self.rest().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    }

    /// `match(path, 'pattern')` and `search(path, 'pattern')`.
    fn regex_function(&mut self, is_whole: bool) -> Parsed<Expression> {
        let query = self.query()?;
        self.expect(",", "`,`")?;
        self.skip_space();
        if !matches!(self.peek(), Some('\'' | '"')) {
            return Err(self.expected("a pattern in quotes"));
        }
        let pattern = self.string()?;
        self.expect(")", "`)`")?;
        let regex = compile(&pattern, "", is_whole)?;
        Ok(Expression::MatchesRegex(query, regex))
    }

    fn query(&mut self) -> Parsed<Query> {
        self.skip_space();
        let is_absolute = self.peek() == Some('$');
        if !is_absolute && self.peek() != Some('@') {
            return Err(self.expected("a path that begins with `@` or `$`"));
        }
        self.at += 1;
        Ok(Query { is_absolute, path: self.nested(Self::path)? })
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.skip_space();
        match self.peek() {
            Some('@' | '$') => self.query().map(Operand::Query),
            Some('/') => self.regex().map(Operand::Regex),
            Some(c) if c.is_alphabetic() => {
                let word = self.word();
                if !self.rest()[word.len()..].starts_with('(') {
                    return self.literal().map(Operand::Literal);
                }
                self.at += word.len() + 1;
                let call = match word.as_str() {
                    "length" => Operand::Length,
                    "count" => Operand::Count,
                    "value" => Operand::Query,
                    _ => {
                        let what = format!("the function `{word}(...)`");
                        return Err(JsonPathError::Unsupported { what, instead: FILTER_FUNCTIONS });
                    }
                };
                let query = self.query()?;
                self.expect(")", "`)`")?;
                Ok(call(query))
            }
            _ => self.literal().map(Operand::Literal),
        }
    }
}
