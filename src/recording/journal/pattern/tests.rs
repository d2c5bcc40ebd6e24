//! Tables of patterns: whether an exchange matches, and the description of the first difference.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;

use super::*;
use crate::contract::Violation;
use crate::http::message::{Body, Request, Response};
use crate::recording::journal::{ContractCheck, CredentialKind, ExchangeParts, KnownSecrets, ResponseSource};
use crate::support::clock::Timestamp;

fn contract() -> &'static Contract {
    static CONTRACT: std::sync::LazyLock<Contract> = std::sync::LazyLock::new(|| Contract::built_in().unwrap());
    &CONTRACT
}

fn exchange(line: &str, headers: &[(&'static str, &str)], body: &str, body_bytes_max: usize) -> Exchange {
    let (method, target) = line.split_once(' ').unwrap();
    let mut request = Request::new(method.parse::<Method>().unwrap(), target.parse().unwrap());
    for (name, value) in headers {
        request.headers.append(*name, value.parse().unwrap());
    }
    request.body = Body::Complete(Bytes::from(body.to_owned()));
    let response = Response::new(StatusCode::CONFLICT, "{}");
    let parts = ExchangeParts {
        request: &request,
        path: request.path(),
        response: &response,
        response_head: None,
        secrets: KnownSecrets::default(),
        number: 1,
        at: Timestamp::UNIX_EPOCH,
        duration_us: 1,
        scenario: None,
        operation: contract().operation("repair_connection"),
        response_source: ResponseSource::Operation,
        caller: None,
        violations: vec![Violation::reported("/body/a", "type", "a must be text")],
        lead: None,
        credentials: CredentialKind::default(),
        contract_check: ContractCheck::Done,
        evidence: None,
        applied_rules: Vec::new(),
        body_bytes_max,
    };
    let mut exchange = parts.into_exchange();
    exchange.caller = Some(("acme".into(), "jane".into()));
    exchange
}

fn sample() -> Exchange {
    exchange(
        "POST /connections/c%201?limit=5&tag=a&tag=b&token=hidden",
        &[
            ("accept", "application/json"),
            ("authorization", "Basic aGlkZGVu"),
            ("cookie", "a=b"),
            ("x-two", "1"),
            ("x-two", "2"),
        ],
        r#"{"name": "Jane", "list": [1, 2], "none": null, "empty": [], "deep": {"items": [{"id": "x"}, {"id": "y"}]}}"#,
        1000,
    )
}

#[test]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn patterns_match_or_describe_the_difference() {
    // The first difference; empty when the pattern matches.
    let rows: &[(Value, &str)] = &[
        (json!({}), ""),
        (json!({"method": "ANY"}), ""),
        (json!({"method": "post"}), ""),
        (json!({"method": ["GET", "POST"]}), ""),
        (json!({"method": "GET"}), "method: expected `GET`, found `POST`"),
        (json!({"url": "/connections/c%201?limit=5&tag=a&tag=b&token=***"}), ""),
        (
            json!({"url": "/connections/c%201"}),
            "url: expected `/connections/c%201`, found `/connections/c%201?limit=5&tag=a&tag=b&token=***`",
        ),
        (json!({"urlPath": "/connections/c%201"}), ""),
        (json!({"urlPath": "/connections"}), "path: expected `/connections`, found `/connections/c%201`"),
        (json!({"urlPattern": "/connections.*"}), ""),
        (
            json!({"urlPattern": "/connections"}),
            "url: expected text matching `/connections`, found `/connections/c%201?limit=5&tag=a&tag=b&token=***`",
        ),
        (json!({"urlPathPattern": "/conn.*|/flows"}), ""),
        (json!({"urlPathPattern": "onn"}), "path: expected text matching `onn`, found `/connections/c%201`"),
        (json!({"urlPathTemplate": "/connections/{id}"}), ""),
        (json!({"urlPathTemplate": "/{a}"}), "path: expected text matching `/{a}`, found `/connections/c%201`"),
        (json!({"urlPathTemplate": "/connections/{id}", "pathParameters": {"id": {"equalTo": "c 1"}}}), ""),
        (
            json!({"urlPathTemplate": "/connections/{id}", "pathParameters": {"id": "d"}}),
            "path parameter id: expected `d`, found `c 1`",
        ),
        (json!({"queryParameters": {"limit": {"equalTo": "5"}}}), ""),
        (json!({"queryParameters": {"limit": 5}}), ""),
        (json!({"queryParameters": {"limit": {"equalTo": "6"}}}), "query parameter limit: expected `6`, found `5`"),
        (json!({"queryParameters": {"start": {"equalTo": "6"}}}), "query parameter start: expected `6`, found nothing"),
        (json!({"queryParameters": {"start": {"absent": true}}}), ""),
        (json!({"queryParameters": {"limit": {"absent": true}}}), "expected no query parameter limit, found `5`"),
        (json!({"queryParameters": {"limit": {"absent": false}}}), ""),
        (json!({"queryParameters": {"token": {"absent": false}}}), ""),
        (json!({"queryParameters": {"tag": {"equalTo": "b"}}}), ""),
        (json!({"queryParameters": {"tag": {"includes": [{"equalTo": "b"}]}}}), ""),
        (json!({"queryParameters": {"tag": {"hasExactly": [{"equalTo": "b"}, {"equalTo": "a"}]}}}), ""),
        (
            json!({"queryParameters": {"tag": {"hasExactly": [{"equalTo": "b"}]}}}),
            "query parameter tag: expected `b` and no other value, found `a`, `b`",
        ),
        (
            json!({"queryParameters": {"tag": {"includes": [{"equalTo": "c"}]}}}),
            "query parameter tag: expected `c` among its values, found `a`, `b`",
        ),
        (json!({"headers": {"Accept": {"contains": "json"}}}), ""),
        (
            json!({"headers": {"Accept": {"contains": "xml"}}}),
            "header accept: expected text containing `xml`, found `application/json`",
        ),
        (
            json!({"headers": {"Accept": {"doesNotContain": "json"}}}),
            "header accept: expected not text containing `json`, found `application/json`",
        ),
        (json!({"headers": {"Accept": {"doesNotContain": "xml"}}}), ""),
        (json!({"headers": {"Nowhere": {"doesNotContain": "xml"}}}), ""),
        (json!({"headers": {"accept": {"equalTo": "APPLICATION/JSON", "caseInsensitive": true}}}), ""),
        (
            json!({"headers": {"accept": {"equalTo": "APPLICATION/JSON"}}}),
            "header accept: expected `APPLICATION/JSON`, found `application/json`",
        ),
        (json!({"headers": {"accept": {"matches": "application/.*"}}}), ""),
        (json!({"headers": {"accept": {"matches": "(?i)APPLICATION/.*"}}}), ""),
        (
            json!({"headers": {"accept": {"matches": "application"}}}),
            "header accept: expected text matching `application`, found `application/json`",
        ),
        (json!({"headers": {"accept": {"doesNotMatch": "text/.*"}}}), ""),
        (json!({"headers": {"x-two": {"equalTo": "2"}}}), ""),
        (json!({"headers": {"x-two": {"and": [{"matches": "[0-9]"}, {"contains": "2"}]}}}), ""),
        (json!({"headers": {"x-two": {"or": [{"equalTo": "3"}, {"contains": "2"}]}}}), ""),
        (json!({"headers": {"x-two": {"not": {"equalTo": "3"}}}}), ""),
        (json!({"headers": {"authorization": {"matches": "Basic .*"}}}), ""),
        (
            json!({"cookies": {"a": {"absent": true}}}),
            "expected no cookie a, found `a cookie, which the journal does not record`",
        ),
        (json!({"operation": "repair_connection"}), ""),
        (json!({"operation": ["list_connections", "repair_connection"]}), ""),
        (json!({"operation": "list_connections"}), "operation: expected `list_connections`, found `repair_connection`"),
        (json!({"status": 409}), ""),
        (json!({"status": [409, 422]}), ""),
        (json!({"status": 201}), "status: expected `201`, found `409`"),
        (json!({"violations": true}), ""),
        (json!({"violations": false}), "violations: expected none, found `a must be text`"),
        (json!({"caller": {"account": "acme", "user": "jane"}}), ""),
        (json!({"caller": {"user": "john"}}), "caller's user: expected `john`, found `jane`"),
        (json!({"bodyPatterns": [{"contains": "Jane"}, {"doesNotContain": "John"}]}), ""),
        (json!({"bodyPatterns": [{"equalToJson": {"name": "Jane"}, "ignoreExtraElements": true}]}), ""),
        (json!({"bodyPatterns": [{"equalToJson": "{\"name\": \"Jane\"}", "ignoreExtraElements": true}]}), ""),
        (
            json!({"bodyPatterns": [{"equalToJson": {"list": [2, 1]}, "ignoreExtraElements": true, "ignoreArrayOrder": true}]}),
            "",
        ),
        (
            json!({"bodyPatterns": [{"equalToJson": {"name": "John"}, "ignoreExtraElements": true}]}),
            "body: expected the JSON {\"name\":\"John\"}, extra elements allowed, found {\"name\":\"Jane\",\"list\":[1,2],\"none\":null,\
             \"empty\":[],\"deep\":{\"items\":[{\"id\":\"x\"},{\"id\":\"y\"}]}}: /name is \"Jane\", not \"John\"",
        ),
        (json!({"bodyPatterns": [{"matchesJsonPath": "$.name"}]}), ""),
        (json!({"bodyPatterns": [{"matchesJsonPath": "$.deep.items[?(@.id == 'y')]"}]}), ""),
        (json!({"bodyPatterns": [{"matchesJsonPath": "$..id"}]}), ""),
        (json!({"bodyPatterns": [{"not": {"matchesJsonPath": "$.none"}}]}), ""),
        (json!({"bodyPatterns": [{"not": {"matchesJsonPath": "$.empty"}}]}), ""),
        (json!({"bodyPatterns": [{"matchesJsonPath": {"expression": "$.name", "equalTo": "Jane"}}]}), ""),
        (json!({"bodyPatterns": [{"matchesJsonPath": {"expression": "$.list", "equalTo": "2"}}]}), ""),
        (json!({"bodyPatterns": [{"matchesJsonPath": {"expression": "$.list", "equalToJson": [1, 2]}}]}), ""),
        (json!({"bodyPatterns": [{"matchesJsonPath": {"expression": "$..id", "equalTo": "y"}}]}), ""),
        (json!({"bodyPatterns": [{"matchesJsonPath": {"expression": "$.missing", "absent": true}}]}), ""),
        (
            json!({"bodyPatterns": [{"matchesJsonPath": {"expression": "$.name", "equalTo": "John"}}]}),
            "body: expected JSON with `John` at $.name, found \"Jane\" at $.name",
        ),
        (json!({"bodyPatterns": [{"matchesJsonSchema": {"required": ["name"]}}]}), ""),
        (
            json!({"bodyPatterns": [{"matchesJsonSchema": {"properties": {"name": {"type": "number"}}}}]}),
            "body: expected JSON that is valid against the schema, found {\"name\":\"Jane\",\"list\":[1,2],\"none\":null,\"empty\":[],\
             \"deep\":{\"items\":[{\"id\":\"x\"},{\"id\":\"y\"}]}}: name must be a number, not a string",
        ),
    ];
    let exchange = sample();
    for (value, expected) in rows {
        let pattern =
            RequestPattern::parse(value, contract()).unwrap_or_else(|diagnostics| panic!("{value}: {diagnostics:?}"));
        let differences = pattern.differences(&exchange, contract());
        assert_eq!(differences.first().map(ToString::to_string).unwrap_or_default(), *expected, "{value}");
        assert_eq!(pattern.matches(&exchange, contract()), expected.is_empty(), "{value}");
        let distance = pattern.distance(&exchange, contract());
        assert!(
            if expected.is_empty() { distance == 0.0 } else { distance > 0.0 && distance <= 1.0 },
            "{value} {distance}"
        );
        assert!(differences.iter().all(|one| one.distance > 0.0 && one.distance <= 1.0), "{differences:?}");
    }
}

#[test]
fn truncated_bodies_match_only_what_their_beginning_proves() {
    let cut = exchange("POST /connections", &[], r#"{"name": "Jane", "more": "and so on and on"}"#, 20);
    let expected = "found a body of 44 bytes, which cannot be compared: the journal recorded 20";
    for (matcher, is_match) in [
        (json!({"equalToJson": {"name": "Jane"}}), false),
        (json!({"not": {"equalToJson": {"name": "Jane"}}}), false),
        (json!({"doesNotContain": "on and"}), false),
        (json!({"matchesJsonPath": "$.name"}), false),
        (json!({"contains": "Jane"}), true),
        (json!({"absent": false}), true),
    ] {
        let pattern = RequestPattern::parse(&json!({"bodyPatterns": [matcher]}), contract()).unwrap();
        assert_eq!(pattern.matches(&cut, contract()), is_match, "{matcher}");
        if !is_match {
            let difference = pattern.differences(&cut, contract())[0].to_string();
            assert!(difference.ends_with(expected), "{difference}");
        }
    }
    // A body that redaction made shorter is complete.
    let secret = exchange("POST /x", &[], r#"{"password": "0123456789", "a": 1}"#, 1000);
    assert!(!secret.request_body.is_truncated());
    let pattern = json!({"bodyPatterns": [{"equalToJson": {"password": "***", "a": 1}}]});
    assert!(RequestPattern::parse(&pattern, contract()).unwrap().matches(&secret, contract()));
}

#[test]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn invalid_patterns_return_a_pointer_and_a_hint() {
    let deep = (0..20).fold(json!({"equalTo": "x"}), |inner, _| json!({"not": inner}));
    let rows: &[(Value, &str, &str)] = &[
        (json!([]), "", "a request pattern must be an object"),
        (json!({"urlpath": "/x"}), "/urlpath~#", "a request pattern has no key `urlpath`; did you mean `urlPath`?"),
        (json!({"qqq": 1}), "/qqq~#", "write one of operation, url,"),
        (json!({"host": {}}), "/host~#", "WireMock's key `host` is not supported here; remove it"),
        (json!({"method": "PSOT"}), "/method", "`PSOT` is not a method; did you mean `POST`?"),
        (json!({"url": "flows"}), "/url", "begins with `/`"),
        (json!({"urlPath": "/__sandbox/a/flows"}), "/urlPath", "write the path after it"),
        (json!({"urlPattern": "("}), "/urlPattern", "`(` is not a regular expression: "),
        (
            json!({"urlPathTemplate": "/{a}/{a}"}),
            "/urlPathTemplate",
            "a parameter may occur only once in a path template",
        ),
        (json!({"urlPathTemplate": "/a{b}"}), "/urlPathTemplate", "such as /connections/{id}"),
        (json!({"pathParameters": {"id": "x"}}), "/pathParameters", "requires `urlPathTemplate`"),
        (
            json!({"urlPathTemplate": "/{a}", "pathParameters": {"b": "x"}}),
            "/pathParameters/b~#",
            "the path template has no parameter `b`; it has a",
        ),
        (
            json!({"operation": "list_conections"}),
            "/operation",
            "there is no operation `list_conections`; did you mean `list_connections`?",
        ),
        (json!({"operation": ["list_connections", "x"]}), "/operation/1", "there is no operation `x`"),
        (json!({"status": 4090}), "/status", "from 100 to 599"),
        (json!({"status": []}), "/status", "from 100 to 599"),
        (json!({"violations": 0}), "/violations", "`violations` must be true"),
        (json!({"caller": {"key": "x"}}), "/caller/key~#", "write `account` or `user`"),
        (json!({"basicAuth": {"username": "a", "password": "b"}}), "/basicAuth", "`caller`"),
        (
            json!({"basicAuthCredentials": {"username": "a", "password": "b"}}),
            "/basicAuthCredentials",
            "the journal does not record credentials",
        ),
        (json!({"cookies": {"a": {"equalTo": "b"}}}), "/cookies/a", "the journal does not record cookies"),
        (
            json!({"headers": {"Authorization": {"equalTo": "Basic eDp5"}}}),
            "/headers/Authorization",
            "the journal does not record secrets",
        ),
        (json!({"headers": {"a/b": {"equlTo": "x"}}}), "/headers/a~1b/equlTo~#", "did you mean `equalTo`?"),
        (
            json!({"headers": {"a": {"binaryEqualTo": "x"}}}),
            "/headers/a/binaryEqualTo~#",
            "WireMock's matcher `binaryEqualTo` is not supported",
        ),
        (json!({"headers": {"a": {}}}), "/headers/a", "the matcher is empty; write one of equalTo,"),
        (
            json!({"headers": {"a": {"contains": "a", "matches": "b"}}}),
            "/headers/a/matches~#",
            "`matches` cannot be combined with `contains`; write {\"and\"",
        ),
        (
            json!({"headers": {"a": {"contains": "a", "caseInsensitive": true}}}),
            "/headers/a/caseInsensitive~#",
            "there is no matcher `caseInsensitive`",
        ),
        (
            json!({"headers": {"a": {"equalTo": "a", "caseInsensitive": 1}}}),
            "/headers/a/caseInsensitive",
            "`caseInsensitive` must be true or false",
        ),
        (json!({"headers": {"a": {"includes": [], "equalTo": "a"}}}), "/headers/a", "`includes` must be the only key"),
        (json!({"headers": {"a": {"and": []}}}), "/headers/a/and", "at least one matcher"),
        (json!({"bodyPatterns": {"contains": "x"}}), "/bodyPatterns", "this must be an array of at least one matcher"),
        (json!({"bodyPatterns": [{"equalToJson": "{"}]}), "/bodyPatterns/0/equalToJson", "the string is not JSON"),
        (
            json!({"bodyPatterns": [{"equalToJson": "\"${json-unit.regex}x\""}]}),
            "/bodyPatterns/0/equalToJson",
            "write one of ${json-unit.ignore}",
        ),
        (
            json!({"bodyPatterns": [{"matchesJsonPath": "name"}]}),
            "/bodyPatterns/0/matchesJsonPath",
            "is not a JSONPath",
        ),
        (
            json!({"bodyPatterns": [{"matchesJsonPath": "$.a.concat('b')"}]}),
            "/bodyPatterns/0/matchesJsonPath",
            "the function `concat()` is not supported",
        ),
        (
            json!({"bodyPatterns": [{"matchesXPath": "//a[lower-case(.) = 'b']"}]}),
            "/bodyPatterns/0/matchesXPath",
            "XPath 1.0 has no function `lower-case`",
        ),
        (
            json!({"bodyPatterns": [{"matchesXPath": "//a", "xPathNamespaces": ["x"]}]}),
            "/bodyPatterns/0/xPathNamespaces",
            "an object of prefixes and URIs",
        ),
        (json!({"bodyPatterns": [{"equalToXml": "<a>"}]}), "/bodyPatterns/0/equalToXml", "the string is not XML"),
        (
            json!({"bodyPatterns": [{"equalToXml": "<a/>", "exemptedComparisons": []}]}),
            "/bodyPatterns/0/exemptedComparisons~#",
            "WireMock's matcher `exemptedComparisons` is not supported",
        ),
        (
            json!({"bodyPatterns": [{"contains": "ssn=078-05-1120"}]}),
            "/bodyPatterns/0/contains",
            "the journal does not record secrets",
        ),
        (
            json!({"bodyPatterns": [{"matches": ".*078-05-1120.*"}]}),
            "/bodyPatterns/0/matches",
            "the journal does not record secrets",
        ),
        (
            json!({"bodyPatterns": [{"matchesJsonPath": {"equalTo": "x"}}]}),
            "/bodyPatterns/0/matchesJsonPath",
            "`expression` is missing",
        ),
        (
            json!({"bodyPatterns": [{"matchesJsonSchema": {"type": "txt"}}]}),
            "/bodyPatterns/0/matchesJsonSchema",
            "this is not a JSON Schema",
        ),
        (json!({"bodyPatterns": [deep]}), "", "at most 16 levels deep"),
    ];
    for (value, pointer, expected) in rows {
        let diagnostics = RequestPattern::parse(value, contract()).err().unwrap_or_else(|| panic!("{value} is valid"));
        let (at, message) = &diagnostics[0];
        assert!(pointer == at || pointer.is_empty(), "{value}: {at}");
        assert!(message.contains(expected), "{value}: {message}");
    }
    // Damaged and deeply nested expressions are rejected.
    for hard in ["$[?length(length(length(length(length(length(@", "$[?((((((@.a", "$[?@[?@[?@", "$[?!(!(!(!(!(!(@"] {
        assert!(
            RequestPattern::parse(&json!({"bodyPatterns": [{"matchesJsonPath": hard}]}), contract()).is_err(),
            "{hard}"
        );
    }
    let many = format!("$[?{}", "(".repeat(400));
    let diagnostics =
        RequestPattern::parse(&json!({"bodyPatterns": [{"matchesJsonPath": many}]}), contract()).unwrap_err();
    assert!(diagnostics[0].1.contains("nested more than 8 levels deep"), "{diagnostics:?}");
    let all = RequestPattern::parse(&json!({"x": 1, "method": 2, "status": "a"}), contract()).unwrap_err();
    assert_eq!(all.len(), 3);
}

#[test]
fn nearer_exchanges_have_a_smaller_distance() {
    let (near, far) = (sample(), exchange("GET /flows", &[], "", 100));
    let pattern = json!({"method": "POST", "urlPath": "/connections/c%202", "status": 409});
    let pattern = RequestPattern::parse(&pattern, contract()).unwrap();
    assert!(pattern.distance(&near, contract()) < pattern.distance(&far, contract()));
    assert_eq!(pattern.describe(), "method `POST`, path `/connections/c%202`, status `409`");
    assert_eq!(RequestPattern::default().describe(), "any request");
}
