//! Runs the console blocks of each page, in order, and compares their output.
//!
//! In a block, a line that begins with `$ ` is a command (a trailing backslash continues it); the lines below it are
//! its output. `...` matches anything, within a line or for any number of lines.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::blocks::{BINARY, Block, Marker, blocks};
use super::pages;
use crate::support::wait_until;

/// Commands that use Node or Python run where these are installed. The gate requires them.
const OPTIONAL_TOOLS: [&str; 2] = ["node", "python3"];
const REQUIRE_TOOLS: &str = "DOCS_REQUIRE_TOOLS";

/// Pages that run at the same time: most of their time is waiting.
const WORKERS: usize = 4;

struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
}

fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut continues = false;
    for (at, line) in block.text.lines().enumerate() {
        if continues {
            let step = steps.last_mut().unwrap();
            let _ = write!(step.command, "\n{line}");
            continues = line.ends_with('\\');
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: block.line + 1 + at, command: command.to_owned(), expected: Vec::new() });
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

/// The folder, address and server of one page.
struct Session {
    host: String,
    port: u16,
    folder: tempfile::TempDir,
    server: Option<Child>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Session {
    /// `number` gives the page an address of its own, so that a free port is still free when the server is started.
    fn new(number: usize) -> Self {
        let host = format!("127.0.45.{}", number + 1);
        let port = TcpListener::bind((host.as_str(), 0)).unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        std::os::unix::fs::symlink(BINARY, folder.path().join("bin/leadconduit-mock")).unwrap();
        Self { host, port, folder, server: None }
    }

    fn bash(&self, script: &str) -> Command {
        let mut bash = Command::new("bash");
        let path = format!("{}:{}", self.folder.path().join("bin").display(), std::env::var("PATH").unwrap());
        let url = format!("http://{}:{}", self.host, self.port);
        bash.args(["-c", script]).env("PATH", path).env("LEADCONDUIT_MOCK_URL", &url).env("LEADCONDUIT_URL", url);
        bash.current_dir(self.folder.path()).stdin(Stdio::null());
        bash
    }

    /// Starts a server, which replaces the previous one, and waits until it accepts connections.
    fn serve(&mut self, command: &str) {
        self.stop();
        let mut bash = self.bash(&format!("exec {command}"));
        bash.env("LEADCONDUIT_MOCK_HOST", &self.host).env("LEADCONDUIT_MOCK_PORT", self.port.to_string());
        self.server = Some(bash.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let accepts_connections = || std::net::TcpStream::connect((self.host.as_str(), self.port)).is_ok();
        wait_until("the start of the server", accepts_connections, String::new);
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// The documented address and folder, replaced by those of this session.
    fn translate(&self, text: &str) -> String {
        text.replace("cargo run --locked --", "leadconduit-mock")
            .replace("cargo run --locked", "leadconduit-mock")
            .replace("localhost:4010", "127.0.0.1:4010")
            .replace("127.0.0.1:4010", &format!("{}:{}", self.host, self.port))
            .replace("--port 4010", &format!("--port {}", self.port))
            .replace("/tmp/", &format!("{}/", self.folder.path().display()))
    }

    /// Runs one command. `None` if it printed what the page shows.
    fn run(&mut self, step: &Step) -> Option<String> {
        let command = self.translate(&step.command);
        let tool = OPTIONAL_TOOLS.iter().find(|tool| command.split_whitespace().any(|word| word == **tool));
        if tool.is_some_and(|tool| std::env::var_os(REQUIRE_TOOLS).is_none() && !is_installed(tool)) {
            return None;
        }
        if let Some(command) = command.strip_suffix(" &") {
            self.serve(command);
            return None;
        }
        let output = self.bash(&command).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().replace('\r', "");
        let text = text.replace(&format!("{}:{}", self.host, self.port), "127.0.0.1:4010");
        let text = text.replace(&format!("{}/", self.folder.path().display()), "/tmp/");
        let found: Vec<&str> = text.trim_end().lines().collect();
        (!matches(&step.expected, &found)).then(|| {
            let errors = String::from_utf8_lossy(&output.stderr);
            format!("`{}` printed\n{text}{errors}\nand not\n{}", step.command, step.expected.join("\n"))
        })
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn is_installed(tool: &str) -> bool {
    Command::new("bash").args(["-c", &format!("command -v {tool}")]).output().unwrap().status.success()
}

/// The first difference between a page and what its commands print.
fn run_page(page: &Path, number: usize) -> Option<String> {
    let blocks = blocks(&fs::read_to_string(page).unwrap());
    let is_run = |block: &Block| block.language == "console" && block.marker.is_none();
    let first = blocks.iter().find(|block| is_run(block))?;
    let mut session = Session::new(number);
    // Some pages change a copy of the contract.
    fs::create_dir(session.folder.path().join("schemas")).unwrap();
    copy_folder(Path::new("schemas"), &session.folder.path().join("schemas"));
    if !steps(first).first().is_some_and(|step| step.command.ends_with(" &")) {
        session.serve("leadconduit-mock serve");
    }
    for block in &blocks {
        if let Some(Marker::File(name)) = &block.marker {
            let file = session.folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, session.translate(&block.text)).unwrap();
        } else if is_run(block) {
            for step in steps(block) {
                if let Some(failure) = session.run(&step) {
                    return Some(format!("{}:{}: {failure}", page.display(), step.line));
                }
            }
        }
    }
    None
}

#[test]
fn every_console_block_prints_the_documented_output() {
    let pages = pages();
    let count: usize = pages.iter().map(|page| fs::read_to_string(page).unwrap().matches("```console").count()).sum();
    assert!(count >= 10, "only {count} blocks");
    // `DOCS_PAGE=how-to/ci.md` runs one page.
    let only = std::env::var("DOCS_PAGE").unwrap_or_default();
    let numbered: Vec<(usize, &PathBuf)> =
        pages.iter().enumerate().filter(|(_, page)| page.to_str().unwrap().contains(&only)).collect();
    let next = AtomicUsize::new(0);
    let run_pages = || {
        let next_page = || numbered.get(next.fetch_add(1, Ordering::Relaxed));
        std::iter::from_fn(next_page).filter_map(|(number, page)| run_page(page, *number)).collect::<Vec<_>>()
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(run_pages)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
