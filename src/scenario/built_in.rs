//! The scenarios that are part of the binary. A test compares this list with the folder `scenarios/`.

/// A built-in scenario: its YAML, and the JSON that the build script makes of it.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// The path of its file, relative to the repository.
    pub path: &'static str,
    /// The YAML, for diagnostics with line and column.
    pub text: &'static str,
    /// `name`, `description` and `extends` as JSON: what a list of scenarios needs.
    pub metadata: &'static str,
    /// The whole file as JSON, which is parsed many times faster than YAML.
    pub json: &'static str,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltIn {
            path: concat!("scenarios/", $name, ".yaml"),
            text: include_str!(concat!("../../scenarios/", $name, ".yaml")),
            metadata: include_str!(concat!(env!("OUT_DIR"), "/scenarios/", $name, ".head.json")),
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
    "duplicate-query",
    "expired-certificate",
    "caps-reached",
    "no-bid",
    "recipient-down",
    "json-recipient",
    "source-disabled",
    "partner",
];
