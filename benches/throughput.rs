//! Requests per second of the mock, compared with those of a bare hyper server.
//!
//! `cargo bench --bench throughput -- [--quick] [--enforce]`: about five minutes, or one with `--quick`; `--enforce` exits
//! with 1 when a target is missed.
//!
//! # Method
//!
//! - The mock is the real binary in its own process, with its defaults: every request is validated. The bare server is
//!   this executable in another process: hyper 1 on tokio's multi-thread runtime, without routes, keys or JSON. It sends
//!   the bytes that the mock sent for the same request, which is verified before the measurement.
//! - One thread sends over 32 connections in a closed loop: each sends its next request after the response to its last.
//!   It is wrk, or the load generator of these benchmarks where wrk is not installed. The status of every response is
//!   checked. It shares the machine with the servers, so its cost moves every ratio towards 1; the table of processor
//!   time shows the difference without it.
//! - The bare server returns the bytes of a lead too. The processor time of a lead is compared with that of this server's
//!   `POST /onboards`, because leads are writes that compute.
//! - The two run alternately, and the order changes with every round, so that a machine that slows down affects both. A
//!   ratio compares the two runs of one round; the table shows the median of the rounds, with minimum and maximum.
//! - Every run has a new process and a short warm-up: the other server does not run beside it, and the world, to which
//!   every accepted POST adds a document, stays small. Load is bounded in time and in count.
//!
//! # What the profile showed
//!
//! `perf record` on the mock under this load, two cores, before optimisation, and the changes that followed:
//!
//! - GET: 64 % of the time is spent in the kernel, 50 % in `send` alone; the pipeline takes 15 %. Its largest part is the
//!   headers of the response (a `HeaderMap` of a dozen entries, about 4 %), then parsing the credentials (3 %) and
//!   looking up the caller and the cached response (2.5 %). Routing, the date, the checksum of the `ETag` and validation
//!   take less than 1 % each: little is left to optimise.
//! - An accepted POST: writing the world took 29 %. Copying the nodes on the path to the new document took 11 %, because
//!   the world before the call was still referenced; now the world is changed in place and rolled back on rejection.
//!   Memory allocation took 8 %, mostly for a value tree of every document beside its bytes; now the tree is built on
//!   demand. Validating body and document against their schemas takes 5 %. The write lock blocks the other worker, 6 %
//!   in `futex`; a lock that spins longer made no measurable difference. The pattern of ids is checked by a function
//!   instead of a regular expression. Altogether the ratio rose from 0.52 to 0.76.
//! - A rejected body: describing the violations takes 15 %. Writing them to `X-Mock-Violations` took 7 % before it used a
//!   single buffer. Detecting that the body is invalid takes 1 %.
//! - mimalloc instead of glibc's allocator made no measurable difference on a busy machine, and used 6.5 MB more.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

#[path = "support/bare.rs"]
mod bare;
#[path = "support/cases.rs"]
mod cases;
#[path = "support/load.rs"]
mod load;
mod support;
#[path = "support/wrk.rs"]
mod wrk;

use std::process::ExitCode;
use std::time::Duration;

use bare::serve_if_bare;
use cases::{CASES, Case, PLAIN_POST};
use load::CONNECTIONS;
use support::{Server, Spread, fetch, flag, has_status, machine_state, pass_or_miss};

/// The duration of the benchmark.
struct Plan {
    rounds: usize,
    seconds: u64,
    warm_up: Duration,
    with_wrk: bool,
}

// A second, because a sandbox holds 100,000 documents, which two seconds of `POST /onboards` can exceed.
const FULL: Plan = Plan { rounds: 13, seconds: 1, warm_up: Duration::from_millis(250), with_wrk: false };
const QUICK: Plan = Plan { rounds: 3, seconds: 1, warm_up: Duration::from_millis(100), with_wrk: false };

/// The measurements of one case.
struct CaseResult {
    mock: ServerStats,
    bare: ServerStats,
    ratio: Spread,
}

/// The measurements of one server.
#[derive(Default)]
struct ServerStats {
    /// Requests per second of each run.
    rates: Vec<f64>,
    /// The total number of requests.
    count: u64,
    /// The total processor time in microseconds.
    processor_us: f64,
}

impl ServerStats {
    /// Measures one run.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    fn measure(&mut self, server: &Server, request: &[u8], status: u16, plan: &Plan) {
        load::load(server.address, request, status, plan.warm_up);
        let before = processor_ticks(server);
        let (count, rate) = if plan.with_wrk {
            wrk::load(server.address, request, status, plan.seconds)
        } else {
            load::load(server.address, request, status, Duration::from_secs(plan.seconds))
        };
        self.processor_us += (processor_ticks(server) - before) as f64 * 10_000.0;
        self.count += count;
        self.rates.push(rate);
    }

    fn rate(&self) -> f64 {
        Spread::of(self.rates.iter().copied()).median
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    fn processor_us_each(&self) -> f64 {
        self.processor_us / self.count as f64
    }
}

fn main() -> ExitCode {
    serve_if_bare();
    let wrk = wrk::version();
    let plan = Plan { with_wrk: wrk.is_some(), ..if flag("--quick") { QUICK } else { FULL } };
    let tool = wrk.unwrap_or_else(|| "the load generator of the benchmarks".to_owned());
    let (rounds, seconds) = (plan.rounds, plan.seconds);
    println!(
        "{}; {tool}, {CONNECTIONS} connections; {rounds} rounds of {seconds} s for each server.\n",
        machine_state()
    );
    let measured: Vec<CaseResult> = CASES.iter().map(|case| measure(case, &plan)).collect();
    let met = report(&measured);
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn measure(case: &Case, plan: &Plan) -> CaseResult {
    let request = case.request();
    let mock = Server::mock(&[]);
    let response = fetch(mock.address, &request);
    assert!(has_status(&response, case.status), "{}: {}", case.name, String::from_utf8_lossy(&response));
    let bare = Server::bare(&response, None);
    assert_eq!(fetch(bare.address, &request), response, "{}: the bare server sends different bytes", case.name);

    drop((mock, bare));
    let start: [&dyn Fn() -> Server; 2] = [&|| Server::mock(&[]), &|| Server::bare(&response, None)];
    let mut stats = [ServerStats::default(), ServerStats::default()];
    for round in 0..plan.rounds {
        for position in 0..2 {
            let index = (round + position) % 2;
            stats[index].measure(&start[index](), &request, case.status, plan);
        }
    }
    let [mock, bare] = stats;
    let ratio = Spread::of(mock.rates.iter().zip(&bare.rates).map(|(mock, bare)| mock / bare));
    CaseResult { mock, bare, ratio }
}

/// The processor time of a server, in the kernel's ticks of 10 ms.
fn processor_ticks(server: &Server) -> u64 {
    let stat = server.proc_file("stat");
    // The second field is the command in parentheses and may hold spaces. User and system time are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

/// Prints both tables. Returns whether every target is met.
fn report(measured: &[CaseResult]) -> bool {
    let mut met = true;
    println!("| request | mock, requests/s | bare hyper, requests/s | ratio (min–max) | target | |");
    println!("|---|---:|---:|---:|---:|---|");
    for (case, CaseResult { mock, bare, ratio }) in CASES.iter().zip(measured) {
        let Spread { minimum, median, maximum } = ratio;
        let is_met = *median >= case.rate_target;
        met &= is_met;
        println!(
            "| {} | {:.0} | {:.0} | {median:.2} ({minimum:.2}–{maximum:.2}) | {:.2} | {} |",
            case.name,
            mock.rate(),
            bare.rate(),
            case.rate_target,
            pass_or_miss(is_met)
        );
    }
    let plain_post_us = measured[PLAIN_POST].mock.processor_us_each();
    println!("\n| request | mock, CPU µs | compared with, CPU µs | ratio | target | |");
    println!("|---|---:|---:|---:|---:|---|");
    for (case, CaseResult { mock, bare, .. }) in CASES.iter().zip(measured) {
        let (name, base_us) = if case.is_lead() {
            ("`POST /onboards` of the mock", plain_post_us)
        } else {
            ("bare hyper", bare.processor_us_each())
        };
        let mock_us = mock.processor_us_each();
        let ratio = mock_us / base_us;
        let is_met = ratio <= case.processor_target;
        met &= is_met;
        println!(
            "| {} | {mock_us:.1} | {name}, {base_us:.1} | {ratio:.2} | {:.1} | {} |",
            case.name,
            case.processor_target,
            pass_or_miss(is_met)
        );
    }
    met
}
