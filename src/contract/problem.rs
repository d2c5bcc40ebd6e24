//! The mock's own errors, as problem details (RFC 9457). LeadConduit's errors never look like this.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::contract::{Operation, Violation};
use crate::http::message::Response;
use contract_files::yaml::Diagnostic;

/// What problems are sent as.
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Something that the mock itself cannot do.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The section of the README that explains it.
    pub section: &'static str,
    /// What it is, always the same words.
    pub title: &'static str,
    /// What it is this time, and what to do instead.
    pub detail: String,
    /// More, for programs.
    pub more: Map<String, Value>,
    /// What the status asks for besides: `Allow` for 405, `WWW-Authenticate` for 401.
    pub headers: HeaderMap,
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, section: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, section, title, detail: detail.into(), more: Map::new(), headers: HeaderMap::new() }
    }

    /// 404: the contract has no such path.
    #[must_use]
    pub fn unknown_path(method: &Method, path: &str, nearest: Option<&Operation>) -> Self {
        let path: String = path.chars().take(200).collect();
        let (detail, more) = match nearest {
            Some(near) => {
                let call = format!("{} {}", near.method, near.path);
                let more = json!({"operation": near.id, "method": near.method.as_str(), "path": near.path});
                (
                    format!("{method} {path} is no operation of LeadConduit; did you mean {call} ({})?", near.id),
                    Some(more),
                )
            }
            None => {
                let list = "`leadconduit-mock operations` lists what is served";
                (format!("{method} {path} is no operation of LeadConduit; {list}"), None)
            }
        };
        let mut problem = Self::new(StatusCode::NOT_FOUND, "no-such-operation", "No such operation", detail);
        problem.more.extend(more.map(|more| ("nearest".to_owned(), more)));
        problem
    }

    /// 405: the path is known, the method is not.
    #[must_use]
    pub fn wrong_method(method: &Method, path: &str, operations: &[&Operation]) -> Self {
        let calls: Vec<String> = operations.iter().map(|o| format!("{} {} ({})", o.method, o.path, o.id)).collect();
        let path: String = path.chars().take(200).collect();
        let detail = format!("{path} does not take {method}; it takes {}", calls.join(", "));
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "no-such-operation", "Method not allowed", detail);
        problem.headers.insert(ALLOW, allow(operations));
        problem
    }

    /// 400: a sandbox's name that cannot be one.
    #[must_use]
    pub fn sandbox_name(name: &str) -> Self {
        let name: String = name.chars().take(80).collect();
        let detail = format!("`{name}` is no sandbox name; write 1 to 64 letters, digits, `.`, `_` or `-`");
        Self::new(StatusCode::BAD_REQUEST, "sandboxes", "Bad sandbox name", detail)
    }

    /// 400: a wish for this one request that cannot be read or fulfilled.
    #[must_use]
    pub fn preference(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "preferences", "Bad preference", detail)
    }

    /// 400: a scenario that there is not, or that cannot be used.
    #[must_use]
    pub fn unknown_scenario(name: &str, errors: &[Diagnostic]) -> Self {
        let name: String = name.chars().take(80).collect();
        let first = errors.first();
        let hint = first.and_then(|error| error.hint.as_ref()).map(|hint| format!("; {hint}")).unwrap_or_default();
        let message = first.map_or_else(|| format!("the scenario `{name}` cannot be used"), |e| e.message.clone());
        Self::preference(format!("{message}{hint}"))
    }

    /// 400: a write under a scenario that is a world of its own, for one request: it would be lost.
    #[must_use]
    pub fn writes_nowhere(scenario: &str) -> Self {
        Self::preference(format!(
            "the scenario `{scenario}` is a world of its own, and what one request writes there would be lost; \
             let the sandbox play it (PUT /__admin/scenario), or read only"
        ))
    }

    /// 500: a rule of a scenario, or a fault, that cannot do what it says.
    #[must_use]
    pub fn rule(rule: &str, scenario: &str, why: &str, broken: &[Violation]) -> Self {
        let detail = format!("the rule `{rule}` of the scenario `{scenario}` cannot be played: {why}");
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "rules", "Rule cannot be played", detail);
        if !broken.is_empty() {
            problem.more.insert("violations".to_owned(), json!(broken));
            let hint = "mend the rule, or write `intentionally_invalid: true` in it if that is the point";
            problem.more.insert("hint".to_owned(), hint.into());
        }
        problem
    }

    /// 503: too much happens at once.
    #[must_use]
    pub fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "sandboxes", "Busy", detail)
    }

    /// 408 or 400: the request did not arrive whole.
    #[must_use]
    pub fn incomplete(status: StatusCode, detail: &str) -> Self {
        Self::new(status, "limits", "Incomplete request", detail)
    }

    /// 500: a reply of ours breaks the contract.
    #[must_use]
    pub fn invalid_reply(operation: &Operation, broken: &[Violation]) -> Self {
        let detail = format!("the reply to {} breaks the contract; this is a bug of the mock", operation.id);
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "bugs-of-the-mock", "Invalid reply", detail);
        problem.more.insert("violations".to_owned(), json!(broken));
        problem
    }

    /// 500: a bug of ours.
    #[must_use]
    pub fn internal(detail: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "bugs-of-the-mock", "Bug of the mock", detail)
    }

    /// The problem as a reply.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("README.md#{}", self.section),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(body) = body.as_object_mut() {
            body.extend(self.more);
        }
        let mut reply = Response::new(self.status, body.to_string()).with(CONTENT_TYPE, MEDIA_TYPE);
        reply.headers.extend(self.headers);
        reply
    }
}

/// The answer to OPTIONS: which methods the path takes.
#[must_use]
pub fn options(operations: &[&Operation]) -> Response {
    Response::new(StatusCode::NO_CONTENT, "").with(ALLOW, allow(operations))
}

fn allow(operations: &[&Operation]) -> HeaderValue {
    let mut methods: Vec<&str> = Vec::new();
    for operation in operations {
        methods.push(operation.method.as_str());
        if operation.method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.push("OPTIONS");
    HeaderValue::try_from(methods.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}
