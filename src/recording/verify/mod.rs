//! Verification: what a client was expected to do ([`expect`]), held against a journal, and the verdict ([`verdict`]).

pub mod expect;
mod judge;
pub mod verdict;

pub use expect::Expectations;
pub use judge::{Evidence, judge};
pub use verdict::Verdict;
