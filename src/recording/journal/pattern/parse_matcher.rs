//! Parsing of value matchers: one row of [`MATCHERS`] for each supported matcher of `WireMock`.

use regex::Regex;
use serde_json::{Map, Value};

use super::abbreviate::abbreviate;
use super::json::{self, ArrayOrder, ExtraElements};
use super::json_path::JsonPath;
use super::matcher::{Case, Matcher};
use super::parser::{PatternParser, key_token};
use super::redacted;
use super::xml::{ExpectedXml, XPath};
use crate::contract::schema::CompiledSchema;
use crate::scenario::rule::regexes::{RegexCache, RegexError};
use contract_files::yaml::nearest;

/// How deep matchers may be nested.
const DEPTH_MAX: usize = 16;

/// The syntax of one matcher.
struct MatcherSyntax {
    name: &'static str,
    /// The keys that may be combined with it.
    options: &'static [&'static str],
    /// Parses the value of the key; the second argument is the whole matcher, for the options.
    parse: fn(&Value, &Map<String, Value>, &mut PatternParser<'_>) -> Option<Matcher>,
}

const MATCHERS: [MatcherSyntax; 14] = [
    MatcherSyntax { name: "equalTo", options: &["caseInsensitive"], parse: equal },
    MatcherSyntax {
        name: "contains",
        options: &[],
        parse: |value, _, parser| Some(Matcher::Contains(recorded_text(value, parser)?)),
    },
    MatcherSyntax {
        name: "doesNotContain",
        options: &[],
        parse: |value, _, parser| Some(Matcher::Not(Box::new(Matcher::Contains(recorded_text(value, parser)?)))),
    },
    MatcherSyntax { name: "matches", options: &[], parse: |value, _, parser| regex(value, parser) },
    MatcherSyntax {
        name: "doesNotMatch",
        options: &[],
        parse: |value, _, parser| Some(Matcher::Not(Box::new(regex(value, parser)?))),
    },
    MatcherSyntax { name: "absent", options: &[], parse: absent },
    MatcherSyntax { name: "equalToJson", options: &["ignoreArrayOrder", "ignoreExtraElements"], parse: equal_json },
    MatcherSyntax { name: "matchesJsonPath", options: &[], parse: json_path },
    MatcherSyntax { name: "matchesJsonSchema", options: &["schemaVersion"], parse: json_schema },
    MatcherSyntax { name: "equalToXml", options: &["enablePlaceholders"], parse: equal_xml },
    MatcherSyntax { name: "matchesXPath", options: &["xPathNamespaces"], parse: xpath },
    MatcherSyntax {
        name: "not",
        options: &[],
        parse: |value, _, parser| Some(Matcher::Not(Box::new(parse(value, parser)?))),
    },
    MatcherSyntax {
        name: "and",
        options: &[],
        parse: |value, _, parser| Some(Matcher::And(parse_list(value, parser)?)),
    },
    MatcherSyntax { name: "or", options: &[], parse: |value, _, parser| Some(Matcher::Or(parse_list(value, parser)?)) },
];

/// Matchers of `WireMock` that are not supported, for a better diagnostic.
const UNSUPPORTED: [&str; 17] = [
    "exemptedComparisons",
    "ignoreOrderOfSameNode",
    "namespaceAwareness",
    "placeholderOpeningDelimiterRegex",
    "placeholderClosingDelimiterRegex",
    "matchesPathTemplate",
    "binaryEqualTo",
    "before",
    "after",
    "equalToDateTime",
    "equalToNumber",
    "greaterThanNumber",
    "greaterThanEqualNumber",
    "lessThanNumber",
    "lessThanEqualNumber",
    "anything",
    "hasPattern",
];

fn matcher_names() -> impl Iterator<Item = &'static str> {
    MATCHERS.iter().map(|syntax| syntax.name)
}

/// The names of all matchers, for a diagnostic.
fn list_matchers() -> String {
    matcher_names().collect::<Vec<_>>().join(", ")
}

/// Parses one matcher: an object, or text that the value must equal.
pub(super) fn parse(value: &Value, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    if parser.depth > DEPTH_MAX {
        return parser.reject(format!("matchers may be nested at most {DEPTH_MAX} levels deep"));
    }
    let object = match value {
        Value::Object(object) => object,
        Value::String(_) | Value::Number(_) | Value::Bool(_) => {
            return Some(Matcher::EqualTo(recorded_text(value, parser)?, Case::Sensitive));
        }
        _ => return parser.reject("a matcher must be an object, such as {\"equalTo\": \"...\"}"),
    };
    let mut syntaxes = MATCHERS.iter().filter(|syntax| object.contains_key(syntax.name));
    let syntax = syntaxes.next();
    let options = syntax.map_or(&[] as &[&str], |syntax| syntax.options);
    let mut is_valid = true;
    for name in object.keys().filter(|name| syntax.is_none_or(|syntax| syntax.name != **name)) {
        if parser.is_full() {
            return None;
        }
        if options.contains(&name.as_str()) {
            continue;
        }
        is_valid = false;
        let message = if let (Some(syntax), true) = (syntax, matcher_names().any(|known| known == name)) {
            format!("`{name}` cannot be combined with `{}`; write {{\"and\": [{{...}}, {{...}}]}}", syntax.name)
        } else if UNSUPPORTED.contains(&name.as_str()) {
            format!("WireMock's matcher `{name}` is not supported; write one of {}", list_matchers())
        } else {
            match nearest(name, matcher_names().chain(options.iter().copied())) {
                Some(near) => format!("there is no matcher `{}`; did you mean `{near}`?", abbreviate(name)),
                None => format!("there is no matcher `{}`; write one of {}", abbreviate(name), list_matchers()),
            }
        };
        parser.at(&key_token(name), |parser| parser.reject::<()>(message));
    }
    let Some(syntax) = syntax else {
        if is_valid {
            parser.reject::<()>(format!("the matcher is empty; write one of {}", list_matchers()));
        }
        return None;
    };
    parser.at(syntax.name, |parser| (syntax.parse)(object.get(syntax.name)?, object, parser)).filter(|_| is_valid)
}

/// Parses a list of matchers.
pub(super) fn parse_list(value: &Value, parser: &mut PatternParser<'_>) -> Option<Vec<Matcher>> {
    let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
        return parser.reject("this must be an array of at least one matcher");
    };
    // Items are parsed after the first failure too, so that several diagnostics are reported.
    let (mut matchers, mut is_valid) = (Vec::new(), true);
    for (at, item) in items.iter().enumerate() {
        if parser.is_full() {
            return None;
        }
        match parser.at(&at.to_string(), |parser| parse(item, parser)) {
            Some(matcher) => matchers.push(matcher),
            None => is_valid = false,
        }
    }
    is_valid.then_some(matchers)
}

fn text(value: &Value, parser: &mut PatternParser<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => parser.reject("this must be a string; to compare JSON, write `equalToJson`"),
    }
}

/// A text that the journal can contain. It has `***` in place of a secret, so that a text with one never matches.
fn recorded_text(value: &Value, parser: &mut PatternParser<'_>) -> Option<String> {
    let text = text(value, parser)?;
    if redacted::is_never_recorded(&text) {
        return parser.reject(redacted::NEVER_RECORDED);
    }
    Some(text)
}

/// A boolean option beside the matcher; `false` when it is absent.
fn option(name: &str, object: &Map<String, Value>, parser: &mut PatternParser<'_>) -> Option<bool> {
    match object.get(name) {
        None => Some(false),
        Some(Value::Bool(value)) => Some(*value),
        Some(_) => parser.at_sibling(name, |parser| parser.reject(format!("`{name}` must be true or false"))),
    }
}

fn equal(value: &Value, object: &Map<String, Value>, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let case = if option("caseInsensitive", object, parser)? { Case::Insensitive } else { Case::Sensitive };
    Some(Matcher::EqualTo(recorded_text(value, parser)?, case))
}

fn absent(value: &Value, _: &Map<String, Value>, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    match value {
        Value::Bool(true) | Value::String(_) => Some(Matcher::Absent),
        Value::Bool(false) => Some(Matcher::Not(Box::new(Matcher::Absent))),
        _ => parser.reject("`absent` must be true or false"),
    }
}

/// A text that is not a regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a regular expression: {error}")]
pub(super) struct InvalidRegex {
    /// The beginning of the expression.
    pattern: String,
    error: RegexError,
}

/// Compiles a regular expression for a whole value. As in `WireMock`, a dot matches a line break.
///
/// # Errors
///
/// The expression is invalid, or too large together with those before it.
pub(super) fn whole_value_regex(pattern: &str, regexes: &mut RegexCache) -> Result<Regex, InvalidRegex> {
    let compiled = regexes.compile(&format!(r"\A(?:{pattern})\z"));
    compiled.map_err(|error| InvalidRegex { pattern: abbreviate(pattern), error })
}

fn regex(value: &Value, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let pattern = text(value, parser)?;
    if redacted::is_regex_never_recorded(&pattern) {
        return parser.reject(redacted::NEVER_RECORDED);
    }
    match whole_value_regex(&pattern, &mut parser.regexes) {
        Ok(regex) => Some(Matcher::Matches(regex, pattern)),
        Err(error) => parser.reject(error.to_string()),
    }
}

/// A JSON value, or a string that contains JSON, as `WireMock`'s clients send it.
fn json_value(value: &Value, parser: &mut PatternParser<'_>) -> Option<Value> {
    let Value::String(text) = value else { return Some(value.clone()) };
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => parser
            .reject(format!("the string is not JSON ({error}); write a JSON value, or a string that contains JSON")),
    }
}

fn equal_json(value: &Value, object: &Map<String, Value>, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let order = if option("ignoreArrayOrder", object, parser)? { ArrayOrder::Any } else { ArrayOrder::Strict };
    let extra =
        if option("ignoreExtraElements", object, parser)? { ExtraElements::Ignored } else { ExtraElements::Rejected };
    let expected = json_value(value, parser)?;
    if redacted::is_value_never_recorded(&expected) {
        return parser.reject(redacted::NEVER_RECORDED);
    }
    if order == ArrayOrder::Any && json::longest_array(&expected) > json::UNORDERED_MAX {
        return parser
            .reject(format!("with `ignoreArrayOrder`, an array may have at most {} items", json::UNORDERED_MAX));
    }
    if let Some(unknown) = json::unknown_placeholder(&expected) {
        let known = json::placeholders().join(", ");
        return parser.reject(format!("unknown placeholder `{}`; write one of {known}", abbreviate(unknown)));
    }
    Some(Matcher::EqualToJson { expected, order, extra })
}

fn json_path(value: &Value, _: &Map<String, Value>, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let Value::Object(object) = value else { return path(value, None, parser) };
    let Some(expression) = object.get("expression") else {
        return parser.reject("`expression` is missing; write {\"expression\": \"$.name\", \"equalTo\": \"...\"}");
    };
    let mut rest = object.clone();
    rest.remove("expression");
    let inner = if rest.is_empty() { None } else { Some(Box::new(parse(&Value::Object(rest), parser)?)) };
    parser.at("expression", |parser| path(expression, inner, parser))
}

fn path(value: &Value, inner: Option<Box<Matcher>>, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let Value::String(text) = value else {
        return parser.reject("a JSONPath must be a string such as `$.name`, or an object with `expression`");
    };
    match JsonPath::parse(text) {
        Ok(path) => Some(Matcher::JsonPath { path: Box::new(path), text: text.clone(), inner }),
        Err(error) => parser.reject(format!("`{}` is not a JSONPath: {error}", abbreviate(text))),
    }
}

fn json_schema(value: &Value, _: &Map<String, Value>, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let schema = json_value(value, parser)?;
    match CompiledSchema::standalone(&schema) {
        Ok(schema) => Some(Matcher::JsonSchema(Box::new(schema))),
        Err(error) => parser.reject(format!("this is not a JSON Schema: {error}")),
    }
}

fn equal_xml(value: &Value, object: &Map<String, Value>, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let has_placeholders = option("enablePlaceholders", object, parser)?;
    let Value::String(text) = value else {
        return parser.reject("this must be a string: the XML document, such as <lead><name>Jane</name></lead>");
    };
    match ExpectedXml::parse(text, has_placeholders) {
        Ok(expected) => Some(Matcher::EqualToXml(Box::new(expected))),
        Err(error) => parser.reject(format!("the string is not XML: {}", abbreviate(&error.to_string()))),
    }
}

fn xpath(value: &Value, object: &Map<String, Value>, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let namespaces = match object.get("xPathNamespaces") {
        None => Vec::new(),
        Some(given) => {
            let pairs = given.as_object().map(|object| {
                let pairs = object.iter().map(|(prefix, uri)| Some((prefix.clone(), uri.as_str()?.to_owned())));
                pairs.collect::<Option<Vec<_>>>()
            });
            let Some(Some(pairs)) = pairs else {
                let message = "`xPathNamespaces` must be an object of prefixes and URIs: {\"s\": \"urn:example\"}";
                return parser.at_sibling("xPathNamespaces", |parser| parser.reject(message));
            };
            pairs
        }
    };
    let (expression, inner) = match value {
        Value::Object(object) => {
            let Some(expression) = object.get("expression") else {
                let message =
                    "`expression` is missing; write {\"expression\": \"//name/text()\", \"equalTo\": \"...\"}";
                return parser.reject(message);
            };
            let mut rest = object.clone();
            rest.remove("expression");
            let inner = if rest.is_empty() { None } else { Some(Box::new(parse(&Value::Object(rest), parser)?)) };
            (expression, inner)
        }
        expression => (expression, None),
    };
    let Value::String(text) = expression else {
        return parser.reject("an XPath must be a string such as `//name`, or an object with `expression`");
    };
    match XPath::parse(text, &namespaces) {
        Ok(path) => Some(Matcher::XPath { path: Box::new(path), inner }),
        Err(error) => parser.reject(format!("`{}`: {error}", abbreviate(text))),
    }
}
