//! The operators by name. A new operator is a variant of [`Comparison`] and a row of [`FLOW`].

/// The dialect of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// All operators, and sets within rules: flows, caps, prices, routers, events, statistics.
    Flow,
    /// Thirteen operators, two of them without the final `to`, and no sets: reports.
    Report,
}

/// An operator: a comparison or its negation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Operator {
    pub(super) comparison: Comparison,
    pub(super) negated: bool,
}

/// What an operator compares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Included,
    Includes,
    Between,
    Matches,
    Blank,
    True,
    False,
    Valid,
    Invalid,
    Obscene,
}

/// The operators of flows: name, comparison, negated.
pub(super) const FLOW: [(&str, Comparison, bool); 24] = [
    ("is equal to", Comparison::Equal, false),
    ("is not equal to", Comparison::Equal, true),
    ("is less than", Comparison::Less, false),
    ("is less than or equal to", Comparison::LessOrEqual, false),
    ("is greater than", Comparison::Greater, false),
    ("is greater than or equal to", Comparison::GreaterOrEqual, false),
    ("is included in", Comparison::Included, false),
    ("is not included in", Comparison::Included, true),
    ("includes", Comparison::Includes, false),
    ("does not include", Comparison::Includes, true),
    ("is between", Comparison::Between, false),
    ("is not between", Comparison::Between, true),
    ("matches pattern", Comparison::Matches, false),
    ("does not match pattern", Comparison::Matches, true),
    ("is blank", Comparison::Blank, false),
    ("is not blank", Comparison::Blank, true),
    ("is true", Comparison::True, false),
    ("is false", Comparison::False, false),
    ("is not true", Comparison::True, true),
    ("is not false", Comparison::False, true),
    ("format is valid", Comparison::Valid, false),
    ("format is invalid", Comparison::Invalid, false),
    ("is obscene", Comparison::Obscene, false),
    ("is not obscene", Comparison::Obscene, true),
];

/// The operators of reports. The names of two of them lack the final `to`.
pub(super) const REPORT: [(&str, Comparison, bool); 13] = [
    ("is equal to", Comparison::Equal, false),
    ("is not equal to", Comparison::Equal, true),
    ("is less than", Comparison::Less, false),
    ("is less than or equal", Comparison::LessOrEqual, false),
    ("is greater than", Comparison::Greater, false),
    ("is greater than or equal", Comparison::GreaterOrEqual, false),
    ("is blank", Comparison::Blank, false),
    ("is not blank", Comparison::Blank, true),
    ("is true", Comparison::True, false),
    ("is false", Comparison::False, false),
    ("is included in", Comparison::Included, false),
    ("includes", Comparison::Includes, false),
    ("does not include", Comparison::Includes, true),
];

impl Operator {
    /// Returns the operator with a name in a dialect.
    pub(super) fn by_name(name: &str, dialect: Dialect) -> Option<Self> {
        let row = operators(dialect).iter().find(|(operator, ..)| *operator == name)?;
        Some(Self { comparison: row.1, negated: row.2 })
    }

    /// True if the operator has a right side.
    pub(super) fn is_binary(self) -> bool {
        !matches!(
            self.comparison,
            Comparison::Blank
                | Comparison::True
                | Comparison::False
                | Comparison::Valid
                | Comparison::Invalid
                | Comparison::Obscene
        )
    }
}

/// Returns the operators of a dialect.
pub(super) fn operators(dialect: Dialect) -> &'static [(&'static str, Comparison, bool)] {
    match dialect {
        Dialect::Flow => &FLOW,
        Dialect::Report => &REPORT,
    }
}
