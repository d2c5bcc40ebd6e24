//! The mock's own errors, as problem details (RFC 9457). LeadConduit's own errors never have this format.
//!
//! A new kind of problem is a [`ProblemType`], whose explanation `problem_page` shows, and a constructor here.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::not_mocked;
use crate::contract::nearest::NearMiss;
use crate::contract::{Operation, Violation};
use crate::http::message::Response;
use crate::http::rejected::{RejectReason, RejectedRequest};
use contract_files::yaml::Diagnostic;

/// The `Content-Type` of problems.
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The path of the page that explains every type of problem.
pub const PROBLEMS_PATH: &str = "/__admin/docs/problems";

/// Defines the problem types, so that the list of all of them cannot miss one.
macro_rules! problem_types {
    ($($(#[$doc:meta])* $variant:ident => ($name:literal, $title:literal, $explanation:literal),)*) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemType {
            $($(#[$doc])* $variant,)*
        }

        impl ProblemType {
            /// Every type, in the order of the page that explains them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name: the fragment of the problem's `type`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The title: the same text for every occurrence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)*
                }
            }

            /// What the problem means and what to do about it. Code is between backticks.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self {
                    $(Self::$variant => $explanation,)*
                }
            }
        }
    };
}

problem_types! {
    /// The contract has no such path.
    NoSuchOperation => (
        "no-such-operation",
        "No such operation",
        "The path is not one of LeadConduit's API (404). `detail` and `nearest` name the operation that comes closest. \
         Compare prefix, spelling, case and slashes; `leadconduit-mock operations` lists every operation."
    ),
    /// The contract has the path, but not with this method.
    MethodNotAllowed => (
        "method-not-allowed",
        "Method not allowed",
        "The path exists, but not with this method (405). The header `Allow` and `detail` list the methods that it has."
    ),
    /// Not the name of a sandbox.
    InvalidSandboxName => (
        "bad-sandbox-name",
        "Bad sandbox name",
        "The request names its sandbox in a header, the base URL, a cookie or its credentials (400), but a name has 1 to \
         64 letters, digits, `.`, `_` or `-`. Without a name, the sandbox is `default`."
    ),
    /// A preference that cannot be parsed or applied.
    InvalidPreference => (
        "bad-preference",
        "Bad preference",
        "A preference of this request, in `Prefer`, in an `X-Mock-Response-*` header or in the query (`__code`), cannot \
         be parsed or fulfilled (400). `detail` says what to write. Preferences concern one request only."
    ),
    /// An exchange whose request cannot be sent again.
    NotReplayable => (
        "not-replayable",
        "Request cannot be sent again",
        "The journal does not have the whole request (409): its body is longer than `--journal-body-bytes-max`, or its \
         URL is not valid. Send the request with a client."
    ),
    /// A rule or a fault that cannot be applied.
    RuleFailed => (
        "rule-failed",
        "Rule cannot be applied",
        "A rule of the scenario, or a fault, matches the request, but its response cannot be built, or breaks the \
         contract (500). Fix the rule that `detail` names, or write `intentionally_invalid: true` in it if the response \
         is meant to be invalid."
    ),
    /// The sandbox changed during the request.
    Busy => (
        "busy",
        "Busy",
        "The sandbox was reset or switched while the request was processed (503). Nothing was stored; send the request \
         again."
    ),
    /// The computation of a response takes too long.
    ComputationLimit => (
        "computation-limit",
        "Computation limit",
        "The request used more processor time than `--compute-ms-max` (503). Nothing was stored. Ask for less: a shorter time \
         span, fewer rules, simpler patterns and templates; or raise the limit."
    ),
    /// A write over a budget of memory.
    BudgetExceeded => (
        "budget-exceeded",
        "Budget exceeded",
        "The write would exceed a budget of memory, of the sandbox or of all sandboxes (507). Nothing was stored. \
         `detail` names the budget and what to do; a reset of the sandbox frees its memory."
    ),
    /// Too many requests compute at the same time.
    Overloaded => (
        "overloaded",
        "Overloaded",
        "Too many requests with long computations wait already (503). Nothing was stored; send the request again."
    ),
    /// The request did not arrive completely.
    IncompleteRequest => (
        "incomplete-request",
        "Incomplete request",
        "The request did not arrive in time (408), or broke off, or is not valid HTTP (400). \
         `leadconduit-mock serve --help` lists the limits."
    ),
    /// What arrived is no HTTP request.
    MalformedRequest => (
        "malformed-request",
        "Malformed request",
        "What arrived is no valid HTTP request (400). `detail` says where. The connection is closed, because the mock \
         cannot tell where the next request begins."
    ),
    /// A request target over the limit.
    UrlTooLong => (
        "url-too-long",
        "URL too long",
        "The path and the query of the request are longer than the limit that `detail` names (414). Send the parameters \
         in a body."
    ),
    /// A request head over the limit.
    HeadTooLarge => (
        "head-too-large",
        "Request head too large",
        "The request line and the headers are larger than `--head-bytes-max` (431). With HTTP/2, a head that is larger by \
         more than 192 KiB gets 431 without a body: the HTTP/2 library sends it."
    ),
    /// Another version of HTTP.
    UnsupportedVersion => (
        "unsupported-version",
        "HTTP version not supported",
        "The request names a version of HTTP that the server does not support (505). `detail` names those that it does."
    ),
    /// A state over the limit.
    StateTooLarge => (
        "state-too-large",
        "State too large",
        "The state of the sandbox is larger than the limit of one document (507). Use a snapshot instead: \
         `POST /__admin/snapshots/NAME`."
    ),
    /// A body in an unsupported content coding.
    UnsupportedEncoding => (
        "unsupported-encoding",
        "Unsupported encoding",
        "The body of a control call has a `Content-Encoding` that is not supported, or is not valid in it (415). Send it \
         unencoded, or as gzip."
    ),
    /// A body over the limit.
    BodyTooLarge => (
        "body-too-large",
        "Body too large",
        "The body of a control call is larger than `--control-bytes-max` (413)."
    ),
    /// A response of the mock that breaks the contract.
    InvalidResponse => (
        "invalid-response",
        "Invalid response",
        "A response of the mock breaks the contract (500). `violations` lists how. This is a bug of the mock, not of the \
         client: please report it with the request."
    ),
    /// A bug of the mock.
    Internal => (
        "bug-of-the-mock",
        "Bug of the mock",
        "The mock failed (500). Its log has the details. This is a bug of the mock, not of the client: please report it \
         with the request."
    ),
    /// A control call that cannot be understood.
    BadControlCall => (
        "bad-control-call",
        "Bad control call",
        "A call of the control API has a query or a body that is not valid (400). `detail` and `diagnostics` say what is \
         wrong, where, and what to write instead. `GET /__admin/admin-openapi.json` describes the whole API."
    ),
    /// No endpoint of the control API.
    NoSuchEndpoint => (
        "no-such-endpoint",
        "No such endpoint",
        "The path begins with `/__admin`, but the control API has no such endpoint (404). `detail` names the nearest one."
    ),
    /// Something that a control call names does not exist.
    NotFound => (
        "not-found",
        "Not found",
        "A control call names a fault, a snapshot, a sandbox or a recorded request that does not exist (404). `detail` \
         lists those that do."
    ),
    /// A limit on what control calls create.
    TooMany => (
        "too-many",
        "Too many",
        "The limit of faults or snapshots of a sandbox is reached (409). Remove some, or reset the sandbox."
    ),
    /// A control call that is forbidden.
    NotAllowed => (
        "not-allowed",
        "Not allowed",
        "The control API can change everything, so it is served only to this machine, to pages of the server itself and \
         of `--control-origin`, or with the token of `--admin-token` (403). `detail` says which of these is missing."
    ),
    /// A host that the HTTPS proxy does not reach, or a proxy that is disabled.
    ProxyRefused => (
        "proxy-refused",
        "Refused by the proxy",
        "`--intercept` answers for LeadConduit's hosts, on the ports 443 and 80. It refuses other hosts (403), or with \
         `--intercept-others tunnel` connects to them; a host may be out of reach (502, 504). Beyond loopback, the proxy \
         needs `--admin-token`."
    ),
    /// A control call without the right token.
    TokenNeeded => (
        "token-needed",
        "Token needed",
        "The server was started with `--admin-token`, and the call has another token or none. Send `Authorization: \
         Bearer TOKEN` to the control API (401), and the token as the password of the proxy (407)."
    ),
}

impl ProblemType {
    /// The URI reference that identifies the type. On the server that sent the problem, it resolves to a page that
    /// explains it.
    #[must_use]
    pub fn uri(self) -> String {
        format!("{PROBLEMS_PATH}#{}", self.name())
    }
}

/// An error of the mock itself.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The kind of problem.
    pub kind: ProblemType,
    /// This occurrence: what is wrong, where, and what to write instead.
    pub detail: String,
    /// Extension members (RFC 9457, section 3.2).
    pub extensions: Map<String, Value>,
    /// Headers that the status requires: `Allow` for 405, `WWW-Authenticate` for 401.
    pub headers: HeaderMap,
}

impl Problem {
    /// A problem without extension members and headers.
    pub fn new(status: StatusCode, kind: ProblemType, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), extensions: Map::new(), headers: HeaderMap::new() }
    }

    /// 404: the path is not in the contract.
    #[must_use]
    pub fn unknown_path(method: &Method, path: &str, nearest: Option<&NearMiss<'_>>) -> Self {
        let path: String = path.chars().take(200).collect();
        let (detail, extension) = match nearest {
            Some(NearMiss { operation: near, differences, .. }) => {
                let call = format!("{} {}", near.method, near.path);
                let difference = differences.first().map(|one| &one.message);
                let extension = json!({
                    "operation": near.id,
                    "method": near.method.as_str(),
                    "path": near.path,
                    "difference": difference,
                });
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
        let detail = not_mocked::page_at(&path).map_or(detail, |page| format!("{method} {path} is {page}"));
        let mut problem = Self::new(StatusCode::NOT_FOUND, ProblemType::NoSuchOperation, detail);
        problem.extensions.extend(extension.map(|extension| ("nearest".to_owned(), extension)));
        problem
    }

    /// 404: the path is not in the contract, but resembles an endpoint of the control API.
    #[must_use]
    pub fn meant_for_control(method: &Method, path: &str, (near_method, near_path): (&Method, &str)) -> Self {
        let path: String = path.chars().take(200).collect();
        let detail = format!(
            "{method} {path} is not a LeadConduit operation; did you mean the control call {near_method} {near_path}?"
        );
        let mut problem = Self::new(StatusCode::NOT_FOUND, ProblemType::NoSuchOperation, detail);
        problem.extensions.insert("nearest".to_owned(), json!({"method": near_method.as_str(), "path": near_path}));
        problem
    }

    /// 405: the path is in the contract, with other methods.
    #[must_use]
    pub fn method_not_allowed(method: &Method, path: &str, operations: &[&Operation]) -> Self {
        let calls: Vec<String> = operations.iter().map(|o| format!("{} {} ({})", o.method, o.path, o.id)).collect();
        let path: String = path.chars().take(200).collect();
        let detail = format!("{path} does not allow {method}; allowed: {}", calls.join(", "));
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, ProblemType::MethodNotAllowed, detail);
        problem.headers.insert(ALLOW, allow(operations));
        problem
    }

    /// 400: an invalid sandbox name; `None` for one in the credentials, which can be a part of a secret.
    #[must_use]
    pub fn invalid_sandbox_name(name: Option<&str>) -> Self {
        let what = match name {
            Some(name) => format!("`{}` is", name.chars().take(80).collect::<String>()),
            None => "the text after `+` in the credentials is".to_owned(),
        };
        let detail = format!("{what} not a valid sandbox name; write 1 to 64 letters, digits, `.`, `_` or `-`");
        Self::new(StatusCode::BAD_REQUEST, ProblemType::InvalidSandboxName, detail)
    }

    /// 400: a preference of a request that cannot be parsed or applied.
    #[must_use]
    pub fn invalid_preference(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ProblemType::InvalidPreference, detail)
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
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemType::RuleFailed, detail);
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
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemType::Busy, detail)
    }

    /// 503: the computation of a response takes too long.
    #[must_use]
    pub fn computation_limit(ms_max: u64) -> Self {
        let detail = format!(
            "the request used more than {ms_max} ms of processor time, which is the limit; ask for less (a shorter time \
             span, fewer rules, simpler patterns and templates), or raise --compute-ms-max"
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemType::ComputationLimit, detail)
    }

    /// 507: a write would exceed a budget of memory.
    #[must_use]
    pub fn budget_exceeded(detail: &str) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, ProblemType::BudgetExceeded, detail)
    }

    /// 503: too many requests compute at the same time; the client can send it again.
    #[must_use]
    pub fn overloaded(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemType::Overloaded, detail)
    }

    /// 408 or 400: the body did not arrive completely.
    #[must_use]
    pub fn incomplete(status: StatusCode, detail: &str) -> Self {
        Self::new(status, ProblemType::IncompleteRequest, detail)
    }

    /// 400, 408, 414, 431 or 505: what arrived is no valid request.
    #[must_use]
    pub fn rejected(rejected: &RejectedRequest) -> Self {
        let kind = match rejected.reason {
            RejectReason::Malformed => ProblemType::MalformedRequest,
            RejectReason::HeadTimeout => ProblemType::IncompleteRequest,
            RejectReason::TargetTooLong => ProblemType::UrlTooLong,
            RejectReason::HeadTooLarge => ProblemType::HeadTooLarge,
            RejectReason::Version => ProblemType::UnsupportedVersion,
        };
        Self::new(rejected.reason.status(), kind, rejected.detail.as_str())
    }

    /// 500: a response of the mock breaks the contract.
    #[must_use]
    pub fn invalid_response(operation: &Operation, violations: &[Violation]) -> Self {
        let detail = format!("the response of {} breaks the contract; this is a bug of the mock", operation.id);
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemType::InvalidResponse, detail);
        problem.extensions.insert("violations".to_owned(), json!(violations));
        problem
    }

    /// 500: a bug of the mock.
    #[must_use]
    pub fn internal(detail: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemType::Internal, detail)
    }

    /// The problem as a response.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut body = json!({
            "type": self.kind.uri(),
            "title": self.kind.title(),
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
