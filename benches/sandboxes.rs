//! Cost of creating a sandbox, compared with a request to an existing one.
//!
//! `cargo bench --bench sandboxes -- [--enforce]`: a few seconds; `--enforce` exits with 1 when the target is missed.
//!
//! # Method
//!
//! - Requests go to the pipeline directly, without sockets: first to `COUNT` new names, then to the same names again. The
//!   difference is the cost of creation.
//! - Then to as many new names again, with the limit reached: each new sandbox removes another one first.
#![expect(clippy::unwrap_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

use std::process::ExitCode;
use std::time::Instant;

use http::{HeaderValue, Method};
use leadconduit_mock::Settings;
use leadconduit_mock::internals::{Request, load};

/// The number of sandboxes: the limit, less the default sandbox.
const COUNT: usize = 9_999;

/// The maximum mean time to create a sandbox, in microseconds.
const TARGET_US: f64 = 100.0;

fn main() -> ExitCode {
    let pipeline = load(&Settings::default()).unwrap().pipeline;
    let mean_time_us = |from: usize| {
        let mut requests: Vec<Request> = (from..from + COUNT)
            .map(|number| {
                let mut request = Request::new(Method::GET, "/__admin/version".parse().unwrap());
                request.headers.insert("x-mock-sandbox", HeaderValue::try_from(format!("box-{number}")).unwrap());
                request
            })
            .collect();
        let start = Instant::now();
        for request in requests.drain(..) {
            assert_eq!(pipeline.handle(&request).status, 200);
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(COUNT).unwrap())
    };
    // Warms up.
    let _ = mean_time_us(0);
    pipeline.state.sandboxes.remove_all();
    let (new, existing) = (mean_time_us(0), mean_time_us(0));
    let at_limit = mean_time_us(COUNT);
    println!("| request to | µs | ratio | target | |\n|---|---:|---:|---:|---|");
    let row = |name: &str, us: f64| {
        let result = if us < TARGET_US { "PASS" } else { "MISS" };
        println!("| {name} | {us:.1} | {:.1} | under {TARGET_US:.0} | {result} |", us / existing);
    };
    row("an existing sandbox", existing);
    row("a new sandbox", new);
    row("a new sandbox at the limit", at_limit);
    let met = new < TARGET_US && at_limit < TARGET_US;
    let is_enforced = std::env::args().any(|argument| argument == "--enforce");
    if is_enforced && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
