//! Verification: [`expectations`] about what a client does are evaluated against a journal and give a [`result`].
//!
//! A new kind of expectation is a key and a variant of [`expectations::Requirement`], and its evaluation in `evaluate`.

mod evaluate;
pub mod expectations;
mod inconclusive;
pub mod junit;
pub mod result;

pub use evaluate::{JournalSnapshot, evaluate};
pub use expectations::Expectations;
pub use result::VerificationResult;
