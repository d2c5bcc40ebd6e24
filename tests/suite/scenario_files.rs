//! Scenario files: values from the environment, byte order marks, merge keys, durations, errors without a body, and
//! templates. They are checked with the command, as users do.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{JANE, Mock};

const HEAD: &str = "version: 1\nname: own\ndescription: A test.\nextends: healthy\n";

struct Checked {
    is_ok: bool,
    output: String,
}

/// Writes a scenario with this text after its head, and checks it with these environment variables.
fn check(text: &str, variables: &[(&str, &str)]) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), &format!("{HEAD}{text}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
    command.arg("check").arg(&file).env_remove("NO_COLOR").envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    Checked { is_ok: output.status.success(), output: text.replace(folder.path().to_str().unwrap(), "") }
}

fn write(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("own.yaml");
    std::fs::write(&file, text).unwrap();
    file
}

#[track_caller]
fn accept(text: &str, variables: &[(&str, &str)]) {
    let checked = check(text, variables);
    assert!(checked.is_ok, "{text}\n{}", checked.output);
}

#[track_caller]
fn reject(text: &str, variables: &[(&str, &str)], parts: &[&str]) {
    let checked = check(text, variables);
    assert!(!checked.is_ok, "{text}\n{}", checked.output);
    for part in parts {
        assert!(checked.output.contains(part), "{part:?} is missing:\n{}", checked.output);
    }
}

/// A rule, and an example with the response that it gives to `GET /user`.
fn rule_and_reply(then: &str, reply: &str) -> String {
    format!(
        "rules:\n  - when: {{ operation: get_user }}\n    then: {then}\nexamples:\n  - name: e\n    request: {{ method: GET, path: /user }}\n    reply: {reply}\n"
    )
}

#[test]
fn values_come_from_the_environment() {
    let rule = rule_and_reply(
        "{ status: 503, headers: { Retry-After: '${RETRY:-7}' }, body: { error: 'a ${WORD} $${WORD} $$ {b}' } }",
        "{ status: 503, headers: { Retry-After: \"${RETRY:-7}\" }, body: { equals: { error: 'a ${WORD} $${WORD} $$ {b}' } } }",
    );
    accept(&rule, &[("WORD", "x")]);
    accept(&rule, &[("WORD", "x"), ("RETRY", "9")]);
    // An empty variable has the default; without a default it is empty.
    accept(&rule, &[("WORD", ""), ("RETRY", "")]);
    // A value is one scalar, whatever characters it has.
    for value in ["it's: {a}, [b] # c", "\"quoted\"\n- item: 1", "true", "*anchor", "{{ call }}", "${OTHER}"] {
        let reply = rule_and_reply("{ status: 503, body: { error: 'n ${WORD}' } }", "{ status: 503 }");
        accept(&reply, &[("WORD", value)]);
    }
    let value = "a: b\n'c' \"d\"";
    let exact = rule_and_reply(
        "{ status: 503, body: { error: \"${WORD}\" } }",
        "{ status: 503, body: { equals: { error: \"a: b\\n'c' \\\"d\\\"\" } } }",
    );
    accept(&exact, &[("WORD", value)]);
    // Where a number or a flag is expected, the value is read as one.
    let typed = rule_and_reply("{ status: '${STATUS}', delay: '${DELAY}', times: '${N}' }", "{ status: 503 }");
    accept(&typed, &[("STATUS", "503"), ("DELAY", "2s"), ("N", "3")]);
    accept("seed: ${SEED}\n", &[("SEED", "7")]);
    // Names of maps are not replaced.
    accept(&rule_and_reply("{ headers: { X-A: '1' } }", "{ status: 200, headers: { 'x-a': '1' } }"), &[]);
}

#[test]
fn missing_and_malformed_variables_have_a_position_and_a_hint() {
    let text = "rules:\n  - when: { operation: get_user }\n    then: { headers: { X-A: '${NOT_SET_HERE}' } }\n";
    reject(
        text,
        &[],
        &[
            "own.yaml:7:",
            "the environment variable `NOT_SET_HERE` is not set",
            "set it, or write a default: ${NOT_SET_HERE:-VALUE}",
        ],
    );
    for malformed in ["${", "${A", "${}", "${1A}", "${A-B}", "${A B}", "${:-x}"] {
        let text =
            format!("rules:\n  - when: {{ operation: get_user }}\n    then: {{ headers: {{ X-A: '{malformed}' }} }}\n");
        reject(
            &text,
            &[("A", "x")],
            &["own.yaml:7:", "write ${NAME} or ${NAME:-DEFAULT}, or $${ for the characters themselves"],
        );
    }
    reject("seed: ${SEED}\n", &[("SEED", "many")], &["own.yaml:5:", "the environment variable `SEED` is not a number"]);
}

#[test]
fn values_of_the_environment_are_in_no_message_and_no_output() {
    let secret = "S3cr3t-of-the-environment";
    for text in [
        "rules:\n  - when: { operation: '${TOKEN}' }\n    then: { status: 503 }\n",
        "clock: ${TOKEN}\n",
        "seed: ${TOKEN}\n",
        "rules:\n  - when: { operation: get_user }\n    then: { delay: '${TOKEN}' }\n",
        "rules:\n  - when: { operation: get_user }\n    then: { example: '${TOKEN}' }\n",
        "world: { accounts: [ { account: { id: '${TOKEN}' } } ] }\n",
    ] {
        let checked = check(text, &[("TOKEN", secret)]);
        assert!(!checked.is_ok && !checked.output.contains(secret), "{text}: {}", checked.output);
    }
    let folder = tempfile::tempdir().unwrap();
    let then = "{ status: 503, body: { error: 'the value is ${API_TOKEN}' } }";
    write(folder.path(), &format!("{HEAD}{}", rule_and_reply(then, "{ status: 503 }")));
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
    command.args(["serve", "--port", "0", "--scenario", "own", "--scenarios"]).arg(folder.path());
    command.env("API_TOKEN", secret).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let curl = |path: &str| {
        let output = Command::new("curl").args(["-s", "-u", &format!("API:{JANE}"), &format!("{url}{path}")]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    // The client gets the value; the journal and the log do not.
    assert!(curl("/user").contains(secret));
    assert!(!curl("/__admin/requests").contains(secret));
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains(secret));
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), &format!("\u{feff}{HEAD}"));
    let checked = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock")).arg("check").arg(&file).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let mock = Mock::healthy();
    let fault = "\u{feff}{\"when\": {\"operation\": \"get_user\"}, \"then\": {\"status\": 503}}";
    mock.request("POST /__admin/faults", &[], fault).expect(201);
}

#[test]
fn merge_keys_add_the_entries_of_another_map() {
    let text = "\
rules:
  - name: first
    when: { operation: get_user }
    then: &busy { status: 503, headers: &headers { Retry-After: '1' }, body: { error: busy } }
  - name: second
    when: { operation: get_account }
    then: { <<: *busy, status: 500 }
  - name: third
    when: { operation: list_fields }
    then: { <<: [{ delay: 5 }, *busy], body: { error: other, <<: { error: ignored } }, headers: { <<: *headers, X-B: '2' } }
examples:
  - name: second
    request: { method: GET, path: /account }
    reply: { status: 500, headers: { Retry-After: '1' }, body: { equals: { error: busy } } }
  - name: third
    request: { method: GET, path: /fields }
    reply: { status: 503, headers: { Retry-After: '1', X-B: '2' }, body: { equals: { error: other } }, delay_ms: { min: 5 } }
";
    accept(text, &[]);
    reject(
        "rules:\n  - when: { operation: get_user }\n    then: { <<: 5 }\n",
        &[],
        &["own.yaml:7:", "`<<` merges a map or a list of maps, such as <<: *anchor"],
    );
    // What is merged is checked like what is written.
    reject("rules:\n  - when: { operation: get_user }\n    then: { <<: { stauts: 503 } }\n", &[], &["stauts"]);
}

#[test]
fn durations_have_one_format() {
    for (then, delay) in [
        ("{ delay: 250 }", 250),
        ("{ delay: 250ms }", 250),
        ("{ delay: 2s }", 2_000),
        ("{ delay: 1m30s }", 90_000),
        ("{ delay: { ms: 1s } }", 1_000),
        ("{ delay: { type: uniform, lower_ms: 1s, upper_ms: 1000 } }", 1_000),
        ("{ delay: 1s, drip: { chunks: 2, over_ms: 1s }, ttl_ms: 1h30m }", 1_000),
    ] {
        let bounds = format!("{{ status: 200, delay_ms: {{ min: {delay}, max: {delay}ms }} }}");
        accept(&rule_and_reply(then, &bounds), &[]);
    }
    for within in ["10s", "10000", "1m"] {
        accept(
            &format!("rules:\n  - when: {{ rate: {{ calls: 1, within: {within} }} }}\n    then: {{ status: 429 }}\n"),
            &[],
        );
    }
    for then in ["{ delay: soon }", "{ delay: -1s }", "{ ttl_ms: x }", "{ delay: 1, drip: { chunks: 2, over_ms: x } }"]
    {
        reject(
            &rule_and_reply(then, "{ status: 200 }"),
            &[],
            &["own.yaml:7:", "milliseconds as a number, or text such as 2s, 90s or 1h30m"],
        );
    }
    reject(&rule_and_reply("{ delay: 6m }", "{ status: 200 }"), &[], &["300000 ms at most"]);
    let mock = Mock::healthy();
    for advance in [serde_json::json!(1500), serde_json::json!("1500"), serde_json::json!("1s 500ms")] {
        mock.put("/__admin/clock", &serde_json::json!({"freeze": "2026-01-15T09:00:00Z"})).expect(200);
        let now =
            mock.put("/__admin/clock", &serde_json::json!({"advance": advance})).expect(200).json()["now"].clone();
        assert_eq!(now, "2026-01-15T09:00:01.500Z");
    }
    let problem = mock.put("/__admin/clock", &serde_json::json!({"advance": "soon"})).expect(400).json();
    assert!(problem["detail"].as_str().unwrap().contains("text such as 2s, 90s or 1h30m"), "{problem}");
    let delayed = mock.request("GET /user", &[("prefer", "delay=20ms")], "").expect(200);
    assert_eq!(delayed.header("preference-applied"), Some("delay=20"));
    let help =
        Command::new(env!("CARGO_BIN_EXE_leadconduit-mock")).args(["serve", "--drain-ms-max", "x"]).output().unwrap();
    let error = String::from_utf8(help.stderr).unwrap();
    assert!(help.status.code() == Some(2) && error.contains("text such as 2s, 90s or 1h30m"), "{error}");
}

#[test]
fn an_error_without_a_body_is_the_error_document_of_leadconduit() {
    for (status, reply) in [
        (
            503,
            "{ status: 503, headers: { content-type: application/json; charset=utf-8 }, body: { equals: { error: service unavailable } } }",
        ),
        (429, "{ status: 429, body: { equals: { error: too many requests } } }"),
        (401, "{ status: 401, body: { at: { /error: authentication failed } } }"),
    ] {
        accept(
            &rule_and_reply(
                &format!("{{ status: {status} }}"),
                &reply.replace("application/json; charset=utf-8", "'application/json; charset=utf-8'"),
            ),
            &[],
        );
    }
    // Every documented error of every operation has a body that keeps the contract, and a success has none.
    let contract = leadconduit_mock::internals::Contract::built_in().unwrap();
    let mut rules = String::from("rules:\n");
    for operation in &contract.operations {
        for status in operation.responses.keys().filter(|status| **status >= 400) {
            rules.push_str(&format!(
                "  - when: {{ operation: {}, call: {status} }}\n    then: {{ status: {status} }}\n",
                operation.id
            ));
        }
    }
    accept(&rules, &[]);
    let mock = Mock::healthy();
    mock.post("/__admin/faults", &serde_json::json!({"gate": true, "then": {"status": 502}})).expect(201);
    assert_eq!(mock.get("/anything").expect(502).json(), serde_json::json!({"error": "bad gateway"}));
}

#[test]
fn templates_have_deterministic_functions() {
    let body = "{ error: '{{ uuid() }} {{ random(1, 1000000) }} {{ choice([1, 2, 3]) }} {{ now | plus(\"1d\") | date(\"%Y-%m-%d\") }} {{ request.query.q | urlencode }} {{ request.query.q | json_escape }}' }";
    let text = format!(
        "{HEAD}clock: 2026-01-15T09:00:00Z\nrules:\n  - when: {{ operation: get_user }}\n    then: {{ status: 503, body: {body} }}\n"
    );
    let responses = || {
        let mock = Mock::with_scenario("own", &text);
        [(); 3].map(|()| mock.get("/user?q=a%20%22b%22").expect(503).json()["error"].as_str().unwrap().to_owned())
    };
    let first = responses();
    assert_eq!(first, responses(), "the same seed and the same requests");
    assert_ne!(first[0], first[1]);
    assert!(first[0].ends_with(r#" 2026-01-16 a%20%22b%22 a \"b\""#), "{}", first[0]);
}

#[test]
fn what_cannot_be_evaluated_is_rejected_by_check() {
    let template =
        |text: &str| rule_and_reply(&format!("{{ status: 503, body: {{ error: \"{text}\" }} }}"), "{ status: 503 }");
    let rows = [
        ("{{ 'x' | uper }}", "no filter `uper`"),
        ("{% if false %}{{ 'x' | uper }}{% endif %}", "no filter `uper`"),
        ("{% if request.body is defnied %}{% endif %}", "no test `defnied`"),
        ("{% filter uper %}x{% endfilter %}", "no filter `uper`"),
        ("{{ uid() }}", "no variable `uid`; did you mean `uuid`?"),
        ("{{ requst.path }}", "did you mean `request`?"),
        ("{{ request.bdy.name }}", "no variable `request.bdy`; did you mean `request.body`?"),
        ("{{ world.flow }}", "no variable `world.flow`; did you mean `world.flows`?"),
        ("{{ caller.key }}", "no variable `caller.key`"),
        ("{{ env.HOME }}", "write `${NAME}`"),
        ("{{ random(5, 1) }}", "random(1, 6)"),
        ("{{ now | plus('soon') }}", "2s, 90s or 1h30m"),
        ("{{ now | date('%Y', 'Mars') }}", "America/Chicago"),
        ("{{ request.body.at | date('%Q%') }}", "%Y-%m-%d"),
        ("{{ 1 + }}", "the template is invalid"),
    ];
    for (text, part) in rows {
        reject(&template(text), &[], &["own.yaml:7:", part]);
    }
    for valid in [
        "n {{ request.body.a | default('x') | upper }}",
        "n {{ world.flows | length }}",
        "{% for i in range(2) %}{{ loop.index }}{% endfor %}",
        "{% set x = 1 %}n {{ x }}",
    ] {
        accept(&template(valid), &[]);
    }
}
