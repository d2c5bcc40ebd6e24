//! The scenarios that are part of the binary. A test holds this list to the folder.

/// One of them, as it was written and as the build script read it.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its file.
    pub path: &'static str,
    /// The text of its file, for messages that point into it.
    pub text: &'static str,
    /// Name, description and what it starts from, as JSON: all that a list of scenarios needs.
    pub head: &'static str,
    /// All of it as JSON, which is read many times faster than YAML.
    pub json: &'static str,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltIn {
            path: concat!("scenarios/", $name, ".yaml"),
            text: include_str!(concat!("../../scenarios/", $name, ".yaml")),
            head: include_str!(concat!(env!("OUT_DIR"), "/scenarios/", $name, ".head.json")),
            json: include_str!(concat!(env!("OUT_DIR"), "/scenarios/", $name, ".json")),
        }),*]
    };
}

/// Every built-in scenario, in the order in which they are listed.
pub const FILES: &[BuiltIn] = built_in![
    "healthy",
    "sso-outage",
    "sso-slow",
    "sso-flapping",
    "missed-invitation",
    "repair-conflicts",
    "empty-account",
    "busy-account",
    "revoked-key",
    "free-account",
    "maintenance",
    "rate-limited",
    "flaky-network",
    "slow",
    "strict-accept",
    "lead-market",
    "duplicate-leads",
    "caps-reached",
    "no-bid",
    "recipient-down",
    "source-disabled",
];
