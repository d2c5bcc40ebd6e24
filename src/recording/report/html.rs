//! A report as one page: no script, nothing from elsewhere, and everything that was sent is escaped.

use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;

use super::text::readable;
use super::{Covered, Document, Operation, Verdict};
use crate::recording::coverage::map::is_in_reach;

const PAGE: &str = include_str!("report.html");

/// An operation as a row of the table.
#[derive(Serialize)]
struct Row<'d> {
    #[serde(rename = "at")]
    operation: &'d Operation,
    statuses: Vec<Chip>,
    parameters: Covered,
    fields: Covered,
    percent: f64,
    has_undocumented: bool,
}

/// A status with how it stands.
#[derive(Serialize)]
struct Chip {
    status: u16,
    count: u64,
    evidence: &'static str,
    in_reach: bool,
}

/// The report as a page.
pub fn html(document: &Document, verdict: &Verdict) -> Result<String, String> {
    let mut environment = Environment::new();
    // Whatever the name of the template says: nothing that a client sends may become a tag.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.add_template("report.html", PAGE).map_err(|error| error.to_string())?;
    let page = environment.get_template("report.html").map_err(|error| error.to_string())?;
    let rows: Vec<Row<'_>> = document.operations.iter().map(row).collect();
    let verdict = context! {
        is_asked => verdict.is_asked(),
        is_good => verdict.is_good(),
        failures => verdict.failures,
    };
    let has_undocumented = rows.iter().any(|row| row.has_undocumented);
    page.render(context! { report => Value::from_serialize(document), rows, verdict, has_undocumented })
        .map(|text| text.chars().map(|c| if c == '\n' { c } else { readable(c) }).chain(['\n']).collect())
        .map_err(|error| error.to_string())
}

fn row(operation: &Operation) -> Row<'_> {
    let (mut units, mut parameters, mut fields) = (Covered::default(), Covered::default(), Covered::default());
    operation.statuses.iter().filter(|one| is_in_reach(one.status)).for_each(|one| units.add(one.count));
    operation.parameters.iter().for_each(|one| parameters.add(one.count));
    operation.fields.iter().for_each(|one| fields.add(one.count));
    operation.parameters.iter().map(|one| one.count).for_each(|count| units.add(count));
    operation.fields.iter().map(|one| one.count).for_each(|count| units.add(count));
    let statuses = operation.statuses.iter().map(|one| Chip {
        status: one.status,
        count: one.count,
        evidence: one.evidence.map_or("undocumented", crate::contract::Evidence::as_str),
        in_reach: is_in_reach(one.status),
    });
    let has_undocumented = operation.undocumented != super::Undocumented::default();
    let percent = units.percent();
    Row { operation, statuses: statuses.collect(), parameters, fields, percent, has_undocumented }
}
