//! The modules of `SuppressionList`: `query_item`, `add_item`, `delete_item` and `is_unique`.

use bytes::Bytes;
use http::Method;
use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value, json};

use super::{Inputs, ModuleResult, ServiceStep, SkipReason, authorization, seconds, transaction};
use crate::config::service_hosts::SUPPRESSIONLIST;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery::OutboundRequest;
use crate::leadconduit::outbound_log::RecipientOutcome;
use crate::leadconduit::services::ServiceResponse;
use crate::leadconduit::services::suppressionlist::call::{self, Change};
use crate::leadconduit::services::suppressionlist::store;
use crate::leadconduit::state::events::Outcome;
use crate::leadconduit::values;
use crate::support::percent::COMPONENT;

/// The properties that can name the lists, the first that is mapped counts.
const LIST_PROPERTIES: [&str; 4] = ["list_names", "list_ids", "list_name", "list_id"];

/// A module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::leadconduit::leads::flow) enum Module {
    Query,
    Add,
    Delete,
    IsUnique,
}

/// A value of a call.
struct ListedValue {
    /// What is looked for or stored. A secret is stored as its hash.
    listed: String,
    /// What events show.
    shown: String,
}

/// A call, with what the module makes of its response.
struct PerformedCall {
    outcome: Outcome,
    reason: String,
    data: Map<String, Value>,
    transaction: Value,
}

impl Module {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "outbound.query_item" => Some(Self::Query),
            "outbound.add_item" => Some(Self::Add),
            "outbound.delete_item" => Some(Self::Delete),
            "outbound.is_unique" => Some(Self::IsUnique),
            _ => None,
        }
    }

    pub(super) fn run(
        self,
        context: &mut WriteContext<'_>,
        step: &ServiceStep<'_>,
        inputs: &Inputs,
    ) -> Result<RecipientOutcome, ApiError> {
        let (lists, values) = match self.validate(inputs) {
            Ok(valid) => valid,
            Err(reason) => return Ok(RecipientOutcome::skipped(reason.0)),
        };
        if self == Self::IsUnique {
            return is_unique(context, step, &lists, &values);
        }
        let (name, performed) = match self {
            Self::Query => ("query_item", query(context, step, &lists, &values)),
            Self::Add => ("add_item", change(context, step, (0, false), &lists, &values)?),
            _ => ("delete_item", change(context, step, (0, true), &lists, &values)?),
        };
        let mut append = Map::new();
        append.insert(name.to_owned(), performed.data.into());
        let result = ModuleResult { outcome: performed.outcome, reason: performed.reason, append };
        Ok(result.into_outcome(step.ms, vec![performed.transaction]))
    }

    /// The lists and the values; or why the step is skipped, in the words of the module.
    fn validate(self, inputs: &Inputs) -> Result<(Vec<String>, Vec<ListedValue>), SkipReason> {
        let property = LIST_PROPERTIES.into_iter().find(|name| inputs.value(name).is_some());
        let names = property.map_or_else(|| Some(Vec::new()), |name| texts(inputs.value(name)));
        let values = self.values(inputs);
        if self == Self::IsUnique {
            let names = names.ok_or(SkipReason("invalid list name format"))?;
            let lists = list_names(&names);
            if lists.len() > 1 {
                return Err(SkipReason("multiple lists not supported"));
            }
            if inputs.value("value").is_none() {
                return Err(SkipReason("value required"));
            }
            let values = values.ok_or(SkipReason("invalid value format"))?;
            return match (values.len(), lists.is_empty()) {
                (0, _) => Err(SkipReason("value required")),
                (1, true) => Err(SkipReason("a list name is required")),
                (1, false) => Ok((lists, values)),
                _ => Err(SkipReason("multiple values not supported")),
            };
        }
        let names = names.ok_or(SkipReason("invalid list name format"))?;
        let mut values = values.ok_or(SkipReason("invalid values format"))?;
        let lists = list_names(&names);
        if lists.is_empty() {
            return Err(SkipReason("a list name is required"));
        }
        if self == Self::Query {
            values.truncate(1);
        }
        if values.is_empty() { Err(SkipReason("values must not be blank")) } else { Ok((lists, values)) }
    }

    /// The values; `None` when their format is not valid.
    fn values(self, inputs: &Inputs) -> Option<Vec<ListedValue>> {
        let properties: &[&str] = match self {
            Self::Query => &["value", "values"],
            Self::IsUnique => &["value"],
            Self::Add | Self::Delete => &["values", "value"],
        };
        let Some(property) = properties.iter().find(|name| inputs.value(name).is_some()) else {
            return Some(Vec::new());
        };
        let sent = texts(inputs.value(property))?;
        // Masks can contain anything, so a masked text need not be a list of the same length.
        let shown = texts(inputs.shown(property)).unwrap_or_default();
        let is_hidden = shown.len() != sent.len();
        let value = |(index, text): (usize, String)| match shown.get(index) {
            Some(shown) if !is_hidden && *shown == text => ListedValue { listed: text, shown: shown.clone() },
            shown => ListedValue {
                shown: shown.cloned().unwrap_or_else(|| "*".repeat(text.chars().count())),
                listed: store::hash(&text),
            },
        };
        Some(sent.into_iter().enumerate().map(value).collect())
    }
}

/// Queries a value, and adds it when it is on none of the lists.
fn is_unique(
    context: &mut WriteContext<'_>,
    step: &ServiceStep<'_>,
    lists: &[String],
    values: &[ListedValue],
) -> Result<RecipientOutcome, ApiError> {
    let queried = query(context, step, lists, values);
    let mut unique = Map::new();
    let query_item = Value::Object(queried.data);
    unique.insert("query_item".to_owned(), query_item.clone());
    let mut transactions = vec![queried.transaction];
    let reason = match queried.reason.as_str() {
        _ if query_item["found"] == true => "Duplicate",
        unpaid @ "Unpaid account" => unpaid,
        // Other errors count as not found, as in the module.
        _ => "",
    };
    let mut add_item = None;
    let outcome = if reason.is_empty() {
        unique.insert("outcome".to_owned(), Outcome::Success.name().into());
        let added = change(context, step, (1, false), lists, values)?;
        transactions.push(added.transaction);
        unique.insert("add_item".to_owned(), added.data.clone().into());
        add_item = Some(added.data);
        Outcome::Success
    } else {
        unique.insert("outcome".to_owned(), Outcome::Failure.name().into());
        unique.insert("reason".to_owned(), reason.into());
        Outcome::Failure
    };
    let mut append = Map::new();
    append.insert("is_unique".to_owned(), unique.into());
    append.insert("query_item".to_owned(), query_item);
    append.extend(add_item.map(|data| ("add_item".to_owned(), data.into())));
    let ms = step.ms * if transactions.len() > 1 { 2 } else { 1 };
    let result = ModuleResult { outcome, reason: reason.to_owned(), append };
    Ok(result.into_outcome(ms, transactions))
}

/// Asks whether the first value is on any of the lists.
fn query(
    context: &WriteContext<'_>,
    step: &ServiceStep<'_>,
    lists: &[String],
    values: &[ListedValue],
) -> PerformedCall {
    let (listed, shown) = values.first().map_or(("", ""), |value| (&*value.listed, &*value.shown));
    let mut response = call::query_in(context.world, &step.target.account, lists, listed);
    if response.body.get("key").is_some() {
        response.body["key"] = shown.into();
    }
    let path = format!("exists/{}/{}", lists.join("|"), utf8_percent_encode(shown, COMPONENT));
    let request = request(context, step, Method::GET, &path, None);
    let mut performed = read(&response, step, transaction(context, step, 0, &request, &response));
    if let Some(found_in) = performed.data.shift_remove("exists_in_lists") {
        performed.data.insert("found_in".to_owned(), found_in);
    }
    let entries = performed.data.shift_remove("entries").unwrap_or_default();
    let added = entries.as_array().into_iter().flatten().filter_map(|entry| entry["added_at"].as_str()).max();
    performed.data.extend(added.map(|added_at| ("added_at".to_owned(), added_at.into())));
    performed
}

/// Adds the values to the lists, or removes them. Takes the number of the call in the step, from 0.
fn change(
    context: &mut WriteContext<'_>,
    step: &ServiceStep<'_>,
    (number, is_removal): (i64, bool),
    lists: &[String],
    values: &[ListedValue],
) -> Result<PerformedCall, ApiError> {
    let listed = values.iter().map(|value| value.listed.clone()).collect();
    let change = Change { is_removal, lists: lists.to_vec(), values: listed, added_at: None };
    let response = change.perform(context, &step.target.account)?;
    let shown: Value = values.iter().map(|value| &*value.shown).collect();
    let method = if is_removal { Method::DELETE } else { Method::POST };
    let path = format!("lists/{}/items", lists.join("|"));
    let request = request(context, step, method, &path, Some(&json!({"values": shown})));
    Ok(read(&response, step, transaction(context, step, number, &request, &response)))
}

/// What the module makes of a response.
fn read(response: &ServiceResponse, step: &ServiceStep<'_>, transaction: Value) -> PerformedCall {
    let failed = |outcome: Outcome, reason: &str| {
        let mut data = Map::new();
        data.insert("outcome".to_owned(), outcome.name().into());
        data.insert("reason".to_owned(), reason.into());
        PerformedCall { outcome, reason: reason.to_owned(), data, transaction: transaction.clone() }
    };
    if let Some(error) = response.body["error"].as_str() {
        return failed(Outcome::Error, error.strip_suffix('.').unwrap_or(error));
    }
    let Value::Object(mut data) = response.body.clone() else {
        return failed(Outcome::Error, "Unsupported response");
    };
    data.insert("outcome".to_owned(), Outcome::Success.name().into());
    data.insert("reason".to_owned(), Value::Null);
    data.insert("duration".to_owned(), seconds(step.ms).into());
    PerformedCall { outcome: Outcome::Success, reason: String::new(), data, transaction }
}

fn request(
    context: &WriteContext<'_>,
    step: &ServiceStep<'_>,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> OutboundRequest {
    let mut headers = vec![("Accept".to_owned(), "application/json".to_owned()), authorization(context, step)];
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    OutboundRequest {
        method,
        url: format!("https://{}/{path}", SUPPRESSIONLIST.host),
        headers,
        body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
        depth: 0,
        timeout_ms: None,
    }
}

fn list_names(names: &[String]) -> Vec<String> {
    names.iter().map(|name| store::url_name(name)).filter(|name| !name.is_empty()).collect()
}

/// The texts of a list, or of a text with commas in between. `None` when its quotes are wrong.
fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let text = |value: &Value| values::text(value).map(std::borrow::Cow::into_owned);
    let texts = match value {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        Some(value) => split_commas(&text(value)?)?,
    };
    Some(texts.into_iter().filter(|text| !text.trim().is_empty()).collect())
}

/// Splits a text at its commas. A part can be in quotes, in which a doubled quote stands for one. `None` when a quote
/// is not closed, or is inside a part without quotes. (The crate `csv` accepts both.)
fn split_commas(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => split_quoted(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let part = &rest[..end];
                if part.contains('"') {
                    return None;
                }
                (part.trim().to_owned(), &rest[end..])
            }
        };
        parts.push(part);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

/// The text up to the closing quote, and what follows it.
fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                part.push('"');
                rest = next;
            }
            None => return Some((part.trim().to_owned(), rest.trim_start())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_at_commas_outside_quotes() {
        let split = |text: &str| split_commas(text).map(|parts| parts.join(";"));
        assert_eq!(split("Do Not Call, Past Buyers").as_deref(), Some("Do Not Call;Past Buyers"));
        assert_eq!(split(r#""a, b", "say ""hi""" ,c"#).as_deref(), Some(r#"a, b;say "hi";c"#));
        assert_eq!(split("").as_deref(), Some(""));
        for broken in [r#""7375550163"#, r#"a"b"#, r#""a"b"#] {
            assert_eq!(split(broken), None, "{broken}");
        }
    }
}
