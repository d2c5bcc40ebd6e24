//! A violation: one way in which a request or a response breaks the contract.

use std::fmt::Write as _;

use serde::Serialize;

/// The code of a lead parameter that no field of the flow collects. It breaks no contract: LeadConduit drops it. Reports
/// count it as undocumented.
pub const NOT_COLLECTED: &str = "not_collected";

/// The code of the last entry of a list of violations that is too long: its message counts the others.
pub const TRUNCATED: &str = "truncated";

/// The code of a credential's package that is not among the known ones. It breaks no contract: the vendor's own sample has
/// such a name.
pub const UNKNOWN_PACKAGE: &str = "unknown_package";

/// The code of a preference in `Prefer` that is probably misspelt. It breaks no contract: unknown ones are ignored.
pub const UNKNOWN_PREFERENCE: &str = "unknown_preference";

/// One way in which a request or a response breaks the contract; or, with the code [`NOT_COLLECTED`],
/// [`UNKNOWN_PACKAGE`] or [`UNKNOWN_PREFERENCE`], a finding that breaks none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// RFC 6901 pointer into the message as one document: `/body/...`, `/query/...`, `/path/...`, `/headers/...`.
    pub location: String,
    /// The violated schema keyword, such as `required`, `type` or `pattern`.
    pub code: String,
    /// The message; it begins with the name of the value.
    pub message: String,
    /// The status with which a strict server rejects the request; `None` when the violation is only reported.
    #[serde(skip)]
    pub rejected_with: Option<u16>,
}

impl Violation {
    /// A violation for which a strict server rejects the request with `status`.
    #[must_use]
    pub fn rejected(status: u16, location: &str, code: &str, message: impl Into<String>) -> Self {
        Self {
            location: location.to_owned(),
            code: code.to_owned(),
            message: message.into(),
            rejected_with: Some(status),
        }
    }

    /// Whether it breaks the contract. Findings that do not are shown, but count as no violation.
    #[must_use]
    pub fn breaks_contract(&self) -> bool {
        breaks_contract(&self.code)
    }

    /// A violation that is reported only; the request is served.
    #[must_use]
    pub fn reported(location: &str, code: &str, message: impl Into<String>) -> Self {
        Self { location: location.to_owned(), code: code.to_owned(), message: message.into(), rejected_with: None }
    }
}

/// The codes of findings, which break no contract. The console has the same list.
pub const FINDINGS: [&str; 3] = [NOT_COLLECTED, UNKNOWN_PACKAGE, UNKNOWN_PREFERENCE];

/// Whether a violation with this code breaks the contract; otherwise it is a finding.
#[must_use]
pub fn breaks_contract(code: &str) -> bool {
    !FINDINGS.contains(&code)
}

/// Space for the last entry, which counts the omitted violations, and for the brackets.
const TRUNCATED_BYTES_MAX: usize = 80;

/// The value of `X-Mock-Violations`: a JSON array in ASCII, at most `bytes_max` long.
#[must_use]
pub fn violations_header(violations: &[Violation], bytes_max: usize) -> String {
    let mut text = String::with_capacity(256);
    text.push('[');
    for (index, violation) in violations.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let start = text.len();
        let Violation { location, code, message, rejected_with: _ } = violation;
        for (name, value) in [("{\"location\":", location), (",\"code\":", code), (",\"message\":", message)] {
            text.push_str(name);
            push_json_text(&mut text, value);
        }
        text.push('}');
        if text.len() + TRUNCATED_BYTES_MAX > bytes_max {
            text.truncate(start);
            let omitted = violations.len() - index;
            let _ = write!(text, r#"{{"location":"","code":"{TRUNCATED}","message":"{omitted} more"}}"#);
            break;
        }
    }
    text.push(']');
    text
}

/// A text as JSON in ASCII.
fn push_json_text(text: &mut String, value: &str) {
    // Most texts need no escapes.
    if value.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&escape_non_ascii(&serde_json::to_string(value).unwrap_or_default()));
    }
}

/// Escapes all characters of a JSON text that a header cannot carry.
fn escape_non_ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if (' '..='~').contains(&character) {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_header_is_ascii_and_bounded() {
        let violations: Vec<Violation> =
            (0..100).map(|n| Violation::rejected(400, &format!("/body/{n}"), "type", "größer \u{1F600}")).collect();
        let one = [Violation::rejected(400, "/body/\"\\", "type", "a\tb\u{7f}\u{e9}")];
        let entry = escape_non_ascii(&serde_json::to_string(&one).unwrap());
        assert_eq!(violations_header(&one, 500), entry);
        let text = violations_header(&violations, 500);
        assert!(text.len() <= 500 && text.is_ascii(), "{text}");
        let parsed: Vec<Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed[0]["message"], "größer \u{1F600}");
        assert_eq!(parsed.last().unwrap()["code"], "truncated");
        assert_eq!(violations_header(&violations[..1], 4096).matches("location").count(), 1);
    }
}
