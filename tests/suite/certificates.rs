//! `TrustedForm`: steps that retain, verify and describe certificates, and certificate data in criteria, caps and prices.

use http::Method;
use serde_json::{Value, json};

use crate::lead_flow::{SUMMIT, TEST_FLOW, events, kinds, outcome_of, rules, scenario_with, submit};
use crate::list_service::service_step;
use crate::support::Mock;

const VALID: &str = "7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c";

fn url(id: &str) -> String {
    format!("https://cert.trustedform.com/{id}")
}

/// A test id of a certificate that cannot be used.
fn test_url(beginning: &str) -> String {
    url(&format!("{beginning}{}", "a".repeat(32)))
}

fn step(id: &str, module: &str, mappings: Value) -> Value {
    service_step(id, &format!("leadconduit-trustedform.outbound.{module}"), &mappings)
}

fn mock_with(flow: Value, certificates: Value) -> Mock {
    let mut own = json!({"fields": ["first_name", "email", "phone_1", "trustedform_cert_url"]});
    crate::lead_flow::merge(&mut own, flow);
    Mock::with_scenario("own", &scenario_with(own, json!({"certificates": certificates})).to_string())
}

fn lead(url: &str) -> Value {
    json!({"email": "lena@harbor-tools.example", "phone_1": "7375550163", "trustedform_cert_url": url})
}

/// The first event of a lead with a certificate.
fn first_event(mock: &Mock, url: &str) -> Value {
    events(mock, &submit(mock, &lead(url)))[0].clone()
}

#[test]
fn retain_and_insights_send_the_documented_request_and_append_its_response() {
    let mappings = json!({
        "trustedform.retain": "true", "trustedform.insights": "true", "trustedform.verify": "false",
        "insights.age": "true", "insights.domain": "true", "insights.ip_address": "false",
    });
    let certificate = json!({
        "id": VALID, "created_at": "2026-05-01T11:59:19.000Z", "page_url": "https://shop.harbor.example/quote",
        "email": "LENA@harbor-tools.example", "phones": ["512-555-0100"],
    });
    let mock = mock_with(json!({"steps": [step("cc0001", "trustedform", mappings)]}), json!([certificate]));
    let result = submit(&mock, &lead(&url(VALID)));
    let event = events(&mock, &result)[0].clone();
    let reference = format!("https://app.leadconduit.com/events/{}", result["lead"]["id"].as_str().unwrap());
    let call = &event["transactions"][0];
    assert_eq!((&call["request"]["method"], &call["request"]["uri"]), (&json!("POST"), &json!(url(VALID))));
    assert_eq!(call["request"]["headers"]["api-version"], "4.0");
    let body: Value = serde_json::from_str(call["request"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({
            "match_lead": {"email": "lena@harbor-tools.example", "phone": "7375550163"},
            "retain": {"reference": reference, "vendor": "Summit Lead Partners"},
            "insights": {"properties": ["age_seconds", "domain"]},
        })
    );
    let mut expected = json!({
        "outcome": "success", "matched_email": "lena@harbor-tools.example", "matched_phone": "7375550163",
        "successful_match": true, "email_fingerprint_matched": true, "phone_fingerprint_matched": false,
        "reference_code": reference, "vendor": "Summit Lead Partners", "previously_retained": false,
        "masked_cert_url": null, "share_url": null, "expires_at": "2031-04-30T12:00:00.000Z",
        "age_in_seconds": 41, "domain": "shop.harbor.example",
    });
    assert_eq!(event["trustedform"], expected);
    // The second lead with the certificate finds it retained.
    mock.advance("1h");
    let again = first_event(&mock, &url(VALID));
    expected["previously_retained"] = true.into();
    for name in ["previously_retained", "expires_at", "successful_match"] {
        assert_eq!(again["trustedform"][name], expected[name], "{name}");
    }
}

#[test]
fn every_state_of_a_certificate_has_its_outcome_in_every_module() {
    let all = json!({"trustedform.retain": "true", "trustedform.insights": "false"});
    let steps = json!([
        step("cc0001", "trustedform", all.clone()),
        step("cc0002", "claim", json!({})),
        step("cc0003", "consent", json!({})),
        step("cc0004", "insights", json!({})),
        step("cc0005", "v4", all),
    ]);
    let old = "5e".repeat(20);
    let expired = json!([{"id": old, "created_at": "now - 91d"}]);
    let mock = mock_with(json!({"steps": steps}), expired);
    let outcomes = |url: &str| -> Vec<(String, String)> {
        let recorded = events(&mock, &submit(&mock, &lead(url)));
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        recorded.iter().take(5).map(|event| (text(event, "outcome"), text(event, "reason"))).collect()
    };
    let row =
        |texts: [(&str, &str); 5]| texts.map(|(outcome, reason)| (outcome.to_owned(), reason.to_owned())).to_vec();
    let too_late = "TrustedForm error - The TrustedForm certificate already passed the 72-hour origination timeframe and can \
                    no longer be claimed. (410)";
    let not_found = "TrustedForm error - certificate not found (404)";
    let expired = [
        ("error", "Certificate expired."),
        ("error", too_late),
        ("error", too_late),
        ("failure", "Expired"),
        ("error", "Certificate expired."),
    ];
    assert_eq!(outcomes(&url(&"ab".repeat(20))), row([("success", ""); 5]), "a certificate that is not declared");
    assert_eq!(outcomes(&url(&old)), row(expired));
    assert_eq!(outcomes(&test_url("00000410")), row(expired));
    assert_eq!(
        outcomes(&test_url("00000404")),
        row([
            ("error", "Certificate not found."),
            ("error", not_found),
            ("error", not_found),
            ("failure", "Not Found"),
            ("error", "Certificate not found."),
        ])
    );
    assert_eq!(outcomes(&test_url("00000500"))[0], ("error".to_owned(), "unable to parse response".to_owned()));
    assert_eq!(outcomes(&test_url("00000500"))[3], ("error".to_owned(), "unknown error (500)".to_owned()));
}

#[test]
fn steps_without_what_the_module_needs_are_skipped_with_its_reason() {
    let on = |name: &str| {
        let mut mappings = json!({"trustedform.retain": "false", "trustedform.insights": "false"});
        mappings[name] = "true".into();
        mappings
    };
    let steps = json!([
        step("cc0001", "trustedform", json!({"trustedform.retain": "false"})),
        step("cc0002", "trustedform", on("trustedform.insights")),
        step("cc0003", "trustedform", on("trustedform.retain")),
        step("cc0004", "claim", json!({})),
        step("cc0005", "insights", json!({})),
    ]);
    let mock = mock_with(json!({"steps": steps}), json!([]));
    let reasons = |lead: &Value| -> Vec<String> {
        let recorded = events(&mock, &submit(&mock, lead));
        recorded.iter().take(5).map(|event| event["reason"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let (blank, invalid) = ("TrustedForm cert URL must not be blank", "TrustedForm cert URL must be valid");
    assert_eq!(reasons(&json!({"first_name": "Ann"})), [blank; 5]);
    assert_eq!(reasons(&json!({"trustedform_cert_url": url("short")})), [invalid; 5]);
    assert_eq!(
        reasons(&json!({"trustedform_cert_url": url(VALID)})),
        [
            "a TrustedForm product must be selected",
            "no properties selected for TrustedForm Insights",
            "an email address or phone number is required to use TrustedForm Retain",
            "",
            "",
        ]
    );
    let ping = reasons(&json!({"trustedform_cert_url": "https://ping.trustedform.com/0.QrSt.UvWx.YzAb"}));
    assert_eq!((ping[0].as_str(), ping[3].as_str(), ping[4].as_str()), (invalid, invalid, ""));
}

#[test]
fn page_scans_and_verify_fail_with_the_documented_data() {
    let certificate = json!({
        "id": VALID, "page_text": "By clicking, I AGREE to free money.", "consent_language": "I agree to calls.",
        "language_approved": false, "one_to_one": false,
    });
    let texts = json!({
        "trustedform.scan_required_text": ["I agree", "Privacy"],
        "trustedform.scan_forbidden_text": ["free money"],
    });
    let mut operations = texts.clone();
    crate::lead_flow::merge(
        &mut operations,
        json!({"trustedform.retain": "false", "trustedform.insights": "true", "trustedform.verify": "true",
               "insights.page_scan": "true", "trustedform.advertiser_name": "Harbor Tools LLC"}),
    );
    let steps = json!([
        step("cc0001", "trustedform", operations),
        step("cc0002", "claim", texts.clone()),
        step("cc0003", "consent_plus_data", texts),
    ]);
    let mock = mock_with(json!({"steps": steps}), json!([certificate]));
    let recorded = events(&mock, &submit(&mock, &lead(&url(VALID))));
    assert_eq!(kinds(&recorded[..3]), [("recipient", "failure"); 3]);
    let found = &recorded[0]["trustedform"];
    assert_eq!(found["reason"], "Missing required text. Forbidden text found. Consent language not approved.");
    assert_eq!(
        (&found["required_scans_found"], &found["required_scans_not_found"], &found["forbidden_scans_found"]),
        (&json!(["I agree"]), &json!(["Privacy"]), &json!(["free money"]))
    );
    assert_eq!(
        (&found["amount_required_matched"], &found["amount_forbidden_matched"]),
        (&json!("some"), &json!("all"))
    );
    assert_eq!(found["one_to_one"], false);
    assert_eq!(
        found["verify"],
        json!({"languages": ["I agree to calls."], "form_submitted": true, "language_approved": false, "success": false})
    );
    let body: Value =
        serde_json::from_str(recorded[0]["transactions"][0]["request"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        body["insights"]["scans"],
        json!({"required": ["I agree", "Privacy"], "forbidden": ["free money"], "delimiter": "|"})
    );
    assert_eq!(
        recorded[1]["reason"],
        "Required scan text not found in TrustedForm snapshot (missing 1: 'Privacy'); Forbidden scan text found in \
         TrustedForm snapshot (found 1: 'free money')"
    );
    assert_eq!(recorded[1]["trustedform"]["scans"]["num_required_matched"], "some");
    let form = recorded[1]["transactions"][0]["request"]["body"].as_str().unwrap();
    assert!(
        form.starts_with("scan%5B%5D=I%20agree&scan%5B%5D=Privacy&scan!%5B%5D=free%20money&reference=")
            || form.starts_with("scan%5B%5D=I%20agree&scan%5B%5D=Privacy&scan%21%5B%5D=free%20money&reference="),
        "{form}"
    );
    assert_eq!(recorded[2]["trustedform"]["fingerprints_summary"], "All Matched");
    assert_eq!(recorded[2]["trustedform"]["domain"], "www.example.com");
}

#[test]
fn the_outcome_and_the_data_of_a_certificate_decide_in_filters_caps_and_prices_of_steps() {
    let sale = json!({
        "caps": [{"id": "66a1c0de940df5a34a3889c1", "type": "volume", "name": "Old", "maximum": 1, "duration": 1,
            "duration_units": "day", "time_zone": "UTC", "created_at": "2024-07-25T03:05:02.000Z",
            "rule_set": rules("trustedform.previously_retained", "is true", Value::Null)}],
        "pricing": {"prices": [
            {"id": "dd0001", "amount": 30},
            {"id": "dd0002", "amount": 10, "rule_set": rules("trustedform.previously_retained", "is true", Value::Null)},
        ]},
    });
    let retain = json!({"trustedform.retain": "true", "trustedform.insights": "false"});
    let steps = json!([
        step("cc0001", "trustedform", retain),
        {"id": "cc0002", "type": "filter", "reason": "{{trustedform.reason}}", "outcome": "failure",
         "rule_set": rules("trustedform.outcome", "is not equal to", json!("success"))},
        crate::lead_flow::recipient("cc0003", sale),
    ]);
    let mock = mock_with(json!({"steps": steps}), json!([]));
    let sale = |result: &Value| {
        let recorded = events(&mock, result);
        (recorded[2]["outcome"].as_str().unwrap().to_owned(), recorded[2]["sale_price"].as_f64().unwrap())
    };
    let submit = || submit(&mock, &lead(&url(VALID)));
    assert_eq!(sale(&submit()), ("success".to_owned(), 30.0));
    assert_eq!(sale(&submit()), ("success".to_owned(), 10.0), "retained before");
    assert_eq!(sale(&submit()), ("skip".to_owned(), 0.0), "one of these a day");
    let rejected = crate::lead_flow::submit(&mock, &lead(&test_url("00000404")));
    assert_eq!(outcome_of(&rejected), ("failure", "Certificate not found.", 0.0));
}

#[test]
fn criteria_prices_and_caps_of_a_flow_test_the_certificate_for_pings_too() {
    let flow = json!({
        "ping_enabled": true,
        "acceptance_criteria": {
            "outcome": "failure", "reason": "certificate: {{trustedform_decisions.reason}}",
            "rule_set": rules("trustedform_decisions.outcome", "is equal to", json!("success")),
        },
        "pricing": {"prices": [
            {"id": "ff0001", "amount": 5},
            {"id": "ff0002", "amount": 9, "rule_set": rules("trustedform_decisions.domain", "is equal to", json!("shop.harbor.example"))},
        ]},
        "caps": [{"id": "66a1c0de940df5a34a3889c1", "type": "volume", "name": "Shop", "maximum": 1, "duration": 1,
            "duration_units": "day", "time_zone": "UTC", "created_at": "2024-07-25T03:05:02.000Z", "reason": "Shop full",
            "rule_set": rules("trustedform_decisions.domain", "is equal to", json!("shop.harbor.example"))}],
    });
    let certificates = json!([
        {"id": VALID, "page_url": "https://shop.harbor.example/quote"},
        {"id": "0.QrSt.UvWx.YzAb", "page_url": "https://shop.harbor.example/quote"},
    ]);
    let mock = mock_with(flow, certificates);
    let ping = |url: &str| {
        let body = json!({"email": "a@example.com", "xxTrustedFormPingUrl": url});
        mock.call("", Method::POST, &format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/ping"), Some(&body))
            .expect(200)
            .json()
    };
    let ping_url = "https://ping.trustedform.com/0.QrSt.UvWx.YzAb";
    assert_eq!(outcome_of(&ping(ping_url)), ("success", "", 9.0));
    assert_eq!(outcome_of(&submit(&mock, &lead(&url(&"ab".repeat(20))))), ("success", "", 5.0));
    let accepted = submit(&mock, &lead(&url(VALID)));
    assert_eq!(outcome_of(&accepted), ("success", "", 9.0));
    let recorded = events(&mock, &accepted);
    assert_eq!(recorded[0]["vars"]["trustedform_decisions"]["domain"], "shop.harbor.example");
    assert_eq!(outcome_of(&submit(&mock, &lead(&url(VALID)))), ("failure", "Shop full", 0.0));
    assert_eq!(outcome_of(&ping(ping_url)).1, "Shop full");
    assert_eq!(outcome_of(&submit(&mock, &lead(&test_url("00000404")))), ("failure", "certificate: Not Found", 0.0));
    assert_eq!(outcome_of(&submit(&mock, &json!({"email": "a@example.com"}))).0, "failure", "no certificate, no data");
}

#[test]
fn a_retained_certificate_survives_an_export_and_an_import() {
    let retain = json!({"trustedform.retain": "true", "trustedform.insights": "false"});
    let mock = mock_with(json!({"steps": [step("cc0001", "v4", retain)]}), json!([]));
    assert_eq!(first_event(&mock, &url(VALID))["trustedform"]["previously_retained"], false);
    let state = mock.get("/__admin/state").expect(200).json();
    let other = Mock::healthy();
    other.put("/__admin/state", &state).expect(200);
    assert_eq!(first_event(&other, &url(VALID))["trustedform"]["previously_retained"], true);
}

#[test]
fn a_misspelt_status_of_a_certificate_is_an_error_of_the_file() {
    let text = scenario_with(json!({}), json!({"certificates": [{"id": VALID, "status": "expird"}]})).to_string();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), text).unwrap();
    let started = leadconduit_mock::MockServer::builder().scenarios(folder.path()).scenario("own").start();
    let message = started.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("WorldCertificate") && message.contains("expird"), "{message}");
}
