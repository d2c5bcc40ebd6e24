//! What has been exercised, as the document that `report` reads.

use std::str::FromStr;

use http::StatusCode;

use super::query::Query;
use super::{Call, Outcome};
use crate::contract::problem::Problem;
use crate::http::message::Response;
use crate::recording::report;

/// In the place of a sandbox's name: all sandboxes of the run.
const ALL: &str = "*";

/// All sandboxes of the run.
struct All;

impl FromStr for All {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == ALL { Ok(Self) } else { Err(()) }
    }
}

pub(super) fn get(call: &Call<'_>) -> Outcome {
    let query = Query::read(call, &["sandbox"])?;
    let wanted = "`*` for all sandboxes; the header X-Mock-Sandbox chooses one";
    let (tally, name) = match query.parsed::<All>("sandbox", wanted)? {
        None => (call.sandbox.tally(), &*call.sandbox.name),
        Some(All) => (call.stage.sandboxes.tally(), ALL),
    };
    let document = report::build(call.stage.map(), &tally, &call.stage.library().list(), name);
    let text = document.json().map_err(|error| Problem::internal(&error))?;
    Ok(Response::json(StatusCode::OK, text))
}
