//! HTTP requests and responses as plain values, content codings, credentials, and the names of the `X-Mock-*` headers.

pub mod basic_auth;
pub mod content_coding;
pub mod handling;
pub mod headers;
pub mod message;
pub mod rejected;
pub mod tunnel;
pub mod wire_fault;
