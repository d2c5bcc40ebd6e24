//! Cost of journal and validation, compared with the same server without both; and whether memory stays constant.
//!
//! `cargo bench --bench journal -- [--quick] [--enforce]`: about three minutes, or 20 seconds with `--quick`;
//! `--enforce` exits with 1 when a target is missed.
//!
//! # Method
//!
//! - Both servers are the real binary, in separate processes: one with its defaults, one with `--requests off
//!   --journal-entries-max 0`. Log lines go to the null device in both. They run alternately, each run has a new
//!   process, and the order changes with every round. A ratio compares the two runs of one round.
//! - One thread sends over 32 connections in a closed loop, and checks the status of every response.
//! - Then one server with its defaults handles a million requests (100,000 with `--quick`), and its resident memory is
//!   read after each tenth of them. The journal is full after the first tenth, so its size is constant from then on.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

#[path = "support/load.rs"]
mod load;
mod support;

use std::process::ExitCode;
use std::time::Duration;

use load::load;
use support::{Server, Spread, fetch, flag, has_status, machine_state, pass_or_miss, request};

/// Flags that disable journal and validation.
const OFF: [&str; 4] = ["--requests", "off", "--journal-entries-max", "0"];

/// The minimum ratio of requests per second with and without journal and validation.
const TARGET: f64 = 0.85;

/// The maximum growth of memory from the second tenth of the requests to the last.
const GROWTH_MAX: f64 = 1.10;

/// Requests with the expected status.
const CASES: [(&str, &str, Option<&str>, u16); 3] = [
    ("`GET /connections`", "/connections", None, 200),
    ("`GET /connections/{id}`", "/connections/5d9a4c421d011c553e000001", None, 200),
    ("`POST /onboards`", "/onboards", Some(r#"{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}"#), 201),
];

fn main() -> ExitCode {
    let quick = flag("--quick");
    let (rounds, run_time, warm_up) = if quick { (3, 450, 100) } else { (9, 1250, 250) };
    let (run_time, warm_up) = (Duration::from_millis(run_time), Duration::from_millis(warm_up));
    println!("{}; {} connections; {rounds} rounds of {run_time:?} each\n", machine_state(), load::CONNECTIONS);
    println!("| request | with journal and validation, req/s | without, req/s | ratio (min–max) | target | |");
    println!("|---|---:|---:|---:|---:|---|");
    let mut met = true;
    for (name, path, body, status) in CASES {
        let request = request(path, body);
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            for server_index in [round % 2, (round + 1) % 2] {
                let server = Server::mock(if server_index == 0 { &[] } else { &OFF });
                assert!(has_status(&fetch(server.address, &request), status), "{name}");
                load(server.address, &request, status, warm_up);
                rates[server_index].push(load(server.address, &request, status, run_time).1);
            }
        }
        let ratio = Spread::of(rates[0].iter().zip(&rates[1]).map(|(on, off)| on / off));
        let [on, off] = rates.map(|rates| Spread::of(rates).median);
        let good = ratio.median >= TARGET;
        met &= good;
        println!(
            "| {name} | {on:.0} | {off:.0} | {:.2} ({:.2}–{:.2}) | {TARGET:.2} | {} |",
            ratio.median,
            ratio.minimum,
            ratio.maximum,
            pass_or_miss(good)
        );
    }
    met &= memory(if quick { 100_000 } else { 1_000_000 });
    println!("\n{}", pass_or_miss(met));
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Whether memory stays constant over this number of requests.
fn memory(requests: u64) -> bool {
    let server = Server::mock(&[]);
    let request = request("/connections", None);
    let mut megabytes = Vec::new();
    let mut sent = 0;
    for tenth in 1..=10 {
        while sent < requests * tenth / 10 {
            sent += load(server.address, &request, 200, Duration::from_millis(500)).0;
        }
        megabytes.push(resident_megabytes(&server));
    }
    let shown: Vec<String> = megabytes.iter().map(|size| format!("{size:.1}")).collect();
    let good = megabytes[9] <= megabytes[1] * GROWTH_MAX;
    println!("\nresident after each tenth of {sent} requests, MB: {} | {}", shown.join(" "), pass_or_miss(good));
    good
}

/// The resident memory of a server.
fn resident_megabytes(server: &Server) -> f64 {
    let status = server.proc_file("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel reports it");
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
}
