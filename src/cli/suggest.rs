//! Suggestions for words that are not subcommands: what other tools call them, and names of scenarios, tags and
//! operations that were given without their subcommand.

use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::app::bootstrap;
use crate::config::settings::Settings;
use crate::contract::Contract;
use contract_files::yaml::nearest;

/// Words that other tools use, and what to write here.
const COMMANDS: [(&[&str], &str); 14] = [
    (&["version"], "leadconduit-mock --version"),
    (&["start", "run", "up", "server", "mock", "launch"], "leadconduit-mock serve"),
    (&["list", "ls", "scenario"], "leadconduit-mock scenarios"),
    (&["endpoints", "routes", "paths", "operation"], "leadconduit-mock operations"),
    (&["log", "logs", "follow", "watch", "events"], "leadconduit-mock tail"),
    (&["status", "ping", "ready", "healthcheck"], "leadconduit-mock health"),
    (&["validate", "lint", "test", "verify-scenario"], "leadconduit-mock check FILE"),
    (&["switch", "set", "select", "load"], "leadconduit-mock use SCENARIO"),
    (&["restart", "clear", "clean"], "leadconduit-mock reset"),
    (&["coverage", "stats"], "leadconduit-mock report"),
    (&["lead", "submit", "generate"], "leadconduit-mock leads"),
    (&["schema", "schemas", "spec", "swagger", "contract"], "leadconduit-mock openapi"),
    (&["completion"], "leadconduit-mock completions bash"),
    (
        &["stop", "down", "quit", "kill"],
        "Ctrl-C in the server's terminal, or send SIGTERM to its process: the server then writes its reports",
    ),
];

/// Calls of the control API that some users look for here.
const CONTROL_CALLS: [(&[&str], &str); 7] = [
    (&["requests", "journal", "history"], "curl http://127.0.0.1:4010/__admin/requests"),
    (&["verify", "expect"], "curl http://127.0.0.1:4010/__admin/verify -d @expectations.json"),
    (&["explain"], "curl http://127.0.0.1:4010/__admin/explain -d '{\"method\": \"GET\", \"path\": \"/user\"}'"),
    (&["fault", "faults", "rules"], "curl http://127.0.0.1:4010/__admin/faults"),
    (&["clock", "time"], "curl http://127.0.0.1:4010/__admin/clock"),
    (&["sandbox", "sandboxes"], "curl http://127.0.0.1:4010/__admin/sandboxes"),
    (&["state", "snapshot", "snapshots"], "curl http://127.0.0.1:4010/__admin/state"),
];

/// The message for an unknown word, if there is something better to write than the parser suggests.
pub(super) fn unknown_word(error: &clap::Error, mut arguments: impl Iterator<Item = String>) -> Option<String> {
    let kind = match error.kind() {
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else { return None };
    if word.starts_with('-') {
        return None;
    }
    let subject = if kind == ContextKind::InvalidSubcommand {
        format!("there is no subcommand `{word}`")
    } else if arguments.any(|argument| argument == "serve") {
        format!("`serve` takes options only, not `{word}`")
    } else {
        return None;
    };
    let suggestion = suggest(word)?;
    Some(format!("{subject}\n  {suggestion}\n  `leadconduit-mock --help` lists the subcommands and options"))
}

fn suggest(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    let find = |table: &[(&[&str], &'static str)]| {
        table.iter().find(|(words, _)| words.contains(&lower.as_str())).map(|(_, command)| *command)
    };
    if let Some(command) = find(&COMMANDS) {
        let verb = if command.starts_with("Ctrl") { "press" } else { "write:" };
        return Some(format!("{verb} {command}"));
    }
    if let Some(call) = find(&CONTROL_CALLS) {
        return Some(format!("it is a call of the control API of a running server: {call}"));
    }
    if word.parse::<u16>().is_ok() {
        return Some(format!("for a port, write: leadconduit-mock serve --port {word}"));
    }
    let path = Path::new(word);
    if path.is_dir() {
        return Some(format!("for a folder of scenario files, write: leadconduit-mock serve --scenarios {word}"));
    }
    if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Some(format!("for a scenario file, write: leadconduit-mock check {word}"));
    }
    suggest_name(&lower)
}

/// A scenario, tag or operation with a similar name.
fn suggest_name(word: &str) -> Option<String> {
    let settings = Settings::default();
    let contract = bootstrap::load_contract(&settings).ok()?;
    let (library, _) = bootstrap::load_library(&settings, &contract).ok()?;
    let scenarios: Vec<String> = library.list().into_iter().map(|scenario| scenario.name).collect();
    if let Some(name) = exact_or_near(word, scenarios.iter().map(String::as_str)) {
        return Some(format!(
            "for a scenario, write: leadconduit-mock serve --scenario {name}\n  \
             or, on a running server: leadconduit-mock use {name}"
        ));
    }
    let name = exact_or_near(word, names(&contract))?;
    Some(format!("for operations, write: leadconduit-mock operations {}", name.to_lowercase()))
}

fn names(contract: &Contract) -> impl Iterator<Item = &str> {
    contract.operations.iter().flat_map(|operation| [operation.tag.as_str(), operation.id.as_str()])
}

/// Subcommands are short words that resemble many names, so that a name must be much more similar than elsewhere.
fn exact_or_near<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = nearest(word, names)?;
    (strsim::normalized_damerau_levenshtein(word, &name.to_lowercase()) >= 0.75).then_some(name)
}
