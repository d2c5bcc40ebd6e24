//! From the errors of a JSON Schema validator to violations with readable messages.
//!
//! A keyword without a message of its own is reported by its name; to improve it, add an arm to [`describe`].

use std::collections::HashSet;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::known_formats;
use super::property_names::PropertyNames;
use super::violation::Violation;
use contract_files::pointer::{escape, unescape};
use contract_files::yaml::nearest;

/// How many violations of one value are reported.
const VIOLATIONS_MAX: usize = 50;

/// The keyword of a missing property.
const REQUIRED: &str = "required";

/// The violations of a value that is at `root` of the request.
pub(super) fn violations<'a>(
    root: &str,
    value: &Value,
    errors: impl Iterator<Item = ValidationError<'a>>,
    known: &PropertyNames,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for error in errors {
        describe(root, value, &error, known, &mut violations);
        if violations.len() >= VIOLATIONS_MAX {
            break;
        }
    }
    violations
}

fn describe(
    root: &str,
    document: &Value,
    error: &ValidationError<'_>,
    known: &PropertyNames,
    violations: &mut Vec<Violation>,
) {
    let at = error.instance_path().as_str();
    let value = document.pointer(at).unwrap_or(&Value::Null);
    let location = [root, at].concat();
    if let ValidationErrorKind::Required { property } = error.kind() {
        let property = property.as_str().unwrap_or_default();
        let keyword = error.absolute_keyword_location().map(jsonschema::Uri::as_str).unwrap_or_default();
        violations.push(describe_missing(&location, at, value, property, known.of(keyword)));
        return;
    }
    let name = name_of(root, at);
    let mut push = |location: &str, message: String| {
        violations.push(Violation::rejected(400, location, error.kind().keyword(), message));
    };
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            push(&location, format!("{name} must be {}, not {}", expected_types(kind), type_of(value)));
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(unquoted).collect();
            let near = value.as_str().and_then(|text| nearest(text, options.iter().map(String::as_str)));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            push(&location, format!("{name} must be one of {}{hint}", options.join(", ")));
        }
        ValidationErrorKind::Constant { expected_value } => {
            push(&location, format!("{name} must be {}", unquoted(expected_value)));
        }
        ValidationErrorKind::Pattern { pattern } => {
            push(&location, format!("{name} must be {}", describe_pattern(pattern)));
        }
        ValidationErrorKind::Format { format } if known_formats::pattern_of(format).is_some() => {
            let pattern = known_formats::pattern_of(format).unwrap_or_default();
            let message = format!("{name} must be {}", describe_pattern(pattern));
            violations.push(Violation::rejected(400, &location, "pattern", message));
        }
        ValidationErrorKind::Format { format } => {
            push(&location, format!("{name} must be {}", describe_format(format)));
        }
        ValidationErrorKind::MinLength { limit } => {
            push(&location, format!("{name} must have at least {limit} character{}", plural(*limit)));
        }
        ValidationErrorKind::MaxLength { limit } => {
            push(&location, format!("{name} must have at most {limit} character{}", plural(*limit)));
        }
        ValidationErrorKind::MinItems { limit } => {
            push(&location, format!("{name} must have at least {limit} item{}", plural(*limit)));
        }
        ValidationErrorKind::MaxItems { limit } => {
            push(&location, format!("{name} must have at most {limit} item{}", plural(*limit)));
        }
        ValidationErrorKind::Minimum { limit } => push(&location, format!("{name} must be {limit} or more")),
        ValidationErrorKind::Maximum { limit } => push(&location, format!("{name} must be {limit} or less")),
        ValidationErrorKind::ExclusiveMinimum { limit } => push(&location, format!("{name} must be more than {limit}")),
        ValidationErrorKind::ExclusiveMaximum { limit } => push(&location, format!("{name} must be less than {limit}")),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for key in unexpected {
                push(&format!("{location}/{}", escape(key)), format!("{name} has no property `{key}`"));
            }
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            match meant_alternative(at, context) {
                Some(errors) => {
                    for error in errors.iter().take(VIOLATIONS_MAX.saturating_sub(violations.len())) {
                        describe(root, document, error, known, violations);
                    }
                }
                None => describe_alternatives(&name, &location, at, value, context, &mut push),
            }
        }
        other => push(&location, format!("{name} violates the keyword `{}`", other.keyword())),
    }
}

/// A required property is missing: by far the most frequent violation. `known` are the names that are no misspelt ones.
fn describe_missing(
    location: &str,
    at: &str,
    value: &Value,
    property: &str,
    known: Option<&HashSet<String>>,
) -> Violation {
    let near = value.as_object().and_then(|object| {
        let unknown = object.keys().map(String::as_str).filter(|key| known.is_none_or(|known| !known.contains(*key)));
        nearest(property, unknown.filter(|key| *key != property))
    });
    let prefix = if at.is_empty() { String::new() } else { dotted(at) + "." };
    let message = match near {
        Some(near) => [&prefix, property, " is missing; `", near, "` was sent: was that meant?"].concat(),
        None => [&prefix, property, " is missing"].concat(),
    };
    Violation {
        location: [location, "/", &escape(property)].concat(),
        code: REQUIRED.to_owned(),
        message,
        rejected_with: Some(400),
    }
}

/// The errors of the alternative that the value is meant to be: the only one of its type and with its discriminator (a
/// member with one allowed value, such as `type`), or the one with the fewest errors.
fn meant_alternative<'a>(
    at: &str,
    context: &'a [Vec<ValidationError<'static>>],
) -> Option<&'a [ValidationError<'static>]> {
    let fits = |errors: &&Vec<ValidationError<'static>>| {
        !errors.iter().any(|error| is_other_type(at, error) || discriminator(at, error).is_some())
    };
    let candidates: Vec<&Vec<ValidationError<'static>>> = context.iter().filter(fits).collect();
    let fewest = candidates.iter().map(|errors| errors.len()).min()?;
    let mut best = candidates.iter().filter(|errors| errors.len() == fewest);
    match (best.next(), best.next()) {
        (Some(errors), None) => Some(errors.as_slice()),
        _ => None,
    }
}

fn is_other_type(at: &str, error: &ValidationError<'_>) -> bool {
    error.instance_path().as_str() == at && matches!(error.kind(), ValidationErrorKind::Type { .. })
}

/// The name and the only allowed value of a member of the value at `at` that has another one.
fn discriminator(at: &str, error: &ValidationError<'_>) -> Option<(String, String)> {
    let member = error.instance_path().as_str().strip_prefix(at)?.strip_prefix('/')?;
    let allowed = match error.kind() {
        ValidationErrorKind::Constant { expected_value } => expected_value,
        ValidationErrorKind::Enum { options } => match options.as_array()?.as_slice() {
            [option] => option,
            _ => return None,
        },
        _ => return None,
    };
    (!member.contains('/')).then(|| (member.to_owned(), unquoted(allowed)))
}

/// "needs a or b" when every alternative lacks just one required property; the allowed values when the discriminator has
/// none of them; otherwise that none matches.
fn describe_alternatives(
    name: &str,
    location: &str,
    at: &str,
    value: &Value,
    context: &[Vec<ValidationError<'static>>],
    push: &mut impl FnMut(&str, String),
) {
    let missing: Option<Vec<String>> = context
        .iter()
        .map(|errors| match errors.as_slice() {
            [error] => match error.kind() {
                ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
                _ => None,
            },
            _ => None,
        })
        .collect();
    if let Some(missing) = missing.filter(|missing| !missing.is_empty()) {
        return push(location, format!("{name} needs {}", missing.join(" or ")));
    }
    let of_its_type = || context.iter().filter(|errors| !errors.iter().any(|error| is_other_type(at, error)));
    let found: Vec<(String, String)> =
        of_its_type().filter_map(|errors| errors.iter().find_map(|error| discriminator(at, error))).collect();
    match found.first() {
        Some((member, _)) if found.len() == of_its_type().count() && found.iter().all(|(other, _)| other == member) => {
            let allowed: Vec<&str> = found.iter().map(|(_, allowed)| allowed.as_str()).collect();
            let sent = value.get(unescape(member)).and_then(Value::as_str);
            let near = sent.and_then(|sent| nearest(sent, allowed.iter().copied()));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            push(
                &format!("{location}/{member}"),
                format!("{name}.{} must be {}{hint}", unescape(member), allowed.join(" or ")),
            );
        }
        _ => push(location, format!("{name} matches none of its {} documented forms", context.len())),
    }
}

/// The name of a value in messages: its dotted path, "the body", or the name of the parameter.
fn name_of(root: &str, at: &str) -> String {
    if at.is_empty() {
        match root.rsplit('/').next() {
            Some("body") | None => "the body".to_owned(),
            // Documents of a world, and JSON Schemas in patterns.
            Some("") => "the value".to_owned(),
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

fn expected_types(kind: &TypeKind) -> String {
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

fn type_of(value: &Value) -> String {
    with_article(match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    })
}

fn unquoted(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn describe_pattern(pattern: &str) -> String {
    match pattern {
        "^[0-9a-fA-F]{24}$" => "24 hexadecimal characters, such as 5fd4371e940df5a34a3888b2".to_owned(),
        "^[0-9a-zA-Z]{6}$" => "6 letters or digits, such as 1aacd0".to_owned(),
        "^[0-9a-zA-Z]+$" => "letters and digits only".to_owned(),
        "^[^@\\s]+@[^@\\s]+$" => "an e-mail address, such as mike.jones@example.com".to_owned(),
        other => format!("text that matches {other}"),
    }
}

fn describe_format(format: &str) -> String {
    match format {
        "date-time" => "an RFC 3339 time, such as 2026-01-15T09:00:00Z".to_owned(),
        "date" => "a date, such as 2026-01-15".to_owned(),
        "email" => "an e-mail address, such as mike.jones@example.com".to_owned(),
        "uri" => "a URI, such as https://example.com/".to_owned(),
        other => format!("a valid {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::schema::{CompiledSchema, Schemas};
    use super::*;
    use serde_json::json;

    fn messages(schema: &Value, body: &Value) -> Vec<String> {
        let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
        violations("/body", body, validator.iter_errors(body), &PropertyNames::of_schema(schema))
            .into_iter()
            .map(|v| format!("{} {} | {}", v.location, v.code, v.message))
            .collect()
    }

    #[test]
    fn messages_name_the_value_and_what_it_must_be() {
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

    /// Wherever the schema of a body is written, a property that it has is not what was meant by another.
    #[test]
    fn a_property_of_the_schema_is_not_suggested_for_a_missing_one() {
        let both = json!({"required": ["name_1", "name_2"], "properties": {"name_1": {}, "name_2": {}}});
        let body = json!({"name_1": "a"});
        assert_eq!(messages(&both, &body), ["/body/name_2 required | name_2 is missing"]);
        let at =
            |schema: Value| json!({"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}});
        let composed = json!({"allOf": [{"$ref": "#/components/schemas/Names"}], "required": ["name_1", "name_2"]});
        let schemas = Arc::new(Schemas::default());
        schemas.set_document(json!({
            "paths": {"/a/{b}": at(both), "/composed": at(composed.clone())},
            "components": {"schemas": {
                "Names": {"allOf": [{"$ref": "#/components/schemas/Others"}], "properties": {"name_2": {}}},
                "Others": {"properties": {"name_1": {}}},
                "Composed": composed,
            }},
        }));
        let schema_of =
            |path: &str| format!("/paths/{}/post/requestBody/content/application~1json/schema", escape(path));
        for pointer in [schema_of("/a/{b}"), schema_of("/composed"), "/components/schemas/Composed".to_owned()] {
            let schema = CompiledSchema::new(&schemas, pointer.as_str());
            let message = |body: &Value| schema.violations("/body", body)[0].message.clone();
            assert_eq!(message(&body), "name_2 is missing", "{pointer}");
            let misspelt = message(&json!({"name_1": "a", "nme_2": "b"}));
            assert_eq!(misspelt, "name_2 is missing; `nme_2` was sent: was that meant?", "{pointer}");
        }
    }

    #[test]
    fn an_error_in_one_of_several_forms_is_described_in_the_form_that_was_meant() {
        let rule = json!({"oneOf": [
            {"type": "object", "required": ["lhv", "op"], "additionalProperties": false,
             "properties": {"lhv": {"type": "string"}, "op": {"enum": ["is blank", "is equal to"]}}},
            {"type": "object", "required": ["op", "rules"], "additionalProperties": false,
             "properties": {"op": {"enum": ["and", "or"]}, "rules": {"type": "array"}}},
        ]});
        let step = json!({"oneOf": [
            {"type": "object", "required": ["type"],
             "properties": {"type": {"enum": ["filter"]}, "rule": rule, "enabled": {"type": "boolean"}}},
            {"type": "object", "required": ["type", "entity"], "properties": {"type": {"const": "recipient"}}},
            {"type": "null"},
        ]});
        let schema = json!({"type": "array", "items": step});
        let rows = [
            (
                json!([{"type": "filter", "rule": {"lhv": "lead.email", "op": "is blnk"}}]),
                "/body/0/rule/op enum | 0.rule.op must be one of is blank, is equal to; did you mean is blank?",
            ),
            (
                json!([{"type": "filter", "enabled": "yes"}]),
                "/body/0/enabled type | 0.enabled must be a boolean, not a string",
            ),
            (json!([{"type": "recipient"}]), "/body/0/entity required | 0.entity is missing"),
            (
                json!([{"type": "filtr"}]),
                "/body/0/type oneOf | 0.type must be filter or recipient; did you mean filter?",
            ),
            (json!([7]), "/body/0 oneOf | 0 matches none of its 3 documented forms"),
        ];
        for (body, expected) in rows {
            assert_eq!(messages(&schema, &body), [expected], "{body}");
        }
    }
}
