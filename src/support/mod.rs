//! What every layer uses: documents, the clock, seeded random numbers, ids, delays, redaction, the event bus, XML.

pub mod clock;
pub mod delay;
pub mod document;
pub mod error_list;
pub mod event_bus;
pub mod ids;
pub mod json_text;
pub mod redaction;
pub mod rng;
pub mod xml;
