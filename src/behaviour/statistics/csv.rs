//! Rows as CSV: a line for the names and one for each row.

use serde_json::Value;

use crate::behaviour::Refusal;
use crate::rules::text;

pub(super) fn written(names: &[&str], rows: &[Value]) -> Result<Vec<u8>, Refusal> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Refusal::internal(format!("the rows cannot be written: {error}"));
    writer.write_record(names).map_err(failed)?;
    for row in rows {
        let cell = |name: &&str| row.get(*name).map(cell).unwrap_or_default();
        writer.write_record(names.iter().map(cell)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| Refusal::internal(format!("the rows cannot be written: {error}")))
}

fn cell(value: &Value) -> String {
    match text(value) {
        Some(text) => text.into_owned(),
        None if value.is_null() => String::new(),
        None => value.to_string(),
    }
}
