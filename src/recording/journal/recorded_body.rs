//! The body of a request or a response as the journal records it.

use bytes::Bytes;
use serde_json::Value;

use crate::support::redaction::{Completeness, Redactor};

/// The recorded body of a request or a response.
#[derive(Clone, Debug, Default)]
pub struct RecordedBody {
    /// The redacted body, or its beginning.
    pub bytes: Bytes,
    /// The original length in bytes.
    pub length: usize,
    completeness: Completeness,
}

impl RecordedBody {
    /// Records a body that contains no secret, or its beginning. A copy, because a slice would keep the whole read buffer
    /// of the connection alive.
    pub(super) fn clean(bytes: &Bytes, bytes_max: usize) -> Self {
        if bytes.is_empty() {
            return Self::default();
        }
        let is_truncated = bytes.len() > bytes_max;
        let completeness = if is_truncated { Completeness::Truncated } else { Completeness::Complete };
        let recorded = Bytes::copy_from_slice(&bytes[..bytes.len().min(bytes_max)]);
        Self { bytes: recorded, length: bytes.len(), completeness }
    }

    /// Redacts and copies a body, or its beginning.
    pub(super) fn redacted(bytes: &Bytes, bytes_max: usize, redactor: &Redactor) -> Self {
        let (recorded, completeness) = redactor.body(bytes, bytes_max);
        Self { bytes: Bytes::copy_from_slice(&recorded), length: bytes.len(), completeness }
    }

    /// Redacts a body. Its bytes are shared when it contains no secret.
    pub(super) fn shared(bytes: &Bytes, redactor: &Redactor) -> Self {
        let (recorded, completeness) = redactor.body(bytes, usize::MAX);
        Self { bytes: recorded, length: bytes.len(), completeness }
    }

    /// Redacts the first items of a list, which is `length` bytes long. They are recorded without the end of the list.
    pub(super) fn items(list: &Bytes, length: usize, redactor: &Redactor) -> Self {
        let (recorded, _) = redactor.body(list, usize::MAX);
        let end = if recorded.ends_with(b"]") { recorded.len() - 1 } else { recorded.len() };
        Self { bytes: recorded.slice(..end), length, completeness: Completeness::Truncated }
    }

    /// True when only the beginning was recorded. A body that redaction made shorter is complete.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.completeness == Completeness::Truncated
    }

    /// The body as JSON; `null` when it is not JSON or truncated.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}
