//! Counters and gauges of the whole server since its start, for Prometheus.

use std::collections::BTreeMap;
use std::fmt;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::call::{ControlCall, ControlResult};
use super::usage::{self, Amount, ResourceUsage};
use crate::contract::Contract;
use crate::contract::problem::Problem;
use crate::http::message::Response;
use crate::http::rejected::RejectReason;
use crate::recording::coverage::{CoverageCounts, DurationHistogram};
use crate::recording::journal::JournalSize;

/// `OpenMetrics` 1.0, which every Prometheus since 2.5 reads.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// The label of requests without an operation.
const NO_OPERATION: &str = "none";

/// The values of one scrape.
#[derive(Debug)]
struct MetricsSnapshot {
    /// The ids of the operations, by index.
    operations: Vec<String>,
    counts: CoverageCounts,
    journals: JournalSize,
    usage: Vec<ResourceUsage>,
    rejected: Vec<(RejectReason, u64)>,
}

pub(super) fn metrics(call: &ControlCall<'_>) -> ControlResult {
    let sandboxes = &call.app.sandboxes;
    let contract: &Contract = &call.app.contract;
    let snapshot = MetricsSnapshot {
        operations: contract.operations.iter().map(|operation| operation.id.clone()).collect(),
        counts: sandboxes.counts(),
        journals: sandboxes.shared().journal_size(),
        usage: usage::list(call),
        rejected: call.app.rejected.by_reason().collect(),
    };
    let mut registry = Registry::with_prefix("leadconduit_mock");
    registry.register_collector(Box::new(snapshot));
    let mut written = String::new();
    // Writing to memory does not fail.
    text::encode(&mut written, &registry).map_err(|_| Problem::internal("the metrics could not be written"))?;
    Ok(Response::new(StatusCode::OK, written)
        .with_header(CONTENT_TYPE, MEDIA_TYPE)
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

impl MetricsSnapshot {
    fn operation_id(&self, index: Option<usize>) -> &str {
        index.and_then(|index| self.operations.get(index)).map_or(NO_OPERATION, String::as_str)
    }
}

impl Collector for MetricsSnapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        use MetricType::{Counter, Histogram, Info};
        let counts = &self.counts;
        let by_operation = || {
            let operations = counts.operations.iter().map(|(index, one)| (self.operation_id(Some(*index)), &**one));
            operations.chain([(NO_OPERATION, &counts.no_operation)])
        };

        let version = [("version", env!("CARGO_PKG_VERSION"))];
        encoder.encode_descriptor("build", "The server", None, Info)?.encode_info(&version)?;

        let mut family = encoder.encode_descriptor("requests", "Requests by operation and status", None, Counter)?;
        for (operation, one) in by_operation() {
            for (status, value) in one.statuses.iter() {
                let labels = [("operation", operation.to_owned()), ("status", status.to_string())];
                encode_counter(&mut family, &labels, *value)?;
            }
        }

        let help = "Processing time of requests, without the delays of rules";
        let mut family = encoder.encode_descriptor("request_duration", help, Some(&Unit::Seconds), Histogram)?;
        for (operation, one) in by_operation().filter(|(_, one)| !one.statuses.is_empty()) {
            let (buckets, sum, count) = histogram_seconds(&one.durations);
            let labels = [("operation", operation)];
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }

        let help = "Requests that no operation, rule or part of the mock answered";
        let mut family = encoder.encode_descriptor("unmatched", help, None, Counter)?;
        encode_total(&mut family, counts.unmatched_total)?;

        let help = "Requests that were rejected before they were complete, such as malformed ones";
        let mut family = encoder.encode_descriptor("rejected_requests", help, None, Counter)?;
        for (reason, value) in &self.rejected {
            encode_counter(&mut family, &[("reason", reason.name())], *value)?;
        }

        let help = "Requests that broke the contract";
        let mut family = encoder.encode_descriptor("violating_requests", help, None, Counter)?;
        encode_total(&mut family, counts.violating)?;

        let help = "Violations of the contract by requests";
        let mut family = encoder.encode_descriptor("violations", help, None, Counter)?;
        let mut kinds: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (kind, violation) in counts.violations.iter() {
            *kinds.entry((self.operation_id(kind.operation), &kind.code)).or_default() += violation.count;
        }
        for ((operation, code), value) in kinds {
            encode_counter(&mut family, &[("operation", operation), ("code", code)], value)?;
        }

        let help = "Effects of rules and faults on responses";
        let mut family = encoder.encode_descriptor("faults", help, None, Counter)?;
        for (kind, value) in &counts.effects {
            encode_counter(&mut family, &[("kind", kind.as_str())], *value)?;
        }

        let help = "Exchanges that journals dropped because of their limits";
        let mut family = encoder.encode_descriptor("journal_dropped", help, None, Counter)?;
        encode_total(&mut family, self.journals.dropped)?;

        let gauges = [
            ("journal_entries", "Exchanges in all journals", None, self.journals.entries),
            ("journal", "Memory of all journals", Some(&Unit::Bytes), self.journals.bytes),
        ];
        for (name, help, unit, value) in gauges {
            encode_gauge(&mut encoder, name, help, unit, value)?;
        }
        // The journals have gauges above, with names of their own.
        let mut resources = self.usage.iter().filter(|resource| resource.name != "journals");
        resources.try_for_each(|resource| encode_usage(&mut encoder, resource))
    }
}

fn encode_gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: usize,
) -> fmt::Result {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?.encode_gauge(&value)
}

/// Usage and limits of a resource.
fn encode_usage(encoder: &mut DescriptorEncoder<'_>, resource: &ResourceUsage) -> fmt::Result {
    let ResourceUsage { name, help, amount } = *resource;
    let mut encode = |suffix: &str, what: &str, unit: Option<&Unit>, value: usize| {
        encode_gauge(encoder, &format!("{name}{suffix}"), &format!("{what}{help}"), unit, value)
    };
    match amount {
        Amount::Count { count, max } => {
            encode("", "Number of ", None, count)?;
            encode("_max", "Maximum number of ", None, max)
        }
        Amount::Bytes { count, bytes, max } => {
            encode("", "Number of ", None, count)?;
            encode("_used", "Memory of ", Some(&Unit::Bytes), bytes)?;
            encode("_max", "Maximum memory of ", Some(&Unit::Bytes), max)
        }
        Amount::Activity(activity) => {
            encode("_running", "Running ", None, activity.running)?;
            encode("_running_max", "Maximum number of running ", None, activity.running_max)?;
            encode("_waiting", "Waiting ", None, activity.waiting)?;
            encode("_waiting_max", "Maximum number of waiting ", None, activity.waiting_max)
        }
    }
}

fn encode_total(metric: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
    metric.encode_counter::<NoLabelSet, u64, f64>(&value, None)
}

fn encode_counter(family: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, value: u64) -> fmt::Result {
    family.encode_family(labels)?.encode_counter::<NoLabelSet, u64, f64>(&value, None)
}

/// A histogram in seconds: buckets by upper bound (the library makes them cumulative), the sum, the count.
fn histogram_seconds(durations: &DurationHistogram) -> (Vec<(f64, u64)>, f64, u64) {
    #[expect(clippy::cast_precision_loss, reason = "a sum of microseconds is exact up to 285 years")]
    let seconds = |us: u64| us as f64 / 1e6;
    let bounds = DurationHistogram::BOUNDS_US.iter().map(|us| seconds(*us)).chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(durations.buckets).collect();
    (buckets, seconds(durations.sum_us), durations.buckets.iter().sum())
}
