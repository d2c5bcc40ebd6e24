//! What journal and checks cost, beside the same server with both off, in one run; and whether memory stays flat.
//!
//! `cargo bench --bench journal -- [--quick] [--enforce]`: about three minutes, or 20 seconds with `--quick`;
//! `--enforce` exits with 1 when a target is missed.
//!
//! # Method
//!
//! - Both servers are the real binary, in processes of their own: one with its defaults, one with `--requests off
//!   --journal-entries-max 0`. Log lines go to the null device in both. They take turns, each turn has a fresh
//!   process, and rounds change who goes first. A ratio is that of one round.
//! - One thread sends over 32 connections in a closed loop, and looks at every reply's status.
//! - Then one server with its defaults answers a million requests (100,000 with `--quick`), and its resident memory is
//!   read after each tenth of them. The journal is full after the first: what it may hold by then, it holds for good.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on has nothing better to do")]
#![expect(clippy::print_stdout, reason = "what is measured is printed")]
#![expect(clippy::disallowed_methods, reason = "what is measured is real time")]

#[path = "support/load.rs"]
mod load;
mod support;

use std::process::ExitCode;
use std::time::Duration;

use load::load;
use support::{Server, Spread, ask, flag, has_status, machine, request, verdict};

/// What switches journal and checks off.
const OFF: [&str; 4] = ["--requests", "off", "--journal-entries-max", "0"];

/// The least share of the requests per second without journal and checks.
const TARGET: f64 = 0.85;

/// By how much memory may grow from the second tenth of the requests to the last.
const GROWTH_MAX: f64 = 1.10;

/// One request and the status that it gets.
const CASES: [(&str, &str, Option<&str>, u16); 3] = [
    ("`GET /connections`", "/connections", None, 200),
    ("`GET /connections/{id}`", "/connections/5d9a4c421d011c553e000001", None, 200),
    ("`POST /onboards`", "/onboards", Some(r#"{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}"#), 201),
];

fn main() -> ExitCode {
    let quick = flag("--quick");
    let (rounds, turn, warm_up) = if quick { (3, 450, 100) } else { (9, 1250, 250) };
    let (turn, warm_up) = (Duration::from_millis(turn), Duration::from_millis(warm_up));
    println!("{}; {} connections; {rounds} rounds of {turn:?} each\n", machine(), load::CONNECTIONS);
    println!("| request | with journal and checks, req/s | both off, req/s | ratio (least–greatest) | target | |");
    println!("|---|---:|---:|---:|---:|---|");
    let mut met = true;
    for (name, path, body, status) in CASES {
        let request = request(path, body);
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            for side in [round % 2, (round + 1) % 2] {
                let server = Server::mock(if side == 0 { &[] } else { &OFF });
                assert!(has_status(&ask(server.address, &request), status), "{name}");
                load(server.address, &request, status, warm_up);
                rates[side].push(load(server.address, &request, status, turn).1);
            }
        }
        let ratio = Spread::of(rates[0].iter().zip(&rates[1]).map(|(on, off)| on / off));
        let [on, off] = rates.map(|rates| Spread::of(rates).median);
        let good = ratio.median >= TARGET;
        met &= good;
        println!(
            "| {name} | {on:.0} | {off:.0} | {:.2} ({:.2}–{:.2}) | {TARGET:.2} | {} |",
            ratio.median,
            ratio.least,
            ratio.greatest,
            verdict(good)
        );
    }
    met &= memory(if quick { 100_000 } else { 1_000_000 });
    println!("\n{}", verdict(met));
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Whether memory stays flat over so many requests.
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
    println!("\nresident after each tenth of {sent} requests, MB: {} | {}", shown.join(" "), verdict(good));
    good
}

/// The memory that a server holds.
fn resident_megabytes(server: &Server) -> f64 {
    let status = server.kernel("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel tells it");
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
}
