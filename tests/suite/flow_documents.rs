//! The document of a flow is its source: what the mock does not read survives.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::lead_flow::{SUMMIT, TEST_FLOW, recipient, rules, scenario_with};
use crate::support::{FLOW, JANE, Mock};

/// The parts of the flow that may have properties that are not documented.
const PARTS: [&str; 7] = [
    "/sources/0",
    "/caps/0",
    "/caps/0/caps/0",
    "/sources/0/caps/0",
    "/ping_limits/0",
    "/sources/0/ping_limits/0",
    "/list_checks/duplicate",
];

fn flow() -> Value {
    let cap = |id: &str| json!({"id": id, "maximum": 1000, "duration": 1, "duration_units": "day"});
    let mut outer = cap("66a1c0de940df5a34a3889e1");
    outer["caps"] = json!([cap("66a1c0de940df5a34a3889e2")]);
    json!({
        "ping_enabled": true,
        "caps": [outer],
        "ping_limits": [cap("66a1c0de940df5a34a3889e3")],
        "list_checks": {"duplicate": {"value": "{{lead.email}}", "list_name": "leads"}},
        "acceptance_criteria": {"outcome": "failure", "rule_set": rules("lead.state", "is not blank", Value::Null)},
        "sources": [{
            "id": "aa0001", "enabled": true, "entity": {"id": SUMMIT, "name": "Summit Lead Partners"},
            "integration": {"module_id": "leadconduit-default.inbound"},
            "caps": [cap("66a1c0de940df5a34a3889e4")],
            "ping_limits": [cap("66a1c0de940df5a34a3889e5")],
        }],
        "steps": [recipient("bb0001", json!({}))],
    })
}

/// Any JSON value without a template.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "[a-zé\"\\\\ ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let object = prop::collection::btree_map("[a-z]{1,6}", inner.clone(), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            object.prop_map(|object| Value::Object(object.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

#[test]
fn unknown_properties_survive_saving_and_do_not_disturb_leads() {
    let mock = Mock::with_scenario("own", &scenario_with(flow(), json!({})).to_string());
    let path = format!("/flows/{TEST_FLOW}");
    // Saving a flow adds ids and time stamps. The clock stands still.
    let original = mock.put(&path, &mock.get(&path).expect(200).json()).expect(200).json();
    let unknown = prop::collection::vec((prop::sample::select(PARTS.to_vec()), "x_[a-z]{1,6}", value()), 1..6);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(32));
    let number = std::cell::Cell::new(0);
    runner
        .run(&unknown, |unknown| {
            let mut expected = original.clone();
            for (part, name, value) in &unknown {
                expected.pointer_mut(part).unwrap()[name] = value.clone();
            }
            let saved = mock.put(&path, &expected).expect(200).json();
            prop_assert_eq!(&saved, &expected);
            let text = mock.get(&path).expect(200).text;
            prop_assert_eq!(&text, &saved.to_string());
            mock.call(JANE, http::Method::POST, &format!("{path}/deploy"), None).expect(200);
            number.set(number.get() + 1);
            let lead = json!({"email": format!("ann{}@example.com", number.get()), "state": "TX"});
            let result = mock.call("", http::Method::POST, &format!("{path}/sources/{SUMMIT}/submit"), Some(&lead));
            prop_assert_eq!(&result.expect(201).json()["outcome"], "success");
            prop_assert_eq!(mock.get(&path).expect(200).text, text, "a lead does not change its flow");
            Ok(())
        })
        .unwrap();
}

#[test]
fn unknown_properties_of_routers_and_reports_survive() {
    let mock = Mock::healthy();
    let unknown = json!({"deep": [1, null, {"x": "\u{e9}"}]});
    let router = json!({
        "module_id": "leadconduit-facebook.inbound",
        "x_router": unknown,
        "routes": [{"flow_id": FLOW, "source_id": SUMMIT, "x_route": unknown, "rule_set": rules("lead.state", "is blank", Value::Null)}],
    });
    let report = json!({
        "name": "Own", "columns": ["source-success"], "x_report": unknown,
        "rules": [{"lhv": "outcome", "op": "is blank", "x_rule": unknown}],
    });
    for (path, document, pointers) in [
        ("/routers", router, ["/x_router", "/routes/0/x_route"]),
        ("/reports", report, ["/x_report", "/rules/0/x_rule"]),
    ] {
        let created = mock.post(path, &document).expect(201).json();
        // The response of a router is a list with that router.
        let created = if created.is_array() { created[0].clone() } else { created };
        let own = format!("{path}/{}", created["id"].as_str().unwrap());
        let replaced = mock.put(&own, &created).expect(200).json();
        let replaced = if replaced.is_array() { replaced[0].clone() } else { replaced };
        assert_eq!(mock.get(&own).expect(200).json(), replaced);
        for pointer in pointers {
            assert_eq!(created.pointer(pointer), Some(&unknown), "{path} {pointer}: {created}");
            assert_eq!(replaced.pointer(pointer), Some(&unknown), "{path} {pointer}: {replaced}");
        }
    }
}
