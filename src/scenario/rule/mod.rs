//! Compiled rules.
//!
//! | module | holds |
//! |---|---|
//! | `compile` | from the definition in a file to a [`Rule`] |
//! | `validate_response` | whether the responses of a rule match the contract |
//! | [`schedule`] | selection of the rule for a request: counts, limits, probability |
//! | [`respond`] | the response and the faults of a selected rule |
//! | `template` | templates in bodies and headers |
//! | `matcher` | the conditions on a request |
//! | `definition` | the types |
//! | [`regexes`] | compilation of regular expressions within a budget |
//! | `error` | errors in a definition |
//!
//! Each module uses only modules below it in this table. A new condition is a field of `WhenSpec` and of
//! `RequestMatcher`; a new effect is a field of `StepSpec` and of `Step`.

mod compile;
mod definition;
mod error;
mod matcher;
pub(crate) mod regexes;
pub mod respond;
pub mod schedule;
mod template;
mod validate_response;

pub use compile::ValidationMode;
pub use definition::{RULES_MAX, Rule, RuleList, WorldChange};
pub use error::unknown_operation;
pub use matcher::RuleContext;
pub use validate_response::response_violations;
