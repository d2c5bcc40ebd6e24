//! The world: keys, accounts and what they own.

use serde::Deserialize;

use super::Document;
use crate::leadconduit::state::Collection;
use crate::scenario::history::Plan;

/// The world at the start.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorldPart {
    /// API keys and whose they are.
    #[serde(default)]
    pub keys: Vec<KeyPart>,
    /// Inherited API keys that are no good any more.
    #[serde(default)]
    pub revoke: Vec<String>,
    /// Accounts and what they own.
    #[serde(default)]
    pub accounts: Vec<AccountPart>,
}

impl WorldPart {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.revoke.is_empty() && self.accounts.is_empty()
    }
}

/// An API key.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyPart {
    /// The key: the password of HTTP Basic.
    pub key: String,
    /// The account.
    pub account: String,
    /// The user that a call with the key is made as.
    pub user: String,
}

/// One account and what it owns. Documents with the id of an inherited one are merged into it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountPart {
    /// The account's own document.
    pub account: Document,
    /// Its people.
    #[serde(default)]
    pub users: Vec<Document>,
    /// What each of them wants to be told.
    #[serde(default)]
    pub user_settings: Vec<Document>,
    /// How integrations log in elsewhere.
    #[serde(default)]
    pub credentials: Vec<Document>,
    /// Parties of flows.
    #[serde(default)]
    pub entities: Vec<Document>,
    /// LeadConduit's own rows of connections.
    #[serde(default)]
    pub connections: Vec<Document>,
    /// Invitations that the account has sent.
    #[serde(default)]
    pub invitations: Vec<Document>,
    /// Set-ups of buyer connections.
    #[serde(default)]
    pub onboards: Vec<Document>,
    /// Custom fields; the standard ones are nobody's own.
    #[serde(default)]
    pub fields: Vec<Document>,
    /// Who can be asked for prices.
    #[serde(default)]
    pub services: Vec<Document>,
    /// Where leads can go that flows have done with.
    #[serde(default)]
    pub destinations: Vec<Document>,
    /// How leads are routed, as saved.
    #[serde(default)]
    pub flows: Vec<Document>,
    /// What is live of a flow that was saved since it was deployed.
    #[serde(default)]
    pub live_flows: Vec<Document>,
    /// Which flow takes which lead.
    #[serde(default)]
    pub routers: Vec<Document>,
    /// How many pings came in the interval of a limit.
    #[serde(default)]
    pub ping_counters: Vec<Document>,
    /// What recipients say of the leads that they get; without a word here they take every lead.
    #[serde(default)]
    pub recipients: Vec<Document>,
    /// Who is on which list that flows check leads against.
    #[serde(default)]
    pub list_entries: Vec<Document>,
    /// Definitions of reports.
    #[serde(default)]
    pub reports: Vec<Document>,
    /// Jobs that make files of events.
    #[serde(default)]
    pub exports: Vec<Document>,
    /// Whose submission documents were opened.
    #[serde(default)]
    pub submission_doc_access_logs: Vec<Document>,
    /// What was written, by whom and when.
    #[serde(default)]
    pub changelogs: Vec<Document>,
    /// What happened to leads, as the API tells of it.
    #[serde(default)]
    pub events: Vec<Document>,
    /// Years of events that were made up, as a state tells of them. Scenarios ask for them with `generate`.
    #[serde(default)]
    pub history: Vec<Plan>,
    /// Ids of inherited documents that this scenario does without.
    #[serde(default)]
    pub remove: Vec<String>,
    /// How many documents to make up, from the seed.
    #[serde(default)]
    pub generate: GeneratePart,
}

impl AccountPart {
    /// The documents of one kind.
    #[must_use]
    pub fn documents(&self, collection: Collection) -> &[Document] {
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
            Collection::Recipients => &self.recipients,
            Collection::ListEntries => &self.list_entries,
            Collection::Reports => &self.reports,
            Collection::Exports => &self.exports,
            Collection::AccessLogs => &self.submission_doc_access_logs,
            Collection::Changelogs => &self.changelogs,
        }
    }
}

/// How many documents to make up, by kind. What belongs together is made together.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GeneratePart {
    /// Colleagues.
    #[serde(default)]
    pub users: u32,
    /// Credentials.
    #[serde(default)]
    pub credentials: u32,
    /// The account's own entities.
    #[serde(default)]
    pub entities: u32,
    /// Connections, each with its row, its entry in the single-sign-on service, its invitation and its entity.
    #[serde(default)]
    pub connections: u32,
    /// Invitations that nobody has accepted yet.
    #[serde(default)]
    pub invitations: u32,
    /// Flows between entities of the account, deployed, with caps and prices.
    #[serde(default)]
    pub flows: u32,
    /// Leads that ran through these flows in the last 90 days.
    #[serde(default)]
    pub leads: u32,
    /// The events of these leads, all together.
    #[serde(default)]
    pub events: u32,
}
