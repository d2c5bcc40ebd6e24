//! Memory of a document, a lead, a sandbox and an exchange.
//!
//! `cargo bench --bench memory -- [--quick] [--enforce]`: about a minute; `--enforce` exits with 1 when a target is missed.
//!
//! # Method
//!
//! - The real binary in its own process. Its resident memory is read before and after many requests of one kind; the
//!   difference, divided by their number, is what one of them takes, with the maps and indexes that it is part of.
//! - Journals are off, except where an exchange is measured; so is what a sandbox takes without its exchange.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark panics when it cannot continue")]
#![expect(clippy::print_stdout, reason = "benchmarks print their results")]

#[expect(dead_code, reason = "only other benchmarks compare two servers")]
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;

use support::{Server, flag, has_status, machine_state, pass_or_miss, request, response_length};

const JOURNAL_OFF: [&str; 2] = ["--journal-entries-max", "0"];

/// How many requests are sent before their responses are read.
const PIPELINED: usize = 32;

fn main() -> ExitCode {
    let (few, many) = if flag("--quick") { (5_000, 10_000) } else { (10_000, 50_000) };
    println!("{}\n", machine_state());
    println!("| what | number | bytes each | target | |");
    println!("|---|---:|---:|---:|---|");
    let mut met = true;
    let mut row = |name: &str, count: usize, bytes: f64, target: Option<f64>| {
        let is_met = target.is_none_or(|target| bytes <= target);
        met &= is_met;
        let target = target.map_or_else(|| "| ".to_owned(), |target| format!("{target:.0} | {}", pass_or_miss(is_met)));
        println!("| {name} | {count} | {bytes:.0} | {target} |");
    };

    let credential = request("/credentials", Some(CREDENTIAL));
    let grown = growth(&JOURNAL_OFF, many, |_| (credential.clone(), 201));
    row("a document: a credential of 250 bytes", many, grown, Some(1_500.0));

    let lead = submission();
    row("a lead: 3 events, one call of a recipient", many, growth(&JOURNAL_OFF, many, |_| (lead.clone(), 201)), None);

    let list = |number: usize| {
        let text = String::from_utf8(request("/connections", None)).unwrap();
        (text.replacen("\r\n", &format!("\r\nX-Mock-Sandbox: box-{number}\r\n"), 1).into_bytes(), 200)
    };
    let count = 9_999.min(few);
    row("a sandbox that was read, without its exchange", count, growth(&JOURNAL_OFF, count, list), None);
    row("a sandbox that was read, with its exchange", count, growth(&[], count, list), Some(4_500.0));
    let write = |number: usize| {
        let text = String::from_utf8(credential.clone()).unwrap();
        (text.replacen("\r\n", &format!("\r\nX-Mock-Sandbox: box-{number}\r\n"), 1).into_bytes(), 201)
    };
    row("a sandbox that was written to, with its exchange", count, growth(&[], count, write), None);

    let get = request("/connections", None);
    row("an exchange: `GET /connections`", count, growth(&[], count, |_| (get.clone(), 200)), None);
    let server = ["--journal-entries-max", "1000000"];
    let post = request("/onboards", Some(r#"{"invitation":"64b8f0f5e4b0c3a1d5e6f7a8"}"#));
    row("an exchange: `POST /onboards`, refused", count, growth(&server, count, |_| (post.clone(), 400)), None);
    if flag("--enforce") && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The growth of a server's resident memory by each of a number of requests, in bytes.
fn growth(arguments: &[&str], count: usize, make: impl Fn(usize) -> (Vec<u8>, u16)) -> f64 {
    let server = Server::mock(arguments);
    let mut socket = TcpStream::connect(server.address).expect("the server accepts");
    socket.set_nodelay(true).unwrap();
    // What the first requests set up is not part of the growth.
    let warm_up = 200;
    for _ in 0..warm_up {
        send(&mut socket, &[request("/user", None)], 200);
    }
    send(&mut socket, &[make(0).0], make(0).1);
    let before = resident_bytes(&server);
    let numbers: Vec<usize> = (1..count).collect();
    for part in numbers.chunks(PIPELINED) {
        let requests: Vec<Vec<u8>> = part.iter().map(|number| make(*number).0).collect();
        send(&mut socket, &requests, make(part[0]).1);
    }
    let grown = resident_bytes(&server) - before;
    grown / f64::from(u32::try_from(count - 1).unwrap())
}

/// Sends requests, then reads their responses.
fn send(socket: &mut TcpStream, requests: &[Vec<u8>], status: u16) {
    socket.write_all(&requests.concat()).expect("the server reads");
    let (mut buffer, mut part, mut head, mut left) = (Vec::new(), [0; 16 * 1024], 0, requests.len());
    while left > 0 {
        while let Some(length) = response_length(&buffer, &mut head).filter(|length| *length <= buffer.len()) {
            assert!(has_status(&buffer, status), "{}", String::from_utf8_lossy(&buffer));
            buffer.drain(..length);
            left -= 1;
        }
        if left > 0 {
            let count = socket.read(&mut part).expect("the server responds");
            assert!(count > 0, "the server closed the connection");
            buffer.extend_from_slice(&part[..count]);
        }
    }
}

/// The resident memory of a server, in bytes.
fn resident_bytes(server: &Server) -> f64 {
    let status = server.proc_file("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel reports it");
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() * 1024.0
}

/// With the properties that the server adds, the document has 250 bytes.
const CREDENTIAL: &str = r#"{"name":"Delivery account","type":"user","package":"leadconduit-default","username":"deliveries","password":"p"}"#;

/// A lead as a form, without a key, as sources send it.
fn submission() -> Vec<u8> {
    let path = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";
    let body = "first_name=Joe&last_name=Blow&email=joe%40example.com&phone_1=512-789-1111&state=TX&postal_code=78704";
    let head = "Host: localhost\r\nAccept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    format!("POST {path} HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
