//! What a submission costs, beside a plain POST to the same server, in one run.
//!
//! `cargo bench --bench submit -- [--quick] [--enforce]`: about half a minute, or a few seconds with `--quick`;
//! `--enforce` exits with 1 when the target is missed.
//!
//! # Method
//!
//! - Both are asked of the real binary with its defaults. The submission is a form for the Texas flow of `healthy`: one
//!   filter, one recipient, no caps; it leaves three events. The plain POST makes one document from a checked body.
//! - One thread sends over 32 connections in a closed loop, and looks at every reply's status. What it costs itself, and
//!   what the kernel costs, is in both times, and pulls their ratio towards 1.
//! - The two take turns, each turn has a fresh process, and rounds change who goes first. A ratio is that of one round;
//!   the table shows the median of the rounds, with the least and the greatest.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on has nothing better to do")]
#![expect(clippy::print_stdout, reason = "what is measured is printed")]
#![expect(clippy::disallowed_methods, reason = "what is measured is real time")]

#[path = "support/load.rs"]
mod load;
#[expect(dead_code, reason = "what the kernel tells of a server is asked by other benches")]
mod support;

use std::process::ExitCode;
use std::time::Duration;

use load::{CONNECTIONS, load};
use support::{Server, Spread, ask, flag, has_status, machine, request, verdict};

/// How many times as long as a plain POST a submission may take.
const TARGET: f64 = 3.0;

const LEAD: &str =
    "first_name=Joe&last_name=Blow&email=joe%40example.com&phone_1=512-789-1111&state=TX&postal_code=78704";

fn main() -> ExitCode {
    let quick = flag("--quick");
    let (rounds, turn, warm_up) = if quick { (3, 450, 100) } else { (9, 1250, 250) };
    let (turn, warm_up) = (Duration::from_millis(turn), Duration::from_millis(warm_up));
    println!("{}; {CONNECTIONS} connections; {rounds} rounds of {turn:?} each\n", machine());
    let requests = [submission(), request("/onboards", Some(r#"{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}"#))];
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for side in [round % 2, (round + 1) % 2] {
            let server = Server::mock(&[]);
            let reply = ask(server.address, &requests[side]);
            assert!(has_status(&reply, 201), "{}", String::from_utf8_lossy(&reply));
            load(server.address, &requests[side], 201, warm_up);
            rates[side].push(load(server.address, &requests[side], 201, turn).1);
        }
    }
    let ratio = Spread::of(rates[0].iter().zip(&rates[1]).map(|(submissions, posts)| posts / submissions));
    let [submissions, posts] = rates.map(|rates| Spread::of(rates).median);
    let met = ratio.median <= TARGET;
    println!("| submission, req/s | `POST /onboards`, req/s | times as long (least–greatest) | target | |");
    println!("|---:|---:|---:|---:|---|");
    println!(
        "| {submissions:.0} | {posts:.0} | {:.2} ({:.2}–{:.2}) | at most {TARGET:.0} | {} |",
        ratio.median,
        ratio.least,
        ratio.greatest,
        verdict(met)
    );
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A lead as a form, without a key, as sources send it.
fn submission() -> Vec<u8> {
    let path = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";
    let head = "Host: localhost\r\nAccept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    format!("POST {path} HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{LEAD}", LEAD.len()).into_bytes()
}
