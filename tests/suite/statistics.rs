//! Statistics and metrics, compared with the events.

use http::Method;
use leadconduit_mock::MockServer;
use serde_json::{Value, json};

use crate::support::{GLOBEX, Mock};

/// Two leads before and after midnight in New York, and feedback at noon.
fn mock() -> Mock {
    let clock = "2026-04-18T05:45:00Z".parse().unwrap();
    Mock::start(MockServer::builder().configure(move |settings| settings.clock = Some(clock)))
}

fn stats(mock: &Mock, query: &str) -> Value {
    mock.get(&format!("/events/stats?{query}")).expect(200).json()
}

const ALL_TIME: &str = "start=2026-01-01&end=2027-01-01";

#[test]
fn today_is_in_the_time_zone_of_the_account() {
    let mock = mock();
    // In New York, the first lead was submitted at 23:45 yesterday, the second one at 00:15.
    assert_eq!(stats(&mock, ""), json!([{"source-success": 0, "source-failure": 1, "source-error": 0}]));
    assert_eq!(stats(&mock, "timezone=UTC"), json!([{"source-success": 1, "source-failure": 1, "source-error": 0}]));
    assert_eq!(stats(&mock, "timezone=-14400"), json!([{"source-success": 0, "source-failure": 1, "source-error": 0}]));
    mock.advance("24h");
    assert_eq!(stats(&mock, ""), json!([{"source-success": 0, "source-failure": 0, "source-error": 0}]));
    mock.get("/events/stats?timezone=America/Nowhere").expect(422);
}

#[test]
fn columns_are_consistent() {
    let mock = mock();
    let names = [
        "source-submitted",
        "recipient-submitted",
        "recipient-success",
        "recipient-failure",
        "recipient-error",
        "conversion-received-submitted",
        "conversion-received-success",
        "return-received-submitted",
        "ping-submitted",
        "cost",
        "revenue",
        "profit",
        "cost-per-conversion-received-success",
        "avg-cost-per-lead",
        "avg-revenue-per-lead",
    ];
    let columns = format!("&column={}", names.join("&column="));
    let numbers = [
        json!(2),
        json!(2),
        json!(1),
        json!(1),
        json!(0),
        json!(1),
        json!(1),
        json!(0),
        json!(0),
        json!(12),
        json!(25.5),
        json!(13.5),
        json!(12),
        json!(12),
        json!(25.5),
    ];
    let expected: Value = names.iter().map(|name| (*name).to_owned()).zip(numbers).collect();
    let rows = mock.get(&format!("/events/stats?{ALL_TIME}{columns}")).expect(200);
    assert_eq!(rows.json(), json!([expected]));
    assert!(
        rows.text.starts_with(r#"[{"source-submitted":2,"#) && rows.text.contains(r#""cost":12,"#),
        "{}",
        rows.text
    );
}

#[test]
fn by_lead_counts_leads_instead_of_events() {
    let mock = mock();
    let twice = mock.get("/events/69e3b1a3940df5a34a388f02").json();
    let scenario = json!({"version": 1, "name": "own", "description": "One more delivery.", "extends": "healthy", "clock": "2026-04-18T05:45:00Z", "world": {"accounts": [
        {"account": {"id": crate::support::ACME_ID}, "events": [{"id": "69e3b1a3940df5a34a388f0a", "type": "recipient",
            "outcome": "success", "reason": "", "sale_price": 4.5, "start_timestamp": twice["start_timestamp"], "vars": twice["vars"]}]},
    ]}});
    let mock = Mock::with_scenario("own", &scenario.to_string());
    let of = |by_lead: bool| {
        stats(
            &mock,
            &format!(
                "{ALL_TIME}&column=recipient-success&column=revenue&by_lead={by_lead}&rule={}",
                "%7B%22lhv%22:%22start_timestamp%22,%22op%22:%22is+not+blank%22%7D"
            ),
        )
    };
    assert_eq!(of(true), json!([{"recipient-success": 1, "revenue": 30}]), "prices are summed for every event");
    assert_eq!(of(false), json!([{"recipient-success": 2, "revenue": 30}]));
}

#[test]
fn rows_are_grouped_by_property_and_interval() {
    let mock = mock();
    let rows = stats(
        &mock,
        &format!("{ALL_TIME}&group_by=vars.lead.city&group_by=source.name&column=source-success&column=cost"),
    );
    assert_eq!(
        rows,
        json!([
            {"vars.lead.city": "Austin", "source.name": "Summit Lead Partners", "source-success": 1, "cost": 12},
            {"vars.lead.city": "Dallas", "source.name": "Summit Lead Partners", "source-success": 0, "cost": 0},
        ])
    );
    let span = "start=2026-04-17T04:00:00Z&end=2026-04-19T03:59:59.999Z&interval=daily&column=source-submitted";
    assert_eq!(
        stats(&mock, span),
        json!([
            {"start": "2026-04-17T04:00:00.000Z", "end": "2026-04-18T03:59:59.999Z", "source-submitted": 1},
            {"start": "2026-04-18T04:00:00.000Z", "end": "2026-04-19T03:59:59.999Z", "source-submitted": 1},
        ])
    );
    let in_utc = stats(&mock, &format!("{span}&timezone=0"));
    let counts: Vec<&Value> = in_utc.as_array().unwrap().iter().map(|row| &row["source-submitted"]).collect();
    assert_eq!(counts, [&json!(0), &json!(2), &json!(0)]);
    let grouped = stats(&mock, &format!("{span}&group_by=lead.city"));
    assert_eq!(grouped.as_array().unwrap().len(), 2, "intervals without groups have no row: {grouped}");
    mock.get("/events/stats?start=2020-01-01&end=2026-01-01&interval=minutely").expect(422);
}

#[test]
fn filters_select_the_events() {
    let mock = mock();
    let column = "column=source-submitted&column=recipient-submitted";
    let rule = "%7B%22lhv%22:%22lead.city%22,%22op%22:%22is+equal+to%22,%22rhv%22:%22AUSTIN%22%7D";
    for (query, source, recipient) in [
        (format!("{ALL_TIME}&type=source"), 2, 0),
        (format!("{ALL_TIME}&type=recipient"), 0, 2),
        (format!("{ALL_TIME}&type=source&type=recipient"), 2, 2),
        (format!("{ALL_TIME}&outcome=failure"), 1, 1),
        (format!("{ALL_TIME}&rule={rule}"), 1, 1),
        ("start=2026-04-18T04:00:00Z&end=2027-01-01".to_owned(), 1, 1),
        ("start=2026-01-01&end=2026-04-18T03:45:00Z".to_owned(), 1, 1),
        ("start=2026-01-01&end=2026-04-18T03:44:59.999Z".to_owned(), 0, 0),
    ] {
        let row = json!([{"source-submitted": source, "recipient-submitted": recipient}]);
        assert_eq!(stats(&mock, &format!("{query}&{column}")), row, "{query}");
    }
    mock.get("/events/stats?rule=%7B%7D").expect(400);
    mock.get("/events/stats?column=profits").expect(400);
    let globex = mock.call(GLOBEX, Method::GET, &format!("/events/stats?{ALL_TIME}"), None).expect(200).json();
    assert_eq!(globex, json!([{"source-success": 0, "source-failure": 0, "source-error": 0}]));
}

#[test]
fn rows_are_csv_on_request() {
    let mock = mock();
    let path = format!("GET /events/stats?{ALL_TIME}&group_by=account.name&column=source-success&column=revenue");
    let csv = mock.request(&path, &[("accept", "text/csv")], "").expect(200);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.text, "account.name,source-success,revenue\n\"Acme, Inc.\",1,25.5\n");
    let json = mock.request(&path, &[("accept", "application/json, text/csv;q=0.5")], "").expect(200);
    assert_eq!(json.json()[0]["account.name"], "Acme, Inc.");
}

fn metric(mock: &Mock, name: &str, parameters: &[(&str, &str)]) -> Value {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    mock.get(&format!("/events/event-metrics/{name}?{query}")).expect(200).json()["result"].clone()
}

#[test]
fn metrics_count_by_interval_and_group() {
    let mock = mock();
    let day = json!({"start": "2026-04-18T00:00:00.000Z", "end": "2026-04-19T00:00:00.000Z"});
    assert_eq!(
        metric(&mock, "count", &[("timeframe", "today")]),
        json!([{"timeframe": day, "value": [{"outcome": "continue", "result": 2}, {"outcome": "failure", "result": 2},
            {"outcome": "success", "result": 3}]}])
    );
    let parameters = [
        ("timeframe", r#"{"start":"2026-04-17T05:00:00Z","end":"2026-04-19T05:00:00Z"}"#),
        ("interval", "daily"),
        ("timezone", "-14400"),
        ("group_by", "type"),
        ("target_property", "lead.city"),
        ("filters", r#"[{"property_name":"type","operator":"in","property_value":["source","filter"]}]"#),
    ];
    let days = metric(&mock, "count_unique", &parameters);
    assert_eq!(days.as_array().unwrap().len(), 3);
    assert_eq!(days[0]["timeframe"]["start"], "2026-04-17T04:00:00.000Z");
    assert_eq!(days[0]["value"], json!([{"type": "filter", "result": 1}, {"type": "source", "result": 1}]));
    assert_eq!(days[2]["value"], json!([]));
    assert_eq!(
        metric(&mock, "select_unique", &[("target_property", "vars.lead.city"), ("group_by", r#"["vars.source.id"]"#)]),
        json!([{"vars.source.id": "5d9a4b10940df5a34a3888c1", "result": ["Austin", "Dallas"]}])
    );
}

#[test]
fn medians_and_funnels_are_computed() {
    let mock = mock();
    let medians = metric(&mock, "median", &[("target_property", "ms"), ("group_by", "type")]);
    let of = |kind: &str| medians.as_array().unwrap().iter().find(|row| row["type"] == kind).unwrap()["median"].clone();
    assert_eq!((of("source"), of("filter"), of("feedback-received")), (json!(223.5), json!(3.5), json!(6)));
    // The last 6,000 seconds contain the second lead.
    let recent = metric(&mock, "median", &[("max_age", "6000"), ("group_by", "type")]);
    assert_eq!(recent[2], json!({"type": "recipient", "median": 187}));
    let step = |kind: &str, outcome: &str| {
        json!({"filters": [{"property_name": "type", "operator": "eq", "property_value": kind},
            {"property_name": "outcome", "operator": "ne", "property_value": outcome}]})
    };
    let steps =
        json!([step("source", ""), step("recipient", "failure"), step("feedback-received", "error")]).to_string();
    assert_eq!(metric(&mock, "funnel", &[("steps", &steps)]), json!([2, 1, 1]));
    let turned = json!([step("feedback-received", ""), step("recipient", "success")]).to_string();
    assert_eq!(metric(&mock, "funnel", &[("steps", &turned)]), json!([1, 0]));
    for wrong in ["timeframe=soon", "timeframe=%7B%7D", "interval=often", "filters=%7B%7D", "filters=1", "timezone=x"] {
        mock.get(&format!("/events/event-metrics/count?{wrong}")).expect(400);
    }
    mock.get("/events/event-metrics/funnel?steps=%5B1%5D").expect(400);
    mock.get("/events/event-metrics/average").expect(404);
}

/// Counts from summaries equal counts from documents.
#[test]
fn statistics_of_a_generated_history_equal_those_of_its_documents() {
    let scenario = "{version: 1, name: past, description: A past., extends: healthy, world: {accounts: [{account: \
        {id: 5fd4371e940df5a34a3888b2}, generate: {flows: 3, leads: 60, events: 400}}]}}";
    let mock = Mock::with_scenario("past", scenario);
    let (mut events, mut after): (Vec<Value>, String) = (Vec::new(), String::new());
    loop {
        let page = mock.get(&format!("/events?sort=asc&limit=150{after}")).expect(200).json();
        let Some(last) = page.as_array().unwrap().last() else { break };
        after = format!("&after_id={}", last["id"].as_str().unwrap());
        events.extend(page.as_array().unwrap().iter().cloned());
    }
    assert_eq!(events.len(), 407);
    assert!(events.is_sorted_by(|a, b| a["id"].as_str() < b["id"].as_str()));
    let of = |kind: &'static str| events.iter().filter(move |event| event["type"] == kind);
    let sum =
        |kind, name: &str| of(kind).filter(|e| e["outcome"] == "success").filter_map(|e| e[name].as_f64()).sum::<f64>();
    let leads: std::collections::BTreeSet<&str> = of("recipient")
        .filter(|event| event["outcome"] == "success")
        .filter_map(|event| event["vars"]["lead"]["id"].as_str())
        .collect();
    let span = "start=2020-01-01&end=2099-01-01";
    let row =
        stats(&mock, &format!("{span}&column=source-submitted&column=recipient-success&column=cost&column=revenue"));
    assert_eq!(row[0]["source-submitted"], 62);
    assert_eq!(row[0]["recipient-success"], leads.len());
    assert_eq!(row[0]["cost"].as_f64(), Some(sum("source", "cost")));
    assert_eq!(row[0]["revenue"].as_f64(), Some(sum("recipient", "sale_price")));
    let flows = stats(&mock, &format!("{span}&group_by=flow.name&column=source-submitted"));
    assert_eq!(flows.as_array().unwrap().len(), 4);
    let all: u64 = flows.as_array().unwrap().iter().filter_map(|row| row["source-submitted"].as_u64()).sum();
    assert_eq!(all, 62);
    let event = of("recipient").nth(7).unwrap();
    assert_eq!(mock.get(&format!("/events/{}", event["id"].as_str().unwrap())).expect(200).json(), *event);
    let one =
        mock.get(&format!("/events?lead_id={}", event["vars"]["lead"]["id"].as_str().unwrap())).expect(200).json();
    let same = events.iter().rev().filter(|other| other["vars"]["lead"]["id"] == event["vars"]["lead"]["id"]);
    assert_eq!(one.as_array().unwrap().iter().collect::<Vec<_>>(), same.collect::<Vec<_>>());
}

#[test]
fn pings_are_counted_by_flow_and_source_and_time() {
    let mock = Mock::scenario("lead-market");
    mock.put("/__admin/clock", &json!({"freeze": "2026-05-01T12:00:00Z"})).expect(200);
    let source = "/flows/66d0c0de940df5a34a38a001/sources/5d9a4c421d011c553e000003";
    let send = |operation: &str, lead: &Value| {
        mock.call("", http::Method::POST, &format!("{source}/{operation}"), Some(lead)).json()["outcome"].clone()
    };
    let lead = json!({"state": "TX", "phone_1": "512-555-0142", "owner": "yes", "email": "ann@example.com"});
    assert_eq!(send("ping", &lead), "success");
    assert_eq!(send("ping", &json!({"email": "ann@no-bid.example"})), "failure");
    mock.advance("1h");
    assert_eq!(send("ping", &lead), "success");
    assert_eq!(send("ping", &lead), "success");
    send("submit", &lead);
    let columns = "column=ping-submitted&column=ping-success&column=ping-success-rate&column=ping-win-rate";
    let span = "start=2026-05-01T11:59:00Z&end=2026-05-01T14:00:00Z&timezone=UTC";
    let only =
        "rule=%7B%22lhv%22:%22flow.id%22,%22op%22:%22is%20equal%20to%22,%22rhv%22:%2266d0c0de940df5a34a38a001%22%7D";
    assert_eq!(
        stats(&mock, &format!("{span}&{columns}&{only}")),
        json!([{"ping-submitted": 4, "ping-success": 3, "ping-success-rate": 75, "ping-win-rate": 25}])
    );
    let grouped = stats(&mock, &format!("{span}&column=ping-submitted&group_by=source.id&interval=hourly&{only}"));
    let counts: Vec<(&str, u64)> = grouped
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["start"].as_str().unwrap(), row["ping-submitted"].as_u64().unwrap()))
        .collect();
    assert_eq!(counts, [("2026-05-01T12:00:00.000Z", 2), ("2026-05-01T13:00:00.000Z", 2)]);
    assert_eq!(grouped[0]["source.id"], "5d9a4c421d011c553e000003");
}
