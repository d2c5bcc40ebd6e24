//! `leads`: believable test leads for the fields of a flow, printed, written to a file, or submitted.

mod api;
mod flow;
mod sheet;
mod submit;
mod tally;

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use clap::builder::{BoolishValueParser, RangedU64ValueParser};

use super::client::root_cause;
use super::report::beside;
use super::{Failure, InputArgs};
use crate::config::settings::{PORT, SCENARIO, SEED};
use crate::generate::{LeadField, Maker, Models};
use crate::support::clock::{Clock, Timestamp};
use crate::support::ids::IdSource;
use crate::support::rng::{Purpose, SeededRng};
use api::Api;
use flow::Flow;
use sheet::{Format, Sheet};

/// How many leads are made at most.
const COUNT_MAX: u64 = 1_000_000;

/// How many submissions run at once at most.
const CONCURRENCY_MAX: u64 = 64;

/// The documented key of Jane Doe, whom the built-in scenarios know.
const KEY: &str = "2f1d5f29915b866c7a2fa5de29613104";

/// The moment that days of birth and appointments follow from, unless told otherwise: the same seed gives the same
/// bytes on any day.
const NOW: &str = "2026-01-15T09:00:00Z";

/// The flags of `leads`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    leadconduit-mock leads --flow 64b8f0f5e4b0c3a1d5e6f7ab --count 3\n  \
    leadconduit-mock leads --flow 64b8f0f5e4b0c3a1d5e6f7ab --count 500 --submit --set state=TX")]
pub(super) struct LeadsArgs {
    /// The flow whose fields are filled; without it, all flows are listed
    #[arg(long, value_name = "ID", env = "LEADCONDUIT_MOCK_FLOW")]
    flow: Option<String>,
    /// How many leads; 1000000 at most
    #[arg(long, value_name = "NUMBER", default_value_t = 10, env = "LEADCONDUIT_MOCK_COUNT",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..=COUNT_MAX))]
    count: u64,
    /// The seed: the same one gives the same leads
    #[arg(long, value_name = "NUMBER", default_value_t = SEED, env = "LEADCONDUIT_MOCK_SEED")]
    seed: u64,
    /// The day that ages and dates follow from: an RFC 3339 time, or `real`
    #[arg(long, value_name = "real|TIME", default_value = NOW, env = "LEADCONDUIT_MOCK_CLOCK")]
    clock: Clock,
    /// Give this field the same value in every lead; repeat it for more fields
    #[arg(long, value_name = "FIELD=VALUE", env = "LEADCONDUIT_MOCK_SET", value_parser = fixed)]
    set: Vec<(String, String)>,
    /// How leads are written [default: as the name of --output ends, else csv]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write them to this file, whole or not at all, in place of standard output
    #[arg(long, value_name = "FILE", env = "LEADCONDUIT_MOCK_OUTPUT")]
    output: Option<PathBuf>,
    /// The scenario that has the flow, when no server is asked
    #[arg(long, value_name = "NAME", default_value = SCENARIO, env = "LEADCONDUIT_MOCK_SCENARIO")]
    scenario: String,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten, next_help_heading = "A running server")]
    server: AskedArgs,
}

/// The server that has the flow and takes the leads.
#[derive(Clone, Debug, Args)]
struct AskedArgs {
    /// Submit the leads to a running server in place of writing them
    #[arg(long, env = "LEADCONDUIT_MOCK_SUBMIT", value_parser = BoolishValueParser::new())]
    submit: bool,
    /// The source that submits: the id of its entity, or its own short one [default: the flow's only source]
    #[arg(long, value_name = "ID", env = "LEADCONDUIT_MOCK_SOURCE")]
    source: Option<String>,
    /// How many submissions run at once; 64 at most
    #[arg(long, value_name = "NUMBER", default_value_t = 4, env = "LEADCONDUIT_MOCK_CONCURRENCY",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=CONCURRENCY_MAX))]
    concurrency: usize,
    /// The server's URL, http only: the flow is looked up there
    #[arg(long, env = "LEADCONDUIT_MOCK_URL")]
    url: Option<String>,
    /// The port on 127.0.0.1, when no URL is given [default with --submit: 4010]
    #[arg(long, value_name = "PORT", env = "LEADCONDUIT_MOCK_PORT")]
    port: Option<u16>,
    /// The sandbox [default: the one in the URL, else `default`]
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_SANDBOX")]
    sandbox: Option<String>,
    /// The API key with which the flow is looked up
    #[arg(long, value_name = "KEY", default_value = KEY, env = "LEADCONDUIT_MOCK_KEY", hide_env_values = true)]
    key: String,
}

fn fixed(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() => Ok((field.trim().to_owned(), value.to_owned())),
        _ => Err("write the field's id, `=` and the value, such as state=TX".to_owned()),
    }
}

pub(super) fn run(args: &LeadsArgs) -> Result<(), Failure> {
    let server = &args.server;
    if server.submit && (args.output.is_some() || args.format.is_some()) {
        return Err(Failure::Usage(
            "--submit sends the leads in place of writing them: leave out --output and --format, or run once without \
             --submit (the same seed gives the same leads)"
                .to_owned(),
        ));
    }
    if !server.submit && server.url.is_none() && server.port.is_none() {
        let flow = flow::offline(args)?;
        return write(args, &flow);
    }
    let url = server.url.clone().unwrap_or_else(|| format!("http://127.0.0.1:{}", server.port.unwrap_or(PORT)));
    let api = Api::new(&url, server.sandbox.as_deref(), &server.key, server.concurrency).map_err(Failure::Server)?;
    let api = Arc::new(api);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let flow = runtime.block_on(flow::online(args, &api))?;
    if !server.submit {
        return write(args, &flow);
    }
    let source = flow.source(server.source.as_deref())?;
    let mut leads = Leads::new(args, &flow)?;
    let tally = runtime.block_on(async {
        let stop = super::asked_to_stop()?;
        let door = submit::Door::new(Arc::clone(&api), &flow, source);
        Ok::<_, std::io::Error>(submit::submit(&door, &mut leads, args.count, server.concurrency, stop).await)
    })?;
    // A look-up of the host's name may still run; it is not waited for.
    runtime.shutdown_background();
    let mut out = std::io::stdout().lock();
    out.write_all(tally.told(&flow.name, &source.name, super::line::Paint::on(&out)).as_bytes())?;
    out.flush()?;
    if tally.is_good() { Ok(()) } else { Err(Failure::Check) }
}

/// Leads that follow from a seed, one after another. Each has a stream of chance of its own: the first hundred of a
/// thousand are the hundred of a hundred.
#[derive(Debug)]
struct Leads<'a> {
    fields: &'a [LeadField],
    fixed: Vec<(String, String)>,
    seed: u64,
    now: Timestamp,
    ids: IdSource,
    next: u64,
}

impl<'a> Leads<'a> {
    fn new(args: &LeadsArgs, flow: &'a Flow) -> Result<Self, Failure> {
        for (name, _) in &args.set {
            flow.check_field(name)?;
        }
        let now = args.clock.now();
        Ok(Self {
            fields: &flow.fields,
            fixed: args.set.clone(),
            seed: args.seed,
            now,
            ids: IdSource::new(args.seed),
            next: 0,
        })
    }

    /// The texts of the next lead, in the order of the fields.
    fn next(&mut self) -> Vec<String> {
        let schemas = serde_json::Map::new();
        let chance = SeededRng::nth(self.seed, Purpose::Leads, self.next);
        self.next += 1;
        let mut maker = Maker::new(chance, &mut self.ids, self.now, Models::new(&schemas));
        // What was given last counts.
        let given = |id: &str| self.fixed.iter().rev().find(|(name, _)| name == id).map(|(_, value)| value.clone());
        maker.lead_texts(self.fields, &given)
    }
}

fn write(args: &LeadsArgs, flow: &Flow) -> Result<(), Failure> {
    let mut leads = Leads::new(args, flow)?;
    let Some(file) = &args.output else {
        let format = args.format.unwrap_or(Format::Csv);
        let out = BufWriter::new(std::io::stdout().lock());
        return Ok(fill(Sheet::begin(out, format, leads.fields)?, &mut leads, args.count, &AtomicBool::new(false))?);
    };
    let format = args.format.or_else(|| Format::of(file)).unwrap_or(Format::Csv);
    let unwritten = |error: std::io::Error| Failure::Input(format!("{}: cannot be written: {error}", file.display()));
    let stopped = stopped()?;
    match beside(file)? {
        Some((mut written, place)) => {
            let sheet = Sheet::begin(BufWriter::new(written.as_file_mut()), format, leads.fields).map_err(unwritten)?;
            fill(sheet, &mut leads, args.count, &stopped).map_err(unwritten)?;
            if stopped.load(Ordering::Relaxed) {
                return Err(Failure::Input(format!("{}: stopped before the end; nothing was written", file.display())));
            }
            written.persist(place).map_err(|error| unwritten(error.error))?;
        }
        None => {
            let opened = std::fs::File::options().write(true).open(file).map_err(unwritten)?;
            let sheet = Sheet::begin(BufWriter::new(opened), format, leads.fields).map_err(unwritten)?;
            fill(sheet, &mut leads, args.count, &stopped).map_err(unwritten)?;
        }
    }
    told_of(file, args.count);
    Ok(())
}

/// That the file is there. Standard output is for leads alone.
fn told_of(file: &Path, count: u64) {
    let leads = if count == 1 { "lead" } else { "leads" };
    let _ = writeln!(std::io::stderr(), "{} {leads} written to {}", tally::grouped(count), file.display());
}

fn fill<W: std::io::Write>(
    mut sheet: Sheet<W>,
    leads: &mut Leads<'_>,
    count: u64,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    for _ in 0..count {
        if stopped.load(Ordering::Relaxed) {
            break;
        }
        sheet.add(leads.fields, &leads.next())?;
    }
    sheet.end()
}

/// Becomes true when the process is asked to stop: a file that is half written must be taken away then.
fn stopped() -> std::io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = runtime.block_on(async { super::asked_to_stop() })?;
    let raised = Arc::clone(&flag);
    std::thread::spawn(move || {
        runtime.block_on(stop);
        raised.store(true, Ordering::Relaxed);
    });
    Ok(flag)
}

/// Why a server could not be reached, with its URL.
fn unreached(url: &str, why: &str) -> Failure {
    Failure::Server(format!(
        "{url} cannot be reached: {why}; is a server running there? start one with `leadconduit-mock serve`"
    ))
}

/// What an error comes from.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    root_cause(error)
}
