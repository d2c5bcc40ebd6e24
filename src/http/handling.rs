//! The response to a request, now or later.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::message::Response;

/// The response to a request, now or later.
pub enum Handling {
    /// The response.
    Ready(Response),
    /// The response comes later. The server completes the future even when the client disconnects.
    Pending(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl fmt::Debug for Handling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(response) => formatter.debug_tuple("Ready").field(response).finish(),
            Self::Pending(_) => formatter.write_str("Pending"),
        }
    }
}
