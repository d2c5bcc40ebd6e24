//! Values of fields by their type: what LeadConduit makes of a text that was submitted.
//!
//! A value with a type is an object: `raw` as it was sent, its `normal` form, whether it is `valid`, then the components
//! that the type declares, null where a component has no value. What cannot be read keeps its text and nothing more:
//! `{raw, normal, valid: false}`. The texts of `string`, `city`, `last_name` and `first_name` stay texts.
//!
//! The documentation names the types, their components and some forms; the vendor's public type library shows the rest
//! (observed). What neither settles is settled thus:
//! - `raw` is what was sent, as the documentation has it. The library takes a phone's hint (`m` for mobile) from it.
//! - `boolean` and `number` are objects too, as the documentation says, though `/types` names no components for them. A
//!   boolean that cannot be read is `normal: false`, a number that cannot is `normal: null`, both not valid (observed).
//! - `ssn` and `credential` are never stored (documented). They leave here masked, star for character, as the library
//!   masks them; only whether they were valid remains.
//! - A certificate is valid for 90 days (observed), but its id is encrypted and nobody but its maker can read its age. So
//!   the form decides.
//!
//! Reading what was read gives the same again: `raw` is all that a value is made of, but for an age, which follows the
//! clock.

mod dates;
mod email;
mod numbers;
mod phone;
mod postal_code;
mod secrets;
mod state;
mod web;
mod words;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::support::clock::Timestamp;
use crate::support::document;

/// No type but the plain ones can read a longer text. It bounds the work on each.
const LENGTH_BYTES_MAX: usize = 4096;

/// The components of each type after `raw`, in the order of `/types`.
const COMPONENTS: [(&str, &[&str]); 15] = [
    ("date", &[]),
    ("dob", &["age", "year"]),
    ("email", &["user", "domain", "host", "tld", "is_free", "is_disposable"]),
    ("first_name", &[]),
    ("gender", &["abbr"]),
    ("ip", &["isIpv4", "mapToIpv6"]),
    ("phone", &["area", "exchange", "line", "number", "extension", "country_code", "type", "is_tollfree"]),
    ("postal_code", &["country_code", "zip", "four", "fsa", "ldu", "outcode", "incode"]),
    ("range", &["mid", "max", "min", "avg"]),
    ("ssn", &["first_three", "middle_two", "last_four"]),
    ("state", &["name"]),
    ("street", &["number", "name"]),
    ("time", &[]),
    ("trustedform_url", &["type", "cert_id", "is_masked", "is_web", "is_mobile", "is_facebook", "host", "path"]),
    ("url", &["protocol", "host", "port", "path", "query", "hash"]),
];

/// What a type has read in a text.
struct Read {
    normal: Value,
    components: Vec<(&'static str, Value)>,
}

impl Read {
    fn new(normal: impl Into<Value>) -> Self {
        Self { normal: normal.into(), components: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.components.push((name, value.into()));
        self
    }
}

/// What LeadConduit makes of a submitted value for a field of a type. Of a list it is made of each item; an object, which
/// has a type already, and null stay as they are. A type that is not known is `string`.
///
/// ```
/// use leadconduit_mock::types::typed;
/// let gender = typed("gender", &serde_json::json!("F"), leadconduit_mock::world::clock::Timestamp::UNIX_EPOCH);
/// assert_eq!(gender, serde_json::json!({"raw": "F", "normal": "female", "valid": true, "abbr": "F"}));
/// ```
#[must_use]
pub fn typed(kind: &str, raw: &Value, now: Timestamp) -> Value {
    let text = match raw {
        Value::Null | Value::Object(_) => return raw.clone(),
        Value::Array(items) => return items.iter().map(|item| typed(kind, item, now)).collect(),
        raw => crate::leadconduit::values::text(raw).unwrap_or_default(),
    };
    match kind {
        "boolean" => match words::boolean(&text) {
            Some(flag) => object(kind, raw.clone(), Read::new(flag)),
            None => refused(raw, &Value::Bool(false)),
        },
        "number" => match raw.as_f64().or_else(|| numbers::number(&text)) {
            Some(number) => object(kind, raw.clone(), Read::new(document::number(number))),
            None => refused(raw, &Value::Null),
        },
        "ssn" | "credential" => {
            let masked = Value::from(if kind == "ssn" { secrets::mask_ssn(&text) } else { secrets::mask(&text) });
            match read(kind, &text, now) {
                Some(read) => object(kind, masked, read),
                None => refused(&masked, &masked),
            }
        }
        // A name that was sent as anything but a text is no name (observed).
        "first_name" if !raw.is_string() => refused(raw, &text.into()),
        kind if is_typed(kind) => match read(kind, &text, now) {
            Some(read) => object(kind, text.into(), read),
            None => {
                let text = Value::from(text);
                refused(&text, &text)
            }
        },
        _ => text.into(),
    }
}

/// Whether a text is a valid value of a type. Every text is a valid `string`, `city` or name.
#[must_use]
pub fn is_valid(kind: &str, text: &str) -> bool {
    match kind {
        "boolean" => words::boolean(text).is_some(),
        "number" => numbers::number(text).is_some(),
        // The clock says how old somebody is, never whether a date is one.
        kind if is_typed(kind) => read(kind, text, Timestamp::UNIX_EPOCH).is_some(),
        _ => true,
    }
}

/// Yes or no, as a `boolean` reads it.
pub(crate) fn truth(text: &str) -> Option<bool> {
    words::boolean(text)
}

/// The moment that a text names as a date or a time: for those who write dates in other forms.
pub(crate) fn moment_of(text: &str) -> Option<Timestamp> {
    dates::moment_of(text)
}

/// Whether values of the type are objects.
fn is_typed(kind: &str) -> bool {
    kind == "credential" || (kind != "first_name" && COMPONENTS.iter().any(|(name, _)| *name == kind))
}

fn read(kind: &str, text: &str, now: Timestamp) -> Option<Read> {
    if kind == "credential" {
        return Some(Read::new(secrets::mask(text)));
    }
    if text.len() > LENGTH_BYTES_MAX {
        // Any text may be the name of a state.
        return (kind == "state").then(|| Read::new(text).with("name", text));
    }
    match kind {
        "date" => dates::date(text),
        "dob" => dates::dob(text, now),
        "email" => email::email(text),
        "gender" => words::gender(text),
        "ip" => web::ip(text),
        "phone" => phone::phone(text),
        "postal_code" => postal_code::postal_code(text),
        "range" => numbers::range(text),
        "ssn" => secrets::ssn(text),
        "state" => Some(state::state(text)),
        "street" => words::street(text),
        "time" => dates::time(text, now),
        "trustedform_url" => web::trustedform_url(text),
        "url" => web::url(text),
        _ => None,
    }
}

/// A value that was read, with all components of its type.
fn object(kind: &str, raw: Value, read: Read) -> Value {
    let names = COMPONENTS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, names)| names);
    let mut object = Map::with_capacity(3 + names.len());
    object.insert("raw".to_owned(), raw);
    object.insert("normal".to_owned(), read.normal);
    object.insert("valid".to_owned(), Value::Bool(true));
    for name in names {
        object.insert((*name).to_owned(), Value::Null);
    }
    for (name, value) in read.components {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

fn refused(raw: &Value, normal: &Value) -> Value {
    serde_json::json!({"raw": raw, "normal": normal, "valid": false})
}
