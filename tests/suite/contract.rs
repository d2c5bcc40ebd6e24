//! The contract: its schemas, its printed document, the errors that stop a start, and routing.

use std::collections::BTreeSet;
use std::path::Path;

use http::Method;
use leadconduit_mock::internals::{Contract, HandlerTable, Route};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn every_schema_compiles() {
    Contract::built_in().unwrap().compile_all().unwrap();
}

#[test]
fn every_operation_has_a_handler_and_a_source() {
    let contract = Contract::built_in().unwrap();
    HandlerTable::for_contract(&contract).unwrap();
    assert_eq!(contract.operations.len(), 100);
    let document = contract.public_document();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = &operation["operationId"];
            assert!(operation["x-evidence"].is_string() && !operation["x-source"].is_null(), "{id}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = match response["$ref"].as_str() {
                    Some(target) => document.pointer(target.trim_start_matches('#')).unwrap(),
                    None => response,
                };
                assert!(response["x-evidence"].is_string() && !response["x-source"].is_null(), "{id} {status}");
            }
        }
    }
}

#[test]
fn references_of_the_printed_document_resolve() {
    let document = Contract::built_in().unwrap().public_document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in &references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} has no target");
    }
    let text = document.to_string();
    assert!(!text.contains("x-file") && !text.contains("World"), "internal parts are not printed");
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                found.insert(reference.clone());
            }
            object.values().for_each(|value| collect(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[test]
fn examples_are_valid_against_their_schemas() {
    let contract = Contract::built_in().unwrap();
    let mut count = 0;
    for operation in &contract.operations {
        let pointer =
            format!("/paths/{}/{}", operation.path.replace('/', "~1"), operation.method.as_str().to_lowercase());
        let described = contract.document().pointer(&pointer).unwrap();
        if let Some(body) = &operation.body {
            for (name, value) in examples(&contract, &described["requestBody"]["content"]["application/json"]) {
                assert!(
                    body.schema.accepts(&value),
                    "{} request example {name}: {:?}",
                    operation.id,
                    body.schema.violations("", &value)
                );
                count += 1;
            }
        }
        for (status, definition) in &operation.responses {
            let mut response = &described["responses"][status.to_string()];
            if let Some(target) = response["$ref"].as_str() {
                response = contract.document().pointer(target.trim_start_matches('#')).unwrap();
            }
            for (name, value) in examples(&contract, &response["content"]["application/json"]) {
                let schema = definition.schema.as_ref().unwrap();
                assert!(
                    schema.accepts(&value),
                    "{} {status} example {name}: {:?}",
                    operation.id,
                    schema.violations("", &value)
                );
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} examples were found");
}

fn examples(contract: &Contract, media: &Value) -> Vec<(String, Value)> {
    let named = media["examples"].as_object().into_iter().flatten();
    named
        .map(|(name, example)| {
            let example = match example["$ref"].as_str() {
                Some(target) => contract.document().pointer(target.trim_start_matches('#')).unwrap(),
                None => example,
            };
            (name.clone(), example["value"].clone())
        })
        .collect()
}

/// Changes one file in a copy of the contract, and returns the error of the start.
fn load_error(file: &str, change: impl Fn(&str) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("schemas"), folder.path());
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "the replacement must change the file");
    std::fs::write(&path, changed).unwrap();
    let settings = leadconduit_mock::Settings { schemas: Some(folder.path().to_owned()), ..Default::default() };
    let error = leadconduit_mock::internals::load(&settings).unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "SCHEMAS")
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_contract_folder_equals_the_built_in_contract() {
    let contract = Contract::read(Path::new("schemas")).unwrap();
    assert_eq!(contract.public_document(), Contract::built_in().unwrap().public_document());
}

#[test]
fn errors_in_a_contract_stop_the_start_and_name_the_file() {
    let rows = [
        ("models/connections.yaml", "#/RelationshipType", "#/RelationshpType"),
        (
            "paths/connections.yaml",
            "../models/connections.yaml#/ConnectionListEntry",
            "../models/conections.yaml#/ConnectionListEntry",
        ),
        ("models/common.yaml", "format: date-time", "format: datetime"),
        ("paths/onboards.yaml", "operationId: list_onboards", "operationId: list_onboard"),
        ("paths/onboards.yaml", "x-evidence: documented", "x-evidence: certain"),
        ("paths/users.yaml", "operationId: get_user\n", "operationId: get_account\n"),
        ("openapi.yaml", "openapi: 3.1.0", "openapi: 3.1.0\n\tbad: tab"),
        ("models/common.yaml", "^[0-9a-fA-F]{24}$", "^[0-9a-fA-F{24}$"),
    ];
    let messages: Vec<String> = rows
        .iter()
        .map(|(file, from, to)| {
            format!("# {file}: {from} -> {to}\n{}", load_error(file, |text| text.replacen(from, to, 1)))
        })
        .collect();
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn a_contract_can_request_generated_responses() {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("schemas"), folder.path());
    let paths = folder.path().join("openapi.yaml");
    let text = std::fs::read_to_string(&paths).unwrap().replacen(
        "paths:\n",
        "paths:\n  /made_up: { $ref: paths/made_up.yaml#/made_up }\n",
        1,
    );
    std::fs::write(&paths, text).unwrap();
    std::fs::write(folder.path().join("paths/made_up.yaml"), "made_up:\n  get:\n    operationId: made_up\n    summary: s\n    \
        x-behaviour: generated\n    x-evidence: inferred\n    x-source: [none]\n    responses:\n      '200':\n        description: d\n        \
        x-evidence: inferred\n        content:\n          application/json:\n            schema: { $ref: ../models/users.yaml#/User }\n").unwrap();
    let mock = crate::support::Mock::start(
        leadconduit_mock::MockServer::builder().configure(|settings| settings.schemas = Some(folder.path().to_owned())),
    );
    let user = mock.get("/made_up").expect(200).json();
    assert!(user["email"].as_str().unwrap().contains("@example."), "{user}");
}

/// A simple reference implementation of routing: segment by segment, a fixed segment before a parameter.
fn find_operation<'c>(contract: &'c Contract, method: &Method, path: &str) -> Option<&'c str> {
    let given: Vec<&str> = path.split('/').collect();
    let mut best: Option<(usize, &str)> = None;
    for operation in contract.operations.iter().filter(|operation| operation.method == *method) {
        let expected: Vec<&str> = operation.path.split('/').collect();
        let matches = expected.len() == given.len()
            && expected.iter().zip(&given).all(|(w, g)| if w.starts_with('{') { !g.is_empty() } else { w == g });
        let fixed = expected.iter().filter(|w| !w.starts_with('{')).count();
        if matches && best.is_none_or(|(other, _)| fixed > other) {
            best = Some((fixed, &operation.id));
        }
    }
    best.map(|(_, id)| id)
}

proptest! {
    #[test]
    fn routing_agrees_with_a_linear_search(
        segments in prop::collection::vec(prop_oneof![
            Just("account".to_owned()), Just("credentials".to_owned()), Just("user".to_owned()), Just("onboard".to_owned()),
            Just("buyer".to_owned()), Just("invitations".to_owned()), Just("source".to_owned()), Just("resend".to_owned()),
            Just("connections".to_owned()), Just(String::new()), "[a-zA-Z0-9%._~-]{1,6}",
        ], 0..5),
        method in prop_oneof![Just(Method::GET), Just(Method::POST), Just(Method::PUT), Just(Method::DELETE)],
    ) {
        static CONTRACT: std::sync::OnceLock<Contract> = std::sync::OnceLock::new();
        let contract = CONTRACT.get_or_init(|| Contract::built_in().unwrap());
        let path = format!("/{}", segments.join("/"));
        let found = match contract.route(&method, &path) {
            Route::Found(operation, _) => Some(operation.id.as_str()),
            _ => None,
        };
        prop_assert_eq!(found, find_operation(contract, &method, &path), "{} {}", method, path);
    }
}
