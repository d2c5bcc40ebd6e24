//! Problem documents, the page that explains them, and what browsers request on their own.

use leadconduit_mock::MockServer;
use leadconduit_mock::internals::ProblemType;
use serde_json::json;

use crate::support::{JANE, Mock};

/// The section of the page that the `type` of a problem refers to.
fn assert_resolves(mock: &Mock, problem_type: &str) {
    let (path, fragment) = problem_type.split_once('#').unwrap_or_else(|| panic!("{problem_type} has no fragment"));
    let page = mock.request(&format!("GET {path}"), &[("key", "")], "").expect(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let id = format!("id=\"{fragment}\"");
    assert_eq!(page.text.matches(&id).count(), 1, "{problem_type}: {}", page.text);
}

#[test]
fn every_type_resolves_on_the_server_that_sent_it() {
    let mock = Mock::healthy();
    for problem_type in ProblemType::ALL {
        assert_resolves(&mock, &problem_type.uri());
    }
    // From real problems, also those of a sandbox and of the control API.
    let problems = [
        mock.get("/conections"),
        mock.call(JANE, http::Method::PATCH, "/user", None),
        mock.get("/__sandbox/s/nowhere"),
        mock.get("/__sandbox/a b/user".replace(' ', "%20").as_str()),
        mock.get("/user?__code=1"),
        mock.get("/__admin/helth"),
        mock.get("/__admin/requests?colour=1"),
        mock.get("/__admin/faults/none"),
        mock.post("/__admin/faults", &json!({"when": {}})),
    ];
    for response in problems {
        let problem = response.json();
        assert_resolves(&mock, problem["type"].as_str().unwrap_or_else(|| panic!("{problem}")));
    }
}

#[test]
fn the_page_has_no_scripts_and_a_strict_policy() {
    // Without a token, on a server whose control API is closed.
    let closed =
        Mock::start(MockServer::builder().configure(|settings| settings.admin_token = Some("secret-token".into())));
    let page = closed.request("GET /__admin/docs/problems", &[("key", "")], "").expect(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    for word in ["<script", "javascript:", "onclick", "http://", "https://", "style=\""] {
        assert!(!page.text.contains(word), "{word}");
    }
    // The hash in the policy is that of the style sheet.
    let style = page.text.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let mut openssl = std::process::Command::new("sh");
    openssl.args(["-c", "printf %s \"$STYLE\" | openssl dgst -sha256 -binary | openssl base64 -A"]).env("STYLE", style);
    let hash = String::from_utf8(openssl.output().unwrap().stdout).unwrap();
    assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy} {hash}");
}

#[test]
fn what_browsers_request_on_their_own_is_neither_unmatched_nor_a_violation() {
    let mock = Mock::healthy();
    let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    mock.request("GET /", &[("key", ""), html], "").expect(302);
    mock.request("GET /", &[("key", ""), ("sec-fetch-dest", "document"), ("accept", "*/*")], "").expect(302);
    for path in ["/favicon.ico", "/apple-touch-icon.png"] {
        let icon = mock.request(&format!("GET {path}"), &[("key", ""), ("accept", "image/avif,*/*")], "").expect(204);
        assert!(icon.header("cache-control").is_some());
    }
    let coverage = mock.get("/__admin/coverage").json();
    assert_eq!((&coverage["unmatched"], &coverage["violations"]), (&json!([]), &json!([])));
    assert_eq!(mock.get("/__admin/requests?unmatched=true").json()["meta"]["total"], 0);
    // A verdict needs a request that was compared with the contract.
    mock.get("/user").expect(200);
    let expectations = json!([{"name": "clean", "no_unmatched": true}, {"name": "valid", "no_violations": true}]);
    assert_eq!(mock.post("/__admin/verify", &expectations).json()["passed"], true);
    // A client that calls the root is mistaken, and is told so.
    mock.request("GET /", &[("accept", "application/json")], "").expect(404);
    mock.request("POST /favicon.ico", &[html], "").expect(404);
    assert_eq!(mock.get("/__admin/requests?unmatched=true").json()["meta"]["total"], 2);
}
