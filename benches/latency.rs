//! Latency at fixed rates, which do not depend on the responses (an open loop), of the mock and of a bare server.
//!
//! `cargo bench --bench latency -- [--quick]`: about five minutes, or one with `--quick`.
//!
//! # Method
//!
//! - The limit of the bare server is measured first, in a closed loop. The rates are parts of it, up to 80 %.
//! - Requests have times at equal distances. Each is sent at its time, or, when all connections wait for a response, as soon
//!   as one is free. Latency counts from the time of the request, so that a server that pauses is charged with every request
//!   that should have been sent meanwhile.
//! - A server that does not keep up has no latency: the table shows the rate that it reached.
//! - The load generator shares the machine with the server. Its own delays are part of the latency of both servers, which
//!   is why the bare server is in the table.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

#[path = "support/bare.rs"]
mod bare;
#[expect(dead_code, reason = "only the benchmark of throughput has targets")]
#[path = "support/cases.rs"]
mod cases;
#[path = "support/load.rs"]
mod load;
#[expect(dead_code, reason = "only other benchmarks read files under /proc")]
mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bare::serve_if_bare;
use cases::CASES;
use load::{CONNECTIONS, exchange, load};
use support::{Server, fetch, flag, has_status, machine_state};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// The indexes of the measured cases: a list, a write and a lead.
const MEASURED: [usize; 3] = [0, 2, 4];

/// The rates, in percent of the limit of the bare server.
const PERCENTS: [u32; 4] = [10, 20, 40, 80];

/// A sandbox holds 100,000 documents, of which the load before the measurement takes some.
const REQUESTS_MAX: u32 = 70_000;

/// The timer of the runtime has milliseconds, and can be late.
const TIMER_STEP: Duration = Duration::from_millis(2);

/// A server that reaches less than this part of a rate does not keep up.
const KEPT_UP: f64 = 0.97;

fn main() {
    serve_if_bare();
    let quick = flag("--quick");
    let (limit_time, run_time) = if quick { (500, 2_000) } else { (2_000, 10_000) };
    let (limit_time, run_time) = (Duration::from_millis(limit_time), Duration::from_millis(run_time));
    println!("{}; {CONNECTIONS} connections; {run_time:?} for each rate.\n", machine_state());
    println!("| request | rate, requests/s | server | p50, ms | p99, ms | p99.9, ms |");
    println!("|---|---:|---|---:|---:|---:|");
    for case in MEASURED.map(|index| &CASES[index]) {
        let request = case.request();
        let response = fetch(Server::mock(&[]).address, &request);
        assert!(has_status(&response, case.status), "{}: {}", case.name, String::from_utf8_lossy(&response));
        let limit = load(Server::bare(&response, None).address, &request, case.status, limit_time).1;
        for percent in PERCENTS {
            let rate = limit * f64::from(percent) / 100.0;
            for (name, server) in [("mock", Server::mock(&[])), ("bare hyper", Server::bare(&response, None))] {
                load(server.address, &request, case.status, Duration::from_millis(200));
                let measured = OpenLoop::run(&server, &request, case.status, rate, run_time);
                println!("| {} | {rate:.0} ({percent} %) | {name} | {} |", case.name, measured.cells(rate));
            }
        }
    }
}

/// The latencies of one rate.
struct OpenLoop {
    /// Sorted, in microseconds.
    latencies_us: Vec<u32>,
    /// Responses per second.
    reached: f64,
}

impl OpenLoop {
    fn run(server: &Server, request: &[u8], status: u16, rate: f64, time: Duration) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let plan = Rc::new(Plan::new(rate, time));
        let elapsed = LocalSet::new().block_on(&runtime, async {
            let mut sockets = Vec::new();
            for _ in 0..CONNECTIONS {
                let socket = TcpStream::connect(server.address).await.expect("the server accepts");
                socket.set_nodelay(true).unwrap();
                sockets.push(socket);
            }
            let start = Instant::now();
            let senders: Vec<_> = sockets
                .into_iter()
                .map(|socket| tokio::task::spawn_local(send(socket, request.into(), status, start, Rc::clone(&plan))))
                .collect();
            for sender in senders {
                sender.await.expect("every request gets the expected response");
            }
            start.elapsed()
        });
        let mut latencies_us = plan.latencies_us.take();
        latencies_us.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let reached = latencies_us.len() as f64 / elapsed.as_secs_f64();
        Self { latencies_us, reached }
    }

    /// The cells of a row.
    fn cells(&self, rate: f64) -> String {
        if self.reached < rate * KEPT_UP {
            return format!("reaches {:.0}/s | | ", self.reached);
        }
        let cells = [500, 990, 999].map(|permille| {
            let index = (self.latencies_us.len() * permille / 1000).min(self.latencies_us.len() - 1);
            format!("{:.2}", f64::from(self.latencies_us[index]) / 1000.0)
        });
        cells.join(" | ")
    }
}

/// The requests that are sent, each by the first free connection.
struct Plan {
    interval: Duration,
    count: u32,
    next: Cell<u32>,
    /// When the run ends, whether all requests were sent or not.
    time_max: Duration,
    latencies_us: RefCell<Vec<u32>>,
}

impl Plan {
    fn new(rate: f64, time: Duration) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let count = ((rate * time.as_secs_f64()) as u32).min(REQUESTS_MAX);
        Self {
            interval: Duration::from_secs_f64(1.0 / rate),
            count,
            next: Cell::new(0),
            time_max: time + time / 2,
            latencies_us: RefCell::default(),
        }
    }
}

/// Sends requests on one connection.
async fn send(mut socket: TcpStream, request: Rc<[u8]>, status: u16, start: Instant, plan: Rc<Plan>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut head = 0;
    while plan.next.get() < plan.count && start.elapsed() < plan.time_max {
        let due = plan.interval * plan.next.get();
        plan.next.set(plan.next.get() + 1);
        // Shorter than the timer's step, the other connections are served meanwhile.
        while let Some(wait) = due.checked_sub(start.elapsed()).filter(|wait| !wait.is_zero()) {
            match wait.checked_sub(TIMER_STEP) {
                Some(most) => tokio::time::sleep(most).await,
                None => tokio::task::yield_now().await,
            }
        }
        exchange(&mut socket, &request, status, &mut buffer, &mut head).await;
        let latency = start.elapsed().saturating_sub(due).as_micros();
        plan.latencies_us.borrow_mut().push(u32::try_from(latency).unwrap_or(u32::MAX));
    }
}
