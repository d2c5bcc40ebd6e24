//! From settings to a running server.
//!
//! | module | holds |
//! |---|---|
//! | [`bootstrap`] | loads contract and scenarios, builds the pipeline, binds the address |
//! | `handler` | connects the pipeline to the server |
//! | [`embed`] | the server inside a Rust test |
//! | [`watch`] | reload of changed scenario files (`--watch`) |

pub mod bootstrap;
pub mod embed;
mod handler;
pub mod watch;
