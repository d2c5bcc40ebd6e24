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

use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
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
    let entities = EntityIndex::build(account);
    let Ok(sso) = context.sso() else {
        // Without the service, LeadConduit lists its own rows and adds a header: the list may be incomplete.
        let rows = account.all(Collection::Connections).values();
        let rows = rows.filter(|row| matches_type(row.text("relationship_type").unwrap_or_default()));
        let entries: Vec<Entry<'_>> = rows.map(|row| Entry::completed(context, &entities, row)).collect();
        let mut response = OperationResponse::json(200, serialise(&entries));
        response.headers.push((CONNECTIONS_DEGRADED, HeaderValue::from_static("true")));
        return Ok(response);
    };
    let rows = account.all(Collection::Connections).values();
    let rows: HashMap<String, &Arc<Document>> =
        rows.filter_map(|row| Some((row.text("external_id")?.to_ascii_lowercase(), row))).collect();
    // The service is the source of truth: rows without a connection there are omitted.
    let mut entries: Vec<Entry<'_>> = sso
        .connections_of(&context.caller.account)
        .filter(|connection| matches_type(connection.relationship_type))
        .map(|connection| match rows.get(&text(connection.document.value(), "id").to_ascii_lowercase()) {
            Some(row) => Entry::completed(context, &entities, row),
            None => Entry::SsoOnly(connection),
        })
        .collect();
    entries.sort_by(|a, b| a.id().cmp(b.id()));
    Ok(OperationResponse::json(200, serialise(&entries)))
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

/// An entry of the list. It is written from the documents, because copies of thousands of values take longer than their
/// text.
enum Entry<'a> {
    /// A connection that has a row.
    Completed { row: &'a Value, account_entity: Option<EntityView<'a>>, custom_entities: &'a [&'a Arc<Document>] },
    /// A connection without a row; it has the properties of the single sign-on service only.
    SsoOnly(ConnectionView<'a>),
}

impl<'a> Entry<'a> {
    fn completed(context: &ReadContext<'_>, entities: &'a EntityIndex<'a>, row: &'a Document) -> Self {
        let row = row.value();
        let other = text(&row["connected_account"], "id");
        Self::Completed {
            row,
            account_entity: entities.account_entities.get(other).map(|entity| EntityView::new(context, entity)),
            custom_entities: entities.custom_entities.get(other).map(Vec::as_slice).unwrap_or_default(),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Completed { row, .. } => text(row, "id"),
            Self::SsoOnly(connection) => text(connection.document.value(), "id"),
        }
    }
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Completed { row, account_entity, custom_entities } => {
                map.serialize_entry("id", &row["id"])?;
                map.serialize_entry("status", "completed")?;
                map.serialize_entry("relationship_type", &row["relationship_type"])?;
                for name in COPIED.iter().chain(&["connected_account"]) {
                    if let Some(value) = row.get(name) {
                        map.serialize_entry(name, value)?;
                    }
                }
                if let Some(entity) = account_entity {
                    map.serialize_entry("account_entity", entity)?;
                }
                let custom: Vec<CustomEntity<'_>> =
                    custom_entities.iter().map(|entity| CustomEntity::new(entity.value())).collect();
                map.serialize_entry("custom_entities", &custom)?;
            }
            Self::SsoOnly(connection) => {
                let document = connection.document.value();
                map.serialize_entry("id", &document["id"])?;
                map.serialize_entry("status", "sso_only")?;
                map.serialize_entry("relationship_type", connection.relationship_type)?;
                for name in COPIED.iter().filter(|name| **name != "ui_state") {
                    if let Some(value) = document.get(name) {
                        map.serialize_entry(name, value)?;
                    }
                }
                map.serialize_entry("connected_account", connection.other)?;
            }
        }
        map.end()
    }
}

/// The properties that an entry has when its row has them.
const COPIED: [&str; 6] = ["invitation_id", "created_at", "updated_at", "created_by", "ui_state", "permissions"];

/// The properties of a custom entity in an entry.
#[derive(Serialize)]
struct CustomEntity<'a> {
    id: &'a Value,
    name: &'a Value,
    source: &'a Value,
    recipient: &'a Value,
}

impl<'a> CustomEntity<'a> {
    fn new(entity: &'a Value) -> Self {
        Self { id: &entity["id"], name: &entity["name"], source: &entity["source"], recipient: &entity["recipient"] }
    }
}

/// An entity with `expired`, which is computed from the clock.
struct EntityView<'a> {
    entity: &'a Value,
    expired: Option<bool>,
}

impl<'a> EntityView<'a> {
    fn new(context: &ReadContext<'_>, entity: &'a Document) -> Self {
        let expired = entity.text("invitation_expires_at").map(|expires| context.has_passed(expires));
        Self { entity: entity.value(), expired }
    }
}

impl Serialize for EntityView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const EXPIRED: &str = "expired";
        let Some(expired) = self.expired else { return self.entity.serialize(serializer) };
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.entity.as_object().into_iter().flatten() {
            if name == EXPIRED {
                map.serialize_entry(EXPIRED, &expired)?;
            } else {
                map.serialize_entry(name, value)?;
            }
        }
        if self.entity.get(EXPIRED).is_none() {
            map.serialize_entry(EXPIRED, &expired)?;
        }
        map.end()
    }
}

fn serialise(entries: &[Entry<'_>]) -> Bytes {
    // Serialising values cannot fail.
    serde_json::to_vec(entries).unwrap_or_default().into()
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
