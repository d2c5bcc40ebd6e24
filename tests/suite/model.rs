//! Random sequences over the stateful areas against a reference that is simple enough to be believed.

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
    let who = 0usize..2;
    prop_oneof![
        3 => (who.clone(), "[a-z]{1,8}").prop_map(|(who, name)| Step::Create(who, name)),
        2 => (who.clone(), 0usize..8, "[a-z]{1,8}").prop_map(|(who, at, name)| Step::Replace(who, at, name)),
        2 => (who.clone(), 0usize..8).prop_map(|(who, at)| Step::Delete(who, at)),
        2 => (who.clone(), 0usize..8).prop_map(|(who, at)| Step::Get(who, at)),
        2 => who.clone().prop_map(Step::List),
        1 => Just(Step::Repair),
        2 => (who.clone(), 0u8..3).prop_map(|(who, at)| Step::Invite(who, at)),
        1 => (who, 1i64..100).prop_map(|(who, days)| Step::Retain(who, days)),
    ]
}

/// What there should be: credentials by id with their owner, invitations, days, and whether the repair was done.
#[derive(Default)]
struct Reference {
    credentials: BTreeMap<String, (usize, String)>,
    made: Vec<String>,
    invited: [Vec<u8>; 2],
    days: [Option<i64>; 2],
    repaired: bool,
}

fn credential(name: &str) -> Value {
    json!({"name": name, "type": "user", "package": "leadconduit-default", "username": "u", "password": "p"})
}

fn play(mock: &Mock, sandbox: &str, steps: &[Step]) {
    let keys = [JANE, GLOBEX];
    let mut reference = Reference::default();
    let call = |key: &str, method: Method, path: &str, body: Option<&Value>| {
        mock.call(key, method, &format!("/__sandbox/{sandbox}{path}"), body)
    };
    for step in steps {
        match step {
            Step::Create(who, name) => {
                let made = call(keys[*who], Method::POST, "/credentials", Some(&credential(name))).expect(201).json();
                let id = made["id"].as_str().unwrap().to_owned();
                assert!(reference.credentials.insert(id.clone(), (*who, name.clone())).is_none(), "{id} is new");
                reference.made.push(id);
            }
            Step::Replace(who, at, name) => {
                let Some(id) = reference.made.get(*at) else { continue };
                let mine = reference.credentials.get_mut(id).filter(|(owner, _)| owner == who);
                let reply = call(keys[*who], Method::PUT, &format!("/credentials/{id}"), Some(&credential(name)));
                assert_eq!(reply.status, if mine.is_some() { 200 } else { 404 });
                if let Some((_, old)) = mine {
                    old.clone_from(name);
                }
            }
            Step::Delete(who, at) => {
                let Some(id) = reference.made.get(*at) else { continue };
                let mine = reference.credentials.get(id).is_some_and(|(owner, _)| owner == who);
                let reply = call(keys[*who], Method::DELETE, &format!("/credentials/{id}"), None);
                assert_eq!(reply.status, if mine { 200 } else { 404 });
                if mine {
                    reference.credentials.remove(id);
                }
            }
            Step::Get(who, at) => {
                let Some(id) = reference.made.get(*at) else { continue };
                let mine = reference.credentials.get(id).filter(|(owner, _)| owner == who);
                let reply = call(keys[*who], Method::GET, &format!("/credentials/{id}"), None);
                match mine {
                    Some((_, name)) => assert_eq!(reply.expect(200).json()["name"], **name),
                    None => drop(reply.expect(404)),
                }
            }
            Step::List(who) => {
                let reply = call(keys[*who], Method::GET, "/credentials", None).expect(200).json();
                let found: Vec<(&str, &str)> = reply
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|c| (c["id"].as_str().unwrap(), c["name"].as_str().unwrap()))
                    .collect();
                let expected: Vec<(&str, &str)> = reference
                    .credentials
                    .iter()
                    .filter(|(_, (owner, _))| owner == who)
                    .map(|(id, (_, name))| (id.as_str(), name.as_str()))
                    .collect();
                assert_eq!(found, expected);
            }
            Step::Repair => {
                let body = json!({"connection_id": SSO_ONLY});
                let status = call(SUPERUSER, Method::POST, "/connections", Some(&body)).status;
                assert_eq!(status, if reference.repaired { 409 } else { 201 });
                reference.repaired = true;
                let list = call(JANE, Method::GET, "/connections", None).json();
                assert_eq!(list[2]["status"], "completed");
            }
            Step::Invite(who, at) => {
                let body = json!({"email": format!("seller{at}@example.com")});
                let known = reference.invited[*who].contains(at);
                call(keys[*who], Method::POST, "/invitations/source", Some(&body)).expect(if known {
                    200
                } else {
                    201
                });
                if !known {
                    reference.invited[*who].push(*at);
                }
            }
            Step::Retain(who, days) => {
                call(keys[*who], Method::PUT, "/account", Some(&json!({"data_retention_in_days": days}))).expect(200);
                reference.days[*who] = Some(*days);
            }
        }
        for (who, key) in keys.iter().enumerate() {
            let account = call(key, Method::GET, "/account", None).expect(200).json();
            let days = reference.days[who].unwrap_or(90);
            assert_eq!(account["data_retention_in_days"], days);
            let invited = account["pending_sellers"].as_array().unwrap().iter();
            let invited = invited.filter(|p| p["name"].as_str().unwrap().starts_with("seller")).count();
            assert_eq!(invited, reference.invited[who].len());
        }
    }
}

/// Every sequence runs in a sandbox of its own, so that one server is enough for all of them.
#[test]
fn random_sequences_agree_with_the_reference() {
    // As `healthy`, but without credentials and pending sellers to begin with.
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
            play(&mock, &format!("run-{number}"), &steps);
            Ok(())
        })
        .unwrap();
}
