//! The conditions of a rule that depend on the request and its caller alone.

use std::borrow::Cow;
use std::cell::OnceCell;

use http::header::CONTENT_TYPE;
use http::{HeaderName, Method};
use regex::Regex;
use serde_json::Value;

use super::error::{RuleError, unknown_operation};
use super::regexes::{Dot, RegexCache, RegexError};
use crate::config::limits::REGEX_RULE_BYTES_MAX;
use crate::contract::lead_body::{BodyFormat, read_body_value};
use crate::contract::schema::CompiledSchema;
use crate::contract::{Contract, Operation};
use crate::http::message::{Body, Request};
use crate::leadconduit::state::Caller;
use crate::scenario::language::{BodyCondition, CallerCondition, TextCondition, WhenSpec, parse_method};
use crate::support::clock::{SignedDuration, Timestamp, parse_duration};
use contract_files::pointer::escape;
use contract_files::yaml::KEY;

/// The types of JSON Schema.
const SCHEMA_TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];

/// A request with what rules need to know about it.
#[derive(Debug)]
pub struct RuleContext<'a> {
    /// The request.
    pub request: &'a Request,
    /// The path, without the prefix that selects a sandbox.
    pub path: &'a str,
    /// The operation, once the request is routed.
    pub operation: Option<&'a Operation>,
    /// The API key, valid or not.
    pub key: Option<&'a str>,
    /// The caller, if the key is valid.
    pub caller: Option<&'a Caller>,
    /// The name of the sandbox.
    pub sandbox: &'a str,
    /// The time of the request, on the clock of the sandbox.
    pub now: Timestamp,
    /// Whether the request is a CORS preflight. Only rules that name the method OPTIONS match it: so a browser can read
    /// the response of a rule, and preflights do not count as requests.
    pub is_preflight: bool,
    body: OnceCell<Option<Value>>,
}

impl<'a> RuleContext<'a> {
    /// The context of a request before it is routed and authenticated.
    #[must_use]
    pub fn new(request: &'a Request, path: &'a str, sandbox: &'a str, now: Timestamp) -> Self {
        let body = OnceCell::new();
        Self { request, path, operation: None, key: None, caller: None, sandbox, now, is_preflight: false, body }
    }

    /// The values of the body, which is JSON, a form or XML; read on first use. `null` if it has none.
    pub fn body(&self) -> &Value {
        self.body_value().unwrap_or(&Value::Null)
    }

    /// The same; `None` if it has none.
    fn body_value(&self) -> Option<&Value> {
        let read = || match &self.request.body {
            Body::Complete(bytes) => read_body_value(self.content_type(), bytes),
            _ => None,
        };
        self.body.get_or_init(read).as_ref()
    }

    fn content_type(&self) -> &str {
        self.request.header(&CONTENT_TYPE).unwrap_or_default()
    }

    /// Whether the body has `expected` at a pointer. The values of forms and of XML are texts, so that a number or a
    /// boolean is compared as text.
    fn has_value(&self, pointer: &str, expected: &Value) -> bool {
        let Some(found) = self.body().pointer(pointer) else { return false };
        if found == expected {
            return true;
        }
        let is_text = BodyFormat::of(self.content_type()) != BodyFormat::Json;
        is_text && found.as_str().zip(scalar_text(expected)).is_some_and(|(found, expected)| found == expected)
    }

    fn query(&self, name: &str) -> Vec<String> {
        let query = self.request.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    }
}

/// Compiled conditions. An empty list matches every request.
#[derive(Debug, Default)]
pub(super) struct RequestMatcher {
    operations: Vec<String>,
    methods: Vec<Method>,
    paths: Vec<(String, Regex)>,
    query: Vec<(String, TextMatcher)>,
    headers: Vec<(HeaderName, TextMatcher)>,
    body_at: Vec<(String, Value)>,
    body_matches: Vec<(String, Regex)>,
    body_schema: Option<CompiledSchema>,
    caller: CallerCondition,
    sandboxes: Vec<String>,
    from: Option<ClockTime>,
    until: Option<ClockTime>,
    /// What the compiled regular expressions take.
    pub(super) regex_bytes: usize,
}

/// A time on the sandbox's clock.
#[derive(Clone, Copy, Debug)]
enum ClockTime {
    At(Timestamp),
    /// Relative to the start of the rule.
    SinceStart(SignedDuration),
}

impl ClockTime {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(time) = text.parse() {
            return Some(Self::At(time));
        }
        let rest = text.trim().strip_prefix("now")?.trim();
        if rest.is_empty() {
            return Some(Self::SinceStart(SignedDuration::ZERO));
        }
        parse_duration(rest.strip_prefix('+')?).map(Self::SinceStart)
    }

    /// Whether a time is before another. Times of different kinds depend on when the rule starts.
    fn precedes(self, other: Self) -> bool {
        match (self, other) {
            (Self::At(time), Self::At(other)) => time < other,
            (Self::SinceStart(duration), Self::SinceStart(other)) => duration < other,
            _ => true,
        }
    }

    fn resolve(self, started_at: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::SinceStart(duration) => started_at.saturating_add(duration).unwrap_or(Timestamp::MAX),
        }
    }
}

/// A compiled condition on a query parameter or a header.
#[derive(Debug, Default)]
struct TextMatcher {
    equals: Option<String>,
    contains: Option<String>,
    matches: Option<Regex>,
    absent: Option<bool>,
    not: Option<Box<TextMatcher>>,
}

impl TextMatcher {
    /// Compiles a condition. An error has a pointer into the condition.
    fn new(condition: &TextCondition, regexes: &mut RegexCache) -> Result<Self, RuleError> {
        let pattern = condition.matches.as_deref().map(|pattern| compile_regex(pattern, regexes)).transpose();
        let not = condition.not.as_deref().map(|not| Self::new(not, regexes)).transpose();
        Ok(Self {
            equals: condition.equals.clone(),
            contains: condition.contains.clone(),
            matches: pattern.map_err(|error| RuleError::new("/matches", error.to_string()))?,
            absent: condition.absent,
            not: not.map_err(|error| error.inside("/not"))?.map(Box::new),
        })
    }

    /// Whether at least one of the values meets the condition.
    fn matches(&self, values: &[&str]) -> bool {
        if self.absent.is_some_and(|absent| absent != values.is_empty()) {
            return false;
        }
        if self.not.as_ref().is_some_and(|not| not.matches(values)) {
            return false;
        }
        let needs_value = self.equals.is_some() || self.contains.is_some() || self.matches.is_some();
        let is_match = |value: &&str| {
            self.equals.as_ref().is_none_or(|expected| expected == value)
                && self.contains.as_ref().is_none_or(|part| value.contains(part.as_str()))
                && self.matches.as_ref().is_none_or(|pattern| pattern.is_match(value))
        };
        !needs_value || values.iter().any(is_match)
    }
}

impl RequestMatcher {
    /// Compiles conditions. Errors have a pointer into `when`.
    pub(super) fn new(spec: &WhenSpec, contract: &Contract) -> Result<Self, Vec<RuleError>> {
        let mut errors: Vec<RuleError> = Vec::new();
        let mut regexes = RegexCache::new(REGEX_RULE_BYTES_MAX, Dot::NotLineBreak);
        // If a value is a single text and not a list, the pointer to its item leads to the text.
        for (index, id) in spec.operation.0.iter().enumerate() {
            if let Some((message, hint)) = unknown_operation(contract, id) {
                errors.push(RuleError::new(format!("/operation/{index}"), message).with_hint(hint));
            }
        }
        let mut matcher = Self {
            operations: spec.operation.0.clone(),
            caller: spec.caller.clone().unwrap_or_default(),
            sandboxes: spec.sandbox.0.clone(),
            ..Self::default()
        };
        for (index, method) in spec.method.0.iter().enumerate() {
            match parse_method(method) {
                Ok(method) => matcher.methods.push(method),
                Err(error) => {
                    let (message, hint) = contract_files::yaml::explain(&error.to_string());
                    errors.push(RuleError { hint, ..RuleError::new(format!("/method/{index}"), message) });
                }
            }
        }
        for (index, path) in spec.path.0.iter().enumerate() {
            match compile_path(path, &mut regexes) {
                Ok(pattern) => matcher.paths.push((path.clone(), pattern)),
                Err(error) => errors.push(RuleError::new(format!("/path/{index}"), error.to_string())),
            }
        }
        for (name, condition) in &spec.query {
            match TextMatcher::new(condition, &mut regexes) {
                Ok(text) => matcher.query.push((name.clone(), text)),
                Err(error) => errors.push(error.inside(&format!("/query/{}", escape(name)))),
            }
        }
        for (name, condition) in &spec.headers {
            let pointer = format!("/headers/{}", escape(name));
            match (name.parse::<HeaderName>(), TextMatcher::new(condition, &mut regexes)) {
                (Ok(name), Ok(text)) => matcher.headers.push((name, text)),
                (Err(_), _) => {
                    let message = format!("`{name}` is not a valid header name");
                    errors.push(RuleError::new(format!("{pointer}{KEY}"), message));
                }
                (_, Err(error)) => errors.push(error.inside(&pointer)),
            }
        }
        if let Some(body) = &spec.body {
            matcher.compile_body(body, &mut regexes, &mut errors);
        }
        if let Some(clock) = &spec.clock {
            for (name, text, target) in
                [("from", &clock.from, &mut matcher.from), ("until", &clock.until, &mut matcher.until)]
            {
                let Some(text) = text else { continue };
                *target = ClockTime::parse(text);
                if target.is_none() {
                    let message = format!("`{text}` is not a time: write `now + 30s`, or 2026-01-15T09:00:00Z");
                    errors.push(RuleError::new(format!("/clock/{name}"), message));
                }
            }
        }
        if let (Some(from), Some(until)) = (matcher.from, matcher.until)
            && !from.precedes(until)
        {
            errors.push(RuleError::new(
                "/clock/until",
                "`until` is not after `from`, so that the rule would never be applied",
            ));
        }
        matcher.regex_bytes = regexes.bytes();
        if errors.is_empty() { Ok(matcher) } else { Err(errors) }
    }

    /// When the time window of a rule that started at `started_at` ends.
    pub(super) fn ends(&self, started_at: Timestamp) -> Option<Timestamp> {
        self.until.map(|until| until.resolve(started_at))
    }

    fn compile_body(&mut self, body: &BodyCondition, regexes: &mut RegexCache, errors: &mut Vec<RuleError>) {
        for (pointer, value) in &body.at {
            errors.extend(validate_pointer("/body/at", pointer));
            self.body_at.push((pointer.clone(), value.0.clone()));
        }
        for (pointer, pattern) in &body.matches {
            errors.extend(validate_pointer("/body/matches", pointer));
            match compile_regex(pattern, regexes) {
                Ok(pattern) => self.body_matches.push((pointer.clone(), pattern)),
                Err(error) => {
                    errors.push(RuleError::new(format!("/body/matches/{}", escape(pointer)), error.to_string()));
                }
            }
        }
        match body.schema.as_ref().map(|schema| CompiledSchema::standalone(&schema.0)).transpose() {
            Ok(schema) => self.body_schema = schema,
            Err(error) => {
                let hint =
                    error.pointer.ends_with("/type").then(|| format!("write one of: {}", SCHEMA_TYPES.join(", ")));
                let message = format!("this is not a valid JSON Schema: {error}");
                errors.push(RuleError { hint, ..RuleError::new(format!("/body/schema{}", error.pointer), message) });
            }
        }
    }

    /// The operations that match the ids, methods and paths of the rule.
    pub(super) fn operations<'c>(&self, contract: &'c Contract) -> Vec<&'c Operation> {
        let paths: Vec<Vec<&str>> = self.paths.iter().map(|(path, _)| paths_of(contract, path)).collect();
        let is_match = |operation: &&Operation| {
            (self.operations.is_empty() || self.operations.contains(&operation.id))
                && (self.methods.is_empty() || self.methods.contains(&operation.method))
                && (self.paths.is_empty() || paths.iter().flatten().any(|path| *path == operation.path))
        };
        contract.operations.iter().filter(is_match).collect()
    }

    /// The conditions that no operation meets, so that the rule would never be applied. A gate can match other requests.
    pub(super) fn unreachable(&self, contract: &Contract) -> Vec<RuleError> {
        let mut errors = Vec::new();
        for (index, (path, _)) in self.paths.iter().enumerate() {
            if paths_of(contract, path).is_empty() {
                let message = format!("no operation has the path {path}, so that the rule would never be applied");
                let all = contract.operations.iter().map(|operation| operation.path.as_str());
                let hint = match contract_files::yaml::nearest(path, all) {
                    Some(nearest) => format!("did you mean {nearest}?"),
                    None => "write `gate: true` if the path is not one of LeadConduit".to_owned(),
                };
                errors.push(RuleError::new(format!("/path/{index}"), message).with_hint(hint));
            }
        }
        if errors.is_empty() && self.operations(contract).is_empty() {
            let message = "no operation meets the conditions together, so that the rule would never be applied";
            let hint = "compare `operation`, `method` and `path` with `leadconduit-mock operations`";
            errors.push(RuleError::new("", message).with_hint(hint));
        }
        errors
    }

    /// Whether the rule names operations by id.
    pub(super) fn names_operations(&self) -> bool {
        !self.operations.is_empty()
    }

    /// Whether a request meets all conditions. `started_at` is the start of the rule.
    pub(super) fn matches(&self, context: &RuleContext<'_>, started_at: Timestamp) -> bool {
        let is_any = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|item| item == value))
        };
        is_any(&self.operations, context.operation.map(|operation| operation.id.as_str()))
            && (self.methods.is_empty() && !context.is_preflight || self.methods.contains(&context.request.method))
            && (self.paths.is_empty() || self.paths.iter().any(|(_, path)| path.is_match(context.path)))
            && is_any(&self.sandboxes, Some(context.sandbox))
            && self.matches_caller(context)
            && self.from.is_none_or(|from| context.now >= from.resolve(started_at))
            && self.until.is_none_or(|until| context.now < until.resolve(started_at))
            && self.headers.iter().all(|(name, text)| {
                let values = context.request.headers.get_all(name).iter();
                text.matches(&values.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>())
            })
            && self.query.iter().all(|(name, text)| {
                let values = context.query(name);
                text.matches(&values.iter().map(String::as_str).collect::<Vec<_>>())
            })
            && self.body_at.iter().all(|(pointer, value)| context.has_value(pointer, value))
            && self.body_matches.iter().all(|(pointer, pattern)| {
                let found = context.body().pointer(pointer).and_then(scalar_text);
                found.is_some_and(|text| pattern.is_match(&text))
            })
            && self
                .body_schema
                .as_ref()
                .is_none_or(|schema| context.body_value().is_some_and(|body| schema.accepts(body)))
    }

    fn matches_caller(&self, context: &RuleContext<'_>) -> bool {
        let expected = &self.caller;
        let is_equal = |expected: &Option<String>, found: Option<&str>| {
            expected.as_deref().is_none_or(|expected| Some(expected) == found)
        };
        expected.known.is_none_or(|known| known == context.caller.is_some())
            && is_equal(&expected.key, context.key)
            && is_equal(&expected.account, context.caller.map(|caller| &*caller.account))
            && is_equal(&expected.user, context.caller.map(|caller| &*caller.user))
            && expected.superuser.is_none_or(|superuser| context.caller.is_some_and(Caller::is_superuser) == superuser)
    }
}

/// A text, number or boolean as text.
fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(_) | Value::Bool(_) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}

/// The error for a key of the map at `map` that is not an RFC 6901 pointer.
fn validate_pointer(map: &str, pointer: &str) -> Option<RuleError> {
    if pointer.is_empty() || pointer.starts_with('/') {
        return None;
    }
    let message = format!("`{pointer}` is not an RFC 6901 pointer, which begins with `/` or is empty");
    let error = RuleError::new(format!("{map}/{}{KEY}", escape(pointer)), message);
    Some(error.with_hint(format!("did you mean `/{pointer}`?")))
}

/// A pattern of a condition that cannot be compiled.
#[derive(Clone, Debug, thiserror::Error)]
enum MatchPatternError {
    #[error("`{pattern}` is not a valid regular expression: {error}")]
    Regex { pattern: String, error: RegexError },
    #[error(transparent)]
    Total(RegexError),
    #[error("`{0}` is not a path: write one such as /connections/{{id}} or /flows/{{*rest}}")]
    Path(String),
}

fn compile_regex(pattern: &str, regexes: &mut RegexCache) -> Result<Regex, MatchPatternError> {
    regexes.compile(pattern).map_err(|error| match error {
        RegexError::Invalid(_) => MatchPatternError::Regex { pattern: pattern.to_owned(), error },
        RegexError::Total(_) => MatchPatternError::Total(error),
    })
}

/// The paths of the contract that a pattern for a path can match. As in routing, a static path precedes parameters.
fn paths_of<'c>(contract: &'c Contract, pattern: &str) -> Vec<&'c str> {
    let paths = contract.operations.iter().map(|operation| operation.path.as_str());
    let found: Vec<&str> = paths.filter(|path| can_match(pattern, path)).collect();
    if found.contains(&pattern) { found.into_iter().filter(|path| *path == pattern).collect() } else { found }
}

/// Whether a request can match both a pattern and a path of the contract.
fn can_match(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for given in pattern.split('/') {
        let Some(expected) = parts.next() else { return false };
        if given.starts_with("{*") {
            return true;
        }
        if given != expected && !given.contains('{') && !expected.starts_with('{') {
            return false;
        }
    }
    parts.next().is_none()
}

/// A pattern for a path in the format of the contract: `{name}` is one segment, `{*name}` is the rest of the path.
fn compile_path(path: &str, regexes: &mut RegexCache) -> Result<Regex, MatchPatternError> {
    let error = || MatchPatternError::Path(path.to_owned());
    if !path.starts_with('/') {
        return Err(error());
    }
    let mut pattern = String::from("^");
    let mut rest = path;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or_else(error)? + open;
        pattern.push_str(&regex::escape(&rest[..open]));
        pattern.push_str(if rest[open + 1..close].starts_with('*') { ".+" } else { "[^/]+" });
        rest = &rest[close + 1..];
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push('$');
    compile_regex(&pattern, regexes)
}
