//! Create, read, list, replace and delete, for collections without rules of their own.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Map, Value};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::{entities, flows, packages, reports, routers};
use crate::contract::standard::Kind;
use crate::leadconduit::state::Collection;
use crate::support::document::{Document, key_of};

pub(super) fn list(call: &ReadContext<'_>, collection: Collection) -> Outcome {
    let own = call.account()?.all(collection).values();
    let Some(kind) = standard_of(collection) else { return Ok(OperationResponse::of(200, array(own))) };
    Ok(OperationResponse::of(200, array(call.standard().all(kind).iter().chain(own))))
}

pub(super) fn get(call: &ReadContext<'_>, collection: Collection) -> Outcome {
    let document = find(call, collection, call.input.path("id"))?;
    Ok(OperationResponse::of(200, document.bytes()))
}

pub(super) fn create(call: &mut WriteContext<'_>, collection: Collection) -> Outcome {
    let stamp = call.stamp();
    let id = match chosen_id(call, collection)? {
        Some(chosen) => chosen,
        None => call.world.next_id(call.now),
    };
    let mut value = compose(call, collection, &id, &stamp, &stamp);
    complete(call, collection, &mut value, None)?;
    let document = call.put(collection, &value)?;
    Ok(OperationResponse::of(201, document.bytes()))
}

pub(super) fn replace(call: &mut WriteContext<'_>, collection: Collection) -> Outcome {
    let found = own(call, collection)?;
    let text = |name: &str| found.text(name).unwrap_or_default().to_owned();
    let mut value = compose(call, collection, &text("id"), &text("created_at"), &call.stamp());
    complete(call, collection, &mut value, Some(&found))?;
    let document = call.put(collection, &value)?;
    Ok(OperationResponse::of(200, document.bytes()))
}

pub(super) fn delete(call: &mut WriteContext<'_>, collection: Collection) -> Outcome {
    let found = own(call, collection)?;
    if collection == Collection::Flows {
        flows::release(call, &found);
    }
    let removed = call.remove(collection, call.input.path("id"))?;
    Ok(OperationResponse::of(200, removed.bytes()))
}

/// What a collection demands of a document beyond its model, and what the server sets in it: references that must
/// lead somewhere, ids of its parts. `before` is the revision that it takes the place of.
fn complete(
    call: &mut WriteContext<'_>,
    collection: Collection,
    value: &mut Value,
    before: Option<&Document>,
) -> Result<(), ApiError> {
    match collection {
        Collection::Credentials => match value.get("package").and_then(Value::as_str) {
            Some(package) => packages::must_exist(call.standard(), "/package", package),
            // What is missing is told by the model.
            None => Ok(()),
        },
        Collection::Entities => entities::complete(call, value, before),
        Collection::Fields => {
            value["standard"] = false.into();
            Ok(())
        }
        Collection::Flows => flows::complete(call, value, before),
        Collection::Routers => routers::complete(call, value, before),
        Collection::Reports => reports::complete(value, before),
        _ => Ok(()),
    }
}

/// The standard documents that stand beside those of an account.
fn standard_of(collection: Collection) -> Option<Kind> {
    match collection {
        Collection::Fields => Some(Kind::Fields),
        Collection::Entities => Some(Kind::Entities),
        _ => None,
    }
}

/// A document of the account, or a standard one.
pub(super) fn find<'a>(
    call: &ReadContext<'a>,
    collection: Collection,
    id: &str,
) -> Result<&'a Arc<Document>, ApiError> {
    let own = call.account()?.get(collection, id);
    let standard = || call.standard().get(standard_of(collection)?, id);
    own.or_else(standard).ok_or_else(|| ApiError::not_found(collection))
}

/// The document of the path, which must be the account's own. Standard ones are everybody's: nobody changes them.
pub(super) fn own(call: &WriteContext<'_>, collection: Collection) -> Result<Arc<Document>, ApiError> {
    let id = call.input.path("id");
    if let Some(found) = call.account()?.get(collection, id) {
        return Ok(Arc::clone(found));
    }
    let is_standard = standard_of(collection).is_some_and(|kind| call.standard().get(kind, id).is_some());
    Err(if is_standard {
        ApiError::new(422, format!("standard {} {id} cannot be changed", collection.singular()))
    } else {
        ApiError::not_found(collection)
    })
}

/// The id that the client chose, where it may. It must be free.
fn chosen_id(call: &WriteContext<'_>, collection: Collection) -> Result<Option<String>, ApiError> {
    let Some(id) = call.input.text("id").filter(|_| matches!(collection, Collection::Flows | Collection::Fields))
    else {
        return Ok(None);
    };
    if find(&call.reading(), collection, id).is_ok() {
        return Err(ApiError::new(422, format!("/id: there is a {} {id} already", collection.singular())));
    }
    Ok(Some(key_of(id).into_owned()))
}

/// The body with what the server sets. Read-only properties that were sent are ignored, not refused.
fn compose(call: &WriteContext<'_>, collection: Collection, id: &str, created_at: &str, updated_at: &str) -> Value {
    let mut value = Map::new();
    value.insert("id".to_owned(), id.into());
    for (name, sent) in call.input.body.as_object().into_iter().flatten() {
        // The id is settled: it was chosen on creation, and is that of the path from then on.
        if name != "id" && !call.contract.is_read_only(collection.model(), name) {
            value.insert(name.clone(), sent.clone());
        }
    }
    value.insert("created_at".to_owned(), created_at.into());
    value.insert("updated_at".to_owned(), updated_at.into());
    Value::Object(value)
}

/// The documents as one array, put together from their bytes.
pub(super) fn array<'d>(documents: impl IntoIterator<Item = &'d Arc<Document>>) -> Bytes {
    joined(documents.into_iter().map(|document| document.bytes()).collect())
}

/// Values that are serialised already, as one array.
pub(super) fn joined(parts: Vec<Bytes>) -> Bytes {
    let length: usize = parts.iter().map(|part| part.len() + 1).sum();
    let mut body = BytesMut::with_capacity(length + 2);
    body.put_u8(b'[');
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            body.put_u8(b',');
        }
        body.put(part);
    }
    body.put_u8(b']');
    body.freeze()
}
