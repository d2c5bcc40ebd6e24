//! The contract: what is printed, and what stops a start.

use std::collections::BTreeSet;
use std::path::Path;

use http::Method;
use leadconduit_mock::contract::{Contract, Route};
use leadconduit_mock::leadconduit::operations::Behaviours;
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn every_schema_compiles() {
    Contract::built_in().unwrap().prepare_all().unwrap();
}

#[test]
fn every_operation_has_a_behaviour_and_a_source() {
    let contract = Contract::built_in().unwrap();
    Behaviours::for_contract(&contract).unwrap();
    assert_eq!(contract.operations.len(), 100);
    let document = contract.public_document();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = &operation["operationId"];
            assert!(operation["x-evidence"].is_string() && !operation["x-source"].is_null(), "{id}");
            for (status, reply) in operation["responses"].as_object().unwrap() {
                let reply = match reply["$ref"].as_str() {
                    Some(target) => document.pointer(target.trim_start_matches('#')).unwrap(),
                    None => reply,
                };
                assert!(reply["x-evidence"].is_string() && !reply["x-source"].is_null(), "{id} {status}");
            }
        }
    }
}

#[test]
fn what_is_printed_has_no_loose_ends() {
    let document = Contract::built_in().unwrap().public_document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in &references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
    let text = document.to_string();
    assert!(!text.contains("x-file") && !text.contains("World"), "what is internal is not printed");
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
fn the_vendors_examples_keep_the_schemas() {
    let contract = Contract::built_in().unwrap();
    let mut count = 0;
    for operation in &contract.operations {
        let pointer =
            format!("/paths/{}/{}", operation.path.replace('/', "~1"), operation.method.as_str().to_lowercase());
        let described = contract.document().pointer(&pointer).unwrap();
        if let Some(body) = &operation.body {
            for (name, value) in examples(&contract, &described["requestBody"]["content"]["application/json"]) {
                assert!(
                    body.check.accepts(&value),
                    "{} request example {name}: {:?}",
                    operation.id,
                    body.check.explain("", &value)
                );
                count += 1;
            }
        }
        for (status, rule) in &operation.replies {
            let mut reply = &described["responses"][status.to_string()];
            if let Some(target) = reply["$ref"].as_str() {
                reply = contract.document().pointer(target.trim_start_matches('#')).unwrap();
            }
            for (name, value) in examples(&contract, &reply["content"]["application/json"]) {
                let check = rule.check.as_ref().unwrap();
                assert!(
                    check.accepts(&value),
                    "{} {status} example {name}: {:?}",
                    operation.id,
                    check.explain("", &value)
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

/// A copy of the contract's folder with one change, and the message that it stops with.
fn broken(file: &str, change: impl Fn(&str) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("schemas"), folder.path());
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "the change changes nothing");
    std::fs::write(&path, changed).unwrap();
    let settings =
        leadconduit_mock::config::settings::Settings { schemas: Some(folder.path().to_owned()), ..Default::default() };
    let error = leadconduit_mock::app::bootstrap::load(&settings).unwrap_err().to_string();
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
fn a_folder_serves_as_well_as_the_built_in_one() {
    let contract = Contract::read(Path::new("schemas")).unwrap();
    assert_eq!(contract.public_document(), Contract::built_in().unwrap().public_document());
}

#[test]
fn what_is_wrong_with_a_contract_stops_the_start_and_names_the_file() {
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
            format!("# {file}: {from} -> {to}\n{}", broken(file, |text| text.replacen(from, to, 1)))
        })
        .collect();
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn an_operation_may_ask_for_generated_replies() {
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

/// Routing as plainly as it can be written: segment by segment, a fixed segment before a parameter.
fn linear<'c>(contract: &'c Contract, method: &Method, path: &str) -> Option<&'c str> {
    let given: Vec<&str> = path.split('/').collect();
    let mut best: Option<(usize, &str)> = None;
    for operation in contract.operations.iter().filter(|operation| operation.method == *method) {
        let wanted: Vec<&str> = operation.path.split('/').collect();
        let fits = wanted.len() == given.len()
            && wanted.iter().zip(&given).all(|(w, g)| if w.starts_with('{') { !g.is_empty() } else { w == g });
        let fixed = wanted.iter().filter(|w| !w.starts_with('{')).count();
        if fits && best.is_none_or(|(other, _)| fixed > other) {
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
        prop_assert_eq!(found, linear(contract, &method, &path), "{} {}", method, path);
    }
}
