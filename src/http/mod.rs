//! HTTP requests and responses as plain values.

pub mod message;
