//! `email`.

use super::Parsed;

/// Common providers of free mailboxes. LeadConduit's list is longer and not public.
const FREE_DOMAINS: [&str; 24] = [
    "aim.com",
    "aol.com",
    "att.net",
    "bellsouth.net",
    "comcast.net",
    "cox.net",
    "gmail.com",
    "gmx.com",
    "gmx.net",
    "googlemail.com",
    "hotmail.co.uk",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.com",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "yahoo.com",
    "yandex.com",
    "ymail.com",
];

/// Providers of disposable mailboxes.
const DISPOSABLE_DOMAINS: [&str; 12] = [
    "10minutemail.com",
    "dispostable.com",
    "getnada.com",
    "guerrillamail.com",
    "maildrop.cc",
    "mailinator.com",
    "mailnesia.com",
    "sharklasers.com",
    "temp-mail.org",
    "trashmail.com",
    "yopmail.com",
    "throwawaymail.com",
];

/// Second-level domains that belong to the public suffix, such as `co` in `co.uk`.
const SECOND_LEVEL_DOMAINS: [&str; 5] = ["co", "com", "net", "org", "ac"];

/// Parses an e-mail address. The normal form is lower case without spaces; `user` and `domain` keep their case
/// (observed).
pub(super) fn parse(text: &str) -> Option<Parsed> {
    let (user, domain) = text.trim().rsplit_once('@')?;
    let user = clean_atoms(user)?;
    let domain = clean_atoms(domain)?;
    if !is_domain(&domain) {
        return None;
    }
    let lower = domain.to_lowercase();
    let tld = tld(&domain);
    let host = domain.strip_suffix(tld).and_then(|host| host.strip_suffix('.')).unwrap_or_default();
    let parsed = Parsed::new(format!("{user}@{domain}").to_lowercase()).with("user", user.as_str());
    let parsed = parsed.with("domain", domain.as_str()).with("host", host).with("tld", tld);
    Some(
        parsed
            .with("is_free", FREE_DOMAINS.contains(&&*lower))
            .with("is_disposable", DISPOSABLE_DOMAINS.contains(&&*lower)),
    )
}

/// Checks the atoms of a mailbox or domain, and removes spaces around them (observed).
fn clean_atoms(text: &str) -> Option<String> {
    let is_invalid = |c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>@[\\]".contains(c);
    let atoms: Vec<&str> = text.split('.').map(str::trim).collect();
    let is_valid = atoms.iter().all(|atom| !atom.is_empty() && !atom.contains(is_invalid));
    is_valid.then(|| atoms.join("."))
}

/// True for a domain of at least two labels, none with a dash at an end.
fn is_domain(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.starts_with('-') && !label.ends_with('-') && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    host.contains('.') && host.split('.').all(is_label)
}

/// Returns the public suffix of a domain: `com`, or `co.uk`.
fn tld(domain: &str) -> &str {
    let mut dots = domain.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), Some(second)) = (dots.next(), dots.next()) else {
        return domain.rsplit('.').next().unwrap_or_default();
    };
    let is_country_code = domain.len() - last == 3;
    let is_double = is_country_code
        && SECOND_LEVEL_DOMAINS.iter().any(|known| domain[second + 1..last].eq_ignore_ascii_case(known));
    &domain[if is_double { second } else { last } + 1..]
}
