//! Messages for mistakes on the command line that the parser explains badly.
//!
//! Words that are not subcommands: what other tools call them, and names of scenarios, tags and operations that were
//! given without their subcommand. Options of another subcommand. Values that are no numbers, or come from the
//! environment.

use std::ffi::OsString;
use std::num::{IntErrorKind, ParseIntError};
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::app::bootstrap;
use crate::config::settings::Settings;
use crate::contract::Contract;
use contract_files::yaml::nearest;

/// Words that other tools use, and what to write here.
const COMMANDS: [(&[&str], &str); 21] = [
    (&["version"], "leadconduit-mock --version"),
    (&["start", "up", "server", "mock", "launch"], "leadconduit-mock serve"),
    (&["list", "ls", "scenario"], "leadconduit-mock scenarios"),
    (&["endpoints", "routes", "paths", "operation"], "leadconduit-mock operations"),
    (&["log", "logs", "follow", "watch", "events"], "leadconduit-mock tail"),
    (&["status", "ping", "ready", "healthcheck"], "leadconduit-mock health"),
    (&["validate", "lint", "verify-scenario"], "leadconduit-mock check FILE"),
    (&["test", "exec", "ci"], "leadconduit-mock run -- COMMAND"),
    (&["switch", "set", "select", "load"], "leadconduit-mock use SCENARIO"),
    (&["restart", "clear", "clean"], "leadconduit-mock reset"),
    (&["coverage", "stats"], "leadconduit-mock report"),
    (&["lead", "submit", "generate"], "leadconduit-mock leads"),
    (&["schema", "schemas", "spec", "swagger", "contract"], "leadconduit-mock openapi"),
    (&["completion"], "leadconduit-mock completions bash"),
    (&["journal", "history", "request"], "leadconduit-mock requests"),
    (&["expect", "assert"], "leadconduit-mock verify FILE"),
    (&["faults", "rules", "rule"], "leadconduit-mock fault list"),
    (&["time"], "leadconduit-mock clock show"),
    (&["sandboxes"], "leadconduit-mock sandbox list"),
    (&["snapshots"], "leadconduit-mock snapshot list"),
    (
        &["stop", "down", "quit", "kill"],
        "Ctrl-C in the server's terminal, or send SIGTERM to its process: the server then writes its reports",
    ),
];

/// Calls of the control API that no subcommand makes.
const CONTROL_CALLS: [(&[&str], &str); 1] = [(&["state"], "curl http://127.0.0.1:4010/__admin/state")];

/// Where a URL in `LEADCONDUIT_MOCK_PORT` comes from.
const SERVICE_LINK: &str = "Kubernetes sets it to the address of a Service of that name; write `enableServiceLinks: false` \
                            in the specification of the Pod, or set the variable to a number such as 4010";

/// The message for a mistake, if there is something better to write than the parser suggests.
pub(super) fn explain(error: &clap::Error, command: &Command, arguments: &[String]) -> Option<String> {
    negative_number(error, arguments)
        .or_else(|| invalid_value(error, command, arguments))
        .or_else(|| option_of_another_command(error, command, arguments))
        .or_else(|| command_without_separator(error, arguments))
        .or_else(|| unknown_word(error, arguments))
}

/// Removes the suggestion of a value that has too little in common with what was written: all values are listed anyway.
pub(super) fn remove_far_suggestion(error: &mut clap::Error) {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (given, suggested) = (text(ContextKind::InvalidValue), text(ContextKind::SuggestedValue));
    let is_far = given.zip(suggested).is_some_and(|(given, suggested)| similarity(given, suggested) < SIMILARITY_MIN);
    if is_far {
        error.remove(ContextKind::SuggestedValue);
    }
}

/// The message for a negative number, which the parser takes for an option.
fn negative_number(error: &clap::Error, arguments: &[String]) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_negative =
        |text: &str| text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let at = arguments.iter().position(|argument| is_negative(argument) && argument.starts_with(word.as_str()))?;
    let (value, before) = (&arguments[at], at.checked_sub(1).and_then(|before| arguments.get(before)));
    let owner = match before {
        Some(flag) if flag.starts_with("--") && !flag.contains('=') => format!(" for `{flag}`"),
        _ => String::new(),
    };
    let hint = if arguments.first().is_some_and(|word| word == "clock") {
        "; the clock is advanced forward only, and `leadconduit-mock clock freeze TIME` sets any time"
    } else {
        ""
    };
    Some(format!("invalid value `{value}`{owner}: no option takes a negative number{hint}"))
}

/// The message for a value that is not a number, or that an environment variable has.
fn invalid_value(error: &clap::Error, command: &Command, arguments: &[String]) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (argument, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let flag = argument.split(' ').next().unwrap_or_default().trim_start_matches('-');
    let source = std::error::Error::source(error);
    let reason = match source.and_then(|source| source.downcast_ref::<ParseIntError>()).map(ParseIntError::kind) {
        Some(IntErrorKind::PosOverflow) => Some("the number is too large".to_owned()),
        Some(_) => {
            let example = default_of(command, flag).unwrap_or_else(|| "10".to_owned());
            Some(format!("write a whole number such as {example}"))
        }
        None => None,
    };
    let is_service_link = flag == "port" && value.contains("://");
    let variable = format!("LEADCONDUIT_MOCK_{}", flag.to_uppercase().replace('-', "_"));
    let is_given =
        arguments.iter().any(|one| one.strip_prefix("--").and_then(|one| one.split('=').next()) == Some(flag));
    let is_from_variable = !is_given && std::env::var(&variable).is_ok();
    let reason = match (reason, source) {
        (Some(_), _) if is_service_link && is_from_variable => SERVICE_LINK.to_owned(),
        (Some(reason), _) => reason,
        (None, Some(source)) if is_from_variable => source.to_string(),
        (None, None) if is_from_variable && !value.is_empty() => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(valid)) => format!("write one of {}", valid.join(", ")),
            _ => return None,
        },
        _ => return None,
    };
    let origin = if is_from_variable { format!("the variable {variable}") } else { format!("`{argument}`") };
    Some(format!("invalid value `{value}` for {origin}: {reason}"))
}

/// The default value of a flag of any subcommand.
fn default_of(command: &Command, flag: &str) -> Option<String> {
    let all = command.get_subcommands().chain([command]).flat_map(Command::get_arguments);
    let values = all.filter(|argument| argument.get_long() == Some(flag)).flat_map(clap::Arg::get_default_values);
    values.map(|value| value.to_string_lossy().into_owned()).next()
}

/// The message for an option that other subcommands have, if the parser suggests no similar one.
fn option_of_another_command(error: &clap::Error, command: &Command, arguments: &[String]) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument || error.get(ContextKind::SuggestedArg).is_some() {
        return None;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = word.strip_prefix("--")?.split([' ', '=']).next()?;
    let has_flag = |command: &&Command| command.get_arguments().any(|argument| argument.get_long() == Some(flag));
    let owners: Vec<String> =
        command.get_subcommands().filter(has_flag).map(|owner| format!("`{}`", owner.get_name())).collect();
    let own = command.get_subcommands().find(|one| arguments.iter().any(|word| word == one.get_name()))?;
    if owners.is_empty() {
        return None;
    }
    Some(format!(
        "`{own}` has no option `--{flag}`, but {} {}\n  `leadconduit-mock {own} --help` lists the options",
        match owners.split_last() {
            Some((last, others @ [_, ..])) => format!("{} and {last}", others.join(", ")),
            _ => owners.concat(),
        },
        if owners.len() == 1 { "has" } else { "have" },
        own = own.get_name(),
    ))
}

/// The message for a command of `run` that `--` does not precede.
fn command_without_separator(error: &clap::Error, arguments: &[String]) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument || arguments.first().map(String::as_str) != Some("run") {
        return None;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return None };
    if word.starts_with('-') || arguments.iter().any(|argument| argument == "--") {
        return None;
    }
    let at = arguments.iter().position(|argument| argument == word)?;
    let (options, command) = arguments.split_at(at);
    let line = format!("leadconduit-mock {} -- {}", options.join(" "), command.join(" "));
    Some(format!("`run` takes the command behind `--`\n  write: {line}"))
}

/// The message for an unknown word.
fn unknown_word(error: &clap::Error, arguments: &[String]) -> Option<String> {
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
    } else if arguments.iter().any(|argument| argument == "serve") {
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
    (similarity(word, name) >= SIMILARITY_MIN).then_some(name)
}

/// The least similarity of two words of which one is a misspelling of the other.
const SIMILARITY_MIN: f64 = 0.75;

fn similarity(word: &str, name: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(word, &name.to_lowercase())
}

/// What begins the names of all variables.
const VARIABLE_PREFIX: &str = "LEADCONDUIT_MOCK_";

/// Warnings about environment variables whose names are similar to those of options: nothing reads them.
pub(super) fn unused_variables(
    command: &Command,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<String> {
    let options = command.get_subcommands().flat_map(Command::get_arguments).filter_map(Arg::get_env);
    let mut known: Vec<String> = options.map(|name| name.to_string_lossy().into_owned()).collect();
    known.push(format!("{VARIABLE_PREFIX}LOG"));
    let known: Vec<&str> = known.iter().filter_map(|name| name.strip_prefix(VARIABLE_PREFIX)).collect();
    let mut warnings: Vec<String> = variables
        .filter_map(|(name, _)| {
            let name = name.into_string().ok()?;
            let rest = name.strip_prefix(VARIABLE_PREFIX)?;
            // A test suite has variables of its own, so that only a slip counts.
            let is_slip = |known: &&str| *known != rest && known.len().abs_diff(rest.len()) <= 2;
            let nearest = nearest(rest, known.iter().copied()).filter(is_slip)?;
            Some(format!("the variable {name} is not used; did you mean {VARIABLE_PREFIX}{nearest}?"))
        })
        .collect();
    warnings.sort();
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn misspelt_variables_are_named() {
        let names = ["LEADCONDUIT_MOCK_PROT", "LEADCONDUIT_MOCK_PORT", "LEADCONDUIT_MOCK_LOG", "PROT"];
        // The service links of Kubernetes, and a variable of a test suite.
        let others =
            ["LEADCONDUIT_MOCK_SERVICE_HOST", "LEADCONDUIT_MOCK_PORT_4010_TCP_ADDR", "LEADCONDUIT_MOCK_BASE_URL"];
        let variables = names.into_iter().chain(others).map(|name| (OsString::from(name), OsString::new()));
        let expected = ["the variable LEADCONDUIT_MOCK_PROT is not used; did you mean LEADCONDUIT_MOCK_PORT?"];
        assert_eq!(unused_variables(&Cli::command(), variables), expected);
    }
}
