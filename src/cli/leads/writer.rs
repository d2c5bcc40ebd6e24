//! Writes leads as CSV, as a JSON array, or as one JSON object for each line. Only one lead is in memory at a time.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value};

use crate::generate::LeadField;

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    /// A header of field ids, then one row for each lead
    Csv,
    /// One array of objects
    Json,
    /// One object for each line
    Jsonl,
}

impl Format {
    /// The format for the extension of a file.
    pub(super) fn of_file(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// Writes leads one by one.
#[derive(Debug)]
pub(super) enum LeadWriter<W: Write> {
    Csv(Box<csv::Writer<W>>),
    /// The output, and the separator before the next object.
    Json(W, &'static str),
    Jsonl(W),
}

impl<W: Write> LeadWriter<W> {
    pub(super) fn new(out: W, format: Format, fields: &[LeadField]) -> io::Result<Self> {
        Ok(match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(fields.iter().map(|field| &field.id)).map_err(into_io_error)?;
                Self::Csv(Box::new(writer))
            }
            Format::Json => Self::Json(out, "["),
            Format::Jsonl => Self::Jsonl(out),
        })
    }

    pub(super) fn write(&mut self, fields: &[LeadField], values: &[String]) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.write_record(values).map_err(into_io_error)?,
            Self::Json(out, separator) => {
                write!(out, "{separator}\n{}", to_object(fields, values))?;
                *separator = ",";
            }
            Self::Jsonl(out) => writeln!(out, "{}", to_object(fields, values))?,
        }
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Json(mut out, separator) => {
                // Without a lead, the array is empty.
                out.write_all(if separator == "[" { b"[]\n" } else { b"\n]\n" })?;
                out.flush()
            }
            Self::Jsonl(mut out) => out.flush(),
        }
    }
}

/// The I/O error within a CSV error, so that a broken pipe is recognised.
fn into_io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A lead as an object of field ids and values, without empty values.
fn to_object(fields: &[LeadField], values: &[String]) -> Value {
    let pairs = fields.iter().zip(values).filter(|(_, value)| !value.is_empty());
    Value::Object(pairs.map(|(field, value)| (field.id.clone(), value.as_str().into())).collect::<Map<_, _>>())
}
