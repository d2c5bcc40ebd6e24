//! The flow that leads are made for: its fields, and the sources that may submit. A running server knows it, or a
//! scenario's world.

use std::fmt::Write as _;
use std::sync::Arc;

use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::super::Failure;
use super::super::client::{self, Answer};
use super::api::Api;
use super::{LeadsArgs, unreached};
use crate::app::bootstrap;
use crate::app::bootstrap::StartError;
use crate::config::settings::Settings;
use crate::contract::standard::Kind;
use crate::generate::LeadField;
use crate::leadconduit::state::Collection;
use crate::sandbox::app_state::AppState;
use crate::support::document::{Document, items, text};

/// How many flows, sources or fields a message lists.
const LISTED_MAX: usize = 30;

/// A flow.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// What it collects.
    pub(super) fields: Vec<LeadField>,
    sources: Vec<Source>,
}

/// A source of a flow.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The id that posting addresses have: its entity's.
    pub(super) id: String,
    /// The entity's name.
    pub(super) name: String,
    /// Whether only its own account may submit.
    pub(super) needs_key: bool,
    short_id: String,
}

impl Source {
    fn of(source: &Value) -> Self {
        let entity = &source["entity"];
        let short_id = text(source, "id").to_owned();
        let id = Some(text(entity, "id")).filter(|id| !id.is_empty()).unwrap_or(&short_id).to_owned();
        let name = Some(text(entity, "name")).filter(|name| !name.is_empty()).unwrap_or(&id).to_owned();
        Self { name, needs_key: source["authentication_required"] == true, id, short_id }
    }
}

impl Flow {
    fn of(flow: &Value, fields: impl Iterator<Item = LeadField>) -> Result<Self, Failure> {
        let (id, name) = (text(flow, "id").to_owned(), text(flow, "name").to_owned());
        let fields: Vec<LeadField> = fields.collect();
        if fields.is_empty() {
            return Err(Failure::Usage(format!(
                "the flow {name} ({id}) collects no fields, so there is nothing to make"
            )));
        }
        Ok(Self { id, name, fields, sources: items(flow, "sources").iter().map(Source::of).collect() })
    }

    /// The source of this id, or the only one.
    pub(super) fn source(&self, wanted: Option<&str>) -> Result<&Source, Failure> {
        let name = &self.name;
        let one = match (wanted, self.sources.as_slice()) {
            (_, []) => {
                return Err(Failure::Usage(format!("the flow {name} has no source, so nobody can submit to it")));
            }
            (None, [one]) => Some(one),
            (None, _) => None,
            (Some(id), all) => {
                let by_entity = all.iter().find(|source| source.id.eq_ignore_ascii_case(id));
                by_entity.or_else(|| all.iter().find(|source| source.short_id == id))
            }
        };
        one.ok_or_else(|| {
            let problem = match wanted {
                Some(id) => format!("the flow {name} has no source {id}"),
                None => format!("the flow {name} has several sources; say which one submits with --source ID"),
            };
            let rows = self.sources.iter().map(|source| [source.id.as_str(), &source.name]);
            Failure::Usage(format!("{problem}; there are:\n{}", listed(rows)))
        })
    }

    /// Says which field was meant when the flow has none of this id.
    pub(super) fn check_field(&self, id: &str) -> Result<(), Failure> {
        if self.fields.iter().any(|field| field.id == id) {
            return Ok(());
        }
        let near = self.fields.iter().map(|field| (strsim::jaro_winkler(&field.id, id), field));
        let near = near.filter(|(likeness, _)| *likeness > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b));
        let hint = near.map(|(_, field)| format!("; did you mean {}?", field.id)).unwrap_or_default();
        let all: Vec<&str> = self.fields.iter().take(LISTED_MAX).map(|field| field.id.as_str()).collect();
        let more = if self.fields.len() > LISTED_MAX { ", ..." } else { "" };
        Err(Failure::Usage(format!(
            "--set {id}: the flow {} collects no such field{hint}\nit collects {}{more}",
            self.name,
            all.join(", ")
        )))
    }
}

/// Ids and names below a message, which ends without a line break.
fn listed<'a>(rows: impl Iterator<Item = [&'a str; 2]>) -> String {
    let rows: Vec<[&str; 2]> = rows.collect();
    let shown = rows.iter().take(LISTED_MAX).map(|[id, name]| vec![format!("  {id}"), (*name).to_owned()]);
    let mut text = super::super::table(&shown.collect::<Vec<_>>());
    if rows.len() > LISTED_MAX {
        let _ = write!(text, "  and {} more", rows.len() - LISTED_MAX);
    }
    text.trim_end().to_owned()
}

/// That there is no such flow, or none was named, and which there are.
fn no_flow<'a>(wanted: Option<&str>, place: &str, flows: impl Iterator<Item = [&'a str; 2]>) -> Failure {
    let flows = listed(flows);
    let problem = match wanted {
        Some(id) => format!("there is no flow {id} {place}"),
        None => "say whose fields are to be filled with --flow ID".to_owned(),
    };
    Failure::Usage(if flows.is_empty() {
        format!("{problem}; there are no flows {place}")
    } else {
        format!("{problem}; the flows {place}:\n{flows}")
    })
}

/// The flow in a scenario's world.
pub(super) fn offline(args: &LeadsArgs) -> Result<Flow, Failure> {
    let settings = Settings {
        scenario: args.scenario.clone(),
        scenarios: args.input.scenarios.clone(),
        schemas: args.input.schemas.clone(),
        ..Settings::default()
    };
    let contract = bootstrap::contract(&settings)?;
    let (library, _) = bootstrap::library(&settings, &contract)?;
    let scenario = library.get(&settings.scenario).map_err(StartError::Scenarios)?;
    let stage = AppState::new(contract, Arc::new(library), &scenario, &settings);
    let world = stage.map_err(|mistake| StartError::Scenarios(vec![mistake]))?.world();
    let found = args
        .flow
        .as_deref()
        .and_then(|id| world.accounts().find_map(|(_, account)| Some((account, account.get(Collection::Flows, id)?))));
    let Some((account, flow)) = found else {
        let flows: Vec<&Arc<Document>> =
            world.accounts().flat_map(|(_, account)| account.all(Collection::Flows).values()).collect();
        let rows = flows.iter().map(|flow| [text(flow.value(), "id"), text(flow.value(), "name")]);
        return Err(no_flow(args.flow.as_deref(), &format!("in the scenario {}", args.scenario), rows));
    };
    let field = |id: &str| {
        let own = account.get(Collection::Fields, id);
        LeadField::of(own.or_else(|| world.standard().get(Kind::Fields, id))?.value())
    };
    Flow::of(flow.value(), items(flow.value(), "fields").iter().filter_map(Value::as_str).filter_map(field))
}

/// The flow as a running server knows it.
pub(super) async fn online(args: &LeadsArgs, api: &Api) -> Result<Flow, Failure> {
    let Some(id) = args.flow.as_deref() else { return Err(others(None, api).await) };
    let path = format!("/flows/{}", utf8_percent_encode(id, NON_ALPHANUMERIC));
    let flow = match ask(api, &path).await? {
        Ok(flow) => flow,
        // An id that is none is a bad request.
        Err(answer) if [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&answer.status) => {
            return Err(others(Some(id), api).await);
        }
        Err(answer) => return Err(refused(api, &path, &answer)),
    };
    let path = format!("{path}/fields");
    let fields = ask(api, &path).await?.map_err(|answer| refused(api, &path, &answer))?;
    Flow::of(&flow, fields.as_array().into_iter().flatten().filter_map(LeadField::of))
}

/// The flows there are, in place of the one that is not.
async fn others(wanted: Option<&str>, api: &Api) -> Failure {
    match ask(api, "/flows").await {
        Ok(Ok(flows)) => {
            let flows = flows.as_array().into_iter().flatten();
            no_flow(wanted, &format!("on {}", api.url), flows.map(|flow| [text(flow, "id"), text(flow, "name")]))
        }
        Ok(Err(answer)) => refused(api, "/flows", &answer),
        Err(failure) => failure,
    }
}

/// A document, or an answer that has none.
async fn ask(api: &Api, path: &str) -> Result<Result<Value, Answer>, Failure> {
    let answer = api.get(path).await.map_err(|why| unreached(&api.url, &why))?;
    if answer.status != StatusCode::OK {
        return Ok(Err(answer));
    }
    let document = serde_json::from_slice(&answer.body);
    Ok(Ok(document.map_err(|_| Failure::Server(client::not_a_mock(&api.url, answer.status)))?))
}

fn refused(api: &Api, path: &str, answer: &Answer) -> Failure {
    if answer.status == StatusCode::UNAUTHORIZED {
        let url = &api.url;
        return Failure::Server(format!("{url} does not take the key; give one that may read flows with --key KEY"));
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let why = ["error", "detail", "message"].iter().find_map(|name| client::text(&body, name));
    Failure::Server(match why {
        Some(why) => format!("{}{path} answered {}: {why}", api.url, answer.status.as_u16()),
        None => client::not_a_mock(&api.url, answer.status),
    })
}
