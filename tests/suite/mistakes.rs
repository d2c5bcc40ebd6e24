//! What the mock says about a scenario file that is wrong: file, line, column, the words themselves, and a hint.

use leadconduit_mock::scenario::Library;
use std::sync::Arc;

use leadconduit_mock::contract::Contract;

const HEAD: &str = "version: 1\nname: mine\ndescription: A story.\n";

fn message(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    std::fs::write(&file, text).unwrap();
    let contract = Arc::new(Contract::built_in().unwrap());
    let mut library = Library::built_in(contract).unwrap();
    let text = match library.read(&file) {
        Err(diagnoses) => diagnoses.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"),
        Ok(warnings) if !warnings.is_empty() => {
            warnings.iter().map(|warning| format!("warning: {warning}")).collect::<Vec<_>>().join("\n\n")
        }
        Ok(_) => "(nothing)".to_owned(),
    };
    text.replace(&folder.path().display().to_string(), "FOLDER")
}

fn account(rest: &str) -> String {
    format!("{HEAD}extends: healthy\nworld:\n  accounts:\n    - account: {{ id: 5fd4371e940df5a34a3888b2 }}\n{rest}")
}

#[test]
fn every_mistake_is_shown_where_it_stands() {
    let credential = "      credentials:\n        - id: 5ff33b53940df5a34a3888ff\n          name: N\n          type: user\n          \
                      package: p\n          username: u\n";
    let rows: Vec<(&str, String)> = vec![
        ("an empty file", String::new()),
        ("not a map", "- 1\n".to_owned()),
        ("a tab", "version: 1\n\tname: x\n".to_owned()),
        ("an open bracket", format!("{HEAD}examples: [\n")),
        ("an unknown key", format!("{HEAD}extend: healthy\n")),
        ("a key that is like none", format!("{HEAD}zzzzzz: 1\n")),
        ("another version", HEAD.replace("version: 1", "version: 2")),
        ("no version", HEAD.replace("version: 1\n", "")),
        ("no description", HEAD.replace("description: A story.\n", "")),
        ("a name with a blank", HEAD.replace("mine", "my own")),
        ("a name that is taken", HEAD.replace("mine", "healthy")),
        ("a parent that does not exist", format!("{HEAD}extends: helthy\n")),
        ("a parent like none", format!("{HEAD}extends: zzz\n")),
        ("its own parent", format!("{HEAD}extends: mine\n")),
        ("an unknown status", format!("{HEAD}sso: {{ status: dwn }}\n")),
        ("a seed that is text", format!("{HEAD}seed: seven\n")),
        ("a clock that is none", format!("{HEAD}clock: noon\n")),
        ("a duplicate key", format!("{HEAD}seed: 1\nseed: 2\n")),
        ("a duplicate key in a document", account("      credentials:\n        - { id: a, id: b }\n")),
        ("an unknown collection", account("      credentails: []\n")),
        ("a document without a required property", account(credential)),
        (
            "a malformed id",
            account(&format!("{credential}          password: p\n").replace("5ff33b53940df5a34a3888ff", "5ff3")),
        ),
        (
            "an id that YAML takes for a number",
            account(
                "      entities:\n        - id: 123456789012345678901234\n          name: N\n          module_ids: []\n          source: seller\n          recipient: null\n",
            ),
        ),
        (
            "an id that is used twice",
            account(&format!(
                "{credential}          password: p\n        - id: 5ff33b53940df5a34a3888ff\n          name: M\n          type: user\n          package: p\n          username: u\n          password: p\n"
            )),
        ),
        (
            "a value that is none of the known ones",
            account(
                "      entities:\n        - { id: 5ff33b53940df5a34a3888ff, name: N, module_ids: [], source: seler, recipient: null }\n",
            ),
        ),
        (
            "an onboard of a connection that is not there",
            account(
                "      onboards:\n        - { id: 5ff33b53940df5a34a3888ff, invitation_id: 64b8f0f5e4b0c3a1d5e6f7a8, connection_id: 5d9a4c421d011c553e00000f }\n",
            ),
        ),
        (
            "a flow with a party that is not there",
            account(
                "      flows:\n        - id: 5ff33b53940df5a34a3888ff\n          name: F\n          enabled: true\n          fields: []\n          steps: []\n          sources:\n            - entity: { id: 5d9a4b10940df5a34a3888cc, name: X }\n              integration: { module_id: m }\n",
            ),
        ),
        (
            "a key of nobody",
            format!(
                "{HEAD}extends: healthy\nworld:\n  keys:\n    - {{ key: k, account: 5fd4371e940df5a34a3888b2, user: 5fd438f91f0d12766e2bfee6 }}\n"
            ),
        ),
        (
            "settings of nobody",
            account("      user_settings:\n        - { id: 5ff33b53940df5a34a3888ff, notifications: {} }\n"),
        ),
        (
            "a row that the service does not know",
            account(
                "      connections:\n        - id: 5d9a4c421d011c553e00000f\n          external_id: 5d9a4c421d011c553e00000e\n          relationship_type: seller\n          connected_account: { id: 5d9a4b10940df5a34a3888c1, sso_id: 5d9a4b0f542ea0521e2a45c1, name: S }\n          created_at: now\n          updated_at: now\n",
            ),
        ),
        (
            "a time that is none",
            account("      connections:\n        - { id: 5d9a4c421d011c553e000001, updated_at: soon }\n"),
        ),
        ("how many, in words", account("      generate: { credentials: many }\n")),
        ("how many of what", account("      generate: { conections: 3 }\n")),
        (
            "an example without a reply",
            format!("{HEAD}examples:\n  - name: half\n    request: {{ method: GET, path: /user }}\n"),
        ),
        (
            "an example with both forms",
            format!(
                "{HEAD}examples:\n  - name: both\n    request: {{ method: GET, path: /user }}\n    reply: {{ status: 200 }}\n    steps:\n      - request: {{ method: GET, path: /user }}\n        reply: {{ status: 200 }}\n"
            ),
        ),
        (
            "an unknown method",
            format!(
                "{HEAD}examples:\n  - name: x\n    request: {{ method: GTE, path: /user }}\n    reply: {{ status: 200 }}\n"
            ),
        ),
        (
            "a path without a slash",
            format!(
                "{HEAD}examples:\n  - name: x\n    request: {{ method: GET, path: user }}\n    reply: {{ status: 200 }}\n"
            ),
        ),
        (
            "a status that is none",
            format!(
                "{HEAD}examples:\n  - name: x\n    request: {{ method: GET, path: /user }}\n    reply: {{ status: ok }}\n"
            ),
        ),
        (
            "an unknown expectation",
            format!(
                "{HEAD}examples:\n  - name: x\n    request: {{ method: GET, path: /user }}\n    reply: {{ status: 200, body: {{ lenght: 2 }} }}\n"
            ),
        ),
        ("a YAML tag", account("      credentials:\n        - !secret { id: x }\n")),
    ];
    let messages: Vec<String> = rows.iter().map(|(what, text)| format!("# {what}\n{}", message(text))).collect();
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn several_mistakes_are_told_at_once() {
    let text = account("      entities:\n        - { id: x, name: N }\n        - { id: y, name: 5 }\n");
    let told = message(&text);
    assert!(told.matches("FOLDER/mine.yaml:").count() >= 4, "{told}");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.yaml");
    std::fs::File::create(&file).unwrap().set_len(17 * 1024 * 1024).unwrap();
    let mut library = Library::built_in(Arc::new(Contract::built_in().unwrap())).unwrap();
    let told = library.read(&file).unwrap_err()[0].to_string();
    assert!(told.contains("at most 16777216 are read"), "{told}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]

    /// A file may be cut anywhere and have any character changed: there is a message, never a panic.
    #[test]
    fn damaged_files_are_told_not_panicked_about(cut in 0usize..3000, at in 0usize..3000, with in "\\PC") {
        static LIBRARY: std::sync::OnceLock<Library> = std::sync::OnceLock::new();
        let _ = LIBRARY.get_or_init(|| Library::built_in(Arc::new(Contract::built_in().unwrap())).unwrap());
        let text = include_str!("../../scenarios/missed-invitation.yaml").replace("missed-invitation", "damaged");
        let mut characters: Vec<char> = text.chars().collect();
        let position = at % characters.len();
        characters[position] = with.chars().next().unwrap();
        characters.truncate(characters.len() - cut % characters.len());
        let source = leadconduit_mock::yaml::Source::new("damaged.yaml", characters.into_iter().collect::<String>());
        if let Err(diagnosis) = source.parse::<leadconduit_mock::scenario::language::ScenarioFile>() {
            let _ = diagnosis.to_string();
        }
    }
}
