//! The file of `--expect`: read before the command starts, verified after it has ended.

use std::path::{Path, PathBuf};

use contract_files::yaml::{Diagnostic, Source, paragraphs};
use serde_json::Value;

use super::CliError;
use crate::contract::Contract;
use crate::recording::report::ExpectationReport;
use crate::recording::verify::{Expectations, VerificationResult, evaluate};
use crate::sandbox::SandboxUser;
use crate::sandbox::app_state::AppState;

/// A file with expectations.
#[derive(Debug)]
pub(super) struct ExpectationFile {
    path: PathBuf,
    source: Source,
    expectations: Expectations,
}

/// The result of a file with expectations.
#[derive(Debug)]
pub(super) struct FileVerification {
    /// The file, as it was given.
    pub(super) path: PathBuf,
    /// The result.
    pub(super) result: VerificationResult,
    /// The line of each expectation, from 1.
    pub(super) lines: Vec<Option<usize>>,
    /// The sandbox.
    pub(super) sandbox: String,
    /// The other sandboxes that have had requests.
    pub(super) others: Vec<String>,
}

impl FileVerification {
    /// The results, for the report.
    pub(super) fn reports(&self) -> impl Iterator<Item = ExpectationReport> {
        self.result.expectations.iter().map(|one| ExpectationReport::new(&self.sandbox, one))
    }
}

impl ExpectationFile {
    /// Reads a file.
    ///
    /// # Errors
    /// All problems of the file, with their positions.
    pub(super) fn read(path: &Path, contract: &Contract) -> Result<Self, CliError> {
        let fail = |diagnostics: &[Diagnostic]| CliError::File(paragraphs(diagnostics));
        let source = Source::read(path).map_err(|diagnostic| fail(&[diagnostic]))?;
        let value: Value = source.parse_json_or_yaml().map_err(|diagnostic| fail(&[diagnostic]))?;
        if let Some(diagnostic) = source.duplicate_json_key() {
            return Err(fail(&[diagnostic]));
        }
        let expectations = Expectations::parse(&value, contract).map_err(|errors| {
            let listed = errors.iter().take(source.diagnostics_max());
            let mut all: Vec<Diagnostic> =
                listed.map(|(pointer, message)| source.at_pointer(pointer, message.as_str())).collect();
            if errors.len() > all.len() {
                all.push(source.further_problems());
            }
            fail(&all)
        })?;
        Ok(Self { path: path.to_owned(), source, expectations })
    }

    /// Evaluates the expectations against the journal of a sandbox. One that no request has used is empty.
    pub(super) fn verify(self, state: &AppState, sandbox: &str) -> FileVerification {
        let sandboxes = state.sandboxes.list();
        let others = sandboxes.iter().filter(|one| *one.name != *sandbox && one.summary().requests > 0);
        let others = others.map(|one| one.name.to_string()).collect();
        let journal = state.sandboxes.get(sandbox, SandboxUser::Authenticated).journal_snapshot();
        let result = evaluate(&self.expectations, &journal, &state.contract);
        let list = if self.source.contains("/expectations") { "/expectations" } else { "" };
        let line = |index: usize| {
            let pointer = format!("{list}/{index}");
            let position = self.source.contains(&pointer).then(|| self.source.at_pointer(&pointer, "").position);
            position.flatten().map(|(line, _)| line)
        };
        let lines = (0..result.expectations.len()).map(line).collect();
        FileVerification { path: self.path, result, lines, sandbox: sandbox.to_owned(), others }
    }
}
