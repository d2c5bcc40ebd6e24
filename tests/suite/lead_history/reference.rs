//! What should become of leads, in the plainest words: nothing is kept but what happened before, and everything else is
//! counted anew from that each time.

use std::collections::BTreeSet;

use super::world::{CAPS, Cap, LIMITS, Lead, NO_CAP, Place, SOURCES};

/// Something that happened to a lead.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedLead {
    pub at: i64,
    pub lead: usize,
    pub flow: usize,
    pub kind: &'static str,
    pub outcome: &'static str,
    pub reason: String,
    /// The step of a delivery.
    pub step: &'static str,
    /// The cap that turned the lead away.
    pub cap: Option<&'static str>,
    /// What was paid for the lead, or by the recipient.
    pub dollars: f64,
    /// Of feedback: what it is about.
    pub feedback: &'static str,
}

impl ObservedLead {
    /// Once more counts as much as the first time.
    fn is_delivery(&self) -> bool {
        ["recipient", "retry"].contains(&self.kind)
    }
}

/// What can be changed of a flow, and is live after a deployment only.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub enabled: bool,
    pub price: f64,
    pub maximum: u64,
}

/// What a source is told; `None` for 503.
pub type Response = Option<(&'static str, String, f64)>;

pub struct Reference {
    pub now: i64,
    pub saved: [Terms; 2],
    pub live: [Terms; 2],
    /// Every lead with its flow and source, in the order in which they came.
    pub leads: Vec<(usize, usize, Lead)>,
    pub told: Vec<ObservedLead>,
    /// Who was taken, and when.
    listed: Vec<(String, i64)>,
    /// Pings that came as far as the limits: when, of which source, and the limit that was used up.
    pings: Vec<(i64, usize, Option<usize>)>,
}

/// A lead on its way.
struct Way<'l> {
    flow: usize,
    source: usize,
    lead: &'l Lead,
    /// Its number, once it is known to be one.
    number: usize,
    price: f64,
    told: Vec<ObservedLead>,
}

impl Reference {
    pub fn new(now: i64, terms: [Terms; 2]) -> Self {
        let (leads, told, listed, pings) = Default::default();
        Self { now, saved: terms, live: terms, leads, told, listed, pings }
    }

    pub fn submit(&mut self, flow: usize, source: usize, lead: &Lead) -> Response {
        if lead.domain() == "overload.example" {
            return None;
        }
        let mut way = Way { flow, source, lead, number: self.leads.len(), price: 0.0, told: Vec::new() };
        let (outcome, reason, cap) = self.decide(&mut way);
        let price = if outcome == "success" { way.price } else { 0.0 };
        let mut end = self.event(&way, "source", outcome, &reason);
        (end.cap, end.dollars) = (cap, price);
        self.told.append(&mut way.told);
        self.told.push(end);
        self.leads.push((flow, source, lead.clone()));
        Some((outcome, reason, price))
    }

    pub fn ping(&mut self, flow: usize, source: usize, lead: &Lead) -> Response {
        if lead.domain() == "overload.example" {
            return None;
        }
        let mut way = Way { flow, source, lead, number: 0, price: 0.0, told: Vec::new() };
        // The second flow takes no pings.
        let refused = if flow == 1 { Some(String::new()) } else { self.refuse(&mut way).map(|(_, reason, _)| reason) };
        let refused = refused.or_else(|| self.limited(source).then(|| "Ping limit reached".to_owned()));
        let reason = match refused {
            None if way.price > 0.0 => return Some(("success", String::new(), way.price)),
            Some(reason) if !reason.is_empty() => reason,
            _ => "no bid".to_owned(),
        };
        Some(("failure", reason, 0.0))
    }

    /// Counts a ping, and tells whether a limit was used up before.
    fn limited(&mut self, source: usize) -> bool {
        let full = LIMITS.iter().position(|limit| {
            limit.source.is_none_or(|own| own == source) && self.asked(limit.id).0 >= u64::from(limit.maximum)
        });
        self.pings.push((self.now, source, full));
        full.is_some()
    }

    /// How many pings a limit let through in its interval, and how many it turned away.
    pub fn asked(&self, id: &str) -> (u64, u64) {
        let at = LIMITS.iter().position(|limit| limit.id == id).unwrap();
        let limit = &LIMITS[at];
        let since = limit.every.start(self.now);
        let counts =
            |ping: &&(i64, usize, Option<usize>)| ping.0 >= since && limit.source.is_none_or(|source| source == ping.1);
        let count = |full| self.pings.iter().filter(counts).filter(|ping| ping.2 == full).count() as u64;
        (count(None), count(Some(at)))
    }

    /// Why a lead does not get as far as the steps: outcome, reason, cap.
    fn refuse(&self, way: &mut Way<'_>) -> Option<(&'static str, String, Option<&'static str>)> {
        let Way { flow, source, lead, .. } = *way;
        let asked_for = "as the e-mail address asks for";
        if !self.live[flow].enabled {
            return Some(("error", "Flow is disabled".to_owned(), None));
        }
        let (outcome, reason) = match lead.domain() {
            "failure.example" => ("failure", format!("Refused, {asked_for}")),
            "duplicate.example" => ("failure", "duplicate".to_owned()),
            "error.example" => ("error", format!("An error, {asked_for}")),
            "cap.example" => return Some(("failure", "Cap reached".to_owned(), Some(NO_CAP))),
            _ if flow == 0 && lead.state == "AK" => ("failure", "We do not buy in AK".to_owned()),
            _ if flow == 0 && source == 1 && lead.email.is_none() => ("error", "No address".to_owned()),
            domain => {
                let asked = lead.price.and_then(|price| price.trim_start_matches('$').parse().ok());
                let own = if lead.own_home == Some(true) { 14.0 } else { self.live[0].price };
                way.price = match (domain, flow, source, asked) {
                    ("no-bid.example", ..) => 0.0,
                    (_, 0, 1, Some(asked)) => asked,
                    (_, 0, ..) => own,
                    _ => self.live[1].price,
                };
                let is_early = |cap: &&Cap| !matches!(cap.place, Place::Step(_));
                let full = CAPS.iter().filter(is_early).find(|cap| self.is_full(cap, way))?;
                return Some(("failure", full.says(lead), Some(full.id)));
            }
        };
        Some((outcome, reason, None))
    }

    fn decide(&mut self, way: &mut Way<'_>) -> (&'static str, String, Option<&'static str>) {
        if let Some(refused) = self.refuse(way) {
            return refused;
        }
        let since = if way.flow == 0 { self.now - 3 * 86_400_000 } else { i64::MIN };
        let was_here =
            way.lead.email().is_some_and(|email| self.listed.iter().any(|(e, at)| *e == email && *at >= since));
        if was_here {
            let (outcome, reason) = [("failure", "duplicate"), ("success", "known")][way.flow];
            way.told.push(self.event(way, "filter", "stop", reason));
            return (outcome, reason.to_owned(), None);
        }
        way.told.push(self.event(way, "filter", "continue", ""));
        if way.flow == 1 {
            self.deliver(way, "ee0003", if way.lead.first_name == "Pat" { 4.5 } else { 0.0 });
        } else {
            let mut said = self.first_recipient(way);
            if said.0 == "success" {
                way.told.push(self.skip(way, "ee0002", "Rules not met", None));
            } else {
                said = self.deliver(way, "ee0002", 5.0);
            }
            if said.0 != "success" {
                way.told.push(self.event(way, "filter", "stop", &said.1));
                return (if said.0 == "error" { "error" } else { "failure" }, said.1, None);
            }
            way.told.push(self.event(way, "filter", "continue", ""));
        }
        if let Some(email) = way.lead.email() {
            self.listed.push((email, self.now));
        }
        ("success", String::new(), None)
    }

    /// The step that buys first: not from New York, one lead in two hours, and asked again after an error.
    fn first_recipient(&self, way: &mut Way<'_>) -> (&'static str, String) {
        let cap = CAPS.iter().find(|cap| cap.place == Place::Step("ee0001")).unwrap();
        if way.lead.state == "NY" {
            way.told.push(self.skip(way, "ee0001", "Rules not met", None));
            return ("skip", String::new());
        }
        if self.is_full(cap, way) {
            way.told.push(self.skip(way, "ee0001", &cap.says(way.lead), Some(cap.id)));
            return ("skip", String::new());
        }
        let said = self.deliver(way, "ee0001", 31.0);
        if said.0 == "error" {
            let mut again = way.told.last().unwrap().clone();
            again.kind = "retry";
            way.told.push(again);
        }
        said
    }

    fn deliver(&self, way: &mut Way<'_>, step: &'static str, pays: f64) -> (&'static str, String) {
        let asked_for = "as the e-mail address asks for";
        let (outcome, reason) = match way.lead.domain() {
            "recipient-failure.example" => ("failure", format!("Refused, {asked_for}")),
            "recipient-error.example" => ("error", format!("An error, {asked_for}")),
            "recipient-timeout.example" => ("error", "Timed out".to_owned()),
            _ if step == "ee0001" && way.lead.state == "AZ" => ("failure", "Not in AZ".to_owned()),
            _ if way.lead.first_name == "Tim" => ("error", "Timed out".to_owned()),
            _ => ("success", String::new()),
        };
        let mut event = self.event(way, "recipient", outcome, &reason);
        (event.step, event.dollars) = (step, if outcome == "success" { pays } else { 0.0 });
        way.told.push(event);
        (outcome, reason)
    }

    fn skip(&self, way: &Way<'_>, step: &'static str, reason: &str, cap: Option<&'static str>) -> ObservedLead {
        ObservedLead { step, cap, ..self.event(way, "recipient", "skip", reason) }
    }

    fn event(&self, way: &Way<'_>, kind: &'static str, outcome: &'static str, reason: &str) -> ObservedLead {
        let (at, lead, flow, reason) = (self.now, way.number, way.flow, reason.to_owned());
        ObservedLead { at, lead, flow, kind, outcome, reason, step: "", cap: None, dollars: 0.0, feedback: "" }
    }

    /// Feedback on a delivery: what the recipient is told; `None` when the step takes none.
    pub fn feedback(&mut self, about: usize, feedback: &'static str, late: bool) -> Option<&'static str> {
        let delivery = self.told[about].clone();
        if delivery.step != "ee0001" {
            return None;
        }
        let outcome = if late { "failure" } else { "success" };
        let reason = if late { "Feedback did not meet the rules" } else { "" }.to_owned();
        let received = ObservedLead {
            at: self.now,
            kind: "feedback-received",
            outcome,
            reason,
            feedback,
            dollars: 0.0,
            ..delivery
        };
        let passed_on = !late && self.leads[received.lead].1 == 0;
        self.told.push(received.clone());
        if passed_on {
            self.told.push(ObservedLead { kind: "feedback-sent", ..received });
        }
        Some(outcome)
    }

    /// How many a cap has let through in its interval, and how many it turned away.
    pub fn counted(&self, cap: &Cap) -> (u64, u64) {
        let since = cap.every.start(self.now);
        let (mut count, mut failed) = (0, 0);
        for told in self.told.iter().filter(|told| told.at >= since && told.flow == cap.flow) {
            let (_, source, lead) = &self.leads[told.lead];
            let is_here = match cap.place {
                Place::Flow => told.kind == "source",
                Place::Source(own) => told.kind == "source" && own == *source,
                Place::Step(step) => told.is_delivery() && told.step == step,
            };
            if is_here && (!cap.texans || lead.state == "TX") {
                count += u64::from(told.outcome == "success");
                failed += u64::from(told.cap == Some(cap.id));
            }
        }
        (count, failed)
    }

    fn is_full(&self, cap: &Cap, way: &Way<'_>) -> bool {
        let concerns = cap.flow == way.flow
            && (!cap.texans || way.lead.state == "TX")
            && !matches!(cap.place, Place::Source(own) if own != way.source);
        concerns && self.counted(cap).0 >= cap.maximum.unwrap_or(self.live[cap.flow].maximum)
    }

    /// A column of the statistics, over everything or over one flow, of leads or of events.
    pub fn column(&self, name: &str, flow: Option<usize>, by_lead: bool) -> f64 {
        let here = || self.told.iter().filter(move |told| flow.is_none_or(|flow| told.flow == flow));
        let sum = |kind: &str| {
            let is_it = |told: &&ObservedLead| told.kind == kind || (kind == "recipient" && told.is_delivery());
            here().filter(|told| is_it(told) && told.outcome == "success").map(|told| told.dollars).sum::<f64>()
        };
        match name {
            "cost" => return sum("source"),
            "revenue" => return sum("recipient"),
            "profit" => return sum("recipient") - sum("source"),
            _ => {}
        }
        let (party, part) = name.rsplit_once('-').unwrap();
        let fits = |told: &&ObservedLead| {
            let is_it = match party.split_once('-') {
                None => told.kind == party || (party == "recipient" && told.is_delivery()),
                Some((feedback, way)) => told.feedback == feedback && told.kind == format!("feedback-{way}"),
            };
            is_it
                && match part {
                    "submitted" => told.outcome != "skip",
                    outcome => told.outcome == outcome,
                }
        };
        let leads: BTreeSet<usize> = here().filter(fits).map(|told| told.lead).collect();
        let count = if by_lead { leads.len() } else { here().filter(fits).count() };
        f64::from(u32::try_from(count).unwrap())
    }

    /// How many leads of a flow brought something for a field.
    pub fn used(&self, flow: usize, field: &str) -> u64 {
        let own = self.leads.iter().filter(|(of, ..)| *of == flow);
        own.filter(|(.., lead)| lead.document().get(field).is_some()).count() as u64
    }

    /// Whose key a source has.
    pub fn source(&self, lead: usize) -> &'static str {
        SOURCES[self.leads[lead].1]
    }
}
