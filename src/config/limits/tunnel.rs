//! Limits of tunnels of the HTTPS proxy to other hosts.

use std::time::Duration;

/// What a tunnel copies at a time, in each direction.
pub(crate) const TUNNEL_BUFFER_BYTES: usize = 16 * 1024;

/// The addresses of a host that a tunnel tries.
pub(crate) const TUNNEL_ADDRESSES_MAX: usize = 8;

/// The limits of tunnels to other hosts (`--intercept-others tunnel`). No setting changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TunnelLimits {
    /// Concurrent tunnels; a further one is refused.
    pub(crate) tunnels_max: usize,
    /// Timeout for resolving the host and connecting to it.
    pub(crate) connect_timeout: Duration,
    /// How long a tunnel can stay open without a byte in either direction. It is checked once in this time.
    pub(crate) idle_timeout: Duration,
}

impl Default for TunnelLimits {
    fn default() -> Self {
        Self { tunnels_max: 256, connect_timeout: Duration::from_secs(10), idle_timeout: Duration::from_mins(5) }
    }
}
