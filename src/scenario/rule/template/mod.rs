//! Templates in bodies and headers: `{{ request.body.name }}`, in the Jinja language.
//!
//! Their variables: `request` (`method`, `path`, `query`, `headers`, `body`), `caller` (`account`, `user`; the
//! API key is not available), `world` (`account`, `user`, `sso`, and each collection by id), `call`, `retry_after`, `now`,
//! `sandbox`, `scenario`.

//!
//! The engine limits neither the depth of a template nor what its values grow to. [`bounds`] checks the source before it is
//! parsed, [`guard`] rewrites the syntax tree so that every operator is a call of a filter, and [`filters`] limits what
//! filters read and write.

mod bounds;
mod budget;
mod filters;
mod guard;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, LazyLock};

use minijinja::machinery::{CodeGenerator, Vm, WhitespaceConfig, make_string_output, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Object, ObjectRepr, Value as TemplateValue};
use minijinja::{AutoEscape, Environment, ErrorKind};
use serde_json::Value;

use self::bounds::SourceLimit;
use self::budget::{RenderLimit, limit_of};
use self::guard::Guard;
use super::error::RuleError;
use super::template_check::{self, Use};
use super::template_functions::{FUNCTIONS, FunctionError};
use crate::config::limits::{TEMPLATE_JSON_BYTES_MAX, TEMPLATE_TEXT_BYTES_MAX};
use crate::leadconduit::state::{Collection, World};
use crate::support::document::text;
use contract_files::pointer::escape;

/// The variables of templates.
const VARIABLES: [&str; 8] = ["request", "caller", "world", "call", "retry_after", "now", "sandbox", "scenario"];

/// The name of a template in the engine's messages.
const NAME: &str = "<string>";

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(filters::environment);

/// Whether a text is a template.
fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// The expression of a text that consists of one expression. Its value keeps its type: a number stays a number.
fn sole_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    // `{{-` and `-}}` strip surrounding white space, of which there is none here.
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.strip_suffix(['-', '+']).unwrap_or(inner);
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner)
}

/// Whether any text in a value is a template.
pub(super) fn has_templates(value: &Value) -> bool {
    match value {
        Value::String(text) => is_template(text),
        Value::Array(items) => items.iter().any(has_templates),
        Value::Object(object) => object.values().any(has_templates),
        _ => false,
    }
}

/// Why a template is invalid or cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The template is malformed, or uses a filter or a test that does not exist.
    #[error("the template is invalid: {}", .0.detail().map_or_else(|| .0.kind().to_string(), str::to_owned))]
    Invalid(minijinja::Error),
    /// The template uses a variable that does not exist.
    #[error(
        "templates have no variable `{name}`; {}",
        .nearest.as_ref().map_or_else(|| format!("the variables are {}", VARIABLES.join(", ")), |near| format!("did you mean `{near}`?"))
    )]
    UnknownVariable {
        /// The name in the template.
        name: String,
        /// The most similar variable.
        nearest: Option<String>,
    },
    /// The template uses a filter or a test that does not exist.
    #[error("templates have no {kind} `{name}`: check its spelling")]
    UnknownName {
        /// `filter` or `test`.
        kind: &'static str,
        /// The name in the template.
        name: String,
    },
    /// The template uses a variable for the environment.
    #[error(
        "templates have no variable `env`; write `${{NAME}}` for a value from the environment, which is replaced when \
         the file is read"
    )]
    Environment,
    /// The engine cannot render the template.
    #[error(transparent)]
    Render(#[from] minijinja::Error),
    /// The value of an expression cannot be JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The template exceeds a limit of its source.
    #[error("the template is invalid: {0}")]
    Source(#[from] SourceLimit),
    /// The template exceeds a limit while it is rendered.
    #[error(transparent)]
    Limit(#[from] RenderLimit),
}

/// Adds an error for each invalid template in a value, which is at `pointer`.
pub(super) fn validate(value: &Value, pointer: &str, errors: &mut Vec<RuleError>) {
    match value {
        Value::String(text) if is_template(text) => {
            if let Err(error) = validate_text(text) {
                let is_open = error.to_string().contains("expected end of");
                let error = RuleError::new(pointer, error.to_string());
                errors.push(if is_open {
                    error.with_hint("write `{{ name }}`, with two braces on each side")
                } else {
                    error
                });
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                validate(item, &format!("{pointer}/{index}"), errors);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                validate(value, &format!("{pointer}/{}", escape(name)), errors);
            }
        }
        _ => {}
    }
}

fn validate_text(text: &str) -> Result<(), TemplateError> {
    bounds::check(text, false)?;
    let mut names = Guard::default();
    names.template(&parse(text, NAME, SyntaxConfig, WhitespaceConfig::default()).map_err(TemplateError::Invalid)?);
    let is_known = |name: &str| VARIABLES.contains(&name) || is_function(name) || names.assigned.contains(name);
    if let Some(name) = names.read.iter().find(|name| !is_known(name)) {
        if *name == "env" {
            return Err(TemplateError::Environment);
        }
        let nearest = contract_files::yaml::nearest(name, VARIABLES.into_iter().chain(FUNCTIONS));
        return Err(TemplateError::UnknownVariable { name: (*name).to_owned(), nearest: nearest.map(str::to_owned) });
    }
    for name in template_check::uses(text) {
        if let Use::Property(variable, property) = name {
            validate_property(variable, property)?;
        } else if !template_check::exists(&ENGINE, name) {
            return Err(match name {
                Use::Test(name) => TemplateError::UnknownName { kind: "test", name: name.to_owned() },
                Use::Filter(name) | Use::Property(_, name) => {
                    TemplateError::UnknownName { kind: "filter", name: name.to_owned() }
                }
            });
        }
    }
    // With sample data, so that only errors that do not depend on the request are left. What exceeds a limit without any data does so with it. Other
    // errors are due to the empty context.
    let sample = BTreeMap::from([("now", "2026-01-15T09:00:00.000Z")]);
    match evaluate_text(text, &TemplateValue::from_serialize(sample)) {
        Err(TemplateError::Render(error)) if is_certain(&error) => Err(TemplateError::Invalid(error)),
        Err(error @ TemplateError::Limit(_)) => Err(error),
        _ => Ok(()),
    }
}

fn is_function(name: &str) -> bool {
    ["range", "dict", "namespace", "loop"].contains(&name) || FUNCTIONS.contains(&name)
}

/// Checks a property of a variable whose properties are known.
fn validate_property(variable: &str, property: &str) -> Result<(), TemplateError> {
    let Some(known) = template_check::properties(variable).filter(|known| !known.contains(&property)) else {
        return Ok(());
    };
    let nearest = contract_files::yaml::nearest(property, known.iter().copied());
    let nearest = nearest.map(|near| format!("{variable}.{near}"));
    Err(TemplateError::UnknownVariable { name: format!("{variable}.{property}"), nearest })
}

/// Whether an error occurs for every request: a filter, test or function that does not exist, or an argument that a
/// function never accepts.
fn is_certain(error: &minijinja::Error) -> bool {
    let unknown =
        [ErrorKind::UnknownFilter, ErrorKind::UnknownTest, ErrorKind::UnknownFunction, ErrorKind::UnknownMethod];
    let source = std::error::Error::source(error);
    unknown.contains(&error.kind()) || source.and_then(<dyn std::error::Error>::downcast_ref::<FunctionError>).is_some()
}

/// A value with its templates rendered.
pub(super) fn render(value: &Value, context: &TemplateValue) -> Result<Value, TemplateError> {
    match value {
        Value::String(text) if is_template(text) => match sole_expression(text) {
            Some(expression) => {
                let rendered = evaluate_expression(expression, context)?;
                if rendered.is_undefined() {
                    return Ok(Value::Null);
                }
                to_json(&rendered)
            }
            None => render_text(text, context).map(Value::String),
        },
        Value::Array(items) => items.iter().map(|item| render(item, context)).collect(),
        Value::Object(object) => {
            object.iter().map(|(name, value)| Ok((name.clone(), render(value, context)?))).collect()
        }
        other => Ok(other.clone()),
    }
}

/// A text, rendered if it is a template.
pub(super) fn render_text(text: &str, context: &TemplateValue) -> Result<String, TemplateError> {
    if !is_template(text) {
        return Ok(text.to_owned());
    }
    evaluate_text(text, context)
}

/// Renders a template.
fn evaluate_text(text: &str, context: &TemplateValue) -> Result<String, TemplateError> {
    bounds::check(text, false)?;
    let tree = parse(text, NAME, SyntaxConfig, WhitespaceConfig::default())?;
    let mut generator = CodeGenerator::new(NAME, text);
    generator.compile_stmt(&Guard::default().template(&tree));
    let (instructions, blocks) = generator.finish();
    let mut rendered = String::new();
    let mut output = make_string_output(&mut rendered);
    Vm::new(&ENGINE)
        .eval(&instructions, context.clone(), &blocks, &mut output, AutoEscape::None)
        .map_err(TemplateError::from_engine)?;
    drop(output);
    if rendered.len() > TEMPLATE_TEXT_BYTES_MAX {
        return Err(RenderLimit::Text.into());
    }
    Ok(rendered)
}

/// Evaluates an expression.
fn evaluate_expression(expression: &str, context: &TemplateValue) -> Result<TemplateValue, TemplateError> {
    bounds::check(expression, true)?;
    let tree = parse_expr(expression)?;
    let mut generator = CodeGenerator::new("<expression>", expression);
    generator.compile_expr(&Guard::default().expression(&tree));
    let (instructions, blocks) = generator.finish();
    let (mut ignored, root) = (String::new(), context.clone());
    let mut output = make_string_output(&mut ignored);
    let evaluated = Vm::new(&ENGINE).eval(&instructions, root, &blocks, &mut output, AutoEscape::None);
    let (value, _) = evaluated.map_err(TemplateError::from_engine)?;
    Ok(value.unwrap_or_default())
}

impl TemplateError {
    fn from_engine(error: minijinja::Error) -> Self {
        match limit_of(&error) {
            Some(limit) => Self::Limit(limit),
            None => Self::Render(error),
        }
    }
}

/// A value as JSON. Documents of the world are looked up meanwhile, so that the text is limited instead of the value.
fn to_json(value: &TemplateValue) -> Result<Value, TemplateError> {
    let mut text = LimitedBuffer(Vec::new());
    match serde_json::to_writer(&mut text, value) {
        Err(error) if error.is_io() => Err(RenderLimit::Text.into()),
        written => {
            written?;
            Ok(serde_json::from_slice(&text.0)?)
        }
    }
}

/// A buffer of at most [`TEMPLATE_JSON_BYTES_MAX`] bytes.
struct LimitedBuffer(Vec<u8>);

impl io::Write for LimitedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > TEMPLATE_JSON_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The variable `world`. Documents are looked up on access, not copied beforehand.
#[derive(Debug)]
pub(super) struct WorldObject {
    pub(super) world: World,
    pub(super) account: Option<Arc<str>>,
    pub(super) user: Option<Arc<str>>,
}

impl Object for WorldObject {
    fn get_value(self: &Arc<Self>, key: &TemplateValue) -> Option<TemplateValue> {
        let account = self.account.as_deref().and_then(|id| self.world.account(id));
        match key.as_str()? {
            "account" => Some(TemplateValue::from_serialize(account?.document().value())),
            "user" => {
                let user = account?.get(Collection::Users, self.user.as_deref()?)?;
                Some(TemplateValue::from_serialize(user.value()))
            }
            "sso" => {
                let status = self.world.sso.status.at(self.world.clock.now()).name();
                Some(TemplateValue::from_serialize(serde_json::json!({"status": status})))
            }
            name => {
                let collection = Collection::ALL.into_iter().find(|collection| collection.name() == name)?;
                account?;
                Some(TemplateValue::from_object(CollectionObject { world: Arc::clone(self), collection }))
            }
        }
    }
}

/// The documents of a collection, by id.
#[derive(Debug)]
struct CollectionObject {
    world: Arc<WorldObject>,
    collection: Collection,
}

impl CollectionObject {
    fn account(&self) -> Option<&crate::leadconduit::state::Account> {
        self.world.account.as_deref().and_then(|id| self.world.world.account(id))
    }
}

impl Object for CollectionObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &TemplateValue) -> Option<TemplateValue> {
        let found = self.account()?.get(self.collection, key.as_str()?)?;
        Some(TemplateValue::from_serialize(found.value()))
    }

    /// The ids: written out, the documents could take any size.
    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids = self.account().map(|account| account.all(self.collection).values());
        f.debug_list().entries(ids.into_iter().flatten().map(|d| text(d.value(), "id"))).finish()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let ids = self.account().map(|account| account.all(self.collection).values());
        Enumerator::Values(ids.into_iter().flatten().map(|d| TemplateValue::from(text(d.value(), "id"))).collect())
    }
}

#[cfg(test)]
mod tests;
