//! Selects the nodes of a document. Every visited value counts against a budget, so that nested searches end.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value};

use super::operator::{self, Operator};
use super::{Expression, FilterScope, JsonPath, Operand, Query, Segment, Selector, TailFunction, VISITS_MAX};
use crate::recording::journal::pattern::redacted;

/// The largest compiled regular expression.
pub(super) const REGEX_BYTES_MAX: usize = 1024 * 1024;

/// What a path selects.
#[derive(Debug, Default)]
pub(in super::super) struct Selection<'v> {
    /// The selected values, in document order. A function has one result.
    pub(in super::super) values: Vec<Selected<'v>>,
    /// True when the selection may be wrong: a filter compared a redacted value, or the budget was used up.
    pub(in super::super) is_undecided: bool,
}

/// A value of the document, or a computed one.
pub(in super::super) type Selected<'v> = Cow<'v, Value>;

/// The budget was used up.
struct Exhausted;

type Nodes<'v> = Result<Vec<&'v Value>, Exhausted>;

impl JsonPath {
    /// What the path selects in a document.
    pub(in super::super) fn select<'v>(&self, document: &'v Value) -> Selection<'v> {
        let evaluator = Evaluator { root: document, visits: Cell::new(VISITS_MAX), is_undecided: Cell::new(false) };
        let nodes = evaluator.path(self, document);
        match nodes {
            Ok(values) => Selection { values, is_undecided: evaluator.is_undecided.get() },
            Err(Exhausted) => Selection { values: Vec::new(), is_undecided: true },
        }
    }
}

struct Evaluator<'v> {
    root: &'v Value,
    /// The visits that are left.
    visits: Cell<usize>,
    is_undecided: Cell<bool>,
}

impl<'v> Evaluator<'v> {
    fn visit(&self) -> Result<(), Exhausted> {
        let left = self.visits.get().checked_sub(1).ok_or(Exhausted)?;
        self.visits.set(left);
        Ok(())
    }

    fn path(&self, path: &JsonPath, start: &'v Value) -> Result<Vec<Selected<'v>>, Exhausted> {
        let nodes = self.nodes(&path.segments, start)?;
        let Some(function) = path.function else { return Ok(nodes.into_iter().map(Cow::Borrowed).collect()) };
        let argument: Option<Cow<'_, Value>> = if path.is_definite() {
            nodes.first().map(|node| Cow::Borrowed(*node))
        } else {
            Some(Cow::Owned(nodes.into_iter().cloned().collect()))
        };
        Ok(argument.and_then(|argument| function.apply(&argument)).map(Cow::Owned).into_iter().collect())
    }

    fn nodes(&self, segments: &[Segment], start: &'v Value) -> Nodes<'v> {
        let mut nodes = vec![start];
        for segment in segments {
            let mut selected = Vec::new();
            for node in nodes {
                match segment {
                    Segment::Children(selectors) => self.children(selectors, node, &mut selected)?,
                    Segment::Descendants(selectors) => self.descendants(selectors, node, &mut selected)?,
                }
            }
            nodes = selected;
        }
        Ok(nodes)
    }

    fn descendants(
        &self,
        selectors: &[Selector],
        node: &'v Value,
        selected: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        self.visit()?;
        for selector in selectors {
            match selector {
                // As in Jayway, a search tests every value itself, so that no value is selected twice.
                Selector::Filter(FilterScope::ItemsOrSelf, expression) => {
                    if self.holds(expression, node)? {
                        selected.push(node);
                    }
                }
                _ => self.select(selector, node, selected)?,
            }
        }
        match node {
            Value::Array(items) => items.iter().try_for_each(|item| self.descendants(selectors, item, selected)),
            Value::Object(members) => {
                members.values().try_for_each(|member| self.descendants(selectors, member, selected))
            }
            _ => Ok(()),
        }
    }

    fn children(
        &self,
        selectors: &[Selector],
        node: &'v Value,
        selected: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        selectors.iter().try_for_each(|selector| self.select(selector, node, selected))
    }

    fn select(&self, selector: &Selector, node: &'v Value, selected: &mut Vec<&'v Value>) -> Result<(), Exhausted> {
        self.visit()?;
        match (selector, node) {
            (Selector::Name(name), Value::Object(members)) => selected.extend(members.get(name)),
            (Selector::Index(index), Value::Array(items)) => {
                selected.extend(position(*index, items.len()).and_then(|at| items.get(at)));
            }
            (Selector::Slice { start, end, step }, Value::Array(items)) => {
                for at in slice(*start, *end, *step, items.len()) {
                    self.visit()?;
                    selected.extend(items.get(at));
                }
            }
            (Selector::Wildcard, Value::Array(items)) => self.extend(items.iter(), selected)?,
            (Selector::Wildcard, Value::Object(members)) => self.extend(members.values(), selected)?,
            (Selector::Filter(_, expression), Value::Array(items)) => {
                for item in items {
                    if self.holds(expression, item)? {
                        selected.push(item);
                    }
                }
            }
            (Selector::Filter(FilterScope::ItemsOrSelf, expression), Value::Object(_)) => {
                selected.extend(self.holds(expression, node)?.then_some(node));
            }
            (Selector::Filter(FilterScope::Children, expression), Value::Object(members)) => {
                for member in members.values() {
                    if self.holds(expression, member)? {
                        selected.push(member);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn extend(&self, values: impl Iterator<Item = &'v Value>, selected: &mut Vec<&'v Value>) -> Result<(), Exhausted> {
        for value in values {
            self.visit()?;
            selected.push(value);
        }
        Ok(())
    }

    /// Whether a filter holds for a value.
    fn holds(&self, expression: &Expression, node: &'v Value) -> Result<bool, Exhausted> {
        self.visit()?;
        match expression {
            Expression::Any(all) => {
                for one in all {
                    if self.holds(one, node)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Expression::All(all) => {
                for one in all {
                    if !self.holds(one, node)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Expression::Not(inner) => self.holds(inner, node).map(|holds| !holds),
            Expression::Exists(query) => Ok(!self.query(query, node)?.is_empty()),
            Expression::Compare(left, Operator::Matches, Operand::Regex(regex)) => {
                let left = self.operand(left, node)?;
                Ok(left.is_some_and(|left| self.matches_regex(regex, &left)))
            }
            Expression::Compare(left, operator, right) => {
                let (left, right) = (self.operand(left, node)?, self.operand(right, node)?);
                let (left, right) = (left.as_deref(), right.as_deref());
                if Operator::is_undecided(left, right) {
                    self.is_undecided.set(true);
                }
                Ok(operator.apply(left, right))
            }
            Expression::MatchesRegex(query, regex) => {
                let found = self.query(query, node)?;
                Ok(found.first().is_some_and(|value| self.matches_regex(regex, value)))
            }
        }
    }

    /// Whether a text matches, or an item of a list.
    fn matches_regex(&self, regex: &regex::Regex, value: &Value) -> bool {
        match value {
            Value::String(text) => {
                if redacted::has_redaction(value) {
                    self.is_undecided.set(true);
                }
                regex.is_match(text)
            }
            Value::Number(_) | Value::Bool(_) => regex.is_match(&value.to_string()),
            Value::Array(items) => items.iter().any(|item| !item.is_array() && self.matches_regex(regex, item)),
            _ => false,
        }
    }

    fn query(&self, query: &Query, node: &'v Value) -> Result<Vec<Selected<'v>>, Exhausted> {
        self.path(&query.path, if query.is_absolute { self.root } else { node })
    }

    /// The value of an operand; `None` when its path selects nothing. The values of an indefinite path are a list.
    fn operand<'o>(&self, operand: &'o Operand, node: &'v Value) -> Result<Option<Cow<'o, Value>>, Exhausted>
    where
        'v: 'o,
    {
        Ok(match operand {
            Operand::Literal(value) => Some(Cow::Borrowed(value)),
            Operand::Query(query) => {
                let mut values = self.query(query, node)?;
                if query.path.is_definite() || query.path.function.is_some() {
                    values.pop()
                } else {
                    Some(Cow::Owned(values.into_iter().map(Cow::into_owned).collect()))
                }
            }
            Operand::Length(query) => self
                .query(query, node)?
                .first()
                .and_then(|value| operator::length(value))
                .map(|length| Cow::Owned(length.into())),
            Operand::Count(query) => Some(Cow::Owned(self.query(query, node)?.len().into())),
            Operand::Regex(_) => None,
        })
    }
}

/// The index of an item; negative ones count from the end.
fn position(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    let from_end = usize::try_from(index.unsigned_abs()).ok()?;
    length.checked_sub(from_end)
}

/// The indices of a slice, as RFC 9535 defines them.
fn slice(start: Option<i64>, end: Option<i64>, step: i64, length: usize) -> Vec<usize> {
    let Ok(length) = i64::try_from(length) else { return Vec::new() };
    let normalize = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
    let mut indices = Vec::new();
    if step > 0 {
        let mut at = normalize(start.unwrap_or(0)).clamp(0, length);
        let end = normalize(end.unwrap_or(length)).clamp(0, length);
        while at < end {
            indices.push(at);
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at = start.map_or(length - 1, normalize).clamp(-1, length - 1);
        let end = end.map_or(-1, normalize).clamp(-1, length - 1);
        while at > end {
            indices.push(at);
            at = at.saturating_add(step);
        }
    }
    indices.into_iter().filter_map(|index| usize::try_from(index).ok()).collect()
}

impl TailFunction {
    /// The result; `None` when the function has none for the value.
    fn apply(self, value: &Value) -> Option<Value> {
        let numbers = || -> Option<Vec<f64>> {
            let numbers: Vec<f64> = value.as_array()?.iter().filter_map(Value::as_f64).collect();
            (!numbers.is_empty()).then_some(numbers)
        };
        let count = |numbers: &[f64]| u32::try_from(numbers.len()).map_or(f64::INFINITY, f64::from);
        let average = |numbers: &[f64]| numbers.iter().sum::<f64>() / count(numbers);
        match self {
            Self::Length => operator::length(value).map(Value::from),
            Self::Min => Some(number(numbers()?.into_iter().fold(f64::INFINITY, f64::min))),
            Self::Max => Some(number(numbers()?.into_iter().fold(f64::NEG_INFINITY, f64::max))),
            Self::Sum => Some(number(numbers()?.into_iter().sum())),
            Self::Average => Some(number(average(&numbers()?))),
            Self::StandardDeviation => {
                let numbers = numbers()?;
                let average = average(&numbers);
                let squares: f64 = numbers.iter().map(|one| (one - average).powi(2)).sum();
                Some(number((squares / count(&numbers)).sqrt()))
            }
            Self::Keys => {
                value.as_object().map(Map::keys).map(|keys| keys.map(|key| Value::from(key.as_str())).collect())
            }
            Self::First => value.as_array()?.first().cloned(),
            Self::Last => value.as_array()?.last().cloned(),
        }
    }
}

/// A whole number without a fraction, so that `equalTo: "3"` matches.
fn number(number: f64) -> Value {
    crate::support::document::number(number)
}
