//! The handler of each operation.

use super::super::leads::{caps, flow};
use super::OperationHandler::{self, CountOnly, Create, Delete, Deliver, Generated, Get, List, Read, Replace, Write};
use super::{
    access_logs, account, changelogs, connections, destinations, entities, events, exports, feedback, fields, flows,
    invitations, leads, metrics, onboards, packages, reports, routers, statistics, system, users, vars,
};
use crate::contract::{Contract, Operation};
use crate::leadconduit::state::Collection;

/// The handlers by `operationId`.
const TABLE: &[(&str, OperationHandler)] = &[
    ("get_account", Read(account::get)),
    ("update_account", Write(account::update)),
    ("account_sso_sync", Write(account::sync)),
    ("get_user", Read(users::get)),
    ("update_user", Write(users::update)),
    ("create_user_settings", Write(users::create_settings)),
    ("get_user_settings", Read(users::get_settings)),
    ("update_user_settings", Write(users::update_settings)),
    ("list_credentials", List(Collection::Credentials)),
    ("create_credential", Create(Collection::Credentials)),
    ("get_credential", Get(Collection::Credentials)),
    ("update_credential", Replace(Collection::Credentials)),
    ("delete_credential", Delete(Collection::Credentials)),
    ("list_connections", Read(connections::list)),
    ("repair_connection", Write(connections::repair)),
    ("get_connection", Read(connections::get)),
    ("list_onboards", List(Collection::Onboards)),
    ("create_onboard", Write(onboards::create)),
    ("update_onboard", Write(onboards::update)),
    ("complete_buyer_delivery_setup", Write(onboards::set_up)),
    ("create_source_invitation", Write(invitations::invite_source)),
    ("create_recipient_invitation", Write(invitations::invite_recipient)),
    ("resend_invitation", Write(invitations::resend)),
    ("list_flows", List(Collection::Flows)),
    ("create_flow", Create(Collection::Flows)),
    ("update_all_flows", Write(flows::touch_all)),
    ("get_flow", Get(Collection::Flows)),
    ("update_flow", Replace(Collection::Flows)),
    ("delete_flow", Delete(Collection::Flows)),
    ("deploy_flow", Write(flows::deploy)),
    ("list_flow_changelogs", Read(changelogs::list_for_flow)),
    ("list_flow_fields", Read(flows::list_fields)),
    ("get_flow_field_usage", Read(flows::usage)),
    ("list_fields", Read(fields::list)),
    ("create_field", Write(fields::create)),
    ("get_field", Get(Collection::Fields)),
    ("update_field", Replace(Collection::Fields)),
    ("delete_field", Write(fields::delete)),
    ("list_field_changelogs", Read(changelogs::list_for_field)),
    ("list_types", Read(fields::list_types)),
    ("list_vars", Read(vars::list)),
    ("list_caps", Read(caps::list_caps)),
    ("get_cap", Read(caps::get_cap)),
    ("list_ping_limits", Read(caps::list_ping_limits)),
    ("get_ping_limit", Read(caps::get_ping_limit)),
    ("get_source_meta", Read(flows::meta)),
    ("list_entities", Read(entities::list)),
    ("create_entity", Create(Collection::Entities)),
    ("get_entity", Read(entities::get)),
    ("update_entity", Write(entities::update)),
    ("delete_entity", Write(entities::delete)),
    ("list_entity_changelogs", Read(changelogs::list_for_entity)),
    ("list_routers", List(Collection::Routers)),
    ("create_router", Write(routers::create)),
    ("get_router", Get(Collection::Routers)),
    ("update_router", Write(routers::update)),
    ("list_destinations", Read(destinations::list)),
    ("list_packages", Read(packages::list)),
    ("get_package", Read(packages::get)),
    ("list_modules", Read(packages::list_modules)),
    ("list_services", List(Collection::Services)),
    ("list_submission_doc_access_logs", Read(access_logs::list)),
    ("update_submission_doc_access_logs_account", Write(access_logs::update_account)),
    ("update_submission_doc_access_logs_flow", Write(access_logs::update_flow)),
    ("update_submission_doc_access_logs_flow_source", Write(access_logs::update_source)),
    ("submit_lead_get", Deliver(flow::submit)),
    ("submit_lead", Deliver(flow::submit)),
    ("ping_lead_get", CountOnly(flow::ping)),
    ("ping_lead", CountOnly(flow::ping)),
    ("list_events", Read(events::list)),
    ("query_events", Read(events::list)),
    ("get_event", Read(events::get)),
    ("get_event_statistics", Read(statistics::get)),
    ("get_event_metrics_median", Read(metrics::median)),
    ("get_event_metrics_funnel", Read(metrics::funnel)),
    ("get_event_metrics_count", Read(metrics::count)),
    ("get_event_metrics_count_unique", Read(metrics::count_unique)),
    ("get_event_metrics_select_unique", Read(metrics::select_unique)),
    ("search_leads", Read(leads::search)),
    ("submit_feedback_by_get", Write(feedback::submit)),
    ("submit_feedback", Write(feedback::submit)),
    ("list_reports", List(Collection::Reports)),
    ("create_report", Create(Collection::Reports)),
    ("preview_report", Read(reports::preview)),
    ("get_report", Read(reports::get)),
    ("update_report", Replace(Collection::Reports)),
    ("delete_report", Delete(Collection::Reports)),
    ("share_report", Write(reports::share)),
    ("unshare_report", Write(reports::unshare)),
    ("run_report", Read(reports::run)),
    ("get_report_meta", Read(reports::meta)),
    ("list_exports", Read(exports::list)),
    ("create_export", Write(exports::create)),
    ("get_export", Read(exports::get)),
    ("download_export", Write(exports::download)),
    ("list_changelogs", Read(changelogs::list)),
    ("get_changelog", Read(changelogs::get)),
    ("test_firehose", Read(system::test_firehose)),
    ("get_status", Read(system::version)),
    ("get_ui_version", Read(system::version)),
];

/// A difference between a contract and the table of handlers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// An operation has no handler.
    #[error(
        "{file}: operation `{id}` ({request}) has no handler{}; add a line to src/leadconduit/operations/table.rs, \
         or `x-behaviour: generated` to the operation",
        .nearest.map(|near| format!(" (`{near}` has one)")).unwrap_or_default()
    )]
    NoHandler {
        /// The file of the operation.
        file: String,
        /// The `operationId`.
        id: String,
        /// Its method and path.
        request: String,
        /// The most similar id that has a handler.
        nearest: Option<&'static str>,
    },
    /// A handler has no operation.
    #[error(
        "{root}: handler `{0}` has no operation; describe the operation under paths, or remove the line from \
         src/leadconduit/operations/table.rs",
        root = contract_files::bundle::ROOT
    )]
    NoOperation(&'static str),
    /// The model of a collection is not defined.
    #[error("models: `{}`, the model of the collection `{}`, is not defined", .0.model(), .0.name())]
    NoModel(Collection),
}

/// The handler of every operation of a contract, by the operation's index.
#[derive(Debug)]
pub struct HandlerTable(Vec<OperationHandler>);

impl HandlerTable {
    /// Finds the handler of every operation of a contract.
    ///
    /// # Errors
    /// Each operation without a handler, each handler without an operation, and each collection whose model is not
    /// defined.
    pub fn for_contract(contract: &Contract) -> Result<Self, Vec<HandlerError>> {
        let mut errors = Vec::new();
        let mut handlers = Vec::with_capacity(contract.operations.len());
        for operation in &contract.operations {
            match TABLE.iter().find(|(id, _)| *id == operation.id) {
                Some((_, handler)) => handlers.push(*handler),
                None if operation.is_generated => handlers.push(Generated),
                None => errors.push(HandlerError::NoHandler {
                    file: operation.file.clone(),
                    id: operation.id.clone(),
                    request: format!("{} {}", operation.method, operation.path),
                    nearest: contract_files::yaml::nearest(&operation.id, TABLE.iter().map(|(id, _)| *id)),
                }),
            }
        }
        for (id, _) in TABLE.iter().filter(|(id, _)| contract.operation(id).is_none()) {
            errors.push(HandlerError::NoOperation(id));
        }
        for collection in Collection::ALL {
            if contract.model(collection.model()).is_none() {
                errors.push(HandlerError::NoModel(collection));
            }
        }
        if errors.is_empty() { Ok(Self(handlers)) } else { Err(errors) }
    }

    /// The handler of an operation.
    #[must_use]
    pub fn handler_for(&self, operation: &Operation) -> OperationHandler {
        self.0.get(operation.index).copied().unwrap_or(Generated)
    }
}
