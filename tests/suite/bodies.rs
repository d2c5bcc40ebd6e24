//! Forms and XML match like JSON: in rules, templates, examples and request patterns.

use serde_json::{Value, json};

use crate::support::{FLOW, Mock};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const XML: (&str, &str) = ("content-type", "text/xml");
const JSON: (&str, &str) = ("content-type", "application/json");

fn submission() -> String {
    format!("POST /flows/{FLOW}/sources/5d9a4b10940df5a34a3888c1/submit")
}

const RULES: &str = "
version: 1
name: own
description: Rules about bodies.
extends: healthy
rules:
  - name: by value
    when: { operation: submit_lead, body: { at: { /state: NY, /postal_code: 10001 } } }
    then: { status: 503, body: { error: 'no {{ request.body.first_name }} in {{ request.body.state }}' } }
  - name: by expression
    when: { operation: submit_lead, body: { matches: { /email: '@slow\\.example$' } } }
    then: { status: 504, body: { error: slow } }
  - name: by number
    when: { operation: submit_lead, body: { matches: { /age: '^6' } } }
    then: { status: 502, body: { error: old } }
  - name: by schema
    when: { operation: submit_lead, body: { schema: { required: [loan], properties: { loan: { required: [amount] } } } } }
    then: { status: 500, body: { error: loan } }
";

#[test]
fn rules_see_forms_and_xml_like_json() {
    let mock = Mock::with_scenario("own", RULES);
    let rows = [
        (JSON, r#"{"first_name": "Ann", "state": "NY", "postal_code": 10001}"#, 503),
        (FORM, "first_name=Ann&state=NY&postal_code=10001", 503),
        (XML, "<lead><first_name>Ann</first_name><state>NY</state><postal_code>10001</postal_code></lead>", 503),
        (FORM, "first_name=Ann&state=TX&postal_code=10001", 201),
        (FORM, "email=a%40slow.example", 504),
        (XML, "<lead email=\"a@slow.example\"/>", 504),
        (JSON, r#"{"age": 65}"#, 502),
        (FORM, "age=65", 502),
        (FORM, "loan.amount=5", 500),
        (XML, "<lead><loan><amount>5</amount></loan></lead>", 500),
    ];
    for (content_type, body, status) in rows {
        let response = mock.request(&submission(), &[content_type], body).expect(status);
        if status == 503 {
            assert_eq!(response.error(), "no Ann in NY", "{body}");
        }
    }
    // The media type decides, as for the operation.
    mock.request(&submission(), &[("content-type", "text/plain")], "state=NY&postal_code=10001").expect(406);
}

#[test]
fn patterns_see_forms_and_xml_like_json() {
    let mock = Mock::healthy();
    let bodies = [
        (JSON, r#"{"first_name": "Ann", "loan": {"amount": "5"}, "tag": ["a", "b"]}"#),
        (FORM, "first_name=Ann&loan.amount=5&tag=a&tag=b"),
        (XML, "<lead><first_name>Ann</first_name><loan><amount>5</amount></loan><tag>a</tag><tag>b</tag></lead>"),
    ];
    for (content_type, body) in bodies {
        mock.request(&submission(), &[content_type], body).expect(201);
    }
    let count = |pattern: Value| mock.post("/__admin/requests/count", &pattern).expect(200).json()["count"].clone();
    let body = |matcher: Value| json!({"bodyPatterns": [matcher]});
    let rows = [
        (body(json!({"matchesJsonPath": "$[?(@.first_name == 'Ann')]"})), 3),
        (body(json!({"matchesJsonPath": "$[?(@.first_name == 'Bob')]"})), 0),
        (body(json!({"matchesJsonPath": {"expression": "$.loan.amount", "equalTo": "5"}})), 3),
        (body(json!({"equalToJson": {"loan": {"amount": "5"}}, "ignoreExtraElements": true})), 3),
        (body(json!({"matchesJsonSchema": {"required": ["tag"]}})), 3),
        (json!({"formParameters": {"first_name": {"equalTo": "Ann"}}}), 1),
        (json!({"formParameters": {"tag": {"hasExactly": [{"equalTo": "a"}, {"equalTo": "b"}]}}}), 1),
        (json!({"formParameters": {"first_name": {"absent": true}}}), 2),
        (body(json!({"matchesXPath": "//first_name"})), 1),
        (body(json!({"matchesXPath": "/lead[first_name='Ann' and count(tag)=2]"})), 1),
        (body(json!({"matchesXPath": {"expression": "//tag/text()", "equalTo": "b"}})), 1),
        (body(json!({"matchesXPath": {"expression": "//loan", "equalToXml": "<loan><amount>5</amount></loan>"}})), 1),
        (body(json!({"matchesXPath": "//last_name"})), 0),
        (body(json!({"not": {"matchesXPath": "//first_name"}})), 2),
        (
            body(
                json!({"equalToXml": "<lead><tag>a</tag><tag>b</tag><loan><amount> 5 </amount></loan><first_name>Ann</first_name></lead>"}),
            ),
            1,
        ),
        (body(json!({"equalToXml": "<lead/>"})), 0),
    ];
    for (pattern, expected) in rows {
        assert_eq!(count(pattern.clone()), expected, "{pattern}");
    }
    let missing = json!([{"operation": "submit_lead", "request": body(json!({"matchesXPath": "//last_name"}))}]);
    let text = mock.post("/__admin/verify?format=text", &missing).expect(200).text;
    assert!(
        text.contains("expected XML with a value at //last_name, found nothing at //last_name, in <lead>"),
        "{text}"
    );
}

#[test]
fn namespaces_are_declared_in_the_pattern() {
    let mock = Mock::healthy();
    let xml = "<l:lead xmlns:l=\"urn:leads\"><l:first_name>Ann</l:first_name></l:lead>";
    mock.request(&submission(), &[XML], xml);
    let count = |pattern: Value| mock.post("/__admin/requests/count", &pattern).expect(200).json()["count"].clone();
    let with = |namespaces: Value| json!({"bodyPatterns": [{"matchesXPath": "//n:first_name", "xPathNamespaces": namespaces}]});
    assert_eq!(count(with(json!({"n": "urn:leads"}))), 1);
    assert_eq!(count(with(json!({"n": "urn:other"}))), 0);
    let problem = mock.post("/__admin/requests/count", &with(json!({"m": "urn:leads"}))).expect(400).json();
    assert!(problem["detail"].as_str().unwrap().contains("the prefix `n` is not declared"), "{problem}");
}

#[test]
fn examples_send_forms_and_xml_as_they_are_written() {
    let text = format!(
        "{RULES}examples:\n  - name: form\n    request:\n      method: POST\n      path: /flows/{FLOW}/sources/5d9a4b10940df5a34a3888c1/submit\n      \
         headers: {{ Content-Type: application/x-www-form-urlencoded }}\n      body: 'first_name=Ann&state=NY&postal_code=10001'\n    \
         reply: {{ status: 503, body: {{ equals: {{ error: no Ann in NY }} }} }}\n"
    );
    // The same rule for a form and for JSON, and a response without a body.
    let both = format!(
        "version: 1\nname: both\ndescription: d\nextends: healthy\nrules:\n  - name: busy\n    \
         when: {{ operation: submit_lead, body: {{ at: {{ /state: NY }} }} }}\n    then: {{ status: 503 }}\nexamples:\n  \
         - name: form\n    request:\n      method: POST\n      \
         path: /flows/{FLOW}/sources/5d9a4b10940df5a34a3888c1/submit\n      \
         headers: {{ Content-Type: application/x-www-form-urlencoded }}\n      body: 'first_name=Ann&state=NY'\n    \
         reply: {{ status: 503 }}\n  - name: json\n    request:\n      method: POST\n      \
         path: /flows/{FLOW}/sources/5d9a4b10940df5a34a3888c1/submit\n      body: {{ first_name: Ann, state: NY }}\n    \
         reply: {{ status: 503 }}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("own.yaml", text), ("both.yaml", both)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
    let output = check.arg("check").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}
