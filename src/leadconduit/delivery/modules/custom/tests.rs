use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::pattern::Pattern;
use super::{Format, build_request, parse_response};
use crate::leadconduit::delivery::message::{OutboundRequest, OutboundResponse};
use crate::leadconduit::delivery::modules::RequestError;

const URL: &str = "http://localhost:9/leads";

/// The variables of a module, with a URL.
fn vars(properties: &Value) -> Map<String, Value> {
    let mut vars = Map::from_iter([("url".to_owned(), URL.into())]);
    vars.extend(properties.as_object().unwrap().clone());
    vars
}

fn request(format: Format, properties: &Value) -> OutboundRequest {
    build_request(format, &vars(properties)).unwrap()
}

fn body(format: Format, properties: &Value) -> String {
    String::from_utf8(request(format, properties).body.to_vec()).unwrap()
}

fn header<'r>(request: &'r OutboundRequest, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

fn result(content_type: &str, text: &str, properties: &Value) -> Value {
    let headers =
        if content_type.is_empty() { Vec::new() } else { vec![("content-type".to_owned(), content_type.to_owned())] };
    let response = OutboundResponse {
        status: 200,
        headers,
        body: Bytes::copy_from_slice(text.as_bytes()),
        began_ms: 0,
        ms: 1,
        attempts: 1,
    };
    parse_response(&vars(properties), &response).map_or_else(|error| json!(error.to_string()), Value::Object)
}

fn typed(raw: &str, normal: impl Into<Value>) -> Value {
    json!({"raw": raw, "normal": normal.into(), "valid": true})
}

#[test]
fn forms_have_dotted_names_and_repeated_ones() {
    let properties = json!({
        "form_field.First Name": "Renée", "form_field.Phone": typed("(737) 555-0163", "7375550163"),
        "form_field.contact.state": "OH", "form_field.Amount": typed("$2,500.75", 2500.75),
        "form_field.Whole": typed("7", 7.0), "form_field.Owner": typed("yes", true),
        "form_field.tag.0": "auto", "form_field.tag.2": "", "form_field.tag.3": "home",
        "form_field.Bad": {"raw": "call me", "normal": null, "valid": false},
    });
    let body = "First%20Name=Ren%C3%A9e&Phone=7375550163&contact.state=OH&Amount=2500.75&Whole=7&Owner=true\
                &tag=auto&tag=home&Bad=call%20me";
    let sent = request(Format::Form, &properties);
    assert_eq!(String::from_utf8_lossy(&sent.body), body);
    assert_eq!(header(&sent, "Content-Length"), Some(&*body.len().to_string()));
    assert_eq!(header(&sent, "Content-Type"), Some("application/x-www-form-urlencoded; charset=utf-8"));
    let bare = json!({"encode_form_field_names": true, "form_field.a[b]": "c d", "form_field.x.y": "z", "form_field.l.0": "1"});
    assert_eq!(self::body(Format::Form, &bare), "a[b]=c%20d&x=%5Bobject%20Object%5D&l=1");
    assert_eq!(
        self::body(Format::Form, &json!({"send_ascii": true, "form_field.n": "Renée\nŁódź😀"})),
        "n=Renee%0ALodz"
    );
    let list = json!({"encode_form_field_names": "no", "form_field.7": "a b", "form_field.10.x": "&"});
    assert_eq!(self::body(Format::Form, &list), "0=a b&1.x=&");
    let number = vars(&json!({"send_ascii": true, "form_field.n": typed("5", 5)}));
    assert!(matches!(build_request(Format::Form, &number), Err(RequestError::Failed(_))));
}

#[test]
fn queries_are_added_to_any_url() {
    let url = |properties: Value| request(Format::Query, &properties).url;
    assert_eq!(url(json!({})), format!("{URL}?"));
    assert_eq!(url(json!({"parameter.10.a.0": "x", "parameter.10.a.3": ""})), format!("{URL}?10.a=x"));
    assert_eq!(url(json!({"url": "http://localhost/x?k=1", "parameter.a": "x y"})), "http://localhost/x?k=1?a=x%20y");
    let sent = request(Format::Query, &json!({"parameter.a": "1"}));
    assert_eq!((sent.method.as_str(), sent.body.len(), header(&sent, "Content-Type")), ("GET", 0, None));
}

#[test]
fn json_has_levels_and_lists() {
    let date = typed("03/18/1990", "1990-03-18T00:00:00.000Z");
    let rows = [
        (json!({}), "[]"),
        (json!({"json_property.0.email": "a@b"}), r#"[{"email":"a@b"}]"#),
        (
            json!({"json_property.lead.name.first": "R", "json_property.lead.n": typed("7", 7.0), "json_property.lead.ok": typed("no", false)}),
            r#"{"lead":{"name":{"first":"R"},"n":7,"ok":false}}"#,
        ),
        (json!({"json_property.a.0.b": "1", "json_property.a.2.b": "2"}), r#"{"a":[{"b":"1"},{"b":"2"}]}"#),
        (json!({"json_property.z": "1", "json_property.7": "2"}), r#"{"7":"2","z":"1"}"#),
        (json!({"json_property.a": "1", "json_property.a.b": "2"}), r#"{"a":"1"}"#),
        (json!({"json_property.a.b": "2", "json_property.a": "1"}), r#"{"a":"1"}"#),
        (json!({"json_property.a.0": "2", "json_property.a.b": "1"}), r#"{"a":["2"]}"#),
        (json!({"json_property.a": ["x", "", 0, "y"]}), r#"{"a":["x","y"]}"#),
        (
            json!({"json_parameter": "doc", "json_property.a": "1", "nested_extra_parameter.n.m": "2", "extra_parameter.k": "3"}),
            "doc=%7B%22a%22%3A%221%22%7D&n=%7B%22m%22%3A%222%22%7D&k=3",
        ),
        (
            json!({"json_parameter": "doc", "json_property.d": date, "nested_extra_parameter.7.1": date, "nested_extra_parameter.x": "1"}),
            "7=%5Bnull%2C%221990-03-18T00%3A00%3A00.000Z%22%5D&doc=%7B%22d%22%3A%221990-03-18%22%7D&x=%221%22",
        ),
        (json!({"json_parameter": "doc", "extra_parameter.k.0": "1", "extra_parameter.k.2": "2"}), "k=1&k=&k=2"),
    ];
    for (properties, expected) in rows {
        assert_eq!(body(Format::Json, &properties), expected, "{properties}");
    }
    assert_eq!(request(Format::Json, &json!({"method": "put"})).method, "PUT");
    // A huge index and a deep name take no memory.
    assert_eq!(body(Format::Json, &json!({"json_property.a.4000000000": "x"})), r#"{"a":["x"]}"#);
    let deep = format!("json_property.{}x", "a.".repeat(50_000));
    assert!(body(Format::Json, &json!({deep: "x"})).len() < 2_000);
}

#[test]
fn xml_is_indented() {
    let rows = [
        (json!({}), ""),
        (json!({"xml_path.a": "1"}), "\n<a>1</a>"),
        (json!({"xml_path.a": ""}), "\n<a/>"),
        (json!({"xml_path.a.b": "1", "xml_path.c.d": "2"}), "\n<c>\n  <d>2</d>\n</c>"),
        (
            json!({"xml_path.a@x": "<&>\"\n", "xml_path.a": "<&>\r"}),
            "\n<a x=\"&lt;&amp;>&quot;&#xA;\">&lt;&amp;&gt;&#xD;</a>",
        ),
        (
            json!({"xml_path.a.b.0@i": "1", "xml_path.a.b.0": "x", "xml_path.a.b.2": "y"}),
            "\n<a>\n  <b i=\"1\">x</b>\n  <b>y</b>\n</a>",
        ),
        (
            json!({"xml_path.a.n#cdata": "a < b]]>c"}),
            "\n<a>\n  <n>\n    <![CDATA[a < b]]]]><![CDATA[>c]]>\n  </n>\n</a>",
        ),
        (json!({"xml_path.a.b": typed("no", false), "xml_path.a.c": 0}), "\n<a>\n  <b>false</b>\n  <c>0</c>\n</a>"),
        (json!({"xml_path.a": "t", "xml_path.a.b": "c"}), "\n<a>t</a>"),
    ];
    for (properties, expected) in rows {
        assert_eq!(body(Format::Xml, &properties), format!("<?xml version=\"1.0\"?>{expected}"), "{properties}");
    }
    let sent = request(Format::Xml, &json!({"xml_path.a": "1", "header.Content-Type": "application/soap+xml"}));
    assert_eq!(header(&sent, "Content-Type"), Some("application/soap+xml"));
    for text in ["\u{1}", "😀"] {
        assert!(matches!(
            build_request(Format::Xml, &vars(&json!({"xml_path.a": text}))),
            Err(RequestError::Failed(_))
        ));
    }
}

#[test]
fn headers_are_headers() {
    let sent = request(
        Format::Json,
        &json!({
            "header.X-Api-Key": "k-1", "header.authorization": "Bearer t", "header.Blank": " ", "header.a.b": "object",
            "header.List.0": "x", "header.List.1": "y", "basic_username": "amy", "basic_password": "pw",
        }),
    );
    let expected = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Accept", "application/json;q=0.9,text/xml;q=0.8,application/xml;q=0.7,text/html;q=0.6,text/plain;q=0.5"),
        ("Authorization", "Bearer t"),
        ("X-Api-Key", "k-1"),
        ("List", "x, y"),
    ];
    let headers: Vec<(&str, &str)> = sent.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(headers, expected);
    assert_eq!(&sent.body[..], b"[]");
}

#[test]
fn invalid_mappings_skip_with_the_words_of_the_module() {
    let rows = [
        (Format::Form, json!({"url": ""}), "URL is required"),
        (Format::Form, json!({"url": "ftp://x"}), "URL must be valid"),
        (Format::Json, json!({"method": "GET"}), "Unsupported HTTP method - use POST, PUT, DELETE, PATCH"),
        (Format::Xml, json!({"method": "delete"}), "Unsupported HTTP method - use POST, PUT, PATCH"),
        (
            Format::Query,
            json!({"outcome_on_match": "Success"}),
            "Outcome on match must be 'success', 'failure', or 'error'",
        ),
        (Format::Form, json!({"header.content-length": "1"}), "Content-Length header is not allowed"),
        (Format::Form, json!({"header.Accept": "*/*"}), "Accept header is not allowed"),
        (Format::Query, json!({"header.Content-Type": "text/plain"}), "Invalid Content-Type header value"),
        (Format::Json, json!({"header.Content-Type": "text/xml"}), "Invalid Content-Type header value"),
    ];
    for (format, properties, reason) in rows {
        let error = build_request(format, &vars(&properties)).unwrap_err();
        assert_eq!(error, RequestError::Invalid(reason.to_owned()), "{properties}");
    }
    assert_eq!(request(Format::Form, &json!({"method": "GET"})).method, "POST", "a form reads no method");
}

#[test]
fn outcomes_are_searched_for() {
    let text = "text/plain";
    let json_type = "application/json";
    let rows = [
        (text, "", json!({}), "success"),
        (text, "Accepted", json!({"outcome_search_term": "accepted"}), "success"),
        (text, "no", json!({"outcome_search_term": "accepted"}), "failure"),
        (text, "no", json!({"outcome_search_term": "no", "outcome_on_match": "failure"}), "failure"),
        (text, "yes", json!({"outcome_search_term": "no", "outcome_on_match": "error"}), "success"),
        (text, "", json!({"outcome_on_match": "failure"}), "success"),
        (text, "x", json!({"outcome_on_match": "failure"}), "failure"),
        (text, "x null y", json!({"outcome_search_term": "("}), "success"),
        (text, "x", json!({"outcome_search_term": "("}), "failure"),
        (text, r#"{"ok":true}"#, json!({"outcome_search_term": r#"{"ok":true}"#}), "success"),
        (
            json_type,
            r#"{"a":{"b":[{"c":"OK"}]}}"#,
            json!({"outcome_search_term": "^ok$", "outcome_search_path": "a.b[0].c"}),
            "success",
        ),
        (json_type, r#"{"a":{}}"#, json!({"outcome_search_term": "^object", "outcome_search_path": "a"}), "failure"),
        (
            json_type,
            r#"{"a":[1,2]}"#,
            json!({"outcome_search_term": "2", "outcome_search_path": "a.length"}),
            "success",
        ),
        (
            json_type,
            r#"{"a.b":1,"a":{"b":2}}"#,
            json!({"outcome_search_term": "1", "outcome_search_path": "a.b"}),
            "success",
        ),
        (
            json_type,
            r#"[{"id":7}]"#,
            json!({"outcome_search_term": "7", "outcome_search_path": "array[0].id"}),
            "success",
        ),
        (
            "text/xml",
            "<a><b>1</b></a>",
            json!({"outcome_search_term": "<b>1", "outcome_search_path": "//b"}),
            "success",
        ),
        ("text/xml", "<a><b>1</b></a>", json!({"outcome_search_term": "1", "outcome_search_path": "//c"}), "failure"),
        (
            "text/xml",
            "<n:a xmlns:n=\"u\"/>",
            json!({"outcome_search_term": ".", "outcome_search_path": "//n:a"}),
            "failure",
        ),
        (text, "x", json!({"outcome_search_term": "y", "outcome_on_match": ""}), "success"),
        ("text/xml", "all done", json!({"outcome_search_term": "done"}), "success"),
        ("text/html", "<h1>OK</h1>", json!({"outcome_search_term": "^ok$", "outcome_search_path": "h1"}), "success"),
        // Text before the first element makes the whole a text, which has no paths.
        (
            "text/html",
            "\n<h1>OK</h1><p>no</p>",
            json!({"outcome_search_term": "no", "outcome_search_path": "h1"}),
            "success",
        ),
    ];
    for (content_type, body, properties, outcome) in rows {
        assert_eq!(result(content_type, body, &properties)["outcome"], outcome, "{body} {properties}");
    }
}

#[test]
fn reasons_prices_and_data_are_taken_from_the_response() {
    let rows = [
        (
            "application/json",
            r#"{"result":{"errors":[{"text":"zip "},{"text":"age"}]},"bid":12.5,"ids":{"1984":"a"}}"#,
            json!({"reason_path": "result.errors.*.text", "price_path": "bid", "reference_path": "ids"}),
            json!({"result": {"errors": [{"text": "zip "}, {"text": "age"}]}, "bid": 12.5, "ids": {"'1984'": "a"},
                   "outcome": "success", "price": "12.5", "reason": "age, zip", "reference": {"1984": "a"}}),
        ),
        (
            "text/xml; charset=utf-8",
            "<reply code=\"7\"><bid>1.5</bid><error>zip</error><error>age</error><e> </e></reply>",
            json!({"reason_path": "//error/text()", "price_path": "/reply/bid/text()", "reference_path": "/reply/@code"}),
            json!({"reply": {"code": "7", "bid": "1.5", "error": ["zip", "age"], "e": " "}, "outcome": "success",
                   "price": "1.5", "reason": "age, zip", "reference": ["7"]}),
        ),
        (
            "text/html",
            "<p id=\"ab\" class=err>Zip<script>x</script></p><p class=err>Age</p>",
            json!({"reason_path": "p.err", "reference_path": "p@id", "capture.all": "<p (id)", "price_path": "i"}),
            json!({"all": "id", "outcome": "success", "price": 0, "reason": "Age, Zip", "reference": ["ab"]}),
        ),
        (
            "",
            "error: No Budget code=88",
            json!({"reason_path": "error: (.*)", "capture.code": r"code=(\d+)", "default_reason": "not taken",
                   "fallback_price": "2.25"}),
            json!({"code": "88", "outcome": "success", "price": 2.25, "reason": "No Budget code=88"}),
        ),
        (
            "application/x-www-form-urlencoded",
            "id=9&a=x+y&a=z",
            json!({"reference_path": "id", "default_reason": "none"}),
            json!({"id": "9", "a": ["x y", "z"], "outcome": "success", "price": 0, "reason": "none"}),
        ),
        ("application/json", "5", json!({"capture.a": "5"}), json!("doc.match is not a function")),
        (
            "text/html",
            r#"{"ok":1}"#,
            json!({"response_content_type_override": "application/json"}),
            json!({"ok": 1, "outcome": "success", "price": 0}),
        ),
    ];
    for (content_type, body, properties, expected) in rows {
        assert_eq!(result(content_type, body, &properties), expected, "{body} {properties}");
    }
}

#[test]
fn server_errors_and_cookies() {
    let mut response = OutboundResponse {
        status: 503,
        headers: ["b=1", "Sid=2; Path=/"].map(|cookie| ("set-cookie".to_owned(), cookie.to_owned())).to_vec(),
        body: "ok".into(),
        began_ms: 0,
        ms: 1,
        attempts: 1,
    };
    let vars = vars(&json!({"cookie_search_term": "SID", "fallback_price": "3"}));
    let error = json!({"outcome": "error", "reason": "Server error"});
    assert_eq!(Value::Object(parse_response(&vars, &response).unwrap()), error);
    response.status = 404;
    let success = json!({"outcome": "success", "price": 3, "cookie": "Sid=2; Path=/"});
    assert_eq!(Value::Object(parse_response(&vars, &response).unwrap()), success);
}

#[test]
fn patterns_are_those_of_javascript() {
    let rows = [
        ("a.c", "abc", true),
        ("a.c", "a\nc", false),
        ("/A.C/s", "a\nc", true),
        ("/^b/m", "a\nb", true),
        ("/^ok$/i", "OK", true),
        ("/ok", "x/ok", true),
        ("a/b/c", "a/b/c", true),
        (r"\bzip\b", "a zip.", true),
        (r"\d", "٣", false),
        ("{\"a\":[1]}", "{\"a\":1}", true),
        ("a{2}", "aa", true),
        ("a{,2}", "a{,2}", true),
        ("[^]", "\n", true),
        ("[]", "x", false),
        ("[a&&b]", "&", true),
        (r"[\w-]", "-", true),
        (r"(a)\1", "aa", true),
        (r"\/", "/", true),
        (r"\x41\u0042", "ab", false),
        ("(?<=a)b", "ab", true),
        ("", "", true),
    ];
    for (expression, text, expected) in rows {
        let pattern = Pattern::parse(expression).unwrap_or_else(|| panic!("{expression}"));
        assert_eq!(pattern.is_match(text), expected, "{expression} {text}");
    }
    for expression in ["(", "*a", "[", "a{2}{3}(", "(?P<a>x)", "\\"] {
        assert!(Pattern::parse(expression).is_none(), "{expression}");
    }
    let slow = Pattern::parse("^(a+)+$(?=b)").unwrap();
    assert!(!slow.is_match(&"a".repeat(5_000)), "a search that takes too long ends");
}
