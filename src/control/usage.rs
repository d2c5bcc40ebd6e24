//! What the server uses of its limits, for `health` and `metrics`.

use serde_json::{Map, Value, json};

use super::call::ControlCall;
use crate::support::compute_pool::PoolActivity;
use crate::support::memory;

/// What is used of one resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResourceUsage {
    /// The name in `health`, and the beginning of the names in `metrics`.
    pub(super) name: &'static str,
    /// What is counted.
    pub(super) help: &'static str,
    pub(super) amount: Amount,
}

/// How much is used, and how much can be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    Count { count: usize, max: usize },
    Bytes { count: usize, bytes: usize, max: usize },
    Activity(PoolActivity),
}

/// The usage of each limited resource.
pub(super) fn list(call: &ControlCall<'_>) -> Vec<ResourceUsage> {
    let activity = call.context.activity;
    let sandboxes = &call.app.sandboxes;
    let shared = sandboxes.shared();
    let memory = shared.world_memory();
    let limits = &memory.limits;
    let bytes = |usage: memory::Usage, max: usize| Amount::Bytes { count: usage.count, bytes: usage.bytes, max };
    let (caches, caches_max) = shared.response_cache_usage();
    let (snapshots, snapshots_max) = shared.snapshot_usage();
    let journals = shared.journal_size();
    let (entries, journal_bytes) = (journals.entries, journals.bytes);
    let journal_max = shared.journal_bounds().total_bytes_max;
    let rows = [
        ("sandboxes", "sandboxes", Amount::Count { count: sandboxes.list().len(), max: sandboxes.count_max() }),
        ("snapshots", "snapshots", Amount::Count { count: snapshots, max: snapshots_max }),
        (
            "documents",
            "documents that were written, in all sandboxes and snapshots",
            bytes(memory.documents.usage(), limits.document_total_bytes_max),
        ),
        ("changelogs", "changelogs", bytes(memory.changelogs.usage(), limits.changelog_total_bytes_max)),
        ("events", "events", bytes(memory.events.usage(), limits.event_total_bytes_max)),
        ("response_caches", "cached responses", bytes(caches, caches_max)),
        ("journals", "recorded exchanges", Amount::Bytes { count: entries, bytes: journal_bytes, max: journal_max }),
        ("deliveries", "deliveries to recipients", Amount::Activity(activity.deliveries)),
        ("computations", "long computations", Amount::Activity(activity.computations)),
        ("control_calls", "calls of the control API", Amount::Activity(activity.control_calls)),
    ];
    rows.map(|(name, help, amount)| ResourceUsage { name, help, amount }).to_vec()
}

/// The usage of each limited resource by its name.
pub(super) fn of(call: &ControlCall<'_>) -> Value {
    let usage = |resource: ResourceUsage| {
        let amount = match resource.amount {
            Amount::Count { count, max } => json!({"count": count, "count_max": max}),
            Amount::Bytes { count, bytes, max } => json!({"count": count, "bytes": bytes, "bytes_max": max}),
            Amount::Activity(PoolActivity { running, running_max, waiting, waiting_max }) => {
                json!({"running": running, "running_max": running_max, "waiting": waiting, "waiting_max": waiting_max})
            }
        };
        (resource.name.to_owned(), amount)
    };
    Value::Object(list(call).into_iter().map(usage).collect::<Map<_, _>>())
}
