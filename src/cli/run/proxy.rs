//! The variables with which the command finds the HTTPS proxy (`--intercept`).

use std::net::{IpAddr, SocketAddr};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::tls::VENDOR_HOSTS;

/// The hosts that are never reached through the proxy. Not `[::1]`: httpx stops with an error.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The variables that exclude hosts from a proxy.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The variables that name a proxy. Clients differ in their spelling; plain http is sent through the proxy too, because
/// it would otherwise reach the real LeadConduit.
const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// The hosts that the command reaches without the proxy.
#[derive(Clone, Debug)]
pub(super) struct NoProxy {
    hosts: Vec<String>,
    /// The entries that would have let requests out to the real LeadConduit.
    removed: Vec<String>,
}

/// The values of the environment.
pub(super) fn inherited_no_proxy() -> impl Iterator<Item = String> {
    NO_PROXY.into_iter().filter_map(std::env::var_os).map(|value| value.to_string_lossy().into_owned())
}

impl NoProxy {
    /// The hosts of these lists, without those that exclude an intercepted host, and this machine. `own` is the address
    /// of the server.
    pub(super) fn new(lists: impl Iterator<Item = String>, own: IpAddr) -> Self {
        let mut excluded = Self { hosts: Vec::new(), removed: Vec::new() };
        for list in lists {
            // Clients accept spaces too.
            for entry in list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty()) {
                let entries =
                    if excludes_intercepted_host(entry) { &mut excluded.removed } else { &mut excluded.hosts };
                add(entries, entry);
            }
        }
        for host in LOOPBACK_HOSTS {
            add(&mut excluded.hosts, host);
        }
        add(&mut excluded.hosts, &own.to_string());
        excluded
    }

    /// The warning that names the removed entries.
    pub(super) fn warning(&self) -> Option<String> {
        if self.removed.is_empty() {
            return None;
        }
        let removed: Vec<String> = self.removed.iter().map(|entry| format!("`{}`", entry.escape_debug())).collect();
        let removed = removed.join(", ");
        Some(format!(
            "the command gets NO_PROXY without {removed}, which would let requests out to the real LeadConduit"
        ))
    }
}

fn add(entries: &mut Vec<String>, entry: &str) {
    if !entries.iter().any(|listed| listed == entry) {
        entries.push(entry.to_owned());
    }
}

/// Whether some client takes this entry of `NO_PROXY` for a host that the proxy intercepts. Clients differ: some match
/// any end of a name, some only whole labels; some know wildcards; some ignore the port.
fn excludes_intercepted_host(entry: &str) -> bool {
    let entry = entry.to_ascii_lowercase();
    let entry = entry.split_once("://").map_or(entry.as_str(), |(_, rest)| rest);
    let host = match entry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*') => host,
        _ => entry,
    };
    let host = host.trim_end_matches(['.', '/']).trim_start_matches('.');
    VENDOR_HOSTS.iter().any(|vendor| ends_with_pattern(vendor, host))
}

/// Whether an end of a name matches a pattern, in which `*` stands for any text.
fn ends_with_pattern(name: &str, pattern: &str) -> bool {
    let (before, last) = pattern.rsplit_once('*').unwrap_or(("", pattern));
    // `*.leadconduit.com` is also taken for the domain itself.
    let Some(mut rest) = name.strip_suffix(last).or_else(|| (format!(".{name}") == last).then_some("")) else {
        return false;
    };
    before.split('*').all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or(rest, |(_, after)| after);
        found.is_some()
    })
}

/// The variables with which clients find the proxy, in the spellings that they read. This machine is reached directly, so
/// that `LEADCONDUIT_URL` is too.
pub(super) fn variables(address: SocketAddr, token: Option<&str>, excluded: &NoProxy) -> Vec<(&'static str, String)> {
    let credentials = token
        .filter(|token| !token.is_empty())
        .map(|token| format!("proxy:{}@", utf8_percent_encode(token, NON_ALPHANUMERIC)));
    let proxy = format!("http://{}{address}", credentials.unwrap_or_default());
    let excluded = excluded.hosts.join(",");
    let mut variables: Vec<(&'static str, String)> = Vec::new();
    variables.extend(PROXY.map(|name| (name, proxy.clone())));
    variables.extend(NO_PROXY.map(|name| (name, excluded.clone())));
    variables.push(("NODE_USE_ENV_PROXY", "1".to_owned()));
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_proxy(given: &[&str]) -> NoProxy {
        NoProxy::new(given.iter().map(|&list| list.to_owned()), "127.0.0.1".parse().unwrap())
    }

    #[test]
    fn excluded_hosts_are_kept_and_this_machine_is_added() {
        let of = |given: &[&str]| no_proxy(given).hosts.join(",");
        assert_eq!(of(&[]), "localhost,127.0.0.1,::1");
        assert_eq!(of(&["internal.example, 127.0.0.1,"]), "internal.example,127.0.0.1,localhost,::1");
        assert_eq!(of(&["a,b", "b c"]), "a,b,c,localhost,127.0.0.1,::1");
        let other = NoProxy::new(std::iter::empty(), "192.0.2.7".parse().unwrap());
        assert_eq!(other.hosts.join(","), "localhost,127.0.0.1,::1,192.0.2.7");
    }

    #[test]
    fn entries_that_exclude_an_intercepted_host_are_removed() {
        for entry in [
            "*",
            "*:443",
            ".",
            "*.*",
            ".leadconduit.com",
            "leadconduit.com",
            "*.leadconduit.com",
            "*leadconduit.com",
            "app.leadconduit.com",
            "APP.LeadConduit.com.",
            "app.leadconduit.com:443",
            ".leadconduit.com:8443",
            "conduit.com",
            "com",
            ".com",
            "next.leadconduit.com",
            "leadconduit-staging.com",
            "suppressionlist.com",
            "https://app.leadconduit.com",
            "https://app.leadconduit.com/",
            "*.app.leadconduit.com",
            "app.*.com",
            "app.leadconduit.*",
            "app.*",
        ] {
            let excluded = no_proxy(&[&format!("a.example,{entry}")]);
            assert_eq!(excluded.removed, [entry]);
            assert_eq!(excluded.hosts.join(","), "a.example,localhost,127.0.0.1,::1");
            let warning = excluded.warning().unwrap();
            assert!(warning.contains(&format!("`{entry}`")) && !warning.contains('\n'), "{warning}");
        }
        for entry in [
            "example.com",
            "internal",
            ".example",
            "x.app.leadconduit.com",
            "evilleadconduit.com",
            "10.0.0.0/8",
            "::1",
            "[::1]",
            "127.0.0.1:80",
            "app.leadconduit.com.example",
            "*.example.com",
            "app.*.example",
        ] {
            assert_eq!(no_proxy(&[entry]).warning(), None, "{entry}");
        }
    }

    #[test]
    fn a_token_is_the_password_in_the_url_of_the_proxy() {
        let address = "127.0.0.1:4010".parse().unwrap();
        let proxy = |token| variables(address, token, &no_proxy(&[]))[0].1.clone();
        assert_eq!(proxy(None), "http://127.0.0.1:4010");
        assert_eq!(proxy(Some("")), "http://127.0.0.1:4010");
        assert_eq!(proxy(Some("s3c@ret")), "http://proxy:s3c%40ret@127.0.0.1:4010");
    }
}
