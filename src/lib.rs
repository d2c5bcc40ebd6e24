//! A mock and contract-test server for ActiveProspect's LeadConduit API: stateful, validated against a contract, with
//! fault injection.
//!
//! # Module map
//!
//! Each module uses only modules below it in this table; a test checks all allowed dependencies.
//!
//! | module | holds |
//! |---|---|
//! | `cli` | the command line, one file per subcommand |
//! | `app` | from settings to a running server; [`MockServer`]; reload of changed files |
//! | `server` | sockets: accept, TLS, limits, timeouts, graceful stop, delivery of delays and faults |
//! | `pipeline` | the life of a request, as an ordered list of steps |
//! | `control` | the control API, the web console and the reference pages under `/__admin` |
//! | `sandbox` | isolated worlds, each with its scenario, faults and clock; how a request selects one |
//! | `recording` | what clients did, and its assessment: journal, coverage, verify, report |
//! | `scenario` | the scenario language: files, rules, examples, generated history |
//! | `leadconduit` | the simulated service: state, operations, leads, flows, rules, templates, field types |
//! | `generate` | generates plausible values from schemas and a seed |
//! | `contract` | the contract: load, route, validate (the only user of `jsonschema`); lead bodies; problem details |
//! | `config` | settings and every limit |
//! | `http` | requests and responses as plain values; the names of the mock's headers |
//! | `support` | documents, clock, seeded random numbers, ids, redaction, event bus |
//!
//! YAML files, RFC 6901 pointers and the bundling of the contract are in a crate of their own, [`contract_files`], which
//! the build script uses too.
//!
//! # Features
//!
//! `cli` (default) is the command line with its dependencies. For embedding:
//! `leadconduit-mock = { default-features = false, ... }`.
//!
//! # Invariants
//!
//! - `server` knows `config`, `http` and `support` only; nothing but `app` and `cli` knows `server`.
//! - Only `server`, `leadconduit::delivery`, `cli`, `app` and the file loaders do I/O. Everything else is functions on
//!   values.
//! - Time, random numbers and ids come from `support` only; `clippy.toml` forbids other sources.
//! - A request sees one state of its sandbox. A change of anything but documents increments the sandbox's epoch;
//!   requests that began before it start again.
//! - Rule selection is deterministic: it depends on the seed and the request order, never on wall-clock time.
//! - A world is a value; copies share their documents. A write that fails or panics is rolled back. A document is
//!   validated when it is stored. Event documents are rendered on demand from a lead's trace; debug builds
//!   validate them on write.
//! - Outbound calls reach this machine and the hosts that were allowed at start, nothing else.
//! - Leads are prepared on a copy of the world and stored under the lock; what a preparation depends on is validated then.
//! - No lock is held across an await. An operation that needs an external response returns a pending call; the pipeline
//!   performs it unlocked and runs the operation again with the recorded response. Delays and wire faults are values
//!   that the server carries out.
//! - LeadConduit's errors are `{"error": ...}`; the mock's own errors are `application/problem+json`. They are never
//!   mixed.

// What only the command line uses.
#![cfg_attr(not(feature = "cli"), expect(dead_code, unused_imports, reason = "the command line uses it"))]

mod app;
#[cfg(feature = "cli")]
mod cli;
mod config;
mod contract;
mod control;
mod generate;
mod http;
mod leadconduit;
mod pipeline;
mod recording;
mod sandbox;
mod scenario;
mod server;
mod support;

pub use app::bootstrap::StartError;
pub use app::embed::{ControlError, MockSandbox, MockServer, MockServerBuilder};
#[cfg(feature = "cli")]
pub use cli::run;
pub use config::allowed_host::{AllowedHost, InvalidHost};
pub use config::intercept::{InterceptSettings, OtherHosts};
pub use config::limits::Limits;
pub use config::settings::{AdminToken, CorsPolicy, DeliverySettings, MockHeaders, RequestMode, Settings};
pub use config::tls::{InvalidTlsHost, TlsCertificate, TlsFiles, TlsHost, TlsSettings};
pub use contract::{ContractError, LoadError};
pub use contract_files::yaml::Diagnostic;
pub use leadconduit::operations::HandlerError;
pub use server::{AuthorityError, TlsError};
pub use support::clock::{Clock, ClockOutOfRange, InvalidClock, SignedDuration, Timestamp};

/// The types of a scenario file, as it is parsed: rules with their conditions and effects, the world, examples.
///
/// ```
/// use leadconduit_mock::scenario_file::{ScenarioFile, Source, WireFault};
///
/// let text = "\
/// version: 1
/// name: flaky-repair
/// description: Every second repair is cut off.
/// extends: healthy
/// rules:
///   - name: cut off
///     when: { operation: repair_connection, call: { every: 2 } }
///     then: { fault: CONNECTION_RESET_BY_PEER }
/// ";
/// let file: ScenarioFile = Source::new("flaky-repair.yaml", text).parse()?;
/// let rule = &file.rules[0];
/// assert_eq!(rule.when.operation.0, ["repair_connection"]);
/// assert_eq!(rule.when.call.map(|call| (call.from, call.every)), Some((2, 2)));
/// assert_eq!(rule.then.as_ref().and_then(|then| then.fault), Some(WireFault::ConnectionResetByPeer));
///
/// // A mistake is a diagnostic with its position and a hint.
/// let misspelt = Source::new("flaky-repair.yaml", text.replace("fault:", "fautl:"));
/// let diagnostic = misspelt.parse::<ScenarioFile>().unwrap_err().to_string();
/// assert!(diagnostic.contains("flaky-repair.yaml:8") && diagnostic.contains("fault"), "{diagnostic}");
/// # Ok::<(), leadconduit_mock::Diagnostic>(())
/// ```
pub mod scenario_file {
    pub use contract_files::yaml::Source;

    pub use crate::http::wire_fault::WireFault;
    pub use crate::scenario::history::{HistoryPlan, PlannedAccount, PlannedFlow};
    pub use crate::scenario::language::{
        AccountSpec, BodyCondition, CallRange, CallerCondition, ClockCondition, DripSpec, ExampleRequest, ExampleStep,
        ExpectedBody, ExpectedRange, ExpectedResponse, FlappingSpec, GenerateCounts, JsonDocument, KeySpec, OneOrMany,
        OperationWork, RateScope, RateSpec, RuleSpec, ScenarioExample, ScenarioFile, SsoSpec, SsoStatusName, StepSpec,
        TextCondition, TtlStart, WhenSpec, WorldSpec,
    };
    pub use crate::support::delay::Delay;
}

/// Request patterns, expectations about a client's requests, and their results: see [`MockServer::verify`].
pub mod verification {
    pub use crate::recording::journal::{Difference, RequestPattern, ValueDiagnostic};
    pub use crate::recording::verify::expectations::{Expectation, JournalRange, OtherRequests, Requirement};
    pub use crate::recording::verify::result::{ExpectationOutcome, ExpectationResult, NearestExchange};
    pub use crate::recording::verify::{Expectations, VerificationResult};
}

/// What this package's own tests and benches use besides the public interface. It has no stability promise: names and
/// signatures change without notice.
#[doc(hidden)]
pub mod internals {
    pub use crate::app::bootstrap::{build_pipeline, load};
    #[cfg(feature = "cli")]
    pub use crate::cli::definition as command_line;
    pub use crate::config::limits::DELIVER_TIMEOUT_MS_MAX;
    pub use crate::contract::fidelity::table as fidelity_table;
    pub use crate::contract::problem::ProblemType;
    pub use crate::contract::{Authentication, Backend, CompiledSchema, Contract, Operation, Route};
    pub use crate::generate::{Models, ValueGenerator};
    pub use crate::http::message::{Body, Request, Response};
    pub use crate::leadconduit::delivery::{OutboundResponse, RecipientModule};
    pub use crate::leadconduit::operations::{HandlerTable, Trigger};
    pub use crate::leadconduit::rules::{Condition, Dialect, check as check_rules};
    pub use crate::leadconduit::services::trustedform::certificate::TEST_IDS as TEST_CERTIFICATES;
    pub use crate::leadconduit::state::{Collection, World};
    pub use crate::leadconduit::templates::Template;
    pub use crate::leadconduit::types::{mask as mask_value, parse_value};
    pub use crate::pipeline::Pipeline;
    pub use crate::scenario::Library;
    pub use crate::scenario::built_in::{BuiltIn, FILES as BUILT_IN_SCENARIOS};
    pub use crate::scenario::rule::response_violations;
    pub use crate::support::document::text;
    pub use crate::support::ids::IdGenerator;
    pub use crate::support::rng::{Purpose, SeededRng};
    pub use contract_files::yaml::paragraphs;
}
