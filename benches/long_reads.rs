//! Time of long reads, by the number of events: statistics, reports, metrics, search, exports.
//!
//! `cargo bench --bench long_reads -- [--quick] [--enforce]`: a few seconds up to 100,000 events with `--quick`, half a
//! minute up to 1,000,000; `--enforce` exits with 1 when a target is missed.
//!
//! # Method
//!
//! - The account `healthy` with a generated history: ten events for each lead. Requests go to the pipeline directly, without
//!   sockets, so that the time is that of the computation and of the bytes of the response.
//! - Responses are not cached: a document is written before each request. The indexes of a history are built by the first
//!   request that needs them, and kept: the first request is in a column of its own.
//! - The targets are for `busy-account`, which has 100,000 events and 10,000 leads.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

#[expect(dead_code, reason = "only other benchmarks start servers")]
mod support;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method};
use leadconduit_mock::internals::{Body, Request, Response, load};
use leadconduit_mock::{Limits, Settings};
use mimalloc::MiMalloc;
use support::{Spread, flag, machine_state, pass_or_miss};

/// The allocator of the command: what one thread frees, another one has often allocated.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How often a request is measured after the first time.
const RUNS: usize = 7;

/// A read.
struct Read {
    name: &'static str,
    complexity: &'static str,
    path: &'static str,
    body: Option<&'static str>,
    /// The maximum time with 100,000 events, in milliseconds.
    target_ms: f64,
}

const SPAN: &str = "start=2000-01-01&end=2099-01-01";

const REPORT: &str = r#"{"name":"By state","group_by":["lead.state"],"rules":[{"lhv":"lead.state","op":"is included in","rhv":"TX, CO, AZ, IL"}]}"#;

const READS: [Read; 9] = [
    Read {
        name: "report by a field of the lead",
        complexity: "events",
        path: "/reports/preview?SPAN&columns=source-submitted&columns=recipient-success&columns=revenue",
        body: Some(REPORT),
        target_ms: 100.0,
    },
    Read {
        name: "statistics by flow and day",
        complexity: "events",
        path: "/events/stats?SPAN&group_by=flow.id&interval=monthly&column=source-submitted&column=cost",
        body: None,
        target_ms: 5.0,
    },
    Read {
        name: "metrics: count by outcome",
        complexity: "events",
        path: "/events/event-metrics/count?timeframe=this_90_days",
        body: None,
        target_ms: 5.0,
    },
    Read {
        name: "metrics: median duration",
        complexity: "events",
        path: "/events/event-metrics/median?max_age=100000000&group_by=type",
        body: None,
        target_ms: 5.0,
    },
    Read {
        name: "search of leads",
        complexity: "leads",
        path: "/search/leads?query=austin&limit=10",
        body: None,
        target_ms: 5.0,
    },
    Read {
        name: "events by a rule on the lead",
        complexity: "events up to the page's end",
        path: r"/events?limit=10&rules=%5B%7B%22lhv%22%3A%22lead.state%22%2C%22op%22%3A%22is%20equal%20to%22%2C%22rhv%22%3A%22TX%22%7D%5D",
        body: None,
        target_ms: 5.0,
    },
    Read {
        name: "newest 100 events",
        complexity: "events of the page",
        path: "/events?limit=100",
        body: None,
        target_ms: 5.0,
    },
    Read { name: "caps", complexity: "flows", path: "/caps", body: None, target_ms: 5.0 },
    Read { name: "connections", complexity: "connections", path: "/connections", body: None, target_ms: 5.0 },
];

fn main() -> ExitCode {
    let sizes: &[u32] = if flag("--quick") {
        &[1_000, 10_000, 100_000]
    } else {
        &[1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
    };
    println!("{}; medians of {RUNS} requests after the first.\n", machine_state());
    let measured: Vec<Vec<Times>> = sizes.iter().map(|events| measure(&history(*events))).collect();
    let mut head = "| milliseconds with this many events | grows with |".to_owned();
    for events in sizes {
        write!(head, " {} |", grouped(*events)).unwrap();
    }
    println!("{head}\n|---|---|{}", "---:|".repeat(sizes.len()));
    for (index, read) in READS.iter().enumerate() {
        let mut cells = String::new();
        for times in &measured {
            write!(cells, " {:.2} |", times[index].later.median).unwrap();
        }
        println!("| {} | {} |{cells}", read.name, read.complexity);
    }
    println!("\n| `busy-account` | first, ms | later, ms (min–max) | response, kB | target, ms | |");
    println!("|---|---:|---:|---:|---:|---|");
    let mut met = true;
    let busy = Settings { scenario: "busy-account".to_owned(), ..Settings::default() };
    for (read, times) in READS.iter().zip(measure(&busy)) {
        let Spread { minimum, median, maximum } = times.later;
        let is_met = median <= read.target_ms;
        met &= is_met;
        println!(
            "| {} | {:.1} | {median:.1} ({minimum:.1}–{maximum:.1}) | {:.0} | {:.0} | {} |",
            read.name,
            times.first,
            times.kilobytes,
            read.target_ms,
            pass_or_miss(is_met)
        );
    }
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Settings with a scenario that generates this many events.
fn history(events: u32) -> Settings {
    let folder = tempfile::tempdir().unwrap().keep();
    let text = format!(
        "version: 1\nname: history\ndescription: A history of {events} events.\nextends: healthy\nworld:\n  accounts:\n    \
         - account: {{ id: 5fd4371e940df5a34a3888b2 }}\n      generate: {{ flows: 100, leads: {}, events: {events} }}\n",
        events / 10
    );
    std::fs::write(folder.join("history.yaml"), text).unwrap();
    let limits = Limits { compute_ms_max: 600_000, ..Limits::default() };
    Settings { scenario: "history".to_owned(), scenarios: Some(folder), limits, ..Settings::default() }
}

/// The times of a request in milliseconds.
struct Times {
    first: f64,
    later: Spread,
    kilobytes: f64,
}

fn measure(settings: &Settings) -> Vec<Times> {
    let pipeline = load(settings).expect("the scenario is valid").pipeline;
    if let Some(folder) = &settings.scenarios {
        let _ = std::fs::remove_dir_all(folder);
    }
    let write = request("/credentials", Some(CREDENTIAL));
    let timed = |read: &Read| -> (f64, Response) {
        assert_eq!(pipeline.handle(&write).status, 201);
        let request = request(&read.path.replace("SPAN", SPAN), read.body);
        let start = Instant::now();
        let response = pipeline.handle(&request);
        let ms = start.elapsed().as_secs_f64() * 1000.0;
        assert_eq!(response.status, 200, "{}: {}", read.name, String::from_utf8_lossy(&response.body));
        (ms, response)
    };
    let each = |read: &Read| {
        let (first, response) = timed(read);
        let later = Spread::of((0..RUNS).map(|_| timed(read).0));
        Times { first, later, kilobytes: f64::from(u32::try_from(response.body.len()).unwrap()) / 1000.0 }
    };
    READS.iter().map(each).collect()
}

const CREDENTIAL: &str = r#"{"name":"x","type":"user","package":"leadconduit-default","username":"u","password":"p"}"#;

fn request(path: &str, body: Option<&str>) -> Request {
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::new(method, path.parse().unwrap());
    let credentials = STANDARD.encode(support::CREDENTIALS);
    request.headers.insert("authorization", HeaderValue::try_from(format!("Basic {credentials}")).unwrap());
    request.headers.insert("accept", HeaderValue::from_static("application/json"));
    if let Some(body) = body {
        request.headers.insert("content-type", HeaderValue::from_static("application/json"));
        request.body = Body::Complete(body.to_owned().into());
    }
    request
}

/// A number with a comma for each three digits.
fn grouped(number: u32) -> String {
    let text = number.to_string();
    let groups: Vec<&str> = text.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}
