//! Caps and ping limits: what they count, in which interval, and how they are listed.

use http::Method;
use serde_json::{Value, json};

use crate::fields::{event, mock_with_events};
use crate::flows::SOLAR;
use crate::support::{FLOW, GLOBEX, Mock};

/// The caps of the second flow: of the flow in a month, inside it of owners in a day, of the source in a week, of the
/// step in an hour.
const MONTH: &str = "66a1c0de940df5a34a3889c1";
const OWNERS: &str = "66a1c0de940df5a34a3889c2";
const SOURCE: &str = "66a1c0de940df5a34a3889c3";
const STEP: &str = "66a1c0de940df5a34a3889c4";
const LIMIT: &str = "66a1c0de940df5a34a3889d1";

/// A Wednesday, noon in Phoenix.
const NOW: &str = "2026-03-04T19:30:00Z";

fn owner(number: u32, at: &str) -> Value {
    event(number, SOLAR, at, json!({"vars": {"lead": {"own_home": true}}}))
}

fn rejected(number: u32, reason: &str) -> Value {
    event(number, SOLAR, "2026-03-04T19:00:00Z", json!({"outcome": "failure", "cap_reached": true, "reason": reason}))
}

fn delivery(number: u32, at: &str, more: Value) -> Value {
    let mut event = event(
        number,
        SOLAR,
        at,
        json!({
            "type": "recipient",
            "step_id": "5eef14",
            "vars": {"recipient": {"id": "64b8f2a0940df5a34a3888c2", "name": "Brightpath Insurance"}},
        }),
    );
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|cap| cap["id"].as_str().unwrap()).collect()
}

fn cap(mock: &Mock, id: &str) -> Value {
    mock.get(&format!("/caps/{id}")).expect(200).json()
}

fn counts(mock: &Mock) -> [(u64, u64); 4] {
    let number = |cap: &Value, name: &str| cap[name].as_u64().unwrap();
    [MONTH, OWNERS, SOURCE, STEP].map(|id| {
        let cap = cap(mock, id);
        (number(&cap, "count"), number(&cap, "failed_count"))
    })
}

#[test]
fn caps_count_the_leads_of_their_interval() {
    let events = [
        owner(1, "2026-03-04T07:00:00Z"),
        owner(2, "2026-03-04T19:29:59Z"),
        // The day before in Phoenix; an earlier week in New York, the account's time zone; an earlier month.
        owner(3, "2026-03-04T06:59:59Z"),
        owner(4, "2026-03-02T04:59:59Z"),
        owner(5, "2026-03-01T06:59:59Z"),
        // Not an owner, another source, another flow, not a success.
        event(6, SOLAR, "2026-03-04T18:00:00Z", json!({"vars": {"lead": {"own_home": false}}})),
        event(7, SOLAR, "2026-03-04T18:00:00Z", json!({"vars": {"source": {"id": "5d9a4b10940df5a34a3888c1"}}})),
        event(8, FLOW, "2026-03-04T18:00:00Z", json!({})),
        event(9, SOLAR, "2026-03-04T18:00:00Z", json!({"outcome": "error", "reason": "broken"})),
        rejected(10, "Cap reached"),
        rejected(11, "Enough for this week"),
        event(12, SOLAR, "2026-03-04T19:00:00Z", json!({"outcome": "failure", "reason": "Cap reached"})),
        delivery(13, "2026-03-04T19:00:00Z", json!({})),
        delivery(14, "2026-03-04T19:10:00Z", json!({"outcome": "skip", "caps_reached": true})),
        delivery(15, "2026-03-04T19:10:00Z", json!({"outcome": "skip", "caps_reached": false})),
        delivery(16, "2026-03-04T18:59:59Z", json!({})),
        delivery(17, "2026-03-04T19:10:00Z", json!({"step_id": "other1"})),
    ];
    let mock = mock_with_events(NOW, json!({"events": events}));
    // No rejected lead was an owner's, so the inner cap counts no rejection.
    assert_eq!(counts(&mock), [(6, 1), (2, 0), (4, 1), (1, 1)]);
    let month = cap(&mock, MONTH);
    assert_eq!(
        (&month["started_at"], &month["expires_at"]),
        (&json!("2026-03-01T07:00:00.000Z"), &json!("2026-04-01T07:00:00.000Z"))
    );
    assert_eq!(
        (&month["flow_id"], &month["maximum"], &month["name"]),
        (&json!(SOLAR), &json!(500), &json!("Leads in a month"))
    );
    assert_eq!((&month["cap_ids"], &month["updated_at"]), (&json!([OWNERS]), &json!("2026-03-04T19:29:59.000Z")));
    assert_eq!(month["caps"][0]["name"], "Owners in a day");
    let source = cap(&mock, SOURCE);
    assert_eq!(source["source_id"], "5d9a4c421d011c553e000003");
    assert_eq!(
        (&source["time_zone"], &source["started_at"]),
        (&json!("America/New_York"), &json!("2026-03-02T05:00:00.000Z"))
    );
    assert_eq!(cap(&mock, STEP)["step_id"], "5eef14");
    assert_eq!(ids(&mock.get("/caps").expect(200).json()), [MONTH, OWNERS, SOURCE, STEP]);
    assert_eq!(mock.get(&format!("/caps?flow_id={FLOW}")).expect(200).json(), json!([]));
    assert_eq!(ids(&mock.get(&format!("/caps?flow_id={SOLAR}")).json()).len(), 4);
}

#[test]
fn counts_start_again_with_each_interval_and_unused_caps_are_not_listed() {
    let events = [owner(1, "2026-03-04T19:10:00Z"), delivery(2, "2026-03-04T19:10:00Z", json!({}))];
    let mock = mock_with_events(NOW, json!({"events": events}));
    assert_eq!(counts(&mock), [(1, 0), (1, 0), (1, 0), (1, 0)]);
    for (by, listed) in
        [("30m", vec![MONTH, OWNERS, SOURCE]), ("12h", vec![MONTH, SOURCE]), ("5d", vec![MONTH]), ("25d", vec![])]
    {
        mock.advance(by);
        assert_eq!(ids(&mock.get("/caps").json()), listed, "after another {by}");
    }
    assert_eq!(counts(&mock), [(0, 0); 4], "by id, an unused cap has zero counts");
    mock.get("/caps/000000000000000000000000").expect(404);
    mock.call(GLOBEX, Method::GET, &format!("/caps/{MONTH}"), None).expect(404);
    assert_eq!(mock.call(GLOBEX, Method::GET, "/caps", None).json(), json!([]));
}

#[test]
fn leads_before_the_creation_of_a_cap_do_not_count() {
    let mock = mock_with_events(NOW, json!({"events": [owner(1, "2026-03-04T19:10:00Z")]}));
    let mut flow = mock.get(&format!("/flows/{SOLAR}")).json();
    flow["caps"] = json!([{"maximum": 5, "duration": 3, "duration_units": "day"}]);
    let id = mock.put(&format!("/flows/{SOLAR}"), &flow).expect(200).json()["caps"][0]["id"].clone();
    mock.call(crate::support::JANE, Method::POST, &format!("/flows/{SOLAR}/deploy"), None).expect(200);
    let created = cap(&mock, id.as_str().unwrap());
    assert_eq!((&created["count"], &created["type"]), (&json!(0), &json!("volume")));
    // Three days from the day of creation, in the account's time zone.
    assert_eq!(
        (&created["started_at"], &created["expires_at"]),
        (&json!("2026-03-04T05:00:00.000Z"), &json!("2026-03-07T05:00:00.000Z"))
    );
}

#[test]
fn ping_limits_show_the_counts_of_their_interval() {
    let counter = json!({"id": LIMIT, "count": 12, "failed_count": 3, "started_at": "2026-03-04T07:00:00Z"});
    let mock = mock_with_events(NOW, json!({"ping_counters": [counter]}));
    let limit = mock.get(&format!("/ping_limits/{LIMIT}")).expect(200).json();
    assert_eq!(
        limit,
        json!({
            "id": LIMIT,
            "name": "Pings in a day",
            "maximum": 1000,
            "duration": 1,
            "duration_units": "day",
            "time_zone": "America/Phoenix",
            "created_at": "2024-07-25T03:05:02.000Z",
            "count": 12,
            "failed_count": 3,
            "flow_id": SOLAR,
            "started_at": "2026-03-04T07:00:00.000Z",
            "expires_at": "2026-03-05T07:00:00.000Z",
        })
    );
    assert_eq!(mock.get("/ping_limits").expect(200).json(), json!([limit]));
    assert_eq!(mock.get(&format!("/ping_limits?flow_id={FLOW}")).json(), json!([]));
    mock.advance("1d");
    assert_eq!(mock.get("/ping_limits").expect(200).json(), json!([]), "no pings today");
    let limit = mock.get(&format!("/ping_limits/{LIMIT}")).expect(200).json();
    assert_eq!((&limit["count"], &limit["started_at"]), (&json!(0), &json!("2026-03-05T07:00:00.000Z")));
    mock.get("/ping_limits/000000000000000000000000").expect(404);
    mock.call(GLOBEX, Method::GET, &format!("/ping_limits/{LIMIT}"), None).expect(404);
}
