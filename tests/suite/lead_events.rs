//! Events: pages, filters, rules, selected properties, and which accounts can list them.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Map, Value, json};

use crate::support::{GLOBEX, JANE, Mock};
use crate::wire::{Process, Wire};

const PREFIX: &str = "69e3b1a3940df5a34a388f0";
const FIRST_LEAD: &str = "69e3b1a2940df5a34a388e01";

/// The last digits of the events' ids.
fn digits(events: &Value) -> String {
    let id = |event: &Value| event["id"].as_str().unwrap().strip_prefix(PREFIX).unwrap().to_owned();
    events.as_array().unwrap().iter().map(id).collect()
}

fn listed(mock: &Mock, query: &str) -> String {
    digits(&mock.get(&format!("/events?{query}")).expect(200).json())
}

fn encoded(value: &Value) -> String {
    form_urlencoded::byte_serialize(value.to_string().as_bytes()).collect()
}

/// The body that is equivalent to a query.
fn as_body(query: &str) -> Value {
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect()
}

#[test]
fn lists_are_paged_in_both_directions() {
    let mock = Mock::healthy();
    assert_eq!(listed(&mock, ""), "6543210", "the newest first");
    assert_eq!(listed(&mock, "sort=asc"), "0123456");
    let (mut seen, mut after) = (String::new(), String::new());
    loop {
        let page = listed(&mock, &format!("sort=asc&limit=3{after}"));
        let Some(last) = page.chars().last() else { break };
        seen.push_str(&page);
        after = format!("&after_id={PREFIX}{last}");
    }
    assert_eq!(seen, "0123456");
    assert_eq!(listed(&mock, &format!("before_id={PREFIX}4&after_id={PREFIX}1")), "32", "both ends are exclusive");
    assert_eq!(listed(&mock, &format!("after_id={}6", PREFIX.to_uppercase())), "");
    assert_eq!(listed(&mock, &format!("after_id={PREFIX}5&before_id={PREFIX}2")), "");
    mock.get("/events?limit=0").expect(400);
    mock.get("/events?limit=1001").expect(400);
    mock.get("/events?sort=up").expect(400);
}

#[test]
fn times_are_accepted_in_several_formats() {
    let clock = "2026-04-18T12:00:00.500Z".parse().unwrap();
    let mock =
        Mock::start(leadconduit_mock::MockServer::builder().configure(move |settings| settings.clock = Some(clock)));
    // The first lead was submitted at 10:00:00.500, the second at 10:30:00.500, the feedback at 11:00:00.500.
    for (query, expected) in [
        ("start=2026-04-18T10:30:00.500Z", "6540"),
        ("start=2026-04-18T10:30:00.501Z", "6"),
        ("end=2026-04-18T10:00:00.500Z", "321"),
        ("end=2026-04-18T10:00:00.499Z", ""),
        ("start=2026-04-18T10:30:00.500001", "6"),
        ("start=2026-04-18T12:30:00.5%2B02:00", "6540"),
        ("start=2026-04-18T00:00:00", "6543210"),
        ("start=2026-04-18&end=2026-04-19", "6543210"),
        ("start=2026-04-19", ""),
        ("end=2026-04-18", ""),
        ("start=2026-04-18T10:00:00Z&end=2026-04-18T10:30:00.5Z", "543210"),
    ] {
        assert_eq!(listed(&mock, query), expected, "{query}");
        let body = as_body(query);
        assert_eq!(digits(&mock.post("/events", &body).expect(200).json()), expected, "{body}");
    }
    for wrong in ["yesterday", "2026-13-01", "2026-02-30", "12:00"] {
        mock.get(&format!("/events?start={wrong}")).expect(400);
    }
}

#[test]
fn deprecated_parameters_still_filter() {
    let mock = Mock::healthy();
    for (query, expected) in [
        ("type=recipient&outcome=success&recipient_id=64b8f2a0940df5a34a3888c2", "2"),
        ("type=filter", "10"),
        (&*format!("lead_id={FIRST_LEAD}"), "6321"),
        ("lead_id=000000000000000000000000", ""),
        ("flow_id=64b8f0f5e4b0c3a1d5e6f7ab&outcome=failure", "54"),
        ("flow_id=66a1c0de940df5a34a3889f2", ""),
        ("source_id=5D9A4B10940DF5A34A3888C1&type=source", "53"),
        ("reference=SLP-20418", "540"),
        ("reference=SLP", ""),
    ] {
        assert_eq!(listed(&mock, query), expected, "{query}");
        let body = as_body(query);
        assert_eq!(digits(&mock.post("/events", &body).expect(200).json()), expected, "{body}");
    }
    mock.get("/events?type=nothing").expect(400);
}

#[test]
fn rules_filter_by_properties_of_events() {
    let mock = Mock::healthy();
    let rule = |lhv: &str, op: &str, rhv: Value| json!({"lhv": lhv, "op": op, "rhv": rhv});
    for (rules, expected) in [
        (json!([]), "6543210"),
        (json!([rule("lead.city", "is equal to", json!("austin"))]), "6321"),
        (json!([rule("vars.lead.email.domain", "includes", json!("ORG"))]), "540"),
        (
            json!([
                rule("type", "is included in", json!(["source", "recipient"])),
                rule("ms", "is greater than", json!(200))
            ]),
            "532",
        ),
        (json!([rule("sale_price", "is between", json!("25-26"))]), "2"),
        (json!([{"lhv": "feedback.type", "op": "is not blank"}]), "6"),
        (json!([rule("appended.outbound.reason", "matches pattern", json!("dup*"))]), "5"),
        (
            json!([{"lhv": "lead.id", "op": "is not blank", "rule_set":
                {"op": "or", "rules": [rule("outcome", "is equal to", json!("stop")), rule("reason", "is equal to", json!("Duplicate lead"))]}}]),
            "54",
        ),
    ] {
        assert_eq!(listed(&mock, &format!("rules={}", encoded(&rules))), expected, "{rules}");
        assert_eq!(digits(&mock.post("/events", &json!({"rules": rules})).expect(200).json()), expected, "{rules}");
    }
    let wrong = json!([rule("a", "is equal to", json!(1)), rule("a", "is equl to", json!(1))]);
    let error = mock.get(&format!("/events?rules={}", encoded(&wrong))).expect(400).error();
    assert!(error.contains("/1/op") && error.contains("did you mean `is equal to`?"), "{error}");
    mock.get("/events?rules=not+json").expect(400);
    mock.get(&format!("/events?rules={}", encoded(&json!([rule("a", "matches pattern", json!("("))])))).expect(400);
}

#[test]
fn properties_can_be_included_or_excluded() {
    let mock = Mock::healthy();
    let of = |query: &str| {
        mock.get(&format!("/events?type=recipient&outcome=success&{query}")).expect(200).json()[0].clone()
    };
    assert_eq!(
        of("include=lead.email.domain&include=ms"),
        json!({"id": format!("{PREFIX}2"), "type": "recipient", "outcome": "success", "reason": "", "ms": 231,
            "vars": {"lead": {"email": {"domain": "example.com"}}}})
    );
    let without = of("exclude=transactions&exclude=vars.lead&exclude=outcome");
    assert_eq!((&without["transactions"], &without["vars"]["lead"]), (&Value::Null, &Value::Null));
    assert_eq!((&without["outcome"], &without["vars"]["price"]), (&json!("success"), &json!(25.5)));
    assert_eq!(of("")["transactions"][0]["response"]["status"], 201);
    mock.get("/events?include=ms&exclude=vars").expect(400);
    mock.post("/events", &json!({"include": ["ms"], "exclude": ["vars"]})).expect(400);
    // The same path with another body has another response.
    assert_eq!(digits(&mock.post("/events", &json!({"limit": 1})).json()), "6");
    assert_eq!(digits(&mock.post("/events", &json!({"limit": 2})).json()), "65");
    assert_eq!(mock.call(JANE, Method::POST, "/events", None).expect(200).json().as_array().unwrap().len(), 7);
}

#[test]
fn an_event_is_found_by_its_id() {
    let mock = Mock::healthy();
    let event = mock.get(&format!("/events/{PREFIX}2")).expect(200).json();
    assert_eq!(event["vars"]["trustedform_cert_url"], Value::Null);
    assert_eq!(event["vars"]["lead"]["trustedform_cert_url"]["path"], "/0f4c2d8b");
    assert_eq!(event, mock.get("/events?type=recipient&outcome=success").json()[0]);
    assert_eq!(mock.get(&format!("/events/{FIRST_LEAD}")).expect(404).error(), "event not found");
    mock.get("/events/none").expect(400);
    assert_eq!(
        mock.call(GLOBEX, Method::GET, &format!("/events/{PREFIX}2"), None).expect(404).error(),
        "event not found"
    );
    assert_eq!(mock.call(GLOBEX, Method::GET, "/events", None).expect(200).json(), json!([]));
}

#[test]
fn a_free_account_sees_no_events() {
    let mock = Mock::scenario("free-account");
    for path in ["/events", "/events/stats", &format!("/events/{PREFIX}2")] {
        assert_eq!(mock.get(path).expect(401).error(), "not authorized", "{path}");
    }
}

/// The memory budget in the README: years of a busy account, shared by many sandboxes. Every page is complete.
#[test]
fn the_history_of_a_busy_account_fits_the_memory_budget() {
    let server = Process::start(2, &["--scenario", "busy-account"]);
    let mut wire = Wire::open(server.address);
    let flows = wire.request("GET", "/flows", &[], None).expect(200).json();
    assert_eq!(flows.as_array().unwrap().len(), 202);
    let mut seen = std::collections::BTreeSet::new();
    for sort in ["asc", "desc"] {
        let mut cursor = String::new();
        for _ in 0..3 {
            let page =
                wire.request("GET", &format!("/events?limit=1000&sort={sort}{cursor}"), &[], None).expect(200).json();
            let ids: Vec<String> =
                page.as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap().to_owned()).collect();
            assert!(ids.len() == 1000 && ids.is_sorted() == (sort == "asc"), "{sort}: {}", ids.len());
            let side = if sort == "asc" { "after_id" } else { "before_id" };
            cursor = format!("&{side}={}", ids[999]);
            seen.extend(ids);
        }
    }
    assert_eq!(seen.len(), 6000, "no event is on two pages");
    let counted =
        wire.request("GET", "/events/stats?start=2000-01-01&column=source-submitted&by_lead=false", &[], None);
    assert_eq!(
        counted.expect(200).json()[0]["source-submitted"],
        10_002,
        "one per lead, and two of the scenario healthy"
    );
    for number in 0..100 {
        wire.request("GET", "/events?limit=1", &[("X-Mock-Sandbox", &format!("box-{number}"))], None).expect(200);
    }
    let megabytes = server.resident() / 1_000_000;
    println!("100,000 events, 101 sandboxes: {megabytes} MB");
    assert!(megabytes < 150, "{megabytes} MB");
}

/// The names of all properties of a document, those of nested ones with dots.
fn property_names(value: &Value, before: &str, names: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{before}{name}");
        property_names(value, &format!("{name}."), names);
        names.insert(name);
    }
}

/// The events that the scenario declares are those that the lead handler would have written.
#[test]
fn declared_events_have_every_property_of_live_ones() {
    let mock = Mock::healthy();
    let declared = mock.get("/events").expect(200).json().as_array().unwrap().clone();
    let sources: Vec<&Value> = declared.iter().filter(|event| event["type"] == "source").collect();
    assert_eq!(sources.len(), 2);
    for source in sources {
        let lead = source["vars"]["lead"].as_object().unwrap();
        let fields = lead.iter().filter(|(name, _)| !["id", "reference"].contains(&name.as_str()));
        let raw = |value: &Value| value.get("raw").unwrap_or(value).clone();
        let submitted: Value = fields.map(|(name, value)| (name.clone(), raw(value))).collect::<Map<_, _>>().into();
        let path = source["request"]["uri"].as_str().unwrap().strip_prefix("https://app.leadconduit.com").unwrap();
        let result = mock.call("", Method::POST, path, Some(&submitted)).expect(201).json();
        let delivery = mock.get("/events?limit=1&type=recipient").expect(200).json()[0].clone();
        mock.request(&format!("POST /feedback?event_id={}&type=conversion", delivery["id"].as_str().unwrap()), &[], "")
            .expect(201);
        let of_lead = |id: &Value| mock.get(&format!("/events?lead_id={}", id.as_str().unwrap())).expect(200).json();
        let (own, live) = (of_lead(&source["vars"]["lead"]["id"]), of_lead(&result["lead"]["id"]));
        for event in own.as_array().unwrap() {
            let same = live.as_array().unwrap().iter().find(|other| other["type"] == event["type"]).unwrap();
            let (mut expected, mut found) = (BTreeSet::new(), BTreeSet::new());
            property_names(same, "", &mut expected);
            property_names(event, "", &mut found);
            let missing: Vec<&String> = expected.difference(&found).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", event["id"]);
        }
    }
}
