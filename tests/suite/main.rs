//! The real server on a free port, asked by clients that others wrote; and the pipeline without sockets, where
//! thousands of runs are wanted. One file a topic.

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
    reason = "a test fails by panicking, waits by the clock, and is nobody's library"
)]

mod access_logs;
mod account;
mod architecture;
mod calls;
mod caps;
mod changelogs;
mod cli;
mod connections;
mod contract;
mod control;
mod coverage;
mod credentials;
mod deliver;
mod destinations;
mod determinism;
mod documents;
mod embed;
mod entities;
mod events;
mod explain;
mod exports;
mod faults;
mod feedback;
mod fields;
mod flows;
mod house;
mod http;
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
mod log;
mod metrics;
mod mistakes;
mod model;
mod model_market;
mod onboards;
mod operations;
mod packages;
mod preferences;
mod readme;
mod replies;
mod report;
mod reports;
mod requests;
mod routers;
mod rules;
mod sandboxes;
mod secrets;
mod statistics;
mod support;
mod system;
mod tail;
mod users;
mod validity;
mod verify;
mod watch;
mod wire;
mod written;
