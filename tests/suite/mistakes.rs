//! Mistakes that new users make, in scenario files, on the command line, in calls of the control API and in requests. Each
//! message names the place, what was found there, and what to write instead. The snapshot keeps them so.

use std::process::Command;

use crate::log::Server;
use crate::support::{ClosedPort, Mock, TestResponse};

/// The beginning of a scenario file.
const HEAD: &str = "version: 1\nname: mine\ndescription: A story.\n";

/// Scenario files, as `check` sees them. `HEAD` stands for the required keys, `RULES` for them and the beginning of a list
/// of rules.
const FILES: &[(&str, &str)] = &[
    ("a scenario without its first keys", "rules: []\n"),
    ("an empty scenario file", ""),
    (
        "a certificate in place of a scenario",
        "-----BEGIN CERTIFICATE-----\nMIIBkTCB+wIJAKHHCgVZU6T9MA0GCSqGSIb3DQEBCwUAMBExDzANBgNVBAMMBnVu\n-----END CERTIFICATE-----\n",
    ),
    ("a tab", "HEADrules:\n\t- then: { delay: 5 }\n"),
    ("a colon in a text", "version: 1\nname: mine\ndescription: Lists fail: 503\n"),
    ("a bracket that is not closed", "RULES  - when: { operation: [get_user\n    then: { status: 503 }\n"),
    ("`rules` as a map", "RULES  when: { operation: get_user }\n  then: { status: 503 }\n"),
    ("a rule without `then`", "RULES  - when: { operation: get_user }\n    status: 503\n"),
    ("a status in place of `then`", "RULES  - { when: { operation: get_user }, then: 503 }\n"),
    ("a status as text", "RULES  - { when: { operation: get_user }, then: { status: \"503 Service Unavailable\" } }\n"),
    ("a delay in words", "RULES  - { when: { operation: get_user }, then: { delay: long } }\n"),
    (
        "a lifetime with a unit that does not exist",
        "RULES  - { when: { operation: get_user }, then: { status: 503, ttl_ms: 2 fortnights } }\n",
    ),
    ("a fault with another name", "RULES  - { when: { operation: get_user }, then: { fault: CONNECTION_RESET } }\n"),
    ("a method and path as operation", "RULES  - { when: { operation: GET /user }, then: { delay: 5 } }\n"),
    ("an operation in another spelling", "RULES  - { when: { operation: getUser }, then: { delay: 5 } }\n"),
    (
        "a pointer without its slash",
        "RULES  - { when: { operation: create_onboard, body: { at: { invitation_id: x } } }, then: { delay: 5 } }\n",
    ),
    (
        "a template with one brace",
        "RULES  - { when: { operation: get_user }, then: { body: { error: \"{{ request.path }\" }, status: 503 } }\n",
    ),
    ("a key that no similar word has", "HEADextends: healthy\nbehaviour: broken\n"),
    ("documents directly below the world", "HEADextends: healthy\nworld:\n  users: []\n"),
    (
        "an example with a bare status",
        "HEADextends: healthy\nexamples:\n  - { name: x, request: { method: GET, path: /user }, reply: 200 }\n",
    ),
    (
        "an example that fails",
        "HEADextends: healthy\nexamples:\n  - { name: x, request: { method: GET, path: /user }, reply: { status: 404 } }\n",
    ),
];

/// Command lines. FOLDER is a folder with the scenario `good` and an empty folder; PORT is a port without a server.
const COMMANDS: &[(&str, &str)] = &[
    ("a port that is no number", "serve --port abc"),
    ("a scenario that does not exist", "serve --port 0 --scenario sso-outge"),
    ("a file as the name of a scenario", "serve --port 0 --scenario FOLDER/good.yaml"),
    ("a file as the scenario to use", "use good.yaml --port PORT"),
    ("a folder that does not exist", "check FOLDER/missing"),
    ("a folder without scenario files, checked", "check FOLDER/empty"),
    ("a scenario as option of check", "check --scenario mine"),
    ("another scheme for a server's URL", "health --url ftp://127.0.0.1:4010"),
    ("no server", "health --port PORT"),
    ("a word of another tool", "start"),
    ("a clock in words", "serve --port 0 --clock tomorrow"),
    ("a report with an unknown extension", "serve --port 0 --report out.pdf"),
    ("a percentage above 100", "report --fail-under 150"),
    ("leads without a flow", "leads"),
    ("leads with a field and a colon", "leads --flow 64b8f0f5e4b0c3a1d5e6f7ab --set state:TX"),
    ("a format that does not exist", "openapi --format xml"),
];

/// Calls of the control API.
const CALLS: &[(&str, &str)] = &[
    ("PUT /__admin/scenario", "sso-outage"),
    ("PUT /__admin/scenario", "{\"scenario\": \"sso-outage\"}"),
    ("POST /__admin/scenario", "{\"name\": \"sso-outage\"}"),
    ("POST /__admin/faults", "{\"operation\": \"get_user\", \"status\": 503}"),
    ("POST /__admin/faults", "{\"when\": {\"operation\": \"get_user\"}}"),
    ("POST /__admin/faults", "[{\"then\": {\"status\": 503}}]"),
    ("POST /__admin/faults", "{\"then\": {\"status\": 503,}"),
    ("PUT /__admin/clock", "{\"advance\": \"a while\"}"),
    ("PUT /__admin/clock", "{\"freeze\": \"yesterday\"}"),
    ("GET /__admin/requests?limt=5", ""),
    ("GET /__admin/fault", ""),
    ("POST /__admin/verify", "{\"operation\": \"get_user\", \"count\": 1}"),
    ("POST /__admin/verify", "[{\"operation\": \"get_user\", \"exactly\": \"1\"}]"),
    ("POST /__admin/verify", "[{\"operation\": \"getUser\"}]"),
    ("POST /__admin/requests/find", "{\"url\": \"/user\", \"headers\": {\"accept\": {\"equals\": \"json\"}}}"),
    ("POST /__admin/verify", "{\"expectations\": [{\"operation\": \"get_user\", \"count\": 1}]}"),
    ("POST /__admin/requests/count", "{\"urlPattern\": \"/user(\", \"method\": \"GET\"}"),
    ("POST /__admin/explain", "{\"method\": \"GET\", \"url\": \"/user\"}"),
    ("POST /__admin/explain", "GET /user"),
    ("PUT /__admin/state", "{\"accounts\": []}"),
];

/// Requests to the mocked service.
const REQUESTS: &[(&str, &[(&str, &str)], &str)] = &[
    ("GET /conections", &[], ""),
    ("GET /connections/", &[], ""),
    ("PATCH /connections", &[], "{}"),
    ("POST /onboards", &[], "{\"invitation_id\": "),
    ("POST /onboards", &[], "{\"invitationId\": \"64b8f0f5e4b0c3a1d5e6f7a8\"}"),
    ("POST /onboards", &[("content-type", "text/plain")], "{\"invitation_id\": \"64b8f0f5e4b0c3a1d5e6f7a8\"}"),
    ("GET /user", &[("prefer", "code=418")], ""),
    ("GET /user", &[("prefer", "scenario=sso-outge")], ""),
    ("GET /user", &[("prefer", "delay=long")], ""),
    ("GET /user", &[("prefer", "code=error")], ""),
    ("GET /user", &[("x-mock-sandbox", "my tests")], ""),
];

/// Runs a command; returns its exit code and what it prints, with stable names for folder and port.
fn run(arguments: &[&str], folder: &str, port: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
    let arguments = arguments.iter().map(|word| word.replace("FOLDER", folder).replace("PORT", port));
    let output = command.args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let text = text.replace(folder, "FOLDER").replace(port, "PORT");
    format!("[{}] {}", output.status.code().unwrap(), text.trim_end())
}

/// The status and the message of a response, with diagnostics and violations.
fn message(response: &TestResponse) -> String {
    let body: serde_json::Value = serde_json::from_str(&response.text).unwrap_or_default();
    let mut text = match body["detail"].as_str() {
        Some(detail) => detail.to_owned(),
        None => response.text.clone(),
    };
    for diagnostic in body["diagnostics"].as_array().into_iter().flatten() {
        text = format!("{text}\n{}", diagnostic.as_str().unwrap());
    }
    for violation in response.violations() {
        text = format!("{text}\nviolation at {}: {}", violation["location"], violation["message"]);
    }
    format!("[{}] {text}", response.status)
}

#[test]
fn messages_about_typical_mistakes_name_place_and_correction() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let name = folder.path().to_str().unwrap();
    let closed = ClosedPort::reserve();
    let port = closed.address().port().to_string();
    file("good.yaml", &HEAD.replace("mine", "good"));
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let mut shown: Vec<String> = Vec::new();
    for (title, text) in FILES {
        let rules = format!("{HEAD}extends: healthy\nrules:\n");
        file("mine.yaml", &text.replacen("HEAD", HEAD, 1).replacen("RULES", &rules, 1));
        shown.push(format!("# {title}\n{}", run(&["check", "FOLDER/mine.yaml"], name, &port)));
    }
    for (title, line) in COMMANDS {
        let words: Vec<&str> = line.split(' ').collect();
        shown.push(format!("# {title}: {line}\n{}", run(&words, name, &port)));
    }
    let mock = Mock::healthy();
    for (line, body) in CALLS {
        shown.push(format!("# {line} {body}\n{}", message(&mock.request(line, &[], body))));
    }
    for (line, headers, body) in REQUESTS {
        shown.push(format!("# {line} {headers:?} {body}\n{}", message(&mock.request(line, headers, body))));
    }
    assert!(shown.len() >= 50, "{}", shown.len());
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn a_folder_without_scenarios_is_a_warning_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_str().unwrap();
    let text = Server::start(&["--scenarios", name], &[]).stop();
    assert!(text.contains(&format!("warning: {name}: has no scenario files\n  their names end in .yaml")), "{text}");
}

#[test]
fn values_of_environment_variables_are_attributed_to_them() {
    let run = |arguments: &[&str], variable: (&str, &str)| {
        let output = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"))
            .args(arguments)
            .env(variable.0, variable.1)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let text = run(&["serve"], ("LEADCONDUIT_MOCK_PORT", "http"));
    assert_eq!(
        text,
        "error: invalid value `http` for the variable LEADCONDUIT_MOCK_PORT: write a whole number such as 4010\n"
    );
    let text = run(&["serve"], ("LEADCONDUIT_MOCK_REQUESTS", "lax"));
    assert_eq!(
        text,
        "error: invalid value `lax` for the variable LEADCONDUIT_MOCK_REQUESTS: write one of strict, warn, off\n"
    );
    // A flag takes precedence over its variable.
    let text = run(&["serve", "--port", "web"], ("LEADCONDUIT_MOCK_PORT", "4010"));
    assert!(text.contains("`web` for `--port <PORT>`"), "{text}");
}
