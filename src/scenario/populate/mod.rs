//! Documents that a scenario asks to be made up. What belongs together is made together, so that it agrees.

mod flows;

use serde_json::{Value, json};

use super::language::GeneratePart;
use crate::contract::Contract;
use crate::generate::{Maker, Models};
use crate::leadconduit::state::{Collection, World};
use crate::support::clock::{Timestamp, stamp};
use crate::support::document::{Document, text};
use crate::support::rng::Purpose;

/// Adds what `counts` asks for to an account. Every document is checked against its model.
pub(super) fn populate(
    world: &mut World,
    contract: &Contract,
    account: &str,
    counts: GeneratePart,
    now: Timestamp,
) -> Result<(), String> {
    let own = world.account(account).map(|account| account.document().value().clone()).unwrap_or_default();
    let (chance, ids) = world.draw(Purpose::Documents);
    let mut source = ids.clone();
    // Only people, companies and moments are made here, no whole models.
    let none = serde_json::Map::new();
    let mut maker = Maker::new(chance, &mut source, now, Models::new(&none));
    let mut made = Vec::new();
    for _ in 0..counts.users {
        made.push(Made::Owned(Collection::Users, user(&mut maker)));
    }
    for _ in 0..counts.credentials {
        made.push(Made::Owned(Collection::Credentials, credential(&mut maker, now)));
    }
    for _ in 0..counts.entities {
        made.push(Made::Owned(Collection::Entities, custom_entity(&mut maker, true, now)));
    }
    for at in 0..counts.connections {
        connection(&mut maker, &own, if at % 2 == 0 { "seller" } else { "buyer" }, now, &mut made);
    }
    for at in 0..counts.invitations {
        invitation(&mut maker, if at % 2 == 0 { "source" } else { "recipient" }, now, &mut made);
    }
    if counts.flows == 0 && counts.leads > 0 {
        return Err("leads run through flows: ask for `flows` too".to_owned());
    }
    let planned = flows::flows(&mut maker, counts, now, &mut made);
    world.continue_ids(source);
    for made in made {
        made.put(world, contract, account)?;
    }
    if counts.leads > 0 {
        flows::past(world, account, &own, counts, planned, now);
    }
    Ok(())
}

/// A document that was made up, and where it goes.
enum Made {
    Owned(Collection, Value),
    Sso(Value),
}

impl Made {
    fn put(self, world: &mut World, contract: &Contract, account: &str) -> Result<(), String> {
        let (model, value) = match &self {
            Self::Owned(collection, value) => (collection.model(), value),
            Self::Sso(value) => ("WorldSsoConnection", value),
        };
        let check = contract.model(model).ok_or_else(|| format!("the contract has no model {model}"))?;
        if let Some(violation) =
            Some(value).filter(|v| !check.accepts(v)).and_then(|v| check.explain("", v).into_iter().next())
        {
            return Err(format!(
                "a generated {model} breaks its model at `{}`: {}",
                violation.location, violation.message
            ));
        }
        let id = text(value, "id").to_owned();
        match self {
            Self::Owned(collection, value) => {
                world.put(account, collection, &id, Document::new(&value));
            }
            Self::Sso(value) => {
                world.sso.connections.insert(id.as_str().into(), Document::new(&value).into());
            }
        }
        Ok(())
    }
}

/// Something that was made and last changed at moments that agree with each other, and an id that agrees with both.
struct Timestamps {
    id: String,
    created_at: String,
    updated_at: String,
}

fn life(maker: &mut Maker<'_>, now: Timestamp) -> Timestamps {
    let created = maker.past(360).parse().unwrap_or(now);
    Timestamps { id: maker.id_at(created), created_at: stamp(created), updated_at: maker.between(created, now) }
}

fn user(maker: &mut Maker<'_>) -> Value {
    let person = maker.person();
    json!({
        "id": maker.id(),
        "api_key": maker.key(32),
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

fn credential(maker: &mut Maker<'_>, now: Timestamp) -> Value {
    let Timestamps { id, created_at, updated_at } = life(maker, now);
    let (company, person, secret) = (maker.company(), maker.person(), maker.key(8));
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

/// An entity of the account's own making, which sells leads or buys them.
fn custom_entity(maker: &mut Maker<'_>, sells: bool, now: Timestamp) -> Value {
    let Timestamps { id, created_at, updated_at } = life(maker, now);
    let company = maker.company();
    let (source, recipient) = sides(sells);
    json!({
        "id": id,
        "name": company.name,
        "standard": false,
        "account": false,
        "pending": false,
        "deprecated": false,
        "field_suffix": company.field_suffix,
        "flow_ids": [],
        "module_ids": [if sells { "leadconduit-default.inbound" } else { "leadconduit-default.outbound" }],
        "source": source,
        "recipient": recipient,
        "website": company.website,
        "created_at": created_at,
        "updated_at": updated_at,
    })
}

/// The other company of a connection: the entity that stands for it, and its end of the connection.
fn connection(maker: &mut Maker<'_>, own: &Value, kind: &str, now: Timestamp, made: &mut Vec<Made>) {
    let Timestamps { id, created_at, updated_at } = life(maker, now);
    let (company, person) = (maker.company(), maker.person());
    let created: Timestamp = created_at.parse().unwrap_or(now);
    let (other, sso_id, external_id) = (maker.id_at(created), maker.id_at(created), maker.id_at(created));
    let (invitation_id, expires_at) = (maker.id_at(created), maker.between(created, now));
    let party = json!({"id": other, "sso_id": sso_id, "name": company.name});
    let own = json!({"id": own["id"], "sso_id": own["sso_id"], "name": own["name"]});
    let (seller, buyer) = if kind == "seller" { (&party, &own) } else { (&own, &party) };
    made.push(Made::Sso(json!({
        "id": external_id,
        "invitation_id": invitation_id,
        "seller": seller,
        "buyer": buyer,
        "created_at": created_at,
        "updated_at": updated_at,
        "created_by": person.email,
        "permissions": ["view_submission_docs"],
    })));
    made.push(Made::Owned(
        Collection::Connections,
        json!({
            "id": id,
            "external_id": external_id,
            "invitation_id": invitation_id,
            "relationship_type": kind,
            "connected_account": party,
            "created_at": created_at,
            "updated_at": updated_at,
            "created_by": person.email,
            "permissions": ["view_submission_docs"],
            "ui_state": {"has_setup_buyer_delivery": false},
        }),
    ));
    let (source, recipient) = sides(kind == "seller");
    made.push(Made::Owned(
        Collection::Entities,
        json!({
            "id": other,
            "name": company.name,
            "standard": false,
            "account": true,
            "pending": false,
            "connected": kind,
            "deprecated": false,
            "invitation_id": invitation_id,
            "flow_ids": [],
            "module_ids": [],
            "source": source,
            "recipient": recipient,
            "time_zone": maker.time_zone(),
            "website": company.website,
            "created_at": created_at,
            "updated_at": updated_at,
        }),
    ));
    made.push(Made::Owned(
        Collection::Invitations,
        json!({
            "id": invitation_id,
            "email": person.email,
            "kind": if kind == "seller" { "source" } else { "recipient" },
            "entity_id": other,
            "created_at": created_at,
            "updated_at": updated_at,
            "expires_at": expires_at,
            "accepted_at": created_at,
        }),
    ));
}

/// An invitation that nobody has accepted, and the entity that waits for it.
fn invitation(maker: &mut Maker<'_>, kind: &str, now: Timestamp, made: &mut Vec<Made>) {
    let created: Timestamp = maker.past(13).parse().unwrap_or(now);
    let expires = created.checked_add(jiff::SignedDuration::from_hours(14 * 24)).unwrap_or(created);
    let (id, entity_id, person) = (maker.id_at(created), maker.id_at(created), maker.person());
    let (created_at, expires_at) = (stamp(created), stamp(expires));
    let (source, recipient) = sides(kind == "source");
    made.push(Made::Owned(
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
    made.push(Made::Owned(
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

/// `source` and `recipient` of an entity that sells, or that buys.
fn sides(sells: bool) -> (Value, Value) {
    if sells { ("seller".into(), Value::Null) } else { (Value::Null, "buyer".into()) }
}
