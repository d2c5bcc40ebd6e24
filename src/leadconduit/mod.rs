//! The simulated service: the state of LeadConduit, its operations and its lead processing.
//!
//! | module | holds |
//! |---|---|
//! | [`operations`] | the operations: one table, one file per tag |
//! | [`leads`] | submissions and pings: execution of flows, caps |
//! | [`services`] | the vendor's services beside LeadConduit: SuppressionList and TrustedForm |
//! | `context` | what an operation can read and write |
//! | `changelog` | the changelog entry of a write |
//! | `outbound_log` | the outbound effects of an operation: deliveries, firehose files |
//! | [`delivery`] | the client for deliveries and the firehose |
//! | `response` | what an operation returns: a response or an API error |
//! | `lead_report` | what the lead handler decided, for logs and explanations |
//! | `api_error` | errors of the simulated API: status, message, body format |
//! | `live_flow` | the deployed revision of a flow |
//! | `flow_model` | flows as types, parsed and compiled once per document |
//! | [`state`] | accounts, collections, events, single sign-on: the world of a sandbox |
//! | [`rules`] | the rule language |
//! | `timeframe` | time frames and intervals of caps, statistics and reports |
//! | `templates` | templates of flows and recipients |
//! | [`types`] | field types |
//! | [`values`] | values of leads and events, as rules and templates read them |
//!
//! Each module uses only modules below it in this table.

pub(crate) mod api_error;
pub(crate) mod changelog;
pub(crate) mod context;
pub mod delivery;
pub(crate) mod flow_model;
pub mod lead_report;
pub mod leads;
pub(crate) mod live_flow;
pub mod operations;
pub(crate) mod outbound_log;
pub(crate) mod response;
pub mod rules;
pub mod services;
pub mod state;
pub(crate) mod templates;
pub(crate) mod timeframe;
pub mod types;
pub mod values;
