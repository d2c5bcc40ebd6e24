//! The columns of statistics, by name.

/// A column with its metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Column {
    name: &'static str,
    pub(super) metric: Metric,
}

/// The value of a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Metric {
    /// The number of leads or events.
    Count(EventCategory, OutcomeCategory),
    PingSubmitted,
    PingSuccess,
    /// In percent of the pings.
    PingSuccessRate,
    /// In percent of the pings.
    PingWinRate,
    Cost,
    Revenue,
    Profit,
    CostPerConversion,
    CostPerLead,
    RevenuePerLead,
}

/// The events that are counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EventCategory {
    Source,
    Recipient,
    ReturnReceived,
    ReturnSent,
    ConversionReceived,
    ConversionSent,
}

/// The outcomes that are counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum OutcomeCategory {
    /// Success, failure or error.
    Submitted,
    Success,
    Failure,
    Error,
}

const fn count(name: &'static str, events: EventCategory, outcomes: OutcomeCategory) -> Column {
    Column { name, metric: Metric::Count(events, outcomes) }
}

const fn other(name: &'static str, metric: Metric) -> Column {
    Column { name, metric }
}

const ALL: [Column; 34] = [
    count("source-submitted", EventCategory::Source, OutcomeCategory::Submitted),
    count("source-success", EventCategory::Source, OutcomeCategory::Success),
    count("source-failure", EventCategory::Source, OutcomeCategory::Failure),
    count("source-error", EventCategory::Source, OutcomeCategory::Error),
    count("recipient-submitted", EventCategory::Recipient, OutcomeCategory::Submitted),
    count("recipient-success", EventCategory::Recipient, OutcomeCategory::Success),
    count("recipient-failure", EventCategory::Recipient, OutcomeCategory::Failure),
    count("recipient-error", EventCategory::Recipient, OutcomeCategory::Error),
    count("return-received-submitted", EventCategory::ReturnReceived, OutcomeCategory::Submitted),
    count("return-received-success", EventCategory::ReturnReceived, OutcomeCategory::Success),
    count("return-received-failure", EventCategory::ReturnReceived, OutcomeCategory::Failure),
    count("return-received-error", EventCategory::ReturnReceived, OutcomeCategory::Error),
    count("return-sent-submitted", EventCategory::ReturnSent, OutcomeCategory::Submitted),
    count("return-sent-success", EventCategory::ReturnSent, OutcomeCategory::Success),
    count("return-sent-failure", EventCategory::ReturnSent, OutcomeCategory::Failure),
    count("return-sent-error", EventCategory::ReturnSent, OutcomeCategory::Error),
    count("conversion-received-submitted", EventCategory::ConversionReceived, OutcomeCategory::Submitted),
    count("conversion-received-success", EventCategory::ConversionReceived, OutcomeCategory::Success),
    count("conversion-received-failure", EventCategory::ConversionReceived, OutcomeCategory::Failure),
    count("conversion-received-error", EventCategory::ConversionReceived, OutcomeCategory::Error),
    count("conversion-sent-submitted", EventCategory::ConversionSent, OutcomeCategory::Submitted),
    count("conversion-sent-success", EventCategory::ConversionSent, OutcomeCategory::Success),
    count("conversion-sent-failure", EventCategory::ConversionSent, OutcomeCategory::Failure),
    count("conversion-sent-error", EventCategory::ConversionSent, OutcomeCategory::Error),
    other("ping-submitted", Metric::PingSubmitted),
    other("ping-success", Metric::PingSuccess),
    other("ping-success-rate", Metric::PingSuccessRate),
    other("ping-win-rate", Metric::PingWinRate),
    other("cost", Metric::Cost),
    other("revenue", Metric::Revenue),
    other("profit", Metric::Profit),
    other("cost-per-conversion-received-success", Metric::CostPerConversion),
    other("avg-cost-per-lead", Metric::CostPerLead),
    other("avg-revenue-per-lead", Metric::RevenuePerLead),
];

impl Column {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|column| column.name == name)
    }

    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// The requested columns without duplicates; the default columns when none are requested.
    pub(crate) fn or_default(requested: Vec<Self>) -> Vec<Self> {
        if requested.is_empty() {
            return ALL
                .iter()
                .filter(|column| ["source-success", "source-failure", "source-error"].contains(&column.name))
                .copied()
                .collect();
        }
        let mut columns: Vec<Self> = Vec::with_capacity(requested.len());
        for column in requested {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }
}
