//! Flows that are made up, and the past of the leads that ran through them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Made, Timestamps, custom_entity, life};
use crate::generate::Maker;
use crate::leadconduit::state::{Collection, World};
use crate::scenario::history::{History, Plan, PlannedAccount, PlannedFlow, PlannedParty, PlannedStep};
use crate::scenario::language::GeneratePart;
use crate::support::clock::Timestamp;
use crate::support::document::text;

/// How many steps a flow has at most.
const STEPS_MAX: u32 = 20;

/// How many flows share a source and a recipient.
const FLOWS_PER_PARTY: usize = 10;

/// What is bought and sold.
const TRADES: [&str; 8] = [
    "Auto insurance",
    "Home solar",
    "Mortgage refinance",
    "Home security",
    "Life insurance",
    "Roofing",
    "Debt relief",
    "Online degrees",
];

/// Flows, live as they are saved, and who they need: sellers and buyers.
pub(super) fn flows(
    maker: &mut Maker<'_>,
    counts: GeneratePart,
    now: Timestamp,
    made: &mut Vec<Made>,
) -> Vec<PlannedFlow> {
    // A past of so many events for each lead needs flows of so many steps; the lead's own end is an event too.
    let steps = counts.events.div_ceil(counts.leads.max(1)).saturating_sub(1).clamp(2, STEPS_MAX);
    let mut planned: Vec<PlannedFlow> = Vec::new();
    let (mut seller, mut buyer) = (None, None);
    for at in 0..counts.flows {
        let at = usize::try_from(at).unwrap_or(0);
        if at.is_multiple_of(FLOWS_PER_PARTY) {
            seller = Some(party(maker, true, now, made));
            buyer = Some(party(maker, false, now, made));
        }
        let (Some(seller), Some(buyer)) = (&seller, &buyer) else { break };
        let flow = flow(maker, TRADES[at % TRADES.len()], seller, buyer, steps, now);
        made.push(Made::Owned(Collection::Flows, flow.0));
        planned.push(flow.1);
    }
    planned
}

/// The past of flows that were made.
pub(super) fn past(
    world: &mut World,
    account: &str,
    own: &Value,
    counts: GeneratePart,
    flows: Vec<PlannedFlow>,
    now: Timestamp,
) {
    let number = world.account(account).map_or(0, |account| account.events().pasts().count());
    let plan = Plan {
        seed: world.seed(),
        number: u32::try_from(number).unwrap_or(u32::MAX),
        until: now,
        leads: counts.leads,
        events: counts.events,
        account: PlannedAccount {
            id: text(own, "id").to_owned(),
            sso_id: text(own, "sso_id").to_owned(),
            name: text(own, "name").to_owned(),
        },
        flows,
    };
    world.add_past(account, Arc::new(History::new(plan)));
}

/// An entity that sells, or one that buys.
fn party(maker: &mut Maker<'_>, sells: bool, now: Timestamp, made: &mut Vec<Made>) -> PlannedParty {
    let entity = custom_entity(maker, sells, now);
    let party = PlannedParty { id: text(&entity, "id").to_owned(), name: text(&entity, "name").to_owned() };
    made.push(Made::Owned(Collection::Entities, entity));
    party
}

fn flow(
    maker: &mut Maker<'_>,
    trade: &str,
    seller: &PlannedParty,
    buyer: &PlannedParty,
    steps: u32,
    now: Timestamp,
) -> (Value, PlannedFlow) {
    let Timestamps { id, created_at, updated_at } = life(maker, now);
    let (state, half_dollars) = (maker.state(), maker.dollars(8, 60));
    let name = format!("{trade}, {state}");
    let mut planned = PlannedFlow { id, name, source: seller.clone(), price: half_dollars, steps: Vec::new() };
    let mut written = Vec::new();
    for at in 0..steps {
        let id = maker.short_id();
        // Filters come first; there is always a recipient at the end.
        let is_filter = at < steps / 4;
        written.push(if is_filter {
            let rule = json!({"id": maker.short_id(), "lhv": "lead.email", "op": "is blank"});
            let rule_set = json!({"id": maker.short_id(), "op": "and", "rules": [rule]});
            json!({"id": id, "type": "filter", "enabled": true, "outcome": "failure", "reason": "No e-mail address", "rule_set": rule_set})
        } else {
            let integration = json!({"module_id": "leadconduit-default.outbound", "mappings": []});
            json!({"id": id, "type": "recipient", "enabled": true, "entity": buyer, "integration": integration})
        });
        planned.steps.push(PlannedStep { id, recipient: (!is_filter).then(|| buyer.clone()) });
    }
    let source = json!({
        "id": maker.short_id(),
        "enabled": true,
        "entity": seller,
        "integration": {"module_id": "leadconduit-default.inbound", "mappings": []},
        "pricing": {"prices": [{"amount": planned.price}]},
    });
    let cap = json!({
        "id": maker.id(), "type": "volume", "name": "Leads in a month", "maximum": 100_000, "duration": 1,
        "duration_units": "month", "created_at": created_at,
    });
    let flow = json!({
        "id": planned.id,
        "name": planned.name,
        "enabled": true,
        "fields": ["first_name", "last_name", "email", "phone_1", "address_1", "city", "state", "postal_code"],
        "caps": [cap],
        "sources": [source],
        "steps": written,
        "created_at": created_at,
        "updated_at": updated_at,
    });
    (flow, planned)
}
