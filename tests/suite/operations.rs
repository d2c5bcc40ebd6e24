//! Every operation, with what the contract itself shows: its own examples succeed, and each way of breaking them is
//! refused with the documented error.

use std::sync::Arc;

use leadconduit_mock::app::bootstrap;
use leadconduit_mock::config::settings::Settings;
use leadconduit_mock::contract::{Contract, Handler, Operation};
use leadconduit_mock::http::message::Response;
use leadconduit_mock::pipeline::Pipeline;
use leadconduit_mock::scenario::Library;
use serde_json::{Value, json};

use crate::calls::{Call, body_schema, follow, in_query, leading_to, parameters};

struct Theatre {
    contract: Arc<Contract>,
    library: Arc<Library>,
}

impl Theatre {
    fn new() -> Self {
        let contract = Arc::new(Contract::built_in().unwrap());
        let library = Arc::new(Library::built_in(Arc::clone(&contract)).unwrap());
        Self { contract, library }
    }

    fn pipeline(&self) -> Pipeline {
        let settings = Settings { clock: Some("2026-03-01T12:00:00Z".parse().unwrap()), ..Settings::default() };
        bootstrap::pipeline(&settings, &self.contract, &self.library, &self.library.get("healthy").unwrap()).unwrap()
    }
}

/// The reply, which must keep the contract whatever it is.
fn answer(contract: &Contract, pipeline: &Pipeline, call: &Call<'_>) -> Response {
    let request = call.request();
    let reply = pipeline.answer(&request);
    let broken = contract.check_reply(call.operation, reply.status.as_u16(), &reply.headers, &reply.body);
    assert!(broken.is_empty(), "{} {}: {}\n{broken:?}", request.method, request.uri, shown(&reply));
    reply
}

fn shown(reply: &Response) -> String {
    format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body).chars().take(600).collect::<String>())
}

/// The call with an id that exists: where the scenario begins without such a document, the operation that the contract
/// links to it makes one.
fn reachable<'c>(contract: &'c Contract, pipeline: &Pipeline, call: &Call<'c>) -> Call<'c> {
    let mut call = call.clone();
    if call.operation.id == "update_onboard" {
        let (first, pointers) = leading_to(contract, call.operation).expect("the contract links to it");
        let made = answer(contract, pipeline, &Call::of(contract, first));
        let made: Value = serde_json::from_slice(&made.body).unwrap();
        call.path = pointers
            .into_iter()
            .map(|(name, pointer)| (name, made.pointer(&pointer).and_then(Value::as_str).expect(&pointer).to_owned()))
            .collect();
    }
    call
}

/// What is wrong with the call, if it does not succeed.
fn failure(contract: &Contract, theatre: &Theatre, call: &Call<'_>, what: &str) -> Option<String> {
    // A world of its own for each call: what one deletes another reads.
    let pipeline = theatre.pipeline();
    let call = &reachable(contract, &pipeline, call);
    let reply = answer(contract, &pipeline, call);
    let operation: &Operation = call.operation;
    // A lead with a `redir_url` is taken and its browser sent on.
    let succeeds = reply.status.is_success() || reply.status == 303;
    let documented = succeeds && operation.replies.contains_key(&reply.status.as_u16());
    (!documented).then(|| format!("{} {what}: {} to {:?}", operation.id, shown(&reply), call.request()))
}

#[test]
fn the_contracts_own_examples_succeed() {
    let theatre = Theatre::new();
    let contract = &*theatre.contract;
    let mut failures: Vec<String> = Vec::new();
    for operation in &contract.operations {
        let call = Call::of(contract, operation);
        failures.extend(failure(contract, &theatre, &call, "with its first example"));
        for body in Call::bodies(contract, operation).into_iter().skip(1) {
            let call = Call { body: Some(body), ..call.clone() };
            failures.extend(failure(contract, &theatre, &call, "with another example"));
        }
        let optional = parameters(contract, operation).into_iter().filter(|p| p.place == "query" && !p.required);
        for parameter in optional {
            let Some(example) = parameter.example else {
                panic!("{}: {} has no example", operation.id, parameter.name)
            };
            let mut call = call.clone();
            call.query.retain(|(name, _)| name != parameter.name);
            call.query.extend(in_query(parameter.name, example));
            failures.extend(failure(contract, &theatre, &call, &format!("with {}", parameter.name)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_body_that_breaks_its_schema_is_refused() {
    let theatre = Theatre::new();
    let contract = &*theatre.contract;
    let (mut refused, mut operations) = (0, 0);
    let mut failures: Vec<String> = Vec::new();
    for operation in contract.operations.iter().filter(|operation| operation.handler == Handler::Api) {
        let Some(schema) = body_schema(contract, operation) else { continue };
        // One world for all: what is refused changes nothing, which the last call of all proves.
        let pipeline = theatre.pipeline();
        let call = reachable(contract, &pipeline, &Call::of(contract, operation));
        let Some(body) = &call.body else { continue };
        operations += 1;
        let check = |value: &Value| operation.body.as_ref().unwrap().check.accepts(value);
        assert!(check(body), "{}: its own example breaks the schema", operation.id);
        for (how, broken) in mutations(contract, schema, body) {
            // Under `oneOf` and `if` a change may lead to another good body.
            if check(&broken) {
                continue;
            }
            refused += 1;
            let reply = answer(contract, &pipeline, &Call { body: Some(broken), ..call.clone() });
            let error: Value = serde_json::from_slice(&reply.body).unwrap();
            if reply.status != 400 || error["error"].as_str().is_none_or(str::is_empty) {
                failures.push(format!("{} {how}: {}", operation.id, shown(&reply)));
            }
        }
        let reply = answer(contract, &pipeline, &call);
        if !reply.status.is_success() {
            failures.push(format!("{} after what was refused: {}", operation.id, shown(&reply)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(operations > 20 && refused > 400, "{operations} operations, {refused} refused");
}

#[test]
fn a_parameter_that_breaks_its_schema_is_refused() {
    let theatre = Theatre::new();
    let contract = &*theatre.contract;
    let pipeline = theatre.pipeline();
    let mut refused = 0;
    let mut failures: Vec<String> = Vec::new();
    for operation in contract.operations.iter().filter(|operation| operation.handler == Handler::Api) {
        let call = Call::of(contract, operation);
        for parameter in parameters(contract, operation) {
            let known = operation.parameters.iter().find(|known| known.name == parameter.name).unwrap();
            let mut broken: Vec<Option<Value>> = vec![];
            if parameter.place == "query" && parameter.required {
                broken.push(None);
            }
            let wrong = [json!("!"), json!("no such thing"), json!(-1), json!(1_000_000_000), json!("2026-13-45")];
            broken.extend(wrong.into_iter().filter(|value| !known.check.accepts(value)).map(Some));
            for value in broken {
                let mut call = call.clone();
                let list = if parameter.place == "path" { &mut call.path } else { &mut call.query };
                list.retain(|(name, _)| name != parameter.name);
                let value = value.map(|value| in_query(parameter.name, &value)).unwrap_or_default();
                // In a path or query everything is text: what reads as a good value is one.
                let is_good = |text: &String| {
                    let read = serde_json::from_str(text).unwrap_or(Value::Null);
                    [json!(text), read, json!([text])].iter().any(|read| known.check.accepts(read))
                };
                if value.first().is_some_and(|(_, text)| is_good(text)) {
                    continue;
                }
                list.extend(value.clone());
                refused += 1;
                let reply = answer(contract, &pipeline, &call);
                if reply.status != 400 {
                    let what = format!("{} with {} {value:?}", operation.id, parameter.name);
                    failures.push(format!("{what}: {}", shown(&reply)));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(refused > 100, "{refused}");
}

#[test]
fn without_a_key_and_without_json_nothing_is_told() {
    let theatre = Theatre::new();
    let contract = &*theatre.contract;
    let pipeline = theatre.pipeline();
    for operation in contract.operations.iter().filter(|operation| operation.handler == Handler::Api) {
        let mut request = Call::of(contract, operation).request();
        request.headers.insert("accept", "text/html".parse().unwrap());
        assert_eq!(pipeline.answer(&request).status, 403, "{}", operation.id);
        request.headers.remove("accept");
        request.headers.remove("authorization");
        let reply = pipeline.answer(&request);
        match operation.credentials {
            leadconduit_mock::contract::Credentials::Needed => {
                assert_eq!(
                    (reply.status.as_u16(), &reply.body[..]),
                    (401, &br#"{"error":"authentication failed"}"#[..]),
                    "{}",
                    operation.id
                );
            }
            _ => assert_ne!(reply.status, 500, "{}", operation.id),
        }
    }
}

/// A client that reads a document, changes nothing and writes it back is not refused, and changes nothing but the time.
#[test]
fn what_is_read_can_be_written_back() {
    let mock = crate::support::Mock::healthy();
    let mut written = 0;
    for list in ["/flows", "/entities", "/fields", "/routers", "/reports", "/credentials"] {
        for document in mock.get(list).expect(200).json().as_array().unwrap() {
            // What LeadConduit brings along, and what stands for another account, is nobody's to change.
            if document["standard"] == true || document["account"] == true {
                continue;
            }
            let path = format!("{list}/{}", document["id"].as_str().unwrap());
            // What an older revision lacks, such as the time zone of an entity in a flow, the server fills in once.
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

/// Each way to break a body, one at a time: every property that is there is dropped where it is required, and given
/// another type, a text that breaks its pattern, a word that is not among its own, too few items.
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
