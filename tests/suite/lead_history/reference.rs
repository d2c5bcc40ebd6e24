//! The reference model: it stores the list of events, and computes everything else from that list each time.

use std::collections::BTreeSet;

use super::world::{CAPS, Cap, CapScope, LIMITS, Lead, NO_CAP, SOURCES};

/// An event that the mock is expected to have.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedEvent {
    pub at: i64,
    pub lead: usize,
    pub flow: usize,
    pub kind: &'static str,
    pub outcome: &'static str,
    pub reason: String,
    /// The step of a delivery.
    pub step: &'static str,
    /// The cap that rejected the lead.
    pub cap: Option<&'static str>,
    /// The cost of a source event; the sale price of a delivery.
    pub dollars: f64,
    /// The type of feedback: `return` or `conversion`.
    pub feedback: &'static str,
}

impl ExpectedEvent {
    /// A retry counts like the first attempt.
    fn is_delivery(&self) -> bool {
        ["recipient", "retry"].contains(&self.kind)
    }
}

/// The settings of a flow that the test changes. They apply after a deployment.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub enabled: bool,
    pub price: f64,
    pub maximum: u64,
}

/// Outcome, reason and price of a response; `None` for 503.
pub type Response = Option<(&'static str, String, f64)>;

pub struct Reference {
    pub now: i64,
    pub saved: [Terms; 2],
    pub live: [Terms; 2],
    /// Flow, source and lead of each submission, in order.
    pub leads: Vec<(usize, usize, Lead)>,
    pub events: Vec<ExpectedEvent>,
    /// The e-mail address of each accepted lead, and the time.
    listed: Vec<(String, i64)>,
    /// Time and source of each ping that reached the limits, and the limit that rejected it.
    pings: Vec<(i64, usize, Option<usize>)>,
}

/// The execution of a flow for one lead.
struct Execution<'l> {
    flow: usize,
    source: usize,
    lead: &'l Lead,
    /// The index of the lead.
    number: usize,
    price: f64,
    events: Vec<ExpectedEvent>,
}

impl Reference {
    pub fn new(now: i64, terms: [Terms; 2]) -> Self {
        let (leads, events, listed, pings) = Default::default();
        Self { now, saved: terms, live: terms, leads, events, listed, pings }
    }

    pub fn submit(&mut self, flow: usize, source: usize, lead: &Lead) -> Response {
        if lead.domain() == "overload.example" {
            return None;
        }
        let mut execution = Execution { flow, source, lead, number: self.leads.len(), price: 0.0, events: Vec::new() };
        let (outcome, reason, cap) = self.decide(&mut execution);
        let price = if outcome == "success" { execution.price } else { 0.0 };
        let mut end = self.event(&execution, "source", outcome, &reason);
        (end.cap, end.dollars) = (cap, price);
        self.events.append(&mut execution.events);
        self.events.push(end);
        self.leads.push((flow, source, lead.clone()));
        Some((outcome, reason, price))
    }

    pub fn ping(&mut self, flow: usize, source: usize, lead: &Lead) -> Response {
        if lead.domain() == "overload.example" {
            return None;
        }
        let mut execution = Execution { flow, source, lead, number: 0, price: 0.0, events: Vec::new() };
        // The second flow has no pings.
        let rejected =
            if flow == 1 { Some(String::new()) } else { self.reject(&mut execution).map(|(_, reason, _)| reason) };
        let rejected = rejected.or_else(|| self.count_ping(source).then(|| "Ping limit reached".to_owned()));
        let reason = match rejected {
            None if execution.price > 0.0 => return Some(("success", String::new(), execution.price)),
            Some(reason) if !reason.is_empty() => reason,
            _ => "no bid".to_owned(),
        };
        Some(("failure", reason, 0.0))
    }

    /// Counts a ping. Returns whether a limit rejects it.
    fn count_ping(&mut self, source: usize) -> bool {
        let full = LIMITS.iter().position(|limit| {
            limit.source.is_none_or(|own| own == source) && self.ping_counts(limit.id).0 >= u64::from(limit.maximum)
        });
        self.pings.push((self.now, source, full));
        full.is_some()
    }

    /// How many pings a limit has accepted and rejected in its interval.
    pub fn ping_counts(&self, id: &str) -> (u64, u64) {
        let at = LIMITS.iter().position(|limit| limit.id == id).unwrap();
        let limit = &LIMITS[at];
        let since = limit.interval.start(self.now);
        let counts =
            |ping: &&(i64, usize, Option<usize>)| ping.0 >= since && limit.source.is_none_or(|source| source == ping.1);
        let count = |full| self.pings.iter().filter(counts).filter(|ping| ping.2 == full).count() as u64;
        (count(None), count(Some(at)))
    }

    /// The rejection before the steps: outcome, reason, cap.
    fn reject(&self, execution: &mut Execution<'_>) -> Option<(&'static str, String, Option<&'static str>)> {
        let Execution { flow, source, lead, .. } = *execution;
        if !self.live[flow].enabled {
            return Some(("error", "Flow is disabled".to_owned(), None));
        }
        let (outcome, reason) = match lead.domain() {
            "failure.example" => ("failure", "Failure forced by the e-mail domain".to_owned()),
            "duplicate.example" => ("failure", "duplicate".to_owned()),
            "error.example" => ("error", "Error forced by the e-mail domain".to_owned()),
            "cap.example" => return Some(("failure", "Cap reached".to_owned(), Some(NO_CAP))),
            _ if flow == 0 && lead.state == "AK" => ("failure", "We do not buy in AK".to_owned()),
            _ if flow == 0 && source == 1 && lead.email.is_none() => ("error", "No address".to_owned()),
            domain => {
                let offered = lead.price.and_then(|price| price.trim_start_matches('$').parse().ok());
                let configured = if lead.own_home == Some(true) { 14.0 } else { self.live[0].price };
                execution.price = match (domain, flow, source, offered) {
                    ("no-bid.example", ..) => 0.0,
                    (_, 0, 1, Some(offered)) => offered,
                    (_, 0, ..) => configured,
                    _ => self.live[1].price,
                };
                let is_early = |cap: &&Cap| !matches!(cap.scope, CapScope::Step(_));
                let full = CAPS.iter().filter(is_early).find(|cap| self.is_reached(cap, execution))?;
                return Some(("failure", full.reason_for(lead), Some(full.id)));
            }
        };
        Some((outcome, reason, None))
    }

    fn decide(&mut self, execution: &mut Execution<'_>) -> (&'static str, String, Option<&'static str>) {
        if let Some(rejected) = self.reject(execution) {
            return rejected;
        }
        let since = if execution.flow == 0 { self.now - 3 * 86_400_000 } else { i64::MIN };
        let is_duplicate =
            execution.lead.email().is_some_and(|email| self.listed.iter().any(|(e, at)| *e == email && *at >= since));
        if is_duplicate {
            let (outcome, reason) = [("failure", "duplicate"), ("success", "known")][execution.flow];
            execution.events.push(self.event(execution, "filter", "stop", reason));
            return (outcome, reason.to_owned(), None);
        }
        execution.events.push(self.event(execution, "filter", "continue", ""));
        if execution.flow == 1 {
            self.deliver(execution, "ee0003", if execution.lead.first_name == "Pat" { 4.5 } else { 0.0 });
        } else {
            let mut last = self.first_recipient(execution);
            if last.0 == "success" {
                execution.events.push(self.skip(execution, "ee0002", "Rules not met", None));
            } else {
                last = self.deliver(execution, "ee0002", 5.0);
            }
            if last.0 != "success" {
                execution.events.push(self.event(execution, "filter", "stop", &last.1));
                return (if last.0 == "error" { "error" } else { "failure" }, last.1, None);
            }
            execution.events.push(self.event(execution, "filter", "continue", ""));
        }
        if let Some(email) = execution.lead.email() {
            self.listed.push((email, self.now));
        }
        ("success", String::new(), None)
    }

    /// The first recipient: no leads from New York, one lead in two hours, a retry after an error.
    fn first_recipient(&self, execution: &mut Execution<'_>) -> (&'static str, String) {
        let cap = CAPS.iter().find(|cap| cap.scope == CapScope::Step("ee0001")).unwrap();
        if execution.lead.state == "NY" {
            execution.events.push(self.skip(execution, "ee0001", "Rules not met", None));
            return ("skip", String::new());
        }
        if self.is_reached(cap, execution) {
            execution.events.push(self.skip(execution, "ee0001", &cap.reason_for(execution.lead), Some(cap.id)));
            return ("skip", String::new());
        }
        let result = self.deliver(execution, "ee0001", 31.0);
        if result.0 == "error" {
            let mut retry = execution.events.last().unwrap().clone();
            retry.kind = "retry";
            execution.events.push(retry);
        }
        result
    }

    fn deliver(&self, execution: &mut Execution<'_>, step: &'static str, price: f64) -> (&'static str, String) {
        let (outcome, reason) = match execution.lead.domain() {
            "recipient-failure.example" => ("failure", "Failure forced by the e-mail domain".to_owned()),
            "recipient-error.example" => ("error", "Error forced by the e-mail domain".to_owned()),
            "recipient-timeout.example" => ("error", "Timed out".to_owned()),
            _ if step == "ee0001" && execution.lead.state == "AZ" => ("failure", "Not in AZ".to_owned()),
            _ if execution.lead.first_name == "Tim" => ("error", "Timed out".to_owned()),
            _ => ("success", String::new()),
        };
        let mut event = self.event(execution, "recipient", outcome, &reason);
        (event.step, event.dollars) = (step, if outcome == "success" { price } else { 0.0 });
        execution.events.push(event);
        (outcome, reason)
    }

    fn skip(
        &self,
        execution: &Execution<'_>,
        step: &'static str,
        reason: &str,
        cap: Option<&'static str>,
    ) -> ExpectedEvent {
        ExpectedEvent { step, cap, ..self.event(execution, "recipient", "skip", reason) }
    }

    fn event(
        &self,
        execution: &Execution<'_>,
        kind: &'static str,
        outcome: &'static str,
        reason: &str,
    ) -> ExpectedEvent {
        let (at, lead, flow, reason) = (self.now, execution.number, execution.flow, reason.to_owned());
        ExpectedEvent { at, lead, flow, kind, outcome, reason, step: "", cap: None, dollars: 0.0, feedback: "" }
    }

    /// The outcome of feedback on a delivery; `None` when the step does not accept feedback.
    pub fn feedback(&mut self, about: usize, feedback: &'static str, late: bool) -> Option<&'static str> {
        let delivery = self.events[about].clone();
        if delivery.step != "ee0001" {
            return None;
        }
        let outcome = if late { "failure" } else { "success" };
        let reason = if late { "Feedback did not meet the rules" } else { "" }.to_owned();
        let received = ExpectedEvent {
            at: self.now,
            kind: "feedback-received",
            outcome,
            reason,
            feedback,
            dollars: 0.0,
            ..delivery
        };
        let is_passed_on = !late && self.leads[received.lead].1 == 0;
        self.events.push(received.clone());
        if is_passed_on {
            self.events.push(ExpectedEvent { kind: "feedback-sent", ..received });
        }
        Some(outcome)
    }

    /// How many leads a cap has accepted and rejected in its interval.
    pub fn cap_counts(&self, cap: &Cap) -> (u64, u64) {
        let since = cap.interval.start(self.now);
        let (mut count, mut failed) = (0, 0);
        for event in self.events.iter().filter(|event| event.at >= since && event.flow == cap.flow) {
            let (_, source, lead) = &self.leads[event.lead];
            let is_covered = match cap.scope {
                CapScope::Flow => event.kind == "source",
                CapScope::Source(of) => event.kind == "source" && of == *source,
                CapScope::Step(step) => event.is_delivery() && event.step == step,
            };
            if is_covered && (!cap.texans_only || lead.state == "TX") {
                count += u64::from(event.outcome == "success");
                failed += u64::from(event.cap == Some(cap.id));
            }
        }
        (count, failed)
    }

    fn is_reached(&self, cap: &Cap, execution: &Execution<'_>) -> bool {
        let applies = cap.flow == execution.flow
            && (!cap.texans_only || execution.lead.state == "TX")
            && !matches!(cap.scope, CapScope::Source(of) if of != execution.source);
        applies && self.cap_counts(cap).0 >= cap.maximum.unwrap_or(self.live[cap.flow].maximum)
    }

    /// A column of the statistics, for all flows or one, counted by lead or by event.
    pub fn column(&self, name: &str, flow: Option<usize>, by_lead: bool) -> f64 {
        let events = || self.events.iter().filter(move |event| flow.is_none_or(|flow| event.flow == flow));
        let sum = |kind: &str| {
            let is_kind = |event: &&ExpectedEvent| event.kind == kind || (kind == "recipient" && event.is_delivery());
            events()
                .filter(|event| is_kind(event) && event.outcome == "success")
                .map(|event| event.dollars)
                .sum::<f64>()
        };
        match name {
            "cost" => return sum("source"),
            "revenue" => return sum("recipient"),
            "profit" => return sum("recipient") - sum("source"),
            _ => {}
        }
        let (party, part) = name.rsplit_once('-').unwrap();
        let is_counted = |event: &&ExpectedEvent| {
            let is_party = match party.split_once('-') {
                None => event.kind == party || (party == "recipient" && event.is_delivery()),
                Some((feedback, direction)) => {
                    event.feedback == feedback && event.kind == format!("feedback-{direction}")
                }
            };
            is_party
                && match part {
                    "submitted" => event.outcome != "skip",
                    outcome => event.outcome == outcome,
                }
        };
        let leads: BTreeSet<usize> = events().filter(is_counted).map(|event| event.lead).collect();
        let count = if by_lead { leads.len() } else { events().filter(is_counted).count() };
        f64::from(u32::try_from(count).unwrap())
    }

    /// How many leads of a flow have a value for a field.
    pub fn field_usage(&self, flow: usize, field: &str) -> u64 {
        let leads = self.leads.iter().filter(|(of, ..)| *of == flow);
        leads.filter(|(.., lead)| lead.document().get(field).is_some()).count() as u64
    }

    /// The entity id of a lead's source.
    pub fn source(&self, lead: usize) -> &'static str {
        SOURCES[self.leads[lead].1]
    }
}
