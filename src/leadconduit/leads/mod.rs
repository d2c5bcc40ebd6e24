//! Leads: `flow` is the lead handler, which runs a submission through its flow; `caps` are the volume caps and ping
//! limits that restrict it.

pub(crate) mod caps;
pub(crate) mod flow;
