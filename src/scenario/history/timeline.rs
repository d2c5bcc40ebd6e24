//! The summaries of generated events. They are computed from a few bytes for each lead: 100,000 summaries would take ten
//! megabytes, and reading them takes longer than computing them.

use std::ops::Range;

use rand::RngExt;

use super::{HistoryPlan, PlannedFlow, SPAN_MS, STEP_MS_MIN, draw_outcome, lead_rng};
use crate::leadconduit::state::events::{EventSummary, EventType, EventTypes, Outcome};
use crate::support::ids::ObjectId;
use crate::support::rng::{Purpose, SeededRng};

/// The summaries of the events of a plan, in the order of their ids.
#[derive(Debug)]
pub(super) struct Timeline {
    /// The process part of the ids.
    process: [u8; 5],
    /// The counter of the ids before the first one. Each lead has an id, and then each of its events.
    counter: u32,
    /// How many events a lead has at least. The first `longer` leads have one more.
    each: u32,
    longer: u32,
    flows: Box<[FlowSummary]>,
    leads: Box<[LeadTimes]>,
    len: usize,
}

/// The event of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The index of the lead.
    pub(super) lead: u32,
    /// The index of the event among those of the lead. The last one is about the whole flow.
    pub(super) step: u32,
}

/// What is drawn for a lead.
#[derive(Debug)]
struct LeadTimes {
    /// When its first step starts, in milliseconds since 1970.
    start_ms: i64,
    /// How long before it was submitted, in milliseconds.
    waited_ms: u32,
    outcome: Outcome,
    /// Milliseconds by which a step takes longer than the one before it.
    extra_step_ms: u8,
    /// The step that is skipped; without one, a number that no step has.
    skipped_step: u8,
}

/// The ids of a flow and its entities, parsed once.
#[derive(Debug)]
struct FlowSummary {
    flow: Option<ObjectId>,
    source: Option<ObjectId>,
    price: f64,
    /// For each step whether it is a recipient, and the id of the recipient's entity.
    steps: Box<[(bool, Option<ObjectId>)]>,
}

impl Timeline {
    /// Draws the times and outcomes of a plan.
    pub(super) fn new(plan: &HistoryPlan) -> Self {
        let mut rng = SeededRng::nth(plan.seed, Purpose::History, u64::from(plan.number) << 32 | 0xffff_ffff);
        let process: [u8; 5] = rng.rng().random();
        let counter: u32 = rng.rng().random_range(0..0x1_0000);
        let mut timeline = Self {
            process,
            counter,
            each: plan.events / plan.leads.max(1),
            longer: plan.events % plan.leads.max(1),
            flows: plan.flows.iter().map(FlowSummary::new).collect(),
            leads: Box::default(),
            len: usize::try_from(plan.events).unwrap_or(0),
        };
        let start = plan.until.as_millisecond() - SPAN_MS;
        let mut clock = start;
        let times = (0..plan.leads).map(|lead| {
            let drawn = draw_outcome(&mut lead_rng(plan, lead));
            let submitted = start + SPAN_MS * i64::from(lead) / i64::from(plan.leads) + drawn.delay_ms;
            // Submission times may be out of order by milliseconds; ids must be in order.
            clock = clock.max(submitted);
            let times = LeadTimes {
                start_ms: clock,
                waited_ms: u32::try_from(clock - submitted).unwrap_or(u32::MAX),
                outcome: drawn.outcome,
                extra_step_ms: drawn.extra_step_ms,
                skipped_step: drawn.skipped_step.unwrap_or(u8::MAX),
            };
            clock = times.start_of(timeline.last_step(lead));
            times
        });
        timeline.leads = times.collect();
        timeline
    }

    /// The number of events.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The event at an index.
    pub(super) fn locate(&self, index: usize) -> Option<Position> {
        let index = u32::try_from(index).ok().filter(|_| index < self.len)?;
        let events_of_longer = self.longer * (self.each + 1);
        Some(if index < events_of_longer {
            Position { lead: index / (self.each + 1), step: index % (self.each + 1) }
        } else {
            let index = index - events_of_longer;
            Position { lead: self.longer + index / self.each, step: index % self.each }
        })
    }

    /// The step of the event about the whole flow.
    pub(super) fn last_step(&self, lead: u32) -> u32 {
        (self.each + u32::from(lead < self.longer)).saturating_sub(1)
    }

    /// The index of the event about the whole flow.
    pub(super) fn last_index(&self, lead: u32) -> usize {
        usize::try_from(self.first_index(lead) + self.last_step(lead)).unwrap_or(usize::MAX)
    }

    fn first_index(&self, lead: u32) -> u32 {
        lead * self.each + lead.min(self.longer)
    }

    /// When the first step of a lead started, in milliseconds since 1970.
    pub(super) fn start_of_lead(&self, lead: u32) -> i64 {
        self.times(lead).map_or(0, |times| times.start_ms)
    }

    fn times(&self, lead: u32) -> Option<&LeadTimes> {
        self.leads.get(usize::try_from(lead).ok()?)
    }

    /// The summary of an event.
    pub(super) fn summary(&self, position: Position) -> Option<EventSummary> {
        let lead = LeadReader::new(self, position.lead)?;
        Some(lead.summary(position.step))
    }

    /// Calls a function with the events of these types in a range of indexes, until it returns `false`.
    pub(super) fn visit(
        &self,
        range: Range<usize>,
        types: EventTypes,
        visit: &mut dyn FnMut(usize, &EventSummary) -> bool,
    ) {
        let Some(Position { mut lead, mut step }) = self.locate(range.start) else { return };
        let mut index = range.start;
        while let Some(reader) = LeadReader::new(self, lead) {
            for step in step..=reader.last_step {
                let is_asked_for = types.contains(reader.kind(step));
                if index >= range.end || is_asked_for && !visit(index, &reader.summary(step)) {
                    return;
                }
                index += 1;
            }
            (lead, step) = (lead + 1, 0);
        }
    }
}

/// What the events of one lead share.
struct LeadReader<'t> {
    timeline: &'t Timeline,
    times: &'t LeadTimes,
    flow: &'t FlowSummary,
    /// The counter of the lead's id.
    counter: u32,
    id: ObjectId,
    last_step: u32,
}

impl<'t> LeadReader<'t> {
    fn new(timeline: &'t Timeline, lead: u32) -> Option<Self> {
        let times = timeline.times(lead)?;
        let flow = timeline.flows.get(usize::try_from(lead).ok()? % timeline.flows.len().max(1))?;
        let counter = timeline.counter + lead + timeline.first_index(lead) + 1;
        let id = ObjectId::new(times.start_ms.div_euclid(1000), timeline.process, counter);
        Some(Self { timeline, times, flow, counter, id, last_step: timeline.last_step(lead) })
    }

    fn planned_step(&self, step: u32) -> Option<&(bool, Option<ObjectId>)> {
        usize::try_from(step).ok().and_then(|step| self.flow.steps.get(step))
    }

    fn kind(&self, step: u32) -> EventType {
        match self.planned_step(step) {
            _ if step >= self.last_step => EventType::Source,
            Some((true, _)) => EventType::Recipient,
            _ => EventType::Filter,
        }
    }

    fn summary(&self, step: u32) -> EventSummary {
        let start_ms = self.times.start_of(step);
        let kind = self.kind(step);
        let (outcome, ms, recipient, cost, revenue);
        if step < self.last_step {
            let is_last = step + 1 == self.last_step;
            outcome = match (kind, is_last) {
                (EventType::Filter, _) => Outcome::Continue,
                (_, true) => self.times.outcome,
                (_, false) if u32::from(self.times.skipped_step) == step => Outcome::Skip,
                (_, false) => Outcome::Success,
            };
            ms = self.times.ms_of(step);
            recipient = self.planned_step(step).and_then(|(_, id)| *id);
            cost = 0.0;
            revenue = if is_last && outcome == Outcome::Success { self.flow.price * 2.0 } else { 0.0 };
        } else {
            outcome = self.times.outcome;
            ms = start_ms - self.times.start_ms + i64::from(self.times.waited_ms) + STEP_MS_MIN;
            recipient = None;
            let is_success = outcome == Outcome::Success;
            cost = if is_success { self.flow.price } else { 0.0 };
            revenue = if is_success && self.ends_with_recipient() { self.flow.price * 2.0 } else { 0.0 };
        }
        let id = ObjectId::new(start_ms.div_euclid(1000), self.timeline.process, self.counter + 1 + step);
        EventSummary {
            id,
            kind,
            outcome,
            start_ms,
            ms: u32::try_from(ms).unwrap_or(0),
            lead: Some(self.id),
            flow: self.flow.flow,
            source: self.flow.source,
            recipient,
            cost,
            revenue,
        }
    }

    fn ends_with_recipient(&self) -> bool {
        let last = self.last_step.checked_sub(1).and_then(|step| self.planned_step(step));
        last.is_some_and(|(is_recipient, _)| *is_recipient)
    }
}

impl LeadTimes {
    /// How long a step takes, in milliseconds.
    fn ms_of(&self, step: u32) -> i64 {
        STEP_MS_MIN + i64::from(self.extra_step_ms) * (1 + i64::from(step))
    }

    /// When a step starts: after those before it, in milliseconds since 1970.
    fn start_of(&self, step: u32) -> i64 {
        let step = i64::from(step);
        self.start_ms + STEP_MS_MIN * step + i64::from(self.extra_step_ms) * (step * (step + 1) / 2)
    }
}

impl FlowSummary {
    fn new(flow: &PlannedFlow) -> Self {
        let steps = flow.steps.iter().map(|step| {
            let recipient = step.recipient.as_ref();
            (recipient.is_some(), recipient.and_then(|entity| entity.id.parse().ok()))
        });
        Self {
            flow: flow.id.parse().ok(),
            source: flow.source.id.parse().ok(),
            price: flow.price,
            steps: steps.collect(),
        }
    }
}
