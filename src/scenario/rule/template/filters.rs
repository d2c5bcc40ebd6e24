//! The filters, operators and functions of templates, with limits on what they read and write.

use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, filters};

use super::budget::{Budget, Namespace, RenderLimit};
use crate::config::limits::{TEMPLATE_FUEL_MAX, TEMPLATE_NUMBER_MAX, TEMPLATE_VALUE_BYTES_MAX};

/// The names of the filters that [`super::guard`] puts in place of operators. Templates cannot contain them.
pub(super) const ADD: &str = "+";
pub(super) const MULTIPLY: &str = "*";
pub(super) const CONCATENATE: &str = "~";
/// Counts a value that an operator reads.
pub(super) const READ: &str = "(read)";
/// Counts a value that was created.
pub(super) const CREATED: &str = "(created)";
/// The function in place of assignments to attributes.
pub(super) const SET_ATTRIBUTE: &str = "(set attribute)";

/// The engine with its filters and functions.
pub(super) fn environment() -> Environment<'static> {
    let mut engine = Environment::new();
    // A value that is missing renders as empty text. Templates can test for it with `is defined`.
    engine.set_undefined_behavior(UndefinedBehavior::Chainable);
    engine.set_fuel(Some(TEMPLATE_FUEL_MAX));
    engine.set_formatter(|out, state, value| {
        Budget::of(state).emit(value)?;
        minijinja::escape_formatter(out, state, value)
    });
    for (name, filter) in originals() {
        engine.add_filter(name, move |state: &State<'_, '_>, arguments: Rest<Value>| {
            let budget = Budget::of(state);
            let sizes = arguments.iter().map(|value| budget.charge(value)).collect::<Result<Vec<_>, _>>()?;
            check_growth(name, &arguments, &sizes)?;
            budget.created(filter.call(state, &arguments)?)
        });
    }
    engine.add_filter(READ, |state: &State<'_, '_>, value: Value| -> Result<Value, Error> {
        Budget::of(state).charge(&value)?;
        Ok(value)
    });
    engine.add_filter(CREATED, |state: &State<'_, '_>, value: Value| Budget::of(state).created(value));
    engine.add_filter(ADD, |state: &State<'_, '_>, left: Value, right: Value| add(&Budget::of(state), &left, &right));
    engine.add_filter(MULTIPLY, |state: &State<'_, '_>, left: Value, right: Value| {
        multiply(&Budget::of(state), &left, &right)
    });
    engine.add_filter(CONCATENATE, |state: &State<'_, '_>, left: Value, right: Value| -> Result<Value, Error> {
        let budget = Budget::of(state);
        budget.charge(&left)?;
        budget.charge(&right)?;
        budget.created(Value::from(format!("{left}{right}")))
    });
    engine.add_function("namespace", |defaults: Option<Value>| Namespace::create(defaults.as_ref()));
    engine.add_function(SET_ATTRIBUTE, |target: Value, name: String, value: Value| -> Result<Value, Error> {
        let Some(namespace) = target.downcast_object_ref::<Namespace>() else {
            let message = format!("can only assign to namespaces, not {}", target.kind());
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        };
        namespace.set(&name, value)?;
        Ok(Value::UNDEFINED)
    });
    engine.remove_global("debug");
    engine
}

/// The filters of the engine.
fn originals() -> Vec<(&'static str, Value)> {
    macro_rules! filters {
        ($($name:literal => $filter:ident),* $(,)?) => { vec![$(($name, Value::from_function(filters::$filter))),*] };
    }
    filters! {
        "safe" => safe, "escape" => escape, "e" => escape, "lower" => lower, "upper" => upper, "title" => title,
        "capitalize" => capitalize, "replace" => replace, "length" => length, "count" => length,
        "dictsort" => dictsort, "items" => items, "reverse" => reverse, "trim" => trim, "join" => join,
        "split" => split, "lines" => lines, "default" => default, "d" => default, "round" => round, "abs" => abs,
        "int" => int, "float" => float, "attr" => attr, "first" => first, "last" => last, "min" => min, "max" => max,
        "sort" => sort, "list" => list, "string" => string, "bool" => bool, "batch" => batch, "slice" => slice,
        "sum" => sum, "indent" => indent, "select" => select, "reject" => reject, "selectattr" => selectattr,
        "rejectattr" => rejectattr, "map" => map, "groupby" => groupby, "unique" => unique, "chain" => chain,
        "zip" => zip, "pprint" => pprint, "format" => format,
    }
}

/// Checks how large the result of a filter becomes, where it can become much larger than what the filter reads.
fn check_growth(name: &str, arguments: &[Value], sizes: &[usize]) -> Result<(), RenderLimit> {
    let text = |index: usize| arguments.get(index).and_then(Value::as_str).unwrap_or_default();
    let length = |index: usize| sizes.get(index).copied().unwrap_or_default();
    let growth = match name {
        // A value that is not text is written out first, with every character escaped at worst.
        "replace" => {
            let found = match (arguments.first().and_then(Value::as_str), text(1)) {
                (None, _) => length(0) * 8,
                (Some(text), "") => text.chars().count() + 1,
                (Some(text), from) => text.matches(from).count(),
            };
            found.saturating_mul(length(2))
        }
        "join" => arguments.first().and_then(Value::len).unwrap_or(length(0)).saturating_mul(length(1)),
        "indent" => {
            let width = check_numbers(arguments.get(1..).unwrap_or_default())?;
            (text(0).matches('\n').count() + 1).saturating_mul(width)
        }
        "batch" | "slice" => check_numbers(arguments.get(1..).unwrap_or_default())?.saturating_mul(16),
        // Widths are numbers in the text, or arguments in place of `*`.
        "format" if text(0).contains('*') => {
            check_numbers(arguments.get(1..).unwrap_or_default())?.saturating_mul(text(0).matches('*').count())
        }
        "format" => text(0).split(|c: char| !c.is_ascii_digit()).fold(0, |sum: usize, digits| {
            sum.saturating_add(digits.parse().unwrap_or(if digits.is_empty() { 0 } else { usize::MAX }))
        }),
        _ => 0,
    };
    if growth > TEMPLATE_VALUE_BYTES_MAX { Err(RenderLimit::Value) } else { Ok(()) }
}

/// The largest number among arguments and named arguments.
fn check_numbers(arguments: &[Value]) -> Result<usize, RenderLimit> {
    let mut largest = 0;
    for argument in arguments {
        let named = if argument.kind() == ValueKind::Map { argument.try_iter().ok() } else { None };
        let named = named.into_iter().flatten().filter_map(|key| argument.get_item(&key).ok());
        for value in named.chain([argument.clone()]).filter(|value| value.kind() == ValueKind::Number) {
            let number = i64::try_from(value).unwrap_or(i64::MAX);
            if number > TEMPLATE_NUMBER_MAX {
                return Err(RenderLimit::Number);
            }
            largest = largest.max(usize::try_from(number).unwrap_or(0));
        }
    }
    Ok(largest)
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// `left + right`.
fn add(budget: &Budget, left: &Value, right: &Value) -> Result<Value, Error> {
    budget.charge(left)?;
    budget.charge(right)?;
    if is_list(left) && is_list(right) {
        let items: Vec<Value> = left.try_iter()?.chain(right.try_iter()?).collect();
        return budget.created(Value::from(items));
    }
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return budget.created(Value::from([left, right].concat()));
    }
    arithmetic("a + b", left, right)
}

/// `left * right`.
fn multiply(budget: &Budget, left: &Value, right: &Value) -> Result<Value, Error> {
    let sizes = (budget.charge(left)?, budget.charge(right)?);
    let repeated = if left.as_str().is_some() || is_list(left) {
        Some((left, sizes.0, right))
    } else if right.as_str().is_some() || is_list(right) {
        Some((right, sizes.1, left))
    } else {
        None
    };
    let Some((value, size, count)) = repeated else { return arithmetic("a * b", left, right) };
    let Some(count) = count.as_usize() else {
        let message = "texts and lists can only be multiplied with whole numbers";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    };
    let each = value.as_str().map_or(size, str::len);
    if each.saturating_mul(count) > TEMPLATE_VALUE_BYTES_MAX {
        return Err(RenderLimit::Value.into());
    }
    if let Some(text) = value.as_str() {
        return budget.created(Value::from(text.repeat(count)));
    }
    let items: Vec<Value> = value.try_iter()?.collect();
    budget.created(Value::from(vec![items; count].concat()))
}

/// An operator of the engine on two numbers, with its errors for other values.
fn arithmetic(expression: &str, a: &Value, b: &Value) -> Result<Value, Error> {
    static PLAIN: std::sync::LazyLock<Environment<'static>> = std::sync::LazyLock::new(|| {
        let mut plain = Environment::empty();
        plain.set_undefined_behavior(UndefinedBehavior::Chainable);
        plain
    });
    PLAIN.compile_expression(expression)?.eval(minijinja::context! { a, b })
}
