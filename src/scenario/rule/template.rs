//! Templates in bodies and headers: `{{ request.body.name }}`, in the Jinja language.
//!
//! Their variables: `request` (`method`, `path`, `query`, `headers`, `body`), `caller` (`account`, `user`; the
//! API key is not available), `world` (`account`, `user`, `sso`, and each collection by id), `call`, `retry_after`, `now`,
//! `sandbox`, `scenario`.

use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as TemplateValue};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use super::error::RuleError;
use crate::leadconduit::state::{Collection, World};
use crate::support::document::text;
use contract_files::pointer::escape;

/// The most instructions of the template engine for one template.
const FUEL: u64 = 50_000;

/// The longest text that a template can render.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// The variables of templates.
const VARIABLES: [&str; 8] = ["request", "caller", "world", "call", "retry_after", "now", "sandbox", "scenario"];

fn engine() -> &'static Environment<'static> {
    static ENGINE: OnceLock<Environment<'static>> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut engine = Environment::new();
        // A value that is missing renders as empty text. Templates can test for it with `is defined`.
        engine.set_undefined_behavior(UndefinedBehavior::Chainable);
        engine.set_fuel(Some(FUEL));
        engine
    })
}

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
        .nearest.map_or_else(|| format!("the variables are {}", VARIABLES.join(", ")), |near| format!("did you mean `{near}`?"))
    )]
    UnknownVariable {
        /// The name in the template.
        name: String,
        /// The most similar variable.
        nearest: Option<&'static str>,
    },
    /// The engine cannot render the template.
    #[error(transparent)]
    Render(#[from] minijinja::Error),
    /// The value of an expression cannot be JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The rendered text is too long.
    #[error("a template renders to more than {TEXT_BYTES_MAX} bytes")]
    TooLong,
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
    let template = engine().template_from_str(text).map_err(TemplateError::Invalid)?;
    let names = template.undeclared_variables(false);
    let mut unknown: Vec<&String> =
        names.iter().filter(|name| !VARIABLES.contains(&name.as_str()) && !is_function(name)).collect();
    unknown.sort();
    match unknown.first() {
        None => {
            // The engine looks filters and tests up while it renders. Other errors are due to the empty context.
            match template.render(()) {
                Err(error) if [ErrorKind::UnknownFilter, ErrorKind::UnknownTest].contains(&error.kind()) => {
                    Err(TemplateError::Invalid(error))
                }
                _ => Ok(()),
            }
        }
        Some(name) => {
            let nearest = contract_files::yaml::nearest(name, VARIABLES);
            Err(TemplateError::UnknownVariable { name: (*name).clone(), nearest })
        }
    }
}

fn is_function(name: &str) -> bool {
    ["range", "dict", "namespace", "loop"].contains(&name)
}

/// A value with its templates rendered.
pub(super) fn render(value: &Value, context: &TemplateValue) -> Result<Value, TemplateError> {
    match value {
        Value::String(text) if is_template(text) => match sole_expression(text) {
            Some(expression) => {
                let rendered = engine().compile_expression(expression).and_then(|e| e.eval(context.clone()));
                let rendered = rendered?;
                if rendered.is_undefined() {
                    return Ok(Value::Null);
                }
                Ok(serde_json::to_value(&rendered)?)
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
    let rendered = engine().render_str(text, context.clone())?;
    if rendered.len() > TEXT_BYTES_MAX {
        return Err(TemplateError::TooLong);
    }
    Ok(rendered)
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
            "sso" => Some(TemplateValue::from_serialize(serde_json::json!({"status": self.world.sso.status.name()}))),
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

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let ids = self.account().map(|account| account.all(self.collection).values());
        Enumerator::Values(ids.into_iter().flatten().map(|d| TemplateValue::from(text(d.value(), "id"))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::clock::Clock;
    use crate::support::document::Document;
    use serde_json::json;

    fn context() -> TemplateValue {
        let mut world = World::empty(1, Clock::Real);
        world.put_account("a", Document::new(&json!({"id": "a", "name": "Acme"})));
        world.put("a", Collection::Flows, "f1", Document::new(&json!({"id": "f1", "name": "First"})));
        let world = TemplateValue::from_object(WorldObject { world, account: Some("a".into()), user: None });
        minijinja::context! { request => json!({"body": {"name": "N", "count": 3, "list": [1, 2]}}), world }
    }

    #[test]
    fn templates_are_rendered_and_a_sole_expression_keeps_its_type() {
        let rows = [
            ("plain", json!("plain")),
            ("{{ request.body.name }}", json!("N")),
            ("{{ request.body.count }}", json!(3)),
            (" {{- request.body.count -}} ", json!(3)),
            ("{{ request.body.list }}", json!([1, 2])),
            ("{{ request.body.nothing.at.all }}", json!(null)),
            ("n = {{ request.body.count + 1 }}{{ request.body.nothing }}", json!("n = 4")),
            ("{{ world.account.name }}", json!("Acme")),
            ("{{ world.flows['f1'].name }}", json!("First")),
            ("{{ world.flows | length }}", json!(1)),
            ("{% for id in world.flows %}{{ id }};{% endfor %}", json!("f1;")),
            ("{{ world.user.name }}-{{ world.sso.status }}", json!("-up")),
        ];
        for (text, expected) in rows {
            validate_text(text).unwrap();
            assert_eq!(render(&json!({"x": [text]}), &context()).unwrap(), json!({"x": [expected]}), "{text}");
        }
    }

    #[test]
    fn invalid_templates_are_reported_with_pointers() {
        let mut errors = Vec::new();
        validate(&json!({"a/b": ["{{ reqest.body }}", "{{ 1 +", "{{ zzz }}"]}), "/then/body", &mut errors);
        let errors: Vec<String> =
            errors.into_iter().map(|error| format!("{}: {}", error.pointer, error.message)).collect();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert_eq!(errors[0], "/then/body/a~1b/0: templates have no variable `reqest`; did you mean `request`?");
        assert!(errors[1].starts_with("/then/body/a~1b/1: the template is invalid: "), "{}", errors[1]);
        assert!(errors[2].contains("the variables are request, caller, world"), "{}", errors[2]);
    }

    #[test]
    fn endless_templates_run_out_of_fuel() {
        let endless = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
        assert!(render_text(endless, &context()).unwrap_err().to_string().contains("fuel"));
    }
}
