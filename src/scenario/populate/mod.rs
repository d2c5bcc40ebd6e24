//! Generates the documents that a scenario asks for with `generate`. A new kind of document is a count in
//! [`GenerateCounts`] and a builder in [`documents`].

mod documents;
mod flows;

use self::documents::{DocumentStore, GeneratedDocument, connection, credential, custom_entity, invitation, user};
pub(super) use self::flows::EVENTS_PER_LEAD_MAX;
use super::language::GenerateCounts;
use super::volume::VolumeError;
use crate::contract::Contract;
use crate::generate::{Models, ValueGenerator};
use crate::leadconduit::state::{Collection, World};
use crate::support::clock::Timestamp;
use crate::support::rng::Purpose;

/// Why the documents of `generate` cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PopulateError {
    /// Leads without flows.
    #[error("`leads` needs `flows`: set `generate: flows` to 1 or more")]
    LeadsWithoutFlows,
    /// More than a world can generate.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The contract lacks the model of a generated document.
    #[error("the contract has no model {0}")]
    NoModel(&'static str),
    /// A generated document does not match its model.
    #[error("a generated {model} does not match its model at `{pointer}`: {reason}")]
    Invalid {
        /// The name of the model.
        model: &'static str,
        /// JSON pointer into the document.
        pointer: String,
        /// The violation.
        reason: String,
    },
}

/// Adds `counts` generated documents to an account, which match their models.
pub(super) fn populate(
    world: &mut World,
    contract: &Contract,
    account: &str,
    counts: GenerateCounts,
    now: Timestamp,
) -> Result<(), PopulateError> {
    let own = world.account(account).map(|account| account.document().value().clone()).unwrap_or_default();
    let (rng, ids) = world.random_stream(Purpose::Documents);
    let mut ids = ids.clone();
    // The builders generate persons, companies and times only, so no models are needed.
    let models = serde_json::Map::new();
    let mut generator = ValueGenerator::new(rng, &mut ids, now, Models::new(&models));
    let mut documents = DocumentStore::new(world, contract, account);
    for _ in 0..counts.users {
        documents.push(GeneratedDocument::Owned(Collection::Users, user(&mut generator)));
    }
    for _ in 0..counts.credentials {
        documents.push(GeneratedDocument::Owned(Collection::Credentials, credential(&mut generator, now)));
    }
    for _ in 0..counts.entities {
        documents.push(GeneratedDocument::Owned(Collection::Entities, custom_entity(&mut generator, true, now)));
    }
    for index in 0..counts.connections {
        connection(&mut generator, &own, if index % 2 == 0 { "seller" } else { "buyer" }, now, &mut documents);
    }
    for index in 0..counts.invitations {
        invitation(&mut generator, if index % 2 == 0 { "source" } else { "recipient" }, now, &mut documents);
    }
    if counts.flows == 0 && counts.leads > 0 {
        return Err(PopulateError::LeadsWithoutFlows);
    }
    let planned = flows::generate(&mut generator, counts, now, &mut documents);
    documents.finish()?;
    world.set_ids(ids);
    if counts.leads > 0 {
        flows::add_history(world, account, &own, counts, planned, now);
    }
    Ok(())
}
