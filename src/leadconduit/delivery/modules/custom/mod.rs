//! The vendor's custom modules, `leadconduit-custom` 2.23.8: a form, a query, JSON or XML of chosen properties, and an
//! outcome that is searched for in the response.
//!
//! The modules are JavaScript, and how they treat blank, missing and numeric values follows from that language. It is
//! reproduced here as far as recipients can see it; `tests/outside/recipient-modules` runs the published package and
//! compares. The texts of the modules are verbatim, because users search for them.
//!
//! | module | holds |
//! |---|---|
//! | `soap` | the SOAP module: a WSDL, the call of a function, and its response |
//! | `request` | the request: method, headers and body |
//! | `validate` | the checks before a request |
//! | `response` | outcome, reason, price and appended data of a response |
//! | `document` | a response as JSON, XML, HTML, a form or text, and what a path selects in it |
//! | `xml_body` | properties as an XML document |
//! | `properties` | mapped properties as a tree, and their texts |
//! | `html` | CSS selectors |
//! | `xml` | `XPath` |
//! | `json_path` | paths with dots |
//! | `pattern` | regular expressions as JavaScript reads them |
//! | `js` | texts and truth of values as in JavaScript |
//!
//! Each module uses only modules below it in this table.

mod document;
mod html;
mod js;
mod json_path;
mod pattern;
mod properties;
mod request;
mod response;
mod soap;
#[cfg(test)]
mod tests;
mod validate;
mod xml;
mod xml_body;

pub(super) use request::build_request;
pub(super) use response::parse_response;
pub(super) use soap::{exchange, undescribed_request};

/// What a custom module sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Form,
    Json,
    Query,
    Xml,
}
