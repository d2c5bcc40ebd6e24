//! Random sequences over entities, fields, flows, routers and reports, which refer to each other, against a reference
//! that is simple enough to be believed. The other stateful areas are in `model`.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{JANE, Mock, OperationResponse};

#[derive(Clone, Debug)]
enum Step {
    MakeEntity(String),
    RenameEntity(usize, String),
    DropEntity(usize),
    MakeField(u8),
    DropField(u8),
    MakeFlow(String, usize, u8),
    ReplaceFlow(usize, String, usize, u8),
    DropFlow(usize),
    Deploy(usize),
    MakeRouter(usize),
    MakeReport(String),
    DropReport(usize),
    Share(usize),
    Unshare(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (at, name, field) = (0usize..5, "[a-z]{1,8}", 0u8..4);
    prop_oneof![
        3 => name.prop_map(Step::MakeEntity),
        1 => (at.clone(), name).prop_map(|(at, name)| Step::RenameEntity(at, name)),
        1 => at.clone().prop_map(Step::DropEntity),
        2 => field.clone().prop_map(Step::MakeField),
        1 => field.clone().prop_map(Step::DropField),
        3 => (name, at.clone(), field.clone()).prop_map(|(name, at, field)| Step::MakeFlow(name, at, field)),
        2 => (at.clone(), name, at.clone(), field).prop_map(|(at, name, to, field)| Step::ReplaceFlow(at, name, to, field)),
        1 => at.clone().prop_map(Step::DropFlow),
        1 => at.clone().prop_map(Step::Deploy),
        1 => at.clone().prop_map(Step::MakeRouter),
        1 => name.prop_map(Step::MakeReport),
        1 => at.clone().prop_map(Step::DropReport),
        2 => at.clone().prop_map(Step::Share),
        1 => at.prop_map(Step::Unshare),
    ]
}

/// A flow as the reference knows it.
#[derive(Clone, Debug, PartialEq)]
struct Flow {
    name: String,
    entity: String,
    field: String,
    /// What is deployed of it: which entity.
    live: Option<String>,
}

/// What there should be.
#[derive(Default)]
struct Reference {
    /// Everything that was ever made, in order, so that what is gone can be asked for.
    entity_ids: Vec<String>,
    flow_ids: Vec<String>,
    report_ids: Vec<String>,
    entities: BTreeMap<String, String>,
    fields: BTreeSet<String>,
    flows: BTreeMap<String, Flow>,
    reports: BTreeMap<String, (String, Option<String>)>,
    has_router: bool,
    /// How often each document was written by its own operations.
    writes: BTreeMap<String, usize>,
}

struct Run<'m> {
    mock: &'m Mock,
    sandbox: String,
    reference: Reference,
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

impl Run<'_> {
    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> OperationResponse {
        self.mock.call(JANE, method, &format!("/__sandbox/{}{path}", self.sandbox), body)
    }

    fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).expect(200).json()
    }

    fn wrote(&mut self, id: &str) {
        *self.reference.writes.entry(id.to_owned()).or_default() += 1;
    }

    fn flow(name: &str, entity: &str, field: &str) -> Value {
        json!({
            "name": name, "enabled": true, "fields": ["email", field], "steps": [],
            "sources": [{"entity": {"id": entity}, "integration": {"module_id": "leadconduit-default.inbound"}}],
        })
    }

    fn play(&mut self, step: &Step) {
        let gone = "000000000000000000000000".to_owned();
        let at = |list: &Vec<String>, at: usize| list.get(at).cloned().unwrap_or_else(|| gone.clone());
        match step {
            Step::MakeEntity(name) => {
                let body = json!({
                    "name": name, "module_ids": ["leadconduit-default.inbound"], "source": "seller", "recipient": null,
                });
                let id = id_of(&self.call(Method::POST, "/entities", Some(&body)).expect(201).json());
                self.reference.entities.insert(id.clone(), name.clone());
                self.reference.entity_ids.push(id.clone());
                self.wrote(&id);
            }
            Step::RenameEntity(which, name) => {
                let id = at(&self.reference.entity_ids, *which);
                let body = json!({
                    "name": name, "module_ids": ["leadconduit-default.inbound"], "source": "seller", "recipient": null,
                });
                let reply = self.call(Method::PUT, &format!("/entities/{id}"), Some(&body));
                let known = self.reference.entities.contains_key(&id);
                reply.expect(if known { 200 } else { 404 });
                if known {
                    self.reference.entities.insert(id.clone(), name.clone());
                    self.wrote(&id);
                }
            }
            Step::DropEntity(which) => {
                let id = at(&self.reference.entity_ids, *which);
                let used = |flow: &Flow| flow.entity == id || flow.live.as_ref() == Some(&id);
                let status = match self.reference.entities.contains_key(&id) {
                    false => 404,
                    true if self.reference.flows.values().any(used) => 422,
                    true => 200,
                };
                self.call(Method::DELETE, &format!("/entities/{id}"), None).expect(status);
                if status == 200 {
                    self.reference.entities.remove(&id);
                    self.wrote(&id);
                }
            }
            Step::MakeField(number) => {
                let id = format!("own_{number}_acme");
                let body = json!({"id": id, "name": "Own", "type": "number"});
                let status = if self.reference.fields.insert(id.clone()) { 201 } else { 422 };
                self.call(Method::POST, "/fields", Some(&body)).expect(status);
                if status == 201 {
                    self.wrote(&id);
                }
            }
            Step::DropField(number) => {
                let id = format!("own_{number}_acme");
                let known = self.reference.fields.remove(&id);
                self.call(Method::DELETE, &format!("/fields/{id}"), None).expect(if known { 202 } else { 404 });
                if known {
                    self.wrote(&id);
                }
            }
            Step::MakeFlow(name, entity, field) => {
                let (entity, field) = (at(&self.reference.entity_ids, *entity), format!("own_{field}_acme"));
                let good = self.resolves(&entity, &field);
                let reply = self.call(Method::POST, "/flows", Some(&Self::flow(name, &entity, &field)));
                let reply = reply.expect(if good { 201 } else { 422 });
                if good {
                    let id = id_of(&reply.json());
                    let flow = Flow { name: name.clone(), entity, field, live: None };
                    self.reference.flows.insert(id.clone(), flow);
                    self.reference.flow_ids.push(id.clone());
                    self.wrote(&id);
                }
            }
            Step::ReplaceFlow(which, name, entity, field) => {
                let id = at(&self.reference.flow_ids, *which);
                let (entity, field) = (at(&self.reference.entity_ids, *entity), format!("own_{field}_acme"));
                let status = match (self.reference.flows.contains_key(&id), self.resolves(&entity, &field)) {
                    (false, _) => 404,
                    (true, false) => 422,
                    (true, true) => 200,
                };
                let body = Self::flow(name, &entity, &field);
                self.call(Method::PUT, &format!("/flows/{id}"), Some(&body)).expect(status);
                if status == 200 {
                    let live = self.reference.flows[&id].live.clone();
                    self.reference.flows.insert(id.clone(), Flow { name: name.clone(), entity, field, live });
                    self.wrote(&id);
                }
            }
            Step::DropFlow(which) => {
                let id = at(&self.reference.flow_ids, *which);
                let reply = self.call(Method::DELETE, &format!("/flows/{id}"), None);
                // A router may hold on to it, or let go; either way the flow is gone only when the reply says so.
                match (self.reference.flows.contains_key(&id), reply.status) {
                    (false, status) => assert_eq!(status, 404),
                    (true, 200) => {
                        self.reference.flows.remove(&id);
                        self.wrote(&id);
                    }
                    (true, status) => assert!(status == 422 && self.reference.has_router, "{}", reply.text),
                }
            }
            Step::Deploy(which) => {
                let id = at(&self.reference.flow_ids, *which);
                let known = self.reference.flows.get_mut(&id);
                let reply =
                    self.mock.call(JANE, Method::POST, &format!("/__sandbox/{}/flows/{id}/deploy", self.sandbox), None);
                reply.expect(if known.is_some() { 200 } else { 404 });
                if let Some(flow) = known {
                    flow.live = Some(flow.entity.clone());
                }
            }
            Step::MakeRouter(which) => {
                let id = at(&self.reference.flow_ids, *which);
                let good = self.reference.flows.contains_key(&id) && !self.reference.has_router;
                let source = if self.reference.flows.contains_key(&id) {
                    self.get(&format!("/flows/{id}"))["sources"][0]["id"].clone()
                } else {
                    json!("aaaaaa")
                };
                let body = json!({
                    "name": "one for all", "module_id": "leadconduit-default.inbound",
                    "routes": [{"flow_id": id, "source_id": source}],
                });
                let reply = self.call(Method::POST, "/routers", Some(&body));
                reply.expect(if good { 201 } else { 422 });
                self.reference.has_router |= good;
            }
            Step::MakeReport(name) => {
                let body = json!({"name": name, "columns": [{"source-success": 0}]});
                let id = id_of(&self.call(Method::POST, "/reports", Some(&body)).expect(201).json());
                self.reference.reports.insert(id.clone(), (name.clone(), None));
                self.reference.report_ids.push(id.clone());
                self.wrote(&id);
            }
            Step::DropReport(which) => {
                let id = at(&self.reference.report_ids, *which);
                let known = self.reference.reports.remove(&id).is_some();
                self.call(Method::DELETE, &format!("/reports/{id}"), None).expect(if known { 200 } else { 404 });
                if known {
                    self.wrote(&id);
                }
            }
            Step::Share(which) | Step::Unshare(which) => {
                let id = at(&self.reference.report_ids, *which);
                let shares = matches!(step, Step::Share(_));
                let verb = if shares { "share" } else { "unshare" };
                let reply = self.call(Method::PUT, &format!("/reports/{id}/{verb}"), None);
                let Some((_, token)) = self.reference.reports.get_mut(&id) else {
                    reply.expect(404);
                    return;
                };
                let new = reply.expect(200).json()["token"].as_str().map(str::to_owned);
                assert_eq!(new.is_some(), shares);
                assert!(!shares || new != *token, "a token that is shared anew is another one");
                let old = std::mem::replace(token, new);
                if let Some(old) = old {
                    self.anonymously(&format!("/reports/{old}")).expect(401);
                }
            }
        }
    }

    /// Without a key.
    fn anonymously(&self, path: &str) -> OperationResponse {
        self.mock.call("", Method::GET, &format!("/__sandbox/{}{path}", self.sandbox), None)
    }

    fn resolves(&self, entity: &str, field: &str) -> bool {
        self.reference.entities.contains_key(entity) && self.reference.fields.contains(field)
    }

    /// Everything that can be asked for is what the reference says.
    fn compare(&self) {
        let reference = &self.reference;
        let list = |path: &str| self.get(path).as_array().unwrap().clone();
        let own = |list: Vec<Value>| list.into_iter().filter(|document| document["standard"] != true);
        let entities: BTreeMap<String, (String, BTreeSet<String>)> = own(list("/entities"))
            .map(|entity| {
                let flows = entity["flow_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
                (id_of(&entity), (entity["name"].as_str().unwrap().to_owned(), flows.collect()))
            })
            .collect();
        let flows_of =
            |id: &str| reference.flows.iter().filter(|(_, flow)| flow.entity == id).map(|(id, _)| id.clone()).collect();
        let expected = reference.entities.iter().map(|(id, name)| (id.clone(), (name.clone(), flows_of(id)))).collect();
        assert_eq!(entities, expected, "entities, and the flows that have them as sources");
        let fields: BTreeSet<String> = own(list("/fields")).map(|field| id_of(&field)).collect();
        assert_eq!(fields, reference.fields);
        let flows = list("/flows");
        assert_eq!(flows.iter().map(id_of).collect::<Vec<_>>(), reference.flows.keys().cloned().collect::<Vec<_>>());
        for flow in &flows {
            let known = &reference.flows[&id_of(flow)];
            assert_eq!(flow["name"], *known.name);
            assert_eq!(flow["sources"][0]["entity"]["name"], *reference.entities[&known.entity], "its name today");
            let is_broken = !reference.fields.contains(&known.field);
            assert_eq!(flow.get("errors").is_some_and(|errors| errors["fields"].is_array()), is_broken, "{flow}");
        }
        for (name, token) in reference.reports.values() {
            if let Some(token) = token {
                assert_eq!(self.anonymously(&format!("/reports/{token}")).expect(200).json()["name"], **name);
            }
        }
        let mut logged: BTreeMap<String, usize> = BTreeMap::new();
        for log in list("/changelogs") {
            assert_eq!(log["user"]["first_name"], "Jane");
            let id = log["current_revision"]["id"].as_str().unwrap_or_default();
            *logged.entry(id.to_owned()).or_default() += 1;
        }
        for (id, writes) in &reference.writes {
            // Writing the same again changes nothing and is not recorded; losing a field changes a flow as well.
            assert!(logged.get(id).is_some_and(|logs| *logs >= 1), "{id} was written {writes} times and left nothing");
        }
    }
}

/// Every sequence runs in a sandbox of its own, so that one server is enough for all of them.
#[test]
fn what_refers_to_each_other_agrees_with_the_reference() {
    let mock = Mock::scenario("empty-account");
    let count = std::sync::atomic::AtomicUsize::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(40));
    runner
        .run(&prop::collection::vec(step(), 1..30), |steps| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let mut run = Run { mock: &mock, sandbox: format!("run-{number}"), reference: Reference::default() };
            for step in &steps {
                run.play(step);
                run.compare();
            }
            Ok(())
        })
        .unwrap();
}
