//! What every layer uses: documents, the clock, seeded random numbers, ids, delays, redaction, XML documents and their
//! texts, the event bus, locks, signals of changes, words of a shell,
//! percent-encoding, and limits on computations and memory.

pub mod brief_lock;
pub mod change_signal;
pub mod clock;
pub mod computation;
pub mod compute_pool;
pub mod delay;
pub mod document;
pub mod error_list;
pub mod event_bus;
pub mod ids;
pub(crate) mod json_members;
mod json_syntax;
pub mod json_text;
pub mod memory;
pub mod own_address;
pub mod percent;
pub mod redaction;
pub mod rng;
pub mod shell_word;
pub mod xml;
pub mod xml_text;
