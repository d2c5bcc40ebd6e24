//! Submits leads to a running server concurrently, with a progress bar on terminals, and counts the outcomes.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::Value;
use tokio::task::JoinSet;

use super::api_client::{ApiClient, Credentials};
use super::flow::{Flow, Source};
use super::generator::LeadGenerator;
use super::summary::{RunEnd, SubmissionResult, SubmissionSummary};
use crate::cli::client::ClientResponse;
use crate::config::limits::{LEADS_DRAIN, LEADS_NO_RESPONSE_MAX, LEADS_REASON_CHARS_MAX};
use crate::generate::LeadField;
use crate::support::clock::uptime;

/// The submission URL of a source.
#[derive(Debug)]
pub(super) struct SubmitTarget {
    client: Arc<ApiClient>,
    path: Arc<str>,
    credentials: Credentials,
}

impl SubmitTarget {
    pub(super) fn new(client: Arc<ApiClient>, flow: &Flow, source: &Source) -> Self {
        let path = format!("/flows/{}/sources/{}/submit", flow.id, source.id).into();
        let credentials = if source.needs_key { Credentials::ApiKey } else { Credentials::Anonymous };
        Self { client, path, credentials }
    }
}

/// Submits `count` leads, `concurrency` at a time, until all have been submitted, `shutdown` resolves, or the server no
/// longer responds.
pub(super) async fn submit(
    target: &SubmitTarget,
    generator: &mut LeadGenerator<'_>,
    count: u64,
    concurrency: usize,
    shutdown: impl Future<Output = ()>,
) -> SubmissionSummary {
    let start = uptime();
    let progress_bar = progress_bar(count);
    let mut summary = SubmissionSummary::default();
    let mut running = JoinSet::new();
    let (mut started, mut without_response) = (0, 0);
    tokio::pin!(shutdown);
    while summary.end == RunEnd::Completed {
        while started < count && running.len() < concurrency {
            started += 1;
            running.spawn(submit_one(target, encode_form(generator.fields, &generator.next())));
        }
        tokio::select! {
            () = &mut shutdown => summary.end = RunEnd::Interrupted,
            joined = running.join_next() => match joined {
                None => break,
                Some(result) => {
                    without_response = record(&mut summary, &progress_bar, result, without_response);
                    if without_response >= LEADS_NO_RESPONSE_MAX {
                        summary.end = RunEnd::ServerGone;
                    }
                }
            },
        }
    }
    if summary.end == RunEnd::Interrupted {
        let drain = async {
            while let Some(result) = running.join_next().await {
                record(&mut summary, &progress_bar, result, 0);
            }
        };
        let _ = tokio::time::timeout(LEADS_DRAIN, drain).await;
    }
    summary.requested = count;
    summary.duration = uptime().saturating_sub(start);
    progress_bar.finish_and_clear();
    summary
}

/// Counts a result, and returns the number of consecutive submissions without a response.
fn record(
    summary: &mut SubmissionSummary,
    progress_bar: &ProgressBar,
    result: Result<SubmissionResult, tokio::task::JoinError>,
    without_response: u64,
) -> u64 {
    let bug = |error| SubmissionResult::NoResponse(format!("internal error: {error}"));
    let result = result.unwrap_or_else(bug);
    let without_response = if matches!(result, SubmissionResult::NoResponse(_)) { without_response + 1 } else { 0 };
    summary.add(result);
    progress_bar.inc(1);
    progress_bar.set_message(summary.counts_line());
    without_response
}

/// A progress bar on standard error, hidden unless that is a terminal.
fn progress_bar(count: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    let template = "{bar:28.cyan/dim} {human_pos} of {human_len}, {rate} a second, {eta} left  {msg}";
    let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // An error only affects the displayed rate.
        let _ = write!(text, "{:.0}", state.per_sec());
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("━╸─").with_key("rate", rate)),
        Err(_) => bar,
    }
}

/// A lead as a URL-encoded form, without empty values.
fn encode_form(fields: &[LeadField], values: &[String]) -> Bytes {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (field, value) in fields.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
        form.append_pair(&field.id, value);
    }
    form.finish().into()
}

fn submit_one(target: &SubmitTarget, form: Bytes) -> impl Future<Output = SubmissionResult> + Send + 'static {
    let (client, path, credentials) = (Arc::clone(&target.client), Arc::clone(&target.path), target.credentials);
    async move {
        match client.post(&path, form, credentials).await {
            Ok(response) => parse_response(&response),
            Err(error) => SubmissionResult::NoResponse(error.to_string()),
        }
    }
}

fn parse_response(response: &ClientResponse) -> SubmissionResult {
    let body = serde_json::from_slice::<Value>(&response.body).ok();
    let field = |name: &str| body.as_ref()?.get(name)?.as_str().map(shorten);
    let status = response.status;
    match field("outcome") {
        Some(outcome) if status == StatusCode::CREATED => {
            SubmissionResult::Handled { outcome, reason: field("reason") }
        }
        _ if status == StatusCode::CREATED => SubmissionResult::Rejected("201 without an outcome".to_owned()),
        _ => {
            // An error of LeadConduit or the mock, or plain text.
            let text = || body.is_none().then(|| shorten(&String::from_utf8_lossy(&response.body)));
            let reason = ["message", "error", "detail"].iter().find_map(|name| field(name)).or_else(text);
            let reason = reason.filter(|reason| !reason.is_empty()).map(|reason| format!(" {reason}"));
            SubmissionResult::Rejected(format!("{}{}", status.as_u16(), reason.unwrap_or_default()))
        }
    }
}

/// The first line of a text, limited in length and without control characters.
fn shorten(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(LEADS_REASON_CHARS_MAX).collect()
}
