//! The helpers, and their calls.

use std::borrow::Cow;

use serde_json::Value;

use super::error::TemplateError;
use super::expression::Expression;
use super::hash::{Encoding, Hash};
use super::strings::SearchPattern;
use super::{date_arithmetic, format_date, format_number, hash, locale, math, strings};
use crate::leadconduit::values::{self, Variables, excerpt};
use crate::support::clock::{Timestamp, format_timestamp};

/// The part of a text that a helper reads.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The most arguments, and the most options, of a call.
pub(super) const ARGUMENTS_MAX: usize = 16;

/// A helper.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Helper {
    Extract,
    Format,
    Lowercase,
    Math,
    Replace,
    Substring,
    Uppercase,
    Hash(Hash),
}

/// The helpers by name, with their options.
pub(super) const HELPERS: [(&str, Helper, &[&str]); 17] = [
    ("extract", Helper::Extract, &["pattern"]),
    (
        "format",
        Helper::Format,
        &[
            "format", "locale", "timezone", "dataType", "operator", "years", "months", "weeks", "days", "hours",
            "minutes", "seconds",
        ],
    ),
    ("lowercase", Helper::Lowercase, &[]),
    ("math", Helper::Math, &["format", "locale", "dataType"]),
    ("md4", Helper::Hash(Hash::Md4), hash::OPTIONS),
    ("md5", Helper::Hash(Hash::Md5), hash::OPTIONS),
    ("replace", Helper::Replace, &["pattern", "replace"]),
    ("ripemd", Helper::Hash(Hash::Ripemd160), hash::OPTIONS),
    ("ripemd160", Helper::Hash(Hash::Ripemd160), hash::OPTIONS),
    ("sha1", Helper::Hash(Hash::Sha1), hash::OPTIONS),
    ("sha224", Helper::Hash(Hash::Sha224), hash::OPTIONS),
    ("sha256", Helper::Hash(Hash::Sha256), hash::OPTIONS),
    ("sha384", Helper::Hash(Hash::Sha384), hash::OPTIONS),
    ("sha512", Helper::Hash(Hash::Sha512), hash::OPTIONS),
    ("substring", Helper::Substring, &["start", "end"]),
    ("uppercase", Helper::Uppercase, &[]),
    ("whirlpool", Helper::Hash(Hash::Whirlpool), hash::OPTIONS),
];

/// An argument, or the value of an option.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    Constant(Value),
    Variable(String),
    Call(Box<HelperCall>),
}

/// A call of a helper.
#[derive(Clone, Debug)]
pub(super) struct HelperCall {
    helper: Helper,
    arguments: Vec<Argument>,
    options: Vec<(String, Argument)>,
    /// The parsed pattern or expression, if it is constant.
    prepared: Prepared,
}

#[derive(Clone, Debug)]
enum Prepared {
    None,
    Pattern(SearchPattern),
    Expression(Expression),
}

impl Argument {
    pub(super) fn evaluate<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match self {
            Self::Constant(value) => Some(Cow::Borrowed(value)),
            Self::Variable(name) => variables.get(name),
            Self::Call(call) => call.evaluate(variables).map(Cow::Owned),
        }
    }

    fn text(&self, variables: &dyn Variables) -> Option<String> {
        let value = self.evaluate(variables)?;
        let text = values::text(&value)?;
        Some(text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned())
    }

    /// Appends the names of its variables.
    pub(super) fn variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        match self {
            Self::Constant(_) => {}
            Self::Variable(name) => found.push(name),
            Self::Call(call) => call.variables(found),
        }
    }

    fn constant_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Constant(value) => values::text(value),
            Self::Variable(_) | Self::Call(_) => None,
        }
    }
}

impl HelperCall {
    /// Creates a call.
    ///
    /// # Errors
    ///
    /// The helper is unknown, or an argument or option is missing, unknown or invalid.
    pub(super) fn new(
        name: &str,
        arguments: Vec<Argument>,
        options: Vec<(String, Argument)>,
    ) -> Result<Self, TemplateError> {
        let Some((_, helper, known)) = HELPERS.iter().find(|(known, ..)| *known == name) else {
            return Err(TemplateError::UnknownHelper(excerpt(name)));
        };
        if let Some((option, _)) = options.iter().find(|(option, _)| !known.contains(&option.as_str())) {
            return Err(TemplateError::UnknownOption { helper: name.to_owned(), option: excerpt(option), known });
        }
        let max = if matches!(helper, Helper::Hash(_)) { ARGUMENTS_MAX } else { 1 };
        if arguments.is_empty() || arguments.len() > max || options.len() > ARGUMENTS_MAX {
            let error = if max == 1 { TemplateError::OneArgument } else { TemplateError::ArgumentCount };
            return Err(error(name.to_owned()));
        }
        let mut call = Self { helper: *helper, arguments, options, prepared: Prepared::None };
        call.prepared = call.prepare(name)?;
        Ok(call)
    }

    /// Checks constant options and parses constant patterns and expressions. Invalid values of variables have no effect
    /// later.
    fn prepare(&self, name: &str) -> Result<Prepared, TemplateError> {
        let invalid = |option: &str, text: &str, expected: &'static str| {
            let (helper, option, found) = (name.to_owned(), option.to_owned(), excerpt(text));
            Err(TemplateError::OptionValue { helper, option, found, expected })
        };
        for (option, argument) in &self.options {
            let Some(text) = argument.constant_text() else { continue };
            match option.as_str() {
                "start" | "end" if strings::parse_position(&text).is_none() => {
                    return invalid(option, &text, "a whole number from 1");
                }
                "encoding" if Encoding::by_name(&text).is_none() => {
                    return invalid(option, &text, "hex, base64 or latin1");
                }
                "dataType" if !["String", "Number"].contains(&&*text) => {
                    return invalid(option, &text, "String or Number");
                }
                "operator" if !date_arithmetic::OPERATORS.contains(&&*text) => {
                    return invalid(option, &text, "add or subtract");
                }
                unit if date_arithmetic::UNITS.contains(&unit) && date_arithmetic::parse_count(&text).is_none() => {
                    return invalid(option, &text, "a whole number");
                }
                "timezone" if format_date::time_zone(&text).is_none() => {
                    return invalid(option, &text, "a time zone such as America/New_York");
                }
                _ => {}
            }
        }
        let has_unit = date_arithmetic::UNITS.iter().any(|unit| self.option(unit).is_some());
        if has_unit != self.option("operator").is_some() {
            let missing = TemplateError::MissingOption { helper: name.to_owned(), option: "operator" };
            return Err(if has_unit { missing } else { TemplateError::MissingUnit });
        }
        let required: &[&'static str] = match self.helper {
            Helper::Extract => &["pattern"],
            Helper::Replace => &["pattern", "replace"],
            Helper::Substring => &["start"],
            _ => &[],
        };
        if let Some(missing) = required.iter().find(|option| self.option(option).is_none()) {
            return Err(TemplateError::MissingOption { helper: name.to_owned(), option: missing });
        }
        if let (Helper::Math, Some(text)) = (self.helper, self.arguments[0].constant_text()) {
            return Expression::parse(&text).map(Prepared::Expression);
        }
        match self.option("pattern").and_then(Argument::constant_text) {
            Some(text) => self.pattern(&text).map(Prepared::Pattern),
            None => Ok(Prepared::None),
        }
    }

    fn pattern(&self, text: &str) -> Result<SearchPattern, TemplateError> {
        if self.helper == Helper::Extract { SearchPattern::regex(text) } else { SearchPattern::parse(text) }
    }

    fn option(&self, name: &str) -> Option<&Argument> {
        // If an option is given twice, the last one counts, as in JavaScript.
        self.options.iter().rev().find(|(option, _)| option == name).map(|(_, argument)| argument)
    }

    fn option_text(&self, name: &str, variables: &dyn Variables) -> Option<String> {
        self.option(name)?.text(variables)
    }

    /// Evaluates the call; `None` if the value is missing.
    pub(super) fn evaluate(&self, variables: &dyn Variables) -> Option<Value> {
        let option = |name: &str| self.option_text(name, variables);
        match self.helper {
            Helper::Format => self.format(variables),
            Helper::Math => self.calculate(variables),
            Helper::Hash(hash) => {
                // Missing values are skipped; if all are missing there is no hash (inferred).
                let texts: Vec<String> =
                    self.arguments.iter().filter_map(|argument| argument.text(variables)).collect();
                let encoding = option("encoding").and_then(|name| Encoding::by_name(&name)).unwrap_or_default();
                let salt = option("salt").unwrap_or_default();
                (!texts.is_empty()).then(|| Value::String(hash.digest(&(texts.concat() + &salt), encoding)))
            }
            helper => {
                let text = self.arguments[0].text(variables)?;
                Some(Value::String(match helper {
                    Helper::Lowercase => text.to_lowercase(),
                    Helper::Uppercase => text.to_uppercase(),
                    Helper::Substring => strings::substring(&text, option("start"), option("end")),
                    _ => self.search(&text, variables),
                }))
            }
        }
    }

    /// Evaluates `replace` and `extract`. An invalid pattern of a variable leaves the text unchanged.
    fn search(&self, text: &str, variables: &dyn Variables) -> String {
        let compile = || self.pattern(&self.option_text("pattern", variables)?).ok();
        let compiled;
        let pattern = match &self.prepared {
            Prepared::Pattern(pattern) => pattern,
            _ => match compile() {
                Some(pattern) => {
                    compiled = pattern;
                    &compiled
                }
                None => return text.to_owned(),
            },
        };
        match self.helper {
            Helper::Extract => pattern.extract(text),
            _ => pattern.replace(text, &self.option_text("replace", variables).unwrap_or_default()),
        }
    }

    fn format(&self, variables: &dyn Variables) -> Option<Value> {
        let argument = &self.arguments[0];
        let value = argument.evaluate(variables)?;
        let field_type = match argument {
            Argument::Variable(name) => variables.type_of(name),
            Argument::Constant(_) | Argument::Call(_) => None,
        };
        let format = self.option_text("format", variables);
        let locale = locale::by_name(&self.option_text("locale", variables).unwrap_or_default());
        let text = values::text(&value)?;
        let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        let zone = self.option_text("timezone", variables);
        let date = format_date::parse_timestamp(&value, text, field_type);
        let moved = date.and_then(|at| self.moved(at, zone.as_deref(), variables));
        let formatted = match (format, moved.or(date), values::number(&value)) {
            (Some(format), Some(at), _) => Value::String(format_date::format(at, &format, locale, zone.as_deref())),
            // Without a format, a computed date is an ISO time, as all times are.
            (None, Some(at), _) if moved.is_some() => Value::String(format_timestamp(at)),
            (Some(format), None, Some(number)) => Value::String(format_number::format(number, &format, locale)),
            _ => values::plain(&value).clone(),
        };
        Some(self.convert(formatted, variables))
    }

    /// A date with the option `operator` applied; `None` without that option.
    fn moved(&self, at: Timestamp, zone: Option<&str>, variables: &dyn Variables) -> Option<Timestamp> {
        let operator = self.option_text("operator", variables)?;
        let counts =
            date_arithmetic::UNITS.map(|unit| date_arithmetic::parse_count(&self.option_text(unit, variables)?));
        date_arithmetic::apply(at, &operator, counts, zone)
    }

    fn calculate(&self, variables: &dyn Variables) -> Option<Value> {
        let result = match &self.prepared {
            Prepared::Expression(expression) => math::evaluate(expression, variables)?,
            _ => math::evaluate(&Expression::parse(&self.arguments[0].text(variables)?).ok()?, variables)?,
        };
        let locale = locale::by_name(&self.option_text("locale", variables).unwrap_or_default());
        let formatted = match (self.option_text("format", variables), result.as_f64()) {
            (Some(format), Some(number)) => Value::String(format_number::format(number, &format, locale)),
            _ => result,
        };
        Some(self.convert(formatted, variables))
    }

    /// Applies the option `dataType`: converts to text, or to a number. Text that is not a number is unchanged.
    fn convert(&self, value: Value, variables: &dyn Variables) -> Value {
        match self.option_text("dataType", variables).as_deref() {
            Some("String") => values::text(&value).map_or(Value::Null, |text| Value::String(text.into_owned())),
            Some("Number") => {
                let number = value.as_str().and_then(|text| text.trim().parse().ok());
                number.filter(|number: &f64| number.is_finite()).map_or(value, crate::support::document::number)
            }
            _ => value,
        }
    }

    pub(super) fn variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        if let Prepared::Expression(expression) = &self.prepared {
            expression.variables(found);
        }
        for argument in self.arguments.iter().chain(self.options.iter().map(|(_, argument)| argument)) {
            argument.variables(found);
        }
    }
}
