//! Fields, types and variables, and field usage.

use http::Method;
use serde_json::{Value, json};

use crate::flows::SOLAR;
use crate::support::{ACME_ID, FLOW, GLOBEX, Mock};

const NOW: &str = "2026-03-04T18:00:00Z";

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|field| field["id"].as_str().unwrap()).collect()
}

fn input(id: &str) -> Value {
    json!({"id": id, "name": "Roof Age", "type": "number"})
}

#[test]
fn standard_fields_are_listed_before_own_fields() {
    let mock = Mock::healthy();
    let all = mock.get("/fields").expect(200).json();
    let found = ids(&all);
    assert!(found.len() > 100, "{}", found.len());
    let fields = all.as_array().unwrap();
    let own = fields.iter().position(|field| field["standard"] == false).unwrap();
    assert!(found[own..].contains(&"loan_amount_acme"));
    assert!(fields[..own].iter().all(|field| field["standard"] == true));
    assert!(fields[own..].iter().all(|field| field["standard"] == false));
    assert_eq!(mock.get("/fields").json(), all, "in a stable order");
    for id in ["first_name", "mortgage.loan.amount", "trustedform_cert_url"] {
        let field = mock.get(&format!("/fields/{id}")).expect(200).json();
        assert!(fields.contains(&field), "{id}");
    }
    let theirs = mock.call(GLOBEX, Method::GET, "/fields", None).json();
    assert_eq!(ids(&theirs), found[..own], "standard fields are shared, own ones are not");
    mock.call(GLOBEX, Method::GET, "/fields/loan_amount_acme", None).expect(404);
}

#[test]
fn flow_fields_are_listed_in_flow_order() {
    let mock = Mock::healthy();
    let flow = mock.get(&format!("/flows/{SOLAR}")).json();
    let listed = mock.get(&format!("/flows/{SOLAR}/fields")).expect(200).json();
    assert_eq!(json!(ids(&listed)), flow["fields"]);
    assert_eq!(listed[0]["name"], "First Name", "complete documents");
    assert_eq!(mock.get(&format!("/fields?flow_id={SOLAR}")).expect(200).json(), listed);
    assert_eq!(mock.get("/fields?flow_id=000000000000000000000000").expect(200).json(), json!([]));
    mock.get("/flows/000000000000000000000000/fields").expect(404);
}

#[test]
fn a_field_can_be_created_replaced_and_deleted() {
    let mock = Mock::healthy();
    let mut sent = input("roof.age_acme");
    sent["standard"] = true.into();
    sent["created_at"] = "2001-01-01T00:00:00Z".into();
    let created = mock.post("/fields", &sent).expect(201).json();
    assert_eq!((&created["id"], &created["standard"]), (&json!("roof.age_acme"), &json!(false)));
    assert_ne!(created["created_at"], sent["created_at"]);
    assert_eq!(mock.get("/fields/roof.age_acme").expect(200).json(), created);
    assert!(mock.get("/fields").json().as_array().unwrap().contains(&created));

    let mut changed = input("another_acme");
    changed["name"] = "Age Of The Roof".into();
    let updated = mock.put("/fields/roof.age_acme", &changed).expect(200).json();
    assert_eq!(
        (&updated["id"], &updated["name"]),
        (&created["id"], &json!("Age Of The Roof")),
        "the id in the body is ignored"
    );
    mock.get("/fields/another_acme").expect(404);

    assert_eq!(mock.delete("/fields/roof.age_acme").expect(202).json(), updated);
    mock.get("/fields/roof.age_acme").expect(404);
    mock.delete("/fields/roof.age_acme").expect(404);
    mock.put("/fields/roof.age_acme", &changed).expect(404);
}

#[test]
fn invalid_fields_are_rejected() {
    let mock = Mock::healthy();
    for taken in ["first_name", "loan_amount_acme"] {
        let error = mock.post("/fields", &input(taken)).expect(422).error();
        assert!(error.starts_with("/id") && error.contains(taken), "{error}");
    }
    for (name, bad) in [("id", "has blanks"), ("id", ".dot"), ("type", "colour")] {
        let mut sent = input("roof_age_acme");
        sent[name] = bad.into();
        let rejected = mock.post("/fields", &sent).expect(400);
        assert_eq!(rejected.violations()[0]["location"], format!("/body/{name}"), "{}", rejected.text);
    }
    let before = mock.get("/fields").json();
    assert!(mock.put("/fields/email", &input("email")).expect(422).error().contains("standard"));
    assert!(mock.delete("/fields/email").expect(422).error().contains("standard"));
    assert_eq!(mock.get("/fields").json(), before);
    // Ids are unique per account only.
    mock.call(GLOBEX, Method::POST, "/fields", Some(&input("loan_amount_acme"))).expect(201);
}

#[test]
fn a_deleted_field_leaves_an_error_in_its_flows() {
    let mock = Mock::healthy();
    let path = format!("/flows/{SOLAR}");
    let before = mock.get(&path).json();
    let other = mock.get(&format!("/flows/{FLOW}")).json();
    let errors = json!({"fields": ["field loan_amount_acme not found"]});
    let deleted = mock.delete("/fields/loan_amount_acme").expect(202).json();
    assert_eq!(deleted["flows"], json!([{"id": SOLAR, "name": "Home solar, Arizona", "errors": errors}]));
    assert_eq!(deleted["id"], "loan_amount_acme");

    let mut after = mock.get(&path).json();
    assert_eq!(after["errors"], errors);
    assert_eq!(after["fields"], before["fields"], "the flow still collects the field");
    assert_eq!(mock.get(&format!("/flows/{FLOW}")).json(), other);
    let listed = mock.get(&format!("{path}/fields")).json();
    assert_eq!(ids(&listed).len(), before["fields"].as_array().unwrap().len() - 1);

    after["name"] = "Home solar".into();
    let error = mock.put(&path, &after).expect(422).error();
    assert_eq!(error, "/fields/8: field loan_amount_acme not found");
    // Creating the field again removes the error.
    mock.post("/fields", &input("loan_amount_acme")).expect(201);
    let again = mock.get(&path).json();
    assert_eq!((again.get("errors"), &again["fields"]), (None, &before["fields"]));
    mock.delete("/fields/loan_amount_acme").expect(202);

    after["fields"].as_array_mut().unwrap().pop();
    let corrected = mock.put(&path, &after).expect(200).json();
    assert_eq!((corrected.get("errors"), &corrected["name"]), (None, &json!("Home solar")));
}

#[test]
fn types_are_shared_and_every_field_has_one() {
    let mock = Mock::healthy();
    let types = mock.get("/types").expect(200).json();
    let names: Vec<&str> = types.as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 21);
    // One standard field has a type that the vendor's list of types does not name.
    for field in mock.get("/fields").json().as_array().unwrap() {
        let name = field["type"].as_str().unwrap();
        assert!(names.contains(&name) || field["id"] == "mortgage.loan.fees", "{field}");
    }
    // Every type can be the type of a field.
    for name in &names {
        let mut sent = input(&format!("made_of_{name}"));
        sent["type"] = (*name).into();
        mock.post("/fields", &sent).expect(201);
    }
    let phone = types.as_array().unwrap().iter().find(|kind| kind["name"] == "phone").unwrap();
    assert!(phone["components"].as_array().unwrap().iter().any(|part| part["name"] == "is_tollfree"));
    assert!(phone["operators"].as_array().unwrap().iter().any(|operator| operator == "format is valid"));
    assert_eq!(mock.call(GLOBEX, Method::GET, "/types", None).json(), types);
}

/// An event of a flow at a time, with further properties.
pub fn event(number: u32, flow: &str, at: &str, more: Value) -> Value {
    let at: jiff::Timestamp = at.parse().unwrap();
    let mut event = json!({
        "id": format!("{:08x}940df5a34a38{number:04x}", at.as_second()),
        "type": "source",
        "outcome": "success",
        "reason": "",
        "start_timestamp": at.as_millisecond(),
        "vars": {
            "flow": {"id": flow, "name": "A flow"},
            "source": {"id": "5d9a4c421d011c553e000003", "name": "Acme Source"},
            "lead": {"id": format!("{:08x}940df5a34a39{number:04x}", at.as_second())},
        },
    });
    merge(&mut event, &more);
    event
}

fn merge(target: &mut Value, with: &Value) {
    match (target, with) {
        (Value::Object(target), Value::Object(with)) => {
            for (name, value) in with {
                merge(target.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (target, with) => *target = with.clone(),
    }
}

/// A mock with a frozen clock, whose account has only the given events.
pub fn mock_with_events(now: &str, account: Value) -> Mock {
    let mut own = json!({"account": {"id": ACME_ID}, "remove": (0..=6).map(|n| format!("69e3b1a3940df5a34a388f0{n}")).collect::<Vec<_>>()});
    merge(&mut own, &account);
    let scenario = json!({
        "version": 1,
        "name": "own",
        "description": "Events of the test.",
        "extends": "healthy",
        "world": {"accounts": [own]},
    });
    // JSON is YAML.
    let mock = Mock::with_scenario(
        "own",
        &scenario.to_string().replacen("{\"version\":1,\"name\":\"own\"", "{\"version\":1,\n\"name\":\"own\"", 1),
    );
    mock.put("/__admin/clock", &json!({"freeze": now})).expect(200);
    mock
}

fn lead(values: Value) -> Value {
    json!({"vars": {"lead": values}})
}

#[test]
fn usage_counts_leads_with_a_value() {
    let events = [
        event(
            1,
            SOLAR,
            "2026-03-04T05:00:00Z",
            lead(json!({"email": "a@example.com", "first_name": "A", "own_home": false})),
        ),
        event(
            2,
            SOLAR,
            "2026-03-04T17:59:00Z",
            lead(json!({"email": {"raw": "b", "normal": "b", "valid": false}, "first_name": " "})),
        ),
        // Midnight in New York is 05:00 UTC, or 04:00 in summer.
        event(
            3,
            SOLAR,
            "2026-03-04T04:59:59Z",
            lead(json!({"email": "c@example.com", "state": {"raw": "", "normal": null}})),
        ),
        event(4, SOLAR, "2026-02-10T12:00:00Z", lead(json!({"loan_amount_acme": 5}))),
        event(
            5,
            SOLAR,
            "2026-03-04T17:00:00Z",
            json!({"type": "recipient", "vars": {"lead": {"email": "d@example.com"}}}),
        ),
        event(6, FLOW, "2026-03-04T17:00:00Z", lead(json!({"email": "e@example.com"}))),
        event(
            7,
            SOLAR,
            "2026-03-04T17:30:00Z",
            json!({"outcome": "failure", "reason": "no", "vars": {"lead": {"email": "f@example.com"}}}),
        ),
    ];
    let mock = mock_with_events(NOW, json!({"events": events}));
    let usage = |query: &str| mock.get(&format!("/flows/{SOLAR}/fields/usage{query}")).expect(200).json();
    let count = |usage: &Value| {
        ["email", "first_name", "own_home", "state", "loan_amount_acme"].map(|field| usage[field].as_u64().unwrap())
    };
    let today = usage("");
    assert_eq!(count(&today), [3, 1, 1, 0, 0], "{today}");
    assert_eq!(today, usage("?timeframe=today"));
    assert_eq!(today.as_object().unwrap().len(), 9, "exactly the fields of the flow");
    assert_eq!(count(&usage("?timeframe=yesterday")), [1, 0, 0, 0, 0]);
    assert_eq!(count(&usage("?timeframe=this_2_days")), [4, 1, 1, 0, 0]);
    assert_eq!(count(&usage("?timeframe=previous_1_months")), [0, 0, 0, 0, 1]);
    for bad in ["tomorrow", "this_0_days", "last_week", ""] {
        let rejected = mock.get(&format!("/flows/{SOLAR}/fields/usage?timeframe={bad}")).expect(400);
        assert_eq!(rejected.violations()[0]["location"], "/query/timeframe");
    }
    mock.advance("12h");
    assert_eq!(count(&usage("")), [0, 0, 0, 0, 0], "it is the next day");
    assert_eq!(count(&usage("?timeframe=yesterday")), [3, 1, 1, 0, 0]);
}

#[test]
fn variables_are_collected_from_events() {
    let events = [
        event(1, SOLAR, "2026-03-01T12:00:00Z", lead(json!({"email": {"raw": "a", "normal": "a", "valid": false}}))),
        event(
            2,
            SOLAR,
            "2026-03-03T12:00:00Z",
            json!({"vars": {"lead": {"email": "b@example.com"}, "credit_check": {"score": 7}}}),
        ),
        event(3, FLOW, "2026-03-02T12:00:00Z", lead(json!({"mortgage": {"loan": {"amount": 5}}}))),
    ];
    let mock = mock_with_events(NOW, json!({"events": events}));
    let all = mock.get("/vars").expect(200).json();
    let find = |list: &Value, name: &str| list.as_array().unwrap().iter().find(|v| v["name"] == name).cloned();
    let email = find(&all, "lead.email").unwrap();
    assert_eq!((&email["label"], &email["type"]), (&json!("Email"), &json!("email")));
    assert_eq!(email["first_used_at"], "2026-03-01T12:00:00.000Z");
    assert_eq!(email["last_used_at"], "2026-03-03T12:00:00.000Z");
    assert_eq!(find(&all, "lead.mortgage.loan.amount").unwrap()["label"], "Mortgage Loan Amount");
    assert_eq!(find(&all, "flow.name").unwrap()["label"], "Flow Name");
    let appended = find(&all, "credit_check.score").unwrap();
    assert_eq!((&appended["label"], &appended["type"]), (&json!("Credit Check Score"), &json!("number")));
    assert_eq!(find(&all, "lead.first_name"), None, "no event has one");
    let names: Vec<&str> = all.as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted());

    let of = |query: &str| mock.get(&format!("/vars?{query}")).expect(200).json();
    assert_eq!(find(&of(&format!("flow_id={FLOW}")), "lead.email"), None);
    assert_eq!(of(&format!("flow_id={FLOW}&flow_id={SOLAR}")), all);
    assert_eq!(find(&of("start=2026-03-02T18:00:00Z"), "lead.mortgage.loan.amount"), None);
    assert_eq!(find(&of("end=2026-03-02T18:00:00Z"), "credit_check.score"), None);
    assert!(find(&of("end=2026-03-02T18:00:00Z"), "lead.email").is_some(), "its first use is earlier");
    let without = of("exclude=lead&exclude=flow.name");
    assert!(find(&without, "lead.email").is_none() && find(&without, "flow.name").is_none());
    assert!(find(&without, "flow.id").is_some());
    assert_eq!(mock.call(GLOBEX, Method::GET, "/vars", None).json(), json!([]));
}
