//! Time from the start of the mock to its first successful response, and its memory when idle.
//!
//! `cargo bench --bench startup -- [--enforce]`: about 30 seconds; `--enforce` exits with 1 when a target is missed.
//!
//! # Method
//!
//! - The time begins before the process is created and ends when `GET /account` has returned 200: it includes the
//!   process, loading of contract and scenario, binding, one connection and one request. The address is read from the
//!   line that the server prints; nothing is polled.
//! - The baseline is a bare hyper server, started and called in the same way, alternating with the mock: the time that
//!   the machine needs for a process with a runtime and a socket. The difference is the cost of the mock.
//! - Memory is the resident set 200 ms after the first response, as the kernel counts it, including the pages of the
//!   executable that have been used.
//!
//! # What the profile showed
//!
//! Instructions by callgrind, of the thread that starts the server: nearly all of the cost is loading. Parsing the contract
//! takes three tenths, its operations another three, the initial scenario and its world two. Compiling schemas took as much
//! as all of that together; the first request that needs a schema compiles it. Of the memory of an idle server, seven tenths
//! are pages of the executable.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

#[path = "support/bare.rs"]
mod bare;
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bare::serve_if_bare;
use support::{Server, Spread, fetch, flag, has_status, machine_state, pass_or_miss, request};

/// The number of starts of each server.
const RUNS: usize = 30;

/// How long a server is idle before its memory is read.
const IDLE: Duration = Duration::from_millis(200);

/// The maximum startup time of the mock, in milliseconds.
const READY_MS_MAX: f64 = 15.0;

/// The maximum memory of the mock, in megabytes of 1000 × 1000 bytes.
const MEMORY_MB_MAX: f64 = 22.0;

/// The same for the scenario `busy-account`, which generates 7,500 documents and 100,000 events.
const BUSY_READY_MS_MAX: f64 = 100.0;
const BUSY_MEMORY_MB_MAX: f64 = 45.0;

/// The measurements of one server.
#[derive(Default)]
struct ServerStats {
    ready_ms: Vec<f64>,
    memory_mb: Vec<f64>,
}

impl ServerStats {
    fn measure(&mut self, start: impl FnOnce() -> Server, request: &[u8]) {
        let before = Instant::now();
        let server = start();
        let response = fetch(server.address, request);
        let elapsed = before.elapsed();
        assert!(has_status(&response, 200), "{}", String::from_utf8_lossy(&response));
        self.ready_ms.push(elapsed.as_secs_f64() * 1000.0);
        std::thread::sleep(IDLE);
        self.memory_mb.push(memory_mb(&server));
    }
}

/// The resident memory.
fn memory_mb(server: &Server) -> f64 {
    let status = server.proc_file("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel reports it");
    // The kernel's kB are 1024 bytes.
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() * 1024.0 / 1_000_000.0
}

fn main() -> ExitCode {
    serve_if_bare();
    println!("{}; {RUNS} starts each\n", machine_state());
    let request = request("/account", None);
    let response = fetch(Server::mock(&[]).address, &request);
    let (mut mock, mut busy, mut bare) = (ServerStats::default(), ServerStats::default(), ServerStats::default());
    for _ in 0..RUNS {
        mock.measure(|| Server::mock(&[]), &request);
        busy.measure(|| Server::mock(&["--scenario", "busy-account"]), &request);
        bare.measure(|| Server::bare(&response, None), &request);
    }
    let added_ms = Spread::of(mock.ready_ms.iter().zip(&bare.ready_ms).map(|(mock, bare)| mock - bare));
    let ready_ms = Spread::of(mock.ready_ms);
    let memory_mb = Spread::of(mock.memory_mb);
    let (busy_ready_ms, busy_memory_mb) = (Spread::of(busy.ready_ms), Spread::of(busy.memory_mb));

    println!("| | median | min | max | target | |");
    println!("|---|---:|---:|---:|---:|---|");
    row("mock, start to first successful response, ms", &ready_ms, Some(READY_MS_MAX));
    row("mock with `busy-account`, the same, ms", &busy_ready_ms, Some(BUSY_READY_MS_MAX));
    row("bare hyper, start to first successful response, ms", &Spread::of(bare.ready_ms), None);
    row("difference, ms", &added_ms, None);
    row("mock, idle memory, MB", &memory_mb, Some(MEMORY_MB_MAX));
    row("mock with `busy-account`, idle memory, MB", &busy_memory_mb, Some(BUSY_MEMORY_MB_MAX));
    row("bare hyper, idle memory, MB", &Spread::of(bare.memory_mb), None);

    let met = ready_ms.median < READY_MS_MAX
        && memory_mb.median < MEMORY_MB_MAX
        && busy_ready_ms.median < BUSY_READY_MS_MAX
        && busy_memory_mb.median < BUSY_MEMORY_MB_MAX;
    println!("\n{}", pass_or_miss(met));
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn row(name: &str, spread: &Spread, target: Option<f64>) {
    let Spread { minimum, median, maximum } = spread;
    let target = target
        .map_or_else(|| "| ".to_owned(), |target| format!("under {target:.0} | {}", pass_or_miss(*median < target)));
    println!("| {name} | {median:.1} | {minimum:.1} | {maximum:.1} | {target} |");
}
