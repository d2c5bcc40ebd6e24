//! From settings to a server that is ready: load, check, build, bind. What can be wrong is found here.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::config::settings::Settings;
use crate::contract::{Contract, LoadError};
use crate::leadconduit::state::{Collection, events};
use crate::pipeline::{Pipeline, Policy};
use crate::sandbox::app_state::AppState;
use crate::scenario::{Library, Scenario};
use crate::server::Acceptor;
use crate::support::clock::Clock;
use contract_files::yaml::{Diagnostic, paragraphs};

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The contract cannot be used.
    #[error("the contract cannot be used\n\n{0}")]
    Contract(#[from] LoadError),
    /// Contract and behaviour do not fit together.
    #[error("the contract and what the mock can do do not fit together\n\n{}", .0.join("\n"))]
    Behaviour(Vec<String>),
    /// A scenario cannot be used.
    #[error("{}", paragraphs(.0))]
    Scenarios(Vec<Diagnostic>),
    /// Certificate or key cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
}

/// Everything that is loaded, ready to answer.
#[derive(Debug)]
pub struct Loaded {
    /// Answers requests.
    pub pipeline: Arc<Pipeline>,
    /// The scenario that sandboxes start in.
    pub scenario: Arc<Scenario>,
    /// The seed that is used.
    pub seed: u64,
    /// The clock that is used.
    pub clock: Clock,
    /// What is odd but no mistake.
    pub warnings: Vec<Diagnostic>,
}

/// The contract that the settings name.
pub fn contract(settings: &Settings) -> Result<Arc<Contract>, StartError> {
    let contract = match &settings.schemas {
        Some(folder) => Contract::read(folder)?,
        None => Contract::built_in()?,
    };
    Ok(Arc::new(contract))
}

/// The scenarios that the settings name, and warnings about them.
pub fn library(settings: &Settings, contract: &Arc<Contract>) -> Result<(Library, Vec<Diagnostic>), StartError> {
    let mut library = Library::built_in(Arc::clone(contract)).map_err(StartError::Scenarios)?;
    let mut warnings = Vec::new();
    if let Some(folder) = &settings.scenarios {
        warnings = library.read(folder).map_err(StartError::Scenarios)?;
    }
    Ok((library, warnings))
}

/// Loads everything that answering needs.
pub fn load(settings: &Settings) -> Result<Loaded, StartError> {
    let contract = contract(settings)?;
    let played = play(settings, &contract)?;
    // What requests and writes are checked with is compiled while the first requests arrive; one that comes sooner
    // compiles what it needs. A contract from a folder was compiled whole when it was read, so nothing can go wrong
    // here that its author should hear of before the server stands.
    std::thread::spawn(move || {
        let models = Collection::ALL.iter().map(|collection| collection.model());
        let prepared = contract
            .prepare_requests()
            .and_then(|()| contract.prepare_models(models.chain(["Account", events::MODEL])));
        if let Err(errors) = prepared {
            tracing::error!("a bug of the mock: {}", errors.join("; "));
        }
    });
    Ok(played)
}

/// The scenarios, and a pipeline at the start of the one that the settings name.
fn play(settings: &Settings, contract: &Arc<Contract>) -> Result<Loaded, StartError> {
    let (library, warnings) = library(settings, contract)?;
    let library = Arc::new(library);
    let scenario = library.get(&settings.scenario).map_err(StartError::Scenarios)?;
    let pipeline = pipeline(settings, contract, &library, &scenario)?;
    let world = pipeline.stage.world();
    Ok(Loaded { pipeline: Arc::new(pipeline), scenario, seed: world.seed(), clock: world.clock, warnings })
}

/// A pipeline at the start of a scenario.
pub fn pipeline(
    settings: &Settings,
    contract: &Arc<Contract>,
    library: &Arc<Library>,
    scenario: &Arc<Scenario>,
) -> Result<Pipeline, StartError> {
    let stage = AppState::new(Arc::clone(contract), Arc::clone(library), scenario, settings);
    let stage = stage.map_err(|error| StartError::Scenarios(vec![error]))?;
    Pipeline::new(Arc::new(stage), Policy::from(settings)).map_err(StartError::Behaviour)
}

/// Binds the address. The listener accepts from then on, even before it is served.
pub async fn bind(settings: &Settings) -> Result<(TcpListener, Option<Acceptor>), StartError> {
    let acceptor = settings.tls.as_ref().map(Acceptor::new).transpose().map_err(StartError::Tls)?;
    let address = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(address).await.map_err(|error| StartError::Bind { address, error })?;
    Ok((listener, acceptor))
}
