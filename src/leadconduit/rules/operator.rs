//! The operators, by name.

use super::Form;

/// An operator: a comparison, or its opposite.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Operator {
    pub(super) base: Base,
    pub(super) negated: bool,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Base {
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

/// The operators of flows.
pub(super) const FLOW: [(&str, Base, bool); 24] = [
    ("is equal to", Base::Equal, false),
    ("is not equal to", Base::Equal, true),
    ("is less than", Base::Less, false),
    ("is less than or equal to", Base::LessOrEqual, false),
    ("is greater than", Base::Greater, false),
    ("is greater than or equal to", Base::GreaterOrEqual, false),
    ("is included in", Base::Included, false),
    ("is not included in", Base::Included, true),
    ("includes", Base::Includes, false),
    ("does not include", Base::Includes, true),
    ("is between", Base::Between, false),
    ("is not between", Base::Between, true),
    ("matches pattern", Base::Matches, false),
    ("does not match pattern", Base::Matches, true),
    ("is blank", Base::Blank, false),
    ("is not blank", Base::Blank, true),
    ("is true", Base::True, false),
    ("is false", Base::False, false),
    ("is not true", Base::True, true),
    ("is not false", Base::False, true),
    ("format is valid", Base::Valid, false),
    ("format is invalid", Base::Invalid, false),
    ("is obscene", Base::Obscene, false),
    ("is not obscene", Base::Obscene, true),
];

/// The operators of reports. Two of them lack the `to` at their end.
pub(super) const REPORT: [(&str, Base, bool); 13] = [
    ("is equal to", Base::Equal, false),
    ("is not equal to", Base::Equal, true),
    ("is less than", Base::Less, false),
    ("is less than or equal", Base::LessOrEqual, false),
    ("is greater than", Base::Greater, false),
    ("is greater than or equal", Base::GreaterOrEqual, false),
    ("is blank", Base::Blank, false),
    ("is not blank", Base::Blank, true),
    ("is true", Base::True, false),
    ("is false", Base::False, false),
    ("is included in", Base::Included, false),
    ("includes", Base::Includes, false),
    ("does not include", Base::Includes, true),
];

impl Operator {
    pub(super) fn named(name: &str, form: Form) -> Option<Self> {
        let row = names(form).iter().find(|(known, ..)| *known == name)?;
        Some(Self { base: row.1, negated: row.2 })
    }

    /// Whether it compares with a right side.
    pub(super) fn is_binary(self) -> bool {
        !matches!(self.base, Base::Blank | Base::True | Base::False | Base::Valid | Base::Invalid | Base::Obscene)
    }
}

/// The rows of a form.
pub(super) fn names(form: Form) -> &'static [(&'static str, Base, bool)] {
    match form {
        Form::Flow => &FLOW,
        Form::Report => &REPORT,
    }
}
