//! One way in which a request (or a reply of ours) broke the contract, in plain words.

use std::fmt::Write as _;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde::Serialize;
use serde_json::Value;

use super::schema;
use contract_files::pointer::{escape, unescape};

/// One way in which a message broke the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// RFC 6901 pointer into the request seen as one document: `/body/...`, `/query/...`, `/path/...`, `/headers/...`.
    pub location: String,
    /// The keyword that was broken, such as `required`, `type` or `pattern`.
    pub code: String,
    /// What is wrong, for people. It starts with the name of the thing.
    pub message: String,
    /// The status with which a strict server refuses it; `None` when it is only reported.
    #[serde(skip)]
    pub refused_with: Option<u16>,
}

impl Violation {
    /// A violation that is refused with `status`.
    #[must_use]
    pub fn refused(status: u16, location: &str, code: &str, message: impl Into<String>) -> Self {
        Self {
            location: location.to_owned(),
            code: code.to_owned(),
            message: message.into(),
            refused_with: Some(status),
        }
    }

    /// A violation that is reported and served all the same.
    #[must_use]
    pub fn reported(location: &str, code: &str, message: impl Into<String>) -> Self {
        Self { location: location.to_owned(), code: code.to_owned(), message: message.into(), refused_with: None }
    }
}

/// How many violations of one message are reported.
const VIOLATIONS_MAX: usize = 50;

/// The violations behind the errors of one schema check, the value being at `root`.
pub(super) fn explain<'a>(
    root: &str,
    whole: &Value,
    errors: impl Iterator<Item = ValidationError<'a>>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for error in errors {
        describe(root, whole, &error, &mut violations);
        if violations.len() >= VIOLATIONS_MAX {
            break;
        }
    }
    violations
}

fn describe(root: &str, whole: &Value, error: &ValidationError<'_>, found: &mut Vec<Violation>) {
    let at = error.instance_path().as_str();
    let value = whole.pointer(at).unwrap_or(&Value::Null);
    let place = format!("{root}{at}");
    let name = name_of(root, at);
    let mut push = |place: &str, message: String| {
        found.push(Violation::refused(400, place, error.kind().keyword(), message));
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            let full = if at.is_empty() { property.to_owned() } else { format!("{}.{property}", dotted(at)) };
            let near = value.as_object().and_then(|object| {
                contract_files::yaml::nearest(
                    property,
                    object.keys().map(String::as_str).filter(|key| *key != property),
                )
            });
            let hint = near.map(|near| format!("; `{near}` was sent: was that meant?")).unwrap_or_default();
            push(&format!("{place}/{}", escape(property)), format!("{full} is missing{hint}"));
        }
        ValidationErrorKind::Type { kind } => {
            push(&place, format!("{name} must be {}, not {}", types(kind), kind_of(value)));
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
            let near =
                value.as_str().and_then(|text| contract_files::yaml::nearest(text, options.iter().map(String::as_str)));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            push(&place, format!("{name} must be one of {}{hint}", options.join(", ")));
        }
        ValidationErrorKind::Constant { expected_value } => {
            push(&place, format!("{name} must be {}", plain(expected_value)));
        }
        ValidationErrorKind::Pattern { pattern } => push(&place, format!("{name} must be {}", in_words(pattern))),
        ValidationErrorKind::Format { format } if schema::pattern_behind(format).is_some() => {
            let pattern = schema::pattern_behind(format).unwrap_or_default();
            let message = format!("{name} must be {}", in_words(pattern));
            found.push(Violation::refused(400, &place, "pattern", message));
        }
        ValidationErrorKind::Format { format } => push(&place, format!("{name} must be {}", format_in_words(format))),
        ValidationErrorKind::MinLength { limit } => {
            push(&place, format!("{name} must have at least {limit} character{}", plural(*limit)));
        }
        ValidationErrorKind::MaxLength { limit } => {
            push(&place, format!("{name} must have at most {limit} character{}", plural(*limit)));
        }
        ValidationErrorKind::MinItems { limit } => {
            push(&place, format!("{name} must have at least {limit} item{}", plural(*limit)));
        }
        ValidationErrorKind::MaxItems { limit } => {
            push(&place, format!("{name} must have at most {limit} item{}", plural(*limit)));
        }
        ValidationErrorKind::Minimum { limit } => push(&place, format!("{name} must be {limit} or more")),
        ValidationErrorKind::Maximum { limit } => push(&place, format!("{name} must be {limit} or less")),
        ValidationErrorKind::ExclusiveMinimum { limit } => push(&place, format!("{name} must be more than {limit}")),
        ValidationErrorKind::ExclusiveMaximum { limit } => push(&place, format!("{name} must be less than {limit}")),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for key in unexpected {
                push(&format!("{place}/{}", escape(key)), format!("{name} has no property `{key}`"));
            }
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            alternatives(&name, &place, context, &mut push);
        }
        other => push(&place, format!("{name} breaks the rule `{}`", other.keyword())),
    }
}

/// "needs a or b" when every alternative only wants a property that is missing; otherwise that none fits.
fn alternatives(
    name: &str,
    place: &str,
    context: &[Vec<ValidationError<'static>>],
    push: &mut impl FnMut(&str, String),
) {
    let wanted: Option<Vec<String>> = context
        .iter()
        .map(|errors| match errors.as_slice() {
            [error] => match error.kind() {
                ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
                _ => None,
            },
            _ => None,
        })
        .collect();
    match wanted {
        Some(wanted) if !wanted.is_empty() => push(place, format!("{name} needs {}", wanted.join(" or "))),
        _ => push(place, format!("{name} fits none of its {} documented forms", context.len())),
    }
}

/// How a thing is called in a message: its dotted path, or what it is as a whole.
fn name_of(root: &str, at: &str) -> String {
    if at.is_empty() {
        match root.rsplit('/').next() {
            Some("body") | None => "the body".to_owned(),
            Some(name) => name.to_owned(),
        }
    } else {
        dotted(at)
    }
}

fn dotted(at: &str) -> String {
    at.trim_start_matches('/').split('/').map(unescape).collect::<Vec<_>>().join(".")
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn types(kind: &TypeKind) -> String {
    let name = |kind: jsonschema::JsonType| with_article(&kind.to_string());
    match kind {
        TypeKind::Single(kind) => name(*kind),
        TypeKind::Multiple(kinds) => kinds.iter().map(name).collect::<Vec<_>>().join(" or "),
    }
}

fn with_article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn kind_of(value: &Value) -> String {
    with_article(match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn in_words(pattern: &str) -> String {
    match pattern {
        "^[0-9a-fA-F]{24}$" => "24 hexadecimal characters, such as 5fd4371e940df5a34a3888b2".to_owned(),
        "^[0-9a-zA-Z]{6}$" => "6 letters or digits, such as 1aacd0".to_owned(),
        "^[0-9a-zA-Z]+$" => "letters and digits only".to_owned(),
        "^[^@\\s]+@[^@\\s]+$" => "an e-mail address, such as mike.jones@example.com".to_owned(),
        other => format!("text that matches {other}"),
    }
}

fn format_in_words(format: &str) -> String {
    match format {
        "date-time" => "an RFC 3339 time, such as 2026-01-15T09:00:00Z".to_owned(),
        "date" => "a date, such as 2026-01-15".to_owned(),
        "email" => "an e-mail address, such as mike.jones@example.com".to_owned(),
        "uri" => "a URI, such as https://example.com/".to_owned(),
        other => format!("a valid {other}"),
    }
}

/// Room for the entry that says how many others there are, and for the brackets.
const TRUNCATED_BYTES_MAX: usize = 80;

/// The violations as the value of `X-Mock-Violations`: JSON in ASCII, at most `bytes_max` long.
#[must_use]
pub fn header_json(violations: &[Violation], bytes_max: usize) -> String {
    let mut text = String::from("[");
    for (index, violation) in violations.iter().enumerate() {
        let mut entry = serde_json::to_string(violation).unwrap_or_default();
        if !entry.is_ascii() {
            entry = ascii(&entry);
        }
        if index > 0 {
            text.push(',');
        }
        if text.len() + entry.len() + TRUNCATED_BYTES_MAX > bytes_max {
            let left = violations.len() - index;
            let _ = write!(text, r#"{{"location":"","code":"truncated","message":"{left} more"}}"#);
            break;
        }
        text.push_str(&entry);
    }
    text.push(']');
    text
}

/// JSON with everything beyond ASCII escaped, as a header needs it.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if (' '..='~').contains(&character) {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(schema: &Value, body: &Value) -> Vec<String> {
        let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
        explain("/body", body, validator.iter_errors(body))
            .into_iter()
            .map(|v| format!("{} {} | {}", v.location, v.code, v.message))
            .collect()
    }

    #[test]
    fn violations_are_told_in_plain_words() {
        let schema = json!({
            "type": "object",
            "required": ["connection_id", "kind"],
            "properties": {
                "connection_id": {"type": "string", "pattern": "^[0-9a-fA-F]{24}$"},
                "kind": {"enum": ["seller", "buyer"]},
                "at": {"type": "string", "format": "date-time"},
                "nested": {"type": "object", "required": ["x"], "properties": {"x": {"type": ["string", "null"]}}},
                "list": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 2},
                "closed": {"type": "object", "additionalProperties": false},
            },
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        });
        let body = json!({
            "conection_id": "x", "kind": "sellr", "at": "noon", "nested": {"x": 1}, "list": [0, "1", 3],
            "closed": {"a/b": 1},
        });
        insta::assert_snapshot!(messages(&schema, &body).join("\n"));
        insta::assert_snapshot!(messages(&schema, &json!([])).join("\n"));
    }

    #[test]
    fn the_header_is_ascii_and_bounded() {
        let violations: Vec<Violation> =
            (0..100).map(|n| Violation::refused(400, &format!("/body/{n}"), "type", "größer \u{1F600}")).collect();
        let text = header_json(&violations, 500);
        assert!(text.len() <= 500 && text.is_ascii(), "{text}");
        let parsed: Vec<Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed[0]["message"], "größer \u{1F600}");
        assert_eq!(parsed.last().unwrap()["code"], "truncated");
        assert_eq!(header_json(&violations[..1], 4096).matches("location").count(), 1);
    }
}
