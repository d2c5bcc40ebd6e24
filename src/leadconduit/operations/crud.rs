//! List, get, create, replace and delete for the documents of any collection. What a collection adds to them are its
//! [`CollectionHooks`], which are registered in `hooks.rs`.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Map, Value};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use crate::contract::Violation;
use crate::contract::standard::StandardCollection;
use crate::leadconduit::state::Collection;
use crate::support::document::{Document, canonical_id};

/// What a collection adds to create, replace and delete.
#[derive(Clone, Copy)]
pub(super) struct CollectionHooks {
    /// Checks a document beyond its model, for example its references, and sets the properties that the server owns.
    /// The last argument is the revision that it replaces.
    pub(super) prepare: fn(&mut WriteContext<'_>, &mut Value, Option<&Document>) -> Result<(), ApiError>,
    /// What is remarkable about a document that was created or replaced.
    pub(super) review: fn(&WriteContext<'_>, &Value) -> Vec<Violation>,
    /// Runs before a document is deleted.
    pub(super) before_delete: fn(&mut WriteContext<'_>, &Document),
    /// Whether the client may choose the id of a new document.
    pub(super) allows_client_ids: bool,
}

impl CollectionHooks {
    /// The hooks of a collection that adds nothing.
    pub(super) const NONE: Self = Self {
        prepare: |_, _, _| Ok(()),
        review: |_, _| Vec::new(),
        before_delete: |_, _| {},
        allows_client_ids: false,
    };
}

pub(super) fn list(context: &ReadContext<'_>, collection: Collection) -> OperationResult {
    let own = context.account()?.all(collection).values();
    let body = match standard_collection(collection) {
        Some(standard) => document_array(context.standard().all(standard).iter().chain(own)),
        None => document_array(own),
    };
    Ok(OperationResponse::json(200, body))
}

pub(super) fn get(context: &ReadContext<'_>, collection: Collection) -> OperationResult {
    let document = find(context, collection, context.input.path("id"))?;
    Ok(OperationResponse::json(200, document.bytes()))
}

pub(super) fn create(
    context: &mut WriteContext<'_>,
    collection: Collection,
    hooks: &CollectionHooks,
) -> OperationResult {
    let timestamp = context.timestamp();
    let id = match client_id(context, collection, hooks)? {
        Some(id) => id,
        None => context.world.next_id(context.now).to_string(),
    };
    let mut value = build_document(context, collection, &id, &timestamp, &timestamp);
    (hooks.prepare)(context, &mut value, None)?;
    let document = context.put(collection, &value)?;
    let findings = (hooks.review)(context, &value);
    Ok(OperationResponse { findings, ..OperationResponse::json(201, document.bytes()) })
}

pub(super) fn replace(
    context: &mut WriteContext<'_>,
    collection: Collection,
    hooks: &CollectionHooks,
) -> OperationResult {
    let previous = require_own(context, collection)?;
    let text = |name: &str| previous.text(name).unwrap_or_default().to_owned();
    let mut value = build_document(context, collection, &text("id"), &text("created_at"), &context.timestamp());
    (hooks.prepare)(context, &mut value, Some(&previous))?;
    let document = context.put(collection, &value)?;
    let findings = (hooks.review)(context, &value);
    Ok(OperationResponse { findings, ..OperationResponse::json(200, document.bytes()) })
}

pub(super) fn delete(
    context: &mut WriteContext<'_>,
    collection: Collection,
    hooks: &CollectionHooks,
) -> OperationResult {
    let document = require_own(context, collection)?;
    (hooks.before_delete)(context, &document);
    let removed = context.remove(collection, context.input.path("id"))?;
    Ok(OperationResponse::json(200, removed.bytes()))
}

/// The standard documents that a collection contains besides those of the account.
fn standard_collection(collection: Collection) -> Option<StandardCollection> {
    match collection {
        Collection::Fields => Some(StandardCollection::Fields),
        Collection::Entities => Some(StandardCollection::Entities),
        _ => None,
    }
}

/// Finds a document of the account, or a standard one.
pub(super) fn find<'a>(
    context: &ReadContext<'a>,
    collection: Collection,
    id: &str,
) -> Result<&'a Arc<Document>, ApiError> {
    let own = context.account()?.get(collection, id);
    let standard = || context.standard().get(standard_collection(collection)?, id);
    own.or_else(standard).ok_or_else(|| ApiError::not_found(collection))
}

/// Finds the account's own document with the id of the path. Standard documents cannot be changed.
pub(super) fn require_own(context: &WriteContext<'_>, collection: Collection) -> Result<Arc<Document>, ApiError> {
    let id = context.input.path("id");
    if let Some(found) = context.account()?.get(collection, id) {
        return Ok(Arc::clone(found));
    }
    let is_standard =
        standard_collection(collection).is_some_and(|standard| context.standard().get(standard, id).is_some());
    Err(if is_standard {
        ApiError::new(422, format!("standard {} {id} cannot be changed", collection.singular()))
    } else {
        ApiError::not_found(collection)
    })
}

/// The id in the body, where the collection allows one. It must be unused.
fn client_id(
    context: &WriteContext<'_>,
    collection: Collection,
    hooks: &CollectionHooks,
) -> Result<Option<String>, ApiError> {
    let Some(id) = context.input.text("id").filter(|_| hooks.allows_client_ids) else { return Ok(None) };
    if find(&context.read_context(), collection, id).is_ok() {
        return Err(ApiError::new(422, format!("/id: {} {id} already exists", collection.singular())));
    }
    Ok(Some(canonical_id(id).into_owned()))
}

/// The document of a body, with the properties that the server sets. Read-only properties in the body are ignored.
fn build_document(
    context: &WriteContext<'_>,
    collection: Collection,
    id: &str,
    created_at: &str,
    updated_at: &str,
) -> Value {
    let mut value = Map::new();
    value.insert("id".to_owned(), id.into());
    for (name, sent) in context.input.body.as_object().into_iter().flatten() {
        // The id comes from `client_id` on creation and from the path later.
        if name != "id" && !context.contract.is_read_only(collection.model(), name) {
            value.insert(name.clone(), sent.clone());
        }
    }
    value.insert("created_at".to_owned(), created_at.into());
    value.insert("updated_at".to_owned(), updated_at.into());
    Value::Object(value)
}

/// A JSON array of documents, built from their serialised bytes.
pub(super) fn document_array<'d>(documents: impl IntoIterator<Item = &'d Arc<Document>>) -> Bytes {
    json_array(documents.into_iter().map(|document| document.bytes()).collect())
}

/// A JSON array of values that are serialised already.
pub(super) fn json_array(items: Vec<Bytes>) -> Bytes {
    let length: usize = items.iter().map(|item| item.len() + 1).sum();
    let mut body = BytesMut::with_capacity(length + 2);
    body.put_u8(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            body.put_u8(b',');
        }
        body.put(item);
    }
    body.put_u8(b']');
    body.freeze()
}
