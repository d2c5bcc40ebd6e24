//! Destinations, and the flows that use them.

use http::Method;
use serde_json::{Value, json};

use crate::support::{FLOW, GLOBEX, Mock};

const SHEET: &str = "SW5zdGFuY2U6YWNtZS1zaGVldA";

fn by_instance<'a>(list: &'a Value, instance: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|destination| destination["instance_id"] == instance).unwrap()
}

#[test]
fn destinations_are_listed() {
    let mock = Mock::healthy();
    let list = mock.get("/destinations").expect(200).json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let sheet = by_instance(&list, SHEET);
    assert_eq!((&sheet["name"], sheet["actions"].as_array().unwrap().len()), (&json!("Lead sheet"), 2));
    assert!(list.as_array().unwrap().iter().all(|destination| destination.get("flow_usages").is_none()));
    assert_eq!(mock.call(GLOBEX, Method::GET, "/destinations", None).expect(200).json(), json!([]));
    mock.get("/destinations?include=flows").expect(400);
}

#[test]
fn flow_usages_are_computed_from_the_flows() {
    let mock = Mock::with_scenario(
        "own",
        &format!(
            "version: 1\nname: own\ndescription: d\nextends: healthy\nworld:\n  accounts:\n    - account: {{ id: 5fd4371e940df5a34a3888b2 }}\n      \
             flows:\n        - id: {FLOW}\n          destinations:\n            - {{ instance_id: {SHEET}, name: Lead sheet }}\n      \
             destinations:\n        - instance_id: {SHEET}\n          flow_usages: {{ count: 9, flows: [] }}\n"
        ),
    );
    let list = mock.get("/destinations?include=flow_usages").expect(200).json();
    let used = json!({"count": 1, "flows": [{"id": FLOW, "name": "Auto insurance, Texas"}]});
    assert_eq!(by_instance(&list, SHEET)["flow_usages"], used);
    let unused = list.as_array().unwrap().iter().find(|destination| destination["instance_id"] != SHEET).unwrap();
    assert_eq!(unused["flow_usages"], json!({"count": 0, "flows": []}));
    assert_eq!(by_instance(&mock.get("/destinations").json(), SHEET).get("flow_usages"), None);
}
