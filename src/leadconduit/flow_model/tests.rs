//! What is parsed when: a flow once per revision, and nothing of it per lead. The requests run on the thread of the test,
//! where `parse_count` counts.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::bootstrap;
use crate::config::settings::Settings;
use crate::http::message::{Body, Request};
use crate::leadconduit::values::parse_count::parsed_by;
use crate::pipeline::Pipeline;

/// The flow of the scenario `lead-market`. It has criteria, list checks, prices, caps, filters, and recipients that are
/// simulated by configured outcomes with templates.
const FLOW: &str = "66d0c0de940df5a34a38a001";
const SUMMIT: &str = "5d9a4b10940df5a34a3888c1";
/// Has a mapping and caps of its own.
const ACME_SOURCE: &str = "5d9a4c421d011c553e000003";
/// Jane's key, as HTTP Basic credentials.
const AUTHORIZATION_OF_JANE: &str = "Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0";

/// A pipeline, and what its requests parsed.
struct Counted {
    pipeline: Pipeline,
    sandbox: &'static str,
    leads: u32,
}

impl Counted {
    fn market() -> Self {
        let settings = Settings { scenario: "lead-market".to_owned(), ..Settings::default() };
        let contract = bootstrap::load_contract(&settings).unwrap();
        let (library, _) = bootstrap::load_library(&settings, &contract).unwrap();
        let scenario = library.get(&settings.scenario).unwrap();
        let pipeline = bootstrap::build_pipeline(&settings, &contract, &library.into(), &scenario).unwrap();
        Self { pipeline, sandbox: "default", leads: 0 }
    }

    /// The body of the response; the number of flows that were parsed; the number of rules, templates and patterns.
    fn call(&self, method: Method, path: &str, body: Option<&Value>, status: u16) -> (Value, usize, usize) {
        let mut request = Request::new(method, path.parse().unwrap());
        request.headers.insert(AUTHORIZATION, HeaderValue::from_static(AUTHORIZATION_OF_JANE));
        request.headers.insert("x-mock-sandbox", HeaderValue::from_static(self.sandbox));
        if let Some(body) = body {
            request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            request.body = Body::Complete(Bytes::from(body.to_string()));
        }
        let (response, flows, expressions) = parsed_by(|| self.pipeline.handle(&request));
        assert_eq!(response.status, StatusCode::from_u16(status).unwrap(), "{:?}", response.body);
        (serde_json::from_slice(&response.body).unwrap(), flows, expressions)
    }

    /// What a lead that passes all steps parses.
    fn submit(&mut self, source: &str) -> (usize, usize) {
        self.leads += 1;
        let lead = json!({
            "first_name": "Ann", "email": format!("ann{}@example.com", self.leads), "phone_1": "512-555-0142",
            "address_1": "12 Elm Street", "city": "Austin", "state": "TX", "postal_code": "78704", "dob": "1980-05-01",
            "owner": "yes",
        });
        let path = format!("/flows/{FLOW}/sources/{source}/submit");
        let (response, flows, expressions) = self.call(Method::POST, &path, Some(&lead), 201);
        // The simulated buyer takes some leads, by random numbers of the seed. Every lead reaches it.
        let is_delivered = response["outcome"] == "success" || response["reason"] == "The household is known already";
        assert!(is_delivered, "{response}");
        (flows, expressions)
    }
}

#[test]
fn a_flow_is_parsed_once_per_revision_and_never_for_a_further_lead() {
    let mut mock = Counted::market();
    // A flow of a scenario is parsed for its first lead.
    let (flows, expressions) = mock.submit(SUMMIT);
    assert_eq!(flows, 1);
    assert!(expressions > 10, "{expressions}");
    for source in [SUMMIT, ACME_SOURCE, SUMMIT] {
        assert_eq!(mock.submit(source), (0, 0), "{source}");
    }
    // The copy of the world in another sandbox shares it.
    mock.sandbox = "other";
    assert_eq!(mock.submit(ACME_SOURCE), (0, 0));
    mock.sandbox = "default";
    let ping = json!({"state": "TX", "phone_1": "512-555-0142", "owner": "yes"});
    let path = format!("/flows/{FLOW}/sources/{ACME_SOURCE}/ping");
    let (response, flows, expressions) = mock.call(Method::POST, &path, Some(&ping), 200);
    assert_eq!((&response["outcome"], flows, expressions), (&json!("success"), 0, 0));

    // A saved revision is parsed at once. The live one stays as it is.
    let path = format!("/flows/{FLOW}");
    let (mut flow, ..) = mock.call(Method::GET, &path, None, 200);
    for name in ["Second", "Third"] {
        flow["name"] = name.into();
        let (_, flows, expressions) = mock.call(Method::PUT, &path, Some(&flow), 200);
        assert_eq!(flows, 1, "{name}");
        assert!(expressions > 10, "{expressions}");
        assert_eq!(mock.submit(SUMMIT), (0, 0), "{name} is not live yet");
    }
    let (_, flows, _) = mock.call(Method::POST, &format!("{path}/deploy"), None, 200);
    assert_eq!(flows, 0);
    assert_eq!(mock.submit(ACME_SOURCE), (0, 0), "{flow}");
    // Caps and ping limits are listed from the same form.
    for list in ["/caps", "/ping_limits"] {
        let (listed, flows, expressions) = mock.call(Method::GET, list, None, 200);
        assert_ne!(listed, json!([]), "{list}");
        let other_flows = 2;
        assert!(flows <= other_flows, "{list} {flows}");
        let again = mock.call(Method::GET, &format!("{list}?flow_id={FLOW}"), None, 200);
        assert_eq!((again.1, again.2), (0, 0), "{list} {expressions}");
    }
}

#[test]
fn submission_docs_and_reports_parse_nothing_again() {
    let mut mock = Counted::market();
    mock.submit(SUMMIT);
    // The rules of the flow are parsed already.
    let (meta, flows, expressions) = mock.call(Method::GET, &format!("/flows/{FLOW}/sources/{SUMMIT}/meta"), None, 200);
    assert_eq!((flows, expressions), (0, 0));
    assert!(meta["params"].as_array().unwrap().iter().any(|param| param["required"] == "yes"), "{meta}");
    let report =
        json!({"name": "Own", "columns": ["source-success"], "rules": [{"lhv": "outcome", "op": "is not blank"}]});
    let (report, ..) = mock.call(Method::POST, "/reports", Some(&report), 201);
    let run =
        format!("/reports/{}/run?start=2020-01-01T00:00:00Z&end=2099-01-01T00:00:00Z", report["id"].as_str().unwrap());
    let (first, _, expressions) = mock.call(Method::GET, &run, None, 200);
    assert_eq!(expressions, 1, "the rules of a report are parsed for its first run");
    let (second, _, expressions) = mock.call(Method::GET, &run, None, 200);
    assert_eq!((second, expressions), (first, 0));
}
