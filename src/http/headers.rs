//! The names of the mock's own headers and query parameters. Every module takes them from here.

use http::HeaderName;

/// The prefix of every header of the mock.
pub const PREFIX: &str = "x-mock-";

/// Request and response: the sandbox.
pub const SANDBOX: HeaderName = HeaderName::from_static("x-mock-sandbox");
/// Request: `off` disables rules and faults.
pub const FAULTS: HeaderName = HeaderName::from_static("x-mock-faults");
/// Request: another name of the preference `code`.
pub const RESPONSE_CODE: HeaderName = HeaderName::from_static("x-mock-response-code");
/// Request: another name of the preference `example`.
pub const RESPONSE_NAME: HeaderName = HeaderName::from_static("x-mock-response-name");
/// Request: another name of the preference `delay`.
pub const RESPONSE_DELAY: HeaderName = HeaderName::from_static("x-mock-response-delay");
/// Request of the mock itself, to a recipient or to the firehose. A control call with it is rejected.
pub const OUTBOUND: HeaderName = HeaderName::from_static("x-mock-outbound");
/// Response: the number of the request in its sandbox.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-mock-request-id");
/// Response: the scenario.
pub const SCENARIO: HeaderName = HeaderName::from_static("x-mock-scenario");
/// Response: the `operationId`.
pub const OPERATION: HeaderName = HeaderName::from_static("x-mock-operation");
/// Response: how the response is known.
pub const EVIDENCE: HeaderName = HeaderName::from_static("x-mock-evidence");
/// Response: the rules and faults that were applied.
pub const FAULT: HeaderName = HeaderName::from_static("x-mock-fault");
/// Response: the violations of the request, as JSON.
pub const VIOLATIONS: HeaderName = HeaderName::from_static("x-mock-violations");
/// Response: the list of connections is incomplete. LeadConduit's own header.
pub const CONNECTIONS_DEGRADED: HeaderName = HeaderName::from_static("x-connections-degraded");

/// The names of preferences in the query string. Other names that begin with two underscores belong to the client.
pub const QUERY_PREFERENCES: [&str; 6] = ["__code", "__example", "__scenario", "__delay", "__dynamic", "__seed"];

/// The value of `Access-Control-Expose-Headers`: the response headers above, and those of LeadConduit.
pub const EXPOSED: &str = "X-Mock-Request-Id, X-Mock-Sandbox, X-Mock-Scenario, X-Mock-Operation, X-Mock-Evidence, \
     X-Mock-Fault, X-Mock-Violations, X-Connections-Degraded, ETag, Retry-After, Preference-Applied, Allow, Date";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_headers_are_exposed_to_browsers() {
        let exposed = EXPOSED.to_ascii_lowercase();
        for name in [REQUEST_ID, SANDBOX, SCENARIO, OPERATION, EVIDENCE, FAULT, VIOLATIONS] {
            assert!(name.as_str().starts_with(PREFIX) && exposed.contains(name.as_str()), "{name}");
        }
    }
}
