//! Leads run through flows: what each part of a flow does, and the events, counts and searches that result.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ACME_ID, FLOW, Mock, TestResponse};

pub const SUMMIT: &str = "5d9a4b10940df5a34a3888c1";
const ACME_SOURCE: &str = "5d9a4c421d011c553e000003";
const BRIGHTPATH: &str = "64b8f2a0940df5a34a3888c2";
const MARKET: &str = "66d0c0de940df5a34a38a001";
/// The flow of these tests.
pub const TEST_FLOW: &str = "66b2c1de940df5a34a388a11";
const NOW: &str = "2026-05-01T12:00:00Z";

/// A scenario with a flow that has one source and no steps. `flow` and `account` are merged into the flow and the
/// account.
pub fn scenario_with(flow: Value, account: Value) -> Value {
    let mut base = json!({
        "id": TEST_FLOW, "name": "Own", "enabled": true,
        "fields": ["first_name", "email", "phone_1", "state", "price", "ssn"],
        "sources": [{
            "id": "aa0001", "enabled": true, "entity": {"id": SUMMIT, "name": "Summit Lead Partners"},
            "integration": {"module_id": "leadconduit-default.inbound"},
        }],
        "steps": [],
        "created_at": "2024-08-07T00:00:00.000Z", "updated_at": "2024-08-07T00:00:00.000Z",
    });
    merge(&mut base, flow);
    let mut accounts = json!({"account": {"id": ACME_ID}, "flows": [base]});
    merge(&mut accounts, account);
    json!({
        "version": 1, "name": "own", "description": "A test.", "extends": "healthy", "clock": NOW,
        "world": {"accounts": [accounts]},
    })
}

fn mock_with(flow: Value, account: Value) -> Mock {
    Mock::with_scenario("own", &scenario_with(flow, account).to_string())
}

fn mock_of(flow: Value) -> Mock {
    mock_with(flow, json!({}))
}

pub fn merge(target: &mut Value, with: Value) {
    match (target, with) {
        (Value::Object(target), Value::Object(with)) => {
            for (name, value) in with {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, with) => *target = with,
    }
}

fn source(more: Value) -> Value {
    let mut source = json!({
        "id": "aa0001", "enabled": true, "entity": {"id": SUMMIT, "name": "Summit Lead Partners"},
        "integration": {"module_id": "leadconduit-default.inbound"},
    });
    merge(&mut source, more);
    source
}

pub fn recipient(id: &str, more: Value) -> Value {
    let mut step = json!({
        "id": id, "type": "recipient", "entity": {"id": BRIGHTPATH, "name": "Brightpath Insurance"},
        "integration": {"module_id": "leadconduit-default.outbound"},
    });
    merge(&mut step, more);
    step
}

pub fn rules(lhv: &str, op: &str, rhv: Value) -> Value {
    let mut rule = json!({"lhv": lhv, "op": op});
    if !rhv.is_null() {
        rule["rhv"] = rhv;
    }
    json!({"op": "and", "rules": [rule]})
}

fn send(mock: &Mock, flow: &str, source: &str, operation: &str, lead: &Value) -> TestResponse {
    mock.call("", Method::POST, &format!("/flows/{flow}/sources/{source}/{operation}"), Some(lead))
}

pub fn submit(mock: &Mock, lead: &Value) -> Value {
    send(mock, TEST_FLOW, SUMMIT, "submit", lead).expect(201).json()
}

fn ping(mock: &Mock, lead: &Value) -> Value {
    send(mock, TEST_FLOW, SUMMIT, "ping", lead).expect(200).json()
}

/// Outcome, reason and price of a result.
pub fn outcome_of(result: &Value) -> (&str, &str, f64) {
    let text = |name: &str| result[name].as_str().unwrap_or_default();
    (text("outcome"), text("reason"), result["price"].as_f64().unwrap())
}

/// The events of a lead, the oldest first.
pub fn events(mock: &Mock, result: &Value) -> Vec<Value> {
    let lead = result["lead"]["id"].as_str().unwrap();
    mock.get(&format!("/events?lead_id={lead}&sort=asc")).expect(200).json().as_array().unwrap().clone()
}

pub fn kinds(events: &[Value]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event["type"].as_str().unwrap(), event["outcome"].as_str().unwrap())).collect()
}

#[test]
fn every_step_leaves_an_event_with_the_variables_before_it() {
    let mock = Mock::scenario("lead-market");
    // The configured outcome is random; the e-mail domain forces a failure.
    let lead = json!({"first_name": "Ann", "email": "ann@recipient-failure.example", "state": "TX", "own_home": "yes"});
    let result = send(&mock, MARKET, SUMMIT, "submit", &lead).expect(201).json();
    assert_eq!(outcome_of(&result), ("failure", "Failure forced by the e-mail domain", 0.0));
    let events = events(&mock, &result);
    assert_eq!(
        kinds(&events),
        [
            ("filter", "continue"),
            ("filter", "continue"),
            ("recipient", "failure"),
            ("filter", "stop"),
            ("source", "failure")
        ]
    );
    let ids: Vec<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids[0] > result["lead"]["id"].as_str().unwrap());
    assert_eq!(events[0]["vars"]["suppressionlist"], json!({"is_duplicate": false, "is_dnc": false}));
    assert_eq!(events[1]["vars"].get("outbound"), None, "no recipient step ran yet");
    let delivery = &events[2];
    assert_eq!(delivery["vars"].get("outbound"), None, "the variables before the response");
    assert_eq!(delivery["outbound"]["outcome"], "failure");
    assert_eq!((&delivery["key"], &delivery["step_id"]), (&json!("outbound"), &json!("6d0007")));
    assert_eq!(delivery["vars"]["event_id"], delivery["id"]);
    assert_eq!(delivery["vars"]["recipient"], json!({"id": BRIGHTPATH, "name": "Brightpath Insurance"}));
    assert_eq!(
        (&delivery["purchase_price"], &delivery["sale_price"], &delivery["revenue"]),
        (&json!(12), &json!(0), &json!(-12))
    );
    assert_eq!(events[3]["vars"]["outbound"]["outcome"], "failure");
    let end = &events[4];
    assert_eq!((&end["step_count"], &end["cost"], &end["cap_reached"]), (&json!(4), &json!(0), &json!(false)));
    assert_eq!(end["appended"]["outbound"]["outcome"], "failure");
    assert_eq!(end["response"]["status"], 201);
    let recorded_body: Value = serde_json::from_str(end["response"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(recorded_body, result);
    assert_eq!(
        (&end["request"]["method"], end["request"]["body"].as_str().unwrap().len() > 20),
        (&json!("POST"), true)
    );
    for event in &events {
        assert_eq!(event["vars"]["lead"]["id"], result["lead"]["id"]);
        assert_eq!(mock.get(&format!("/events/{}", event["id"].as_str().unwrap())).expect(200).json(), *event);
    }
}

#[test]
fn criteria_of_the_flow_are_checked_before_those_of_the_source() {
    let criteria = |outcome: &str, reason: &str, lhv: &str| json!({"outcome": outcome, "reason": reason, "rule_set": rules(lhv, "is not blank", Value::Null)});
    let mock = mock_of(json!({
        "acceptance_criteria": criteria("failure", "No state, {{lead.first_name}}", "lead.state"),
        "sources": [source(json!({"acceptance_criteria": criteria("error", "No address", "lead.email")}))],
        "steps": [recipient("bb0001", json!({}))],
    }));
    let result = submit(&mock, &json!({"first_name": "Ann"}));
    assert_eq!(outcome_of(&result), ("failure", "No state, Ann", 0.0));
    let recorded = events(&mock, &result);
    assert_eq!(kinds(&recorded), [("source", "failure")], "no step runs");
    assert_eq!((&recorded[0]["step_count"], &recorded[0]["reason"]), (&json!(0), &json!("No state, Ann")));
    assert_eq!(outcome_of(&submit(&mock, &json!({"state": "TX"}))), ("error", "No address", 0.0));
    let accepted = submit(&mock, &json!({"state": "TX", "email": "a@example.com"}));
    assert_eq!(
        accepted,
        json!({"outcome": "success", "lead": accepted["lead"], "price": 0}),
        "no reason, and a whole number without a decimal point"
    );
    assert_eq!(kinds(&events(&mock, &accepted)), [("recipient", "success"), ("source", "success")]);
}

#[test]
fn a_matching_filter_ends_the_flow_with_its_outcome_and_reason() {
    let filter = |id: &str, state: &str, outcome: &str| {
        json!({"id": id, "type": "filter", "outcome": outcome, "reason": "Stopped in {{lead.state}}",
               "rule_set": rules("lead.state", "is equal to", json!(state))})
    };
    let mut disabled = filter("cc0001", "AZ", "failure");
    disabled["enabled"] = false.into();
    let mock = mock_of(json!({"steps": [
        disabled, filter("cc0002", "TX", "failure"), filter("cc0003", "NY", "success"), filter("cc0004", "CA", "ERROR"),
        filter("cc0005", "FL", "{{lead.first_name}}"), filter("cc0006", "WA", "no outcome"),
    ], "pricing": {"prices": [{"id": "dd0001", "amount": 3}]}}));
    for (state, first_name, outcome, price, event_count) in [
        ("AZ", "x", "success", 3.0, 6),
        ("TX", "x", "failure", 0.0, 2),
        ("NY", "x", "success", 3.0, 3),
        ("CA", "x", "error", 0.0, 4),
        ("FL", "Error", "error", 0.0, 5),
        ("FL", "Success", "success", 3.0, 5),
        // An invalid outcome counts as failure, so that no lead is accepted by accident.
        ("WA", "x", "failure", 0.0, 6),
    ] {
        let result = submit(&mock, &json!({"state": state, "first_name": first_name}));
        let reason = if state == "AZ" { String::new() } else { format!("Stopped in {state}") };
        assert_eq!(outcome_of(&result), (outcome, reason.as_str(), price), "{state} {first_name}");
        let events = events(&mock, &result);
        assert_eq!(events.len(), event_count, "{state}: {:?}", kinds(&events));
        assert_eq!(events.last().unwrap()["disabled_step_count"], 1);
    }
}

#[test]
fn simulated_recipients_have_configured_outcomes_that_later_steps_can_use() {
    let steps = json!([
        recipient("ee0001", json!({"integration": {"module_id": "leadconduit-briteverify.outbound.email"}})),
        recipient("ee0002", json!({"rule_set": rules("briteverify.score", "is greater than", json!(50))})),
        recipient("ee0003", json!({"enabled": false})),
        recipient("ee0004", json!({"rule_set": rules("outbound.ticket", "is equal to", json!("T-Ann"))})),
    ]);
    let recipients = json!([
        {"id": "1", "module_id": "leadconduit-briteverify.outbound.email", "rule_set": rules("lead.email", "is blank", Value::Null),
         "outcome": "failure", "reason": "No address for {{lead.first_name}}", "append": {"score": 1}},
        {"id": "2", "module_id": "leadconduit-briteverify.outbound.email", "outcome": "success", "ms": 4321, "append": {"score": 90}},
        {"id": "3", "step_id": "ee0002", "outcome": "success", "append": {"ticket": "T-{{lead.first_name}}"}},
        {"id": "4", "step_id": "ee0004", "outcome": "skip", "reason": "Not today"},
    ]);
    let mock = mock_with(json!({"steps": steps}), json!({"recipients": recipients}));
    let result = submit(&mock, &json!({"first_name": "Ann", "email": "ann@example.com"}));
    assert_eq!(outcome_of(&result).0, "success");
    let recorded = events(&mock, &result);
    assert_eq!(
        kinds(&recorded),
        [("recipient", "success"), ("recipient", "success"), ("recipient", "skip"), ("source", "success")]
    );
    assert_eq!(
        (&recorded[0]["briteverify"], &recorded[0]["ms"]),
        (&json!({"outcome": "success", "score": 90}), &json!(4321))
    );
    assert_eq!(recorded[1]["vars"]["briteverify"]["score"], 90);
    assert_eq!((&recorded[2]["reason"], recorded[2].get("outbound")), (&json!("Not today"), None));
    assert_eq!(
        recorded[3]["appended"],
        json!({"briteverify": {"outcome": "success", "score": 90}, "outbound": {"outcome": "success", "ticket": "T-Ann"}})
    );
    assert!(recorded[3]["total_ms"].as_i64().unwrap() > 4321);
    // Without the appended values, the rules of later steps skip them.
    let result = submit(&mock, &json!({"first_name": "Bob"}));
    let recorded = events(&mock, &result);
    assert_eq!(
        kinds(&recorded),
        [("recipient", "failure"), ("recipient", "skip"), ("recipient", "skip"), ("source", "success")]
    );
    assert_eq!(
        (&recorded[0]["reason"], &recorded[1]["reason"]),
        (&json!("No address for Bob"), &json!("Rules not met"))
    );
    // Statistics can be grouped by appended values.
    let found = mock.get(
        "/events/stats?start=2026-05-01T00:00:00Z&end=2026-05-02T00:00:00Z&column=source-success&group_by=briteverify.score",
    );
    let rows = found.expect(200).json();
    let scores: Vec<&Value> = rows.as_array().unwrap().iter().map(|row| &row["briteverify.score"]).collect();
    assert!(scores.contains(&&json!(1)) && scores.contains(&&json!(90)), "{rows}");
}

#[test]
fn an_error_is_retried_when_the_step_allows_it() {
    let steps = json!([recipient(
        "ee0001",
        json!({"retry_enabled": true, "pricing": {"prices": [{"id": "ff0001", "amount": 7}]}})
    )]);
    let recipients = json!([{"id": "1", "outcome": "timeout"}]);
    let mock = mock_with(json!({"steps": steps}), json!({"recipients": recipients}));
    let recorded = events(&mock, &submit(&mock, &json!({"first_name": "Ann"})));
    assert_eq!(kinds(&recorded), [("recipient", "error"), ("retry", "error"), ("source", "success")]);
    assert_eq!((&recorded[0]["reason"], &recorded[0]["wait_ms"]), (&json!("Timed out"), &json!(30000)));
    assert_ne!(recorded[0]["id"], recorded[1]["id"]);
    // A recipient that fails sometimes may succeed in the retry. The random outcomes follow from the seed.
    let sometimes = json!([{"id": "1", "outcome": "timeout", "probability": 0.5}]);
    let run = || {
        let mock = mock_with(json!({"steps": steps}), json!({"recipients": sometimes}));
        let runs: Vec<Vec<Value>> =
            (0..20).map(|_| events(&mock, &submit(&mock, &json!({"first_name": "Ann"})))).collect();
        runs.iter()
            .map(|recorded| kinds(recorded).into_iter().map(|(a, b)| format!("{a} {b}")).collect())
            .collect::<Vec<Vec<String>>>()
    };
    let runs = run();
    assert_eq!(runs, run(), "the same seed, the same outcomes");
    for shape in
        [vec!["recipient success", "source success"], vec!["recipient error", "retry success", "source success"]]
    {
        assert!(runs.iter().any(|run| *run == shape), "{shape:?} is not among {runs:?}");
    }
    let steps = json!([recipient("ee0001", json!({}))]);
    let mock = mock_with(json!({"steps": steps}), json!({"recipients": recipients}));
    let recorded = events(&mock, &submit(&mock, &json!({"first_name": "Ann"})));
    assert_eq!(kinds(&recorded), [("recipient", "error"), ("source", "success")], "the step does not allow retries");
}

#[test]
fn a_successful_retry_counts_as_a_sale() {
    let id = "66b2c1de940df5a34a3880c5";
    let steps = json!([recipient(
        "ee0001",
        json!({
            "retry_enabled": true, "pricing": {"prices": [{"id": "ff0001", "amount": 7}]},
            "caps": [cap(id, 1, "day", json!({}))],
            "feedback": {"integration": {"module_id": "leadconduit-standard.inbound.feedback"}},
        })
    )]);
    // The retry sees the outcome of the first attempt.
    let first =
        json!([{"id": "1", "outcome": "error", "rule_set": rules("outbound.outcome", "is blank", Value::Null)}]);
    let mock = mock_with(json!({"steps": steps}), json!({"recipients": first}));
    let recorded = events(&mock, &submit(&mock, &json!({"first_name": "Ann"})));
    assert_eq!(kinds(&recorded), [("recipient", "error"), ("retry", "success"), ("source", "success")]);
    assert_eq!((&recorded[1]["sale_price"], &recorded[2]["recipient_revenue"]), (&json!(7), &json!(7)));
    assert_eq!(recorded[2]["appended"]["outbound"]["outcome"], "success");
    assert_eq!(counted(&mock, id), (1, 0));
    let again = events(&mock, &submit(&mock, &json!({"first_name": "Bob"})));
    assert_eq!((kinds(&again)[0], &again[0]["caps_reached"]), (("recipient", "skip"), &json!(true)));
    let stats = mock.get("/events/stats?start=2026-05-01T11:00:00Z&end=2026-05-01T13:00:00Z&column=revenue&column=recipient-success&group_by=flow.id&rule=%7B%22lhv%22:%22flow.id%22,%22op%22:%22is%20equal%20to%22,%22rhv%22:%2266b2c1de940df5a34a388a11%22%7D");
    let row = &stats.expect(200).json()[0];
    assert_eq!((&row["revenue"], &row["recipient-success"]), (&json!(7), &json!(1)));
    let event = recorded[1]["id"].as_str().unwrap();
    let feedback =
        mock.call("", Method::POST, &format!("/feedback?event_id={event}"), Some(&json!({"type": "conversion"})));
    assert_eq!(feedback.expect(201).json()["price"], 7);
}

#[test]
fn the_nearest_price_that_applies_counts() {
    let price = |amount: f64, state: &str| json!({"id": "ab0001", "amount": amount, "rule_set": rules("lead.state", "is equal to", json!(state))});
    let plain = |amount: f64| json!({"id": "ab0002", "amount": amount});
    let service = |fallback: f64| json!({"service_id": "66b2c1de940df5a34a388a99", "fallback_price": fallback});
    let rows = [
        (json!({}), json!({}), json!({"state": "TX"}), 0.0),
        (json!({"pricing": {"prices": [plain(2.0), plain(3.0)]}}), json!({}), json!({"state": "TX"}), 3.0),
        (json!({"pricing": {"prices": [plain(2.0), price(9.0, "AZ")]}}), json!({}), json!({"state": "TX"}), 2.0),
        (json!({"pricing": {"prices": [plain(2.0), price(9.0, "TX")]}}), json!({}), json!({"state": "TX"}), 9.0),
        (
            json!({"pricing": {"prices": [plain(2.0)]}}),
            json!({"pricing": {"prices": [price(5.0, "TX")]}}),
            json!({"state": "TX"}),
            5.0,
        ),
        (
            json!({"pricing": {"prices": [plain(2.0)]}}),
            json!({"pricing": {"prices": [price(5.0, "AZ")]}}),
            json!({"state": "TX"}),
            2.0,
        ),
        (json!({"pricing": {"prices": [plain(2.0)]}, "pricing_service": service(4.0)}), json!({}), json!({}), 4.0),
        (json!({"pricing_service": service(4.0)}), json!({"pricing": {"prices": [plain(1.5)]}}), json!({}), 1.5),
        (json!({}), json!({"pricing": {"override": true}}), json!({"price": "$8.25"}), 8.25),
        (
            json!({"pricing": {"prices": [plain(2.0)]}}),
            json!({"pricing": {"override": true}}),
            json!({"price": "much"}),
            2.0,
        ),
    ];
    for (row, (flow, of_source, lead, expected)) in rows.into_iter().enumerate() {
        let mut flow = flow;
        merge(&mut flow, json!({"sources": [source(of_source)], "ping_enabled": true}));
        let mock = mock_of(flow);
        let result = submit(&mock, &lead);
        assert_eq!(outcome_of(&result), ("success", "", expected), "{row}");
        assert_eq!(events(&mock, &result)[0]["cost"].as_f64(), Some(expected), "{row}");
        let bid = ping(&mock, &lead);
        let no_bid = expected <= 0.0;
        assert_eq!(
            outcome_of(&bid),
            if no_bid { ("failure", "no bid", 0.0) } else { ("success", "", expected) },
            "{row}"
        );
        assert_eq!(bid.get("lead"), None);
    }
}

#[test]
fn a_recipient_pays_only_for_leads_that_it_accepts() {
    let steps = json!([
        recipient("ee0001", json!({"pricing": {"prices": [{"id": "ff0001", "amount": 20}]}})),
        recipient("ee0002", json!({"pricing": {"override": true}})),
        recipient("ee0003", json!({"pricing": {"prices": [{"id": "ff0002", "amount": 50}]}})),
    ]);
    let recipients = json!([
        {"id": "1", "step_id": "ee0002", "outcome": "success", "price": 4.5},
        {"id": "2", "step_id": "ee0003", "outcome": "failure"},
    ]);
    let mock = mock_with(
        json!({"steps": steps, "pricing": {"prices": [{"id": "ff0003", "amount": 6}]}}),
        json!({"recipients": recipients}),
    );
    let recorded = events(&mock, &submit(&mock, &json!({"first_name": "Ann"})));
    let sales: Vec<f64> = recorded[..3].iter().map(|event| event["sale_price"].as_f64().unwrap()).collect();
    assert_eq!(sales, [20.0, 4.5, 0.0]);
    assert_eq!((&recorded[3]["cost"], &recorded[3]["recipient_revenue"]), (&json!(6), &json!(24.5)));
    let stats = mock.get("/events/stats?start=2026-05-01T11:00:00Z&end=2026-05-01T13:00:00Z&column=cost&column=revenue&column=profit&rule=%7B%22lhv%22:%22flow.id%22,%22op%22:%22is%20equal%20to%22,%22rhv%22:%2266b2c1de940df5a34a388a11%22%7D");
    assert_eq!(stats.expect(200).json(), json!([{"cost": 6, "revenue": 24.5, "profit": 18.5}]));
    assert_eq!(recorded[3]["purchase_price"], 6, "the source event too");
    let rejected = submit(&mock, &json!({"first_name": "Ann", "email": "ann@failure.example"}));
    assert_eq!(events(&mock, &rejected)[0]["purchase_price"], 0, "nothing is paid for a rejected lead");
    let grouped = mock.get(
        "/events/stats?start=2026-05-01T11:00:00Z&end=2026-05-01T13:00:00Z&type=source&column=source-submitted\
         &group_by=purchase_price&rule=%7B%22lhv%22:%22flow.id%22,%22op%22:%22is%20equal%20to%22,\
         %22rhv%22:%2266b2c1de940df5a34a388a11%22%7D",
    );
    assert_eq!(
        grouped.expect(200).json(),
        json!([{"purchase_price": 0, "source-submitted": 1}, {"purchase_price": 6, "source-submitted": 1}])
    );
}

fn cap(id: &str, maximum: u32, units: &str, more: Value) -> Value {
    let mut cap = json!({"id": id, "type": "volume", "name": id, "maximum": maximum, "duration": 1, "duration_units": units,
        "time_zone": "UTC", "created_at": "2024-01-01T00:00:00.000Z"});
    merge(&mut cap, more);
    cap
}

fn counted(mock: &Mock, id: &str) -> (u64, u64) {
    let cap = mock.get(&format!("/caps/{id}")).expect(200).json();
    (cap["count"].as_u64().unwrap(), cap["failed_count"].as_u64().unwrap())
}

#[test]
fn reached_caps_reject_leads_until_their_interval_ends() {
    let (flow, inner, of_source, of_step) = (
        "66b2c1de940df5a34a3880c1",
        "66b2c1de940df5a34a3880c2",
        "66b2c1de940df5a34a3880c3",
        "66b2c1de940df5a34a3880c4",
    );
    let texans = json!({"rule_set": rules("lead.state", "is equal to", json!("TX"))});
    let mut outer = cap(flow, 4, "day", json!({"reason": "Enough, {{lead.first_name}}"}));
    outer["caps"] = json!([cap(inner, 1, "hour", texans)]);
    let mock = mock_of(json!({
        "caps": [outer],
        "sources": [source(json!({"caps": [cap(of_source, 3, "minute", json!({}))]}))],
        "steps": [recipient("ee0001", json!({"caps": [cap(of_step, 2, "hour", json!({}))]}))],
        "pricing": {"prices": [{"id": "ff0001", "amount": 2}]},
    }));
    let lead = |state: &str| submit(&mock, &json!({"first_name": "Ann", "state": state}));
    assert_eq!(outcome_of(&lead("TX")), ("success", "", 2.0));
    let second = lead("TX");
    assert_eq!(outcome_of(&second), ("failure", "Cap reached", 0.0), "the inner cap accepts one Texan per hour");
    let recorded = events(&mock, &second);
    assert_eq!((recorded.len(), &recorded[0]["cap_reached"], &recorded[0]["cap_id"]), (1, &json!(true), &json!(inner)));
    assert_eq!(kinds(&events(&mock, &lead("AZ"))), [("recipient", "success"), ("source", "success")]);
    let third = lead("AZ");
    let recorded = events(&mock, &third);
    assert_eq!(kinds(&recorded), [("recipient", "skip"), ("source", "success")], "only the cap of the step is reached");
    assert_eq!((&recorded[0]["caps_reached"], &recorded[0]["reason"]), (&json!(true), &json!("Cap reached")));
    assert_eq!(outcome_of(&lead("AZ")), ("failure", "Cap reached", 0.0), "the cap of the source is reached");
    assert_eq!([flow, inner, of_source, of_step].map(|id| counted(&mock, id)), [(3, 0), (1, 1), (3, 1), (2, 1)]);
    mock.advance("1m");
    assert_eq!(outcome_of(&lead("AZ")).0, "success");
    mock.advance("1h");
    assert_eq!(outcome_of(&lead("TX")), ("failure", "Enough, Ann", 0.0), "the outer cap is checked first");
    assert_eq!([flow, inner].map(|id| counted(&mock, id)), [(4, 1), (0, 0)]);
    mock.advance("11h");
    assert_eq!(outcome_of(&lead("TX")).0, "success", "a new day");
    assert_eq!([flow, inner].map(|id| counted(&mock, id)), [(1, 0), (1, 0)]);
    // A deployed change counts earlier leads too.
    let mut changed = mock.get(&format!("/flows/{TEST_FLOW}")).json();
    changed["caps"] = json!([cap(flow, 1, "day", json!({}))]);
    mock.put(&format!("/flows/{TEST_FLOW}"), &changed).expect(200);
    assert_eq!(outcome_of(&lead("AZ")).0, "success", "not deployed yet");
    mock.post(&format!("/flows/{TEST_FLOW}/deploy"), &json!({})).expect(200);
    assert_eq!(outcome_of(&lead("AZ")), ("failure", "Cap reached", 0.0));
    assert_eq!(counted(&mock, flow), (2, 1));
}

/// Saves the flow of these tests with other caps, and deploys it.
fn deploy_caps(mock: &Mock, change: impl FnOnce(&mut Value)) -> Value {
    let mut flow = mock.get(&format!("/flows/{TEST_FLOW}")).expect(200).json();
    change(&mut flow["caps"]);
    let saved = mock.put(&format!("/flows/{TEST_FLOW}"), &flow).expect(200).json();
    mock.post(&format!("/flows/{TEST_FLOW}/deploy"), &json!({})).expect(200);
    saved
}

#[test]
fn a_changed_rule_or_a_shorter_duration_resets_the_counter_of_a_cap_and_nothing_else_does() {
    let id = "66b2c1de940df5a34a3880c1";
    let texans = rules("lead.state", "is equal to", json!("TX"));
    // Without `created_at`: saving must not make it a new cap.
    let mut cap = cap(id, 9, "day", json!({"rule_set": texans.clone()}));
    cap.as_object_mut().unwrap().remove("created_at");
    let mock = mock_of(json!({"caps": [cap]}));
    let lead = |state: &str| outcome_of(&submit(&mock, &json!({"state": state}))).0.to_owned();
    let count = || counted(&mock, id).0;
    lead("TX");
    lead("TX");
    lead("AZ");
    assert_eq!(count(), 2);
    // The clock is frozen, so that all leads and changes have the same time.
    deploy_caps(&mock, |caps| caps[0]["maximum"] = 3.into());
    deploy_caps(&mock, |caps| caps[0]["reason"] = "Enough".into());
    deploy_caps(&mock, |caps| caps[0]["rule_set"] = texans.clone());
    assert_eq!(count(), 2, "the maximum, the reason, and the same rules sent again without their ids");
    deploy_caps(&mock, |caps| caps[0]["duration_units"] = "week".into());
    assert_eq!(count(), 2, "a longer duration");
    mock.advance("1d");
    assert_eq!(count(), 2, "the counter is kept until the longer duration has passed");
    lead("TX");
    assert_eq!((count(), lead("TX").as_str()), (3, "failure"));
    deploy_caps(&mock, |caps| caps[0]["duration"] = 2.into());
    assert_eq!((count(), lead("TX").as_str()), (3, "failure"));
    deploy_caps(&mock, |caps| caps[0]["duration_units"] = "day".into());
    assert_eq!(counted(&mock, id), (0, 0), "a shorter duration");
    assert_eq!((lead("TX").as_str(), count()), ("success", 1));
    deploy_caps(&mock, |caps| caps[0]["rule_set"]["rules"][0]["op"] = "is not equal to".into());
    assert_eq!(count(), 0, "a changed rule: the leads from Arizona do not count afterwards");
    lead("AZ");
    let rule = json!({"lhv": "lead.first_name", "op": "is blank"});
    let mut saved = mock.get(&format!("/flows/{TEST_FLOW}")).json();
    saved["caps"][0]["rule_set"]["rules"].as_array_mut().unwrap().push(rule);
    mock.put(&format!("/flows/{TEST_FLOW}"), &saved).expect(200);
    assert_eq!(count(), 1, "nothing changes before the deployment");
    mock.post(&format!("/flows/{TEST_FLOW}/deploy"), &json!({})).expect(200);
    assert_eq!(count(), 0, "an added rule");
    lead("AZ");
    deploy_caps(&mock, |caps| _ = caps[0].as_object_mut().unwrap().remove("rule_set"));
    assert_eq!(count(), 0, "all rules removed");
    lead("AZ");
    lead("TX");
    let saved = deploy_caps(&mock, |caps| {
        let inner = json!({"type": "volume", "name": "inner", "maximum": 5, "duration": 1, "duration_units": "month"});
        caps[0]["caps"] = json!([inner]);
    });
    let inner = saved["caps"][0]["caps"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!((count(), counted(&mock, &inner)), (2, (0, 0)), "a new cap starts at zero");
    lead("TX");
    assert_eq!((count(), counted(&mock, &inner)), (3, (1, 0)));
    // The start of a counter belongs to the state, and goes with the cap.
    let starts = || mock.get("/__admin/state").json()["world"]["accounts"][0]["cap_counters"].clone();
    assert_eq!(starts().as_array().unwrap().len(), 2);
    mock.delete(&format!("/flows/{TEST_FLOW}")).expect(200);
    assert_eq!(starts(), Value::Null);
}

#[test]
fn the_caps_of_the_scenario_can_be_reset_by_a_day_and_a_month() {
    // A reset starts the clock of the server, so that a clock that was set by a call would be real time afterwards.
    let noon = "2026-05-01T12:00:00Z".parse().unwrap();
    let mock = Mock::start(leadconduit_mock::MockServer::builder().scenario("caps-reached").clock(noon));
    let texas = || send(&mock, FLOW, SUMMIT, "submit", &json!({"state": "TX"})).expect(201).json();
    let arizona = || {
        let lead = json!({"state": "AZ", "email": "ann@example.com"});
        let result = send(&mock, "66a1c0de940df5a34a3889f2", ACME_SOURCE, "submit", &lead).expect(201).json();
        events(&mock, &result)[0]["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome_of(&texas()), ("failure", "Cap reached", 0.0));
    assert_eq!(arizona(), "skip");
    mock.advance("1d");
    assert_eq!(outcome_of(&texas()).0, "success");
    assert_eq!(outcome_of(&texas()), ("failure", "Cap reached", 0.0), "one lead a day");
    assert_eq!(arizona(), "skip");
    mock.advance("31d");
    assert_eq!(outcome_of(&texas()).0, "success");
    assert_eq!(arizona(), "success");
    assert_eq!(arizona(), "skip", "one lead a month");
}

#[test]
fn list_checks_find_earlier_and_listed_leads() {
    let check =
        |list: &str, value: &str, lookback: Value| json!({"value": value, "list_name": list, "lookback": lookback});
    let stop = |id: &str, name: &str| {
        json!({"id": id, "type": "filter", "outcome": "failure", "reason": name,
        "rule_set": rules(&format!("suppressionlist.is_{name}"), "is true", Value::Null)})
    };
    let mock = mock_with(
        json!({
            "list_checks": {
                "duplicate": check("seen", "{{lead.email}}", json!({"value": 7, "interval": "day"})),
                "existing_customer": check("customers", "{{lead.email}}", Value::Null),
                "dnc": check("do_not_call", "{{lead.phone_1}}", Value::Null),
            },
            "steps": [stop("cc0001", "duplicate"), stop("cc0002", "existing_customer"), stop("cc0003", "dnc")],
        }),
        json!({"list_entries": [
            {"id": "customers/carl@example.com", "list_name": "customers", "value": "carl@example.com"},
            {"id": "do_not_call/5125550100", "list_name": "do_not_call", "value": "5125550100"},
        ]}),
    );
    let reason = |lead: Value| outcome_of(&submit(&mock, &lead)).1.to_owned();
    assert_eq!(reason(json!({"email": "Ann@example.com"})), "");
    assert_eq!(reason(json!({"email": "ann@EXAMPLE.com"})), "duplicate");
    assert_eq!(reason(json!({"email": "carl@example.com"})), "existing_customer");
    assert_eq!(
        reason(json!({"email": "carl@example.com"})),
        "existing_customer",
        "a rejected lead is not added to the list"
    );
    assert_eq!(reason(json!({"phone_1": "(512) 555-0100"})), "dnc");
    assert_eq!(reason(json!({"first_name": "Nobody"})), "");
    assert_eq!(reason(json!({"first_name": "Nobody"})), "", "an empty value is never listed");
    mock.advance("6d");
    assert_eq!(reason(json!({"email": "ann@example.com"})), "duplicate");
    mock.advance("2d");
    assert_eq!(reason(json!({"email": "ann@example.com"})), "", "outside the lookback period");
    assert_eq!(reason(json!({"email": "ann@example.com"})), "duplicate", "added again");
}

#[test]
fn criteria_and_prices_can_test_the_list_checks_for_pings_too() {
    let mock = mock_with(
        json!({
            "ping_enabled": true,
            "list_checks": {
                "duplicate": {"value": "{{lead.email}}", "list_name": "seen", "lookback": null},
                "existing_customer": {"value": "{{lead.email}}", "list_name": "customers", "lookback": null},
            },
            "acceptance_criteria": {
                "outcome": "failure", "reason": "known: {{suppressionlist.is_duplicate}}",
                "rule_set": rules("suppressionlist.is_duplicate", "is not true", Value::Null),
            },
            "pricing": {"prices": [
                {"id": "ff0001", "amount": 5},
                {"id": "ff0002", "amount": 1, "rule_set": rules("suppressionlist.is_existing_customer", "is true", Value::Null)},
            ]},
        }),
        json!({"list_entries": [
            {"id": "customers/carl@example.com", "list_name": "customers", "value": "carl@example.com"},
        ]}),
    );
    let (ann, carl) = (json!({"email": "ann@example.com"}), json!({"email": "carl@example.com"}));
    assert_eq!(outcome_of(&ping(&mock, &ann)), ("success", "", 5.0));
    assert_eq!(outcome_of(&ping(&mock, &carl)), ("success", "", 1.0), "a hit by itself rejects nothing");
    assert_eq!(outcome_of(&submit(&mock, &ann)), ("success", "", 5.0), "a ping is not added to the list");
    assert_eq!(outcome_of(&ping(&mock, &ann)), ("failure", "known: true", 0.0));
    let rejected = submit(&mock, &ann);
    assert_eq!(outcome_of(&rejected), ("failure", "known: true", 0.0));
    let recorded = events(&mock, &rejected);
    assert_eq!(recorded[0]["vars"]["suppressionlist"], json!({"is_duplicate": true, "is_existing_customer": false}));
}

#[test]
fn leads_and_pings_outside_the_hours_of_operation_are_rejected() {
    const OUTSIDE: &str = "Submission Timestamp must be within hours of operation";
    // Friday, 12:00 UTC: 08:00 in New York, the account's time zone.
    let hours = json!({
        "enabled": true,
        "friday": {"open": true, "periods": [{"start": "08:00", "end": "12:00"}, {"start": "13:00", "end": "24:00"}]},
        "saturday": {"open": true},
        "sunday": {"open": false, "periods": [{"start": "00:00", "end": "24:00"}]},
    });
    let mock = mock_of(json!({
        "ping_enabled": true, "hours_of_operation": hours,
        "acceptance_criteria": {"outcome": "failure", "reason": "no", "rule_set": rules("lead.state", "is equal to", json!("TX"))},
        "pricing": {"prices": [{"id": "ff0001", "amount": 5}]},
    }));
    let lead = json!({"state": "TX"});
    let mut rejected = None;
    // How far the clock advances, and whether the flow is open then.
    for (by, is_open) in [
        ("0s", true),
        ("239m", true),
        ("1m", false),
        ("59m", false),
        ("1m", true),
        ("659m", true),
        ("1m", true),
        ("1439m", true),
        ("1m", false),
        ("1d", false),
    ] {
        mock.advance(by);
        let result = submit(&mock, &lead);
        let now = mock.get("/__admin/clock").text;
        if is_open {
            assert_eq!(outcome_of(&result), ("success", "", 5.0), "after another {by}: {now}");
        } else {
            let id = result["lead"]["id"].clone();
            let expected = json!({"outcome": "failure", "reason": OUTSIDE, "lead": {"id": id}, "price": 0});
            assert_eq!(result, expected, "after another {by}: {now}");
            let expected = json!({"outcome": "failure", "reason": OUTSIDE, "price": 0});
            assert_eq!(ping(&mock, &json!({"state": "NY"})), expected, "before the criteria");
            rejected = Some(result);
        }
    }
    assert_eq!(kinds(&events(&mock, &rejected.unwrap())), [("source", "failure")]);
    let meta = mock.get(&format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/meta")).expect(200).json();
    assert_eq!(meta["hours_of_operation"], hours);
    // The time zone of the schedule, and the checks on saving.
    let mut flow = mock.get(&format!("/flows/{TEST_FLOW}")).json();
    let save = |flow: &Value, status: u16| mock.put(&format!("/flows/{TEST_FLOW}"), flow).expect(status).text;
    flow["hours_of_operation"]["friday"]["periods"][1] = json!({"start": "9", "end": "10:00"});
    save(&flow, 400);
    // Monday, 12:00 UTC: 21:00 in Tokyo.
    flow["hours_of_operation"] = json!({
        "enabled": true, "time_zone": "Asia/Tokyo", "monday": {"open": true, "periods": [{"start": "21:00", "end": "21:30"}]},
    });
    save(&flow, 200);
    mock.post(&format!("/flows/{TEST_FLOW}/deploy"), &json!({})).expect(200);
    mock.put("/__admin/clock", &json!({"freeze": "2026-05-04T12:00:00Z"})).expect(200);
    assert_eq!(submit(&mock, &lead)["outcome"], "success");
    mock.advance("30m");
    assert_eq!(submit(&mock, &lead)["reason"], OUTSIDE);
    // Monday from 23:00 to 02:00 on Tuesday, in Tokyo.
    flow["hours_of_operation"]["monday"]["periods"][0] = json!({"start": "23:00", "end": "02:00"});
    save(&flow, 200);
    mock.post(&format!("/flows/{TEST_FLOW}/deploy"), &json!({})).expect(200);
    for (by, outcome) in [("0s", "failure"), ("90m", "success"), ("179m", "success"), ("1m", "failure")] {
        mock.advance(by);
        assert_eq!(submit(&mock, &lead)["outcome"], outcome, "after another {by}");
    }
    flow["hours_of_operation"]["enabled"] = false.into();
    save(&flow, 200);
    mock.post(&format!("/flows/{TEST_FLOW}/deploy"), &json!({})).expect(200);
    assert_eq!(submit(&mock, &lead)["outcome"], "success");
}

#[test]
fn templates_know_the_random_number_of_the_lead_and_the_time() {
    let split = |id: &str, name: &str, op: &str| {
        let reason =
            format!("{{{{#if lead.email}}}}{{{{random}}}}={{{{{name}}}}}{{{{else}}}}{op} {{{{{name}}}}}{{{{/if}}}}");
        json!({"id": id, "type": "filter", "outcome": "failure", "reason": reason,
            "rule_set": rules(name, op, json!("{{lead.first_name}}"))})
    };
    let mock = mock_of(json!({
        "sources": [source(json!({"integration": {"mappings": [
            {"property": "city", "value": "{{format now operator=\"add\" months=\"1\" format=\"YYYY-MM-DD\"}}"},
            {"property": "reference", "value": "{{lead.random_number}}"},
        ]}}))],
        "steps": [
            split("cc0001", "random", "is less than or equal to"),
            split("cc0002", "lead.random_number", "is greater than"),
        ],
    }));
    let result = submit(&mock, &json!({"first_name": "100"}));
    let event = events(&mock, &result).pop().unwrap();
    let random = event["vars"]["random"].as_u64().unwrap();
    assert!((1..=100).contains(&random), "{random}");
    assert_eq!(outcome_of(&result), ("failure", format!("is less than or equal to {random}").as_str(), 0.0));
    let lead = &event["vars"]["lead"];
    let text = |name: &str| lead[name].get("normal").unwrap_or(&lead[name]).to_string().replace('"', "");
    assert_eq!((text("city"), text("reference")), ("2026-06-01".to_owned(), random.to_string()));
    assert_eq!(lead.get("random_number"), None, "it is no field");
    let result = submit(&mock, &json!({"first_name": "0", "email": "ann@example.com"}));
    let random = events(&mock, &result)[2]["vars"]["random"].as_u64().unwrap();
    assert_eq!(outcome_of(&result).1, format!("{random}={random}"));
}

#[test]
fn mappings_of_a_source_set_fields_from_its_parameters() {
    let mapping = |property: &str, value: Value, more: Value| {
        let mut mapping = json!({"id": "ac0001", "property": property, "value": value});
        merge(&mut mapping, more);
        mapping
    };
    let mock = mock_of(json!({"sources": [source(json!({"integration": {"mappings": [
        mapping("first_name", json!("{{fname}}"), json!({})),
        mapping("lead.email", json!("{{lead.mail}}"), json!({})),
        mapping("state", json!("{{stat}}"), json!({})),
        mapping("phone_1", json!("{{a}}{{b}}{{c}}"), json!({})),
        mapping("reference", json!("{{source.name}}/{{fname}}"), json!({})),
        mapping("city", json!("Austin"), json!({"rule_set": rules("lead.state", "is equal to", json!("TX"))})),
        mapping("mortgage.loan.amount", json!(1000), json!({})),
    ]}}))]}));
    let result = submit(
        &mock,
        &json!({"fname": "Ann", "mail": "ann@example.com", "state": "TX", "unknown": "x",
        "a": "512", "b": "555", "c": "0142"}),
    );
    let lead = events(&mock, &result)[0]["vars"]["lead"].clone();
    assert_eq!(lead["email"]["normal"], "ann@example.com");
    assert_eq!(lead["phone_1"]["normal"], "5125550142");
    assert_eq!((&lead["reference"], &lead["city"]), (&json!("Summit Lead Partners/Ann"), &json!("Austin")));
    let text = |value: &Value| value["normal"].as_str().or(value.as_str()).unwrap_or_default().to_owned();
    assert_eq!(
        (text(&lead["first_name"]), text(&lead["state"])),
        ("Ann".into(), "TX".into()),
        "a template that is blank sets nothing"
    );
    assert_eq!(
        lead["mortgage"]["loan"]["amount"].get("normal").unwrap_or(&lead["mortgage"]["loan"]["amount"]),
        &json!(1000)
    );
    assert_eq!(lead.get("unknown"), None);
}

#[test]
fn pings_run_the_checks_of_submissions_and_are_counted() {
    let limit = |id: &str, maximum: u32| {
        json!({"id": id, "name": id, "maximum": maximum, "duration": 1, "duration_units": "hour",
        "time_zone": "UTC", "created_at": "2024-01-01T00:00:00.000Z"})
    };
    let (of_flow, of_source, full) =
        ("66b2c1de940df5a34a3880d1", "66b2c1de940df5a34a3880d2", "66b2c1de940df5a34a3880c9");
    let mock = mock_of(json!({
        "ping_enabled": true,
        "pricing": {"prices": [{"id": "ff0001", "amount": 2}]},
        "ping_limits": [limit(of_flow, 3)],
        "acceptance_criteria": {"outcome": "failure", "reason": "Not there", "rule_set": rules("lead.state", "is not equal to", json!("AK"))},
        "caps": [cap(full, 0, "day", json!({"rule_set": rules("lead.state", "is equal to", json!("NY"))}))],
        "sources": [source(json!({"ping_limits": [limit(of_source, 2)]}))],
    }));
    let ping_from = |state: &str| ping(&mock, &json!({"state": state}));
    assert_eq!(mock.get(&format!("/ping_limits?flow_id={TEST_FLOW}")).expect(200).json(), json!([]));
    assert_eq!(ping_from("TX"), json!({"outcome": "success", "price": 2}));
    assert_eq!(ping_from("AK"), json!({"outcome": "failure", "reason": "Not there", "price": 0}));
    assert_eq!(ping_from("NY"), json!({"outcome": "failure", "reason": "Cap reached", "price": 0}));
    assert_eq!(ping_from("TX"), json!({"outcome": "success", "price": 2}));
    assert_eq!(ping_from("TX"), json!({"outcome": "failure", "reason": "Ping limit reached", "price": 0}));
    let limits = || {
        let limits = mock.get(&format!("/ping_limits?flow_id={TEST_FLOW}")).expect(200).json();
        limits
            .as_array()
            .unwrap()
            .iter()
            .map(|limit| (limit["count"].as_u64().unwrap(), limit["failed_count"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(limits(), [(2, 0), (2, 1)]);
    mock.advance("1h");
    assert_eq!(limits(), []);
    assert_eq!(ping_from("TX")["outcome"], "success");
    assert_eq!(limits(), [(1, 0), (1, 0)]);
    assert_eq!(mock.get(&format!("/events?flow_id={TEST_FLOW}")).json(), json!([]), "pings leave no events");
    assert_eq!(counted(&mock, full), (0, 0));
}

#[test]
fn prefer_scenario_applies_to_pings_and_not_to_submissions() {
    let mock = Mock::healthy();
    let solar = "/flows/66a1c0de940df5a34a3889f2/sources/5d9a4c421d011c553e000003";
    let send = |operation: &str, headers: &[(&str, &str)]| {
        let body = json!({"state": "AZ", "email": "ann@example.com"}).to_string();
        mock.request(&format!("POST {solar}/{operation}"), headers, &body)
    };
    let before = mock.get("/__admin/state").json()["world"]["accounts"].clone();
    let headers = [("key", ""), ("prefer", "scenario=no-bid")];
    assert_eq!(outcome_of(&send("ping", &headers).expect(200).json()), ("failure", "no bid", 0.0));
    assert!(send("submit", &headers).status >= 400, "its lead could not be stored");
    assert_eq!(mock.get("/__admin/state").json()["world"]["accounts"], before);
    assert_eq!(outcome_of(&send("ping", &[("key", "")]).expect(200).json()), ("success", "", 18.5));
    assert_ne!(mock.get("/__admin/state").json()["world"]["accounts"], before, "a ping is counted");
}

#[test]
fn trigger_domains_force_outcomes_unless_disabled() {
    let mock = Mock::healthy();
    let lead = |domain: &str| json!({"first_name": "Joe", "state": "TX", "email": format!("joe@{domain}")});
    let rows = [
        ("failure.example", "failure", "Failure forced by the e-mail domain", 0.0),
        ("FAILURE.example", "failure", "Failure forced by the e-mail domain", 0.0),
        ("duplicate.example", "failure", "duplicate", 0.0),
        ("error.example", "error", "Error forced by the e-mail domain", 0.0),
        ("cap.example", "failure", "Cap reached", 0.0),
        ("no-bid.example", "success", "", 0.0),
        ("recipient-failure.example", "success", "", 12.0),
        ("not-failure.example", "success", "", 12.0),
    ];
    for (domain, outcome, reason, price) in rows {
        let result = send(&mock, FLOW, SUMMIT, "submit", &lead(domain)).expect(201).json();
        assert_eq!(outcome_of(&result), (outcome, reason, price), "{domain}");
    }
    for (domain, outcome) in [
        ("recipient-failure.example", "failure"),
        ("recipient-error.example", "error"),
        ("recipient-timeout.example", "error"),
    ] {
        let result = send(&mock, FLOW, SUMMIT, "submit", &lead(domain)).expect(201).json();
        assert_eq!(kinds(&events(&mock, &result))[1], ("recipient", outcome), "{domain}");
    }
    let solar = |domain: &str| {
        let lead = json!({"state": "AZ", "email": format!("joe@{domain}")});
        send(&mock, "66a1c0de940df5a34a3889f2", ACME_SOURCE, "ping", &lead).expect(200).json()
    };
    assert_eq!(outcome_of(&solar("no-bid.example")), ("failure", "no bid", 0.0));
    assert_eq!(outcome_of(&solar("error.example")).0, "failure", "a ping without a price is a failure");
    assert_eq!(outcome_of(&solar("example.com")), ("success", "", 18.5));
    let before = mock.get("/__admin/state").json()["world"]["accounts"].clone();
    let response = send(&mock, FLOW, SUMMIT, "submit", &lead("overload.example")).expect(503);
    assert_eq!((response.header("content-type"), response.text.as_str()), (Some("text/plain"), "Service Unavailable"));
    assert_eq!(mock.get("/__admin/state").json()["world"]["accounts"], before);

    let disabled = Mock::start(leadconduit_mock::MockServer::builder().configure(|settings| settings.triggers = false));
    for (domain, ..) in rows {
        let result = send(&disabled, FLOW, SUMMIT, "submit", &lead(domain)).expect(201).json();
        assert_eq!(outcome_of(&result), ("success", "", 12.0), "{domain}");
    }
    send(&disabled, FLOW, SUMMIT, "submit", &lead("overload.example")).expect(201);
}

#[test]
fn a_lead_is_visible_everywhere_at_once_and_for_ninety_days() {
    let mock = Mock::with_scenario(
        "own",
        &json!({"version": 1, "name": "own", "description": "A test.", "extends": "healthy", "clock": NOW}).to_string(),
    );
    let lead = json!({"first_name": "Zebulon", "email": "zebulon@example.com", "state": "TX"});
    let result = send(&mock, FLOW, SUMMIT, "submit", &lead).expect(201).json();
    let id = result["lead"]["id"].as_str().unwrap().to_owned();
    let visible = || {
        let list = mock.get(&format!("/events?lead_id={id}")).expect(200).json().as_array().unwrap().len();
        let query =
            mock.post("/events", &json!({"rules": [{"lhv": "lead.id", "op": "is equal to", "rhv": id}]})).expect(200);
        let stats = mock.get("/events/stats?start=2026-05-01T12:00:00Z&end=2026-05-01T12:00:01Z&column=source-success&column=recipient-success&column=cost");
        let count = mock.get("/events/event-metrics/count?start=2026-05-01T12:00:00Z&end=2026-05-01T12:00:01Z");
        let search = mock.get("/search/leads?query=zebulon").expect(200).json()["total"].as_u64().unwrap();
        let usage = mock.get(&format!("/flows/{FLOW}/fields/usage?timeframe=this_200_days")).expect(200).json();
        let vars = mock.get("/vars").expect(200).json();
        let has_var = vars.as_array().unwrap().iter().any(|var| var["name"] == "outbound.outcome");
        (
            list,
            query.json().as_array().unwrap().len(),
            stats.expect(200).json(),
            count.expect(200).json(),
            search,
            usage["first_name"].as_u64().unwrap(),
            has_var,
        )
    };
    let (list, query, stats, count, search, usage, has_var) = visible();
    assert_eq!((list, query, search, has_var), (3, 3, 1, true));
    assert_eq!(stats, json!([{"source-success": 1, "recipient-success": 1, "cost": 12}]));
    let outcomes = json!([{"outcome": "continue", "result": 3}, {"outcome": "failure", "result": 2}, {"outcome": "success", "result": 5}]);
    assert_eq!(
        count["result"][0]["value"], outcomes,
        "one filter, one recipient and one source event more than the scenario has"
    );
    let report = "/reports/65c2d4e6940df5a34a388a01/run?start=2026-05-01T12:00:00Z&end=2026-05-01T12:00:01Z";
    assert_eq!(mock.get(report).expect(200).json()[0]["source-success"], 1);
    mock.advance("89d");
    assert_eq!(visible().0, 3);
    mock.advance("1d");
    assert_eq!(visible().0, 3, "the retention period ends to the millisecond");
    mock.advance("1ms");
    let (list, query, stats, _, search, later, _) = visible();
    assert_eq!((list, query, search), (0, 0, 0));
    assert_eq!(stats[0]["source-success"], 0, "{stats}");
    assert_eq!((usage, later), (3, 0), "the events of the scenario expire too");
    mock.get(&format!("/events/{}", result["lead"]["id"].as_str().unwrap())).expect(404);
}

#[test]
fn secrets_are_redacted_in_events() {
    let mapping = json!({"mappings": [
        {"id": "ac0001", "property": "ssn", "value": "{{social}}"},
        {"id": "ac0002", "property": "ssn", "value": "{{one}}-{{two}}-{{three}}", "rule_set": rules("one", "is not blank", Value::Null)},
    ]});
    let mock = mock_of(json!({
        "sources": [source(json!({"integration": mapping}))],
        "steps": [recipient("ee0001", json!({}))],
    }));
    let form = "application/x-www-form-urlencoded";
    let rows = [
        ("application/json", json!({"ssn": "123-45-6789", "password": "hunter2x", "first_name": "Ann"}).to_string()),
        (form, "ssn=123-45-6789&first_name=Ann&password=hunter2x".to_owned()),
        (form, "ssn=123456789&first_name=Ann".to_owned()),
        (form, "social=123-45-6789&first_name=Ann".to_owned()),
        (form, "one=123&two=45&three=6789&first_name=Ann".to_owned()),
        ("application/json", json!({"ssn": ["123-45-6789"], "first_name": "Ann"}).to_string()),
    ];
    for (media, body) in rows {
        let headers = [("key", ""), ("content-type", media)];
        let result = mock
            .request(&format!("POST /flows/{TEST_FLOW}/sources/{SUMMIT}/submit"), &headers, &body)
            .expect(201)
            .json();
        let recorded = events(&mock, &result);
        let text = json!(recorded).to_string();
        assert!(text.contains("Ann") && text.contains("***"), "{text}");
        for secret in ["123-45-6789", "123456789", "hunter2x", "=6789", "=123&"] {
            assert!(!text.contains(secret), "{secret} of {body} is in {text}");
        }
    }
}

#[test]
fn recipient_events_with_an_error_have_transactions_in_every_scenario() {
    for (scenario, lead) in [
        ("healthy", json!({"state": "TX", "email": "ann@recipient-error.example"})),
        ("healthy", json!({"state": "TX", "email": "ann@recipient-timeout.example"})),
        ("recipient-down", json!({"state": "TX"})),
    ] {
        let mock = Mock::scenario(scenario);
        let result = send(&mock, FLOW, SUMMIT, "submit", &lead).expect(201).json();
        let recorded = events(&mock, &result);
        let errors: Vec<&Value> = recorded.iter().filter(|event| event["outcome"] == "error").collect();
        assert!(errors.iter().any(|event| event["type"] == "recipient"), "{scenario}: {recorded:?}");
        for event in errors.iter().filter(|event| event["type"] != "source") {
            let transaction = &event["transactions"][0];
            assert_eq!(transaction["request"]["method"], "POST", "{scenario}: {event}");
            let is_timeout = event["ms"] == 30_000;
            assert_eq!(transaction["response"]["status"].is_null(), is_timeout, "{scenario}: {event}");
        }
    }
    let busy = Mock::scenario("busy-account");
    let errors = busy.get("/events?type=recipient&outcome=error&limit=3").expect(200).json();
    assert_eq!(errors.as_array().unwrap().len(), 3);
    assert!(errors.as_array().unwrap().iter().all(|event| event["transactions"][0]["ms"] == event["ms"]), "{errors}");
}
