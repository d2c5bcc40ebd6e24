use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::exchange;
use crate::leadconduit::delivery::message::{OutboundRequest, OutboundResponse};
use crate::leadconduit::delivery::modules::{Exchange, RequestError};

const URL: &str = "http://localhost:9/soap?wsdl";

const WSDL: &str = r#"<?xml version="1.0"?>
<definitions name="Leads" targetNamespace="urn:leads" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="urn:leads"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <types><xsd:schema targetNamespace="urn:leads" elementFormDefault="qualified">
    <xsd:element name="AddLead"><xsd:complexType><xsd:sequence>
      <xsd:element name="key" type="xsd:string"/><xsd:element name="doc" type="xsd:string"/>
      <xsd:element name="person" type="tns:Person"/>
    </xsd:sequence></xsd:complexType></xsd:element>
    <xsd:complexType name="Person"><xsd:sequence><xsd:element name="age" type="xsd:int"/></xsd:sequence></xsd:complexType>
    <xsd:element name="AddLeadResponse"><xsd:complexType><xsd:sequence>
      <xsd:element name="Result" type="xsd:string"/><xsd:element name="Count" type="xsd:int"/>
      <xsd:element name="Note" type="xsd:string" maxOccurs="unbounded"/>
    </xsd:sequence></xsd:complexType></xsd:element>
  </xsd:schema></types>
  <message name="AddLeadIn"><part name="parameters" element="tns:AddLead"/></message>
  <message name="AddLeadOut"><part name="parameters" element="tns:AddLeadResponse"/></message>
  <portType name="LeadsPort"><operation name="AddLead"><input message="tns:AddLeadIn"/><output message="tns:AddLeadOut"/></operation></portType>
  <binding name="LeadsBinding" type="tns:LeadsPort"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="AddLead"><soap:operation soapAction="urn:leads/AddLead"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="Leads"><port name="Port" binding="tns:LeadsBinding"><soap:address location="http://localhost:9/soap/leads"/></port></service>
</definitions>"#;

fn response(status: u16, body: &str) -> OutboundResponse {
    let body = Bytes::copy_from_slice(body.as_bytes());
    OutboundResponse { status, headers: Vec::new(), body, began_ms: 0, ms: 1, attempts: 1 }
}

fn run(properties: &Value, responses: &[(u16, &str)]) -> Exchange {
    let mut vars = Map::from_iter([("url".to_owned(), URL.into()), ("function".to_owned(), "AddLead".into())]);
    vars.extend(properties.as_object().unwrap().clone());
    let responses: Vec<OutboundResponse> = responses.iter().map(|(status, body)| response(*status, body)).collect();
    exchange(&vars, &responses.iter().collect::<Vec<_>>(), Timestamp::UNIX_EPOCH)
}

fn call(properties: &Value) -> OutboundRequest {
    let mut found = run(properties, &[(200, WSDL)]);
    assert!(found.result.is_none(), "{:?}", found.result);
    found.requests.pop().unwrap()
}

fn body(properties: &Value) -> String {
    String::from_utf8(call(properties).body.to_vec()).unwrap()
}

fn header<'r>(request: &'r OutboundRequest, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

fn envelope(inner: &str) -> String {
    format!(
        r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{inner}</soap:Body></soap:Envelope>"#
    )
}

fn result(properties: &Value, status: u16, inner: &str) -> Value {
    match run(properties, &[(200, WSDL), (status, &envelope(inner))]).result {
        Some(Ok(result)) => Value::Object(result),
        Some(Err(error)) => json!(error.to_string()),
        None => Value::Null,
    }
}

fn error(properties: &Value, responses: &[(u16, &str)]) -> String {
    match run(properties, responses).result {
        Some(Err(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

const START: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                     xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"  xmlns:tns=\"urn:leads\">";

#[test]
fn the_wsdl_is_fetched_before_the_call() {
    let first = run(&json!({"arg.key": "k1"}), &[]);
    let [request] = &first.requests[..] else { panic!("{first:?}") };
    assert_eq!((request.method.as_str(), request.url.as_str(), request.body.len()), ("GET", URL, 0));
    assert!(first.result.is_none());
    let call = call(&json!({"arg.key": "k1"}));
    assert_eq!((call.method.as_str(), call.url.as_str()), ("POST", "http://localhost:9/soap/leads"));
    assert_eq!(header(&call, "SOAPAction"), Some("\"urn:leads/AddLead\""));
    assert_eq!(header(&call, "Content-Type"), Some("text/xml; charset=utf-8"));
    assert_eq!(call.timeout_ms, Some(10_000));
    assert_eq!(
        String::from_utf8_lossy(&call.body),
        format!("{START}<soap:Body><AddLead xmlns=\"urn:leads\"><key>k1</key></AddLead></soap:Body></soap:Envelope>")
    );
}

#[test]
fn an_object_for_an_argument_that_is_a_text_becomes_xml() {
    let properties =
        json!({"arg.key": "k1", "arg.doc.lead.first": "Renée", "basic_username": "amy", "basic_password": "pw"});
    assert_eq!(header(&call(&properties), "Authorization"), Some("Basic YW15OnB3"));
    assert_eq!(
        body(&properties),
        format!(
            "{START}<soap:Header></soap:Header><soap:Body><AddLead xmlns=\"urn:leads\"><key>k1</key><doc>&lt;?xml \
             version=&quot;1.0&quot;?&gt;\n&lt;lead&gt;\n  &lt;first&gt;Renée&lt;/first&gt;\n&lt;/lead&gt;</doc></AddLead>\
             </soap:Body></soap:Envelope>"
        )
    );
    let inner = |properties: Value| {
        let body = body(&properties);
        body.split("<AddLead xmlns=\"urn:leads\">").nth(1).unwrap().split("</AddLead>").next().unwrap().to_owned()
    };
    assert_eq!(inner(json!({"arg.person.age": 7})), "<person><age>7</age></person>");
    assert_eq!(inner(json!({"arg.key.0": "a", "arg.key.2": "b"})), "<key>a</key><key>b</key>");
    assert_eq!(inner(json!({"arg.key": "<![CDATA[<a>]]>"})), "<key><![CDATA[<a>]]></key>");
    assert_eq!(inner(json!({"send_ascii": true, "arg.key": "Renée's"})), "<key>Renee&apos;s</key>");
}

#[test]
fn headers_versions_and_credentials() {
    let sent = call(&json!({"version": " 1.2 ", "bearer_token": "t", "timeout_seconds": "2.5"}));
    assert_eq!(
        header(&sent, "Content-Type"),
        Some("application/soap+xml; charset=utf-8; action=\"urn:leads/AddLead\"")
    );
    assert_eq!((header(&sent, "SOAPAction"), header(&sent, "Authorization")), (None, Some("Bearer t")));
    assert_eq!(sent.timeout_ms, Some(2_500));
    assert!(String::from_utf8_lossy(&sent.body).contains("xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\""));
    let xml =
        body(&json!({"soap_header.Auth@xmlns": "urn:a", "soap_header.Auth.user": "amy", "soap_header.Trace": "t"}));
    assert!(
        xml.contains("<soap:Header><Auth xmlns=\"urn:a\"><user>amy</user></Auth> <Trace>t</Trace></soap:Header>"),
        "{xml}"
    );
    let plain = body(&json!({"wss_username": "amy", "wss_password": "p<w"}));
    assert!(
        plain.contains("#PasswordText\">p&lt;w</wsse:Password><wsu:Created>1970-01-01T00:00:00Z</wsu:Created>"),
        "{plain}"
    );
    assert!(plain.contains("<wsu:Expires>1970-01-01T00:10:00Z</wsu:Expires>"), "{plain}");
    let digest = body(&json!({"wss_username": "amy", "wss_password": "secret", "wss_digest_password": "true"}));
    assert!(digest.contains("#PasswordDigest\">") && !digest.contains("secret"), "{digest}");
    let root = body(
        &json!({"root_namespace_prefix": "x", "root_xmlns_attribute_name": "xmlns:x", "root_xmlns_attribute_value": "urn:x"}),
    );
    assert!(root.contains("<soap:Body><x:AddLead xmlns:x=\"urn:x\"></x:AddLead></soap:Body>"), "{root}");
}

#[test]
fn results_are_opened_searched_and_appended() {
    let reply = r#"<AddLeadResponse xmlns="urn:leads"><Result>&lt;reply&gt;&lt;status&gt;Accepted&lt;/status&gt;&lt;bid&gt;3.5&lt;/bid&gt;&lt;/reply&gt;</Result><Count>7</Count><Note>n</Note></AddLeadResponse>"#;
    let properties = json!({"outcome_search_term": "accepted", "outcome_search_path": "Result.reply.status",
                            "reason_path": "Result.reply.why", "price_path": "Result.reply.bid"});
    assert_eq!(
        result(&properties, 200, reply),
        json!({"Result": {"reply": {"status": "Accepted", "bid": "3.5"}}, "Count": 7, "Note": ["n"], "outcome": "success", "price": "3.5"})
    );
    let refused = r#"<AddLeadResponse xmlns="urn:leads"><Result>zip closed</Result></AddLeadResponse>"#;
    let properties =
        json!({"outcome_search_term": "ok", "outcome_search_path": "Result", "default_reason": "not taken"});
    assert_eq!(
        result(&properties, 200, refused),
        json!({"Result": "zip closed", "outcome": "failure", "price": 0, "reason": "not taken"})
    );
    assert_eq!(result(&json!({}), 200, refused)["outcome"], "success");
}

#[test]
fn faults_are_errors() {
    let fault = "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>Bad key</faultstring></soap:Fault>";
    assert_eq!(result(&json!({}), 500, fault), json!({"outcome": "error", "reason": "Bad key"}));
    let fault = "<soap:Fault><faultcode>soap:Client</faultcode></soap:Fault>";
    assert_eq!(result(&json!({}), 200, fault), json!({"outcome": "error", "reason": "soap:Client"}));
    assert_eq!(result(&json!({}), 200, "<Other/>"), "the element Other of the response is not in the WSDL");
    assert_eq!(error(&json!({}), &[(200, WSDL), (503, "")]), "Error http status codes");
}

#[test]
fn what_cannot_be_called_is_an_error() {
    assert_eq!(error(&json!({"function": "DropLead"}), &[(200, WSDL)]), "Unsupported SOAP function specified");
    for (properties, text) in [
        (json!({"function": ""}), "Function is required"),
        (json!({"function": "a-b"}), "Function must have valid name"),
        (json!({"version": "2"}), "Must be valid SOAP version: 1.1 or 1.2"),
        (json!({"url": ""}), "URL is required"),
    ] {
        let found = run(&properties, &[]);
        assert!(matches!(&found.result, Some(Err(RequestError::Invalid(found))) if found == text), "{found:?}");
    }
    let missing = error(&json!({}), &[(404, "")]);
    assert_eq!(missing, "Invalid WSDL URL: http://localhost:9/soap: the status is 404, not 200");
    for (wsdl, text) in [
        ("no", "the WSDL is not valid XML"),
        ("<html/>", "Unexpected root element of WSDL or include"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><definitions/>", "the WSDL is not valid XML"),
        (&WSDL.replace("element=\"tns:AddLead\"", "element=\"tns:None\""), "the WSDL defines no element tns:None"),
        (
            &WSDL.replace("name=\"age\" type=\"xsd:int\"", "name=\"age\" type=\"tns:Person\""),
            "the type Person of the WSDL contains itself",
        ),
    ] {
        let found = error(&json!({}), &[(200, wsdl)]);
        assert!(found.starts_with(text), "{found}");
    }
}

#[test]
fn imports_are_fetched_once_and_have_a_limit() {
    let (start, rest) = WSDL.split_once("<xsd:schema").unwrap();
    let (schema, end) = rest.split_once("</types>").unwrap();
    let importing = format!(
        r#"{start}<xsd:schema targetNamespace="urn:own"><xsd:import namespace="urn:leads" schemaLocation="leads.xsd"/></xsd:schema></types>{end}"#
    );
    let schema = format!(r#"<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="urn:leads"{schema}"#);
    let found = run(&json!({"arg.key": "k"}), &[(200, &importing), (200, &schema)]);
    let urls: Vec<&str> = found.requests.iter().map(|request| request.url.as_str()).collect();
    assert_eq!(urls, [URL, "http://localhost:9/leads.xsd", "http://localhost:9/soap/leads"]);
    let sent = String::from_utf8_lossy(&found.requests[2].body);
    assert!(sent.contains("<AddLead xmlns=\"urn:leads\"><key>k</key></AddLead>"), "{sent}");
    let chain: Vec<(u16, String)> = (0..25)
        .map(|at| (200, format!(r#"<schema targetNamespace="u{at}"><include schemaLocation="{at}.xsd"/></schema>"#)))
        .collect();
    let chain: Vec<(u16, &str)> = chain.iter().map(|(status, text)| (*status, text.as_str())).collect();
    assert_eq!(error(&json!({}), &chain), "the WSDL imports more than 20 documents");
}
