//! What was counted since the server started, for Prometheus.

use std::collections::BTreeMap;
use std::fmt;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::{Call, Outcome};
use crate::contract::Contract;
use crate::contract::problem::Problem;
use crate::http::message::Response;
use crate::recording::coverage::{Tally, Times};
use crate::recording::journal::Size;

/// `OpenMetrics` 1.0, which every Prometheus since 2.5 reads.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// What stands in the place of an operation when a request met none.
const NONE: &str = "none";

/// All that is shown, of one moment.
#[derive(Debug)]
struct Counts {
    /// The operations' ids, by their place in the contract.
    operations: Vec<String>,
    tally: Tally,
    journals: Size,
    sandboxes: usize,
}

pub(super) fn metrics(call: &Call<'_>) -> Outcome {
    let sandboxes = &call.stage.sandboxes;
    let contract: &Contract = &call.stage.contract;
    let counts = Counts {
        operations: contract.operations.iter().map(|operation| operation.id.clone()).collect(),
        tally: sandboxes.tally(),
        journals: sandboxes.shared().journal_size(),
        sandboxes: sandboxes.list().len(),
    };
    let mut registry = Registry::with_prefix("leadconduit_mock");
    registry.register_collector(Box::new(counts));
    let mut written = String::new();
    // Writing to memory does not fail.
    text::encode(&mut written, &registry).map_err(|_| Problem::internal("the metrics could not be written"))?;
    Ok(Response::new(StatusCode::OK, written)
        .with(CONTENT_TYPE, MEDIA_TYPE)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

impl Counts {
    fn operation(&self, index: Option<usize>) -> &str {
        index.and_then(|index| self.operations.get(index)).map_or(NONE, String::as_str)
    }
}

impl Collector for Counts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        use MetricType::{Counter, Gauge, Histogram, Info};
        let tally = &self.tally;
        let exercised = || {
            let operations = tally.operations.iter().map(|(index, one)| (self.operation(Some(*index)), one));
            operations.chain([(NONE, &tally.strays)])
        };

        let version = [("version", env!("CARGO_PKG_VERSION"))];
        encoder.encode_descriptor("build", "The server", None, Info)?.encode_info(&version)?;

        let mut family = encoder.encode_descriptor("requests", "Requests that were answered", None, Counter)?;
        for (operation, one) in exercised() {
            for (status, times) in &one.statuses {
                let labels = [("operation", operation.to_owned()), ("status", status.to_string())];
                count(&mut family, &labels, *times)?;
            }
        }

        let help = "How long the mock worked on requests, without the delays of rules";
        let mut family = encoder.encode_descriptor("request_duration", help, Some(&Unit::Seconds), Histogram)?;
        for (operation, one) in exercised().filter(|(_, one)| !one.statuses.is_empty()) {
            let (buckets, sum, count) = seconds(&one.times);
            let labels = [("operation", operation)];
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }

        let help = "Requests that met no operation, no rule and nothing of the mock's";
        let mut family = encoder.encode_descriptor("unmatched", help, None, Counter)?;
        alone(&mut family, tally.lost)?;

        let help = "Requests that broke the contract";
        let mut family = encoder.encode_descriptor("violating_requests", help, None, Counter)?;
        alone(&mut family, tally.violating)?;

        let help = "Ways in which requests broke the contract";
        let mut family = encoder.encode_descriptor("violations", help, None, Counter)?;
        let mut kinds: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (kind, seen) in &tally.violations {
            *kinds.entry((self.operation(kind.operation), &kind.code)).or_default() += seen.times;
        }
        for ((operation, code), times) in kinds {
            count(&mut family, &[("operation", operation), ("code", code)], times)?;
        }

        let help = "What rules and faults did to replies";
        let mut family = encoder.encode_descriptor("faults", help, None, Counter)?;
        for (kind, times) in &tally.deeds {
            count(&mut family, &[("kind", kind.as_str())], *times)?;
        }

        let help = "Exchanges that journals have dropped to make room";
        let mut family = encoder.encode_descriptor("journal_dropped", help, None, Counter)?;
        alone(&mut family, self.journals.dropped)?;

        let gauges = [
            ("sandboxes", "Sandboxes that there are", None, self.sandboxes),
            ("journal_entries", "Exchanges that journals hold", None, self.journals.entries),
            ("journal", "Memory that journals take", Some(&Unit::Bytes), self.journals.bytes),
        ];
        for (name, help, unit, value) in gauges {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            encoder.encode_descriptor(name, help, unit, Gauge)?.encode_gauge(&value)?;
        }
        Ok(())
    }
}

fn alone(metric: &mut MetricEncoder<'_>, times: u64) -> fmt::Result {
    metric.encode_counter::<NoLabelSet, u64, f64>(&times, None)
}

fn count(family: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, times: u64) -> fmt::Result {
    family.encode_family(labels)?.encode_counter::<NoLabelSet, u64, f64>(&times, None)
}

/// A histogram in seconds: buckets with their upper bounds, the sum, the count. The library adds the buckets up.
fn seconds(times: &Times) -> (Vec<(f64, u64)>, f64, u64) {
    #[expect(clippy::cast_precision_loss, reason = "a sum of microseconds is exact up to 285 years")]
    let seconds = |us: u64| us as f64 / 1e6;
    let bounds = Times::BOUNDS_US.iter().map(|us| seconds(*us)).chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(times.buckets).collect();
    (buckets, seconds(times.sum_us), times.buckets.iter().sum())
}
