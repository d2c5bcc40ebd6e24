//! What an expression comes to.

use serde_json::Value;

use super::Variables;
use super::expression::Expression;
use crate::leadconduit::values;
use crate::support::document;

/// Beyond it a factorial is no number any more.
const FACTORIAL_MAX: f64 = 170.0;
/// The longest text that comes of `||`.
const TEXT_BYTES_MAX: usize = 4096;

/// A value on the way.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Number(f64),
    Text(String),
    Flag(bool),
}

impl Term {
    /// As JavaScript takes it for a number.
    fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => values::numeral(text).unwrap_or(f64::NAN),
            Self::Flag(flag) => f64::from(u8::from(*flag)),
        }
    }

    fn truth(&self) -> bool {
        match self {
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Flag(flag) => *flag,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Number(number) => document::number(*number).to_string(),
            Self::Text(text) => text.clone(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

/// The value of an expression. Nothing when a variable is missing or the result is no number (inferred).
pub(super) fn value(expression: &Expression, variables: &dyn Variables) -> Option<Value> {
    match term(expression, variables)? {
        Term::Number(number) => number.is_finite().then(|| document::number(number)),
        Term::Text(text) => Some(Value::String(text)),
        Term::Flag(flag) => Some(Value::Bool(flag)),
    }
}

fn term(expression: &Expression, variables: &dyn Variables) -> Option<Term> {
    match expression {
        Expression::Number(number) => Some(Term::Number(*number)),
        Expression::Text(text) => Some(Term::Text(text.clone())),
        Expression::Variable(name) => {
            let found = variables.get(name)?;
            match values::plain(&found) {
                Value::Bool(flag) => Some(Term::Flag(*flag)),
                found => match values::extent(found) {
                    Some(extent) => Some(Term::Number(extent.average)),
                    None => values::text(found).map(|text| Term::Text(text.chars().take(TEXT_BYTES_MAX).collect())),
                },
            }
        }
        Expression::Apply(name, operands) => apply(name, operands, variables),
    }
}

fn apply(name: &str, operands: &[Expression], variables: &dyn Variables) -> Option<Term> {
    // Of these not every operand counts, and one that does not may be missing.
    match (name, operands) {
        ("if", [condition, yes, no]) => {
            return term(if term(condition, variables)?.truth() { yes } else { no }, variables);
        }
        ("and", [left, right]) => {
            return Some(Term::Flag(term(left, variables)?.truth() && term(right, variables)?.truth()));
        }
        ("or", [left, right]) => {
            return Some(Term::Flag(term(left, variables)?.truth() || term(right, variables)?.truth()));
        }
        _ => {}
    }
    let terms = operands.iter().map(|operand| term(operand, variables)).collect::<Option<Vec<_>>>()?;
    let numbers: Vec<f64> = terms.iter().map(Term::number).collect();
    match (name, terms.as_slice()) {
        ("==", [left, right]) => Some(Term::Flag(same(left, right))),
        ("!=", [left, right]) => Some(Term::Flag(!same(left, right))),
        ("not", [term]) => Some(Term::Flag(!term.truth())),
        ("||", [left, right]) => {
            let text = left.text() + &right.text();
            (text.len() <= TEXT_BYTES_MAX).then_some(Term::Text(text))
        }
        ("length", [term]) => term.text().chars().count().to_string().parse().ok().map(Term::Number),
        _ => match numbers.as_slice() {
            [] => Some(Term::Number(chance(variables))),
            [x] => Some(Term::Number(of_one(name, *x, variables))),
            [x, y] => of_two(name, *x, *y),
            many => Some(Term::Number(of_many(name, many))),
        },
    }
}

/// Texts as texts, all else as numbers.
fn same(left: &Term, right: &Term) -> bool {
    left == right || left.number().partial_cmp(&right.number()) == Some(std::cmp::Ordering::Equal)
}

fn of_one(name: &str, x: f64, variables: &dyn Variables) -> f64 {
    match name {
        "negative" => -x,
        "sin" => x.sin(),
        "cos" => x.cos(),
        "tan" => x.tan(),
        "asin" => x.asin(),
        "acos" => x.acos(),
        "atan" => x.atan(),
        "sqrt" => x.sqrt(),
        "log" => x.ln(),
        "abs" | "hypot" => x.abs(),
        "ceil" => x.ceil(),
        "floor" => x.floor(),
        "round" => round(x),
        "exp" => x.exp(),
        "fac" => factorial(x),
        "random" => chance(variables) * if x == 0.0 { 1.0 } else { x },
        // `positive`, and the least or greatest of one.
        _ => x,
    }
}

fn of_two(name: &str, x: f64, y: f64) -> Option<Term> {
    let number = match name {
        ">=" => return Some(Term::Flag(x >= y)),
        "<=" => return Some(Term::Flag(x <= y)),
        ">" => return Some(Term::Flag(x > y)),
        "<" => return Some(Term::Flag(x < y)),
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        "%" => x % y,
        "pow" => x.powf(y),
        "pyt" | "hypot" => x.hypot(y),
        "atan2" => x.atan2(y),
        "roundTo" => {
            let moved: f64 = format!("{x}e{}", y.trunc()).parse().ok()?;
            format!("{}e{}", round(moved), -y.trunc()).parse().ok()?
        }
        "min" | "max" => of_many(name, &[x, y]),
        _ => return None,
    };
    Some(Term::Number(number))
}

fn of_many(name: &str, numbers: &[f64]) -> f64 {
    match name {
        "min" => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        "max" => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        _ => numbers.iter().copied().fold(0.0, f64::hypot),
    }
}

/// To the nearest whole number, a half upwards, as schools teach it and JavaScript does it.
fn round(x: f64) -> f64 {
    (x + 0.5).floor()
}

fn factorial(x: f64) -> f64 {
    if !(0.0..=FACTORIAL_MAX).contains(&x) {
        return f64::NAN;
    }
    let mut product = 1.0;
    let mut factor = 2.0;
    while factor <= x {
        product *= factor;
        factor += 1.0;
    }
    product
}

/// A number from 0 to 1 that follows from the lead, for a run with the same leads shall give the same again (inferred:
/// LeadConduit draws anew each time).
fn chance(variables: &dyn Variables) -> f64 {
    let id = variables.get("lead.id");
    let id = id.as_deref().and_then(values::text).unwrap_or_default();
    f64::from(crc32fast::hash(id.as_bytes())) / (f64::from(u32::MAX) + 1.0)
}
