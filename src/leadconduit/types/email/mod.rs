//! `email`.

mod mailbox;
mod providers;

use super::{Parsed, js};
use providers::{DISPOSABLE, FREE};

/// Parses an address. The normal form is in lower case without display name, comments and spaces; the parts keep their
/// case. No dot is needed in the domain.
pub(super) fn parse(text: &str) -> Parsed {
    let Some(mailbox) = mailbox::parse(text) else { return Parsed::invalid(text) };
    let (user, domain) = (mailbox.user, mailbox.domain);
    let (host, tld) = domain.rsplit_once('.').unwrap_or((&domain, &domain));
    let normal = format!("{user}@{domain}").to_lowercase();
    let parsed = Parsed::new(normal).with("user", user).with("domain", domain.as_str());
    let parsed = parsed.with("host", host).with("tld", tld);
    let is_disposable = is_listed(text, &DISPOSABLE);
    parsed.with("is_free", is_disposable || is_listed(text, &FREE)).with("is_disposable", is_disposable)
}

/// True if the domain, or one that it is part of, is in a list. It is read from the submitted text, between the first
/// two at signs. Domains under `com` are found only as they are written in the list, others in any case.
fn is_listed(text: &str, list: &[&str]) -> bool {
    let domain = text.split('@').nth(1).unwrap_or_default();
    let is_listed = |domain: &str| list.binary_search(&domain).is_ok();
    let labels: Vec<&str> = domain.split('.').collect();
    if let [.., second, "com"] = labels.as_slice() {
        return is_listed(&format!("{second}.com"));
    }
    let lower = js::trim(domain).to_lowercase();
    let mut parents = lower.match_indices('.').map(|(at, _)| &lower[at + 1..]);
    is_listed(&lower) || parents.any(is_listed)
}
