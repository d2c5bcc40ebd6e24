//! Templates: text with placeholders in the style of Handlebars.
//!
//! `{{lead.email}}` inserts a variable, `{{lowercase lead.email}}` the result of a helper. A helper takes arguments and
//! options (`name="value"`); a call in parentheses can be an argument of another call. The only block is
//! `{{#if value}}...{{else}}...{{/if}}`, which the in-house guide shows without comparisons. The documentation names the
//! helpers; assumptions are marked `inferred` beside the code. Values are not escaped for HTML, because templates produce
//! values for rules, reasons and recipients.
//!
//! The work per template is limited: by the number of helper calls, by the text that a call reads, and by the size of
//! the output.
//!
//! | module | holds |
//! |---|---|
//! | `template` | [`Template`]: evaluation of a parsed template |
//! | `operand` | [`Operand`]: one side of a rule |
//! | `parse` | text to segments and helper calls |
//! | `helper` | the helpers: a new one is a row of `HELPERS` |
//! | `error` | why a template cannot be parsed |
//! | `expression`, `math` | the expressions of `math`: parsing, evaluation |
//! | `format_date`, `date_arithmetic`, `format_number`, `locale` | the helper `format` |
//! | `strings`, `hash` | the other helpers |

mod date_arithmetic;
mod error;
mod expression;
mod format_date;
mod format_number;
mod hash;
mod helper;
mod locale;
mod math;
mod operand;
mod parse;
mod strings;
mod template;

#[cfg(test)]
mod tests;

pub(crate) use self::operand::Operand;
pub use self::template::Template;
