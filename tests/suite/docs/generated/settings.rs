//! The limits that settings can change, from the comments and defaults of `Limits`.

use std::fs;

use super::{cell, table};

pub fn limits() -> String {
    let source = fs::read_to_string("src/config/limits.rs").unwrap();
    let (_, rest) = source.split_once("pub struct Limits {\n").unwrap();
    let (fields, rest) = rest.split_once("\n}").unwrap();
    let (_, defaults) = rest.split_once("        Self {\n").unwrap();
    let flags = leadconduit_mock::internals::command_line();
    let serve = flags.find_subcommand("serve").unwrap();
    let mut rows = Vec::new();
    let mut comment = String::new();
    for line in fields.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            comment.push_str(text);
            comment.push(' ');
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|line| line.split_once(": ")) {
            let default = defaults.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: "))).unwrap();
            let long = name.replace('_', "-");
            let is_flag = serve.get_arguments().any(|argument| argument.get_long() == Some(long.as_str()));
            let flag = if is_flag { format!("`--{long}`") } else { format!("`{name}`, embedding only") };
            rows.push(vec![flag, amount(name, default.trim_end_matches(',')), cell(&comment)]);
            comment.clear();
        }
    }
    table(&["limit", "default", "meaning"], &rows)
}

/// A default with its unit, from an expression such as `64 * 1024`.
fn amount(name: &str, expression: &str) -> String {
    let factors = expression.split(" * ").map(|factor| factor.replace('_', "").parse::<u64>().unwrap());
    let value: u64 = factors.product();
    let in_units = |units: &[(u64, &str)]| {
        units
            .iter()
            .find(|(size, _)| value >= *size && value.is_multiple_of(*size))
            .map(|(size, unit)| format!("{} {unit}", value / size))
    };
    let shown = if name.contains("bytes") {
        in_units(&[(1 << 20, "MiB"), (1 << 10, "KiB")])
    } else if name.contains("_ms") {
        in_units(&[(3_600_000, "h"), (60_000, "min"), (1_000, "s")])
    } else {
        None
    };
    let digits = value.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    shown.unwrap_or_else(|| groups.join(","))
}
