//! Every operation with the examples of the contract: the examples succeed, and every mutation that breaks a schema is
//! rejected with the documented error.

use std::sync::Arc;

use leadconduit_mock::Settings;
use leadconduit_mock::internals::{Backend, Contract, Library, Operation, Pipeline, Response, build_pipeline};
use serde_json::{Value, json};

use crate::calls::{Call, body_schema, follow, in_query, leading_to, parameters};

struct Fixture {
    contract: Arc<Contract>,
    library: Arc<Library>,
}

impl Fixture {
    fn new() -> Self {
        let contract = Arc::new(Contract::built_in().unwrap());
        let library = Arc::new(Library::built_in(Arc::clone(&contract)).unwrap());
        Self { contract, library }
    }

    fn pipeline(&self) -> Pipeline {
        let settings = Settings { clock: Some("2026-03-01T12:00:00Z".parse().unwrap()), ..Settings::default() };
        build_pipeline(&settings, &self.contract, &self.library, &self.library.get("healthy").unwrap()).unwrap()
    }
}

/// The response, which must conform to the contract in any case.
fn respond(contract: &Contract, pipeline: &Pipeline, call: &Call<'_>) -> Response {
    let request = call.request();
    let response = pipeline.handle(&request);
    let broken = contract.check_response(call.operation, response.status.as_u16(), &response.headers, &response.body);
    assert!(broken.is_empty(), "{} {}: {}\n{broken:?}", request.method, request.uri, shown(&response));
    response
}

fn shown(response: &Response) -> String {
    format!("{} {}", response.status, String::from_utf8_lossy(&response.body).chars().take(600).collect::<String>())
}

/// The call with an id that exists. Where the scenario has no such document, the operation that the contract links to this
/// one creates it.
fn reachable<'c>(contract: &'c Contract, pipeline: &Pipeline, call: &Call<'c>) -> Call<'c> {
    let mut call = call.clone();
    if call.operation.id == "update_onboard" {
        let (first, pointers) = leading_to(contract, call.operation).expect("a link in the contract");
        let created = respond(contract, pipeline, &Call::of(contract, first));
        let created: Value = serde_json::from_slice(&created.body).unwrap();
        call.path = pointers
            .into_iter()
            .map(|(name, pointer)| {
                (name, created.pointer(&pointer).and_then(Value::as_str).expect(&pointer).to_owned())
            })
            .collect();
    }
    call
}

/// A message when the call does not succeed.
fn failure(contract: &Contract, fixture: &Fixture, call: &Call<'_>, what: &str) -> Option<String> {
    // A separate world for each call: one call deletes what another reads.
    let pipeline = fixture.pipeline();
    let call = &reachable(contract, &pipeline, call);
    let response = respond(contract, &pipeline, call);
    let operation: &Operation = call.operation;
    // A lead with a `redir_url` is accepted with a redirect.
    let succeeds = response.status.is_success() || response.status == 303;
    let documented = succeeds && operation.responses.contains_key(&response.status.as_u16());
    (!documented).then(|| format!("{} {what}: {} to {:?}", operation.id, shown(&response), call.request()))
}

#[test]
fn the_examples_of_the_contract_succeed() {
    let fixture = Fixture::new();
    let contract = &*fixture.contract;
    let mut failures: Vec<String> = Vec::new();
    for operation in &contract.operations {
        let call = Call::of(contract, operation);
        failures.extend(failure(contract, &fixture, &call, "with its first example"));
        for body in Call::bodies(contract, operation).into_iter().skip(1) {
            let call = Call { body: Some(body), ..call.clone() };
            failures.extend(failure(contract, &fixture, &call, "with another example"));
        }
        let optional = parameters(contract, operation).into_iter().filter(|p| p.location == "query" && !p.required);
        for parameter in optional {
            let Some(example) = parameter.example else {
                panic!("{}: {} has no example", operation.id, parameter.name)
            };
            let mut call = call.clone();
            call.query.retain(|(name, _)| name != parameter.name);
            call.query.extend(in_query(parameter.name, example));
            failures.extend(failure(contract, &fixture, &call, &format!("with {}", parameter.name)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_body_that_breaks_its_schema_is_rejected() {
    let fixture = Fixture::new();
    let contract = &*fixture.contract;
    let (mut refused, mut operations) = (0, 0);
    let mut failures: Vec<String> = Vec::new();
    for operation in contract.operations.iter().filter(|operation| operation.backend == Backend::Management) {
        let Some(schema) = body_schema(contract, operation) else { continue };
        // One world for all mutations: rejected requests change nothing, as the last call shows.
        let pipeline = fixture.pipeline();
        let call = reachable(contract, &pipeline, &Call::of(contract, operation));
        let Some(body) = &call.body else { continue };
        operations += 1;
        let check = |value: &Value| operation.body.as_ref().unwrap().schema.accepts(value);
        assert!(check(body), "{}: its own example breaks the schema", operation.id);
        for (how, broken) in mutations(contract, schema, body) {
            // With `oneOf` and `if`, a mutation can be another valid body.
            if check(&broken) {
                continue;
            }
            refused += 1;
            let response = respond(contract, &pipeline, &Call { body: Some(broken), ..call.clone() });
            let error: Value = serde_json::from_slice(&response.body).unwrap();
            if response.status != 400 || error["error"].as_str().is_none_or(str::is_empty) {
                failures.push(format!("{} {how}: {}", operation.id, shown(&response)));
            }
        }
        let response = respond(contract, &pipeline, &call);
        if !response.status.is_success() {
            failures.push(format!("{} after rejected requests: {}", operation.id, shown(&response)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(operations > 20 && refused > 400, "{operations} operations, {refused} refused");
}

#[test]
fn a_parameter_that_breaks_its_schema_is_rejected() {
    let fixture = Fixture::new();
    let contract = &*fixture.contract;
    let pipeline = fixture.pipeline();
    let mut refused = 0;
    let mut failures: Vec<String> = Vec::new();
    for operation in contract.operations.iter().filter(|operation| operation.backend == Backend::Management) {
        let call = Call::of(contract, operation);
        for parameter in parameters(contract, operation) {
            let known = operation.parameters.iter().find(|known| known.name == parameter.name).unwrap();
            let mut broken: Vec<Option<Value>> = vec![];
            if parameter.location == "query" && parameter.required {
                broken.push(None);
            }
            let wrong = [json!("!"), json!("no such thing"), json!(-1), json!(1_000_000_000), json!("2026-13-45")];
            broken.extend(wrong.into_iter().filter(|value| !known.schema.accepts(value)).map(Some));
            for value in broken {
                let mut call = call.clone();
                let list = if parameter.location == "path" { &mut call.path } else { &mut call.query };
                list.retain(|(name, _)| name != parameter.name);
                let value = value.map(|value| in_query(parameter.name, &value)).unwrap_or_default();
                // In a path or query every value is text: text that parses as a valid value is valid.
                let is_valid = |text: &String| {
                    let parsed = serde_json::from_str(text).unwrap_or(Value::Null);
                    [json!(text), parsed, json!([text])].iter().any(|value| known.schema.accepts(value))
                };
                if value.first().is_some_and(|(_, text)| is_valid(text)) {
                    continue;
                }
                list.extend(value.clone());
                refused += 1;
                let response = respond(contract, &pipeline, &call);
                if response.status != 400 {
                    let what = format!("{} with {} {value:?}", operation.id, parameter.name);
                    failures.push(format!("{what}: {}", shown(&response)));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(refused > 100, "{refused}");
}

#[test]
fn html_requests_are_forbidden_and_api_keys_are_required() {
    let fixture = Fixture::new();
    let contract = &*fixture.contract;
    let pipeline = fixture.pipeline();
    for operation in contract.operations.iter().filter(|operation| operation.backend == Backend::Management) {
        let mut request = Call::of(contract, operation).request();
        request.headers.insert("accept", "text/html".parse().unwrap());
        assert_eq!(pipeline.handle(&request).status, 403, "{}", operation.id);
        request.headers.remove("accept");
        request.headers.remove("authorization");
        let response = pipeline.handle(&request);
        match operation.authentication {
            leadconduit_mock::internals::Authentication::Required => {
                assert_eq!(
                    (response.status.as_u16(), &response.body[..]),
                    (401, &br#"{"error":"authentication failed"}"#[..]),
                    "{}",
                    operation.id
                );
            }
            _ => assert_ne!(response.status, 500, "{}", operation.id),
        }
    }
}

/// A client can write back a document as it was read; only `updated_at` changes.
#[test]
fn documents_can_be_written_back_unchanged() {
    let mock = crate::support::Mock::healthy();
    let mut written = 0;
    for list in ["/flows", "/entities", "/fields", "/routers", "/reports", "/credentials"] {
        for document in mock.get(list).expect(200).json().as_array().unwrap() {
            // Standard documents, and entities that represent another account, are read-only.
            if document["standard"] == true || document["account"] == true {
                continue;
            }
            let path = format!("{list}/{}", document["id"].as_str().unwrap());
            // The first write fills in what an older revision lacks, such as the time zone of an entity in a flow.
            mock.put(&path, &mock.get(&path).expect(200).json()).expect(200);
            let read = mock.get(&path).expect(200).json();
            mock.put(&path, &read).expect(200);
            let (mut before, mut after) = (read, mock.get(&path).expect(200).json());
            for version in [&mut before, &mut after] {
                version["updated_at"] = Value::Null;
            }
            assert_eq!(before, after, "{path}");
            written += 1;
        }
    }
    assert!(written >= 10, "{written}");
}

/// The mutations of a body, one at a time: every present property is removed where it is required, and gets another type,
/// a string that breaks its pattern, a value outside of its enum, too few items.
fn mutations(contract: &Contract, schema: &Value, body: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    walk(contract, schema, body, "", 0, &mut |at, value| {
        let mut broken = body.clone();
        match value {
            Some(value) => *broken.pointer_mut(at).unwrap() = value,
            None => {
                let (parent, name) = at.rsplit_once('/').unwrap();
                broken.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
            }
        }
        found.push((format!("{at} in {broken}"), broken));
    });
    found
}

fn walk(
    contract: &Contract,
    schema: &Value,
    value: &Value,
    at: &str,
    depth: usize,
    broken: &mut impl FnMut(&str, Option<Value>),
) {
    let schema = follow(contract, schema);
    if depth > 12 {
        return;
    }
    let other = match value {
        Value::Object(_) | Value::Array(_) => json!("neither"),
        _ => json!({"neither": []}),
    };
    if schema.get("type").is_some() || schema.get("enum").is_some() {
        broken(at, Some(other));
        for (rule, bad) in [
            ("pattern", json!("\u{0}!")),
            ("enum", json!("no such word")),
            ("minLength", json!("")),
            ("format", json!("\u{1}")),
            ("minItems", json!([])),
        ] {
            if schema.get(rule).is_some() {
                broken(at, Some(bad));
            }
        }
        for (rule, by) in [("minimum", -1.0), ("exclusiveMinimum", 0.0), ("maximum", 1.0)] {
            if let Some(limit) = schema.get(rule).and_then(Value::as_f64) {
                broken(at, Some(json!(limit + by)));
            }
        }
    }
    for part in ["allOf", "oneOf", "anyOf"] {
        for part in schema[part].as_array().into_iter().flatten() {
            walk(contract, part, value, at, depth + 1, broken);
        }
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_some() {
            broken(&format!("{at}/{name}"), None);
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        if let Some(schema) = schema["properties"].get(name) {
            walk(contract, schema, inner, &format!("{at}/{name}"), depth + 1, broken);
        }
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate().take(2) {
        if let Some(items) = schema.get("items") {
            walk(contract, items, inner, &format!("{at}/{index}"), depth + 1, broken);
        }
    }
}
