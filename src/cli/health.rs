//! `health`: is a server ready? For containers, whose images need no curl then.

use std::io::Write as _;
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};

use super::Failure;
use super::client::{self, ANSWER_BYTES_MAX, Question, ServerArgs};

/// How long the server may take to answer.
const WAIT: Duration = Duration::from_secs(3);

/// The flags of `health`.
#[derive(Clone, Debug, Args)]
pub(super) struct HealthArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &HealthArgs) -> Result<(), Failure> {
    let url = args.server.url();
    let question = Question {
        method: Method::GET,
        path: "/__admin/health",
        sandbox: None,
        token: None,
        body: None,
        wait: WAIT,
        bytes_max: ANSWER_BYTES_MAX,
    };
    let answer = client::ask(&url, &question).map_err(|why| Failure::Server(format!("{url} is not ready: {why}")))?;
    if answer.status != StatusCode::OK {
        return Err(Failure::Server(format!("{url} is not ready: it answered {}", answer.status.as_u16())));
    }
    writeln!(std::io::stdout().lock(), "{url} is ready")?;
    Ok(())
}
