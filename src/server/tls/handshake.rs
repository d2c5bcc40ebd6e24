//! Why a TLS handshake with a client has failed, for the log.

use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// What an HTTPS client has done, and what to do about it. `trust`: how clients trust the certificate of the server.
/// `None` if the client has only disconnected.
pub(super) fn explain(error: &io::Error, trust: &str) -> Option<String> {
    use AlertDescription::{BadCertificate, CertificateUnknown, UnknownCA};
    if error.kind() == io::ErrorKind::TimedOut {
        return Some("an HTTPS client has not finished the TLS handshake in time".to_owned());
    }
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::AlertReceived(UnknownCA | BadCertificate | CertificateUnknown) => {
            format!("an HTTPS client does not trust the certificate of this server; {trust}")
        }
        Error::NoCertificatesPresented => {
            "an HTTPS client has presented no certificate, which --tls-client-ca requires".to_owned()
        }
        Error::InvalidCertificate(error) => {
            format!("the certificate of an HTTPS client is not valid for --tls-client-ca: {}", certificate_cause(error))
        }
        error => format!("the TLS handshake with an HTTPS client has failed: {}", cause(error)),
    })
}

fn cause(error: &Error) -> String {
    use PeerIncompatible::{
        NoCipherSuitesInCommon, NoKxGroupsInCommon, ServerDoesNotSupportTls12Or13,
        SignatureAlgorithmsExtensionRequired, SupportedVersionsExtensionRequired, Tls12NotOffered,
        Tls12NotOfferedOrEnabled,
    };
    match error {
        Error::PeerIncompatible(
            ServerDoesNotSupportTls12Or13
            // Older versions have no such extension.
            | SignatureAlgorithmsExtensionRequired
            | SupportedVersionsExtensionRequired
            | Tls12NotOffered
            | Tls12NotOfferedOrEnabled,
        ) => "it offers no version of TLS that this server supports; TLS 1.2 at least is needed".to_owned(),
        Error::PeerIncompatible(NoCipherSuitesInCommon | NoKxGroupsInCommon) => {
            "it offers no cipher suite or key exchange that this server supports; ECDHE with AES-GCM or \
             ChaCha20-Poly1305 is needed"
                .to_owned()
        }
        Error::NoApplicationProtocol => {
            "it offers other protocols (ALPN) than h2 and http/1.1, which this server supports".to_owned()
        }
        Error::InvalidMessage(_) => format!("it has sent what is not TLS ({error})"),
        error => error.to_string(),
    }
}

fn certificate_cause(error: &CertificateError) -> String {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, InvalidPurpose, InvalidPurposeContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    match error {
        UnknownIssuer => "no authority in the file has signed it".to_owned(),
        BadSignature => "its signature is not that of an authority in the file".to_owned(),
        Expired | ExpiredContext { .. } => "it has expired".to_owned(),
        NotValidYet | NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        InvalidPurpose | InvalidPurposeContext { .. } => "its extendedKeyUsage is not clientAuth".to_owned(),
        // rustls passes this error of the certificate library on as an opaque one.
        CertificateError::Other(other) if format!("{other:?}").contains("UnsupportedCertVersion") => {
            "it is not an X.509 v3 certificate, which is needed".to_owned()
        }
        error => error.to_string(),
    }
}
