//! Parsing of request patterns: one row of [`KEYS`] for each key.

use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value};

use super::abbreviate::abbreviate;
use super::criterion::{Condition, Criterion, Field};
use super::matcher::{Case, Matcher};
use super::parse_matcher;
use super::parser::{PatternParser, ValueDiagnostic, key_token};
use super::redacted;
use crate::contract::Contract;
use crate::scenario::rule::regexes::RegexError;
use crate::scenario::rule::unknown_operation;
use crate::support::redaction::{REDACTED, Redactor, is_secret_header, is_secret_name};
use contract_files::pointer::escape;
use contract_files::yaml::nearest;

/// How many criteria a pattern may have.
const CRITERIA_MAX: usize = 200;

/// Parses the value of a key and adds its criteria. `None` when it was rejected.
type ParseKey = fn(&Value, &mut PatternParser<'_>, &mut Vec<Criterion>) -> Option<()>;

/// The keys of a pattern, each with the weight of its criteria in a distance. What distinguishes requests best weighs
/// most.
const KEYS: [(&str, f64, ParseKey); 18] = [
    ("operation", 10.0, operation),
    ("url", 10.0, |value, parser, criteria| push(criteria, criterion(Field::Url, literal(value, parser)?))),
    ("urlPattern", 10.0, |value, parser, criteria| push(criteria, criterion(Field::Url, expression(value, parser)?))),
    ("urlPath", 10.0, |value, parser, criteria| {
        without_query(value, "?", parser)?;
        push(criteria, criterion(Field::Path, literal(value, parser)?))
    }),
    ("urlPathPattern", 10.0, |value, parser, criteria| {
        without_query(value, r"\?", parser)?;
        push(criteria, criterion(Field::Path, expression(value, parser)?))
    }),
    ("urlPathTemplate", 10.0, |value, parser, criteria| {
        let (regex, text) = path_template(value, parser)?;
        push(criteria, criterion(Field::Path, Matcher::Matches(regex, text)))
    }),
    ("pathParameters", 2.0, path_parameters),
    ("method", 3.0, method),
    ("queryParameters", 2.0, |value, parser, criteria| named(value, parser, criteria, &Field::Query)),
    ("headers", 1.0, |value, parser, criteria| named(value, parser, criteria, &Field::Header)),
    ("formParameters", 2.0, |value, parser, criteria| named(value, parser, criteria, &Field::Form)),
    ("cookies", 1.0, cookies),
    ("bodyPatterns", 4.0, body),
    ("status", 3.0, status),
    ("violations", 2.0, violations),
    ("caller", 2.0, caller),
    ("basicAuth", 0.0, |_, parser, _| parser.reject(CREDENTIALS)),
    ("basicAuthCredentials", 0.0, |_, parser, _| parser.reject(CREDENTIALS)),
];

const CREDENTIALS: &str = "the journal does not record credentials, so that they cannot be matched; match the caller \
                           with `caller`: {\"caller\": {\"user\": \"...\"}}";

/// Keys of `WireMock` that are not supported, for a better diagnostic.
const UNSUPPORTED: [&str; 8] =
    ["scheme", "host", "port", "clientIp", "multipartPatterns", "customMatcher", "id", "name"];

/// Parses a pattern.
///
/// # Errors
///
/// The first problems of the pattern, each with its pointer and what to write instead.
pub(super) fn parse(value: &Value, contract: &Contract) -> Result<Vec<Criterion>, Vec<ValueDiagnostic>> {
    let mut parser = PatternParser::new(value, contract);
    let mut criteria = Vec::new();
    let Value::Object(object) = value else {
        let message =
            "a request pattern must be an object, such as {\"method\": \"GET\", \"urlPath\": \"/connections\"}";
        return Err(vec![(String::new(), message.to_owned())]);
    };
    for (name, value) in object {
        if parser.is_full() {
            break;
        }
        let Some((_, weight, parse_key)) = KEYS.iter().find(|(known, ..)| known == name) else {
            parser.at(&key_token(name), |parser| parser.reject::<()>(describe_unknown_key(name)));
            continue;
        };
        let from = criteria.len();
        parser.at(name, |parser| parse_key(value, parser, &mut criteria));
        criteria[from..].iter_mut().for_each(|one| one.weight = *weight);
    }
    // Bodies come last: they are expensive to match, and differences in other fields say more.
    criteria.sort_by_key(|one| matches!(one.field, Field::Body | Field::Form(_)));
    if criteria.len() > CRITERIA_MAX {
        parser.reject::<()>(format!("a request pattern may have at most {CRITERIA_MAX} criteria"));
    }
    if parser.diagnostics.is_empty() { Ok(criteria) } else { Err(parser.diagnostics) }
}

fn describe_unknown_key(name: &str) -> String {
    let known = || KEYS.iter().map(|(name, ..)| *name).filter(|name| !name.starts_with("basicAuth"));
    if UNSUPPORTED.contains(&name) {
        return format!("WireMock's key `{name}` is not supported here; remove it");
    }
    let name = abbreviate(name);
    match nearest(&name, known()) {
        Some(near) => format!("a request pattern has no key `{name}`; did you mean `{near}`?"),
        None => {
            format!("a request pattern has no key `{name}`; write one of {}", known().collect::<Vec<_>>().join(", "))
        }
    }
}

fn push(criteria: &mut Vec<Criterion>, criterion: Criterion) -> Option<()> {
    criteria.push(criterion);
    Some(())
}

/// The criterion that a value of the field matches. Its weight is set by [`parse`].
fn criterion(field: Field, matcher: Matcher) -> Criterion {
    Criterion { field, condition: Condition::One(matcher), weight: 0.0 }
}

fn equal_to(text: &str) -> Matcher {
    Matcher::EqualTo(text.to_owned(), Case::Sensitive)
}

fn literal(value: &Value, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    match value.as_str() {
        Some(text) if text.starts_with("/__") => parser.reject(
            "the journal records neither control calls nor the prefix that selects a sandbox; write the path after it, and \
             select the sandbox with the header X-Mock-Sandbox",
        ),
        Some(text) if text.starts_with('/') => {
            let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
            if Redactor::default().url(path, query) != text {
                return parser.reject(redacted::NEVER_RECORDED);
            }
            Some(equal_to(text))
        }
        _ => parser.reject("this must be a string that begins with `/`, such as /connections"),
    }
}

/// Rejects a path with a query, which would match no request.
fn without_query(value: &Value, question_mark: &str, parser: &mut PatternParser<'_>) -> Option<()> {
    match value.as_str() {
        Some(text) if text.contains(question_mark) => parser.reject(
            "a path has no query, so that this would never match; write `url` or `urlPattern`, or the parameters as \
             `queryParameters`",
        ),
        _ => Some(()),
    }
}

fn expression(value: &Value, parser: &mut PatternParser<'_>) -> Option<Matcher> {
    let Some(text) = value.as_str() else {
        return parser.reject("this must be a string: a regular expression for the whole value");
    };
    match parse_matcher::whole_value_regex(text, &mut parser.regexes) {
        Ok(regex) => Some(Matcher::Matches(regex, text.to_owned())),
        Err(error) => parser.reject(error.to_string()),
    }
}

/// A path template, in which `{name}` matches one segment, as an expression with named captures, and as it was written.
fn path_template(value: &Value, parser: &mut PatternParser<'_>) -> Option<(Regex, String)> {
    let expected = "this must be a path with parameters, such as /connections/{id}";
    let Some(text) = value.as_str().filter(|text| text.starts_with('/')) else { return parser.reject(expected) };
    let mut pattern = String::from(r"\A");
    for segment in text.split('/').skip(1) {
        pattern.push('/');
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if is_name(name) => pattern.extend(["(?P<", name, ">[^/]+)"]),
            Some(_) => return parser.reject(expected),
            None if segment.contains(['{', '}']) => return parser.reject(expected),
            None => pattern.push_str(&regex::escape(segment)),
        }
    }
    pattern.push_str(r"\z");
    match parser.regexes.compile(&pattern) {
        Ok(regex) => Some((regex, text.to_owned())),
        Err(error @ RegexError::Total(_)) => parser.reject(error.to_string()),
        Err(RegexError::Invalid(_)) => {
            parser.reject("a parameter may occur only once in a path template; rename one of them")
        }
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn path_parameters(value: &Value, parser: &mut PatternParser<'_>, criteria: &mut Vec<Criterion>) -> Option<()> {
    let Some(given) = parser.pattern.get("urlPathTemplate") else {
        return parser.reject("`pathParameters` requires `urlPathTemplate`, such as /connections/{id}");
    };
    // The key `urlPathTemplate` itself reports an invalid template.
    let reported = parser.diagnostics.len();
    let template = parser.at_sibling("urlPathTemplate", |parser| path_template(given, parser));
    parser.diagnostics.truncate(reported);
    let regex = Arc::new(template?.0);
    for name in value.as_object().into_iter().flat_map(Map::keys) {
        if parser.is_full() {
            break;
        }
        if !regex.capture_names().flatten().any(|known| known == name) {
            let known: Vec<&str> = regex.capture_names().flatten().collect();
            let message =
                format!("the path template has no parameter `{}`; it has {}", abbreviate(name), known.join(", "));
            parser.at(&key_token(name), |parser| parser.reject::<()>(message));
        }
    }
    named(value, parser, criteria, &|name| Field::PathParameter(name, Arc::clone(&regex)))
}

/// A text or a list of texts.
fn texts<'v>(value: &'v Value, expected: &str, parser: &mut PatternParser<'_>) -> Option<Vec<&'v str>> {
    let texts: Option<Vec<&str>> = match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) if !items.is_empty() => items.iter().map(Value::as_str).collect(),
        _ => None,
    };
    texts.or_else(|| parser.reject(expected))
}

fn one_of(texts: &[&str]) -> Matcher {
    match texts {
        [text] => equal_to(text),
        texts => Matcher::Or(texts.iter().map(|text| equal_to(text)).collect()),
    }
}

fn method(value: &Value, parser: &mut PatternParser<'_>, criteria: &mut Vec<Criterion>) -> Option<()> {
    const METHODS: [&str; 8] = ["ANY", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    let methods = texts(value, "this must be a method such as POST, or an array of methods", parser)?;
    let upper: Vec<String> = methods.iter().map(|method| method.to_ascii_uppercase()).collect();
    let mut is_valid = true;
    for method in &upper {
        if parser.is_full() {
            break;
        }
        if !METHODS.contains(&method.as_str()) {
            let hint = nearest(method, METHODS).map_or_else(
                || format!("write one of {}", METHODS.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            parser.reject::<()>(format!("`{}` is not a method; {hint}", abbreviate(method)));
            is_valid = false;
        }
    }
    if is_valid && !upper.iter().any(|method| method == "ANY") {
        criteria.push(criterion(Field::Method, one_of(&upper.iter().map(String::as_str).collect::<Vec<_>>())));
    }
    Some(())
}

fn operation(value: &Value, parser: &mut PatternParser<'_>, criteria: &mut Vec<Criterion>) -> Option<()> {
    let ids = texts(value, "this must be an operation id such as list_connections, or an array of ids", parser)?;
    for (at, id) in ids.iter().enumerate() {
        if parser.is_full() {
            break;
        }
        if let Some((message, hint)) = unknown_operation(parser.contract, id) {
            let message = format!("{message}; {hint}");
            if value.is_array() {
                parser.at(&at.to_string(), |parser| parser.reject::<()>(message));
            } else {
                parser.reject::<()>(message);
            }
        }
    }
    criteria.push(criterion(Field::Operation, one_of(&ids)));
    Some(())
}

fn status(value: &Value, parser: &mut PatternParser<'_>, criteria: &mut Vec<Criterion>) -> Option<()> {
    let list = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    let to_text =
        |one: &Value| one.as_u64().filter(|status| (100..=599).contains(status)).map(|status| status.to_string());
    let statuses = list.iter().map(to_text).collect::<Option<Vec<String>>>().filter(|list| !list.is_empty());
    let Some(statuses) = statuses else {
        return parser.reject("this must be a response status from 100 to 599, or an array of them");
    };
    criteria.push(criterion(Field::Status, one_of(&statuses.iter().map(String::as_str).collect::<Vec<_>>())));
    Some(())
}

fn violations(value: &Value, parser: &mut PatternParser<'_>, criteria: &mut Vec<Criterion>) -> Option<()> {
    let matcher = match value {
        Value::Bool(true) => Matcher::Not(Box::new(Matcher::Absent)),
        Value::Bool(false) => Matcher::Absent,
        _ => {
            return parser.reject("`violations` must be true (requests that broke the contract) or false (all others)");
        }
    };
    criteria.push(criterion(Field::Violations, matcher));
    Some(())
}

fn caller(value: &Value, parser: &mut PatternParser<'_>, criteria: &mut Vec<Criterion>) -> Option<()> {
    let Value::Object(object) = value else {
        return parser.reject("`caller` must be an object: write {\"account\": \"<id>\"} or {\"user\": \"<id>\"}");
    };
    for (name, value) in object {
        let field = match name.as_str() {
            "account" => Field::Account,
            "user" => Field::User,
            _ => {
                parser.at(&key_token(name), |parser| {
                    parser
                        .reject::<()>(format!("`caller` has no key `{}`; write `account` or `user`", abbreviate(name)))
                });
                continue;
            }
        };
        if let Some(matcher) = parser.at(name, |parser| parse_matcher::parse(value, parser)) {
            criteria.push(criterion(field, matcher));
        }
    }
    Some(())
}

/// Conditions by the name of their field, such as the name of a header.
fn named(
    value: &Value,
    parser: &mut PatternParser<'_>,
    criteria: &mut Vec<Criterion>,
    field: &dyn Fn(String) -> Field,
) -> Option<()> {
    let Value::Object(object) = value else {
        return parser
            .reject("this must be an object of names and matchers, such as {\"name\": {\"equalTo\": \"...\"}}");
    };
    for (name, value) in object {
        if parser.is_full() {
            break;
        }
        let condition = parser.at(&escape(name), |parser| condition(value, parser));
        let Some(condition) = condition else { continue };
        let field = field(name.clone());
        let is_secret = if matches!(field, Field::Header(_)) { is_secret_header(name) } else { is_secret_name(name) };
        if let (true, Condition::One(Matcher::EqualTo(text, _))) = (is_secret, &condition)
            && !text.contains(REDACTED)
        {
            let message = format!(
                "the journal does not record secrets, so that the value of `{}` cannot be compared; write \
                 {{\"absent\": false}}, or match the caller with `caller`",
                abbreviate(name)
            );
            parser.at(&escape(name), |parser| parser.reject::<()>(message));
            continue;
        }
        criteria.push(Criterion { field, condition, weight: 0.0 });
    }
    Some(())
}

/// A matcher for one of the values, or matchers for several.
fn condition(value: &Value, parser: &mut PatternParser<'_>) -> Option<Condition> {
    for name in ["includes", "hasExactly"] {
        let Some(list) = value.get(name) else { continue };
        if value.as_object().is_some_and(|object| object.len() > 1) {
            return parser.reject(format!("`{name}` must be the only key; remove the others"));
        }
        let matchers = parser.at(name, |parser| parse_matcher::parse_list(list, parser))?;
        return Some(if name == "includes" { Condition::Includes(matchers) } else { Condition::Exactly(matchers) });
    }
    parse_matcher::parse(value, parser).map(Condition::One)
}

fn cookies(value: &Value, parser: &mut PatternParser<'_>, criteria: &mut Vec<Criterion>) -> Option<()> {
    let from = criteria.len();
    named(value, parser, criteria, &Field::Cookie)?;
    for one in &criteria[from..] {
        let Field::Cookie(name) = &one.field else { continue };
        if !matches!(one.condition, Condition::One(Matcher::Absent)) {
            let message = "the journal does not record cookies; only {\"absent\": true} can be matched";
            parser.at(&escape(name), |parser| parser.reject::<()>(message));
        }
    }
    Some(())
}

fn body(value: &Value, parser: &mut PatternParser<'_>, criteria: &mut Vec<Criterion>) -> Option<()> {
    let matchers = parse_matcher::parse_list(value, parser)?;
    criteria.extend(matchers.into_iter().map(|matcher| criterion(Field::Body, matcher)));
    Some(())
}
