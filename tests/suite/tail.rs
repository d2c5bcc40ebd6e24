//! `tail`: events of a running server, as text lines and as JSON lines.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::log::{Server, UNUSUAL_REQUESTS, duration_columns};
use crate::support::{HANG_GUARD, JANE, Mock, wait_for_exit};

/// A running `tail`.
struct Tail {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Tail {
    /// Starts `tail`, and returns when its subscription has started.
    fn start(arguments: &[&str]) -> Self {
        let mut tail = Self::spawn(arguments);
        let mut line = String::new();
        tail.err.read_line(&mut line).unwrap();
        assert!(line.starts_with("listening to "), "{line:?}");
        tail
    }

    fn spawn(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
        command.arg("tail").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// The next lines; times and durations are replaced.
    fn lines(&mut self, count: usize) -> String {
        let mut text = String::new();
        for _ in 0..count {
            assert!(self.out.read_line(&mut text).unwrap() > 0, "ended after {text}");
        }
        let text = regex::Regex::new(r"\d\d:\d\d:\d\d\.\d{3}Z").unwrap().replace_all(&text, "TIME").into_owned();
        regex::Regex::new(r" *\d+\.\d\d ms").unwrap().replace_all(&text, " N ms").into_owned()
    }

    /// Waits for the exit; returns the exit code and the rest of standard error.
    fn end(mut self) -> (Option<i32>, String) {
        let status = wait_for_exit(&mut self.child);
        let mut text = String::new();
        self.err.read_to_string(&mut text).unwrap();
        (status.code(), text)
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn events_are_printed_line_by_line() {
    let mock = Mock::healthy();
    let mut tail = Tail::start(&["--url", &mock.server.url()]);
    mock.get("/connections?relationship_type=seller&token=s3cret").expect(200);
    mock.post("/connections", &json!({"connection_id": "\u{1b}[31mred\nline"})).expect(400);
    mock.get("/__sandbox/mine/nothing").expect(404);
    let fault = json!({"name": "busy", "when": {"operation": "list_credentials"},
                       "then": {"status": 503, "body": {"error": "busy"}, "delay": 2}});
    mock.post("/__admin/faults", &fault).expect(201);
    mock.get("/credentials").expect(503);
    mock.delete("/__admin/faults/fault-1").expect(204);
    mock.delete("/__admin/faults").expect(204);
    mock.put("/__admin/clock", &json!({"freeze": "2026-01-15T09:00:00Z"})).expect(200);
    let state = mock.get("/__admin/state").json();
    mock.put("/__admin/state", &state).expect(200);
    mock.post("/__admin/snapshots/one", &json!({})).expect(201);
    mock.post("/__admin/snapshots/one/restore", &json!({})).expect(200);
    mock.put("/__sandbox/mine/__admin/scenario", &json!({"name": "sso-outage"})).expect(200);
    mock.put("/__sandbox/mine/__admin/scenario", &json!({"name": "healthy", "keep_world": true})).expect(200);
    mock.post("/__admin/reset", &json!({})).expect(200);
    let shown = tail.lines(17);
    assert!(!shown.contains('\u{1b}') && !shown.contains("s3cret"), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn columns_stay_aligned_for_long_methods_operations_and_paths() {
    let mock = Mock::healthy();
    let mut tail = Tail::start(&["--url", &mock.server.url()]);
    for (method, path) in UNUSUAL_REQUESTS {
        mock.request(&format!("{method} {path}"), &[], "");
    }
    let mut text = String::new();
    while duration_columns(&text).len() < UNUSUAL_REQUESTS.len() {
        assert!(tail.out.read_line(&mut text).unwrap() > 0, "ended after {text}");
    }
    let columns = duration_columns(&text);
    assert!(columns.iter().all(|column| *column == columns[0]), "{text}");
}

#[test]
fn a_sandbox_is_selected_by_flag_or_url() {
    let mock = Mock::healthy();
    let url = mock.server.url();
    let mut by_flag = Tail::start(&["--url", &url, "--sandbox", "a"]);
    let mut note = String::new();
    by_flag.err.read_line(&mut note).unwrap();
    assert_eq!(note, "note: sandbox `a` did not exist; it is created\n");
    let mut by_url = Tail::start(&["--url", &format!("{url}/__sandbox/a")]);
    mock.get("/__sandbox/b/user").expect(200);
    mock.get("/user").expect(200);
    mock.get("/__sandbox/a/account").expect(200);
    for tail in [&mut by_flag, &mut by_url] {
        let line = tail.lines(1);
        assert!(line.contains("/account") && line.contains("[a]"), "{line}");
    }
}

#[test]
fn json_output_has_the_events_unchanged() {
    let mock = Mock::healthy();
    let mut tail = Tail::start(&["--url", &mock.server.url(), "--json"]);
    mock.get(&format!("/user?x={JANE}")).expect(200);
    mock.post("/connections", &json!({})).expect(400);
    let lines: Vec<Value> = tail.lines(4).lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["exchange", "violation", "exchange", "violation"]);
    assert_eq!(
        (&lines[0]["path"], &lines[0]["query"], &lines[0]["sandbox"]),
        (&json!("/user"), &json!("x=***"), &json!("default"))
    );
}

#[test]
fn tail_exits_with_0_on_server_stop_signal_or_closed_pipe() {
    let server = Server::start(&[], &[]);
    let port = server.address.port().to_string();
    let tail = Tail::start(&["--port", &port]);
    server.signal("-TERM");
    assert_eq!(tail.end(), (Some(0), "the server has stopped\n".to_owned()));
    let mock = Mock::healthy();
    for signal in ["-INT", "-TERM"] {
        let tail = Tail::start(&["--url", &mock.server.url()]);
        assert!(Command::new("kill").args([signal, &tail.child.id().to_string()]).status().unwrap().success());
        assert_eq!(tail.end(), (Some(0), String::new()), "{signal}");
    }
    let mut tail = Tail::start(&["--url", &mock.server.url()]);
    tail.out = BufReader::new(closed_pipe());
    // A process that another test is starting may hold the pipe for a moment; until then lines can be written.
    let start = Instant::now();
    while tail.child.try_wait().unwrap().is_none() && start.elapsed() < HANG_GUARD {
        mock.get("/user").expect(200);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(tail.end(), (Some(0), String::new()), "a closed pipe is not an error");
}

/// A pipe whose reader is closed.
fn closed_pipe() -> ChildStdout {
    Command::new("true").stdout(Stdio::piped()).spawn().unwrap().stdout.take().unwrap()
}

#[test]
fn errors_are_reported_with_a_correction() {
    let token = Mock::start(leadconduit_mock::MockServer::builder().configure(|settings| {
        settings.admin_token = Some("t0ken".into());
        // An address that no other test uses: nothing else listens there when the server has stopped.
        settings.host = [127, 0, 0, 43].into();
    }));
    let url = token.server.url();
    let (code, text) = Tail::spawn(&["--url", &url]).end();
    assert_eq!(code, Some(1));
    assert!(text.starts_with("error: the control API of this server needs its token"), "{text}");
    let tail = Tail::start(&["--url", &url, "--admin-token", "t0ken"]);
    drop(token);
    assert_eq!(tail.end(), (Some(0), "the server has stopped\n".to_owned()));
    let (code, text) = Tail::spawn(&["--url", &url]).end();
    let port = url.rsplit(':').next().unwrap();
    let message = format!(
        "error: {url} cannot be reached: no server listens there; start one with `leadconduit-mock serve --host \
         127.0.0.43 --port {port}`\n"
    );
    assert_eq!((code, text), (Some(1), message));
}

#[test]
fn the_outcomes_of_leads_are_shown() {
    let mock = Mock::healthy();
    let mut tail = Tail::start(&["--url", &mock.server.url()]);
    let path = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";
    mock.post(path, &json!({"state": "TX", "zip": "1"})).expect(201);
    mock.post(path, &json!({"state": "NY"})).expect(201);
    let shown = tail.lines(3);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].ends_with("/submit  success"), "{shown}");
    assert!(lines[1].contains("finding    /body/zip  zip is not collected by a field of the flow"), "{shown}");
    assert!(lines[2].ends_with("/submit  failure: Lead must live in TX"), "{shown}");
}
