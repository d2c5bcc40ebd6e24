//! Callers: API keys, the users that own them, and what these users may do.

use std::sync::{Arc, OnceLock};

use crate::support::document::Document;

/// The owner of an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyOwner {
    /// The id of the account.
    pub account: Arc<str>,
    /// The id of the user that calls with the key are made as.
    pub user: Arc<str>,
}

/// An authenticated caller, or the anonymous one.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The id of the account.
    pub account: Arc<str>,
    /// The id of the user.
    pub user: Arc<str>,
    /// The user's document.
    pub document: Arc<Document>,
}

impl Caller {
    /// The caller of an operation that needs no API key.
    #[must_use]
    pub fn anonymous() -> &'static Self {
        static ANONYMOUS: OnceLock<Caller> = OnceLock::new();
        ANONYMOUS.get_or_init(|| Self {
            account: "".into(),
            user: "".into(),
            document: Arc::new(Document::new(&serde_json::json!({}))),
        })
    }

    /// Whether the caller is not authenticated.
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
