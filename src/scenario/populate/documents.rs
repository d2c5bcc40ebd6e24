//! Builders of generated documents. Documents that refer to each other are built together, with the same ids, names and
//! times.

use serde_json::{Value, json};

use super::PopulateError;
use crate::contract::Contract;
use crate::generate::ValueGenerator;
use crate::leadconduit::state::{Collection, World};
use crate::support::clock::{Timestamp, format_timestamp};
use crate::support::document::{Document, text};

/// A generated document and where it is stored.
pub(super) enum GeneratedDocument {
    Owned(Collection, Value),
    Sso(Value),
}

/// Stores documents as they are generated: thousands of values take several times the memory of their texts.
pub(super) struct DocumentStore<'a> {
    world: &'a mut World,
    contract: &'a Contract,
    account: &'a str,
    /// The first document that does not match its model. Nothing is stored after it.
    error: Option<PopulateError>,
}

impl<'a> DocumentStore<'a> {
    /// A store for an account of a world.
    pub(super) fn new(world: &'a mut World, contract: &'a Contract, account: &'a str) -> Self {
        Self { world, contract, account, error: None }
    }

    /// Validates a document and stores it.
    pub(super) fn push(&mut self, document: GeneratedDocument) {
        if self.error.is_none() {
            self.error = self.store(document).err();
        }
    }

    /// Ends the use of the store.
    ///
    /// # Errors
    ///
    /// A document did not match its model.
    pub(super) fn finish(self) -> Result<(), PopulateError> {
        self.error.map_or(Ok(()), Err)
    }

    fn store(&mut self, document: GeneratedDocument) -> Result<(), PopulateError> {
        let (model, value) = match &document {
            GeneratedDocument::Owned(collection, value) => (collection.model(), value),
            GeneratedDocument::Sso(value) => ("WorldSsoConnection", value),
        };
        let check = self.contract.model(model).ok_or(PopulateError::NoModel(model))?;
        // Documents for the built-in contract are validated in builds with debug assertions only, which all tests use:
        // compiling the schemas takes a part of the start.
        let is_checked = cfg!(debug_assertions) || !self.contract.is_built_in();
        if let Some(violation) = Some(value)
            .filter(|value| is_checked && !check.accepts(value))
            .and_then(|value| check.violations("", value).into_iter().next())
        {
            return Err(PopulateError::Invalid { model, pointer: violation.location, reason: violation.message });
        }
        let id = text(value, "id").to_owned();
        match document {
            GeneratedDocument::Owned(collection, value) => {
                self.world.put(self.account, collection, &id, Document::new(&value));
            }
            GeneratedDocument::Sso(value) => {
                self.world.sso.connections.insert(id.as_str().into(), Document::new(&value).into());
            }
        }
        Ok(())
    }
}

/// The id and times of a document: the id contains the time of creation, which is before that of the update.
pub(super) struct Timestamps {
    pub(super) id: String,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

pub(super) fn timestamps(generator: &mut ValueGenerator<'_>, now: Timestamp) -> Timestamps {
    let created = generator.past_timestamp(360).parse().unwrap_or(now);
    Timestamps {
        id: generator.id_at(created),
        created_at: format_timestamp(created),
        updated_at: generator.timestamp_between(created, now),
    }
}

pub(super) fn user(generator: &mut ValueGenerator<'_>) -> Value {
    let person = generator.person();
    json!({
        "id": generator.id(),
        "api_key": generator.key(32),
        "superuser": false,
        "user_admin": false,
        "subscription_admin": false,
        "role_string": "user",
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "product_code": "lcx",
    })
}

pub(super) fn credential(generator: &mut ValueGenerator<'_>, now: Timestamp) -> Value {
    let Timestamps { id, created_at, updated_at } = timestamps(generator, now);
    let (company, person, secret) = (generator.company(), generator.person(), generator.key(8));
    json!({
        "id": id,
        "name": format!("{} login", company.name),
        "type": "user",
        "package": "leadconduit-salesforce",
        "username": person.email,
        "password": format!("example-{secret}"),
        "created_at": created_at,
        "updated_at": updated_at,
    })
}

/// An entity that the account created: a seller or a buyer of leads.
pub(super) fn custom_entity(generator: &mut ValueGenerator<'_>, is_seller: bool, now: Timestamp) -> Value {
    let Timestamps { id, created_at, updated_at } = timestamps(generator, now);
    let company = generator.company();
    let (source, recipient) = roles(is_seller);
    json!({
        "id": id,
        "name": company.name,
        "standard": false,
        "account": false,
        "pending": false,
        "deprecated": false,
        "field_suffix": company.field_suffix,
        "flow_ids": [],
        "module_ids": [if is_seller { "leadconduit-default.inbound" } else { "leadconduit-default.outbound" }],
        "source": source,
        "recipient": recipient,
        "website": company.website,
        "created_at": created_at,
        "updated_at": updated_at,
    })
}

/// A connection: its row, its entry in the single sign-on service, the entity of the other account, and the accepted
/// invitation. `relationship` is the role of the other account, `seller` or `buyer`.
pub(super) fn connection(
    generator: &mut ValueGenerator<'_>,
    account: &Value,
    relationship: &str,
    now: Timestamp,
    documents: &mut DocumentStore<'_>,
) {
    let Timestamps { id, created_at, updated_at } = timestamps(generator, now);
    let (company, person) = (generator.company(), generator.person());
    let created: Timestamp = created_at.parse().unwrap_or(now);
    let (entity_id, sso_id, external_id) =
        (generator.id_at(created), generator.id_at(created), generator.id_at(created));
    let (invitation_id, expires_at) = (generator.id_at(created), generator.timestamp_between(created, now));
    let connected = json!({"id": entity_id, "sso_id": sso_id, "name": company.name});
    let own = json!({"id": account["id"], "sso_id": account["sso_id"], "name": account["name"]});
    let (seller, buyer) = if relationship == "seller" { (&connected, &own) } else { (&own, &connected) };
    documents.push(GeneratedDocument::Sso(json!({
        "id": external_id,
        "invitation_id": invitation_id,
        "seller": seller,
        "buyer": buyer,
        "created_at": created_at,
        "updated_at": updated_at,
        "created_by": person.email,
        "permissions": ["view_submission_docs"],
    })));
    documents.push(GeneratedDocument::Owned(
        Collection::Connections,
        json!({
            "id": id,
            "external_id": external_id,
            "invitation_id": invitation_id,
            "relationship_type": relationship,
            "connected_account": connected,
            "created_at": created_at,
            "updated_at": updated_at,
            "created_by": person.email,
            "permissions": ["view_submission_docs"],
            "ui_state": {"has_setup_buyer_delivery": false},
        }),
    ));
    let (source, recipient) = roles(relationship == "seller");
    documents.push(GeneratedDocument::Owned(
        Collection::Entities,
        json!({
            "id": entity_id,
            "name": company.name,
            "standard": false,
            "account": true,
            "pending": false,
            "connected": relationship,
            "deprecated": false,
            "invitation_id": invitation_id,
            "flow_ids": [],
            "module_ids": [],
            "source": source,
            "recipient": recipient,
            "time_zone": generator.time_zone(),
            "website": company.website,
            "created_at": created_at,
            "updated_at": updated_at,
        }),
    ));
    documents.push(GeneratedDocument::Owned(
        Collection::Invitations,
        json!({
            "id": invitation_id,
            "email": person.email,
            "kind": if relationship == "seller" { "source" } else { "recipient" },
            "entity_id": entity_id,
            "created_at": created_at,
            "updated_at": updated_at,
            "expires_at": expires_at,
            "accepted_at": created_at,
        }),
    ));
}

/// An open invitation and its pending entity.
pub(super) fn invitation(
    generator: &mut ValueGenerator<'_>,
    kind: &str,
    now: Timestamp,
    documents: &mut DocumentStore<'_>,
) {
    let created: Timestamp = generator.past_timestamp(13).parse().unwrap_or(now);
    let expires = created.checked_add(jiff::SignedDuration::from_hours(14 * 24)).unwrap_or(Timestamp::MAX);
    let (id, entity_id, person) = (generator.id_at(created), generator.id_at(created), generator.person());
    let (created_at, expires_at) = (format_timestamp(created), format_timestamp(expires));
    let (source, recipient) = roles(kind == "source");
    documents.push(GeneratedDocument::Owned(
        Collection::Invitations,
        json!({
            "id": id,
            "email": person.email,
            "kind": kind,
            "entity_id": entity_id,
            "created_at": created_at,
            "updated_at": created_at,
            "expires_at": expires_at,
        }),
    ));
    documents.push(GeneratedDocument::Owned(
        Collection::Entities,
        json!({
            "id": entity_id,
            "name": person.email,
            "standard": false,
            "account": true,
            "pending": true,
            "deprecated": false,
            "invitation_id": id,
            "invitation_expires_at": expires_at,
            "expired": false,
            "flow_ids": [],
            "module_ids": [],
            "source": source,
            "recipient": recipient,
            "created_at": created_at,
            "updated_at": created_at,
        }),
    ));
}

/// The properties `source` and `recipient` of a seller or a buyer.
fn roles(is_seller: bool) -> (Value, Value) {
    if is_seller { ("seller".into(), Value::Null) } else { (Value::Null, "buyer".into()) }
}
