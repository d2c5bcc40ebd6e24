//! Hints for keys that a scenario file or rule has at a wrong level: `status` beside `then` instead of inside it.

use contract_files::yaml::Diagnostic;

use crate::leadconduit::state::Collection;

/// Keys of `when` only.
const WHEN_KEYS: [&str; 9] = ["operation", "method", "path", "query", "caller", "sandbox", "call", "clock", "rate"];
/// Keys of `then` and of steps only.
const STEP_KEYS: [&str; 13] = [
    "status",
    "body",
    "headers",
    "example",
    "delay",
    "slow_headers",
    "drip",
    "fault",
    "work",
    "sso",
    "world",
    "for",
    "intentionally_invalid",
];
/// Keys of a rule.
const RULE_KEYS: [&str; 13] = [
    "name",
    "gate",
    "when",
    "then",
    "steps",
    "repeat",
    "probability",
    "times",
    "after",
    "succeed_first",
    "ttl",
    "ttl_ms",
    "ttl_from",
];
/// Keys of `world`.
const WORLD_KEYS: [&str; 3] = ["keys", "revoke", "accounts"];

/// The map that has an unknown key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    File,
    Rule,
    When,
    Step,
    World,
    Account,
    Example,
    Request,
    Reply,
}

impl Level {
    /// The level of a path such as `rules[0].then`, below a map of level `root`.
    fn of(path: &str, root: Self) -> Option<Self> {
        let mut level = root;
        for part in path.split('.').filter(|part| !part.is_empty()) {
            let name = part.split('[').next().unwrap_or_default();
            level = match (level, name) {
                (Self::File, "rules") => Self::Rule,
                (Self::Rule, "when") => Self::When,
                (Self::Rule, "then" | "steps") => Self::Step,
                (Self::File | Self::Step, "world") => Self::World,
                (Self::World, "accounts") => Self::Account,
                (Self::File | Self::Example, "examples" | "steps") => Self::Example,
                (Self::Example, "request") => Self::Request,
                (Self::Example, "reply") => Self::Reply,
                _ => return None,
            };
        }
        Some(level)
    }

    /// Where a key belongs that this level does not have.
    fn hint(self, key: &str) -> Option<String> {
        let is_in = |keys: &[&str]| keys.contains(&key);
        let is_collection = key == "users" || Collection::ALL.iter().any(|collection| collection.name() == key);
        let hint = match self {
            Self::File if is_in(&WORLD_KEYS) => format!("write it in `world`: world: {{ {key}: [...] }}"),
            Self::File if is_in(&RULE_KEYS) || is_in(&WHEN_KEYS) || is_in(&STEP_KEYS) => {
                "write it in a rule, such as rules: [{ when: { operation: get_user }, then: { status: 503 } }]"
                    .to_owned()
            }
            Self::File | Self::World if is_collection => {
                format!("write it in an account: accounts: [{{ account: {{ id: ID }}, {key}: [...] }}]")
            }
            Self::Account if is_in(&WORLD_KEYS) => "write it in `world`, beside `accounts`".to_owned(),
            Self::Rule if is_in(&WHEN_KEYS) => format!("write it in `when`: when: {{ {key}: ... }}"),
            Self::Rule if is_in(&STEP_KEYS) => format!("write it in `then`: then: {{ {key}: ... }}"),
            Self::When if is_in(&RULE_KEYS) => "write it beside `when`".to_owned(),
            Self::When if is_in(&STEP_KEYS) => "write it in `then`, beside `when`".to_owned(),
            Self::Step if is_in(&WHEN_KEYS) => "write it in `when`, beside `then`".to_owned(),
            Self::Step if is_in(&RULE_KEYS) => "write it beside `then`".to_owned(),
            Self::Example if is_in(&["method", "path", "key"]) => {
                format!("write it in `request`: request: {{ {key}: ... }}")
            }
            Self::Example if key == "status" => "write it in `reply`: reply: { status: ... }".to_owned(),
            Self::Request if is_in(&["status", "delay_ms", "fault"]) => {
                "write it in `reply`, beside `request`".to_owned()
            }
            Self::Reply if is_in(&["method", "path", "key"]) => "write it in `request`, beside `reply`".to_owned(),
            _ => return None,
        };
        Some(hint)
    }
}

fn with_hint(diagnostic: Diagnostic, root: Level) -> Diagnostic {
    let hint = diagnostic.unknown_key().and_then(|(path, key)| Level::of(path, root)?.hint(key));
    match hint {
        Some(hint) => diagnostic.with_hint(hint),
        None => diagnostic,
    }
}

/// The diagnostic of a scenario file; for a key at a wrong level, with the right one.
pub(super) fn in_file(diagnostic: Diagnostic) -> Diagnostic {
    with_hint(diagnostic, Level::File)
}

/// The diagnostic of a rule; for a key at a wrong level, with the right one.
pub(super) fn in_rule(diagnostic: Diagnostic) -> Diagnostic {
    with_hint(diagnostic, Level::Rule)
}

#[cfg(test)]
mod tests {
    use super::super::{RuleSpec, ScenarioFile};
    use contract_files::yaml::Source;

    #[test]
    fn keys_at_a_wrong_level_get_the_right_one() {
        let head = "version: 1\nname: x\ndescription: d\n";
        let rows = [
            ("accounts: []", "write it in `world`: world: { accounts: [...] }"),
            ("then: { delay: 5 }", "write it in a rule, such as rules: ["),
            ("status: 503", "write it in a rule, such as rules: ["),
            ("connections: []", "write it in an account: accounts: [{ account: { id: ID }, connections: [...] }]"),
            ("world: { users: [] }", "write it in an account: accounts: ["),
            ("world: { accounts: [{ account: { id: a }, keys: [] }] }", "write it in `world`, beside `accounts`"),
            ("rules: [{ method: GET }]", "write it in `when`: when: { method: ... }"),
            ("rules: [{ status: 503 }]", "write it in `then`: then: { status: ... }"),
            ("rules: [{ when: { times: 1 } }]", "write it beside `when`"),
            ("rules: [{ when: { status: 1 } }]", "write it in `then`, beside `when`"),
            ("rules: [{ then: { operation: x } }]", "write it in `when`, beside `then`"),
            ("rules: [{ steps: [{ when: {} }] }]", "write it beside `then`"),
            ("examples: [{ name: n, path: /user }]", "write it in `request`: request: { path: ... }"),
            ("examples: [{ name: n, status: 200 }]", "write it in `reply`: reply: { status: ... }"),
            ("examples: [{ name: n, request: { status: 200 } }]", "write it in `reply`, beside `request`"),
            ("examples: [{ name: n, reply: { path: /user } }]", "write it in `request`, beside `reply`"),
            // Other keys keep the hint of the parser.
            ("rules: [{ tmes: 1 }]", "did you mean `times`?"),
        ];
        for (text, expected) in rows {
            let found = ScenarioFile::parse(&Source::new("f", format!("{head}{text}\n"))).unwrap_err();
            let hint = found.hint.unwrap_or_default();
            assert!(hint.starts_with(expected), "{text}: {hint}");
        }
        let found = RuleSpec::parse(&Source::new("f", "{\"operation\": \"get_user\"}")).unwrap_err();
        assert_eq!(found.hint.as_deref(), Some("write it in `when`: when: { operation: ... }"));
    }
}
