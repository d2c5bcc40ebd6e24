//! Which operation does what.

use super::super::leads::{caps, flow};
use super::{
    Behaviour, access_logs, account, changelogs, connections, destinations, entities, events, exports, feedback,
    fields, flows, invitations, leads, metrics, onboards, packages, reports, routers, statistics, system, users, vars,
};
use crate::contract::{Contract, Operation};
use crate::leadconduit::state::Collection;

/// Every operation and what it does.
const TABLE: &[(&str, Behaviour)] = &[
    ("get_account", Behaviour::Read(account::get)),
    ("update_account", Behaviour::Write(account::update)),
    ("account_sso_sync", Behaviour::Write(account::sync)),
    ("get_user", Behaviour::Read(users::get)),
    ("update_user", Behaviour::Write(users::update)),
    ("create_user_settings", Behaviour::Write(users::create_settings)),
    ("get_user_settings", Behaviour::Read(users::get_settings)),
    ("update_user_settings", Behaviour::Write(users::update_settings)),
    ("list_credentials", Behaviour::List(Collection::Credentials)),
    ("create_credential", Behaviour::Create(Collection::Credentials)),
    ("get_credential", Behaviour::Get(Collection::Credentials)),
    ("update_credential", Behaviour::Replace(Collection::Credentials)),
    ("delete_credential", Behaviour::Delete(Collection::Credentials)),
    ("list_connections", Behaviour::Read(connections::list)),
    ("repair_connection", Behaviour::Write(connections::repair)),
    ("get_connection", Behaviour::Read(connections::get)),
    ("list_onboards", Behaviour::List(Collection::Onboards)),
    ("create_onboard", Behaviour::Write(onboards::create)),
    ("update_onboard", Behaviour::Write(onboards::update)),
    ("complete_buyer_delivery_setup", Behaviour::Write(onboards::set_up)),
    ("create_source_invitation", Behaviour::Write(invitations::invite_source)),
    ("create_recipient_invitation", Behaviour::Write(invitations::invite_recipient)),
    ("resend_invitation", Behaviour::Write(invitations::resend)),
    ("list_flows", Behaviour::List(Collection::Flows)),
    ("create_flow", Behaviour::Create(Collection::Flows)),
    ("update_all_flows", Behaviour::Write(flows::touch_all)),
    ("get_flow", Behaviour::Get(Collection::Flows)),
    ("update_flow", Behaviour::Replace(Collection::Flows)),
    ("delete_flow", Behaviour::Delete(Collection::Flows)),
    ("deploy_flow", Behaviour::Write(flows::deploy)),
    ("list_flow_changelogs", Behaviour::Read(changelogs::of_flow)),
    ("list_flow_fields", Behaviour::Read(flows::list_fields)),
    ("get_flow_field_usage", Behaviour::Read(flows::usage)),
    ("list_fields", Behaviour::Read(fields::list)),
    ("create_field", Behaviour::Write(fields::create)),
    ("get_field", Behaviour::Get(Collection::Fields)),
    ("update_field", Behaviour::Replace(Collection::Fields)),
    ("delete_field", Behaviour::Write(fields::delete)),
    ("list_field_changelogs", Behaviour::Read(changelogs::of_field)),
    ("list_types", Behaviour::Read(fields::types)),
    ("list_vars", Behaviour::Read(vars::list)),
    ("list_caps", Behaviour::Read(caps::list_caps)),
    ("get_cap", Behaviour::Read(caps::get_cap)),
    ("list_ping_limits", Behaviour::Read(caps::list_ping_limits)),
    ("get_ping_limit", Behaviour::Read(caps::get_ping_limit)),
    ("get_source_meta", Behaviour::Read(flows::meta)),
    ("list_entities", Behaviour::Read(entities::list)),
    ("create_entity", Behaviour::Create(Collection::Entities)),
    ("get_entity", Behaviour::Read(entities::get)),
    ("update_entity", Behaviour::Write(entities::update)),
    ("delete_entity", Behaviour::Write(entities::delete)),
    ("list_entity_changelogs", Behaviour::Read(changelogs::of_entity)),
    ("list_routers", Behaviour::List(Collection::Routers)),
    ("create_router", Behaviour::Write(routers::create)),
    ("get_router", Behaviour::Get(Collection::Routers)),
    ("update_router", Behaviour::Write(routers::update)),
    ("list_destinations", Behaviour::Read(destinations::list)),
    ("list_packages", Behaviour::Read(packages::list)),
    ("get_package", Behaviour::Read(packages::get)),
    ("list_modules", Behaviour::Read(packages::modules)),
    ("list_services", Behaviour::List(Collection::Services)),
    ("list_submission_doc_access_logs", Behaviour::Read(access_logs::list)),
    ("update_submission_doc_access_logs_account", Behaviour::Write(access_logs::update_account)),
    ("update_submission_doc_access_logs_flow", Behaviour::Write(access_logs::update_flow)),
    ("update_submission_doc_access_logs_flow_source", Behaviour::Write(access_logs::update_source)),
    ("submit_lead_get", Behaviour::Write(flow::submit)),
    ("submit_lead", Behaviour::Write(flow::submit)),
    ("ping_lead_get", Behaviour::Ask(flow::ping)),
    ("ping_lead", Behaviour::Ask(flow::ping)),
    ("list_events", Behaviour::Read(events::list)),
    ("query_events", Behaviour::Read(events::list)),
    ("get_event", Behaviour::Read(events::get)),
    ("get_event_statistics", Behaviour::Read(statistics::get)),
    ("get_event_metrics_median", Behaviour::Read(metrics::median)),
    ("get_event_metrics_funnel", Behaviour::Read(metrics::funnel)),
    ("get_event_metrics_count", Behaviour::Read(metrics::count)),
    ("get_event_metrics_count_unique", Behaviour::Read(metrics::count_unique)),
    ("get_event_metrics_select_unique", Behaviour::Read(metrics::select_unique)),
    ("search_leads", Behaviour::Read(leads::search)),
    ("submit_feedback_by_get", Behaviour::Write(feedback::submit)),
    ("submit_feedback", Behaviour::Write(feedback::submit)),
    ("list_reports", Behaviour::List(Collection::Reports)),
    ("create_report", Behaviour::Create(Collection::Reports)),
    ("preview_report", Behaviour::Read(reports::preview)),
    ("get_report", Behaviour::Read(reports::get)),
    ("update_report", Behaviour::Replace(Collection::Reports)),
    ("delete_report", Behaviour::Delete(Collection::Reports)),
    ("share_report", Behaviour::Write(reports::share)),
    ("unshare_report", Behaviour::Write(reports::unshare)),
    ("run_report", Behaviour::Read(reports::run)),
    ("get_report_meta", Behaviour::Read(reports::meta)),
    ("list_exports", Behaviour::Read(exports::list)),
    ("create_export", Behaviour::Write(exports::create)),
    ("get_export", Behaviour::Read(exports::get)),
    ("download_export", Behaviour::Write(exports::download)),
    ("list_changelogs", Behaviour::Read(changelogs::list)),
    ("get_changelog", Behaviour::Read(changelogs::get)),
    ("test_firehose", Behaviour::Read(system::firehose)),
    ("get_status", Behaviour::Read(system::version)),
    ("get_ui_version", Behaviour::Read(system::version)),
];

/// The behaviour of every operation of a contract, by the operation's index.
#[derive(Debug)]
pub struct Behaviours(Vec<Behaviour>);

impl Behaviours {
    /// Brings contract and table together. Every operation must have a behaviour and every behaviour an operation.
    pub fn for_contract(contract: &Contract) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut behaviours = Vec::with_capacity(contract.operations.len());
        for operation in &contract.operations {
            match TABLE.iter().find(|(id, _)| *id == operation.id) {
                Some((_, behaviour)) => behaviours.push(*behaviour),
                None if operation.generated => behaviours.push(Behaviour::Generated),
                None => errors.push(format!(
                    "{}: operation `{}` ({} {}) has no behaviour{}; add a line to the table in src/behaviour/table.rs, \
                     or `x-behaviour: generated` to the operation",
                    operation.file,
                    operation.id,
                    operation.method,
                    operation.path,
                    contract_files::yaml::nearest(&operation.id, TABLE.iter().map(|(id, _)| *id))
                        .map(|near| format!(" (`{near}` has one)"))
                        .unwrap_or_default(),
                )),
            }
        }
        for (id, _) in TABLE.iter().filter(|(id, _)| contract.operation(id).is_none()) {
            errors.push(format!(
                "{}: behaviour `{id}` has no operation; describe it under paths, or remove its line",
                contract_files::bundle::ROOT
            ));
        }
        for collection in Collection::ALL {
            if contract.model(collection.model()).is_none() {
                errors.push(format!(
                    "models: `{}`, which the {} of a world keep, is not defined",
                    collection.model(),
                    collection.name()
                ));
            }
        }
        if errors.is_empty() { Ok(Self(behaviours)) } else { Err(errors) }
    }

    /// What the operation does.
    #[must_use]
    pub fn of(&self, operation: &Operation) -> Behaviour {
        self.0.get(operation.index).copied().unwrap_or(Behaviour::Generated)
    }
}
