//! Tests of parsing preferences, and of every response that can be selected from the contract.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use super::*;
use crate::contract::problem::ProblemType;
use crate::contract::{Contract, Operation};
use crate::leadconduit::response::OperationResponse;
use crate::support::clock::Timestamp;

type Headers<'a> = &'a [(&'static str, &'a str)];

fn read(target: &str, headers: Headers<'_>) -> Result<Preferences, Problem> {
    let mut request = Request::new(Method::GET, target.parse().unwrap());
    for (name, value) in headers {
        request.headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    Preferences::read(&request, || false)
}

fn applied(preferences: &Preferences) -> Option<String> {
    preferences.applied().map(|value| String::from_utf8(value.as_bytes().to_vec()).unwrap())
}

#[test]
fn preferences_are_read_from_every_source() {
    let rows: &[(&str, Headers<'_>, &str)] = &[
        // In `Prefer`, as defined by RFC 7240.
        ("/a", &[("prefer", "code=422")], "code=422"),
        ("/a", &[("prefer", " CODE = 422 ,delay=250;x=y")], "code=422, delay=250"),
        ("/a", &[("prefer", "return=minimal, code=\"422\", respond-async")], "code=422"),
        ("/a", &[("prefer", "code=422"), ("prefer", "delay=0")], "code=422, delay=0"),
        ("/a", &[("prefer", "code=422, code=abc"), ("prefer", "code=404")], "code=422"),
        ("/a", &[("prefer", "example=\"a b\"")], "example=\"a b\""),
        ("/a", &[("prefer", r#"example="a \"b\", \\c""#)], r#"example="a \"b\", \\c""#),
        ("/a", &[("prefer", "example=größer")], "example=\"größer\""),
        ("/a", &[("prefer", "dynamic")], "dynamic=true"),
        ("/a", &[("prefer", "dynamic=\"\"; a, seed=7")], "dynamic=true, seed=7"),
        ("/a", &[("prefer", "dynamic=False")], "dynamic=false"),
        ("/a", &[("prefer", "seed=18446744073709551615, code=200")], "code=200, seed=18446744073709551615"),
        ("/a", &[("prefer", "delay=300000, scenario=sso-outage")], "scenario=sso-outage, delay=300000"),
        ("/a", &[("prefer", ""), ("prefer", ", ,")], ""),
        ("/a", &[("prefer", "respond-async, wait=10")], ""),
        // In the query.
        ("/a?__code=422&__delay=9", &[], "code=422, delay=9"),
        ("/a?x=1&__example=a%20b&y", &[], "example=\"a b\""),
        ("/a?__example=a+b&__example=c", &[], "example=\"a b\""),
        ("/a?%5F%5fcode=422", &[], "code=422"),
        ("/a?__dynamic&__seed=7", &[], "dynamic=true, seed=7"),
        ("/a?__dynamic=true&__scenario=s", &[], "scenario=s, dynamic=true"),
        ("/a?code=422&_code=1&x=__code", &[], ""),
        // As other mocks have it.
        ("/a", &[("x-mock-response-code", " 422")], "code=422"),
        ("/a", &[("x-mock-response-name", "a b"), ("x-mock-response-delay", "1")], "example=\"a b\", delay=1"),
        ("/a", &[("x-mock-response-name", "größer")], "example=\"größer\""),
        ("/a", &[("x-mock-sandbox", "mine")], ""),
        // For each preference, the first of the three sources applies.
        (
            "/a?__code=1&__delay=1&__seed=1",
            &[("x-mock-response-code", "2"), ("x-mock-response-delay", "2"), ("prefer", "code=203")],
            "code=203, delay=2, seed=1",
        ),
        ("/a?__dynamic=true&__code=200", &[("prefer", "dynamic=false")], "code=200, dynamic=false"),
    ];
    for (target, headers, expected) in rows {
        let preferences = read(target, headers).unwrap_or_else(|p| panic!("{target} {headers:?}: {}", p.detail));
        assert_eq!(applied(&preferences).unwrap_or_default(), *expected, "{target} {headers:?}");
        assert_eq!(preferences == Preferences::default(), expected.is_empty(), "{target} {headers:?}");
        assert_eq!(preferences.faults, Faults::On);
    }
}

#[test]
fn invalid_preferences_are_rejected_with_a_correction() {
    let rows: &[(&str, Headers<'_>, &str)] = &[
        (
            "/a",
            &[("prefer", "code=abc")],
            "`Prefer: code=abc` is not a status; write a number from 200 to 599, such as `Prefer: code=422`",
        ),
        (
            "/a",
            &[("x-mock-response-code", "")],
            "`x-mock-response-code: ` is not a status; write a number from 200 to 599, such as `x-mock-response-code: 422`",
        ),
        (
            "/a?__code=+200",
            &[],
            "`?__code= 200` is not a status; write a number from 200 to 599, such as `?__code=422`",
        ),
        ("/a", &[("prefer", "code=100")], "`Prefer: code=100` is not a status"),
        ("/a", &[("prefer", "code=600")], "`Prefer: code=600` is not a status"),
        ("/a", &[("prefer", "code")], "`Prefer: code=` is not a status"),
        ("/a", &[("prefer", "code=65736")], "`Prefer: code=65736` is not a status"),
        (
            "/a",
            &[("prefer", "delay=-1")],
            "`Prefer: delay=-1` is not a delay; write milliseconds from 0 to 300000, or a duration like 2s or 1m30s, such as `Prefer: delay=250`",
        ),
        ("/a?__delay=300001", &[], "`?__delay=300001` is not a delay"),
        ("/a", &[("x-mock-response-delay", "soon")], "`x-mock-response-delay: soon` is not a delay"),
        (
            "/a",
            &[("prefer", "dynamic=maybe")],
            "`Prefer: dynamic=maybe` is neither true nor false; write one of them, such as `Prefer: dynamic=true`",
        ),
        (
            "/a?__dynamic&__seed=x",
            &[],
            "`?__seed=x` is not a seed; write a whole number from 0 to 18446744073709551615, such as `?__seed=7`",
        ),
        (
            "/a",
            &[("prefer", "dynamic, seed=18446744073709551616")],
            "`Prefer: seed=18446744073709551616` is not a seed",
        ),
        (
            "/a",
            &[("prefer", "example=")],
            "`Prefer: example=` does not name an example; write its name, such as `Prefer: example=documented`",
        ),
        ("/a", &[("x-mock-response-name", " ")], "`x-mock-response-name: ` does not name an example"),
        (
            "/a?__scenario",
            &[],
            "`?__scenario=` does not name a scenario; write its name, such as `?__scenario=sso-outage`",
        ),
        ("/a?__example=a%0ab", &[], "it has control characters"),
        (
            "/a",
            &[("prefer", "code=422 delay=2")],
            "the value in `Prefer: code=422 delay=2` is not one word; separate preferences by commas, and quote a value \
             that has spaces",
        ),
        ("/a", &[("prefer", "example=\"a")], "`Prefer: example=\"a` has an unclosed quote"),
        ("/a?__cod=1", &[], "`?__cod` is not a preference; did you mean `__code`?"),
        (
            "/a?__zzzzzzzzzz",
            &[],
            "`?__zzzzzzzzzz` is not a preference; write one of __code, __example, __scenario, __delay, __dynamic, __seed",
        ),
        ("/a?__Delay=1", &[("prefer", "delay=1")], "did you mean `__delay`?"),
        ("/a", &[("prefer", "seed=7")], "`seed=7` has no effect without a generated response; add `dynamic=true`"),
        ("/a?__seed=7&__dynamic=false", &[], "`seed=7` has no effect"),
        ("/a", &[("prefer", "code=200, example=a, seed=7")], "`seed=7` has no effect"),
        (
            "/a",
            &[("prefer", "example=\"a b\", dynamic")],
            "`example=\"a b\"` and `dynamic=true` exclude each other: an example is not generated; remove one of them",
        ),
        (
            "/a",
            &[("x-mock-faults", "none")],
            "`X-Mock-Faults: none` is neither on nor off; write `X-Mock-Faults: off` to disable rules and faults",
        ),
    ];
    for (target, headers, expected) in rows {
        let problem = read(target, headers).expect_err(target);
        assert!(problem.detail.contains(expected), "{target} {headers:?}: {}", problem.detail);
        assert_eq!((problem.status.as_u16(), problem.kind), (400, ProblemType::InvalidPreference));
    }
    let mut request = Request::new(Method::GET, "/a".parse().unwrap());
    request.headers.insert(PREFER, HeaderValue::from_bytes(b"code=\xff").unwrap());
    assert!(Preferences::read(&request, || false).unwrap_err().detail.contains("UTF-8"));
}

#[test]
fn rules_and_faults_can_be_disabled_for_a_request() {
    for (value, faults) in [("off", Faults::Off), (" OFF ", Faults::Off), ("on", Faults::On)] {
        let preferences = read("/a", &[("x-mock-faults", value)]).unwrap();
        assert_eq!(preferences.faults, faults);
        assert_eq!(applied(&preferences), None);
    }
}

#[test]
fn some_preferences_select_a_contract_response() {
    for (header, expected) in [
        ("code=422", true),
        ("example=a", true),
        ("dynamic", true),
        ("dynamic=false", false),
        ("delay=1, scenario=s", false),
    ] {
        assert_eq!(read("/a", &[("prefer", header)]).unwrap().requests_contract_response(), expected, "{header}");
    }
}

proptest::proptest! {
    #[test]
    fn applied_preferences_can_be_sent_again(
        header in "(code=[0-9]{3}|example=\"[ -~]{0,9}\"|delay=[0-9]{1,7}|dynamic|seed=[0-9]|[a-z=, ;\"\\\\]{0,9})(, (code=4[0-9]{2}|delay=[0-9]{2}|dynamic=true)){0,3}",
    ) {
        if let Ok(preferences) = read("/a", &[("prefer", &header)]) {
            let again = applied(&preferences).unwrap_or_default();
            proptest::prop_assert_eq!(read("/a", &[("prefer", &again)]).unwrap(), preferences);
        }
    }
}

// Responses of the contract.

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// The response for a `Prefer` header, validated against the contract.
fn response(contract: &Contract, operation: &Operation, header: &str) -> Result<OperationResponse, Problem> {
    let preferences = read("/a", &[("prefer", header)])?;
    let response = contract_response(contract, operation, &preferences, now(), 1).inspect_err(|problem| {
        assert_eq!(
            (problem.status.as_u16(), problem.kind),
            (400, ProblemType::InvalidPreference),
            "{}",
            problem.detail
        );
    })?;
    let mut headers: HeaderMap = response.headers.iter().cloned().collect();
    headers.insert(http::header::CONTENT_TYPE, response.media_type.clone());
    let violations = contract.check_response(operation, response.status, &headers, &response.body);
    assert!(violations.is_empty(), "{} with {header}: {violations:?}", operation.id);
    Ok(response)
}

fn body(response: &OperationResponse) -> Value {
    if response.media_type == crate::http::message::JSON_CONTENT_TYPE {
        return serde_json::from_slice(&response.body).unwrap();
    }
    String::from_utf8(response.body.to_vec()).unwrap().into()
}

#[test]
fn every_response_of_the_contract_can_be_selected() {
    let contract = Contract::built_in().unwrap();
    let (mut named, mut generated) = (0, 0);
    for operation in &contract.operations {
        let examples = contract.examples(operation);
        for code in operation.responses.keys() {
            let of_code: Vec<_> = examples.iter().filter(|example| example.status == *code).collect();
            let plain = response(&contract, operation, &format!("code={code}")).unwrap();
            assert_eq!(plain.status, *code);
            if let Some(first) = of_code.first() {
                assert_eq!(body(&plain), *first.value);
                let error = response(&contract, operation, &format!("code={code}, seed=3")).unwrap_err().detail;
                assert!(error.contains("dynamic=true") && error.contains(first.name), "{error}");
            }
            for example in &of_code {
                let name = prefer_header::quoted(example.name);
                let selected = response(&contract, operation, &format!("code={code}, example={name}")).unwrap();
                assert_eq!((selected.status, body(&selected)), (*code, example.value.clone()));
                named += 1;
            }
            for seed in 0..8 {
                let header = format!("code={code}, dynamic, seed={seed}");
                let selected = response(&contract, operation, &header).unwrap();
                assert_eq!(selected.status, *code);
                assert_eq!(selected.body, response(&contract, operation, &header).unwrap().body);
                generated += 1;
            }
        }
        for example in &examples {
            let selected =
                response(&contract, operation, &format!("example={}", prefer_header::quoted(example.name))).unwrap();
            let first = examples.iter().find(|other| other.name == example.name).unwrap();
            assert_eq!((selected.status, body(&selected)), (first.status, first.value.clone()));
        }
        assert_eq!(response(&contract, operation, "dynamic").unwrap().status, operation.success_status());
    }
    assert!(named > 100 && generated > 800, "{named} {generated}");
}

#[test]
fn the_same_seed_gives_the_same_response() {
    let contract = Contract::built_in().unwrap();
    let get = |operation: &Operation, preferences: &Preferences, now: &str, seed: u64| -> Bytes {
        contract_response(&contract, operation, preferences, now.parse().unwrap(), seed).unwrap().body
    };
    let seeded = |seed| Preferences { dynamic: Some(true), seed, ..Preferences::default() };
    let (early, late) = ("2026-01-01T00:00:00Z", "2027-06-01T00:00:00Z");
    let mut differ = 0;
    for operation in &contract.operations {
        // A seed in the request overrides the seed of the world, and makes the response independent of the date.
        let first = get(operation, &seeded(Some(7)), early, 1);
        assert_eq!(first, get(operation, &seeded(Some(7)), late, 2), "{}", operation.id);
        assert_eq!(get(operation, &seeded(None), early, 1), get(operation, &seeded(None), early, 1));
        differ += usize::from(first != get(operation, &seeded(Some(8)), early, 1));
        differ += usize::from(get(operation, &seeded(None), early, 1) != get(operation, &seeded(None), early, 2));
    }
    assert!(differ > contract.operations.len(), "{differ}");
}

#[test]
fn unknown_statuses_and_examples_are_rejected() {
    let contract = Contract::built_in().unwrap();
    let list = contract.operation("list_connections").unwrap();
    let rows = [
        ("code=418", "list_connections has no response 418; write one of 200, 400, 401, 403"),
        ("code=404, dynamic", "list_connections has no response 404; write one of 200, 400, 401, 403"),
        (
            "example=documnted",
            "list_connections has no example `documnted`; did you mean `documented`? the examples are documented (200), \
             invalid_relationship_type (400), authentication_failed (401), not_authorized (401), misconfigured_csrf (403)",
        ),
        (
            "code=401, example=documented",
            "response 401 of list_connections has no example `documented`; the examples are authentication_failed, not_authorized",
        ),
    ];
    for (header, expected) in rows {
        assert_eq!(response(&contract, list, header).unwrap_err().detail, expected);
    }
}

const CONTRACT: &str = r"
openapi: 3.1.0
info: { title: T, version: '1' }
paths:
  /things:
    get:
      operationId: list_things
      x-evidence: inferred
      x-source: [page]
      x-behaviour: generated
      responses:
        '200':
          description: d
          x-evidence: inferred
          headers:
            X-Total: { required: true, schema: { type: integer }, example: 3 }
            X-Kind: { required: true, schema: { const: true } }
            X-Page: { required: true, schema: { type: string }, examples: { a: { value: one } } }
            X-Left-Out: { schema: { type: string }, example: here }
            Content-Type: { required: true, schema: { type: string } }
          content: { application/json: { schema: { type: array, items: { type: integer }, minItems: 3 }, example: [1, 2, 3] } }
        '201':
          description: d
          x-evidence: inferred
          headers: { Location: { required: true, schema: { type: string } } }
          content: { application/json: { schema: { type: object }, examples: { sent: { value: {} } } } }
        '204':
          description: d
          x-evidence: inferred
        '202':
          description: d
          x-evidence: inferred
          content: { application/json: { schema: { type: integer }, examples: { bad: { value: text } } } }
        '203':
          description: d
          x-evidence: inferred
          content: { application/json: { schema: { type: integer, minimum: 0 } } }
";

#[test]
fn headers_empty_bodies_and_invalid_examples_of_another_contract() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("openapi.yaml"), CONTRACT).unwrap();
    let contract = Contract::read(folder.path()).unwrap();
    let list = contract.operation("list_things").unwrap();
    let names: Vec<(u16, &str)> = contract.examples(list).iter().map(|e| (e.status, e.name)).collect();
    assert_eq!(names, [(200, "example"), (201, "sent"), (202, "bad")]);

    let select = |header: &str| {
        let preferences = read("/a", &[("prefer", header)]).unwrap();
        contract_response(&contract, list, &preferences, now(), 1)
    };
    for header in ["code=200", "example=example", "dynamic"] {
        let response = select(header).unwrap();
        let headers: Vec<(&str, &[u8])> = response.headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
        assert_eq!(headers, [("x-total", &b"3"[..]), ("x-kind", b"true"), ("x-page", b"one")]);
    }
    assert!(select("code=201").unwrap_err().detail.contains("requires the header Location"));
    assert_eq!(select("code=202").unwrap_err().kind, ProblemType::InvalidResponse);
    assert!(select("code=202, dynamic").is_ok());
    // Without an example the response is generated, so the seed has an effect.
    assert_eq!(select("code=203, seed=1").unwrap().body, select("code=203, dynamic, seed=1").unwrap().body);
    for header in ["code=204", "code=204, dynamic", "code=204, dynamic, seed=1"] {
        let response = select(header).unwrap();
        assert_eq!((response.status, response.body.len(), response.headers.len()), (204, 0, 0));
    }
    assert_eq!(
        select("code=204, example=sent").unwrap_err().detail,
        "response 204 of list_things has no examples, so not `sent`; remove the name, or write `dynamic=true`"
    );
}
