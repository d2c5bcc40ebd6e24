//! Generated flows, and the history of the leads that ran through them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::documents::{DocumentStore, GeneratedDocument, Timestamps, custom_entity, timestamps};
use crate::generate::ValueGenerator;
use crate::leadconduit::state::{Collection, World};
use crate::scenario::history::{
    GeneratedHistory, HistoryPlan, PlannedAccount, PlannedEntity, PlannedFlow, PlannedStep,
};
use crate::scenario::language::GenerateCounts;
use crate::support::clock::Timestamp;
use crate::support::document::text;

/// The most steps of a flow.
const STEPS_MAX: u32 = 20;

/// The most events of a generated lead: one for each step, and one of the source.
pub(in crate::scenario) const EVENTS_PER_LEAD_MAX: u32 = STEPS_MAX + 1;

/// The number of flows that share a source and a recipient.
const FLOWS_PER_ENTITY: usize = 10;

/// The markets that flows are named after.
const MARKETS: [&str; 8] = [
    "Auto insurance",
    "Home solar",
    "Mortgage refinance",
    "Home security",
    "Life insurance",
    "Roofing",
    "Debt relief",
    "Online degrees",
];

/// Generates flows, deployed as saved, and the entities that sell to them and buy from them.
pub(super) fn generate(
    generator: &mut ValueGenerator<'_>,
    counts: GenerateCounts,
    now: Timestamp,
    documents: &mut DocumentStore<'_>,
) -> Vec<PlannedFlow> {
    // Each step of a flow leaves one event of a lead, and the source leaves one at the end.
    let steps = counts.events.div_ceil(counts.leads.max(1)).saturating_sub(1).clamp(2, STEPS_MAX);
    let mut planned: Vec<PlannedFlow> = Vec::new();
    let (mut seller, mut buyer) = (None, None);
    for index in 0..counts.flows {
        let index = usize::try_from(index).unwrap_or(0);
        if index.is_multiple_of(FLOWS_PER_ENTITY) {
            seller = Some(generate_entity(generator, true, now, documents));
            buyer = Some(generate_entity(generator, false, now, documents));
        }
        let (Some(seller), Some(buyer)) = (&seller, &buyer) else { break };
        let (document, flow) = generate_flow(generator, MARKETS[index % MARKETS.len()], seller, buyer, steps, now);
        documents.push(GeneratedDocument::Owned(Collection::Flows, document));
        planned.push(flow);
    }
    planned
}

/// Adds the history of generated flows to an account.
pub(super) fn add_history(
    world: &mut World,
    account: &str,
    account_document: &Value,
    counts: GenerateCounts,
    flows: Vec<PlannedFlow>,
    now: Timestamp,
) {
    let number = world.account(account).map_or(0, |account| account.events().histories().count());
    let plan = HistoryPlan {
        seed: world.seed(),
        number: u32::try_from(number).unwrap_or(u32::MAX),
        until: now,
        leads: counts.leads,
        events: counts.events,
        account: PlannedAccount {
            id: text(account_document, "id").to_owned(),
            sso_id: text(account_document, "sso_id").to_owned(),
            name: text(account_document, "name").to_owned(),
        },
        flows,
    };
    world.add_history(account, Arc::new(GeneratedHistory::new(plan)));
}

fn generate_entity(
    generator: &mut ValueGenerator<'_>,
    is_seller: bool,
    now: Timestamp,
    documents: &mut DocumentStore<'_>,
) -> PlannedEntity {
    let entity = custom_entity(generator, is_seller, now);
    let planned = PlannedEntity { id: text(&entity, "id").to_owned(), name: text(&entity, "name").to_owned() };
    documents.push(GeneratedDocument::Owned(Collection::Entities, entity));
    planned
}

fn generate_flow(
    generator: &mut ValueGenerator<'_>,
    market: &str,
    seller: &PlannedEntity,
    buyer: &PlannedEntity,
    steps: u32,
    now: Timestamp,
) -> (Value, PlannedFlow) {
    let Timestamps { id, created_at, updated_at } = timestamps(generator, now);
    let (state, price) = (generator.state(), generator.dollars(8, 60));
    let name = format!("{market}, {state}");
    let mut planned = PlannedFlow { id, name, source: seller.clone(), price, steps: Vec::new() };
    let mut flow_steps = Vec::new();
    for index in 0..steps {
        let id = generator.short_id();
        // The first quarter are filters, the others recipients.
        let is_filter = index < steps / 4;
        flow_steps.push(if is_filter {
            let rule = json!({"id": generator.short_id(), "lhv": "lead.email", "op": "is blank"});
            let rule_set = json!({"id": generator.short_id(), "op": "and", "rules": [rule]});
            json!({"id": id, "type": "filter", "enabled": true, "outcome": "failure", "reason": "No e-mail address", "rule_set": rule_set})
        } else {
            let integration = json!({"module_id": "leadconduit-default.outbound", "mappings": []});
            json!({"id": id, "type": "recipient", "enabled": true, "entity": buyer, "integration": integration})
        });
        planned.steps.push(PlannedStep { id, recipient: (!is_filter).then(|| buyer.clone()) });
    }
    let source = json!({
        "id": generator.short_id(),
        "enabled": true,
        "entity": seller,
        "integration": {"module_id": "leadconduit-default.inbound", "mappings": []},
        "pricing": {"prices": [{"amount": planned.price}]},
    });
    let cap = json!({
        "id": generator.id(), "type": "volume", "name": "Leads in a month", "maximum": 100_000, "duration": 1,
        "duration_units": "month", "created_at": created_at,
    });
    let flow = json!({
        "id": planned.id,
        "name": planned.name,
        "enabled": true,
        "fields": ["first_name", "last_name", "email", "phone_1", "address_1", "city", "state", "postal_code"],
        "caps": [cap],
        "sources": [source],
        "steps": flow_steps,
        "created_at": created_at,
        "updated_at": updated_at,
    });
    (flow, planned)
}
