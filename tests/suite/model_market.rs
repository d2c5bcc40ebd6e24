//! Random sequences of requests to entities, fields, flows, routers and reports, which refer to each other, compared with
//! a simple reference model. The other stateful areas are in `model`.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{JANE, Mock, TestResponse};

#[derive(Clone, Debug)]
enum Step {
    CreateEntity(String),
    RenameEntity(usize, String),
    DeleteEntity(usize),
    CreateField(u8),
    DeleteField(u8),
    CreateFlow(String, usize, u8),
    ReplaceFlow(usize, String, usize, u8),
    DeleteFlow(usize),
    Deploy(usize),
    CreateRouter(usize),
    CreateReport(String),
    DeleteReport(usize),
    Share(usize),
    Unshare(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (at, name, field) = (0usize..5, "[a-z]{1,8}", 0u8..4);
    prop_oneof![
        3 => name.prop_map(Step::CreateEntity),
        1 => (at.clone(), name).prop_map(|(at, name)| Step::RenameEntity(at, name)),
        1 => at.clone().prop_map(Step::DeleteEntity),
        2 => field.clone().prop_map(Step::CreateField),
        1 => field.clone().prop_map(Step::DeleteField),
        3 => (name, at.clone(), field.clone()).prop_map(|(name, at, field)| Step::CreateFlow(name, at, field)),
        2 => (at.clone(), name, at.clone(), field).prop_map(|(at, name, to, field)| Step::ReplaceFlow(at, name, to, field)),
        1 => at.clone().prop_map(Step::DeleteFlow),
        1 => at.clone().prop_map(Step::Deploy),
        1 => at.clone().prop_map(Step::CreateRouter),
        1 => name.prop_map(Step::CreateReport),
        1 => at.clone().prop_map(Step::DeleteReport),
        2 => at.clone().prop_map(Step::Share),
        1 => at.prop_map(Step::Unshare),
    ]
}

/// A flow in the reference model.
#[derive(Clone, Debug, PartialEq)]
struct Flow {
    name: String,
    entity: String,
    field: String,
    /// The entity of the deployed revision.
    live_entity: Option<String>,
}

/// The expected state.
#[derive(Default)]
struct Reference {
    /// All ids that were ever created, in order, so that requests can also name deleted documents.
    entity_ids: Vec<String>,
    flow_ids: Vec<String>,
    report_ids: Vec<String>,
    entities: BTreeMap<String, String>,
    fields: BTreeSet<String>,
    flows: BTreeMap<String, Flow>,
    reports: BTreeMap<String, (String, Option<String>)>,
    has_router: bool,
    /// The number of writes of each document.
    writes: BTreeMap<String, usize>,
}

struct Session<'m> {
    mock: &'m Mock,
    sandbox: String,
    reference: Reference,
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

impl Session<'_> {
    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> TestResponse {
        self.mock.call(JANE, method, &format!("/__sandbox/{}{path}", self.sandbox), body)
    }

    fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).expect(200).json()
    }

    fn count_write(&mut self, id: &str) {
        *self.reference.writes.entry(id.to_owned()).or_default() += 1;
    }

    fn flow(name: &str, entity: &str, field: &str) -> Value {
        json!({
            "name": name, "enabled": true, "fields": ["email", field], "steps": [],
            "sources": [{"entity": {"id": entity}, "integration": {"module_id": "leadconduit-default.inbound"}}],
        })
    }

    fn apply(&mut self, step: &Step) {
        let unknown = "000000000000000000000000".to_owned();
        let at = |list: &Vec<String>, at: usize| list.get(at).cloned().unwrap_or_else(|| unknown.clone());
        match step {
            Step::CreateEntity(name) => {
                let body = json!({
                    "name": name, "module_ids": ["leadconduit-default.inbound"], "source": "seller", "recipient": null,
                });
                let id = id_of(&self.call(Method::POST, "/entities", Some(&body)).expect(201).json());
                self.reference.entities.insert(id.clone(), name.clone());
                self.reference.entity_ids.push(id.clone());
                self.count_write(&id);
            }
            Step::RenameEntity(index, name) => {
                let id = at(&self.reference.entity_ids, *index);
                let body = json!({
                    "name": name, "module_ids": ["leadconduit-default.inbound"], "source": "seller", "recipient": null,
                });
                let response = self.call(Method::PUT, &format!("/entities/{id}"), Some(&body));
                let known = self.reference.entities.contains_key(&id);
                response.expect(if known { 200 } else { 404 });
                if known {
                    self.reference.entities.insert(id.clone(), name.clone());
                    self.count_write(&id);
                }
            }
            Step::DeleteEntity(index) => {
                let id = at(&self.reference.entity_ids, *index);
                let used = |flow: &Flow| flow.entity == id || flow.live_entity.as_ref() == Some(&id);
                let status = match self.reference.entities.contains_key(&id) {
                    false => 404,
                    true if self.reference.flows.values().any(used) => 422,
                    true => 200,
                };
                self.call(Method::DELETE, &format!("/entities/{id}"), None).expect(status);
                if status == 200 {
                    self.reference.entities.remove(&id);
                    self.count_write(&id);
                }
            }
            Step::CreateField(number) => {
                let id = format!("own_{number}_acme");
                let body = json!({"id": id, "name": "Own", "type": "number"});
                let status = if self.reference.fields.insert(id.clone()) { 201 } else { 422 };
                self.call(Method::POST, "/fields", Some(&body)).expect(status);
                if status == 201 {
                    self.count_write(&id);
                }
            }
            Step::DeleteField(number) => {
                let id = format!("own_{number}_acme");
                let known = self.reference.fields.remove(&id);
                self.call(Method::DELETE, &format!("/fields/{id}"), None).expect(if known { 202 } else { 404 });
                if known {
                    self.count_write(&id);
                }
            }
            Step::CreateFlow(name, entity, field) => {
                let (entity, field) = (at(&self.reference.entity_ids, *entity), format!("own_{field}_acme"));
                let is_valid = self.resolves(&entity, &field);
                let response = self.call(Method::POST, "/flows", Some(&Self::flow(name, &entity, &field)));
                let response = response.expect(if is_valid { 201 } else { 422 });
                if is_valid {
                    let id = id_of(&response.json());
                    let flow = Flow { name: name.clone(), entity, field, live_entity: None };
                    self.reference.flows.insert(id.clone(), flow);
                    self.reference.flow_ids.push(id.clone());
                    self.count_write(&id);
                }
            }
            Step::ReplaceFlow(index, name, entity, field) => {
                let id = at(&self.reference.flow_ids, *index);
                let (entity, field) = (at(&self.reference.entity_ids, *entity), format!("own_{field}_acme"));
                let status = match (self.reference.flows.contains_key(&id), self.resolves(&entity, &field)) {
                    (false, _) => 404,
                    (true, false) => 422,
                    (true, true) => 200,
                };
                let body = Self::flow(name, &entity, &field);
                self.call(Method::PUT, &format!("/flows/{id}"), Some(&body)).expect(status);
                if status == 200 {
                    let live_entity = self.reference.flows[&id].live_entity.clone();
                    self.reference.flows.insert(id.clone(), Flow { name: name.clone(), entity, field, live_entity });
                    self.count_write(&id);
                }
            }
            Step::DeleteFlow(index) => {
                let id = at(&self.reference.flow_ids, *index);
                let response = self.call(Method::DELETE, &format!("/flows/{id}"), None);
                // Whether a router prevents the deletion is left open: the model follows the response.
                match (self.reference.flows.contains_key(&id), response.status) {
                    (false, status) => assert_eq!(status, 404),
                    (true, 200) => {
                        self.reference.flows.remove(&id);
                        self.count_write(&id);
                    }
                    (true, status) => assert!(status == 422 && self.reference.has_router, "{}", response.text),
                }
            }
            Step::Deploy(index) => {
                let id = at(&self.reference.flow_ids, *index);
                let known = self.reference.flows.get_mut(&id);
                let response =
                    self.mock.call(JANE, Method::POST, &format!("/__sandbox/{}/flows/{id}/deploy", self.sandbox), None);
                response.expect(if known.is_some() { 200 } else { 404 });
                if let Some(flow) = known {
                    flow.live_entity = Some(flow.entity.clone());
                }
            }
            Step::CreateRouter(index) => {
                let id = at(&self.reference.flow_ids, *index);
                let is_valid = self.reference.flows.contains_key(&id) && !self.reference.has_router;
                let source = if self.reference.flows.contains_key(&id) {
                    self.get(&format!("/flows/{id}"))["sources"][0]["id"].clone()
                } else {
                    json!("aaaaaa")
                };
                let body = json!({
                    "name": "one for all", "module_id": "leadconduit-default.inbound",
                    "routes": [{"flow_id": id, "source_id": source}],
                });
                let response = self.call(Method::POST, "/routers", Some(&body));
                response.expect(if is_valid { 201 } else { 422 });
                self.reference.has_router |= is_valid;
            }
            Step::CreateReport(name) => {
                let body = json!({"name": name, "columns": [{"source-success": 0}]});
                let id = id_of(&self.call(Method::POST, "/reports", Some(&body)).expect(201).json());
                self.reference.reports.insert(id.clone(), (name.clone(), None));
                self.reference.report_ids.push(id.clone());
                self.count_write(&id);
            }
            Step::DeleteReport(index) => {
                let id = at(&self.reference.report_ids, *index);
                let known = self.reference.reports.remove(&id).is_some();
                self.call(Method::DELETE, &format!("/reports/{id}"), None).expect(if known { 200 } else { 404 });
                if known {
                    self.count_write(&id);
                }
            }
            Step::Share(index) | Step::Unshare(index) => {
                let id = at(&self.reference.report_ids, *index);
                let shares = matches!(step, Step::Share(_));
                let verb = if shares { "share" } else { "unshare" };
                let response = self.call(Method::PUT, &format!("/reports/{id}/{verb}"), None);
                let Some((_, token)) = self.reference.reports.get_mut(&id) else {
                    response.expect(404);
                    return;
                };
                let new = response.expect(200).json()["token"].as_str().map(str::to_owned);
                assert_eq!(new.is_some(), shares);
                assert!(!shares || new != *token, "sharing again creates a new token");
                let old = std::mem::replace(token, new);
                if let Some(old) = old {
                    self.get_anonymously(&format!("/reports/{old}")).expect(401);
                }
            }
        }
    }

    /// A request without an API key.
    fn get_anonymously(&self, path: &str) -> TestResponse {
        self.mock.call("", Method::GET, &format!("/__sandbox/{}{path}", self.sandbox), None)
    }

    fn resolves(&self, entity: &str, field: &str) -> bool {
        self.reference.entities.contains_key(entity) && self.reference.fields.contains(field)
    }

    /// Compares all lists with the reference model.
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
            assert_eq!(
                flow["sources"][0]["entity"]["name"], *reference.entities[&known.entity],
                "the current name of the entity"
            );
            let is_broken = !reference.fields.contains(&known.field);
            assert_eq!(flow.get("errors").is_some_and(|errors| errors["fields"].is_array()), is_broken, "{flow}");
        }
        for (name, token) in reference.reports.values() {
            if let Some(token) = token {
                assert_eq!(self.get_anonymously(&format!("/reports/{token}")).expect(200).json()["name"], **name);
            }
        }
        let mut logged: BTreeMap<String, usize> = BTreeMap::new();
        for log in list("/changelogs") {
            assert_eq!(log["user"]["first_name"], "Jane");
            let id = log["current_revision"]["id"].as_str().unwrap_or_default();
            *logged.entry(id.to_owned()).or_default() += 1;
        }
        for (id, writes) in &reference.writes {
            // A write without changes has no changelog entry, and the deletion of a field changes flows too, so that
            // the counts can differ.
            assert!(
                logged.get(id).is_some_and(|logs| *logs >= 1),
                "{id} was written {writes} times and has no changelog entry"
            );
        }
    }
}

/// Each sequence runs in its own sandbox of one server.
#[test]
fn references_between_documents_match_the_reference_model() {
    let mock = Mock::scenario("empty-account");
    let count = std::sync::atomic::AtomicUsize::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(40));
    runner
        .run(&prop::collection::vec(step(), 1..30), |steps| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let mut session =
                Session { mock: &mock, sandbox: format!("run-{number}"), reference: Reference::default() };
            for step in &steps {
                session.apply(step);
                session.compare();
            }
            Ok(())
        })
        .unwrap();
}
