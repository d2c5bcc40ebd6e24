//! Why an outcome is inconclusive.

use super::result::ExpectationResult;
use crate::recording::journal::JournalSize;

/// What an inconclusive outcome is based on, when it is not at least one request that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    Requests,
    /// Only CORS preflights, and what browsers request on their own.
    OwnRequestsOfBrowsers,
    /// No request matches.
    NoMatch,
}

/// Why an outcome is inconclusive, and what to do about it.
pub(super) fn inconclusive_reason(
    journal: &JournalSize,
    is_enabled: bool,
    results: &[ExpectationResult],
    undecided: u64,
    basis: Basis,
) -> String {
    if !is_enabled {
        return "the journal of this server is disabled; start the server with --journal-entries-max above 0"
            .to_owned();
    }
    if results.iter().any(|one| one.exchanges == 0) {
        let dropped = if journal.dropped > 0 { ", after others were dropped" } else { "" };
        return format!(
            "no exchange was recorded in the examined range{dropped}, so that the verdict is based on nothing; send the \
             requests to this sandbox before the verification, check `after` and `since`, or write \
             `\"allow_empty\": true` if no request is fine"
        );
    }
    match basis {
        Basis::Requests => {}
        Basis::OwnRequestsOfBrowsers => {
            return "only CORS preflights and what browsers request on their own were recorded in the examined range, so \
                    that the verdict is based on nothing; check that the client reaches the API, or write \
                    `\"allow_empty\": true` if no request is fine"
                .to_owned();
        }
        Basis::NoMatch => {
            return "no request matches an expectation about the violations of some requests, so that its outcome is based \
                    on nothing; check its pattern, or write `\"allow_empty\": true` if no request is fine"
                .to_owned();
        }
    }
    if undecided > 0 {
        let exchanges = if undecided == 1 { "1 exchange".to_owned() } else { format!("{undecided} exchanges") };
        return format!(
            "{exchanges} could not be compared: only the beginning of the body is recorded (raise \
             --journal-body-bytes-max), a compared value is a secret, which the journal does not record, the pattern needs \
             too much work for the body, or the request was not compared with the contract"
        );
    }
    let dropped = match journal.dropped {
        1 => "1 older exchange".to_owned(),
        dropped => format!("{dropped} older exchanges"),
    };
    format!(
        "the journal was full and dropped {dropped}, or the sandbox was removed because it was not used; clear it before \
         the test (DELETE /__admin/requests or POST /__admin/reset), limit the expectations with `after` or `since`, or \
         raise --journal-entries-max and the other limits of the journal and of sandboxes"
    )
}
