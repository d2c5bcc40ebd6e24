//! Connections over TLS.

use std::path::Path;
use std::process::Command;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::*;
use crate::config::tls::{TlsCertificate, TlsFiles, TlsSettings};

#[tokio::test]
async fn faults_work_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate(folder.path());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.cert).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let client = client.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client.with_no_client_auth()));
    let rows = [
        (WireFault::EmptyResponse, Some(String::new())),
        (WireFault::TruncatedBody, Some(format!("{HEAD}Content-Length: 11\r\n\r\n01234"))),
        (WireFault::ConnectionResetByPeer, None),
    ];
    for (kind, expected) in rows {
        let acceptor = TlsAcceptor::new(&tls_of(&files)).unwrap();
        let server = Server::start_with(Limits::default(), Some(acceptor), handler(fault(kind))).await;
        let name = ServerName::try_from("localhost").unwrap();
        let mut socket = connector.connect(name, server.connect().await).await.unwrap();
        send(&mut socket, "/").await;
        assert_eq!(read_until(&mut socket, "789a").await, full_response());
        send(&mut socket, "/x").await;
        match expected {
            Some(expected) => assert_eq!(read_all(&mut socket).await, expected),
            None => assert_eq!(socket.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset),
        }
    }
}

fn tls_of(files: &TlsFiles) -> TlsSettings {
    TlsSettings { certificate: TlsCertificate::Files(files.clone()), client_ca: None }
}

fn certificate(folder: &Path) -> TlsFiles {
    let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&files.key)
        .arg("-out")
        .arg(&files.cert)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    files
}
