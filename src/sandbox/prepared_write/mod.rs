//! Writes that are computed on a copy of the world, so that the sandbox is locked only while their result is stored.
//!
//! A write is prepared on a copy. It is stored if nothing that it depends on was written meanwhile; else it is prepared
//! again, and after a few attempts with the sandbox locked. A write that depends on the events or counts of earlier leads
//! is always prepared with the sandbox locked: see [`WriteContext::require_lock`].
//!
//! Object ids are reserved first, and those that were not used are returned if no other write has taken ids meanwhile.
//! Requests that follow each other therefore get the same ids as with a lock.

#[cfg(test)]
mod tests;

use super::session::WriteOperation;
use super::{RequestSession, StaleEpoch, State, WriteResources};
use crate::config::limits::{IDS_RESERVED, PREPARATIONS_MAX};
use crate::leadconduit::operations::{Preparation, PreparedWrite, WriteContext, WriteError, WriteResult};
use crate::leadconduit::state::World;
use crate::leadconduit::state::transaction::Transaction;
use crate::support::computation;
use crate::support::ids::IdGenerator;

/// What a preparation began with. Dropping it, in a panic too, returns the reserved ids.
struct Reservation<'s> {
    session: &'s RequestSession,
    /// The copy of the world; `None` at the end.
    copy: Option<World>,
    /// The ids from here to `end` are reserved.
    start: IdGenerator,
    end: IdGenerator,
    /// The first random number stream that the preparation can use.
    random_streams: u64,
    basis: u64,
    is_open: bool,
}

impl<'s> Reservation<'s> {
    /// Reserves ids, and takes a copy of the world.
    fn begin(session: &'s RequestSession) -> Result<Self, StaleEpoch> {
        let mut state = session.state()?;
        let copy = Some(state.take_lead_copy());
        let start = state.world.ids().clone();
        let mut end = start.clone();
        end.skip(IDS_RESERVED);
        state.world.set_ids(end.clone());
        let (random_streams, basis) = (state.world.random_streams(), state.basis());
        drop(state);
        Ok(Self { session, copy, start, end, random_streams, basis, is_open: true })
    }

    /// Whether the preparation has used more than was reserved for it.
    fn is_exceeded(&self, next: &IdGenerator) -> bool {
        next.issued_since(&self.start) > IDS_RESERVED
    }

    /// Whether the random numbers of the preparation are still its own.
    fn owns_random_streams(&self, state: &State, used: u64) -> bool {
        used == self.random_streams || state.world.random_streams() == self.random_streams
    }

    /// Ends the reservation: ids after `next` are returned, unless other writes have taken ids meanwhile. The copy is kept
    /// for the next lead, unless leads depend on what was written meanwhile.
    fn end(&mut self, state: &mut State, next: &IdGenerator) {
        self.is_open = false;
        let copy = self.copy.take().filter(|copy| state.basis() == self.basis && !copy.has_changes());
        if let Some(copy) = copy.filter(|_| !std::thread::panicking()) {
            state.keep_lead_copy(copy);
        }
        if *state.world.ids() == self.end {
            state.world.set_ids(next.clone());
        }
    }

    /// Keeps the ids and random numbers that a write has used before it needs the response of a recipient, because they
    /// may be sent to the recipient. `false` when another write has used the same random numbers.
    fn keep_used(&mut self, next: &IdGenerator, random_streams: u64) -> Result<bool, StaleEpoch> {
        let mut state = self.session.state()?;
        if !self.owns_random_streams(&state, random_streams) {
            return Ok(false);
        }
        self.end(&mut state, next);
        if random_streams != self.random_streams {
            state.world.set_random_streams(random_streams);
        }
        Ok(true)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if self.is_open
            && let Ok(mut state) = self.session.state()
        {
            let start = self.start.clone();
            self.end(&mut state, &start);
        }
    }
}

impl RequestSession {
    /// Prepares a write on a copy of the world, and stores it. `None` when it has to be prepared with the sandbox locked.
    pub(super) fn write_prepared(
        &self,
        prepare: Preparation,
        operation: &WriteOperation<'_>,
        resources: &mut WriteResources<'_>,
    ) -> Result<Option<WriteResult>, StaleEpoch> {
        for number in 0..PREPARATIONS_MAX {
            if number > 0 && !computation::is_inline() {
                // Each attempt has the time that a request has.
                computation::restart();
            }
            let mut reservation = Reservation::begin(self)?;
            let Some(copy) = reservation.copy.as_mut() else { return Ok(None) };
            resources.effects.start_run();
            let prepared =
                prepare(&mut WriteContext { is_copy: true, ..self.write_context(copy, operation, resources) });
            let (next, random_streams, has_changes) = (copy.ids().clone(), copy.random_streams(), copy.has_changes());
            let is_unfit = has_changes || reservation.is_exceeded(&next);
            if is_unfit || matches!(prepared, Err(WriteError::NeedsLock)) {
                resources.effects.abort_run();
                return Ok(None);
            }
            let write = match prepared {
                Err(WriteError::PendingCall(call)) => {
                    if reservation.keep_used(&next, random_streams)? {
                        return Ok(Some(Err(WriteError::PendingCall(call))));
                    }
                    resources.effects.abort_run();
                    continue;
                }
                Err(error) => return Ok(Some(Err(error))),
                Ok(write) => write,
            };
            let mut state = self.state()?;
            if state.basis() == reservation.basis && reservation.owns_random_streams(&state, random_streams) {
                let response = self.store(write, &mut state, operation, resources);
                if response.is_err() {
                    // The lock first: dropping the reservation takes it.
                    drop(state);
                    return Ok(Some(response));
                }
                reservation.end(&mut state, &next);
                if random_streams != reservation.random_streams {
                    state.world.set_random_streams(random_streams);
                }
                drop(state);
                self.sandbox.mark_written();
                return Ok(Some(response));
            }
            drop(state);
            resources.effects.abort_run();
        }
        Ok(None)
    }

    /// Stores a prepared write in a transaction.
    fn store(
        &self,
        write: PreparedWrite,
        state: &mut State,
        operation: &WriteOperation<'_>,
        resources: &mut WriteResources<'_>,
    ) -> WriteResult {
        let before = state.world.usage();
        let mut transaction = Transaction::begin_for_accounts(&mut state.world);
        let response = write.commit(&mut self.write_context(transaction.world(), operation, resources))?;
        transaction.world().check_budgets(before).map_err(WriteError::Budget)?;
        let only_adds_leads = transaction.only_adds_leads();
        transaction.commit();
        state.record_write(only_adds_leads);
        Ok(response)
    }
}
