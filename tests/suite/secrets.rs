//! No recorded exchange and no response of the control API contains a secret of a client.

use std::cell::Cell;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leadconduit_mock::MockServer;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::json;

use crate::log::Server;
use crate::support::{Mock, TestResponse};
use crate::wire::Wire;

const CASES: u32 = 200;
/// More than there are processors: next to busy processes, a test gets processor time by thread.
const THREADS: u32 = 4;

/// A location of a secret in a request.
#[derive(Clone, Copy, Debug)]
enum SecretLocation {
    Password,
    SuffixedPassword,
    UserName,
    Bearer,
    Cookie,
    Header,
    Query,
    QueryPair,
    Body,
    Nested,
    Pair,
    Duplicate,
    TextInJson,
    BrokenJson,
    Utf16,
    Form,
    FormPair,
    Xml,
    XmlAttribute,
    XmlPair,
    BrokenXml,
    Multipart,
    Submission,
    SubmissionPair,
    KeyInPath,
    KeyInQuery,
    KeyInBody,
    KeyInForm,
    KeyInXml,
    KeyInHeader,
    EchoInPath,
    AfterDoubleSlash,
    AfterAction,
    PathInBody,
    PathInHeader,
    PathInQuery,
    ShortBearer,
    ReportToken,
    ReportTokenOfNoOperation,
}

use SecretLocation::*;

const LOCATIONS: [SecretLocation; 39] = [
    Password,
    SuffixedPassword,
    UserName,
    Bearer,
    Cookie,
    Header,
    Query,
    QueryPair,
    Body,
    Nested,
    Pair,
    Duplicate,
    TextInJson,
    BrokenJson,
    Utf16,
    Form,
    FormPair,
    Xml,
    XmlAttribute,
    XmlPair,
    BrokenXml,
    Multipart,
    Submission,
    SubmissionPair,
    KeyInPath,
    KeyInQuery,
    KeyInBody,
    KeyInForm,
    KeyInXml,
    KeyInHeader,
    EchoInPath,
    AfterDoubleSlash,
    AfterAction,
    PathInBody,
    PathInHeader,
    PathInQuery,
    ShortBearer,
    ReportToken,
    ReportTokenOfNoOperation,
];

const NAMES: [&str; 22] = [
    "password",
    "api_key",
    "apiKey",
    "access_token",
    "refresh-token",
    "client_secret",
    "privateKey",
    "PASSWD",
    "pass_word",
    "pass-phrase",
    "api__key",
    "key",
    "pass",
    "auth",
    "jwt",
    "sig",
    "ssn",
    "user_pass",
    "authKey",
    "card_number",
    "pwd",
    "connection__string",
];

const HEADERS: [&str; 8] =
    ["x-auth", "x-auth-key", "x-jwt", "x-key", "ocp-apim-subscription-key", "x-api-key", "x-pass-word", "x-my-secret"];

/// A secret, how it is named, and which characters are encoded.
#[derive(Clone, Debug)]
struct Planted {
    location: SecretLocation,
    secret: String,
    name: &'static str,
    header: &'static str,
    mask: u64,
}

impl Planted {
    /// The characters that the mask selects are written as `format` writes them.
    fn encoded(&self, text: &str, format: impl Fn(u32) -> String) -> String {
        let encode = |(index, c): (usize, char)| {
            if (self.mask >> (index % 64)) & 1 == 1 { format(u32::from(c)) } else { c.to_string() }
        };
        text.chars().enumerate().map(encode).collect()
    }

    fn percent(&self, text: &str) -> String {
        self.encoded(text, |code| format!("%{code:02X}"))
    }

    fn json(&self, text: &str) -> String {
        self.encoded(text, |code| format!("\\u{code:04x}"))
    }

    fn xml(&self, text: &str) -> String {
        self.encoded(text, |code| if code.is_multiple_of(2) { format!("&#{code};") } else { format!("&#x{code:X};") })
    }

    fn send(&self, sandbox: &str, ask: impl FnOnce(&str, &[(&str, &str)], &str) -> TestResponse) -> TestResponse {
        let (secret, name) = (&*self.secret, self.name);
        let mut headers: Vec<(String, String)> = vec![("x-mock-sandbox".into(), sandbox.into())];
        let (mut line, mut body) = ("POST /credentials".to_owned(), r#"{"name":1}"#.to_owned());
        let mut media = "application/json";
        let mut key = crate::support::JANE.to_owned();
        let (form, xml) = ("application/x-www-form-urlencoded", "text/xml");
        match self.location {
            Password | KeyInPath | KeyInQuery | KeyInBody | KeyInForm | KeyInXml | KeyInHeader => {
                secret.clone_into(&mut key);
            }
            _ => {}
        }
        match self.location {
            Password => {}
            SuffixedPassword => {
                key = format!("unknown-key+{secret}");
                headers.clear();
            }
            UserName => {
                // A key has at least this length.
                let user = format!("{secret}:").into_bytes();
                key = String::new();
                headers.push(("authorization".into(), format!("Basic {}", STANDARD.encode(user))));
                line += &format!("?page={}", self.percent(secret));
            }
            Bearer => {
                key = String::new();
                headers.push(("authorization".into(), format!("Bearer {secret}")));
            }
            Cookie => headers.push(("cookie".into(), format!("session={secret}"))),
            Header => headers.push((self.header.into(), secret.into())),
            Query => line += &format!("?{}={secret}&limit=1", self.percent(name)),
            QueryPair => line += &format!("?value={secret}&name={}", self.percent(name)),
            Body => {
                let package = "leadconduit-default";
                body = json!({"name": "a", "type": "user", "package": package, "username": "u"}).to_string();
                body.insert_str(1, &format!("\"{}\":\"{}\",", self.json(name), self.json(secret)));
            }
            Nested => body = format!(r#"{{"name":[{{"deep":{{"{}":["{secret}"]}}}}]}}"#, self.json(name)),
            Pair => body = format!(r#"{{"list":[{{"value":"{}","name":"{}"}}]}}"#, self.json(secret), self.json(name)),
            Duplicate => body = format!(r#"{{"a":{{"{name}":"{secret}"}},"a":1}}"#),
            TextInJson => body = json!({"name": format!("{{\"{}\": \"{secret}\"}}", self.json(name))}).to_string(),
            BrokenJson => body = format!(r#"{{"value": "{secret}", "x": "{}", "#, self.json(name)),
            Utf16 => body = format!("{name}={secret}").chars().flat_map(|c| ['\0', c]).collect(),
            Form => (media, body) = (form, format!("a=b&{}={secret}&c=d", self.percent(name))),
            FormPair => (media, body) = (form, format!("value={secret}&field_name={}", self.percent(name))),
            Xml => (media, body) = (xml, format!("<r><a>1</a><{name}>{}</{name}></r>", self.xml(secret))),
            XmlAttribute => (media, body) = (xml, format!("<r a='1' {name}='{}'/>", self.xml(secret))),
            XmlPair => {
                (media, body) = (xml, format!("<r><value>{secret}</value><name>{}</name></r>", self.xml(name)));
            }
            BrokenXml => (media, body) = (xml, format!("<r><value>{secret}</value><name>{}</r>", self.xml(name))),
            Multipart => {
                media = "multipart/form-data; boundary=x";
                body = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{secret}\r\n--x--");
            }
            Submission => {
                SUBMISSION.clone_into(&mut line);
                (media, body) = (form, format!("state=TX&{}={secret}", self.percent(name)));
            }
            SubmissionPair => {
                SUBMISSION.clone_into(&mut line);
                (media, body) = (form, format!("state=TX&value={secret}&name={}", self.percent(name)));
            }
            KeyInPath => line = format!("POST /credentials/{}/x", self.percent(secret)),
            KeyInQuery => line += &format!("?page={}&{}=1", self.percent(secret), self.percent(secret)),
            KeyInBody => {
                let (one, other) = (self.json(secret), self.json(secret));
                body = format!(r#"{{"name":"key {one}!","other":["{other}"],"{one}":1}}"#);
            }
            KeyInForm => (media, body) = (form, format!("a={}&b=x+{secret}", self.percent(secret))),
            KeyInXml => (media, body) = (xml, format!("<r><a>{}</a></r>", self.xml(secret))),
            KeyInHeader => headers.push(("x-trace".into(), format!("of-{}", self.percent(secret)))),
            ReportToken => {
                key = String::new();
                line = format!("POST /reports/{}/meta", self.percent(secret));
            }
            ReportTokenOfNoOperation => line = format!("POST /reports/{secret}/metadata"),
            AfterDoubleSlash => line = format!("POST //x/{}//{}/x", self.percent("token"), self.percent(secret)),
            AfterAction => line = format!("POST /tokens/5/password/reset/{}", self.percent(secret)),
            PathInBody => {
                let path = self.json(&format!("/token/{secret}"));
                body = format!(r#"{{"name":"see {path} now","path":"{path}","other":["v1/token//{secret}"]}}"#);
            }
            PathInHeader => headers.push(("x-path".into(), format!("/v1/token/{secret}/x"))),
            PathInQuery => line += &format!("?path={}", self.percent(&format!("/token/{secret}"))),
            ShortBearer => body = json!({"name": format!("bad Bearer {}", &secret[..4])}).to_string(),
            EchoInPath => {
                line = format!("POST /credentials/{secret}/x");
                body = json!({name: secret}).to_string();
            }
        }
        headers.push(("key".into(), key));
        headers.push(("content-type".into(), media.into()));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        ask(&line, &headers, &body)
    }

    /// The encodings of the secret that occur in requests; none may be in an output.
    fn forms(&self) -> Vec<String> {
        if matches!(self.location, ShortBearer) {
            return vec![format!("Bearer {}", &self.secret[..4])];
        }
        let (percent, json, xml) = (self.percent(&self.secret), self.json(&self.secret), self.xml(&self.secret));
        vec![self.secret.clone(), percent, json.replace('\\', "\\\\"), json, xml]
    }
}

/// The first source of the first flow of `healthy`.
const SUBMISSION: &str = "POST /flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";

fn planted() -> impl Strategy<Value = Planted> {
    // A digit in front: a secret that is a word is only replaced where its name says what it is. Some secrets look like
    // names of secrets themselves.
    let secrets = "[a-z0-9]{9,20}[0-9][a-z0-9]{6,20}|[a-z0-9]{7,9}[0-9](pw|pass|key|token|secret)[0-9][a-z0-9]{6,9}";
    (0..LOCATIONS.len(), secrets, 0..NAMES.len(), 0..HEADERS.len(), any::<u64>()).prop_map(
        |(location, secret, name, header, mask)| Planted {
            location: LOCATIONS[location],
            secret,
            name: NAMES[name],
            header: HEADERS[header],
            mask,
        },
    )
}

/// The responses of all control calls that return data of exchanges, and what another account sees. Removed exchanges are
/// returned by the call that removes them.
fn outputs(mock: &Mock, sandbox: &str, planted: &Planted, response: &TestResponse) -> Vec<(String, String)> {
    let at = [("x-mock-sandbox", sandbox)];
    let get = |path: &str| (path.to_owned(), mock.request(&format!("GET /__admin{path}"), &at, "").text);
    let post =
        |path: &str, body: &str| (path.to_owned(), mock.request(&format!("POST /__admin{path}"), &at, body).text);
    let other = |path: &str| {
        let headers = [("x-mock-sandbox", sandbox), ("key", crate::support::GLOBEX)];
        (format!("Globex {path}"), mock.request(&format!("GET {path}"), &headers, "").text)
    };
    let mut outputs = vec![
        get("/requests"),
        get("/requests/1"),
        get("/requests/unmatched"),
        get("/requests/unmatched/near-misses"),
        get("/coverage"),
        get("/coverage?sandbox=*"),
        get("/metrics"),
        get("/sandboxes"),
        get("/faults"),
        post("/snapshots/one", ""),
        get("/snapshots"),
        post("/requests/find", r#"{"method":"ANY"}"#),
        post("/explain", r#"{"exchange":1}"#),
        post(
            "/verify",
            r#"{"expectations":[{"operation":"list_credentials"},{"request":{"urlPath":"/x"}},{"no_violations":true}]}"#,
        ),
        post("/verify?format=junit", r#"{"expectations":[{"no_unmatched":true},{"no_violations":true}]}"#),
        post("/requests/count", r#"{"method":"ANY"}"#),
        post("/near-misses/request-pattern", r#"{"method":"POST","urlPath":"/credentials/x"}"#),
        get("/health"),
        get("/scenario"),
        other("/events"),
        other("/credentials"),
        other("/changelogs"),
    ];
    // Of the default sandbox, the calls without the header are journalled too.
    if sandbox != "default" {
        assert_eq!(get("/requests/1"), outputs[1], "an exchange is shown the same each time");
    }
    // The last one, because it removes the exchanges.
    outputs.push(post("/requests/remove", r#"{"method":"ANY"}"#));
    // The state has what LeadConduit stores: the password of a credential.
    if !matches!(planted.location, Body) || response.status >= 300 {
        outputs.push(get("/state"));
    }
    outputs
}

#[test]
fn no_output_contains_a_secret() {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| outputs_contain_no_secret(&Mock::start(MockServer::builder())));
        }
    });
}

/// Plants secrets in requests, each in a sandbox of its own, and searches all outputs for them.
fn outputs_contain_no_secret(mock: &Mock) {
    let count = Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config {
        cases: CASES / THREADS,
        failure_persistence: None,
        ..Default::default()
    });
    runner
        .run(&planted(), |planted| {
            count.set(count.get() + 1);
            let sandbox = match planted.location {
                SuffixedPassword => "default".to_owned(),
                _ => format!("s{}", count.get()),
            };
            let response = planted.send(&sandbox, |line, headers, body| mock.request(line, headers, body));
            prop_assert!(response.status >= 200);
            let outputs = outputs(mock, &sandbox, &planted, &response);
            let journal = &outputs[0].1;
            prop_assert!(journal.contains("\"method\":\"POST\""), "the exchange is not recorded: {journal}");
            for (path, text) in &outputs {
                for form in planted.forms() {
                    prop_assert!(!text.contains(&form), "{path} contains the secret of {planted:?}: {text}");
                }
            }
            Ok(())
        })
        .unwrap();
}

/// A client that sends an API key in the wrong place has no other key in its request by which it could be recognised.
#[test]
fn an_api_key_of_the_scenario_is_replaced_in_requests_without_credentials() {
    let mock = Mock::start(MockServer::builder());
    let key = crate::support::JANE;
    let encoded = STANDARD.encode(format!("API:{key}"));
    let submit = format!("POST /flows/{}/sources/5d9a4b10940df5a34a3888c1/submit", crate::support::FLOW);
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    let cases: &[(&str, &str, &str)] = &[
        (&format!("GET /conections/{key}"), "", ""),
        (&format!("GET /connections?q={key}"), "", ""),
        ("GET /connections", "", ""),
        (&submit, json, &format!(r#"{{"note":"my {key}"}}"#)),
        (&submit, form, &format!("note={key}&b64={encoded}")),
    ];
    for (number, (line, content_type, body)) in cases.iter().enumerate() {
        let sandbox = format!("s{number}");
        let headers = [("x-mock-sandbox", sandbox.as_str()), ("content-type", content_type), ("x-foo", key)];
        mock.request(line, &headers, body);
        for path in ["requests", "requests/1", "requests/unmatched", "requests/unmatched/near-misses", "coverage"] {
            let text = mock.request(&format!("GET /__admin/{path}"), &[("x-mock-sandbox", &sandbox)], "").text;
            assert!(!text.contains(key) && !text.contains(&encoded), "{path} of {line} {body}: {text}");
            assert!(path != "requests/1" || text.contains("***"), "{line} is not recorded: {text}");
        }
        let explained = mock.request("POST /__admin/explain", &[("x-mock-sandbox", &sandbox)], r#"{"exchange":1}"#);
        let explained = explained.expect(200).text;
        assert!(!explained.contains(key), "{line}: {explained}");
    }
}

#[test]
fn no_log_event_or_report_contains_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for format in ["human", "json"] {
        let files = ["json", "xml", "html", "txt"].map(|extension| file(&format!("{format}.{extension}")));
        let reports = files.join(",");
        let mut server =
            Server::start(&["--log-format", format, "--report", &reports, "--admin-token", "t0p-s3cret-t0ken"], &[]);
        let mut log = server.child.stderr.take().unwrap();
        let log = std::thread::spawn(move || std::io::read_to_string(&mut log).unwrap());
        let token = ("Authorization", "Bearer t0p-s3cret-t0ken");
        let mut events = std::net::TcpStream::connect(server.address).unwrap();
        events.set_read_timeout(Some(crate::support::HANG_GUARD)).unwrap();
        let head =
            "GET /__admin/events?sandbox=* HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t0p-s3cret-t0ken\r\n\r\n";
        events.write_all(head.as_bytes()).unwrap();
        let mut wire = Wire::open(server.address);
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut all = Vec::new();
        for location in LOCATIONS {
            for _ in 0..4 {
                let planted = Planted { location, ..planted().new_tree(&mut runner).unwrap().current() };
                planted.send("mine", |line, headers, body| {
                    let (method, target) = line.split_once(' ').unwrap();
                    let mut sent: Vec<(&str, String)> = Vec::new();
                    for (name, value) in headers {
                        match *name {
                            "key" if value.is_empty() => {}
                            "key" => sent.push(("authorization", crate::support::basic(value))),
                            name => sent.push((name, (*value).to_owned())),
                        }
                    }
                    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n");
                    for (name, value) in sent {
                        request += &format!("{name}: {value}\r\n");
                    }
                    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
                    let (head, body) = wire.exchange(request.as_bytes());
                    let text = String::from_utf8(body).unwrap();
                    TestResponse { status: head[9..12].parse().unwrap(), headers: http::HeaderMap::new(), text }
                });
                all.push(planted);
            }
        }
        // The token where it does not belong.
        let request = "GET /x?y=t0p-s3cret-t0ken HTTP/1.1\r\nHost: x\r\nX-Trace: t0p-s3cret-t0ken\r\n\r\n";
        wire.exchange(request.as_bytes());
        wire.request("POST", "/__admin/reset", &[token], None).expect(200);
        server.signal("-TERM");
        let mut stream = String::new();
        events.read_to_string(&mut stream).unwrap();
        drop(wire);
        server.child.wait().unwrap();
        let mut outputs = vec![("log".to_owned(), log.join().unwrap()), ("events".to_owned(), stream)];
        outputs.extend(files.iter().map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())));
        for (name, text) in &outputs {
            assert!(text.contains("create_credential"), "{name}: {text}");
            assert!(!text.contains("t0p-s3cret-t0ken"), "{name} contains the token");
            for planted in &all {
                for form in planted.forms() {
                    assert!(!text.contains(&form), "{name} contains the secret of {planted:?}: {text}");
                }
            }
        }
    }
}

#[test]
fn card_and_social_security_numbers_are_not_recorded() {
    let mock = Mock::healthy();
    let body = r#"{"name":"4111 1111 1111 1111","ssn":"123456789","note":5500000000000004,"x":"078-05-1120"}"#;
    mock.request("POST /credentials?x=340000000000009&id=1764367598123", &[("x-trace", "4111-1111-1111-1111")], body);
    let journal = mock.get("/__admin/requests").text;
    for number in ["1111 1111", "1111-1111", "123456789", "5500000000000004", "078-05-1120", "340000000000009"] {
        assert!(!journal.contains(number), "{number}: {journal}");
    }
    assert!(journal.contains("1764367598123"), "a time is no card number: {journal}");
}

#[test]
fn other_data_is_recorded_unchanged() {
    let mock = Mock::healthy();
    let body = r#"{ "name":  "a b", "type":"user",  "package": "leadconduit-default", "username": "u\/v" }"#;
    mock.request("POST /credentials?limit=1&x=a%20b", &[("x-trace", "t-1")], body);
    let request = &mock.get("/__admin/requests").json()["requests"][0]["request"];
    assert_eq!(request["body"], body);
    assert_eq!(request["url"], "/credentials?limit=1&x=a%20b");
    assert_eq!(request["headers"]["X-Trace"], "t-1");
    // Only the value of the secret is replaced.
    mock.request(
        "POST /credentials",
        &[],
        r#"{"name":"a","type":"user","package":"leadconduit-default","username":"u","password":"hidden"}"#,
    );
    let body = mock.get("/__admin/requests").json()["requests"][0]["request"]["body"].as_str().unwrap().to_owned();
    assert_eq!(body, r#"{"name":"a","type":"user","package":"leadconduit-default","username":"u","password":"***"}"#);
}
