//! Texts that refer to the request and the world: `{{ request.body.name }}`, in the language of Jinja.
//!
//! What a template can see: `request` (`method`, `path`, `query`, `headers`, `body`), `caller` (`account`, `user`,
//! `key` is never shown), `world` (`account`, `user`, `sso`, and each collection by id), `call`, `retry_after`, `now`,
//! `sandbox`, `scenario`.

use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Seen};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use crate::leadconduit::state::{Collection, World};
use crate::support::document::text;
use contract_files::pointer::escape;

/// How much work one template may be, in the engine's own instructions.
const FUEL: u64 = 50_000;

/// The longest text that a template may make.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// The names that a template can begin with.
const NAMES: [&str; 8] = ["request", "caller", "world", "call", "retry_after", "now", "sandbox", "scenario"];

fn engine() -> &'static Environment<'static> {
    static ENGINE: OnceLock<Environment<'static>> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut engine = Environment::new();
        // What was not sent is empty text: a template that must know can ask `is defined`.
        engine.set_undefined_behavior(UndefinedBehavior::Chainable);
        engine.set_fuel(Some(FUEL));
        engine
    })
}

/// Whether a text is a template at all.
fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// The expression of a text that is nothing else: its value keeps its type, so that a number stays one.
fn lone_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    // `{{-` and `-}}` eat blanks around them, of which there are none here.
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

/// What is wrong with the templates in a value: a pointer into it, and words.
pub(super) fn mistakes(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if is_template(text) => {
            if let Err(message) = check(text) {
                found.push((at.to_owned(), message));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                mistakes(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                mistakes(value, &format!("{at}/{}", escape(name)), found);
            }
        }
        _ => {}
    }
}

fn check(text: &str) -> Result<(), String> {
    let words = |error: &minijinja::Error| {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        format!("the template cannot be read: {detail}")
    };
    let template = engine().template_from_str(text).map_err(|error| words(&error))?;
    let names = template.undeclared_variables(false);
    let mut unknown: Vec<&String> =
        names.iter().filter(|name| !NAMES.contains(&name.as_str()) && !is_function(name)).collect();
    unknown.sort();
    match unknown.first() {
        None => {
            // Filters and tests are looked up when they are used. What the template says of nothing does not matter.
            match template.render(()) {
                Err(error) if [ErrorKind::UnknownFilter, ErrorKind::UnknownTest].contains(&error.kind()) => {
                    Err(words(&error))
                }
                _ => Ok(()),
            }
        }
        Some(name) => {
            let near = contract_files::yaml::nearest(name, NAMES).map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_else(|| format!("; there are {}", NAMES.join(", ")));
            Err(format!("a template knows no `{name}`{near}"))
        }
    }
}

fn is_function(name: &str) -> bool {
    ["range", "dict", "namespace", "loop"].contains(&name)
}

/// A value with its templates filled in.
pub(super) fn fill(value: &Value, context: &Seen) -> Result<Value, String> {
    match value {
        Value::String(text) if is_template(text) => match lone_expression(text) {
            Some(expression) => {
                let filled = engine().compile_expression(expression).and_then(|e| e.eval(context.clone()));
                let filled = filled.map_err(|error| error.to_string())?;
                if filled.is_undefined() {
                    return Ok(Value::Null);
                }
                serde_json::to_value(&filled).map_err(|error| error.to_string())
            }
            None => fill_text(text, context).map(Value::String),
        },
        Value::Array(items) => items.iter().map(|item| fill(item, context)).collect(),
        Value::Object(object) => object.iter().map(|(name, value)| Ok((name.clone(), fill(value, context)?))).collect(),
        other => Ok(other.clone()),
    }
}

/// A text with its templates filled in.
pub(super) fn fill_text(text: &str, context: &Seen) -> Result<String, String> {
    if !is_template(text) {
        return Ok(text.to_owned());
    }
    let filled = engine().render_str(text, context.clone()).map_err(|error| error.to_string())?;
    if filled.len() > TEXT_BYTES_MAX {
        return Err(format!("a template made more than {TEXT_BYTES_MAX} bytes"));
    }
    Ok(filled)
}

/// The world as a template sees it. Documents are looked up, not copied beforehand.
#[derive(Debug)]
pub(super) struct WorldSeen {
    pub(super) world: World,
    pub(super) account: Option<Arc<str>>,
    pub(super) user: Option<Arc<str>>,
}

impl Object for WorldSeen {
    fn get_value(self: &Arc<Self>, key: &Seen) -> Option<Seen> {
        let account = self.account.as_deref().and_then(|id| self.world.account(id));
        match key.as_str()? {
            "account" => Some(Seen::from_serialize(account?.document().value())),
            "user" => {
                let user = account?.get(Collection::Users, self.user.as_deref()?)?;
                Some(Seen::from_serialize(user.value()))
            }
            "sso" => Some(Seen::from_serialize(serde_json::json!({"status": self.world.sso.status.word()}))),
            name => {
                let collection = Collection::ALL.into_iter().find(|collection| collection.name() == name)?;
                account?;
                Some(Seen::from_object(DocumentsSeen { world: Arc::clone(self), collection }))
            }
        }
    }
}

/// The documents of one kind, by id.
#[derive(Debug)]
struct DocumentsSeen {
    world: Arc<WorldSeen>,
    collection: Collection,
}

impl DocumentsSeen {
    fn account(&self) -> Option<&crate::leadconduit::state::Account> {
        self.world.account.as_deref().and_then(|id| self.world.world.account(id))
    }
}

impl Object for DocumentsSeen {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Seen) -> Option<Seen> {
        let found = self.account()?.get(self.collection, key.as_str()?)?;
        Some(Seen::from_serialize(found.value()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let ids = self.account().map(|account| account.all(self.collection).values());
        Enumerator::Values(ids.into_iter().flatten().map(|d| Seen::from(text(d.value(), "id"))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::clock::Clock;
    use crate::support::document::Document;
    use serde_json::json;

    fn context() -> Seen {
        let mut world = World::empty(1, Clock::Real);
        world.put_account("a", Document::new(&json!({"id": "a", "name": "Acme"})));
        world.put("a", Collection::Flows, "f1", Document::new(&json!({"id": "f1", "name": "First"})));
        let world = Seen::from_object(WorldSeen { world, account: Some("a".into()), user: None });
        minijinja::context! { request => json!({"body": {"name": "N", "count": 3, "list": [1, 2]}}), world }
    }

    #[test]
    fn templates_are_filled_in_and_keep_types_where_they_stand_alone() {
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
            assert_eq!(check(text), Ok(()), "{text}");
            assert_eq!(fill(&json!({"x": [text]}), &context()), Ok(json!({"x": [expected]})), "{text}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_read_is_found_at_once() {
        let mut found = Vec::new();
        mistakes(&json!({"a/b": ["{{ reqest.body }}", "{{ 1 +", "{{ zzz }}"]}), "/then/body", &mut found);
        let told: Vec<String> = found.into_iter().map(|(at, message)| format!("{at}: {message}")).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told[0], "/then/body/a~1b/0: a template knows no `reqest`; did you mean `request`?");
        assert!(told[1].starts_with("/then/body/a~1b/1: the template cannot be read: "), "{}", told[1]);
        assert!(told[2].contains("there are request, caller, world"), "{}", told[2]);
    }

    #[test]
    fn a_template_that_works_too_much_is_ended() {
        let endless = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
        assert!(fill_text(endless, &context()).unwrap_err().contains("fuel"));
    }
}
