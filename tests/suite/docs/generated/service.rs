//! What the simulated service offers: operations, field types, triggers; and the problems of the mock.

use leadconduit_mock::internals::{Contract, ProblemType, TEST_CERTIFICATES, Trigger, fidelity_table, parse_value};
use serde_json::Value;

use super::{cell, table};

pub fn operations() -> String {
    fidelity_table(&Contract::built_in().unwrap())
}

pub fn triggers() -> String {
    let rows: Vec<Vec<String>> =
        Trigger::ALL.iter().map(|(domain, _, what)| vec![format!("`{domain}`"), (*what).to_owned()]).collect();
    table(&["domain", "what happens"], &rows)
}

pub fn certificates() -> String {
    let rows: Vec<Vec<String>> = TEST_CERTIFICATES
        .iter()
        .map(|(beginning, _, what)| vec![format!("`{beginning}`"), (*what).to_owned()])
        .collect();
    table(&["id begins with", "what happens"], &rows)
}

pub fn problems() -> String {
    let section = |problem: &ProblemType| {
        format!("## {}\n\n`{}`. {}\n\n", problem.title(), problem.name(), problem.explanation())
    };
    ProblemType::ALL.iter().map(section).collect()
}

/// A section for each type of `GET /types`, with what the mock makes of the type's examples.
pub fn field_types(types: &Value) -> String {
    let mut page = String::new();
    for field_type in types.as_array().unwrap() {
        let name = field_type["name"].as_str().unwrap();
        let list = |key: &str, part: Option<&str>| {
            let values = field_type[key].as_array().into_iter().flatten();
            let shown = values.filter_map(|value| part.map_or(value, |part| &value[part]).as_str());
            shown.map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
        };
        let components = list("components", Some("name"));
        let masked = if field_type["maskable"] == true { "It can be masked. " } else { "" };
        let components = if components.is_empty() { String::new() } else { format!("Components: {components}. ") };
        page.push_str(&format!(
            "## {name}\n\n{masked}{components}Operators of rules: {}.\n\n",
            list("operators", None)
        ));
        let rows: Vec<Vec<String>> = field_type["examples"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|example| {
                let now = "2026-01-15T09:00:00Z".parse().unwrap();
                let parsed = parse_value(name, example, now);
                let show = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let normal = parsed.get("normal").map_or_else(|| show(&parsed), show);
                let parts = parsed.as_object().into_iter().flatten();
                let parts = parts
                    .filter(|(key, value)| !["raw", "normal", "valid"].contains(&key.as_str()) && !value.is_null());
                let parts: Vec<String> = parts.map(|(key, value)| format!("`{key}` {}", show(value))).collect();
                let valid = parsed
                    .get("valid")
                    .map_or(String::new(), |valid| if valid == true { "yes".into() } else { "no".into() });
                vec![
                    format!("`{}`", cell(&show(example))),
                    format!("`{}`", cell(&normal)),
                    valid,
                    cell(&parts.join(", ")),
                ]
            })
            .collect();
        if !rows.is_empty() {
            page.push_str(&table(&["submitted", "normal form", "valid", "parts"], &rows));
            page.push('\n');
        }
    }
    page
}
