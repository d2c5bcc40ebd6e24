//! The commands that call the control API of a running server: text, JSON, errors, sandboxes and the admin token.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::support::{BUYER, Mock};

const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");

fn command(mock: &Mock, line: &str) -> Command {
    let mut command = Command::new(BINARY);
    // Words in single quotes stay together.
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            command.arg(part);
        } else {
            command.args(part.split_whitespace());
        }
    }
    command.env("LEADCONDUIT_MOCK_URL", mock.server.url()).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Standard output of a command that succeeds.
#[track_caller]
fn run(mock: &Mock, line: &str) -> String {
    let output = command(mock, line).output().unwrap();
    assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{line}");
    text(&output.stdout)
}

#[track_caller]
fn run_json(mock: &Mock, line: &str) -> Value {
    let out = run(mock, &format!("{line} --json"));
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{line}: {out}"))
}

/// Exit code and standard error of a command that fails.
#[track_caller]
fn fail(mock: &Mock, line: &str) -> (i32, String) {
    let output = command(mock, line).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{line}: {}", text(&output.stdout));
    (output.status.code().unwrap(), text(&output.stderr))
}

fn verify(mock: &Mock, flags: &str, expectations: &str) -> Output {
    let mut child = command(mock, &format!("verify - {flags}"));
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(expectations.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn faults_are_added_listed_and_removed() {
    let mock = Mock::healthy();
    assert_eq!(run(&mock, "fault list"), "sandbox default has no faults\n");
    let added =
        run(&mock, "fault add --operation get_user,get_account --status 503 -H 'Retry-After: 2' --times 2 --ttl 1h");
    assert!(
        added.starts_with(
            "fault-1 was added to sandbox default: get_user, get_account: status 503, headers {\"Retry-After\":\"2\"}; times 2; ttl 1h; until "
        ),
        "{added}"
    );
    let response = mock.get("/user").expect(503);
    assert_eq!(response.header("retry-after"), Some("2"));
    let list = run(&mock, "fault list");
    let mut lines = list.lines();
    assert_eq!(lines.next().unwrap().split_whitespace().collect::<Vec<_>>(), ["id", "matched", "applied", "fault"]);
    assert!(
        lines.next().unwrap().starts_with("fault-1  1        1        get_user, get_account: status 503"),
        "{list}"
    );
    assert_eq!(run_json(&mock, "fault list")["meta"]["total"], 1);
    assert_eq!(run(&mock, "fault remove fault-1"), "fault fault-1 was removed\n");
    mock.get("/user").expect(200);
    let fault = run_json(
        &mock,
        "fault add --path /user --method GET --body '{\"error\": \"busy\"}' --status 503 --gate --name busy",
    );
    assert_eq!(fault["rule"]["then"]["body"], json!({"error": "busy"}));
    assert_eq!(mock.get("/user").expect(503).error(), "busy");
    run(&mock, "fault add --operation get_account --fault connection_reset_by_peer --after 1 --probability 0.5");
    assert_eq!(run(&mock, "fault remove --all"), "all faults of sandbox default were removed\n");
    mock.get("/user").expect(200);
}

#[test]
fn a_fault_can_be_a_rule_in_a_file() {
    let mock = Mock::healthy();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rule.yaml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "when: { operation: get_user }\nthen: { status: 503 }\n").unwrap();
    run(&mock, &format!("fault add {path}"));
    mock.get("/user").expect(503);
    std::fs::write(&file, "when: { operation: get_user }\nstatus: 503\n").unwrap();
    let (code, err) = fail(&mock, &format!("fault add {path}"));
    assert!(code == 3 && err.contains("rule.yaml:2:1") && err.contains("`then`"), "{err}");
}

#[test]
fn a_fault_can_be_a_rule_on_standard_input() {
    let mock = Mock::healthy();
    let add = |rule: &str| {
        let mut child = command(&mock, "fault add -");
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(rule.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let added = text(&add("when: { operation: get_user }\nthen: { status: 503 }\n").stdout);
    assert_eq!(added, "fault-1 was added to sandbox default: get_user: status 503\n");
    let failed = add("when: { operation: get_user }\nstatus: 503\n");
    let err = text(&failed.stderr);
    assert!(failed.status.code() == Some(3) && err.contains("standard input:2:1"), "{err}");
    let failed = add("when: { operation: get_usr }\nthen: { status: 503 }\n");
    let err = text(&failed.stderr);
    assert!(failed.status.code() == Some(3) && err.contains("did you mean `get_user`?"), "{err}");
}

#[test]
fn mistakes_are_explained() {
    let mock = Mock::healthy();
    for (line, code, message) in [
        ("fault add --operation get_usr --status 503", 2, "did you mean `get_user`?"),
        ("fault add --operation get_user", 2, "write what happens: --status"),
        ("fault add --fault RESET --operation get_user", 2, "CONNECTION_RESET_BY_PEER"),
        ("fault add -H Retry-After --status 503", 2, "a colon and the value"),
        ("fault add --status 999", 2, "999"),
        ("fault add --status 503 --times -1", 2, "invalid value `-1` for `--times`: no option takes a negative number"),
        (
            "fault add --status 503 --fault EMPTY_RESPONSE",
            2,
            "`status` has no effect: EMPTY_RESPONSE sends no response",
        ),
        ("clock advance -5s", 2, "the clock is advanced forward only"),
        ("clock freeze tomorrow", 2, "`tomorrow` is not a time from 1970"),
        ("snapshot save ''", 2, "<NAME>"),
        ("snapshot save ..", 2, "`.` and `..` cannot name a snapshot"),
        ("snapshot restore ''", 2, "<NAME>"),
        ("sandbox end ''", 2, "NAME"),
        ("fault remove ''", 2, "ID"),
        ("use ''", 2, "<SCENARIO>"),
        ("fault remove fault-9", 2, "fault-9"),
        ("fault remove", 2, "<ID>"),
        ("clock advance soon", 2, "is not a duration"),
        ("clock freeze noon", 2, "is not a time"),
        ("snapshot restore none", 2, "there is no snapshot `none`"),
        ("snapshot save 'a b'", 2, "the name of a snapshot"),
        ("sandbox end none", 2, "there is no sandbox `none`"),
        ("requests 99", 2, "there is no request `99`"),
        ("requests --operation get_usr", 2, "did you mean `get_user`?"),
        ("requests --since noon", 2, "a time such as"),
        ("explain GET", 2, "write the path behind the method: leadconduit-mock explain GET /user"),
        ("explain /user", 2, "write the method before the path: leadconduit-mock explain GET /user"),
        ("explain GET /user --key k --no-key", 2, "cannot be used with"),
        ("use sso-outge --keep-world", 2, "did you mean `sso-outage`?"),
        ("verify /nowhere.json", 3, "/nowhere.json: cannot be read"),
        ("fault list --url 127.0.0.1:1", 1, "no server listens there"),
    ] {
        let (found, err) = fail(&mock, line);
        assert!(found == code && err.contains(message), "{line}: {found} {err}");
    }
}

#[test]
fn the_clock_is_shown_and_changed() {
    let mock = Mock::healthy();
    assert!(run(&mock, "clock show").ends_with("Z, the time of the system\n"));
    assert!(run(&mock, "clock advance 1h30m").ends_with("Z, 1h 30m ahead of the time of the system\n"));
    assert_eq!(run(&mock, "clock freeze 2026-01-15T09:00:00Z"), "sandbox default: 2026-01-15T09:00:00.000Z, frozen\n");
    assert_eq!(run(&mock, "clock advance 1500"), "sandbox default: 2026-01-15T09:00:01.500Z, frozen\n");
    assert_eq!(run_json(&mock, "clock show")["mode"], "frozen");
    assert!(run(&mock, "clock resume").contains(" behind the time of the system"));
    assert!(run(&mock, "clock freeze").ends_with(", frozen\n"));
}

#[test]
fn states_are_saved_and_restored() {
    let mock = Mock::healthy();
    assert_eq!(run(&mock, "snapshot list"), "sandbox default has no snapshots\n");
    assert_eq!(run(&mock, "snapshot save before"), "sandbox default was saved as before (scenario healthy)\n");
    run(&mock, "use sso-outage");
    assert_eq!(run(&mock, "snapshot restore before"), "sandbox default was restored from before (scenario healthy)\n");
    assert_eq!(run_json(&mock, "snapshot list")["snapshots"][0]["name"], "before");
    assert!(run(&mock, "snapshot list").starts_with("before  healthy  "));
    assert_eq!(run(&mock, "snapshot remove before"), "snapshot before was removed\n");
}

#[test]
fn the_world_can_be_kept_when_the_scenario_is_switched() {
    let mock = Mock::healthy();
    let credential = mock.get("/credentials").json()[0]["id"].as_str().unwrap().to_owned();
    mock.delete(&format!("/credentials/{credential}"));
    let is_deleted = || mock.get(&format!("/credentials/{credential}")).status == 404;
    assert!(is_deleted());
    let kept = "sandbox default now uses scenario sso-outage; its state was kept\n";
    assert_eq!(run(&mock, "use sso-outage --keep-world"), kept);
    assert!(is_deleted());
    assert_eq!(run_json(&mock, "use healthy")["name"], "healthy");
    assert!(!is_deleted());
    assert_eq!(run_json(&mock, "reset")["cleared"]["exchanges"], 5);
}

#[test]
fn sandboxes_are_listed_and_ended() {
    let mock = Mock::healthy();
    let created = command(&mock, "use empty-account --sandbox a").output().unwrap();
    assert_eq!(text(&created.stderr), "note: sandbox `a` did not exist; it is created\n");
    run(&mock, "fault add --status 503 --sandbox a");
    let list = run(&mock, "sandbox list");
    assert!(list.starts_with("sandbox  scenario       requests  faults  clock\n"), "{list}");
    assert!(list.contains("\na        empty-account  2         1       20"), "{list}");
    assert_eq!(run(&mock, "sandbox end a"), "sandbox a was ended\n");
    assert_eq!(run_json(&mock, "sandbox list")["meta"]["total"], 1);
    assert_eq!(run(&mock, "sandbox end default"), "sandbox default was restarted\n");
    assert_eq!(run(&mock, "sandbox end --all"), "all sandboxes were ended; `default` was restarted\n");
}

/// A typo is not a sandbox without requests.
#[test]
fn a_sandbox_that_does_not_exist_is_not_created_by_reading_it() {
    let mock = Mock::healthy();
    mock.request("GET /user", &[("x-mock-sandbox", "checkout-tests")], "").expect(200);
    for line in [
        "requests",
        "requests 1",
        "explain 1",
        "report",
        "fault list",
        "clock show",
        "snapshot list",
        "snapshot restore a",
    ] {
        let (code, error) = fail(&mock, &format!("{line} --sandbox chekout-tests"));
        let expected = format!(
            "error: sandbox `chekout-tests` does not exist on {}; did you mean `checkout-tests`? (the first request that \
             names a sandbox creates it)\n",
            mock.server.url()
        );
        assert_eq!((code, error), (2, expected), "{line}");
    }
    let failed = verify(&mock, "--sandbox zzz", "[{no_violations: true}]");
    let error = text(&failed.stderr);
    assert!(
        error.contains("sandbox `zzz` does not exist") && error.contains("these exist: default, checkout-tests"),
        "{error}"
    );
    let (code, error) = fail(&mock, "use healthy --sandbox bad!name");
    assert!(code != 0 && error.starts_with("error: ") && error.contains("not a valid sandbox name"), "{error}");
    let in_url = format!("requests --url {}/__sandbox/chekout", mock.server.url());
    assert!(fail(&mock, &in_url).1.contains("sandbox `chekout` does not exist"));
    assert_eq!(run_json(&mock, "sandbox list")["meta"]["total"], 2, "none was created");
    // What a script runs before its tests works in a new sandbox too.
    for (number, line) in ["requests --clear", "explain GET /user", "fault remove --all"].iter().enumerate() {
        let output = command(&mock, &format!("{line} --sandbox new-{number}")).output().unwrap();
        let note = format!("note: sandbox `new-{number}` did not exist; it is created\n");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), note), "{line}");
    }
    assert!(run(&mock, "requests --sandbox checkout-tests").contains("1 request in sandbox checkout-tests"));
}

#[test]
fn requests_are_listed_like_the_log() {
    let mock = Mock::healthy();
    assert_eq!(run(&mock, "requests"), "0 requests in sandbox default\n");
    mock.get("/user").expect(200);
    mock.get("/conections?x=1");
    mock.get("/connections?limit=many");
    let list = run(&mock, "requests");
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("    2 ") && lines[0].contains("200  GET") && lines[0].contains("get_user"), "{list}");
    assert!(lines[1].ends_with("/conections?x=1"), "{list}");
    assert!(
        list.contains("violation  /query/limit  ") && list.ends_with("\n3 requests in sandbox default\n"),
        "{list}"
    );
    for (flags, expected) in [
        ("--operation get_user", "1 request in sandbox default\n"),
        ("--status 404", "1 request in sandbox default\n"),
        ("--method post", "0 requests in sandbox default\n"),
        ("--violations", "1 request in sandbox default\n"),
        ("--unmatched", "1 request in sandbox default\n"),
        ("--limit 2", "the last 2 of 3 requests in sandbox default; --limit shows more\n"),
    ] {
        let list = run(&mock, &format!("requests {flags}"));
        assert!(list.ends_with(expected), "{flags}: {list}");
    }
    assert_eq!(run_json(&mock, "requests")["meta"]["total"], 3);
    let one = run(&mock, "requests 2");
    assert!(one.contains("\nrequest\n") && one.contains("\"first_name\": \"Jane\""), "{one}");
    assert!(!one.contains(crate::support::JANE), "{one}");
    assert_eq!(run(&mock, "requests --clear"), "the recorded requests of sandbox default were removed\n");
}

#[test]
fn responses_are_explained() {
    let mock = Mock::healthy();
    let text = run(&mock, "explain get /user");
    assert!(text.starts_with("GET /user -> 200\nget_user (") && text.contains("\"first_name\": \"Jane\""), "{text}");
    assert!(run(&mock, "explain GET /user --no-key").starts_with("GET /user -> 401\n"));
    assert!(run(&mock, "explain GET /user -H 'Authorization: Basic eDp5'").starts_with("GET /user -> 401\n"));
    let repair = format!("explain POST /connections -d '{{\"connection_id\": \"{BUYER}\"}}'");
    assert!(run(&mock, &repair).starts_with("POST /connections -> 401\n"));
    let as_superuser = format!("{repair} --key {}", crate::support::SUPERUSER);
    assert!(run(&mock, &as_superuser).starts_with("POST /connections -> 409\n"));
    let flow = crate::support::FLOW;
    let lead = run(&mock, &format!("explain POST /flows/{flow}/sources/5d9a4b10940df5a34a3888c1/submit -d state=TX"));
    assert!(lead.starts_with("POST /flows/") && lead.contains("outcome"), "{lead}");
    assert!(!lead.contains("-> 400") && !lead.contains("-> 415"), "{lead}");
    assert_eq!(run_json(&mock, "explain GET /conections")["nearest"]["operation"], "list_connections");
    // A recorded request, by its number. Explanations are not recorded.
    let number = mock.get("/user").expect(200).header("x-mock-request-id").unwrap().to_owned();
    assert!(run(&mock, &format!("explain {number}")).starts_with("GET /user -> 200\n"));
}

#[test]
fn expectations_are_verified() {
    let mock = Mock::healthy();
    mock.get("/user").expect(200);
    let output = verify(&mock, "", "[{ \"operation\": \"get_user\", \"exactly\": 1 }]");
    assert!(output.status.success() && text(&output.stdout).starts_with("passed: 1 of 1 expectations met"));
    let output = verify(&mock, "", "- { operation: get_user, exactly: 2 }\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("failed: 0 of 1 expectations met"), "{output:?}");
    let output = verify(&mock, "--json", "- { operation: get_user, exactly: 2 }\n");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["passed"], false);
    let output = verify(&mock, "", "- { operation: get_user }\n- { operation: get_usr }\n");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("standard input:2:"), "{output:?}");
}

#[test]
fn verify_waits_for_missing_requests() {
    let mock = Mock::healthy();
    let mut child = command(&mock, "verify - --wait 60s");
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"[{ \"operation\": \"get_user\" }]").unwrap();
    mock.get("/user").expect(200);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_server_with_a_token_needs_it_and_no_output_has_it() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.admin_token = Some("s3cret".into())));
    for line in [
        "use sso-outage --keep-world",
        "fault add --status 503 --operation get_user",
        "fault list",
        "fault remove fault-1",
        "clock show",
        "clock advance 1s",
        "snapshot save a",
        "snapshot list",
        "snapshot restore a",
        "sandbox list",
        "requests",
        "explain GET /user",
        "sandbox end default",
        "reset",
    ] {
        let (code, err) = fail(&mock, line);
        assert!(code == 1 && err.contains("token") && !err.contains("s3cret"), "{line}: {code} {err}");
        let out = run(&mock, &format!("{line} --admin-token s3cret"));
        assert!(!out.contains("s3cret"), "{line}: {out}");
        let output = command(&mock, line).env("LEADCONDUIT_MOCK_ADMIN_TOKEN", "s3cret").output().unwrap();
        // A fault, once removed, cannot be removed again.
        assert!(output.status.success() || line.starts_with("fault remove"), "{line}: {}", text(&output.stderr));
    }
}

#[test]
fn options_that_contradict_each_other_are_rejected_and_nothing_is_changed() {
    let mock = Mock::healthy();
    mock.get("/user").expect(200);
    for (line, message) in [
        ("requests --clear --violations", "--violations"),
        ("requests --clear --limit 3", "--limit"),
        ("fault add --probability nan --status 503", "write a number from 0 to 1"),
        ("fault add --probability 2 --status 503", "write a number from 0 to 1"),
        ("explain 1 --no-key", "write the method and the path"),
        ("explain 1 -d x", "write the method and the path"),
    ] {
        let (code, err) = fail(&mock, line);
        assert!(code == 2 && err.contains(message), "{line}: {code} {err}");
    }
    assert!(run(&mock, "requests").contains("/user"));
    assert!(!run(&mock, "fault list").contains("fault-1"));
}

#[test]
fn completions_know_scenarios_and_operations() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = Command::new(BINARY).args(["completions", shell]).output().unwrap();
        let script = text(&output.stdout);
        assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
        // PowerShell and Elvish complete options only.
        if ["bash", "zsh", "fish"].contains(&shell) {
            assert!(script.contains("sso-outage") && script.contains("repair_connection"), "{shell}: {script}");
        }
        assert!(!script.contains("__guard"), "{shell}");
    }
    // As Bash calls it.
    let script = "source <(\"$0\" completions bash)
        try() { COMP_WORDS=(leadconduit-mock \"$@\"); COMP_CWORD=$#
            _leadconduit__mock leadconduit-mock \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"
            echo ${COMPREPLY[*]}; }
        try use sso; try serve --scenario lead; try fault add --operation repair; try fault rem; try report --operations call";
    let output = Command::new("bash").args(["-c", script, BINARY]).output().unwrap();
    let expected = "sso-outage sso-slow sso-flapping\nlead-market\nrepair_connection\nremove\ncalled\n";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.yaml"), "version: 1\nname: my-own-story\ndescription: d\n").unwrap();
    let arguments = ["completions", "bash", "--scenarios", folder.path().to_str().unwrap()];
    let output = Command::new(BINARY).args(arguments).output().unwrap();
    assert!(text(&output.stdout).contains("my-own-story"));
}
