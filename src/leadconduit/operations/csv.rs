//! CSV files: a header line and one line per row.

use serde_json::Value;

use super::super::api_error::ApiError;
use crate::leadconduit::values::text;

pub(super) fn write_csv<N, R>(names: &[N], rows: impl Iterator<Item = R>) -> Result<Vec<u8>, ApiError>
where
    N: AsRef<[u8]>,
    R: IntoIterator<Item = String>,
{
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| ApiError::internal(format!("the CSV file cannot be written: {error}"));
    writer.write_record(names).map_err(failed)?;
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| ApiError::internal(format!("the CSV file cannot be written: {error}")))
}

/// Formats a value: the normal form of a typed value, JSON for other objects and arrays.
pub(super) fn format_cell(value: &Value) -> String {
    match text(value) {
        Some(text) => text.into_owned(),
        None if value.is_null() => String::new(),
        None => value.to_string(),
    }
}
