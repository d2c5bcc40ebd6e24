//! Why a tunnel to another host cannot be opened. Plain values; the server detects them, and a handler writes the
//! response.

use std::net::IpAddr;

use http::StatusCode;

/// Why a tunnel to another host cannot be opened. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TunnelError {
    /// The limit of tunnels is reached.
    #[error("{0} tunnels are open, which is the limit; close one, and send the request again")]
    TooMany(usize),
    /// The name cannot be resolved.
    #[error("the name cannot be resolved: {0}")]
    Unresolved(String),
    /// An address of the name is one of this machine.
    #[error(
        "{0} is an address of this machine or of its local link, to which no tunnel leads; call it without the proxy (NO_PROXY)"
    )]
    Local(IpAddr),
    /// The host does not accept the connection.
    #[error("the host does not accept the connection: {0}")]
    Unreachable(String),
    /// The host did not accept the connection in time.
    #[error("the host did not accept the connection within {0} ms")]
    TimedOut(u64),
    /// The server stops.
    #[error("the server stops")]
    Stopping,
}

impl TunnelError {
    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooMany(_) | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Local(_) => StatusCode::FORBIDDEN,
            Self::Unresolved(_) | Self::Unreachable(_) => StatusCode::BAD_GATEWAY,
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}
