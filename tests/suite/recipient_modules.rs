//! Recipients with the custom modules, and with modules that the mock does not know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use leadconduit_mock::MockServer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::deliver::{Listener, ReceivedRequest, start, start_with_deliveries};
use crate::lead_flow::{SUMMIT, TEST_FLOW, events, kinds, outcome_of, recipient, rules, submit};
use crate::log::Server;
use crate::support::{JANE, Mock, SUPERUSER};
use crate::wire::{Wire, request};

/// A step of a module with mappings as pairs of property and value.
fn step(id: &str, module: &str, mappings: &[(&str, &str)]) -> Value {
    let rows = mappings.iter().map(|(property, value)| json!({"property": property, "value": value}));
    recipient(id, json!({"integration": {"module_id": module, "mappings": rows.collect::<Vec<_>>()}}))
}

const JSON: &str = "leadconduit-custom.outbound.json";

#[test]
fn a_json_recipient_gets_headers_as_headers_and_rejects_by_path() {
    let listener = Listener::start(|count, _| {
        let status = if count == 0 { "Accepted" } else { "refused" };
        (422, json!({"result": {"status": status, "errors": [{"text": "zip"}, {"text": "age"}], "bid": "2.5"}}))
    });
    let mappings = [
        ("url", &*listener.url),
        ("header.X-Api-Key", "key-of-the-recipient"),
        ("json_property.lead.phones.0.number", "{{lead.phone_1}}"),
        ("json_property.lead.name", "{{lead.first_name}} L"),
        ("outcome_search_term", "^accepted$"),
        ("outcome_search_path", "result.status"),
        ("reason_path", "result.errors.*.text"),
        ("price_path", "result.bid"),
    ];
    let mut sold = step("bb0001", JSON, &mappings);
    sold["pricing"] = json!({"override": true, "prices": []});
    let filter = json!({"id": "bb0002", "type": "filter", "enabled": true, "outcome": "failure",
                        "reason": "{{outbound.reason}}", "rule_set": rules("outbound.outcome", "is equal to", json!("failure"))});
    let mock = start_with_deliveries(json!({"steps": [sold, filter]}));
    let lead = json!({"first_name": "Ann", "phone_1": "(512) 555-0142"});
    let accepted = submit(&mock, &lead);
    let received = listener.next();
    assert_eq!(received.body, r#"{"lead":{"phones":[{"number":"5125550142"}],"name":"Ann L"}}"#);
    assert!(received.head.contains("x-api-key: key-of-the-recipient\r\n"), "{}", received.head);
    assert!(received.head.contains("content-type: application/json; charset=utf-8\r\n"), "{}", received.head);
    let events_of = |result: &Value| events(&mock, result);
    let event = &events_of(&accepted)[0];
    assert_eq!((&event["outcome"], event["sale_price"].as_f64()), (&json!("success"), Some(2.5)));
    assert_eq!(event["reason"], "age, zip", "the reason is set on success too");
    let rejected = submit(&mock, &lead);
    assert_eq!(outcome_of(&rejected).1, "age, zip");
    let event = &events_of(&rejected)[0];
    assert_eq!((&event["outcome"], &event["outbound"]["result"]["bid"]), (&json!("failure"), &json!("2.5")));
    assert_eq!(event["transactions"][0]["response"]["status"], 422);
    listener.next();
    listener.received_nothing_more(mock);
}

#[test]
fn a_module_that_the_mock_does_not_know_is_never_sent() {
    let listener = Listener::responding(json!({"outcome": "failure"}));
    let module = "leadconduit-hubspot.outbound.contact";
    let mappings = [("url", &*listener.url), ("lead.state", "TX")];
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", module, &mappings)]}));
    let result = submit(&mock, &json!({"state": "TX"}));
    let events = events(&mock, &result);
    assert_eq!(kinds(&events)[0], ("recipient", "success"));
    let call = &events[0]["transactions"][0];
    assert_eq!((&call["request"]["uri"], &call["request"]["body"]), (&json!(listener.url), &json!("")));
    let why = format!("the mock does not know what {module} sends");
    assert_eq!(call["response"]["headers"]["X-Mock-Simulated"], why);
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    let explained = mock.post("/__admin/explain", &json!({"method": "POST", "path": path, "body": {"state": "TX"}}));
    let text = explained.expect(200).text;
    assert!(text.contains(&format!("success (simulated: {why})")), "{text}");
    listener.received_nothing_more(mock);
}

#[test]
fn a_step_that_its_module_refuses_is_skipped_without_a_request() {
    let listener = Listener::responding(json!({}));
    let url = ("url", &*listener.url);
    let steps = json!({"steps": [
        step("bb0001", JSON, &[url, ("method", "GET")]),
        step("bb0002", "leadconduit-custom.outbound.xml", &[url, ("xml_path.a", "\u{1}")]),
        step("bb0003", "leadconduit-custom.outbound.form", &[url, ("header.Accept", "*/*")]),
    ]});
    let expected = [
        ("skip", "Unsupported HTTP method - use POST, PUT, DELETE, PATCH"),
        ("error", "Invalid character in string"),
        ("skip", "Accept header is not allowed"),
    ];
    for deliveries in [true, false] {
        let mock = start(steps.clone(), |settings| settings.delivery.is_enabled = deliveries);
        let events = events(&mock, &submit(&mock, &json!({"state": "TX"})));
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let found: Vec<(String, String)> =
            events[..3].iter().map(|event| (text(event, "outcome"), text(event, "reason"))).collect();
        assert_eq!(found, expected.map(|(outcome, reason)| (outcome.to_owned(), reason.to_owned())));
        if deliveries {
            listener.received_nothing_more(mock);
            return;
        }
    }
}

const SOAP: &str = "leadconduit-custom.outbound.soap";

/// A service with one function, which a listener describes and offers.
fn wsdl(location: &str) -> String {
    format!(
        r#"<definitions targetNamespace="urn:leads" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="urn:leads"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<types><xsd:schema targetNamespace="urn:leads" elementFormDefault="qualified">
  <xsd:element name="AddLead"><xsd:complexType><xsd:sequence><xsd:element name="name" type="xsd:string"/>
    <xsd:element name="password" type="xsd:string"/></xsd:sequence></xsd:complexType></xsd:element>
  <xsd:element name="AddLeadResponse"><xsd:complexType><xsd:sequence><xsd:element name="Result" type="xsd:string"/>
    </xsd:sequence></xsd:complexType></xsd:element>
</xsd:schema></types>
<message name="In"><part name="p" element="tns:AddLead"/></message>
<message name="Out"><part name="p" element="tns:AddLeadResponse"/></message>
<portType name="Port"><operation name="AddLead"><input message="tns:In"/><output message="tns:Out"/></operation></portType>
<binding name="Binding" type="tns:Port"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="AddLead"><soap:operation soapAction="urn:leads/AddLead"/></operation></binding>
<service name="Leads"><port name="Port" binding="tns:Binding"><soap:address location="{location}"/></port></service>
</definitions>"#
    )
}

fn soap_response(inner: &str) -> Value {
    json!(format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{inner}</s:Body></s:Envelope>"#
    ))
}

/// The URL of the service at the address of the listener.
fn own_url(request: &ReceivedRequest) -> String {
    let host = request.head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    format!("http://{host}/soap")
}

#[test]
fn a_soap_recipient_is_called_as_its_wsdl_says() {
    let listener = Listener::start(|count, request| match count {
        1 => (
            200,
            soap_response(
                "<AddLeadResponse xmlns='urn:leads'><Result>&lt;r&gt;&lt;bid&gt;3.5&lt;/bid&gt;&lt;/r&gt;</Result></AddLeadResponse>",
            ),
        ),
        3 => {
            (500, soap_response("<s:Fault><faultcode>s:Client</faultcode><faultstring>Bad key</faultstring></s:Fault>"))
        }
        4 => (200, json!(wsdl("http://192.0.2.9/soap"))),
        _ => (200, json!(wsdl(&own_url(request)))),
    });
    let mappings = [
        ("url", &*listener.url),
        ("function", "AddLead"),
        ("arg.name", "{{lead.first_name}}"),
        ("outcome_search_term", "bid"),
        ("price_path", "Result.r.bid"),
    ];
    let mut sold = step("bb0001", SOAP, &mappings);
    sold["pricing"] = json!({"override": true, "prices": []});
    let mock = start_with_deliveries(json!({"steps": [sold]}));
    let lead = json!({"first_name": "Renée"});
    let event = |mock: &Mock| events(mock, &submit(mock, &lead)).remove(0);
    let accepted = event(&mock);
    assert_eq!(listener.next().line, "GET /leads HTTP/1.1");
    let call = listener.next();
    assert_eq!(call.line, "POST /soap HTTP/1.1");
    assert!(call.head.contains("soapaction: \"urn:leads/AddLead\"\r\n"), "{}", call.head);
    assert!(call.body.contains("<AddLead xmlns=\"urn:leads\"><name>Renée</name></AddLead>"), "{}", call.body);
    assert_eq!((&accepted["outcome"], accepted["sale_price"].as_f64()), (&json!("success"), Some(3.5)));
    assert_eq!(accepted["outbound"]["Result"], json!({"r": {"bid": "3.5"}}));
    assert_eq!(accepted["transactions"][0]["request"]["method"], "GET");
    assert_eq!(accepted["transactions"][1]["request"]["body"], call.body);
    let fault = event(&mock);
    assert_eq!((&fault["outcome"], &fault["reason"]), (&json!("error"), &json!("Bad key")));
    listener.next();
    listener.next();
    let elsewhere = event(&mock);
    assert_eq!(elsewhere["outcome"], "error");
    let reason = elsewhere["reason"].as_str().unwrap();
    assert!(reason.starts_with("http://192.0.2.9/soap is named in the WSDL but not called"), "{reason}");
    listener.next();
    listener.received_nothing_more(mock);
}

#[test]
fn a_simulated_soap_recipient_says_why_its_call_is_not_shown() {
    let steps =
        json!({"steps": [step("bb0001", SOAP, &[("url", "http://localhost:9/soap?wsdl"), ("function", "AddLead")])]});
    let mock = start(steps, |_| {});
    let event = events(&mock, &submit(&mock, &json!({"state": "TX"}))).remove(0);
    let call = &event["transactions"][0];
    assert_eq!((&event["outcome"], &call["request"]["body"]), (&json!("success"), &json!("")));
    let why = "what is sent follows from the WSDL, which is fetched with --deliver only; a host that is not this machine \
               also needs --deliver-allow HOST:PORT";
    assert_eq!(call["response"]["headers"]["X-Mock-Simulated"], why);
    let request = json!({"method": "POST", "path": format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit"), "body": {"state": "TX"}});
    let explain = |mock: &Mock| mock.post("/__admin/explain", &request).expect(200).text;
    assert!(explain(&mock).contains(&format!("success (simulated: {why})")), "{}", explain(&mock));
    // With deliveries, an explanation sends nothing; a host that is not allowed is named.
    let steps = |url: &str| json!({"steps": [step("bb0001", SOAP, &[("url", url), ("function", "AddLead")])]});
    let why =
        "what is sent follows from the WSDL, which a dry run does not fetch; submit the lead to call the recipient";
    let text = explain(&start_with_deliveries(steps("http://127.0.0.1:9/soap?wsdl")));
    assert!(text.contains(&format!("(simulated: {why})")), "{text}");
    let why =
        "host crm.example.com is not allowed; see --deliver-allow; its WSDL, which says what is sent, is not fetched";
    let mock = start_with_deliveries(steps("http://crm.example.com/soap?wsdl"));
    assert!(explain(&mock).contains(&format!("(simulated: {why})")), "{}", explain(&mock));
    let event = events(&mock, &submit(&mock, &json!({"state": "TX"}))).remove(0);
    assert_eq!(event["transactions"][0]["response"]["headers"]["X-Mock-Simulated"], why);
}

#[test]
fn secrets_in_a_soap_call_appear_in_no_event() {
    let listener = Listener::start(|count, request| match count {
        0 => (200, json!(wsdl(&own_url(request)))),
        _ => (200, soap_response("<AddLeadResponse xmlns='urn:leads'><Result>ok</Result></AddLeadResponse>")),
    });
    let secret = "s3cret-of-the-recipient";
    let mappings = [
        ("url", &*listener.url),
        ("function", "AddLead"),
        ("arg.password", secret),
        ("soap_header.Auth.token", secret),
        ("wss_username", "amy"),
        ("wss_password", secret),
    ];
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", SOAP, &mappings)]}));
    let result = submit(&mock, &json!({"state": "TX"}));
    listener.next();
    assert_eq!(listener.next().body.matches(secret).count(), 3, "the recipient gets the secret");
    let mut event = events(&mock, &result).remove(0);
    event.as_object_mut().unwrap().shift_remove("mappings");
    assert_eq!(event["outcome"], "success");
    for output in [event.to_string(), mock.get("/__admin/requests?limit=100").expect(200).text] {
        assert!(!output.contains(secret), "{output}");
    }
}

/// Every module with properties that take a secret, `S`.
const SECRET_MAPPINGS: [(&str, &[(&str, &str)]); 7] = [
    ("leadconduit-default.outbound", &[("api_token", "S"), ("default.custom.password", "S")]),
    ("leadconduit-custom.outbound.form", &[("form_field.password", "S"), ("header.X-Api-Key", "S")]),
    ("leadconduit-custom.outbound.query", &[("parameter.api_key", "S"), ("header.Authorization", "Token S")]),
    (JSON, &[("json_property.auth.token", "S"), ("basic_username", "amy"), ("basic_password", "S")]),
    (JSON, &[("header.X-Session", "S"), ("json_property.a", "1")]),
    (JSON, &[("json_parameter", "doc"), ("json_property.client.secret", "S"), ("extra_parameter.access_token", "S")]),
    ("leadconduit-custom.outbound.xml", &[("xml_path.lead.login@password", "S"), ("xml_path.lead.api_key", "S")]),
];

fn steps_with_secret(url: &str, secret: &str) -> Value {
    let steps = SECRET_MAPPINGS.iter().enumerate().map(|(at, (module, mappings))| {
        let filled: Vec<(&str, String)> =
            mappings.iter().map(|(property, value)| (*property, value.replace('S', secret))).collect();
        let rows: Vec<(&str, &str)> =
            [("url", url)].into_iter().chain(filled.iter().map(|(property, value)| (*property, &**value))).collect();
        step(&format!("bb000{at}"), module, &rows)
    });
    json!({"steps": steps.collect::<Vec<_>>()})
}

/// What forms and queries escape of the characters of the secrets.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'!');

/// The forms in which a secret is sent.
fn forms(secret: &str) -> Vec<String> {
    let escaped = |set| utf8_percent_encode(secret, set).to_string();
    vec![secret.to_owned(), escaped(ESCAPED), escaped(NON_ALPHANUMERIC), STANDARD.encode(format!("amy:{secret}"))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mapped_secret_appears_in_no_output(secret in "[a-z][A-Za-z0-9/+=._!-]{11,24}[a-z]", is_delivered: bool) {
        let listener = Listener::responding(json!({"outcome": "success"}));
        let mock = start(steps_with_secret(&listener.url, &secret), |settings| settings.delivery.is_enabled = is_delivered);
        let result = submit(&mock, &json!({"state": "TX", "first_name": "Ann"}));
        if is_delivered {
            let sent: Vec<String> = SECRET_MAPPINGS.iter().map(|_| listener.next()).map(|received| received.head + &received.body).collect();
            let forms = forms(&secret);
            prop_assert!(forms.iter().any(|form| sent[0].contains(form)), "the recipient gets the secret: {}", sent[0]);
        }
        let id = result["lead"]["id"].as_str().unwrap();
        let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
        let explained = mock.post("/__admin/explain", &json!({"method": "POST", "path": path, "body": {"state": "TX"}}));
        let mut events = events(&mock, &result);
        for event in &mut events {
            // A property of the API: the mappings of the step as they were saved.
            event.as_object_mut().unwrap().shift_remove("mappings");
        }
        let outputs = [
            explained.expect(200).text,
            mock.get(&format!("/__admin/leads/{id}/trace")).expect(200).text,
            json!(events).to_string(),
            mock.get("/__admin/requests?limit=100").expect(200).text,
        ];
        for output in outputs {
            for form in forms(&secret) {
                prop_assert!(!output.contains(&form), "{form} is in {output}");
            }
        }
    }
}

/// Texts with a secret, `S`, as a mapping or a recipient can have them.
const SECRET_TEXTS: [&str; 4] =
    ["http://joe:S@crm.example/x", "https://crm.example/v1/token/S/x", "api_key=S", "password: S"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_trace_contains_no_secret(secret in "[a-z]{10,14}[A-Z]{4,8}", short in "[a-z]{6}[A-Z]{3}") {
        let texts: Vec<String> = SECRET_TEXTS.iter().map(|text| text.replace('S', &secret)).collect();
        let returned = json!({
            "outcome": "success", "reason": texts[0], "api_key": secret, "member": JANE, "texts": texts,
            "superuser": SUPERUSER, "repeated": format!("of {secret}"),
        });
        let listener = Listener::responding(returned);
        let bearer = format!("Bearer {short}");
        let mut mappings = vec![
            ("url", &*listener.url), ("header.X-Session", &*secret), ("header.X-Trace", &*bearer), ("basic_username", "amy"),
            ("basic_password", &*short), ("header.X-Account", JANE), ("json_property.user", SUPERUSER),
        ];
        let names: Vec<String> = (0..texts.len()).map(|at| format!("json_property.text_{at}")).collect();
        mappings.extend(names.iter().zip(&texts).map(|(name, text)| (&**name, &**text)));
        let path = format!("{}/token/{short}", listener.url);
        let other = [("url", &*path), ("header.X-Trace", &*bearer), ("header.Authorization", &*short)];
        let mock = start_with_deliveries(json!({"steps": [step("bb0001", JSON, &mappings), step("bb0002", JSON, &other)]}));
        let result = submit(&mock, &json!({"state": "TX", "first_name": "Ann"}));
        prop_assert!(listener.next().head.contains(&short));
        let id = result["lead"]["id"].as_str().unwrap();
        let trace = mock.get(&format!("/__admin/leads/{id}/trace")).expect(200);
        prop_assert!(trace.json()["steps"][0]["transactions"][0]["request"]["headers"].is_object(), "{}", trace.text);
        for hidden in [&*secret, &*short, JANE, SUPERUSER] {
            prop_assert!(!trace.text.contains(hidden), "{hidden} is in {}", trace.text);
        }
    }
}

#[test]
fn a_truncated_reason_ends_with_no_beginning_of_a_secret() {
    let secret = "zq7-mapped-secret-value";
    let shown = 17;
    let reason = format!("{}{secret}", "x".repeat(1_000 - shown));
    let listener = Listener::responding(json!({"outcome": "failure", "reason": reason}));
    let mappings = [("url", &*listener.url), ("header.X-Session", secret)];
    let mock = start_with_deliveries(json!({"steps": [step("bb0001", JSON, &mappings)]}));
    let result = submit(&mock, &json!({"state": "TX"}));
    assert!(listener.next().head.contains(secret));
    let id = result["lead"]["id"].as_str().unwrap();
    for path in ["/__admin/requests?limit=100", &format!("/__admin/leads/{id}/trace")] {
        let output = mock.get(path).expect(200).text;
        assert!(output.contains("xxxxxx***"), "{output}");
        assert!(!output.contains(&secret[..shown]), "{output}");
    }
}

#[test]
fn a_mapped_secret_is_not_logged() {
    let listener = Listener::responding(json!({"outcome": "success"}));
    let secret = "zq7-mapped-secret-value";
    let scenario = crate::lead_flow::scenario_with(steps_with_secret(&listener.url, secret), json!({}));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yaml"), scenario.to_string()).unwrap();
    let scenarios = folder.path().to_str().unwrap();
    let server = Server::start(
        &["--scenarios", scenarios, "--scenario", "own", "--deliver"],
        &[("LEADCONDUIT_MOCK_LOG", "debug")],
    );
    let mut wire = Wire::open(server.address);
    let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
    let response = wire.exchange(&request("POST", &path, &[], Some(r#"{"state":"TX"}"#)));
    assert!(format!("{response:?}").contains("201"), "{response:?}");
    let received: Vec<String> =
        SECRET_MAPPINGS.iter().map(|_| listener.next()).map(|one| one.head + &one.body).collect();
    let has_secret = |text: &String| forms(secret).iter().any(|form| text.contains(form));
    assert!(received.iter().all(has_secret), "{received:?}");
    let log = server.stop();
    assert!(log.contains("submit_lead"), "{log}");
    for form in forms(secret) {
        assert!(!log.contains(&form), "{log}");
    }
}

#[test]
fn a_configured_response_is_read_by_the_module_of_the_step() {
    let reading =
        [("outcome_search_term", "ok"), ("outcome_search_path", "h1"), ("reason_path", "p.why"), ("header.X-Key", "k")];
    let mapped: Vec<(&str, &str)> = [("url", "http://buyer.example/in")].into_iter().chain(reading).collect();
    let steps = json!([
        step("bb0001", "leadconduit-custom.outbound.form", &mapped),
        step("bb0002", "leadconduit-custom.outbound.query", &reading),
        step("bb0003", "leadconduit-hubspot.outbound.contact", &mapped),
    ]);
    let page = "<h1>Sorry</h1><p class=why>No {{lead.state}}</p>";
    let responses = json!({"recipients": [{"id": "page", "response": {"content_type": "text/html", "body": page}}]});
    let scenario = crate::lead_flow::scenario_with(json!({"steps": steps}), responses);
    let mock = Mock::with_scenario("own", &scenario.to_string());
    let events = events(&mock, &submit(&mock, &json!({"state": "TX"})));
    for event in &events[..2] {
        assert_eq!((&event["outcome"], &event["reason"]), (&json!("failure"), &json!("No TX")), "{event}");
        assert_eq!(event["transactions"][0]["response"]["body"], page.replace("{{lead.state}}", "TX"));
    }
    assert_eq!(events[2]["outcome"], "error");
    assert_eq!(events[2]["reason"], "the mock does not know how leadconduit-hubspot.outbound.contact reads a response");
}

#[test]
fn the_scenario_with_a_json_recipient_delivers_to_a_server() {
    let mock = Mock::start(
        MockServer::builder().scenario("json-recipient").configure(|settings| settings.delivery.is_enabled = true),
    );
    // The URL of the scenario has a fixed port, on which nothing listens or something else does.
    let flow = mock.get("/flows/64b8f0f5e4b0c3a1d5e6f7ab").expect(200).json();
    let listener = Listener::responding(json!({"result": {"status": "rejected", "errors": [{"text": "full"}]}}));
    let mut changed = flow.clone();
    changed["steps"][0]["integration"]["mappings"][0]["value"] = json!(listener.url);
    mock.put("/flows/64b8f0f5e4b0c3a1d5e6f7ab", &changed).expect(200);
    mock.call(JANE, Method::POST, "/flows/64b8f0f5e4b0c3a1d5e6f7ab/deploy", None).expect(200);
    let path = format!("/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/{SUMMIT}/submit");
    let result =
        mock.post(&path, &json!({"first_name": "Ann", "phone_1": "5125550142", "state": "TX"})).expect(201).json();
    assert_eq!((&result["outcome"], &result["reason"]), (&json!("failure"), &json!("full")));
    assert!(listener.next().head.contains("x-api-key: brightpath-key-1\r\n"));
}

/// A flow with a destination at a URL and the steps.
pub fn flow_with_destination(url: &str, steps: Value) -> Value {
    let action = json!({"name": "Add Lead", "action_id": "add-lead", "webhook_url": url});
    json!({"steps": steps, "destinations": [{"name": "Sheet", "instance_id": "SW5zdGFuY2U6MQ==", "actions": [action]}]})
}

#[test]
fn destinations_are_notified_after_the_steps_unless_one_failed() {
    let listener = Listener::start(|_, _| (202, json!({})));
    let flow = flow_with_destination(&listener.url, json!([recipient("bb0001", json!({}))]));
    let mock = start_with_deliveries(flow);
    let explained = |mock: &Mock| {
        let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
        mock.post("/__admin/explain", &json!({"method": "POST", "path": path, "body": {"state": "TX"}}))
            .expect(200)
            .text
    };
    let text = explained(&mock);
    assert!(text.contains("destination `Sheet`, action `Add Lead`: simulated"), "{text}");
    let lead = json!({"first_name": "Ann", "phone_1": "(512) 555-0142"});
    let result = submit(&mock, &lead);
    assert_eq!(result["outcome"], "success");
    let received = listener.next();
    assert_eq!(received.line, "POST /leads HTTP/1.1");
    let sent: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!((&sent["lead"]["phone_1"], &sent["flow"]["id"]), (&json!("5125550142"), &json!(TEST_FLOW)));
    let exchange = mock.get("/__admin/requests?operation=submit_lead&limit=1").expect(200).text;
    assert!(exchange.contains("destination `Sheet`, action `Add Lead`: status 202"), "{exchange}");
    // A delivery that fails does not fail the lead, but the destinations are skipped.
    let failed = submit(&mock, &json!({"email": "a@recipient-failure.example"}));
    assert_eq!(failed["outcome"], "success");
    let exchange = mock.get("/__admin/requests?operation=submit_lead&limit=1").expect(200).text;
    assert!(
        exchange.contains("destination `Sheet`, action `Add Lead`: skipped, because a step did not succeed"),
        "{exchange}"
    );
    listener.received_nothing_more(mock);
}
