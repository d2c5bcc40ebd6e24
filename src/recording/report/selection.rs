//! Limits a report to some operations.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::model::Report;
use contract_files::yaml::nearest;

/// The word that selects the operations that were called.
const CALLED: &str = "called";

/// The operations to which a report is limited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OperationSelection {
    /// Those that were called.
    Called,
    /// Those with these ids.
    Named(Vec<String>),
}

/// A text that does not select operations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write operation ids separated by commas, such as list_connections,repair_connection, or `{CALLED}`")]
pub struct InvalidSelection;

/// An id that the report does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no operation `{id}`; {}", .nearest.as_ref().map_or_else(|| "`leadconduit-mock operations` lists all".to_owned(), |near| format!("did you mean `{near}`?")))]
pub struct UnknownOperation {
    id: String,
    nearest: Option<String>,
}

impl FromStr for OperationSelection {
    type Err = InvalidSelection;

    fn from_str(text: &str) -> Result<Self, InvalidSelection> {
        let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
        let is_id = |id: &String| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match ids.as_slice() {
            [only] if only == CALLED => Ok(Self::Called),
            ids if ids.iter().all(is_id) && !ids.iter().any(|id| id == CALLED) => Ok(Self::Named(ids.to_vec())),
            _ => Err(InvalidSelection),
        }
    }
}

impl TryFrom<String> for OperationSelection {
    type Error = InvalidSelection;

    fn try_from(text: String) -> Result<Self, InvalidSelection> {
        text.parse()
    }
}

impl From<OperationSelection> for String {
    fn from(selection: OperationSelection) -> Self {
        selection.to_string()
    }
}

impl fmt::Display for OperationSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Called => f.write_str(CALLED),
            Self::Named(ids) => f.write_str(&ids.join(",")),
        }
    }
}

impl OperationSelection {
    /// Checks the ids against those that exist.
    ///
    /// # Errors
    ///
    /// The first id that does not exist.
    pub fn check<'i>(&self, existing: &(impl Iterator<Item = &'i str> + Clone)) -> Result<(), UnknownOperation> {
        let Self::Named(ids) = self else { return Ok(()) };
        match ids.iter().find(|id| !existing.clone().any(|other| other == *id)) {
            None => Ok(()),
            Some(id) => {
                Err(UnknownOperation { id: id.clone(), nearest: nearest(id, existing.clone()).map(str::to_owned) })
            }
        }
    }
}

impl Report {
    /// Limits the report to some operations: coverage, undocumented names and violations of the others are left out.
    /// Requests without an operation, and the number of requests, stay.
    ///
    /// # Errors
    ///
    /// The report has no operation with one of the ids.
    pub fn select(&mut self, selection: &OperationSelection) -> Result<(), UnknownOperation> {
        selection.check(&self.operations.iter().map(|one| one.operation.as_str()))?;
        match selection {
            OperationSelection::Called => self.operations.retain(|one| one.calls > 0),
            OperationSelection::Named(ids) => self.operations.retain(|one| ids.contains(&one.operation)),
        }
        let is_selected = |id: &String| self.operations.iter().any(|one| one.operation == *id);
        self.violations.retain(|one| one.operation.as_ref().is_none_or(is_selected));
        self.selection = Some(selection.clone());
        self.normalize();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_are_ids_or_the_called_ones() {
        assert_eq!("called".parse(), Ok(OperationSelection::Called));
        let ids = OperationSelection::Named(vec!["a_b".to_owned(), "c".to_owned()]);
        assert_eq!("a_b, c".parse(), Ok(ids.clone()));
        assert_eq!(ids.to_string(), "a_b,c");
        for text in ["", "a,", "called,a", "a b", "a/b"] {
            assert_eq!(text.parse::<OperationSelection>(), Err(InvalidSelection), "{text}");
        }
        let error = "list_conections".parse::<OperationSelection>().unwrap().check(&["list_connections"].into_iter());
        assert_eq!(
            error.unwrap_err().to_string(),
            "there is no operation `list_conections`; did you mean `list_connections`?"
        );
    }
}
