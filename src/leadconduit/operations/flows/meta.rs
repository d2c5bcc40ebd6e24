//! The data of a source's submission docs.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::super::{crud, fields};
use crate::contract::standard::StandardCollection;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::ReadContext;
use crate::leadconduit::flow_model::{Flow, Source};
use crate::leadconduit::response::{OperationResponse, OperationResult};
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, items, text};

/// The only module that accepts pings according to the documentation.
const PINGABLE_MODULE: &str = "leadconduit-default.inbound";

pub(crate) fn get(context: &ReadContext<'_>) -> OperationResult {
    let document = crud::find(context, Collection::Flows, context.input.path("flow_id"))?;
    let (typed, flow) = (Flow::of(document), document.value());
    let index = typed.find_source(context.input.path("source_id"));
    let source = index.and_then(|index| Some((typed.sources.get(index)?, items(flow, "sources").get(index)?)));
    let (typed_source, source) = source.ok_or_else(|| ApiError::new(404, "source not found"))?;
    let account: &Account = context.account()?;
    let mut meta = json!({
        "enabled": flow.get("enabled") != Some(&Value::Bool(false)) && typed_source.is_enabled,
        "account": id_and_name(account.document().value()),
        "flow": id_and_name(flow),
        "source": {
            "id": text(&source["entity"], "id"),
            "name": text(&source["entity"], "name"),
            "authentication_required": typed_source.requires_key,
        },
        "params": render_params(context, typed, typed_source)?,
        "pingable": text(&source["integration"], "module_id") == PINGABLE_MODULE,
        "ping_enabled": typed.accepts_pings,
        "updated_at": flow["updated_at"],
        // Only the owner of the flow reaches this point.
        "authorized_account": true,
        "hours_of_operation": flow.get("hours_of_operation").cloned().unwrap_or_else(|| json!({})),
        "flow_acceptance_criteria": flow.get("acceptance_criteria").cloned().unwrap_or_else(|| json!({})),
        "flow_pricing": flow.get("pricing"),
        "source_pricing": source.get("pricing"),
    });
    let parts = [
        ("acceptance_criteria", source.get("acceptance_criteria")),
        ("flow_pricing_service", flow.get("pricing_service")),
        ("source_pricing_service", source.get("pricing_service")),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            meta[name] = part.clone();
        }
    }
    Ok(OperationResponse::ok(&meta))
}

fn id_and_name(document: &Value) -> Value {
    json!({"id": document["id"], "name": document["name"]})
}

/// The parameters of a submission: the fields of the flow.
fn render_params(context: &ReadContext<'_>, flow: &Flow, source: &Source) -> Result<Vec<Value>, ApiError> {
    let criteria = flow.criteria.iter().chain(&source.criteria);
    let required_variables: HashSet<&str> = criteria.flat_map(|criteria| criteria.rules.required_variables()).collect();
    let fields = fields::find_all(context, flow.fields.iter().map(|field| field.id.as_str()))?;
    Ok(fields.into_iter().map(|field| render_param(context, field, &required_variables)).collect())
}

fn render_param(context: &ReadContext<'_>, field: &Document, required_variables: &HashSet<&str>) -> Value {
    let id = field.text("id").unwrap_or_default();
    let kind = field.text("type").unwrap_or_default();
    let is_required = required_variables.iter().any(|name| {
        // A rule can refer to a component of the value, such as `lead.phone_1.area`.
        name.strip_prefix("lead.")
            .and_then(|name| name.strip_prefix(id))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    let mut render_param = Map::new();
    let mut put = |name: &str, value: Value| render_param.insert(name.to_owned(), value);
    put("name", id.into());
    put("label", field.text("name").unwrap_or(id).into());
    if let Some(description) = field.text("description") {
        put("description", description.into());
    }
    put("type", kind.into());
    put("required", if is_required { "yes" } else { "no" }.into());
    put("variable", id.into());
    let examples =
        context.standard().get(StandardCollection::Types, kind).and_then(|kind| kind.value().get("examples"));
    put("examples", examples.cloned().unwrap_or_else(|| json!([])));
    Value::Object(render_param)
}
