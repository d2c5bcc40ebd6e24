//! Field types in flows: the catalogue of standard fields, ages, and what is masked when a lead is stored.

use serde_json::{Value, json};

use crate::lead_flow::{events, outcome_of, recipient, rules, scenario_with, submit};
use crate::support::{ACME_ID, GLOBEX, JANE, Mock};

/// The ids of a flow with many fields, as a customer uses them.
const WIDE: &str = "first_name last_name email phone_1 address_1 address_2 city state postal_code country dob age gender \
    comments company.name title own_home tobacco_user is_test opt_in tcpa_consent ip_address user_agent landing_page \
    utm_source utm_medium utm_campaign gclid reference price vehicle_year vehicle_make vehicle_model \
    mortgage.loan.amount loan_amount product trustedform_cert_url universal_leadid";

fn wide_flow() -> Value {
    json!({
        "name": "Wide flow", "enabled": true, "fields": WIDE.split_whitespace().collect::<Vec<_>>(),
        "sources": [{"enabled": true, "entity": {"id": "5d9a4b10940df5a34a3888c1"},
            "integration": {"module_id": "leadconduit-default.inbound", "mappings": []}}],
        "steps": [],
    })
}

#[test]
fn the_catalogue_of_standard_fields_is_complete() {
    let mock = Mock::healthy();
    let fields = mock.call(GLOBEX, http::Method::GET, "/fields", None).expect(200).json();
    let fields = fields.as_array().unwrap();
    assert_eq!(fields.len(), 536);
    let type_of = |id: &str| fields.iter().find(|field| field["id"] == id).map(|field| field["type"].clone());
    for (id, field_type) in [
        ("dob", "date"),
        ("ip_address", "ip"),
        ("opt_in", "string"),
        ("website", "url"),
        ("debt_amount", "number"),
        ("drivers_license_number", "credential"),
        ("mortgage.loan.fees", "array"),
        ("zillow.request_id", "string"),
    ] {
        assert_eq!(type_of(id), Some(json!(field_type)), "{id}");
    }
    for missing in ["email_2", "gclid", "vehicle_make", "time_zone"] {
        assert_eq!(type_of(missing), None, "{missing}");
    }
}

#[test]
fn a_flow_with_many_fields_is_accepted_and_collects_them() {
    let mock = Mock::healthy();
    let flow = mock.post("/flows", &wide_flow()).expect(201).json();
    let id = flow["id"].as_str().unwrap();
    mock.call(JANE, http::Method::POST, &format!("/flows/{id}/deploy"), None).expect(200);
    let lead = json!({"first_name": "Ann", "company": {"name": "Acme"}, "mortgage": {"loan": {"amount": "$250,000"}},
        "vehicle_year": "2019", "own_home": "yes", "opt_in": "yes"});
    let path = format!("/flows/{id}/sources/5d9a4b10940df5a34a3888c1/submit");
    let result = mock.call("", http::Method::POST, &path, Some(&lead)).expect(201).json();
    let lead = events(&mock, &result)[0]["vars"]["lead"].clone();
    assert_eq!(lead["mortgage"]["loan"]["amount"]["normal"], 250_000);
    assert_eq!((&lead["company"]["name"], &lead["opt_in"]), (&json!("Acme"), &json!("yes")));
    assert_eq!((&lead["own_home"]["normal"], &lead["vehicle_year"]["normal"]), (&json!(true), &json!(2019)));
}

#[test]
fn former_standard_fields_are_reported_with_what_to_write_instead() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.yaml");
    let scenario = json!({
        "version": 1, "name": "own", "description": "A test.", "extends": "healthy",
        "world": {"accounts": [{"account": {"id": ACME_ID}, "flows": [{"id": "64b8f0f5e4b0c3a1d5e6f7ab",
            "fields": ["first_name", "vehicle_vin", "household_size", "frist_name"]}]}]},
    });
    std::fs::write(&file, scenario.to_string()).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"))
        .args(["check", file.to_str().unwrap()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let expected = [
        "there is no field `vehicle_vin`",
        "write `vehicle.vin`",
        "there is no field `household_size`",
        "did you mean `first_name`?",
    ];
    for part in expected {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

/// A flow for people of 65 and more, on the given day.
fn pensioners(clock: &str) -> Mock {
    let criteria = json!({"outcome": "failure", "reason": "Too young",
        "rule_set": rules("lead.dob.age", "is greater than or equal to", json!(65))});
    let mut scenario = scenario_with(json!({"fields": ["state", "dob"], "acceptance_criteria": criteria}), json!({}));
    scenario["clock"] = clock.into();
    Mock::with_scenario("own", &scenario.to_string())
}

#[test]
fn ages_are_rounded_down_by_the_clock_of_the_sandbox() {
    let mock = pensioners("2026-11-28T12:00:00Z");
    for (birth, outcome) in [
        ("11/28/1961", "success"),
        ("11/29/1961", "failure"),
        ("12/15/1961", "failure"),
        ("11/28/1961 12:00:00 AM", "success"),
        ("1961-11-29", "failure"),
        ("1961/11/01", "failure"),
    ] {
        assert_eq!(outcome_of(&submit(&mock, &json!({"dob": birth}))).0, outcome, "{birth}");
    }
    mock.advance("1d");
    assert_eq!(outcome_of(&submit(&mock, &json!({"dob": "11/29/1961"}))).0, "success");
}

#[test]
fn rules_and_recipients_use_what_events_mask() {
    let mappings = json!([
        {"id": "ff0001", "property": "url", "value": "http://recipient.example/leads"},
        {"id": "ff0002", "property": "born", "value": "{{lead.dob}}"},
        {"id": "ff0003", "property": "social", "value": "{{lead.ssn}}"},
        {"id": "ff0004", "property": "state", "value": "{{lead.state}}"},
    ]);
    let steps = json!([
        recipient("ee0001", json!({"integration": {"mappings": mappings},
            "rule_set": rules("lead.ssn.last_four", "is equal to", json!("1234"))})),
        {"id": "ee0002", "type": "filter", "outcome": "failure", "reason": "Born {{lead.dob}}, {{lead.ssn}}",
            "rule_set": rules("lead.dob", "is less than", json!("1990-01-01"))},
    ]);
    let flow = json!({"fields": ["first_name", "state", "dob", "ssn"], "steps": steps});
    let mock = Mock::with_scenario("own", &scenario_with(flow, json!({})).to_string());
    let lead = json!({"state": "TX", "dob": "3/18/1980", "ssn": "900-45-1234"});
    let result = submit(&mock, &lead);
    assert_eq!(outcome_of(&result).0, "failure");
    let events = events(&mock, &result);
    assert_eq!(events.len(), 3, "the rules of the step see the number: {events:?}");
    let stored = &events[0]["vars"]["lead"];
    let dob =
        json!({"raw": "**/**/1980", "normal": "**/**/1980", "valid": true, "masked": true, "age": 46.1, "year": 1980});
    assert_eq!(stored["dob"], dob);
    assert_eq!(stored["ssn"]["normal"], "*********");
    let search = mock.get(&format!("/search/leads?query={}", result["lead"]["id"].as_str().unwrap()));
    let all = json!([result, events, search.text]).to_string();
    assert!(all.contains("transactions") && all.contains("Born **/**/1980"), "{all}");
    for hidden in ["3/18/1980", "3%2F18", "1980-03-18", "900-45-1234", "900451234"] {
        assert!(!all.contains(hidden), "{hidden} is in {all}");
    }
}
