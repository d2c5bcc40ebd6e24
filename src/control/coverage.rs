//! Coverage of one sandbox or of all: the document that the command `report` reads.

use std::str::FromStr;

use http::StatusCode;

use super::body;
use super::call::{ControlCall, ControlResult};
use super::query::Query;
use crate::contract::problem::Problem;
use crate::http::message::Response;
use crate::recording::report::{self, OperationSelection};

/// The name in the document that stands for all sandboxes.
const ALL: &str = "*";

/// The only value of the parameter `sandbox`.
struct All;

/// A text other than `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only `*` is possible")]
struct NotAll;

impl FromStr for All {
    type Err = NotAll;

    fn from_str(text: &str) -> Result<Self, NotAll> {
        if text == ALL { Ok(Self) } else { Err(NotAll) }
    }
}

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    let query = Query::parse(call, &["sandbox", "operations"])?;
    let expected = "`*` for all sandboxes; use the header X-Mock-Sandbox to select one";
    let (counts, name) = match query.value::<All>("sandbox", expected)? {
        None => (call.sandbox.counts(), &*call.sandbox.name),
        Some(All) => (call.app.sandboxes.counts(), ALL),
    };
    let selection =
        query.value::<OperationSelection>("operations", "operation ids separated by commas, or `called`")?;
    let mut document = report::build(call.app.coverage_targets(), &counts, &call.app.library().list(), name);
    if let Some(selection) = selection {
        document.select(&selection).map_err(|error| body::bad_request(&format!("`operations`: {error}")))?;
    }
    let text = document.json().map_err(|error| Problem::internal(&error.to_string()))?;
    Ok(Response::json(StatusCode::OK, text))
}
