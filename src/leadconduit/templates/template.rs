//! Evaluation of templates.

use std::borrow::Cow;

use serde_json::Value;

use super::error::TemplateError;
use super::parse::{self, Block, Segment};
use crate::leadconduit::values::{self, ParseError, Variables};

/// The largest output of a template.
pub(super) const OUTPUT_BYTES_MAX: usize = 1024 * 1024;

/// Text with placeholders for variables and helper calls.
#[derive(Clone, Debug)]
pub struct Template(Vec<Segment>);

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// A placeholder is malformed, a helper is unknown, or an argument is invalid.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_segments(text).map_err(|error| ParseError { pointer: String::new(), message: error.to_string() })
    }

    /// Parses a template; the error is typed.
    pub(super) fn parse_segments(text: &str) -> Result<Self, TemplateError> {
        #[cfg(test)]
        crate::leadconduit::values::parse_count::add_expression();
        parse::segments(text).map(Self)
    }

    /// Evaluates the template. A template that is a single placeholder keeps the type of the value, which can be a
    /// number, a list or a typed value; any other template produces text. Returns `None` if the single variable is
    /// missing.
    #[must_use]
    pub fn evaluate<'a>(&'a self, variables: &'a dyn Variables) -> Option<Cow<'a, Value>> {
        match self.0.as_slice() {
            [Segment::Variable(name)] => variables.get(name),
            [Segment::Helper(call)] => call.evaluate(variables).map(Cow::Owned),
            _ => Some(Cow::Owned(Value::String(self.render(variables)))),
        }
    }

    /// Renders the template as text. Missing values are empty; typed values are rendered as their normal form.
    #[must_use]
    pub fn render(&self, variables: &dyn Variables) -> String {
        let mut output = String::new();
        render_segments(&self.0, variables, &mut output);
        output
    }

    /// Returns the names of all variables of the template in document order, with repetitions.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut found = Vec::new();
        collect_variables(&self.0, &mut found);
        found
    }

    /// Returns the name of the variable if the template is a single variable.
    pub(super) fn single_variable(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Segment::Variable(name)] => Some(name),
            _ => None,
        }
    }
}

/// Renders segments until the output has its largest size.
fn render_segments(segments: &[Segment], variables: &dyn Variables, output: &mut String) {
    for segment in segments {
        match segment {
            Segment::Text(text) => output.push_str(text),
            Segment::Variable(name) => append(output, variables.get(name).as_deref()),
            Segment::Helper(call) => append(output, call.evaluate(variables).as_ref()),
            Segment::Block(block) => render_segments(block.branch(variables), variables, output),
        }
        if output.len() >= OUTPUT_BYTES_MAX {
            output.truncate(output.floor_char_boundary(OUTPUT_BYTES_MAX));
            break;
        }
    }
}

fn collect_variables<'t>(segments: &'t [Segment], found: &mut Vec<&'t str>) {
    for segment in segments {
        match segment {
            Segment::Text(_) => {}
            Segment::Variable(name) => found.push(name.as_str()),
            Segment::Helper(call) => call.variables(found),
            Segment::Block(block) => {
                block.condition.variables(found);
                collect_variables(&block.then, found);
                collect_variables(&block.otherwise, found);
            }
        }
    }
}

impl Block {
    /// The branch that the condition selects.
    fn branch(&self, variables: &dyn Variables) -> &[Segment] {
        let condition = self.condition.evaluate(variables);
        if condition.is_some_and(|value| is_truthy(values::plain(&value))) { &self.then } else { &self.otherwise }
    }
}

/// Whether a value counts as true, as in Handlebars: not `false`, 0, an empty text, an empty list or `null`.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
    }
}

/// Appends the text of a value. The items of a list are joined with a comma, as JavaScript does: a missing item is
/// empty.
fn append(output: &mut String, value: Option<&Value>) {
    match value {
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    output.push(',');
                }
                append(output, Some(item));
                if output.len() >= OUTPUT_BYTES_MAX {
                    break;
                }
            }
        }
        value => output.push_str(&value.and_then(values::text).unwrap_or_default()),
    }
}
