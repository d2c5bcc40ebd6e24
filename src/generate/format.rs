//! Formats of strings: generation and validation.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Timestamp, ValueGenerator};
use crate::support::clock::format_timestamp;

/// Domains that are reserved for examples.
pub(super) const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

/// True if `text` has the format. Unknown formats are annotations, as in JSON Schema.
pub(super) fn is_valid(format: &str, text: &str) -> bool {
    let is_date = |text: &str| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    match format {
        "date-time" => text.get(10..11) == Some("T") && text.parse::<Timestamp>().is_ok(),
        "date" => is_date(text),
        "time" => format!("1970-01-01T{text}").parse::<Timestamp>().is_ok(),
        "email" => is_email(text),
        "uri" => is_uri(text),
        "uri-reference" => !text.contains(|c: char| c.is_whitespace() || "\"<>\\^`{|}".contains(c)),
        "uuid" => is_uuid(text),
        "hostname" => is_host(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        _ => true,
    }
}

/// True if an example contains no e-mail address or URL outside the domains that are reserved for examples.
pub(super) fn is_safe_example(text: &str) -> bool {
    let is_address = text.contains('@') || text.contains("://");
    !is_address || DOMAINS.iter().any(|domain| text.contains(domain))
}

/// True for a plain e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    let is_mailbox = |c: char| c.is_ascii_alphanumeric() || ".+-_".contains(c);
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !name.starts_with('.')
            && !name.ends_with('.')
            && name.chars().all(is_mailbox)
            && is_host(host)
    })
}

/// True for an absolute URI.
pub(super) fn is_uri(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let is_invalid = |c: char| c.is_whitespace() || !c.is_ascii() || "\"<>\\^`{|}".contains(c);
    text.split_once("://")
        .is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty() && !rest.contains(is_invalid))
}

/// True for a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

impl ValueGenerator<'_> {
    /// Generates text of a format; `None` if the format is unknown.
    pub(super) fn formatted(&mut self, format: &str) -> Option<String> {
        let host = |generator: &mut Self| format!("{}.{}", generator.slug(), generator.choose(&DOMAINS));
        Some(match format {
            "email" => self.person().email,
            "uri" | "url" | "uri-reference" | "iri" => format!("https://{}/", host(self)),
            "hostname" => host(self),
            "uuid" => self.uuid(),
            "ipv4" => {
                // The three networks that are reserved for documentation.
                let network = self.choose(&["192.0.2", "198.51.100", "203.0.113"]);
                format!("{network}.{}", self.integer(1, 254))
            }
            "ipv6" => format!("2001:db8::{:x}", self.integer(1, 0xffff)),
            "date-time" | "date" | "time" => {
                let (created, _) = self.created_and_updated();
                return format_as(format, created);
            }
            _ => return None,
        })
    }

    /// Generates a UUID of version 4.
    pub(super) fn uuid(&mut self) -> String {
        let hex = self.key(30);
        let variant = self.choose(&["8", "9", "a", "b"]);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-{variant}{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
    }
}

/// Formats a timestamp; `None` if the format is not one of time.
pub(super) fn format_as(format: &str, at: Timestamp) -> Option<String> {
    let text = format_timestamp(at);
    match format {
        "date-time" => Some(text),
        "date" => text.get(..10).map(str::to_owned),
        "time" => text.get(11..).map(str::to_owned),
        _ => None,
    }
}
