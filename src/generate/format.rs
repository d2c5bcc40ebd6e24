//! Formats of text: made, and checked.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Maker, Timestamp};
use crate::support::clock::format_timestamp;

/// Top-level names under `example` that belong to nobody.
pub(super) const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

/// Whether `text` has the format. An unknown format is a remark, as in JSON Schema.
pub(super) fn fits(format: &str, text: &str) -> bool {
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

/// Whether a text that came as an example can be shown: it leads to nobody's mailbox, telephone or site.
pub(super) fn is_tame(text: &str) -> bool {
    let leads_out = text.contains('@') || text.contains("://");
    !leads_out || DOMAINS.iter().any(|domain| text.contains(domain))
}

/// Whether the text is an e-mail address of the plain kind.
pub(super) fn is_email(text: &str) -> bool {
    let mailbox = |c: char| c.is_ascii_alphanumeric() || ".+-_".contains(c);
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !name.starts_with('.') && !name.ends_with('.') && name.chars().all(mailbox) && is_host(host)
    })
}

/// Whether the text is an address of the web or alike.
pub(super) fn is_uri(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let odd = |c: char| c.is_whitespace() || !c.is_ascii() || "\"<>\\^`{|}".contains(c);
    text.split_once("://").is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty() && !rest.contains(odd))
}

/// Whether the text is a UUID.
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

impl Maker<'_> {
    /// Text of the format; `None` when the format is not known.
    pub(super) fn formatted(&mut self, format: &str) -> Option<String> {
        let host = |maker: &mut Self| format!("{}.{}", maker.slug(), maker.word(&DOMAINS));
        Some(match format {
            "email" => self.person().email,
            "uri" | "url" | "uri-reference" | "iri" => format!("https://{}/", host(self)),
            "hostname" => host(self),
            "uuid" => self.uuid(),
            "ipv4" => {
                // The three networks that exist for documentation only.
                let network = self.word(&["192.0.2", "198.51.100", "203.0.113"]);
                format!("{network}.{}", self.whole(1, 254))
            }
            "ipv6" => format!("2001:db8::{:x}", self.whole(1, 0xffff)),
            "date-time" | "date" | "time" => {
                let (created, _) = self.lifetime();
                return moment_as(format, created);
            }
            _ => return None,
        })
    }

    /// A random UUID, of version 4.
    pub(super) fn uuid(&mut self) -> String {
        let hex = self.key(30);
        let variant = self.word(&["8", "9", "a", "b"]);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-{variant}{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
    }
}

/// The moment in one of the formats of time; `None` when the format is another.
pub(super) fn moment_as(format: &str, at: Timestamp) -> Option<String> {
    let text = format_timestamp(at);
    match format {
        "date-time" => Some(text),
        "date" => text.get(..10).map(str::to_owned),
        "time" => text.get(11..).map(str::to_owned),
        _ => None,
    }
}
