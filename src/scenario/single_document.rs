//! Reads and writes single documents of a world by the name of their collection and their id.

use std::sync::Arc;

use serde_json::Value;

use super::apply::{ChangeError, require_id_of_entry, validate};
use super::relative_times::resolve_times;
use crate::contract::Contract;
use crate::leadconduit::rules;
use crate::leadconduit::state::{Collection, Documents, World};
use crate::support::clock::Timestamp;
use crate::support::document::{Document, text};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A document of a collection of an account.
    Of(Collection),
    /// The own document of an account.
    Account,
    /// An account of the single sign-on service.
    SsoAccount,
    /// A connection of the single sign-on service.
    SsoConnection,
}

const ACCOUNTS: &str = "accounts";
const SSO_ACCOUNTS: &str = "sso_accounts";
const SSO_CONNECTIONS: &str = "sso_connections";

/// A document with the account that has it.
#[derive(Clone, Copy, Debug)]
pub struct StoredDocument<'w> {
    /// Its id.
    pub id: &'w str,
    /// The id of the account; `None` for documents of the single sign-on service.
    pub account: Option<&'w str>,
    /// The document.
    pub document: &'w Document,
}

impl DocumentKind {
    /// The kind with this name in control calls.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            ACCOUNTS => Some(Self::Account),
            SSO_ACCOUNTS => Some(Self::SsoAccount),
            SSO_CONNECTIONS => Some(Self::SsoConnection),
            name => Collection::ALL.into_iter().find(|collection| collection.name() == name).map(Self::Of),
        }
    }

    /// The names of all kinds.
    pub fn names() -> impl Iterator<Item = &'static str> {
        [ACCOUNTS, SSO_ACCOUNTS, SSO_CONNECTIONS].into_iter().chain(Collection::ALL.into_iter().map(Collection::name))
    }

    fn model(self) -> &'static str {
        match self {
            Self::Of(collection) => collection.model(),
            Self::Account => "Account",
            Self::SsoAccount => "WorldSsoAccount",
            Self::SsoConnection => "WorldSsoConnection",
        }
    }

    fn id_property(self) -> &'static str {
        if let Self::Of(collection) = self { collection.id_property() } else { "id" }
    }

    /// The documents of this kind in all accounts.
    #[must_use]
    pub fn list(self, world: &World) -> Box<dyn Iterator<Item = StoredDocument<'_>> + '_> {
        fn entries(documents: &Documents) -> impl Iterator<Item = StoredDocument<'_>> {
            documents.values().map(|document| StoredDocument {
                id: text(document.value(), "id"),
                account: None,
                document,
            })
        }
        match self {
            Self::Account => Box::new(world.accounts().map(|(id, account)| StoredDocument {
                id,
                account: Some(id),
                document: account.document(),
            })),
            Self::SsoAccount => Box::new(entries(&world.sso.accounts)),
            Self::SsoConnection => Box::new(entries(&world.sso.connections)),
            Self::Of(collection) => Box::new(world.accounts().flat_map(move |(id, account)| {
                account.all(collection).values().map(move |document| StoredDocument {
                    id: text(document.value(), collection.id_property()),
                    account: Some(id),
                    document,
                })
            })),
        }
    }

    /// The document with an id. Object ids match in either case.
    #[must_use]
    pub fn find<'w>(self, world: &'w World, id: &str) -> Option<StoredDocument<'w>> {
        self.list(world).find(|stored| stored.id.eq_ignore_ascii_case(id))
    }

    /// Creates or replaces the document with an id, in `account`, or else in the account that has it, or the first one.
    ///
    /// # Errors
    ///
    /// The document does not match its model, has another id, or belongs to an unknown account.
    pub fn put(
        self,
        world: &mut World,
        contract: &Contract,
        (account, id): (Option<&str>, &str),
        mut value: Value,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        let fail = |pointer: &str, message: String| ChangeError { pointer: pointer.to_owned(), message };
        let Some(properties) = value.as_object_mut() else {
            return Err(fail("", "a document is a JSON object".to_owned()));
        };
        let own_id = properties.entry(self.id_property()).or_insert_with(|| id.into());
        if own_id.as_str().is_none_or(|own| !own.eq_ignore_ascii_case(id)) {
            let message = format!("the document has another id than the path, `{id}`");
            return Err(fail(&format!("/{}", self.id_property()), message));
        }
        let value = resolve_times(&value, now);
        validate(contract, self.model(), &value, "")?;
        let owner = self.owner(world, account, id)?;
        match self {
            Self::Account => world.put_account(id, Document::new(&value)),
            Self::SsoAccount => replace(&mut world.sso.accounts, "sso_id", &value),
            Self::SsoConnection => replace(&mut world.sso.connections, "id", &value),
            Self::Of(collection) => {
                if collection == Collection::ListEntries {
                    require_id_of_entry(&value, "")?;
                }
                if collection.has_rules() {
                    rules::check(&value).map_err(|error| fail(&error.pointer, error.message))?;
                }
                let id = text(&value, collection.id_property()).to_owned();
                world.put(&owner, collection, &id, Document::new(&value));
            }
        }
        Ok(())
    }

    /// The account that a document of a collection belongs to; empty for other kinds.
    fn owner(self, world: &World, account: Option<&str>, id: &str) -> Result<String, ChangeError> {
        if !matches!(self, Self::Of(_)) {
            return Ok(String::new());
        }
        let known = || world.accounts().map(|(id, _)| id);
        let existing = self.find(world, id).and_then(|stored| stored.account);
        match (account, existing) {
            (Some(account), _) if known().any(|id| id == account) => Ok(account.to_owned()),
            (Some(account), _) => {
                let shown: String = account.chars().take(80).collect();
                let accounts: Vec<&str> = known().take(20).collect();
                let message = format!("there is no account `{shown}`; there are {}", accounts.join(", "));
                Err(ChangeError { pointer: String::new(), message })
            }
            (None, Some(existing)) => Ok(existing.to_owned()),
            (None, None) => known()
                .next()
                .map(str::to_owned)
                .ok_or_else(|| ChangeError { pointer: String::new(), message: "the world has no account".to_owned() }),
        }
    }

    /// Removes the document with an id from the account that has it; `false` when there is none. Accounts stay.
    pub fn remove(self, world: &mut World, id: &str) -> bool {
        match self {
            Self::Account => false,
            Self::SsoAccount => remove(&mut world.sso.accounts, id),
            Self::SsoConnection => remove(&mut world.sso.connections, id),
            Self::Of(collection) => {
                let account = self.find(world, id).and_then(|stored| stored.account.map(str::to_owned));
                account.is_some_and(|account| world.remove(&account, collection, id).is_some())
            }
        }
    }
}

/// Puts an entry of the single sign-on service in place of the one with its id.
fn replace(documents: &mut Documents, key: &str, value: &Value) {
    remove(documents, text(value, "id"));
    documents.insert(text(value, key).to_ascii_lowercase().into(), Document::new(value).into());
}

fn remove(documents: &mut Documents, id: &str) -> bool {
    let is_same = |document: &Document| text(document.value(), "id").eq_ignore_ascii_case(id);
    let key = documents.iter().find(|(_, document)| is_same(document)).map(|(key, _)| Arc::clone(key));
    key.is_some_and(|key| documents.remove(&key).is_some())
}
