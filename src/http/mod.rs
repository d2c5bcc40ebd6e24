//! Requests and responses as plain values.

pub mod message;
