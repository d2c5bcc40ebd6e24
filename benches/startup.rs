//! How long the mock takes from its start to its first good reply, and the memory it holds when idle.
//!
//! `cargo bench --bench startup -- [--enforce]`: about 15 seconds; `--enforce` exits with 1 when a target is missed.
//!
//! # Method
//!
//! - Time runs from before the process is made until `GET /account` has been answered with 200: making the process,
//!   loading the contract and the scenario, binding, one connection, one request. The address is read from the line
//!   that the server prints; nothing is polled.
//! - The control is a bare hyper server, started and asked in the same way, in turns with the mock: what a machine
//!   takes for a process with a runtime and a socket. The difference is what the mock adds.
//! - Memory is the resident set 200 ms after the first reply, as the kernel counts it: the pages of the executable
//!   that have been touched are part of it.
//!
//! # What the profile showed
//!
//! `perf record` on one start, so the shares are rough: loading is nearly all that the mock
//! adds. Reading the contract has two fifths of it, compiling the schemas of requests and of the starting world as much
//! (most of that in the regular expressions of their patterns), the scenarios one fifth.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on has nothing better to do")]
#![expect(clippy::print_stdout, reason = "what is measured is printed")]
#![expect(clippy::disallowed_methods, reason = "what is measured is real time")]

#[path = "support/bare.rs"]
mod bare;
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bare::serve_if_bare;
use support::{Server, Spread, ask, flag, has_status, machine, request, verdict};

/// How often each server is started.
const RUNS: usize = 30;

/// How long a server is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_millis(200);

/// How long the mock may take, in milliseconds.
const READY_MS_MAX: f64 = 20.0;

/// How much memory the mock may hold, in megabytes of 1000 × 1000 bytes.
const MEMORY_MB_MAX: f64 = 20.0;

/// What was measured of one server.
#[derive(Default)]
struct Side {
    ready_ms: Vec<f64>,
    memory_mb: Vec<f64>,
}

impl Side {
    fn measure(&mut self, start: impl FnOnce() -> Server, request: &[u8]) {
        let before = Instant::now();
        let server = start();
        let reply = ask(server.address, request);
        let elapsed = before.elapsed();
        assert!(has_status(&reply, 200), "{}", String::from_utf8_lossy(&reply));
        self.ready_ms.push(elapsed.as_secs_f64() * 1000.0);
        std::thread::sleep(IDLE);
        self.memory_mb.push(memory_mb(&server));
    }
}

/// The resident memory.
fn memory_mb(server: &Server) -> f64 {
    let status = server.kernel("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel counts memory");
    // The kernel's kB are 1024 bytes.
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() * 1024.0 / 1_000_000.0
}

fn main() -> ExitCode {
    serve_if_bare();
    println!("{}; {RUNS} starts each\n", machine());
    let request = request("/account", None);
    let reply = ask(Server::mock(&[]).address, &request);
    let (mut mock, mut bare) = (Side::default(), Side::default());
    for _ in 0..RUNS {
        mock.measure(|| Server::mock(&[]), &request);
        bare.measure(|| Server::bare(&reply), &request);
    }
    let added_ms = Spread::of(mock.ready_ms.iter().zip(&bare.ready_ms).map(|(mock, bare)| mock - bare));
    let ready_ms = Spread::of(mock.ready_ms);
    let memory_mb = Spread::of(mock.memory_mb);

    println!("| | median | least | greatest | target | |");
    println!("|---|---:|---:|---:|---:|---|");
    row("mock, start to first good reply, ms", &ready_ms, Some(READY_MS_MAX));
    row("bare hyper, start to first good reply, ms", &Spread::of(bare.ready_ms), None);
    row("what the mock adds, ms", &added_ms, None);
    row("mock, idle memory, MB", &memory_mb, Some(MEMORY_MB_MAX));
    row("bare hyper, idle memory, MB", &Spread::of(bare.memory_mb), None);

    let met = ready_ms.median < READY_MS_MAX && memory_mb.median < MEMORY_MB_MAX;
    println!("\n{}", verdict(met));
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn row(name: &str, spread: &Spread, target: Option<f64>) {
    let Spread { least, median, greatest } = spread;
    let target =
        target.map_or_else(|| "| ".to_owned(), |target| format!("under {target:.0} | {}", verdict(*median < target)));
    println!("| {name} | {median:.1} | {least:.1} | {greatest:.1} | {target} |");
}
