//! Paths with dots into a JSON document. The modules use two libraries for them, which differ.

use serde_json::Value;

/// The most values that a path selects.
const VALUES_MAX: usize = 10_000;

/// The value at a path such as `a.b`, `a[0].b` or `a.length`: where the outcome is searched for.
pub(super) fn get<'v>(document: &'v Value, path: &str) -> Option<Found<'v>> {
    if let Some(value) = document.get(path) {
        return Some(Found::Value(value));
    }
    let mut found = Found::Value(document);
    for part in lodash_parts(path) {
        found = found.member(&part)?;
    }
    Some(found)
}

/// What a path leads to: a value of the document, the length of one, or a character of a text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'v> {
    Value(&'v Value),
    Length(usize),
    Character(char),
}

impl Found<'_> {
    fn member(self, part: &str) -> Option<Self> {
        let value = match self {
            Self::Value(value) => value,
            // A character is a text of one character.
            Self::Character(_) if part == "0" => return Some(self),
            Self::Character(_) if part == "length" => return Some(Self::Length(1)),
            Self::Character(_) | Self::Length(_) => return None,
        };
        match value {
            Value::Object(object) => object.get(part).map(Self::Value),
            Value::Array(items) if part == "length" => Some(Self::Length(items.len())),
            Value::Array(items) => index(part).and_then(|index| items.get(index)).map(Self::Value),
            Value::String(text) if part == "length" => Some(Self::Length(text.encode_utf16().count())),
            Value::String(text) => {
                let unit = index(part).and_then(|index| text.encode_utf16().nth(index))?;
                // Half of a character has no UTF-8.
                Some(Self::Character(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER)))
            }
            _ => None,
        }
    }
}

/// The index that a part is, as a list has it: `0`, not `00`.
fn index(part: &str) -> Option<usize> {
    part.parse::<usize>().ok().filter(|index| index.to_string() == part)
}

/// The parts of a path: names between dots, and names and indices in brackets.
fn lodash_parts(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = path;
    if rest.starts_with('.') {
        parts.push(String::new());
    }
    while let Some(c) = rest.chars().next() {
        match c {
            '.' => {
                rest = &rest[1..];
                if rest.is_empty() || rest.starts_with('.') {
                    parts.push(String::new());
                }
            }
            '[' => match bracket(rest) {
                Some((part, after)) => {
                    parts.push(part);
                    rest = after;
                }
                None => rest = &rest[1..],
            },
            ']' => rest = &rest[1..],
            _ => {
                let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
                parts.push(rest[..end].to_owned());
                rest = &rest[end..];
            }
        }
    }
    parts
}

/// A number or a quoted name in brackets, and the text behind it.
fn bracket(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('[')?;
    let quote = inner.chars().next()?;
    if quote == '"' || quote == '\'' {
        let end = inner[1..].find(quote)? + 1;
        let after = inner[end + 1..].strip_prefix(']')?;
        return Some((inner[1..end].to_owned(), after));
    }
    let end = inner.find(']')?;
    let is_number = inner[..end].trim_start_matches('-').parse::<f64>().is_ok_and(f64::is_finite);
    is_number.then(|| (inner[..end].to_owned(), &inner[end + 1..]))
}

/// The value at a path such as `a.*.b`, where `*` stands for every member: reasons, prices and references. With `*` it
/// is the list of all values.
pub(super) fn select(document: &Value, path: &str) -> Option<Value> {
    let mut values = vec![document];
    let mut has_wildcard = false;
    for part in wildcard_parts(path) {
        has_wildcard |= part == "*";
        values = values.into_iter().flat_map(|value| members(value, &part)).take(VALUES_MAX).collect();
        if values.is_empty() {
            return None;
        }
    }
    if has_wildcard {
        return Some(values.into_iter().cloned().collect());
    }
    values.first().copied().cloned()
}

fn members<'v>(value: &'v Value, part: &str) -> Vec<&'v Value> {
    match value {
        Value::Object(object) if part == "*" => object.values().collect(),
        Value::Array(items) if part == "*" => items.iter().collect(),
        Value::Object(object) => object.get(part).into_iter().collect(),
        Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The parts of a path: names between dots, and names and indices in brackets. A dot behind a backslash is part of a name.
fn wildcard_parts(path: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut begun: Option<String> = None;
    for token in path.split('.') {
        let joined = begun.take().map_or_else(|| token.to_owned(), |before| format!("{before}.{token}"));
        match joined.strip_suffix('\\') {
            Some(before) => begun = Some(before.to_owned()),
            None => names.push(joined),
        }
    }
    let mut parts = Vec::new();
    for name in names {
        let mut rest = name.as_str();
        while !rest.is_empty() {
            if let Some((part, after)) = bracket(rest) {
                parts.push(part);
                rest = after;
            } else if rest.starts_with(['[', ']']) {
                rest = &rest[1..];
            } else {
                let end = rest.find(['[', ']']).unwrap_or(rest.len());
                parts.push(rest[..end].to_owned());
                rest = &rest[end..];
            }
        }
    }
    parts
}
