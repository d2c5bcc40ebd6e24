//! Parses the expressions of `math` by the operator precedence that the documentation lists.

use super::error::{ExpressionError, TemplateError};
use crate::leadconduit::values::excerpt;

/// The longest expression.
pub(super) const LENGTH_BYTES_MAX: usize = 1000;
/// The deepest nesting.
pub(super) const DEPTH_MAX: usize = 32;

/// A parsed expression.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Number(f64),
    Text(String),
    Variable(String),
    /// An operator or a function with its operands.
    Apply(&'static str, Vec<Expression>),
}

/// Functions with the minimum and maximum number of operands.
pub(super) const FUNCTIONS: [(&str, usize, usize); 25] = [
    ("sin", 1, 1),
    ("cos", 1, 1),
    ("tan", 1, 1),
    ("asin", 1, 1),
    ("acos", 1, 1),
    ("atan", 1, 1),
    ("sqrt", 1, 1),
    ("log", 1, 1),
    ("abs", 1, 1),
    ("ceil", 1, 1),
    ("floor", 1, 1),
    ("round", 1, 1),
    ("exp", 1, 1),
    ("not", 1, 1),
    ("length", 1, 1),
    ("roundTo", 2, 2),
    ("random", 0, 1),
    ("fac", 1, 1),
    ("min", 1, 64),
    ("max", 1, 64),
    ("pyt", 2, 2),
    ("pow", 2, 2),
    ("atan2", 2, 2),
    ("if", 3, 3),
    ("hypot", 1, 64),
];

/// The number of functions, from the first, that can precede their operand without parentheses.
const PREFIX_COUNT: usize = 15;

/// Binary operators by precedence, the lowest first.
const PRECEDENCE: [&[&str]; 5] =
    [&["or"], &["and"], &["==", "!=", ">=", "<=", ">", "<"], &["+", "-", "||"], &["*", "/", "%"]];

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// The expression is malformed, too long or nested too deep.
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let invalid = |error: ExpressionError| TemplateError::Expression { expression: excerpt(text), error };
        if text.len() > LENGTH_BYTES_MAX {
            return Err(invalid(ExpressionError::Length));
        }
        let mut parser = ExpressionParser { rest: text, depth: 0 };
        let expression = parser.conditional().map_err(invalid)?;
        match parser.rest.trim_start() {
            "" => Ok(expression),
            rest => Err(invalid(ExpressionError::Unexpected(excerpt(rest)))),
        }
    }

    /// Appends the names of all variables.
    pub(super) fn variables<'e>(&'e self, found: &mut Vec<&'e str>) {
        match self {
            Self::Variable(name) => found.push(name),
            Self::Apply(_, operands) => operands.iter().for_each(|operand| operand.variables(found)),
            Self::Number(_) | Self::Text(_) => {}
        }
    }
}

struct ExpressionParser<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> ExpressionParser<'t> {
    /// Parses `x ? y : z`, or an expression without `?`.
    fn conditional(&mut self) -> Result<Expression, ExpressionError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(ExpressionError::Depth);
        }
        let condition = self.binary(0)?;
        let expression = if self.accept("?") {
            let yes = self.conditional()?;
            self.expect(":")?;
            Expression::Apply("if", vec![condition, yes, self.conditional()?])
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expression)
    }

    /// Parses binary operators of a precedence level.
    fn binary(&mut self, level: usize) -> Result<Expression, ExpressionError> {
        let Some(operators) = PRECEDENCE.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.accept(operator)) {
            let right = self.binary(level + 1)?;
            left = Expression::Apply(operator, vec![left, right]);
        }
        Ok(left)
    }

    /// Parses signs and prefix functions. They have lower precedence than powers: `-2 ^ 2` is -4.
    fn unary(&mut self) -> Result<Expression, ExpressionError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(ExpressionError::Depth);
        }
        let expression = if self.accept("-") {
            Expression::Apply("negative", vec![self.unary()?])
        } else if self.accept("+") {
            Expression::Apply("positive", vec![self.unary()?])
        } else {
            let word = self.word();
            let prefix = FUNCTIONS[..PREFIX_COUNT].iter().find(|(name, ..)| *name == word);
            let is_call = self.rest.trim_start()[word.len()..].trim_start().starts_with('(');
            match prefix {
                Some((name, ..)) if !is_call => {
                    self.rest = &self.rest.trim_start()[word.len()..];
                    Expression::Apply(name, vec![self.unary()?])
                }
                _ => self.power()?,
            }
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn power(&mut self) -> Result<Expression, ExpressionError> {
        let mut base = self.operand()?;
        // In `x! != y` the second `!` belongs to `!=`.
        while !self.rest.trim_start().starts_with("!=") && self.accept("!") {
            base = Expression::Apply("fac", vec![base]);
        }
        if !self.accept("^") {
            return Ok(base);
        }
        Ok(Expression::Apply("pow", vec![base, self.unary()?]))
    }

    fn operand(&mut self) -> Result<Expression, ExpressionError> {
        if self.accept("(") {
            let inner = self.conditional()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let rest = self.rest.trim_start();
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let (text, rest) = rest[1..].split_once(quote).ok_or(ExpressionError::Quote)?;
            self.rest = rest;
            return Ok(Expression::Text(text.to_owned()));
        }
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            self.rest = &rest[end..];
            let number = rest[..end].parse().map_err(|_| ExpressionError::Number(excerpt(&rest[..end])))?;
            return Ok(Expression::Number(number));
        }
        let word = self.word();
        if word.is_empty() {
            let next: String = rest.chars().take(1).collect();
            return Err(if next.is_empty() { ExpressionError::End } else { ExpressionError::Unexpected(next) });
        }
        self.rest = &rest[word.len()..];
        if self.accept("(") {
            return self.call(word);
        }
        Ok(match word {
            "PI" => Expression::Number(std::f64::consts::PI),
            "E" => Expression::Number(std::f64::consts::E),
            "true" | "false" => Expression::Apply(
                "==",
                vec![Expression::Number(1.0), Expression::Number(f64::from(u8::from(word == "true")))],
            ),
            _ => Expression::Variable(word.to_owned()),
        })
    }

    /// Parses the operands of a function after its opening parenthesis.
    fn call(&mut self, name: &str) -> Result<Expression, ExpressionError> {
        let Some((known, min, max)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            return Err(ExpressionError::UnknownFunction(excerpt(name)));
        };
        let mut operands = Vec::new();
        if !self.accept(")") {
            operands.push(self.conditional()?);
            while self.accept(",") {
                operands.push(self.conditional()?);
            }
            self.expect(")")?;
        }
        if (*min..=*max).contains(&operands.len()) {
            Ok(Expression::Apply(known, operands))
        } else {
            Err(ExpressionError::Operands { function: known, count: operands.len() })
        }
    }

    /// Skips an operator, sign or word if it is next.
    fn accept(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let is_word = token.starts_with(|c: char| c.is_ascii_alphabetic());
        match rest.strip_prefix(token) {
            Some(_) if is_word && self.word() != token => false,
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &'static str) -> Result<(), ExpressionError> {
        if self.accept(token) { Ok(()) } else { Err(ExpressionError::Missing(token)) }
    }

    /// Returns the next word, or an empty text. Names of variables can contain dots and digits.
    fn word(&self) -> &'t str {
        let rest = self.rest.trim_start();
        let is_first = |c: char| c.is_alphabetic() || c == '_' || c == '$';
        if !rest.starts_with(is_first) {
            return "";
        }
        let is_name = |c: char| c.is_alphanumeric() || "_$.".contains(c);
        &rest[..rest.find(|c: char| !is_name(c)).unwrap_or(rest.len())]
    }
}
