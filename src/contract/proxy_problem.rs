//! The problems of `CONNECT` requests.

use http::header::{ALLOW, CONNECTION, PROXY_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::problem::{Problem, ProblemType};
use crate::config::intercept::{ConnectTarget, InvalidConnectTarget};
use crate::http::tunnel::TunnelError;

/// The methods of LeadConduit's operations.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS");

impl Problem {
    /// 405: the client takes the server for a proxy.
    #[must_use]
    pub fn no_tunnel() -> Self {
        Self::connect_not_allowed(
            "this server is not a proxy, so it does not allow CONNECT; start it with --intercept, or give its URL to the \
             client as the base URL",
        )
    }

    /// 405: a `CONNECT` request inside of a tunnel.
    #[must_use]
    pub fn nested_tunnel() -> Self {
        Self::connect_not_allowed(
            "this connection is a tunnel already; send CONNECT on a connection to the proxy itself",
        )
    }

    /// 405: a `CONNECT` request on a stream of HTTP/2.
    #[must_use]
    pub fn tunnel_in_stream() -> Self {
        Self::connect_not_allowed(
            "the proxy does not support CONNECT over HTTP/2; connect to it with HTTP/1.1 (HTTP/2 is available inside of \
             the tunnel)",
        )
    }

    fn connect_not_allowed(detail: &str) -> Self {
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, ProblemType::MethodNotAllowed, detail);
        problem.headers.insert(ALLOW, METHODS);
        problem
    }

    /// 400: the target of a `CONNECT` request is not a host and a port.
    #[must_use]
    pub fn invalid_tunnel(error: &InvalidConnectTarget) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, ProblemType::MalformedRequest, error.to_string());
        // What follows may belong to the tunnel that the client expects.
        problem.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        problem
    }

    /// 403: a host that the proxy does not intercept.
    #[must_use]
    pub fn host_refused(target: &ConnectTarget) -> Self {
        let detail = if target.is_vendor() {
            format!("{target} is not intercepted: of this host, the mock answers on the ports 443 and 80 only")
        } else if target.is_loopback() {
            // No tunnel leads to this machine either.
            format!("{} is not one of LeadConduit's hosts; call it without the proxy (NO_PROXY)", target.host)
        } else {
            format!(
                "{} is not one of LeadConduit's hosts, and no request leaves this machine; call it without the proxy \
                 (NO_PROXY), or start the mock with --intercept-others tunnel",
                target.host
            )
        };
        Self::new(StatusCode::FORBIDDEN, ProblemType::ProxyRefused, detail)
    }

    /// 403: a plain request for a host that the proxy does not intercept.
    #[must_use]
    pub fn plain_host_refused(host: &str) -> Self {
        let host: String = host.chars().take(260).collect();
        let detail = format!(
            "{host} is not one of LeadConduit's hosts, and the proxy does not forward plain HTTP; call it without the proxy \
             (NO_PROXY)"
        );
        Self::new(StatusCode::FORBIDDEN, ProblemType::ProxyRefused, detail)
    }

    /// 502 and others: a host to which no tunnel can be opened.
    #[must_use]
    pub fn tunnel_failed(target: &ConnectTarget, error: &TunnelError) -> Self {
        let detail = format!("{target} is not connected: {error}");
        Self::new(error.status(), ProblemType::ProxyRefused, detail)
    }

    /// 407: the proxy needs the token, and the client has sent another or none.
    #[must_use]
    pub fn proxy_token_needed(detail: &str) -> Self {
        let mut problem = Self::new(StatusCode::PROXY_AUTHENTICATION_REQUIRED, ProblemType::TokenNeeded, detail);
        problem.headers.insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"leadconduit-mock\""));
        problem
    }
}
