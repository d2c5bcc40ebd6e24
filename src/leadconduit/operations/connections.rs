//! Connections: LeadConduit's rows and the single-sign-on service's list, reconciled; and the repair of a missing row.
//!
//! | row | service's list | list shows | repair answers |
//! |---|---|---|---|
//! | yes | yes | `completed` | 409 |
//! | no | yes | `sso_only` | 201, from then on `completed` |
//! | no | another account's | nothing | 422 |
//! | no | no | nothing | 422 |
//! | any | unreachable | the rows alone, `X-Connections-Degraded: true` | 503 |

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::super::context::{ReadContext, WriteContext};
use super::super::response::{ApiError, OperationResponse, Outcome};
use crate::leadconduit::state::sso::Seen;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, is_object_id, text};

const DEGRADED: HeaderName = HeaderName::from_static("x-connections-degraded");

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    let account = call.account()?;
    let wanted = call.input.query("relationship_type");
    let is_wanted = |kind: &str| wanted.is_none_or(|wanted| wanted == kind);
    let Ok(sso) = call.sso() else {
        // The list fails open: what LeadConduit knows itself, and a header that says that more may be missing.
        let rows = account.all(Collection::Connections).values();
        let rows = rows.filter(|row| is_wanted(row.text("relationship_type").unwrap_or_default()));
        let parties = Parties::of(account);
        let entries: Value = rows.map(|row| completed(call, &parties, row)).collect();
        let mut answer = OperationResponse::ok(&entries);
        answer.headers.push((DEGRADED, HeaderValue::from_static("true")));
        return Ok(answer);
    };
    let parties = Parties::of(account);
    let rows = account.all(Collection::Connections).values();
    let rows: HashMap<String, &Arc<Document>> =
        rows.filter_map(|row| Some((row.text("external_id")?.to_ascii_lowercase(), row))).collect();
    // The service is the source of truth: a row that it does not know is not shown.
    let mut entries: Vec<Value> = sso
        .connections_of(&call.caller.account)
        .filter(|seen| is_wanted(seen.relationship_type))
        .map(|seen| match rows.get(&text(seen.document.value(), "id").to_ascii_lowercase()) {
            Some(row) => completed(call, &parties, row),
            None => sso_only(&seen),
        })
        .collect();
    entries.sort_by(|a, b| text(a, "id").cmp(text(b, "id")));
    Ok(OperationResponse::ok(&Value::Array(entries)))
}

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    let row = find(call.account()?, call.input.path("id")).ok_or(ApiError::not_found(Collection::Connections))?;
    let row = row.value();
    let mut shown = json!({
        "id": row["id"],
        "connected_account": row["connected_account"],
        "external_id": row["external_id"],
        "relationship_type": row["relationship_type"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    });
    for optional in ["invitation_id", "created_by", "ui_state"] {
        if let Some(value) = row.get(optional) {
            shown[optional] = value.clone();
        }
    }
    Ok(OperationResponse::ok(&shown))
}

/// Inserts the row that was never made because the message about the connection was missed.
pub(super) fn repair(call: &mut WriteContext<'_>) -> Outcome {
    if !call.caller.is_superuser() {
        return Err(ApiError::not_authorized());
    }
    let id =
        call.input.text("connection_id").ok_or(ApiError::new(400, "connection_id is missing"))?.to_ascii_lowercase();
    if !is_object_id(&id) {
        return Err(ApiError::new(400, "connection_id must be 24 hexadecimal characters"));
    }
    let sso = call.sso()?;
    let account = call.account()?;
    if account.get(Collection::Connections, &id).is_some() || row_of(account, &id).is_some() {
        return Err(ApiError::new(409, "connection exists already"));
    }
    let seen = sso.connection(&id, &call.caller.account);
    let seen = seen.ok_or(ApiError::new(422, "connection not found in the single sign-on service"))?;
    let known = seen.document.value();
    let mut row = json!({
        "id": id,
        "external_id": id,
        "relationship_type": seen.relationship_type,
        "connected_account": seen.other,
        "created_at": known["created_at"],
        "updated_at": call.stamp(),
        "ui_state": {"has_setup_buyer_delivery": false},
    });
    for optional in ["invitation_id", "created_by", "permissions"] {
        if let Some(value) = known.get(optional) {
            row[optional] = value.clone();
        }
    }
    call.put(Collection::Connections, &row)?;
    Ok(OperationResponse::created(&json!({"id": id})))
}

/// A connection's row by its own id, its id in the single-sign-on service, or the id of its invitation.
pub(super) fn find<'a>(account: &'a Account, id: &str) -> Option<&'a Arc<Document>> {
    account.get(Collection::Connections, id).or_else(|| row_of(account, id)).or_else(|| by_invitation(account, id))
}

/// The row that came from an invitation.
pub(super) fn by_invitation<'a>(account: &'a Account, invitation: &str) -> Option<&'a Arc<Document>> {
    with(account, "invitation_id", invitation)
}

/// The row of a connection of the single-sign-on service.
fn row_of<'a>(account: &'a Account, external_id: &str) -> Option<&'a Arc<Document>> {
    with(account, "external_id", external_id)
}

fn with<'a>(account: &'a Account, name: &str, id: &str) -> Option<&'a Arc<Document>> {
    let same = |row: &&Arc<Document>| row.text(name).is_some_and(|other| other.eq_ignore_ascii_case(id));
    account.all(Collection::Connections).values().find(same)
}

/// The account's entities by the account that they stand for, found once for all connections of a list.
struct Parties<'a> {
    account: HashMap<&'a str, &'a Arc<Document>>,
    custom: HashMap<&'a str, Vec<&'a Arc<Document>>>,
}

impl<'a> Parties<'a> {
    fn of(account: &'a Account) -> Self {
        let mut parties = Self { account: HashMap::new(), custom: HashMap::new() };
        for entity in account.all(Collection::Entities).values() {
            let connected = entity.text("connected_account_id");
            if entity.flag("account") {
                for id in [entity.text("id"), connected].into_iter().flatten() {
                    // The first in the order of ids, as `account_entity` finds it.
                    parties.account.entry(id).or_insert(entity);
                }
            } else if let Some(id) = connected {
                parties.custom.entry(id).or_default().push(entity);
            }
        }
        parties
    }
}

/// An entry with all that LeadConduit knows about the connection.
fn completed(call: &ReadContext<'_>, parties: &Parties<'_>, row: &Document) -> Value {
    let row = row.value();
    let mut entry = json!({
        "id": row["id"],
        "status": "completed",
        "relationship_type": row["relationship_type"],
    });
    let kept =
        ["invitation_id", "created_at", "updated_at", "created_by", "ui_state", "permissions", "connected_account"];
    for name in kept {
        if let Some(value) = row.get(name) {
            entry[name] = value.clone();
        }
    }
    let other = text(&row["connected_account"], "id");
    if let Some(entity) = parties.account.get(other) {
        entry["account_entity"] = entity_shape(call, entity);
    }
    let custom = parties.custom.get(other).into_iter().flatten();
    entry["custom_entities"] = custom
        .map(|entity| {
            let entity = entity.value();
            json!({"id": entity["id"], "name": entity["name"], "source": entity["source"], "recipient": entity["recipient"]})
        })
        .collect();
    entry
}

/// An entry of which LeadConduit has no row: what it would add itself is not there.
fn sso_only(seen: &Seen<'_>) -> Value {
    let known = seen.document.value();
    let mut entry = json!({"id": known["id"], "status": "sso_only", "relationship_type": seen.relationship_type});
    for name in ["invitation_id", "created_at", "updated_at", "created_by", "permissions"] {
        if let Some(value) = known.get(name) {
            entry[name] = value.clone();
        }
    }
    entry["connected_account"] = seen.other.clone();
    entry
}

/// The entity that stands for another account.
pub(super) fn account_entity<'a>(account: &'a Account, other: &str) -> Option<&'a Arc<Document>> {
    let stands_for = |entity: &&Arc<Document>| {
        entity.flag("account") && [entity.text("id"), entity.text("connected_account_id")].contains(&Some(other))
    };
    account.all(Collection::Entities).values().find(stands_for)
}

/// An entity as it is shown: whether its invitation has expired follows from the clock.
pub(super) fn entity_shape(call: &ReadContext<'_>, entity: &Document) -> Value {
    let mut shown = entity.value().clone();
    if let Some(expires) = entity.text("invitation_expires_at") {
        shown["expired"] = call.has_passed(expires).into();
    }
    shown
}
