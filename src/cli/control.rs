//! `use` and `reset`: change what a running server plays.

use std::io::Write as _;
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Failure;
use super::client::{self, ANSWER_BYTES_MAX, Answer, Question, SANDBOX, ServerArgs, text};
use crate::sandbox::DEFAULT;

/// How long the server may take. A scenario may have to be read and its world be made.
const WAIT: Duration = Duration::from_secs(10);

/// Which sandbox of which server is changed.
#[derive(Clone, Debug, Args)]
struct TargetArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The sandbox that is changed [default: the one in the URL, else `default`]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    sandbox: Option<String>,
    /// The token that the server was started with
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
}

/// The flags of `use`.
#[derive(Clone, Debug, Args)]
pub(super) struct UseArgs {
    /// The scenario to play; `leadconduit-mock scenarios` lists those that are built in
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// The flags of `reset`.
#[derive(Clone, Debug, Args)]
pub(super) struct ResetArgs {
    #[command(flatten)]
    target: TargetArgs,
}

/// `use`: a sandbox plays another scenario.
pub(super) fn run_use(args: &UseArgs) -> Result<(), Failure> {
    print(&switch(args).map_err(Failure::Server)?)
}

/// `reset`: a sandbox starts anew.
pub(super) fn run_reset(args: &ResetArgs) -> Result<(), Failure> {
    print(&reset(args).map_err(Failure::Server)?)
}

fn print(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}

fn switch(args: &UseArgs) -> Result<String, String> {
    let body = json!({"name": args.scenario});
    let (answer, scenario) = args.target.ask(Method::PUT, "/__admin/scenario", Some(body))?;
    let name = text(&scenario, "name").ok_or_else(|| args.target.not_a_mock(answer.status))?;
    Ok(format!("sandbox {} now plays {name}", args.target.sandbox_of(&answer)))
}

fn reset(args: &ResetArgs) -> Result<String, String> {
    let (answer, sandbox) = args.target.ask(Method::POST, "/__admin/reset", None)?;
    let told = text(&sandbox, "name").zip(text(&sandbox, "scenario"));
    let (name, scenario) = told.ok_or_else(|| args.target.not_a_mock(answer.status))?;
    Ok(format!("sandbox {name} starts anew in {scenario}"))
}

impl TargetArgs {
    /// The server's answer and its body; or what the server says against it.
    fn ask(&self, method: Method, path: &'static str, body: Option<Value>) -> Result<(Answer, Value), String> {
        let url = self.server.url();
        let token = client::token(self.admin_token.as_deref());
        let sandbox = self.sandbox.as_deref();
        let question = Question { method, path, sandbox, token, body, wait: WAIT, bytes_max: ANSWER_BYTES_MAX };
        let answer = client::ask(&url, &question).map_err(|why| format!("{url} cannot be reached: {why}"))?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status == StatusCode::OK {
            return Ok((answer, body));
        }
        Err(text(&body, "detail").unwrap_or_else(|| self.not_a_mock(answer.status)))
    }

    fn not_a_mock(&self, status: StatusCode) -> String {
        client::not_a_mock(&self.server.url(), status)
    }

    /// The server knows best which sandbox it was; with `--no-mock-headers` it does not tell.
    fn sandbox_of(&self, answer: &Answer) -> String {
        let told = answer.headers.get(SANDBOX).and_then(|value| value.to_str().ok());
        told.or(self.sandbox.as_deref()).unwrap_or(DEFAULT).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::io::{BufRead, BufReader, Read};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

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

    /// A server that gives one answer, and then what it was asked: head in lower case, and body.
    fn stub(status: &str, headers: &str, body: &str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let length = body.len();
        let reply = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        let asked = std::thread::spawn(move || {
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
            // A client that has read enough goes away.
            let _ = socket.get_mut().write_all(reply.as_bytes());
            head + &String::from_utf8(body).unwrap()
        });
        (url, asked)
    }

    fn use_args(arguments: &[&str]) -> UseArgs {
        UseLine::parse_from(["use"].iter().chain(arguments)).args
    }

    fn reset_args(arguments: &[&str]) -> ResetArgs {
        ResetLine::parse_from(["reset"].iter().chain(arguments)).args
    }

    #[test]
    fn a_scenario_is_used() {
        let (url, asked) = stub("200 OK", "", r#"{"name":"sso-outage","description":"d","built_in":true}"#);
        assert_eq!(switch(&use_args(&["sso-outage", "--url", &url])).unwrap(), "sandbox default now plays sso-outage");
        let asked = asked.join().unwrap();
        assert!(asked.starts_with("PUT /__admin/scenario HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("content-type: application/json\r\n"), "{asked}");
        assert!(asked.contains(&format!("host: {}\r\n", url.trim_start_matches("http://"))), "{asked}");
        assert!(!asked.contains("authorization") && !asked.contains("x-mock-sandbox"), "{asked}");
        assert!(asked.ends_with("\r\n\r\n{\"name\":\"sso-outage\"}"), "{asked}");
    }

    #[test]
    fn sandbox_and_token_are_sent() {
        let (url, asked) = stub("200 OK", "", r#"{"name":"a","scenario":"healthy"}"#);
        let url = format!("{url}/__sandbox/b/");
        let args = reset_args(&["--url", &url, "--sandbox", "a", "--admin-token", "s3cret"]);
        assert_eq!(reset(&args).unwrap(), "sandbox a starts anew in healthy");
        let asked = asked.join().unwrap();
        assert!(asked.starts_with("POST /__sandbox/b/__admin/reset HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("x-mock-sandbox: a\r\n"), "{asked}");
        assert!(asked.contains("authorization: bearer TOKEN\r\n"), "{asked}");
    }

    #[test]
    fn the_server_says_which_sandbox_it_was() {
        let (url, _asked) = stub("200 OK", "X-Mock-Sandbox: b\r\n", r#"{"name":"empty-account"}"#);
        let args = use_args(&["empty-account", "--url", &format!("{url}/__sandbox/b")]);
        assert_eq!(switch(&args).unwrap(), "sandbox b now plays empty-account");
    }

    #[test]
    fn failures_say_what_the_server_says() {
        let large = "x".repeat(1024 * 1024 + 1);
        let rows = [
            ("404 Not Found", r#"{"title":"t","detail":"did you mean\u001b `healthy`?"}"#, "did you mean `healthy`?"),
            ("401 Unauthorized", r#"{"detail":"send the token"}"#, "send the token"),
            ("502 Bad Gateway", "<html>", "URL answered 502, but not as leadconduit-mock does; is that its URL?"),
            ("200 OK", "{}", "URL answered 200, but not as leadconduit-mock does; is that its URL?"),
            ("200 OK", &large, "URL cannot be reached: length limit exceeded"),
        ];
        for (status, body, message) in rows {
            let (url, _asked) = stub(status, "", body);
            assert_eq!(switch(&use_args(&["helthy", "--url", &url])).unwrap_err().replace(&url, "URL"), message);
            let (url, _asked) = stub(status, "", body);
            assert_eq!(reset(&reset_args(&["--url", &url])).unwrap_err().replace(&url, "URL"), message);
        }
    }

    #[test]
    fn who_is_not_there_cannot_be_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        drop(listener);
        let refused = format!("http://127.0.0.1:{port} cannot be reached: Connection refused (os error 111)");
        let rows: [(&[&str], &str); 4] = [
            (&["--port", &port], &refused),
            (&["--url", "https://localhost"], "https://localhost cannot be reached: only http can be asked"),
            (&["--url", "http://"], "http:// cannot be reached: that is no URL"),
            (&["--sandbox", "a\nb"], "http://127.0.0.1:4010 cannot be reached: the sandbox's name cannot be sent"),
        ];
        for (arguments, message) in rows {
            assert_eq!(reset(&reset_args(arguments)).unwrap_err(), message);
        }
    }

    #[test]
    fn a_server_that_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let wait = Duration::from_millis(50);
        let (method, bytes_max) = (Method::GET, ANSWER_BYTES_MAX);
        let question = Question { method, path: "/", sandbox: None, token: None, body: None, wait, bytes_max };
        assert!(client::ask(&url, &question).unwrap_err().contains("no answer within"));
    }
}
