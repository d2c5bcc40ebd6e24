//! The single-sign-on service beside LeadConduit: its health, its accounts and its connections.

use std::sync::Arc;

use serde_json::Value;

use super::collection::Documents;
use super::document::Document;

/// Whether the service can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsoStatus {
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// The service as LeadConduit sees it.
#[derive(Clone, Debug)]
pub struct Sso {
    /// Its health.
    pub status: SsoStatus,
    /// Accounts by their id in the service.
    pub accounts: Documents,
    /// Network connections by id: the source of truth.
    pub connections: Documents,
}

/// LeadConduit could not reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// A network connection as one of its two parties sees it.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The connection.
    pub document: &'a Arc<Document>,
    /// What the other party is: `seller` or `buyer`.
    pub relationship_type: &'static str,
    /// The other party.
    pub other: &'a Value,
}

impl Sso {
    /// A healthy service that knows nobody.
    #[must_use]
    pub fn empty() -> Self {
        Self { status: SsoStatus::Up, accounts: Documents::new(), connections: Documents::new() }
    }

    /// Calls the service.
    pub fn call(&self) -> Result<&Self, Unreachable> {
        match self.status {
            SsoStatus::Up => Ok(self),
            SsoStatus::Down => Err(Unreachable),
        }
    }

    /// The connections of an account, in the order of their ids.
    pub fn connections_of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = Seen<'a>> {
        self.connections.values().filter_map(move |document| seen_by(document, account))
    }

    /// A connection, if the account is a party of it.
    #[must_use]
    pub fn connection<'a>(&'a self, id: &str, account: &str) -> Option<Seen<'a>> {
        self.connections.get(&*super::key_of(id)).and_then(|document| seen_by(document, account))
    }
}

fn seen_by<'a>(document: &'a Arc<Document>, account: &str) -> Option<Seen<'a>> {
    let party = |side: &str| document.value().get(side);
    let is = |side: &str| party(side).and_then(|p| p.get("id")).and_then(Value::as_str) == Some(account);
    if is("buyer") {
        party("seller").map(|other| Seen { document, relationship_type: "seller", other })
    } else if is("seller") {
        party("buyer").map(|other| Seen { document, relationship_type: "buyer", other })
    } else {
        None
    }
}
