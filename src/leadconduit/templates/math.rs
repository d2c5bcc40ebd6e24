//! Evaluates the expressions of `math`.

use serde_json::Value;

use super::expression::Expression;
use crate::leadconduit::values::{self, Variables};
use crate::support::document;

/// Larger factorials exceed the range of `f64`.
const FACTORIAL_MAX: f64 = 170.0;
/// The longest text that `||` produces.
const TEXT_BYTES_MAX: usize = 4096;

/// An intermediate result.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Number(f64),
    Text(String),
    Boolean(bool),
}

impl Term {
    /// Converts to a number as JavaScript does.
    fn to_number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => values::parse_number(text).unwrap_or(f64::NAN),
            Self::Boolean(boolean) => f64::from(u8::from(*boolean)),
        }
    }

    fn is_truthy(&self) -> bool {
        match self {
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Boolean(boolean) => *boolean,
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Number(number) => document::number(*number).to_string(),
            Self::Text(text) => text.clone(),
            Self::Boolean(boolean) => boolean.to_string(),
        }
    }
}

/// Evaluates an expression; `None` if a variable is missing or the result is not finite (inferred).
pub(super) fn evaluate(expression: &Expression, variables: &dyn Variables) -> Option<Value> {
    match evaluate_term(expression, variables)? {
        Term::Number(number) => number.is_finite().then(|| document::number(number)),
        Term::Text(text) => Some(Value::String(text)),
        Term::Boolean(boolean) => Some(Value::Bool(boolean)),
    }
}

fn evaluate_term(expression: &Expression, variables: &dyn Variables) -> Option<Term> {
    match expression {
        Expression::Number(number) => Some(Term::Number(*number)),
        Expression::Text(text) => Some(Term::Text(text.clone())),
        Expression::Variable(name) => {
            let found = variables.get(name)?;
            match values::plain(&found) {
                Value::Bool(boolean) => Some(Term::Boolean(*boolean)),
                found => match values::range(found) {
                    Some(range) => Some(Term::Number(range.average)),
                    None => values::text(found).map(|text| Term::Text(text.chars().take(TEXT_BYTES_MAX).collect())),
                },
            }
        }
        Expression::Apply(name, operands) => apply(name, operands, variables),
    }
}

fn apply(name: &str, operands: &[Expression], variables: &dyn Variables) -> Option<Term> {
    // These do not evaluate all operands, so an operand that is not evaluated can be missing.
    match (name, operands) {
        ("if", [condition, yes, no]) => {
            return evaluate_term(if evaluate_term(condition, variables)?.is_truthy() { yes } else { no }, variables);
        }
        ("and", [left, right]) => {
            return Some(Term::Boolean(
                evaluate_term(left, variables)?.is_truthy() && evaluate_term(right, variables)?.is_truthy(),
            ));
        }
        ("or", [left, right]) => {
            return Some(Term::Boolean(
                evaluate_term(left, variables)?.is_truthy() || evaluate_term(right, variables)?.is_truthy(),
            ));
        }
        _ => {}
    }
    let terms = operands.iter().map(|operand| evaluate_term(operand, variables)).collect::<Option<Vec<_>>>()?;
    let numbers: Vec<f64> = terms.iter().map(Term::to_number).collect();
    match (name, terms.as_slice()) {
        ("==", [left, right]) => Some(Term::Boolean(is_equal(left, right))),
        ("!=", [left, right]) => Some(Term::Boolean(!is_equal(left, right))),
        ("not", [term]) => Some(Term::Boolean(!term.is_truthy())),
        ("||", [left, right]) => {
            let text = left.to_text() + &right.to_text();
            (text.len() <= TEXT_BYTES_MAX).then_some(Term::Text(text))
        }
        ("length", [term]) => term.to_text().chars().count().to_string().parse().ok().map(Term::Number),
        _ => match numbers.as_slice() {
            [] => Some(Term::Number(random(variables))),
            [x] => Some(Term::Number(apply_unary(name, *x, variables))),
            [x, y] => apply_binary(name, *x, *y),
            many => Some(Term::Number(apply_variadic(name, many))),
        },
    }
}

/// Compares text as text, and everything else as numbers.
fn is_equal(left: &Term, right: &Term) -> bool {
    left == right || left.to_number().partial_cmp(&right.to_number()) == Some(std::cmp::Ordering::Equal)
}

fn apply_unary(name: &str, x: f64, variables: &dyn Variables) -> f64 {
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
        "random" => random(variables) * if x == 0.0 { 1.0 } else { x },
        // `positive`, and `min` and `max` of one number.
        _ => x,
    }
}

fn apply_binary(name: &str, x: f64, y: f64) -> Option<Term> {
    let number = match name {
        ">=" => return Some(Term::Boolean(x >= y)),
        "<=" => return Some(Term::Boolean(x <= y)),
        ">" => return Some(Term::Boolean(x > y)),
        "<" => return Some(Term::Boolean(x < y)),
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        "%" => x % y,
        "pow" => x.powf(y),
        "pyt" | "hypot" => x.hypot(y),
        "atan2" => x.atan2(y),
        "roundTo" => {
            let scaled: f64 = format!("{x}e{}", y.trunc()).parse().ok()?;
            format!("{}e{}", round(scaled), -y.trunc()).parse().ok()?
        }
        "min" | "max" => apply_variadic(name, &[x, y]),
        _ => return None,
    };
    Some(Term::Number(number))
}

fn apply_variadic(name: &str, numbers: &[f64]) -> f64 {
    match name {
        "min" => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        "max" => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        _ => numbers.iter().copied().fold(0.0, f64::hypot),
    }
}

/// Rounds to the nearest whole number, halves up, as JavaScript does.
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

/// Returns a number from 0 to 1 that depends on the lead's id only, so that runs are reproducible. LeadConduit returns
/// a new random number each time (inferred).
fn random(variables: &dyn Variables) -> f64 {
    let id = variables.get("lead.id");
    let id = id.as_deref().and_then(values::text).unwrap_or_default();
    f64::from(crc32fast::hash(id.as_bytes())) / (f64::from(u32::MAX) + 1.0)
}
