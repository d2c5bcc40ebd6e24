//! Connections: LeadConduit's rows merged with the list of the single sign-on service, and the repair of a missing row.
//!
//! | row | service's list | entry in the list | response to a repair |
//! |---|---|---|---|
//! | yes | yes | `completed` | 409 |
//! | no | yes | `sso_only` | 201, and from then on `completed` |
//! | no | another account's | none | 422 |
//! | no | no | none | 422 |
//! | any | unreachable | the rows only, `X-Connections-Degraded: true` | 503 |

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};

use super::super::api_error::ApiError;
use super::super::context::{ReadContext, WriteContext};
use super::super::response::{OperationResponse, OperationResult};
use crate::http::headers::CONNECTIONS_DEGRADED;
use crate::leadconduit::state::sso::ConnectionView;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, TypedDocument, is_object_id};
use crate::support::json_members::{JsonMembers, text_of};

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    let account = context.account()?;
    let relationship_type = context.input.query("relationship_type");
    let matches_type = |kind: &str| relationship_type.is_none_or(|relationship_type| relationship_type == kind);
    let entities = EntityIndex::build(account);
    let rows = account.all(Collection::Connections).values().map(|row| row.members());
    let Ok(sso) = context.sso() else {
        // Without the service, LeadConduit lists its own rows and adds a header: the list may be incomplete.
        let rows = rows.filter(|row| matches_type(&row.text("relationship_type").unwrap_or_default()));
        let mut body = JsonArray::new();
        rows.for_each(|row| write_row(&mut body, context, &entities, &row));
        let mut response = OperationResponse::json(200, body.end());
        response.headers.push((CONNECTIONS_DEGRADED, HeaderValue::from_static("true")));
        return Ok(response);
    };
    let rows: HashMap<String, JsonMembers<'_>> =
        rows.filter_map(|row| Some((row.text("external_id")?.to_ascii_lowercase(), row))).collect();
    // The service is the source of truth: rows without a connection there are omitted.
    let connections = sso.connections_of(&context.caller.account);
    let mut entries: Vec<(Cow<'_, str>, Entry<'_>)> = connections
        .filter(|connection| matches_type(connection.relationship_type))
        .map(|connection| {
            let id = connection.members.text("id").unwrap_or_default();
            match rows.get(&*id.to_ascii_lowercase()) {
                Some(row) => (row.text("id").unwrap_or_default(), Entry::Completed(row)),
                None => (id, Entry::SsoOnly(connection)),
            }
        })
        .collect();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut body = JsonArray::new();
    for (_, entry) in &entries {
        match entry {
            Entry::Completed(row) => write_row(&mut body, context, &entities, row),
            Entry::SsoOnly(connection) => write_connection(&mut body, connection),
        }
    }
    Ok(OperationResponse::json(200, body.end()))
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
    let member = |name: &str| parsed(connection.members.get(name));
    let mut row = json!({
        "id": id,
        "external_id": id,
        "relationship_type": connection.relationship_type,
        "connected_account": parsed(Some(connection.other)),
        "created_at": member("created_at"),
        "updated_at": context.timestamp(),
        "ui_state": {"has_setup_buyer_delivery": false},
    });
    for optional in ["invitation_id", "created_by", "permissions"] {
        if connection.members.get(optional).is_some() {
            row[optional] = member(optional);
        }
    }
    context.put(Collection::Connections, &row)?;
    Ok(OperationResponse::created(&json!({"id": id})))
}

/// The value of a member; null without one.
fn parsed(json: Option<&str>) -> Value {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
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
    find_by(account, |row| &row.invitation, invitation)
}

/// Finds the row of a connection of the single sign-on service.
fn find_by_external_id<'a>(account: &'a Account, external_id: &str) -> Option<&'a Arc<Document>> {
    find_by(account, |row| &row.external, external_id)
}

fn find_by<'a>(
    account: &'a Account,
    key: fn(&ConnectionKeys) -> &Option<Box<str>>,
    id: &str,
) -> Option<&'a Arc<Document>> {
    let has_key = |row: &&Arc<Document>| key(row.typed()).as_ref().is_some_and(|key| key.eq_ignore_ascii_case(id));
    account.all(Collection::Connections).values().find(has_key)
}

/// By what a row is found besides its own id. The text of every row before it would be read again by each search.
#[derive(Debug, PartialEq, Eq)]
struct ConnectionKeys {
    /// The id of its invitation.
    invitation: Option<Box<str>>,
    /// The id in the single sign-on service.
    external: Option<Box<str>>,
}

impl ConnectionKeys {
    const INVITATION: &str = "invitation_id";
    const EXTERNAL: &str = "external_id";
}

impl TypedDocument for ConnectionKeys {
    fn from_value(row: &Value) -> Self {
        let key = |name: &str| row.get(name).and_then(Value::as_str).map(Into::into);
        Self { invitation: key(Self::INVITATION), external: key(Self::EXTERNAL) }
    }

    fn from_document(row: &Document) -> Self {
        let key = |name: &str| row.member_text(name).map(|text| text.into_owned().into());
        Self { invitation: key(Self::INVITATION), external: key(Self::EXTERNAL) }
    }
}

/// The entities by the account that they represent, indexed once for all connections of a list.
struct EntityIndex<'a> {
    entities: Vec<(&'a Document, JsonMembers<'a>)>,
    /// The indexes of entities that represent the account.
    account_entities: HashMap<Cow<'a, str>, usize>,
    custom_entities: HashMap<Cow<'a, str>, Vec<usize>>,
}

impl<'a> EntityIndex<'a> {
    fn build(account: &'a Account) -> Self {
        let documents = account.all(Collection::Entities).values();
        let entities: Vec<_> = documents.map(|entity| (&**entity, entity.members())).collect();
        let (mut account_entities, mut custom_entities) = (HashMap::new(), HashMap::<_, Vec<usize>>::new());
        for (index, (_, entity)) in entities.iter().enumerate() {
            let connected = entity.text("connected_account_id");
            if entity.get("account") == Some("true") {
                for id in [entity.text("id"), connected].into_iter().flatten() {
                    // The first in id order, as in `find_account_entity`.
                    account_entities.entry(id).or_insert(index);
                }
            } else if let Some(id) = connected {
                custom_entities.entry(id).or_default().push(index);
            }
        }
        Self { entities, account_entities, custom_entities }
    }
}

/// An entry of the list. It is written from the texts of the documents, because their parsed values would take several
/// times their memory.
enum Entry<'a> {
    /// A connection that has a row.
    Completed(&'a JsonMembers<'a>),
    /// A connection without a row; it has the properties of the single sign-on service only.
    SsoOnly(ConnectionView<'a>),
}

/// The properties that an entry has when its row has them.
const COPIED: [&str; 6] = ["invitation_id", "created_at", "updated_at", "created_by", "ui_state", "permissions"];

/// The properties of a custom entity in an entry.
const CUSTOM_ENTITY: [&str; 4] = ["id", "name", "source", "recipient"];

/// Writes the entry of a row.
fn write_row(body: &mut JsonArray, context: &ReadContext<'_>, entities: &EntityIndex<'_>, row: &JsonMembers<'_>) {
    body.begin_object();
    body.member("id", row.get("id").unwrap_or(NULL));
    body.member("status", r#""completed""#);
    body.member("relationship_type", row.get("relationship_type").unwrap_or(NULL));
    for name in COPIED.iter().chain(&["connected_account"]) {
        if let Some(value) = row.get(name) {
            body.member(name, value);
        }
    }
    let other = row.get("connected_account").and_then(|account| text_of(account, "id")).unwrap_or_default();
    if let Some((document, entity)) = entities.account_entities.get(&*other).and_then(|at| entities.entities.get(*at)) {
        body.name(r#""account_entity""#);
        write_entity(body, context, document, entity);
    }
    body.name(r#""custom_entities""#);
    body.begin_array();
    let custom = entities.custom_entities.get(&*other).into_iter().flatten();
    for (_, entity) in custom.filter_map(|at| entities.entities.get(*at)) {
        body.begin_object();
        for name in CUSTOM_ENTITY {
            body.member(name, entity.get(name).unwrap_or(NULL));
        }
        body.end_object();
    }
    body.end_array();
    body.end_object();
}

/// Writes the entry of a connection without a row.
fn write_connection(body: &mut JsonArray, connection: &ConnectionView<'_>) {
    body.begin_object();
    body.member("id", connection.members.get("id").unwrap_or(NULL));
    body.member("status", r#""sso_only""#);
    body.member("relationship_type", &format!("\"{}\"", connection.relationship_type));
    for name in COPIED.iter().filter(|name| **name != "ui_state") {
        if let Some(value) = connection.members.get(name) {
            body.member(name, value);
        }
    }
    body.member("connected_account", connection.other);
    body.end_object();
}

/// Writes an entity with `expired`, which is computed from the clock.
fn write_entity(body: &mut JsonArray, context: &ReadContext<'_>, document: &Document, entity: &JsonMembers<'_>) {
    const EXPIRED: &str = r#""expired""#;
    let Some(expires_at) = entity.text("invitation_expires_at") else { return body.value(&document.bytes()) };
    let expired = if context.has_passed(&expires_at) { "true" } else { "false" };
    body.begin_object();
    for (name, value) in entity.iter() {
        body.name(name);
        body.value(if name == EXPIRED { expired } else { value }.as_bytes());
    }
    if entity.get("expired").is_none() {
        body.name(EXPIRED);
        body.value(expired.as_bytes());
    }
    body.end_object();
}

const NULL: &str = "null";

/// A JSON array that is being written.
struct JsonArray(Vec<u8>);

impl JsonArray {
    fn new() -> Self {
        Self(vec![b'['])
    }

    /// A comma, unless nothing is before it.
    fn separate(&mut self) {
        if !matches!(self.0.last(), Some(b'[' | b'{' | b':')) {
            self.0.push(b',');
        }
    }

    fn begin_object(&mut self) {
        self.separate();
        self.0.push(b'{');
    }

    fn end_object(&mut self) {
        self.0.push(b'}');
    }

    fn begin_array(&mut self) {
        self.separate();
        self.0.push(b'[');
    }

    fn end_array(&mut self) {
        self.0.push(b']');
    }

    /// Begins a member; the name is in its quotes.
    fn name(&mut self, name: &str) {
        self.separate();
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b':');
    }

    /// A value, as JSON.
    fn value(&mut self, json: &[u8]) {
        self.separate();
        self.0.extend_from_slice(json);
    }

    /// A member with its value as JSON.
    fn member(&mut self, name: &str, json: &str) {
        self.separate();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        self.0.extend_from_slice(json.as_bytes());
    }

    fn end(mut self) -> Bytes {
        self.0.push(b']');
        self.0.into()
    }
}

/// Finds the entity that represents another account.
pub(super) fn find_account_entity<'a>(account: &'a Account, other: &str) -> Option<&'a Arc<Document>> {
    let represents = |entity: &&Arc<Document>| {
        let entity = entity.members();
        entity.get("account") == Some("true")
            && ["id", "connected_account_id"].iter().any(|name| entity.text(name).as_deref() == Some(other))
    };
    account.all(Collection::Entities).values().find(represents)
}

/// The entity document; `expired` is computed from the clock.
pub(super) fn render_entity(context: &ReadContext<'_>, entity: &Document) -> Value {
    let mut rendered = entity.to_value();
    if let Some(expires) = entity.member_text("invitation_expires_at") {
        rendered["expired"] = context.has_passed(&expires).into();
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::super::{account, entities};
    use super::*;
    use crate::contract::validate::OperationInput;
    use crate::leadconduit::state::sso::SsoCallContext;
    use crate::leadconduit::state::{Caller, World};
    use crate::support::clock::{Clock, Timestamp};

    #[test]
    fn rows_are_found_without_being_parsed() {
        let mut world = World::empty(1, Clock::Frozen(Timestamp::UNIX_EPOCH));
        world.put_account("acme", Document::new(&json!({"id": "acme"})));
        let rows = [
            json!({"id": "r1", "external_id": "c1"}),
            json!({"id": "r2", "invitation_id": "ABC\u{e9}", "external_id": null}),
            json!({"id": "r3", "invitation_id": "abc", "external_id": "c3"}),
        ];
        for row in &rows {
            let document = world.put("acme", Collection::Connections, row["id"].as_str().unwrap(), Document::new(row));
            assert_eq!(ConnectionKeys::from_document(&document), ConnectionKeys::from_value(row), "{row}");
            assert!(!document.is_parsed(), "{row}");
        }
        let account = world.account("acme").unwrap();
        let found = |id: &str| find(account, id).map(|row| row.bytes());
        for (id, row) in [("r2", &rows[1]), ("C1", &rows[0]), ("aBC", &rows[2]), ("abc\u{e9}", &rows[1])] {
            assert_eq!(found(id), Some(Document::new(row).bytes()), "{id}");
        }
        assert_eq!(found("c2"), None);
    }

    #[test]
    fn lists_keep_no_parsed_documents() {
        let now: Timestamp = "2026-01-15T09:00:00Z".parse().unwrap();
        let mut world = World::empty(1, Clock::Frozen(now));
        world.put_account("acme", Document::new(&json!({"id": "acme"})));
        let row = json!({
            "id": "r1", "external_id": "C1", "relationship_type": "buyer", "connected_account": {"id": "other", "name": "O"},
        });
        let row = world.put("acme", Collection::Connections, "r1", Document::new(&row));
        let entity = json!({
            "id": "e1", "account": true, "pending": true, "recipient": "buyer", "connected_account_id": "other",
            "invitation_expires_at": "2026-01-01T00:00:00.000Z",
        });
        let entity = world.put("acme", Collection::Entities, "e1", Document::new(&entity));
        let connection = json!({"id": "c1", "seller": {"id": "acme"}, "buyer": {"id": "other"}});
        let connection = Arc::new(Document::new(&connection));
        world.sso.connections.insert("c1".into(), Arc::clone(&connection));
        let caller = Caller {
            account: "acme".into(),
            user: "ann".into(),
            document: Arc::new(Document::new(&json!({"id": "ann"}))),
        };
        let (input, call) = (OperationInput::default(), SsoCallContext::new("list_connections"));
        let context = ReadContext::new(&world, &caller, &input, now, &call);
        let reads: [fn(&ReadContext<'_>) -> OperationResult; 3] = [list, account::get, entities::list];
        let bodies = reads.map(|read| serde_json::from_slice::<Value>(&read(&context).unwrap().body).unwrap());
        for (name, document) in [("row", &row), ("entity", &entity), ("connection", &connection)] {
            assert!(!document.is_parsed(), "{name}");
        }
        let expected = json!([{
            "id": "r1", "status": "completed", "relationship_type": "buyer",
            "connected_account": {"id": "other", "name": "O"},
            "account_entity": {
                "id": "e1", "account": true, "pending": true, "recipient": "buyer", "connected_account_id": "other",
                "invitation_expires_at": "2026-01-01T00:00:00.000Z", "expired": true,
            },
            "custom_entities": [],
        }]);
        assert_eq!(bodies[0], expected);
        assert_eq!(bodies[1]["connected_buyers"], json!([{"id": "other", "name": "O", "sso_id": null}]));
        assert_eq!(bodies[1]["pending_buyers"][0]["expired"], json!(true));
        assert_eq!(bodies[2][0]["flow_ids"], json!([]));
    }
}
