//! `report`: what a run has exercised and did wrong, from running servers and saved reports.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use http::{Method, StatusCode};
use serde_json::Value;

use super::client::{self, Question, text};
use super::{Failure, complain};
use crate::recording::report::{self, Document, FailOn, Format, Paint, Percent, Terms, Verdict};

/// How long a server may take: it counts whole sandboxes together.
const WAIT: Duration = Duration::from_secs(30);

/// The largest report that is read. Counts are bounded, and stay far below it.
const REPORT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a run must keep to.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TermsArgs {
    /// Exit with 1 when this happened; repeat it, or separate by commas
    #[arg(long, value_name = "WHAT", value_delimiter = ',', env = "LEADCONDUIT_MOCK_FAIL_ON")]
    fail_on: Vec<FailOn>,
    /// Exit with 1 when less than this is covered
    #[arg(long, value_name = "PERCENT", env = "LEADCONDUIT_MOCK_FAIL_UNDER")]
    fail_under: Option<Percent>,
}

impl TermsArgs {
    pub(super) fn terms(&self) -> Terms {
        Terms { fail_on: self.fail_on.clone(), fail_under: self.fail_under }
    }
}

/// The flags of `report`.
#[derive(Clone, Debug, Args)]
pub(super) struct ReportArgs {
    /// Reports that were saved as JSON; a server is asked only when there are none, or when --url is given
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A server's URL, http only; repeat it, or separate by commas, and the reports are put together
    #[arg(long, value_delimiter = ',', env = "LEADCONDUIT_MOCK_URL")]
    url: Vec<String>,
    /// The port on 127.0.0.1, when neither URL nor file is given
    #[arg(long, value_name = "PORT", default_value_t = crate::config::settings::PORT, env = "LEADCONDUIT_MOCK_PORT")]
    port: u16,
    /// One sandbox only [default: the one in the URL, else all, those included that have ended]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    sandbox: Option<String>,
    /// The token that the server was started with
    #[arg(long, value_name = "TOKEN", env = "LEADCONDUIT_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// How it is written [default: as the name of --output ends, else text]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write it to this file, whole or not at all, in place of standard output
    #[arg(long, value_name = "FILE", env = "LEADCONDUIT_MOCK_OUTPUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    terms: TermsArgs,
}

pub(super) fn run(args: &ReportArgs) -> Result<(), Failure> {
    if let Some(output) = &args.output {
        check_place(output)?;
    }
    let mut documents = Vec::new();
    for file in &args.files {
        documents.push(read(file)?);
    }
    let urls = if args.url.is_empty() && args.files.is_empty() {
        vec![format!("http://127.0.0.1:{}", args.port)]
    } else {
        args.url.clone()
    };
    for url in &urls {
        documents.push(ask(args, url).map_err(Failure::Server)?);
    }
    let document = report::merge(documents);
    let verdict = Verdict::of(&document, &args.terms.terms());
    let format = args.format.or_else(|| format_of(args.output.as_deref()?)).unwrap_or(Format::Text);
    match &args.output {
        Some(file) => save(file, &written(&document, &verdict, format, Paint::Plain)?)?,
        None => {
            let mut out = std::io::stdout().lock();
            // https://no-color.org
            let is_plain = !out.is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let paint = if is_plain { Paint::Plain } else { Paint::Colours };
            out.write_all(written(&document, &verdict, format, paint)?.as_bytes())?;
            out.flush()?;
        }
    }
    let is_told = format == Format::Text && args.output.is_none();
    judge(&verdict, is_told)
}

/// The end of a run that was judged. `is_told`: the reader has the reasons already.
pub(super) fn judge(verdict: &Verdict, is_told: bool) -> Result<(), Failure> {
    if verdict.is_good() {
        return Ok(());
    }
    if !is_told {
        verdict.failures.iter().for_each(|failure| complain(failure));
    }
    Err(Failure::Check)
}

fn written(document: &Document, verdict: &Verdict, format: Format, paint: Paint) -> Result<String, Failure> {
    format.write(document, verdict, paint).map_err(|error| Failure::Io(std::io::Error::other(error)))
}

fn read(file: &Path) -> Result<Document, Failure> {
    let fail = |why: String| Failure::Input(format!("{}: {why}", file.display()));
    let unreadable = |error: std::io::Error| fail(format!("cannot be read: {error}"));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    opened.take(REPORT_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() > REPORT_BYTES_MAX {
        return Err(fail(format!("is larger than {REPORT_BYTES_MAX} bytes, which no report is")));
    }
    Document::parse(file, &text).map_err(|mistake| Failure::Input(mistake.to_string()))
}

fn ask(args: &ReportArgs, url: &str) -> Result<Document, String> {
    let token = client::token(args.admin_token.as_deref());
    let names_sandbox = args.sandbox.is_some() || url.contains("/__sandbox/");
    let question = Question {
        method: Method::GET,
        path: if names_sandbox { "/__admin/coverage" } else { "/__admin/coverage?sandbox=*" },
        sandbox: args.sandbox.as_deref(),
        token,
        body: None,
        wait: WAIT,
        bytes_max: REPORT_BYTES_MAX,
    };
    let answer = client::ask(url, &question).map_err(|why| format!("{url} cannot be reached: {why}"))?;
    let not_a_mock = || client::not_a_mock(url, answer.status);
    if answer.status != StatusCode::OK {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        return Err(text(&body, "detail").unwrap_or_else(not_a_mock));
    }
    let body = std::str::from_utf8(&answer.body).map_err(|_| not_a_mock())?;
    Document::parse(Path::new(url), body).map_err(|_| not_a_mock())
}

/// The format that a file's name ends with.
pub(super) fn format_of(file: &Path) -> Option<Format> {
    Format::of_extension(file.extension()?.to_str()?)
}

/// A report to be written when a server stops, with the format that its name ends with.
#[derive(Clone, Debug)]
pub(super) struct ReportFile {
    path: PathBuf,
    format: Format,
}

impl std::str::FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        match format_of(&path) {
            Some(format) => Ok(Self { path, format }),
            None => Err("its name says the format: end it with .json, .xml (JUnit), .html or .txt".to_owned()),
        }
    }
}

impl ReportFile {
    /// Finds out at start whether it can be written.
    pub(super) fn check(&self) -> Result<(), Failure> {
        check_place(&self.path)
    }

    pub(super) fn save(&self, document: &Document, verdict: &Verdict) -> Result<(), Failure> {
        save(&self.path, &written(document, verdict, self.format, Paint::Plain)?)
    }
}

/// Where a file is written first: beside its place, so that moving it there is one step. `None` when the place is no
/// file, such as a pipe, which is written to directly.
pub(super) fn beside(file: &Path) -> Result<Option<(tempfile::NamedTempFile, PathBuf)>, Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let fail = |error: std::io::Error| Failure::Input(format!("{}: cannot be written: {error}", file.display()));
    // A link stays one: what it leads to is replaced.
    let place = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    match std::fs::metadata(&place) {
        Ok(found) if found.is_dir() => return Err(fail(std::io::ErrorKind::IsADirectory.into())),
        Ok(found) if !found.is_file() => return Ok(None),
        _ => {}
    }
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Others read it too: in CI, often under another name than the one that wrote it.
    let permissions = std::fs::Permissions::from_mode(0o644);
    let file = tempfile::Builder::new()
        .prefix(".leadconduit-mock-")
        .permissions(permissions)
        .tempfile_in(folder)
        .map_err(fail)?;
    Ok(Some((file, place)))
}

fn check_place(file: &Path) -> Result<(), Failure> {
    beside(file).map(drop)
}

fn save(file: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{}: cannot be written: {error}", file.display()));
    let Some((mut written, place)) = beside(file)? else { return std::fs::write(file, text).map_err(fail) };
    written.write_all(text.as_bytes()).map_err(fail)?;
    written.persist(place).map_err(|error| fail(error.error))?;
    Ok(())
}
