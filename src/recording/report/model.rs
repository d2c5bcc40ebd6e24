//! The report as data. Lists are sorted, it holds no times, and operations have their ids: the same counts give the same
//! bytes, and reports of several servers can be merged.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::selection::OperationSelection;
use crate::contract::Evidence;
use crate::recording::coverage::targets::is_client_reachable;
use crate::recording::verify::result::{ExpectationOutcome, ExpectationResult};
use contract_files::yaml::{Diagnostic, Source};

/// What to write instead of a file that is not a report.
const SAVE_HINT: &str = "save a report with `leadconduit-mock report --output FILE.json`, or with `serve --report`";

/// A key that every report has, and no scenario.
const MOCK_KEY: &str = "mock";

/// The version of the format.
pub const VERSION: u32 = 1;

/// What clients have exercised, and how they broke the contract.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// The versions of the mock that counted, separated by commas.
    pub mock: String,
    /// The name of the sandbox; `*` for all.
    pub sandbox: String,
    /// The operations to which the report is limited; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<OperationSelection>,
    /// The totals. They are computed again when a report is read.
    #[serde(default)]
    pub summary: Summary,
    /// Every operation of the contract, by path and method.
    pub operations: Vec<OperationReport>,
    /// The targets without a count, by operation. They are computed again when a report is read.
    #[serde(default, rename = "left")]
    pub uncovered: Vec<UncoveredTargets>,
    /// Every scenario by name, with its number of requests.
    pub scenarios: Vec<ScenarioCount>,
    /// The kinds of violations.
    pub violations: Vec<ViolationReport>,
    /// Requests without an operation.
    pub unmatched: Vec<UnmatchedRequest>,
    /// The effects of rules and faults.
    pub effects: Vec<EffectCount>,
    /// The number of requests.
    pub exchanges: u64,
    /// The number of requests that broke the contract.
    pub violating: u64,
    /// How many of the requests are CORS preflights, or what browsers request on their own.
    #[serde(default)]
    pub handled_by_mock: u64,
    /// How many of the requests were compared with the contract: not those without a valid key, and not those to which a
    /// rule responded before. Absent in reports that do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<u64>,
    /// The number of violations, paths and parameters beyond the limits.
    pub overflow: u64,
    /// The expectations that were verified after the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<ExpectationReport>,
}

/// An expectation that was verified after the run (`run --expect`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExpectationReport {
    /// The name of the sandbox whose requests it is about.
    pub sandbox: String,
    /// Its name.
    pub name: String,
    /// The outcome.
    pub outcome: ExpectationOutcome,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// The differences and the nearest requests, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
}

impl ExpectationReport {
    /// The result of an expectation about the requests in a sandbox.
    #[must_use]
    pub fn new(sandbox: &str, result: &ExpectationResult) -> Self {
        Self {
            sandbox: sandbox.to_owned(),
            name: result.name.clone(),
            outcome: result.outcome,
            expected: result.expected.clone(),
            found: result.found.clone(),
            details: if result.passed { String::new() } else { result.to_string() },
        }
    }
}

/// A number of covered units and their total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageRatio {
    /// The units that were exercised.
    pub covered: u64,
    /// All units.
    pub total: u64,
}

impl CoverageRatio {
    /// Adds one unit, which is covered when its count is above 0.
    pub(super) fn add(&mut self, count: u64) {
        self.total += 1;
        self.covered += u64::from(count > 0);
    }

    /// The share in tenths of a percent; 1000 when there are no units.
    #[must_use]
    pub fn permille(&self) -> u64 {
        (self.covered * 1000).checked_div(self.total).unwrap_or(1000)
    }

    /// The share in percent, truncated after one decimal.
    #[must_use]
    pub fn percent(&self) -> f64 {
        // 1000 at most, so the conversion is exact.
        f64::from(u16::try_from(self.permille()).unwrap_or(1000)) / 10.0
    }
}

/// The totals of a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The coverage in percent, truncated after one decimal.
    pub percent: f64,
    /// All units.
    pub units: CoverageRatio,
    /// Operations that were called. They are not units: their statuses are.
    pub operations: CoverageRatio,
    /// Documented statuses below 500.
    pub statuses: CoverageRatio,
    /// Query parameters.
    pub parameters: CoverageRatio,
    /// Body fields.
    pub fields: CoverageRatio,
    /// Units with the evidence `documented`.
    pub documented: CoverageRatio,
    /// Units with the evidence `observed`.
    pub observed: CoverageRatio,
    /// Units with the evidence `inferred`.
    pub inferred: CoverageRatio,
    /// The number of violations of all kinds.
    pub violations: u64,
    /// The number of requests without an operation.
    pub unmatched: u64,
}

/// The coverage of one operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationReport {
    /// The `operationId`.
    pub operation: String,
    /// The method.
    pub method: String,
    /// The path pattern.
    pub path: String,
    /// The evidence for the operation.
    pub evidence: Evidence,
    /// The number of requests.
    pub calls: u64,
    /// The documented statuses.
    pub statuses: Vec<StatusCount>,
    /// The documented query parameters.
    pub parameters: Vec<ParameterCount>,
    /// The documented body fields.
    pub fields: Vec<FieldCount>,
    /// The outcomes of submissions and pings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lead_outcomes: Vec<LeadOutcomeCount>,
    /// What was sent or returned and is in no documentation.
    pub undocumented: Undocumented,
}

/// A status with its number of responses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCount {
    /// The status.
    pub status: u16,
    /// The evidence; absent when it is undocumented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The number of responses.
    pub count: u64,
}

/// A query parameter with its number of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterCount {
    /// The name of the parameter.
    pub name: String,
    /// The evidence; absent when it is undocumented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How often it was sent.
    pub count: u64,
}

/// A body field with its number of occurrences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCount {
    /// The RFC 6901 pointer, with `*` for list items and arbitrary names.
    pub pointer: String,
    /// The evidence; absent when it is undocumented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How often it was sent.
    pub count: u64,
}

/// What is in no documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undocumented {
    /// Statuses that rules, faults or the mock itself returned.
    pub statuses: Vec<StatusCount>,
    /// Query parameters that were sent.
    pub parameters: Vec<ParameterCount>,
    /// Body fields that were sent; only the topmost of nested ones.
    pub fields: Vec<FieldCount>,
    /// Parameters of leads that no field of the flow collects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_collected: Vec<NotCollectedCount>,
}

/// A parameter of leads that no field of the flow collects, with its number of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCollectedCount {
    /// The pointer into the request.
    pub location: String,
    /// The code in `X-Mock-Violations`: `not_collected`.
    pub code: String,
    /// The message of the first occurrence, which names the nearest field.
    pub message: String,
    /// The number of requests.
    pub count: u64,
}

/// An outcome of submissions or pings, with its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadOutcomeCount {
    /// `success`, `failure` or `error`.
    pub outcome: String,
    /// The number of requests.
    pub count: u64,
}

/// The targets of an operation that have no count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UncoveredTargets {
    /// The `operationId`.
    pub operation: String,
    /// Documented statuses below 500.
    pub statuses: Vec<u16>,
    /// Query parameters.
    pub parameters: Vec<String>,
    /// Pointers of body fields.
    pub fields: Vec<String>,
}

/// A scenario with its number of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioCount {
    /// The name of the scenario.
    pub scenario: String,
    /// Whether it is part of the mock.
    pub built_in: bool,
    /// The number of requests.
    pub count: u64,
}

/// One kind of violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViolationReport {
    /// The `operationId`; absent without an operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The pointer into the request, with `*` for positions in lists.
    pub location: String,
    /// The code of the rule that was broken.
    pub code: String,
    /// The message of the first occurrence.
    pub message: String,
    /// Whether the request was rejected for it.
    pub rejected: bool,
    /// The number of occurrences.
    pub count: u64,
    /// The first request with it.
    pub first: FirstOccurrence,
}

/// The first request with a violation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FirstOccurrence {
    /// The name of the sandbox.
    pub sandbox: String,
    /// The number of the request in the sandbox: `X-Mock-Request-Id`.
    pub request: u64,
}

/// Requests without an operation, by method and path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmatchedRequest {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The number of occurrences.
    pub count: u64,
}

/// An effect of rules and faults with its count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectCount {
    /// The effect without its numbers: `status`, `delay`, the name of a fault.
    pub effect: String,
    /// The number of occurrences.
    pub count: u64,
}

/// The version alone, which is read first: the rest of another version can have another structure.
#[derive(Deserialize)]
struct VersionHeader {
    version: u32,
}

/// The diagnostic for a file of another kind.
fn not_a_report(source: &Source, value: &Value) -> Diagnostic {
    let is_scenario = ["name", "description"].iter().all(|key| value.get(key).is_some());
    let (kind, hint) = if is_scenario {
        let file = source.name.display();
        (", but a scenario", format!("check it with `leadconduit-mock check {file}`; {SAVE_HINT}"))
    } else {
        ("", SAVE_HINT.to_owned())
    };
    Diagnostic::of_file(&source.name, format!("this is not a report{kind}")).with_hint(hint)
}

impl Report {
    /// Parses a saved report, or the response of a server. `name` is the file or URL, for diagnostics.
    ///
    /// # Errors
    ///
    /// A diagnostic when the text is not a report of this version.
    pub fn parse(name: &Path, text: &str) -> Result<Self, Diagnostic> {
        let source = Source::new(name, text);
        let value: Value = source.parse_json_or_yaml().map_err(|error| error.with_hint(SAVE_HINT))?;
        let has_other_version = value.get("version").is_some_and(|version| *version != VERSION);
        if value.get(MOCK_KEY).is_none() && !has_other_version {
            return Err(not_a_report(&source, &value));
        }
        let header: VersionHeader = source.parse_json_or_yaml().map_err(|error| error.with_hint(SAVE_HINT))?;
        if header.version != VERSION {
            let message = format!("this report has version {}; only version {VERSION} is supported", header.version);
            return Err(source.at_pointer("/version", message));
        }
        let mut report: Self = source.parse_json_or_yaml()?;
        report.normalize();
        Ok(report)
    }

    /// The report as indented JSON, so that `diff` shows differences line by line.
    ///
    /// # Errors
    ///
    /// The error of the serialiser.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Sorts the lists and computes the totals.
    pub(super) fn normalize(&mut self) {
        self.operations.sort_by(|a, b| {
            (&a.path, method_rank(&a.method), &a.operation).cmp(&(&b.path, method_rank(&b.method), &b.operation))
        });
        self.scenarios.sort_by(|a, b| a.scenario.cmp(&b.scenario));
        self.violations.sort_by_key(ViolationReport::kind);
        self.unmatched.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
        self.effects.sort_by(|a, b| a.effect.cmp(&b.effect));
        let mut summary = Summary {
            violations: self.violations.iter().map(|one| one.count).sum(),
            unmatched: self.unmatched.iter().map(|one| one.count).sum(),
            ..Summary::default()
        };
        for operation in &mut self.operations {
            operation.normalize();
            summary.operations.add(operation.calls);
            for one in operation.statuses.iter().filter(|one| is_client_reachable(one.status)) {
                summary.statuses.add(one.count);
                summary.count(one.evidence, one.count);
            }
            for one in &operation.parameters {
                summary.parameters.add(one.count);
                summary.count(one.evidence, one.count);
            }
            for one in &operation.fields {
                summary.fields.add(one.count);
                summary.count(one.evidence, one.count);
            }
        }
        summary.percent = summary.units.percent();
        self.summary = summary;
        self.uncovered = self.operations.iter().filter_map(OperationReport::uncovered).collect();
    }
}

impl Summary {
    fn count(&mut self, evidence: Option<Evidence>, count: u64) {
        self.units.add(count);
        match evidence {
            Some(Evidence::Documented) => self.documented.add(count),
            Some(Evidence::Observed) => self.observed.add(count),
            Some(Evidence::Inferred) | None => self.inferred.add(count),
        }
    }
}

impl ViolationReport {
    /// What makes two violations the same kind.
    pub(super) fn kind(&self) -> (Option<String>, String, String) {
        (self.operation.clone(), self.location.clone(), self.code.clone())
    }
}

impl OperationReport {
    fn normalize(&mut self) {
        self.statuses.sort_by_key(|one| one.status);
        self.parameters.sort_by(|a, b| a.name.cmp(&b.name));
        self.fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        self.undocumented.statuses.sort_by_key(|one| one.status);
        self.undocumented.parameters.sort_by(|a, b| a.name.cmp(&b.name));
        self.undocumented.fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        self.undocumented.not_collected.sort_by(|a, b| a.location.cmp(&b.location));
        self.lead_outcomes.sort_by(|a, b| a.outcome.cmp(&b.outcome));
    }

    fn uncovered(&self) -> Option<UncoveredTargets> {
        let statuses = self.statuses.iter().filter(|one| one.count == 0 && is_client_reachable(one.status));
        let uncovered = UncoveredTargets {
            operation: self.operation.clone(),
            statuses: statuses.map(|one| one.status).collect(),
            parameters: self.parameters.iter().filter(|one| one.count == 0).map(|one| one.name.clone()).collect(),
            fields: self.fields.iter().filter(|one| one.count == 0).map(|one| one.pointer.clone()).collect(),
        };
        let is_empty = uncovered.statuses.is_empty() && uncovered.parameters.is_empty() && uncovered.fields.is_empty();
        (!is_empty).then_some(uncovered)
    }
}

/// The sort key of a method: the usual ones first.
fn method_rank(method: &str) -> (usize, &str) {
    let usual = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    (usual.iter().position(|one| *one == method).unwrap_or(usual.len()), method)
}
