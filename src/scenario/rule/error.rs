//! Errors in the definition of a rule.

use crate::contract::{Contract, Route};
use contract_files::yaml::{Diagnostic, Source};

/// An error in a rule, at a location inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// An RFC 6901 pointer, relative to the rule: `/when/call`.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
    /// How to fix it.
    pub hint: Option<String>,
}

impl RuleError {
    pub(super) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), hint: None }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The error in the value that contains this one at `pointer`.
    pub(super) fn inside(self, pointer: &str) -> Self {
        Self { pointer: format!("{pointer}{}", self.pointer), ..self }
    }

    /// The diagnostic for a file that contains the rule at `pointer`.
    #[must_use]
    pub fn in_file(self, source: &Source, pointer: &str) -> Diagnostic {
        let mut diagnostic = source.at_pointer(&format!("{pointer}{}", self.pointer), self.message);
        diagnostic.hint = self.hint.map(|hint| source.mask(hint));
        diagnostic
    }
}

/// A message and a hint if the contract has no operation with the id.
pub fn unknown_operation(contract: &Contract, id: &str) -> Option<(String, String)> {
    if contract.operation(id).is_some() {
        return None;
    }
    let ids = contract.operations.iter().map(|operation| operation.id.as_str());
    // `GET /connections` in place of an id.
    let by_path = id.split_once(' ').and_then(|(method, path)| {
        let method = method.to_ascii_uppercase().parse().ok()?;
        match contract.route(&method, path.trim()) {
            Route::Found(operation, _) => Some(&operation.id),
            Route::MethodNotAllowed(_) | Route::NotFound(_) => None,
        }
    });
    if let Some(operation) = by_path {
        return Some((format!("there is no operation `{id}`"), format!("write its id: {operation}")));
    }
    let hint = contract_files::yaml::nearest(id, ids).map_or_else(
        || "`leadconduit-mock operations` lists the operations".to_owned(),
        |nearest| format!("did you mean `{nearest}`?"),
    );
    Some((format!("there is no operation `{id}`"), hint))
}
