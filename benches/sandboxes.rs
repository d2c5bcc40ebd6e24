//! What it costs to bring a sandbox to life, beside a request to one that lives already.
//!
//! `cargo bench --bench sandboxes -- [--enforce]`: a few seconds; `--enforce` exits with 1 when the target is missed.
//!
//! # Method
//!
//! - The pipeline's own sandboxes, without sockets: first `COUNT` names that were never used, then the same names
//!   again. The difference is what coming to life costs.
//! - Then as many new ones again while there are as many as there may be: each ends another one first.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing better to do")]
#![expect(clippy::print_stdout, reason = "what is measured is printed")]
#![expect(clippy::disallowed_methods, reason = "what is measured is real time")]

use std::process::ExitCode;
use std::time::Instant;

use http::{HeaderValue, Method};
use leadconduit_mock::app::bootstrap;
use leadconduit_mock::config::settings::Settings;
use leadconduit_mock::http::message::Request;

/// So many sandboxes; one less than there may be, since the default one counts.
const COUNT: usize = 9_999;

/// How long bringing one to life may take on average, in microseconds.
const TARGET_US: f64 = 100.0;

fn main() -> ExitCode {
    let pipeline = bootstrap::load(&Settings::default()).unwrap().pipeline;
    let ask = |from: usize| {
        let mut requests: Vec<Request> = (from..from + COUNT)
            .map(|number| {
                let mut request = Request::new(Method::GET, "/__admin/version".parse().unwrap());
                request.headers.insert("x-mock-sandbox", HeaderValue::try_from(format!("box-{number}")).unwrap());
                request
            })
            .collect();
        let began = Instant::now();
        for request in requests.drain(..) {
            assert_eq!(pipeline.answer(&request).status, 200);
        }
        began.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(COUNT).unwrap())
    };
    // Nothing is measured cold.
    let _ = ask(0);
    pipeline.stage.sandboxes.end_all();
    let (new, old) = (ask(0), ask(0));
    let full = ask(COUNT);
    println!("| request to | us | ratio | target | |\n|---|---:|---:|---:|---|");
    let row = |name: &str, us: f64| {
        let verdict = if us < TARGET_US { "PASS" } else { "MISS" };
        println!("| {name} | {us:.1} | {:.1} | under {TARGET_US:.0} | {verdict} |", us / old);
    };
    row("a sandbox that lives", old);
    row("a new sandbox", new);
    row("a new sandbox in another's place", full);
    let met = new < TARGET_US && full < TARGET_US;
    let enforced = std::env::args().any(|argument| argument == "--enforce");
    if enforced && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
