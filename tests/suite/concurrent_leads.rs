//! Leads that are submitted at the same time: none is lost, ids are unique, and caps, lists and counts hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::{HeaderValue, Method};
use leadconduit_mock::Settings;
use leadconduit_mock::internals::{Body, Pipeline, Request, load};
use serde_json::{Value, json};

use crate::support::{FLOW, JANE, basic};

const THREADS: usize = 6;
const EACH: usize = 8;

/// The Texas flow of `healthy` with a cap of ten leads in a day.
const CAPPED: &str = "
version: 1
name: own
description: A test.
extends: healthy
world:
  accounts:
    - account: { id: 5fd4371e940df5a34a3888b2 }
      flows:
        - id: 64b8f0f5e4b0c3a1d5e6f7ab
          caps:
            - id: 66a1c0de940df5a34a3889ca
              type: volume
              name: Leads in a day
              maximum: 10
              duration: 1
              duration_units: day
              created_at: '2023-07-20T08:31:49.000Z'
";

fn server(scenario: &str, text: Option<&str>) -> Arc<Pipeline> {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings {
        clock: Some("2026-05-01T12:00:00Z".parse().unwrap()),
        scenario: scenario.to_owned(),
        ..Settings::default()
    };
    if let Some(text) = text {
        std::fs::write(folder.path().join("own.yaml"), text).unwrap();
        settings.scenarios = Some(folder.path().to_owned());
    }
    load(&settings).unwrap().pipeline
}

fn call(server: &Pipeline, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let mut request = Request::new(method, path.parse().unwrap());
    // The control API checks it.
    request.headers.insert("host", HeaderValue::from_static("localhost"));
    request.headers.insert("accept", HeaderValue::from_static("application/json"));
    if let Some(body) = body {
        request.headers.insert("content-type", HeaderValue::from_static("application/json"));
        request.body = Body::Complete(body.to_string().into());
    } else {
        request.headers.insert("authorization", HeaderValue::try_from(basic(JANE)).unwrap());
    }
    let response = server.handle(&request);
    (response.status.as_u16(), serde_json::from_slice(&response.body).unwrap())
}

/// Posts leads from several threads; `lead` gets the thread and the number of the lead. Returns the responses.
fn post_at_once(server: &Pipeline, to: &str, lead: impl Fn(usize, usize) -> Value + Sync) -> Vec<Value> {
    let path = format!("/flows/{FLOW}/sources/5d9a4b10940df5a34a3888c1/{to}");
    std::thread::scope(|scope| {
        let (path, lead) = (&path, &lead);
        let post = move |thread| {
            (0..EACH)
                .map(|number| {
                    let (status, body) = call(server, Method::POST, path, Some(&lead(thread, number)));
                    assert!(status == 201 || status == 200, "{status} {body}");
                    body
                })
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || post(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn texan(thread: usize, number: usize) -> Value {
    json!({"first_name": "Ann", "email": format!("ann-{thread}-{number}@example.org"), "state": "TX"})
}

fn accepted(responses: &[Value]) -> usize {
    responses.iter().filter(|response| response["outcome"] == "success").count()
}

fn list(server: &Pipeline, path: &str) -> Vec<Value> {
    let (status, body) = call(server, Method::GET, path, None);
    assert_eq!(status, 200, "{body}");
    body.as_array().unwrap().clone()
}

#[test]
fn no_lead_is_lost_and_all_ids_are_unique() {
    let server = server("healthy", None);
    let responses = post_at_once(&server, "submit", texan);
    assert_eq!(accepted(&responses), THREADS * EACH);
    let leads: BTreeSet<&str> = responses.iter().map(|response| response["lead"]["id"].as_str().unwrap()).collect();
    assert_eq!(leads.len(), THREADS * EACH);
    let mut events = BTreeSet::new();
    for lead in &leads {
        let of_lead = list(&server, &format!("/events?lead_id={lead}"));
        assert_eq!(of_lead.len(), 3, "{of_lead:?}");
        events.extend(of_lead.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(events.len(), 3 * THREADS * EACH, "no two events have the same id");
}

#[test]
fn a_cap_accepts_no_more_leads_than_its_maximum() {
    let server = server("own", Some(CAPPED));
    let counts = || {
        let (_, cap) = call(&server, Method::GET, "/caps/66a1c0de940df5a34a3889ca", None);
        ["count", "failed_count"].map(|name| usize::try_from(cap[name].as_u64().unwrap()).unwrap())
    };
    // The history of the scenario has leads too.
    let [before, _] = counts();
    let responses = post_at_once(&server, "submit", texan);
    assert_eq!(accepted(&responses), 10 - before);
    assert_eq!(counts(), [10, THREADS * EACH - (10 - before)]);
}

#[test]
fn of_the_same_leads_one_is_accepted() {
    let server = server("duplicate-leads", None);
    let responses = post_at_once(&server, "submit", |_, number| texan(0, number));
    assert_eq!(accepted(&responses), EACH, "one of each");
    assert!(responses.iter().all(|response| response["outcome"] == "success" || response["reason"] == "duplicate"));
}

#[test]
fn every_ping_is_counted() {
    let server = server("healthy", None);
    assert_eq!(post_at_once(&server, "ping", texan).len(), THREADS * EACH);
    let (status, state) = call(&server, Method::GET, "/__admin/state", None);
    assert_eq!(status, 200, "{state}");
    let accounts = state["world"]["accounts"].as_array().unwrap();
    let totals = accounts.iter().filter_map(|account| account["ping_totals"].as_array()).flatten();
    let submitted: u64 = totals.map(|total| total["submitted"].as_u64().unwrap()).sum();
    assert_eq!(usize::try_from(submitted).unwrap(), THREADS * EACH);
}
