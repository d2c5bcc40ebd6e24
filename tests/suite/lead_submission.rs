//! Submissions and pings: the gate, what the lead handler reads, what it answers, and what is left behind.

use serde_json::{Value, json};

use crate::support::{GLOBEX, JANE, Mock, OperationResponse};

/// Flows with every kind of source, and the deliveries that feedback is about.
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

/// Years of leads, made up.
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
/// A flow without prices, where nobody may ask for one.
const PLAIN: &str = "66b2c1de940df5a34a388a03";
const SUMMIT: &str = "5d9a4b10940df5a34a3888c1";
const FORM: &str = "application/x-www-form-urlencoded";

pub fn mock() -> Mock {
    Mock::with_scenario("own", WORLD)
}

fn door(flow: &str, source: &str) -> String {
    format!("/flows/{flow}/sources/{source}")
}

/// Sends a body of a type, without a key.
fn post(mock: &Mock, path: &str, media: &str, body: &str) -> OperationResponse {
    mock.ask(&format!("POST {path}"), &[("key", ""), ("content-type", media)], body)
}

fn stored(mock: &Mock, lead: &str) -> Vec<Value> {
    let state = mock.get("/__admin/state").expect(200).json();
    let accounts = state["world"]["accounts"].as_array().expect("accounts").clone();
    let events = accounts.iter().flat_map(|account| account["events"].as_array().cloned().unwrap_or_default());
    events.filter(|event| event["vars"]["lead"]["id"] == lead).collect()
}

#[test]
fn a_lead_is_taken_and_its_source_event_tells_what_was_answered() {
    let mock = mock();
    let body = "first_name=Joe&email=joe%40example.com&unknown=x&xxTrustedFormCertUrl=https://cert.example.com/1";
    let path = format!("{}/submit", door(LOANS, SUMMIT));
    let request = [("key", ""), ("content-type", FORM), ("x-forwarded-for", "198.51.100.7, 10.0.0.1")];
    let reply = mock.ask(&format!("POST {path}"), &request, body).expect(201);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let lead = reply.json()["lead"]["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.text, format!(r#"{{"outcome":"success","lead":{{"id":"{lead}"}},"price":12}}"#));
    let events = stored(&mock, &lead);
    assert_eq!(events.len(), 3, "two recipients, then the source");
    let event = &events[2];
    assert!(event["id"].as_str().unwrap() > lead.as_str(), "the event is younger than its lead");
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
            "outbound": {"outcome": "success"},
        })
    );
    assert_eq!(event["expires_at"], "2026-07-30T12:00:00.000Z");
    let found = mock.get("/search/leads?query=joe@example.com").expect(200).json();
    assert!(found["hits"].as_array().unwrap().iter().any(|hit| hit["lead_id"] == lead.as_str()), "{found}");
}

#[test]
fn a_lead_comes_as_a_form_as_json_as_xml_or_in_the_query() {
    let mock = mock();
    let path = format!("{}/submit", door(PLAIN, SUMMIT));
    let replies = [
        post(&mock, &path, FORM, "first_name=Ann&city=Austin"),
        post(&mock, &path, "application/json; charset=utf-8", "{\"first_name\": \"Ann\", \"city\": \"Aus\ttin\"}"),
        post(&mock, &path, "application/xml", "<lead><first_name>Ann</first_name><city>Austin</city></lead>"),
        post(&mock, &path, "text/xml", "<x first_name='Ann'><city>Austin</city></x>"),
        post(&mock, &format!("{path}?first_name=Ann"), FORM, "first_name=Bob&city=Austin"),
        mock.ask(&format!("GET {path}?first_name=Ann&city=Austin"), &[("key", "")], ""),
        mock.ask(&format!("POST {path}?first_name=Ann&city=Austin"), &[("key", "")], ""),
    ];
    for (at, reply) in replies.into_iter().enumerate() {
        let reply = reply.expect(201).json();
        let lead = &stored(&mock, reply["lead"]["id"].as_str().unwrap())[0]["vars"]["lead"];
        assert_eq!((&lead["first_name"], &lead["city"]), (&json!("Ann"), &json!("Austin")), "{at}");
        assert_eq!(reply["price"], 0, "the flow has no price");
    }
    // A body that was announced has a type, even when it is empty.
    let empty = mock.ask(&format!("POST {path}?first_name=Ann"), &[("key", ""), ("content-length", "0")], "");
    assert_eq!(empty.expect(415).text, "Content-Type header is required");
}

#[test]
fn answers_are_what_accept_asks_for() {
    let mock = mock();
    let path = format!("{}/submit", door(PLAIN, SUMMIT));
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (accept, media) in [("*/*", "application/json"), ("text/xml", "text/xml"), (browser, "application/xml")] {
        let reply = mock.ask(&format!("GET {path}?first_name=A"), &[("key", ""), ("accept", accept)], "").expect(201);
        assert_eq!(reply.header("content-type"), Some(media), "{accept}");
        if media != "application/json" {
            let text = reply.text;
            assert!(
                text.starts_with("<?xml version=\"1.0\"?>\n<result>\n  <outcome>success</outcome>\n  <lead>\n    <id>")
            );
            assert!(text.ends_with("</id>\n  </lead>\n  <price>0</price>\n</result>"), "{text}");
        }
    }
    let refused = mock.ask(&format!("GET {path}"), &[("key", ""), ("accept", "text/html")], "").expect(406);
    assert_eq!(refused.header("content-type"), Some("text/plain"));
    assert_eq!(refused.text, "Not capable of generating content according to the Accept header");
    assert_eq!(refused.violations()[0]["location"], "/headers/accept");
}

#[test]
fn a_browser_is_sent_on_with_the_body() {
    let mock = mock();
    let path =
        format!("{}/submit?redir_url=https%3A%2F%2Fshop.example.com%2Fthanks%3Fa%3Db&redir_url=x", door(PLAIN, SUMMIT));
    let reply = post(&mock, &path, FORM, "first_name=Ann").expect(303);
    assert_eq!(reply.header("location"), Some("https://shop.example.com/thanks?a=b"));
    assert_eq!(reply.json()["outcome"], "success");
    let refused = post(&mock, &format!("{}/ping?redir_url=shop", door(PLAIN, SUMMIT)), FORM, "a=b").expect(400);
    assert_eq!((refused.text.as_str(), refused.header("content-type")), ("Invalid redir_url", Some("text/plain")));
}

#[test]
fn the_gate_speaks_first_and_leaves_nothing_behind() {
    let mock = mock();
    let unknown = "000000000000000000000000";
    let rows = [
        (unknown, SUMMIT, "", 404, "Flow not found"),
        (LOANS, unknown, "", 422, "Invalid source ID"),
        (LOANS, "5d9a4c421d011c553e000003", "", 403, "Source is disabled"),
        (LOANS, "60a5e1c4940df5a34a3888bb", "", 401, "Unauthorized source"),
        (LOANS, "60a5e1c4940df5a34a3888bb", "nobody", 401, "Unauthorized source"),
        (LOANS, "60a5e1c4940df5a34a3888bb", JANE, 401, "Unauthorized source"),
    ];
    let before = mock.get("/__admin/state").expect(200).json();
    for way in ["submit", "ping"] {
        for (flow, source, key, status, message) in rows {
            // What the lead handler would refuse as well: the gate is before it.
            let headers = [("key", key), ("accept", "text/html")];
            let reply = mock.ask(&format!("POST {}/{way}", door(flow, source)), &headers, "{").expect(status);
            assert_eq!(reply.json(), json!({"message": message}), "{way} {source}");
        }
    }
    let after = mock.get("/__admin/state").expect(200).json();
    assert_eq!(before["world"]["accounts"], after["world"]["accounts"]);
    let own = mock.ask(&format!("POST {}/submit", door(LOANS, "60a5e1c4940df5a34a3888bb")), &[("key", GLOBEX)], "{}");
    assert_eq!(own.expect(201).json()["price"], 4.5, "the last price of the flow that has no rules");
}

#[test]
fn a_source_is_known_by_its_short_id_too() {
    let mock = mock();
    let reply = post(&mock, &format!("{}/submit", door(LOANS, "bb0001")), "application/json", "{}").expect(201);
    let lead = reply.json()["lead"]["id"].as_str().unwrap().to_owned();
    assert_eq!(stored(&mock, &lead)[0]["vars"]["source"]["id"], SUMMIT);
    post(&mock, &format!("{}/submit", door(PLAIN, "bb0001")), "application/json", "{}").expect(422);
}

#[test]
fn a_disabled_flow_ends_in_an_error() {
    let mock = mock();
    let path = door("66b2c1de940df5a34a388a02", SUMMIT);
    let reply = post(&mock, &format!("{path}/submit"), "application/json", "{}").expect(201).json();
    assert_eq!((&reply["outcome"], &reply["reason"]), (&json!("error"), &json!("Flow is disabled")));
    assert_eq!(stored(&mock, reply["lead"]["id"].as_str().unwrap())[0]["outcome"], "error");
    let ping = post(&mock, &format!("{path}/ping"), "application/json", "{}").expect(200);
    assert_eq!(ping.text, r#"{"outcome":"failure","reason":"no bid","price":0}"#);
}

#[test]
fn a_ping_is_a_bid_and_leaves_nothing_behind() {
    let mock = mock();
    let before = mock.get("/__admin/state").expect(200).json();
    let path = format!("{}/ping", door(LOANS, SUMMIT));
    let reply = post(&mock, &path, FORM, "first_name=Joe").expect(200);
    assert_eq!(reply.text, r#"{"outcome":"success","price":12}"#);
    let reply = mock.ask(&format!("GET {path}?first_name=Joe"), &[("key", ""), ("accept", "text/xml")], "").expect(200);
    assert_eq!(
        reply.text,
        "<?xml version=\"1.0\"?>\n<result>\n  <outcome>success</outcome>\n  <price>12</price>\n</result>"
    );
    // Asked again at the same address for another type: nothing is remembered in the wrong one.
    let reply = mock.ask(&format!("GET {path}?first_name=Joe"), &[("key", "")], "").expect(200);
    assert_eq!(reply.json(), json!({"outcome": "success", "price": 12}));
    let off = post(&mock, &format!("{}/ping", door(PLAIN, SUMMIT)), FORM, "first_name=Joe").expect(200);
    assert_eq!(off.text, r#"{"outcome":"failure","reason":"no bid","price":0}"#);
    assert_eq!(mock.get("/__admin/state").expect(200).json()["world"]["accounts"], before["world"]["accounts"]);
}

#[test]
fn other_methods_are_told_what_is_allowed() {
    let mock = mock();
    for (way, status) in [("submit", 405), ("ping", 405)] {
        for method in ["PUT", "DELETE", "PATCH"] {
            let reply = mock.ask(&format!("{method} {}/{way}", door(PLAIN, SUMMIT)), &[("key", "")], "").expect(status);
            assert_eq!(reply.text, format!("The {method} method is not allowed"));
            assert_eq!((reply.header("allow"), reply.header("content-type")), (Some("GET, POST"), Some("text/plain")));
        }
    }
    mock.ask(&format!("HEAD {}/submit", door(PLAIN, SUMMIT)), &[("key", "")], "").expect(405);
    let feedback = mock.ask("PUT /feedback", &[("key", "")], "").expect(415);
    assert_eq!(
        (feedback.text.as_str(), feedback.header("allow")),
        ("The PUT method is not allowed", Some("GET, POST"))
    );
    let unmatched = mock.get("/__admin/requests/unmatched").expect(200).json();
    assert_eq!(unmatched["requests"].as_array().map(Vec::len), Some(8), "{unmatched}");
}

#[test]
fn pages_of_other_origins_may_submit() {
    let mock = mock();
    let path = format!("{}/submit", door(PLAIN, SUMMIT));
    let headers = [
        ("key", ""),
        ("origin", "https://www.example.com"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let preflight = mock.ask(&format!("OPTIONS {path}"), &headers, "");
    assert!(preflight.status < 300, "{}", preflight.status);
    let request = [("key", ""), ("origin", "https://www.example.com"), ("content-type", FORM)];
    for (body, status) in [("first_name=A", 201), ("a=1&a.b.c=2", 400)] {
        let reply = mock.ask(&format!("POST {path}"), &request, body).expect(status);
        assert!(reply.header("access-control-allow-origin").is_some(), "{status}");
    }
}

#[test]
fn any_parameter_may_stand_in_the_query_and_what_the_contract_shows_can_be_asked_for() {
    let mock = mock();
    let reply =
        mock.ask(&format!("GET {}/submit?fields=1&a.b=2&first_name=A", door(PLAIN, SUMMIT)), &[("key", "")], "");
    assert_eq!(reply.expect(201).violations(), [] as [Value; 0]);
    let prefer = |code: &str| {
        let headers = [("key", ""), ("prefer", code)];
        mock.ask(&format!("GET {}/submit", door(PLAIN, SUMMIT)), &headers, "")
    };
    let refused = prefer("code=400").expect(400);
    assert_eq!((refused.text.as_str(), refused.header("content-type")), ("Invalid redir_url", Some("text/plain")));
    assert_eq!(prefer("code=403").expect(403).json(), json!({"message": "Source is disabled"}));
    assert_eq!(prefer("code=503").expect(503).text, "");
    assert_eq!(prefer("example=failure").expect(201).json()["reason"], "duplicate");
}
