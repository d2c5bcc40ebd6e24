//! Calls of helpers: which there are, what they take, and what comes of them.

use std::borrow::Cow;

use serde_json::Value;

use super::expression::Expression;
use super::hash::{Encoding, Hash};
use super::strings::Pattern;
use super::{Variables, dates, hash, locale, math, numbers, read, strings};
use crate::leadconduit::values;
use contract_files::yaml::nearest;

/// How much of a value a helper looks at.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// How many arguments and options a call may have.
const ARGUMENTS_MAX: usize = 16;

/// What a helper does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Helper {
    Extract,
    Format,
    Lowercase,
    Math,
    Replace,
    Substring,
    Uppercase,
    Hash(Hash),
}

/// Every helper by its name, with the options that it takes.
const HELPERS: [(&str, Helper, &[&str]); 17] = [
    ("extract", Helper::Extract, &["pattern"]),
    ("format", Helper::Format, &["format", "locale", "timezone", "dataType"]),
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

/// An argument or the value of an option.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    Fixed(Value),
    Variable(String),
    Call(Box<Call>),
}

/// A helper with what it is given.
#[derive(Clone, Debug)]
pub(super) struct Call {
    helper: Helper,
    arguments: Vec<Argument>,
    options: Vec<(String, Argument)>,
    /// What a fixed pattern or expression was read to, once.
    ready: Ready,
}

#[derive(Clone, Debug)]
enum Ready {
    Nothing,
    Pattern(Pattern),
    Expression(Expression),
}

impl Argument {
    fn value<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match self {
            Self::Fixed(value) => Some(Cow::Borrowed(value)),
            Self::Variable(name) => variables.get(name),
            Self::Call(call) => call.value(variables).map(Cow::Owned),
        }
    }

    fn text(&self, variables: &dyn Variables) -> Option<String> {
        let value = self.value(variables)?;
        let text = values::text(&value)?;
        Some(text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned())
    }

    fn fixed(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Fixed(value) => values::text(value),
            Self::Variable(_) | Self::Call(_) => None,
        }
    }
}

impl Call {
    /// A call, when there is such a helper and it takes such arguments.
    pub(super) fn new(name: &str, arguments: Vec<Argument>, options: Vec<(String, Argument)>) -> Result<Self, String> {
        let Some((_, helper, known)) = HELPERS.iter().find(|(known, ..)| *known == name) else {
            return Err(unknown(name));
        };
        if let Some((option, _)) = options.iter().find(|(option, _)| !known.contains(&option.as_str())) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("`{name}` has no option `{}`; it has {known}", read::shown(option)));
        }
        let most = if matches!(helper, Helper::Hash(_)) { ARGUMENTS_MAX } else { 1 };
        if arguments.is_empty() || arguments.len() > most || options.len() > ARGUMENTS_MAX {
            let amount = if most == 1 { "one argument".to_owned() } else { format!("one to {most} arguments") };
            return Err(format!("`{name}` takes {amount}"));
        }
        let mut call = Self { helper: *helper, arguments, options, ready: Ready::Nothing };
        call.ready = call.prepare(name)?;
        Ok(call)
    }

    /// What is fixed is checked now. What a variable says is known only later; the wrong there leaves the value as it is.
    fn prepare(&self, name: &str) -> Result<Ready, String> {
        let wrong = |option: &str, text: &str, why: &str| {
            Err(format!("the `{option}` of `{name}` cannot be `{}`: {why}", read::shown(text)))
        };
        for (option, argument) in &self.options {
            let Some(text) = argument.fixed() else { continue };
            match option.as_str() {
                "start" | "end" if strings::position(&text).is_none() => {
                    return wrong(option, &text, "positions are whole numbers, counted from 1");
                }
                "encoding" if Encoding::named(&text).is_none() => {
                    return wrong(option, &text, "encodings are hex, base64 and latin1");
                }
                "dataType" if !["String", "Number"].contains(&&*text) => {
                    return wrong(option, &text, "it is String or Number");
                }
                "timezone" if dates::zone(&text).is_none() => {
                    return wrong(option, &text, "there is no such time zone");
                }
                _ => {}
            }
        }
        let needed: &[&str] = match self.helper {
            Helper::Extract => &["pattern"],
            Helper::Replace => &["pattern", "replace"],
            Helper::Substring => &["start"],
            _ => &[],
        };
        if let Some(missing) = needed.iter().find(|option| self.option(option).is_none()) {
            return Err(format!("`{name}` needs its option `{missing}`"));
        }
        if let (Helper::Math, Some(text)) = (self.helper, self.arguments[0].fixed()) {
            return Expression::read(&text).map(Ready::Expression);
        }
        match self.option("pattern").and_then(Argument::fixed) {
            Some(text) => self.pattern(&text).map(Ready::Pattern),
            None => Ok(Ready::Nothing),
        }
    }

    fn pattern(&self, text: &str) -> Result<Pattern, String> {
        if self.helper == Helper::Extract { Pattern::expression(text) } else { Pattern::read(text) }
    }

    fn option(&self, name: &str) -> Option<&Argument> {
        // As in JavaScript, of two the last one counts.
        self.options.iter().rev().find(|(option, _)| option == name).map(|(_, argument)| argument)
    }

    fn option_text(&self, name: &str, variables: &dyn Variables) -> Option<String> {
        self.option(name)?.text(variables)
    }

    /// What the helper makes; nothing of nothing.
    pub(super) fn value(&self, variables: &dyn Variables) -> Option<Value> {
        let option = |name: &str| self.option_text(name, variables);
        match self.helper {
            Helper::Format => self.formatted(variables),
            Helper::Math => self.calculated(variables),
            Helper::Hash(hash) => {
                // What is missing adds nothing; with nothing at all there is nothing to hash (inferred).
                let texts: Vec<String> =
                    self.arguments.iter().filter_map(|argument| argument.text(variables)).collect();
                let encoding = option("encoding").and_then(|name| Encoding::named(&name)).unwrap_or_default();
                let salt = option("salt").unwrap_or_default();
                (!texts.is_empty()).then(|| Value::String(hash.of(&(texts.concat() + &salt), encoding)))
            }
            helper => {
                let text = self.arguments[0].text(variables)?;
                Some(Value::String(match helper {
                    Helper::Lowercase => text.to_lowercase(),
                    Helper::Uppercase => text.to_uppercase(),
                    Helper::Substring => strings::substring(&text, option("start"), option("end")),
                    _ => self.with_pattern(&text, variables),
                }))
            }
        }
    }

    /// `replace` and `extract`.
    fn with_pattern(&self, text: &str, variables: &dyn Variables) -> String {
        let read = || self.pattern(&self.option_text("pattern", variables)?).ok();
        let later;
        let pattern = match &self.ready {
            Ready::Pattern(pattern) => pattern,
            _ => match read() {
                Some(pattern) => {
                    later = pattern;
                    &later
                }
                None => return text.to_owned(),
            },
        };
        match self.helper {
            Helper::Extract => pattern.extract(text),
            _ => pattern.replace(text, &self.option_text("replace", variables).unwrap_or_default()),
        }
    }

    fn formatted(&self, variables: &dyn Variables) -> Option<Value> {
        let argument = &self.arguments[0];
        let value = argument.value(variables)?;
        let kind = match argument {
            Argument::Variable(name) => variables.type_of(name),
            Argument::Fixed(_) | Argument::Call(_) => None,
        };
        let format = self.option_text("format", variables);
        let locale = locale::named(&self.option_text("locale", variables).unwrap_or_default());
        let text = values::text(&value)?;
        let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        let written = match (format, dates::moment_of(&value, text, kind), values::number(&value)) {
            (Some(format), Some(at), _) => {
                let zone = self.option_text("timezone", variables);
                Value::String(dates::format(at, &format, locale, zone.as_deref()))
            }
            (Some(format), None, Some(number)) => Value::String(numbers::format(number, &format, locale)),
            _ => values::plain(&value).clone(),
        };
        Some(self.of_type(written, variables))
    }

    fn calculated(&self, variables: &dyn Variables) -> Option<Value> {
        let result = match &self.ready {
            Ready::Expression(expression) => math::value(expression, variables)?,
            _ => math::value(&Expression::read(&self.arguments[0].text(variables)?).ok()?, variables)?,
        };
        let locale = locale::named(&self.option_text("locale", variables).unwrap_or_default());
        let written = match (self.option_text("format", variables), result.as_f64()) {
            (Some(format), Some(number)) => Value::String(numbers::format(number, &format, locale)),
            _ => result,
        };
        Some(self.of_type(written, variables))
    }

    /// The option `dataType`: a text of a number or flag, or the number that a text is. A text that is none stays.
    fn of_type(&self, written: Value, variables: &dyn Variables) -> Value {
        match self.option_text("dataType", variables).as_deref() {
            Some("String") => values::text(&written).map_or(Value::Null, |text| Value::String(text.into_owned())),
            Some("Number") => {
                let number = written.as_str().and_then(|text| text.trim().parse().ok());
                number.filter(|number: &f64| number.is_finite()).map_or(written, crate::support::document::number)
            }
            _ => written,
        }
    }

    pub(super) fn variables<'c>(&'c self, found: &mut Vec<&'c str>) {
        if let Ready::Expression(expression) = &self.ready {
            expression.variables(found);
        }
        for argument in self.arguments.iter().chain(self.options.iter().map(|(_, argument)| argument)) {
            match argument {
                Argument::Fixed(_) => {}
                Argument::Variable(name) => found.push(name),
                Argument::Call(call) => call.variables(found),
            }
        }
    }
}

fn unknown(name: &str) -> String {
    let names = HELPERS.map(|(known, ..)| known);
    let hint = nearest(name, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("there is no helper `{}`{hint} (helpers are {})", read::shown(name), names.join(", "))
}
