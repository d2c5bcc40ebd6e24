//! Sends the request of an exchange again, and compares two exchanges.

use http::StatusCode;
use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, ok};
use super::query::Query;
use super::requests::{find_exchange, summary, view};
use crate::contract::problem::{Problem, ProblemType};
use crate::recording::journal::Exchange;
use crate::recording::journal::compare::{Comparison, ExchangeDifference};
use crate::recording::journal::replay::{RebuiltRequest, rebuild_request};

/// Runs the request again in its sandbox. The new exchange is in the journal, like that of any request.
pub(super) fn replay(call: &ControlCall<'_>) -> ControlResult {
    let exchange = find_exchange(call, call.name)?;
    let key = key_of_caller(call, &exchange);
    let RebuiltRequest { request, notes } = rebuild_request(&exchange, key.as_deref()).map_err(|error| {
        let detail = format!("request {} cannot be sent again: {error}", exchange.number);
        Problem::new(StatusCode::CONFLICT, ProblemType::NotReplayable, detail)
    })?;
    let Some(repeated) = (call.context.replay)(&request, call.sandbox) else {
        return Err(body::bad_request("control calls cannot be sent again"));
    };
    Ok(ok(&json!({"replayed": exchange.number, "exchange": view(call).event(&repeated), "notes": notes})))
}

/// An API key of the caller of an exchange: the journal has the caller, but not the key.
fn key_of_caller(call: &ControlCall<'_>, exchange: &Exchange) -> Option<String> {
    let (account, user) = exchange.caller.as_ref()?;
    let world = call.sandbox.world();
    let mut keys = world.keys();
    keys.find(|(_, owner)| owner.account == *account && owner.user == *user).map(|(key, _)| key.to_owned())
}

/// The differences between the exchange and the one that `with` names.
pub(super) fn compare(call: &ControlCall<'_>) -> ControlResult {
    let query = Query::parse(call, &["with"])?;
    let Some(with) = query.get("with") else {
        return Err(body::bad_request("`with` is missing; write the number of the other request, such as ?with=12"));
    };
    let (first, second) = (find_exchange(call, call.name)?, find_exchange(call, with)?);
    let Comparison { differences, further } = Comparison::new(&first, &second);
    let differences: Vec<Value> = differences.into_iter().map(difference_json).collect();
    let summary = |exchange| summary(call, &call.sandbox.name, exchange);
    Ok(ok(&json!({
        "first": summary(&first),
        "second": summary(&second),
        "equal": differences.is_empty(),
        "differences": differences,
        "further": further,
    })))
}

/// A side that does not have the value has no property, because `null` is a value too.
fn difference_json(difference: ExchangeDifference) -> Value {
    let mut json = json!({"location": difference.location});
    for (name, value) in [("first", difference.first), ("second", difference.second)] {
        if let Some(value) = value {
            json[name] = value;
        }
    }
    json
}
