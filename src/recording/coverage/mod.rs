//! What a client has exercised: counted while requests are answered, and held against what the contract has.

mod fields;
pub mod map;
pub mod tally;

pub use fields::Fields;
pub use map::{Known, Map, Subject};
pub use tally::{Exercised, Kind, Seen, Tally, Times};
