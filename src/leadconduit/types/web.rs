//! `url`, `trustedform_url` and `ip`.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;
use url::Url;

use super::Parsed;

/// The longest certificate id.
const ID_LENGTH_MAX: usize = 255;

/// Parses an `http` or `https` URL. A URL without a scheme gets `http://`.
fn parse_http_url(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    url.ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Returns the host, with its port if it is not the default port.
fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Parses a URL.
pub(super) fn parse_url(text: &str) -> Option<Parsed> {
    let url = parse_http_url(text)?;
    let parsed = Parsed::new(url.as_str()).with("protocol", url.scheme()).with("host", host_and_port(&url));
    let parsed = parsed.with("port", url.port().map(|port| port.to_string())).with("path", url.path());
    Some(parsed.with("query", url.query()).with("hash", url.fragment().map(|hash| format!("#{hash}"))))
}

/// Parses the URL of a certificate: `https`, a `TrustedForm` host, and an id in one of three formats, which determine
/// the type (observed): 40 hexadecimal digits for web pages, a token after `0.` for advertisements, a long token for
/// apps. Masked certificates have the format of web pages. URLs of pings have no type.
pub(super) fn parse_trustedform_url(text: &str) -> Option<Parsed> {
    let url = parse_http_url(text).filter(|url| url.scheme() == "https")?;
    let host = host_and_port(&url);
    let (first, rest) = host.split_once('.')?;
    let known = ["trustedform.com", "staging.trustedform.com", "trustedform-staging.com", "trustedform-dev.com"];
    if !matches!(first, "cert" | "ping") || !known.iter().chain(&["trustedform.localhost"]).any(|known| rest == *known)
    {
        return None;
    }
    let id = url.path().strip_prefix('/')?;
    let is_token = id.len() <= ID_LENGTH_MAX && id.chars().all(|c| c.is_ascii_alphanumeric() || "._-%".contains(c));
    let is_hex = id.len() == 40 && id.chars().all(|c| c.is_ascii_hexdigit());
    let (certificate_type, id) = match id.strip_prefix("0.") {
        _ if is_hex => ("web", id.to_ascii_lowercase()),
        Some(token) if is_token && token.len() >= 40 => ("facebook", id.to_owned()),
        None if is_token && id.len() > 40 => ("mobile", id.to_owned()),
        _ => return None,
    };
    let certificate_type = (first == "cert").then_some(certificate_type);
    let is = |name: &str| certificate_type.map(|it| it == name);
    let parsed = Parsed::new(format!("https://{host}/{id}")).with("type", certificate_type).with("cert_id", id);
    let parsed = parsed.with("is_masked", is("masked")).with("is_web", is("web")).with("is_mobile", is("mobile"));
    Some(parsed.with("is_facebook", is("facebook")).with("host", host).with("path", url.path()))
}

/// Parses an IP address, alone or as the host of a URL. The normal form of IPv6 has brackets, as in URLs (observed).
pub(super) fn parse_ip(text: &str) -> Option<Parsed> {
    let text: String = text.split_whitespace().collect();
    let rest = text.rsplit_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let ipv4 = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    if let Ok(address) = ipv4.parse::<Ipv4Addr>() {
        let [a, b, c, d] = address.octets();
        let [high, low] = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
        // LeadConduit uses `ffff::` instead of the standard prefix `::ffff:` (observed).
        let mapped = format!("[ffff::{high:x}:{low:x}]");
        return Some(Parsed::new(address.to_string()).with("isIpv4", true).with("mapToIpv6", mapped));
    }
    let address = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => without_port(rest.split(['/', '?', '#']).next().unwrap_or_default()),
    };
    let normal = format_ipv6(address.parse().ok()?);
    Some(Parsed::new(normal.as_str()).with("isIpv4", false).with("mapToIpv6", Value::from(normal)))
}

/// Removes the port after eight groups.
fn without_port(text: &str) -> &str {
    text.match_indices(':').nth(7).map_or(text, |(at, _)| &text[..at])
}

/// Formats an address as in URLs, with all groups in hexadecimal.
fn format_ipv6(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => format!("[::ffff:{high:x}:{low:x}]"),
        _ => format!("[{address}]"),
    }
}
