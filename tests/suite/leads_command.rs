//! `leads`: test leads for a flow, written to a file or submitted.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{FLOW, Mock};

const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");

/// A flow with custom fields and one source.
const SOLAR: &str = "66a1c0de940df5a34a3889f2";

fn leads(arguments: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.arg("leads").args(arguments);
    command.env_remove("LEADCONDUIT_MOCK_PORT").env_remove("LEADCONDUIT_MOCK_URL").output().unwrap()
}

#[track_caller]
fn write_leads(arguments: &[&str]) -> String {
    let output = leads(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The exit code and standard error of a run that fails.
fn fail(arguments: &[&str]) -> (Option<i32>, String) {
    let output = leads(arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_same_seed_gives_the_same_leads_for_every_count() {
    let all = write_leads(&["--flow", FLOW, "--count", "50", "--seed", "7"]);
    assert_eq!(all, write_leads(&["--flow", FLOW, "--count", "50", "--seed", "7"]));
    assert_ne!(all, write_leads(&["--flow", FLOW, "--count", "50", "--seed", "8"]));
    assert!(all.starts_with(&write_leads(&["--flow", FLOW, "--count", "5", "--seed", "7"])));
    insta::assert_snapshot!(write_leads(&["--flow", FLOW, "--count", "3", "--seed", "7"]));
    insta::assert_snapshot!(write_leads(&["--flow", SOLAR, "--count", "2", "--set", "state=AZ", "--format", "json"]));
}

#[test]
fn every_format_has_the_same_data() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let base = ["--flow", SOLAR, "--count", "20"];
    let with = |more: &[&str]| write_leads(&[&base[..], more].concat());
    let csv = with(&[]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let expected = ["first_name", "last_name", "email", "phone_1", "state", "postal_code", "own_home"];
    assert_eq!(header[..7], expected);
    let rows: Vec<Value> = reader
        .records()
        .map(|row| header.iter().zip(row.unwrap().iter()).map(|(name, text)| (name.clone(), json!(text))).collect())
        .collect();
    assert_eq!(rows.len(), 20);
    for row in &rows {
        assert!(row["email"].as_str().unwrap().ends_with("@example.com"), "{row}");
        assert!(row["phone_1"].as_str().unwrap().contains("-555-01"), "{row}");
        assert!(["true", "false"].contains(&row["own_home"].as_str().unwrap()), "{row}");
        assert!(row["loan_amount_acme"].as_str().unwrap().parse::<f64>().is_ok(), "{row}");
        assert_eq!(row["postal_code"].as_str().unwrap().len(), 5);
    }
    let list: Vec<Value> = serde_json::from_str(&with(&["--format", "json"])).unwrap();
    let lines: Vec<Value> =
        with(&["--format", "jsonl"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&list, &lines), (&rows, &rows));
    for (name, format) in [("a.csv", "csv"), ("a.json", "json"), ("a.jsonl", "jsonl"), ("plain", "csv")] {
        let path = file(name);
        assert_eq!(with(&["--output", &path]), "");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), with(&["--format", format]), "{name}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "no temporary files remain");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    for format in ["csv", "json", "jsonl"] {
        let mut child = Command::new(BINARY)
            .args(["leads", "--flow", FLOW, "--count", "100000", "--format", format])
            .env_remove("LEADCONDUIT_MOCK_PORT")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{format}: {output:?}");
    }
}

#[test]
fn flows_created_on_a_running_server_can_be_used() {
    let mock = Mock::healthy();
    let url = mock.server.url();
    let flow = json!({"name": "Own", "enabled": true, "fields": ["first_name", "vehicle_make", "dob"], "sources": [], "steps": []});
    let made = mock.post("/flows", &flow).expect(201).json();
    let id = made["id"].as_str().unwrap();
    let text = write_leads(&["--flow", id, "--url", &url, "--count", "2"]);
    assert!(text.starts_with("first_name,vehicle_make,dob\n"), "{text}");
    let (code, text) = fail(&["--flow", id, "--url", &url, "--sandbox", "other"]);
    assert!(code == Some(2) && text.contains(&format!("there is no flow {id} on {url}; the flows")), "{text}");
    let (code, text) = fail(&["--flow", id, "--url", &url, "--submit"]);
    assert!(code == Some(2) && text.contains("the flow Own has no source"), "{text}");
    let (code, text) = fail(&["--flow", id, "--url", &url, "--key", "nobody"]);
    assert!(code == Some(1) && text.contains("rejects the key; choose one that can read flows with --key"), "{text}");
}

#[test]
fn submissions_are_counted_by_response() {
    let mock = Mock::healthy();
    let url = mock.server.url();
    let submit = |more: &[&str]| leads(&[&["--flow", FLOW, "--url", &url, "--submit"][..], more].concat());
    let done = submit(&["--count", "40", "--source", "1aacd0", "--concurrency", "7"]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{text}");
    assert_eq!(String::from_utf8(done.stderr).unwrap(), "", "without a terminal there is no progress bar");
    assert!(text.starts_with("40 leads submitted to Auto insurance, Texas by Summit Lead Partners in "), "{text}");
    let count = |text: &str, name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap();
        line.trim().replace(',', "").parse().unwrap()
    };
    assert_eq!(count(&text, "success") + count(&text, "failure") + count(&text, "error"), 40, "{text}");
    assert_eq!(count(&text, "unhandled"), 0);
    let exchanges = mock.get("/__admin/requests?operation=submit_lead&limit=1").json();
    assert_eq!(exchanges["meta"]["total"], 40, "{}", exchanges["meta"]);
    let fault = |name: &str, times: u64, then: Value| {
        let rule = json!({"name": name, "when": {"operation": "submit_lead"}, "then": then.as_object().map(|then| {
            let mut then = then.clone();
            then.insert("times".to_owned(), json!(times));
            then
        })});
        mock.post("/__admin/faults", &rule).expect(201);
    };
    fault("busy", 3, json!({"status": 503, "body": {"message": "busy"}}));
    let refused = |reason: &str| json!({"status": 201, "body": {"outcome": "failure", "reason": reason, "price": 0}});
    fault("refused", 4, refused("Too young"));
    fault("cut", 2, json!({"fault": "EMPTY_RESPONSE"}));
    let done = submit(&["--count", "12", "--set", "email=nobody@failure.example", "--set", "state=TX"]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(1), "{text}");
    assert!(count(&text, "unhandled") == 5 && text.contains("3  503 busy\n"), "{text}");
    assert!(text.contains("4  Too young\n"), "{text}");
    let last = mock.get("/__admin/requests?operation=submit_lead&limit=1").json();
    assert!(last.to_string().contains("failure.example"), "{last}");
}

#[test]
fn invalid_arguments_are_rejected_with_a_correction() {
    let rows: &[(&[&str], i32, &str)] = &[
        (&[], 2, "choose a flow with --flow ID; the flows in the scenario healthy:\n  64b8f0f5"),
        (&["--flow", "abc"], 2, "there is no flow abc in the scenario healthy; the flows"),
        (&["--flow", FLOW, "--set", "emial=x"], 2, "did you mean email?\nits fields are first_name, last_name, email"),
        (&["--flow", FLOW, "--set", "email"], 2, "write the field's id, `=` and the value, such as state=TX"),
        (&["--flow", FLOW, "--count", "0"], 2, "1..=1000000"),
        (&["--flow", FLOW, "--count", "1000001"], 2, "1..=1000000"),
        (&["--flow", FLOW, "--concurrency", "65"], 2, "1..=64"),
        (&["--flow", FLOW, "--submit", "--format", "csv"], 2, "--submit sends the leads instead of writing them"),
        (&["--flow", FLOW, "--url", "ftp://localhost"], 2, "only http and https are supported"),
        (
            &["--flow", FLOW, "--port", "1"],
            1,
            "cannot be reached: no server listens there; start one with `leadconduit-mock serve --port 1`",
        ),
        (&["--flow", FLOW, "--scenario", "helthy"], 3, "healthy"),
        (&["--flow", FLOW, "--output", "/nonexistent/a.csv"], 3, "/nonexistent/a.csv: cannot be written"),
    ];
    for (arguments, code, message) in rows {
        let (found, text) = fail(arguments);
        assert!(found == Some(*code) && text.contains(message), "{arguments:?}: {found:?} {text}");
    }
    let mock = Mock::healthy();
    let (code, text) = fail(&["--flow", FLOW, "--url", &mock.server.url(), "--submit", "--source", "nobody"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("the flow Auto insurance, Texas has no source nobody; there are:\n  5d9a4b10"), "{text}");
}
