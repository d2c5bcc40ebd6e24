//! The columns of statistics, by name.

/// A number about events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Column {
    name: &'static str,
    pub(super) what: What,
}

/// What a column shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum What {
    /// How many leads, or events.
    Count(Party, Part),
    /// Questions before a submission leave no event, so there is none to count.
    Pings,
    Cost,
    Revenue,
    Profit,
    CostPerConversion,
    CostPerLead,
    RevenuePerLead,
}

/// Which events are counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Party {
    Source,
    Recipient,
    ReturnReceived,
    ReturnSent,
    ConversionReceived,
    ConversionSent,
}

/// Which of their outcomes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    /// Any of the three.
    Submitted,
    Success,
    Failure,
    Error,
}

const fn count(name: &'static str, party: Party, part: Part) -> Column {
    Column { name, what: What::Count(party, part) }
}

const fn other(name: &'static str, what: What) -> Column {
    Column { name, what }
}

const ALL: [Column; 34] = [
    count("source-submitted", Party::Source, Part::Submitted),
    count("source-success", Party::Source, Part::Success),
    count("source-failure", Party::Source, Part::Failure),
    count("source-error", Party::Source, Part::Error),
    count("recipient-submitted", Party::Recipient, Part::Submitted),
    count("recipient-success", Party::Recipient, Part::Success),
    count("recipient-failure", Party::Recipient, Part::Failure),
    count("recipient-error", Party::Recipient, Part::Error),
    count("return-received-submitted", Party::ReturnReceived, Part::Submitted),
    count("return-received-success", Party::ReturnReceived, Part::Success),
    count("return-received-failure", Party::ReturnReceived, Part::Failure),
    count("return-received-error", Party::ReturnReceived, Part::Error),
    count("return-sent-submitted", Party::ReturnSent, Part::Submitted),
    count("return-sent-success", Party::ReturnSent, Part::Success),
    count("return-sent-failure", Party::ReturnSent, Part::Failure),
    count("return-sent-error", Party::ReturnSent, Part::Error),
    count("conversion-received-submitted", Party::ConversionReceived, Part::Submitted),
    count("conversion-received-success", Party::ConversionReceived, Part::Success),
    count("conversion-received-failure", Party::ConversionReceived, Part::Failure),
    count("conversion-received-error", Party::ConversionReceived, Part::Error),
    count("conversion-sent-submitted", Party::ConversionSent, Part::Submitted),
    count("conversion-sent-success", Party::ConversionSent, Part::Success),
    count("conversion-sent-failure", Party::ConversionSent, Part::Failure),
    count("conversion-sent-error", Party::ConversionSent, Part::Error),
    other("ping-submitted", What::Pings),
    other("ping-success", What::Pings),
    other("ping-success-rate", What::Pings),
    other("ping-win-rate", What::Pings),
    other("cost", What::Cost),
    other("revenue", What::Revenue),
    other("profit", What::Profit),
    other("cost-per-conversion-received-success", What::CostPerConversion),
    other("avg-cost-per-lead", What::CostPerLead),
    other("avg-revenue-per-lead", What::RevenuePerLead),
];

impl Column {
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|column| column.name == name)
    }

    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// The columns that are asked for, each once, or those that are given when none is.
    pub(crate) fn or_default(asked: Vec<Self>) -> Vec<Self> {
        if asked.is_empty() {
            return ALL
                .iter()
                .filter(|column| ["source-success", "source-failure", "source-error"].contains(&column.name))
                .copied()
                .collect();
        }
        let mut columns: Vec<Self> = Vec::with_capacity(asked.len());
        for column in asked {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }
}
