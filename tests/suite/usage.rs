//! Frequent mistakes on the command line, and how lists and colours fit the terminal.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};

use crate::log::Server;
use crate::support::{Mock, wait_for_exit};

const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(environment.iter().copied());
    command.output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn unknown_subcommands_get_the_command_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let words = [
        "version",
        "start",
        "stop",
        "test",
        "list",
        "logs",
        "validate",
        "sso-outage",
        "sso-outge",
        "connections",
        "get_user",
        "state",
        "8080",
        "mine.yaml",
        folder,
        "zzzzzz",
    ];
    let shown = |word: &&str| {
        let output = run(&[word], &[]);
        assert_eq!(output.status.code(), Some(2), "{word}");
        format!("# {word}\n{}", err(&output)).replace(folder, "FOLDER")
    };
    insta::assert_snapshot!(words.iter().map(shown).collect::<Vec<_>>().join("\n"));
    let output = run(&["serve", "sso-outage"], &[]);
    assert!(err(&output).contains("leadconduit-mock serve --scenario sso-outage"), "{}", err(&output));
}

#[test]
fn messages_say_what_to_write_instead() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let scenario = at("mine.yaml");
    std::fs::write(&scenario, "version: 1\nname: mine\ndescription: A story.\n").unwrap();
    let (cert, key, text) = (at("cert.pem"), at("key.pem"), at("text.pem"));
    let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    for (cert, key) in [(&cert, &key), (&at("other-cert.pem"), &at("other-key.pem"))] {
        let made =
            Command::new("openssl").args(request).args(["-subj", "/CN=x", "-keyout", key, "-out", cert]).output();
        assert!(made.unwrap().status.success());
    }
    std::fs::write(&text, "no PEM\n").unwrap();
    let (report, other) = (at("missing/report.json"), at("other-key.pem"));
    let rows: &[&[&str]] = &[
        &["report", &scenario],
        &["report", &text],
        &["serve", "--port", "0", "--report", &report],
        &["report", "--port", "1", "--output", &report],
        &["serve", "--port", "0", "--tls-cert", &key, "--tls-key", &cert],
        &["serve", "--port", "0", "--tls-cert", &text, "--tls-key", &key],
        &["serve", "--port", "0", "--tls-cert", &cert, "--tls-key", &cert],
        &["serve", "--port", "0", "--tls-cert", &cert, "--tls-key", &other],
        &["serve", "--host", "localhost:4010"],
        &["operations", "conections"],
        &["operations", "zzzzzz"],
        &["scenarios", "outge"],
    ];
    let shown = |arguments: &&[&str]| {
        let output = run(arguments, &[]);
        let text = format!("# {}\n[{}] {}", arguments.join(" "), output.status.code().unwrap(), err(&output));
        text.replace(folder.path().to_str().unwrap(), "FOLDER")
    };
    insta::assert_snapshot!(rows.iter().map(shown).collect::<Vec<_>>().join("\n"));
}

#[test]
fn misspelt_types_in_a_contract_are_reported_once_with_line_and_suggestion() {
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").args(["-r", "schemas/.", folder.path().to_str().unwrap()]).status().unwrap();
    assert!(copied.success());
    let file = folder.path().join("models/users.yaml");
    let text = std::fs::read_to_string(&file).unwrap().replacen("type: string", "type: strnig", 1);
    std::fs::write(&file, text).unwrap();
    let output = run(&["check", "--schemas", folder.path().to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = err(&output).replace(folder.path().to_str().unwrap(), "FOLDER");
    insta::assert_snapshot!(text);
}

#[test]
fn servers_can_be_named_without_a_scheme() {
    let mock = Mock::healthy();
    let address = mock.server.address();
    let port = address.port().to_string();
    for url in [address.to_string(), format!("localhost:{port}/"), port] {
        for command in ["health", "reset", "report"] {
            let output = run(&[command, "--url", &url], &[]);
            assert_eq!(output.status.code(), Some(0), "{command} {url}: {}", err(&output));
        }
    }
}

#[test]
fn requests_without_a_header_are_described() {
    let mock = Mock::healthy();
    let expectations = serde_json::json!([
        {"request": {"headers": {"authorization": {"absent": true}}}, "never": true},
        {"operation": "get_user", "request": {"queryParameters": {"x": {"absent": true}}}},
        {"request": {"headers": {"authorization": {"absent": true}}}},
    ]);
    let result = mock.post("/__admin/verify", &expectations).expect(200).json();
    let expected = |index: usize| result["expectations"][index]["expected"].as_str().unwrap().to_owned();
    assert_eq!(expected(0), "no request with: no `Authorization` header");
    assert_eq!(expected(2), "at least 1 of the requests with no `Authorization` header");
    assert_eq!(expected(1), "at least 1 of operation `get_user`, no query parameter x");
}

#[test]
fn lists_can_be_filtered() {
    let text = out(&run(&["operations", "CONNECTIONS"], &[]));
    assert!(text.starts_with("Connections\n") && text.contains("repair_connection"), "{text}");
    assert!(!text.contains("get_user"), "{text}");
    let text = out(&run(&["operations"], &[]));
    let mut tags: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    let count = tags.len();
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), count, "each tag has one heading: {text}");
    assert!(out(&run(&["operations", "get_user"], &[])).contains("GET     /user "));
    let json: serde_json::Value = serde_json::from_str(&out(&run(&["operations", "user", "--json"], &[]))).unwrap();
    assert!(json.as_array().unwrap().iter().any(|operation| operation["operation"] == "get_user"));
    let text = out(&run(&["scenarios", "sso"], &[]));
    let names: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["sso-outage", "sso-slow", "sso-flapping"]);
}

#[test]
fn lists_fit_the_terminal() {
    for (columns, arguments) in [(80, ["operations", ""]), (120, ["operations", ""]), (80, ["scenarios", ""])] {
        let command = format!("stty cols {columns} rows 24; NO_COLOR=1 {BINARY} {}", arguments.join(" "));
        let output = Command::new("script").args(["-qec", &command, "/dev/null"]).output().unwrap();
        let text = out(&output);
        let longest = text.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
        assert!(longest <= columns && longest > columns / 2, "{longest} of {columns}: {text}");
    }
}

#[test]
fn colors_follow_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.yaml");
    std::fs::write(&file, "version: 1\nname: bad\ndescription: d\nsso: down\n").unwrap();
    let file = file.to_str().unwrap();
    let rows: &[&[&str]] =
        &[&["--help"], &["check", file], &["operations"], &["scenarios"], &["report", file], &["zzz"]];
    for arguments in rows {
        let is_colored = |environment: &[(&str, &str)]| {
            let output = run(arguments, environment);
            (out(&output) + &err(&output)).contains('\u{1b}')
        };
        assert!(!is_colored(&[]), "{arguments:?}: no terminal, no colours");
        assert!(is_colored(&[("CLICOLOR_FORCE", "1")]), "{arguments:?}");
        assert!(!is_colored(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "{arguments:?}");
    }
}

#[test]
fn the_first_screen_is_colored_on_a_terminal_only() {
    // `script` runs the server on a terminal of its own. The shell says how the server ended, because `script` can lose an
    // exit code when the terminal closes first; its trap keeps it alive when the terminal sends SIGINT to both.
    let on_terminal = |environment: &str| {
        let server = format!("env TERM=xterm {environment} {BINARY} serve --port 0");
        let command = format!("trap : INT; {server}; echo exit code $?");
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        let mut child = script.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        while !text.contains("listening on") {
            assert!(out.read_line(&mut text).unwrap() > 0, "{text}");
        }
        // Ctrl-C stops the server.
        child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
        wait_for_exit(&mut child);
        out.read_to_string(&mut text).unwrap();
        assert!(text.contains("exit code 0"), "{text}");
        text
    };
    let text = on_terminal("");
    assert!(text.contains("\u{1b}[1mleadconduit-mock\u{1b}[0m"), "{text}");
    let text = on_terminal("NO_COLOR=1");
    assert!(text.contains("leadconduit-mock ") && !text.contains('\u{1b}'), "{text}");
    for (environment, is_colored) in [
        (&[("NO_COLOR", "")][..], false),
        (&[("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")], true),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
    ] {
        let text = Server::start(&[], environment).stop();
        assert_eq!(text.contains('\u{1b}'), is_colored, "{environment:?}: {text}");
    }
}

#[test]
fn short_help_is_grouped_and_leaves_out_limits() {
    let text = out(&run(&["serve", "-h"], &[]));
    assert!(text.contains("Scenario and contract:") && text.lines().count() < 60, "{text}");
    let flags: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("--")).collect();
    assert!(flags.len() >= 25, "{text}");
    assert!(!text.contains("--journal-bytes-max"), "limits are in --help: {text}");
    assert!(out(&run(&["serve", "--help"], &[])).contains("--journal-bytes-max"));
}

#[test]
fn values_without_a_similar_one_get_the_whole_list() {
    let text = err(&run(&["openapi", "--format", "xml"], &[]));
    assert!(text.contains("[possible values: json, yaml]") && !text.contains("similar"), "{text}");
    let text = err(&run(&["openapi", "--format", "yml"], &[]));
    assert!(text.contains("a similar value exists: 'yaml'"), "{text}");
}

#[test]
fn a_port_from_kubernetes_is_explained() {
    let output = run(&["health"], &[("LEADCONDUIT_MOCK_PORT", "tcp://10.0.0.1:4010")]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "error: invalid value `tcp://10.0.0.1:4010` for the variable LEADCONDUIT_MOCK_PORT: Kubernetes sets it to \
                    the address of a Service of that name; write `enableServiceLinks: false` in the specification of the \
                    Pod, or set the variable to a number such as 4010\n";
    assert_eq!(err(&output), expected);
}

#[test]
fn a_failing_example_shows_no_api_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    let example =
        "request: { method: GET, path: /user }, reply: { status: 404, body: { equals: {}, includes: { x: 1 } } }";
    let text =
        format!("version: 1\nname: mine\ndescription: d\nextends: healthy\nexamples:\n  - {{ name: e, {example} }}\n");
    std::fs::write(&file, text).unwrap();
    let output = run(&["check", file.to_str().unwrap()], &[]);
    let text = out(&output) + &err(&output);
    assert!(output.status.code() == Some(1) && text.matches("\"api_key\":\"***\"").count() >= 2, "{text}");
    assert!(!text.contains(crate::support::JANE), "{text}");
}

#[test]
fn help_of_nested_subcommands_leaves_out_variables() {
    for arguments in [&["fault", "add", "-h"][..], &["clock", "show", "-h"], &["run", "-h"]] {
        let text = out(&run(arguments, &[]));
        assert!(text.contains("--") && !text.contains("[env:"), "{arguments:?}: {text}");
    }
}
