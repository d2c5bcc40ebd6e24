//! The commands and their flags, from the definition that `--help` shows.

use super::{cell, table};

/// A section for each command: what it does, how it is called, and its flags by heading.
pub fn commands() -> String {
    let mut definition = leadconduit_mock::internals::command_line();
    definition.build();
    sections(&mut definition, "")
}

/// The sections of the commands below one, whose name `outer` is the beginning of theirs.
fn sections(parent: &mut clap::Command, outer: &str) -> String {
    let mut text = String::new();
    let heading = if outer.is_empty() { "###" } else { "####" };
    for command in parent.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        let name = format!("{outer}{}", command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let usage = command.render_usage().to_string().replace("Usage: ", "");
        text.push_str(&format!("{heading} `{name}`\n\n{about}.\n\n```text\n{usage}\n```\n\n"));
        let arguments: Vec<_> =
            command.get_arguments().filter(|argument| argument.get_id() != "help" && !argument.is_hide_set()).collect();
        // Positional arguments and flags without a heading come first.
        let mut headings: Vec<Option<&str>> = vec![None];
        for argument in &arguments {
            if !headings.contains(&argument.get_help_heading()) {
                headings.push(argument.get_help_heading());
            }
        }
        for heading in headings {
            let rows: Vec<Vec<String>> = arguments
                .iter()
                .filter(|argument| argument.get_help_heading() == heading)
                .map(|argument| {
                    let help = argument.get_long_help().or_else(|| argument.get_help());
                    // The first line is a phrase; sentences follow after an empty line.
                    let help = help.map(ToString::to_string).unwrap_or_default().replace("\n\n", ". ");
                    let shown_values = argument.get_possible_values();
                    let values = shown_values.iter().filter(|_| argument.get_action().takes_values());
                    let values: Vec<String> = values
                        .map(|value| match value.get_help() {
                            Some(help) => format!("`{}`: {help}", value.get_name()),
                            None => format!("`{}`", value.get_name()),
                        })
                        .collect();
                    let values = if values.is_empty() { String::new() } else { format!(". {}", values.join("; ")) };
                    let default: Vec<String> = argument
                        .get_default_values()
                        .iter()
                        .filter(|_| argument.get_action().takes_values())
                        .map(|value| format!("`{}`", value.to_string_lossy()))
                        .collect();
                    let short = argument.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
                    let shown = format!("{short}{argument}").replace('|', "\\|");
                    vec![
                        format!("`{shown}`"),
                        cell(&format!("{}{values}", help.trim_end_matches('.'))),
                        default.join(", "),
                    ]
                })
                .collect();
            if rows.is_empty() {
                continue;
            }
            if let Some(heading) = heading {
                text.push_str(&format!("**{heading}**\n\n"));
            }
            text.push_str(&table(&["flag", "effect", "default"], &rows));
            text.push('\n');
        }
        text.push_str(&sections(command, &format!("{name} ")));
    }
    text
}
