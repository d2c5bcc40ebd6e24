//! Every response is valid against the contract: for every operation, every built-in scenario, and many seeds.
//!
//! Requests are generated from the schemas of the contract, with ids that exist and ids that do not, and some are
//! deliberately invalid. They go through the pipeline without sockets.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use http::{HeaderValue, Method};
use leadconduit_mock::internals::{
    Body, Contract, IdGenerator, Library, Models, Operation, Pipeline, Purpose, Request, Response, SeededRng,
    ValueGenerator, build_pipeline, load, response_violations,
};
use leadconduit_mock::{Clock, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::calls::{Call, body_schema, in_query, parameters};
use crate::support::{
    ACME_ID, BUYER, COMPUTE_MS_MAX, FLOW, GLOBEX, GLOBEX_ONLY, INVITATION, JANE, JANE_ID, SSO_ONLY, SUPERUSER,
};

const SEEDS: u64 = 16;
const REQUESTS_PER_SEED: usize = 180;
/// More than there are processors: next to busy processes, a test gets processor time by thread.
const THREADS: u64 = 8;

/// Names of properties that documents can have and code may not expect.
const HOSTILE_NAMES: [&str; 20] = [
    "",
    " ",
    "0",
    "-1",
    "_0",
    "_",
    "_t",
    "__proto__",
    "constructor",
    "a.b",
    "a/b~c",
    "\u{0}",
    "\u{fffe}",
    "é",
    "$ref",
    "id",
    "type",
    "name",
    "created_at",
    "document_id",
];

struct Driver {
    contract: Arc<Contract>,
    rng: SeededRng,
    ids: IdGenerator,
    /// Ids from responses, each with the area of its operation.
    known: Vec<(String, String)>,
    /// Documents from responses, each with the area of its operation.
    documents: Vec<(String, Value)>,
}

impl Driver {
    fn new(contract: &Arc<Contract>, seed: u64) -> Self {
        let known = [
            ("account", ACME_ID),
            ("user", JANE_ID),
            ("user_settings", JANE_ID),
            ("connections", BUYER),
            ("connections", SSO_ONLY),
            ("connections", GLOBEX_ONLY),
            ("invitations", "69d2a6c8940df5a34a3888c6"),
            ("invitation_id", INVITATION),
            ("connection_id", BUYER),
            ("connection_id", SSO_ONLY),
            ("flow_id", FLOW),
        ];
        let known = known.map(|(area, id)| (area.to_owned(), id.to_owned())).to_vec();
        let rng = SeededRng::new(seed, Purpose::Responses);
        Self { contract: Arc::clone(contract), rng, ids: IdGenerator::new(seed ^ 0xabcd), known, documents: Vec::new() }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.rng.rng().random_range(0..limit)
    }

    /// An id: mostly one of this area, sometimes of another area, sometimes unknown, sometimes malformed.
    fn id(&mut self, area: &str) -> String {
        let in_area: Vec<usize> = (0..self.known.len()).filter(|at| self.known[*at].0 == area).collect();
        match self.below(10) {
            0 => "000000000000000000000000".to_owned(),
            1 => "not-an-id".to_owned(),
            2..8 if !in_area.is_empty() => {
                let at = self.below(in_area.len());
                self.known[in_area[at]].1.clone()
            }
            _ => {
                let at = self.below(self.known.len());
                self.known[at].1.clone()
            }
        }
    }

    fn request(&mut self, operation: &Operation) -> Request {
        let contract = Arc::clone(&self.contract);
        let mut path = operation.path.clone();
        let area = area(operation);
        // Clients often send back what they read, with changes.
        let in_area: Vec<usize> = (0..self.documents.len()).filter(|at| self.documents[*at].0 == area).collect();
        let is_sent_back = operation.method == Method::PUT && !in_area.is_empty() && self.below(3) == 0;
        let chosen = self.below(in_area.len().max(1));
        let sent_back = is_sent_back.then(|| self.documents[in_area[chosen]].1.clone());
        let mut query: Vec<(String, String)> = Vec::new();
        for parameter in parameters(&contract, operation) {
            let example = parameter.example.map(|example| in_query(parameter.name, example)).unwrap_or_default();
            if parameter.location == "path" {
                let value = match example.first() {
                    _ if sent_back.is_some() => sent_back.as_ref().unwrap()["id"].as_str().unwrap().to_owned(),
                    Some((_, value)) if self.below(3) == 0 => value.clone(),
                    _ => self.id(&area),
                };
                path = path.replace(&format!("{{{}}}", parameter.name), &value);
            } else if self.below(4) == 0 || (parameter.required && self.below(12) != 0) {
                match self.below(5) {
                    0 => query.push((parameter.name.to_owned(), "nonsense".to_owned())),
                    1 => query.push((parameter.name.to_owned(), self.id("account"))),
                    _ => query.extend(example),
                }
            }
        }
        let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&query).finish();
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let mut request = Request::new(operation.method.clone(), target.parse().unwrap());
        let key = match self.below(12) {
            0 => "wrong",
            1 | 2 => GLOBEX,
            3..=5 => SUPERUSER,
            _ => JANE,
        };
        let credentials = base64::engine::general_purpose::STANDARD.encode(format!("API:{key}"));
        request.headers.insert("authorization", HeaderValue::from_str(&format!("Basic {credentials}")).unwrap());
        if operation.body.is_some() && self.below(15) != 0 {
            request.headers.insert("content-type", HeaderValue::from_static("application/json"));
            let body = sent_back.unwrap_or_else(|| self.body(operation));
            request.body = Body::Complete(body.to_string().into());
        }
        request
    }

    /// A body: an example of the contract, or one generated from its schema; sometimes made invalid.
    fn body(&mut self, operation: &Operation) -> Value {
        let contract = Arc::clone(&self.contract);
        let examples = Call::bodies(&contract, operation);
        let mut body = if examples.is_empty() || self.below(2) == 0 {
            let schema = body_schema(&contract, operation).unwrap();
            let seed: u64 = self.rng.rng().random();
            let now = "2026-03-01T12:00:00Z".parse().unwrap();
            let rng = SeededRng::new(seed, Purpose::Documents);
            ValueGenerator::new(rng, &mut self.ids, now, Models::new(contract.models())).value(schema)
        } else {
            let at = self.below(examples.len());
            examples[at].clone()
        };
        if let Some(object) = body.as_object_mut() {
            let names: Vec<String> = object.keys().cloned().collect();
            for name in names {
                if name.ends_with("_id") && self.below(3) == 0 {
                    object[&name] = self.id(&name).into();
                }
                if name == "email" && self.below(2) == 0 {
                    object[&name] = ["jo@example.com", "orders@harborview.example.com"][self.below(2)].into();
                }
                if name == "status" && self.below(2) == 0 {
                    object[&name] = ["created", "in_progress", "completed"][self.below(3)].into();
                }
                match self.below(30) {
                    0 => drop(object.remove(&name)),
                    1 => object[&name] = json!({"unexpected": [null, 1]}),
                    _ => {}
                }
            }
        }
        body
    }

    fn hostile_value(&mut self) -> Value {
        match self.below(14) {
            0 => Value::Null,
            1 => true.into(),
            2 => (-0.0).into(),
            3 => 1e308.into(),
            4 => i64::MIN.into(),
            5 => u64::MAX.into(),
            6 => "".into(),
            7 => "\u{0}\u{fffe}\u{202e}".into(),
            8 => "x".repeat(3000).into(),
            9 => "{{lead.email}} <b>&amp;".into(),
            10 => (0..40).fold(Value::Null, |inner, _| json!([inner])),
            11 => json!({"": {"": [{"": null}]}}),
            12 => json!([[], {}, "", 0]),
            _ => "2026-02-30T25:61:00Z".into(),
        }
    }

    /// Adds properties with hostile names and values anywhere, and replaces values.
    fn make_hostile(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                let names: Vec<String> = members.keys().cloned().collect();
                for name in names {
                    if let Some(member) = members.get_mut(&name) {
                        self.make_hostile(member);
                    }
                }
                if self.below(2) == 0 {
                    let name = HOSTILE_NAMES[self.below(HOSTILE_NAMES.len())];
                    members.insert(name.to_owned(), self.hostile_value());
                }
            }
            Value::Array(items) => {
                for item in items.iter_mut() {
                    self.make_hostile(item);
                }
                if self.below(6) == 0 {
                    items.push(self.hostile_value());
                }
            }
            scalar => {
                if self.below(25) == 0 {
                    *scalar = self.hostile_value();
                }
            }
        }
    }

    fn collect_ids(&mut self, area: &str, value: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(id) = object.get("id").and_then(Value::as_str).filter(|id| id.len() == 24)
                    && self.known.len() < 200
                    && !self.known.iter().any(|(a, known)| a == area && known == id)
                {
                    self.known.push((area.to_owned(), id.to_owned()));
                }
                object.values().for_each(|value| self.collect_ids(area, value));
            }
            Value::Array(items) => items.iter().for_each(|value| self.collect_ids(area, value)),
            _ => {}
        }
    }
}

/// The first segment of an operation's path.
fn area(operation: &Operation) -> String {
    operation.path.split('/').nth(1).unwrap_or_default().to_owned()
}

#[track_caller]
fn assert_valid(contract: &Contract, operation: &Operation, request: &Request, response: &Response) {
    // The response of a rule can have any status of a proxy or gateway.
    let violations = if response.headers.contains_key("x-mock-fault") {
        response_violations(contract, operation, response)
    } else {
        contract.check_response(operation, response.status.as_u16(), &response.headers, &response.body)
    };
    let body = String::from_utf8_lossy(&response.body);
    assert!(violations.is_empty(), "{} {}: {} {body}\n{violations:?}", request.method, request.uri, response.status);
}

#[test]
fn every_response_is_valid_against_the_contract() {
    let contract = Arc::new(Contract::built_in().unwrap());
    let library = Arc::new(Library::built_in(Arc::clone(&contract)).unwrap());
    let scenarios: Vec<String> = library.list().into_iter().map(|listed| listed.name).collect();
    assert!(scenarios.len() >= 15, "{scenarios:?}");
    let clock: Clock = "2026-03-01T12:00:00Z".parse().unwrap();
    // Every seed runs with the scenarios that differ in world or conditions. The others add rules or more documents to one of
    // these worlds, and need fewer seeds. A run with a large world takes long: it is divided, so that no thread is the last
    // for minutes.
    let runs = scenarios.iter().flat_map(|name| {
        let (seeds, parts) = match name.as_str() {
            "healthy" | "sso-outage" | "missed-invitation" | "repair-conflicts" | "empty-account" => (SEEDS, 1),
            "busy-account" => (1, 6),
            _ => (SEEDS / 8, 1),
        };
        let requests = REQUESTS_PER_SEED / parts;
        let part = move |part: usize| part * requests..(part + 1) * requests;
        (0..seeds).flat_map(move |seed| (0..parts).map(move |at| (seed, name.as_str(), part(at))))
    });
    let mut runs: Vec<(u64, &str, std::ops::Range<usize>)> = runs.collect();
    // The long ones first.
    runs.sort_by_key(|(seed, name, _)| (*name != "busy-account", *seed));
    let next = std::sync::atomic::AtomicUsize::new(0);
    let seen: std::sync::Mutex<BTreeMap<(String, u16), usize>> = std::sync::Mutex::default();
    let work = || {
        let mut own: BTreeMap<(String, u16), usize> = BTreeMap::new();
        while let Some((seed, name, requests)) = runs.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let scenario = library.get(name).unwrap();
            let pipeline: Pipeline = build_pipeline(&settings(*seed, clock), &contract, &library, &scenario).unwrap();
            let mut driver = Driver::new(&contract, *seed);
            for at in requests.clone() {
                let index = if at < contract.operations.len() { at } else { driver.below(contract.operations.len()) };
                let operation = &contract.operations[index];
                let request = driver.request(operation);
                let response = pipeline.handle(&request);
                assert_valid(&contract, operation, &request, &response);
                if let Ok(value) = serde_json::from_slice(&response.body) {
                    driver.collect_ids(&area(operation), &value);
                    if response.status.is_success()
                        && operation.path.matches('/').count() < 3
                        && value["id"].is_string()
                    {
                        driver.documents.push((area(operation), value));
                    }
                }
                *own.entry((operation.id.clone(), response.status.as_u16())).or_default() += 1;
            }
        }
        let mut seen = seen.lock().unwrap();
        for (key, count) in own {
            *seen.entry(key).or_default() += count;
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    let seen = seen.into_inner().unwrap();
    for operation in &contract.operations {
        let success = operation.responses.keys().filter(|status| (200..300).contains(*status));
        for status in success {
            let count = seen.get(&(operation.id.clone(), *status)).copied().unwrap_or(0);
            assert!(
                count > 2,
                "{} responded with {status} only {count} times: the requests exercise too little",
                operation.id
            );
        }
    }
}

/// Documents with hostile names and values, and the responses that are computed from them: changelogs, statistics, caps,
/// metrics, searches, exports, usage of fields, variables.
#[test]
fn responses_that_are_computed_from_hostile_documents_are_valid() {
    let contract = Arc::new(Contract::built_in().unwrap());
    let library = Arc::new(Library::built_in(Arc::clone(&contract)).unwrap());
    let clock: Clock = "2026-03-01T12:00:00Z".parse().unwrap();
    let written: std::sync::Mutex<BTreeMap<String, usize>> = std::sync::Mutex::default();
    let work = |(seed, name)| {
        let scenario = library.get(name).unwrap();
        let pipeline: Pipeline = build_pipeline(&settings(seed, clock), &contract, &library, &scenario).unwrap();
        let mut driver = Driver::new(&contract, seed);
        for round in 0..15 {
            let (writes, reads): (Vec<&Operation>, Vec<&Operation>) =
                contract.operations.iter().partition(|operation| operation.method != Method::GET);
            // Writes first, then every read of what they left behind.
            for operation in writes.into_iter().chain(reads) {
                let mut request = driver.request(operation);
                if let Body::Complete(bytes) = &request.body
                    && let Ok(mut body) = serde_json::from_slice::<Value>(bytes)
                    && round % 3 > 0
                {
                    driver.make_hostile(&mut body);
                    request.body = Body::Complete(body.to_string().into());
                }
                let response = pipeline.handle(&request);
                assert_valid(&contract, operation, &request, &response);
                if let Ok(value) = serde_json::from_slice(&response.body) {
                    driver.collect_ids(&area(operation), &value);
                }
                if operation.method != Method::GET && response.status.is_success() {
                    *written.lock().unwrap().entry(operation.id.clone()).or_default() += 1;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for case in [(1, "healthy"), (2, "lead-market"), (3, "healthy"), (4, "caps-reached")] {
            scope.spawn(move || work(case));
        }
    });
    let written = written.into_inner().unwrap();
    assert!(written.len() > 25, "too few writes were accepted: {written:?}");
    assert!(written["update_report"] > 1 && written.contains_key("submit_lead"), "{written:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

#[test]
    fn arbitrary_requests_never_get_status_500(
        method in "[A-Z]{1,7}",
        path in "(/[ -~&&[^\"<>\\\\^`{|}# ?]]{0,12}){1,4}(\\?[a-z_=&%0-9]{0,30})?",
        authorization in prop_oneof![
            Just(crate::support::basic(JANE)), Just(crate::support::basic(SUPERUSER)), "[ -~]{0,40}", "Basic [A-Za-z0-9+/=]{0,40}",
        ],
        name in prop_oneof![Just("accept"), Just("content-type"), Just("cookie"), Just("x-mock-sandbox"), Just("if-none-match"), Just("origin"), Just("prefer"), Just("x-mock-response-code"), Just("x-mock-faults")],
        value in "[ -~]{0,60}",
        known in prop::option::of(0usize..100),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| bytes),
            "[\\[\\]{}\",:0-9a-z]{0,60}".prop_map(String::into_bytes),
        ],
    ) {
        static PIPELINE: std::sync::OnceLock<Arc<Pipeline>> = std::sync::OnceLock::new();
        let pipeline = PIPELINE.get_or_init(|| load(&Settings::default()).unwrap().pipeline);
        let (method, path) = match known {
            Some(at) => {
                let operation = &pipeline.state.contract.operations[at];
                (operation.method.clone(), operation.path.replace("{id}", BUYER).replace("{entityId}", BUYER))
            }
            None => (method.parse::<Method>().unwrap_or(Method::GET), path),
        };
        let Ok(uri) = path.parse() else { return Ok(()) };
        let mut request = Request::new(method, uri);
        for (name, value) in [("authorization", authorization.as_str()), ("content-type", "application/json"), (name, value.as_str())] {
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers.insert(name, value);
            }
        }
        request.body = Body::Complete(body.into());
        let response = pipeline.handle(&request);
        prop_assert_ne!(response.status.as_u16(), 500, "{:?}: {:?}", request, response);
    }
}

fn settings(seed: u64, clock: Clock) -> Settings {
    let mut settings = Settings { seed: Some(seed), clock: Some(clock), ..Settings::default() };
    settings.limits.compute_ms_max = COMPUTE_MS_MAX;
    settings
}
