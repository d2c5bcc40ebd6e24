//! `leads`: generates test leads for the fields of a flow, and prints, saves or submits them.
//!
//! | module | holds |
//! |---|---|
//! | `args` | the flags |
//! | `flow` | the flow with its fields and sources, from a scenario or a running server |
//! | `generator` | leads from a seed |
//! | `writer` | CSV, JSON and JSON Lines |
//! | `submit` | concurrent submissions to a running server |
//! | `api_client` | LeadConduit's API |
//! | `summary` | outcomes of the submissions |

mod api_client;
mod args;
mod flow;
mod generator;
mod submit;
mod summary;
mod writer;

use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) use args::{DEFAULT_KEY, LeadsArgs};

use super::args::local_url;
use super::error::CliError;
use super::output::{TemporaryFile, write_error};
use super::signals::shutdown_signal;
use super::style::color_mode;
use crate::config::settings::DEFAULT_PORT;
use api_client::ApiClient;
use flow::Flow;
use generator::LeadGenerator;
use submit::SubmitTarget;
use writer::{Format, LeadWriter};

pub(super) fn run(args: &LeadsArgs) -> Result<(), CliError> {
    let server = &args.server;
    if server.submit && (args.output.is_some() || args.format.is_some()) {
        return Err(CliError::Usage(
            "--submit sends the leads instead of writing them: omit --output and --format, or run once without \
             --submit (the same seed generates the same leads)"
                .to_owned(),
        ));
    }
    if !server.submit && server.url.is_none() && server.port.is_none() {
        let flow = flow::load_from_scenario(args)?;
        return write_leads(args, &flow);
    }
    let url = server.url.clone().unwrap_or_else(|| local_url(server.port.unwrap_or(DEFAULT_PORT)));
    let client = ApiClient::new(&url, server.sandbox.as_deref(), &server.key, server.concurrency, &server.tls_dir);
    let client = Arc::new(client.map_err(|error| error.at(&url))?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let flow = runtime.block_on(flow::load_from_server(args, &client))?;
    if !server.submit {
        return write_leads(args, &flow);
    }
    let source = flow.source(server.source.as_deref())?;
    let mut generator = LeadGenerator::new(args, &flow)?;
    let summary = runtime.block_on(async {
        let shutdown = shutdown_signal()?;
        let target = SubmitTarget::new(Arc::clone(&client), &flow, source);
        let summary = submit::submit(&target, &mut generator, args.count, server.concurrency, shutdown).await;
        Ok::<_, std::io::Error>(summary)
    })?;
    // Does not wait for a DNS lookup that may still run.
    runtime.shutdown_background();
    let mut out = std::io::stdout().lock();
    out.write_all(summary.text(&flow.name, &source.name, color_mode(&out)).as_bytes())?;
    out.flush()?;
    if summary.is_success() { Ok(()) } else { Err(CliError::Reported) }
}

/// Writes the leads to standard output or to the file of `--output`.
fn write_leads(args: &LeadsArgs, flow: &Flow) -> Result<(), CliError> {
    let mut generator = LeadGenerator::new(args, flow)?;
    let Some(file) = &args.output else {
        let format = args.format.unwrap_or(Format::Csv);
        let out = BufWriter::new(std::io::stdout().lock());
        let writer = LeadWriter::new(out, format, generator.fields)?;
        return Ok(write_all(writer, &mut generator, args.count, &AtomicBool::new(false))?);
    };
    let format = args.format.or_else(|| Format::of_file(file)).unwrap_or(Format::Csv);
    let fail = |error: std::io::Error| write_error(file, &error);
    let is_interrupted = interrupt_flag()?;
    match TemporaryFile::create(file)? {
        Some(mut temporary) => {
            let out = BufWriter::new(temporary.as_file_mut());
            let writer = LeadWriter::new(out, format, generator.fields).map_err(fail)?;
            write_all(writer, &mut generator, args.count, &is_interrupted).map_err(fail)?;
            if is_interrupted.load(Ordering::Relaxed) {
                return Err(CliError::File(format!("{}: interrupted; nothing was written", file.display())));
            }
            temporary.persist().map_err(fail)?;
        }
        None => {
            let opened = std::fs::File::options().write(true).open(file).map_err(fail)?;
            let writer = LeadWriter::new(BufWriter::new(opened), format, generator.fields).map_err(fail)?;
            write_all(writer, &mut generator, args.count, &is_interrupted).map_err(fail)?;
        }
    }
    let leads = if args.count == 1 { "lead" } else { "leads" };
    // Standard output has only leads.
    let _ = writeln!(std::io::stderr(), "{} {leads} written to {}", summary::grouped(args.count), file.display());
    Ok(())
}

fn write_all<W: Write>(
    mut writer: LeadWriter<W>,
    generator: &mut LeadGenerator<'_>,
    count: u64,
    is_interrupted: &AtomicBool,
) -> std::io::Result<()> {
    for _ in 0..count {
        if is_interrupted.load(Ordering::Relaxed) {
            break;
        }
        writer.write(generator.fields, &generator.next())?;
    }
    writer.finish()
}

/// A flag that is set on SIGINT or SIGTERM, so that the temporary file is removed before the process ends.
fn interrupt_flag() -> std::io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shutdown = runtime.block_on(async { shutdown_signal() })?;
    let signalled = Arc::clone(&flag);
    std::thread::spawn(move || {
        runtime.block_on(shutdown);
        signalled.store(true, Ordering::Relaxed);
    });
    Ok(flag)
}
