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
    let provider = ProviderDomain::of(text);
    let is_disposable = provider.is_listed(&DISPOSABLE);
    parsed.with("is_free", is_disposable || provider.is_listed(&FREE)).with("is_disposable", is_disposable)
}

/// The domain of an address, as it is looked for in lists of providers. It is read from the submitted text, between the
/// first two at signs.
enum ProviderDomain<'t> {
    /// The last two labels of a domain under `com`, as they are written: they are found only as the list has them.
    Com(&'t str),
    /// Another domain in lower case: it is found in any case, and so is one that it is part of.
    Other(String),
}

impl<'t> ProviderDomain<'t> {
    fn of(text: &'t str) -> Self {
        let domain = text.split('@').nth(1).unwrap_or_default();
        match domain.strip_suffix(".com") {
            Some(other) => Self::Com(&domain[other.rfind('.').map_or(0, |at| at + 1)..]),
            None => Self::Other(js::trim(domain).to_lowercase()),
        }
    }

    fn is_listed(&self, list: &[&str]) -> bool {
        let is_listed = |domain: &str| list.binary_search(&domain).is_ok();
        match self {
            Self::Com(domain) => is_listed(domain),
            Self::Other(domain) => {
                let mut parents = domain.match_indices('.').map(|(at, _)| &domain[at + 1..]);
                is_listed(domain) || parents.any(is_listed)
            }
        }
    }
}
