//! `email`.

use super::Read;

/// Providers of free mailboxes that people meet most. The vendor's own list is longer and not public.
const FREE: [&str; 24] = [
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

/// Makers of mailboxes that are thrown away.
const DISPOSABLE: [&str; 12] = [
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

/// Under these ends of domains the last two names are one.
const SECOND_LEVELS: [&str; 5] = ["co", "com", "net", "org", "ac"];

/// The normal form is lower case without blanks; `user` and `domain` stay as they were sent (observed).
pub(super) fn email(text: &str) -> Option<Read> {
    let (user, domain) = text.trim().rsplit_once('@')?;
    let user = atoms(user)?;
    let domain = atoms(domain)?;
    if !is_host(&domain) {
        return None;
    }
    let lower = domain.to_lowercase();
    let tld = tld(&domain);
    let host = domain.strip_suffix(tld).and_then(|host| host.strip_suffix('.')).unwrap_or_default();
    let read = Read::new(format!("{user}@{domain}").to_lowercase()).with("user", user.as_str());
    let read = read.with("domain", domain.as_str()).with("host", host).with("tld", tld);
    Some(read.with("is_free", FREE.contains(&&*lower)).with("is_disposable", DISPOSABLE.contains(&&*lower)))
}

/// Words between points. Blanks beside a point or at the ends do not count (observed).
fn atoms(text: &str) -> Option<String> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>@[\\]".contains(c);
    let words: Vec<&str> = text.split('.').map(str::trim).collect();
    let tame = words.iter().all(|word| !word.is_empty() && !word.contains(is_odd));
    tame.then(|| words.join("."))
}

/// Two names at least, none with a dash at an end.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.starts_with('-') && !label.ends_with('-') && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    host.contains('.') && host.split('.').all(is_label)
}

/// The end of a domain: `com`, or `co.uk`.
fn tld(domain: &str) -> &str {
    let mut dots = domain.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), Some(second)) = (dots.next(), dots.next()) else {
        return domain.rsplit('.').next().unwrap_or_default();
    };
    let country = domain.len() - last == 3;
    let is_double = country && SECOND_LEVELS.iter().any(|known| domain[second + 1..last].eq_ignore_ascii_case(known));
    &domain[if is_double { second } else { last } + 1..]
}
