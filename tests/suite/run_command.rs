//! `run`: the environment and output of its command, its exit codes, signals, processes and reports.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::support::{JANE, SUPERUSER, wait_for_exit, wait_until};

const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");

/// A request that keeps the contract.
const GET_USER: &str = "curl -sf -o /dev/null -u API:$LEADCONDUIT_API_KEY $LEADCONDUIT_URL/user";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("run").args(arguments).stdin(Stdio::null());
    // The machine that runs these tests can be GitHub's.
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    finished(&command(arguments).output().unwrap())
}

/// Runs a shell script as the command.
fn run_script(flags: &[&str], script: &str) -> (i32, String, String) {
    run(&[flags, &["--", "sh", "-c", script]].concat())
}

fn finished(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// A running `run` whose script writes a line when it is ready.
struct Running {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(flags: &[&str], script: &str) -> Self {
        let mut command = command(&[flags, &["--", "sh", "-c", script]].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Exit code and standard error.
    fn wait(mut self) -> (i32, String) {
        let status = wait_for_exit(&mut self.child);
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(status.signal(), None, "{text}");
        (status.code().unwrap(), text)
    }
}

/// Whether a process runs; one that has ended may still be listed as a zombie.
fn is_running(process: &str) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

#[track_caller]
fn wait_until_ended(process: &str) {
    wait_until("the end of a process", || !is_running(process), || process.to_owned());
}

#[test]
fn the_command_gets_the_server_in_its_environment_and_its_output_is_unchanged() {
    let script = format!(
        "printf '%s %s %s' \"$LEADCONDUIT_API_KEY\" \"$LEADCONDUIT_SUPERUSER_API_KEY\" \"${{LEADCONDUIT_MOCK_ADMIN_TOKEN-none}}\"; \
         [ \"$LEADCONDUIT_URL\" = \"$LEADCONDUIT_MOCK_URL\" ] || exit 9; {GET_USER} && echo err >&2"
    );
    let (code, out, err) = run_script(&[], &script);
    assert_eq!((code, out.as_str()), (0, format!("{JANE} {SUPERUSER} none").as_str()), "{err}");
    assert!(err.contains("leadconduit-mock: passed") && err.contains("get_user"), "{err}");
    assert!(err.contains("\nerr\n") && !err.contains("listening on"), "{err}");
}

#[test]
fn subcommands_in_the_command_use_its_server() {
    let script = "\"$0\" health >/dev/null && \"$0\" use sso-outage >/dev/null && \
         curl -sfi -u API:$LEADCONDUIT_API_KEY $LEADCONDUIT_URL/connections | grep -i ^x-connections-degraded:";
    let arguments = ["--host", "0.0.0.0", "--admin-token", "s3cret", "--", "sh", "-c", script, BINARY];
    let (code, out, err) = run(&arguments);
    assert_eq!((code, out.trim().to_lowercase().as_str()), (0, "x-connections-degraded: true"), "{err}");
    assert!(!err.contains("s3cret"), "{err}");
    // A port on the command line is more specific than the variable of `run`.
    let (code, _, err) = run(&["--fail-on", "never", "--", BINARY, "health", "--port", "1"]);
    assert!(code == 1 && err.contains("http://127.0.0.1:1 is not ready"), "{err}");
}

#[test]
fn a_proxy_that_would_be_closed_is_an_error_before_the_command() {
    let started = tempfile::tempdir().unwrap();
    let file = started.path().join("started");
    let script = format!("touch {}", file.display());
    let arguments = ["--host", "0.0.0.0", "--intercept", "--tls-dir", started.path().to_str().unwrap()];
    let (code, _, err) = run(&[&arguments[..], &["--", "sh", "-c", &script]].concat());
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--intercept on 0.0.0.0 needs a token") && err.contains("add --admin-token TOKEN"), "{err}");
    assert!(!file.exists(), "the command was not started");
}

#[test]
fn the_exit_code_is_that_of_the_command_else_that_of_the_checks() {
    let wrong_path = "curl -s $LEADCONDUIT_URL/conections >/dev/null";
    let rows: &[(&[&str], String, i32, &str)] = &[
        (&[], format!("{GET_USER}; exit 7"), 7, "failed: the command `sh` exited with 7"),
        (&[], format!("{GET_USER}; {wrong_path}"), 1, "failed: 1 unmatched request (--fail-on unmatched)"),
        (&[], format!("{GET_USER}; {wrong_path}; exit 3"), 3, "the command `sh` exited with 3\n  1 unmatched request"),
        (&[], "true".to_owned(), 1, "failed: no requests were recorded (--fail-on nothing)\n  the client must send"),
        (&["--fail-on", "never"], "true".to_owned(), 0, "leadconduit-mock: passed"),
        (&["--fail-on", "violations"], format!("{GET_USER}; {wrong_path}"), 0, "leadconduit-mock: passed"),
        (&["--requests", "off"], GET_USER.to_owned(), 0, "leadconduit-mock: passed"),
        (&["--fail-under", "50"], GET_USER.to_owned(), 1, "less than 50 % (--fail-under)"),
        (&[], "kill -KILL $$".to_owned(), 137, "was ended by signal 9"),
    ];
    for (flags, script, expected, text) in rows {
        let (code, out, err) = run_script(flags, script);
        assert_eq!((code, out.as_str()), (*expected, ""), "{flags:?} {script}: {err}");
        assert!(err.contains(text), "{flags:?} {script}: {err}");
    }
}

#[test]
fn commands_that_cannot_be_started_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, mode: u32, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let rows = [
        ("no-such-program".to_owned(), 127, "was not found; check its spelling, and that its folder is in PATH"),
        ("npm test".to_owned(), 127, "was not found; write its words as separate arguments, or use: sh -c 'COMMAND'"),
        (file("interpreter", 0o755, "#!/no/such/shell\n"), 127, "the program in its first line (`#!`) was not found"),
        (file("mode", 0o644, "#!/bin/sh\n"), 126, "it is not marked as executable; run: chmod +x "),
        (file("format", 0o755, "echo\n"), 126, "it is neither a program nor a script"),
        (folder.path().to_str().unwrap().to_owned(), 126, "it is a folder"),
    ];
    for (program, expected, text) in rows {
        let (code, out, err) = run(&["--", &program]);
        assert_eq!((code, out.as_str()), (expected, ""), "{program}: {err}");
        assert!(err.contains(text) && !err.contains("coverage"), "{program}: {err}");
    }
}

#[test]
fn mistakes_are_reported_before_the_command_starts() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("started");
    let expectations = folder.path().join("expectations.json");
    std::fs::write(&expectations, "[\n  { \"operation\": \"repair_conection\" }\n]\n").unwrap();
    let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    let rows: &[(&[&str], i32, &str)] = &[
        (&["--scenario", "helthy"], 3, "did you mean `healthy`?"),
        (&["--expect", expectations.to_str().unwrap()], 3, "expectations.json:2:"),
        (&["--expect", "/nowhere.json"], 3, "/nowhere.json: cannot be read"),
        (&["--report", "/nowhere/report.json"], 3, "there is no folder /nowhere"),
        (&["--port", &port], 4, "another program does"),
        (&["--timeout", "soon"], 2, "`soon` is not a duration"),
    ];
    for (flags, expected, text) in rows {
        let (code, out, err) = run(&[flags, &["--", "touch", marker.to_str().unwrap()][..]].concat());
        assert_eq!((code, out.as_str()), (*expected, ""), "{flags:?}: {err}");
        assert!(err.contains(text) && !marker.exists(), "{flags:?}: {err}");
    }
    for arguments in [&["npm", "test"][..], &["--port", "0", "npm", "test"], &[]] {
        let (code, _, err) = run(arguments);
        assert!(code == 2 && err.contains("leadconduit-mock run"), "{arguments:?}: {err}");
        assert!(arguments.is_empty() || err.contains("-- npm test"), "{arguments:?}: {err}");
    }
}

#[test]
fn a_command_that_does_not_end_is_ended() {
    // One that ends on SIGTERM, with a process of its own, and one that ignores it.
    for script in ["sleep 1000 & echo $!; wait", "trap '' TERM; echo $$; while :; do sleep 0.1; done"] {
        let (code, out, err) = run_script(&["--timeout", "300ms"], script);
        assert_eq!(code, 124, "{script}: {err}");
        assert!(err.contains("the command `sh` did not end within 300ms and was ended (--timeout)"), "{err}");
        wait_until_ended(out.trim());
    }
}

#[test]
fn signals_are_passed_on_to_the_command() {
    for (signal, script, expected) in [
        ("-TERM", "trap 'echo got; exit 9' TERM; echo ready; while :; do sleep 0.05; done", 9),
        ("-INT", "trap 'exit 0' INT; echo ready; while :; do sleep 0.05; done", 1),
        ("-HUP", "echo ready; exec sleep 1000", 129),
        ("-TERM", "echo ready; exec sleep 1000", 143),
        ("-INT", "echo ready; exec sleep 1000", 130),
    ] {
        let mut running = Running::start(&[], script);
        assert_eq!(running.line(), "ready");
        running.signal(signal);
        let (code, err) = running.wait();
        assert_eq!(code, expected, "{signal} {script}: {err}");
        assert!(err.contains("coverage"), "the report is printed: {err}");
    }
}

#[test]
fn a_second_signal_kills_the_command() {
    for (signal, expected) in [("-TERM", 143), ("-INT", 130)] {
        let script = "trap 'echo got' TERM INT; echo $$; while :; do sleep 0.05; done";
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.json");
        let mut running = Running::start(&["--report", report.to_str().unwrap()], script);
        let process = running.line();
        running.signal(signal);
        assert_eq!(running.line(), "got");
        running.signal(signal);
        let (code, err) = running.wait();
        assert_eq!(code, expected, "{err}");
        assert!(err.contains("coverage") && err.contains("was killed after a second signal"), "{err}");
        assert!(report.exists(), "the report is written");
        wait_until_ended(&process);
    }
}

#[test]
fn no_process_is_left_when_run_is_killed() {
    let mut running = Running::start(&[], "sleep 1000 & echo $!; echo $$; wait");
    let processes = [running.line(), running.line()];
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    for process in &processes {
        wait_until_ended(process);
    }
}

#[test]
fn processes_that_the_command_leaves_behind_are_ended() {
    let (code, out, err) = run_script(&["--fail-on", "never"], "sleep 1000 >/dev/null & echo $!");
    assert_eq!(code, 0, "{err}");
    wait_until_ended(out.trim());
}

#[test]
fn on_a_terminal_the_command_reads_input_and_gets_signals_from_the_terminal() {
    // `script` runs the shell on a terminal of its own. Its trap keeps the shell alive when Ctrl-C reaches all processes.
    let on_terminal = |inner: &str, input: &[u8]| {
        let command = format!("trap : INT; {BINARY} run --fail-on never -- sh -c '{inner}'; echo exit code $?");
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env("SHELL", "/bin/sh").env("NO_COLOR", "1");
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        while !text.contains("ready") {
            assert!(out.read_line(&mut text).unwrap() > 0, "{text}");
        }
        child.stdin.as_mut().unwrap().write_all(input).unwrap();
        wait_for_exit(&mut child);
        out.read_to_string(&mut text).unwrap();
        text
    };
    let text = on_terminal("echo ready; read line; echo got $line", b"input\n");
    assert!(text.contains("got input") && text.contains("exit code 0"), "{text}");
    // The command gets Ctrl-C from the terminal, once.
    let text = on_terminal("trap \"echo interrupted; exit 5\" INT; echo ready; while :; do sleep 0.05; done", b"\x03");
    assert!(text.matches("interrupted").count() == 1 && text.contains("exit code 5"), "{text}");
}

#[test]
fn expectations_are_verified_after_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("expectations.yaml");
    std::fs::write(
        &file,
        "- { name: the user is read once, operation: get_user, exactly: 1 }\n- { no_violations: true }\n",
    )
    .unwrap();
    let expect = ["--expect", file.to_str().unwrap()];
    let (code, _, err) = run_script(&expect, GET_USER);
    assert!(code == 0 && err.contains("passed: 2 of 2 expectations met"), "{err}");
    let (code, _, err) = run_script(&expect, &format!("{GET_USER}; {GET_USER}"));
    assert!(code == 1 && err.contains("failed: expectation `the user is read once` failed"), "{err}");
    let (code, _, err) = run_script(&[&expect[..], &["--fail-on", "never"]].concat(), "true");
    assert!(code == 1 && err.contains("expectation `no violations in any request` is inconclusive"), "{err}");
    assert!(!err.contains("--sandbox NAME"), "{err}");
    let elsewhere = GET_USER.replace("curl", "curl -H 'X-Mock-Sandbox: other'");
    let (code, _, err) = run_script(&expect, &elsewhere);
    assert!(code == 1 && err.contains("leadconduit-mock verify FILE --sandbox NAME"), "{err}");
    assert!(
        err.contains("No request was sent to the sandbox `default`") && err.contains("Requests were sent to: other."),
        "{err}"
    );
    // A sandbox without requests is not suggested.
    let with_empty = format!("{elsewhere}; curl -sX PUT $LEADCONDUIT_MOCK_URL/__admin/sandboxes/empty");
    let (_, _, err) = run_script(&expect, &with_empty);
    assert!(err.contains("Requests were sent to: other."), "{err}");
    let (code, _, err) = run_script(&[&expect[..], &["--sandbox", "other"]].concat(), &elsewhere);
    assert!(code == 0 && err.contains("passed: 2 of 2 expectations met"), "{err}");
    let (code, _, err) = run_script(&[&expect[..], &["--sandbox", "a b"]].concat(), GET_USER);
    assert!(code == 2 && err.contains("--sandbox"), "{err}");
}

#[test]
fn reports_have_the_expectations() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let file = at("expectations.yaml");
    std::fs::write(&file, "- { name: read <once>, operation: get_user, exactly: 1 }\n- { no_violations: true }\n")
        .unwrap();
    let files = ["json", "xml", "html", "txt"].map(|extension| at(&format!("report.{extension}")));
    let reports = files.join(",");
    let flags = ["--expect", &file, "--sandbox", "own", "--report", &reports];
    let own = GET_USER.replace("curl", "curl -H 'X-Mock-Sandbox: own'");
    let (code, _, err) = run_script(&flags, &format!("{own}; {own}"));
    assert!(code == 1 && err.contains("failed: expectation `read <once>` failed"), "{err}");
    let [json, xml, html, text] = files.each_ref().map(|file| std::fs::read_to_string(file).unwrap());
    let expectations = serde_json::from_str::<serde_json::Value>(&json).unwrap()["expectations"].clone();
    let outcomes: Vec<_> =
        expectations.as_array().unwrap().iter().map(|one| (&one["sandbox"], &one["outcome"])).collect();
    assert_eq!(outcomes, [(&"own".into(), &"failed".into()), (&"own".into(), &"passed".into())], "{json}");
    assert!(xml.contains(r#"<testsuite name="expectations" tests="2""#) && xml.contains("read &lt;once&gt;"), "{xml}");
    assert!(xml.contains(r#"failures="1""#) && xml.contains("message=\"expected "), "{xml}");
    assert!(html.contains("<h2>Expectations</h2>") && html.contains("read &lt;once&gt;"), "{html}");
    assert!(
        text.contains("\nExpectations\n  FAILED  read <once>\n") && text.contains("\n  ok  no violations"),
        "{text}"
    );
    // A saved report keeps its verdict.
    let output = Command::new(BINARY).args(["report", &files[0]]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("expectation `read <once>` failed"), "{shown}");
}

#[test]
fn reports_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (json, xml) = (at("report.json"), at("report.xml"));
    let (code, _, err) = run_script(&["--report", &json, "--report", &xml], GET_USER);
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["exchanges"], 1);
    assert!(std::fs::read_to_string(xml).unwrap().contains("<testsuites"));
}

/// A report that cannot be written when the command has ended fails the run, and nothing says that it passed.
#[test]
fn a_report_that_cannot_be_written_fails_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("reports");
    std::fs::create_dir(&inside).unwrap();
    let file = inside.join("report.json");
    let remove = format!("rm -r {}", inside.display());
    let flags = ["--fail-on", "never", "--report", file.to_str().unwrap()];
    let (code, _, err) = run_script(&flags, &remove);
    assert!(code == 3 && !err.contains("passed") && err.contains("failed: a report was not written: "), "{err}");
    let (code, _, err) = run_script(&["--timeout", "0"], "true");
    assert!(code == 2 && err.contains("it must be longer than 0"), "{err}");
    let (code, _, err) = run_script(&["--fail-on", "never,unmatched"], "true");
    assert!(code == 2 && err.contains("`never` cannot be combined with other conditions"), "{err}");
}

/// Runs a command as a step of GitHub Actions; returns the workflow commands and the summary.
fn run_on_github(flags: &[&str], script: &str, summary: &Path) -> (String, String) {
    let mut command = command(&[flags, &["--", "sh", "-c", script]].concat());
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", summary);
    let (_, out, err) = finished(&command.output().unwrap());
    assert!(!out.contains("::error"), "{out}");
    let commands: Vec<&str> = err.lines().filter(|line| line.starts_with("::")).collect();
    (commands.join("\n"), std::fs::read_to_string(summary).unwrap_or_default())
}

#[test]
fn github_actions_gets_annotations_and_a_job_summary() {
    let folder = tempfile::tempdir().unwrap();
    let summary = folder.path().join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let file = folder.path().join("expect,1.json");
    std::fs::write(&file, "[\n  { \"name\": \"a|b\", \"operation\": \"get_user\", \"never\": true }\n]\n").unwrap();
    let script = format!(
        "{GET_USER}; curl -s \"$LEADCONDUIT_URL/con|ections\" >/dev/null; \
         curl -s -u API:$LEADCONDUIT_API_KEY \"$LEADCONDUIT_URL/connections?limit=many\" >/dev/null; exit 2"
    );
    let (commands, text) = run_on_github(&["--expect", file.to_str().unwrap()], &script, &summary);
    let folder = folder.path().to_str().unwrap();
    insta::assert_snapshot!(format!("{commands}\n\n{text}").replace(folder, "FOLDER"));
}

#[test]
fn a_job_summary_of_a_passed_run_has_no_annotations() {
    let folder = tempfile::tempdir().unwrap();
    let (commands, text) = run_on_github(&[], GET_USER, &folder.path().join("summary.md"));
    assert_eq!(commands, "");
    assert!(text.starts_with("### leadconduit-mock: passed\n\n\n| requests |"), "{text}");
}
