//! The command `report` and the flag `serve --report`: formats, merging, pass criteria and exit codes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{JANE, Mock, wait_for_exit};
use crate::wire::Wire;

const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");
const TOKEN: &str = "s3cret-of-this-test";

fn run(arguments: &[&str]) -> Output {
    Command::new(BINARY).arg("report").args(arguments).output().unwrap()
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
        let mut command = Command::new(BINARY);
        command.args(["serve", "--port", "0", "--seed", "7", "--clock", "2026-01-15T09:00:00Z"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, url }
    }

    fn wire(&self) -> Wire {
        Wire::open(self.url.trim_start_matches("http://").parse().unwrap())
    }

    /// Sends a signal, waits for the end, and returns the exit code and standard error.
    fn stop(&mut self, signal: &str) -> (Option<i32>, String) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
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

/// Sends requests for every part of a report.
fn send_requests(wire: &mut Wire) {
    wire.request("GET", "/account", &[], None).expect(200);
    wire.request("GET", "/connections?relationship_type=seller", &[], None).expect(200);
    wire.request("GET", "/connections?relationship_type=sellr&colour=blue", &[], None).expect(400);
    wire.request("GET", "/conections", &[], None).expect(404);
    let body = json!({"name": "n", "type": "user", "package": "leadconduit-default", "username": "u", "password": "p", "shape": "round"});
    wire.request("POST", "/credentials", &[], Some(&body)).expect(201);
    wire.request("POST", "/onboards", &[], Some(&json!({"invitation": "x"}))).expect(400);
    wire.request("GET", "/user", &[("Prefer", "scenario=maintenance")], None).expect(503);
}

/// Saves the report of a mock as JSON, and returns the path.
fn save_report(mock: &Mock, folder: &Path, name: &str) -> String {
    let path = folder.join(name).to_str().unwrap().to_owned();
    let output = run(&["--url", &mock.server.url(), "--output", &path]);
    assert_eq!((output.status.code(), out(&output)), (Some(0), String::new()), "{}", err(&output));
    path
}

#[test]
fn text_and_junit_match_their_snapshots() {
    let serving = Serving::start(&[]);
    send_requests(&mut serving.wire());
    let text = run(&["--url", &serving.url, "--fail-on", "violations", "--fail-under", "90"]);
    assert_eq!((text.status.code(), err(&text)), (Some(1), String::new()), "the report contains the failures");
    assert!(!out(&text).contains('\u{1b}'), "no colours outside terminals");
    let widest = out(&text).lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(110), "{widest:?}");
    insta::assert_snapshot!("text", out(&text));
    let junit = run(&["--url", &serving.url, "--format", "junit", "--fail-on", "violations,unmatched"]);
    assert_eq!(junit.status.code(), Some(1));
    assert_eq!(
        err(&junit),
        "error: 3 violations of the contract (--fail-on violations)\nerror: 1 unmatched request \
         (--fail-on unmatched)\n"
    );
    insta::assert_snapshot!("junit", out(&junit));
    let json = run(&["--url", &serving.url, "--format", "json"]);
    assert_eq!(out(&json), serving.wire().request("GET", "/__admin/coverage?sandbox=*", &[], None).expect(200).text);
}

#[test]
fn merged_reports_equal_the_report_of_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let paths: [(&str, &[(&str, &str)]); 2] = [
        ("a", &[("GET", "/connections?colour=blue"), ("GET", "/nowhere"), ("GET", "/user?x=1"), ("GET", "/user")]),
        ("b", &[("GET", "/user?x=2"), ("GET", "/connections?relationship_type=none"), ("GET", "/nowhere")]),
    ];
    let (one, two, both) = (Mock::healthy(), Mock::healthy(), Mock::healthy());
    for ((sandbox, requests), mock) in paths.iter().zip([&one, &two]) {
        for (method, path) in *requests {
            for mock in [mock, &both] {
                mock.request(&format!("{method} {path}"), &[("X-Mock-Sandbox", sandbox)], "");
            }
        }
    }
    let expected = out(&run(&["--url", &both.server.url(), "--format", "json"]));
    assert!(expected.contains("\"exchanges\": 7"), "{expected}");
    let (a, b) = (save_report(&one, folder.path(), "one.json"), save_report(&two, folder.path(), "two.json"));
    let urls = format!("{},{}", one.server.url(), two.server.url());
    let rows: [&[&str]; 4] =
        [&[&a, &b], &[&b, &a], &["--url", &one.server.url(), "--url", &two.server.url()], &["--url", &urls]];
    for arguments in rows {
        let merged = run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(out(&merged), expected, "{arguments:?}");
    }
    let mixed = run(&[&a, "--url", &two.server.url(), "--format", "json"]);
    assert_eq!(out(&mixed), expected);
    let alone = run(&["--url", &both.server.url(), "--sandbox", "b", "--format", "json"]);
    let alone: Value = serde_json::from_str(&out(&alone)).unwrap();
    assert_eq!((&alone["sandbox"], &alone["exchanges"]), (&json!("b"), &json!(3)));
    let named = run(&["--url", &format!("{}/__sandbox/a", both.server.url()), "--format", "json"]);
    assert!(out(&named).contains("\"sandbox\": \"a\""), "{}", out(&named));
}

#[test]
fn reports_of_different_contracts_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::healthy();
    mock.get("/connections?relationship_type=seller").expect(200);
    mock.get("/user").expect(200);
    let whole: Value =
        serde_json::from_str(&std::fs::read_to_string(save_report(&mock, folder.path(), "a.json")).unwrap()).unwrap();
    let at = |document: &Value, id: &str| {
        document["operations"].as_array().unwrap().iter().position(|one| one["operation"] == id).unwrap()
    };
    // An older contract without the parameter, the status and the operation.
    let mut old = whole.clone();
    let list = &mut old["operations"][at(&whole, "list_connections")];
    list["undocumented"]["parameters"] = json!([{"name": "relationship_type", "count": 4}]);
    list["undocumented"]["statuses"] = json!([{"status": 400, "count": 2}, {"status": 418, "count": 1}]);
    list["parameters"] = json!([]);
    list["statuses"].as_array_mut().unwrap().retain(|one| one["status"] != 400);
    old["operations"].as_array_mut().unwrap().retain(|one| one["operation"] != "get_user");
    old["mock"] = json!("0.0.9");
    let path = folder.path().join("old.json");
    std::fs::write(&path, old.to_string()).unwrap();
    for order in [["a.json", "old.json"], ["old.json", "a.json"]] {
        let files = order.map(|name| folder.path().join(name).to_str().unwrap().to_owned());
        let merged: Value = serde_json::from_str(&out(&run(&[&files[0], &files[1], "--format", "json"]))).unwrap();
        let list = &merged["operations"][at(&merged, "list_connections")];
        assert_eq!(list["parameters"], json!([{"name": "relationship_type", "evidence": "documented", "count": 5}]));
        assert_eq!(list["undocumented"]["parameters"], json!([]));
        assert_eq!(list["undocumented"]["statuses"], json!([{"status": 418, "count": 1}]));
        let refused = list["statuses"].as_array().unwrap().iter().find(|one| one["status"] == 400).unwrap();
        assert_eq!(refused, &json!({"status": 400, "evidence": "documented", "count": 2}));
        assert_eq!(merged["operations"][at(&merged, "get_user")]["calls"], 1);
        assert_eq!(merged["operations"].as_array().unwrap().len(), whole["operations"].as_array().unwrap().len());
        assert!(merged["mock"].as_str().unwrap().starts_with("0.0.9, "), "{}", merged["mock"]);
    }
}

#[test]
fn criteria_decide_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (quiet, good, bad) = (Mock::healthy(), Mock::healthy(), Mock::healthy());
    good.get("/user").expect(200);
    bad.get("/user?colour=blue").expect(200);
    bad.get("/usr").expect(404);
    // A browser that opened the page, and a client whose key is unknown.
    let (browser, stranger) = (Mock::healthy(), Mock::healthy());
    browser.get("/favicon.ico").expect(204);
    stranger.request("GET /user", &[("key", "a-key-of-no-user")], "").expect(401);
    let (browser, stranger) =
        (save_report(&browser, folder.path(), "f.json"), save_report(&stranger, folder.path(), "s.json"));
    let (quiet, good, bad) = (
        save_report(&quiet, folder.path(), "q.json"),
        save_report(&good, folder.path(), "g.json"),
        save_report(&bad, folder.path(), "b.json"),
    );
    std::fs::write(path("broken.json"), "{\n  \"version\": 1,\n").unwrap();
    std::fs::write(path("other.json"), "{\"name\": \"x\"}").unwrap();
    std::fs::write(path("new.json"), "{\"version\": 2}").unwrap();
    std::fs::write(
        path("typed.json"),
        std::fs::read_to_string(&good).unwrap().replacen("\"calls\": 0", "\"calls\": \"0\"", 1),
    )
    .unwrap();
    let (broken, other, new, typed, none) =
        (path("broken.json"), path("other.json"), path("new.json"), path("typed.json"), path("none.json"));
    let rows: &[(&[&str], i32, &str)] = &[
        (&[&good], 0, ""),
        (&[&bad], 0, ""),
        (&[&good, "--fail-on", "violations,unmatched,undocumented,nothing", "--fail-under", "0"], 0, ""),
        (&[&bad, "--fail-on", "violations"], 1, "1 violation of the contract (--fail-on violations)"),
        (&[&bad, "--fail-on", "unmatched"], 1, "1 unmatched request (--fail-on unmatched)"),
        (&[&bad, "--fail-on", "undocumented"], 1, "1 undocumented parameter or field (--fail-on undocumented)"),
        (&[&bad, "--fail-on", "nothing"], 0, ""),
        (&[&quiet, "--fail-on", "nothing"], 1, "no requests were recorded (--fail-on nothing)"),
        (&[&quiet, "--fail-on", "violations"], 1, "no requests were recorded (--fail-on nothing)"),
        (&[&quiet, "--fail-under", "0"], 0, ""),
        (&[&browser, "--fail-on", "unmatched"], 1, "no requests were recorded but CORS preflights and what browsers"),
        (&[&stranger, "--fail-on", "unmatched"], 0, ""),
        (&[&stranger, "--fail-on", "violations"], 1, "no request was compared with the contract: none had a valid key"),
        (&[&stranger, &good, "--fail-on", "violations"], 0, ""),
        (
            &[&good, "--fail-on", "nothing", "--operations", "get_account"],
            1,
            "none of the selected operations was called",
        ),
        (&[&good, "--fail-under", "80"], 1, " % is covered, less than 80 % (--fail-under)"),
        (&[&good, &bad, "--fail-on", "violations"], 1, "1 violation of the contract"),
        (
            &[&good, "--fail-on", "violation"],
            2,
            "[possible values: violations, unmatched, undocumented, nothing, never]",
        ),
        (&[&good, "--fail-under", "eighty"], 2, "write a number from 0 to 100"),
        (&[&good, "--format", "yaml"], 2, "[possible values: text, json, junit, html]"),
        (&[&none], 3, "none.json: cannot be read"),
        (&[&broken], 3, "broken.json:"),
        (
            &[&other],
            3,
            "this is not a report\n  save a report with `leadconduit-mock report --output FILE.json`, or with",
        ),
        (&[&new], 3, "new.json:1:13: this report has version 2; only version 1 is supported"),
        (&[&typed], 3, "typed.json:"),
        (&[&good, "--output", "/nowhere/r.json"], 3, "/nowhere/r.json: cannot be written"),
        (&[&good, "--output", folder.path().to_str().unwrap()], 3, "cannot be written: is a directory"),
        (&["--url", "http://127.0.0.1:1"], 1, "http://127.0.0.1:1 cannot be reached"),
        (&["--port", "1"], 1, "http://127.0.0.1:1 cannot be reached"),
    ];
    for (arguments, code, message) in rows {
        let arguments = if arguments.contains(&"--format") {
            arguments.to_vec()
        } else {
            [arguments, &["--format", "json"][..]].concat()
        };
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(message), "{arguments:?}: {}", err(&output));
        assert_eq!(err(&output).is_empty(), message.is_empty(), "{arguments:?}: {}", err(&output));
    }
    let mut with_environment = Command::new(BINARY);
    with_environment.args(["report", &bad]).env("LEADCONDUIT_MOCK_FAIL_ON", "unmatched,violations");
    assert_eq!(with_environment.output().unwrap().status.code(), Some(1));
}

#[test]
fn a_stopped_server_writes_its_reports() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let list = format!("{},{}", path("r.json"), path("r.xml"));
        let mut serving = Serving::start(&["--report", &list, "--report", &path("r.html"), "--report", &path("r.txt")]);
        send_requests(&mut serving.wire());
        serving.wire().request("GET", "/__sandbox/other/user", &[], None).expect(200);
        serving.wire().request("DELETE", "/__admin/sandboxes/other", &[], None).expect(204);
        let expected = serving.wire().request("GET", "/__admin/coverage?sandbox=*", &[], None).expect(200).text;
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "reports are written at the end");
        let (code, text) = serving.stop(signal);
        assert_eq!(code, Some(0), "{text}");
        let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
        assert_eq!(read("r.json"), expected, "{signal}");
        assert!(read("r.xml").starts_with("<?xml version=\"1.0\""), "{}", read("r.xml"));
        assert!(read("r.html").starts_with("<!doctype html>"), "{}", read("r.html"));
        assert!(read("r.txt").contains("8 requests, 2 with 3 violations"), "{}", read("r.txt"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "no temporary files remain");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path("r.json")).unwrap().permissions());
        assert_eq!(mode & 0o444, 0o444, "other users can read it");
    }
}

#[test]
fn a_stopped_server_applies_the_criteria() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.json").to_str().unwrap().to_owned();
    let mut serving = Serving::start(&["--report", &path, "--fail-on", "violations", "--fail-under", "90"]);
    serving.wire().request("GET", "/user?colour=blue", &[], None).expect(200);
    let (code, text) = serving.stop("-TERM");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("error: 1 violation of the contract (--fail-on violations)\n"), "{text}");
    assert!(text.contains("less than 90 % (--fail-under)\n"), "{text}");
    assert!(
        std::fs::read_to_string(&path).unwrap().contains("\"violating\": 1"),
        "the report is written despite the failure"
    );
    let mut serving = Serving::start(&["--fail-on", "violations"]);
    serving.wire().request("GET", "/user", &[], None).expect(200);
    assert_eq!(serving.stop("-INT").0, Some(0));
    for (file, code, message) in [
        ("/nowhere/r.json", 3, "error: /nowhere/r.json: cannot be written"),
        ("r.pdf", 2, "use .json, .xml (JUnit), .html or .txt"),
        ("report", 2, "use .json"),
    ] {
        let output = Command::new(BINARY).args(["serve", "--port", "0", "--report", file]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{file}: {}", err(&output));
        assert!(err(&output).contains(message) && out(&output).is_empty(), "{file}: {}", err(&output));
    }
}

#[test]
fn client_input_is_escaped_and_secrets_are_redacted() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(&["--admin-token", TOKEN]);
    let mut wire = serving.wire();
    wire.request("GET", &format!("/PATH/{JANE}"), &[], None).expect(404);
    let body = json!({"name": "n", "type": "user", "package": "leadconduit-default", "username": "t0psecret", "password": "t0psecret",
                      "<img src=x onerror=alert(2)>": 1, "esc\u{1b}[31m": 1, JANE: 1});
    wire.request("POST", "/credentials", &[], Some(&body)).expect(201);
    wire.request("GET", "/user?%3Cb%3E%26=1&token=t0psecret", &[], None).expect(200);
    let report = folder.path().join("r.json").to_str().unwrap().to_owned();
    let output = run(&["--url", &serving.url, "--admin-token", TOKEN, "--output", &report]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    // A request path cannot have these characters, but a saved report can.
    let text = std::fs::read_to_string(&report).unwrap();
    std::fs::write(&report, text.replace("PATH", "<script>alert(1)</script>\\\"'&]]>")).unwrap();
    for format in ["text", "json", "junit", "html"] {
        let path = folder.path().join(format).to_str().unwrap().to_owned();
        let output = run(&[&report, "--format", format, "--output", &path]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("onerror=alert(2)"), "{format} lacks the field: {text}");
        for secret in [JANE, TOKEN, "t0psecret", "\u{1b}"] {
            assert!(!text.contains(secret), "{format} contains {secret:?}");
        }
        if format == "html" || format == "junit" {
            for markup in ["<script", "<img", "<b>", "\"'&]]>"] {
                assert!(!text.contains(markup), "{format} contains {markup}");
            }
            assert!(text.contains("&lt;img src=x onerror=alert(2)&gt;"), "{format}: {text}");
            assert!(text.contains("&lt;script&gt;alert(1)&lt;"), "{format}: {text}");
        }
    }
    let html = std::fs::read_to_string(folder.path().join("html")).unwrap();
    for reference in ["src=\"", "href=", "url(", "@import", "http:", "https:"] {
        assert!(!html.contains(reference), "the page has no external resources: {reference}");
    }
    let refused = run(&["--url", &serving.url]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("needs its token"), "{}", err(&refused));
    let (_, log) = serving.stop("-TERM");
    assert!(!log.contains(TOKEN), "{log}");
}

const TEXAS: &str = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";

#[test]
fn reports_show_what_was_called_and_can_be_limited_to_operations() {
    let mock = Mock::healthy();
    for _ in 0..2 {
        mock.get("/connections").expect(200);
    }
    mock.get("/user?colour=blue").expect(200);
    mock.post("/onboards", &json!({"invitation_id": "nope"})).expect(400);
    mock.post(TEXAS, &json!({"state": "TX"})).expect(201);
    mock.post(TEXAS, &json!({"state": "NY"})).expect(201);
    let url = mock.server.url();
    let report = |arguments: &[&str]| {
        let output = run(&[&["--url", &url], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        out(&output)
    };
    let called = ["list_connections", "get_user", "create_onboard", "submit_lead"];
    // Six calls are a handful of cases, not one for each of hundreds of targets.
    let junit = report(&["--format", "junit"]);
    assert!(junit.matches("<testcase").count() < 60, "{}", junit.matches("<testcase").count());
    assert_eq!(junit.matches("<testsuite ").count(), called.len() + 1);
    for part in ["leads: success", "leads: failure", "name=\"submit_lead\""] {
        assert!(junit.contains(part), "{part}: {junit}");
    }
    let html = report(&["--format", "html"]);
    let rows = html.split("<h2>Operations").nth(1).unwrap().split("</table>").next().unwrap();
    assert_eq!(rows.matches("<tr>").count(), called.len() + 1, "{rows}");
    assert!(html.contains("96 operations were not called") && html.contains("leads: failure&nbsp;×1 success&nbsp;×1"));
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let ids = |document: &Value| {
        let operations = document["operations"].as_array().unwrap().iter();
        operations.map(|one| one["operation"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let limited = parse(&report(&["--format", "json", "--operations", "called"]));
    let mut found = ids(&limited);
    found.sort();
    assert_eq!(found, ["create_onboard", "get_user", "list_connections", "submit_lead"]);
    assert_eq!(limited["selection"], "called");
    assert_eq!(limited["summary"]["operations"], json!({"covered": 4, "total": 4}));
    let named = parse(&report(&["--format", "json", "--operations", "get_user,list_caps"]));
    assert_eq!(ids(&named), ["list_caps", "get_user"]);
    assert_eq!(named["violations"].as_array().unwrap().len(), 1, "{named}");
    assert_eq!(mock.get("/__admin/coverage?operations=get_user,list_caps&sandbox=*").expect(200).json(), named);
    let problem = mock.get("/__admin/coverage?operations=get_usr").expect(400).json();
    assert!(problem["detail"].as_str().unwrap().contains("did you mean `get_user`?"), "{problem}");
    // Names that were selected are listed, called or not.
    let junit = report(&["--format", "junit", "--operations", "list_caps"]);
    assert!(junit.contains("name=\"list_caps\"") && !junit.contains("get_user"), "{junit}");
    assert!(report(&["--operations", "list_caps"]).contains("0 of 1 called (limited to the selected ones)"));
    // The criteria apply to the selection: the violation is in another operation.
    report(&["--operations", "list_connections", "--fail-on", "violations,undocumented"]);
    for (value, message) in [
        ("list_conections", "--operations: there is no operation `list_conections`; did you mean `list_connections`?"),
        ("a b", "write operation ids separated by commas"),
    ] {
        let output = run(&["--url", &url, "--operations", value]);
        assert!(output.status.code() == Some(2) && err(&output).contains(message), "{value}: {}", err(&output));
    }
    let output =
        Command::new(BINARY).args(["serve", "--port", "0", "--operations", "list_conections"]).output().unwrap();
    assert!(output.status.code() == Some(2) && err(&output).contains("did you mean `list_connections`?"));
}

#[test]
fn junit_is_valid_xml_whatever_clients_send() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::healthy();
    let hostile = "a\u{fffe}b\u{ffff}c\u{1}d\u{85}\u{feff}<&\"]]>";
    mock.post("/onboards", &json!({hostile: 1})).expect(400);
    mock.post(TEXAS, &json!({"state": "TX", hostile: 1})).expect(201);
    let report = save_report(&mock, folder.path(), "r.json");
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.contains('\u{fffe}'), "the report as JSON has the name as it was sent");
    let junit = out(&run(&[&report, "--format", "junit"]));
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(junit.chars().find(|c| !allowed(*c)), None, "{junit}");
    assert!(junit.contains("a\u{fffd}b"), "{junit}");
}
