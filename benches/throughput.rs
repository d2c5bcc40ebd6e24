//! Requests per second of the mock beside those of a bare hyper server, in one run.
//!
//! `cargo bench --bench throughput -- [--quick] [--enforce]`: about 90 seconds, or 15 with `--quick`; `--enforce` exits
//! with 1 when a target is missed.
//!
//! # Method
//!
//! - The mock is the real binary in a process of its own, with its defaults: every request is checked. The bare server
//!   is this executable once more, as a process of its own too: hyper 1 on tokio's multi-thread runtime, without
//!   routes, keys or JSON. It sends the bytes that the mock sent for the same request, which is compared before
//!   anything is measured.
//! - One thread sends over 32 connections in a closed loop: each sends its next request when it has read the reply to
//!   its last. Every reply's status is looked at. Both servers get the same generator, so it does not decide the
//!   ratio; it shares the machine with them, though, so what it costs pulls every ratio towards 1. The table of
//!   processor time, which the generator is no part of, shows the difference without it.
//! - The two take turns, and rounds change who goes first, so that a machine that slows down slows down both. A ratio
//!   is that of one round; the table shows the median of the rounds, with the least and the greatest.
//! - Every turn has a process of its own, warmed up for a moment: the other server is not even idle beside it, and the
//!   world, to which every accepted POST adds a document, stays within bounds. Load is bounded in time and in count.
//!
//! # What the profile showed
//!
//! `perf record` on the mock under this load, two cores, before it was tuned, and what was done about it:
//!
//! - GET: 64 % of its time is the kernel's, 50 % in `send` alone; the pipeline has 15 %. Of that, building the reply's
//!   headers is the largest part (a `HeaderMap` of a dozen entries, about 4 %), then reading the credentials (3 %) and
//!   finding the caller and the remembered answer (2.5 %). Routing, the date, the tag's checksum and the checks are
//!   below 1 % each: there is little left to win.
//! - A POST that is accepted: writing the world had 29 %. Copying the nodes on the way to the new document had 11 %,
//!   because the world before the call was still held; now it is changed in place and undone when refused. Fresh memory
//!   had 8 %, most of it for keeping every document as a tree of values beside its bytes; now the tree is made when
//!   something looks into the document. Checking body and document against their schemas has 5 %. The write's lock
//!   makes the other worker wait, 6 % in `futex`; a lock that spins longer changed nothing that could be told from
//!   noise. The pattern of ids is checked by a function instead of a regular expression. In all the ratio went from
//!   0.52 to 0.76.
//! - A body that is refused: explaining why has 15 %, telling it again in `X-Mock-Violations` had 7 % before it was
//!   written into one buffer. Deciding that the body is wrong has 1 %.
//! - mimalloc in place of glibc's allocator changed nothing beyond the noise of a busy machine, and held 6.5 MB more.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on has nothing better to do")]
#![expect(clippy::print_stdout, reason = "what is measured is printed")]
#![expect(clippy::disallowed_methods, reason = "what is measured is real time")]

#[path = "support/bare.rs"]
mod bare;
#[path = "support/load.rs"]
mod load;
mod support;

use std::process::ExitCode;
use std::time::Duration;

use bare::serve_if_bare;
use load::{CONNECTIONS, load};
use support::{Server, Spread, ask, flag, has_status, machine, request, verdict};

/// One request and what is expected of it.
struct Case {
    name: &'static str,
    path: &'static str,
    body: Option<&'static str>,
    status: u16,
    /// The least share of the bare server's requests per second.
    target: f64,
}

const CASES: [Case; 4] = [
    Case { name: "`GET /connections`", path: "/connections", body: None, status: 200, target: 0.75 },
    Case {
        name: "`GET /connections/{id}`",
        path: "/connections/5d9a4c421d011c553e000001",
        body: None,
        status: 200,
        target: 0.75,
    },
    Case {
        name: "`POST /onboards`, body checked",
        path: "/onboards",
        body: Some(r#"{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}"#),
        status: 201,
        target: 0.60,
    },
    Case {
        name: "`POST /onboards`, invalid body refused",
        path: "/onboards",
        body: Some(r#"{"invitation_id":"nope","flow_id":1}"#),
        status: 400,
        target: 0.50,
    },
];

/// How long things are measured.
struct Plan {
    rounds: usize,
    turn: Duration,
    warm_up: Duration,
}

const FULL: Plan = Plan { rounds: 7, turn: Duration::from_millis(1250), warm_up: Duration::from_millis(250) };
const QUICK: Plan = Plan { rounds: 3, turn: Duration::from_millis(450), warm_up: Duration::from_millis(100) };

/// What was measured in one case.
struct Measured {
    mock: Side,
    bare: Side,
    ratio: Spread,
}

/// What was measured of one server.
#[derive(Default)]
struct Side {
    /// Requests per second, turn by turn.
    rates: Vec<f64>,
    /// Requests in all.
    count: u64,
    /// Processor time in all, in microseconds.
    processor_us: f64,
}

impl Side {
    /// One turn.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    fn measure(&mut self, server: &Server, request: &[u8], status: u16, plan: &Plan) {
        load(server.address, request, status, plan.warm_up);
        let before = processor_ticks(server);
        let (count, rate) = load(server.address, request, status, plan.turn);
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
    let plan = if flag("--quick") { QUICK } else { FULL };
    println!("{}; {CONNECTIONS} connections; {} rounds of {:?} each\n", machine(), plan.rounds, plan.turn);
    let measured: Vec<Measured> = CASES.iter().map(|case| measure(case, &plan)).collect();
    report(&measured);
    let met = CASES.iter().zip(&measured).all(|(case, measured)| measured.ratio.median >= case.target);
    println!("\n{}", verdict(met));
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn measure(case: &Case, plan: &Plan) -> Measured {
    let request = request(case.path, case.body);
    let mock = Server::mock(&[]);
    let reply = ask(mock.address, &request);
    assert!(has_status(&reply, case.status), "{}: {}", case.name, String::from_utf8_lossy(&reply));
    let bare = Server::bare(&reply);
    assert_eq!(ask(bare.address, &request), reply, "{}: the bare server sends other bytes", case.name);

    drop((mock, bare));
    let start: [&dyn Fn() -> Server; 2] = [&|| Server::mock(&[]), &|| Server::bare(&reply)];
    let mut sides = [Side::default(), Side::default()];
    for round in 0..plan.rounds {
        for turn in 0..2 {
            let side = (round + turn) % 2;
            sides[side].measure(&start[side](), &request, case.status, plan);
        }
    }
    let [mock, bare] = sides;
    let ratio = Spread::of(mock.rates.iter().zip(&bare.rates).map(|(mock, bare)| mock / bare));
    Measured { mock, bare, ratio }
}

/// The processor time that a server has had, in the kernel's ticks of 10 ms.
fn processor_ticks(server: &Server) -> u64 {
    let stat = server.kernel("stat");
    // The second field is the command in parentheses and may hold spaces. User and system time are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

fn report(measured: &[Measured]) {
    println!("| request | mock, req/s | bare hyper, req/s | ratio (least–greatest) | target | |");
    println!("|---|---:|---:|---:|---:|---|");
    for (case, Measured { mock, bare, ratio }) in CASES.iter().zip(measured) {
        let Spread { least, median, greatest } = ratio;
        println!(
            "| {} | {:.0} | {:.0} | {median:.2} ({least:.2}–{greatest:.2}) | {:.2} | {} |",
            case.name,
            mock.rate(),
            bare.rate(),
            case.target,
            verdict(*median >= case.target)
        );
    }
    println!("\n| request | mock, processor µs each | bare hyper, processor µs each | ratio |");
    println!("|---|---:|---:|---:|");
    for (case, Measured { mock, bare, .. }) in CASES.iter().zip(measured) {
        let (mock, bare) = (mock.processor_us_each(), bare.processor_us_each());
        println!("| {} | {mock:.1} | {bare:.1} | {:.2} |", case.name, bare / mock);
    }
}
