//! Which requests a rule is for: the part that follows from the request and its caller alone.

use std::cell::OnceCell;

use http::{HeaderName, Method};
use regex::Regex;
use serde_json::Value;

use crate::contract::schema::Check;
use crate::contract::{Contract, Operation};
use crate::http::message::{Body, Request};
use crate::leadconduit::state::Caller;
use crate::scenario::language::{CallerWhen, TextWhen, WhenPart};
use crate::support::clock::{SignedDuration, Timestamp, duration};
use contract_files::yaml::KEY;

/// The types that a JSON Schema can name.
const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];

/// A request as rules see it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its path without what chooses a sandbox.
    pub path: &'a str,
    /// The operation, when there is one.
    pub operation: Option<&'a Operation>,
    /// The API key, known or not.
    pub key: Option<&'a str>,
    /// Who is calling, when the key is known.
    pub caller: Option<&'a Caller>,
    /// The sandbox.
    pub sandbox: &'a str,
    /// The moment of the request.
    pub now: Timestamp,
    /// Whether it is the question that browsers ask before a call. It is no call: only a rule that names its method
    /// speaks to it, so that a page can read what a rule says, and what is counted are calls.
    pub preflight: bool,
    body: OnceCell<Value>,
}

impl<'a> Asked<'a> {
    /// A request as rules see it.
    #[must_use]
    pub fn new(request: &'a Request, path: &'a str, sandbox: &'a str, now: Timestamp) -> Self {
        let body = OnceCell::new();
        Self { request, path, operation: None, key: None, caller: None, sandbox, now, preflight: false, body }
    }

    /// The body as JSON, `null` when it is none. It is read when a rule first asks.
    pub fn body(&self) -> &Value {
        self.body.get_or_init(|| match &self.request.body {
            Body::Whole(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
            _ => Value::Null,
        })
    }

    fn query(&self, name: &str) -> Vec<String> {
        let query = self.request.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    }
}

/// The conditions, ready to be tried. What is empty does not matter.
#[derive(Debug, Default)]
pub(super) struct When {
    operations: Vec<String>,
    methods: Vec<Method>,
    paths: Vec<Regex>,
    query: Vec<(String, Text)>,
    headers: Vec<(HeaderName, Text)>,
    body_at: Vec<(String, Value)>,
    body_matches: Vec<(String, Regex)>,
    body_schema: Option<Check>,
    caller: CallerWhen,
    sandboxes: Vec<String>,
    from: Option<Moment>,
    until: Option<Moment>,
}

/// A moment of the sandbox's clock.
#[derive(Clone, Copy, Debug)]
enum Moment {
    At(Timestamp),
    /// So long after the rule came to life.
    Since(SignedDuration),
}

impl Moment {
    fn resolve(self, began: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Since(by) => began.saturating_add(by).unwrap_or(Timestamp::MAX),
        }
    }
}

/// A condition on a text.
#[derive(Debug, Default)]
struct Text {
    equals: Option<String>,
    contains: Option<String>,
    matches: Option<Regex>,
    absent: Option<bool>,
    not: Option<Box<Text>>,
}

impl Text {
    /// Whether one of the values, if there are any, is as it must be.
    fn fits(&self, values: &[&str]) -> bool {
        if self.absent.is_some_and(|absent| absent != values.is_empty()) {
            return false;
        }
        if self.not.as_ref().is_some_and(|not| not.fits(values)) {
            return false;
        }
        let asks = self.equals.is_some() || self.contains.is_some() || self.matches.is_some();
        let one = |value: &&str| {
            self.equals.as_ref().is_none_or(|wanted| wanted == value)
                && self.contains.as_ref().is_none_or(|part| value.contains(part.as_str()))
                && self.matches.as_ref().is_none_or(|pattern| pattern.is_match(value))
        };
        !asks || values.iter().any(one)
    }
}

/// A mistake: a pointer into the `when`, words, and perhaps a hint.
pub(super) type Mistake = (String, String, Option<String>);

impl When {
    /// Checks the conditions and makes them ready.
    pub(super) fn new(part: &WhenPart, contract: &Contract) -> Result<Self, Vec<Mistake>> {
        let mut mistakes: Vec<Mistake> = Vec::new();
        let mut tell = |pointer: String, message: String, hint: Option<String>| mistakes.push((pointer, message, hint));
        // Of one text that is no list, the pointer to its only item leads to the text.
        for (at, id) in part.operation.0.iter().enumerate() {
            if let Some((message, hint)) = super::no_operation(contract, id) {
                tell(format!("/operation/{at}"), message, Some(hint));
            }
        }
        let mut when = Self {
            operations: part.operation.0.clone(),
            caller: part.caller.clone().unwrap_or_default(),
            sandboxes: part.sandbox.0.clone(),
            ..Self::default()
        };
        for (at, method) in part.method.0.iter().enumerate() {
            match crate::scenario::language::read_method(method) {
                Ok(method) => when.methods.push(method),
                Err(message) => {
                    let hint = contract_files::yaml::hint_for(&message);
                    tell(format!("/method/{at}"), message, hint);
                }
            }
        }
        for (at, path) in part.path.0.iter().enumerate() {
            match path_pattern(path) {
                Ok(pattern) => when.paths.push(pattern),
                Err(message) => tell(format!("/path/{at}"), message, None),
            }
        }
        for (name, part) in &part.query {
            match text(part) {
                Ok(text) => when.query.push((name.clone(), text)),
                Err((at, message)) => {
                    tell(format!("/query/{}{at}", contract_files::pointer::escape(name)), message, None)
                }
            }
        }
        for (name, part) in &part.headers {
            let place = |at: &str| format!("/headers/{}{at}", contract_files::pointer::escape(name));
            match (name.parse::<HeaderName>(), text(part)) {
                (Ok(name), Ok(text)) => when.headers.push((name, text)),
                (Err(_), _) => tell(place(KEY), format!("`{name}` is no name of a header"), None),
                (_, Err((at, message))) => tell(place(&at), message, None),
            }
        }
        if let Some(body) = &part.body {
            for (pointer, value) in &body.at {
                if !is_pointer(pointer) {
                    tell(
                        format!("/body/at/{}{KEY}", contract_files::pointer::escape(pointer)),
                        not_a_pointer(pointer),
                        Some(format!("did you mean `/{pointer}`?")),
                    );
                }
                when.body_at.push((pointer.clone(), value.0.clone()));
            }
            for (pointer, pattern) in &body.matches {
                if !is_pointer(pointer) {
                    tell(
                        format!("/body/matches/{}{KEY}", contract_files::pointer::escape(pointer)),
                        not_a_pointer(pointer),
                        Some(format!("did you mean `/{pointer}`?")),
                    );
                }
                match regular(pattern) {
                    Ok(pattern) => when.body_matches.push((pointer.clone(), pattern)),
                    Err(message) => {
                        tell(format!("/body/matches/{}", contract_files::pointer::escape(pointer)), message, None);
                    }
                }
            }
            match body.schema.as_ref().map(|schema| Check::alone(&schema.0)).transpose() {
                Ok(check) => when.body_schema = check,
                Err((at, message)) => {
                    let hint = at.ends_with("/type").then(|| format!("write one of: {}", TYPES.join(", ")));
                    tell(format!("/body/schema{at}"), format!("this is no JSON Schema: {message}"), hint);
                }
            }
        }
        if let Some(clock) = &part.clock {
            for (name, given, place) in
                [("from", &clock.from, &mut when.from), ("until", &clock.until, &mut when.until)]
            {
                let Some(given) = given else { continue };
                *place = moment(given);
                if place.is_none() {
                    let message = format!("`{given}` is no moment: write `now + 30s`, or 2026-01-15T09:00:00Z");
                    tell(format!("/clock/{name}"), message, None);
                }
            }
        }
        if mistakes.is_empty() { Ok(when) } else { Err(mistakes) }
    }

    /// The operations that it names, or else those that its methods and paths lead to.
    pub(super) fn operations<'c>(&self, contract: &'c Contract) -> Vec<&'c Operation> {
        let named = |operation: &&Operation| {
            (self.operations.is_empty() || self.operations.contains(&operation.id))
                && (self.methods.is_empty() || self.methods.contains(&operation.method))
                && (self.paths.is_empty() || self.paths.iter().any(|path| path.is_match(&operation.path)))
        };
        contract.operations.iter().filter(named).collect()
    }

    /// Whether it names operations, and is not simply for all that its methods and paths lead to.
    pub(super) fn names_operations(&self) -> bool {
        !self.operations.is_empty()
    }

    /// Whether the request is one of them. `began` is when the rule came to life.
    pub(super) fn fits(&self, asked: &Asked<'_>, began: Timestamp) -> bool {
        let any = |list: &[String], word: Option<&str>| {
            list.is_empty() || word.is_some_and(|word| list.iter().any(|one| one == word))
        };
        any(&self.operations, asked.operation.map(|operation| operation.id.as_str()))
            && (self.methods.is_empty() && !asked.preflight || self.methods.contains(&asked.request.method))
            && (self.paths.is_empty() || self.paths.iter().any(|path| path.is_match(asked.path)))
            && any(&self.sandboxes, Some(asked.sandbox))
            && self.fits_caller(asked)
            && self.from.is_none_or(|from| asked.now >= from.resolve(began))
            && self.until.is_none_or(|until| asked.now < until.resolve(began))
            && self.headers.iter().all(|(name, text)| {
                let values = asked.request.headers.get_all(name).iter();
                text.fits(&values.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>())
            })
            && self.query.iter().all(|(name, text)| {
                let values = asked.query(name);
                text.fits(&values.iter().map(String::as_str).collect::<Vec<_>>())
            })
            && self.body_at.iter().all(|(pointer, value)| asked.body().pointer(pointer) == Some(value))
            && self.body_matches.iter().all(|(pointer, pattern)| {
                let found = asked.body().pointer(pointer).and_then(Value::as_str);
                found.is_some_and(|text| pattern.is_match(text))
            })
            && self.body_schema.as_ref().is_none_or(|schema| schema.accepts(asked.body()))
    }

    fn fits_caller(&self, asked: &Asked<'_>) -> bool {
        let wanted = &self.caller;
        let is =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| Some(wanted) == found);
        wanted.known.is_none_or(|known| known == asked.caller.is_some())
            && is(&wanted.key, asked.key)
            && is(&wanted.account, asked.caller.map(|caller| &*caller.account))
            && is(&wanted.user, asked.caller.map(|caller| &*caller.user))
            && wanted.superuser.is_none_or(|superuser| asked.caller.is_some_and(Caller::is_superuser) == superuser)
    }
}

fn is_pointer(text: &str) -> bool {
    text.is_empty() || text.starts_with('/')
}

fn not_a_pointer(text: &str) -> String {
    format!("`{text}` is no RFC 6901 pointer: one begins with `/`, or is empty")
}

fn regular(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        // The engine draws a caret of its own, over several lines; its last line says what is wrong.
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("`{pattern}` is no regular expression: {last}")
    })
}

/// The error comes with a pointer into the part.
fn text(part: &TextWhen) -> Result<Text, (String, String)> {
    let matches = part.matches.as_deref().map(regular).transpose();
    let not = part.not.as_deref().map(text).transpose();
    Ok(Text {
        equals: part.equals.clone(),
        contains: part.contains.clone(),
        matches: matches.map_err(|message| ("/matches".to_owned(), message))?,
        absent: part.absent,
        not: not.map_err(|(at, message)| (format!("/not{at}"), message))?.map(Box::new),
    })
}

/// A path with `{name}` for one segment and `{*name}` for all that follows, as the contract writes them.
fn path_pattern(path: &str) -> Result<Regex, String> {
    let wrong = || format!("`{path}` is no path: write one such as /connections/{{id}} or /flows/{{*rest}}");
    if !path.starts_with('/') {
        return Err(wrong());
    }
    let mut pattern = String::from("^");
    let mut rest = path;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or_else(wrong)? + open;
        pattern.push_str(&regex::escape(&rest[..open]));
        pattern.push_str(if rest[open + 1..close].starts_with('*') { ".+" } else { "[^/]+" });
        rest = &rest[close + 1..];
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push('$');
    regular(&pattern)
}

fn moment(text: &str) -> Option<Moment> {
    if let Ok(at) = text.parse() {
        return Some(Moment::At(at));
    }
    let rest = text.trim().strip_prefix("now")?.trim();
    if rest.is_empty() {
        return Some(Moment::Since(SignedDuration::ZERO));
    }
    duration(rest.strip_prefix('+')?).map(Moment::Since)
}
