//! Random sequences of requests to stateful areas, compared with a simple reference model.

use std::collections::BTreeMap;

use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{GLOBEX, JANE, Mock, SSO_ONLY, SUPERUSER};

#[derive(Clone, Debug)]
enum Step {
    Create(usize, String),
    Replace(usize, usize, String),
    Delete(usize, usize),
    Get(usize, usize),
    List(usize),
    Repair,
    Invite(usize, u8),
    Retain(usize, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let caller = 0usize..2;
    prop_oneof![
        3 => (caller.clone(), "[a-z]{1,8}").prop_map(|(caller, name)| Step::Create(caller, name)),
        2 => (caller.clone(), 0usize..8, "[a-z]{1,8}").prop_map(|(caller, at, name)| Step::Replace(caller, at, name)),
        2 => (caller.clone(), 0usize..8).prop_map(|(caller, at)| Step::Delete(caller, at)),
        2 => (caller.clone(), 0usize..8).prop_map(|(caller, at)| Step::Get(caller, at)),
        2 => caller.clone().prop_map(Step::List),
        1 => Just(Step::Repair),
        2 => (caller.clone(), 0u8..3).prop_map(|(caller, at)| Step::Invite(caller, at)),
        1 => (caller, 1i64..100).prop_map(|(caller, days)| Step::Retain(caller, days)),
    ]
}

/// The expected state. Credentials are by id, with the index of their account and their name.
#[derive(Default)]
struct Reference {
    credentials: BTreeMap<String, (usize, String)>,
    credential_ids: Vec<String>,
    invited: [Vec<u8>; 2],
    retention_days: [Option<i64>; 2],
    is_repaired: bool,
}

fn credential(name: &str) -> Value {
    json!({"name": name, "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"})
}

fn run_steps(mock: &Mock, sandbox: &str, steps: &[Step]) {
    let keys = [JANE, GLOBEX];
    let mut reference = Reference::default();
    let call = |key: &str, method: Method, path: &str, body: Option<&Value>| {
        mock.call(key, method, &format!("/__sandbox/{sandbox}{path}"), body)
    };
    for step in steps {
        match step {
            Step::Create(caller, name) => {
                let created =
                    call(keys[*caller], Method::POST, "/credentials", Some(&credential(name))).expect(201).json();
                let id = created["id"].as_str().unwrap().to_owned();
                assert!(reference.credentials.insert(id.clone(), (*caller, name.clone())).is_none(), "{id} is new");
                reference.credential_ids.push(id);
            }
            Step::Replace(caller, at, name) => {
                let Some(id) = reference.credential_ids.get(*at) else { continue };
                let own = reference.credentials.get_mut(id).filter(|(owner, _)| owner == caller);
                let response = call(keys[*caller], Method::PUT, &format!("/credentials/{id}"), Some(&credential(name)));
                assert_eq!(response.status, if own.is_some() { 200 } else { 404 });
                if let Some((_, old)) = own {
                    old.clone_from(name);
                }
            }
            Step::Delete(caller, at) => {
                let Some(id) = reference.credential_ids.get(*at) else { continue };
                let own = reference.credentials.get(id).is_some_and(|(owner, _)| owner == caller);
                let response = call(keys[*caller], Method::DELETE, &format!("/credentials/{id}"), None);
                assert_eq!(response.status, if own { 200 } else { 404 });
                if own {
                    reference.credentials.remove(id);
                }
            }
            Step::Get(caller, at) => {
                let Some(id) = reference.credential_ids.get(*at) else { continue };
                let own = reference.credentials.get(id).filter(|(owner, _)| owner == caller);
                let response = call(keys[*caller], Method::GET, &format!("/credentials/{id}"), None);
                match own {
                    Some((_, name)) => assert_eq!(response.expect(200).json()["name"], **name),
                    None => drop(response.expect(404)),
                }
            }
            Step::List(caller) => {
                let response = call(keys[*caller], Method::GET, "/credentials", None).expect(200).json();
                let found: Vec<(&str, &str)> = response
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|c| (c["id"].as_str().unwrap(), c["name"].as_str().unwrap()))
                    .collect();
                let expected: Vec<(&str, &str)> = reference
                    .credentials
                    .iter()
                    .filter(|(_, (owner, _))| owner == caller)
                    .map(|(id, (_, name))| (id.as_str(), name.as_str()))
                    .collect();
                assert_eq!(found, expected);
            }
            Step::Repair => {
                let body = json!({"connection_id": SSO_ONLY});
                let status = call(SUPERUSER, Method::POST, "/connections", Some(&body)).status;
                assert_eq!(status, if reference.is_repaired { 409 } else { 201 });
                reference.is_repaired = true;
                let list = call(JANE, Method::GET, "/connections", None).json();
                assert_eq!(list[2]["status"], "completed");
            }
            Step::Invite(caller, at) => {
                let body = json!({"email": format!("seller{at}@example.com")});
                let known = reference.invited[*caller].contains(at);
                call(keys[*caller], Method::POST, "/invitations/source", Some(&body)).expect(if known {
                    200
                } else {
                    201
                });
                if !known {
                    reference.invited[*caller].push(*at);
                }
            }
            Step::Retain(caller, days) => {
                call(keys[*caller], Method::PUT, "/account", Some(&json!({"data_retention_in_days": days})))
                    .expect(200);
                reference.retention_days[*caller] = Some(*days);
            }
        }
        for (caller, key) in keys.iter().enumerate() {
            let account = call(key, Method::GET, "/account", None).expect(200).json();
            let days = reference.retention_days[caller].unwrap_or(90);
            assert_eq!(account["data_retention_in_days"], days);
            let invited = account["pending_sellers"].as_array().unwrap().iter();
            let invited = invited.filter(|p| p["name"].as_str().unwrap().starts_with("seller")).count();
            assert_eq!(invited, reference.invited[caller].len());
        }
    }
}

/// Each sequence runs in its own sandbox of one server.
#[test]
fn random_sequences_match_the_reference_model() {
    // Like `healthy`, without credentials and pending sellers at the start.
    let scenario = "version: 1\nname: bare\ndescription: No credentials.\nextends: empty-account\n\
        sso:\n  accounts: [{ id: 68f1c2d0940df5a34a3888c4, sso_id: 68f1c2cf542ea0521e2a45c4, name: Evergreen }]\n  connections:\n";
    let connection = |id: &str| {
        format!(
            "    - {{ id: {id}, created_at: now, updated_at: now, \
         seller: {{ id: 68f1c2d0940df5a34a3888c4, sso_id: 68f1c2cf542ea0521e2a45c4, name: Evergreen }}, \
         buyer: {{ id: 5fd4371e940df5a34a3888b2, sso_id: 6493820b542ea0521e2a4543, name: Acme }} }}\n"
        )
    };
    let connections: String =
        ["5d9a4c421d011c553e000001", "5d9a4c421d011c553e000002", SSO_ONLY].map(connection).concat();
    let mock = Mock::with_scenario("bare", &format!("{scenario}{connections}"));
    let count = std::sync::atomic::AtomicUsize::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(40));
    runner
        .run(&prop::collection::vec(step(), 1..25), |steps| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            run_steps(&mock, &format!("run-{number}"), &steps);
            Ok(())
        })
        .unwrap();
}
