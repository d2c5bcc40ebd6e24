//! The vendor's services beside LeadConduit, which steps of flows use and clients call directly.
//!
//! | module | holds |
//! |---|---|
//! | [`suppressionlist`] | lists of values, and their API |
//! | [`trustedform`] | certificates of consent, and the responses for them |

pub mod suppressionlist;
pub mod trustedform;

use std::fmt::Write as _;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::support::document::serialise;

/// The response of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body; `null` when there is none.
    pub body: Value,
}

impl ServiceResponse {
    fn new(status: u16, body: Value) -> Self {
        Self { status, body }
    }

    /// An error in the form `{"error": ...}`.
    fn error(status: u16, message: &str) -> Self {
        Self::new(status, json!({"error": message}))
    }

    /// The body as it is sent.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        if self.body.is_null() { Bytes::new() } else { serialise(&self.body) }
    }
}

/// Bytes in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
