//! Wire faults: broken connections, as plain values. To add one, add a variant and its name here, and what it sends in
//! `server/send.rs`.

/// A connection fault. The names are `WireMock`'s where it has the same fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum WireFault {
    /// The connection is closed without a byte.
    EmptyResponse,
    /// A valid head with `Transfer-Encoding: chunked`, garbage that is not a chunk, then the connection is closed.
    MalformedResponseChunk,
    /// Garbage, then the connection is closed.
    RandomDataThenClose,
    /// The connection is reset (RST) without a byte.
    ConnectionResetByPeer,
    /// A head with the right `Content-Length`, half of the body, then the connection is closed.
    TruncatedBody,
    /// No byte, until the client disconnects or the limit `hang_ms_max` is reached.
    Hang,
}

impl WireFault {
    /// Every fault by its name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("EMPTY_RESPONSE", Self::EmptyResponse),
        ("MALFORMED_RESPONSE_CHUNK", Self::MalformedResponseChunk),
        ("RANDOM_DATA_THEN_CLOSE", Self::RandomDataThenClose),
        ("CONNECTION_RESET_BY_PEER", Self::ConnectionResetByPeer),
        ("TRUNCATED_BODY", Self::TruncatedBody),
        ("HANG", Self::Hang),
    ];

    /// Whether the client gets the status and the headers of a response.
    #[must_use]
    pub fn sends_response(self) -> bool {
        matches!(self, Self::MalformedResponseChunk | Self::TruncatedBody)
    }

    /// The name in scenarios, in the control API and in `X-Mock-Fault`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}
