//! HTTP requests and responses as plain values, content codings, credentials, `ETag`, and the names of the `X-Mock-*` headers.

pub mod basic_auth;
pub mod content_coding;
pub mod etag;
pub mod handling;
pub mod headers;
pub mod message;
pub mod rejected;
pub mod tunnel;
pub mod wire_fault;
