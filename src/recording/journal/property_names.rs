//! The JSON names of an exchange's properties: in events, in log lines, in the journal and in explanations.
//!
//! The names of `WireMock` are in [`exchange_json`](super::exchange_json). To add a property, add its name here.

/// The number of the request in its sandbox, in events and log lines.
pub const ID: &str = "id";
/// The number of the request in its sandbox, in the journal.
pub const NUMBER: &str = "number";
/// The time on the clock of the sandbox.
pub const AT: &str = "at";
/// The name of the sandbox.
pub const SANDBOX: &str = "sandbox";
/// The name of the scenario.
pub const SCENARIO: &str = "scenario";
/// The HTTP method.
pub const METHOD: &str = "method";
/// The path.
pub const PATH: &str = "path";
/// The query without its question mark.
pub const QUERY: &str = "query";
/// The `operationId`.
pub const OPERATION: &str = "operation";
/// The evidence for the status of the operation.
pub const EVIDENCE: &str = "evidence";
/// The account and the user of the API key.
pub const CALLER: &str = "caller";
/// The status of the response.
pub const STATUS: &str = "status";
/// The outcome of a submission or ping, with its reason.
pub const LEAD: &str = "lead";
/// The outcome of a lead.
pub const OUTCOME: &str = "outcome";
/// The reason of an outcome.
pub const REASON: &str = "reason";
/// The violations of the contract.
pub const VIOLATIONS: &str = "violations";
/// The detail of the mock's own error.
pub const PROBLEM: &str = "problem";
/// The rules and faults that were applied, with their effects.
pub const APPLIED_RULES: &str = "applied_rules";
/// The name of an applied rule.
pub const RULE: &str = "rule";
/// The effects of an applied rule.
pub const EFFECTS: &str = "effects";
/// The wire fault.
pub const WIRE_FAULT: &str = "wire_fault";
/// The delay in milliseconds.
pub const DELAY_MS: &str = "delay_ms";
/// The processing time in microseconds.
pub const TOOK_US: &str = "took_us";
/// The sizes of the bodies.
pub const BODIES: &str = "bodies";
/// Whether no operation, rule or part of the mock produced the response.
pub const UNMATCHED: &str = "unmatched";
