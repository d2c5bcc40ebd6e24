//! The SOAP module: it reads a WSDL, and calls a function of the service that the WSDL describes.
//!
//! The module leaves the protocol to `soap` 0.36, and what that library makes of a WSDL is reproduced as far as recipients
//! can see it. The WSDL is fetched for every lead, as the module does. Everything is computed from the responses so far,
//! so that an operation which runs again comes to the same requests.
//!
//! | module | holds |
//! |---|---|
//! | `call` | the call: headers and envelope |
//! | `result` | outcome, reason, price and appended data of a response |
//! | `reader` | a response as an object, with the types of the WSDL |
//! | `writer` | arguments as XML |
//! | `service` | the operations of a WSDL, and what their messages contain |
//! | `wsdl` | a WSDL and its schemas |
//! | `namespaces` | prefixes and namespaces |

#![expect(clippy::format_push_string, clippy::format_collect, reason = "the parts of an envelope are short")]

mod call;
mod namespaces;
mod reader;
mod result;
mod service;
#[cfg(test)]
mod tests;
mod writer;
mod wsdl;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use super::js;
use super::properties::Properties;
use super::validate::{validate_outcome, validate_url};
use crate::leadconduit::delivery::message::{OutboundRequest, OutboundResponse};
use crate::leadconduit::delivery::modules::{Exchange, RequestError};
use service::Wsdl;
use wsdl::{Definitions, Elements, WsdlError};

/// How many documents a WSDL consists of at most.
const DOCUMENTS_MAX: usize = 20;

/// The headers of every request of the library.
const HEADERS: [(&str, &str); 4] = [
    ("User-Agent", "node-soap/0.36.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml,text/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Encoding", "none"),
    ("Accept-Charset", "utf-8"),
];

/// Why the WSDL is not complete.
enum Incomplete {
    /// A document has to be fetched first.
    Needs(OutboundRequest),
    Failed(WsdlError),
}

impl From<WsdlError> for Incomplete {
    fn from(error: WsdlError) -> Self {
        Self::Failed(error)
    }
}

/// Runs the checks in the order of the module.
fn validate(vars: &Map<String, Value>) -> Result<(), RequestError> {
    let vars = Properties(vars);
    validate_url(vars)?;
    validate_outcome(vars)?;
    let invalid = |text: &str| Err(RequestError::Invalid(text.to_owned()));
    let Some(function) = vars.non_empty("function") else { return invalid("Function is required") };
    if !function.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.') {
        return invalid("Function must have valid name");
    }
    match vars.text("version").as_deref().map(js::trim) {
        None | Some("" | "1.1" | "1.2") => Ok(()),
        Some(_) => invalid("Must be valid SOAP version: 1.1 or 1.2"),
    }
}

/// The call as far as it is known without the WSDL: without a body, and to the URL of the WSDL.
pub(in super::super) fn undescribed_request(vars: &Map<String, Value>) -> Result<OutboundRequest, RequestError> {
    validate(vars)?;
    Ok(OutboundRequest {
        method: Method::POST,
        url: Properties(vars).text("url").unwrap_or_default(),
        headers: Vec::new(),
        body: Bytes::new(),
        depth: 1,
        timeout_ms: None,
    })
}

/// The requests of the module so far, and its result if the responses to them are complete.
pub(in super::super) fn exchange(
    vars: &Map<String, Value>,
    responses: &[&OutboundResponse],
    now: Timestamp,
) -> Exchange {
    let mut requests = Vec::new();
    let result = run(Properties(vars), responses, now, &mut requests);
    Exchange { requests, result: result.transpose() }
}

fn run(
    vars: Properties<'_>,
    responses: &[&OutboundResponse],
    now: Timestamp,
    requests: &mut Vec<OutboundRequest>,
) -> Result<Option<Map<String, Value>>, RequestError> {
    validate(vars.0)?;
    let failed = |error: WsdlError| RequestError::Failed(error.to_string());
    let mut loader = Loader { elements: Elements::default(), known: Vec::new(), responses, requests };
    let definitions = match loader.load(&vars.text("url").unwrap_or_default()) {
        Ok(definitions) => definitions,
        Err(Incomplete::Needs(request)) => {
            requests.push(request);
            return Ok(None);
        }
        Err(Incomplete::Failed(error)) => return Err(failed(error)),
    };
    let elements = loader.elements;
    let mut wsdl = Wsdl::new(elements, definitions).map_err(failed)?;
    let function = vars.text("function").unwrap_or_default();
    let operation = wsdl.operation(&function);
    let operation = operation.ok_or_else(|| RequestError::Failed("Unsupported SOAP function specified".to_owned()))?;
    let response = responses.get(requests.len()).copied();
    requests.push(call::build(vars, &mut wsdl, &operation, now)?);
    response.map(|response| result::read(vars, &mut wsdl, &operation, response)).transpose()
}

/// Reads the documents of a WSDL in the order in which the library fetches them.
struct Loader<'r> {
    elements: Elements,
    /// The documents that were read, by their URL.
    known: Vec<(String, Definitions)>,
    responses: &'r [&'r OutboundResponse],
    requests: &'r mut Vec<OutboundRequest>,
}

impl Loader<'_> {
    /// A document with everything that it imports. The number of documents limits the depth.
    fn load(&mut self, url: &str) -> Result<Definitions, Incomplete> {
        if self.known.len() >= DOCUMENTS_MAX {
            return Err(WsdlError::Documents(DOCUMENTS_MAX).into());
        }
        let headers = HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = OutboundRequest {
            method: Method::GET,
            url: url.to_owned(),
            headers,
            body: Bytes::new(),
            depth: 1,
            timeout_ms: None,
        };
        let Some(response) = self.responses.get(self.requests.len()) else { return Err(Incomplete::Needs(request)) };
        self.requests.push(request);
        if response.status != 200 {
            let url = url.split(['?', '#']).next().unwrap_or_default().to_owned();
            return Err(WsdlError::Status { url, status: response.status }.into());
        }
        let mut definitions = self.elements.read(&String::from_utf8_lossy(&response.body))?;
        let at = self.known.len();
        self.known.push((url.to_owned(), definitions.clone()));
        let schemas = definitions.schemas.0.iter();
        let locations: Vec<String> = schemas.flat_map(|(_, schema)| schema.includes.iter().cloned()).collect();
        for location in locations {
            let resolved = Url::parse(url).and_then(|base| base.join(&location));
            let resolved = String::from(resolved.map_err(|_| WsdlError::Location(location))?);
            let known = self.known.iter().find(|(known, _)| *known == resolved).map(|(_, known)| known.clone());
            let included = known.map_or_else(|| self.load(&resolved), Ok)?;
            definitions.merge(included);
        }
        self.known[at].1 = definitions.clone();
        Ok(definitions)
    }
}
