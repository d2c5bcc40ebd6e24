//! Outbound calls: deliveries to recipients and firehose files. Plain values go in and come out.
//!
//! A mock must never reach a real recipient by accident, so these rules hold:
//!
//! - Only `http` is supported, and only to this machine and to the hosts that were allowed at start.
//! - A name is resolved once. Every address of it is checked, and the connection uses a checked address, so that a later
//!   change of the name has no effect.
//! - Redirects are not followed and proxies are not used, because either could lead elsewhere.
//!
//! | module | holds |
//! |---|---|
//! | `worker` | [`OutboundClient`]: calls on a thread of its own, with a bounded queue |
//! | `http_client` | [`HttpClient`]: calls with limits and retries |
//! | `attempt` | one attempt, to one address |
//! | `modules` | what the vendor's recipient modules send, and how they read the response |
//! | `firehose` | the request that writes a firehose file |
//! | `target` | the host, port and path of a URL, and whether they may be called |
//! | `message` | requests, responses, errors |
//!
//! Each module uses only modules below it in this table.

mod attempt;
mod firehose;
mod http_client;
mod message;
mod modules;
mod target;
#[cfg(test)]
mod tests;
mod worker;

pub(crate) use attempt::is_sent_header;
pub use firehose::firehose_request;
pub use http_client::HttpClient;
pub use message::{OutboundError, OutboundRequest, OutboundResponse, Refusal};
pub use modules::{RecipientModule, RequestError};
pub(crate) use target::escape_url;
pub use worker::OutboundClient;
