//! `url`, `trustedform_url` and `ip`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use url::Url;

use super::{Parsed, js};

/// The length of the id of a certificate of a web page.
const WEB_ID_LENGTH: usize = 40;

/// A host name of certificates or pings, anywhere in the host.
static CERTIFICATE_HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(cert|ping)\.(trustedform\.com|staging\.trustedform\.com|trustedform-staging\.com|trustedform-dev\.com|trustedform\.localhost)",
    )
    .ok()
});

/// The beginning of a text that is an IPv4 address.
static STARTS_WITH_IPV4: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:[^0-9A-Za-z_]|$)").ok());

/// The beginning of a text that could be an IPv6 address without brackets.
static LIKE_IPV6: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:(?:::ffff|ffff:):(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9a-fA-F]{0,4}|:)(?::[0-9a-fA-F]{0,4}){0,7})")
        .ok()
});

/// Parses an `http` or `https` URL. A text without `://` gets `http://` in front.
fn parse_http_url(text: &str) -> Option<Url> {
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    url.ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty()))
}

/// Returns the host, with its port if it is not the default port.
fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Parses a URL.
pub(super) fn parse_url(text: &str) -> Parsed {
    let Some(url) = parse_http_url(text) else { return Parsed::invalid(text) };
    let parsed = Parsed::new(url.as_str()).with("protocol", url.scheme()).with("host", host_and_port(&url));
    let port = url.port().map(|port| port.to_string()).unwrap_or_default();
    let parsed = parsed.with("port", port).with("path", url.path()).with("query", url.query().unwrap_or_default());
    let hash = url.fragment().filter(|hash| !hash.is_empty()).map(|hash| format!("#{hash}"));
    parsed.with("hash", hash.unwrap_or_default())
}

/// Parses the URL of a certificate: `https`, a `TrustedForm` host, and an id in one of three formats: 40 characters of
/// web pages, a token after `0.` of advertisements and pings, a longer one of apps. The service reads the type and the
/// age from the id with keys of its own; without them the type is unknown and the age is not checked, as here.
pub(super) fn parse_trustedform_url(text: &str) -> Parsed {
    let Some(url) = parse_http_url(text) else { return Parsed::invalid(text) };
    let host = host_and_port(&url);
    let path = url.path();
    let id = path.strip_prefix('/').unwrap_or(path);
    // The longer ids are decoded as percent-encoded text.
    let is_token = id.len() > WEB_ID_LENGTH && is_percent_encoded(id);
    let is_id = id.len() == WEB_ID_LENGTH || id.starts_with("0.") || is_token;
    let is_host = CERTIFICATE_HOST.as_ref().is_some_and(|known| known.is_match(&host));
    if url.scheme() != "https" || !is_host || !is_id {
        return Parsed::invalid(url.as_str());
    }
    let id = if id.len() == WEB_ID_LENGTH { id.to_lowercase() } else { id.to_owned() };
    let mut parsed = Parsed::new(format!("https://{host}/{id}")).with("type", Value::Null).with("cert_id", id);
    for name in ["is_masked", "is_web", "is_mobile", "is_facebook"] {
        parsed = parsed.with(name, false);
    }
    parsed.with("host", host).with("path", path)
}

/// True if every percent sign begins an escape, and the escapes are those of UTF-8.
fn is_percent_encoded(text: &str) -> bool {
    let is_escape = |(at, _): (usize, &str)| {
        text.get(at + 1..at + 3).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    text.match_indices('%').all(is_escape) && percent_encoding::percent_decode_str(text).decode_utf8().is_ok()
}

/// Parses an IP address: alone, with a port, a path or a prefix length, or as the host of a URL. White space is removed.
pub(super) fn parse_ip(text: &str) -> Parsed {
    let plain: String = text.chars().filter(|c| !js::is_space(*c)).collect();
    let plain = plain.rsplit_once("://").map_or(plain.as_str(), |(_, rest)| rest);
    let Some(host) = ip_host(plain) else { return Parsed::invalid(text) };
    let address = without_brackets(&host);
    if !starts_with_ipv4(&host) {
        return Parsed::new(address.as_str()).with("is_ipv4", false).with("ipv6_format", address);
    }
    // LeadConduit uses `ffff::` instead of the standard prefix `::ffff:`. A host name that begins with an address fails.
    let Some(mapped) = host_of(&format!("[ffff::{host}]")) else { return Parsed::invalid(text) };
    Parsed::new(address).with("is_ipv4", true).with("ipv6_format", without_brackets(&mapped))
}

/// The host of what begins with an address.
fn ip_host(text: &str) -> Option<String> {
    if starts_with_ipv4(text) || (text.starts_with('[') && text.contains(']')) {
        return host_of(text);
    }
    let end = LIKE_IPV6.as_ref()?.find(text)?.end();
    host_of(&format!("[{}]{}", &text[..end], &text[end..]))
}

fn host_of(text: &str) -> Option<String> {
    Url::parse(&format!("https://{text}")).ok()?.host_str().map(str::to_owned)
}

fn starts_with_ipv4(text: &str) -> bool {
    STARTS_WITH_IPV4.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

fn without_brackets(host: &str) -> String {
    host.chars().filter(|c| !"[]".contains(*c)).collect()
}
