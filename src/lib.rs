//! A stand-in for ActiveProspect's LeadConduit API: stateful, checked against a contract, and able to break on purpose.
//!
//! # The map, in reading order
//!
//! | module | holds |
//! |---|---|
//! | [`exchange`] | requests and replies as plain values |
//! | [`events`] | what happens in a sandbox, told to whoever listens |
//! | [`pipeline`] | the life of a request, as an ordered list of steps |
//! | [`stage`] | what requests and control calls act on: contract, scenario, sandboxes |
//! | [`problem`] | the mock's own errors |
//! | [`contract`] | what LeadConduit promises: load, route, check (the only user of `jsonschema`) |
//! | [`world`] | everything the simulated LeadConduit knows: accounts, documents, sign-on, clock, ids, chance |
//! | [`types`] | values of fields by their type: what LeadConduit makes of a text |
//! | [`rules`] | the rule language: conditions on the variables of leads and events |
//! | [`behaviour`] | what each operation does to the world: one table |
//! | [`inbound`] | what comes to the lead handler (submissions, pings, feedback), read and answered as the vendor's module does |
//! | [`journal`] | exchanges, bounded and without secrets |
//! | [`coverage`] | what a client has exercised, counted |
//! | [`sandbox`] | isolated worlds, each with its scenario, faults and clock, and which one a request means |
//! | [`scenario`] | YAML files that say how a world starts and what happens to requests, with examples that prove it |
//! | [`verify`] | what a client was expected to do, and the verdict |
//! | [`generate`] | schema to believable value, from a seed |
//! | [`report`] | coverage and verdicts: one document, merged, judged and shown as text, JSON, `JUnit` and HTML |
//! | [`admin`] | the control API under `/__admin` |
//! | [`server`] | sockets: accept, limits, time-outs, TLS, graceful stop |
//! | [`outbound`] | calls that the mock makes itself: deliveries and files for the firehose, to this machine only |
//! | [`settings`] | what a server is started with; every limit |
//! | [`start`] | from settings to a server that is ready |
//! | [`watch`] | changed scenario files, read again while the server runs (the only user of `notify`) |
//! | [`embed`] | [`MockServer`]: the mock inside a Rust test |
//! | [`cli`] | the command line, one file a subcommand |
//!
//! YAML files, pointers and the bundling of the contract are in a crate of their own, [`contract_files`], which the
//! build script uses too.
//!
//! # What always holds
//!
//! - Calls go one way: `server → pipeline → {admin, sandbox, contract, generate}`,
//!   `admin → {sandbox, scenario, report, verify}`, `report → {coverage, contract}`, `verify → journal`,
//!   `sandbox → {journal, coverage, scenario, behaviour} → world`. The pipeline makes the calls of [`outbound`];
//!   `behaviour` only writes and reads them. Nothing points back at `server`, which knows
//!   requests and replies only.
//! - Only `server`, `outbound`, `cli`, `start`, `watch` and the file loaders do I/O. All the rest is functions on values.
//! - Time, chance and ids come from [`world`] alone; `clippy.toml` forbids other sources.
//! - A request sees one state of its sandbox. Whoever changes more than documents counts the sandbox's epoch up, and
//!   requests that came in before begin again.
//! - Whether a rule speaks follows from the seed and the order of requests, never from time on the machine.
//! - A world is a value; copies share their documents. A write that refuses, or panics, leaves no trace. A document
//!   keeps its model from the moment it enters. A lead's events follow from what it left behind; every build with debug
//!   assertions looks at each when it is written.
//! - Nothing is called but this machine, and what was allowed at start.
//! - No lock is held across a wait. A write that needs an answer from outside ends unkept, and is repeated with it. How
//!   long a reply waits and how it breaks is a value; the server does it.
//! - LeadConduit's errors are `{"error": ...}`; the mock's own are `application/problem+json`. They are never mixed.

pub mod admin;
pub mod allowed_host;
pub mod behaviour;
pub mod cli;
pub mod contract;
pub mod coverage;
pub mod embed;
pub mod events;
pub mod exchange;
pub mod generate;
pub mod inbound;
pub mod journal;
pub mod outbound;
pub mod pipeline;
pub mod problem;
pub mod report;
pub mod rules;
pub mod sandbox;
pub mod scenario;
pub mod server;
pub mod settings;
pub mod stage;
pub mod start;
pub mod types;
pub mod values;
pub mod verify;
pub mod watch;
pub mod world;

pub use embed::{MockServer, MockServerBuilder};
