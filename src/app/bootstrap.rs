//! Start of a server: loads contract and scenarios, builds the pipeline, binds the address. Every error of the
//! configuration is found here, before the first request.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::config::settings::Settings;
use crate::contract::{Contract, LoadError};
use crate::leadconduit::operations::HandlerError;
use crate::pipeline::{Pipeline, Policy};
use crate::sandbox::app_state::AppState;
use crate::scenario::{Library, Scenario};
use crate::server::{TlsAcceptor, TlsError};
use crate::support::clock::Clock;
use crate::support::error_list::join;
use contract_files::yaml::{Diagnostic, paragraphs};

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The contract is not valid.
    #[error("the contract is not valid\n\n{0}")]
    Contract(#[from] LoadError),
    /// The contract and the table of operation handlers differ.
    #[error("the contract does not match the operations that the mock implements\n\n{}", join(.0, "\n"))]
    Operations(Vec<HandlerError>),
    /// A scenario is not valid, or does not exist.
    #[error("{}", paragraphs(.0))]
    Scenarios(Vec<Diagnostic>),
    /// Certificate or key cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// The scenario files cannot be watched for changes.
    #[error("{}: cannot be watched: {error}", path.display())]
    Watch {
        /// The file or folder of the scenarios.
        path: PathBuf,
        /// The error of the watcher.
        #[source]
        error: std::io::Error,
    },
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address that is in use or not available.
        address: SocketAddr,
        /// The error of the operating system.
        #[source]
        error: std::io::Error,
    },
    /// The handlers of SIGINT and SIGTERM cannot be installed.
    #[error("the handlers of SIGINT and SIGTERM cannot be installed: {0}")]
    Signals(#[source] std::io::Error),
    /// The asynchronous runtime of an embedded server cannot be created.
    #[error("the runtime of the server cannot be created: {0}")]
    Runtime(#[source] std::io::Error),
    /// The thread of an embedded server panicked before the server was ready.
    #[error("the thread of the server ended before it was ready")]
    ThreadEnded,
}

impl StartError {
    /// True for a failure of the system that no file or setting causes.
    #[must_use]
    pub fn is_of_system(&self) -> bool {
        matches!(self, Self::Signals(_) | Self::Runtime(_) | Self::ThreadEnded | Self::Watch { .. })
    }
}

/// Contract, scenarios and pipeline, ready to handle requests.
#[derive(Debug)]
pub struct LoadedApp {
    /// Turns requests into responses.
    pub pipeline: Arc<Pipeline>,
    /// The initial scenario of every sandbox.
    pub scenario: Arc<Scenario>,
    /// The effective seed.
    pub seed: u64,
    /// The effective clock.
    pub clock: Clock,
    /// Suspicious parts of scenario files that are not errors.
    pub warnings: Vec<Diagnostic>,
}

/// Loads the contract of the settings, or the built-in one.
///
/// # Errors
/// [`StartError::Contract`].
pub fn load_contract(settings: &Settings) -> Result<Arc<Contract>, StartError> {
    let contract = match &settings.schemas {
        Some(folder) => Contract::read(folder)?,
        None => Contract::built_in()?,
    };
    Ok(Arc::new(contract))
}

/// Loads the built-in scenarios and those of the settings, with warnings about the latter.
///
/// # Errors
/// [`StartError::Scenarios`].
pub fn load_library(settings: &Settings, contract: &Arc<Contract>) -> Result<(Library, Vec<Diagnostic>), StartError> {
    let mut library = Library::built_in(Arc::clone(contract)).map_err(StartError::Scenarios)?;
    let mut warnings = Vec::new();
    if let Some(folder) = &settings.scenarios {
        warnings = library.read(folder).map_err(StartError::Scenarios)?;
    }
    Ok((library, warnings))
}

/// Loads contract and scenarios, and builds the pipeline.
///
/// # Errors
/// [`StartError::Contract`], [`StartError::Operations`] or [`StartError::Scenarios`].
pub fn load(settings: &Settings) -> Result<LoadedApp, StartError> {
    // Schemas of the built-in contract are compiled by the first request that needs them: tests have checked all of them,
    // and a server that is idle, or used for a part of the API, does without the others. A contract from a folder was
    // compiled completely, so that its errors were reported.
    build_app(settings, &load_contract(settings)?)
}

/// Loads the scenarios, and builds a pipeline in the initial state of the configured one.
fn build_app(settings: &Settings, contract: &Arc<Contract>) -> Result<LoadedApp, StartError> {
    let (library, warnings) = load_library(settings, contract)?;
    let library = Arc::new(library);
    let scenario = library.get(&settings.scenario).map_err(StartError::Scenarios)?;
    let pipeline = build_pipeline(settings, contract, &library, &scenario)?;
    let world = pipeline.state.world();
    Ok(LoadedApp { pipeline: Arc::new(pipeline), scenario, seed: world.seed(), clock: world.clock, warnings })
}

/// Builds a pipeline in the initial state of a scenario.
///
/// # Errors
/// [`StartError::Scenarios`] or [`StartError::Operations`].
pub fn build_pipeline(
    settings: &Settings,
    contract: &Arc<Contract>,
    library: &Arc<Library>,
    scenario: &Arc<Scenario>,
) -> Result<Pipeline, StartError> {
    let state = AppState::new(Arc::clone(contract), Arc::clone(library), scenario, settings);
    let state = state.map_err(|error| StartError::Scenarios(vec![error]))?;
    Pipeline::new(Arc::new(state), Policy::from(settings)).map_err(StartError::Operations)
}

/// Binds the address and loads the certificate. The system queues connections from then on.
///
/// # Errors
/// [`StartError::Tls`] or [`StartError::Bind`].
pub async fn bind(settings: &Settings) -> Result<(TcpListener, Option<TlsAcceptor>), StartError> {
    let acceptor = settings.tls.as_ref().map(|tls| TlsAcceptor::new(tls, settings.host)).transpose()?;
    let address = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(address).await.map_err(|error| StartError::Bind { address, error })?;
    Ok((listener, acceptor))
}
