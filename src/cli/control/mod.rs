//! The control API from the shell: one file for each subject. Each command sends one or two requests to a running server,
//! and prints the response as text or, with `--json`, unchanged.

mod clock;
mod explain;
mod fault;
mod requests;
mod sandbox;
mod snapshot;
mod target;
mod verify;

use clap::Args;
use http::Method;
use serde_json::json;

pub(super) use self::clock::{ClockArgs, run as run_clock};
pub(super) use self::explain::{ExplainArgs, run as run_explain};
pub(super) use self::fault::{FaultArgs, run as run_fault};
pub(super) use self::requests::{RequestsArgs, run as run_requests};
pub(super) use self::sandbox::{SandboxArgs, run as run_sandbox};
pub(super) use self::snapshot::{SnapshotArgs, run as run_snapshot};
use self::target::{Printed, TargetArgs};
pub(super) use self::verify::{VerifyArgs, run as run_verify};
use super::client::text_field;
use super::error::CliError;
use super::output::count_noun;

#[derive(Clone, Debug, Args)]
pub(super) struct UseArgs {
    /// The new scenario; `leadconduit-mock scenarios` lists the built-in ones
    #[arg(value_name = "SCENARIO", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    scenario: String,
    /// Keep the state of the sandbox, and change only the conditions and rules
    #[arg(long, env = "LEADCONDUIT_MOCK_KEEP_WORLD", value_parser = clap::builder::BoolishValueParser::new())]
    keep_world: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ResetArgs {
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) fn run_use(args: &UseArgs) -> Result<(), CliError> {
    args.target.note_new_sandbox();
    args.target.print(&switch_scenario(args)?)
}

pub(super) fn run_reset(args: &ResetArgs) -> Result<(), CliError> {
    args.target.note_new_sandbox();
    args.target.print(&reset(args)?)
}

fn switch_scenario(args: &UseArgs) -> Result<Printed, CliError> {
    let mut body = json!({"name": args.scenario});
    if args.keep_world {
        body["keep_world"] = true.into();
    }
    let (response, scenario) = args.target.send(Method::PUT, "/__admin/scenario", Some(body))?;
    let name = text_field(&scenario, "name").ok_or_else(|| args.target.unexpected_response(response.status))?;
    let kept = if args.keep_world { "; its state was kept" } else { "" };
    let text = format!("sandbox {} now uses scenario {name}{kept}\n", args.target.sandbox_of(&response));
    Ok(Printed { text, json: scenario })
}

fn reset(args: &ResetArgs) -> Result<Printed, CliError> {
    let (response, sandbox) = args.target.send(Method::POST, "/__admin/reset", None)?;
    let fields = text_field(&sandbox, "name").zip(text_field(&sandbox, "scenario"));
    let (name, scenario) = fields.ok_or_else(|| args.target.unexpected_response(response.status))?;
    let cleared = sandbox["cleared"]["exchanges"].as_u64().and_then(|count| usize::try_from(count).ok());
    let cleared =
        cleared.map(|count| format!("; cleared {}", count_noun(count, "recorded request"))).unwrap_or_default();
    let text = format!("sandbox {name} was reset to scenario {scenario}{cleared}\n");
    Ok(Printed { text, json: sandbox })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::{self, ClientError, ControlRequest};
    use crate::config::limits::CLIENT_RESPONSE_BYTES_MAX;
    use clap::Parser;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;
    use std::time::Duration;

    #[derive(Parser)]
    struct UseLine {
        #[command(flatten)]
        args: UseArgs,
    }

    #[derive(Parser)]
    struct ResetLine {
        #[command(flatten)]
        args: ResetArgs,
    }

    /// A server with one response. The thread returns the request that it received: head in lower case, and body.
    fn stub(status: &str, headers: &str, body: &str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let length = body.len();
        let response = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        let request = std::thread::spawn(move || {
            let mut socket = BufReader::new(listener.accept().unwrap().0);
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                let mut line = String::new();
                socket.read_line(&mut line).unwrap();
                let lower = line.to_lowercase();
                length = lower.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap());
                head.push_str(&if head.is_empty() { line } else { lower.replace("s3cret", "TOKEN") });
            }
            let mut body = vec![0; length];
            socket.read_exact(&mut body).unwrap();
            // A client that exceeds its limit disconnects.
            let _ = socket.get_mut().write_all(response.as_bytes());
            head + &String::from_utf8(body).unwrap()
        });
        (url, request)
    }

    fn use_args(arguments: &[&str]) -> UseArgs {
        UseLine::parse_from(["use"].iter().chain(arguments)).args
    }

    fn reset_args(arguments: &[&str]) -> ResetArgs {
        ResetLine::parse_from(["reset"].iter().chain(arguments)).args
    }

    #[test]
    fn use_sends_the_scenario() {
        let (url, request) = stub("200 OK", "", r#"{"name":"sso-outage","description":"d","built_in":true}"#);
        assert_eq!(
            switch_scenario(&use_args(&["sso-outage", "--url", &url])).unwrap().text,
            "sandbox default now uses scenario sso-outage\n"
        );
        let request = request.join().unwrap();
        assert!(request.starts_with("PUT /__admin/scenario HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("content-type: application/json\r\n"), "{request}");
        assert!(request.contains(&format!("host: {}\r\n", url.trim_start_matches("http://"))), "{request}");
        assert!(!request.contains("authorization") && !request.contains("x-mock-sandbox"), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"name\":\"sso-outage\"}"), "{request}");
    }

    #[test]
    fn sandbox_and_token_are_sent() {
        let (url, request) = stub("200 OK", "", r#"{"name":"a","scenario":"healthy"}"#);
        let url = format!("{url}/__sandbox/b/");
        let args = reset_args(&["--url", &url, "--sandbox", "a", "--admin-token", "s3cret"]);
        assert_eq!(reset(&args).unwrap().text, "sandbox a was reset to scenario healthy\n");
        let request = request.join().unwrap();
        assert!(request.starts_with("POST /__sandbox/b/__admin/reset HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("x-mock-sandbox: a\r\n"), "{request}");
        assert!(request.contains("authorization: bearer TOKEN\r\n"), "{request}");
    }

    #[test]
    fn sandbox_is_taken_from_the_response() {
        let (url, _request) = stub("200 OK", "X-Mock-Sandbox: b\r\n", r#"{"name":"empty-account"}"#);
        let args = use_args(&["empty-account", "--url", &format!("{url}/__sandbox/b")]);
        assert_eq!(switch_scenario(&args).unwrap().text, "sandbox b now uses scenario empty-account\n");
    }

    #[test]
    fn errors_show_the_detail_of_the_server() {
        let large = "x".repeat(1024 * 1024 + 1);
        let rows = [
            ("404 Not Found", r#"{"title":"t","detail":"did you mean\u001b `healthy`?"}"#, "did you mean `healthy`?"),
            ("401 Unauthorized", r#"{"detail":"send the token"}"#, "send the token"),
            (
                "502 Bad Gateway",
                "<html>",
                "URL returned an unexpected response with status 502; check that leadconduit-mock runs there",
            ),
            (
                "200 OK",
                "{}",
                "URL returned an unexpected response with status 200; check that leadconduit-mock runs there",
            ),
            (
                "200 OK",
                &large,
                "URL cannot be reached: the response is larger than 1048576 bytes; check that leadconduit-mock runs there",
            ),
        ];
        for (status, body, message) in rows {
            let (url, _request) = stub(status, "", body);
            assert_eq!(
                switch_scenario(&use_args(&["helthy", "--url", &url])).unwrap_err().to_string().replace(&url, "URL"),
                message
            );
            let (url, _request) = stub(status, "", body);
            let error = reset(&reset_args(&["--url", &url])).unwrap_err();
            assert_eq!(error.to_string().replace(&url, "URL"), message);
            // A name that does not exist is from the command line.
            assert_eq!(error.exit_code(), if status.starts_with("404") { 2 } else { 1 }, "{status}");
        }
    }

    #[test]
    fn unreachable_servers_and_invalid_arguments_are_reported() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        drop(listener);
        let unreachable = format!(
            "http://127.0.0.1:{port} cannot be reached: no server listens there; start one with `leadconduit-mock serve \
             --port {port}`"
        );
        let rows: [(&[&str], u8, &str); 5] = [
            (&["--port", &port], 1, &unreachable),
            (
                &["--url", "ftp://localhost"],
                2,
                "ftp://localhost cannot be called: only http and https are supported; write http://HOST:PORT or \
                 https://HOST:PORT",
            ),
            (
                &["--url", "http://"],
                2,
                "http:// cannot be called: it is not a valid URL; write http://HOST:PORT or https://HOST:PORT",
            ),
            (
                &["--sandbox", "a\nb"],
                2,
                "the name of the sandbox must be letters, digits, `.`, `_` and `-`, 64 characters at most",
            ),
            (
                &["--admin-token", "a\nb"],
                2,
                "the token has line breaks or control characters; write it in quotes, without any",
            ),
        ];
        for (arguments, code, message) in rows {
            let error = reset(&reset_args(arguments)).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.exit_code()), (message, code));
        }
    }

    #[test]
    fn missing_response_times_out() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let timeout = Duration::from_millis(50);
        let (method, bytes_max) = (Method::GET, CLIENT_RESPONSE_BYTES_MAX);
        let tls_dir = crate::cli::tls::TlsDirArgs::default();
        let request = ControlRequest {
            method,
            path: "/",
            sandbox: None,
            token: None,
            body: None,
            timeout,
            bytes_max,
            tls_dir: &tls_dir,
        };
        assert!(matches!(client::send(&url, &request), Err(ClientError::Timeout(waited)) if waited == timeout));
    }
}
