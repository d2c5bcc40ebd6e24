//! The calls of the service's API: `GET /exists/{lists}/{value}`, and `POST` and `DELETE /lists/{lists}/items`.
//!
//! The requests, the responses and the errors 401, 404 and 422 are those of the vendor's documentation; the texts of
//! errors are inferred, except `List not found.`.

use std::borrow::Cow;
use std::sync::Arc;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::super::ServiceResponse;
use super::store;
use crate::config::limits::LIST_CALL_ITEMS_MAX;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::{Account, World};
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::{Document, items};
use crate::support::json_text;

/// Separates the names of lists, and values that are sent as one text.
const SEPARATOR: char = '|';

/// A call of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Whether a value is on any of several lists.
    Query {
        /// The lists by their names in addresses.
        lists: Vec<String>,
        /// The value.
        value: String,
    },
    /// Changes lists.
    Change(Change),
}

/// A call that changes lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether values are removed; otherwise they are added.
    pub is_removal: bool,
    /// The lists by their names in addresses.
    pub lists: Vec<String>,
    /// The values.
    pub values: Vec<String>,
    /// The time of the entries; `None` for the time of the call.
    pub added_at: Option<Timestamp>,
}

/// A request to the API as far as it matters.
#[derive(Clone, Copy, Debug)]
pub struct CallRequest<'r> {
    /// The method.
    pub method: &'r Method,
    /// The path, still percent-encoded.
    pub path: &'r str,
    /// The query string.
    pub query: &'r str,
    /// The value of `Content-Type`; empty when it is missing.
    pub content_type: &'r str,
    /// The body.
    pub body: &'r [u8],
}

impl Call {
    /// Parses a request.
    ///
    /// # Errors
    ///
    /// The error response of the service.
    pub fn parse(request: &CallRequest<'_>) -> Result<Self, ServiceResponse> {
        let segments: Vec<&str> = request.path.trim_start_matches('/').trim_end_matches('/').split('/').collect();
        match (segments.as_slice(), request.method.as_str()) {
            (["exists", lists, value], "GET" | "HEAD") => {
                let value = decode(value).into_owned();
                require(!value.trim().is_empty(), 422, "the query term must not be blank")?;
                Ok(Self::Query { lists: list_names(lists)?, value })
            }
            (["lists", lists, "items"], method @ ("POST" | "DELETE")) => {
                Change::parse(method == "DELETE", lists, request).map(Self::Change)
            }
            (["exists", _, _], _) => Err(ServiceResponse::error(405, "use GET")),
            (["lists", _, "items"], _) => Err(ServiceResponse::error(405, "use POST or DELETE")),
            _ => Err(ServiceResponse::error(
                404,
                "no such address; use GET /exists/{lists}/{value}, or POST or DELETE /lists/{lists}/items",
            )),
        }
    }
}

impl Call {
    /// The values that are looked up, added or removed.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match self {
            Self::Query { value, .. } => std::slice::from_ref(value),
            Self::Change(change) => &change.values,
        }
    }
}

impl Change {
    fn parse(is_removal: bool, lists: &str, request: &CallRequest<'_>) -> Result<Self, ServiceResponse> {
        let parameters = parameters(request)?;
        let values = match parameters.get("values") {
            Some(Value::Array(values)) => values.iter().map(scalar).collect::<Option<Vec<_>>>(),
            Some(Value::Null) | None => None,
            Some(text) => scalar(text).map(|text| text.split(SEPARATOR).map(str::to_owned).collect()),
        };
        let Some(values) = values else {
            return Err(ServiceResponse::error(422, "`values` must be a text, or a list of texts"));
        };
        let added_at = match parameters.get("timestamp").filter(|_| !is_removal) {
            None | Some(Value::Null) => None,
            Some(timestamp) => {
                let parsed = scalar(timestamp).and_then(|text| text.parse().ok());
                require(parsed.is_some(), 422, "the timestamp cannot be understood; write it as 2026-03-18T15:00:00Z")?;
                parsed
            }
        };
        let lists = list_names(lists)?;
        let is_small = lists.len().saturating_mul(values.len()) <= LIST_CALL_ITEMS_MAX;
        require(is_small, 422, &format!("one call can change {LIST_CALL_ITEMS_MAX} items at most"))?;
        Ok(Self { is_removal, lists, values, added_at })
    }

    /// The change as the body of an operation.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "is_removal": self.is_removal,
            "lists": self.lists,
            "values": self.values,
            "added_at": self.added_at.map(format_timestamp),
        })
    }

    fn from_json(value: &Value) -> Self {
        let texts = |name| items(value, name).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Self {
            is_removal: value["is_removal"] == true,
            lists: texts("lists"),
            values: texts("values"),
            added_at: value["added_at"].as_str().and_then(|text| text.parse().ok()),
        }
    }

    /// Performs the call on the lists of an account.
    ///
    /// # Errors
    ///
    /// When an entry cannot be stored.
    pub fn perform(&self, context: &mut WriteContext<'_>, account: &str) -> Result<ServiceResponse, ApiError> {
        let found = context.world.account(account);
        if !found.is_some_and(|found| self.lists.iter().all(|list| store::exists(found, list))) {
            return Ok(list_not_found());
        }
        let added_at = self.added_at.map_or_else(|| context.timestamp(), format_timestamp);
        let (mut done, mut rejected) = (0, 0);
        for list in &self.lists {
            for value in &self.values {
                let is_done = if self.is_removal {
                    store::remove(context, account, list, value)
                } else {
                    store::add(context, account, list, value, &added_at)?
                };
                *if is_done { &mut done } else { &mut rejected } += 1;
            }
        }
        let name = if self.is_removal { "deleted" } else { "accepted" };
        Ok(ServiceResponse::new(200, json!({name: done, "rejected": rejected})))
    }
}

/// Whether a value is on any of several lists. As documented, the status is 404 when it is not.
#[must_use]
pub fn query(account: &Account, lists: &[String], value: &str) -> ServiceResponse {
    if !lists.iter().all(|list| store::exists(account, list)) {
        return list_not_found();
    }
    let found: Vec<_> = lists.iter().filter_map(|list| Some((list, store::find(account, list, value)?))).collect();
    let mut body = json!({"specified_lists": lists, "key": value.trim(), "found": !found.is_empty()});
    if found.is_empty() {
        return ServiceResponse::new(404, body);
    }
    body["exists_in_lists"] = found.iter().map(|(list, _)| list.as_str()).collect();
    let entry = |(list, entry): &(&String, &Arc<Document>)| {
        let mut described = json!({"list_id": store::list_id(list), "list_url_name": list});
        if let Some(added_at) = entry.text("added_at") {
            described["added_at"] = added_at.into();
        }
        described
    };
    body["entries"] = found.iter().map(entry).collect();
    ServiceResponse::new(200, body)
}

/// Performs a query of a caller's account.
#[must_use]
pub fn query_in(world: &World, account: &str, lists: &[String], value: &str) -> ServiceResponse {
    world.account(account).map_or_else(list_not_found, |account| query(account, lists, value))
}

/// Performs the change that is the body of an operation, on the lists of the caller's account.
///
/// # Errors
///
/// When an entry cannot be stored.
pub fn change(context: &mut WriteContext<'_>) -> Result<OperationResponse, ApiError> {
    let account = Arc::clone(&context.caller.account);
    let change = Change::from_json(&context.input.body);
    change.perform(context, &account).map(|response| OperationResponse::json(response.status, response.bytes()))
}

/// The response to a call without a valid API key.
#[must_use]
pub fn not_authenticated() -> ServiceResponse {
    ServiceResponse::new(401, Value::Null)
}

fn list_not_found() -> ServiceResponse {
    ServiceResponse::error(404, "List not found.")
}

fn require(condition: bool, status: u16, message: &str) -> Result<(), ServiceResponse> {
    if condition { Ok(()) } else { Err(ServiceResponse::error(status, message)) }
}

/// The names of lists in a path.
fn list_names(segment: &str) -> Result<Vec<String>, ServiceResponse> {
    let names = decode(segment);
    let names: Vec<String> = names.split(SEPARATOR).map(store::url_name).filter(|name| !name.is_empty()).collect();
    require(!names.is_empty(), 404, "List not found.")?;
    let is_small = names.len() <= LIST_CALL_ITEMS_MAX;
    require(is_small, 422, &format!("one call can name {LIST_CALL_ITEMS_MAX} lists at most"))?;
    Ok(names)
}

fn decode(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// The parameters of a change: of the query, then of the body, which is JSON or a form.
fn parameters(request: &CallRequest<'_>) -> Result<Map<String, Value>, ServiceResponse> {
    let form = |text: &[u8]| -> Map<String, Value> {
        let pairs = form_urlencoded::parse(text);
        pairs.map(|(name, value)| (name.trim_end_matches("[]").to_owned(), value.into_owned().into())).collect()
    };
    let mut parameters = form(request.query.as_bytes());
    if request.body.is_empty() {
        return Ok(parameters);
    }
    if request.content_type.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        parameters.extend(form(request.body));
        return Ok(parameters);
    }
    match json_text::parse(request.body) {
        Ok(Value::Object(body)) => {
            parameters.extend(body);
            Ok(parameters)
        }
        _ => Err(ServiceResponse::error(400, "the body must be a JSON object such as {\"values\": [\"a\", \"b\"]}")),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
