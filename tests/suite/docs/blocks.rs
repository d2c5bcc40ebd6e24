//! The code blocks of a page.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::pages;

pub const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");

/// What an HTML comment in the line above a block says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marker {
    /// `<!-- file: NAME -->`: later commands find the block in this file.
    File(String),
    /// `<!-- run by: PATH -->`: this file executes the block.
    RunBy(String),
    /// `<!-- not run: REASON -->`.
    NotRun(String),
}

#[derive(Clone, Debug)]
pub struct Block {
    /// The line of the opening fence, from 1.
    pub line: usize,
    pub language: String,
    pub marker: Option<Marker>,
    pub text: String,
}

/// The fenced blocks of a page, in order. Blocks inside of lists may be indented.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut indent = None;
    let mut previous = "";
    for (at, line) in page.lines().enumerate() {
        let trimmed = line.trim_start();
        match indent {
            None if trimmed.starts_with("```") => {
                indent = Some(line.len() - trimmed.len());
                found.push(Block {
                    line: at + 1,
                    language: trimmed.trim_start_matches('`').trim().to_owned(),
                    marker: marker(previous.trim()),
                    text: String::new(),
                });
            }
            Some(_) if trimmed == "```" => indent = None,
            Some(indent) => {
                let text = &mut found.last_mut().unwrap().text;
                text.push_str(line.get(indent..).unwrap_or_default());
                text.push('\n');
            }
            None => {}
        }
        previous = line;
    }
    assert!(indent.is_none(), "a block is not closed: {found:?}");
    found
}

fn marker(line: &str) -> Option<Marker> {
    let (key, value) = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?.split_once(": ")?;
    match key {
        "file" => Some(Marker::File(value.to_owned())),
        "run by" => Some(Marker::RunBy(value.to_owned())),
        "not run" => Some(Marker::NotRun(value.to_owned())),
        _ => None,
    }
}

/// Why nothing would execute a block.
fn unexecuted(page: &Path, block: &Block) -> Option<String> {
    match &block.marker {
        Some(Marker::File(_)) => None,
        Some(Marker::NotRun(reason)) => (reason.len() < 10).then(|| format!("`{reason}` is not a reason")),
        Some(Marker::RunBy(file)) => {
            let page = page.strip_prefix("docs/src").unwrap_or(page).to_str().unwrap();
            let names_page = fs::read_to_string(file).is_ok_and(|text| text.contains(page))
                || fs::read_to_string(format!("{file}.py")).is_ok_and(|text| text.contains(page));
            (!names_page).then(|| format!("{file} does not contain `{page}`"))
        }
        None => match block.language.as_str() {
            "console" | "yaml" | "json" | "rust" | "text" => None,
            language => Some(format!("nothing executes `{language}`: add `<!-- not run: REASON -->` above")),
        },
    }
}

#[test]
fn every_block_is_executed_or_says_why_not() {
    let mut failures = Vec::new();
    for page in pages() {
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            if let Some(failure) = unexecuted(&page, &block) {
                failures.push(format!("{}:{}: {failure}", page.display(), block.line));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn yaml_blocks_are_valid_scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for page in pages() {
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            if block.language != "yaml" || block.marker.is_some() {
                continue;
            }
            let name = format!("{}-{}", page.display().to_string().replace(['/', '.'], "-"), block.line);
            let text = if block.text.starts_with("version:") {
                block.text
            } else {
                format!("version: 1\nname: {name}\ndescription: a part of a scenario\nextends: healthy\n{}", block.text)
            };
            fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
            count += 1;
        }
    }
    let output = Command::new(BINARY).arg("check").arg(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let shown = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(count >= 3 && output.status.success() && text.contains(&format!("{count} scenarios, ")), "{shown}");
}

#[test]
fn json_blocks_are_valid() {
    for page in pages() {
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            if block.language == "json" {
                let parsed: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
                assert!(parsed.is_ok(), "{}:{}: {parsed:?}", page.display(), block.line);
            }
        }
    }
}

/// Examples are compiled by the lints and run as tests, so the documented lines must be theirs.
#[test]
fn rust_blocks_are_parts_of_examples() {
    let lines = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let examples: Vec<String> = fs::read_dir("examples")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| lines(&fs::read_to_string(path).unwrap()))
        .collect();
    for page in pages() {
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            let found = examples.iter().any(|example| example.contains(&lines(&block.text)));
            let known = block.language != "rust" || block.marker.is_some() || found;
            assert!(known, "{}:{}: no file of examples/ has these lines", page.display(), block.line);
        }
    }
}
