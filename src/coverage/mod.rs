//! What a client has exercised: counted while requests are answered, and held against what the contract has.

mod fields;
pub mod tally;

pub use fields::Fields;
pub use tally::{Exercised, Kind, Seen, Tally, Times};
