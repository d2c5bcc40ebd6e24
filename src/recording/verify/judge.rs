//! Expectations held against a journal. What the journal no longer holds makes a verdict unsure, never good.

use std::collections::HashMap;
use std::sync::Arc;

use super::expect::{Between, Expectation, Expectations, Part, Wanted};
use super::verdict::{Judged, Near, Outcome, Verdict, line};
use crate::contract::{Contract, Route};
use crate::recording::journal::{AnsweredBy, Exchange, Pattern, Size};

/// How many numbers of exchanges are told of one expectation.
const MATCHED_MAX: usize = 100;

/// How many differences are told of one expectation.
const DIFFERENCES_MAX: usize = 20;

/// How many near exchanges are told, among how many of the newest they are looked for, and for how many expectations.
const NEAREST_MAX: usize = 3;
const NEAREST_AMONG_MAX: usize = 1000;
const NEAREST_FOR_MAX: usize = 20;

/// Farther exchanges have too little in common to help.
const NEAR_DISTANCE_MAX: f64 = 0.75;

/// What is known of a sandbox's exchanges.
#[derive(Debug)]
pub struct Evidence {
    exchanges: Vec<Arc<Exchange>>,
    dropped: u64,
    kept: bool,
}

impl Evidence {
    /// What a journal holds; `kept` is whether it holds anything at all.
    #[must_use]
    pub fn new(mut exchanges: Vec<Arc<Exchange>>, size: Size, kept: bool) -> Self {
        // They were written down as their replies left; a client's order is that of its requests.
        exchanges.sort_by_key(|exchange| exchange.number);
        Self { exchanges, dropped: size.dropped, kept }
    }

    fn of(&self, part: Part) -> Vec<&Exchange> {
        self.exchanges.iter().map(|exchange| &**exchange).filter(|exchange| part.holds(exchange)).collect()
    }

    /// How many exchanges of a part may be missing. The oldest go first.
    fn missing(&self, part: Part) -> u64 {
        if !self.kept {
            return u64::MAX;
        }
        let begins_later = self.exchanges.first().is_some_and(|oldest| {
            part.after.is_some_and(|after| after >= oldest.number) || part.since.is_some_and(|since| since > oldest.at)
        });
        if begins_later { 0 } else { self.dropped }
    }
}

/// What was found of one expectation.
#[derive(Default)]
struct Finding {
    met: bool,
    /// Whether what is missing in the journal could turn it over.
    open: bool,
    found: String,
    matched: Vec<u64>,
    differences: Vec<String>,
    nearest: Vec<Near>,
}

/// Holds expectations against what is known.
#[must_use]
pub fn judge(expectations: &Expectations, evidence: &Evidence, contract: &Contract) -> Verdict {
    let mut judge = Judge { evidence, contract, nearest_left: NEAREST_FOR_MAX };
    let judged: Vec<Judged> = expectations.all.iter().map(|one| judge.expectation(one)).collect();
    let unsure = judged.iter().any(|one| one.outcome == Outcome::Unsure);
    Verdict {
        passed: judged.iter().all(|one| one.passed),
        expectations: judged,
        exchanges: evidence.of(expectations.part).len(),
        dropped: evidence.dropped,
        doubt: unsure.then(|| doubt(evidence)),
    }
}

fn doubt(evidence: &Evidence) -> String {
    if evidence.kept {
        format!(
            "the journal dropped {} to make room, so that not everything can be told; empty it before \
             the test (DELETE /__admin/requests, or POST /__admin/reset), look at a part with `after` or `since`, or \
             let it hold more",
            if evidence.dropped == 1 {
                "1 older exchange".to_owned()
            } else {
                format!("{} older exchanges", evidence.dropped)
            }
        )
    } else {
        "the journal of this server is switched off, so that nothing can be told; start it with room for some exchanges"
            .to_owned()
    }
}

struct Judge<'a> {
    evidence: &'a Evidence,
    contract: &'a Contract,
    nearest_left: usize,
}

impl Judge<'_> {
    fn expectation(&mut self, one: &Expectation) -> Judged {
        let exchanges = self.evidence.of(one.part);
        let missing = self.evidence.missing(one.part);
        let finding = match &one.wanted {
            Wanted::Count { which, least, most } => self.count(&exchanges, which, *least, *most, missing),
            Wanted::Order { steps, between } => self.order(&exchanges, steps, *between),
            Wanted::Repaired { which, statuses, by } => self.repaired(&exchanges, which, statuses, by.as_ref()),
            Wanted::NoViolations { which } => self.none(&exchanges, which, "broke the contract", |one| {
                let told: Vec<&str> = one.violations.iter().take(5).map(|one| one.message.as_str()).collect();
                (!told.is_empty()).then(|| told.join("; "))
            }),
            Wanted::NoUnmatched { which } => self.none(&exchanges, which, "met nothing", |one| {
                (one.met == AnsweredBy::Nothing).then(|| self.why_nothing(one))
            }),
        };
        let outcome = match (finding.open && missing > 0, finding.met) {
            (true, _) => Outcome::Unsure,
            (false, true) => Outcome::StepResult,
            (false, false) => Outcome::Failed,
        };
        Judged {
            name: one.name.clone(),
            passed: outcome == Outcome::StepResult,
            outcome,
            wanted: format!("{}{}", one.wanted.words(), one.part.words()),
            found: finding.found,
            matched: finding.matched.into_iter().take(MATCHED_MAX).collect(),
            differences: finding.differences.into_iter().take(DIFFERENCES_MAX).collect(),
            nearest: finding.nearest,
        }
    }

    fn count(&mut self, all: &[&Exchange], which: &Pattern, least: u64, most: Option<u64>, missing: u64) -> Finding {
        let fitting: Vec<&Exchange> = all.iter().copied().filter(|one| which.fits(one, self.contract)).collect();
        let count = fitting.len() as u64;
        let could_be = count.saturating_add(missing);
        let (enough, too_many) = (count >= least, most.is_some_and(|most| count > most));
        let mut finding = Finding {
            met: enough && !too_many,
            open: (!enough && could_be >= least) || (enough && !too_many && most.is_some_and(|most| could_be > most)),
            found: count.to_string(),
            matched: fitting.iter().map(|one| one.number).collect(),
            ..Finding::default()
        };
        if too_many {
            finding.differences = fitting.iter().map(|one| line(one)).collect();
        } else if !enough {
            finding.nearest = self.nearest(all, which);
        }
        finding
    }

    fn order(&mut self, all: &[&Exchange], steps: &[Pattern], between: Between) -> Finding {
        // Where each step was found, of the attempt that went farthest.
        let best = match between {
            Between::Others => {
                let mut places = Vec::new();
                for step in steps {
                    let from = places.last().map_or(0, |last| last + 1);
                    let rest = all.iter().skip(from);
                    let Some(found) = rest.clone().position(|one| step.fits(one, self.contract)) else { break };
                    places.push(from + found);
                }
                places
            }
            Between::Nothing => {
                let length = |from: usize| {
                    let pairs = all[from..].iter().zip(steps);
                    pairs.take_while(|(one, step)| step.fits(one, self.contract)).count()
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
            return Finding { met: true, found, matched, ..Finding::default() };
        };
        let number = best.len() + 1;
        let place = match best.last() {
            None => String::new(),
            Some(last) if between == Between::Nothing => format!(" right after request {}", all[*last].number),
            Some(last) => format!(" after request {}", all[*last].number),
        };
        let mut differences = vec![format!("step {number}, {}, was not seen{place}", step.words())];
        let end = best.last().map_or(0, |last| last + 1);
        if let (true, Between::Nothing, Some(next)) = (end > 0, between, all.get(end)) {
            differences.push(format!("there was {}", line(next)));
        }
        let earlier = all.iter().take(end).rfind(|one| step.fits(one, self.contract));
        if let Some(earlier) = earlier {
            differences.push(format!("it was seen before: {}", line(earlier)));
        }
        let nearest = if earlier.is_some() { Vec::new() } else { self.nearest(&all[end..], step) };
        let found = format!("{} of {} steps", best.len(), steps.len());
        Finding { met: false, open: true, found, matched, differences, nearest }
    }

    fn none(
        &self,
        all: &[&Exchange],
        which: &Pattern,
        what: &str,
        wrong: impl Fn(&Exchange) -> Option<String>,
    ) -> Finding {
        let fitting = all.iter().filter(|one| which.fits(one, self.contract));
        let found: Vec<(&&Exchange, String)> = fitting.filter_map(|one| Some((one, wrong(one)?))).collect();
        Finding {
            met: found.is_empty(),
            open: found.is_empty(),
            found: if found.is_empty() { "none".to_owned() } else { format!("{} that {what}", found.len()) },
            matched: found.iter().map(|(one, _)| one.number).collect(),
            differences: found.iter().map(|(one, why)| format!("{}: {why}", line(one))).collect(),
            nearest: Vec::new(),
        }
    }

    fn why_nothing(&self, exchange: &Exchange) -> String {
        match self.contract.route(&exchange.method, exchange.path()) {
            Route::Found(..) => "it could not be read".to_owned(),
            Route::WrongMethod(operations) => {
                let methods: Vec<&str> = operations.iter().map(|operation| operation.method.as_str()).collect();
                format!("the path takes {}", methods.join(", "))
            }
            Route::Unknown(Some(near)) => {
                format!("there is no such path; did you mean {} {}?", near.method, near.path)
            }
            Route::Unknown(None) => "there is no such path".to_owned(),
        }
    }

    /// A refusal is repaired when the same request was not refused again (it was left, or it succeeded in the end) and
    /// the same account had a success afterwards, of the kind that is asked for if one is.
    fn repaired(&mut self, all: &[&Exchange], which: &Pattern, statuses: &[u16], by: Option<&Pattern>) -> Finding {
        let mut subjects: Vec<Vec<usize>> = Vec::new();
        let mut known: HashMap<Subject<'_>, usize> = HashMap::new();
        for (at, one) in all.iter().enumerate().filter(|(_, one)| which.fits(one, self.contract)) {
            match known.get(&subject(one)) {
                Some(index) => subjects[*index].push(at),
                None if statuses.contains(&one.status) => {
                    known.insert(subject(one), subjects.len());
                    subjects.push(vec![at]);
                }
                None => {}
            }
        }
        if subjects.is_empty() {
            let nearest = self.nearest(all, which);
            let found = "no such refusal".to_owned();
            return Finding { open: true, found, nearest, ..Finding::default() };
        }
        let mut finding = Finding { met: true, open: true, ..Finding::default() };
        for attempts in &subjects {
            let first = all[attempts[0]];
            finding.matched.push(first.number);
            match self.resolution(all, attempts, by) {
                Ok(_) => {}
                Err(why) => {
                    finding.met = false;
                    finding.differences.push(format!("{}: {why}", line(first)));
                }
            }
        }
        // What comes after a refusal that is known is known too.
        finding.open = finding.met;
        let repaired = subjects.len() - finding.differences.len();
        finding.found = format!("{} refused, {repaired} of them repaired", subjects.len());
        finding
    }

    /// The exchange that shows that a refusal was dealt with, or why none does. `attempts` begin with the refusal.
    fn resolution<'e>(
        &self,
        all: &[&'e Exchange],
        attempts: &[usize],
        by: Option<&Pattern>,
    ) -> Result<&'e Exchange, String> {
        let (Some(first), Some(last)) = (attempts.first(), attempts.last()) else { return Err(String::new()) };
        let refused = all[*first];
        if let (true, again) = (first != last, all[*last])
            && again.status >= 400
        {
            let (number, status) = (again.number, again.status);
            return Err(format!("the same was sent again as request {number}, and answered {status}"));
        }
        let account = |one: &Exchange| one.caller.as_ref().map(|(account, _)| Arc::clone(account));
        let shows = |one: &&&'e Exchange| {
            one.met == AnsweredBy::Operation
                && one.status < 400
                && account(one) == account(refused)
                && by.is_none_or(|by| by.fits(one, self.contract))
        };
        all.iter().skip(first + 1).find(shows).copied().ok_or_else(|| match by {
            Some(by) => format!("afterwards there was no success of {}", by.words()),
            None => "afterwards nothing that the account asked for succeeded".to_owned(),
        })
    }

    /// The exchanges that come nearest to a pattern, the nearest first.
    fn nearest(&mut self, all: &[&Exchange], pattern: &Pattern) -> Vec<Near> {
        if self.nearest_left == 0 {
            return Vec::new();
        }
        self.nearest_left -= 1;
        let newest = &all[all.len().saturating_sub(NEAREST_AMONG_MAX)..];
        let mut near: Vec<(f64, &Exchange)> = newest
            .iter()
            .map(|one| (pattern.distance(one, self.contract), *one))
            .filter(|(distance, _)| *distance > 0.0 && *distance <= NEAR_DISTANCE_MAX)
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.number.cmp(&a.1.number)));
        let told = near.into_iter().take(NEAREST_MAX);
        told.map(|(distance, one)| Near::new(one, self.contract, distance, pattern.compare(one, self.contract)))
            .collect()
    }
}

/// What a request is about: who asks for what. The same again is the same subject.
type Subject<'e> = (Option<&'e str>, &'e str, &'e str, &'e [u8]);

fn subject(exchange: &Exchange) -> Subject<'_> {
    let account = exchange.caller.as_ref().map(|(account, _)| &**account);
    (account, exchange.method.as_str(), exchange.url(), &exchange.request_body.kept)
}
