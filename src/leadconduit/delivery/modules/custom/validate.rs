//! The checks of the custom modules before a request.

use http::Uri;

use super::Format;
use super::properties::{Node, Properties, Texts};
use crate::leadconduit::delivery::modules::RequestError;
use crate::leadconduit::delivery::target::escape_url;

/// Headers that mappings may not set.
const FORBIDDEN_HEADERS: [&str; 2] = ["Content-Length", "Accept"];

impl Format {
    /// The methods that can be mapped; none where `method` is not read.
    fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["POST", "PUT", "DELETE", "PATCH"],
            Self::Xml => &["POST", "PUT", "PATCH"],
            Self::Form | Self::Query => &[],
        }
    }

    /// What a mapped content type has to contain.
    fn content_type(self) -> &'static str {
        match self {
            Self::Form => "form-urlencoded",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Query => "no_content_type_allowed_for_get",
        }
    }
}

/// Checks the URL.
///
/// The module also requires a public one. The mock does not: which hosts it calls is a matter of its settings.
pub(super) fn validate_url(vars: Properties<'_>) -> Result<(), RequestError> {
    let invalid = |text: &str| Err(RequestError::Invalid(text.to_owned()));
    let Some(url) = vars.non_empty("url") else { return invalid("URL is required") };
    let uri: Option<Uri> = escape_url(&url).parse().ok();
    let is_http_url =
        |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|h| !h.is_empty());
    if uri.is_some_and(|uri| is_http_url(&uri)) { Ok(()) } else { invalid("URL must be valid") }
}

/// Checks the outcome of a match.
pub(super) fn validate_outcome(vars: Properties<'_>) -> Result<(), RequestError> {
    match vars.non_empty("outcome_on_match") {
        Some(outcome) if !["success", "failure", "error"].contains(&outcome.as_str()) => {
            Err(RequestError::Invalid("Outcome on match must be 'success', 'failure', or 'error'".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Runs the checks in the order of the module.
pub(super) fn validate(format: Format, vars: Properties<'_>) -> Result<(), RequestError> {
    let invalid = |text: String| Err(RequestError::Invalid(text));
    validate_url(vars)?;
    let methods = format.methods();
    if let Some(method) = vars.non_empty("method").filter(|_| !methods.is_empty())
        && !methods.contains(&method.to_uppercase().as_str())
    {
        return invalid(format!("Unsupported HTTP method - use {}", methods.join(", ")));
    }
    validate_outcome(vars)?;
    let Some(Node::Object(headers)) = vars.tree("header", Texts::Plain)? else { return Ok(()) };
    let header = |name: &str| headers.iter().rev().find(|(other, _)| other.eq_ignore_ascii_case(name));
    for name in FORBIDDEN_HEADERS {
        if header(name).is_some_and(|(_, value)| !value.text().is_empty() || !matches!(value, Node::Value(_))) {
            return invalid(format!("{name} header is not allowed"));
        }
    }
    match header("content-type") {
        Some((_, value)) if !value.text().to_ascii_lowercase().contains(format.content_type()) => {
            invalid("Invalid Content-Type header value".to_owned())
        }
        _ => Ok(()),
    }
}
