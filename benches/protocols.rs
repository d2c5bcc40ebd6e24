//! Requests per second over TLS and HTTP/2, compared with those of a bare hyper server with the same protocol.
//!
//! `cargo bench --bench protocols -- [--quick]`: about a minute, or 10 seconds with `--quick`.
//!
//! The method is that of `throughput`: both servers run alternately in processes of their own, and send the same status,
//! headers and body. The load generator is a hyper client on one thread, with 32 requests at a time: over HTTP/1.1 on 32
//! connections, over HTTP/2 on 4 connections with 8 streams each. Both servers have the same certificate.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure real time")]

#[path = "support/bare.rs"]
mod bare;
#[path = "support/client.rs"]
mod client;
#[expect(dead_code, reason = "other benchmarks use more of it")]
mod support;

use std::path::Path;
use std::time::Duration;

use bare::{Protocol, serve_if_bare};
use client::load;
use support::{Server, Spread, fetch, flag, has_status, machine_state, request};

const PATH: &str = "/connections";

const CASES: [(&str, Protocol); 4] = [
    ("HTTP/1.1", Protocol { is_tls: false, is_http2: false }),
    ("HTTP/1.1 over TLS", Protocol { is_tls: true, is_http2: false }),
    ("HTTP/2, prior knowledge", Protocol { is_tls: false, is_http2: true }),
    ("HTTP/2 over TLS", Protocol { is_tls: true, is_http2: true }),
];

fn main() {
    serve_if_bare();
    let (rounds, time) = if flag("--quick") { (3, 400) } else { (7, 1000) };
    let (warm_up, time) = (Duration::from_millis(100), Duration::from_millis(time));
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    println!("{}; {rounds} rounds of {time:?} each; `GET {PATH}`\n", machine_state());
    println!("| protocol | mock, req/s | bare hyper, req/s | ratio (min–max) |");
    println!("|---|---:|---:|---:|");
    for (name, protocol) in CASES {
        let start_mock = || mock(protocol, &cert, &key);
        let server = start_mock();
        let response = fetch(server.address, &request(PATH, None));
        assert!(has_status(&response, 200), "{}", String::from_utf8_lossy(&response));
        drop(server);
        let start_bare = || Server::bare(&response, Some((protocol, cert.as_path(), key.as_path())));
        let start: [&dyn Fn() -> Server; 2] = [&start_mock, &start_bare];
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            for position in 0..2 {
                let index = (round + position) % 2;
                let server = start[index]();
                load(server.address, PATH, protocol, &cert, warm_up);
                rates[index].push(load(server.address, PATH, protocol, &cert, time));
            }
        }
        let [mock, bare] = rates;
        let Spread { minimum, median, maximum } = Spread::of(mock.iter().zip(&bare).map(|(mock, bare)| mock / bare));
        let (mock, bare) = (Spread::of(mock).median, Spread::of(bare).median);
        println!("| {name} | {mock:.0} | {bare:.0} | {median:.2} ({minimum:.2}–{maximum:.2}) |");
    }
}

fn mock(protocol: Protocol, cert: &Path, key: &Path) -> Server {
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    if protocol.is_tls { Server::mock(&["--tls-cert", cert, "--tls-key", key]) } else { Server::mock(&[]) }
}
