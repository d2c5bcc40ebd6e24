//! The collections of an account.

use std::sync::Arc;

use imbl::OrdMap;

use crate::support::document::Document;

/// A collection of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// The people of the account.
    Users,
    /// The settings of each user, such as notifications.
    UserSettings,
    /// Credentials that integrations use at other services.
    Credentials,
    /// Custom entities: the sources and recipients of flows. Standard entities are not part of an account.
    Entities,
    /// LeadConduit's own rows of connections, beside those of the single-sign-on service.
    Connections,
    /// Invitations that the account has sent.
    Invitations,
    /// Onboardings: set-ups of buyer connections.
    Onboards,
    /// Custom fields. Standard fields are not part of an account.
    Fields,
    /// Pricing services.
    Services,
    /// Destinations of leads after their flow.
    Destinations,
    /// Flows, as they were saved last.
    Flows,
    /// The deployed revision of each flow that was saved after its deployment.
    LiveFlows,
    /// Routers, which select a flow for each lead.
    Routers,
    /// How many pings each ping limit has counted in its interval.
    PingCounters,
    /// How many pings there were in each minute, by flow and source.
    PingTotals,
    /// From when the counters of caps count that do not count from the beginning of their interval.
    CapCounters,
    /// Configured outcomes of simulated recipients.
    Recipients,
    /// Lists of the list service, by their names in addresses.
    Lists,
    /// Entries of lists, such as for duplicate checks.
    ListEntries,
    /// Certificates of consent.
    Certificates,
    /// Definitions of reports.
    Reports,
    /// Export jobs.
    Exports,
    /// Accesses to submission documents.
    AccessLogs,
    /// Changelog entries: what was written, by which user and when.
    Changelogs,
}

impl Collection {
    /// Every collection, in the order of snapshots.
    pub const ALL: [Self; 24] = [
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
        Self::PingTotals,
        Self::CapCounters,
        Self::Recipients,
        Self::Lists,
        Self::ListEntries,
        Self::Certificates,
        Self::Reports,
        Self::Exports,
        Self::AccessLogs,
        Self::Changelogs,
    ];

    /// Its name in scenario files and snapshots, the model of its documents, and the name of one document in messages.
    const fn labels(self) -> (&'static str, &'static str, &'static str) {
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
            Self::PingTotals => ("ping_totals", "WorldPingTotal", "ping total"),
            Self::CapCounters => ("cap_counters", "WorldCapCounter", "cap counter"),
            Self::Recipients => ("recipients", "WorldRecipient", "recipient"),
            Self::Lists => ("lists", "WorldList", "list"),
            Self::ListEntries => ("list_entries", "WorldListEntry", "list entry"),
            Self::Certificates => ("certificates", "WorldCertificate", "certificate"),
            Self::Reports => ("reports", "Report", "report"),
            Self::Exports => ("exports", "Export", "export"),
            Self::AccessLogs => ("submission_doc_access_logs", "SubmissionDocAccessLog", "access log"),
            Self::Changelogs => ("changelogs", "WorldChangelog", "changelog"),
        }
    }

    /// Its name in scenario files and snapshots.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.labels().0
    }

    /// The model of its documents in the contract.
    #[must_use]
    pub fn model(self) -> &'static str {
        self.labels().1
    }

    /// The name of one document in messages.
    #[must_use]
    pub fn singular(self) -> &'static str {
        self.labels().2
    }

    /// The property that identifies a document.
    #[must_use]
    pub fn id_property(self) -> &'static str {
        if self == Self::Destinations { "instance_id" } else { "id" }
    }

    /// Whether its documents contain rules and templates that are evaluated for leads.
    #[must_use]
    pub fn has_rules(self) -> bool {
        matches!(self, Self::Flows | Self::LiveFlows | Self::Recipients | Self::Routers)
    }

    /// The kind of the changelog entry that a write creates; `None` when it creates none.
    #[must_use]
    pub fn changelog_kind(self) -> Option<&'static str> {
        match self {
            Self::Flows | Self::Entities | Self::Fields | Self::Reports => Some(self.singular()),
            _ => None,
        }
    }
}

/// The documents of one collection by id. Clones share all documents.
pub type Documents = OrdMap<Arc<str>, Arc<Document>>;
