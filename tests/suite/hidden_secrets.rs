//! Secrets in unusual places and encodings, searched for in every output: journal, coverage, metrics, explanations,
//! verification, event stream, log, and reports in all formats.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::log::Server;
use crate::support::{HANG_GUARD, JANE};
use crate::wire::{Wire, authorization, request};

pub const TOKEN: &str = "t0p-s3cret-t0ken";

/// A request that contains `S`, and texts that no output may contain beside `S`.
struct Hidden {
    request: Vec<u8>,
    forms: Vec<String>,
}

/// Collects requests, each with a secret of its own.
#[derive(Default)]
struct Requests(Vec<(String, Hidden)>);

impl Requests {
    /// `write` returns the bytes of a request that contains the secret, and further forms of it.
    fn add(&mut self, name: &str, write: impl FnOnce(&str) -> (Vec<u8>, Vec<String>)) {
        let secret = format!("zq7hidden{:03}value", self.0.len());
        let (request, mut forms) = write(&secret);
        forms.push(secret);
        self.0.push((name.to_owned(), Hidden { request, forms }));
    }

    fn target(&mut self, name: &str, target: impl FnOnce(&str) -> String) {
        self.add(name, |secret| (request("POST", &target(secret), &[], Some("{}")), vec![]));
    }

    fn header(&mut self, name: &str, value: impl FnOnce(&str) -> String) {
        self.add(name, |secret| (request("POST", "/credentials", &[(name, &value(secret))], Some("{}")), vec![]));
    }

    fn body(&mut self, name: &str, body: impl FnOnce(&str) -> Value) {
        self.add(name, |secret| (post(&[], &body(secret).to_string()), vec![]));
    }

    /// The secret is the key of the request.
    fn key(&mut self, name: &str, write: impl FnOnce(&str, (&str, &str)) -> (Vec<u8>, Vec<String>)) {
        self.add(name, |secret| write(secret, ("Authorization", &authorization("API", secret))));
    }
}

fn post(headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    request("POST", "/credentials", headers, Some(body))
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

fn requests() -> Requests {
    let mut requests = Requests::default();
    for name in [
        "pw",
        "pin",
        "otp",
        "cvc",
        "csc",
        "security_code",
        "signing_key",
        "encryptionKey",
        "shared-key",
        "master_key",
        "AccountKey",
        "appKey",
        "ssh_key",
        "userpass",
        "hmac",
        "bearer",
        "passwrd",
        "pswd",
    ] {
        requests.body(name, |secret| json!({name: secret}));
    }
    for name in ["X-Session", "X-Session-Id", "X-Credentials", "X-Authentication", "X-Amz-Credential", "X-Pin", "X-Otp"]
    {
        requests.header(name, str::to_owned);
    }
    requests.header("Referer", |secret| format!("http://joe:{secret}@page.test/"));
    requests.header("Origin", |secret| format!("http://{secret}@page.test"));
    requests.header("X-Trace", |secret| format!("Bearer {secret}"));
    // Without digits, as a word, and encoded.
    for token in ["Bearer abcdefSECRETX", "Bearer%20ghijklSECRETX"] {
        requests.add("a token of letters", |_| {
            (post(&[("X-Trace", token)], "{}"), vec!["abcdefSECRETX".to_owned(), "ghijklSECRETX".to_owned()])
        });
    }
    requests.body("a URL with the name in its path", |secret| json!({"u": format!("http://h.test/token/{secret}/x")}));
    requests.body("a URL", |secret| json!({"url": format!("http://joe:{secret}@crm.test/x")}));
    requests.target("a URL in a query", |secret| format!("/x?u=http://joe:{secret}@crm.test/"));
    requests.target("an encoded URL", |secret| format!("/x?u=http%3A%2F%2Fjoe%3A{secret}%40crm.test%2F"));
    requests.body("a web token", |secret| json!({"x": format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{secret}")}));
    requests.body("text with a scheme", |secret| json!({"note": format!("send Bearer {secret} with it")}));
    requests.target("a segment after a name", |secret| format!("/v1/token/{secret}/x"));
    requests.target("a segment after a name, encoded", |secret| format!("/x%2Fapi_key%2F{secret}"));
    requests.target("ten layers of encoding", |secret| format!("/x?%{}70assword={secret}", "25".repeat(9)));
    requests.target("ten layers in a value", |secret| format!("/x?a=%{}70assword={secret}", "25".repeat(9)));
    requests.body("a table in a text", |secret| json!({"csv": format!("name,password\njoe,{secret}\n")}));
    requests.body("a criterion", |secret| json!([{"lhv": "lead.password", "op": "is equal to", "rhv": secret}]));
    requests.body("UTF-7", |secret| json!({"+AHAAYQBzAHMAdwBvAHIAZA-": secret}));
    requests.target("UTF-7 in a query", |secret| format!("/x?+AHA-assword={secret}"));
    requests.add("base64 of a body", |secret| {
        let text = base64(&json!({"password": secret}).to_string());
        (post(&[], &json!({"x": text}).to_string()), vec![text])
    });
    requests.add("base64 of base64 in a query", |secret| {
        let text = base64(&base64(&format!("password={secret}")));
        (request("POST", &format!("/x?a={}", text.trim_end_matches('=')), &[], Some("{}")), vec![text])
    });
    requests.add("base64 of a compressed body", |_| {
        let text = "H4sIAAAAAAAAA6tWKkgsLi7PL0pRslIKVqoFAAGxqV8SAAAA".to_owned();
        (post(&[], &json!({"x": text}).to_string()), vec![text])
    });
    requests.key("the key in base64", |secret, key| {
        let text = base64(secret);
        (request("POST", &format!("/x?a={}", text.trim_end_matches('=')), &[key], Some("{}")), vec![text])
    });
    requests.key("the key with another user, in base64", |secret, key| {
        let text = base64(&format!("somebody:{secret}"));
        (post(&[key], &json!({"x": text}).to_string()), vec![text])
    });
    requests.key("the key as a method", |secret, key| (request(secret, "/x", &[key], Some("{}")), vec![]));
    requests.key("the key in a header's name", |secret, key| {
        let name = format!("X-{secret}");
        let capitalised = format!("Zq{}", &secret[2..]);
        (post(&[key, (&name, "1")], "{}"), vec![capitalised])
    });
    for (name, credentials) in [
        (
            "without padding",
            (|secret| format!("Basic {}", base64(&format!("AP:{secret}")).trim_end_matches('='))) as fn(&str) -> String,
        ),
        ("URL-safe", |secret| format!("Basic {}", URL_SAFE_NO_PAD.encode(format!("A?>~:{secret}")))),
        ("longer than accepted", |secret| format!("Basic {}", base64(&format!("{}:{secret}", "API".repeat(1500))))),
        ("without a scheme", str::to_owned),
    ] {
        requests.add(name, |secret| {
            let key = ("Authorization", &*credentials(secret));
            (request("POST", &format!("/credentials/{secret}/x"), &[key], Some("{}")), vec![])
        });
    }
    requests.add("a second header of credentials", |secret| {
        let keys = [("Authorization", &*authorization("API", JANE)), ("Authorization", &authorization("API", secret))];
        (request("POST", &format!("/credentials/{secret}/x"), &keys, Some("{}")), vec![])
    });
    for (name, user) in [
        ("a key with + as the user name", (|secret| format!("abcdef0123456789+{secret}")) as fn(&str) -> String),
        ("the same with / and =", |secret| format!("abcdef0123456789+{secret}/=")),
        ("an e-mail address as the user name", |secret| format!("joe+{secret}@page.test")),
        ("a short user name with + and =", |secret| format!("joe+{secret}=")),
    ] {
        requests.add(name, |secret| (post(&[("Authorization", &authorization(&user(secret), ""))], "{}"), vec![]));
    }
    for (index, number) in [
        "4111+1111+1111+1111",
        "4111.1111.1111.1112",
        "4111_1111_1111_1111",
        "4111%E2%80%931111%E2%80%931111%E2%80%931111",
        "078+05+1120",
        "078.05.1120",
        "078%2005%201120",
    ]
    .into_iter()
    .enumerate()
    .filter(|(index, _)| *index != 1)
    {
        requests.add(&format!("number {index}"), |_| {
            (request("POST", &format!("/x?n={number}"), &[], Some("{}")), vec![number.to_owned()])
        });
    }
    // Calls of the control API that are refused.
    requests.add("a refused path", |secret| (request("GET", &format!("/__admin/token={secret}"), &[], None), vec![]));
    requests.key("a refused path with the key", |secret, key| {
        (request("GET", &format!("/__admin/requests/{secret}"), &[key], None), vec![])
    });
    requests.add("the token in a refused path", |_| {
        (request("GET", &format!("/__admin/{TOKEN}/x"), &[], None), vec![TOKEN.to_owned()])
    });
    requests.add("the token as a method", |_| (request(TOKEN, "/__admin/reset", &[], None), vec![TOKEN.to_owned()]));
    requests.key("a path that CORS refuses", |secret, key| {
        let headers = [key, ("Origin", &*format!("http://{secret}.test"))];
        (request("POST", &format!("/credentials/{secret}"), &headers, Some("{}")), vec![])
    });
    // What is no request.
    requests.add("a bad header", |secret| {
        (format!("GET /x?token={secret} HTTP/1.1\r\nBad {secret}: x\r\n\r\n").into_bytes(), vec![])
    });
    requests
        .add("a bad version", |secret| (format!("GET /x?token={secret} HTTQ/{secret}\r\n\r\n").into_bytes(), vec![]));
    requests.add("a long target", |secret| {
        (request("GET", &format!("/x?token={secret}&a={}", "x".repeat(70_000)), &[], None), vec![])
    });
    requests.add("a long header", |secret| {
        (request("GET", "/x", &[("X-Token", secret), ("X-Long", &"y".repeat(200_000))], None), vec![])
    });
    requests
}

/// Sends one request on a connection of its own; what is no request ends it.
fn send(server: &Server, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(HANG_GUARD)).unwrap();
    // The server can respond and close before it has read everything.
    let _ = socket.write_all(bytes);
    let _ = socket.shutdown(Shutdown::Write);
    let mut response = Vec::new();
    let _ = socket.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}

/// The responses of the control API that contain data of exchanges.
pub fn control_outputs(server: &Server) -> Vec<(String, String)> {
    let authorization = format!("Bearer {TOKEN}");
    let mut wire = Wire::open(server.address);
    let mut call = |method: &str, path: &str, body: Option<Value>| {
        let response =
            wire.request(method, &format!("/__admin{path}"), &[("Authorization", &authorization)], body.as_ref());
        (format!("{method} {path}"), response.text)
    };
    let mut outputs = vec![
        call("GET", "/requests?limit=10000", None),
        call("GET", "/requests?sandbox=*&limit=10000", None),
        call("GET", "/requests/unmatched", None),
        call("GET", "/requests/unmatched/near-misses", None),
        call("GET", "/coverage", None),
        call("GET", "/metrics", None),
        call("GET", "/sandboxes", None),
        call("POST", "/requests/find", Some(json!({"method": "ANY"}))),
        call(
            "POST",
            "/verify",
            Some(json!({"expectations": [
                {"operation": "list_credentials"}, {"request": {"urlPath": "/y"}}, {"no_violations": true},
            ]})),
        ),
    ];
    let journal: Value = serde_json::from_str(&outputs[0].1).unwrap();
    let first = journal["requests"][0]["id"].as_str().unwrap();
    for entry in journal["requests"].as_array().unwrap() {
        let id = entry["id"].as_str().unwrap();
        outputs.push(call("GET", &format!("/requests/{id}/compare?with={first}"), None));
        outputs.push(call("POST", "/explain", Some(json!({"exchange": entry["id"]}))));
    }
    outputs
}

#[test]
fn no_output_contains_a_secret_in_an_unusual_place() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["json", "xml", "html", "txt"].map(|extension| folder.path().join(format!("report.{extension}")));
    let reports = files.each_ref().map(|file| file.to_str().unwrap()).join(",");
    let arguments = ["--report", &reports, "--admin-token", TOKEN, "--cors-origin", "http://other.test"];
    let mut server = Server::start(&arguments, &[]);
    let mut log = server.child.stderr.take().unwrap();
    let log = std::thread::spawn(move || std::io::read_to_string(&mut log).unwrap());
    let mut events = Wire::open(server.address);
    events.send(&request("GET", "/__admin/events?sandbox=*", &[("Authorization", &format!("Bearer {TOKEN}"))], None));
    while events.line() != "\r\n" {}
    let requests = requests();
    for (_, hidden) in &requests.0 {
        send(&server, &hidden.request);
    }
    let mut outputs = control_outputs(&server);
    assert!(outputs[0].1.contains("/v1/token/***/x"), "the requests are recorded: {}", outputs[0].1);
    server.signal("-TERM");
    let stream = events.lines_to_end();
    server.child.wait().unwrap();
    assert!(stream.contains("/v1/token/***/x"), "{stream}");
    outputs.extend([("log".to_owned(), log.join().unwrap()), ("events".to_owned(), stream)]);
    outputs.extend(files.iter().map(|file| (file.display().to_string(), std::fs::read_to_string(file).unwrap())));
    let mut found = Vec::new();
    for (name, hidden) in &requests.0 {
        for (output, text) in &outputs {
            found.extend(
                hidden
                    .forms
                    .iter()
                    .filter(|form| text.contains(*form))
                    .map(|form| format!("{name}: {form} in {output}")),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
