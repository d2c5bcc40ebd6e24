//! The collections of an account: which there are, and the documents in one.

use std::sync::Arc;

use imbl::OrdMap;

use crate::support::document::Document;

/// What an account owns many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// The people of the account.
    Users,
    /// What each of them wants to be told.
    UserSettings,
    /// How integrations log in elsewhere.
    Credentials,
    /// Parties of flows; the standard ones are nobody's own.
    Entities,
    /// LeadConduit's own rows of connections.
    Connections,
    /// Invitations that the account has sent.
    Invitations,
    /// Set-ups of buyer connections.
    Onboards,
    /// Custom fields; the standard ones are nobody's own.
    Fields,
    /// Who can be asked for prices.
    Services,
    /// Where leads can go that flows have done with.
    Destinations,
    /// How leads are routed, as saved.
    Flows,
    /// What is live of a flow that was saved since it was deployed.
    LiveFlows,
    /// Which flow takes which lead.
    Routers,
    /// How many pings came in the interval of a limit.
    PingCounters,
    /// What recipients say.
    Recipients,
    /// Who is on which list.
    ListEntries,
    /// Definitions of reports.
    Reports,
    /// Jobs that make files of events.
    Exports,
    /// Whose submission documents were opened.
    AccessLogs,
    /// What was written, by whom and when.
    Changelogs,
}

impl Collection {
    /// Every collection, in the order in which a world is written down.
    pub const ALL: [Self; 20] = [
        Self::Users,
        Self::UserSettings,
        Self::Credentials,
        Self::Entities,
        Self::Connections,
        Self::Invitations,
        Self::Onboards,
        Self::Fields,
        Self::Services,
        Self::Destinations,
        Self::Flows,
        Self::LiveFlows,
        Self::Routers,
        Self::PingCounters,
        Self::Recipients,
        Self::ListEntries,
        Self::Reports,
        Self::Exports,
        Self::AccessLogs,
        Self::Changelogs,
    ];

    /// Its name in scenario files and snapshots, the model that its documents keep, and what one of them is called in a
    /// message.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Users => ("users", "User", "user"),
            Self::UserSettings => ("user_settings", "UserSettings", "user settings"),
            Self::Credentials => ("credentials", "Credential", "credential"),
            Self::Entities => ("entities", "Entity", "entity"),
            Self::Connections => ("connections", "WorldConnectionRow", "connection"),
            Self::Invitations => ("invitations", "WorldInvitation", "invitation"),
            Self::Onboards => ("onboards", "Onboard", "onboard"),
            Self::Fields => ("fields", "Field", "field"),
            Self::Services => ("services", "PricingService", "pricing service"),
            Self::Destinations => ("destinations", "Destination", "destination"),
            Self::Flows => ("flows", "Flow", "flow"),
            Self::LiveFlows => ("live_flows", "Flow", "deployed flow"),
            Self::Routers => ("routers", "Router", "router"),
            Self::PingCounters => ("ping_counters", "PingLimitCounter", "ping limit"),
            Self::Recipients => ("recipients", "WorldRecipient", "recipient"),
            Self::ListEntries => ("list_entries", "WorldListEntry", "list entry"),
            Self::Reports => ("reports", "Report", "report"),
            Self::Exports => ("exports", "Export", "export"),
            Self::AccessLogs => ("submission_doc_access_logs", "SubmissionDocAccessLog", "access log"),
            Self::Changelogs => ("changelogs", "WorldChangelog", "changelog"),
        }
    }

    /// Its name in scenario files and snapshots.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.words().0
    }

    /// The model that its documents keep.
    #[must_use]
    pub fn model(self) -> &'static str {
        self.words().1
    }

    /// What one of its documents is called in a message.
    #[must_use]
    pub fn singular(self) -> &'static str {
        self.words().2
    }

    /// The property by which a document is found.
    #[must_use]
    pub fn key(self) -> &'static str {
        if self == Self::Destinations { "instance_id" } else { "id" }
    }

    /// Whether its documents hold rules and templates that leads are judged by.
    #[must_use]
    pub fn has_rules(self) -> bool {
        matches!(self, Self::Flows | Self::LiveFlows | Self::Recipients | Self::Routers)
    }

    /// The kind of changelog that a write leaves, where it leaves one.
    #[must_use]
    pub fn logged(self) -> Option<&'static str> {
        match self {
            Self::Flows | Self::Entities | Self::Fields | Self::Reports => Some(self.singular()),
            _ => None,
        }
    }
}

/// The documents of one kind by id. Copying it shares them all.
pub type Documents = OrdMap<Arc<str>, Arc<Document>>;
