//! The clock at the ends of its range: no date arithmetic fails.

use leadconduit_mock::{Clock, MockServer};
use serde_json::{Value, json};

use crate::support::{Mock, SUPERUSER};

const LAST: &str = "9999-12-30T22:00:00.999999999Z";
const FIRST: &str = "1970-01-01T00:00:00Z";

#[test]
fn every_operation_responds_at_the_ends_of_the_clock() {
    for at in [LAST, FIRST] {
        let clock: Clock = at.parse().unwrap();
        // The lead market has a recipient, caps and prices.
        for scenario in ["healthy", "lead-market"] {
            let mock = Mock::start(MockServer::builder().scenario(scenario).clock(clock));
            let document = mock.get("/__admin/openapi.json").expect(200).json();
            let mut operations = 0;
            for (path, item) in document["paths"].as_object().unwrap() {
                // Ids of documents that exist, where one name is enough.
                let path = path
                    .replace("{flow_id}", "64b8f0f5e4b0c3a1d5e6f7ab")
                    .split('/')
                    .map(|part| if part.starts_with('{') { "5d9a4c421d011c553e000001" } else { part })
                    .collect::<Vec<_>>()
                    .join("/");
                for method in item.as_object().unwrap().keys() {
                    let Ok(method) = method.to_uppercase().parse::<http::Method>() else { continue };
                    let body = matches!(method.as_str(), "POST" | "PUT").then(|| json!({}));
                    for query in [
                        "",
                        "?timeframe=this_30_days&interval=daily&timezone=Pacific/Kiritimati",
                        "?timeframe=previous_1_years",
                    ] {
                        let response = mock.call(SUPERUSER, method.clone(), &format!("{path}{query}"), body.as_ref());
                        assert!(response.status < 500, "{at} {method} {path}{query}: {}", response.text);
                        operations += 1;
                    }
                }
            }
            assert!(operations > 100, "{operations}");
            // Leads have most times: they expire, are counted by caps, and are looked back at.
            let lead = "email=joe@example.com&state=TX&first_name=Joe&dob=1950-01-01";
            let flows = mock.get("/flows").expect(200).json();
            let mut accepted = 0;
            for flow in flows.as_array().unwrap() {
                for source in flow["sources"].as_array().into_iter().flatten() {
                    let path =
                        format!("POST /flows/{}/sources/{}/submit", text(&flow["id"]), text(&source["entity"]["id"]));
                    let response = mock.request(&path, &[("content-type", "application/x-www-form-urlencoded")], lead);
                    assert!(response.status < 500, "{at} {path}: {}", response.text);
                    accepted += usize::from(response.status == 201);
                }
            }
            assert!(accepted > 0, "{at} {scenario}");
            mock.get("/events").expect(200);
            let state = mock.get("/__admin/state").expect(200).json();
            mock.put("/__admin/state", &state).expect(200);
        }
    }
}

#[test]
fn the_clock_stays_in_its_range() {
    let mock = Mock::start(MockServer::builder().clock(LAST.parse().unwrap()));
    let put = |change: Value| mock.put("/__admin/clock", &change);
    for (change, message) in [
        (json!({"advance": "1s"}), "outside the supported range"),
        (json!({"freeze": "1969-12-31T23:59:59Z"}), "from 1970"),
        (json!({"freeze": "9999-12-31T23:59:59Z"}), "to 9999-12-30T22:00:00Z"),
        (json!({"freeze": "real"}), "is not a time"),
    ] {
        let refused = put(change.clone()).expect(400);
        assert!(refused.text.contains(message), "{change}: {}", refused.text);
    }
    // A running clock stops at the end of its range.
    put(json!({"resume": true})).expect(200);
    mock.get("/events").expect(200);
    put(json!({"freeze": FIRST})).expect(200);
    put(json!({"advance": "-1s"})).expect(400);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
