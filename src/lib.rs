//! A mock and contract-test server for ActiveProspect's LeadConduit API: stateful, validated against a contract, with
//! fault injection.
//!
//! # Module map
//!
//! Each module uses only modules below it in this table; a test checks all allowed dependencies.
//!
//! | module | holds |
//! |---|---|
//! | [`cli`] | the command line, one file per subcommand |
//! | [`app`] | from settings to a running server; [`MockServer`]; reload of changed files |
//! | [`server`] | sockets: accept, TLS, limits, timeouts, graceful stop, delivery of delays and faults |
//! | [`pipeline`] | the life of a request, as an ordered list of steps |
//! | [`control`] | the control API under `/__admin` |
//! | [`sandbox`] | isolated worlds, each with its scenario, faults and clock; how a request selects one |
//! | [`recording`] | what clients did, and its assessment: journal, coverage, verify, report |
//! | [`scenario`] | the scenario language: files, rules, examples, generated history |
//! | [`leadconduit`] | the simulated service: state, operations, leads, flows, rules, templates, field types |
//! | [`generate`] | generates plausible values from schemas and a seed |
//! | [`contract`] | the contract: load, route, validate (the only user of `jsonschema`); lead bodies; problem details |
//! | [`config`] | settings and every limit |
//! | [`http`](mod@http) | requests and responses as plain values; the names of the mock's headers |
//! | [`support`] | documents, clock, seeded random numbers, ids, redaction, event bus |
//!
//! YAML files, RFC 6901 pointers and the bundling of the contract are in a crate of their own, [`contract_files`], which
//! the build script uses too.
//!
//! # Invariants
//!
//! - `server` knows `config`, `http` and `support` only; nothing but `app` and `cli` knows `server`.
//! - Only `server`, `leadconduit::delivery`, `cli`, `app` and the file loaders do I/O. Everything else is functions on
//!   values.
//! - Time, random numbers and ids come from [`support`] only; `clippy.toml` forbids other sources.
//! - A request sees one state of its sandbox. A change of anything but documents increments the sandbox's epoch;
//!   requests that began before it start again.
//! - Rule selection is deterministic: it depends on the seed and the request order, never on wall-clock time.
//! - A world is a value; copies share their documents. A write that fails or panics is rolled back. A document is
//!   validated when it is stored. Event documents are rendered on demand from a lead's trace; debug builds
//!   validate them on write.
//! - Outbound calls reach this machine and the hosts that were allowed at start, nothing else.
//! - No lock is held across an await. An operation that needs an external response returns a pending call; the pipeline
//!   performs it unlocked and runs the operation again with the recorded response. Delays and wire faults are values
//!   that the server carries out.
//! - LeadConduit's errors are `{"error": ...}`; the mock's own errors are `application/problem+json`. They are never
//!   mixed.

pub mod app;
pub mod cli;
pub mod config;
pub mod contract;
pub mod control;
pub mod generate;
pub mod http;
pub mod leadconduit;
pub mod pipeline;
pub mod recording;
pub mod sandbox;
pub mod scenario;
pub mod server;
pub mod support;

pub use app::embed::{MockServer, MockServerBuilder};
