//! The evidence of every operation and response, from the contract.

use serde_json::Value;

use super::{cell, table};

const LABELS: [&str; 3] = ["documented", "observed", "inferred"];

fn operations_of(contract: &Value) -> impl Iterator<Item = (String, &Value)> {
    contract["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let calls = item.as_object().unwrap().iter().filter(|(_, call)| call.get("operationId").is_some());
        calls.map(move |(method, call)| (format!("{} {path}", method.to_uppercase()), call))
    })
}

/// How many operations and responses have each label.
pub fn counts(contract: &Value) -> String {
    let operations: Vec<&Value> = operations_of(contract).map(|(_, call)| call).collect();
    let responses: Vec<&Value> = operations
        .iter()
        .flat_map(|call| call["responses"].as_object().unwrap().values())
        .map(|response| match response["$ref"].as_str() {
            Some(reference) => contract.pointer(reference.trim_start_matches('#')).unwrap(),
            None => response,
        })
        .collect();
    let count = |items: &[&Value], label: &str| items.iter().filter(|item| item["x-evidence"] == label).count();
    let rows: Vec<Vec<String>> = LABELS
        .iter()
        .map(|label| {
            vec![format!("`{label}`"), count(&operations, label).to_string(), count(&responses, label).to_string()]
        })
        .collect();
    table(&["label", "operations", "responses"], &rows)
}

/// Each operation with its label, its sources, and why what is inferred was inferred.
pub fn operations(contract: &Value) -> String {
    let mut sources: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    let mut inferred = Vec::new();
    for (request, call) in operations_of(contract) {
        let numbers: Vec<String> = call["x-source"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|source| {
                let source = source.as_str().unwrap();
                let known = sources.iter().position(|known| known == source).unwrap_or_else(|| {
                    sources.push(source.to_owned());
                    sources.len() - 1
                });
                format!("[{0}](#s{0})", known + 1)
            })
            .collect();
        let id = format!("`{}`", call["operationId"].as_str().unwrap());
        let responses = call["responses"].as_object().unwrap().iter();
        for (status, response) in responses.filter(|(_, response)| response["x-evidence"] == "inferred") {
            let reason = cell(response["description"].as_str().unwrap_or_default());
            inferred.push(vec![id.clone(), status.clone(), reason]);
        }
        let label = call["x-evidence"].as_str().unwrap_or_default().to_owned();
        rows.push(vec![format!("{id}<br>{request}"), label, numbers.join(" ")]);
    }
    let numbered = sources.iter().enumerate();
    let list: Vec<Vec<String>> =
        numbered.map(|(at, source)| vec![format!("<a id=\"s{0}\"></a>{0}", at + 1), link(source)]).collect();
    format!(
        "{}\n## Inferred responses\n\n{}\n## Sources\n\n{}",
        table(&["operation", "label", "sources"], &rows),
        table(&["operation", "status", "meaning, and why it is inferred"], &inferred),
        table(&["number", "source"], &list)
    )
}

/// A page of the web as a link. Other sources are a repository at a commit.
fn link(source: &str) -> String {
    if source.starts_with("http") { format!("<{source}>") } else { format!("`{source}`") }
}
