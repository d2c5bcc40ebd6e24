//! The mock's own errors, as problem details (RFC 9457). LeadConduit's own errors never have this format.
//!
//! A new kind of problem is a constructor here, with a section of the README that explains it.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::contract::{Operation, Violation};
use crate::http::message::Response;
use crate::http::rejected::{RejectReason, RejectedRequest};
use contract_files::yaml::Diagnostic;

/// The `Content-Type` of problems.
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Defines the sections, so that the list of all of them cannot miss one.
macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident => $anchor:literal,)*) => {
        /// A section of the README that explains problems.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Section {
            $($(#[$doc])* $name,)*
        }

        impl Section {
            /// Every section.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The section's anchor in the README.
            #[must_use]
            pub fn anchor(self) -> &'static str {
                match self {
                    $(Self::$name => $anchor,)*
                }
            }
        }
    };
}

sections! {
    /// Responses of the mock that break the contract, and panics.
    BugsOfTheMock => "bugs-of-the-mock",
    /// The control API.
    ControlApi => "control-api",
    /// Every limit.
    Limits => "limits",
    /// Paths and methods that the contract does not have.
    NoSuchOperation => "no-such-operation",
    /// Preferences of a single request.
    Preferences => "preferences",
    /// Rules and faults.
    Rules => "rules",
    /// Sandboxes.
    Sandboxes => "sandboxes",
}

/// An error of the mock itself.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The section of the README that explains it.
    pub section: Section,
    /// The kind of problem; the same text for every occurrence.
    pub title: &'static str,
    /// This occurrence: what is wrong, where, and what to write instead.
    pub detail: String,
    /// Extension members (RFC 9457, section 3.2).
    pub extensions: Map<String, Value>,
    /// Headers that the status requires: `Allow` for 405, `WWW-Authenticate` for 401.
    pub headers: HeaderMap,
}

impl Problem {
    /// A problem without extension members and headers.
    pub fn new(status: StatusCode, section: Section, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, section, title, detail: detail.into(), extensions: Map::new(), headers: HeaderMap::new() }
    }

    /// 404: the path is not in the contract.
    #[must_use]
    pub fn unknown_path(method: &Method, path: &str, nearest: Option<&Operation>) -> Self {
        let path: String = path.chars().take(200).collect();
        let (detail, extension) = match nearest {
            Some(near) => {
                let call = format!("{} {}", near.method, near.path);
                let extension = json!({"operation": near.id, "method": near.method.as_str(), "path": near.path});
                (
                    format!("{method} {path} is not a LeadConduit operation; did you mean {call} ({})?", near.id),
                    Some(extension),
                )
            }
            None => {
                let list = "`leadconduit-mock operations` lists the operations";
                (format!("{method} {path} is not a LeadConduit operation; {list}"), None)
            }
        };
        let mut problem = Self::new(StatusCode::NOT_FOUND, Section::NoSuchOperation, "No such operation", detail);
        problem.extensions.extend(extension.map(|extension| ("nearest".to_owned(), extension)));
        problem
    }

    /// 405: the path is in the contract, with other methods.
    #[must_use]
    pub fn method_not_allowed(method: &Method, path: &str, operations: &[&Operation]) -> Self {
        let calls: Vec<String> = operations.iter().map(|o| format!("{} {} ({})", o.method, o.path, o.id)).collect();
        let path: String = path.chars().take(200).collect();
        let detail = format!("{path} does not allow {method}; allowed: {}", calls.join(", "));
        let mut problem =
            Self::new(StatusCode::METHOD_NOT_ALLOWED, Section::NoSuchOperation, "Method not allowed", detail);
        problem.headers.insert(ALLOW, allow(operations));
        problem
    }

    /// 405: the client takes the server for a proxy.
    #[must_use]
    pub fn no_tunnel() -> Self {
        let detail = "this server is not a proxy, so it does not allow CONNECT; call it as the base URL of the client";
        let mut problem =
            Self::new(StatusCode::METHOD_NOT_ALLOWED, Section::NoSuchOperation, "Method not allowed", detail);
        problem.headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS"));
        problem
    }

    /// 400: an invalid sandbox name.
    #[must_use]
    pub fn invalid_sandbox_name(name: &str) -> Self {
        let name: String = name.chars().take(80).collect();
        let detail = format!("`{name}` is not a valid sandbox name; write 1 to 64 letters, digits, `.`, `_` or `-`");
        Self::new(StatusCode::BAD_REQUEST, Section::Sandboxes, "Bad sandbox name", detail)
    }

    /// 400: a preference of a request that cannot be parsed or applied.
    #[must_use]
    pub fn invalid_preference(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Section::Preferences, "Bad preference", detail)
    }

    /// 400: a scenario that does not exist or does not load.
    #[must_use]
    pub fn unknown_scenario(name: &str, errors: &[Diagnostic]) -> Self {
        let name: String = name.chars().take(80).collect();
        let first = errors.first();
        let hint = first.and_then(|error| error.hint.as_ref()).map(|hint| format!("; {hint}")).unwrap_or_default();
        let message = first.map_or_else(|| format!("the scenario `{name}` cannot be loaded"), |e| e.message.clone());
        Self::invalid_preference(format!("{message}{hint}"))
    }

    /// 400: a write to the world of a scenario that is selected for one request only; the write would be lost.
    #[must_use]
    pub fn ephemeral_world(scenario: &str) -> Self {
        Self::invalid_preference(format!(
            "the scenario `{scenario}` has a world of its own, so this write would be lost after the request; \
             select the scenario for the sandbox (PUT /__admin/scenario), or send a read request"
        ))
    }

    /// 500: a rule of a scenario, or a fault, that cannot be applied.
    #[must_use]
    pub fn rule_failed(rule: &str, scenario: &str, reason: &str, violations: &[Violation]) -> Self {
        let detail = format!("the rule `{rule}` of the scenario `{scenario}` cannot be applied: {reason}");
        let mut problem =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, Section::Rules, "Rule cannot be applied", detail);
        if !violations.is_empty() {
            problem.extensions.insert("violations".to_owned(), json!(violations));
            let hint =
                "fix the rule, or write `intentionally_invalid: true` in it if the response is meant to be invalid";
            problem.extensions.insert("hint".to_owned(), hint.into());
        }
        problem
    }

    /// 503: the sandbox changed during the request; the client can send it again.
    #[must_use]
    pub fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Section::Sandboxes, "Busy", detail)
    }

    /// 503: the computation of a response takes too long.
    #[must_use]
    pub fn computation_limit(ms_max: u64) -> Self {
        let detail = format!(
            "the request computed for more than {ms_max} ms, which is the limit; ask for less (a shorter time span, fewer \
             rules, simpler patterns and templates), or raise --compute-ms-max"
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Section::Limits, "Computation limit", detail)
    }

    /// 507: a write would exceed a budget of memory.
    #[must_use]
    pub fn budget_exceeded(detail: &str) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, Section::Limits, "Budget exceeded", detail)
    }

    /// 503: too many requests compute at the same time; the client can send it again.
    #[must_use]
    pub fn overloaded(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Section::Limits, "Overloaded", detail)
    }

    /// 408 or 400: the body did not arrive completely.
    #[must_use]
    pub fn incomplete(status: StatusCode, detail: &str) -> Self {
        Self::new(status, Section::Limits, "Incomplete request", detail)
    }

    /// 400, 408, 414, 431 or 505: what arrived is no valid request.
    #[must_use]
    pub fn rejected(rejected: &RejectedRequest) -> Self {
        let title = match rejected.reason {
            RejectReason::Malformed => "Malformed request",
            RejectReason::HeadTimeout => "Incomplete request",
            RejectReason::TargetTooLong => "URL too long",
            RejectReason::HeadTooLarge => "Request head too large",
            RejectReason::Version => "HTTP version not supported",
        };
        Self::new(rejected.reason.status(), Section::Limits, title, rejected.detail.as_str())
    }

    /// 500: a response of the mock breaks the contract.
    #[must_use]
    pub fn invalid_response(operation: &Operation, violations: &[Violation]) -> Self {
        let detail = format!("the response of {} breaks the contract; this is a bug of the mock", operation.id);
        let mut problem =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, Section::BugsOfTheMock, "Invalid response", detail);
        problem.extensions.insert("violations".to_owned(), json!(violations));
        problem
    }

    /// 500: a bug of the mock.
    #[must_use]
    pub fn internal(detail: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Section::BugsOfTheMock, "Bug of the mock", detail)
    }

    /// The problem as a response.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("README.md#{}", self.section.anchor()),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(body) = body.as_object_mut() {
            body.extend(self.extensions);
        }
        let mut response = Response::new(self.status, body.to_string()).with_header(CONTENT_TYPE, MEDIA_TYPE);
        response.headers.extend(self.headers);
        response
    }
}

/// The response to OPTIONS: 204 with `Allow`.
#[must_use]
pub fn options_response(operations: &[&Operation]) -> Response {
    Response::new(StatusCode::NO_CONTENT, "").with_header(ALLOW, allow(operations))
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
