//! A report as one HTML page without scripts and external resources. Everything that clients sent is escaped.

use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;

use super::criteria::ReportVerdict;
use super::model::{CoverageRatio, OperationReport, Report, UncoveredTargets, Undocumented};
use super::selection::OperationSelection;
use super::text::replace_control;
use crate::recording::coverage::targets::is_client_reachable;

const PAGE: &str = include_str!("report.html");

/// A row of the table of operations.
#[derive(Serialize)]
struct Row<'d> {
    operation: &'d OperationReport,
    statuses: Vec<StatusLabel>,
    parameters: CoverageRatio,
    fields: CoverageRatio,
    percent: f64,
    has_undocumented: bool,
}

/// A status in a row.
#[derive(Serialize)]
struct StatusLabel {
    status: u16,
    count: u64,
    evidence: &'static str,
    is_client_reachable: bool,
}

/// Renders the report.
///
/// # Errors
///
/// The error of the template engine.
pub fn html(report: &Report, verdict: &ReportVerdict) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    // Not derived from the template name: client input must never become markup.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.add_template("report.html", PAGE)?;
    let page = environment.get_template("report.html")?;
    let is_selected = matches!(report.selection, Some(OperationSelection::Named(_)));
    let is_shown = |one: &&OperationReport| is_selected || one.calls > 0;
    let rows: Vec<Row<'_>> = report.operations.iter().filter(is_shown).map(row).collect();
    let not_called: Vec<&str> =
        report.operations.iter().filter(|one| !is_shown(one)).map(|one| one.operation.as_str()).collect();
    // Of operations without a row, the name alone says that nothing was exercised.
    let not_exercised: Vec<&UncoveredTargets> =
        report.uncovered.iter().filter(|one| rows.iter().any(|row| row.operation.operation == one.operation)).collect();
    let verdict = context! {
        has_criteria => verdict.has_criteria(),
        passed => verdict.passed(),
        failures => verdict.failures,
    };
    let has_undocumented = rows.iter().any(|row| row.has_undocumented);
    let report = Value::from_serialize(report);
    page.render(context! { report, rows, not_called, not_exercised, verdict, has_undocumented })
        .map(|text| text.chars().map(|c| if c == '\n' { c } else { replace_control(c) }).chain(['\n']).collect())
}

fn row(operation: &OperationReport) -> Row<'_> {
    let (mut units, mut parameters, mut fields) =
        (CoverageRatio::default(), CoverageRatio::default(), CoverageRatio::default());
    operation.statuses.iter().filter(|one| is_client_reachable(one.status)).for_each(|one| units.add(one.count));
    operation.parameters.iter().for_each(|one| parameters.add(one.count));
    operation.fields.iter().for_each(|one| fields.add(one.count));
    operation.parameters.iter().map(|one| one.count).for_each(|count| units.add(count));
    operation.fields.iter().map(|one| one.count).for_each(|count| units.add(count));
    let statuses = operation.statuses.iter().map(|one| StatusLabel {
        status: one.status,
        count: one.count,
        evidence: one.evidence.map_or("undocumented", crate::contract::Evidence::as_str),
        is_client_reachable: is_client_reachable(one.status),
    });
    let has_undocumented = operation.undocumented != Undocumented::default();
    let percent = units.percent();
    Row { operation, statuses: statuses.collect(), parameters, fields, percent, has_undocumented }
}
