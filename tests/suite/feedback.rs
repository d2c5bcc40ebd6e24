//! Feedback: which deliveries accept it, which events it leaves, and the response to the recipient.

use serde_json::{Value, json};

use crate::lead_flow::{SUMMIT, TEST_FLOW, events, recipient, rules, scenario_with, submit};
use crate::lead_submission::{LOANS, mock};
use crate::support::Mock;

/// The delivery of a step that accepts feedback.
const DELIVERY: &str = "69f40001940df5a34a388b01";
/// The delivery of a step that does not.
const DELIVERY_WITHOUT_FEEDBACK: &str = "69f40002940df5a34a388b02";
/// The source event of the same lead.
const SOURCE: &str = "69f40003940df5a34a388b03";
const FORM: &str = "application/x-www-form-urlencoded";

fn send_feedback(mock: &Mock, query: &str, headers: &[(&str, &str)], body: &str) -> crate::support::TestResponse {
    let headers: Vec<(&str, &str)> = [("key", "")].into_iter().chain(headers.iter().copied()).collect();
    mock.request(&format!("POST /feedback?{query}"), &headers, body)
}

/// The feedback events of the world, the oldest first.
fn feedback_events(mock: &Mock) -> Vec<Value> {
    let state = mock.get("/__admin/state").expect(200).json();
    let accounts = state["world"]["accounts"].as_array().unwrap().clone();
    let events = accounts.iter().flat_map(|account| account["events"].as_array().cloned().unwrap_or_default());
    let own = events.filter(|event| event["vars"]["flow"]["id"] == LOANS);
    own.filter(|event| event["type"].as_str().unwrap().starts_with("feedback")).collect()
}

#[test]
fn feedback_leaves_events_is_passed_on_and_gets_a_response() {
    let mock = mock();
    // The vendor's own tool also sends an unescaped space in a form.
    let response = send_feedback(
        &mock,
        &format!("event_id={DELIVERY}"),
        &[("content-type", FORM)],
        "type=conversion&reason=Closed won",
    );
    assert_eq!(
        response.expect(201).text,
        "{\"outcome\":\"success\",\"lead\":{\"id\":\"69f40000940df5a34a388a01\",\"first_name\":\"Joe\",\
         \"last_name\":\"Blow\",\"email\":\"joe@example.com\",\"phone_1\":\"5127891111\"},\"price\":20}"
    );
    let events = feedback_events(&mock);
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["feedback-received", "feedback-sent"]);
    for event in &events {
        assert_eq!((&event["outcome"], &event["recipient_event_id"]), (&json!("success"), &json!(DELIVERY)));
        assert_eq!(event["step_id"], "cc0001");
        assert_eq!(
            event["vars"]["feedback"],
            json!({"timestamp": "2026-05-01T12:00:00.000Z", "type": "conversion", "reason": "Closed won"})
        );
        assert_eq!(event["vars"]["lead"]["email"]["raw"], "Joe@Example.com", "the fields of the delivery stay");
    }
    assert_eq!(events[0]["module_id"], "leadconduit-standard.inbound.feedback");
    assert_eq!(events[1]["module_id"], "leadconduit-default.outbound");
    let found = mock.get("/search/leads?query=joe").expect(200).json();
    assert_eq!(found["hits"][0]["latest_event"]["type"], "feedback-sent", "feedback is the latest event of the lead");
}

#[test]
fn rules_of_the_step_can_reject_feedback() {
    let mock = mock();
    let query = format!("event_id={DELIVERY}&type=return&reason=Too+late");
    let response =
        mock.request(&format!("GET /feedback?{query}"), &[("key", ""), ("accept", "text/xml")], "").expect(201);
    assert_eq!(
        response.text,
        "<?xml version=\"1.0\"?>\n<result>\n  <outcome>failure</outcome>\n  <reason>Feedback did not meet the rules</reason>\n  \
         <lead>\n    <id>69f40000940df5a34a388a01</id>\n    <first_name>Joe</first_name>\n    <last_name>Blow</last_name>\n    \
         <email>joe@example.com</email>\n    <phone_1>5127891111</phone_1>\n  </lead>\n  <price>-20</price>\n</result>"
    );
    let events = feedback_events(&mock);
    assert_eq!(events.len(), 1, "rejected feedback is not passed on");
    assert_eq!((&events[0]["type"], &events[0]["outcome"]), (&json!("feedback-received"), &json!("failure")));
}

#[test]
fn a_step_without_feedback_returns_409() {
    let mock = mock();
    let response = send_feedback(&mock, &format!("event_id={DELIVERY_WITHOUT_FEEDBACK}"), &[], r#"{"type": "return"}"#)
        .expect(409);
    assert_eq!(response.text, r#"{"outcome":"failure","reason":"Feedback is forbidden"}"#);
    assert_eq!(feedback_events(&mock), [] as [Value; 0]);
}

#[test]
fn query_parameters_take_precedence_over_the_body() {
    let mock = mock();
    let query = format!("event_id={DELIVERY}&type=return&reason=Wrong+number");
    send_feedback(&mock, &query, &[("content-type", "text/xml")], "<f><type>conversion</type><reason>x</reason></f>")
        .expect(201);
    let feedback = &feedback_events(&mock)[0]["vars"]["feedback"];
    assert_eq!((&feedback["type"], &feedback["reason"]), (&json!("return"), &json!("Wrong number")));
}

#[test]
fn only_deliveries_and_two_types_are_accepted() {
    let mock = mock();
    let unknown = [SOURCE, "69f40000940df5a34a388a01", "000000000000000000000000"];
    for id in unknown {
        let response = send_feedback(&mock, &format!("event_id={id}"), &[], r#"{"type": "return"}"#).expect(404);
        assert_eq!(response.json(), json!({"message": "Event not found"}), "{id}");
    }
    let rows = [
        ("type=return".to_owned(), "event_id is missing"),
        ("event_id=12345&type=return".to_owned(), "event_id must be 24 hexadecimal characters"),
        (format!("event_id={DELIVERY}"), "type must be return or conversion"),
        (format!("event_id={DELIVERY}&type=refund"), "type must be return or conversion"),
    ];
    for (query, message) in rows {
        let response = send_feedback(&mock, &query, &[("content-type", FORM)], "").expect(400);
        assert_eq!((response.text.as_str(), response.header("content-type")), (message, Some("text/plain")), "{query}");
    }
    let response = send_feedback(&mock, &format!("event_id={DELIVERY}"), &[], "whatever").expect(400);
    assert_eq!(response.text, "Body is not parsable as application/json -- Unexpected token w in JSON at position 0");
    assert_eq!(feedback_events(&mock), [] as [Value; 0]);
}

/// A flow whose recipient and source take feedback with these settings, and the event of a delivery in it.
fn delivered(of_recipient: Value, of_source: Value) -> (Mock, String) {
    let with_module = |mut feedback: Value, module: &str| {
        feedback["integration"] = json!({"module_id": module});
        feedback
    };
    let flow = json!({
        "sources": [{
            "id": "aa0001", "enabled": true, "entity": {"id": SUMMIT, "name": "Summit Lead Partners"},
            "integration": {"module_id": "leadconduit-default.inbound"},
            "feedback": with_module(of_source, "leadconduit-default.outbound"),
        }],
        "steps": [recipient("ee0001", json!({
            "feedback": with_module(of_recipient, "leadconduit-standard.inbound.feedback"),
        }))],
    });
    let mock = Mock::with_scenario("own", &scenario_with(flow, json!({})).to_string());
    let result = submit(&mock, &json!({"first_name": "Ann", "state": "TX"}));
    let delivery = events(&mock, &result)[0]["id"].as_str().unwrap().to_owned();
    (mock, delivery)
}

/// Type, outcome and reason of the feedback events of the flow, the oldest first.
fn feedback_of(mock: &Mock) -> Vec<(String, String, String)> {
    let listed = mock.get(&format!("/events?flow_id={TEST_FLOW}&sort=asc")).expect(200).json();
    let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    let feedback = listed.as_array().unwrap().iter().filter(|event| text(event, "type").starts_with("feedback"));
    feedback.map(|event| (text(event, "type"), text(event, "outcome"), text(event, "reason"))).collect()
}

fn rows(expected: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

#[test]
fn feedback_that_the_rules_of_the_source_reject_is_a_skip() {
    let conversions = rules("feedback.type", "is equal to", json!("conversion"));
    let (mock, delivery) = delivered(json!({}), json!({"rule_set": conversions}));
    let response = send_feedback(&mock, &format!("event_id={delivery}&type=return"), &[], "").expect(201).json();
    assert_eq!((&response["outcome"], response.get("reason")), (&json!("success"), None), "the recipient");
    send_feedback(&mock, &format!("event_id={delivery}&type=conversion"), &[], "").expect(201);
    assert_eq!(
        feedback_of(&mock),
        rows(&[
            ("feedback-received", "success", ""),
            ("feedback-sent", "skip", "Feedback did not meet the rules"),
            ("feedback-received", "success", ""),
            ("feedback-sent", "success", ""),
        ])
    );
    let skipped = mock.get(&format!("/events?flow_id={TEST_FLOW}&type=feedback-sent&outcome=skip")).expect(200).json();
    assert_eq!(skipped.as_array().unwrap().len(), 1);
    let stats = mock.get(
        "/events/stats?start=2026-05-01T11:00:00Z&end=2026-05-01T13:00:00Z&column=return-sent-submitted\
         &column=return-received-success&column=conversion-sent-success",
    );
    assert_eq!(
        stats.expect(200).json(),
        json!([{"return-sent-submitted": 0, "return-received-success": 1, "conversion-sent-success": 1}]),
        "a skip is not sent"
    );
}

#[test]
fn returns_of_old_leads_are_rejected_and_conversions_are_not() {
    let (mock, delivery) =
        delivered(json!({"maximum_return_age_in_days": 7}), json!({"maximum_return_age_in_days": 1}));
    let send = |kind: &str| {
        let response = send_feedback(&mock, &format!("event_id={delivery}&type={kind}"), &[], "").expect(201).json();
        (response["outcome"].as_str().unwrap().to_owned(), response["reason"].as_str().unwrap_or_default().to_owned())
    };
    mock.advance("7d");
    assert_eq!(send("return"), ("success".to_owned(), String::new()), "seven days old");
    mock.advance("1s");
    let late = "Must provide return within 7 days";
    assert_eq!(send("return"), ("failure".to_owned(), late.to_owned()));
    assert_eq!(send("conversion").0, "success");
    assert_eq!(
        feedback_of(&mock),
        rows(&[
            ("feedback-received", "success", ""),
            ("feedback-sent", "skip", "Must provide return within 1 day"),
            ("feedback-received", "failure", late),
            ("feedback-received", "success", ""),
            ("feedback-sent", "success", ""),
        ])
    );
}
