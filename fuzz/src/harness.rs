//! What each fuzz target does with its input. The tests run the committed corpus through the same functions.
//!
//! An input that panics, aborts, hangs or takes too much memory is a finding; so is a response that a client must not get:
//! a status of 5xx that no rule asked for.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use leadconduit_mock::internals::{
    Body, Condition, Contract, Dialect, Library, OutboundResponse, Pipeline, RecipientModule, Request, Response,
    Template, check_rules, load, paragraphs,
};
use leadconduit_mock::scenario_file::Source;
use leadconduit_mock::{Clock, Settings};
use serde_json::{Value, json};

/// A function that takes an input.
pub type Target = fn(&[u8]);

/// The targets by name. The corpus of each is in the folder of that name.
pub const TARGETS: [(&str, Target); 9] = [
    ("http", http),
    ("form", form),
    ("xml", xml),
    ("scenario", scenario),
    ("template", template),
    ("rule", rule),
    ("pattern", pattern),
    ("control", control),
    ("delivery", delivery),
];

/// Jane Doe's key in the built-in scenarios, for HTTP Basic.
const AUTHORIZATION: &str = "Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0";

/// The submission URL of a flow in the built-in scenarios.
const SUBMISSION: &str = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";

/// After how many requests the sandbox begins again, so that the memory of a long run does not grow.
const RESET_INTERVAL: u32 = 500;

static PIPELINE: LazyLock<Arc<Pipeline>> =
    LazyLock::new(|| load(&Settings::default()).expect("the built-in contract is valid").pipeline);

static CONTRACT: LazyLock<Arc<Contract>> =
    LazyLock::new(|| Arc::new(Contract::built_in().expect("the built-in contract is valid")));

/// Whether a request may be answered with 5xx: when it asks for it, or a rule does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ServerErrors {
    Allowed,
    Findings,
}

fn send(request: &Request, errors: ServerErrors) -> Response {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    if REQUESTS.fetch_add(1, Ordering::Relaxed) % RESET_INTERVAL == RESET_INTERVAL - 1 {
        let reset = PIPELINE
            .handle(&described(Method::POST, "/__admin/reset", &[], Bytes::new()).expect("the request is valid"));
        assert!(reset.status.is_success(), "{}", reset.status);
    }
    let response = PIPELINE.handle(request);
    let is_finding = response.status.is_server_error() && errors == ServerErrors::Findings;
    assert!(!is_finding, "{} {}: {}", request.method, request.uri, response.status);
    response
}

fn described(method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Option<Request> {
    let mut request = Request::new(method, path.parse().ok()?);
    // The control API answers requests to this machine only.
    for (name, value) in headers.iter().chain(&[("host", "localhost")]) {
        request.headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?);
    }
    request.body = Body::Complete(body);
    Some(request)
}

/// A request as text: a line with method and path, lines with headers, an empty line, the body. `Authorization: jane` is
/// replaced by a valid key, which no mutation would find.
pub fn http(data: &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let Ok(head) = std::str::from_utf8(&data[..end]) else { return };
    let body = Bytes::copy_from_slice(data.get(end + 2..).unwrap_or_default());
    let mut lines = head.lines();
    let Some((method, path)) = lines.next().and_then(|line| line.split_once(' ')) else { return };
    let Ok(method) = method.parse() else { return };
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let headers: Vec<(&str, &str)> = headers
        .into_iter()
        .map(|(name, value)| if value == "jane" { (name, AUTHORIZATION) } else { (name, value) })
        .collect();
    if let Some(request) = described(method, path, &headers, body) {
        send(&request, ServerErrors::Allowed);
    }
}

fn lead(content_type: &str, data: &[u8]) {
    let headers = [("content-type", content_type), ("accept", "application/json")];
    let request = described(Method::POST, SUBMISSION, &headers, Bytes::copy_from_slice(data));
    send(&request.expect("the request is valid"), ServerErrors::Findings);
}

/// A form that is submitted as a lead, and as a query.
pub fn form(data: &[u8]) {
    lead("application/x-www-form-urlencoded", data);
    if let Ok(query) = std::str::from_utf8(data)
        && let Some(request) = described(Method::GET, &format!("{SUBMISSION}?{query}"), &[], Bytes::new())
    {
        // Preferences can ask for any status.
        send(&request, ServerErrors::Allowed);
    }
}

/// XML and JSON that are submitted as a lead.
pub fn xml(data: &[u8]) {
    lead(if data.first() == Some(&b'<') { "text/xml" } else { "application/json" }, data);
}

/// A scenario file: validated, and its world created.
pub fn scenario(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut library = Library::built_in(Arc::clone(&CONTRACT)).expect("the built-in scenarios are valid");
    if let Err(diagnostics) = library.add_sources(vec![Source::new("fuzz.yaml", text)]) {
        // Messages quote the file.
        let _ = paragraphs(&diagnostics);
        return;
    }
    for source in library.sources() {
        let summary = library.list().pop().expect("there is at least one scenario");
        assert_eq!(source.text.as_ref(), text.strip_prefix('\u{feff}').unwrap_or(text));
        if let Ok(found) = library.get(&summary.name) {
            let _ = found.create_world(&CONTRACT, 1, found.clock.unwrap_or(Clock::Real));
        }
    }
}

/// A template: in the body of a rule, and in LeadConduit's own rules.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let fault = json!({"when": {"path": "/fuzz"}, "then": {"status": 200, "body": {"a": text}}, "times": 1});
    let headers = [("content-type", "application/json")];
    let added = described(Method::POST, "/__admin/faults", &headers, Bytes::from(fault.to_string()));
    if send(&added.expect("the request is valid"), ServerErrors::Findings).status.is_success() {
        let body = Bytes::from_static(b"{\"name\": \"N\", \"list\": [1, \"b\", {\"c\": null}]}");
        let request = described(Method::POST, "/fuzz?a=b", &headers, body);
        // A template that cannot be rendered is a problem with status 500.
        send(&request.expect("the request is valid"), ServerErrors::Allowed);
        let removed = described(Method::DELETE, "/__admin/faults", &[], Bytes::new());
        send(&removed.expect("the request is valid"), ServerErrors::Findings);
    }
    if let Ok(template) = Template::parse(text) {
        let _ = template.render(&json!({"lead": {"state": "tx", "age": 30, "id": "1"}, "a": [1], "price": 1.5}));
    }
}

/// A rule or a set of rules of LeadConduit, and a rule of a scenario.
pub fn rule(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let variables = json!({"lead": {"state": "tx", "email": "a@b.example", "age": 30}, "price": 1.5});
    let conditions = [
        Condition::parse_set(&value),
        Condition::parse_rule(&value, Dialect::Flow),
        Condition::parse_rule(&value, Dialect::Report),
        Condition::parse_list(&value, Dialect::Flow),
    ];
    for condition in conditions.into_iter().flatten() {
        let _ = condition.matches(&variables);
    }
    let _ = check_rules(&value);
    let fault = described(Method::POST, "/__admin/faults", &[], Bytes::copy_from_slice(data));
    if send(&fault.expect("the request is valid"), ServerErrors::Findings).status.is_success() {
        let headers = [("authorization", AUTHORIZATION)];
        let request = described(Method::GET, "/connections", &headers, Bytes::new());
        send(&request.expect("the request is valid"), ServerErrors::Allowed);
        let removed = described(Method::DELETE, "/__admin/faults", &[], Bytes::new());
        send(&removed.expect("the request is valid"), ServerErrors::Findings);
    }
}

/// A request pattern, and expectations.
pub fn pattern(data: &[u8]) {
    for path in ["/__admin/requests/find", "/__admin/verify"] {
        let request = described(Method::POST, path, &[], Bytes::copy_from_slice(data));
        send(&request.expect("the request is valid"), ServerErrors::Findings);
    }
}

/// A call of the control API: a line with method and path, then the body.
pub fn control(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let Ok(line) = std::str::from_utf8(&data[..end]) else { return };
    let Some((method, path)) = line.split_once(' ') else { return };
    let Ok(method) = method.parse() else { return };
    let body = Bytes::copy_from_slice(data.get(end + 1..).unwrap_or_default());
    if let Some(request) = described(method, &format!("/__admin/{path}"), &[], body) {
        let response = send(&request, ServerErrors::Allowed);
        assert!(response.status != http::StatusCode::INTERNAL_SERVER_ERROR, "{line}");
    }
}

/// The response to a delivery: a line with status and content type, then the body.
pub fn delivery(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let Ok(line) = std::str::from_utf8(&data[..end]) else { return };
    let (status, content_type) = line.split_once(' ').unwrap_or((line, ""));
    let response = OutboundResponse {
        status: status.parse().unwrap_or(200),
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body: Bytes::copy_from_slice(data.get(end + 1..).unwrap_or_default()),
        began_ms: 0,
        ms: 1,
        attempts: 1,
    };
    let vars = json!({"url": "http://127.0.0.1:1/", "method": "POST", "lead": {"email": "a@b.example"}, "price": 1.5});
    let standard = RecipientModule::Standard.parse_response(&vars, &response);
    assert!(standard.is_ok_and(|event| event.is_object()));
    // A path is a name of JSON, an expression of XML, a selector of HTML and a pattern in text.
    for path in ["result.outcome", "/result/outcome", "//*/text()", "p.err", "a @href", "result.*", r"(\w+)"] {
        let vars = json!({
            "url": "http://127.0.0.1:1/", "outcome_search_term": "/^accepted|ok$/", "outcome_search_path": path,
            "reason_path": path, "price_path": path, "reference_path": path, "capture.found": path,
        });
        if let Ok(event) = RecipientModule::CustomJson.parse_response(&vars, &response) {
            assert!(event["outcome"].is_string());
        }
    }
}

/// The files of the corpus of a target, in the order of their names.
pub fn corpus(folder: &Path, target: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join(target)).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort();
    files
}
