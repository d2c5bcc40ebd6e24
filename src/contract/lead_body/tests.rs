//! Expected results were obtained by running the vendor's module on the same requests.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::support::document::number;

fn request(method: &str, query: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
    let mut request = Request::new(method.parse().unwrap(), format!("/submit{query}").parse().unwrap());
    for (name, value) in headers {
        request.headers.append(*name, value.parse().unwrap());
    }
    request.body = Body::Complete(body.to_owned().into());
    request
}

fn post(media: &str, body: &str) -> Result<Value, (u16, String)> {
    sent(&request("POST", "", &[("content-type", media)], body), LeadCall::Submit)
}

fn sent(request: &Request, call: LeadCall) -> Result<Value, (u16, String)> {
    let read = read(request, call).map_err(|error| (error.status, error.message.into_owned()))?;
    Ok(Value::Object(read.parameters))
}

#[test]
fn accept_is_negotiated_like_mimeparse() {
    let rows = [
        ("", Some(MediaType::Json)),
        ("*/*", Some(MediaType::Json)),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(MediaType::ApplicationXml)),
        ("text/html, */*", Some(MediaType::TextXml)),
        ("*/*;q=0.8", Some(MediaType::TextXml)),
        ("*", Some(MediaType::TextXml)),
        ("text/*", Some(MediaType::TextXml)),
        ("application/*", Some(MediaType::ApplicationXml)),
        ("application/json, text/plain, */*", Some(MediaType::Json)),
        ("application/json, text/javascript, */*; q=0.01", Some(MediaType::Json)),
        ("application/json;q=0.5, application/xml;q=0.5", Some(MediaType::ApplicationXml)),
        ("application/json;q=0.9, text/xml;q=abc", Some(MediaType::TextXml)),
        ("application/json; charset=utf-8", Some(MediaType::Json)),
        ("application/x-www-form-urlencoded", Some(MediaType::Form)),
        ("*/json", Some(MediaType::Json)),
        ("application/json;q=0, */*", None),
        ("application/json;q=0", None),
        ("text/html", None),
        ("Application/JSON", None),
        ("application/vnd.com.leadconduit.flow+json", None),
        ("Monkies", None),
    ];
    for (accept, expected) in rows {
        assert_eq!(MediaType::negotiate(accept), expected, "{accept}");
    }
}

#[test]
fn checks_run_in_the_order_of_the_module() {
    let invalid_headers = [("accept", "text/html"), ("content-type", "Monkies")];
    let error = |method, query, headers: &[(&'static str, &str)]| {
        sent(&request(method, query, headers, "{"), LeadCall::Submit).unwrap_err()
    };
    let rows = [
        (error("PUT", "?redir_url=x", &invalid_headers), 405, "The PUT method is not allowed"),
        (error("HEAD", "", &[]), 405, "The HEAD method is not allowed"),
        (
            error("POST", "?redir_url=x", &invalid_headers),
            406,
            "Not capable of generating content according to the Accept header",
        ),
        (error("POST", "?redir_url=x", &invalid_headers[1..]), 400, "Invalid redir_url"),
        (error("POST", "", &[]), 415, "Content-Type header is required"),
        (
            error("POST", "", &invalid_headers[1..]),
            406,
            "MIME type in Content-Type header is not supported. Use only application/x-www-form-urlencoded, \
             application/json, application/xml, text/xml.",
        ),
        (
            error("POST", "", &[("content-type", "application/json")]),
            400,
            "Unable to parse JSON -- SyntaxError: Error: \"{\" is not valid JSON.",
        ),
    ];
    for (error, status, message) in rows {
        assert_eq!(error, (status, message.to_owned()));
    }
    assert_eq!(method_not_allowed(&Method::PUT, LeadCall::Feedback).status, 415);
}

#[test]
fn an_empty_body_with_a_content_length_needs_a_content_type() {
    let empty = request("POST", "?a=1", &[("content-length", "0")], "");
    assert_eq!(sent(&empty, LeadCall::Submit).unwrap_err().0, 415);
    assert_eq!(sent(&request("POST", "?a=1", &[], ""), LeadCall::Submit), Ok(json!({"a": "1"})));
    let blank = request("POST", "?a=1", &[("content-type", "application/json")], " \n ");
    assert_eq!(sent(&blank, LeadCall::Submit), Ok(json!({"a": "1"})));
    let ignored = request("GET", "?a=1", &[("content-type", "Monkies")], "{");
    assert_eq!(sent(&ignored, LeadCall::Submit), Ok(json!({"a": "1"})));
}

#[test]
fn dotted_names_nest_like_flat() {
    let form = "application/x-www-form-urlencoded";
    let rows = [
        ("mortgage.loan.amount=5&mortgage.city=A", json!({"mortgage": {"loan": {"amount": "5"}, "city": "A"}})),
        ("a=x&a.b=y", json!({"a": "x"})),
        ("a.b=y&a=x", json!({"a": "x"})),
        ("a.0=y&a.1=z", json!({"a": ["y", "z"]})),
        ("a.2=y", json!({"a": [null, null, "y"]})),
        ("a..b=1", json!({"a": [{"b": "1"}]})),
        ("=1", json!({"0": "1"})),
        (".a=1", json!({"0": {"a": "1"}})),
        ("a.b.c=1&a.b=2", json!({"a": {"b": "2"}})),
        ("a=1&a=2&a.b=3", json!({"a": ["1", "2"]})),
        ("a.0.b=1&a.1.b=2", json!({"a": [{"b": "1"}, {"b": "2"}]})),
        ("a.b=1&a.0=2", json!({"a": {"b": "1", "0": "2"}})),
        ("a.0=1&a.b=2", json!({"a": ["1"]})),
        ("a.5000=1", json!({"a": {"5000": "1"}})),
        ("a=1&&b&c=%zz&e=a+b", json!({"a": "1", "b": "", "c": "%zz", "e": "a b"})),
    ];
    for (body, expected) in rows {
        assert_eq!(post(form, body), Ok(expected), "{body}");
    }
    let rows = [
        ("utility=SCE&utility.electric.name=x", "TypeError: Cannot set properties of undefined (setting 'name')"),
        ("a=xyz&a.b.c.d=y", "TypeError: Cannot read properties of undefined (reading 'c')"),
    ];
    for (body, error) in rows {
        assert_eq!(post(form, body), Err((400, format!("Unable to parse body -- {error}."))), "{body}");
    }
    let deep = vec!["a"; 5000].join(".");
    assert_eq!(post(form, &format!("{deep}=1")).unwrap_err().0, 400);
}

#[test]
fn the_values_of_a_lead_are_bounded() {
    let form = "application/x-www-form-urlencoded";
    let indexes = |count: usize| (0..count).map(|number| format!("a{number}.999=x")).collect::<Vec<_>>().join("&");
    assert_eq!(post(form, &indexes(9)).unwrap()["a8"].as_array().unwrap().len(), 1000);
    let many = "RangeError: the names describe more than 10000 values, empty items of arrays included";
    for body in [indexes(10), format!("a{}=x", ".999".repeat(90))] {
        assert_eq!(post(form, &body), Err((400, format!("Unable to parse body -- {many}."))), "{body}");
    }
    let query = format!("?a{}=x", ".999".repeat(90));
    let error = sent(&request("GET", &query, &[], ""), LeadCall::Submit).unwrap_err();
    assert_eq!(error, (400, format!("Unable to parse query -- {many}.")));
    let rows = [
        ("application/json", format!("{{\"a\": [{}0]}}", "0,".repeat(10_000)), "more than 10000 values"),
        ("text/xml", format!("<a>{}</a>", "<b/>".repeat(10_001)), "more than 10000 elements and attributes"),
        (
            "text/xml",
            format!("<a{}/>", (0..1001).map(|n| format!(" a{n}=\"\"")).collect::<Vec<_>>().concat()),
            "1000 attributes",
        ),
    ];
    for (media, body, reason) in rows {
        let (status, message) = post(media, &body).unwrap_err();
        assert!(status == 400 && message.contains(reason), "{message}");
    }
}

#[test]
fn json_strings_may_contain_raw_tabs_and_line_breaks() {
    let rows = [
        ("{\"address_1\": \"123\t Main St\"}", json!({"address_1": "123 Main St"})),
        ("{\n\"address_1\": \"123 \n      Main St\"}", json!({"address_1": "123       Main St"})),
        (
            r#"{"n": 1.0, "f": 1.5, "list": [2.0], "o": {"a.b": true}}"#,
            json!({"n": 1, "f": 1.5, "list": [2], "o": {"a.b": true}}),
        ),
    ];
    for (body, expected) in rows {
        assert_eq!(post("application/json; charset=utf-8", body), Ok(expected), "{body}");
    }
    for body in ["[]", "5", "\"a\"", "null", "{\"a\": tru}", "whatever"] {
        assert_eq!(post("application/json", body).unwrap_err().0, 400, "{body}");
    }
    let feedback = request("POST", "", &[("content-type", "application/json")], "whatever");
    let message = "Body is not parsable as application/json -- Unexpected token w in JSON at position 0";
    assert_eq!(sent(&feedback, LeadCall::Feedback), Err((400, message.to_owned())));
}

#[test]
fn xml_is_parsed_like_xml2js() {
    let rows = [
        ("<lead/>", json!({})),
        ("<lead>hi</lead>", json!({})),
        ("<lead a=\"1\"><b c=\"2\">t</b><a>3</a></lead>", json!({"a": ["1", "3"], "b": {"c": "2", "_": "t"}})),
        ("<l><d> x </d><e>  </e><f/><g>1</g><g>2</g></l>", json!({"d": " x ", "e": "  ", "f": "", "g": ["1", "2"]})),
        ("<l><h><![CDATA[ <x> ]]></h><i>a<j>k</j>b</i></l>", json!({"h": " <x> ", "i": {"j": "k", "_": "ab"}})),
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!DOCTYPE lead>\n<lead><!-- c --><a>&amp;&#65;&lt;</a></lead>",
            json!({"a": "&A<"}),
        ),
        ("<n:a xmlns:n=\"u\"><n:b>1</n:b></n:a>", json!({"xmlns:n": "u", "n:b": "1"})),
    ];
    for media in ["application/xml", "text/xml; charset=utf-8"] {
        for (body, expected) in &rows {
            assert_eq!(post(media, body).as_ref(), Ok(expected), "{body}");
        }
    }
    let plain = post("text/xml", "plain").unwrap_err();
    let message = "Body does not contain XML or XML is unparseable -- Error: Non-whitespace before first tag. Line: 0 Column: 1 Char: p.";
    assert_eq!(plain, (400, message.to_owned()));
    let entities = "<!DOCTYPE l [<!ENTITY a \"b\">]><l>&a;</l>";
    for body in ["<a><b></a>", "<a>&foo;</a>", "<a>", "<a b=1/>", "<!-- nothing -->", "<a/>tail", "<a/><b/>", entities]
    {
        let (status, message) = post("application/xml", body).unwrap_err();
        assert!(status == 400 && message.starts_with("Body does not contain XML"), "{body}: {message}");
    }
    assert_eq!(post("text/xml", &"<a>".repeat(5000)).unwrap_err().0, 400);
}

#[test]
fn query_parameters_override_the_body() {
    let headers = [("content-type", "application/json")];
    let both = request("POST", "?a=q&o.x=1", &headers, r#"{"a": "b", "c": "d", "o": {"x": "0", "y": "2"}}"#);
    assert_eq!(sent(&both, LeadCall::Submit), Ok(json!({"a": "q", "c": "d", "o": {"x": "1", "y": "2"}})));
    let clash = request("GET", "?a=1&a.b.c=2", &[], "");
    assert_eq!(sent(&clash, LeadCall::Submit).unwrap_err().0, 400);
}

#[test]
fn certificate_urls_are_normalised_to_one_field() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "XXTRUSTEDFORMCERTURL=cert&xxTrustedFormPingUrl=ping";
    let rows = [
        (LeadCall::Submit, body, json!({"xxTrustedFormPingUrl": "ping", "trustedform_cert_url": "cert"})),
        (LeadCall::Ping, body, json!({"trustedform_cert_url": "ping"})),
        (LeadCall::Ping, "trustedform_ping_url=ping", json!({"trustedform_cert_url": "ping"})),
        (LeadCall::Ping, "xxTrustedFormCertUrl=cert", json!({"trustedform_cert_url": "cert"})),
    ];
    for (call, body, expected) in rows {
        assert_eq!(sent(&request("POST", "", &form, body), call), Ok(expected), "{call:?} {body}");
    }
    let query = request("GET", "?xxTrustedFormCertUrl=cert", &[], "");
    assert_eq!(sent(&query, LeadCall::Submit), Ok(json!({"trustedform_cert_url": "cert"})));
}

#[test]
fn redirects_go_to_the_first_valid_redir_url() {
    let redirected = |query: &str| {
        let read = read(&request("GET", query, &[], ""), LeadCall::Submit).map_err(|error| error.status)?;
        Ok::<_, u16>(read.redirect.map(|to| to.to_str().unwrap().to_owned()))
    };
    let rows = [
        ("?a=b", Ok(None)),
        ("?redir_url=http%3A%2F%2Ffoo%2Fbar%3Fbaz%3Dbip", Ok(Some("http://foo/bar?baz=bip".to_owned()))),
        ("?redir_url=http://foo.com&x=1&redir_url=http://bar.com", Ok(Some("http://foo.com".to_owned()))),
        ("?redir_url=HTTPS://foo.com/%C3%BC%20x", Ok(Some("HTTPS://foo.com/%C3%BC%20x".to_owned()))),
        ("?redir_url=scooby.doo", Err(400)),
        ("?redir_url=", Err(400)),
        ("?redir_url=ftp://foo", Err(400)),
        ("?redir_url.x=http://foo", Err(400)),
    ];
    for (query, expected) in rows {
        assert_eq!(redirected(query), expected, "{query}");
    }
}

#[test]
fn bodies_are_decoded_by_their_charset() {
    let mut latin = request("POST", "", &[("content-type", "application/json; charset=ISO-8859-1")], "");
    latin.body = Body::Complete(b"{\"name\": \"J\xf6rg\"}".as_slice().into());
    assert_eq!(sent(&latin, LeadCall::Submit), Ok(json!({"name": "Jörg"})));
    let mut windows = request("POST", "", &[("content-type", "text/xml; charset=\"windows-1252\"")], "");
    windows.body = Body::Complete(b"<l><price>\x80 5</price></l>".as_slice().into());
    assert_eq!(sent(&windows, LeadCall::Submit), Ok(json!({"price": "€ 5"})));
}

#[test]
fn results_are_rendered_like_the_module() {
    let result = json!({"outcome": "failure", "reason": "bad!", "lead": {"id": "123"}, "price": number(0.0)});
    let result = result.as_object().unwrap();
    let text = |media| String::from_utf8(render(result, media)).unwrap();
    let json = r#"{"outcome":"failure","reason":"bad!","lead":{"id":"123"},"price":0}"#;
    assert_eq!((text(MediaType::Json), text(MediaType::Form)), (json.to_owned(), json.to_owned()));
    let xml = "<?xml version=\"1.0\"?>\n<result>\n  <outcome>failure</outcome>\n  <reason>bad!</reason>\n  <lead>\n    \
               <id>123</id>\n  </lead>\n  <price>0</price>\n</result>";
    assert_eq!((text(MediaType::TextXml), text(MediaType::ApplicationXml)), (xml.to_owned(), xml.to_owned()));
    let missing = json!({"outcome": "fai<l&ure>\"q\"\u{1}", "lead": {"id": "1", "email": null}, "price": number(1.5)});
    let missing = missing.as_object().unwrap();
    let xml = String::from_utf8(render(missing, MediaType::TextXml)).unwrap();
    let expected = "<?xml version=\"1.0\"?>\n<result>\n  <outcome>fai&lt;l&amp;ure&gt;\"q\"</outcome>\n  <lead>\n    \
                    <id>1</id>\n    <email/>\n  </lead>\n  <price>1.5</price>\n</result>";
    assert_eq!(xml, expected);
    let json = String::from_utf8(render(missing, MediaType::Json)).unwrap();
    assert!(!json.contains("email") && json.ends_with(r#""price":1.5}"#), "{json}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

#[test]
    fn arbitrary_requests_are_decoded_or_rejected_without_a_panic(
        query in "[a-c.=&0-2%]{0,40}",
        media in prop::sample::select(vec!["application/json", "text/xml", "application/x-www-form-urlencoded"]),
        body in prop_oneof!["[a-c.=&0-2]{0,60}", "[\\[\\]{}\",:0-9a-z\\t\\n]{0,60}", "(<[a-c]>|</[a-c]>|<a b='c'/>|&amp;|x){0,20}"],
    ) {
        let request = request("POST", &format!("?{query}"), &[("content-type", media)], &body);
        if let Ok(read) = read(&request, LeadCall::Ping) {
            for media in MediaType::ALL {
                prop_assert!(std::str::from_utf8(&render(&read.parameters, media)).is_ok());
            }
        }
    }
}

#[test]
fn whole_numbers_have_double_precision_as_in_the_module() {
    let json = [("content-type", "application/json")];
    for (sent_text, expected) in [
        ("120210000000000123", json!(120_210_000_000_000_130_i64)),
        ("9007199254740993", json!(9_007_199_254_740_992_i64)),
        ("9007199254740992", json!(9_007_199_254_740_992_i64)),
        ("-120210000000000123", json!(-120_210_000_000_000_130_i64)),
        ("123456789", json!(123_456_789)),
        ("1.10", json!(1.1)),
        ("2.0", json!(2)),
        ("-0", json!(0)),
        ("\"120210000000000123\"", json!("120210000000000123")),
    ] {
        let body = format!("{{\"id\": {sent_text}}}");
        assert_eq!(
            sent(&request("POST", "", &json, &body), LeadCall::Submit),
            Ok(json!({"id": expected})),
            "{sent_text}"
        );
    }
}

#[test]
fn a_broken_json_body_is_shown_up_to_a_limit() {
    let json = [("content-type", "application/json")];
    let body = format!("{{\"a\": \"{}", "ä".repeat(1000));
    let (status, message) = sent(&request("POST", "", &json, &body), LeadCall::Submit).unwrap_err();
    assert_eq!(status, 400);
    assert!(message.starts_with("Unable to parse JSON -- SyntaxError: Error: \"{\"a\": \"ä"), "{message}");
    assert!(message.ends_with("ä\" is not valid JSON.") && message.len() < 1100, "{message}");
}
