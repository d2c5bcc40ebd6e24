//! Why did I get this?

use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::support::{BUYER, GLOBEX_ONLY, Mock, SSO_ONLY, SUPERUSER};

fn explain(mock: &Mock, question: Value) -> Value {
    mock.post("/__admin/explain", &question).expect(200).json()
}

fn words(told: &Value) -> String {
    let steps: Vec<&str> = told["because"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    steps.join("\n")
}

#[test]
fn it_says_what_a_request_would_meet_and_changes_nothing() {
    let mock = Mock::healthy();
    let fault = json!({"name": "once", "when": {"operation": "list_credentials"}, "then": {"status": 503, "body": {"error": "busy"}, "times": 1}});
    mock.post("/__admin/faults", &fault).expect(201);
    mock.get("/user").expect(200);
    let look = || {
        let at = ["/state", "/faults", "/requests", "/coverage", "/coverage?sandbox=*"];
        at.map(|path| mock.get(&format!("/__admin{path}")).text)
    };
    let before = look();
    let repair =
        json!({"method": "POST", "path": "/connections", "key": SUPERUSER, "body": {"connection_id": SSO_ONLY}});
    for _ in 0..3 {
        let told = explain(&mock, repair.clone());
        assert_eq!((&told["operation"]["id"], &told["reply"]["status"]), (&json!("repair_connection"), &json!(201)));
        assert_eq!(told["reply"]["body"], json!({"id": SSO_ONLY}));
        let told = explain(&mock, json!({"method": "GET", "path": "/credentials"}));
        assert_eq!(told["rules"], json!([{"name": "once", "deeds": ["status=503"]}]));
        assert_eq!(told["reply"]["body"], json!({"error": "busy"}));
        explain(&mock, json!({"method": "GET", "path": "/__sandbox/never/user"}));
    }
    assert_eq!(look(), before);
    let sandboxes = mock.get("/__admin/sandboxes").json();
    assert_eq!(sandboxes["meta"]["total"], 1, "{sandboxes}");
    // And what it foretold is what comes.
    mock.get("/credentials").expect(503);
    mock.call(SUPERUSER, http::Method::POST, "/connections", Some(&repair["body"])).expect(201);
    assert_eq!(explain(&mock, repair)["reply"]["status"], 409);
}

#[test]
fn every_kind_of_fate_is_told_in_words() {
    let mock = Mock::healthy();
    let rows: &[(&str, Value, &[&str])] = &[
        (
            "a good call",
            json!({"method": "GET", "path": "/user"}),
            &["GET /user is get_user (", "the key is that of user", "the reply is 200"],
        ),
        (
            "no key",
            json!({"method": "GET", "path": "/user", "key": ""}),
            &["there is no key", "the reply is 401: authentication failed"],
        ),
        (
            "a wrong key",
            json!({"method": "GET", "path": "/user", "key": "nobodys"}),
            &["the key is none of this world's"],
        ),
        (
            "a wrong body",
            json!({"method": "POST", "path": "/onboards", "body": {"invitation": "x"}}),
            &[
                "/body/invitation_id: invitation_id is missing; `invitation` was sent: was that meant? (refused with 400)",
            ],
        ),
        (
            "a text that is no JSON",
            json!({"method": "POST", "path": "/onboards", "body": "{\"a\":"}),
            &["/body: the body is not JSON"],
        ),
        (
            "a mistyped path",
            json!({"method": "GET", "path": "/conections"}),
            &["GET /conections is no operation; the nearest is GET /connections (list_connections): ", "conections"],
        ),
        ("a wrong method", json!({"method": "PATCH", "path": "/user"}), &["PATCH", "the reply is 405"]),
        (
            "a wish",
            json!({"method": "GET", "path": "/user?__code=401"}),
            &["the request wished for it: code=401", "the reply is 401"],
        ),
        (
            "an undocumented parameter",
            json!({"method": "GET", "path": "/user?x=1"}),
            &["/query/x: ", "(reported, and served)"],
        ),
        (
            "another account's",
            json!({"method": "POST", "path": "/connections", "key": SUPERUSER, "body": {"connection_id": GLOBEX_ONLY}}),
            &["the reply is 422"],
        ),
    ];
    for (name, question, expected) in rows {
        let told = explain(&mock, question.clone());
        for part in *expected {
            assert!(words(&told).contains(part), "{name} lacks {part:?}:\n{}", words(&told));
        }
    }
    mock.put("/__admin/scenario", &json!({"name": "sso-outage"})).expect(200);
    let told = words(&explain(&mock, json!({"method": "GET", "path": "/connections"})));
    for part in ["the scenario `sso-outage`", "the single sign-on service is down", "only LeadConduit's own rows"] {
        assert!(told.contains(part), "{told}");
    }
    mock.post("/__admin/faults", &json!({"when": {"path": "/user"}, "then": {"fault": "HANG", "delay": 70}}))
        .expect(201);
    let told = words(&explain(&mock, json!({"method": "GET", "path": "/user"})));
    assert!(told.contains("it is held back for 70 ms\nthe connection breaks: HANG"), "{told}");
}

#[test]
fn bad_questions_are_told_what_to_ask() {
    let mock = Mock::healthy();
    let rows = [
        (json!({"method": "GET"}), "path"),
        (json!({"method": "GET", "path": "/user", "pth": 1}), "pth"),
        (json!({"exchange": 77}), "there is no exchange `77`"),
        (json!({"exchange": 1, "path": "/"}), "path"),
        (json!({"method": "GET", "path": "/__admin/health"}), "that is a control call"),
    ];
    for (question, part) in rows {
        let answer = mock.post("/__admin/explain", &question);
        assert!((400..500).contains(&answer.status) && answer.text.contains(part), "{question}: {}", answer.text);
    }
}

#[test]
fn an_exchange_can_be_repeated() {
    let mock = Mock::healthy();
    let fault = json!({"name": "busy", "when": {"operation": "list_credentials"}, "then": {"status": 503, "body": {"error": "it's busy"}, "delay": 5}});
    mock.post("/__admin/faults", &fault).expect(201);
    mock.get("/credentials?a=%27b%27").expect(503);
    mock.post("/onboards", &json!({"invitation_id": "nope"})).expect(400);
    mock.ask("GET /user", &[("key", "")], "").expect(401);
    mock.call(SUPERUSER, http::Method::POST, "/connections", Some(&json!({"connection_id": BUYER}))).expect(409);
    mock.get("/account").expect(200);
    mock.get("/nowhere").expect(404);
    let list = mock.get("/__admin/requests").json();
    let folder = tempfile::tempdir().unwrap();
    for exchange in list["requests"].as_array().unwrap() {
        let told = explain(&mock, json!({"exchange": exchange["id"]}));
        let (url, status) = (&exchange["request"]["url"], &exchange["response"]["status"]);
        assert_eq!(&told["reply"]["status"], status);
        // The scenario is good, and its example proves it.
        let file = folder.path().join(format!("{}.yaml", exchange["number"]));
        std::fs::write(&file, told["snippet"].as_str().unwrap()).unwrap();
        let check = std::process::Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"))
            .arg("check")
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8(check.stdout).unwrap();
        assert!(check.status.success() && said.contains("1 example"), "{url} {status}: {said}\n{}", told["snippet"]);
        // So is the line for a shell.
        let line = told["curl"].as_str().unwrap().replacen("curl -i", "curl -s -o /dev/null -w '%{http_code}'", 1);
        let key = if url == "/connections" { SUPERUSER } else { crate::support::JANE };
        let run = std::process::Command::new("bash").args(["-c", &line]).env("LEADCONDUIT_KEY", key).output().unwrap();
        assert_eq!(String::from_utf8(run.stdout).unwrap(), status.to_string(), "{line}");
    }
    assert_eq!(list["requests"].as_array().unwrap().len(), 6);
}

#[test]
fn it_can_be_asked_in_a_sandbox() {
    let mock = Mock::start(MockServer::builder());
    mock.put("/__sandbox/a/__admin/scenario", &json!({"name": "maintenance"})).expect(200);
    let ask = |at: &str, path: &str| {
        let told =
            mock.post(&format!("{at}/__admin/explain"), &json!({"method": "GET", "path": path})).expect(200).json();
        (told["sandbox"].as_str().unwrap().to_owned(), told["reply"]["status"].as_u64().unwrap())
    };
    assert_eq!(ask("", "/user"), ("default".to_owned(), 200));
    assert_eq!(ask("/__sandbox/a", "/user"), ("a".to_owned(), 503));
    assert_eq!(ask("", "/__sandbox/a/user"), ("a".to_owned(), 503));
    assert_eq!(ask("/__sandbox/a", "/__sandbox/default/user"), ("default".to_owned(), 200));
    // The line for a shell goes where the request went.
    let told = explain(&mock, json!({"method": "GET", "path": "/__sandbox/a/user"}));
    assert!(told["curl"].as_str().unwrap().contains("X-Mock-Sandbox: a"), "{}", told["curl"]);
}
