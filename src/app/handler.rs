//! Connects the pipeline to the server: neither knows the other.

use std::sync::Arc;

use crate::config::limits::Limits;
use crate::http::handling::Handling;
use crate::http::message::{Request, Response};
use crate::http::rejected::RejectedRequest;
use crate::pipeline::Pipeline;
use crate::server::Handler;

impl Handler for Pipeline {
    fn handle(self: &Arc<Self>, request: &Arc<Request>) -> Handling {
        self.start(request)
    }

    fn body_bytes_max(&self, head: &Request, limits: &Limits) -> usize {
        Self::body_bytes_max(self, head, limits)
    }

    fn reject(&self, rejected: &RejectedRequest) -> Response {
        Self::reject(self, rejected)
    }
}
