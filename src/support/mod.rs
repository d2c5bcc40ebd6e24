//! What every layer uses: documents, the clock, seeded random numbers, ids, delays, redaction, texts of XML documents,
//! the event bus, and signals of changes.

pub mod change_signal;
pub mod clock;
pub mod delay;
pub mod document;
pub mod error_list;
pub mod event_bus;
pub mod ids;
pub mod redaction;
pub mod rng;
pub mod xml_text;
