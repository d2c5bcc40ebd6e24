//! Limits on what a scenario file of a few bytes can generate.

use super::history::HistoryPlan;
use super::language::{GenerateCounts, WorldSpec};
use crate::config::limits::{GENERATED_DOCUMENTS_MAX, GENERATED_EVENTS_MAX, GENERATED_LEADS_MAX};

/// What a world generates.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Volume {
    documents: u64,
    leads: u64,
    events: u64,
}

/// Why a world cannot be generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct VolumeError {
    /// An RFC 6901 pointer into the account: `/generate/leads`.
    pub(crate) pointer: String,
    /// What is wrong there, and what to write instead.
    pub(crate) message: String,
}

impl Volume {
    /// Adds what an account generates.
    ///
    /// # Errors
    ///
    /// The world generates too much, or the plan of a history is inconsistent.
    pub(super) fn add(&mut self, counts: GenerateCounts, history: &[HistoryPlan]) -> Result<(), VolumeError> {
        let documents = [
            ("users", counts.users, 1),
            ("credentials", counts.credentials, 1),
            ("entities", counts.entities, 1),
            ("connections", counts.connections, 4),
            ("invitations", counts.invitations, 2),
            ("flows", counts.flows, 1),
        ];
        for (name, count, each) in documents {
            let pointer = || format!("/generate/{name}");
            take(&mut self.documents, u64::from(count) * each, GENERATED_DOCUMENTS_MAX, "documents", pointer)?;
        }
        self.add_events(counts.leads, counts.events, "/generate")?;
        for (index, plan) in history.iter().enumerate() {
            let pointer = format!("/history/{index}");
            self.add_events(plan.leads, plan.events, &pointer)?;
            if plan.leads > 0 && plan.flows.is_empty() {
                let message = "a history with leads needs at least one flow".to_owned();
                return Err(VolumeError { pointer: format!("{pointer}/flows"), message });
            }
            if plan.events < plan.leads {
                let message = format!("each of the {} leads has at least one event", plan.leads);
                return Err(VolumeError { pointer: format!("{pointer}/events"), message });
            }
        }
        Ok(())
    }

    fn add_events(&mut self, leads: u32, events: u32, pointer: &str) -> Result<(), VolumeError> {
        let inside = |name: &str| format!("{pointer}/{name}");
        take(&mut self.leads, leads.into(), GENERATED_LEADS_MAX, "leads", || inside("leads"))?;
        take(&mut self.events, events.into(), GENERATED_EVENTS_MAX, "events", || inside("events"))
    }

    /// Adds what the accounts of a file generate. A pointer is relative to the file.
    pub(super) fn add_world(&mut self, world: &WorldSpec) -> Result<(), VolumeError> {
        for (index, account) in world.accounts.iter().enumerate() {
            self.add(account.generate, &account.history).map_err(|error| VolumeError {
                pointer: format!("/world/accounts/{index}{}", error.pointer),
                ..error
            })?;
        }
        Ok(())
    }
}

/// Adds a count to a total.
fn take(
    total: &mut u64,
    count: u64,
    max: u32,
    what: &str,
    pointer: impl FnOnce() -> String,
) -> Result<(), VolumeError> {
    *total = total.saturating_add(count);
    if *total <= u64::from(max) {
        return Ok(());
    }
    let message = format!("a world can generate {max} {what} at most; this is number {total}");
    Err(VolumeError { pointer: pointer(), message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_limited_over_all_accounts() {
        let rows = [
            (GenerateCounts { users: u32::MAX, ..GenerateCounts::default() }, "/generate/users"),
            (GenerateCounts { connections: 20_000, ..GenerateCounts::default() }, "/generate/connections"),
            (GenerateCounts { leads: 3_000_000_000, ..GenerateCounts::default() }, "/generate/leads"),
            (GenerateCounts { events: 3_000_000_000, ..GenerateCounts::default() }, "/generate/events"),
        ];
        for (counts, pointer) in rows {
            assert_eq!(Volume::default().add(counts, &[]).unwrap_err().pointer, pointer);
        }
        let counts = GenerateCounts { users: 30_000, leads: 100_000, events: 500_000, ..GenerateCounts::default() };
        let mut volume = Volume::default();
        volume.add(counts, &[]).unwrap();
        let error = volume.add(counts, &[]).unwrap_err();
        assert_eq!(error.to_string(), "a world can generate 50000 documents at most; this is number 60000");
    }
}
