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
//! - A third run of each round has two threads with a server each, which share nothing but the process. Its ratio is what the
//!   machine allows: processors share caches, memory and power, and two of a virtual machine can be one core.
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
use leadconduit_mock::internals::{Body, Pipeline, Request, load as load_server};

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
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..rounds {
        let mut order = [Load::OneThread, Load::OneServer, Load::TwoServers];
        order.rotate_left(round % 3);
        for load in order {
            rates[load as usize].push(leads_per_second(load, time));
        }
    }
    let ratio_of = |rates: &[Vec<f64>; 3], load: Load| {
        Spread::of(rates[0].iter().zip(&rates[load as usize]).map(|(one, two)| two / one))
    };
    let (ratio, machine) = (ratio_of(&rates, Load::OneServer), ratio_of(&rates, Load::TwoServers));
    let [one, two, _] = rates.map(|rates| Spread::of(rates).median);
    let met = ratio.median >= TARGET;
    println!("| one thread, leads/s | two threads, leads/s | ratio (min–max) | target | |\n|---:|---:|---:|---:|---|");
    let Spread { minimum, median, maximum } = ratio;
    let result = pass_or_miss(met);
    println!("| {one:.0} | {two:.0} | {median:.2} ({minimum:.2}–{maximum:.2}) | at least {TARGET} | {result} |");
    let Spread { minimum, median, maximum } = machine;
    println!(
        "\nTwo threads with a server each: {median:.2} ({minimum:.2}–{maximum:.2}), which is what the machine allows."
    );
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// How many threads submit leads, to how many servers.
#[derive(Clone, Copy)]
enum Load {
    OneThread,
    /// Two threads, to the same sandbox.
    OneServer,
    /// Two threads, each to its own.
    TwoServers,
}

/// The leads that are submitted in a second, to new sandboxes.
fn leads_per_second(load: Load, time: Duration) -> f64 {
    let threads = if matches!(load, Load::OneThread) { 1 } else { 2 };
    let servers = if matches!(load, Load::TwoServers) { 2 } else { 1 };
    let pipelines: Vec<_> = (0..servers).map(|_| load_server(&Settings::default()).unwrap().pipeline).collect();
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let pipelines = pipelines.iter().cycle().take(threads);
        let barrier = &barrier;
        let threads: Vec<_> =
            pipelines.map(|pipeline| scope.spawn(move || submit_for(pipeline, barrier, time))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

/// The leads that one thread submits in a second.
fn submit_for(pipeline: &Pipeline, barrier: &Barrier, time: Duration) -> f64 {
    let request = lead();
    submit(pipeline, &request);
    barrier.wait();
    let (start, mut leads) = (Instant::now(), 0);
    while start.elapsed() < time {
        (0..BATCH).for_each(|_| submit(pipeline, &request));
        leads += BATCH;
    }
    f64::from(leads) / start.elapsed().as_secs_f64()
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
