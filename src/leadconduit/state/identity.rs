//! Who is calling: API keys, the users behind them and what these may do.

use std::sync::{Arc, OnceLock};

use super::{Collection, World};
use crate::support::document::Document;

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyOwner {
    /// The account.
    pub account: Arc<str>,
    /// The user that a call with the key is made as.
    pub user: Arc<str>,
}

/// A caller that is known.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub account: Arc<str>,
    /// The user's id.
    pub user: Arc<str>,
    /// The user's document.
    pub document: Arc<Document>,
}

impl Caller {
    /// Nobody in particular, where an operation asks for no key.
    #[must_use]
    pub fn anonymous() -> &'static Self {
        static NOBODY: OnceLock<Caller> = OnceLock::new();
        NOBODY.get_or_init(|| Self {
            account: "".into(),
            user: "".into(),
            document: Arc::new(Document::new(&serde_json::json!({}))),
        })
    }

    /// Whether it is nobody in particular.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.account.is_empty()
    }

    /// Whether the caller has the rights of the vendor's staff.
    #[must_use]
    pub fn is_superuser(&self) -> bool {
        self.document.flag("superuser")
    }

    /// Whether the caller may manage the account's users.
    #[must_use]
    pub fn is_user_admin(&self) -> bool {
        self.document.flag("user_admin") || self.is_superuser()
    }
}

impl World {
    /// The caller behind an API key.
    #[must_use]
    pub fn caller(&self, key: &str) -> Option<Caller> {
        let owner = self.key(key)?;
        let document = self.account(&owner.account)?.get(Collection::Users, &owner.user)?;
        Some(Caller {
            account: Arc::clone(&owner.account),
            user: Arc::clone(&owner.user),
            document: Arc::clone(document),
        })
    }
}
