//! The world of a scenario file: API keys, accounts and their documents.

use serde::Deserialize;

use super::scalars::JsonDocument;
use crate::leadconduit::state::Collection;
use crate::scenario::history::HistoryPlan;

/// The world at the start.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { accounts: [...] }")]
pub struct WorldSpec {
    /// API keys and their owners.
    #[serde(default)]
    pub keys: Vec<KeySpec>,
    /// Inherited API keys that are not valid any more.
    #[serde(default)]
    pub revoke: Vec<String>,
    /// Accounts and their documents.
    #[serde(default)]
    pub accounts: Vec<AccountSpec>,
}

impl WorldSpec {
    /// Whether it declares nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.revoke.is_empty() && self.accounts.is_empty()
    }
}

/// An API key.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { key: KEY, account: ID, user: ID }")]
pub struct KeySpec {
    /// The key, which is the password of HTTP Basic.
    pub key: String,
    /// The id of the account.
    pub account: String,
    /// The id of the user that requests with the key are made as.
    pub user: String,
}

/// An account and its documents. A document with the id of an inherited one is merged into it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { account: { id: ID }, users: [...] }")]
pub struct AccountSpec {
    /// The account's own document.
    pub account: JsonDocument,
    /// Users.
    #[serde(default)]
    pub users: Vec<JsonDocument>,
    /// Notification settings of users.
    #[serde(default)]
    pub user_settings: Vec<JsonDocument>,
    /// Credentials of integrations.
    #[serde(default)]
    pub credentials: Vec<JsonDocument>,
    /// Entities: sources and recipients of flows.
    #[serde(default)]
    pub entities: Vec<JsonDocument>,
    /// LeadConduit's rows of connections. The single sign-on service has its own entries: see `sso`.
    #[serde(default)]
    pub connections: Vec<JsonDocument>,
    /// Invitations sent by the account.
    #[serde(default)]
    pub invitations: Vec<JsonDocument>,
    /// Onboards: set-ups of buyer connections.
    #[serde(default)]
    pub onboards: Vec<JsonDocument>,
    /// Custom fields. Standard fields are part of every world.
    #[serde(default)]
    pub fields: Vec<JsonDocument>,
    /// Pricing services.
    #[serde(default)]
    pub services: Vec<JsonDocument>,
    /// Destinations, which get the leads that completed all steps of a flow.
    #[serde(default)]
    pub destinations: Vec<JsonDocument>,
    /// Flows, as saved.
    #[serde(default)]
    pub flows: Vec<JsonDocument>,
    /// The deployed revisions of flows that were saved since.
    #[serde(default)]
    pub live_flows: Vec<JsonDocument>,
    /// Routers, which select the flow of a lead.
    #[serde(default)]
    pub routers: Vec<JsonDocument>,
    /// Counts of pings in the interval of a ping limit.
    #[serde(default)]
    pub ping_counters: Vec<JsonDocument>,
    /// Counts of pings in each minute, by flow and source.
    #[serde(default)]
    pub ping_totals: Vec<JsonDocument>,
    /// From when counters of caps count, if not from the beginning of their interval.
    #[serde(default)]
    pub cap_counters: Vec<JsonDocument>,
    /// Simulated responses of recipients. A recipient without one accepts every lead.
    #[serde(default)]
    pub recipients: Vec<JsonDocument>,
    /// Lists of the list service, which steps of flows and clients query and change.
    #[serde(default)]
    pub lists: Vec<JsonDocument>,
    /// Entries of the lists that flows check leads against.
    #[serde(default)]
    pub list_entries: Vec<JsonDocument>,
    /// Certificates of consent. A certificate that is not declared exists and is valid.
    #[serde(default)]
    pub certificates: Vec<JsonDocument>,
    /// Report definitions.
    #[serde(default)]
    pub reports: Vec<JsonDocument>,
    /// Export jobs.
    #[serde(default)]
    pub exports: Vec<JsonDocument>,
    /// Access logs of submission documents.
    #[serde(default)]
    pub submission_doc_access_logs: Vec<JsonDocument>,
    /// Changelogs: writes with their user and time.
    #[serde(default)]
    pub changelogs: Vec<JsonDocument>,
    /// Events of leads, as the API returns them.
    #[serde(default)]
    pub events: Vec<JsonDocument>,
    /// Plans of generated events, as an exported state has them. Scenario files use `generate` instead.
    #[serde(default)]
    pub history: Vec<HistoryPlan>,
    /// Ids of inherited documents that are removed.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Numbers of documents to generate from the seed.
    #[serde(default)]
    pub generate: GenerateCounts,
}

impl AccountSpec {
    /// The documents of a collection.
    pub(crate) fn documents(&self, collection: Collection) -> &[JsonDocument] {
        match collection {
            Collection::Users => &self.users,
            Collection::UserSettings => &self.user_settings,
            Collection::Credentials => &self.credentials,
            Collection::Entities => &self.entities,
            Collection::Connections => &self.connections,
            Collection::Invitations => &self.invitations,
            Collection::Onboards => &self.onboards,
            Collection::Fields => &self.fields,
            Collection::Services => &self.services,
            Collection::Destinations => &self.destinations,
            Collection::Flows => &self.flows,
            Collection::LiveFlows => &self.live_flows,
            Collection::Routers => &self.routers,
            Collection::PingCounters => &self.ping_counters,
            Collection::PingTotals => &self.ping_totals,
            Collection::CapCounters => &self.cap_counters,
            Collection::Recipients => &self.recipients,
            Collection::Lists => &self.lists,
            Collection::ListEntries => &self.list_entries,
            Collection::Certificates => &self.certificates,
            Collection::Reports => &self.reports,
            Collection::Exports => &self.exports,
            Collection::AccessLogs => &self.submission_doc_access_logs,
            Collection::Changelogs => &self.changelogs,
        }
    }
}

/// Numbers of documents to generate. Documents that refer to each other are generated together.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { connections: 3 }")]
pub struct GenerateCounts {
    /// Users.
    #[serde(default)]
    pub users: u32,
    /// Credentials.
    #[serde(default)]
    pub credentials: u32,
    /// Custom entities of the account.
    #[serde(default)]
    pub entities: u32,
    /// Connections, each with its row, its entry in the single sign-on service, its invitation and its entity.
    #[serde(default)]
    pub connections: u32,
    /// Open invitations.
    #[serde(default)]
    pub invitations: u32,
    /// Flows between entities of the account, deployed, with caps and prices.
    #[serde(default)]
    pub flows: u32,
    /// Leads that ran through the generated flows in the last 90 days.
    #[serde(default)]
    pub leads: u32,
    /// Events of all these leads together.
    #[serde(default)]
    pub events: u32,
}
