//! Leads as CSV, as a list of JSON, or as one JSON object a line. One lead is held at a time.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value};

use crate::generate::LeadField;

/// How leads are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A row of field ids, then a row a lead.
    Csv,
    /// One list of objects.
    Json,
    /// One object a line.
    Jsonl,
}

impl Format {
    /// The format that a file's name ends with.
    pub(super) fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// Leads on their way out.
#[derive(Debug)]
pub(super) enum Sheet<W: Write> {
    /// With the header written.
    Csv(Box<csv::Writer<W>>),
    /// With what stands before the next object.
    Json(W, &'static str),
    /// Nothing stands between lines.
    Jsonl(W),
}

impl<W: Write> Sheet<W> {
    pub(super) fn begin(out: W, format: Format, fields: &[LeadField]) -> io::Result<Self> {
        Ok(match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(fields.iter().map(|field| &field.id)).map_err(plain)?;
                Self::Csv(Box::new(writer))
            }
            Format::Json => Self::Json(out, "["),
            Format::Jsonl => Self::Jsonl(out),
        })
    }

    /// Adds a lead.
    pub(super) fn add(&mut self, fields: &[LeadField], texts: &[String]) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.write_record(texts).map_err(plain)?,
            Self::Json(out, before) => {
                write!(out, "{before}\n{}", object(fields, texts))?;
                *before = ",";
            }
            Self::Jsonl(out) => writeln!(out, "{}", object(fields, texts))?,
        }
        Ok(())
    }

    pub(super) fn end(self) -> io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Json(mut out, before) => {
                // Stopped before the first lead, it is an empty list all the same.
                out.write_all(if before == "[" { b"[]\n" } else { b"\n]\n" })?;
                out.flush()
            }
            Self::Jsonl(mut out) => out.flush(),
        }
    }
}

/// The error of the stream itself: that a reader went away must be seen as such.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A lead by the ids of its fields. What is empty is left out, as forms leave it out.
fn object(fields: &[LeadField], texts: &[String]) -> Value {
    let pairs = fields.iter().zip(texts).filter(|(_, text)| !text.is_empty());
    Value::Object(pairs.map(|(field, text)| (field.id.clone(), text.as_str().into())).collect::<Map<_, _>>())
}
