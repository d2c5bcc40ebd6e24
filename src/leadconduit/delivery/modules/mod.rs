//! The recipient modules that the mock knows on the wire: what each one sends, and how it reads the response.
//!
//! A module that is not here is simulated: it is never sent in the format of another one.
//!
//! | module | holds |
//! |---|---|
//! | `standard` | `leadconduit-default.outbound`: the whole lead as a form or a query |
//! | `custom` | `leadconduit-custom.outbound.*`: a form, a query, JSON or XML of chosen properties |
//! | `typed_value` | typed values as modules send them |

mod custom;
mod standard;
mod typed_value;

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
            Self::Standard => None,
            Self::CustomForm => Some(Format::Form),
            Self::CustomJson => Some(Format::Json),
            Self::CustomQuery => Some(Format::Query),
            Self::CustomXml => Some(Format::Xml),
        }
    }

    /// The request for a lead. `vars` are the variables of the module: of the standard module `lead`, `url`, `method`,
    /// `price` and `default.custom`; of the others their dotted properties.
    ///
    /// # Errors
    ///
    /// The mappings are not valid, or the module fails.
    pub fn build_request(self, vars: &Value) -> Result<OutboundRequest, RequestError> {
        match self.format() {
            None => standard::build_request(vars).map_err(|error| RequestError::Invalid(error.to_string())),
            Some(format) => custom::build_request(format, vars.as_object().unwrap_or(&Map::new())),
        }
    }

    /// The module's result of a response: `outcome`, `reason`, `price` and further properties of the response.
    ///
    /// # Errors
    ///
    /// The module fails.
    pub fn parse_response(self, vars: &Value, response: &OutboundResponse) -> Result<Value, ResponseError> {
        match self.format() {
            None => Ok(standard::parse_response(vars, response)),
            Some(_) => custom::parse_response(vars.as_object().unwrap_or(&Map::new()), response).map(Value::Object),
        }
    }
}
