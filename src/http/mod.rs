//! HTTP requests and responses as plain values, and the names of the `X-Mock-*` headers.

pub mod headers;
pub mod message;
pub mod wire_fault;
