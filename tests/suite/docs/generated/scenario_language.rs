//! The keys of scenario files, from the JSON Schema that editors use.

use std::fs;

use serde_json::Value;

use super::{cell, table};

/// Types that are texts or choices of a text and a map; the rows that use them show what they accept.
fn type_name(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let names: Vec<String> = choices.iter().map(type_name).filter(|name| !name.is_empty()).collect();
        return names.join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" ");
    }
    if let Some(value) = schema.get("const") {
        return format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let name = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect::<Vec<_>>().join(" or ")
        }
        _ => String::new(),
    };
    match name.as_str() {
        "null" => String::new(),
        "array" => format!("list of {}", type_name(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map of {}", type_name(&schema["additionalProperties"]))
        }
        "object" => "map".to_owned(),
        _ => name,
    }
}

fn section(title: &str, schema: &Value) -> String {
    let description = schema["description"].as_str().unwrap_or_default();
    let mut text = format!("## {title}\n\n{}\n\n", description.split_whitespace().collect::<Vec<_>>().join(" "));
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rows: Vec<Vec<String>> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, property)| {
            let must = if required.contains(&key.as_str()) { ", required" } else { "" };
            let meaning = cell(property["description"].as_str().unwrap_or_default());
            vec![format!("`{key}`"), format!("{}{must}", type_name(property)), meaning]
        })
        .collect();
    if rows.is_empty() {
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let rows: Vec<Vec<String>> = choices
            .map(|choice| vec![type_name(choice), cell(choice["description"].as_str().unwrap_or_default())])
            .collect();
        let shown = type_name(schema);
        if rows.iter().any(|row| !row[1].is_empty()) {
            text.push_str(&table(&["value", "meaning"], &rows));
        } else if !shown.is_empty() {
            text.push_str(&format!("Value: {shown}.\n"));
        }
    } else {
        text.push_str(&table(&["key", "value", "meaning"], &rows));
    }
    text.push('\n');
    text
}

pub fn keys() -> String {
    let schema: Value = serde_json::from_str(&fs::read_to_string("schemas/scenario.schema.json").unwrap()).unwrap();
    let mut text = section("Scenario", &schema);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        text.push_str(&section(name, definition));
    }
    text
}
