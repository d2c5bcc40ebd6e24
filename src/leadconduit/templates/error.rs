//! Why a template cannot be parsed.

use super::expression::{FUNCTIONS, LENGTH_BYTES_MAX};
use super::helper::{ARGUMENTS_MAX, HELPERS};
use super::parse::{BLOCKS_MAX, CALLS_MAX, DEPTH_MAX};
use contract_files::yaml::nearest;

/// Why a template cannot be parsed. Texts of the template are excerpts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("a `{{{{` is not closed with `}}}}`")]
    Unclosed,
    #[error("a placeholder is empty: write the name of a variable between `{{{{` and `}}}}`")]
    Empty,
    #[error("`{{{{{0}}}}}` is not supported: the only block is `{{{{#if variable}}}}...{{{{else}}}}...{{{{/if}}}}`")]
    Block(String),
    #[error("a `{{{{#if}}}}` is not closed with `{{{{/if}}}}`")]
    UnclosedBlock,
    #[error("`{{{{{0}}}}}` has no `{{{{#if}}}}` before it")]
    StrayBlock(String),
    #[error("`{{{{#if}}}}` takes one variable or one call in parentheses, such as `{{{{#if lead.email}}}}`")]
    Condition,
    #[error("blocks can be nested at most {BLOCKS_MAX} deep")]
    BlockDepth,
    #[error("unexpected `{0}` in a placeholder")]
    Unexpected(String),
    #[error("a template can have at most {CALLS_MAX} helper calls")]
    Calls,
    #[error("calls can be nested at most {DEPTH_MAX} deep")]
    Depth,
    #[error("a `(` is not closed with `)`")]
    Parenthesis,
    #[error("an argument is missing")]
    Argument,
    #[error("a quoted string is not closed")]
    Quote,
    #[error("there is no helper `{0}`{hint} (helpers are {names})", hint = hint(.0), names = names(HELPERS.iter().map(|(name, ..)| *name)))]
    UnknownHelper(String),
    #[error("`{helper}` has no option `{option}`; its options are: {}", if .known.is_empty() { "none".to_owned() } else { .known.join(", ") })]
    UnknownOption { helper: String, option: String, known: &'static [&'static str] },
    #[error("`{0}` takes one argument")]
    OneArgument(String),
    #[error("`{0}` takes 1 to {max} arguments", max = ARGUMENTS_MAX)]
    ArgumentCount(String),
    #[error("the `{option}` of `{helper}` cannot be `{found}`: write {expected}")]
    OptionValue { helper: String, option: String, found: String, expected: &'static str },
    #[error("the option `operator` needs a unit, such as `days=\"30\"` (units are {})", super::date_arithmetic::UNITS.join(", "))]
    MissingUnit,
    #[error("`{helper}` needs the option `{option}`")]
    MissingOption { helper: String, option: &'static str },
    #[error("`{pattern}` is not a valid pattern: {reason}")]
    Pattern { pattern: String, reason: String },
    #[error("`{expression}` is not a valid expression: {error}")]
    Expression {
        expression: String,
        #[source]
        error: ExpressionError,
    },
}

/// Why an expression of `math` cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpressionError {
    #[error("it is longer than {LENGTH_BYTES_MAX} bytes")]
    Length,
    #[error("it is nested more than {max} deep", max = super::expression::DEPTH_MAX)]
    Depth,
    #[error("unexpected `{0}`")]
    Unexpected(String),
    #[error("a quoted string is not closed")]
    Quote,
    #[error("`{0}` is not a number")]
    Number(String),
    #[error("it ends too early")]
    End,
    #[error("there is no function `{0}`; functions are {names}", names = names(FUNCTIONS.iter().map(|(name, ..)| *name)))]
    UnknownFunction(String),
    #[error("`{function}` does not take {count} operands")]
    Operands { function: &'static str, count: usize },
    #[error("a `{0}` is missing")]
    Missing(&'static str),
}

/// The most similar helper, as a question.
fn hint(name: &str) -> String {
    nearest(name, HELPERS.map(|(known, ..)| known)).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

fn names(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
