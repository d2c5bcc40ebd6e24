//! Who reaches the control API and which sandbox: deliveries, pages, tokens, keys with a suffix.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

use http::Method;
use leadconduit_mock::{CorsPolicy, MockServer, Settings};
use serde_json::json;

use crate::lead_flow::{events, recipient, scenario_with, submit};
use crate::support::{JANE, Mock};

/// A mock whose recipient has the URL `http://` + the first name of the lead.
fn delivering(change: impl FnOnce(&mut Settings)) -> Mock {
    let mappings = json!([{"property": "url", "value": "http://{{lead.first_name}}"}]);
    let step = recipient("bb0001", json!({"integration": {"mappings": mappings}}));
    let folder = tempfile::tempdir().unwrap();
    let scenario = scenario_with(json!({"steps": [step]}), json!({}));
    std::fs::write(folder.path().join("own.yaml"), scenario.to_string()).unwrap();
    let configure = |settings: &mut Settings| {
        settings.delivery.is_enabled = true;
        change(settings);
    };
    Mock::start(MockServer::builder().scenarios(folder.path()).scenario("own").configure(configure))
}

fn add_fault(mock: &Mock) {
    let fault = json!({"when": {"operation": "list_credentials"}, "then": {"status": 503, "body": {"error": "busy"}}});
    mock.post("/__admin/faults", &fault).expect(201);
}

fn faults(mock: &Mock) -> usize {
    mock.get("/__admin/faults").json()["faults"].as_array().unwrap().len()
}

/// A forwarding proxy, which answers one request after the other.
fn forward_to(address: std::net::SocketAddr) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            let mut server = TcpStream::connect(address).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            let _ = std::io::copy(&mut server, &mut client);
            let _ = client.shutdown(Shutdown::Both);
        }
    });
    port
}

#[test]
fn deliveries_never_reach_the_control_api() {
    let allowed = ["127.1", "0.0.0.0", "localhost", "127.0.0.1"].map(|host| host.parse().unwrap());
    let mock = delivering(|settings| settings.delivery.allowed_hosts = allowed.to_vec());
    add_fault(&mock);
    let port = mock.server.address().port();
    let proxy = forward_to(mock.server.address());
    let hosts = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "0.0.0.0", "LOCALHOST.", "a.localhost"];
    let hosts = hosts.map(|host| format!("{host}:{port}")).into_iter().chain([format!("127.0.0.1:{proxy}")]);
    for host in hosts {
        let paths = ["/__admin/reset", "/__sandbox/default/__admin/reset", "/%5f%5Fadmin/reset", "//__admin/reset"];
        for path in paths.into_iter().chain(["/x/../__admin/reset", "/%255f_ADMIN/reset", "/__admin/reset?a=b"]) {
            let result = submit(&mock, &json!({"state": "TX", "first_name": format!("{host}{path}")}));
            assert_eq!(faults(&mock), 1, "{host}{path} has reset the sandbox: {result}");
            let text = events(&mock, &result)[0].to_string();
            assert!(!text.contains("\"scenario\":"), "{host}{path}: a response of the control API: {text}");
        }
    }
    // A call that is rejected before it is made says why.
    let result = submit(&mock, &json!({"state": "TX", "first_name": format!("127.0.0.1:{port}/__admin/reset")}));
    let event = &events(&mock, &result)[0];
    assert_eq!(event["outcome"], "error", "{event}");
    let reason = event["reason"].as_str().unwrap();
    assert!(reason.contains("is the control API of this mock"), "{reason}");
    // Through a proxy, the control API rejects the call itself.
    let result = submit(&mock, &json!({"state": "TX", "first_name": format!("127.0.0.1:{proxy}/__admin/reset")}));
    let call = &events(&mock, &result)[0]["transactions"][0];
    assert_eq!(call["response"]["status"], 403, "{call}");
}

#[test]
fn other_paths_of_the_mock_can_be_recipients() {
    let mock = delivering(|_| {});
    let port = mock.server.address().port();
    let result = submit(&mock, &json!({"state": "TX", "first_name": format!("127.0.0.1:{port}/status")}));
    let call = &events(&mock, &result)[0]["transactions"][0];
    assert!(call["response"]["status"].is_number(), "{call}");
}

#[test]
fn every_delivery_is_marked() {
    let mock = delivering(|_| {});
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        let length = socket.read(&mut bytes).unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        String::from_utf8_lossy(&bytes[..length]).to_ascii_lowercase()
    });
    submit(&mock, &json!({"state": "TX", "first_name": format!("127.0.0.1:{port}/x")}));
    let received = received.join().unwrap();
    assert!(received.contains("x-mock-outbound: 1\r\n"), "{received}");
}

#[test]
fn control_calls_of_a_mock_are_rejected() {
    let mock = Mock::healthy();
    for path in ["/__admin/state", "/__admin/health", "/__sandbox/a/__admin/reset", "/__admin/nothing"] {
        let response = mock.request(&format!("GET {path}"), &[("x-mock-outbound", "1")], "").expect(403);
        assert!(response.json()["detail"].as_str().unwrap().contains("may not reach the control API"));
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
    }
    let preflight = [("x-mock-outbound", "1"), ("origin", "http://a.test"), ("access-control-request-method", "GET")];
    mock.request("OPTIONS /__admin/state", &preflight, "").expect(403);
}

#[test]
fn cors_origins_have_no_access_to_the_control_api() {
    let (page, console) = ("http://page.test", "http://console.test");
    let mock = Mock::start(MockServer::builder().configure(|settings| {
        settings.cors = CorsPolicy::Only(vec![page.to_owned()]);
        settings.control_origins = vec![console.to_owned()];
    }));
    let rows = [
        // Origin, path, status, whether the page can read the response.
        (page, "/user", 200, true),
        (page, "/__admin/state", 403, true),
        (console, "/user", 200, false),
        (console, "/__admin/state", 200, true),
        (console, "/__sandbox/a/__admin/state", 200, true),
        ("http://evil.test", "/user", 200, false),
        ("http://evil.test", "/__admin/state", 403, false),
    ];
    for (origin, path, status, is_readable) in rows {
        let headers = [("origin", origin), ("host", "localhost")];
        let response = mock.request(&format!("GET {path}"), &headers, "").expect(status);
        let allowed = response.header("access-control-allow-origin");
        assert_eq!(allowed, is_readable.then_some(origin), "{origin} {path}");
    }
}

#[test]
fn only_known_keys_have_a_suffix() {
    let mock = Mock::healthy();
    let sandboxes = |mock: &Mock| {
        let list = mock.get("/__admin/sandboxes").json();
        list["sandboxes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for key in ["abcdef123456+tail", "+tail", &format!("{JANE}x+tail"), &format!("{JANE}+a+tail"), "abc+not a name"] {
        let response = mock.call(key, Method::GET, "/user", None).expect(401);
        assert_eq!(response.header("x-mock-sandbox"), Some("default"), "{key}");
    }
    assert_eq!(sandboxes(&mock), ["default"]);
    assert!(!mock.get("/__admin/requests").text.contains("tail"));
    mock.call(&format!("{JANE}+known"), Method::GET, "/user", None).expect(200);
    assert_eq!(sandboxes(&mock), ["default", "known"]);
    // A key that the scenario in use has revoked, and one that only the world of the sandbox knows.
    let revoked = Mock::scenario("revoked-key");
    let response = revoked.call(&format!("{JANE}+mine"), Method::GET, "/user", None).expect(401);
    assert_eq!(response.header("x-mock-sandbox"), Some("mine"));
    let mut state = mock.get("/__sandbox/own/__admin/state").json();
    state["world"]["keys"][0]["key"] = "only-in-this-sandbox".into();
    mock.put("/__sandbox/own/__admin/state", &state).expect(200);
    let response = mock.call("only-in-this-sandbox+own", Method::GET, "/user", None).expect(200);
    assert_eq!(response.header("x-mock-sandbox"), Some("own"));
    let response = mock.call("only-in-this-sandbox+other", Method::GET, "/user", None).expect(401);
    assert_eq!(response.header("x-mock-sandbox"), Some("default"));
}

#[test]
fn unauthenticated_reads_do_not_evict_the_sandbox_of_a_developer() {
    let mock = Mock::start(MockServer::builder().configure(|settings| {
        settings.limits.sandboxes_max = 50;
        settings.limits.sandboxes_unauthenticated_max = 10;
    }));
    let settings = json!({"notifications": {}});
    mock.post("/__sandbox/written/user_settings", &settings).expect(201);
    let fault = json!({"when": {"operation": "list_credentials"}, "then": {"status": 503, "body": {"error": "busy"}}});
    mock.post("/__sandbox/controlled/__admin/faults", &fault).expect(201);
    mock.get("/__sandbox/read/user").expect(200);
    for number in 0..100 {
        mock.call("", Method::GET, &format!("/__sandbox/n{number}/user"), None).expect(401);
        // A control call that is rejected does not keep a sandbox either.
        mock.request(
            &format!("GET /__sandbox/c{number}/__admin/state"),
            &[("key", ""), ("origin", "http://evil.test")],
            "",
        )
        .expect(403);
    }
    let list = mock.get("/__admin/sandboxes").json();
    assert_eq!(list["meta"]["total"], 14, "{list}");
    assert!(["written", "controlled", "read"].iter().all(|name| list.to_string().contains(name)), "{list}");
    for number in 0..100 {
        mock.get(&format!("/__sandbox/k{number}/user")).expect(200);
    }
    mock.post("/__sandbox/written/user_settings", &settings).expect(409);
    assert_eq!(mock.get("/__sandbox/controlled/__admin/faults").json()["faults"].as_array().unwrap().len(), 1);
}
