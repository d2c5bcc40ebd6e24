//! What is counted for one row.

use std::collections::HashSet;

use super::columns::{Column, Part, Party, What};
use crate::leadconduit::state::events::{Kind, Outcome, Summary};
use crate::leadconduit::values::{Variables, text};
use crate::support::ids::ObjectId;

const PARTIES: usize = 6;
const PARTS: usize = 4;

/// Which counts the columns are made of, so that no other is kept.
#[derive(Debug)]
pub(super) struct Needs {
    counts: [[bool; PARTS]; PARTIES],
    cost: bool,
    revenue: bool,
    by_lead: bool,
}

impl Needs {
    pub(super) fn of(columns: &[Column], by_lead: bool) -> Self {
        let mut needs = Self { counts: [[false; PARTS]; PARTIES], cost: false, revenue: false, by_lead };
        for what in columns.iter().map(|column| &column.what) {
            for (party, part) in what.counts() {
                needs.counts[*party as usize][*part as usize] = true;
            }
            needs.cost |= matches!(what, What::Cost | What::Profit | What::CostPerConversion | What::CostPerLead);
            needs.revenue |= matches!(what, What::Revenue | What::Profit | What::RevenuePerLead);
        }
        needs
    }

    /// Whether an event can count in any column. One that cannot makes no row, and is not looked into.
    pub(super) fn concern(&self, summary: &Summary) -> bool {
        let counts = |party: Party| self.counts[party as usize].contains(&true);
        part(summary.outcome).is_some()
            && match summary.kind {
                Kind::Source => self.cost || counts(Party::Source),
                Kind::Recipient | Kind::Retry => self.revenue || counts(Party::Recipient),
                Kind::FeedbackReceived => counts(Party::ReturnReceived) || counts(Party::ConversionReceived),
                Kind::FeedbackSent => counts(Party::ReturnSent) || counts(Party::ConversionSent),
                Kind::Filter => false,
            }
    }
}

/// What an outcome counts as. Where a step was left out or a filter spoke, nothing was submitted.
fn part(outcome: Outcome) -> Option<Part> {
    match outcome {
        Outcome::Success => Some(Part::Success),
        Outcome::Failure => Some(Part::Failure),
        Outcome::Error => Some(Part::Error),
        Outcome::Skip | Outcome::Continue | Outcome::Stop => None,
    }
}

impl What {
    /// The counts that it is made of.
    fn counts(&self) -> &[(Party, Part)] {
        const CONVERSIONS: &[(Party, Part)] = &[(Party::ConversionReceived, Part::Success)];
        const BOUGHT: &[(Party, Part)] = &[(Party::Source, Part::Success), (Party::ReturnSent, Part::Success)];
        const SOLD: &[(Party, Part)] = &[(Party::Recipient, Part::Success), (Party::ReturnReceived, Part::Success)];
        const EACH: [[(Party, Part); PARTS]; PARTIES] = {
            const fn parts(party: Party) -> [(Party, Part); PARTS] {
                [(party, Part::Submitted), (party, Part::Success), (party, Part::Failure), (party, Part::Error)]
            }
            [
                parts(Party::Source),
                parts(Party::Recipient),
                parts(Party::ReturnReceived),
                parts(Party::ReturnSent),
                parts(Party::ConversionReceived),
                parts(Party::ConversionSent),
            ]
        };
        match self {
            Self::Count(party, part) => std::slice::from_ref(&EACH[*party as usize][*part as usize]),
            Self::CostPerConversion => CONVERSIONS,
            Self::CostPerLead => BOUGHT,
            Self::RevenuePerLead => SOLD,
            Self::Pings | Self::Cost | Self::Revenue | Self::Profit => &[],
        }
    }
}

/// How many, of leads or of events.
#[derive(Debug, Default)]
struct Count {
    events: u32,
    leads: HashSet<ObjectId>,
}

/// The counts and sums of one row.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: [[Count; PARTS]; PARTIES],
    cost: f64,
    revenue: f64,
}

impl Tally {
    pub(super) fn add(&mut self, summary: &Summary, event: &dyn Variables, needs: &Needs) {
        if summary.outcome == Outcome::Success {
            match summary.kind {
                Kind::Source => self.cost += summary.cost,
                Kind::Recipient | Kind::Retry => self.revenue += summary.revenue,
                _ => {}
            }
        }
        let Some(part) = part(summary.outcome) else { return };
        let Some(party) = party(summary.kind, event) else { return };
        for part in [Part::Submitted, part] {
            if needs.counts[party as usize][part as usize] {
                let count = &mut self.counts[party as usize][part as usize];
                match summary.lead.filter(|_| needs.by_lead) {
                    Some(lead) => _ = count.leads.insert(lead),
                    None => count.events += 1,
                }
            }
        }
    }

    fn count(&self, party: Party, part: Part) -> f64 {
        let count = &self.counts[party as usize][part as usize];
        f64::from(count.events) + u32::try_from(count.leads.len()).map_or(f64::INFINITY, f64::from)
    }

    /// The number of a column. Sums of cents are rounded to what money can be; an average of nothing is nothing.
    pub(super) fn value(&self, column: Column) -> f64 {
        let success = |party| self.count(party, Part::Success);
        let each = |sum: f64, count: f64| if count > 0.0 { sum / count } else { 0.0 };
        let value = match column.what {
            What::Count(party, part) => return self.count(party, part),
            What::Pings => return 0.0,
            What::Cost => self.cost,
            What::Revenue => self.revenue,
            What::Profit => self.revenue - self.cost,
            What::CostPerConversion => each(self.cost, success(Party::ConversionReceived)),
            What::CostPerLead => each(self.cost, success(Party::Source) - success(Party::ReturnSent)),
            What::RevenuePerLead => each(self.revenue, success(Party::Recipient) - success(Party::ReturnReceived)),
        };
        (value * 10_000.0).round() / 10_000.0
    }
}

/// Whose event it is. Only feedback has to be looked into.
fn party(kind: Kind, event: &dyn Variables) -> Option<Party> {
    let (returned, converted) = match kind {
        Kind::Source => return Some(Party::Source),
        Kind::Recipient | Kind::Retry => return Some(Party::Recipient),
        Kind::FeedbackReceived => (Party::ReturnReceived, Party::ConversionReceived),
        Kind::FeedbackSent => (Party::ReturnSent, Party::ConversionSent),
        Kind::Filter => return None,
    };
    let kind = event.get("vars.feedback.type")?;
    match text(&kind)?.to_ascii_lowercase().as_str() {
        "return" => Some(returned),
        "conversion" => Some(converted),
        _ => None,
    }
}
