//! The search for leads.

use serde_json::{Value, json};

use crate::lead_submission::{LOANS, PAST, mock};
use crate::support::{GLOBEX, Mock};

const SUMMIT: &str = "5d9a4b10940df5a34a3888c1";

/// Submits leads, the oldest first; returns their ids.
fn submit(mock: &Mock, leads: &[&str]) -> Vec<String> {
    let submit_one = |query: &&str| {
        let line = format!("GET /flows/{LOANS}/sources/{SUMMIT}/submit?{query}");
        mock.request(&line, &[("key", "")], "").expect(201).json()["lead"]["id"].as_str().unwrap().to_owned()
    };
    leads.iter().map(submit_one).collect()
}

/// The first names of the hits, and their number.
fn found(mock: &Mock, query: &str) -> (Vec<String>, u64) {
    let response = mock.get(&format!("/search/leads?{query}")).expect(200).json();
    let names =
        response["hits"].as_array().unwrap().iter().map(|hit| hit["first_name"].as_str().unwrap_or("-").to_owned());
    (names.collect(), response["total"].as_u64().unwrap())
}

fn names(names: &[&str]) -> (Vec<String>, u64) {
    (names.iter().map(|name| (*name).to_owned()).collect(), names.len() as u64)
}

#[test]
fn every_word_must_match_a_prefix_and_hits_are_ranked() {
    let mock = mock();
    submit(
        &mock,
        &[
            "first_name=Zelda&last_name=Quill&state=TX",
            "first_name=Zeldamira&last_name=Quillon&state=OK",
            "first_name=Quill&last_name=van+der+Zelda&state=TX",
        ],
    );
    assert_eq!(found(&mock, "query=ZELDA"), names(&["Zelda", "Quill", "Zeldamira"]));
    assert_eq!(
        found(&mock, "query=zel+tx"),
        names(&["Quill", "Zelda"]),
        "hits of equal rank are ordered by time, the newest first"
    );
    assert_eq!(found(&mock, "query=elda"), names(&[]));
    assert_eq!(found(&mock, "query=%22van+der+z%22"), names(&["Quill"]));
    assert_eq!(found(&mock, "query=%22der+van%22"), names(&[]));
    assert_eq!(found(&mock, "query=quill&sort_by=last_name").0, ["Zelda", "Zeldamira", "Quill"]);
    assert_eq!(found(&mock, "query=quill&sort_by=last_name&sort_dir=desc").0, ["Quill", "Zeldamira", "Zelda"]);
    assert_eq!(found(&mock, "query=quill&sort_by=lead_id").0, ["Zelda", "Zeldamira", "Quill"]);
    assert_eq!(found(&mock, "query=quill&sort_by=lead_id&from=1&limit=1"), (vec!["Zeldamira".to_owned()], 3));
}

#[test]
fn a_hit_has_the_source_the_highlights_and_the_latest_event() {
    let mock = mock();
    let ids = submit(&mock, &["first_name=Zelda&last_name=Quill&email=zelda.quill@example.com"]);
    let hit = mock.get("/search/leads?query=quill").expect(200).json()["hits"][0].clone();
    let mut expected = json!({
        "lead_id": ids[0],
        "flow_id": LOANS,
        "flow_name": "Loans",
        "source_id": SUMMIT,
        "source_name": "Summit Lead Partners",
        "first_name": "Zelda",
        "last_name": "Quill",
        "email": "zelda.quill@example.com",
        "submission_timestamp": "2026-05-01T12:00:00.000Z",
        "highlight": {"last_name": ["<em>Quill</em>"], "email": ["zelda.<em>quill</em>@example.com"]},
    });
    expected["latest_event"] = hit["latest_event"].clone();
    assert_eq!(hit, expected);
    assert_eq!(
        (&hit["latest_event"]["type"], &hit["latest_event"]["vars"]["lead"]["id"]),
        (&json!("source"), &json!(ids[0]))
    );
    assert!(hit.as_object().unwrap().get("phone_1").is_none());
    // Another account does not see it.
    let other = mock.request("GET /search/leads?query=quill", &[("key", GLOBEX)], "").expect(200).json();
    assert_eq!(other, json!({"hits": [], "total": 0}));
    let by_id = mock.get(&format!("/search/leads?query={}", ids[0])).expect(200).json();
    assert_eq!(by_id["total"], 1);
}

#[test]
fn an_empty_query_matches_every_lead_with_its_submitted_values() {
    let mock = mock();
    let all = mock.get("/search/leads").expect(200).json();
    let joe = all["hits"].as_array().unwrap().iter().find(|hit| hit["lead_id"] == "69f40000940df5a34a388a01").cloned();
    let joe = joe.unwrap_or_else(|| panic!("{all}"));
    assert_eq!(
        (&joe["email"], &joe["submission_timestamp"]),
        (&json!("Joe@Example.com"), &json!("2026-05-01T01:46:40.000Z"))
    );
    assert_eq!(joe.get("highlight"), None::<&Value>);
}

#[test]
fn invalid_search_parameters_are_rejected() {
    let mock = mock();
    for query in
        ["limit=0", "limit=101", "limit=x", "from=-1", "from=950&limit=51", "from=1000", "sort_by=age", "sort_dir=up"]
    {
        mock.get(&format!("/search/leads?{query}")).expect(400);
    }
    mock.get("/search/leads?from=950&limit=50").expect(200);
}

#[test]
fn ten_thousand_leads_can_be_searched() {
    let mock = Mock::with_scenario("own", PAST);
    let all = mock.get("/search/leads?limit=100&from=900").expect(200).json();
    assert!(all["total"].as_u64() >= Some(10_000), "{}", all["total"]);
    assert_eq!(all["hits"].as_array().map(Vec::len), Some(100));
    let name = all["hits"][7]["first_name"].as_str().unwrap();
    let found = mock.get(&format!("/search/leads?query={name}&sort_by=last_name")).expect(200).json();
    let total = found["total"].as_u64().unwrap();
    assert!(total > 0 && total < 1000, "{total}");
    let hits = found["hits"].as_array().unwrap();
    assert!(hits.iter().all(|hit| !hit["highlight"].as_object().unwrap().is_empty()));
}
