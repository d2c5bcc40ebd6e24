//! Connections to a running server: http and https, with trust in the public roots and the generated authority.

use std::path::PathBuf;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::client::ClientError;
use super::tls::TlsDirArgs;
use crate::server::client_config;

/// The variable that names the roots of many programs, as one PEM file.
const ROOTS_VARIABLE: &str = "SSL_CERT_FILE";

/// A client for servers with http and https URLs.
pub(super) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client for the server at `url`. It trusts the generated authority in the folder of `tls_dir`, the public roots, and
/// the roots in `SSL_CERT_FILE`.
///
/// # Errors
/// The certificates cannot be read. They are not read for an http URL.
pub(super) fn http_client(url: &str, tls_dir: &TlsDirArgs, idle_max: usize) -> Result<HttpClient, ClientError> {
    let is_https = url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    let (directory, bundle) = if is_https {
        let bundle = std::env::var_os(ROOTS_VARIABLE).map(PathBuf::from).filter(|path| !path.as_os_str().is_empty());
        (tls_dir.known_directory(), bundle)
    } else {
        (None, None)
    };
    let config = client_config(is_https, directory.as_deref(), bundle.as_deref())?;
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(idle_max).build(connector))
}
