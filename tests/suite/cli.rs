//! The command line: output, messages, exit codes and signals.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use leadconduit_mock::MockServer;
use serde_json::Value;

use crate::support::{HANG_GUARD, Mock, wait_for_exit, wait_until};

const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");

fn run(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).env_remove("LEADCONDUIT_MOCK_PORT").output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A server process, which is killed on drop.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut child =
            Command::new(BINARY).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, url }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    fn wait(&mut self) -> (Option<i32>, String) {
        let status = wait_for_exit(&mut self.child);
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (status.code(), text)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_default_subcommand_serves_and_stops_on_sigint_and_sigterm() {
    for signal in ["-INT", "-TERM"] {
        let mut serving = Serving::start(&["--port", "0"]);
        let health = run(&["health", "--url", &serving.url]);
        assert_eq!((health.status.code(), out(&health)), (Some(0), format!("{} is ready\n", serving.url)));
        serving.signal(signal);
        let (code, text) = serving.wait();
        assert_eq!(code, Some(0), "{text}");
    }
}

#[test]
fn the_startup_banner_matches_its_snapshot() {
    let mut serving = Serving::start(&["serve", "--port", "0", "--scenario", "sso-outage", "--seed", "9"]);
    serving.signal("-TERM");
    let (_, text) = serving.wait();
    let port = serving.url.rsplit(':').next().unwrap();
    let text = text.replace(port, "PORT");
    let lines = text.lines().filter(|line| !line.contains("stopping"));
    let text =
        lines.map(|line| if line.contains("ready in") { "leadconduit-mock VERSION, ready in N ms" } else { line });
    insta::assert_snapshot!(text.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_request_command_of_the_banner_works() {
    let mut serving = Serving::start(&["--port", "0"]);
    let output = {
        let mut text = String::new();
        let stderr = serving.child.stderr.take().unwrap();
        for line in BufReader::new(stderr).lines() {
            let line = line.unwrap();
            if let Some((_, command)) = line.split_once("Try:  ") {
                text = command.to_owned();
                break;
            }
        }
        Command::new("sh").args(["-c", &text.replace("curl", "curl -s")]).output().unwrap()
    };
    assert!(out(&output).starts_with("HTTP/1.1 200 OK"), "{output:?}");
}

/// The startup banner of a server that is started with these flags.
fn banner(arguments: &[&str]) -> String {
    let mut serving = Serving::start(arguments);
    serving.signal("-TERM");
    serving.wait().1
}

#[test]
fn the_banner_shows_how_to_use_the_control_api() {
    let curl = "  Use:  curl -X PUT ";
    let closed = "The control API is closed: 0.0.0.0 can be reached by others. Open it with --admin-token TOKEN, or in a \
                  container with --env LEADCONDUIT_MOCK_ADMIN_TOKEN=TOKEN.";
    let token = "-H 'Authorization: Bearer TOKEN' ";
    let dir = tempfile::tempdir().unwrap();
    let text = banner(&["--port", "0", "--host", "0.0.0.0", "--intercept", "--tls-dir", dir.path().to_str().unwrap()]);
    assert!(text.contains("The control API and the proxy of --intercept are closed: 0.0.0.0 can be"), "{text}");
    assert!(text.contains("Open them with --admin-token TOKEN"), "{text}");
    // Flags; whether the command is shown, whether it has a token, and whether the API is reported as closed.
    let rows: &[(&[&str], bool, bool, bool)] = &[
        (&["--port", "0"], true, false, false),
        (&["--port", "0", "--host", "::1"], true, false, false),
        (&["--port", "0", "--host", "0.0.0.0"], false, false, true),
        (&["--port", "0", "--host", "0.0.0.0", "--admin-token", " "], false, false, true),
        (&["--port", "0", "--host", "0.0.0.0", "--admin-token", "s3cret"], true, true, false),
        (&["--port", "0", "--admin-token", "s3cret"], true, true, false),
    ];
    for (arguments, shown, with_token, is_closed) in rows {
        let text = banner(arguments);
        let found = (text.contains(curl), text.contains(token), text.contains(closed));
        assert_eq!(found, (*shown, *with_token, *is_closed), "{arguments:?}: {text}");
        assert!(text.contains("sso-outage\"}'") == *shown, "the command names another scenario: {text}");
        let console = match with_token {
            true => "/__admin/ui/ (open it in a browser; it asks for the token)",
            false => "/__admin/ui/ (open it in a browser)",
        };
        assert_eq!(text.contains(console), *shown, "{arguments:?}: {text}");
        assert!(!text.contains("console   http://0.0.0.0"), "no address for a browser: {text}");
    }
}

#[test]
fn a_json_log_says_how_to_open_a_closed_control_api() {
    let json = banner(&["--port", "0", "--host", "0.0.0.0", "--log-format", "json"]);
    assert!(json.contains("--env LEADCONDUIT_MOCK_ADMIN_TOKEN=TOKEN"), "{json}");
    let open = banner(&["--port", "0", "--log-format", "json"]);
    assert!(!open.contains("control API"), "{open}");
}

#[test]
fn the_banner_shows_enabled_deliveries() {
    let line = "  Deliveries: steps with a url on this machine are called\n";
    assert!(banner(&["--port", "0", "--deliver"]).contains(line));
    assert!(!banner(&["--port", "0"]).contains("  Deliveries:"));
}

#[test]
fn the_scenario_command_of_the_banner_works() {
    let mut serving = Serving::start(&["--port", "0", "--admin-token", "TOKEN"]);
    // The log is not read after this line; the server must still work.
    let lines = BufReader::new(serving.child.stderr.take().unwrap()).lines();
    let command = lines.map(Result::unwrap).find_map(|line| Some(line.split_once("Use:  ")?.1.to_owned())).unwrap();
    let output = Command::new("sh").args(["-c", &command.replace("curl", "curl -s")]).output().unwrap();
    assert!(out(&output).contains("\"name\":\"sso-outage\""), "{output:?}");
}

/// Arguments, expected standard output, expected standard error and exit code.
type CommandRow<'a> = (&'a [&'a str], &'a str, &'a str, i32);

fn check_rows(url: &str, rows: &[CommandRow<'_>]) {
    for (arguments, stdout, stderr, code) in rows {
        let arguments = [*arguments, &["--url", url]].concat();
        let output = run(&arguments);
        let found = (out(&output), err(&output), output.status.code());
        assert_eq!(found, ((*stdout).to_owned(), (*stderr).to_owned(), Some(*code)), "{arguments:?}");
    }
}

#[test]
fn use_and_reset_change_a_running_server() {
    // An address that no other test uses: nothing else listens there when the server has stopped.
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.host = [127, 0, 0, 41].into()));
    let url = mock.server.url();
    check_rows(
        &url,
        &[
            (&["use", "sso-outage"], "sandbox default now uses scenario sso-outage\n", "", 0),
            (&["reset"], "sandbox default was reset to scenario sso-outage; cleared 0 recorded requests\n", "", 0),
            (
                &["use", "empty-account", "--sandbox", "a"],
                "sandbox a now uses scenario empty-account\n",
                "note: sandbox `a` did not exist; it is created\n",
                0,
            ),
            (
                &["reset", "--sandbox", "a"],
                "sandbox a was reset to scenario empty-account; cleared 0 recorded requests\n",
                "",
                0,
            ),
            (
                &["reset", "--sandbox", "new"],
                "sandbox new was reset to scenario healthy; cleared 0 recorded requests\n",
                "note: sandbox `new` did not exist; it is created\n",
                0,
            ),
            (&["use", "sso-outge"], "", "error: there is no scenario `sso-outge`; did you mean `sso-outage`?\n", 2),
            // A server on loopback needs no token, and ignores one.
            (&["use", "healthy", "--admin-token", "any"], "sandbox default now uses scenario healthy\n", "", 0),
        ],
    );
    let note = "note: sandbox `b` did not exist; it is created\n";
    let text = "sandbox b now uses scenario healthy\n";
    check_rows(
        &format!("{url}/__sandbox/b"),
        &[(&["use", "healthy"], text, note, 0), (&["use", "healthy"], text, "", 0)],
    );
    let refused = run(&["use", "healthy", "--sandbox", "a b", "--url", &url]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("a b"), "{}", err(&refused));
    let scenario = |sandbox: &str| mock.get(&format!("/__sandbox/{sandbox}/__admin/scenario")).json()["name"].clone();
    assert_eq!(
        (scenario("default"), scenario("a"), scenario("b")),
        ("healthy".into(), "empty-account".into(), "healthy".into())
    );
    drop(mock);
    let (host, port) = url.trim_start_matches("http://").split_once(':').unwrap();
    let host = if host == "127.0.0.1" { String::new() } else { format!(" --host {host}") };
    let unreachable = format!(
        "error: {url} cannot be reached: no server listens there; start one with `leadconduit-mock serve{host} --port \
         {port}`\n"
    );
    check_rows(&url, &[(&["use", "healthy"], "", &unreachable, 1), (&["reset"], "", &unreachable, 1)]);
}

#[test]
fn the_admin_token_is_required_and_never_printed() {
    const TOKEN: &str = "s3cret-of-this-test";
    let mut serving = Serving::start(&["--port", "0", "--admin-token", TOKEN]);
    let missing = "error: the control API of this server needs its token; send `Authorization: Bearer TOKEN` with the \
                 one from --admin-token\n";
    let wrong = "error: the token is wrong; send `Authorization: Bearer TOKEN` with the one from --admin-token\n";
    check_rows(
        &serving.url,
        &[
            (&["use", "sso-outage"], "", missing, 1),
            (&["reset"], "", missing, 1),
            (&["reset", "--admin-token", " "], "", missing, 1),
            (&["use", "sso-outage", "--admin-token", "guess"], "", wrong, 1),
            (&["reset", "--admin-token", "guess"], "", wrong, 1),
            (&["use", "sso-outage", "--admin-token", TOKEN], "sandbox default now uses scenario sso-outage\n", "", 0),
            (
                &["reset", "--admin-token", TOKEN],
                "sandbox default was reset to scenario sso-outage; cleared 0 recorded requests\n",
                "",
                0,
            ),
        ],
    );
    serving.signal("-TERM");
    let (code, text) = serving.wait();
    let mut rest = String::new();
    serving.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(code, Some(0));
    assert!(!text.contains(TOKEN) && !rest.contains(TOKEN), "{text}{rest}");
    // Help shows the values of other variables, but not the token.
    for arguments in [&["--help"][..], &["serve", "--help"], &["use", "--help"], &["reset", "--help"]] {
        let output = Command::new(BINARY).args(arguments).env("LEADCONDUIT_MOCK_ADMIN_TOKEN", TOKEN).output().unwrap();
        let text = out(&output) + &err(&output);
        assert!(text.contains("--admin-token") || arguments == ["--help"], "{text}");
        assert!(!text.contains(TOKEN), "{arguments:?}: {text}");
    }
}

#[test]
fn reloads_of_changed_files_are_logged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.yaml");
    let text = "version: 1\nname: own\ndescription: d\nextends: healthy\n";
    std::fs::write(&file, text).unwrap();
    let path = folder.path().to_str().unwrap();
    let mut serving = Serving::start(&["--port", "0", "--scenario", "own", "--scenarios", path, "--watch"]);
    let stderr = serving.child.stderr.take().unwrap();
    let (send, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
    });
    let until = |words: &str| loop {
        let line = lines.recv_timeout(HANG_GUARD).unwrap_or_else(|_| panic!("never logged: {words}"));
        if line.contains(words) {
            break line;
        }
    };
    std::fs::write(&file, format!("{text}sso: {{ status: dwn }}\n")).unwrap();
    assert!(until("the changed files are not used").contains("WARN"));
    until(&format!("{path}/own.yaml:5:16: "));
    until("5 | sso: { status: dwn }");
    until("^^^ did you mean `down`?");
    std::fs::write(&file, format!("{text}sso: {{ status: down }}\n")).unwrap();
    let line = until("INFO");
    assert!(line.ends_with("scenarios: reloaded own.yaml; 26 scenarios are available"), "{line}");
}

#[test]
fn flags_can_be_set_by_environment_variables() {
    let child = Command::new(BINARY)
        .env("LEADCONDUIT_MOCK_PORT", "0")
        .env("LEADCONDUIT_MOCK_SCENARIO", "empty-account")
        .env("LEADCONDUIT_MOCK_CHECK_REPLIES", "1")
        .env("LEADCONDUIT_MOCK_NO_MOCK_HEADERS", "false")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut serving = Serving { child, url: String::new() };
    let mut line = String::new();
    BufReader::new(serving.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    serving.signal("-TERM");
    let (code, text) = serving.wait();
    assert_eq!(code, Some(0));
    assert!(text.contains("scenario  empty-account"), "{text}");
}

#[test]
fn errors_have_documented_exit_codes_and_messages() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.yaml");
    std::fs::write(&bad, "version: 1\nname: bad\ndescription: d\nsso: { status: dwn }\n").unwrap();
    let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    let folder = folder.path().to_str().unwrap();
    let rows: &[(&[&str], i32, &str)] = &[
        (&["serve", "--nonsense"], 2, "unexpected argument '--nonsense'"),
        (&["serve", "--clock", "noon"], 2, "neither `real` nor an RFC 3339 time"),
        (&["serve", "--requests", "lax"], 2, "[possible values: strict, warn, off]"),
        (&["serve", "--cors-origin", "localhost"], 2, "such as http://localhost:3000"),
        (&["serve", "--tls-cert", "x.pem"], 2, "--tls-key"),
        (&["serve", "--watch"], 2, "--scenarios <DIR>"),
        (&["serve", "--port", "0", "--scenario", "helthy"], 3, "did you mean `healthy`?"),
        (&["serve", "--port", "0", "--scenarios", folder], 3, "did you mean `down`?"),
        (&["serve", "--port", "0", "--scenarios", "/nowhere"], 3, "/nowhere: cannot be read"),
        (&["serve", "--port", "0", "--schemas", folder], 3, "openapi.yaml"),
        (&["serve", "--port", "0", "--tls-cert", "/no.pem", "--tls-key", "/no.key"], 3, "/no.pem"),
        (&["serve", "--port", &port], 4, "another program does; stop it, or choose another port with --port"),
        (&["check", bad.to_str().unwrap()], 1, ""),
        (&["health", "--url", "http://127.0.0.1:1"], 1, "http://127.0.0.1:1 is not ready"),
        (&["health", "--url", "ftp://nonsense"], 2, "only http and https are supported"),
    ];
    for (arguments, code, message) in rows {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(message), "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn check_runs_the_built_in_examples() {
    let output = run(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    assert!(out(&output).contains("ok    scenarios/healthy.yaml (5 examples)"), "{}", out(&output));
    assert_eq!(run(&["check", "scenarios"]).status.code(), Some(0), "the scenario files in the source tree");
    assert_eq!(run(&["check", "--schemas", "schemas"]).status.code(), Some(0));
}

#[test]
fn check_reports_the_example_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.yaml");
    let text = "version: 1\nname: wrong\ndescription: d\nextends: healthy\nexamples:\n  - name: too many\n    request: { method: GET, path: /connections }\n    reply:\n      status: 200\n      headers: { X-Connections-Degraded: 'true' }\n      body: { length: 4, at: { /0/status: sso_only } }\n";
    std::fs::write(&file, text).unwrap();
    let output = run(&["check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let text = out(&output).replace(folder.path().to_str().unwrap(), "FOLDER");
    insta::assert_snapshot!(text);
}

#[test]
fn check_rejects_what_serve_rejects_and_what_has_no_effect() {
    const HEAD: &str = "version: 1\nname: own\ndescription: d\nextends: healthy\n";
    let account = "world:\n  accounts:\n    - account: { id: 5fd4371e940df5a34a3888b2 }\n";
    let flow = "      flows:\n        - { id: 64b8f0f5e4b0c3a1d5e6f7ab, fields: [email, first_nam] }\n";
    let generate = |counts: &str| format!("{HEAD}{account}      generate: {{ {counts} }}\n");
    let rule = |rule: &str| format!("{HEAD}rules:\n  - {rule}\n");
    let rows = [
        (HEAD.replace("own", "healthy"), "2:7", "`healthy` is the name of a built-in scenario"),
        (
            rule("{ when: { path: /conections }, then: { status: 503, body: { error: x } } }"),
            "6:21",
            "no operation has the path /conections",
        ),
        (rule("{ when: { path: [/user, /flow/a] }, then: { delay: 5 } }"), "6:29", "no operation has the path /flow/a"),
        (
            rule("{ when: { path: /user, method: DELETE }, then: { delay: 5 } }"),
            "6:",
            "no operation meets the conditions together",
        ),
        (
            rule("{ when: { path: /flows, operation: get_user }, then: { delay: 5 } }"),
            "6:",
            "no operation meets the conditions together",
        ),
        (
            rule("{ when: { operation: get_user, clock: { from: now + 9s, until: now + 5s } }, then: { delay: 5 } }"),
            "6:",
            "`until` is not after `from`",
        ),
        (format!("{HEAD}{account}{flow}"), "9:", "there is no field `first_nam`"),
        (generate("leads: 5"), "8:", "`leads` needs `flows`"),
        (generate("flows: 1, events: 5"), "8:", "`events` needs `leads`"),
        (generate("flows: 1, leads: 5, events: 4"), "8:", "5 leads leave at least 5 events, not 4"),
        (generate("flows: 1, leads: 5, events: 106"), "8:", "5 leads leave at most 105 events, not 106"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.yaml");
    for (text, position, message) in rows {
        std::fs::write(&file, &text).unwrap();
        let output = run(&["check", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        let found = out(&output);
        assert!(found.contains(message) && found.contains(&format!("own.yaml:{position}")), "{text}\n{found}");
        assert!(found.ends_with("1 error\n"), "{found}");
    }
    for text in [
        rule("{ gate: true, when: { path: /healthz }, then: { status: 200, body: ok } }"),
        rule("{ when: { path: '/connections/5d9a4c421d011c553e000002' }, then: { delay: 5 } }"),
        rule("{ when: { path: '/flows/{*rest}' }, then: { delay: 5 } }"),
        generate("flows: 1, leads: 5, events: 105"),
        generate("flows: 1, leads: 5"),
    ] {
        std::fs::write(&file, &text).unwrap();
        let output = run(&["check", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{text}\n{}", out(&output));
    }
    // An unknown operation is one error: the response is not compared with other operations.
    std::fs::write(&file, rule("{ when: { operation: list_conections }, then: { status: 418, example: nothing } }"))
        .unwrap();
    let found = out(&run(&["check", file.to_str().unwrap()]));
    assert!(found.contains("did you mean `list_connections`?") && found.ends_with("1 error\n"), "{found}");

    // Warnings are counted; the command succeeds unless it is strict.
    let text = "version: 1\nname: one\ndescription: One.\nextends: healthy\nworld:\n  accounts:\n    - account: { id: \
                5fd4371e940df5a34a3888b2, naem: X }\n";
    std::fs::write(&file, text).unwrap();
    let output = run(&["check", file.to_str().unwrap()]);
    let found = out(&output);
    assert_eq!(output.status.code(), Some(0), "{found}");
    assert!(found.contains("warning: ") && found.ends_with("0 examples: no errors, 1 warning\n"), "{found}");
    let strict = run(&["check", "--strict", file.to_str().unwrap()]);
    assert_eq!((strict.status.code(), out(&strict)), (Some(1), found));
    let built_in = run(&["check", "--strict"]);
    assert_eq!(built_in.status.code(), Some(0), "{}", out(&built_in));

    std::fs::remove_file(&file).unwrap();
    let output = run(&["check", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("has no scenario files"), "{}", out(&output));
}

#[test]
fn operations_and_scenarios_are_listed() {
    let text = out(&run(&["operations"]));
    assert_eq!(text.lines().filter(|line| line.starts_with("  ")).count(), 100);
    assert!(text.contains("POST    /connections"), "{text}");
    let list: Vec<Value> = serde_json::from_str(&out(&run(&["operations", "--json"]))).unwrap();
    let repair = list.iter().find(|operation| operation["operation"] == "repair_connection").unwrap();
    assert_eq!((&repair["statuses"]["422"], &repair["statuses"]["503"]), (&"documented".into(), &"inferred".into()));
    let scenarios: Vec<Value> = serde_json::from_str(&out(&run(&["scenarios", "--json"]))).unwrap();
    assert_eq!(scenarios[0]["name"], "healthy");
    assert_eq!(out(&run(&["scenarios"])).lines().count(), scenarios.len());
}

#[test]
fn openapi_prints_the_same_document_as_json_and_yaml() {
    let json: Value = serde_json::from_str(&out(&run(&["openapi"]))).unwrap();
    assert_eq!(json["openapi"], "3.1.0");
    let yaml =
        contract_files::yaml::Source::new("openapi", out(&run(&["openapi", "--format", "yaml"]))).parse_json().unwrap();
    assert_eq!(yaml, json);
}

#[test]
fn completions_help_and_version_are_printed() {
    assert!(out(&run(&["completions", "bash"])).contains("leadconduit-mock"));
    let help = out(&run(&["--help"]));
    for word in
        ["LEADCONDUIT_MOCK_PORT", "Exit codes", "check", "scenarios", "--scenario <NAME>", "http://127.0.0.1:4010"]
    {
        assert!(help.contains(word), "{word} in {help}");
    }
    assert!(out(&run(&["--version"])).starts_with("leadconduit-mock "));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let command = format!("{BINARY} openapi | head -c 1; exit ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").args(["-c", &command]).output().unwrap();
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
}

#[test]
fn https_is_served_with_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            key,
            "-out",
            cert,
        ])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", err(&made));
    let serving = Serving::start(&["--port", "0", "--tls-cert", cert, "--tls-key", key]);
    assert!(serving.url.starts_with("http://"), "{}", serving.url);
    let https_url = serving.url.replace("http:", "https:");
    let response = Command::new("curl")
        .args(["-s", "--cacert", cert, "-u", &format!("API:{}", crate::support::JANE), &format!("{https_url}/user")])
        .output()
        .unwrap();
    assert!(out(&response).contains("Jane"), "{}", err(&response));
}

/// A server that allows an hour for running requests, so that a test in time means that it did not wait for them. Its
/// address is one that no other test uses: nothing else listens there when the server has stopped.
fn patient(address: &str, arguments: &[&str]) -> Serving {
    Serving::start(&[&["--host", address, "--port", "0", "--drain-ms-max", "3600000"], arguments].concat())
}

fn connect(serving: &Serving) -> std::net::TcpStream {
    let socket = std::net::TcpStream::connect(serving.url.trim_start_matches("http://")).unwrap();
    socket.set_read_timeout(Some(crate::support::HANG_GUARD)).unwrap();
    socket
}

fn get_user(url: &str) -> String {
    format!(
        "GET /user HTTP/1.1\r\nHost: {url}\r\nAuthorization: {}\r\n\r\n",
        crate::support::basic(crate::support::JANE)
    )
}

#[test]
fn requests_that_were_received_complete_before_the_server_stops() {
    use std::io::Write;
    let mut serving = patient("127.0.0.42", &[]);
    let fault = r#"{"when": {"operation": "get_user"}, "then": {"drip": {"chunks": 2, "over_ms": 1000}}}"#;
    let fault =
        format!("POST /__admin/faults HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{fault}", fault.len());
    let mut socket = connect(&serving);
    socket.write_all(fault.as_bytes()).unwrap();
    assert!(crate::support::read_response(&mut socket).starts_with("HTTP/1.1 201"));
    socket.write_all(get_user("x").as_bytes()).unwrap();
    // The first byte of the response: the request has been received.
    let mut response = vec![0];
    socket.read_exact(&mut response).unwrap();
    serving.signal("-TERM");
    let refuses = || std::net::TcpStream::connect(serving.url.trim_start_matches("http://")).is_err();
    wait_until("the refusal of new connections", refuses, String::new);
    socket.read_to_end(&mut response).unwrap();
    let response = String::from_utf8(response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains(&format!("Content-Length: {}", body.len())),
        "{response}"
    );
    assert_eq!(serving.wait().0, Some(0));
}

#[test]
fn requests_that_were_not_received_are_dropped_when_the_server_stops() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let mut serving = patient("127.0.0.43", &["--report", report.to_str().unwrap()]);
    let head = format!(
        "POST /onboards HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: application/json\r\n",
        crate::support::basic(crate::support::JANE),
    );
    // Half a head, half a body, half a body in chunks, and both behind a complete request.
    let half_body = format!("{head}Content-Length: 100\r\n\r\n{{");
    let chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\nhe");
    let mut halves: Vec<_> = [head.as_str(), &half_body, &chunks].map(|bytes| (connect(&serving), bytes)).into();
    for bytes in [head.as_str(), &half_body] {
        let mut socket = connect(&serving);
        socket.write_all(get_user("x").as_bytes()).unwrap();
        assert!(crate::support::read_response(&mut socket).starts_with("HTTP/1.1 200"));
        halves.push((socket, bytes));
    }
    for (socket, bytes) in &mut halves {
        socket.write_all(bytes.as_bytes()).unwrap();
    }
    // The server has read the head and waits for the body.
    let mut socket = connect(&serving);
    socket.write_all(format!("{head}Expect: 100-continue\r\nContent-Length: 100\r\n\r\n").as_bytes()).unwrap();
    assert!(crate::support::read_response(&mut socket).starts_with("HTTP/1.1 100 Continue"));
    halves.push((socket, ""));
    serving.signal("-TERM");
    assert_eq!(serving.wait().0, Some(0));
    for (mut socket, bytes) in halves {
        assert_eq!(crate::support::read_all(&mut socket), "", "{bytes}");
    }
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert!(report.to_string().contains("get_user"), "{report}");
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    use std::io::Write;
    for (address, signal, code) in [("127.0.0.44", "-TERM", 143), ("127.0.0.45", "-INT", 130)] {
        let mut serving = patient(address, &[]);
        // A response that takes longer than the test waits.
        let fault = r#"{"when": {"operation": "get_user"}, "then": {"drip": {"chunks": 2, "over_ms": 60000}}}"#;
        let fault = format!(
            "POST /__admin/faults HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{fault}",
            fault.len()
        );
        let mut socket = connect(&serving);
        socket.write_all(fault.as_bytes()).unwrap();
        assert!(crate::support::read_response(&mut socket).starts_with("HTTP/1.1 201"));
        socket.write_all(get_user("x").as_bytes()).unwrap();
        socket.read_exact(&mut [0]).unwrap();
        serving.signal("-TERM");
        let refuses = || std::net::TcpStream::connect(serving.url.trim_start_matches("http://")).is_err();
        wait_until("the refusal of new connections", refuses, String::new);
        serving.signal(signal);
        assert_eq!(serving.wait().0, Some(code));
    }
}

#[test]
fn a_server_with_stop_with_stdin_ends_when_its_standard_input_does() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let mut child = Command::new(BINARY)
        .args(["--port", "0", "--stop-with-stdin", "--report", report.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let mut serving = Serving { child, url };
    // What is written has no meaning.
    std::io::Write::write_all(&mut input, b"ignored\n").unwrap();
    assert_eq!(run(&["health", "--url", &serving.url]).status.code(), Some(0));
    drop(input);
    let (code, text) = serving.wait();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("standard input has ended") && text.contains("stopping"), "{text}");
    assert!(report.exists(), "the reports are written as after a signal");
}

#[test]
fn pipes_and_devices_are_not_read_as_scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [folder.path(), &pipe] {
        let output = run(&["check", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        let text = out(&output) + &err(&output);
        assert!(text.contains("pipe.yaml") && text.contains("is a named pipe, not a file"), "{text}");
        let output = run(&["serve", "--port", "0", "--scenarios", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    }
    for arguments in [&["check", "/nothing.yaml"][..], &["check", "--schemas", "/nothing"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "`check` has one exit code for all errors: {}", err(&output));
    }
    let output = run(&["check", "/dev/zero"]);
    assert!((out(&output) + &err(&output)).contains("/dev/zero: is a device, not a file"), "{}", err(&output));
    // Other names are no scenarios.
    std::fs::rename(&pipe, folder.path().join("pipe")).unwrap();
    let mut serving =
        Serving::start(&["serve", "--port", "0", "--scenarios", folder.path().to_str().unwrap(), "--watch"]);
    serving.signal("-TERM");
    assert_eq!(serving.wait().0, Some(0));
}

#[test]
fn invalid_delivery_flags_and_limits_are_rejected_with_a_correction() {
    let rows: &[(&[&str], &str)] = &[
        (&["--deliver-allow", "http://recipient"], "such as recipient or recipient:8080"),
        (&["--deliver-allow", "a,recipient:0"], "such as recipient or recipient:8080"),
        (&["--connections-max", "0"], "0 is not in 1..=1000000"),
        (&["--compute-ms-max", "0"], "0 is not in 1.."),
        (&["--deliver-timeout-ms", "0"], "write a duration from 1 to 60000 (milliseconds), such as 500 or 10s"),
        (&["--deliver-timeout-ms", "61s"], "from 1 to 60000"),
        (&["--deliver-timeout-ms", "soon"], "text such as 2s, 90s or 1h30m"),
        (&["--deliver-retries", "6"], "6 is not in 0..=5"),
        (
            &["--firehose-url", "s3"],
            "--firehose-url: s3 cannot be called: only http is supported; write http://HOST:PORT/PATH",
        ),
        (&["--firehose-url", "https://localhost:4566"], "https is not supported"),
        (&["--firehose-url", "http://192.0.2.1"], "allow it with --deliver-allow 192.0.2.1:80"),
    ];
    for (arguments, message) in rows {
        let output = run(&[&["serve", "--port", "0"], *arguments].concat());
        assert!(output.status.code() == Some(2) && err(&output).contains(message), "{arguments:?}: {}", err(&output));
    }
    let mut serving = Serving::start(&[
        "--port",
        "0",
        "--deliver",
        "--deliver-allow",
        "192.0.2.1,recipient:8080",
        "--deliver-retries",
        "0",
        "--firehose-url",
        "http://192.0.2.1:4566/s3",
    ]);
    serving.signal("-TERM");
    assert_eq!(serving.wait().0, Some(0));
}
