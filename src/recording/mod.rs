//! What clients did, and the verdict: the journal of exchanges, coverage, verification of expectations, and reports.

pub mod coverage;
pub mod journal;
pub mod report;
pub mod verify;
