//! The operators of filters, as Jayway defines them.

use serde_json::Value;

use super::super::redacted;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `=~`: a regular expression for the whole text.
    Matches,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    All,
    Size,
    Empty,
    Contains,
}

impl Operator {
    /// Longer ones first: `<=` begins with `<`.
    pub(super) const SYMBOLS: [(&'static str, Self); 9] = [
        ("===", Self::Equal),
        ("!==", Self::NotEqual),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("=~", Self::Matches),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// The operator that is written as a word, in lower case.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "in" => Self::In,
            "nin" => Self::NotIn,
            "subsetof" => Self::SubsetOf,
            "anyof" => Self::AnyOf,
            "noneof" => Self::NoneOf,
            "all" => Self::All,
            "size" => Self::Size,
            "empty" => Self::Empty,
            "contains" => Self::Contains,
            _ => return None,
        })
    }

    /// Applies the operator. `None` stands for a value that does not exist.
    pub(super) fn apply(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        match self {
            Self::Equal => is_equal(left, right),
            Self::NotEqual => !is_equal(left, right),
            Self::Less => is_less(left, right),
            Self::LessOrEqual => is_less(left, right) || is_comparable(left, right) && is_equal(left, right),
            Self::Greater => is_less(right, left),
            Self::GreaterOrEqual => is_less(right, left) || is_comparable(left, right) && is_equal(left, right),
            Self::In => items(right).is_some_and(|items| has(items, left)),
            Self::NotIn => !items(right).is_some_and(|items| has(items, left)),
            Self::SubsetOf => lists(left, right).is_some_and(|(a, b)| a.iter().all(|item| has(b, Some(item)))),
            Self::AnyOf => lists(left, right).is_some_and(|(a, b)| a.iter().any(|item| has(b, Some(item)))),
            Self::NoneOf => lists(left, right).is_some_and(|(a, b)| !a.iter().any(|item| has(b, Some(item)))),
            Self::All => lists(left, right).is_some_and(|(a, b)| b.iter().all(|item| has(a, Some(item)))),
            Self::Size => left.and_then(length).zip(right.and_then(Value::as_f64)).is_some_and(|(length, expected)| {
                u32::try_from(length).is_ok_and(|length| (f64::from(length) - expected).abs() < f64::EPSILON)
            }),
            Self::Empty => left
                .and_then(length)
                .zip(right.and_then(Value::as_bool))
                .is_some_and(|(length, expected)| (length == 0) == expected),
            Self::Contains => match (left, right) {
                (Some(Value::Array(items)), right) => has(items, right),
                (Some(Value::String(text)), Some(Value::String(part))) => text.contains(part.as_str()),
                _ => false,
            },
            // Its right side is a regular expression.
            Self::Matches => false,
        }
    }

    /// True when the values of a redacted body do not decide the comparison.
    pub(super) fn is_undecided(left: Option<&Value>, right: Option<&Value>) -> bool {
        let (left, right) = (left.is_some_and(redacted::has_redaction), right.is_some_and(redacted::has_redaction));
        left != right
    }
}

fn items(value: Option<&Value>) -> Option<&[Value]> {
    value.and_then(Value::as_array).map(Vec::as_slice)
}

fn lists<'v>(left: Option<&'v Value>, right: Option<&'v Value>) -> Option<(&'v [Value], &'v [Value])> {
    items(left).zip(items(right))
}

fn has(items: &[Value], value: Option<&Value>) -> bool {
    value.is_some() && items.iter().any(|item| is_equal(Some(item), value))
}

/// The number of items, members or characters.
pub(super) fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

fn is_equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        // 1 and 1.0 are one number.
        (Some(Value::Number(left)), Some(Value::Number(right))) => left == right || left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

/// Only two numbers or two texts have an order.
fn is_comparable(left: Option<&Value>, right: Option<&Value>) -> bool {
    matches!(
        (left, right),
        (Some(Value::Number(_)), Some(Value::Number(_))) | (Some(Value::String(_)), Some(Value::String(_)))
    )
}

fn is_less(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() < right.as_f64(),
        (Some(Value::String(left)), Some(Value::String(right))) => left < right,
        _ => false,
    }
}
