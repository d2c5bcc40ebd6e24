//! The interchange document. Lists are sorted, nothing in it is a time, and operations go by their names: the same counts
//! are the same bytes, and documents of several servers can be put together.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::contract::Evidence;
use crate::recording::coverage::map::is_in_reach;
use contract_files::yaml::{Diagnostic, Source};

/// The version of the format.
pub const VERSION: u32 = 1;

/// What a run has exercised, and what it did wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The version of this format.
    pub version: u32,
    /// The version of the mock that counted.
    pub mock: String,
    /// The sandbox; `*` stands for all of a run.
    pub sandbox: String,
    /// What follows from the rest. It is not read, but made anew.
    #[serde(default)]
    pub summary: Summary,
    /// Every operation of the contract, by path and method.
    pub operations: Vec<Operation>,
    /// What is left to exercise, by operation. It is not read, but made anew.
    #[serde(default)]
    pub left: Vec<Uncovered>,
    /// Every scenario by name, with how many requests met it.
    pub scenarios: Vec<Played>,
    /// How requests broke the contract.
    pub violations: Vec<Violation>,
    /// Requests that no operation answers.
    pub unmatched: Vec<Unmatched>,
    /// What rules and faults did.
    pub deeds: Vec<Deed>,
    /// How many requests there were.
    pub exchanges: u64,
    /// How many of them broke the contract.
    pub violating: u64,
    /// How many kinds of all this did not find room.
    pub untold: u64,
}

/// How much of something is covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// How many units.
    pub covered: u64,
    /// Of how many.
    pub total: u64,
}

impl Covered {
    pub(super) fn add(&mut self, count: u64) {
        self.total += 1;
        self.covered += u64::from(count > 0);
    }

    /// The share, in tenths of a percent; everything of nothing is all of it.
    #[must_use]
    pub fn permille(&self) -> u64 {
        (self.covered * 1000).checked_div(self.total).unwrap_or(1000)
    }

    /// The share in percent, cut after one digit.
    #[must_use]
    pub fn percent(&self) -> f64 {
        // A thousand at most, so it is exact.
        f64::from(u16::try_from(self.permille()).unwrap_or(1000)) / 10.0
    }
}

/// What follows from the counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How much is covered, in percent, cut after one digit.
    pub percent: f64,
    /// All units.
    pub units: Covered,
    /// Operations that were called. They are no units: their statuses are.
    pub operations: Covered,
    /// Documented statuses within a client's reach.
    pub statuses: Covered,
    /// Query parameters.
    pub parameters: Covered,
    /// Fields of bodies.
    pub fields: Covered,
    /// Units that a page of the vendor documents.
    pub documented: Covered,
    /// Units that were seen in real traffic.
    pub observed: Covered,
    /// Units that are our reading.
    pub inferred: Covered,
    /// How many violations there were, all kinds together.
    pub violations: u64,
    /// How many requests no operation answers.
    pub unmatched: u64,
}

/// What was exercised of one operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// The `operationId`.
    pub operation: String,
    /// The method.
    pub method: String,
    /// The path pattern.
    pub path: String,
    /// How it is known.
    pub evidence: Evidence,
    /// How many requests it had.
    pub calls: u64,
    /// The documented statuses.
    pub statuses: Vec<Status>,
    /// Its query parameters.
    pub parameters: Vec<Parameter>,
    /// The fields of its body.
    pub fields: Vec<Field>,
    /// What was sent or answered without any documentation.
    pub undocumented: Undocumented,
}

/// A status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The status.
    pub status: u16,
    /// How it is known; absent when no documentation has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How many replies had it.
    pub count: u64,
}

/// A query parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// How it is known; absent when no documentation has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How often it was sent.
    pub count: u64,
}

/// A field of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Where it stands: an RFC 6901 pointer with `*` for the items of a list, and for names that are left open.
    pub pointer: String,
    /// How it is known; absent when no documentation has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How often it was sent.
    pub count: u64,
}

/// What no documentation has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undocumented {
    /// Statuses that rules, faults or the mock itself brought about.
    pub statuses: Vec<Status>,
    /// Query parameters that were sent.
    pub parameters: Vec<Parameter>,
    /// Fields that were sent; only the topmost of those that stand in each other.
    pub fields: Vec<Field>,
}

/// What is left to exercise of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncovered {
    /// The operation.
    pub operation: String,
    /// Statuses.
    pub statuses: Vec<u16>,
    /// Query parameters.
    pub parameters: Vec<String>,
    /// Fields.
    pub fields: Vec<String>,
}

/// A scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Played {
    /// Its name.
    pub scenario: String,
    /// Whether it is part of the mock.
    pub built_in: bool,
    /// How many requests met it.
    pub count: u64,
}

/// One kind of violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The operation; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Where it is in the request, with `*` for positions in lists.
    pub location: String,
    /// What was broken.
    pub code: String,
    /// The words of the first.
    pub message: String,
    /// Whether the request was refused for it.
    pub refused: bool,
    /// How often.
    pub count: u64,
    /// Where to look for the first.
    pub first: First,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct First {
    /// Its sandbox.
    pub sandbox: String,
    /// Its number in it: `X-Mock-Request-Id`.
    pub request: u64,
}

/// Requests that no operation answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmatched {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// How often.
    pub count: u64,
}

/// What rules and faults did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// What, without its numbers: `status`, `delay`, the name of a fault.
    pub deed: String,
    /// How often.
    pub count: u64,
}

/// What a document says first. One of another version may say all the rest in other words.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

impl Document {
    /// Reads a document that was saved, or that a server gave out under `name`.
    pub fn parse(name: &Path, text: &str) -> Result<Self, Diagnostic> {
        let source = Source::new(name, text);
        let head: Head = source.parse_json_or_yaml().map_err(|error| {
            error.with_hint("this is no report: save one with --format json, or with serve --report")
        })?;
        if head.version != VERSION {
            let message = format!("this report is of version {}; version {VERSION} is read", head.version);
            return Err(source.at_pointer("/version", message));
        }
        let mut document: Self = source.parse_json_or_yaml()?;
        document.settle();
        Ok(document)
    }

    /// The document as text, with a line for each thing so that two of them can be compared.
    pub fn json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(|error| error.to_string())
    }

    /// Sorts the lists, and makes anew what follows from the counts.
    pub(super) fn settle(&mut self) {
        self.operations
            .sort_by(|a, b| (&a.path, rank(&a.method), &a.operation).cmp(&(&b.path, rank(&b.method), &b.operation)));
        self.scenarios.sort_by(|a, b| a.scenario.cmp(&b.scenario));
        self.violations.sort_by_key(Violation::key);
        self.unmatched.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
        self.deeds.sort_by(|a, b| a.deed.cmp(&b.deed));
        let mut summary = Summary {
            violations: self.violations.iter().map(|one| one.count).sum(),
            unmatched: self.unmatched.iter().map(|one| one.count).sum(),
            ..Summary::default()
        };
        for operation in &mut self.operations {
            operation.settle();
            summary.operations.add(operation.calls);
            for one in operation.statuses.iter().filter(|one| is_in_reach(one.status)) {
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
        self.left = self.operations.iter().filter_map(Operation::left).collect();
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

impl Violation {
    /// What tells kinds apart.
    pub(super) fn key(&self) -> (Option<String>, String, String) {
        (self.operation.clone(), self.location.clone(), self.code.clone())
    }
}

impl Operation {
    fn settle(&mut self) {
        self.statuses.sort_by_key(|one| one.status);
        self.parameters.sort_by(|a, b| a.name.cmp(&b.name));
        self.fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        self.undocumented.statuses.sort_by_key(|one| one.status);
        self.undocumented.parameters.sort_by(|a, b| a.name.cmp(&b.name));
        self.undocumented.fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    }

    fn left(&self) -> Option<Uncovered> {
        let statuses = self.statuses.iter().filter(|one| one.count == 0 && is_in_reach(one.status));
        let left = Uncovered {
            operation: self.operation.clone(),
            statuses: statuses.map(|one| one.status).collect(),
            parameters: self.parameters.iter().filter(|one| one.count == 0).map(|one| one.name.clone()).collect(),
            fields: self.fields.iter().filter(|one| one.count == 0).map(|one| one.pointer.clone()).collect(),
        };
        let is_empty = left.statuses.is_empty() && left.parameters.is_empty() && left.fields.is_empty();
        (!is_empty).then_some(left)
    }
}

/// The usual order of methods.
fn rank(method: &str) -> (usize, &str) {
    let usual = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    (usual.iter().position(|one| *one == method).unwrap_or(usual.len()), method)
}
