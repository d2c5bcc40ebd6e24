//! Connections over TLS, and TLS where it is not served.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::*;
use crate::config::tls::{TlsCertificate, TlsSettings};

/// A generated authority in a folder of its own.
pub(super) struct Generated {
    folder: TempDir,
    client_ca: Option<std::path::PathBuf>,
}

pub(super) fn generated() -> Generated {
    Generated { folder: tempfile::tempdir().unwrap(), client_ca: None }
}

impl Generated {
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let directory = self.folder.path().to_path_buf();
        let certificate = TlsCertificate::Generated { directory, hosts: Vec::new() };
        let settings = TlsSettings { certificate, client_ca: self.client_ca.clone() };
        TlsAcceptor::new(&settings, [127, 0, 0, 1].into()).unwrap()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A connection with these protocols in its handshake.
    pub(super) async fn connect(&self, server: &Server, alpn: &[&[u8]]) -> TlsStream<TcpStream> {
        self.connect_as(server, alpn, None).await.unwrap()
    }

    async fn connect_as(
        &self,
        server: &Server,
        alpn: &[&[u8]],
        client: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path().join("ca.pem")).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let mut config = match client {
            Some((certificate, key)) => config.with_client_auth_cert(vec![certificate], key).unwrap(),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        connector.connect(ServerName::try_from("app.leadconduit.com").unwrap(), server.connect().await).await
    }
}

#[tokio::test]
async fn faults_work_over_tls() {
    let tls = generated();
    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n\0no chunk\u{fffd}");
    let rows = [
        (WireFault::EmptyResponse, Some(String::new())),
        (WireFault::RandomDataThenClose, Some("\0no chunk\u{fffd}".to_owned())),
        (WireFault::MalformedResponseChunk, Some(chunked)),
        (WireFault::TruncatedBody, Some(format!("{HEAD}Content-Length: 11\r\n\r\n01234"))),
        (WireFault::ConnectionResetByPeer, None),
    ];
    for (kind, expected) in rows {
        let server = Server::start_with(Limits::default(), Some(tls.acceptor()), handler(fault(kind))).await;
        let mut socket = tls.connect(&server, &[b"http/1.1"]).await;
        send(&mut socket, "/").await;
        assert_eq!(read_until(&mut socket, "789a").await, full_response());
        send(&mut socket, "/x").await;
        match expected {
            Some(expected) => assert_eq!(read_all(&mut socket).await, expected),
            None => assert_eq!(socket.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset),
        }
        // The same port serves plain HTTP.
        assert_eq!(read_until(&mut server.request("/").await, "789a").await, full_response(), "{kind:?}");
    }
}

#[tokio::test]
async fn version_of_http_is_negotiated() {
    let tls = generated();
    let server = Server::start_with(Limits::default(), Some(tls.acceptor()), |_| plain()).await;
    for (offered, expected) in
        [("", None), ("http/1.1", Some("http/1.1")), ("http/1.1,h2", Some("h2")), ("h2", Some("h2"))]
    {
        let protocols: Vec<&[u8]> = offered.split_terminator(',').map(str::as_bytes).collect();
        let socket = tls.connect(&server, &protocols).await;
        assert_eq!(socket.get_ref().1.alpn_protocol(), expected.map(str::as_bytes), "{offered}");
    }
}

#[tokio::test]
async fn tls_without_a_certificate_gets_an_alert() {
    let tls = generated();
    // Creates the authority that the client trusts.
    let _ = tls.acceptor();
    let server = Server::start(Limits::default(), |_| plain()).await;
    let error = tls.connect_as(&server, &[], None).await.unwrap_err();
    assert!(error.to_string().contains("HandshakeFailure"), "{error}");
}

#[tokio::test]
async fn clients_need_a_certificate_of_the_given_authority() {
    let mut tls = generated();
    let issuer = |name: &str| {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (trusted, other) = (issuer("trusted"), issuer("other"));
    let file = tls.path().join("clients.pem");
    std::fs::write(&file, trusted.pem()).unwrap();
    tls.client_ca = Some(file);
    let certificate = |issuer: &CertifiedIssuer<'_, KeyPair>| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["client".to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
        (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    };
    let server = Server::start_with(Limits::default(), Some(tls.acceptor()), |_| plain()).await;
    for (client, is_accepted) in
        [(None, false), (Some(certificate(&other)), false), (Some(certificate(&trusted)), true)]
    {
        // With TLS 1.3, the client learns after its handshake that the server rejects its certificate.
        let response = async {
            let mut socket = tls.connect_as(&server, &[b"http/1.1"], client).await?;
            socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await?;
            socket.read_u8().await
        };
        assert_eq!(timeout(HANG_GUARD, response).await.unwrap().is_ok(), is_accepted);
    }
    // On this machine, plain HTTP goes on: the control commands use it.
    assert_eq!(read_until(&mut server.request("/").await, "789a").await, full_response());
}
