//! What one value must be: `WireMock`'s value matchers, one row of [`KINDS`] each. The same row reads the pattern,
//! matches and weighs ([`Matcher::judge`], [`Matcher::distance`]) and gives the words.

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use super::json::{self, Comparison, Extra, Order};
use super::read::{Reader, key};
use super::shown;
use crate::contract::schema::Check;
use contract_files::yaml::nearest;

/// The longest path, and how many parts of it may search everywhere, filter, or stand in round brackets: their work
/// multiplies, in the parser too, which tries several readings of each.
const PATH_CHARS_MAX: usize = 500;
const PATH_SEARCHES_MAX: usize = 2;
const PATH_FILTERS_MAX: usize = 3;
const PATH_BRACKETS_MAX: usize = 6;

/// How deep matchers may stand in one another.
const DEPTH_MAX: usize = 16;

/// How much of two texts is compared to say how alike they are.
const LIKENESS_CHARS_MAX: usize = 100;

/// What a pattern looks at.
#[derive(Clone, Debug)]
pub(super) enum Seen<'a> {
    /// It is not there.
    Nothing,
    /// All of it.
    Text(&'a str),
    /// The beginning of something longer: of much it cannot be said whether it fits.
    Cut(&'a str, usize),
}

/// Whether a value is as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Fits,
    Differs,
    /// Too little of the value was kept.
    Unknown,
}

impl From<bool> for Judgement {
    fn from(fits: bool) -> Self {
        if fits { Self::Fits } else { Self::Differs }
    }
}

/// Whether case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Kept,
    Ignored,
}

/// What one value must be.
#[derive(Debug)]
pub(super) enum Matcher {
    Equal(String, Case),
    Contains(String),
    Matches(Regex, String),
    Absent,
    Json { wanted: Value, order: Order, extra: Extra },
    Path { path: Box<JsonPath>, text: String, then: Option<Box<Matcher>> },
    Schema(Box<Check>),
    Not(Box<Matcher>),
    All(Vec<Matcher>),
    Any(Vec<Matcher>),
}

/// A row: the key, the options that may stand beside it, how it is read.
struct Kind {
    name: &'static str,
    options: &'static [&'static str],
    read: fn(&Value, &Map<String, Value>, &mut Reader<'_>) -> Option<Matcher>,
}

const KINDS: [Kind; 12] = [
    Kind { name: "equalTo", options: &["caseInsensitive"], read: equal },
    Kind { name: "contains", options: &[], read: |value, _, to| Some(Matcher::Contains(text(value, to)?)) },
    Kind {
        name: "doesNotContain",
        options: &[],
        read: |value, _, to| Some(Matcher::Not(Box::new(Matcher::Contains(text(value, to)?)))),
    },
    Kind { name: "matches", options: &[], read: |value, _, to| regular(value, to) },
    Kind { name: "doesNotMatch", options: &[], read: |value, _, to| Some(Matcher::Not(Box::new(regular(value, to)?))) },
    Kind { name: "absent", options: &[], read: absent },
    Kind { name: "equalToJson", options: &["ignoreArrayOrder", "ignoreExtraElements"], read: equal_json },
    Kind { name: "matchesJsonPath", options: &[], read: json_path },
    Kind { name: "matchesJsonSchema", options: &["schemaVersion"], read: json_schema },
    Kind { name: "not", options: &[], read: |value, _, to| Some(Matcher::Not(Box::new(read(value, to)?))) },
    Kind { name: "and", options: &[], read: |value, _, to| Some(Matcher::All(list(value, to)?)) },
    Kind { name: "or", options: &[], read: |value, _, to| Some(Matcher::Any(list(value, to)?)) },
];

/// Matchers of `WireMock`'s that make no sense of JSON, or that nobody has asked for yet.
const OTHERS: [&str; 13] = [
    "equalToXml",
    "matchesXPath",
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

/// The names of all matchers.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// Reads one matcher: a map, or a text that the value must equal.
pub(super) fn read(value: &Value, to: &mut Reader<'_>) -> Option<Matcher> {
    if to.depth > DEPTH_MAX {
        return to.wrong(format!("matchers stand in one another {DEPTH_MAX} deep at most"));
    }
    let object = match value {
        Value::Object(object) => object,
        Value::String(_) | Value::Number(_) | Value::Bool(_) => {
            return Some(Matcher::Equal(text(value, to)?, Case::Kept));
        }
        _ => return to.wrong("a matcher is a map; write one such as {\"equalTo\": \"...\"}"),
    };
    let mut kinds = KINDS.iter().filter(|kind| object.contains_key(kind.name));
    let kind = kinds.next();
    let options = kind.map_or(&[] as &[&str], |kind| kind.options);
    let mut good = true;
    for name in object.keys().filter(|name| kind.is_none_or(|kind| kind.name != **name)) {
        if options.contains(&name.as_str()) {
            continue;
        }
        good = false;
        let message = if let (Some(kind), true) = (kind, names().any(|known| known == name)) {
            format!("`{name}` stands beside `{}`: write {{\"and\": [{{...}}, {{...}}]}} for both", kind.name)
        } else if OTHERS.contains(&name.as_str()) {
            format!("the mock does not know WireMock's `{name}`; it knows {}", names().collect::<Vec<_>>().join(", "))
        } else {
            match nearest(name, names().chain(options.iter().copied())) {
                Some(near) => format!("there is no matcher `{}`; did you mean `{near}`?", shown(name)),
                None => {
                    format!(
                        "there is no matcher `{}`; write one of {}",
                        shown(name),
                        names().collect::<Vec<_>>().join(", ")
                    )
                }
            }
        };
        to.at(&key(name), |to| to.wrong::<()>(message));
    }
    let Some(kind) = kind else {
        if good {
            to.wrong::<()>(format!("this asks for nothing; write one of {}", names().collect::<Vec<_>>().join(", ")));
        }
        return None;
    };
    to.at(kind.name, |to| (kind.read)(object.get(kind.name)?, object, to)).filter(|_| good)
}

/// Reads a list of matchers.
pub(super) fn list(value: &Value, to: &mut Reader<'_>) -> Option<Vec<Matcher>> {
    let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
        return to.wrong("this is a list of matchers, with one at least");
    };
    let read: Vec<Option<Matcher>> =
        items.iter().enumerate().map(|(at, item)| to.at(&at.to_string(), |to| read(item, to))).collect();
    read.into_iter().collect()
}

fn text(value: &Value, to: &mut Reader<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => to.wrong("this is text; JSON is compared with `equalToJson`"),
    }
}

/// An option, which is false unless it is said.
fn option(name: &str, object: &Map<String, Value>, to: &mut Reader<'_>) -> Option<bool> {
    match object.get(name) {
        None => Some(false),
        Some(Value::Bool(value)) => Some(*value),
        Some(_) => to.beside(name, |to| to.wrong(format!("`{name}` is true or false"))),
    }
}

fn equal(value: &Value, object: &Map<String, Value>, to: &mut Reader<'_>) -> Option<Matcher> {
    let case = if option("caseInsensitive", object, to)? { Case::Ignored } else { Case::Kept };
    Some(Matcher::Equal(text(value, to)?, case))
}

fn absent(value: &Value, _: &Map<String, Value>, to: &mut Reader<'_>) -> Option<Matcher> {
    match value {
        Value::Bool(true) | Value::String(_) => Some(Matcher::Absent),
        Value::Bool(false) => Some(Matcher::Not(Box::new(Matcher::Absent))),
        _ => to.wrong("`absent` is true or false"),
    }
}

/// A regular expression for a whole value. As in `WireMock`, a dot stands for the end of a line too.
pub(super) fn whole(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).dot_matches_new_line(true).build();
    built.map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("`{}` is no regular expression: {last}", shown(pattern))
    })
}

fn regular(value: &Value, to: &mut Reader<'_>) -> Option<Matcher> {
    let pattern = text(value, to)?;
    match whole(&pattern) {
        Ok(regex) => Some(Matcher::Matches(regex, pattern)),
        Err(message) => to.wrong(message),
    }
}

/// JSON, or JSON in a text as `WireMock`'s clients send it.
fn parsed(value: &Value, to: &mut Reader<'_>) -> Option<Value> {
    let Value::String(text) = value else { return Some(value.clone()) };
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            to.wrong(format!("the text is not JSON ({error}); write the JSON itself, or a text that holds it"))
        }
    }
}

fn equal_json(value: &Value, object: &Map<String, Value>, to: &mut Reader<'_>) -> Option<Matcher> {
    let order = if option("ignoreArrayOrder", object, to)? { Order::Any } else { Order::Kept };
    let extra = if option("ignoreExtraElements", object, to)? { Extra::Ignored } else { Extra::Refused };
    let wanted = parsed(value, to)?;
    if order == Order::Any && json::longest_list(&wanted) > json::UNORDERED_MAX {
        return to.wrong(format!("lists in any order have {} items at most", json::UNORDERED_MAX));
    }
    if let Some(unknown) = json::unknown_placeholder(&wanted) {
        let known = json::placeholders().join(", ");
        return to.wrong(format!("the placeholder `{}` is not known; there are {known}", shown(unknown)));
    }
    Some(Matcher::Json { wanted, order, extra })
}

fn json_path(value: &Value, _: &Map<String, Value>, to: &mut Reader<'_>) -> Option<Matcher> {
    let Value::Object(object) = value else { return path(value, None, to) };
    let Some(expression) = object.get("expression") else {
        return to.wrong("`expression` is missing; write {\"expression\": \"$.name\", \"equalTo\": \"...\"}");
    };
    let mut rest = object.clone();
    rest.remove("expression");
    let then = if rest.is_empty() { None } else { Some(Box::new(read(&Value::Object(rest), to)?)) };
    to.at("expression", |to| path(expression, then, to))
}

fn path(value: &Value, then: Option<Box<Matcher>>, to: &mut Reader<'_>) -> Option<Matcher> {
    let Value::String(text) = value else {
        return to.wrong("a JSONPath is text such as `$.name`, or a map with an `expression`");
    };
    let much = text.chars().count() > PATH_CHARS_MAX
        || text.matches("..").count() > PATH_SEARCHES_MAX
        || text.matches('?').count() > PATH_FILTERS_MAX
        || text.matches('(').count() > PATH_BRACKETS_MAX;
    if much {
        return to.wrong(format!(
            "the path asks for too much: it has {PATH_CHARS_MAX} letters, {PATH_SEARCHES_MAX} `..`, \
             {PATH_FILTERS_MAX} filters and {PATH_BRACKETS_MAX} round brackets at most"
        ));
    }
    match JsonPath::parse(text) {
        Ok(path) => Some(Matcher::Path { path: Box::new(path), text: text.clone(), then }),
        Err(error) => to.wrong(format!("`{}` is no JSONPath (RFC 9535): {error}", shown(text))),
    }
}

fn json_schema(value: &Value, _: &Map<String, Value>, to: &mut Reader<'_>) -> Option<Matcher> {
    let schema = parsed(value, to)?;
    match Check::alone(&schema) {
        Ok(check) => Some(Matcher::Schema(Box::new(check))),
        Err((_, message)) => to.wrong(format!("this is no JSON Schema: {message}")),
    }
}

impl Matcher {
    /// Whether a value is as it must be.
    pub(super) fn judge(&self, seen: &Seen<'_>) -> Judgement {
        match self {
            Self::Not(inner) => match inner.judge(seen) {
                Judgement::Fits => Judgement::Differs,
                Judgement::Differs => Judgement::Fits,
                Judgement::Unknown => Judgement::Unknown,
            },
            Self::All(all) => all.iter().map(|one| one.judge(seen)).fold(Judgement::Fits, worse),
            Self::Any(any) => any.iter().map(|one| one.judge(seen)).fold(Judgement::Differs, better),
            Self::Absent => matches!(seen, Seen::Nothing).into(),
            Self::Contains(part) if matches!(seen, Seen::Cut(kept, _) if kept.contains(part)) => Judgement::Fits,
            _ => match seen {
                Seen::Nothing => Judgement::Differs,
                Seen::Cut(..) => Judgement::Unknown,
                Seen::Text(text) => self.fits(text).into(),
            },
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Equal(wanted, Case::Kept) => wanted == text,
            Self::Equal(wanted, Case::Ignored) => wanted.to_lowercase() == text.to_lowercase(),
            Self::Contains(part) => text.contains(part),
            Self::Matches(regex, _) => regex.is_match(text),
            Self::Json { .. } => self.compared(text).is_some_and(|comparison| comparison.wrong == 0),
            Self::Schema(check) => serde_json::from_str(text).is_ok_and(|value| check.accepts(&value)),
            Self::Path { path, then, .. } => {
                serde_json::from_str(text).is_ok_and(|value| leads(path, then.as_deref(), &value))
            }
            // Said by `judge`.
            Self::Absent | Self::Not(_) | Self::All(_) | Self::Any(_) => {
                self.judge(&Seen::Text(text)) == Judgement::Fits
            }
        }
    }

    /// Whether it reads JSON, and so takes a list as one value.
    fn reads_json(&self) -> bool {
        match self {
            Self::Json { .. } | Self::Path { .. } | Self::Schema(_) => true,
            Self::Not(inner) => inner.reads_json(),
            Self::All(list) | Self::Any(list) => list.iter().any(Self::reads_json),
            Self::Equal(..) | Self::Contains(_) | Self::Matches(..) | Self::Absent => false,
        }
    }

    fn compared(&self, text: &str) -> Option<Comparison> {
        let Self::Json { wanted, order, extra } = self else { return None };
        Some(json::compare(wanted, &serde_json::from_str(text).ok()?, *order, *extra))
    }

    /// How far a value is from what it must be, from 0 to 1.
    pub(super) fn distance(&self, seen: &Seen<'_>) -> f64 {
        if self.judge(seen) == Judgement::Fits {
            return 0.0;
        }
        let (Seen::Text(text) | Seen::Cut(text, _)) = seen else { return 1.0 };
        match self {
            Self::Equal(wanted, _) => 1.0 - likeness(wanted, text),
            Self::Json { .. } => self.compared(text).map_or(1.0, |comparison| comparison.distance()),
            Self::All(all) => {
                let sum: f64 = all.iter().map(|one| one.distance(seen)).sum();
                sum / f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX).max(1))
            }
            Self::Any(any) => any.iter().map(|one| one.distance(seen)).fold(1.0, f64::min),
            _ => 1.0,
        }
        // What does not fit is never quite there, whatever the letters say.
        .clamp(0.01, 1.0)
    }

    /// What it asks for, in words that follow "wanted".
    pub(super) fn words(&self) -> String {
        let join = |list: &[Matcher], word: &str| list.iter().map(Self::words).collect::<Vec<_>>().join(word);
        match self {
            Self::Equal(text, Case::Kept) => format!("`{}`", shown(text)),
            Self::Equal(text, Case::Ignored) => format!("`{}` in any case", shown(text)),
            Self::Contains(part) => format!("something with `{}` in it", shown(part)),
            Self::Matches(_, pattern) => format!("something like `{}`", shown(pattern)),
            Self::Absent => "nothing".to_owned(),
            Self::Json { wanted, order, extra } => {
                let order = if *order == Order::Any { ", lists in any order" } else { "" };
                let extra = if *extra == Extra::Ignored { ", and perhaps more" } else { "" };
                format!("the JSON {}{order}{extra}", json::shown(wanted))
            }
            Self::Path { text, then: None, .. } => format!("JSON with something at {}", shown(text)),
            Self::Path { text, then: Some(then), .. } => format!("JSON that has at {} {}", shown(text), then.words()),
            Self::Schema(_) => "JSON that keeps the schema".to_owned(),
            Self::Not(inner) if matches!(**inner, Self::Absent) => "anything".to_owned(),
            Self::Not(inner) => format!("not {}", inner.words()),
            Self::All(all) => join(all, " and "),
            Self::Any(any) => join(any, " or "),
        }
    }

    /// What there is in its place, in words that follow "found".
    pub(super) fn found(&self, seen: &Seen<'_>) -> String {
        let text = match seen {
            Seen::Nothing => return "nothing".to_owned(),
            Seen::Cut(kept, length) => {
                return format!("{length} bytes, of which the journal kept only {}: it cannot be compared", kept.len());
            }
            Seen::Text(text) => text,
        };
        let json = serde_json::from_str::<Value>(text);
        match (self, json) {
            (Self::Json { .. } | Self::Path { .. } | Self::Schema(_), Err(_)) => {
                format!("`{}`, which is not JSON", shown(text))
            }
            (Self::Json { .. }, Ok(value)) => {
                let told = self.compared(text).map(|comparison| comparison.told.join("; ")).unwrap_or_default();
                format!("{}: {told}", json::shown(&value))
            }
            (Self::Schema(check), Ok(value)) => {
                let broken = check.explain("", &value);
                let told: Vec<&str> = broken.iter().take(5).map(|one| one.message.as_str()).collect();
                format!("{}: {}", json::shown(&value), told.join("; "))
            }
            (Self::Path { path, text, .. }, Ok(value)) => {
                let nodes: Vec<String> = path.query(&value).all().into_iter().take(5).map(json::shown).collect();
                match nodes.as_slice() {
                    [] => format!("nothing at {}, in {}", shown(text), json::shown(&value)),
                    nodes => format!("{} at {}", nodes.join(", "), shown(text)),
                }
            }
            (Self::All(all), _) => {
                let wrong = all.iter().find(|one| one.judge(seen) != Judgement::Fits);
                wrong.map_or_else(|| format!("`{}`", shown(text)), |wrong| wrong.found(seen))
            }
            _ => format!("`{}`", shown(text)),
        }
    }
}

/// How alike two texts are, by their beginnings: the work grows with the square of their length.
fn likeness(a: &str, b: &str) -> f64 {
    let beginning = |text: &str| text.chars().take(LIKENESS_CHARS_MAX).collect::<String>();
    strsim::normalized_levenshtein(&beginning(a), &beginning(b))
}

/// Whether a path leads to something, and to something that fits. Of a list it is enough that one item does.
fn leads(path: &JsonPath, then: Option<&Matcher>, value: &Value) -> bool {
    let nodes = path.query(value).all();
    let Some(then) = then else {
        return nodes.into_iter().any(|node| match node {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(object) => !object.is_empty(),
            _ => true,
        });
    };
    if nodes.is_empty() {
        return then.judge(&Seen::Nothing) == Judgement::Fits;
    }
    nodes.into_iter().any(|node| match node {
        Value::Array(items) if !then.reads_json() && !items.is_empty() => {
            items.iter().any(|item| fits_value(then, item))
        }
        _ => fits_value(then, node),
    })
}

fn fits_value(matcher: &Matcher, value: &Value) -> bool {
    let text = match value {
        Value::Null if !matcher.reads_json() => return matcher.judge(&Seen::Nothing) == Judgement::Fits,
        Value::String(text) if !matcher.reads_json() => text.clone(),
        _ => value.to_string(),
    };
    matcher.judge(&Seen::Text(&text)) == Judgement::Fits
}

fn worse(a: Judgement, b: Judgement) -> Judgement {
    match (a, b) {
        (Judgement::Differs, _) | (_, Judgement::Differs) => Judgement::Differs,
        (Judgement::Unknown, _) | (_, Judgement::Unknown) => Judgement::Unknown,
        _ => Judgement::Fits,
    }
}

fn better(a: Judgement, b: Judgement) -> Judgement {
    match (a, b) {
        (Judgement::Fits, _) | (_, Judgement::Fits) => Judgement::Fits,
        (Judgement::Unknown, _) | (_, Judgement::Unknown) => Judgement::Unknown,
        _ => Judgement::Differs,
    }
}
