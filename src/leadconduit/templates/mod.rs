//! Templates: texts with placeholders, in the manner of Handlebars.
//!
//! `{{lead.email}}` stands for a variable, `{{lowercase lead.email}}` for what a helper makes of it; a helper takes
//! arguments and `name="value"` options, and may stand in brackets as an argument of another. Blocks (`{{#if}}`) are no
//! part of LeadConduit's templates. The documentation names the helpers; what it leaves open is marked `inferred` beside
//! the code. Nothing is escaped for HTML, for the values go to rules, reasons and recipients.
//!
//! The work on a template is bounded: by the number of its calls, by the text that a call looks at, and by the text that
//! is written.

mod call;
mod dates;
mod expression;
mod hash;
mod locale;
mod math;
mod numbers;
mod operand;
mod read;
mod strings;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use self::call::Call;
pub(crate) use self::operand::Operand;
use crate::leadconduit::values::{self, Mistake, Variables};

/// No template writes more.
const WRITTEN_BYTES_MAX: usize = 1024 * 1024;

/// A part of a template.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Variable(String),
    Call(Box<Call>),
}

/// A text with placeholders for variables and for what helpers make of them.
///
/// ```
/// use leadconduit_mock::rules::Template;
/// use serde_json::json;
/// let template = Template::read("{{uppercase lead.state}}-{{math \"1 + lead.age\"}}").unwrap();
/// assert_eq!(template.text(&json!({"lead": {"state": "tx", "age": 30}})), "TX-31");
/// ```
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

impl Template {
    /// Reads a template. A helper that is not known, and an argument that cannot be right, are mistakes.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let parts = read::parts(text).map_err(|message| Mistake { pointer: String::new(), message })?;
        Ok(Self(parts))
    }

    /// What it stands for: of a template that is nothing but one placeholder the value as it is, numbers, lists and values
    /// with a type included; of any other a text. Nothing when the one variable is missing.
    #[must_use]
    pub fn value<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match self.0.as_slice() {
            [Part::Variable(name)] => variables.get(name),
            [Part::Call(call)] => call.value(variables).map(Cow::Owned),
            _ => Some(Cow::Owned(Value::String(self.text(variables)))),
        }
    }

    /// Its text. What is missing leaves nothing; a value with a type writes its normal form.
    #[must_use]
    pub fn text(&self, variables: &dyn Variables) -> String {
        let mut written = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => written.push_str(text),
                Part::Variable(name) => write(&mut written, variables.get(name).as_deref()),
                Part::Call(call) => write(&mut written, call.value(variables).as_ref()),
            }
            if written.len() > WRITTEN_BYTES_MAX {
                written.truncate(written.floor_char_boundary(WRITTEN_BYTES_MAX));
                break;
            }
        }
        written
    }

    /// The names of all variables that it asks for, in the order of the text, as often as they stand there.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(_) => {}
                Part::Variable(name) => found.push(name.as_str()),
                Part::Call(call) => call.variables(&mut found),
            }
        }
        found
    }

    /// The variable's name, when there is nothing else.
    fn name(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Variable(name)] => Some(name),
            _ => None,
        }
    }
}

fn write(written: &mut String, value: Option<&Value>) {
    written.push_str(&value.and_then(values::text).unwrap_or_default());
}
