//! Connects the pipeline to the server: neither knows the other.

use std::sync::Arc;

use crate::config::intercept::{ConnectRoute, ConnectTarget};
use crate::config::limits::Limits;
use crate::http::handling::Handling;
use crate::http::message::{Request, Response};
use crate::http::rejected::RejectedRequest;
use crate::http::tunnel::TunnelError;
use crate::pipeline::Pipeline;
use crate::server::Handler;

impl Handler for Pipeline {
    fn handle(self: &Arc<Self>, request: &Arc<Request>) -> Handling {
        match self.refuse_other_host(request) {
            Some(response) => Handling::Ready(response),
            None => self.start(request),
        }
    }

    fn body_bytes_max(&self, head: &Request, limits: &Limits) -> usize {
        Self::body_bytes_max(self, head, limits)
    }

    fn reject(&self, rejected: &RejectedRequest) -> Response {
        Self::reject(self, rejected)
    }

    fn connect(&self, request: &Request, is_tunnelled: bool) -> Option<Result<ConnectRoute, Box<Response>>> {
        Self::connect(self, request, is_tunnelled)
    }

    fn tunnel_failed(&self, target: &ConnectTarget, error: &TunnelError) -> Response {
        Self::tunnel_failed(self, target, error)
    }
}
