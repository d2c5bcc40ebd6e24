//! The collections of an account: which there are, and the documents in one.

use std::sync::Arc;

use imbl::OrdMap;

use super::document::Document;

/// What an account owns many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// The people of the account.
    Users,
    /// What each of them wants to be told.
    UserSettings,
    /// How integrations log in elsewhere.
    Credentials,
    /// Parties of flows.
    Entities,
    /// LeadConduit's own rows of connections.
    Connections,
    /// Invitations that the account has sent.
    Invitations,
    /// Set-ups of buyer connections.
    Onboards,
    /// How leads are routed.
    Flows,
}

impl Collection {
    /// Every collection.
    pub const ALL: [Self; 8] = [
        Self::Users,
        Self::UserSettings,
        Self::Credentials,
        Self::Entities,
        Self::Connections,
        Self::Invitations,
        Self::Onboards,
        Self::Flows,
    ];

    /// Its name in scenario files and snapshots.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::UserSettings => "user_settings",
            Self::Credentials => "credentials",
            Self::Entities => "entities",
            Self::Connections => "connections",
            Self::Invitations => "invitations",
            Self::Onboards => "onboards",
            Self::Flows => "flows",
        }
    }

    /// The model that its documents keep.
    #[must_use]
    pub fn model(self) -> &'static str {
        match self {
            Self::Users => "User",
            Self::UserSettings => "UserSettings",
            Self::Credentials => "Credential",
            Self::Entities => "Entity",
            Self::Connections => "WorldConnectionRow",
            Self::Invitations => "WorldInvitation",
            Self::Onboards => "Onboard",
            Self::Flows => "Flow",
        }
    }

    /// What one of its documents is called in a message.
    #[must_use]
    pub fn singular(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::UserSettings => "user settings",
            Self::Credentials => "credential",
            Self::Entities => "entity",
            Self::Connections => "connection",
            Self::Invitations => "invitation",
            Self::Onboards => "onboard",
            Self::Flows => "flow",
        }
    }
}

/// The documents of one kind by id. Copying it shares them all.
pub type Documents = OrdMap<Arc<str>, Arc<Document>>;
