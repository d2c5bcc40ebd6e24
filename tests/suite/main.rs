//! Tests of the real server on a free port with third-party clients, and of the pipeline without sockets where a test
//! needs thousands of requests. One file per topic.

#![allow(
    clippy::disallowed_methods,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::format_push_string,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking, waits on the real clock, and has no public API"
)]

mod access;
mod access_logs;
mod account;
mod architecture;
mod bodies;
mod budgets;
mod calls;
mod caps;
mod certificates;
mod changelogs;
mod cli;
mod clients;
mod clock_limits;
mod concurrent_leads;
mod connections;
mod contract;
mod control;
mod control_additions;
mod control_commands;
mod conventions;
mod coverage;
mod credentials;
mod deliver;
mod destinations;
mod determinism;
mod diagnostics;
mod docs;
mod documents;
mod embed;
mod entities;
mod events;
mod explain;
mod exports;
mod failed_deliveries;
mod faults;
mod feedback;
mod field_types;
mod fields;
mod flow_documents;
mod flows;
mod fuzz;
mod hidden_secrets;
mod http;
mod http_edges;
mod https;
mod input_limits;
mod intercept;
mod invitations;
mod journal;
mod lead_events;
mod lead_flow;
mod lead_history;
mod lead_memory;
mod lead_module;
mod lead_submission;
mod leads;
mod leads_command;
mod list_service;
mod log;
mod mapped_secrets;
mod metrics;
mod mistakes;

mod model;
mod model_market;
mod onboards;
mod operations;
mod packages;
mod partner_plan;
mod preferences;
mod problems;
mod public_api;
mod recipient_modules;
mod recording;

mod report;
mod reports;
mod requests;
mod responses;
mod routers;
mod rules;
mod run_command;
mod sandboxes;
mod scenario_files;
mod secrets;
mod stalls;
mod statistics;
mod support;
mod system;
mod tail;
mod timed_effects;
mod uncollected;
mod usage;
mod users;
mod validity;
mod verify;
mod watch;
mod wire;
