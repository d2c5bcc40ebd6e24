//! What is looked up about a lead before its acceptance criteria: lists and its certificate. The results are variables.

use bytes::Bytes;
use serde_json::Value;

use super::fields::HiddenTexts;
use super::lists;
use super::service_step::certificate_decisions;
use super::target::SubmissionTarget;
use super::trace::{CERTIFICATE_KEY, LIST_CHECKS_KEY};
use crate::leadconduit::context::WriteContext;
use crate::support::document::serialise;

/// Looks a lead up, and adds the results to its variables. Returns them by their variable, as JSON.
pub(super) fn look_up(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    vars: &mut Value,
    hidden: &HiddenTexts,
) -> Vec<(&'static str, Bytes)> {
    let lists = lists::check(context, target, vars, hidden);
    let certificate = certificate_decisions(context, &target.account, vars);
    let results = [(LIST_CHECKS_KEY, lists), (CERTIFICATE_KEY, certificate)];
    let results = results.into_iter().filter_map(|(name, result)| Some((name, result?)));
    let add = |(name, result): (&'static str, Value)| {
        let json = serialise(&result);
        vars[name] = result;
        (name, json)
    };
    results.map(add).collect()
}
