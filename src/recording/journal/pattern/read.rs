//! Request patterns, read: one row of [`KEYS`] for each key, with what is wrong and what to write instead.

use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value};

use super::matcher::{self, Matcher};
use super::{Mistake, Part, Row, Test, shown};
use crate::contract::Contract;
use crate::scenario::rule::no_operation;
use crate::support::redact::{REDACTED, is_secret};
use contract_files::pointer::escape;
use contract_files::yaml::{KEY, nearest};

/// How many rows a pattern may have.
const ROWS_MAX: usize = 200;

/// Reads a key of a pattern into rows.
type Read = fn(&Value, &mut Reader<'_>, &mut Vec<Row>) -> Option<()>;

/// The keys of a pattern, with what a difference in them weighs. What tells requests apart weighs most.
const KEYS: [(&str, f64, Read); 17] = [
    ("operation", 10.0, operation),
    ("url", 10.0, |value, to, rows| push(rows, one(Part::Url, literal(value, to)?))),
    ("urlPattern", 10.0, |value, to, rows| push(rows, one(Part::Url, expression(value, to)?))),
    ("urlPath", 10.0, |value, to, rows| push(rows, one(Part::Path, literal(value, to)?))),
    ("urlPathPattern", 10.0, |value, to, rows| push(rows, one(Part::Path, expression(value, to)?))),
    ("urlPathTemplate", 10.0, |value, to, rows| {
        let (regex, text) = template(value, to)?;
        push(rows, one(Part::Path, Matcher::Matches(regex, text)))
    }),
    ("pathParameters", 2.0, path_parameters),
    ("method", 3.0, method),
    ("queryParameters", 2.0, |value, to, rows| named(value, to, rows, &Part::Query)),
    ("headers", 1.0, |value, to, rows| named(value, to, rows, &Part::Header)),
    ("cookies", 1.0, cookies),
    ("bodyPatterns", 4.0, body),
    ("status", 3.0, status),
    ("violations", 2.0, violations),
    ("caller", 2.0, caller),
    ("basicAuth", 0.0, |_, to, _| to.wrong(CREDENTIALS)),
    ("basicAuthCredentials", 0.0, |_, to, _| to.wrong(CREDENTIALS)),
];

const CREDENTIALS: &str = "the journal keeps no credentials, so they cannot be matched; ask who called with \
                           `caller`: {\"caller\": {\"user\": \"...\"}}";

/// Keys of `WireMock`'s that say nothing about a request to this server.
const OTHERS: [&str; 9] =
    ["scheme", "host", "port", "clientIp", "formParameters", "multipartPatterns", "customMatcher", "id", "name"];

/// Reads patterns: where it is, what it knows, and the mistakes so far.
pub(super) struct Reader<'c> {
    contract: &'c Contract,
    pattern: &'c Value,
    pointer: String,
    pub(super) depth: usize,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    /// Reads what stands under a token, which is escaped already.
    pub(super) fn at<T>(&mut self, token: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(token);
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        self.pointer.truncate(length);
        result
    }

    /// Reads what stands beside the place that it is at.
    pub(super) fn beside<T>(&mut self, token: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let here = self.pointer.clone();
        let parent = here.rfind('/').unwrap_or(0);
        self.pointer.truncate(parent);
        let result = self.at(token, read);
        self.pointer = here;
        result
    }

    pub(super) fn wrong<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.mistakes.push((self.pointer.clone(), message.into()));
        None
    }
}

/// A key's token, with the mark that the key itself is meant.
pub(super) fn key(name: &str) -> String {
    format!("{}{KEY}", escape(name))
}

/// Reads a pattern into rows. Every mistake comes with its place and with what to write instead.
pub(super) fn rows(value: &Value, contract: &Contract) -> Result<Vec<Row>, Vec<Mistake>> {
    let mut to = Reader { contract, pattern: value, pointer: String::new(), depth: 0, mistakes: Vec::new() };
    let mut rows = Vec::new();
    let Value::Object(object) = value else {
        return Err(vec![(
            String::new(),
            "a request pattern is a map; write one such as {\"method\": \"GET\", \"urlPath\": \"/connections\"}"
                .to_owned(),
        )]);
    };
    for (name, value) in object {
        let Some((_, weight, read)) = KEYS.iter().find(|(known, ..)| known == name) else {
            to.at(&key(name), |to| to.wrong::<()>(unknown(name)));
            continue;
        };
        let from = rows.len();
        to.at(name, |to| read(value, to, &mut rows));
        rows[from..].iter_mut().for_each(|row| row.weight = *weight);
    }
    // What is cheap to look at comes first, and so does what tells most.
    rows.sort_by_key(|row| matches!(row.part, Part::Body));
    if rows.len() > ROWS_MAX {
        to.wrong::<()>(format!("a pattern asks for {ROWS_MAX} things at most"));
    }
    if to.mistakes.is_empty() { Ok(rows) } else { Err(to.mistakes) }
}

fn unknown(name: &str) -> String {
    let known = || KEYS.iter().map(|(name, ..)| *name).filter(|name| !name.starts_with("basicAuth"));
    if OTHERS.contains(&name) {
        return format!("`{name}` of WireMock's patterns is not matched here; leave it out");
    }
    match nearest(name, known()) {
        Some(near) => format!("a request pattern has no `{}`; did you mean `{near}`?", shown(name)),
        None => {
            format!("a request pattern has no `{}`; it knows {}", shown(name), known().collect::<Vec<_>>().join(", "))
        }
    }
}

fn push(rows: &mut Vec<Row>, row: Row) -> Option<()> {
    rows.push(row);
    Some(())
}

fn one(part: Part, matcher: Matcher) -> Row {
    Row { part, test: Test::One(matcher), weight: 0.0 }
}

fn equal(text: &str) -> Matcher {
    Matcher::Equal(text.to_owned(), matcher::Case::Kept)
}

fn literal(value: &Value, to: &mut Reader<'_>) -> Option<Matcher> {
    match value.as_str() {
        Some(text) if text.starts_with('/') => Some(equal(text)),
        _ => to.wrong("this is text that begins with `/`, such as /connections"),
    }
}

fn expression(value: &Value, to: &mut Reader<'_>) -> Option<Matcher> {
    let Some(text) = value.as_str() else { return to.wrong("this is a regular expression for all of it, as text") };
    match matcher::whole(text) {
        Ok(regex) => Some(Matcher::Matches(regex, text.to_owned())),
        Err(message) => to.wrong(message),
    }
}

/// A path with `{name}` for one segment. Each name finds what stands in its place.
fn template(value: &Value, to: &mut Reader<'_>) -> Option<(Regex, String)> {
    let wrong = "this is a path with names in it, such as /connections/{id}";
    let Some(text) = value.as_str().filter(|text| text.starts_with('/')) else { return to.wrong(wrong) };
    let mut pattern = String::from(r"\A");
    for segment in text.split('/').skip(1) {
        pattern.push('/');
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if is_name(name) => pattern.extend(["(?P<", name, ">[^/]+)"]),
            Some(_) => return to.wrong(wrong),
            None if segment.contains(['{', '}']) => return to.wrong(wrong),
            None => pattern.push_str(&regex::escape(segment)),
        }
    }
    pattern.push_str(r"\z");
    match Regex::new(&pattern) {
        Ok(regex) => Some((regex, text.to_owned())),
        Err(_) => to.wrong("each name of a template stands in it once"),
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn path_parameters(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>) -> Option<()> {
    let Some(given) = to.pattern.get("urlPathTemplate") else {
        return to.wrong("`pathParameters` need an `urlPathTemplate` beside them, such as /connections/{id}");
    };
    // A template that is none has been told of already.
    let known = to.mistakes.len();
    let read = to.beside("urlPathTemplate", |to| template(given, to));
    to.mistakes.truncate(known);
    let regex = Arc::new(read?.0);
    for name in value.as_object().into_iter().flat_map(Map::keys) {
        if !regex.capture_names().flatten().any(|known| known == name) {
            let names: Vec<&str> = regex.capture_names().flatten().collect();
            let message = format!("the template has no `{}`; it has {}", shown(name), names.join(", "));
            to.at(&key(name), |to| to.wrong::<()>(message));
        }
    }
    named(value, to, rows, &|name| Part::PathParameter(name, Arc::clone(&regex)))
}

/// Texts, one or several.
fn texts<'v>(value: &'v Value, wrong: &str, to: &mut Reader<'_>) -> Option<Vec<&'v str>> {
    let texts: Option<Vec<&str>> = match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) if !items.is_empty() => items.iter().map(Value::as_str).collect(),
        _ => None,
    };
    texts.or_else(|| to.wrong(wrong))
}

/// One of several texts.
fn any(texts: &[&str]) -> Matcher {
    match texts {
        [text] => equal(text),
        texts => Matcher::Any(texts.iter().map(|text| equal(text)).collect()),
    }
}

fn method(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>) -> Option<()> {
    const METHODS: [&str; 8] = ["ANY", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    let methods = texts(value, "this is a method such as POST, or a list of them", to)?;
    let upper: Vec<String> = methods.iter().map(|method| method.to_ascii_uppercase()).collect();
    let mut good = true;
    for method in &upper {
        if !METHODS.contains(&method.as_str()) {
            let near = nearest(method, METHODS).map_or_else(
                || format!("write one of {}", METHODS.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            to.wrong::<()>(format!("`{}` is no method; {near}", shown(method)));
            good = false;
        }
    }
    if good && !upper.iter().any(|method| method == "ANY") {
        rows.push(one(Part::Method, any(&upper.iter().map(String::as_str).collect::<Vec<_>>())));
    }
    Some(())
}

fn operation(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>) -> Option<()> {
    let ids = texts(value, "this is the id of an operation such as list_connections, or a list of them", to)?;
    for (at, id) in ids.iter().enumerate() {
        if let Some((message, hint)) = no_operation(to.contract, id) {
            let message = format!("{message}; {hint}");
            if value.is_array() {
                to.at(&at.to_string(), |to| to.wrong::<()>(message));
            } else {
                to.wrong::<()>(message);
            }
        }
    }
    rows.push(one(Part::Operation, any(&ids)));
    Some(())
}

fn status(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>) -> Option<()> {
    let wrong = "this is the status of a reply, from 100 to 599, or a list of them";
    let list = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    let read =
        |one: &Value| one.as_u64().filter(|status| (100..=599).contains(status)).map(|status| status.to_string());
    let Some(statuses) = list.iter().map(read).collect::<Option<Vec<String>>>().filter(|list| !list.is_empty()) else {
        return to.wrong(wrong);
    };
    rows.push(one(Part::Status, any(&statuses.iter().map(String::as_str).collect::<Vec<_>>())));
    Some(())
}

fn violations(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>) -> Option<()> {
    let matcher = match value {
        Value::Bool(true) => Matcher::Not(Box::new(Matcher::Absent)),
        Value::Bool(false) => Matcher::Absent,
        _ => {
            return to.wrong("`violations` is true for requests that broke the contract, false for those that did not");
        }
    };
    rows.push(one(Part::Violations, matcher));
    Some(())
}

fn caller(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>) -> Option<()> {
    let Value::Object(object) = value else {
        return to.wrong("`caller` is a map; write {\"account\": \"...\"} or {\"user\": \"...\"} with an id");
    };
    for (name, value) in object {
        let part = match name.as_str() {
            "account" => Part::Account,
            "user" => Part::User,
            _ => {
                to.at(&key(name), |to| {
                    to.wrong::<()>(format!("`caller` has no `{}`; write `account` or `user`", shown(name)))
                });
                continue;
            }
        };
        if let Some(matcher) = to.at(name, |to| matcher::read(value, to)) {
            rows.push(one(part, matcher));
        }
    }
    Some(())
}

/// Matchers by the name of what they are for.
fn named(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>, part: &dyn Fn(String) -> Part) -> Option<()> {
    let Value::Object(object) = value else {
        return to.wrong("this is a map of names and matchers; write one such as {\"name\": {\"equalTo\": \"...\"}}");
    };
    for (name, value) in object {
        let test = to.at(&escape(name), |to| test(value, to));
        let Some(test) = test else { continue };
        if let (true, Test::One(Matcher::Equal(text, _))) = (is_secret(name), &test)
            && !text.contains(REDACTED)
        {
            let message = format!(
                "the journal keeps no secrets, so the value of `{}` cannot be compared; ask for {{\"absent\": false}}, or \
                 who called with `caller`",
                shown(name)
            );
            to.at(&escape(name), |to| to.wrong::<()>(message));
            continue;
        }
        rows.push(Row { part: part(name.clone()), test, weight: 0.0 });
    }
    Some(())
}

/// A matcher for one of the values, or matchers for several.
fn test(value: &Value, to: &mut Reader<'_>) -> Option<Test> {
    for name in ["includes", "hasExactly"] {
        let Some(list) = value.get(name) else { continue };
        if value.as_object().is_some_and(|object| object.len() > 1) {
            return to.wrong(format!("nothing stands beside `{name}`"));
        }
        let list = to.at(name, |to| matcher::list(list, to))?;
        return Some(if name == "includes" { Test::Includes(list) } else { Test::Exactly(list) });
    }
    matcher::read(value, to).map(Test::One)
}

fn cookies(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>) -> Option<()> {
    let from = rows.len();
    named(value, to, rows, &Part::Cookie)?;
    for row in &rows[from..] {
        let Part::Cookie(name) = &row.part else { continue };
        if !matches!(row.test, Test::One(Matcher::Absent)) {
            let message =
                "the journal keeps no cookies, only that there were some; `{\"absent\": true}` can be asked for";
            to.at(&escape(name), |to| to.wrong::<()>(message));
        }
    }
    Some(())
}

fn body(value: &Value, to: &mut Reader<'_>, rows: &mut Vec<Row>) -> Option<()> {
    rows.extend(matcher::list(value, to)?.into_iter().map(|matcher| one(Part::Body, matcher)));
    Some(())
}
