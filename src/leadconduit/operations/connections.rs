//! Connections: LeadConduit's rows merged with the list of the single sign-on service, and the repair of a missing row.
//!
//! | row | service's list | entry in the list | response to a repair |
//! |---|---|---|---|
//! | yes | yes | `completed` | 409 |
//! | no | yes | `sso_only` | 201, and from then on `completed` |
//! | no | another account's | none | 422 |
//! | no | no | none | 422 |
//! | any | unreachable | the rows only, `X-Connections-Degraded: true` | 503 |

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderValue;
use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use crate::http::headers::CONNECTIONS_DEGRADED;
use crate::leadconduit::state::sso::ConnectionView;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, is_object_id, text};

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let account = context.account()?;
    let relationship_type = context.input.query("relationship_type");
    let matches_type = |kind: &str| relationship_type.is_none_or(|relationship_type| relationship_type == kind);
    let Ok(sso) = context.sso() else {
        // Without the service, LeadConduit lists its own rows and adds a header: the list may be incomplete.
        let rows = account.all(Collection::Connections).values();
        let rows = rows.filter(|row| matches_type(row.text("relationship_type").unwrap_or_default()));
        let entities = EntityIndex::build(account);
        let entries: Value = rows.map(|row| render_completed(context, &entities, row)).collect();
        let mut response = OperationResponse::ok(&entries);
        response.headers.push((CONNECTIONS_DEGRADED, HeaderValue::from_static("true")));
        return Ok(response);
    };
    let entities = EntityIndex::build(account);
    let rows = account.all(Collection::Connections).values();
    let rows: HashMap<String, &Arc<Document>> =
        rows.filter_map(|row| Some((row.text("external_id")?.to_ascii_lowercase(), row))).collect();
    // The service is the source of truth: rows without a connection there are omitted.
    let mut entries: Vec<Value> = sso
        .connections_of(&context.caller.account)
        .filter(|connection| matches_type(connection.relationship_type))
        .map(|connection| match rows.get(&text(connection.document.value(), "id").to_ascii_lowercase()) {
            Some(row) => render_completed(context, &entities, row),
            None => render_sso_only(&connection),
        })
        .collect();
    entries.sort_by(|a, b| text(a, "id").cmp(text(b, "id")));
    Ok(OperationResponse::ok(&Value::Array(entries)))
}

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    let row = find(context.account()?, context.input.path("id")).ok_or(ApiError::not_found(Collection::Connections))?;
    let row = row.value();
    let mut rendered = json!({
        "id": row["id"],
        "connected_account": row["connected_account"],
        "external_id": row["external_id"],
        "relationship_type": row["relationship_type"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    });
    for optional in ["invitation_id", "created_by", "ui_state"] {
        if let Some(value) = row.get(optional) {
            rendered[optional] = value.clone();
        }
    }
    Ok(OperationResponse::ok(&rendered))
}

/// Creates the row that is missing because LeadConduit missed the message about the connection.
pub(super) fn repair(context: &mut WriteContext<'_>) -> OperationResult {
    if !context.caller.is_superuser() {
        return Err(ApiError::not_authorized());
    }
    let id =
        context.input.text("connection_id").ok_or(ApiError::new(400, "connection_id is missing"))?.to_ascii_lowercase();
    if !is_object_id(&id) {
        return Err(ApiError::new(400, "connection_id must be 24 hexadecimal characters"));
    }
    let sso = context.sso()?;
    let account = context.account()?;
    if account.get(Collection::Connections, &id).is_some() || find_by_external_id(account, &id).is_some() {
        return Err(ApiError::new(409, "connection already exists"));
    }
    let connection = sso.connection(&id, &context.caller.account);
    let connection = connection.ok_or(ApiError::new(422, "connection not found in the single sign-on service"))?;
    let sso_connection = connection.document.value();
    let mut row = json!({
        "id": id,
        "external_id": id,
        "relationship_type": connection.relationship_type,
        "connected_account": connection.other,
        "created_at": sso_connection["created_at"],
        "updated_at": context.timestamp(),
        "ui_state": {"has_setup_buyer_delivery": false},
    });
    for optional in ["invitation_id", "created_by", "permissions"] {
        if let Some(value) = sso_connection.get(optional) {
            row[optional] = value.clone();
        }
    }
    context.put(Collection::Connections, &row)?;
    Ok(OperationResponse::created(&json!({"id": id})))
}

/// Finds a row by its own id, its id in the single sign-on service, or the id of its invitation.
pub(super) fn find<'a>(account: &'a Account, id: &str) -> Option<&'a Arc<Document>> {
    account
        .get(Collection::Connections, id)
        .or_else(|| find_by_external_id(account, id))
        .or_else(|| find_by_invitation(account, id))
}

/// Finds the row of an invitation.
pub(super) fn find_by_invitation<'a>(account: &'a Account, invitation: &str) -> Option<&'a Arc<Document>> {
    find_by(account, "invitation_id", invitation)
}

/// Finds the row of a connection of the single sign-on service.
fn find_by_external_id<'a>(account: &'a Account, external_id: &str) -> Option<&'a Arc<Document>> {
    find_by(account, "external_id", external_id)
}

fn find_by<'a>(account: &'a Account, name: &str, id: &str) -> Option<&'a Arc<Document>> {
    let same = |row: &&Arc<Document>| row.text(name).is_some_and(|other| other.eq_ignore_ascii_case(id));
    account.all(Collection::Connections).values().find(same)
}

/// The entities by the account that they represent, indexed once for all connections of a list.
struct EntityIndex<'a> {
    account_entities: HashMap<&'a str, &'a Arc<Document>>,
    custom_entities: HashMap<&'a str, Vec<&'a Arc<Document>>>,
}

impl<'a> EntityIndex<'a> {
    fn build(account: &'a Account) -> Self {
        let mut entities = Self { account_entities: HashMap::new(), custom_entities: HashMap::new() };
        for entity in account.all(Collection::Entities).values() {
            let connected = entity.text("connected_account_id");
            if entity.flag("account") {
                for id in [entity.text("id"), connected].into_iter().flatten() {
                    // The first in id order, as in `find_account_entity`.
                    entities.account_entities.entry(id).or_insert(entity);
                }
            } else if let Some(id) = connected {
                entities.custom_entities.entry(id).or_default().push(entity);
            }
        }
        entities
    }
}

/// The entry of a connection that has a row.
fn render_completed(context: &ReadContext<'_>, entities: &EntityIndex<'_>, row: &Document) -> Value {
    let row = row.value();
    let mut entry = json!({
        "id": row["id"],
        "status": "completed",
        "relationship_type": row["relationship_type"],
    });
    let copied =
        ["invitation_id", "created_at", "updated_at", "created_by", "ui_state", "permissions", "connected_account"];
    for name in copied {
        if let Some(value) = row.get(name) {
            entry[name] = value.clone();
        }
    }
    let other = text(&row["connected_account"], "id");
    if let Some(entity) = entities.account_entities.get(other) {
        entry["account_entity"] = render_entity(context, entity);
    }
    let custom = entities.custom_entities.get(other).into_iter().flatten();
    entry["custom_entities"] = custom
        .map(|entity| {
            let entity = entity.value();
            json!({"id": entity["id"], "name": entity["name"], "source": entity["source"], "recipient": entity["recipient"]})
        })
        .collect();
    entry
}

/// The entry of a connection without a row; it has the properties of the single sign-on service only.
fn render_sso_only(connection: &ConnectionView<'_>) -> Value {
    let sso_connection = connection.document.value();
    let mut entry =
        json!({"id": sso_connection["id"], "status": "sso_only", "relationship_type": connection.relationship_type});
    for name in ["invitation_id", "created_at", "updated_at", "created_by", "permissions"] {
        if let Some(value) = sso_connection.get(name) {
            entry[name] = value.clone();
        }
    }
    entry["connected_account"] = connection.other.clone();
    entry
}

/// Finds the entity that represents another account.
pub(super) fn find_account_entity<'a>(account: &'a Account, other: &str) -> Option<&'a Arc<Document>> {
    let represents = |entity: &&Arc<Document>| {
        entity.flag("account") && [entity.text("id"), entity.text("connected_account_id")].contains(&Some(other))
    };
    account.all(Collection::Entities).values().find(represents)
}

/// The entity document; `expired` is computed from the clock.
pub(super) fn render_entity(context: &ReadContext<'_>, entity: &Document) -> Value {
    let mut rendered = entity.value().clone();
    if let Some(expires) = entity.text("invitation_expires_at") {
        rendered["expired"] = context.has_passed(expires).into();
    }
    rendered
}
