//! The public interface of the library: exactly the items that are listed here, so that nothing becomes public by
//! accident. A new item is added to `lib.rs`, to this list and to the changelog.

const ROOT: &[&str] = &[
    "AdminToken",
    "AllowedHost",
    "AuthorityError",
    "Clock",
    "ClockOutOfRange",
    "ContractError",
    "ControlError",
    "CorsPolicy",
    "DeliverySettings",
    "Diagnostic",
    "HandlerError",
    "InterceptSettings",
    "InvalidClock",
    "InvalidHost",
    "InvalidTlsHost",
    "Limits",
    "LoadError",
    "MockHeaders",
    "MockSandbox",
    "MockServer",
    "MockServerBuilder",
    "OtherHosts",
    "RequestMode",
    "Settings",
    "SignedDuration",
    "StartError",
    "Timestamp",
    "TlsCertificate",
    "TlsError",
    "TlsFiles",
    "TlsHost",
    "TlsSettings",
    "run",
];

const SCENARIO_FILE: &[&str] = &[
    "AccountSpec",
    "BodyCondition",
    "CallRange",
    "CallerCondition",
    "ClockCondition",
    "Delay",
    "DripSpec",
    "ExampleRequest",
    "ExampleStep",
    "ExpectedBody",
    "ExpectedRange",
    "ExpectedResponse",
    "FlappingSpec",
    "GenerateCounts",
    "HistoryPlan",
    "JsonDocument",
    "KeySpec",
    "OneOrMany",
    "OperationWork",
    "PlannedAccount",
    "PlannedFlow",
    "RateScope",
    "RateSpec",
    "RuleSpec",
    "ScenarioExample",
    "ScenarioFile",
    "Source",
    "SsoSpec",
    "SsoStatusName",
    "StepSpec",
    "TextCondition",
    "TtlStart",
    "WhenSpec",
    "WireFault",
    "WorldSpec",
];

const VERIFICATION: &[&str] = &[
    "Difference",
    "Expectation",
    "ExpectationOutcome",
    "ExpectationResult",
    "Expectations",
    "JournalRange",
    "NearestExchange",
    "OtherRequests",
    "RequestPattern",
    "Requirement",
    "ValueDiagnostic",
    "VerificationResult",
];

const INTERNALS: &[&str] = &[
    "Authentication",
    "BUILT_IN_SCENARIOS",
    "Backend",
    "Body",
    "BuiltIn",
    "Collection",
    "CompiledSchema",
    "Condition",
    "Contract",
    "DELIVER_TIMEOUT_MS_MAX",
    "Dialect",
    "HandlerTable",
    "IdGenerator",
    "Library",
    "Models",
    "Operation",
    "OutboundResponse",
    "Pipeline",
    "ProblemType",
    "Purpose",
    "RecipientModule",
    "Request",
    "Response",
    "Route",
    "SeededRng",
    "TEST_CERTIFICATES",
    "Template",
    "Trigger",
    "ValueGenerator",
    "World",
    "build_pipeline",
    "check_rules",
    "command_line",
    "fidelity_table",
    "load",
    "mask_value",
    "paragraphs",
    "parse_value",
    "response_violations",
    "text",
];

/// The code of `lib.rs` without comments.
fn code() -> String {
    let text = std::fs::read_to_string("src/lib.rs").unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The names that the `pub use` declarations of some code give to items, sorted. The code has no nested groups.
fn reexports(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for declaration in code.split("pub use ").skip(1) {
        let path = declaration.split(';').next().unwrap();
        let members = path.split_once('{').map_or(path, |(_, group)| group.trim_end().trim_end_matches('}'));
        for member in members.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            assert!(!member.contains(['{', '*']), "`{path}`: write every item by its name, in one group");
            let name = member.rsplit(" as ").next().unwrap();
            names.push(name.rsplit("::").next().unwrap().to_owned());
        }
    }
    names.sort_unstable();
    names
}

#[test]
fn public_items_are_exactly_the_intended_ones() {
    let code = code();
    let mut parts = code.split("pub mod ");
    let (root, mut modules) = (parts.next().unwrap(), Vec::new());
    for part in parts {
        let (name, rest) = part.split_once(" {").expect("a public module is written out in lib.rs");
        let (inside, after) = rest.split_once("\n}").unwrap();
        assert!(!after.contains("pub "), "items stand before the modules: {after}");
        modules.push((name, reexports(inside)));
    }
    assert_eq!(reexports(root), ROOT);
    let expected = [("scenario_file", SCENARIO_FILE), ("verification", VERIFICATION), ("internals", INTERNALS)];
    assert_eq!(modules.len(), expected.len(), "{modules:?}");
    for ((name, found), (expected_name, listed)) in modules.iter().zip(expected) {
        assert_eq!(
            (*name, found.as_slice()),
            (expected_name, &listed.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()[..])
        );
    }
    // Nothing is public but by these declarations.
    let public = code.matches("pub ").count();
    assert_eq!(public, code.matches("pub use ").count() + expected.len(), "lib.rs declares another public item");
}

#[test]
fn internals_are_used_by_tests_or_benches() {
    let mut files = Vec::new();
    for folder in ["tests/suite", "benches", "fuzz/src", "examples"] {
        crate::conventions::rust_files(std::path::Path::new(folder), &mut files);
    }
    files.retain(|file| !file.ends_with("public_api.rs"));
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let is_identifier = |c: char| c.is_alphanumeric() || c == '_';
    for name in INTERNALS {
        let is_used = texts
            .iter()
            .filter(|text| text.contains("leadconduit_mock::internals"))
            .any(|text| text.split(|c: char| !is_identifier(c)).any(|word| word == *name));
        assert!(is_used, "`internals::{name}` is not used any more: remove it from lib.rs");
    }
}
