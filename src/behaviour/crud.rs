//! Create, read, list, replace and delete, for collections without rules of their own.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Map, Value};

use super::{Answer, Outcome, Reading, Refusal, Writing};
use crate::world::{Collection, Document, Documents};

pub(super) fn list(call: &Reading<'_>, collection: Collection) -> Outcome {
    let documents = call.account()?.all(collection);
    Ok(Answer::of(200, array(documents)))
}

pub(super) fn get(call: &Reading<'_>, collection: Collection) -> Outcome {
    let document = call.account()?.get(collection, call.input.path("id"));
    let document = document.ok_or_else(|| Refusal::not_found(collection))?;
    Ok(Answer::of(200, document.bytes()))
}

pub(super) fn create(call: &mut Writing<'_>, collection: Collection) -> Outcome {
    let stamp = call.stamp();
    let id = call.world.next_id(call.now);
    let value = compose(call, collection, &id, &stamp, &stamp);
    let document = call.put(collection, &value)?;
    Ok(Answer::of(201, document.bytes()))
}

pub(super) fn replace(call: &mut Writing<'_>, collection: Collection) -> Outcome {
    let found = call.account()?.get(collection, call.input.path("id"));
    let found = found.ok_or_else(|| Refusal::not_found(collection))?.clone();
    let text = |name: &str| found.text(name).unwrap_or_default().to_owned();
    let value = compose(call, collection, &text("id"), &text("created_at"), &call.stamp());
    let document = call.put(collection, &value)?;
    Ok(Answer::of(200, document.bytes()))
}

pub(super) fn delete(call: &mut Writing<'_>, collection: Collection) -> Outcome {
    let account = std::sync::Arc::clone(&call.caller.account);
    let removed = call.world.remove(&account, collection, call.input.path("id"));
    let removed: std::sync::Arc<Document> = removed.ok_or_else(|| Refusal::not_found(collection))?;
    Ok(Answer::of(200, removed.bytes()))
}

/// The body with what the server sets. Read-only properties that were sent are ignored, not refused.
fn compose(call: &Writing<'_>, collection: Collection, id: &str, created_at: &str, updated_at: &str) -> Value {
    let mut value = Map::new();
    value.insert("id".to_owned(), id.into());
    for (name, sent) in call.input.body.as_object().into_iter().flatten() {
        if !call.contract.is_read_only(collection.model(), name) {
            value.insert(name.clone(), sent.clone());
        }
    }
    value.insert("created_at".to_owned(), created_at.into());
    value.insert("updated_at".to_owned(), updated_at.into());
    Value::Object(value)
}

/// The documents as one array, put together from their bytes.
fn array(documents: &Documents) -> Bytes {
    let length: usize = documents.values().map(|document| document.bytes().len() + 1).sum();
    let mut body = BytesMut::with_capacity(length + 2);
    body.put_u8(b'[');
    for (index, document) in documents.values().enumerate() {
        if index > 0 {
            body.put_u8(b',');
        }
        body.put(document.bytes());
    }
    body.put_u8(b']');
    body.freeze()
}
