//! Volume caps and ping limits of live flows. Volume caps count the events of the account; pings leave no events, so ping
//! limits have counters of their own.
//!
//! | module | holds |
//! |---|---|
//! | [`interval`] | the interval of a cap or ping limit |
//! | [`counter_start`] | from when a counter counts: new caps, changed rules and durations |
//! | [`counter`] | counts the events of volume caps |
//! | [`volume`] | the operations that list and get volume caps |
//! | [`check`] | whether a cap rejects a lead, for the lead handler |
//! | [`ping_limit`] | ping limits: their operations, and the check of a ping |

mod check;
mod counter;
mod counter_start;
mod interval;
mod ping_limit;
mod volume;

pub(crate) use check::{CapCheck, CapScope};
pub(crate) use counter::CAP_ID_PROPERTY;
pub(crate) use counter_start::{apply_deployment, forget_all, start_new};
pub(crate) use ping_limit::{admit as admit_ping, get as get_ping_limit, list as list_ping_limits};
pub(crate) use volume::{get as get_cap, list as list_caps};
