//! The call: headers and envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use sha1::{Digest as _, Sha1};

use super::HEADERS;
use super::service::{Message, Operation, Wsdl};
use super::writer::{RootOverride, Writer, escape};
use crate::http::basic_auth;
use crate::leadconduit::delivery::message::OutboundRequest;
use crate::leadconduit::delivery::modules::RequestError;
use crate::leadconduit::delivery::modules::custom::properties::{Node, Properties, Texts};
use crate::leadconduit::delivery::modules::custom::{js, xml_body};
use crate::leadconduit::values;

/// How long the module waits for the response to a call, in milliseconds.
const TIMEOUT_MS: u64 = 10_000;

/// How long the credentials of a call are valid.
const CREDENTIALS_VALIDITY: SignedDuration = SignedDuration::from_secs(600);

const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const PROFILE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
const BASE64_TYPE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// How a call identifies itself.
enum Security {
    Basic { user: String, password: String },
    Bearer(String),
    Token { user: String, password: String, is_digest: bool },
}

/// The call of an operation.
pub(super) fn build(
    vars: Properties<'_>,
    wsdl: &mut Wsdl,
    operation: &Operation,
    now: Timestamp,
) -> Result<OutboundRequest, RequestError> {
    let arguments = arguments(vars, wsdl)?;
    let message = body(vars, wsdl, operation, arguments)?;
    let is_12 = vars.text("version").is_some_and(|version| js::trim(&version) == "1.2");
    let soap =
        if is_12 { "http://www.w3.org/2003/05/soap-envelope" } else { "http://schemas.xmlsoap.org/soap/envelope/" };
    let security = security(vars);
    let mut header = soap_headers(vars)?;
    if let Some(Security::Token { user, password, is_digest }) = &security {
        header.push_str(&token(user, password, *is_digest, now, &message));
    }
    let header = if header.is_empty() && security.is_none() {
        String::new()
    } else {
        format!("<soap:Header>{header}</soap:Header>")
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"{soap}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" {}>{header}<soap:Body>{message}</soap:Body></soap:Envelope>",
        wsdl.definitions.xmlns.in_envelope()
    );
    let mut headers: Vec<(String, String)> =
        HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    let action = &operation.action;
    if is_12 {
        add("Content-Type", format!("application/soap+xml; charset=utf-8; action=\"{action}\""));
    } else {
        add("Content-Type", "text/xml; charset=utf-8".to_owned());
        add("SOAPAction", format!("\"{action}\""));
    }
    match security {
        Some(Security::Basic { user, password }) => add("Authorization", basic_auth::encode(&user, &password)),
        Some(Security::Bearer(token)) => add("Authorization", format!("Bearer {token}")),
        Some(Security::Token { .. }) | None => {}
    }
    Ok(OutboundRequest {
        method: Method::POST,
        url: operation.location.clone(),
        headers,
        body: Bytes::from(xml),
        depth: 1,
        timeout_ms: Some(timeout_ms(vars)),
    })
}

fn timeout_ms(vars: Properties<'_>) -> u64 {
    let seconds = vars.non_empty("timeout_seconds").and_then(|text| values::parse_number(&text));
    let ms = seconds.filter(|seconds| *seconds > 0.0).map(|seconds| seconds * 1000.0);
    // More than the limit of deliveries has no effect.
    ms.map_or(TIMEOUT_MS, |ms| format!("{:.0}", ms.clamp(1.0, 1e9)).parse().unwrap_or(TIMEOUT_MS))
}

/// The arguments. An object for an argument that is a text becomes XML.
fn arguments(vars: Properties<'_>, wsdl: &mut Wsdl) -> Result<Value, RequestError> {
    let texts = if vars.is_true("send_ascii") { Texts::Ascii } else { Texts::Plain };
    let function = vars.text("function").unwrap_or_default();
    let mut arguments = Map::new();
    for (name, node) in vars.tree("arg", texts)?.map(Node::entries).unwrap_or_default() {
        let is_object = matches!(node, Node::Object(_));
        let is_text = is_object && {
            let argument_type = wsdl.argument_type(&function, &name);
            argument_type.map_err(|error| RequestError::Failed(error.to_string()))?.as_deref() == Some("string")
        };
        let value = if is_text { xml_body::build(Some(node))?.into() } else { node.compact().into_value() };
        arguments.insert(name, value);
    }
    Ok(Value::Object(arguments))
}

fn body(
    vars: Properties<'_>,
    wsdl: &mut Wsdl,
    operation: &Operation,
    arguments: Value,
) -> Result<String, RequestError> {
    let failed = |text: &str| RequestError::Failed(text.to_owned());
    let input = operation.input.clone();
    let input = input.ok_or_else(|| failed("the operation of the WSDL has no input message"))?;
    let name = wsdl.message_name(&input);
    let root = root_override(vars);
    if operation.style == "rpc" {
        let uri = wsdl.definitions.target_namespace.clone();
        let prefix = uri.as_deref().and_then(|uri| wsdl.definitions.xmlns.prefix_of(uri)).map(str::to_owned);
        let has_parts = matches!(input, Message::Parts { .. });
        let names = (prefix.as_deref(), uri.as_deref());
        return Writer::new(wsdl, root).rpc(&operation.name, &arguments, names, has_parts);
    }
    if !matches!(operation.style.as_str(), "" | "document") {
        return Err(failed("invalid message definition for rpc style binding"));
    }
    let Message::Element(id) = input else {
        return Writer::new(wsdl, root).document(&name, arguments, (None, None), None);
    };
    let element = &wsdl.elements.0[id];
    let (prefix, uri) = element.message_name.clone().unwrap_or_default();
    // Without a type, the element itself is looked up under its name.
    let type_name = element.attribute("type").map_or_else(|| format!("{prefix}:{name}"), str::to_owned);
    Writer::new(wsdl, root).document(&name, arguments, (Some(&prefix), uri.as_deref()), Some(&type_name))
}

fn root_override(vars: Properties<'_>) -> Option<RootOverride> {
    let prefix = vars.non_empty("root_namespace_prefix");
    let attribute = vars.non_empty("root_xmlns_attribute_name").zip(vars.non_empty("root_xmlns_attribute_value"));
    (prefix.is_some() || attribute.is_some()).then_some(RootOverride { prefix, attribute })
}

fn security(vars: Properties<'_>) -> Option<Security> {
    if let (Some(user), Some(password)) = (vars.non_empty("basic_username"), vars.non_empty("basic_password")) {
        return Some(Security::Basic { user, password });
    }
    if let Some(token) = vars.non_empty("bearer_token") {
        return Some(Security::Bearer(token));
    }
    let (user, password) = (vars.non_empty("wss_username")?, vars.non_empty("wss_password")?);
    // The value is an object, which counts as true even when it stands for false.
    Some(Security::Token { user, password, is_digest: vars.non_empty("wss_digest_password").is_some() })
}

fn soap_headers(vars: Properties<'_>) -> Result<String, RequestError> {
    match vars.tree("soap_header", Texts::Plain)? {
        Some(node @ Node::Object(_)) => Ok(xml_body::build_elements(node)?.join(" ")),
        _ => Ok(String::new()),
    }
}

/// A user name token. The nonce of a digest depends on time and message, so that the same lead is sent the same again.
fn token(user: &str, password: &str, is_digest: bool, now: Timestamp, message: &str) -> String {
    let date = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let created = date(now);
    let expires = date(now.checked_add(CREDENTIALS_VALIDITY).unwrap_or(now));
    let password = if is_digest {
        let nonce = Sha1::digest(format!("{created}{message}"));
        let digest = Sha1::new().chain_update(nonce).chain_update(&created).chain_update(password).finalize();
        format!(
            "<wsse:Password Type=\"{PROFILE}#PasswordDigest\">{}</wsse:Password><wsse:Nonce \
             EncodingType=\"{BASE64_TYPE}\">{}</wsse:Nonce>",
            STANDARD.encode(digest),
            STANDARD.encode(nonce)
        )
    } else {
        format!("<wsse:Password Type=\"{PROFILE}#PasswordText\">{}</wsse:Password>", escape(password))
    };
    format!(
        "<wsse:Security xmlns:wsse=\"{WSSE}\" xmlns:wsu=\"{WSU}\"><wsu:Timestamp wsu:Id=\"Timestamp-{created}\">\
         <wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>\
         <wsse:UsernameToken xmlns:wsu=\"{WSU}\" wsu:Id=\"SecurityToken-{created}\">\
         <wsse:Username>{}</wsse:Username>{password}<wsu:Created>{created}</wsu:Created></wsse:UsernameToken>\
         </wsse:Security>",
        escape(user)
    )
}
