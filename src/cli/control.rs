//! `use` and `reset`: change the scenario of a running server, or reset it.

use std::io::Write as _;

use clap::Args;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::args::ServerArgs;
use super::client::{self, ClientResponse, ControlRequest, text_field};
use super::error::CliError;
use super::output::count_noun;
use crate::config::limits::{CLIENT_RESPONSE_BYTES_MAX, CONTROL_TIMEOUT};
use crate::config::settings::DEFAULT_SANDBOX;
use crate::http::headers;

/// The sandbox to change, and its server.
#[derive(Clone, Debug, Args)]
struct TargetArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The sandbox to change [default: the one in the URL, else `default`]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    sandbox: Option<String>,
    /// The token with which the server was started
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct UseArgs {
    /// The new scenario; `leadconduit-mock scenarios` lists the built-in ones
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ResetArgs {
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) fn run_use(args: &UseArgs) -> Result<(), CliError> {
    print(&switch_scenario(args)?)
}

pub(super) fn run_reset(args: &ResetArgs) -> Result<(), CliError> {
    print(&reset(args)?)
}

fn print(line: &str) -> Result<(), CliError> {
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}

fn switch_scenario(args: &UseArgs) -> Result<String, CliError> {
    let body = json!({"name": args.scenario});
    let (response, scenario) = args.target.send(Method::PUT, "/__admin/scenario", Some(body))?;
    let name = text_field(&scenario, "name").ok_or_else(|| args.target.unexpected_response(response.status))?;
    Ok(format!("sandbox {} now uses scenario {name}", args.target.sandbox_of(&response)))
}

fn reset(args: &ResetArgs) -> Result<String, CliError> {
    let (response, sandbox) = args.target.send(Method::POST, "/__admin/reset", None)?;
    let fields = text_field(&sandbox, "name").zip(text_field(&sandbox, "scenario"));
    let (name, scenario) = fields.ok_or_else(|| args.target.unexpected_response(response.status))?;
    let cleared = sandbox["cleared"]["exchanges"].as_u64().and_then(|count| usize::try_from(count).ok());
    let cleared =
        cleared.map(|count| format!("; cleared {}", count_noun(count, "recorded request"))).unwrap_or_default();
    Ok(format!("sandbox {name} was reset to scenario {scenario}{cleared}"))
}

impl TargetArgs {
    /// Sends a request and returns the response with its parsed body. The error is the server's, if it rejects the
    /// request.
    fn send(
        &self,
        method: Method,
        path: &'static str,
        body: Option<Value>,
    ) -> Result<(ClientResponse, Value), CliError> {
        let url = self.server.url();
        let token = client::token(self.admin_token.as_deref());
        let sandbox = self.sandbox.as_deref();
        let (timeout, bytes_max) = (CONTROL_TIMEOUT, CLIENT_RESPONSE_BYTES_MAX);
        let request = ControlRequest { method, path, sandbox, token, body, timeout, bytes_max };
        let response = client::send(&url, &request).map_err(|error| error.at(&url))?;
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status == StatusCode::OK {
            return Ok((response, body));
        }
        Err(text_field(&body, "detail").map_or_else(|| self.unexpected_response(response.status), CliError::Server))
    }

    fn unexpected_response(&self, status: StatusCode) -> CliError {
        client::unexpected_response(&self.server.url(), status)
    }

    /// The sandbox that the server used. A server with `--no-mock-headers` does not return it.
    fn sandbox_of(&self, response: &ClientResponse) -> String {
        let header = response.headers.get(headers::SANDBOX).and_then(|value| value.to_str().ok());
        header.or(self.sandbox.as_deref()).unwrap_or(DEFAULT_SANDBOX).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::ClientError;
    use clap::Parser;
    use std::io::{BufRead, BufReader, Read};
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
            switch_scenario(&use_args(&["sso-outage", "--url", &url])).unwrap(),
            "sandbox default now uses scenario sso-outage"
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
        assert_eq!(reset(&args).unwrap(), "sandbox a was reset to scenario healthy");
        let request = request.join().unwrap();
        assert!(request.starts_with("POST /__sandbox/b/__admin/reset HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("x-mock-sandbox: a\r\n"), "{request}");
        assert!(request.contains("authorization: bearer TOKEN\r\n"), "{request}");
    }

    #[test]
    fn sandbox_is_taken_from_the_response() {
        let (url, _request) = stub("200 OK", "X-Mock-Sandbox: b\r\n", r#"{"name":"empty-account"}"#);
        let args = use_args(&["empty-account", "--url", &format!("{url}/__sandbox/b")]);
        assert_eq!(switch_scenario(&args).unwrap(), "sandbox b now uses scenario empty-account");
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
            assert_eq!(error.exit_code(), 1);
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
                &["--url", "https://localhost"],
                2,
                "https://localhost cannot be called: only http is supported; write http://HOST:PORT",
            ),
            (&["--url", "http://"], 2, "http:// cannot be called: it is not a valid URL; write http://HOST:PORT"),
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
        let request = ControlRequest { method, path: "/", sandbox: None, token: None, body: None, timeout, bytes_max };
        assert!(matches!(client::send(&url, &request), Err(ClientError::Timeout(waited)) if waited == timeout));
    }
}
