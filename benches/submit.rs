//! What a submission costs, beside a plain POST to the same server, in one run.
//!
//! `cargo bench --bench submit -- [--quick] [--enforce]`: about half a minute, or a few seconds with `--quick`;
//! `--enforce` exits with 1 when the target is missed.
//!
//! # Method
//!
//! - Both are asked of the real binary with its defaults. The submission is a form for the Texas flow of `healthy`: one
//!   filter, one recipient, no caps; it leaves three events. The plain POST is `POST /credentials`: one document from a
//!   checked body, by the code that all collections share. `POST /onboards`, the cheapest write there is, stands beside
//!   it for comparison with the other benches.
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

const CREDENTIAL: &str = r#"{"name":"x","type":"user","package":"leadconduit-default","username":"u","password":"p"}"#;

const LEAD: &str =
    "first_name=Joe&last_name=Blow&email=joe%40example.com&phone_1=512-789-1111&state=TX&postal_code=78704";

fn main() -> ExitCode {
    let quick = flag("--quick");
    let (rounds, turn, warm_up) = if quick { (3, 450, 100) } else { (9, 1250, 250) };
    let (turn, warm_up) = (Duration::from_millis(turn), Duration::from_millis(warm_up));
    println!("{}; {CONNECTIONS} connections; {rounds} rounds of {turn:?} each\n", machine());
    let requests = [
        submission(),
        request("/credentials", Some(CREDENTIAL)),
        request("/onboards", Some(r#"{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}"#)),
    ];
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..rounds {
        for turn_of in 0..requests.len() {
            let side = (round + turn_of) % requests.len();
            let server = Server::mock(&[]);
            let reply = ask(server.address, &requests[side]);
            assert!(has_status(&reply, 201), "{}", String::from_utf8_lossy(&reply));
            load(server.address, &requests[side], 201, warm_up);
            rates[side].push(load(server.address, &requests[side], 201, turn).1);
        }
    }
    let times =
        |side: usize| Spread::of(rates[0].iter().zip(&rates[side]).map(|(submissions, posts)| posts / submissions));
    let ratios = [times(1), times(2)];
    let [submissions, plain, least] = rates.map(|rates| Spread::of(rates).median);
    let met = ratios[0].median <= TARGET;
    println!("A submission: {submissions:.0} requests/s.\n");
    println!("| beside | req/s | a submission takes times as long (least–greatest) | target | |");
    println!("|---|---:|---:|---:|---|");
    for (name, rate, ratio, target) in [
        ("`POST /credentials`", plain, &ratios[0], format!("at most {TARGET:.0} | {}", verdict(met))),
        ("`POST /onboards`", least, &ratios[1], "| ".to_owned()),
    ] {
        println!("| {name} | {rate:.0} | {:.2} ({:.2}–{:.2}) | {target} |", ratio.median, ratio.least, ratio.greatest);
    }
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A lead as a form, without a key, as sources send it.
fn submission() -> Vec<u8> {
    let path = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";
    let head = "Host: localhost\r\nAccept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    format!("POST {path} HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{LEAD}", LEAD.len()).into_bytes()
}
