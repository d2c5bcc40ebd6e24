//! Submissions: a few at once, with a bar where there is a terminal, counted as they come back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::Value;
use tokio::task::JoinSet;

use super::Leads;
use super::api::{Api, Identity};
use super::flow::{Flow, Source};
use super::tally::{Ending, Sent, Tally};
use crate::generate::LeadField;
use crate::support::clock::uptime;

/// How long running submissions get to finish when the user does not want to wait any longer.
const DRAIN: Duration = Duration::from_secs(2);

/// After how many requests in a row without an answer the server is taken for gone.
const SILENT_MAX: u64 = 100;

/// How much of a reason is told.
const REASON_CHARS_MAX: usize = 120;

/// Where leads come in.
#[derive(Debug)]
pub(super) struct Door {
    api: Arc<Api>,
    path: Arc<str>,
    identity: Identity,
}

impl Door {
    pub(super) fn new(api: Arc<Api>, flow: &Flow, source: &Source) -> Self {
        let path = format!("/flows/{}/sources/{}/submit", flow.id, source.id).into();
        let identity = if source.needs_key { Identity::Known } else { Identity::Unknown };
        Self { api, path, identity }
    }
}

/// Submits so many leads, `concurrency` at once, until all are through or `stop` resolves.
pub(super) async fn submit(
    door: &Door,
    leads: &mut Leads<'_>,
    count: u64,
    concurrency: usize,
    stop: impl Future<Output = ()>,
) -> Tally {
    let began = uptime();
    let bar = bar(count);
    let mut tally = Tally::default();
    let mut running = JoinSet::new();
    let (mut begun, mut silent) = (0, 0);
    tokio::pin!(stop);
    while tally.ending == Ending::All {
        while begun < count && running.len() < concurrency {
            begun += 1;
            running.spawn(one(door, form(leads.fields, &leads.next())));
        }
        tokio::select! {
            () = &mut stop => tally.ending = Ending::Stopped,
            ended = running.join_next() => match ended {
                None => break,
                Some(sent) => {
                    silent = note(&mut tally, &bar, sent, silent);
                    if silent >= SILENT_MAX {
                        tally.ending = Ending::ServerGone;
                    }
                }
            },
        }
    }
    if tally.ending == Ending::Stopped {
        let drain = async {
            while let Some(sent) = running.join_next().await {
                note(&mut tally, &bar, sent, 0);
            }
        };
        let _ = tokio::time::timeout(DRAIN, drain).await;
    }
    tally.wanted = count;
    tally.took = uptime().saturating_sub(began);
    bar.finish_and_clear();
    tally
}

/// Counts what came back; tells how many requests in a row had no answer.
fn note(tally: &mut Tally, bar: &ProgressBar, sent: Result<Sent, tokio::task::JoinError>, silent: u64) -> u64 {
    let sent = sent.unwrap_or_else(|error| Sent::Unanswered(format!("a bug of the mock: {error}")));
    let silent = if matches!(sent, Sent::Unanswered(_)) { silent + 1 } else { 0 };
    tally.add(sent);
    bar.inc(1);
    bar.set_message(tally.in_short());
    silent
}

/// A bar on standard error, hidden where that is no terminal.
fn bar(count: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    let template = "{bar:28.cyan/dim} {human_pos} of {human_len}, {rate} a second, {eta} left  {msg}";
    let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // A rate that cannot be shown is no reason to stop.
        let _ = write!(text, "{:.0}", state.per_sec());
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("━╸─").with_key("rate", rate)),
        Err(_) => bar,
    }
}

/// A lead as a browser sends it. What is empty is left out.
fn form(fields: &[LeadField], texts: &[String]) -> Bytes {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (field, text) in fields.iter().zip(texts).filter(|(_, text)| !text.is_empty()) {
        form.append_pair(&field.id, text);
    }
    form.finish().into()
}

fn one(door: &Door, form: Bytes) -> impl Future<Output = Sent> + Send + 'static {
    let (api, path, identity) = (Arc::clone(&door.api), Arc::clone(&door.path), door.identity);
    async move {
        let answer = match api.post(&path, form, identity).await {
            Ok(answer) => answer,
            Err(why) => return Sent::Unanswered(why),
        };
        let body = serde_json::from_slice::<Value>(&answer.body).ok();
        let part = |name: &str| body.as_ref()?.get(name)?.as_str().map(short);
        let status = answer.status;
        match part("outcome") {
            Some(outcome) if status == StatusCode::CREATED => Sent::Handled { outcome, reason: part("reason") },
            _ if status == StatusCode::CREATED => Sent::Refused("201 without an outcome".to_owned()),
            _ => {
                let plain = || Some(short(&String::from_utf8_lossy(&answer.body)));
                let plain = || if body.is_none() { plain() } else { None };
                let why = ["message", "error", "detail"].iter().find_map(|name| part(name)).or_else(plain);
                let why = why.filter(|why| !why.is_empty()).map(|why| format!(" {why}"));
                Sent::Refused(format!("{}{}", status.as_u16(), why.unwrap_or_default()))
            }
        }
    }
}

/// One line that does not upset a terminal.
fn short(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect()
}
