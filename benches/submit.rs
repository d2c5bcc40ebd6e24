//! Cost of a lead submission, compared with a plain POST to the same server.
//!
//! `cargo bench --bench submit -- [--quick] [--enforce]`: about half a minute, or a few seconds with `--quick`;
//! `--enforce` exits with 1 when the target is missed.
//!
//! # Method
//!
//! - Both go to the real binary with its defaults. The submission is a form for the Texas flow of `healthy`: one filter,
//!   one recipient, no caps; it creates three events. The plain POST is `POST /credentials`: one document from a
//!   validated body, handled by the code that all collections share. `POST /onboards`, the cheapest write, is listed for
//!   comparison with the other benchmarks.
//! - One thread sends over 32 connections in a closed loop, and checks the status of every response. The cost of the load
//!   generator and of the kernel is part of both times, and moves the ratio towards 1.
//! - The requests run alternately, each run has a new process, and the order changes with every round. A ratio compares
//!   the runs of one round; the table shows the median of the rounds, with minimum and maximum.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

#[path = "support/load.rs"]
mod load;
#[expect(dead_code, reason = "only other benchmarks read files under /proc")]
mod support;

use std::process::ExitCode;
use std::time::Duration;

use load::{CONNECTIONS, load};
use support::{Server, Spread, fetch, flag, has_status, machine_state, pass_or_miss, request};

/// The maximum ratio of the time of a submission to that of a plain POST.
const TARGET: f64 = 3.0;

const CREDENTIAL: &str = r#"{"name":"x","type":"user","package":"leadconduit-default","username":"u","password":"p"}"#;

const LEAD: &str =
    "first_name=Joe&last_name=Blow&email=joe%40example.com&phone_1=512-789-1111&state=TX&postal_code=78704";

fn main() -> ExitCode {
    let quick = flag("--quick");
    let (rounds, run_time, warm_up) = if quick { (3, 450, 100) } else { (9, 1250, 250) };
    let (run_time, warm_up) = (Duration::from_millis(run_time), Duration::from_millis(warm_up));
    println!("{}; {CONNECTIONS} connections; {rounds} rounds of {run_time:?} each\n", machine_state());
    let requests = [
        submission(),
        request("/credentials", Some(CREDENTIAL)),
        request("/onboards", Some(r#"{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}"#)),
    ];
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..rounds {
        for position in 0..requests.len() {
            let index = (round + position) % requests.len();
            let server = Server::mock(&[]);
            let response = fetch(server.address, &requests[index]);
            assert!(has_status(&response, 201), "{}", String::from_utf8_lossy(&response));
            load(server.address, &requests[index], 201, warm_up);
            rates[index].push(load(server.address, &requests[index], 201, run_time).1);
        }
    }
    let times =
        |index: usize| Spread::of(rates[0].iter().zip(&rates[index]).map(|(submissions, posts)| posts / submissions));
    let ratios = [times(1), times(2)];
    let [submissions, plain, minimum] = rates.map(|rates| Spread::of(rates).median);
    let met = ratios[0].median <= TARGET;
    println!("A submission: {submissions:.0} requests/s.\n");
    println!("| compared with | req/s | time ratio of a submission (min–max) | target | |");
    println!("|---|---:|---:|---:|---|");
    for (name, rate, ratio, target) in [
        ("`POST /credentials`", plain, &ratios[0], format!("at most {TARGET:.0} | {}", pass_or_miss(met))),
        ("`POST /onboards`", minimum, &ratios[1], "| ".to_owned()),
    ] {
        println!("| {name} | {rate:.0} | {:.2} ({:.2}–{:.2}) | {target} |", ratio.median, ratio.minimum, ratio.maximum);
    }
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A lead as a form, without a key, as sources send it.
fn submission() -> Vec<u8> {
    let path = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";
    let head = "Host: localhost\r\nAccept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    format!("POST {path} HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{LEAD}", LEAD.len()).into_bytes()
}
