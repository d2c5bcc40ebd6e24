//! Evaluates expectations against a journal. An outcome is inconclusive when it is based on no exchange at all, or when
//! exchanges that were evicted or cannot be compared could change it.

use std::collections::HashMap;
use std::sync::Arc;

use super::expectations::{Expectation, Expectations, JournalRange, OtherRequests, Requirement};
use super::inconclusive::{Basis, inconclusive_reason};
use super::result::{ExpectationOutcome, ExpectationResult, NearestExchange, VerificationResult, describe_exchange};
use crate::contract::{Contract, Route};
use crate::recording::journal::{ContractCheck, Exchange, JournalSize, MatchResult, RequestPattern, ResponseSource};

/// How many exchange numbers the result of an expectation lists.
const MATCHED_MAX: usize = 100;

/// How many differences the result of an expectation lists.
const DIFFERENCES_MAX: usize = 20;

/// How many violations of one exchange a difference lists.
const VIOLATIONS_MAX: usize = 5;

/// How many nearest exchanges the result of an expectation lists.
const NEAREST_MAX: usize = 3;

/// How many of the newest exchanges are searched for the nearest, and for how many expectations: the search is
/// expensive.
const NEAREST_SEARCHED_MAX: usize = 1000;
const NEAREST_SEARCHES_MAX: usize = 20;

/// The largest distance of a nearest exchange; others have too little in common to help.
const NEAREST_DISTANCE_MAX: f64 = 0.75;

/// The exchanges of a sandbox at the time of verification.
#[derive(Debug)]
pub struct JournalSnapshot {
    exchanges: Vec<Arc<Exchange>>,
    size: JournalSize,
    is_enabled: bool,
}

impl JournalSnapshot {
    /// Creates a snapshot from the content of a journal.
    #[must_use]
    pub fn new(mut exchanges: Vec<Arc<Exchange>>, size: JournalSize, is_enabled: bool) -> Self {
        // The journal is in the order of responses; expectations are about the order of requests.
        exchanges.sort_by_key(|exchange| exchange.number);
        Self { exchanges, size, is_enabled }
    }

    fn exchanges(&self, range: JournalRange) -> Vec<&Exchange> {
        self.exchanges.iter().map(|exchange| &**exchange).filter(|exchange| range.contains(exchange)).collect()
    }

    /// How many exchanges of a range may be missing. A range that begins after all that were dropped is complete. The
    /// journal is in the order of responses, and the clock of a sandbox can go back, so that the oldest recorded
    /// exchange says nothing about those.
    fn missing(&self, range: JournalRange) -> u64 {
        if !self.is_enabled {
            return u64::MAX;
        }
        let is_complete = range.after.is_some_and(|after| after >= self.size.last_dropped_number)
            || range.since.is_some_and(|since| self.size.last_dropped_at.is_none_or(|last| since > last));
        if is_complete { 0 } else { self.size.dropped }
    }
}

/// The evaluation of one expectation.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
struct Evaluation {
    is_met: bool,
    /// Whether exchanges that are missing in the journal, or cannot be compared, could change `is_met`.
    could_change: bool,
    /// How many exchanges cannot be compared.
    undecided: u64,
    /// Whether further exchanges cannot change `is_met`.
    is_final: bool,
    /// Whether it is met only because no exchange matches its pattern.
    is_vacuous: bool,
    found: String,
    matched: Vec<u64>,
    differences: Vec<String>,
    nearest: Vec<NearestExchange>,
}

/// Evaluates all expectations.
#[must_use]
pub fn evaluate(expectations: &Expectations, journal: &JournalSnapshot, contract: &Contract) -> VerificationResult {
    let mut evaluator = Evaluator {
        journal,
        contract,
        nearest_searches_left: NEAREST_SEARCHES_MAX,
        undecided: 0,
        basis: Basis::Requests,
    };
    let results: Vec<ExpectationResult> = expectations.all.iter().map(|one| evaluator.expectation(one)).collect();
    let (undecided, basis) = (evaluator.undecided, evaluator.basis);
    let ranges: Vec<JournalRange> = expectations.all.iter().map(|one| one.range).collect();
    let is_evaluated = |exchange: &&Arc<Exchange>| ranges.iter().any(|range| range.contains(exchange));
    let exchanges = journal.exchanges.iter().filter(is_evaluated).count();
    let has = |outcome: ExpectationOutcome| results.iter().any(|one| one.outcome == outcome);
    let allows_empty = expectations.all.iter().all(|one| one.allows_empty);
    let outcome = if results.iter().all(|one| one.passed) {
        ExpectationOutcome::Passed
    } else if (exchanges == 0 && !allows_empty) || !has(ExpectationOutcome::Failed) {
        ExpectationOutcome::Inconclusive
    } else {
        ExpectationOutcome::Failed
    };
    let is_inconclusive = outcome == ExpectationOutcome::Inconclusive || has(ExpectationOutcome::Inconclusive);
    VerificationResult {
        passed: outcome == ExpectationOutcome::Passed,
        outcome,
        can_still_pass: results.iter().all(|one| one.can_still_pass),
        exchanges,
        dropped: journal.size.dropped,
        reason: is_inconclusive
            .then(|| inconclusive_reason(&journal.size, journal.is_enabled, &results, undecided, basis)),
        expectations: results,
    }
}

struct Evaluator<'a> {
    journal: &'a JournalSnapshot,
    contract: &'a Contract,
    nearest_searches_left: usize,
    /// The largest number of exchanges that an inconclusive expectation could not compare.
    undecided: u64,
    basis: Basis,
}

impl Evaluator<'_> {
    fn expectation(&mut self, one: &Expectation) -> ExpectationResult {
        let exchanges = self.journal.exchanges(one.range);
        let missing = self.journal.missing(one.range);
        let evaluation = match &one.requirement {
            Requirement::Count { pattern, min, max } => self.count(&exchanges, pattern, *min, *max, missing),
            Requirement::Order { steps, other_requests } => self.order(&exchanges, steps, *other_requests),
            Requirement::Repaired { pattern, statuses, by } => {
                self.repaired(&exchanges, pattern, statuses, by.as_ref())
            }
            Requirement::NoViolations { pattern } => self.no_violations(&exchanges, pattern),
            Requirement::NoUnmatched { pattern } => self
                .none(&exchanges, pattern, "unmatched", |one| one.is_unmatched().then(|| self.explain_unmatched(one))),
        };
        let is_undecided = evaluation.could_change && (missing > 0 || evaluation.undecided > 0);
        let only_own = exchanges.iter().all(|one| one.response_source == ResponseSource::Mock);
        let is_empty = (only_own || evaluation.is_vacuous) && !one.allows_empty;
        let outcome = match (is_undecided, evaluation.is_met) {
            (true, _) => ExpectationOutcome::Inconclusive,
            // It would be met by a client that was never started.
            (false, true) if is_empty => ExpectationOutcome::Inconclusive,
            (false, true) => ExpectationOutcome::Passed,
            (false, false) => ExpectationOutcome::Failed,
        };
        if is_empty && evaluation.is_met && !exchanges.is_empty() && (only_own || !is_undecided) {
            self.basis = if only_own { Basis::OwnRequestsOfBrowsers } else { Basis::NoMatch };
        }
        if is_undecided {
            self.undecided = self.undecided.max(evaluation.undecided);
        }
        let can_still_pass = match outcome {
            ExpectationOutcome::Passed => true,
            ExpectationOutcome::Failed => !evaluation.is_final,
            ExpectationOutcome::Inconclusive => self.journal.is_enabled && !(is_undecided && evaluation.is_met),
        };
        ExpectationResult {
            name: one.name.clone(),
            passed: outcome == ExpectationOutcome::Passed,
            outcome,
            expected: format!("{}{}", one.requirement.describe(), one.range.describe()),
            found: evaluation.found,
            exchanges: exchanges.len(),
            can_still_pass,
            matched: evaluation.matched.into_iter().take(MATCHED_MAX).collect(),
            differences: evaluation.differences.into_iter().take(DIFFERENCES_MAX).collect(),
            nearest: evaluation.nearest,
        }
    }

    fn count(
        &mut self,
        all: &[&Exchange],
        pattern: &RequestPattern,
        min: u64,
        max: Option<u64>,
        missing: u64,
    ) -> Evaluation {
        let (matching, undecided) = self.split(all, pattern);
        let (count, undecided) = (matching.len() as u64, undecided.len() as u64);
        let possible = count.saturating_add(missing).saturating_add(undecided);
        let (is_enough, is_too_many) = (count >= min, max.is_some_and(|max| count > max));
        let is_met = is_enough && !is_too_many;
        let mut evaluation = Evaluation {
            is_met,
            could_change: (!is_enough && possible >= min) || (is_met && max.is_some_and(|max| possible > max)),
            undecided,
            is_final: is_too_many,
            found: count.to_string(),
            matched: matching.iter().map(|one| one.number).collect(),
            ..Evaluation::default()
        };
        if is_too_many {
            evaluation.differences = matching.iter().map(|one| describe_exchange(one)).collect();
        } else if !is_enough {
            evaluation.nearest = self.nearest(all, pattern);
        } else if count == 0 {
            // Such an expectation is met by a misspelt path too.
            evaluation.differences.extend(pattern.unknown_path(self.contract));
            evaluation.differences.extend(pattern.undocumented_status(self.contract));
        }
        evaluation
    }

    /// The exchanges that match, and those that cannot be compared.
    fn split<'e>(&self, all: &[&'e Exchange], pattern: &RequestPattern) -> (Vec<&'e Exchange>, Vec<&'e Exchange>) {
        let (mut matching, mut undecided) = (Vec::new(), Vec::new());
        for one in all {
            match pattern.evaluate(one, self.contract) {
                MatchResult::Matches => matching.push(*one),
                MatchResult::Undecided => undecided.push(*one),
                MatchResult::Differs => {}
            }
        }
        (matching, undecided)
    }

    /// How many exchanges cannot be compared with any of the patterns.
    fn count_undecided(&self, all: &[&Exchange], patterns: &[RequestPattern]) -> u64 {
        let is_undecided = |one: &&&Exchange| {
            patterns.iter().any(|pattern| pattern.evaluate(one, self.contract) == MatchResult::Undecided)
        };
        all.iter().filter(is_undecided).count() as u64
    }

    fn order(&mut self, all: &[&Exchange], steps: &[RequestPattern], other_requests: OtherRequests) -> Evaluation {
        // The index of each found step, of the attempt with the most steps.
        let best = match other_requests {
            OtherRequests::Allowed => {
                let mut indices = Vec::new();
                for step in steps {
                    let from = indices.last().map_or(0, |last| last + 1);
                    let mut rest = all.iter().skip(from);
                    let Some(found) = rest.position(|one| step.matches(one, self.contract)) else { break };
                    indices.push(from + found);
                }
                indices
            }
            OtherRequests::Forbidden => {
                let length = |from: usize| {
                    let pairs = all[from..].iter().zip(steps);
                    pairs.take_while(|(one, step)| step.matches(one, self.contract)).count()
                };
                let (mut best, mut from) = (0, 0);
                for start in 0..all.len() {
                    let length = length(start);
                    if length > best {
                        (best, from) = (length, start);
                    }
                    if best == steps.len() {
                        break;
                    }
                }
                (from..from + best).collect()
            }
        };
        let matched: Vec<u64> = best.iter().map(|at| all[*at].number).collect();
        let Some(step) = steps.get(best.len()) else {
            let found = format!("all {} steps", steps.len());
            return Evaluation { is_met: true, found, matched, ..Evaluation::default() };
        };
        let number = best.len() + 1;
        let position = match best.last() {
            None => String::new(),
            Some(last) if other_requests == OtherRequests::Forbidden => {
                format!(" directly after request {}", all[*last].number)
            }
            Some(last) => format!(" after request {}", all[*last].number),
        };
        let mut differences = vec![format!("step {number}, {}, was not found{position}", step.describe())];
        let end = best.last().map_or(0, |last| last + 1);
        if let (true, OtherRequests::Forbidden, Some(next)) = (end > 0, other_requests, all.get(end)) {
            differences.push(format!("the next request was {}", describe_exchange(next)));
        }
        let earlier = all.iter().take(end).rfind(|one| step.matches(one, self.contract));
        if let Some(earlier) = earlier {
            differences.push(format!("an earlier request matches: {}", describe_exchange(earlier)));
        }
        let nearest = if earlier.is_some() { Vec::new() } else { self.nearest(&all[end..], step) };
        let found = format!("{} of {} steps", best.len(), steps.len());
        let undecided = self.count_undecided(all, steps);
        Evaluation { could_change: true, undecided, found, matched, differences, nearest, ..Evaluation::default() }
    }

    fn no_violations(&self, all: &[&Exchange], pattern: &RequestPattern) -> Evaluation {
        let mut evaluation = self.none(all, pattern, "with violations", |one| {
            let violations = one.contract_violations().take(VIOLATIONS_MAX);
            let messages: Vec<&str> = violations.map(|violation| violation.message.as_str()).collect();
            (!messages.is_empty()).then(|| messages.join("; "))
        });
        if !evaluation.is_met {
            return evaluation;
        }
        let (matching, _) = self.split(all, pattern);
        let count = |check: ContractCheck| matching.iter().filter(|one| one.contract_check == check).count();
        let (checked, disabled) = (count(ContractCheck::Done), count(ContractCheck::Disabled));
        evaluation.undecided += disabled as u64;
        if checked < matching.len() {
            evaluation.found = format!("none in {checked} of {} matching exchanges", matching.len());
            let reason = if disabled > 0 {
                "the others were not compared with the contract: the server runs with --requests off"
            } else {
                "the others were not compared with the contract: they had no valid key, or a rule responded before"
            };
            evaluation.differences.push(reason.to_owned());
            // Without any that was checked, nothing is known about the client.
            evaluation.undecided += u64::from(checked == 0);
        }
        evaluation
    }

    /// No matching exchange has a problem; `problem_kind` follows the count of those that have one.
    fn none(
        &self,
        all: &[&Exchange],
        pattern: &RequestPattern,
        problem_kind: &str,
        find_problem: impl Fn(&Exchange) -> Option<String>,
    ) -> Evaluation {
        let (matching, undecided) = self.split(all, pattern);
        let undecided = undecided.into_iter().filter(|one| find_problem(one).is_some()).count() as u64;
        let count = matching.len();
        let found: Vec<(&Exchange, String)> =
            matching.into_iter().filter_map(|one| Some((one, find_problem(one)?))).collect();
        Evaluation {
            is_met: found.is_empty(),
            could_change: found.is_empty(),
            undecided,
            is_final: !found.is_empty(),
            is_vacuous: count == 0,
            found: match (found.len(), count) {
                (0, 0) => "none, because no exchange matches".to_owned(),
                (0, _) => "none".to_owned(),
                (found, _) => format!("{found} {problem_kind}"),
            },
            matched: found.iter().map(|(one, _)| one.number).collect(),
            differences: found.iter().map(|(one, problem)| format!("{}: {problem}", describe_exchange(one))).collect(),
            nearest: Vec::new(),
        }
    }

    fn explain_unmatched(&self, exchange: &Exchange) -> String {
        match self.contract.route(&exchange.method, exchange.path()) {
            Route::Found(..) => "the request could not be read".to_owned(),
            Route::MethodNotAllowed(operations) => {
                let methods: Vec<&str> = operations.iter().map(|operation| operation.method.as_str()).collect();
                format!("the path supports {}", methods.join(", "))
            }
            Route::NotFound(Some(near)) => {
                format!("there is no such path; did you mean {} {}?", near.operation.method, near.operation.path)
            }
            Route::NotFound(None) => "there is no such path".to_owned(),
        }
    }

    /// A rejected request is repaired when the same request was not rejected again (it was not repeated, or the last
    /// attempt succeeded) and a later request of the same account succeeded: any, or one that matches `by`.
    fn repaired(
        &mut self,
        all: &[&Exchange],
        pattern: &RequestPattern,
        statuses: &[u16],
        by: Option<&RequestPattern>,
    ) -> Evaluation {
        // For each rejected request, the indices of its attempts, the rejection first.
        let mut rejections: Vec<Vec<usize>> = Vec::new();
        let mut known: HashMap<RequestIdentity<'_>, usize> = HashMap::new();
        for (at, one) in all.iter().enumerate().filter(|(_, one)| pattern.matches(one, self.contract)) {
            match known.get(&request_identity(one)) {
                Some(index) => rejections[*index].push(at),
                None if statuses.contains(&one.status) => {
                    known.insert(request_identity(one), rejections.len());
                    rejections.push(vec![at]);
                }
                None => {}
            }
        }
        let (_, undecided) = self.split(all, pattern);
        let undecided = undecided.iter().filter(|one| statuses.contains(&one.status)).count() as u64;
        if rejections.is_empty() {
            let nearest = self.nearest(all, pattern);
            let found = "no rejected request".to_owned();
            return Evaluation { could_change: true, undecided, found, nearest, ..Evaluation::default() };
        }
        let mut evaluation = Evaluation { is_met: true, could_change: true, undecided, ..Evaluation::default() };
        for attempts in &rejections {
            let first = all[attempts[0]];
            evaluation.matched.push(first.number);
            match self.find_repair(all, attempts, by) {
                Ok(_) => {}
                Err(problem) => {
                    evaluation.is_met = false;
                    evaluation.differences.push(format!("{}: {problem}", describe_exchange(first)));
                }
            }
        }
        // Everything after a recorded rejection is recorded too, so that a failure is final.
        evaluation.could_change = evaluation.is_met;
        let repaired = rejections.len() - evaluation.differences.len();
        evaluation.found = format!("{} rejected, {repaired} of them repaired", rejections.len());
        evaluation
    }

    /// The exchange that proves the repair, or why there is none. The first of `attempts` is the rejection.
    fn find_repair<'e>(
        &self,
        all: &[&'e Exchange],
        attempts: &[usize],
        by: Option<&RequestPattern>,
    ) -> Result<&'e Exchange, NotRepaired> {
        let (Some(first), Some(last)) = (attempts.first(), attempts.last()) else {
            return Err(NotRepaired::NoSuccess);
        };
        let rejected = all[*first];
        if let (true, repeated) = (first != last, all[*last])
            && repeated.status >= 400
        {
            let (number, status) = (repeated.number, repeated.status);
            return Err(NotRepaired::Repeated { number, status });
        }
        let account = |one: &Exchange| one.caller.as_ref().map(|(account, _)| Arc::clone(account));
        let is_repair = |one: &&&'e Exchange| {
            one.response_source == ResponseSource::Operation
                && one.status < 400
                && account(one) == account(rejected)
                && by.is_none_or(|by| by.matches(one, self.contract))
        };
        all.iter().skip(first + 1).find(is_repair).copied().ok_or_else(|| match by {
            Some(by) => NotRepaired::NoMatch(by.describe()),
            None => NotRepaired::NoSuccess,
        })
    }

    /// The exchanges nearest to a pattern, nearest first.
    fn nearest(&mut self, all: &[&Exchange], pattern: &RequestPattern) -> Vec<NearestExchange> {
        if self.nearest_searches_left == 0 {
            return Vec::new();
        }
        self.nearest_searches_left -= 1;
        let newest = &all[all.len().saturating_sub(NEAREST_SEARCHED_MAX)..];
        let mut nearest: Vec<(f64, &Exchange)> = newest
            .iter()
            .map(|one| (pattern.distance(one, self.contract), *one))
            .filter(|(distance, _)| *distance > 0.0 && *distance <= NEAREST_DISTANCE_MAX)
            .collect();
        nearest.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.number.cmp(&a.1.number)));
        nearest.truncate(NEAREST_MAX);
        let to_result = |(distance, one)| {
            NearestExchange::new(one, self.contract, distance, pattern.differences(one, self.contract))
        };
        nearest.into_iter().map(to_result).collect()
    }
}

/// Why a rejected request counts as not repaired.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum NotRepaired {
    #[error("the same request was repeated as request {number}, response {status}")]
    Repeated { number: u64, status: u16 },
    #[error("no later request succeeded that matches {0}")]
    NoMatch(String),
    #[error("no later request of the account succeeded")]
    NoSuccess,
}

/// Account, method, URL and body: requests with equal identities are attempts of the same request.
type RequestIdentity<'e> = (Option<&'e str>, &'e str, &'e str, &'e [u8]);

fn request_identity(exchange: &Exchange) -> RequestIdentity<'_> {
    let account = exchange.caller.as_ref().map(|(account, _)| &**account);
    (account, exchange.method.as_str(), exchange.url(), &exchange.request_body.bytes)
}
