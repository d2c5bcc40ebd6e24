//! What is decided before a request is complete: the limit of its body, and the response to an invalid request.

use http::header::{DATE, ORIGIN, VARY};
use http::{HeaderValue, Method, Uri};

use super::Pipeline;
use super::cors;
use super::finalize::{VARY_DEFAULT, date};
use crate::config::limits::Limits;
use crate::contract::problem::Problem;
use crate::control;
use crate::http::message::{Request, Response};
use crate::http::rejected::RejectedRequest;
use crate::sandbox::selector;
use crate::support::clock::Clock;

impl Pipeline {
    /// The largest body of a request: only calls of the control API that are allowed can have a large one.
    #[must_use]
    pub fn body_bytes_max(&self, head: &Request, limits: &Limits) -> usize {
        let (_, path) = selector::split_sandbox_path(head.path());
        control::body_bytes_max(&self.policy.access, head, path, limits).unwrap_or(limits.body_bytes_max)
    }

    /// Responds to an invalid request. It belongs to no sandbox, so it is logged and counted, and no journal has it.
    #[must_use]
    pub fn reject(&self, rejected: &RejectedRequest) -> Response {
        let status = rejected.reason.status();
        self.state.rejected.count(rejected.reason);
        tracing::warn!("rejected an invalid request: {}, {}", status.as_u16(), rejected.detail);
        let mut response = Problem::rejected(rejected).into_response();
        response.headers.insert(VARY, VARY_DEFAULT);
        response.headers.insert(DATE, date(Clock::Real.now()));
        let mut request = Request::new(Method::GET, Uri::default());
        request.headers.extend(rejected.origin.clone().map(|origin: HeaderValue| (ORIGIN, origin)));
        cors::add_headers(&self.policy.cors, &self.policy.access, &request, &mut response.headers);
        response
    }
}
