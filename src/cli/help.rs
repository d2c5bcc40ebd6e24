//! The definition of the command line as it is shown: headings, colours, and which flags `-h` lists.

use clap::{Arg, Command};

use super::style;

/// The headings of the flags of `serve`, in their order, and the ids of the flags below them. Flags that are not listed
/// keep the heading of their group (deliveries, limits).
const HEADINGS: [(&str, &[&str]); 5] = [
    ("Server", &["host", "port", "admin_token"]),
    ("HTTPS", &["tls", "tls_dir", "tls_host", "tls_cert", "tls_key", "tls_client_ca", "intercept", "intercept_others"]),
    ("Scenario and contract", &["scenario", "scenarios", "schemas", "watch", "seed", "clock"]),
    ("Requests and responses", &["requests", "check_replies", "cors_origin", "no_mock_headers", "no_triggers"]),
    ("Log and reports", &["log_format", "report", "fail_on", "fail_under"]),
];

/// The flags of `serve` that the help of the command itself lists.
const MAIN_FLAGS: [&str; 5] = ["host", "port", "scenario", "scenarios", "watch"];

/// The flags of `serve` that `-h` leaves out, besides the limits: few need them.
const DETAILS: [&str; 7] =
    ["tls_host", "tls_cert", "tls_key", "tls_client_ca", "intercept_others", "deliver_timeout_ms", "deliver_retries"];

/// The widest help text, in columns.
const COLUMNS_MAX: usize = 120;

/// Adds what all help texts have in common.
pub(super) fn arrange(command: Command) -> Command {
    let command = command.styles(style::HELP).max_term_width(COLUMNS_MAX);
    let command = command.mut_subcommands(|subcommand| {
        let is_run = subcommand.get_name() == "run";
        let has_server = is_run || subcommand.get_name() == "serve";
        let subcommand = subcommand.mut_subcommands(|nested| nested.mut_args(hide_variable));
        subcommand.mut_args(|arg| {
            let arg = hide_variable(arg);
            let arg = if has_server { under_heading(arg) } else { arg };
            if is_run && arg.get_id() == "port" { arg.help("The port to listen on [default: a free one]") } else { arg }
        })
    });
    // `leadconduit-mock serve --help` lists all flags; here they would hide the subcommands.
    command.mut_args(|arg| {
        let is_main = MAIN_FLAGS.iter().any(|name| arg.get_id() == name);
        let arg = hide_variable(arg);
        if is_main || is_built_in(&arg) { arg.help_heading("Main options of serve") } else { arg.hide(true) }
    })
}

fn is_built_in(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "help" | "version")
}

/// Leaves out the variable of a flag: all names follow the same rule, which the help states once.
fn hide_variable(arg: Arg) -> Arg {
    arg.hide_env(true)
}

fn under_heading(arg: Arg) -> Arg {
    let is_detail = DETAILS.iter().any(|id| arg.get_id() == id);
    let is_limit = arg.get_help_heading() == Some("Limits");
    let arg = arg.hide_short_help(is_detail || is_limit);
    let heading = HEADINGS.iter().find(|(_, ids)| ids.iter().any(|id| arg.get_id() == id)).map(|(heading, _)| *heading);
    match heading {
        Some(heading) => arg.help_heading(heading),
        None => arg,
    }
}
