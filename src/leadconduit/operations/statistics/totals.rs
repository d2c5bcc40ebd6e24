//! The counts and sums of one row.

use std::collections::HashSet;

use super::columns::{Column, EventCategory, Metric, OutcomeCategory};
use crate::leadconduit::state::events::{EventSummary, EventType, EventTypes, Outcome};
use crate::leadconduit::values::{Variables, text};
use crate::support::ids::ObjectId;

const EVENT_CATEGORIES: usize = 6;
const OUTCOME_CATEGORIES: usize = 4;

/// The counts and sums that the columns need; others are not computed.
#[derive(Debug)]
pub(super) struct RequiredTotals {
    counts: [[bool; OUTCOME_CATEGORIES]; EVENT_CATEGORIES],
    cost: bool,
    revenue: bool,
    by_lead: bool,
}

impl RequiredTotals {
    pub(super) fn for_columns(columns: &[Column], by_lead: bool) -> Self {
        let mut required =
            Self { counts: [[false; OUTCOME_CATEGORIES]; EVENT_CATEGORIES], cost: false, revenue: false, by_lead };
        for metric in columns.iter().map(|column| &column.metric) {
            for (category, outcome_category) in metric.counts() {
                required.counts[*category as usize][*outcome_category as usize] = true;
            }
            required.cost |=
                matches!(metric, Metric::Cost | Metric::Profit | Metric::CostPerConversion | Metric::CostPerLead);
            required.revenue |= matches!(metric, Metric::Revenue | Metric::Profit | Metric::RevenuePerLead);
        }
        required
    }

    /// The types of the events that can affect a column. Other events are skipped and create no row.
    pub(super) fn types(&self) -> EventTypes {
        let counts = |category: EventCategory| self.counts[category as usize].contains(&true);
        let is_relevant = |kind: &EventType| match kind {
            EventType::Source => self.cost || counts(EventCategory::Source),
            EventType::Recipient | EventType::Retry => self.revenue || counts(EventCategory::Recipient),
            EventType::FeedbackReceived => {
                counts(EventCategory::ReturnReceived) || counts(EventCategory::ConversionReceived)
            }
            EventType::FeedbackSent => counts(EventCategory::ReturnSent) || counts(EventCategory::ConversionSent),
            EventType::Filter => false,
        };
        EventType::ALL.into_iter().filter(is_relevant).collect()
    }
}

/// Whether events with an outcome can affect a column. Other events are skipped and create no row.
pub(super) fn has_category(outcome: Outcome) -> bool {
    outcome_category(outcome).is_some()
}

/// The category of an outcome; `None` for skipped steps and filters, which submit nothing.
fn outcome_category(outcome: Outcome) -> Option<OutcomeCategory> {
    match outcome {
        Outcome::Success => Some(OutcomeCategory::Success),
        Outcome::Failure => Some(OutcomeCategory::Failure),
        Outcome::Error => Some(OutcomeCategory::Error),
        Outcome::Skip | Outcome::Continue | Outcome::Stop => None,
    }
}

impl Metric {
    /// The counts that the metric is computed from.
    fn counts(&self) -> &[(EventCategory, OutcomeCategory)] {
        const CONVERSIONS: &[(EventCategory, OutcomeCategory)] =
            &[(EventCategory::ConversionReceived, OutcomeCategory::Success)];
        const BOUGHT: &[(EventCategory, OutcomeCategory)] =
            &[(EventCategory::Source, OutcomeCategory::Success), (EventCategory::ReturnSent, OutcomeCategory::Success)];
        const SOLD: &[(EventCategory, OutcomeCategory)] = &[
            (EventCategory::Recipient, OutcomeCategory::Success),
            (EventCategory::ReturnReceived, OutcomeCategory::Success),
        ];
        const EACH: [[(EventCategory, OutcomeCategory); OUTCOME_CATEGORIES]; EVENT_CATEGORIES] = {
            const fn all_outcomes(category: EventCategory) -> [(EventCategory, OutcomeCategory); OUTCOME_CATEGORIES] {
                [
                    (category, OutcomeCategory::Submitted),
                    (category, OutcomeCategory::Success),
                    (category, OutcomeCategory::Failure),
                    (category, OutcomeCategory::Error),
                ]
            }
            [
                all_outcomes(EventCategory::Source),
                all_outcomes(EventCategory::Recipient),
                all_outcomes(EventCategory::ReturnReceived),
                all_outcomes(EventCategory::ReturnSent),
                all_outcomes(EventCategory::ConversionReceived),
                all_outcomes(EventCategory::ConversionSent),
            ]
        };
        match self {
            Self::Count(category, outcome_category) => {
                std::slice::from_ref(&EACH[*category as usize][*outcome_category as usize])
            }
            Self::CostPerConversion => CONVERSIONS,
            Self::CostPerLead => BOUGHT,
            Self::RevenuePerLead => SOLD,
            // How many of the pings a lead followed is not recorded: the leads of the row stand for it (inferred).
            Self::PingWinRate => {
                std::slice::from_ref(&EACH[EventCategory::Source as usize][OutcomeCategory::Submitted as usize])
            }
            Self::PingSubmitted
            | Self::PingSuccess
            | Self::PingSuccessRate
            | Self::Cost
            | Self::Revenue
            | Self::Profit => &[],
        }
    }
}

/// Whether pings can affect a column.
pub(super) fn count_pings(columns: &[Column]) -> bool {
    let of_pings = [Metric::PingSubmitted, Metric::PingSuccess, Metric::PingSuccessRate, Metric::PingWinRate];
    columns.iter().any(|column| of_pings.contains(&column.metric))
}

/// A number of distinct leads, plus events without a lead.
#[derive(Debug, Default)]
struct Count {
    events: u32,
    /// Leads in the order of their ids: leads mostly follow one another.
    leads: Vec<ObjectId>,
    /// Leads that came after leads with higher ids.
    other_leads: HashSet<ObjectId>,
}

impl Count {
    fn add(&mut self, lead: ObjectId) {
        if self.leads.last().is_none_or(|last| *last < lead) {
            self.leads.push(lead);
        } else if self.leads.last() != Some(&lead) && self.leads.binary_search(&lead).is_err() {
            self.other_leads.insert(lead);
        }
    }

    fn value(&self) -> f64 {
        let leads = u32::try_from(self.leads.len() + self.other_leads.len());
        f64::from(self.events) + leads.map_or(f64::INFINITY, f64::from)
    }
}

/// The counts and sums of one row.
#[derive(Debug, Default)]
pub(super) struct RowTotals {
    counts: [[Count; OUTCOME_CATEGORIES]; EVENT_CATEGORIES],
    cost: f64,
    revenue: f64,
    pings: u64,
    bids: u64,
}

impl RowTotals {
    /// Adds pings, and those of them that got a bid.
    pub(super) fn add_pings(&mut self, (pings, bids): (u64, u64)) {
        self.pings += pings;
        self.bids += bids;
    }

    pub(super) fn add(&mut self, summary: &EventSummary, event: &dyn Variables, required: &RequiredTotals) {
        if summary.outcome == Outcome::Success {
            match summary.kind {
                EventType::Source => self.cost += summary.cost,
                EventType::Recipient | EventType::Retry => self.revenue += summary.revenue,
                _ => {}
            }
        }
        let Some(outcome_category) = outcome_category(summary.outcome) else { return };
        let Some(category) = category(summary.kind, event) else { return };
        for outcome_category in [OutcomeCategory::Submitted, outcome_category] {
            if required.counts[category as usize][outcome_category as usize] {
                let count = &mut self.counts[category as usize][outcome_category as usize];
                match summary.lead.filter(|_| required.by_lead) {
                    Some(lead) => count.add(lead),
                    None => count.events += 1,
                }
            }
        }
    }

    fn count(&self, category: EventCategory, outcome_category: OutcomeCategory) -> f64 {
        self.counts[category as usize][outcome_category as usize].value()
    }

    /// The value of a column. Sums are rounded to four decimals; averages without leads are 0.
    pub(super) fn value(&self, column: Column) -> f64 {
        let success = |category| self.count(category, OutcomeCategory::Success);
        let count = |number: u64| u32::try_from(number).map_or(f64::INFINITY, f64::from);
        let average = |sum: f64, count: f64| if count > 0.0 { sum / count } else { 0.0 };
        let value = match column.metric {
            Metric::Count(category, outcome_category) => return self.count(category, outcome_category),
            Metric::PingSubmitted => return count(self.pings),
            Metric::PingSuccess => return count(self.bids),
            Metric::PingSuccessRate => 100.0 * average(count(self.bids), count(self.pings)),
            Metric::PingWinRate => {
                let submitted = self.count(EventCategory::Source, OutcomeCategory::Submitted);
                (100.0 * average(submitted, count(self.pings))).min(100.0)
            }
            Metric::Cost => self.cost,
            Metric::Revenue => self.revenue,
            Metric::Profit => self.revenue - self.cost,
            Metric::CostPerConversion => average(self.cost, success(EventCategory::ConversionReceived)),
            Metric::CostPerLead => {
                average(self.cost, success(EventCategory::Source) - success(EventCategory::ReturnSent))
            }
            Metric::RevenuePerLead => {
                average(self.revenue, success(EventCategory::Recipient) - success(EventCategory::ReturnReceived))
            }
        };
        (value * 10_000.0).round() / 10_000.0
    }
}

/// The category of an event. Only feedback needs its document.
fn category(kind: EventType, event: &dyn Variables) -> Option<EventCategory> {
    let (returned, converted) = match kind {
        EventType::Source => return Some(EventCategory::Source),
        EventType::Recipient | EventType::Retry => return Some(EventCategory::Recipient),
        EventType::FeedbackReceived => (EventCategory::ReturnReceived, EventCategory::ConversionReceived),
        EventType::FeedbackSent => (EventCategory::ReturnSent, EventCategory::ConversionSent),
        EventType::Filter => return None,
    };
    let kind = event.get("vars.feedback.type")?;
    match text(&kind)?.to_ascii_lowercase().as_str() {
        "return" => Some(returned),
        "conversion" => Some(converted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lead_is_counted_once() {
        let id = |counter: u32| ObjectId::new(1_777_000_000, [7; 5], counter);
        let mut seed = 1_u32;
        for length in [0, 1, 10, 500] {
            let mut count = Count { events: 3, ..Count::default() };
            let mut expected = HashSet::new();
            for _ in 0..length {
                // Mostly ascending, often repeated.
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let lead = id(u32::try_from(expected.len()).unwrap() + (seed >> 24) % 7);
                count.add(lead);
                expected.insert(lead);
            }
            assert!((count.value() - f64::from(u32::try_from(expected.len() + 3).unwrap())).abs() < f64::EPSILON);
        }
    }
}
