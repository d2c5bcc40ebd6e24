//! Flags of HTTPS, and the folder of the generated certificate authority.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::BoolishValueParser;

use super::error::CliError;
use crate::config::tls::{self, TlsCertificate, TlsFiles, TlsHost, TlsSettings};

/// The folder of this program below the user's data directory.
const FOLDER: &str = "leadconduit-mock";

/// HTTPS of a server.
#[derive(Clone, Debug, Args)]
pub(super) struct TlsArgs {
    /// Serve HTTPS too, on the same port, with a generated certificate
    ///
    /// A certificate authority of this installation signs it; `leadconduit-mock ca` shows how clients trust it. It is
    /// valid for LeadConduit's hosts, localhost, 127.0.0.1 and `::1`.
    #[arg(long, env = "LEADCONDUIT_MOCK_TLS", value_parser = BoolishValueParser::new())]
    tls: bool,
    #[command(flatten)]
    authority: AuthorityArgs,
    /// Serve HTTPS too, with the certificate chain in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "LEADCONDUIT_MOCK_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "LEADCONDUIT_MOCK_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Require a certificate from HTTPS clients that an authority in this PEM file has signed
    #[arg(long, hide_short_help = true, value_name = "FILE", env = "LEADCONDUIT_MOCK_TLS_CLIENT_CA")]
    tls_client_ca: Option<PathBuf>,
}

/// The generated certificate authority, and the hosts for which it is created.
#[derive(Clone, Debug, Args)]
pub(super) struct AuthorityArgs {
    #[command(flatten)]
    folder: TlsDirArgs,
    /// A further host of the generated certificate
    ///
    /// The authority permits those that are named when it is created. Repeat it, or separate values by commas.
    #[arg(long, hide_short_help = true, value_name = "HOST", value_delimiter = ',', env = "LEADCONDUIT_MOCK_TLS_HOST")]
    tls_host: Vec<TlsHost>,
}

/// The folder of the generated certificate authority.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TlsDirArgs {
    /// The folder of the generated authority [default: in the user's data directory]
    ///
    /// The default is leadconduit-mock in `$XDG_DATA_HOME` or `~/.local/share`; on macOS in `~/Library/Application
    /// Support`.
    #[arg(long, value_name = "DIR", env = "LEADCONDUIT_MOCK_TLS_DIR")]
    tls_dir: Option<PathBuf>,
}

impl TlsArgs {
    /// The settings; `None` without HTTPS. `--intercept` needs HTTPS, with a generated certificate if no other is given.
    ///
    /// # Errors
    /// Flags that do not fit together, or the folder of the authority is not known.
    pub(super) fn settings(&self, is_intercepting: bool) -> Result<Option<TlsSettings>, CliError> {
        let usage = |message: &str| Err(CliError::Usage(message.to_owned()));
        let files = self.tls_cert.clone().zip(self.tls_key.clone()).map(|(cert, key)| TlsFiles { cert, key });
        let is_generated = self.tls || is_intercepting && files.is_none();
        let certificate = match (files, is_generated) {
            (Some(_), true) => {
                return usage("--tls generates a certificate; leave it out, or leave out --tls-cert and --tls-key");
            }
            (Some(_), false) if !self.authority.tls_host.is_empty() => {
                return usage(
                    "--tls-host is for generated certificates; leave it out, or write --tls in place of --tls-cert",
                );
            }
            (None, false) if !self.authority.tls_host.is_empty() => {
                return usage("--tls-host needs --tls, which serves HTTPS with a generated certificate");
            }
            (None, false) if self.tls_client_ca.is_some() => {
                return usage("--tls-client-ca needs HTTPS: add --tls, or --tls-cert and --tls-key");
            }
            (Some(files), false) => TlsCertificate::Files(files),
            (None, true) => TlsCertificate::Generated {
                directory: self.authority.directory()?,
                hosts: self.authority.hosts().to_vec(),
            },
            (None, false) => {
                if self.authority.folder.tls_dir.is_some() {
                    tracing::warn!("--tls-dir has no effect without --tls: this server serves plain HTTP only");
                }
                return Ok(None);
            }
        };
        Ok(Some(TlsSettings { certificate, client_ca: self.tls_client_ca.clone() }))
    }
}

impl AuthorityArgs {
    /// The folder of the authority.
    ///
    /// # Errors
    /// See [`TlsDirArgs::directory`].
    pub(super) fn directory(&self) -> Result<PathBuf, CliError> {
        self.folder.directory()
    }

    /// The hosts besides those that every authority permits.
    pub(super) fn hosts(&self) -> &[TlsHost] {
        &self.tls_host
    }
}

impl TlsDirArgs {
    /// The folder that was given, or the one in the user's data directory.
    ///
    /// # Errors
    /// The user has no home directory.
    pub(super) fn directory(&self) -> Result<PathBuf, CliError> {
        let message = "no folder for the certificate authority is known, because HOME is not set; write --tls-dir DIR, or set \
                       LEADCONDUIT_MOCK_TLS_DIR";
        self.known_directory().ok_or_else(|| CliError::Usage(message.to_owned()))
    }

    /// The same; `None` if the user has no home directory.
    pub(super) fn known_directory(&self) -> Option<PathBuf> {
        self.tls_dir.clone().or_else(|| default_directory(&|name| std::env::var_os(name), cfg!(target_os = "macos")))
    }
}

/// The command that shows how clients trust the authority in a folder, as short as it can be.
pub(super) fn trust_command(directory: &Path) -> String {
    if TlsDirArgs::default().known_directory().is_some_and(|default| default == directory) {
        "leadconduit-mock ca env".to_owned()
    } else {
        tls::trust_command(directory)
    }
}

/// The folder of this program in the user's data directory.
fn default_directory(variable: &dyn Fn(&str) -> Option<OsString>, is_macos: bool) -> Option<PathBuf> {
    // The XDG specification ignores relative paths.
    let path = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = path("XDG_DATA_HOME").or_else(|| {
        let home = path("HOME")?;
        Some(if is_macos { home.join("Library/Application Support") } else { home.join(".local/share") })
    });
    Some(data?.join(FOLDER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_folder_follows_the_platform() {
        let rows = [
            ("/home/a", "", false, Some("/home/a/.local/share/leadconduit-mock")),
            ("/home/a", "", true, Some("/home/a/Library/Application Support/leadconduit-mock")),
            ("/home/a", "/data", false, Some("/data/leadconduit-mock")),
            ("/home/a", "data", false, Some("/home/a/.local/share/leadconduit-mock")),
            ("", "", false, None),
        ];
        for (home, data, is_macos, expected) in rows {
            let variable = |name: &str| Some(if name == "HOME" { home } else { data }.into());
            assert_eq!(default_directory(&variable, is_macos), expected.map(PathBuf::from), "{home} {data}");
        }
    }
}
