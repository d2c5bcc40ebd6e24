//! Leads: how a submission runs through its flow, and the caps that it counts towards.

pub(crate) mod caps;
pub(crate) mod flow;
