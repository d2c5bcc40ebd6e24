//! The expressions of `math`: read by their precedence, as the documentation lists it.

use super::read::shown;

/// The longest expression.
const LENGTH_CHARS_MAX: usize = 1000;
/// How deep an expression may be.
const DEPTH_MAX: usize = 32;

/// An expression, ready to be calculated.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Number(f64),
    Text(String),
    Variable(String),
    /// An operator or a function with its operands.
    Apply(&'static str, Vec<Expression>),
}

/// Functions, with the least and the most operands that they take.
const FUNCTIONS: [(&str, usize, usize); 25] = [
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

/// Functions that may stand before their operand without brackets.
const PREFIXES: usize = 15;

/// Operators between two operands, the weakest first.
const LEVELS: [&[&str]; 5] =
    [&["or"], &["and"], &["==", "!=", ">=", "<=", ">", "<"], &["+", "-", "||"], &["*", "/", "%"]];

impl Expression {
    /// Reads an expression.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = |message: String| format!("`{}` cannot be calculated: {message}", shown(text));
        if text.len() > LENGTH_CHARS_MAX {
            return Err(wrong(format!("an expression has {LENGTH_CHARS_MAX} characters at most")));
        }
        let mut reader = Reader { rest: text, depth: 0 };
        let expression = reader.choice().map_err(wrong)?;
        match reader.rest.trim_start() {
            "" => Ok(expression),
            rest => Err(wrong(format!("`{}` is left over", shown(rest)))),
        }
    }

    /// The variables in it.
    pub(super) fn variables<'e>(&'e self, found: &mut Vec<&'e str>) {
        match self {
            Self::Variable(name) => found.push(name),
            Self::Apply(_, operands) => operands.iter().for_each(|operand| operand.variables(found)),
            Self::Number(_) | Self::Text(_) => {}
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// `x ? y : z`, or what stands before the question mark.
    fn choice(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("it is more than {DEPTH_MAX} deep"));
        }
        let condition = self.level(0)?;
        let read = if self.sign("?") {
            let yes = self.choice()?;
            self.expect(":")?;
            Expression::Apply("if", vec![condition, yes, self.choice()?])
        } else {
            condition
        };
        self.depth -= 1;
        Ok(read)
    }

    fn level(&mut self, at: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(at) else { return self.unary() };
        let mut left = self.level(at + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.sign(operator)) {
            let right = self.level(at + 1)?;
            left = Expression::Apply(operator, vec![left, right]);
        }
        Ok(left)
    }

    /// Signs and functions before their operand. They bind weaker than a power: `-2 ^ 2` is -4.
    fn unary(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("it is more than {DEPTH_MAX} deep"));
        }
        let read = if self.sign("-") {
            Expression::Apply("negative", vec![self.unary()?])
        } else if self.sign("+") {
            Expression::Apply("positive", vec![self.unary()?])
        } else {
            let word = self.word();
            let prefix = FUNCTIONS[..PREFIXES].iter().find(|(name, ..)| *name == word);
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
        Ok(read)
    }

    fn power(&mut self) -> Result<Expression, String> {
        let mut base = self.operand()?;
        // `x! != y` has both signs of exclamation.
        while !self.rest.trim_start().starts_with("!=") && self.sign("!") {
            base = Expression::Apply("fac", vec![base]);
        }
        if !self.sign("^") {
            return Ok(base);
        }
        Ok(Expression::Apply("pow", vec![base, self.unary()?]))
    }

    fn operand(&mut self) -> Result<Expression, String> {
        if self.sign("(") {
            let inside = self.choice()?;
            self.expect(")")?;
            return Ok(inside);
        }
        let rest = self.rest.trim_start();
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let (text, rest) = rest[1..].split_once(quote).ok_or("a text in quotes is not closed")?;
            self.rest = rest;
            return Ok(Expression::Text(text.to_owned()));
        }
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            self.rest = &rest[end..];
            let number = rest[..end].parse().map_err(|_| format!("`{}` is no number", shown(&rest[..end])))?;
            return Ok(Expression::Number(number));
        }
        let word = self.word();
        if word.is_empty() {
            let next: String = rest.chars().take(1).collect();
            return Err(if next.is_empty() {
                "it ends too soon".to_owned()
            } else {
                format!("`{next}` stands in the wrong place")
            });
        }
        self.rest = &rest[word.len()..];
        if self.sign("(") {
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

    /// A function behind its opened bracket.
    fn call(&mut self, name: &str) -> Result<Expression, String> {
        let Some((known, least, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            let names: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            return Err(format!("there is no function `{}`; functions are {}", shown(name), names.join(", ")));
        };
        let mut operands = Vec::new();
        if !self.sign(")") {
            operands.push(self.choice()?);
            while self.sign(",") {
                operands.push(self.choice()?);
            }
            self.expect(")")?;
        }
        if (*least..=*most).contains(&operands.len()) {
            Ok(Expression::Apply(known, operands))
        } else {
            Err(format!("`{known}` does not take {} operands", operands.len()))
        }
    }

    /// Goes over a sign, or a word that is an operator, when it stands here.
    fn sign(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start();
        let is_word = sign.starts_with(|c: char| c.is_ascii_alphabetic());
        match rest.strip_prefix(sign) {
            Some(_) if is_word && self.word() != sign => false,
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(format!("a `{sign}` is missing")) }
    }

    /// The name that stands here; names of variables have points and numbers in them.
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
