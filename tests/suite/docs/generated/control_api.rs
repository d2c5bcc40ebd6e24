//! The calls of the control API, from its OpenAPI document, and the metrics.

use serde_json::Value;

use super::{cell, table};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Follows a reference within the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// The type of a property in a few words.
fn type_name(document: &Value, schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        let simple = type_name(document, resolve(document, schema));
        return if simple == "object" || simple.is_empty() { name.to_owned() } else { simple };
    }
    if schema.get("const").is_some() {
        return format!("`{}`", schema["const"]);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(|value| format!("`{}`", text(value))).collect::<Vec<_>>().join(" ");
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("list of {}", type_name(document, &schema["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().map(text).filter(|name| *name != "null").collect::<Vec<_>>().join(" or "),
        _ => {
            let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
            let mut names: Vec<String> =
                choices.into_iter().flatten().map(|choice| type_name(document, choice)).collect();
            names.dedup();
            names.retain(|name| !name.is_empty() && name != "null");
            names.join(" or ")
        }
    }
}

fn properties(document: &Value, schema: &Value) -> Vec<Vec<String>> {
    let schema = resolve(document, schema);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().map(text).collect();
    let row = |(name, property): (&String, &Value)| {
        let description = property.get("description").unwrap_or(&resolve(document, property)["description"]);
        let must = if required.contains(&name.as_str()) { ", required" } else { "" };
        vec![format!("`{name}`"), format!("{}{must}", type_name(document, property)), cell(text(description))]
    };
    schema["properties"].as_object().into_iter().flatten().map(row).collect()
}

/// A section for each tag, and below it one for each call.
pub fn calls(document: &Value) -> String {
    let mut page = String::new();
    for tag in document["tags"].as_array().unwrap() {
        page.push_str(&format!("## {}\n\n{}\n\n", text(&tag["name"]), text(&tag["description"])));
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, call) in item.as_object().unwrap().iter().filter(|(_, call)| call["tags"][0] == tag["name"]) {
                let description = text(&call["description"]).split_whitespace().collect::<Vec<_>>().join(" ");
                let summary = text(&call["summary"]);
                let title = format!("{} {path}", method.to_uppercase());
                page.push_str(&format!("### `{title}`\n\n{summary}. {description}\n\n"));
                page.push_str(&parameters(document, item, call));
                page.push_str(&body(document, call));
                page.push_str(&responses(document, call));
            }
        }
    }
    page
}

fn parameters(document: &Value, item: &Value, call: &Value) -> String {
    let own = call["parameters"].as_array().into_iter().chain(item["parameters"].as_array()).flatten();
    let rows: Vec<Vec<String>> = own
        .map(|parameter| resolve(document, parameter))
        // Every call has it; the introduction of the page says so.
        .filter(|parameter| parameter["name"] != "X-Mock-Sandbox")
        .map(|parameter| {
            let name = format!("`{}` in {}", text(&parameter["name"]), text(&parameter["in"]));
            vec![name, type_name(document, &parameter["schema"]), cell(text(&parameter["description"]))]
        })
        .collect();
    if rows.is_empty() { String::new() } else { format!("{}\n", table(&["parameter", "type", "meaning"], &rows)) }
}

fn body(document: &Value, call: &Value) -> String {
    let body = resolve(document, &call["requestBody"]);
    let Some((_, content)) = body["content"].as_object().and_then(|content| content.iter().next()) else {
        return String::new();
    };
    let rows = properties(document, &content["schema"]);
    if rows.is_empty() { String::new() } else { format!("{}\n", table(&["key of the body", "type", "meaning"], &rows)) }
}

fn responses(document: &Value, call: &Value) -> String {
    // The introduction of the page has these.
    let common = ["401", "403", "413"];
    let is_common = |status: &str, response: &Value| {
        common.contains(&status) || response["$ref"] == "#/components/responses/BadRequest"
    };
    let rows: Vec<Vec<String>> = call["responses"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(status, response)| !is_common(status, response))
        .map(|(status, response)| {
            let response = resolve(document, response);
            let content = response["content"].as_object().and_then(|content| content.iter().next());
            let schema = content.map(|(_, content)| type_name(document, &content["schema"])).unwrap_or_default();
            vec![status.clone(), schema, cell(text(&response["description"]))]
        })
        .collect();
    format!("{}\n", table(&["status", "body", "meaning"], &rows))
}

/// Name, type and meaning of each metric, from the `# HELP` and `# TYPE` lines.
pub fn metrics(exposition: &str) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in exposition.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            rows.push(vec![format!("`{name}`"), String::new(), cell(help)]);
        } else if let Some((_, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            kind.clone_into(&mut rows.last_mut().unwrap()[1]);
        }
    }
    table(&["metric", "type", "meaning"], &rows)
}
