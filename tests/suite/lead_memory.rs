//! Memory use after many submissions stays within the limits.

use leadconduit_mock::Timestamp;
use serde_json::{Value, json};

use crate::support::ACME_ID;
use crate::wire::{Process, Wire};

const FLOW: &str = "66b2c1de940df5a34a388a11";
const SOURCE: &str = "5d9a4b10940df5a34a3888c1";
const CAP: &str = "66b2c1de940df5a34a3880c1";

/// More than the budget holds: their events are large, so that few of them reach it.
const LEADS: usize = 16_000;
const CONNECTIONS: usize = 4;
/// How many requests a connection sends before it reads their responses.
const BATCH: usize = 50;

/// The byte budgets of the events (`src/leadconduit/state/events/log.rs`) and of the journal.
const EVENTS_MIB: usize = 192;
const JOURNAL_MIB: usize = 32;
/// Everything else: the program with its world, the index of the events, the searchable leads, and memory that the
/// allocator has not returned.
const OTHER_MIB: usize = 160;

/// A flow without steps: a lead leaves one event.
fn scenario() -> String {
    json!({
        "version": 1, "name": "own", "description": "A test.", "extends": "healthy", "clock": "2026-05-01T12:00:00Z",
        "world": {"accounts": [{"account": {"id": ACME_ID}, "flows": [{
            "id": FLOW, "name": "Own", "enabled": true, "fields": ["first_name", "postal_code"],
            "caps": [{"id": CAP, "type": "volume", "name": "A day", "maximum": LEADS - 10, "duration": 1,
                "duration_units": "day", "created_at": "2024-01-01T00:00:00.000Z"}],
            "sources": [{"id": "aa0001", "entity": {"id": SOURCE, "name": "Summit Lead Partners"},
                "integration": {"module_id": "leadconduit-default.inbound"}}],
            "steps": [],
            "created_at": "2024-08-07T00:00:00.000Z", "updated_at": "2024-08-07T00:00:00.000Z",
        }]}]},
    })
    .to_string()
}

/// Submits leads over one connection, and returns the id of the first.
fn submit(server: &Process, count: usize) -> String {
    let mut wire = Wire::open(server.address);
    // `comments` is not a field of the flow: it is in the recorded request of the event, but not in the lead.
    let lead = format!("first_name=Zebulon&postal_code=78001&comments={}", "x".repeat(20_000));
    let head = "Host: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let path = format!("/flows/{FLOW}/sources/{SOURCE}/submit");
    let request = format!("POST {path} HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{lead}", lead.len());
    let batch = request.repeat(BATCH).into_bytes();
    let mut first = String::new();
    for _ in 0..count / BATCH {
        wire.send(&batch);
        for _ in 0..BATCH {
            let (head, body) = wire.read_response(false);
            assert!(head.starts_with("HTTP/1.1 201 "), "{head}");
            if first.is_empty() {
                let result: Value = serde_json::from_slice(&body).unwrap();
                result["lead"]["id"].as_str().unwrap().clone_into(&mut first);
            }
        }
    }
    first
}

#[test]
fn leads_beyond_the_budgets_stay_within_the_memory_limits() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), scenario()).unwrap();
    let server = Process::start(CONNECTIONS, &["--scenarios", folder.path().to_str().unwrap(), "--scenario", "own"]);
    let oldest = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| submit(&server, LEADS / CONNECTIONS))).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).min().unwrap()
    });
    let resident = server.resident() / (1024 * 1024);
    let mut wire = Wire::open(server.address);
    let mut get = |path: &str| wire.request("GET", path, &[], None).expect(200).json();

    let kept = get("/events/stats?start=2026-05-01&end=2026-05-02&column=source-submitted&by_lead=false");
    let kept = usize::try_from(kept[0]["source-submitted"].as_u64().unwrap()).unwrap();
    let newest = get(&format!("/events?flow_id={FLOW}&limit=1"));
    let event_bytes = newest[0].to_string().len();
    println!("{LEADS} leads: {kept} events of {event_bytes} bytes kept, {resident} MiB");
    // As many as the budget allows, within 5 %, because their sizes differ; some more, because a trace takes less memory
    // than the event that is rendered from it.
    let capacity = EVENTS_MIB * 1024 * 1024 / event_bytes;
    assert!(
        kept < LEADS && kept > capacity - capacity / 20 && kept < capacity + capacity / 5,
        "{kept} events of {event_bytes} bytes, capacity {capacity}"
    );
    assert_eq!(
        get("/search/leads?query=zebulon")["total"].as_u64().and_then(|total| usize::try_from(total).ok()),
        Some(kept),
        "leads are evicted with their events"
    );
    assert_eq!(get(&format!("/events?lead_id={oldest}")), json!([]), "the oldest events are evicted");
    assert!(resident < EVENTS_MIB + JOURNAL_MIB + OTHER_MIB, "{resident} MiB");

    // Cap counts survive eviction: the last ten leads exceeded the cap.
    let cap = get(&format!("/caps/{CAP}"));
    assert_eq!((&cap["count"], &cap["failed_count"]), (&json!(LEADS - 10), &json!(10)));
    assert_eq!(newest[0]["reason"], "Cap reached");
    let began = newest[0]["start_timestamp"].as_i64().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    assert_eq!(began, "2026-05-01T12:00:00Z".parse().ok());
}
