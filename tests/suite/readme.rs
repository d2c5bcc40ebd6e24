//! The README: every console block in it is run, in order, and its output is compared.
//!
//! In a block, a line that begins with `$ ` is a command (a trailing backslash continues it); the lines below it are
//! its output. `...` matches anything, within a line or for any number of lines.

use std::fmt::Write as _;
use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::support::wait_until;

const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");

const HOST: &str = "127.0.0.45";

struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
}

fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    let mut continues = false;
    for (at, line) in readme.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
            continues = false;
        } else if !inside {
        } else if continues {
            let step = steps.last_mut().unwrap();
            let _ = write!(step.command, "\n{line}");
            continues = line.ends_with('\\');
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: at + 1, command: command.to_owned(), expected: Vec::new() });
            continues = command.ends_with('\\');
        } else {
            steps.last_mut().expect("a block begins with a command").expected.push(line.to_owned());
        }
    }
    steps
}

fn matches(expected: &[String], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first == "..." => (0..=found.len()).any(|skip| matches(rest, &found[skip..])),
        Some((first, rest)) => {
            found.split_first().is_some_and(|(line, left)| line_matches(first, line) && matches(rest, left))
        }
    }
}

fn line_matches(expected: &str, found: &str) -> bool {
    let mut parts = expected.split("...");
    let first = parts.next().unwrap();
    let Some(mut rest) = found.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        if at + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.is_empty()
}

#[test]
fn every_console_block_prints_the_documented_output() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let steps = steps(&readme);
    assert!(steps.len() >= 10, "only {} commands", steps.len());
    // A free port of an address that no other test uses, so that it is still free when the server is started.
    let port = std::net::TcpListener::bind((HOST, 0)).unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let links = folder.path().join("bin");
    std::fs::create_dir(&links).unwrap();
    std::os::unix::fs::symlink(BINARY, links.join("leadconduit-mock")).unwrap();
    let path = format!("{}:{}", links.display(), std::env::var("PATH").unwrap());
    let mut background = Vec::new();
    for step in &steps {
        // The README serves on the default address; the test must not, because it may be in use.
        let command = step.command.replace("4010", &port.to_string()).replace("127.0.0.1", HOST);
        let command = command.replace("/tmp/", &format!("{}/", folder.path().display()));
        let command = command
            .replace("cargo run --release --locked --", "leadconduit-mock")
            .replace("cargo run --release --locked", "leadconduit-mock");
        if command.contains("cargo test") {
            continue;
        }
        let mut bash = Command::new("bash");
        bash.args(["-c", &command]).env("PATH", &path).env("LEADCONDUIT_MOCK_URL", format!("http://{HOST}:{port}"));
        bash.current_dir(env!("CARGO_MANIFEST_DIR"));
        if let Some(command) = command.strip_suffix(" &") {
            // A server that keeps running in the README. It replaces the previous one.
            background.drain(..).for_each(|child: std::process::Child| end(child));
            let mut bash = Command::new("bash");
            bash.args(["-c", &format!("exec {command}")])
                .env("PATH", &path)
                .env("LEADCONDUIT_MOCK_HOST", HOST)
                .env("LEADCONDUIT_MOCK_PORT", port.to_string());
            background.push(bash.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
            wait_for(port);
            continue;
        }
        let output = bash.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().replace('\r', "");
        let text = text.replace(&format!("{HOST}:{port}"), "127.0.0.1:4010");
        let text = text.replace(&format!("{}/", folder.path().display()), "/tmp/");
        let found: Vec<&str> = text.trim_end().lines().collect();
        assert!(
            matches(&step.expected, &found),
            "README.md:{}: `{}` printed\n{text}{}\nand not\n{}",
            step.line,
            step.command,
            String::from_utf8_lossy(&output.stderr),
            step.expected.join("\n"),
        );
    }
    background.into_iter().for_each(end);
}

fn wait_for(port: u16) {
    let accepts_connections = || std::net::TcpStream::connect((HOST, port)).is_ok();
    wait_until("the start of the server", accepts_connections, String::new);
}

fn end(mut child: std::process::Child) {
    let _ = child.kill();
    let _ = child.wait();
    if let Some(mut rest) = child.stderr.take() {
        let _ = rest.read(&mut []);
    }
}

#[test]
fn the_example_scenarios_are_valid() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let shown: Vec<&str> = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(shown.len(), 3);
    for (at, scenario) in shown.iter().enumerate() {
        std::fs::write(folder.path().join(format!("shown-{at}.yaml")), scenario).unwrap();
    }
    let output = Command::new(BINARY).arg("check").arg(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.ends_with("3 scenarios, 3 examples: all good\n"), "{text}");
}

#[test]
fn every_built_in_scenario_is_documented() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    for leadconduit_mock::internals::BuiltIn { path: name, .. } in leadconduit_mock::internals::BUILT_IN_SCENARIOS {
        let stem = std::path::Path::new(name).file_stem().unwrap().to_str().unwrap();
        assert!(readme.contains(&format!("`{stem}`")), "{stem} is missing from README.md");
    }
}

#[test]
fn every_trigger_domain_is_documented() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    for (domain, _, what) in leadconduit_mock::internals::Trigger::ALL {
        assert!(readme.contains(&format!("| `{domain}` | {what} |\n")), "{domain} is missing from README.md");
    }
}

#[test]
fn the_table_of_operations_matches_the_contract() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- leadconduit-mock operations --markdown -->\n").unwrap();
    let (found, _) = rest.split_once("<!-- end -->").unwrap();
    let contract = leadconduit_mock::internals::Contract::built_in().unwrap();
    let expected = leadconduit_mock::internals::fidelity_table(&contract);
    let differ = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(found == expected, "print it with `leadconduit-mock operations --markdown`; {differ:?}");
}
