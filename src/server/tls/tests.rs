//! The generated authority: its files, renewal, limits and errors.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::ToSpan as _;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier as _;
use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};

use super::authority::{Authority, read_ca_certificate};
use super::*;
use crate::support::clock::{Clock, Timestamp};

fn now() -> Timestamp {
    Clock::Real.now()
}

fn years_later(years: i32) -> Timestamp {
    now() + (years * 365 * 24).hours()
}

fn hosts(names: &[&str]) -> Vec<TlsHost> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Whether a client that trusts the authority in a folder accepts a certificate for a host.
fn is_accepted(ca: &CertificateDer<'static>, certificate: &CertifiedKey, host: &str, at: Timestamp) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at.as_second().unsigned_abs()));
    verifier.verify_server_cert(&certificate.cert[0], &[], &name, &[], at).is_ok()
}

fn ca(directory: &Path) -> CertificateDer<'static> {
    read_ca_certificate(directory).unwrap().unwrap()
}

fn message(result: Result<Authority, AuthorityError>, directory: &Path) -> String {
    result.unwrap_err().to_string().replace(directory.to_str().unwrap(), "DIR")
}

#[test]
fn authority_is_created_once_and_signs_for_its_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("a/b");
    let extra = hosts(&["mock.example", "192.0.2.7"]);
    let first = Authority::open_or_create(&directory, &extra).unwrap();
    let mode = |name: &str| std::fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("ca-key.pem"), mode("ca.pem"), mode(".")), (0o600, 0o644, 0o700));
    let certificate = ca(&directory);
    let second = Authority::open_or_create(&directory, &[]).unwrap();
    assert_eq!(ca(&directory), certificate, "the second start keeps the authority");
    let mut names = TlsHost::built_in();
    names.extend(extra);
    for authority in [first, second] {
        let leaf = authority.issue(&names).unwrap();
        for host in names.iter().map(ToString::to_string) {
            assert!(is_accepted(&certificate, &leaf, &host, now()), "{host}");
        }
        assert!(!is_accepted(&certificate, &leaf, "example.com", now()));
        assert!(!is_accepted(&certificate, &leaf, "localhost", years_later(2)), "its certificates expire");
    }
}

#[test]
fn name_constraints_limit_certificates_of_a_stolen_key() {
    let folder = tempfile::tempdir().unwrap();
    Authority::open_or_create(folder.path(), &[]).unwrap();
    let pem = std::fs::read_to_string(folder.path().join("ca-key.pem")).unwrap();
    let certificate = ca(folder.path());
    let issuer = rcgen::Issuer::from_ca_cert_der(&certificate, rcgen::KeyPair::from_pem(&pem).unwrap()).unwrap();
    for (host, accepted) in [("localhost", true), ("127.1.2.3", true), ("example.com", false), ("10.0.0.1", false)] {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new([host.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let leaf = CertifiedKey::from_der(vec![leaf.der().clone()], key, &provider()).unwrap();
        assert_eq!(is_accepted(&certificate, &leaf, host, now()), accepted, "{host}");
    }
}

#[test]
fn renewal_keeps_the_key_so_that_clients_keep_their_trust() {
    let folder = tempfile::tempdir().unwrap();
    let extra = hosts(&["mock.example"]);
    Authority::open_or_create(folder.path(), &extra).unwrap();
    let old = ca(folder.path());
    Authority::open_at(folder.path(), &[], years_later(8)).unwrap();
    assert_eq!(ca(folder.path()), old, "two years are left");
    let later = years_later(9);
    let renewed = Authority::open_at(folder.path(), &[], later).unwrap();
    let pem = std::fs::read(folder.path().join("ca.pem")).unwrap();
    let new = CertificateDer::from_pem_slice(&pem).unwrap();
    assert_ne!(new, old);
    let leaf = renewed.issue(&extra).unwrap();
    // webpki does not check the dates of roots, so this is about key and names.
    for root in [old, new] {
        assert!(is_accepted(&root, &leaf, "mock.example", later));
    }
    // After years without a start, the expired certificate is renewed too.
    let expired = years_later(30);
    let leaf = Authority::open_at(folder.path(), &[], expired).unwrap().issue(&extra).unwrap();
    let new = CertificateDer::from_pem_slice(&std::fs::read(folder.path().join("ca.pem")).unwrap()).unwrap();
    assert!(is_accepted(&new, &leaf, "mock.example", expired));
}

#[test]
fn processes_that_share_a_folder_create_one_authority() {
    let folder = tempfile::tempdir().unwrap();
    let found: Vec<_> = std::thread::scope(|scope| {
        let open = || {
            let leaf = Authority::open_or_create(folder.path(), &[]).unwrap().issue(&hosts(&["localhost"])).unwrap();
            (ca(folder.path()), leaf)
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (certificate, leaf) in &found {
        assert_eq!(*certificate, found[0].0);
        assert!(is_accepted(&found[0].0, leaf, "localhost", now()));
    }
}

#[test]
fn key_without_certificate_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    Authority::open_or_create(folder.path(), &[]).unwrap();
    let old = ca(folder.path());
    std::fs::remove_file(folder.path().join("ca.pem")).unwrap();
    let leaf = Authority::open_or_create(folder.path(), &[]).unwrap().issue(&hosts(&["localhost"])).unwrap();
    assert!(is_accepted(&old, &leaf, "localhost", now()), "the key is the same");
}

#[test]
fn unusable_files_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    Authority::open_or_create(other.path(), &[]).unwrap();
    let directory = folder.path();
    let reset = || {
        for name in ["ca.pem", "ca-key.pem"] {
            let _ = std::fs::remove_file(directory.join(name));
        }
        Authority::open_or_create(directory, &[]).unwrap();
    };
    let again = "to get a new authority, which clients must trust again, remove ca.pem and ca-key.pem from DIR, or choose \
                 another folder with --tls-dir";
    let open = || message(Authority::open_or_create(directory, &[]), directory);

    reset();
    std::fs::write(directory.join("ca.pem"), "text").unwrap();
    assert_eq!(open(), format!("DIR/ca.pem: is damaged: no items found; {again}"));

    reset();
    std::fs::remove_file(directory.join("ca.pem")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(directory.join("ca.pem")).status().unwrap();
    assert!(made.success());
    assert_eq!(open(), format!("DIR/ca.pem: is damaged: it is not a regular file; {again}"));

    reset();
    let pem = std::fs::read_to_string(directory.join("ca.pem")).unwrap();
    // The last character of the signature.
    let end = pem.rfind("\n-----END").unwrap() - 4;
    let changed = if pem.as_bytes()[end] == b'A' { "B" } else { "A" };
    std::fs::write(directory.join("ca.pem"), format!("{}{changed}{}", &pem[..end], &pem[end + 1..])).unwrap();
    assert!(open().starts_with("DIR/ca.pem: is damaged: "), "{}", open());

    reset();
    std::fs::write(directory.join("ca-key.pem"), "text").unwrap();
    assert_eq!(open(), format!("DIR/ca-key.pem: is damaged: it is not a private key in PEM format; {again}"));

    reset();
    std::fs::remove_file(directory.join("ca-key.pem")).unwrap();
    assert_eq!(open(), format!("DIR/ca-key.pem: the private key of DIR/ca.pem is missing; put it back, or {again}"));

    reset();
    std::fs::copy(other.path().join("ca-key.pem"), directory.join("ca-key.pem")).unwrap();
    assert_eq!(open(), format!("DIR/ca.pem: does not belong to the private key in DIR/ca-key.pem; {again}"));

    reset();
    let foreign = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(directory.join("ca.pem"), foreign.cert.pem()).unwrap();
    std::fs::write(directory.join("ca-key.pem"), foreign.signing_key.serialize_pem()).unwrap();
    let advice = "use a certificate of your own with --tls-cert and --tls-key, or choose another folder with --tls-dir";
    let reason = "its subject is another one";
    assert_eq!(open(), format!("DIR/ca.pem: was not generated by leadconduit-mock: {reason}; {advice}"));

    reset();
    let mut both = std::fs::read_to_string(directory.join("ca.pem")).unwrap();
    both += &foreign.cert.pem();
    std::fs::write(directory.join("ca.pem"), both).unwrap();
    let reason = "another certificate follows the one of the authority; remove it";
    let expected = format!("DIR/ca.pem: was not generated by leadconduit-mock: {reason}; {advice}");
    assert_eq!(open(), expected);
    let read = read_ca_certificate(directory).unwrap_err().to_string();
    assert_eq!(read.replace(directory.to_str().unwrap(), "DIR"), expected, "the commands reject it too");

    reset();
    let error = Authority::open_or_create(directory, &hosts(&["mock.example"]));
    let expected = format!("DIR/ca.pem: the authority was created without the host mock.example; {again}");
    assert_eq!(message(error, directory), expected);
    let early = message(Authority::open_at(directory, &[], now() - 200.hours()), directory);
    assert!(early.starts_with("DIR/ca.pem: is not valid before "), "{early}");

    let file = directory.join("file");
    std::fs::write(&file, "").unwrap();
    let error = message(Authority::open_or_create(&file.join("x"), &[]), directory);
    assert_eq!(error, "DIR/file/x/ca.pem: cannot be read: Not a directory; choose another folder with --tls-dir");
}

#[test]
fn private_key_is_not_in_debug_output() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open_or_create(folder.path(), &[]).unwrap();
    let shown = format!("{authority:?}");
    assert!(shown.starts_with("Authority { folder: AuthorityFolder(") && !shown.contains("KeyPair"), "{shown}");
}
