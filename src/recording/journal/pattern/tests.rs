//! Rows of one table: a pattern, and whether an exchange fits it, or in which words it does not.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;

use super::*;
use crate::contract::Violation;
use crate::http::message::{Body, Request, Response};
use crate::recording::journal::{AnsweredBy, Draft};
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
    request.body = Body::Whole(Bytes::from(body.to_owned()));
    let reply = Response::new(StatusCode::CONFLICT, "{}");
    let draft = Draft {
        request: &request,
        path: request.path(),
        reply: &reply,
        key: None,
        number: 1,
        at: Timestamp::UNIX_EPOCH,
        took_us: 1,
        scenario: None,
        operation: contract().operation("repair_connection"),
        met: AnsweredBy::Operation,
        caller: None,
        violations: vec![Violation::reported("/body/a", "type", "a must be text")],
        spoken: Vec::new(),
        body_bytes_max,
    };
    let mut exchange = draft.finish();
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
fn exchanges_fit_patterns_or_say_why_not() {
    // The words of the first row that does not fit; empty when all do.
    let rows: &[(Value, &str)] = &[
        (json!({}), ""),
        (json!({"method": "ANY"}), ""),
        (json!({"method": "post"}), ""),
        (json!({"method": ["GET", "POST"]}), ""),
        (json!({"method": "GET"}), "method: wanted `GET`, found `POST`"),
        (json!({"url": "/connections/c%201?limit=5&tag=a&tag=b&token=***"}), ""),
        (
            json!({"url": "/connections/c%201"}),
            "url: wanted `/connections/c%201`, found `/connections/c%201?limit=5&tag=a&tag=b&token=***`",
        ),
        (json!({"urlPath": "/connections/c%201"}), ""),
        (json!({"urlPath": "/connections"}), "path: wanted `/connections`, found `/connections/c%201`"),
        (json!({"urlPattern": "/connections.*"}), ""),
        (
            json!({"urlPattern": "/connections"}),
            "url: wanted something like `/connections`, found `/connections/c%201?limit=5&tag=a&tag=b&token=***`",
        ),
        (json!({"urlPathPattern": "/conn.*|/flows"}), ""),
        (json!({"urlPathPattern": "onn"}), "path: wanted something like `onn`, found `/connections/c%201`"),
        (json!({"urlPathTemplate": "/connections/{id}"}), ""),
        (json!({"urlPathTemplate": "/{a}"}), "path: wanted something like `/{a}`, found `/connections/c%201`"),
        (json!({"urlPathTemplate": "/connections/{id}", "pathParameters": {"id": {"equalTo": "c 1"}}}), ""),
        (
            json!({"urlPathTemplate": "/connections/{id}", "pathParameters": {"id": "d"}}),
            "path parameter id: wanted `d`, found `c 1`",
        ),
        (json!({"queryParameters": {"limit": {"equalTo": "5"}}}), ""),
        (json!({"queryParameters": {"limit": 5}}), ""),
        (json!({"queryParameters": {"limit": {"equalTo": "6"}}}), "query parameter limit: wanted `6`, found `5`"),
        (json!({"queryParameters": {"start": {"equalTo": "6"}}}), "query parameter start: wanted `6`, found nothing"),
        (json!({"queryParameters": {"start": {"absent": true}}}), ""),
        (json!({"queryParameters": {"limit": {"absent": true}}}), "query parameter limit: wanted nothing, found `5`"),
        (json!({"queryParameters": {"limit": {"absent": false}}}), ""),
        (json!({"queryParameters": {"token": {"absent": false}}}), ""),
        (json!({"queryParameters": {"tag": {"equalTo": "b"}}}), ""),
        (json!({"queryParameters": {"tag": {"includes": [{"equalTo": "b"}]}}}), ""),
        (json!({"queryParameters": {"tag": {"hasExactly": [{"equalTo": "b"}, {"equalTo": "a"}]}}}), ""),
        (
            json!({"queryParameters": {"tag": {"hasExactly": [{"equalTo": "b"}]}}}),
            "query parameter tag: wanted `b` and no other value, found `a`, `b`",
        ),
        (
            json!({"queryParameters": {"tag": {"includes": [{"equalTo": "c"}]}}}),
            "query parameter tag: wanted `c` among its values, found `a`, `b`",
        ),
        (json!({"headers": {"Accept": {"contains": "json"}}}), ""),
        (
            json!({"headers": {"Accept": {"contains": "xml"}}}),
            "header accept: wanted something with `xml` in it, found `application/json`",
        ),
        (
            json!({"headers": {"Accept": {"doesNotContain": "json"}}}),
            "header accept: wanted not something with `json` in it, found `application/json`",
        ),
        (json!({"headers": {"Accept": {"doesNotContain": "xml"}}}), ""),
        (json!({"headers": {"Nowhere": {"doesNotContain": "xml"}}}), ""),
        (json!({"headers": {"accept": {"equalTo": "APPLICATION/JSON", "caseInsensitive": true}}}), ""),
        (
            json!({"headers": {"accept": {"equalTo": "APPLICATION/JSON"}}}),
            "header accept: wanted `APPLICATION/JSON`, found `application/json`",
        ),
        (json!({"headers": {"accept": {"matches": "application/.*"}}}), ""),
        (json!({"headers": {"accept": {"matches": "(?i)APPLICATION/.*"}}}), ""),
        (
            json!({"headers": {"accept": {"matches": "application"}}}),
            "header accept: wanted something like `application`, found `application/json`",
        ),
        (json!({"headers": {"accept": {"doesNotMatch": "text/.*"}}}), ""),
        (json!({"headers": {"x-two": {"equalTo": "2"}}}), ""),
        (json!({"headers": {"x-two": {"and": [{"matches": "[0-9]"}, {"contains": "2"}]}}}), ""),
        (json!({"headers": {"x-two": {"or": [{"equalTo": "3"}, {"contains": "2"}]}}}), ""),
        (json!({"headers": {"x-two": {"not": {"equalTo": "3"}}}}), ""),
        (json!({"headers": {"authorization": {"matches": "Basic .*"}}}), ""),
        (
            json!({"cookies": {"a": {"absent": true}}}),
            "cookie a: wanted nothing, found `some cookie, which the journal does not keep`",
        ),
        (json!({"operation": "repair_connection"}), ""),
        (json!({"operation": ["list_connections", "repair_connection"]}), ""),
        (json!({"operation": "list_connections"}), "operation: wanted `list_connections`, found `repair_connection`"),
        (json!({"status": 409}), ""),
        (json!({"status": [409, 422]}), ""),
        (json!({"status": 201}), "status: wanted `201`, found `409`"),
        (json!({"violations": true}), ""),
        (json!({"violations": false}), "violations: wanted none, found `a must be text`"),
        (json!({"caller": {"account": "acme", "user": "jane"}}), ""),
        (json!({"caller": {"user": "john"}}), "caller's user: wanted `john`, found `jane`"),
        (json!({"bodyPatterns": [{"contains": "Jane"}, {"doesNotContain": "John"}]}), ""),
        (json!({"bodyPatterns": [{"equalToJson": {"name": "Jane"}, "ignoreExtraElements": true}]}), ""),
        (json!({"bodyPatterns": [{"equalToJson": "{\"name\": \"Jane\"}", "ignoreExtraElements": true}]}), ""),
        (
            json!({"bodyPatterns": [{"equalToJson": {"list": [2, 1]}, "ignoreExtraElements": true, "ignoreArrayOrder": true}]}),
            "",
        ),
        (
            json!({"bodyPatterns": [{"equalToJson": {"name": "John"}, "ignoreExtraElements": true}]}),
            "body: wanted the JSON {\"name\":\"John\"}, and perhaps more, found {\"name\":\"Jane\",\"list\":[1,2],\"none\":null,\
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
            "body: wanted JSON that has at $.name `John`, found \"Jane\" at $.name",
        ),
        (json!({"bodyPatterns": [{"matchesJsonSchema": {"required": ["name"]}}]}), ""),
        (
            json!({"bodyPatterns": [{"matchesJsonSchema": {"properties": {"name": {"type": "number"}}}}]}),
            "body: wanted JSON that keeps the schema, found {\"name\":\"Jane\",\"list\":[1,2],\"none\":null,\"empty\":[],\
             \"deep\":{\"items\":[{\"id\":\"x\"},{\"id\":\"y\"}]}}: name must be a number, not a string",
        ),
    ];
    let exchange = sample();
    for (value, words) in rows {
        let pattern = Pattern::new(value, contract()).unwrap_or_else(|mistakes| panic!("{value}: {mistakes:?}"));
        let told = pattern.compare(&exchange, contract());
        assert_eq!(told.first().map(ToString::to_string).unwrap_or_default(), *words, "{value}");
        assert_eq!(pattern.fits(&exchange, contract()), words.is_empty(), "{value}");
        let distance = pattern.distance(&exchange, contract());
        assert!(
            if words.is_empty() { distance == 0.0 } else { distance > 0.0 && distance <= 1.0 },
            "{value} {distance}"
        );
        assert!(told.iter().all(|one| one.distance > 0.0 && one.distance <= 1.0), "{told:?}");
    }
}

#[test]
fn a_body_that_was_cut_cannot_be_compared() {
    let cut = exchange("POST /connections", &[], r#"{"name": "Jane", "more": "and so on and on"}"#, 20);
    let words = "found 44 bytes, of which the journal kept only 20: it cannot be compared";
    for (matcher, fits) in [
        (json!({"equalToJson": {"name": "Jane"}}), false),
        (json!({"not": {"equalToJson": {"name": "Jane"}}}), false),
        (json!({"doesNotContain": "on and"}), false),
        (json!({"matchesJsonPath": "$.name"}), false),
        (json!({"contains": "Jane"}), true),
        (json!({"absent": false}), true),
    ] {
        let pattern = Pattern::new(&json!({"bodyPatterns": [matcher]}), contract()).unwrap();
        assert_eq!(pattern.fits(&cut, contract()), fits, "{matcher}");
        if !fits {
            let told = pattern.compare(&cut, contract())[0].to_string();
            assert!(told.ends_with(words), "{told}");
        }
    }
    // What was shortened because it held a secret is whole.
    let secret = exchange("POST /x", &[], r#"{"password": "0123456789", "a": 1}"#, 1000);
    assert!(!secret.request_body.is_cut());
    let pattern = json!({"bodyPatterns": [{"equalToJson": {"password": "***", "a": 1}}]});
    assert!(Pattern::new(&pattern, contract()).unwrap().fits(&secret, contract()));
}

#[test]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn mistakes_have_a_place_and_a_hint() {
    let deep = (0..20).fold(json!({"equalTo": "x"}), |inner, _| json!({"not": inner}));
    let rows: &[(Value, &str, &str)] = &[
        (json!([]), "", "a request pattern is a map"),
        (json!({"urlpath": "/x"}), "/urlpath~#", "a request pattern has no `urlpath`; did you mean `urlPath`?"),
        (json!({"qqq": 1}), "/qqq~#", "it knows operation, url,"),
        (json!({"host": {}}), "/host~#", "`host` of WireMock's patterns is not matched here; leave it out"),
        (json!({"method": "PSOT"}), "/method", "`PSOT` is no method; did you mean `POST`?"),
        (json!({"url": "flows"}), "/url", "begins with `/`"),
        (json!({"urlPattern": "("}), "/urlPattern", "`(` is no regular expression: "),
        (json!({"urlPathTemplate": "/{a}/{a}"}), "/urlPathTemplate", "each name of a template stands in it once"),
        (json!({"urlPathTemplate": "/a{b}"}), "/urlPathTemplate", "such as /connections/{id}"),
        (json!({"pathParameters": {"id": "x"}}), "/pathParameters", "need an `urlPathTemplate`"),
        (
            json!({"urlPathTemplate": "/{a}", "pathParameters": {"b": "x"}}),
            "/pathParameters/b~#",
            "the template has no `b`; it has a",
        ),
        (
            json!({"operation": "list_conections"}),
            "/operation",
            "there is no operation `list_conections`; did you mean `list_connections`?",
        ),
        (json!({"operation": ["list_connections", "x"]}), "/operation/1", "there is no operation `x`"),
        (json!({"status": 4090}), "/status", "from 100 to 599"),
        (json!({"status": []}), "/status", "from 100 to 599"),
        (json!({"violations": 0}), "/violations", "`violations` is true"),
        (json!({"caller": {"key": "x"}}), "/caller/key~#", "write `account` or `user`"),
        (json!({"basicAuth": {"username": "a", "password": "b"}}), "/basicAuth", "`caller`"),
        (
            json!({"basicAuthCredentials": {"username": "a", "password": "b"}}),
            "/basicAuthCredentials",
            "the journal keeps no credentials",
        ),
        (json!({"cookies": {"a": {"equalTo": "b"}}}), "/cookies/a", "the journal keeps no cookies"),
        (
            json!({"headers": {"Authorization": {"equalTo": "Basic eDp5"}}}),
            "/headers/Authorization",
            "the journal keeps no secrets",
        ),
        (json!({"headers": {"a/b": {"equlTo": "x"}}}), "/headers/a~1b/equlTo~#", "did you mean `equalTo`?"),
        (
            json!({"headers": {"a": {"equalToXml": "x"}}}),
            "/headers/a/equalToXml~#",
            "the mock does not know WireMock's `equalToXml`",
        ),
        (json!({"headers": {"a": {}}}), "/headers/a", "this asks for nothing; write one of equalTo,"),
        (
            json!({"headers": {"a": {"contains": "a", "matches": "b"}}}),
            "/headers/a/matches~#",
            "`matches` stands beside `contains`: write {\"and\"",
        ),
        (
            json!({"headers": {"a": {"contains": "a", "caseInsensitive": true}}}),
            "/headers/a/caseInsensitive~#",
            "there is no matcher `caseInsensitive`",
        ),
        (
            json!({"headers": {"a": {"equalTo": "a", "caseInsensitive": 1}}}),
            "/headers/a/caseInsensitive",
            "`caseInsensitive` is true or false",
        ),
        (json!({"headers": {"a": {"includes": [], "equalTo": "a"}}}), "/headers/a", "nothing stands beside `includes`"),
        (json!({"headers": {"a": {"and": []}}}), "/headers/a/and", "one at least"),
        (json!({"bodyPatterns": {"contains": "x"}}), "/bodyPatterns", "this is a list of matchers"),
        (json!({"bodyPatterns": [{"equalToJson": "{"}]}), "/bodyPatterns/0/equalToJson", "the text is not JSON"),
        (
            json!({"bodyPatterns": [{"equalToJson": "\"${json-unit.regex}x\""}]}),
            "/bodyPatterns/0/equalToJson",
            "there are ${json-unit.ignore}",
        ),
        (json!({"bodyPatterns": [{"matchesJsonPath": "name"}]}), "/bodyPatterns/0/matchesJsonPath", "is no JSONPath"),
        (
            json!({"bodyPatterns": [{"matchesJsonPath": "$..a..b..c"}]}),
            "/bodyPatterns/0/matchesJsonPath",
            "asks for too much",
        ),
        (
            json!({"bodyPatterns": [{"matchesJsonPath": {"equalTo": "x"}}]}),
            "/bodyPatterns/0/matchesJsonPath",
            "`expression` is missing",
        ),
        (
            json!({"bodyPatterns": [{"matchesJsonSchema": {"type": "txt"}}]}),
            "/bodyPatterns/0/matchesJsonSchema",
            "this is no JSON Schema",
        ),
        (json!({"bodyPatterns": [deep]}), "", "16 deep at most"),
    ];
    for (value, pointer, words) in rows {
        let mistakes = Pattern::new(value, contract()).err().unwrap_or_else(|| panic!("{value} is read"));
        let (at, message) = &mistakes[0];
        assert!(pointer == at || pointer.is_empty(), "{value}: {at}");
        assert!(message.contains(words), "{value}: {message}");
    }
    // Nothing that is let through keeps the parser busy.
    for hard in ["$[?length(length(length(length(length(length(@", "$[?((((((@.a", "$[?@[?@[?@", "$[?!(!(!(!(!(!(@"] {
        assert!(Pattern::new(&json!({"bodyPatterns": [{"matchesJsonPath": hard}]}), contract()).is_err(), "{hard}");
    }
    let many = format!("$[?{}", "(".repeat(400));
    let told = Pattern::new(&json!({"bodyPatterns": [{"matchesJsonPath": many}]}), contract()).unwrap_err();
    assert!(told[0].1.contains("round brackets at most"), "{told:?}");
    let all = Pattern::new(&json!({"x": 1, "method": 2, "status": "a"}), contract()).unwrap_err();
    assert_eq!(all.len(), 3);
}

#[test]
fn the_nearest_is_told_by_distance() {
    let (near, far) = (sample(), exchange("GET /flows", &[], "", 100));
    let pattern = json!({"method": "POST", "urlPath": "/connections/c%202", "status": 409});
    let pattern = Pattern::new(&pattern, contract()).unwrap();
    assert!(pattern.distance(&near, contract()) < pattern.distance(&far, contract()));
    assert_eq!(pattern.words(), "method `POST`, path `/connections/c%202`, status `409`");
    assert_eq!(Pattern::default().words(), "any request");
}
