//! Integration packages: shared by all accounts, and referred to by credentials and entities.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::support::{GLOBEX, Mock};

#[test]
fn the_module_list_equals_the_modules_of_packages() {
    let mock = Mock::healthy();
    let packages = mock.get("/packages").expect(200).json();
    let packages = packages.as_array().unwrap();
    assert!(packages.len() >= 15);
    let mut inside = Vec::new();
    for package in packages {
        let id = package["id"].as_str().unwrap();
        assert_eq!(mock.get(&format!("/packages/{id}")).expect(200).json(), *package);
        let modules = package["integrations"].as_array().unwrap();
        let paths: Vec<String> = package["paths"]
            .as_array()
            .unwrap()
            .iter()
            .map(|path| format!("{id}.{}", path.as_str().unwrap()))
            .collect();
        assert_eq!(modules.iter().map(|module| module["id"].as_str().unwrap()).collect::<Vec<_>>(), paths);
        inside.extend(modules.iter().cloned());
    }
    assert_eq!(mock.get("/modules").expect(200).json(), Value::Array(inside));
    assert_eq!(mock.get("/packages/leadconduit-nowhere").expect(404).error(), "package not found");
    assert_eq!(mock.call(GLOBEX, Method::GET, "/packages", None).json().as_array().unwrap(), packages);
}

#[test]
fn modules_of_entities_and_flows_are_in_a_package() {
    let mock = Mock::healthy();
    let modules = mock.get("/modules").json();
    let known: BTreeSet<&str> =
        modules.as_array().unwrap().iter().map(|module| module["id"].as_str().unwrap()).collect();
    for entity in mock.get("/entities").json().as_array().unwrap() {
        for module in entity["module_ids"].as_array().unwrap() {
            assert!(known.contains(module.as_str().unwrap()), "{} names {module}", entity["name"]);
        }
    }
    for id in [
        "leadconduit-default.inbound",
        "leadconduit-default.outbound",
        "leadconduit-salesforce.outbound.create_contact",
    ] {
        assert!(known.contains(id), "{id}");
    }
}

#[test]
fn an_unknown_package_of_a_credential_is_accepted_with_a_note() {
    let mock = Mock::healthy();
    let input = |package: &str| json!({"name": "n", "type": "token", "package": package, "token": "t"});
    let unknown = mock.post("/credentials", &input("leadconduit-five8")).expect(201);
    let note = "package is `leadconduit-five8`, which `list_packages` does not have; did you mean `leadconduit-five9`?";
    let expected = json!([{"location": "/body/package", "code": "unknown_package", "message": note}]);
    assert_eq!(json!(unknown.violations()), expected);
    let made = mock.post("/credentials", &input("leadconduit-five9")).expect(201).json();
    let path = format!("/credentials/{}", made["id"].as_str().unwrap());
    assert_eq!(mock.put(&path, &input("string")).expect(200).violations()[0]["code"], "unknown_package");
    assert_eq!(mock.get(&path).json()["package"], "string");
    let violating = mock.get("/__admin/requests?violations=true").expect(200).json();
    assert_eq!(violating["requests"], json!([]), "the note is no violation");
}

#[test]
fn pricing_services_belong_to_the_account() {
    let mock = Mock::healthy();
    let services = mock.get("/services").expect(200).json();
    assert_eq!((services.as_array().unwrap().len(), &services[0]["name"]), (1, &json!("Acme price desk")));
    assert_eq!(mock.call(GLOBEX, Method::GET, "/services", None).expect(200).json(), json!([]));
}
