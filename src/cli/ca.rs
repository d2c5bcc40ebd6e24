//! `ca`: the generated certificate authority, and how clients trust it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::error::CliError;
use super::style::{color_mode, message};
use super::tls::AuthorityArgs;
use crate::app::bootstrap::StartError;
use crate::server::{Authority, AuthorityError, TlsError, UserRoots, bundle_pem, write_bundle};
use crate::support::shell_word::shell_word;

/// The variables that name further roots, in the order in which they are looked at.
const ROOTS_VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

#[derive(Clone, Debug, Args)]
pub(super) struct CaArgs {
    #[command(subcommand)]
    command: CaCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum CaCommand {
    /// Print the path of the certificate
    Path(AuthorityArgs),
    /// Print the variables with which programs trust the authority, as lines for a shell
    ///
    /// For example: eval "$(leadconduit-mock ca env)"
    Env(AuthorityArgs),
    /// Print the public root certificates and that of the authority as one PEM file
    Bundle(AuthorityArgs),
}

pub(super) fn run(args: &CaArgs) -> Result<(), CliError> {
    let (CaCommand::Path(authority) | CaCommand::Env(authority) | CaCommand::Bundle(authority)) = &args.command;
    let directory = authority.directory()?;
    // The authority is created on first use, so that it can be trusted before the first start of a server.
    let created = Authority::open_or_create(&directory, authority.hosts()).map_err(unusable)?;
    let mut out = std::io::stdout().lock();
    match args.command {
        CaCommand::Path(_) => writeln!(out, "{}", created.certificate_file().display())?,
        CaCommand::Env(_) => {
            for (name, path) in trust_variables(&directory)? {
                writeln!(out, "export {name}={}", shell_word(&path.display().to_string()))?;
            }
        }
        CaCommand::Bundle(_) => {
            out.write_all(bundle_pem(&directory, &user_roots(&directory)).map_err(unusable)?.as_bytes())?;
        }
    }
    Ok(())
}

/// The variables with which programs trust the authority in a folder, and their values. Node adds the certificate to its
/// own roots; the others replace their roots by a file, so it holds the public roots too.
///
/// # Errors
/// The folder cannot be read or written.
pub(super) fn trust_variables(directory: &Path) -> Result<Vec<(&'static str, PathBuf)>, CliError> {
    let authority = Authority::open_or_create(directory, &[]).map_err(unusable)?;
    let roots = user_roots(directory);
    let bundle = write_bundle(directory, &roots).map_err(unusable)?;
    // Node reads its own public roots already, so it needs the bundle for roots of the user only.
    let node = if roots.is_empty() { authority.certificate_file() } else { bundle.clone() };
    let mut variables = vec![("NODE_EXTRA_CA_CERTS", node)];
    variables.extend(["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"].map(|name| (name, bundle.clone())));
    Ok(variables)
}

/// The roots of the user: those of the first variable that names a usable file. The variables are replaced, which would
/// otherwise take this trust from programs.
fn user_roots(directory: &Path) -> UserRoots {
    for variable in ROOTS_VARIABLES {
        let file = std::env::var_os(variable).filter(|file| !file.is_empty());
        let Some(file) = file else { continue };
        match UserRoots::read(directory, variable, Path::new(&file)) {
            Ok(roots) if roots.is_empty() => {}
            Ok(roots) => return roots,
            Err(error) => {
                let mut err = std::io::stderr();
                let text = message(color_mode(&err), "warning", &format!("the bundle is without the roots of {error}"));
                let _ = writeln!(err, "{text}");
            }
        }
    }
    UserRoots::default()
}

fn unusable(error: AuthorityError) -> CliError {
    CliError::Start(StartError::Tls(TlsError::Authority(error)))
}
