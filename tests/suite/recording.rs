//! An exchange is recorded before its response is sent, and the journal stays within its bounds.

use http::{HeaderValue, Method};
use leadconduit_mock::internals::{Pipeline, Request, Response, load};
use leadconduit_mock::{MockServer, Settings};
use serde_json::{Value, json};

use crate::support::{JANE, Mock, basic};
use crate::wire::{Process, Wire};

fn send(pipeline: &Pipeline, sandbox: &str, path: &str) -> Response {
    let mut request = Request::new(Method::GET, path.parse().unwrap());
    request.headers.insert("host", HeaderValue::from_static("localhost"));
    request.headers.insert("authorization", HeaderValue::try_from(basic(JANE)).unwrap());
    request.headers.insert("x-mock-sandbox", HeaderValue::try_from(sandbox).unwrap());
    pipeline.handle(&request)
}

/// Sends requests from several threads at once, each followed by a query for it in the journal. `entries_max` bounds the
/// journal of one sandbox; `sandbox` returns the sandbox of a thread.
fn query_after_each_response(rounds: usize, entries_max: usize, sandbox: impl Fn(usize) -> String + Sync) {
    const THREADS: usize = 8;
    let mut settings = Settings::default();
    settings.limits.journal_entries_max = entries_max;
    // Only the number of entries bounds the journals.
    settings.limits.journal_bytes_max = usize::MAX;
    settings.limits.journal_total_bytes_max = usize::MAX;
    let pipeline = load(&settings).unwrap().pipeline;
    let round = |thread: usize, number: usize| {
        let (sandbox, path) = (sandbox(thread), ["/user", "/nowhere", "/account?a=b"][number % 3]);
        let response = send(&pipeline, &sandbox, path);
        let id = response.headers["x-mock-request-id"].to_str().unwrap().to_owned();
        let found = send(&pipeline, &sandbox, &format!("/__admin/requests/{id}"));
        assert_eq!(found.status, 200, "{path} {id}: {:?}", found.body);
        if number.is_multiple_of(100) {
            let found: Value = serde_json::from_slice(&found.body).unwrap();
            assert_eq!(found["request"]["url"], path);
            assert_eq!(found["response"]["status"], response.status.as_u16());
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let round = &round;
            scope.spawn(move || (0..rounds).for_each(|number| round(thread, number)));
        }
    });
}

#[test]
fn an_exchange_is_recorded_before_its_response_is_returned() {
    // One journal per thread. It holds a single entry, which is always that of the latest response.
    query_after_each_response(2_000, 1, |thread| format!("s{thread}"));
}

#[test]
fn threads_that_share_a_journal_find_their_own_exchanges() {
    const ROUNDS: usize = 1_000;
    // Two threads per journal, which holds all entries of both.
    query_after_each_response(ROUNDS, 2 * ROUNDS, |thread| format!("s{}", thread / 2));
}

#[test]
fn an_exchange_is_recorded_before_its_response_is_received() {
    const CLIENTS: usize = 4;
    const ROUNDS: usize = 300;
    for (entries_max, is_shared) in [(1, false), (CLIENTS * ROUNDS, true)] {
        let process = Process::start(2, &["--journal-entries-max", &entries_max.to_string()]);
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let address = process.address;
                scope.spawn(move || {
                    let sandbox = if is_shared { "shared".to_owned() } else { format!("s{client}") };
                    let headers = [("X-Mock-Sandbox", sandbox.as_str())];
                    let (mut client, mut query) = (Wire::open(address), Wire::open(address));
                    for _ in 0..ROUNDS {
                        let response = client.request("GET", "/user", &headers, None).expect(200);
                        let id = response.header("x-mock-request-id").unwrap();
                        query.request("GET", &format!("/__admin/requests/{id}"), &headers, None).expect(200);
                    }
                });
            }
        });
    }
}

#[test]
fn the_oldest_exchanges_are_dropped_and_counted() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.journal_entries_max = 10));
    for _ in 0..25 {
        mock.get("/user").expect(200);
    }
    let journal = mock.get("/__admin/requests").json();
    assert_eq!((&journal["meta"]["total"], &journal["meta"]["dropped"]), (&json!(10), &json!(15)));
    assert_eq!(journal["requests"][9]["number"], 16);
}

#[test]
fn journal_bytes_are_bounded_per_sandbox_and_in_total() {
    let body = json!({"name": "x".repeat(40_000)});
    let entries = |each: usize, together: usize, sandboxes: usize| {
        let mock = Mock::start(MockServer::builder().configure(|settings| {
            settings.limits.journal_bytes_max = each;
            settings.limits.journal_total_bytes_max = together;
            settings.limits.sandboxes_max = 20;
        }));
        let sizes = (0..sandboxes).map(|number| {
            let at = format!("/__sandbox/s{number}");
            for _ in 0..10 {
                mock.post(&format!("{at}/credentials"), &body).expect(400);
            }
            mock.get(&format!("{at}/__admin/requests?limit=1")).json()["meta"]["total"].as_u64().unwrap()
        });
        sizes.collect::<Vec<_>>()
    };
    // Each entry has a body of 40,000 bytes and the message of the response.
    assert_eq!(entries(1_000_000, 10_000_000, 2), [10, 10]);
    assert_eq!(entries(200_000, 10_000_000, 2), [4, 4]);
    // The first journal uses the whole total; the second keeps its share, a twentieth.
    assert_eq!(entries(1_000_000, 420_000, 2), [10, 0]);
    assert_eq!(entries(1_000_000, 1_000_000, 4)[3], 1);
}

#[test]
fn long_bodies_are_truncated() {
    let mock = Mock::start(MockServer::builder().configure(|settings| settings.limits.journal_body_bytes_max = 100));
    mock.post("/credentials", &json!({"name": "x".repeat(500)}));
    let recorded = &mock.get("/__admin/requests").json()["requests"][0]["request"];
    assert_eq!(recorded["body"].as_str().unwrap().len(), 100);
}
