//! The body of a control call: JSON, or YAML for what stands in scenario files too.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Call;
use crate::contract::problem::Problem;
use crate::http::message::Body;
use contract_files::yaml::{Diagnostic, Source};

/// How a body is named in messages.
const NAME: &str = "body";

/// The body as text with places.
pub(super) fn source(call: &Call<'_>) -> Result<Source, Problem> {
    let bytes = match &call.request.body {
        Body::Whole(bytes) => bytes,
        Body::TooLarge { limit } => {
            let detail = format!("the body is larger than {limit} bytes");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "limits", "Body too large", detail));
        }
        Body::Stalled | Body::Broken(_) => return Err(refused("the body did not arrive whole")),
    };
    let text = std::str::from_utf8(bytes).map_err(|_| refused("the body is not UTF-8"))?;
    if text.trim().is_empty() {
        return Err(refused("the body is empty; send JSON"));
    }
    Ok(Source::new(NAME, text))
}

/// The body as a `T`.
pub(super) fn read<T: DeserializeOwned>(call: &Call<'_>) -> Result<T, Problem> {
    source(call)?.parse_json_or_yaml().map_err(|error| mistakes(&[error]))
}

/// 400: what is wrong with the body, all of it.
pub(super) fn mistakes(diagnostics: &[Diagnostic]) -> Problem {
    let first = diagnostics.first().map_or_else(String::new, |first| {
        let hint = first.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{}{hint}", first.message)
    });
    let mut problem = refused(&first);
    let all: Vec<String> = diagnostics.iter().take(50).map(ToString::to_string).collect();
    problem.more.insert("mistakes".to_owned(), json!(all));
    problem
}

/// 400.
pub(super) fn refused(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "control-api", "Bad control call", detail)
}
