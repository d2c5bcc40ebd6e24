//! What clients have exercised: counts of exchanges, and what the contract offers to be covered.

pub mod counts;
mod fields;
mod sorted_map;
pub mod targets;

pub use counts::{CoverageCounts, DurationHistogram, OperationCounts};
pub use targets::{CoverageTargets, FieldMatch, OperationTargets};
