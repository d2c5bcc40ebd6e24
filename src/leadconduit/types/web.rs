//! `url`, `trustedform_url` and `ip`.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;
use url::Url;

use super::Read;

/// The longest id of a certificate.
const ID_LENGTH_MAX: usize = 255;

/// `http` and `https`; `http://` is assumed where nothing is said.
fn parsed(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    url.ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The host, with its port where it is not the usual one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

pub(super) fn url(text: &str) -> Option<Read> {
    let url = parsed(text)?;
    let read = Read::new(url.as_str()).with("protocol", url.scheme()).with("host", host(&url));
    let read = read.with("port", url.port().map(|port| port.to_string())).with("path", url.path());
    Some(read.with("query", url.query()).with("hash", url.fragment().map(|hash| format!("#{hash}"))))
}

/// `https`, a host of certificates, and an id of a known form. Three forms are seen, and each tells the certificate's
/// type (observed): 40 hexadecimal digits are from a web page, a token behind `0.` from an advertisement, a long token
/// from an app. Masked certificates look like those of web pages, and those of pings tell nothing.
pub(super) fn trustedform_url(text: &str) -> Option<Read> {
    let url = parsed(text).filter(|url| url.scheme() == "https")?;
    let host = host(&url);
    let (first, rest) = host.split_once('.')?;
    let known = ["trustedform.com", "staging.trustedform.com", "trustedform-staging.com", "trustedform-dev.com"];
    if !matches!(first, "cert" | "ping") || !known.iter().chain(&["trustedform.localhost"]).any(|known| rest == *known)
    {
        return None;
    }
    let id = url.path().strip_prefix('/')?;
    let tame = id.len() <= ID_LENGTH_MAX && id.chars().all(|c| c.is_ascii_alphanumeric() || "._-%".contains(c));
    let is_hex = id.len() == 40 && id.chars().all(|c| c.is_ascii_hexdigit());
    let (kind, id) = match id.strip_prefix("0.") {
        _ if is_hex => ("web", id.to_ascii_lowercase()),
        Some(token) if tame && token.len() >= 40 => ("facebook", id.to_owned()),
        None if tame && id.len() > 40 => ("mobile", id.to_owned()),
        _ => return None,
    };
    let kind = (first == "cert").then_some(kind);
    let is = |name: &str| kind.map(|kind| kind == name);
    let read = Read::new(format!("https://{host}/{id}")).with("type", kind).with("cert_id", id);
    let read = read.with("is_masked", is("masked")).with("is_web", is("web")).with("is_mobile", is("mobile"));
    Some(read.with("is_facebook", is("facebook")).with("host", host).with("path", url.path()))
}

/// An address, alone or where a URL has its host; the longer kind stands in brackets, as it does in a URL (observed).
pub(super) fn ip(text: &str) -> Option<Read> {
    let text: String = text.split_whitespace().collect();
    let rest = text.rsplit_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let four = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    if let Ok(address) = four.parse::<Ipv4Addr>() {
        let [a, b, c, d] = address.octets();
        let [high, low] = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
        // The vendor maps with `ffff::`, not with the `::ffff:` of the standard.
        let mapped = format!("[ffff::{high:x}:{low:x}]");
        return Some(Read::new(address.to_string()).with("isIpv4", true).with("mapToIpv6", mapped));
    }
    let inside = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => longest(rest.split(['/', '?', '#']).next().unwrap_or_default()),
    };
    let normal = shown(inside.parse().ok()?);
    Some(Read::new(normal.as_str()).with("isIpv4", false).with("mapToIpv6", Value::from(normal)))
}

/// Eight groups; what follows is a port.
fn longest(text: &str) -> &str {
    text.match_indices(':').nth(7).map_or(text, |(at, _)| &text[..at])
}

/// As a URL has it: hexadecimal to the end.
fn shown(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => format!("[::ffff:{high:x}:{low:x}]"),
        _ => format!("[{address}]"),
    }
}
