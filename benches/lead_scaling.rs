//! Leads of one sandbox on two threads, compared with one thread.
//!
//! `cargo bench --bench lead_scaling -- [--quick] [--enforce]`: half a minute, or a few seconds with `--quick`; `--enforce`
//! exits with 1 when the target is missed. It needs two processors that are otherwise idle.
//!
//! # Method
//!
//! - Submissions go to the pipeline directly, without sockets, from one thread and from two; all to the same sandbox. The
//!   lead is a form for the Texas flow of `healthy`: one filter, one recipient, three events.
//! - Runs with one thread and with two alternate, the order changes with every round, and each run has a new sandbox. A
//!   ratio compares the two runs of one round; the table shows the median of the rounds, with minimum and maximum.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

#[expect(dead_code, reason = "other benchmarks start servers")]
mod support;

use std::process::ExitCode;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use http::{HeaderValue, Method};
use leadconduit_mock::Settings;
use leadconduit_mock::internals::{Body, Pipeline, Request, load};

use mimalloc::MiMalloc;
use support::{Spread, flag, machine_state, pass_or_miss};

/// The allocator of the command: what one thread frees, another one has often allocated.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The minimum ratio of leads per second with two threads and with one.
const TARGET: f64 = 1.6;

/// How many leads a thread submits between two readings of the clock.
const BATCH: u32 = 50;

fn main() -> ExitCode {
    let (rounds, time) = if flag("--quick") { (5, 300) } else { (15, 1000) };
    let time = Duration::from_millis(time);
    println!("{}; {rounds} rounds of {time:?} each\n", machine_state());
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for threads in [1 + round % 2, 2 - round % 2] {
            rates[threads - 1].push(leads_per_second(threads, time));
        }
    }
    let ratio = Spread::of(rates[0].iter().zip(&rates[1]).map(|(one, two)| two / one));
    let [one, two] = rates.map(|rates| Spread::of(rates).median);
    let met = ratio.median >= TARGET;
    println!("| one thread, leads/s | two threads, leads/s | ratio (min–max) | target | |\n|---:|---:|---:|---:|---|");
    let Spread { minimum, median, maximum } = ratio;
    let result = pass_or_miss(met);
    println!("| {one:.0} | {two:.0} | {median:.2} ({minimum:.2}–{maximum:.2}) | at least {TARGET} | {result} |");
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The leads that these threads submit in a second, to a new sandbox.
fn leads_per_second(threads: usize, time: Duration) -> f64 {
    let pipeline = load(&Settings::default()).unwrap().pipeline;
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let work = || {
            let request = lead();
            submit(&pipeline, &request);
            barrier.wait();
            let (start, mut leads) = (Instant::now(), 0);
            while start.elapsed() < time {
                (0..BATCH).for_each(|_| submit(&pipeline, &request));
                leads += BATCH;
            }
            f64::from(leads) / start.elapsed().as_secs_f64()
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

fn submit(pipeline: &Pipeline, request: &Request) {
    assert_eq!(pipeline.handle(request).status, 201);
}

fn lead() -> Request {
    let path = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";
    let mut request = Request::new(Method::POST, path.parse().unwrap());
    request.headers.insert("accept", HeaderValue::from_static("application/json"));
    request.headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    request.body = Body::Complete("first_name=Ann&email=ann%40example.org&phone_1=512-789-1111&state=TX".into());
    request
}
