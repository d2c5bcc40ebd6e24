//! The body of a control call: JSON, or YAML where scenario files have the same content.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::call::ControlCall;
use crate::contract::problem::{Problem, ProblemType};
use crate::http::content_coding;
use crate::http::message::Body;
use contract_files::yaml::{Diagnostic, Source};

/// The file name in diagnostics about a body.
const SOURCE_NAME: &str = "body";

/// The most diagnostics in one response: 50 of a file, and one that says that there are more.
const DIAGNOSTICS_MAX: usize = 51;

/// The longest body whose keys are checked for duplicates, which parsers of JSON accept.
const UNIQUE_KEYS_BYTES_MAX: usize = 1024 * 1024;

/// The body as text with positions, for diagnostics.
pub(super) fn read(call: &ControlCall<'_>) -> Result<Source, Problem> {
    let bytes = match &call.request.body {
        Body::Complete(bytes) => bytes,
        Body::TooLarge { limit } => {
            let detail = format!("the body is larger than {limit} bytes");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, ProblemType::BodyTooLarge, detail));
        }
        Body::TimedOut | Body::Malformed(_) => return Err(bad_request("the body is incomplete")),
    };
    if let Some(encoding) = content_coding::unsupported_coding(&call.request.headers) {
        let detail = format!("Content-Encoding {encoding} is not supported; {}", content_coding::SUPPORTED);
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemType::UnsupportedEncoding, detail));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| bad_request("the body is not UTF-8"))?;
    if text.trim().is_empty() {
        return Err(bad_request("the body is empty; send JSON"));
    }
    Ok(Source::new(SOURCE_NAME, text))
}

/// The body as a `T`.
pub(super) fn parse<T: DeserializeOwned>(call: &ControlCall<'_>) -> Result<T, Problem> {
    parse_source(&read(call)?)
}

/// The text of a body as a `T`.
pub(super) fn parse_source<T: DeserializeOwned>(source: &Source) -> Result<T, Problem> {
    let parsed = source.parse_json_or_yaml().map_err(|diagnostic| invalid(&[diagnostic]))?;
    // The state of a sandbox is larger; it is written by the mock itself.
    if source.text.len() <= UNIQUE_KEYS_BYTES_MAX
        && let Some(diagnostic) = source.duplicate_json_key()
    {
        return Err(invalid(&[diagnostic]));
    }
    Ok(parsed)
}

/// 400 with every diagnostic; the first is the detail.
pub(super) fn invalid(diagnostics: &[Diagnostic]) -> Problem {
    let detail = diagnostics.first().map_or_else(String::new, |first| {
        let hint = first.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{}{hint}", first.message)
    });
    let mut problem = bad_request(&detail);
    let texts: Vec<String> = diagnostics.iter().take(DIAGNOSTICS_MAX).map(ToString::to_string).collect();
    problem.extensions.insert("diagnostics".to_owned(), json!(texts));
    problem
}

/// The diagnostics of the first problems of a body, each with its pointer and message. The line of each is found by
/// reading the body again.
pub(super) fn locate<'e>(
    source: &Source,
    errors: impl IntoIterator<Item = (&'e str, &'e str), IntoIter: ExactSizeIterator>,
) -> Vec<Diagnostic> {
    let errors = errors.into_iter();
    let further = errors.len() > source.diagnostics_max();
    let listed = errors.take(source.diagnostics_max()).map(|(pointer, message)| source.at_pointer(pointer, message));
    listed.chain(further.then(|| source.further_problems())).collect()
}

/// 400.
pub(super) fn bad_request(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ProblemType::BadControlCall, detail)
}
