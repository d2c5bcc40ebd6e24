//! Submissions and pings: access checks, parsed requests, responses, and stored events.

use serde_json::{Value, json};

use crate::support::{GLOBEX, JANE, Mock, TestResponse};

/// Flows with every kind of source, and deliveries for feedback.
pub const WORLD: &str = r"
version: 1
name: own
description: A test.
extends: healthy
clock: '2026-05-01T12:00:00Z'
world:
  accounts:
    - account: { id: 5fd4371e940df5a34a3888b2 }
      entities:
        - id: 60a5e1c4940df5a34a3888bb
          name: Globex Corporation
          standard: false
          account: true
          pending: false
          connected: seller
          deprecated: false
          flow_ids: [66b2c1de940df5a34a388a01]
          module_ids: [leadconduit-default.inbound]
          source: seller
          recipient: null
          created_at: '2024-01-01T00:00:00.000Z'
          updated_at: '2024-01-01T00:00:00.000Z'
      flows:
        - id: 66b2c1de940df5a34a388a01
          name: Loans
          enabled: true
          ping_enabled: true
          fields: [first_name, last_name, email, phone_1, state, trustedform_cert_url]
          pricing:
            prices:
              - { id: aa0001, amount: 3 }
              - { id: aa0002, amount: 4.5 }
              - { id: aa0003, amount: 9, rule_set: { op: and, rules: [{ lhv: lead.state, op: is equal to, rhv: TX }] } }
          sources:
            - id: bb0001
              entity: { id: 5d9a4b10940df5a34a3888c1, name: Summit Lead Partners }
              integration: { module_id: leadconduit-default.inbound }
              pricing: { prices: [{ id: aa0004, amount: 12 }] }
              feedback: { integration: { module_id: leadconduit-default.outbound } }
            - id: bb0002
              enabled: false
              entity: { id: 5d9a4c421d011c553e000003, name: Acme Source }
              integration: { module_id: leadconduit-default.inbound }
            - id: bb0003
              authentication_required: true
              entity: { id: 60a5e1c4940df5a34a3888bb, name: Globex Corporation }
              integration: { module_id: leadconduit-default.inbound }
          steps:
            - id: cc0001
              type: recipient
              entity: { id: 64b8f2a0940df5a34a3888c2, name: Brightpath Insurance }
              integration: { module_id: leadconduit-default.outbound }
              feedback:
                integration: { module_id: leadconduit-standard.inbound.feedback }
                rule_set: { op: and, rules: [{ lhv: feedback.reason, op: is not equal to, rhv: too late }] }
            - id: cc0002
              type: recipient
              entity: { id: 64b8f2a0940df5a34a3888c2, name: Brightpath Insurance }
              integration: { module_id: leadconduit-default.outbound }
          created_at: '2024-08-07T00:00:00.000Z'
          updated_at: '2024-08-07T00:00:00.000Z'
        - id: 66b2c1de940df5a34a388a02
          name: Closed
          enabled: false
          fields: [first_name]
          sources:
            - id: bb0004
              entity: { id: 5d9a4b10940df5a34a3888c1, name: Summit Lead Partners }
              integration: { module_id: leadconduit-default.inbound }
          steps: []
          created_at: '2024-08-07T00:00:00.000Z'
          updated_at: '2024-08-07T00:00:00.000Z'
        - id: 66b2c1de940df5a34a388a03
          name: Plain
          enabled: true
          fields: [first_name, city]
          sources:
            - id: bb0005
              entity: { id: 5d9a4b10940df5a34a3888c1, name: Summit Lead Partners }
              integration: { module_id: leadconduit-default.inbound }
          steps: []
          created_at: '2024-08-07T00:00:00.000Z'
          updated_at: '2024-08-07T00:00:00.000Z'
      events:
        - id: 69f40001940df5a34a388b01
          type: recipient
          outcome: success
          reason: ''
          step_id: cc0001
          start_timestamp: 1777600000000
          vars: &vars
            lead:
              id: 69f40000940df5a34a388a01
              first_name: Joe
              last_name: Blow
              email: { raw: Joe@Example.com, normal: joe@example.com, valid: true }
              phone_1: { raw: 512-789-1111, normal: '5127891111', valid: true }
            flow: { id: 66b2c1de940df5a34a388a01, name: Loans }
            source: { id: 5d9a4b10940df5a34a3888c1, name: Summit Lead Partners }
            recipient: { id: 64b8f2a0940df5a34a3888c2, name: Brightpath Insurance }
            submission: { timestamp: '2026-05-01T01:46:40.000Z', ip: 203.0.113.7 }
            price: 20
        - id: 69f40002940df5a34a388b02
          type: recipient
          outcome: success
          reason: ''
          step_id: cc0002
          start_timestamp: 1777600001000
          vars: *vars
        - id: 69f40003940df5a34a388b03
          type: source
          outcome: success
          reason: ''
          start_timestamp: 1777600002000
          vars: *vars
";

/// An account with years of generated leads.
pub const PAST: &str = r"
version: 1
name: own
description: A test.
extends: healthy
clock: '2026-05-01T12:00:00Z'
world:
  accounts:
    - account: { id: 5fd4371e940df5a34a3888b2 }
      generate: { flows: 5, leads: 10000, events: 40000 }
";

/// A flow with every kind of source.
pub const LOANS: &str = "66b2c1de940df5a34a388a01";
/// A flow without prices and pings.
const PLAIN: &str = "66b2c1de940df5a34a388a03";
const SUMMIT: &str = "5d9a4b10940df5a34a3888c1";
const FORM: &str = "application/x-www-form-urlencoded";

pub fn mock() -> Mock {
    Mock::with_scenario("own", WORLD)
}

fn source_path(flow: &str, source: &str) -> String {
    format!("/flows/{flow}/sources/{source}")
}

/// Posts a body with a media type, without an API key.
fn post(mock: &Mock, path: &str, media: &str, body: &str) -> TestResponse {
    mock.request(&format!("POST {path}"), &[("key", ""), ("content-type", media)], body)
}

fn stored(mock: &Mock, lead: &str) -> Vec<Value> {
    let state = mock.get("/__admin/state").expect(200).json();
    let accounts = state["world"]["accounts"].as_array().expect("accounts").clone();
    let events = accounts.iter().flat_map(|account| account["events"].as_array().cloned().unwrap_or_default());
    events.filter(|event| event["vars"]["lead"]["id"] == lead).collect()
}

#[test]
fn an_accepted_lead_leaves_a_source_event() {
    let mock = mock();
    let body = "first_name=Joe&email=joe%40example.com&unknown=x&xxTrustedFormCertUrl=https://cert.example.com/1";
    let path = format!("{}/submit", source_path(LOANS, SUMMIT));
    let request = [("key", ""), ("content-type", FORM), ("x-forwarded-for", "198.51.100.7, 10.0.0.1")];
    let response = mock.request(&format!("POST {path}"), &request, body).expect(201);
    assert_eq!(response.header("content-type"), Some("application/json"));
    let lead = response.json()["lead"]["id"].as_str().unwrap().to_owned();
    assert_eq!(response.text, format!(r#"{{"outcome":"success","lead":{{"id":"{lead}"}},"price":12}}"#));
    let events = stored(&mock, &lead);
    assert_eq!(events.len(), 3, "two recipients, then the source");
    let event = &events[2];
    assert!(event["id"].as_str().unwrap() > lead.as_str(), "the id of the event is later than that of the lead");
    assert_eq!((&event["type"], &event["outcome"], &event["cost"]), (&json!("source"), &json!("success"), &json!(12)));
    assert_eq!(
        event["vars"],
        json!({
            "lead": {
                "id": lead, "first_name": "Joe",
                "email": {
                    "raw": "joe@example.com", "normal": "joe@example.com", "valid": true, "user": "joe",
                    "domain": "example.com", "host": "example", "tld": "com", "is_free": false, "is_disposable": false,
                },
                "trustedform_cert_url":
                    {"raw": "https://cert.example.com/1", "normal": "https://cert.example.com/1", "valid": false},
            },
            "account": {"id": "5fd4371e940df5a34a3888b2", "sso_id": "6493820b542ea0521e2a4543", "name": "Acme, Inc."},
            "flow": {"id": LOANS, "name": "Loans"},
            "source": {"id": SUMMIT, "name": "Summit Lead Partners"},
            "submission": {"timestamp": "2026-05-01T12:00:00.000Z", "ip": "198.51.100.7"},
            "random": event["vars"]["random"],
            "outbound": {"outcome": "success"},
        })
    );
    assert_eq!(event["expires_at"], "2026-07-30T12:00:00.000Z");
    let found = mock.get("/search/leads?query=joe@example.com").expect(200).json();
    assert!(found["hits"].as_array().unwrap().iter().any(|hit| hit["lead_id"] == lead.as_str()), "{found}");
}

#[test]
fn leads_are_accepted_as_form_json_xml_or_query() {
    let mock = mock();
    let path = format!("{}/submit", source_path(PLAIN, SUMMIT));
    let responses = [
        post(&mock, &path, FORM, "first_name=Ann&city=Austin"),
        post(&mock, &path, "application/json; charset=utf-8", "{\"first_name\": \"Ann\", \"city\": \"Aus\ttin\"}"),
        post(&mock, &path, "application/xml", "<lead><first_name>Ann</first_name><city>Austin</city></lead>"),
        post(&mock, &path, "text/xml", "<x first_name='Ann'><city>Austin</city></x>"),
        post(&mock, &format!("{path}?first_name=Ann"), FORM, "first_name=Bob&city=Austin"),
        mock.request(&format!("GET {path}?first_name=Ann&city=Austin"), &[("key", "")], ""),
        mock.request(&format!("POST {path}?first_name=Ann&city=Austin"), &[("key", "")], ""),
    ];
    for (row, response) in responses.into_iter().enumerate() {
        let response = response.expect(201).json();
        let lead = &stored(&mock, response["lead"]["id"].as_str().unwrap())[0]["vars"]["lead"];
        assert_eq!((&lead["first_name"], &lead["city"]), (&json!("Ann"), &json!("Austin")), "{row}");
        assert_eq!(response["price"], 0, "the flow has no price");
    }
    // A request with `Content-Length` needs a `Content-Type`, even when the body is empty.
    let empty = mock.request(&format!("POST {path}?first_name=Ann"), &[("key", ""), ("content-length", "0")], "");
    assert_eq!(empty.expect(415).text, "Content-Type header is required");
}

#[test]
fn the_media_type_of_the_response_follows_accept() {
    let mock = mock();
    let path = format!("{}/submit", source_path(PLAIN, SUMMIT));
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (accept, media) in [("*/*", "application/json"), ("text/xml", "text/xml"), (browser, "application/xml")] {
        let response =
            mock.request(&format!("GET {path}?first_name=A"), &[("key", ""), ("accept", accept)], "").expect(201);
        assert_eq!(response.header("content-type"), Some(media), "{accept}");
        if media != "application/json" {
            let text = response.text;
            assert!(
                text.starts_with("<?xml version=\"1.0\"?>\n<result>\n  <outcome>success</outcome>\n  <lead>\n    <id>")
            );
            assert!(text.ends_with("</id>\n  </lead>\n  <price>0</price>\n</result>"), "{text}");
        }
    }
    let rejected = mock.request(&format!("GET {path}"), &[("key", ""), ("accept", "text/html")], "").expect(406);
    assert_eq!(rejected.header("content-type"), Some("text/plain"));
    assert_eq!(rejected.text, "Not capable of generating content according to the Accept header");
    assert_eq!(rejected.violations()[0]["location"], "/headers/accept");
}

#[test]
fn a_redirect_has_the_result_as_its_body() {
    let mock = mock();
    let path = format!(
        "{}/submit?redir_url=https%3A%2F%2Fshop.example.com%2Fthanks%3Fa%3Db&redir_url=x",
        source_path(PLAIN, SUMMIT)
    );
    let response = post(&mock, &path, FORM, "first_name=Ann").expect(303);
    assert_eq!(response.header("location"), Some("https://shop.example.com/thanks?a=b"));
    assert_eq!(response.json()["outcome"], "success");
    let rejected = post(&mock, &format!("{}/ping?redir_url=shop", source_path(PLAIN, SUMMIT)), FORM, "a=b").expect(400);
    assert_eq!((rejected.text.as_str(), rejected.header("content-type")), ("Invalid redir_url", Some("text/plain")));
}

#[test]
fn access_checks_come_first_and_store_nothing() {
    let mock = mock();
    let unknown = "000000000000000000000000";
    let rows = [
        (unknown, SUMMIT, "", 404, "Flow not found"),
        (LOANS, unknown, "", 422, "Invalid source ID"),
        (LOANS, "5d9a4c421d011c553e000003", "", 403, "Source is disabled"),
        (LOANS, "60a5e1c4940df5a34a3888bb", "", 401, "Unauthorized source"),
        (LOANS, "60a5e1c4940df5a34a3888bb", "unknown", 401, "Unauthorized source"),
        (LOANS, "60a5e1c4940df5a34a3888bb", JANE, 401, "Unauthorized source"),
    ];
    let before = mock.get("/__admin/state").expect(200).json();
    for operation in ["submit", "ping"] {
        for (flow, source, key, status, message) in rows {
            // `Accept` and the body are invalid too, but the access checks come first.
            let headers = [("key", key), ("accept", "text/html")];
            let response =
                mock.request(&format!("POST {}/{operation}", source_path(flow, source)), &headers, "{").expect(status);
            assert_eq!(response.json(), json!({"message": message}), "{operation} {source}");
        }
    }
    let after = mock.get("/__admin/state").expect(200).json();
    assert_eq!(before["world"]["accounts"], after["world"]["accounts"]);
    let response = mock.request(
        &format!("POST {}/submit", source_path(LOANS, "60a5e1c4940df5a34a3888bb")),
        &[("key", GLOBEX)],
        "{}",
    );
    assert_eq!(response.expect(201).json()["price"], 4.5, "the last price of the flow without rules");
}

#[test]
fn a_source_is_found_by_its_short_id_too() {
    let mock = mock();
    let response =
        post(&mock, &format!("{}/submit", source_path(LOANS, "bb0001")), "application/json", "{}").expect(201);
    let lead = response.json()["lead"]["id"].as_str().unwrap().to_owned();
    assert_eq!(stored(&mock, &lead)[0]["vars"]["source"]["id"], SUMMIT);
    post(&mock, &format!("{}/submit", source_path(PLAIN, "bb0001")), "application/json", "{}").expect(422);
}

#[test]
fn a_disabled_flow_returns_an_error() {
    let mock = mock();
    let path = source_path("66b2c1de940df5a34a388a02", SUMMIT);
    let response = post(&mock, &format!("{path}/submit"), "application/json", "{}").expect(201).json();
    assert_eq!((&response["outcome"], &response["reason"]), (&json!("error"), &json!("Flow is disabled")));
    assert_eq!(stored(&mock, response["lead"]["id"].as_str().unwrap())[0]["outcome"], "error");
    let ping = post(&mock, &format!("{path}/ping"), "application/json", "{}").expect(200);
    assert_eq!(ping.text, r#"{"outcome":"failure","reason":"no bid","price":0}"#);
}

#[test]
fn a_ping_returns_a_price_and_stores_only_counts() {
    let mock = mock();
    let before = mock.get("/__admin/state").expect(200).json();
    let path = format!("{}/ping", source_path(LOANS, SUMMIT));
    let response = post(&mock, &path, FORM, "first_name=Joe").expect(200);
    assert_eq!(response.text, r#"{"outcome":"success","price":12}"#);
    let response =
        mock.request(&format!("GET {path}?first_name=Joe"), &[("key", ""), ("accept", "text/xml")], "").expect(200);
    assert_eq!(
        response.text,
        "<?xml version=\"1.0\"?>\n<result>\n  <outcome>success</outcome>\n  <price>12</price>\n</result>"
    );
    // The cache distinguishes media types of the response.
    let response = mock.request(&format!("GET {path}?first_name=Joe"), &[("key", "")], "").expect(200);
    assert_eq!(response.json(), json!({"outcome": "success", "price": 12}));
    let disabled = post(&mock, &format!("{}/ping", source_path(PLAIN, SUMMIT)), FORM, "first_name=Joe").expect(200);
    assert_eq!(disabled.text, r#"{"outcome":"failure","reason":"no bid","price":0}"#);
    let mut after = mock.get("/__admin/state").expect(200).json();
    let totals = after["world"]["accounts"][0].as_object_mut().unwrap().remove("ping_totals").unwrap();
    let counts: Vec<_> = totals.as_array().unwrap().iter().map(|one| (&one["submitted"], &one["success"])).collect();
    assert_eq!(counts, [(&json!(3), &json!(3)), (&json!(1), &json!(0))]);
    assert_eq!(after["world"]["accounts"], before["world"]["accounts"]);
}

#[test]
fn other_methods_get_the_allowed_methods() {
    let mock = mock();
    for (operation, status) in [("submit", 405), ("ping", 405)] {
        for method in ["PUT", "DELETE", "PATCH"] {
            let response = mock
                .request(&format!("{method} {}/{operation}", source_path(PLAIN, SUMMIT)), &[("key", "")], "")
                .expect(status);
            assert_eq!(response.text, format!("The {method} method is not allowed"));
            assert_eq!(
                (response.header("allow"), response.header("content-type")),
                (Some("GET, POST"), Some("text/plain"))
            );
        }
    }
    mock.request(&format!("HEAD {}/submit", source_path(PLAIN, SUMMIT)), &[("key", "")], "").expect(405);
    let trace = mock.request("TRACE /feedback", &[("key", "")], "").expect(405);
    assert_eq!((trace.text.as_str(), trace.header("allow")), ("The TRACE method is not allowed", Some("GET, POST")));
    let feedback = mock.request("PUT /feedback", &[("key", "")], "").expect(415);
    assert_eq!(
        (feedback.text.as_str(), feedback.header("allow")),
        ("The PUT method is not allowed", Some("GET, POST"))
    );
    let unmatched = mock.get("/__admin/requests/unmatched").expect(200).json();
    assert_eq!(unmatched["requests"].as_array().map(Vec::len), Some(9), "{unmatched}");
}

#[test]
fn cross_origin_submissions_are_allowed() {
    let mock = mock();
    let path = format!("{}/submit", source_path(PLAIN, SUMMIT));
    let headers = [
        ("key", ""),
        ("origin", "https://www.example.com"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let preflight = mock.request(&format!("OPTIONS {path}"), &headers, "");
    assert!(preflight.status < 300, "{}", preflight.status);
    let request = [("key", ""), ("origin", "https://www.example.com"), ("content-type", FORM)];
    for (body, status) in [("first_name=A", 201), ("a=1&a.b.c=2", 400)] {
        let response = mock.request(&format!("POST {path}"), &request, body).expect(status);
        assert!(response.header("access-control-allow-origin").is_some(), "{status}");
    }
}

#[test]
fn any_query_parameter_is_allowed_and_prefer_selects_documented_responses() {
    let mock = mock();
    let response = mock.request(
        &format!("GET {}/submit?fields=1&a.b=2&first_name=A", source_path(PLAIN, SUMMIT)),
        &[("key", "")],
        "",
    );
    // Names that the flow does not collect are reported, and break no contract.
    let found: Vec<Value> = response.expect(201).violations().into_iter().map(|one| one["code"].clone()).collect();
    assert_eq!(found, [json!("not_collected"), json!("not_collected")]);
    let prefer = |code: &str| {
        let headers = [("key", ""), ("prefer", code)];
        mock.request(&format!("GET {}/submit", source_path(PLAIN, SUMMIT)), &headers, "")
    };
    let rejected = prefer("code=400").expect(400);
    assert_eq!((rejected.text.as_str(), rejected.header("content-type")), ("Invalid redir_url", Some("text/plain")));
    assert_eq!(prefer("code=403").expect(403).json(), json!({"message": "Source is disabled"}));
    assert_eq!(prefer("code=503").expect(503).text, "");
    assert_eq!(prefer("example=failure").expect(201).json()["reason"], "duplicate");
}

#[test]
fn every_media_type_of_a_result_has_the_same_model() {
    let contract = Mock::healthy().get("/__admin/openapi.json").expect(200).json();
    for (path, method) in [
        ("/flows/{flow_id}/sources/{source_id}/submit", "post"),
        ("/flows/{flow_id}/sources/{source_id}/ping", "post"),
        ("/feedback", "post"),
    ] {
        let operation = &contract["paths"][path][method]["responses"];
        for status in ["200", "201", "303", "409"] {
            let response = &operation[status];
            let reference = response["$ref"].as_str().map(|pointer| pointer.trim_start_matches('#'));
            let response = reference.map_or(response, |pointer| contract.pointer(pointer).unwrap());
            let schemas: std::collections::BTreeSet<String> =
                response["content"].as_object().into_iter().flatten().map(|(_, of)| of["schema"].to_string()).collect();
            assert!(schemas.len() <= 1, "{path} {status}: a generated client would get a union: {schemas:?}");
        }
    }
}

#[test]
fn a_flow_that_was_never_deployed_is_not_found_and_the_message_says_what_to_do() {
    let mock = Mock::healthy();
    let source = json!({"entity": {"id": SUMMIT}, "integration": {"module_id": "leadconduit-default.inbound"}});
    let flow = json!({"name": "New", "enabled": true, "fields": ["first_name"], "sources": [source], "steps": []});
    let id = mock.post("/flows", &flow).expect(201).json()["id"].as_str().unwrap().to_owned();
    let path = format!("{}/submit", source_path(&id, SUMMIT));
    let rejected = post(&mock, &path, "application/json", r#"{"first_name": "Ann"}"#).expect(404).json();
    let message = format!("Flow not found: it was never deployed; POST /flows/{id}/deploy makes it live");
    assert_eq!(rejected, json!({"message": message}));
    mock.post(&format!("/flows/{id}/deploy"), &json!({})).expect(200);
    post(&mock, &path, "application/json", r#"{"first_name": "Ann"}"#).expect(201);
}
