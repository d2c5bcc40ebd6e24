//! The recipient modules that the mock knows on the wire: what each one sends, and how it reads the response.
//!
//! A module that is not here is simulated: it is never sent in the format of another one.
//!
//! | module | holds |
//! |---|---|
//! | `standard` | `leadconduit-default.outbound`: the whole lead as a form or a query |
//! | `custom` | `leadconduit-custom.outbound.*`: a form, a query, JSON, XML or a SOAP call of chosen properties |
//! | `typed_value` | typed values as modules send them |

mod custom;
mod standard;
mod typed_value;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::message::{OutboundRequest, OutboundResponse};
use custom::Format;

/// A recipient module that the mock knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientModule {
    /// `leadconduit-default.outbound`.
    Standard,
    /// `leadconduit-custom.outbound.form`.
    CustomForm,
    /// `leadconduit-custom.outbound.json`.
    CustomJson,
    /// `leadconduit-custom.outbound.query`.
    CustomQuery,
    /// `leadconduit-custom.outbound.xml`.
    CustomXml,
    /// `leadconduit-custom.outbound.soap`. Its requests depend on the responses to earlier ones.
    CustomSoap,
}

/// The requests of a module, as far as the responses to earlier ones allow.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The requests in their order: those that have a response, and the next one.
    pub requests: Vec<OutboundRequest>,
    /// How the exchange ended; `None` when the last request needs its response first.
    pub result: Option<Result<Map<String, Value>, RequestError>>,
}

/// Why a module sends no request, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Its check of the mappings fails: the step is skipped.
    #[error("{0}")]
    Invalid(String),
    /// It ends with an exception: the outcome is an error.
    #[error("{0}")]
    Failed(String),
}

/// The module ends with an exception while it reads a response. The text is that of the exception.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ResponseError(pub(super) String);

impl RecipientModule {
    /// The module with an id; `None` when the mock does not know what it sends.
    #[must_use]
    pub fn find(id: &str) -> Option<Self> {
        match id {
            "leadconduit-default.outbound" => Some(Self::Standard),
            "leadconduit-custom.outbound.form" => Some(Self::CustomForm),
            "leadconduit-custom.outbound.json" => Some(Self::CustomJson),
            "leadconduit-custom.outbound.query" => Some(Self::CustomQuery),
            "leadconduit-custom.outbound.xml" => Some(Self::CustomXml),
            "leadconduit-custom.outbound.soap" => Some(Self::CustomSoap),
            _ => None,
        }
    }

    /// Whether the module sends the lead as it is. The others send nothing but their mappings, and get them as an object
    /// of dotted properties.
    #[must_use]
    pub fn sends_lead(self) -> bool {
        self == Self::Standard
    }

    fn format(self) -> Option<Format> {
        match self {
            Self::Standard | Self::CustomSoap => None,
            Self::CustomForm => Some(Format::Form),
            Self::CustomJson => Some(Format::Json),
            Self::CustomQuery => Some(Format::Query),
            Self::CustomXml => Some(Format::Xml),
        }
    }

    /// Whether what the module sends depends on what it has received: on a WSDL.
    #[must_use]
    pub fn needs_description(self) -> bool {
        self == Self::CustomSoap
    }

    /// The requests and the result of the module for a lead. `vars` are the variables of the module: of the standard
    /// module `lead`, `url`, `method`, `price` and `default.custom`; of the others their dotted properties. `responses`
    /// are those to the first requests.
    #[must_use]
    pub fn exchange(self, vars: &Value, responses: &[&OutboundResponse], now: Timestamp) -> Exchange {
        if self.needs_description() {
            return custom::exchange(vars.as_object().unwrap_or(&Map::new()), responses, now);
        }
        let request = match self.build_request(vars) {
            Ok(request) => request,
            Err(error) => return Exchange { requests: Vec::new(), result: Some(Err(error)) },
        };
        let result = responses.first().map(|response| match self.parse_response(vars, response) {
            Ok(Value::Object(result)) => Ok(result),
            Ok(_) => Ok(Map::new()),
            Err(error) => Err(RequestError::Failed(error.to_string())),
        });
        Exchange { requests: vec![request], result }
    }

    /// The request for a lead. A call whose form depends on a description is not known: it is shown without a body.
    ///
    /// # Errors
    ///
    /// The mappings are not valid, or the module fails.
    pub fn build_request(self, vars: &Value) -> Result<OutboundRequest, RequestError> {
        let empty = Map::new();
        let properties = vars.as_object().unwrap_or(&empty);
        match self.format() {
            None if self.needs_description() => custom::undescribed_request(properties),
            None => standard::build_request(vars).map_err(|error| RequestError::Invalid(error.to_string())),
            Some(format) => custom::build_request(format, properties),
        }
    }

    /// The module's result of a response: `outcome`, `reason`, `price` and further properties of the response.
    ///
    /// # Errors
    ///
    /// The module fails.
    pub fn parse_response(self, vars: &Value, response: &OutboundResponse) -> Result<Value, ResponseError> {
        match self.format() {
            None if self.needs_description() => {
                Err(ResponseError("the mock reads the response of a SOAP service only with its WSDL".to_owned()))
            }
            None => Ok(standard::parse_response(vars, response)),
            Some(_) => custom::parse_response(vars.as_object().unwrap_or(&Map::new()), response).map(Value::Object),
        }
    }
}
