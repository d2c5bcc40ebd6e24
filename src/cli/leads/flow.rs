//! Loads the flow for which leads are generated, with its fields and sources, from a scenario or a running server.

use std::fmt::Write as _;
use std::sync::Arc;

use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::api_client::ApiClient;
use super::args::LeadsArgs;
use crate::app::bootstrap::{self, StartError};
use crate::cli::client::{self, ClientResponse};
use crate::cli::error::CliError;
use crate::cli::output::table;
use crate::config::limits::LEADS_LISTED_MAX;
use crate::config::settings::Settings;
use crate::contract::standard::StandardCollection;
use crate::generate::LeadField;
use crate::leadconduit::state::Collection;
use crate::sandbox::app_state::AppState;
use crate::support::document::{Document, items, text};

/// A flow, as far as leads need it.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) id: String,
    pub(super) name: String,
    /// The fields that the flow collects.
    pub(super) fields: Vec<LeadField>,
    sources: Vec<Source>,
}

/// A source of a flow.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The id in submission URLs, which is that of the entity.
    pub(super) id: String,
    /// The entity's name.
    pub(super) name: String,
    /// Whether submissions need an API key of the account.
    pub(super) needs_key: bool,
    short_id: String,
}

impl Source {
    fn from_document(source: &Value) -> Self {
        let entity = &source["entity"];
        let short_id = text(source, "id").to_owned();
        let id = Some(text(entity, "id")).filter(|id| !id.is_empty()).unwrap_or(&short_id).to_owned();
        let name = Some(text(entity, "name")).filter(|name| !name.is_empty()).unwrap_or(&id).to_owned();
        Self { name, needs_key: source["authentication_required"] == true, id, short_id }
    }
}

impl Flow {
    fn from_document(flow: &Value, fields: impl Iterator<Item = LeadField>) -> Result<Self, CliError> {
        let (id, name) = (text(flow, "id").to_owned(), text(flow, "name").to_owned());
        let fields: Vec<LeadField> = fields.collect();
        if fields.is_empty() {
            return Err(CliError::Usage(format!("the flow {name} ({id}) has no fields, so no leads can be generated")));
        }
        Ok(Self { id, name, fields, sources: items(flow, "sources").iter().map(Source::from_document).collect() })
    }

    /// The source with this id, or the only one.
    ///
    /// # Errors
    /// There is no such source, or there are several and no id; lists the sources.
    pub(super) fn source(&self, id: Option<&str>) -> Result<&Source, CliError> {
        let name = &self.name;
        let source = match (id, self.sources.as_slice()) {
            (_, []) => {
                return Err(CliError::Usage(format!("the flow {name} has no source, so it accepts no submissions")));
            }
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(id), all) => {
                let by_entity = all.iter().find(|source| source.id.eq_ignore_ascii_case(id));
                by_entity.or_else(|| all.iter().find(|source| source.short_id == id))
            }
        };
        source.ok_or_else(|| {
            let problem = match id {
                Some(id) => format!("the flow {name} has no source {id}"),
                None => format!("the flow {name} has several sources; choose one with --source ID"),
            };
            let rows = self.sources.iter().map(|source| [source.id.as_str(), &source.name]);
            CliError::Usage(format!("{problem}; there are:\n{}", list_rows(rows)))
        })
    }

    /// Checks that the flow has a field.
    ///
    /// # Errors
    /// The most similar field, and all fields.
    pub(super) fn check_field(&self, id: &str) -> Result<(), CliError> {
        if self.fields.iter().any(|field| field.id == id) {
            return Ok(());
        }
        let similar = self.fields.iter().map(|field| (strsim::jaro_winkler(&field.id, id), field));
        let nearest = similar.filter(|(similarity, _)| *similarity > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b));
        let hint = nearest.map(|(_, field)| format!("; did you mean {}?", field.id)).unwrap_or_default();
        let all: Vec<&str> = self.fields.iter().take(LEADS_LISTED_MAX).map(|field| field.id.as_str()).collect();
        let more = if self.fields.len() > LEADS_LISTED_MAX { ", ..." } else { "" };
        Err(CliError::Usage(format!(
            "--set {id}: the flow {} has no such field{hint}\nits fields are {}{more}",
            self.name,
            all.join(", ")
        )))
    }
}

/// A table of ids and names for the end of a message, without a final line break.
fn list_rows<'a>(rows: impl Iterator<Item = [&'a str; 2]>) -> String {
    let rows: Vec<[&str; 2]> = rows.collect();
    let shown = rows.iter().take(LEADS_LISTED_MAX).map(|[id, name]| vec![format!("  {id}"), (*name).to_owned()]);
    let mut text = table(&shown.collect::<Vec<_>>());
    if rows.len() > LEADS_LISTED_MAX {
        let _ = write!(text, "  and {} more", rows.len() - LEADS_LISTED_MAX);
    }
    text.trim_end().to_owned()
}

/// The error for a missing or unknown flow, with a list of the flows. `location` is such as `on URL`.
fn flow_not_found<'a>(id: Option<&str>, location: &str, flows: impl Iterator<Item = [&'a str; 2]>) -> CliError {
    let flows = list_rows(flows);
    let problem = match id {
        Some(id) => format!("there is no flow {id} {location}"),
        None => "choose a flow with --flow ID".to_owned(),
    };
    CliError::Usage(if flows.is_empty() {
        format!("{problem}; there are no flows {location}")
    } else {
        format!("{problem}; the flows {location}:\n{flows}")
    })
}

/// Loads the flow from the world of a scenario.
///
/// # Errors
/// The scenario is not valid, or has no such flow.
pub(super) fn load_from_scenario(args: &LeadsArgs) -> Result<Flow, CliError> {
    let settings = Settings {
        scenario: args.scenario.clone(),
        scenarios: args.input.scenarios.clone(),
        schemas: args.input.schemas.clone(),
        ..Settings::default()
    };
    let contract = bootstrap::load_contract(&settings)?;
    let (library, _) = bootstrap::load_library(&settings, &contract)?;
    let scenario = library.get(&settings.scenario).map_err(StartError::Scenarios)?;
    let state = AppState::new(contract, Arc::new(library), &scenario, &settings);
    let world = state.map_err(|diagnostic| StartError::Scenarios(vec![diagnostic]))?.world();
    let found = args
        .flow
        .as_deref()
        .and_then(|id| world.accounts().find_map(|(_, account)| Some((account, account.get(Collection::Flows, id)?))));
    let Some((account, flow)) = found else {
        let flows: Vec<&Arc<Document>> =
            world.accounts().flat_map(|(_, account)| account.all(Collection::Flows).values()).collect();
        let rows = flows.iter().map(|flow| [text(flow.value(), "id"), text(flow.value(), "name")]);
        return Err(flow_not_found(args.flow.as_deref(), &format!("in the scenario {}", args.scenario), rows));
    };
    let field = |id: &str| {
        let own = account.get(Collection::Fields, id);
        LeadField::from_document(own.or_else(|| world.standard().get(StandardCollection::Fields, id))?.value())
    };
    Flow::from_document(flow.value(), items(flow.value(), "fields").iter().filter_map(Value::as_str).filter_map(field))
}

/// Loads the flow from a running server.
///
/// # Errors
/// The server cannot be reached, rejects the key, or has no such flow.
pub(super) async fn load_from_server(args: &LeadsArgs, client: &ApiClient) -> Result<Flow, CliError> {
    let Some(id) = args.flow.as_deref() else { return Err(unknown_flow(None, client).await) };
    let path = format!("/flows/{}", utf8_percent_encode(id, NON_ALPHANUMERIC));
    let flow = match get(client, &path).await? {
        Ok(flow) => flow,
        // LeadConduit returns 400 for a malformed id.
        Err(response) if [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&response.status) => {
            return Err(unknown_flow(Some(id), client).await);
        }
        Err(response) => return Err(error_response(client, &path, &response)),
    };
    let path = format!("{path}/fields");
    let fields = get(client, &path).await?.map_err(|response| error_response(client, &path, &response))?;
    Flow::from_document(&flow, fields.as_array().into_iter().flatten().filter_map(LeadField::from_document))
}

/// The error for a missing or unknown flow, with the flows of the server.
async fn unknown_flow(id: Option<&str>, client: &ApiClient) -> CliError {
    match get(client, "/flows").await {
        Ok(Ok(flows)) => {
            let flows = flows.as_array().into_iter().flatten();
            flow_not_found(id, &format!("on {}", client.url), flows.map(|flow| [text(flow, "id"), text(flow, "name")]))
        }
        Ok(Err(response)) => error_response(client, "/flows", &response),
        Err(error) => error,
    }
}

/// The document at a path, or `Ok(Err)` with a response of another status.
async fn get(client: &ApiClient, path: &str) -> Result<Result<Value, ClientResponse>, CliError> {
    let response = client.get(path).await.map_err(|error| error.at(&client.url))?;
    if response.status != StatusCode::OK {
        return Ok(Err(response));
    }
    let document = serde_json::from_slice(&response.body);
    Ok(Ok(document.map_err(|_| client::unexpected_response(&client.url, response.status))?))
}

fn error_response(client: &ApiClient, path: &str, response: &ClientResponse) -> CliError {
    if response.status == StatusCode::UNAUTHORIZED {
        let url = &client.url;
        return CliError::Server(format!("{url} rejects the key; choose one that can read flows with --key KEY"));
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let reason = ["error", "detail", "message"].iter().find_map(|name| client::text_field(&body, name));
    match reason {
        Some(reason) => {
            CliError::Server(format!("{}{path} returned {}: {reason}", client.url, response.status.as_u16()))
        }
        None => client::unexpected_response(&client.url, response.status),
    }
}
