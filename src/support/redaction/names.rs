//! Which names are names of secrets. This is the only list; every output is redacted by it.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::decode::{decode, is_encoded};
use super::{base64, numbers, values};

/// Words that mark a name wherever they occur in it. Case is ignored; at a space, separators may stand.
const WORDS: [&str; 33] = [
    "pass word",
    "pass wd",
    "pass phrase",
    "pass code",
    "pass wrd",
    "pwd",
    "pswd",
    "user pass",
    "secret",
    "token",
    "api key",
    "private key",
    "access key",
    "auth key",
    "read key",
    "write key",
    "subscription key",
    "signing key",
    "encryption key",
    "shared key",
    "master key",
    "account key",
    "app key",
    "ssh key",
    "connection string",
    "authorization",
    "cookie",
    "signature",
    "social security",
    "card number",
    "credit card",
    "cvv",
    "security code",
];

/// Words that mark a name only when they stand alone in it, as in `user_pass`, `X-Auth` or `authKey`: inside of other
/// words they are common (`passed`, `author`, `design`).
const WHOLE_WORDS: [&str; 13] =
    ["pass", "auth", "jwt", "sig", "ssn", "pw", "pin", "otp", "totp", "hmac", "bearer", "cvc", "csc"];

/// A name that is secret only as a whole, or as the whole of one part of a nested name (`data[key]`): LeadConduit has
/// many names that end with it.
const WHOLE_NAME: &str = "key";

/// Words that mark the name of a header: bodies have sessions and credentials that are no secrets.
const HEADER_WORDS: [&str; 3] = ["session", "credential", "authentication"];

/// The longest text that counts as a name where a value could stand, in bytes.
const NAME_BYTES_MAX: usize = 100;

fn words() -> String {
    WORDS.join("|").replace(' ', r"[-_.\s]*")
}

/// Alternatives of a pattern for whole words, in all spellings: `a_pass`, `PASS`, `userPass`.
fn whole_words(with_whole_name: bool) -> String {
    let mut words = WHOLE_WORDS.to_vec();
    if with_whole_name {
        words.push(WHOLE_NAME);
    }
    let capitalised = words.iter().map(|word| word[..1].to_ascii_uppercase() + &word[1..]);
    let upper = words.iter().map(|word| word.to_ascii_uppercase());
    let inner = capitalised.chain(upper).collect::<Vec<_>>().join("|");
    format!("(?:^|[^A-Za-z])(?i:{})(?:$|[^a-z])|[a-z0-9](?:{inner})(?:$|[^a-z])", words.join("|"))
}

fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).unicode(false).build().ok()
}

static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(&format!("(?i:{})|{}", words(), whole_words(false))));

/// Everything that can begin a secret: names, escapes that can hide a name, card numbers.
static SUSPICIOUS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let escapes = r"%[0-9A-Fa-f]{2}|\\[uUxX]|&#?[A-Za-z0-9]+;|<!|\+A[C-H][AEIMQUYcgkosw048][A-]";
    let numbers = format!("(?:^|[^0-9A-Za-z])(?:{})(?:$|[^0-9A-Za-z])", numbers::pattern(r"\xE2\x80[\x90-\x95]"));
    let values = format!("{}|{}", values::BEGINNINGS, base64::RUN);
    let headers = format!(r"header\.[-\w]*(?:{}|[-_]key)", HEADER_WORDS.join("|"));
    pattern(&format!("(?i:{}|{headers})|{}|{escapes}|{numbers}|{values}", words(), whole_words(true)))
});

/// False when a text certainly contains no secret but those that are known by their value. It is the fast path: most
/// texts are not looked at closer.
pub(super) fn is_suspicious(text: &[u8]) -> bool {
    // Without a pattern nothing would be redacted, so that everything is suspicious then.
    SUSPICIOUS.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

/// True when a value of this name is a secret. The name may be encoded.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = decode(name);
    // With too many layers of encoding, it can be any name.
    if is_encoded(&name) || NAMES.as_ref().is_none_or(|pattern| pattern.is_match(name.as_bytes())) {
        return true;
    }
    let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'));
    parts.any(|part| {
        let part = part.trim_matches(['-', '_']);
        let part = part.strip_prefix("x-").or_else(|| part.strip_prefix("X-")).unwrap_or(part);
        part.eq_ignore_ascii_case(WHOLE_NAME)
    })
}

/// True when the value of a header is a secret. All headers that end with `-Key` carry one.
#[must_use]
pub fn is_secret_header(name: &str) -> bool {
    if is_ordinary_header(name) {
        return false;
    }
    let has_header_word = || {
        let name = name.to_ascii_lowercase();
        HEADER_WORDS.iter().any(|word| name.contains(word))
    };
    is_secret_name(name)
        || has_header_word()
        || name.rsplit(['-', '_']).next().is_some_and(|last| last.eq_ignore_ascii_case(WHOLE_NAME))
}

/// The headers of most requests and responses, which are decided without a search.
fn is_ordinary_header(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "accept-encoding"
            | "access-control-allow-credentials"
            | "access-control-allow-origin"
            | "access-control-expose-headers"
            | "connection"
            | "content-encoding"
            | "content-length"
            | "content-type"
            | "date"
            | "etag"
            | "host"
            | "origin"
            | "referer"
            | "user-agent"
            | "vary"
            | "x-mock-evidence"
            | "x-mock-operation"
            | "x-mock-request-id"
            | "x-mock-sandbox"
            | "x-mock-scenario"
            | "x-mock-violations"
    )
}

/// What the member is called that holds the name of a pair, alone or at the end (`field_name`).
const NAMING_MEMBERS: [&str; 15] = [
    "name",
    "key",
    "field",
    "header",
    "property",
    "param",
    "parameter",
    "attribute",
    "variable",
    "label",
    "title",
    "id",
    "column",
    "type",
    "lhv",
];

/// The ends of names of secrets that hold a value, not the name of a pair: `api_key`, `token_type`.
const HOLDING_ENDS: [&str; 3] = ["key", "id", "type"];

/// True for the first half of a pair such as `{"name": "password", "value": "..."}`.
pub(super) fn names_secret_of_pair(member: &str, text: &str) -> bool {
    let member = decode(member).trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    let is_naming = matches!(&*member, "n" | "k") || NAMING_MEMBERS.iter().any(|naming| member.ends_with(naming));
    let holds_secret =
        || member != WHOLE_NAME && HOLDING_ENDS.iter().any(|end| member.ends_with(end)) && is_secret_name(&member);
    is_naming && is_only_secret_name(text) && !holds_secret()
}

/// The beginnings of mapped properties whose rest is a name with any characters: `xml_path.login@password`.
const MAPPED_NAMES: [&str; 7] = [
    "form_field.",
    "parameter.",
    "json_property.",
    "xml_path.",
    "extra_parameter.",
    "nested_extra_parameter.",
    "default.custom.",
];

/// How the names of mappings to headers begin.
const MAPPED_HEADER: &str = "header.";

/// True when a text is nothing but the name of a secret.
pub(super) fn is_only_secret_name(text: &str) -> bool {
    let text = decode(text);
    let text = text.trim();
    let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.[]".contains(&b))
        || MAPPED_NAMES.iter().any(|beginning| text.starts_with(beginning));
    text.len() <= NAME_BYTES_MAX && is_name && is_secret_property(text)
}

/// Whether a text is the property that maps a header of a delivery: `header.X-Session`.
pub(super) fn is_mapped_header(text: &str) -> bool {
    text.get(..MAPPED_HEADER.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(MAPPED_HEADER))
}

/// Whether the header is that of a secret.
fn is_mapped_secret_header(text: &str) -> bool {
    is_mapped_header(text) && is_secret_header(&text[MAPPED_HEADER.len()..].to_ascii_lowercase())
}

/// True when a mapping to this property sets a secret.
#[must_use]
pub fn is_secret_property(property: &str) -> bool {
    is_secret_name(property) || is_mapped_secret_header(property)
}

/// True when a text names a secret where a value can stand beside it: `password=`, `"password":`, `<password>`,
/// `name="password"`. Prose that mentions a password is not.
pub(super) fn assigns_secret(text: &str) -> bool {
    if !is_suspicious(text.as_bytes()) {
        return false;
    }
    let text = decode(text);
    if is_table_with_secret(&text) {
        return true;
    }
    find_assignment(&text).is_some()
}

/// Where the name of a secret begins beside which a value can stand, and where that value can begin. The text has no
/// encodings.
pub(super) fn find_assignment(text: &str) -> Option<(usize, usize)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '[' | ']' | '$' | '@');
    let mut rest = text;
    let mut before = None;
    while let Some(start) = rest.find(is_name) {
        before = rest[..start].chars().next_back().or(before);
        let tail = &rest[start..];
        let end = tail.find(|c: char| !is_name(c)).unwrap_or(tail.len());
        let (name, after) = tail.split_at(end);
        let next = after.chars().next();
        let behind = after.trim_start_matches(['"', '\'', '`', '\\', ' ', '\t', '\r', '\n', ')']);
        let is_separated = behind.starts_with(['=', ':', '>']);
        let is_quoted = matches!(before, Some('"' | '\'' | '>')) && matches!(next, Some('"' | '\'' | '<'));
        if (is_separated || is_quoted) && is_secret_name(name) {
            let value = text.len() - if is_separated { behind.len() - 1 } else { after.len() };
            return Some((text.len() - tail.len(), value));
        }
        before = name.chars().next_back();
        rest = after;
    }
    None
}

/// True when a text has several lines, and the first one is a list of names with that of a secret: a CSV file.
fn is_table_with_secret(text: &str) -> bool {
    let is_separator = |c: char| matches!(c, ',' | ';' | '\t' | '|');
    text.trim_start().split_once('\n').is_some_and(|(head, _)| {
        let cell = |cell: &str| is_only_secret_name(cell.trim().trim_matches('"'));
        head.contains(is_separator) && head.split(is_separator).any(cell)
    })
}

/// True when a name itself contains a secret value, as in `?password%3Dx`.
pub(super) fn hides_value(name: &str) -> bool {
    let decoded: Cow<'_, str> = decode(name);
    decoded.contains(['=', ':', '<', '{']) && assigns_secret(name)
}
