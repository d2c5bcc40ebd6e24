//! The documents of a world at its start: valid, consistent, and different for another seed.

use std::sync::Arc;

use leadconduit_mock::internals::{Collection, Contract, Library, World, text};
use leadconduit_mock::{Clock, Timestamp};
use serde_json::Value;

const CLOCK: &str = "2026-11-21T12:00:00Z";

fn world(library: &Library, contract: &Contract, name: &str, seed: u64) -> World {
    let clock: Clock = CLOCK.parse().unwrap();
    library.get(name).unwrap().create_world(contract, seed, clock).unwrap()
}

/// The server does not validate the built-in scenarios at start, because this test does.
#[test]
fn the_built_in_scenarios_are_valid() {
    let library = Library::built_in(Arc::new(Contract::built_in().unwrap())).unwrap();
    for listed in library.list() {
        let (scenario, warnings) = library.get_with_warnings(&listed.name).unwrap();
        assert!(warnings.is_empty(), "{}: {warnings:?}", listed.name);
        assert!(!scenario.examples.is_empty(), "{} proves nothing", listed.name);
    }
}

#[test]
fn every_document_is_valid_and_consistent() {
    let contract = Arc::new(Contract::built_in().unwrap());
    let library = Library::built_in(Arc::clone(&contract)).unwrap();
    let documents = std::sync::atomic::AtomicUsize::new(0);
    let work = |name: String| {
        // One of its worlds has hundreds of documents of each kind already.
        let seeds = if name == "busy-account" { 3 } else { 50 };
        for seed in 0..seeds {
            let world = world(&library, &contract, &name, seed);
            for (_, account) in world.accounts() {
                for collection in Collection::ALL {
                    let check = contract.model(collection.model()).unwrap();
                    for (id, document) in account.all(collection) {
                        let value = document.value();
                        assert!(check.accepts(value), "{name}: {:?}", check.violations("", value));
                        assert_eq!(&**id, text(value, collection.id_property()));
                        assert_consistent(&name, value);
                        documents.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for listed in library.list() {
            scope.spawn(|| work(listed.name));
        }
    });
    let documents = documents.into_inner();
    assert!(documents > 5000, "{documents}");
}

/// It contains no real persons, and its times are in order.
fn assert_consistent(name: &str, value: &Value) {
    let at = |key: &str| value.get(key).and_then(Value::as_str).map(|text| text.parse::<Timestamp>().unwrap());
    let now: Timestamp = CLOCK.parse().unwrap();
    if let (Some(created), Some(updated)) = (at("created_at"), at("updated_at")) {
        assert!(created <= updated && updated <= now, "{name}: {value}");
    }
    if let (Some(created), Some(expires)) = (at("created_at"), at("expires_at")) {
        assert!(created <= expires, "{name}: {value}");
    }
    if let Some(email) = value.get("email").and_then(Value::as_str) {
        assert!(
            [".example.com", "@example.com", "@example.org", "@example.net"].iter().any(|end| email.ends_with(end)),
            "{email}"
        );
    }
    if let Some(phone) = value.get("phone").and_then(Value::as_str) {
        assert!(phone.contains("-555-01"), "{phone}");
    }
    if let Some(website) = value.get("website").and_then(Value::as_str) {
        assert!(website.ends_with(".example.com"), "{website}");
    }
}

#[test]
fn generated_ids_contain_their_creation_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = "version: 1\nname: many\ndescription: Many of each.\nextends: healthy\nworld:\n  accounts:\n    - account: { id: 5fd4371e940df5a34a3888b2 }\n      \
        generate: { users: 20, credentials: 20, entities: 20, connections: 20, invitations: 20 }\n";
    std::fs::write(folder.path().join("many.yaml"), file).unwrap();
    let contract = Arc::new(Contract::built_in().unwrap());
    let mut library = Library::built_in(Arc::clone(&contract)).unwrap();
    library.read(folder.path()).unwrap();
    let world = library.get("many").unwrap().create_world(&contract, 3, CLOCK.parse().unwrap()).unwrap();
    let account = world.account("5fd4371e940df5a34a3888b2").unwrap();
    assert_eq!(account.all(Collection::Users).len(), 23);
    assert_eq!(account.all(Collection::Connections).len(), 22);
    for collection in [Collection::Credentials, Collection::Entities, Collection::Invitations] {
        let mut count = 0;
        // Fixtures are older.
        for document in account.all(collection).values().filter(|d| d.text("created_at") > Some("2026-06")) {
            let created: Timestamp = document.text("created_at").unwrap().parse().unwrap();
            let id = i64::from_str_radix(&document.text("id").unwrap()[..8], 16).unwrap();
            assert_eq!(id, created.as_second(), "{:?}", document.value());
            count += 1;
        }
        assert!(count > 5, "{collection:?}: {count}");
    }
    // Related documents have the same creation time.
    for row in account.all(Collection::Connections).values() {
        let other = text(&row.value()["connected_account"], "id");
        assert!(account.get(Collection::Entities, other).is_some(), "{other}");
        assert!(account.get(Collection::Invitations, row.text("invitation_id").unwrap()).is_some());
        assert!(world.sso.connection(row.text("external_id").unwrap(), "5fd4371e940df5a34a3888b2").is_some());
    }
}

#[test]
fn another_seed_changes_generated_documents_but_not_fixtures() {
    let contract = Arc::new(Contract::built_in().unwrap());
    let library = Library::built_in(Arc::clone(&contract)).unwrap();
    let credentials = |seed: u64| {
        let healthy = world(&library, &contract, "healthy", seed);
        let account = healthy.account("5fd4371e940df5a34a3888b2").unwrap();
        account.all(Collection::Credentials).values().map(|d| d.value().to_string()).collect::<Vec<_>>()
    };
    let (one, again, other) = (credentials(1), credentials(1), credentials(2));
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert_eq!(one.len(), other.len());
    assert!(other.iter().any(|text| text.contains("Acme Salesforce login")));
}
