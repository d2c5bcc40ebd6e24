//! `health`: is a server ready? For containers, whose images need no curl then.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use clap::Args;

use super::Failure;

/// How long the server may take to answer.
const WAIT: Duration = Duration::from_secs(3);

/// How much of an answer is read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// The flags of `health`.
#[derive(Clone, Debug, Args)]
pub(super) struct HealthArgs {
    /// The server's URL, http only; 127.0.0.1 with the port below when absent
    #[arg(long, env = "LEADCONDUIT_MOCK_URL")]
    url: Option<String>,
    /// The port on 127.0.0.1, when no URL is given
    #[arg(long, value_name = "PORT", default_value_t = crate::settings::PORT, env = "LEADCONDUIT_MOCK_PORT")]
    port: u16,
}

pub(super) fn run(args: &HealthArgs) -> Result<(), Failure> {
    let url = args.url.clone().unwrap_or_else(|| format!("http://127.0.0.1:{}", args.port));
    let answer = ask(&url).map_err(|why| Failure::Unhealthy(format!("{url} is not ready: {why}")))?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return Err(Failure::Unhealthy(format!("{url} is not ready: it answered {status}")));
    }
    writeln!(std::io::stdout().lock(), "{url} is ready")?;
    Ok(())
}

fn ask(url: &str) -> Result<String, String> {
    let uri: http::Uri = url.parse().map_err(|_| "that is no URL".to_owned())?;
    if uri.scheme_str() != Some("http") {
        return Err("only http can be asked".to_owned());
    }
    let authority = uri.authority().ok_or("that URL has no host")?;
    let (host, port) = (authority.host(), authority.port_u16().unwrap_or(80));
    let addresses = std::net::ToSocketAddrs::to_socket_addrs(&(host.trim_matches(['[', ']']), port));
    let address = addresses.map_err(|error| error.to_string())?.next().ok_or("that host has no address")?;
    let mut socket = TcpStream::connect_timeout(&address, WAIT).map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(WAIT)).map_err(|error| error.to_string())?;
    let base = uri.path().trim_end_matches('/');
    let request = format!("GET {base}/__admin/health HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    socket.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
