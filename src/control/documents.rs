//! Single documents of a world: rows of LeadConduit's collections, accounts, and entries of the single sign-on service.

use serde_json::{Value, json};

use super::body;
use super::call::{ControlCall, ControlResult, created, no_content, not_found, ok};
use super::query::Query;
use crate::contract::problem::Problem;
use crate::scenario::apply::ChangeError;
use crate::scenario::single_document::{DocumentKind, StoredDocument};

/// All documents of a collection, each with its account.
pub(super) fn list(call: &ControlCall<'_>) -> ControlResult {
    let kind = kind(call)?;
    let world = call.sandbox.world();
    let list: Vec<Value> = kind.list(&world).map(|stored| document_json(&stored)).collect();
    let total = list.len();
    Ok(ok(&json!({"documents": list, "meta": {"total": total}})))
}

pub(super) fn get(call: &ControlCall<'_>) -> ControlResult {
    let kind = kind(call)?;
    let world = call.sandbox.world();
    kind.find(&world, call.second).map(|stored| ok(&document_json(&stored))).ok_or_else(|| document_not_found(call))
}

/// Creates or replaces a document. `account` names the account of a new document; by default the first account.
pub(super) fn put(call: &ControlCall<'_>) -> ControlResult {
    let kind = kind(call)?;
    let query = Query::parse(call, &["account"])?;
    let source = body::read(call)?;
    let value: Value = body::parse_source(&source)?;
    let result = call.sandbox.change_documents(|world, now| {
        let exists = kind.find(world, call.second).is_some();
        kind.put(world, &call.app.contract, (query.get("account"), call.second), value, now)?;
        Ok(exists)
    });
    let exists =
        result.map_err(|error: ChangeError| body::invalid(&[source.at_pointer(&error.pointer, error.message)]))?;
    publish(call);
    let world = call.sandbox.world();
    let stored = kind.find(&world, call.second).ok_or_else(|| document_not_found(call))?;
    let json = document_json(&stored);
    Ok(if exists { ok(&json) } else { created(&json) })
}

pub(super) fn remove(call: &ControlCall<'_>) -> ControlResult {
    let kind = kind(call)?;
    if kind == DocumentKind::Account {
        return Err(body::bad_request("accounts cannot be removed; start a sandbox with another scenario instead"));
    }
    let removed: Result<bool, ChangeError> =
        call.sandbox.change_documents(|world, _| Ok(kind.remove(world, call.second)));
    match removed {
        Ok(true) => {
            publish(call);
            Ok(no_content())
        }
        Ok(false) => Err(document_not_found(call)),
        Err(error) => Err(body::bad_request(&error.to_string())),
    }
}

fn publish(call: &ControlCall<'_>) {
    call.sandbox.publish("state", || json!({"collection": call.name, "id": call.second}));
}

fn kind(call: &ControlCall<'_>) -> Result<DocumentKind, Problem> {
    DocumentKind::parse(call.name).ok_or_else(|| not_found("collection", call.name, DocumentKind::names()))
}

fn document_not_found(call: &ControlCall<'_>) -> Problem {
    let world = call.sandbox.world();
    let Some(kind) = DocumentKind::parse(call.name) else { return body::bad_request("unknown collection") };
    let ids: Vec<String> = kind.list(&world).take(50).map(|stored| stored.id.to_owned()).collect();
    not_found(&format!("document in `{}`", call.name), call.second, ids.iter().map(String::as_str))
}

fn document_json(stored: &StoredDocument<'_>) -> Value {
    json!({"id": stored.id, "account": stored.account, "document": stored.document.value()})
}
