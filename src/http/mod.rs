//! HTTP requests and responses as plain values.

pub mod headers;
pub mod message;
