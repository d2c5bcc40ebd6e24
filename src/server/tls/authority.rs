//! The generated certificate authority: created on first use, kept in a folder, renewed before it expires.
//!
//! Its name constraints permit LeadConduit's hosts, this machine and the hosts that were named at its creation, so that
//! a stolen key is of no use for other hosts. Certificates of servers exist in memory only. The private key leaves its
//! file only for signing: it is neither printed nor logged.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData as _, SanType,
    date_time_ymd,
};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use super::authority_folder::AuthorityFolder;
use super::error::AuthorityError;
use crate::config::limits::{CA_DAYS, CA_RENEWAL_DAYS, SERVER_CERTIFICATE_DAYS};
use crate::config::tls::TlsHost;
use crate::support::clock::{Clock, Timestamp};

/// The organization in the names of generated certificates.
const ORGANIZATION: &str = "leadconduit-mock";

/// A certificate authority of this installation.
pub struct Authority {
    folder: AuthorityFolder,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    permitted: Vec<PermittedName>,
    now: Timestamp,
}

/// A name below which the authority can sign.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PermittedName {
    /// A DNS name and the names below it.
    Domain(String),
    /// An address and a mask of the same length.
    Network(Vec<u8>, Vec<u8>),
}

/// What counts of a certificate that was read.
struct ReadCertificate {
    permitted: Vec<PermittedName>,
    is_due: bool,
}

impl Authority {
    /// The authority in a folder. Creates it, with `hosts` as permitted names, if there is none. Renews its certificate,
    /// with the same key, if it expires soon.
    ///
    /// # Errors
    /// The folder cannot be used, its files are not valid, or the authority does not permit one of the hosts.
    pub fn open_or_create(directory: &Path, hosts: &[TlsHost]) -> Result<Self, AuthorityError> {
        Self::open_at(directory, hosts, Clock::Real.now())
    }

    pub(super) fn open_at(directory: &Path, hosts: &[TlsHost], now: Timestamp) -> Result<Self, AuthorityError> {
        let folder = AuthorityFolder::new(directory);
        let authority = match Self::open(&folder, now)? {
            Some((authority, false)) => authority,
            // Under the lock, what another process has created meanwhile is read again.
            _ => {
                let _lock = folder.lock()?;
                match Self::open(&folder, now)? {
                    Some((authority, false)) => authority,
                    Some((authority, true)) => {
                        let permitted = authority.permitted.clone();
                        Self::create(folder, authority.issuer, permitted, now)?
                    }
                    None => {
                        let key = match folder.read_key()? {
                            // A process ended between its two writes.
                            Some(key) => key,
                            None => folder.create_key()?,
                        };
                        let issuer = Issuer::new(ca_params(&key), key);
                        Self::create(folder, issuer, permitted_names(hosts), now)?
                    }
                }
            }
        };
        if let Some(host) = hosts.iter().find(|host| !authority.permits(host)) {
            return Err(AuthorityError::HostNotPermitted { path: authority.certificate_file(), host: host.clone() });
        }
        Ok(authority)
    }

    /// The authority in a folder and whether it must be renewed; `None` without a certificate.
    fn open(folder: &AuthorityFolder, now: Timestamp) -> Result<Option<(Self, bool)>, AuthorityError> {
        let Some(pem) = folder.read_certificate()? else { return Ok(None) };
        let path = folder.certificate_file();
        let Some(key) = folder.read_key()? else {
            return Err(AuthorityError::NoKey { certificate: path, key: folder.key_file() });
        };
        let certificate = parse_pem(&pem, &path)?;
        let read = read_certificate(&certificate, Some(&key), folder, now)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        let (permitted, folder) = (read.permitted, folder.clone());
        Ok(Some((Self { folder, issuer, certificate, permitted, now }, read.is_due)))
    }

    /// Signs a certificate for the authority's own key and writes it.
    fn create(
        folder: AuthorityFolder,
        issuer: Issuer<'static, KeyPair>,
        permitted: Vec<PermittedName>,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let mut params = ca_params(issuer.key());
        set_validity(&mut params, now, CA_DAYS);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let permitted_subtrees = permitted.iter().filter_map(PermittedName::to_subtree).collect();
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        let certificate = params.self_signed(issuer.key())?;
        folder.write_certificate(&certificate.pem())?;
        let certificate = certificate.der().clone();
        Ok(Self { folder, issuer, certificate, permitted, now })
    }

    /// The file of the authority's certificate, which clients must trust.
    #[must_use]
    pub fn certificate_file(&self) -> PathBuf {
        self.folder.certificate_file()
    }

    /// A certificate for a server, and its new key. It is kept in memory.
    ///
    /// # Errors
    /// The authority does not permit one of the hosts.
    pub fn issue(&self, hosts: &[TlsHost]) -> Result<Arc<CertifiedKey>, AuthorityError> {
        if let Some(host) = hosts.iter().find(|host| !self.permits(host)) {
            return Err(AuthorityError::HostNotPermitted { path: self.certificate_file(), host: host.clone() });
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished_name("leadconduit-mock server");
        params.subject_alt_names = hosts.iter().map(subject_alt_name).collect::<Result<_, _>>()?;
        set_validity(&mut params, self.now, SERVER_CERTIFICATE_DAYS);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = any_supported_type(&key)?;
        // `--ignore-certificate-errors-spki-list` of Chromium names a key of the chain.
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok(Arc::new(CertifiedKey::new(chain, key)))
    }

    fn permits(&self, host: &TlsHost) -> bool {
        self.permitted.iter().any(|name| name.permits(host))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The certificate of the authority in a folder, without its key; `None` if there is none yet.
///
/// # Errors
/// The file cannot be read, or is not a certificate that this program has generated.
pub fn read_ca_certificate(directory: &Path) -> Result<Option<CertificateDer<'static>>, AuthorityError> {
    let folder = AuthorityFolder::new(directory);
    let Some(pem) = folder.read_certificate()? else { return Ok(None) };
    let certificate = parse_pem(&pem, &folder.certificate_file())?;
    read_certificate(&certificate, None, &folder, Clock::Real.now())?;
    Ok(Some(certificate))
}

fn parse_pem(content: &[u8], path: &Path) -> Result<CertificateDer<'static>, AuthorityError> {
    let damaged = |error: pem::Error| AuthorityError::Damaged { path: path.to_path_buf(), reason: error.to_string() };
    let mut certificates = CertificateDer::pem_slice_iter(content);
    let first = certificates.next().unwrap_or(Err(pem::Error::NoItemsFound)).map_err(damaged)?;
    if certificates.next().is_some() {
        // Clients that trust the whole file would trust the other certificate too.
        let reason = "another certificate follows the one of the authority; remove it";
        return Err(AuthorityError::Foreign { path: path.to_path_buf(), reason });
    }
    Ok(first)
}

/// Checks a certificate that was read.
fn read_certificate(
    certificate: &CertificateDer<'_>,
    key: Option<&KeyPair>,
    folder: &AuthorityFolder,
    now: Timestamp,
) -> Result<ReadCertificate, AuthorityError> {
    let path = folder.certificate_file();
    let damaged = |reason: String| AuthorityError::Damaged { path: path.clone(), reason };
    let foreign = |reason| AuthorityError::Foreign { path: path.clone(), reason };
    let (rest, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|error| damaged(error.to_string()))?;
    if !rest.is_empty() {
        return Err(damaged("bytes follow the certificate".to_owned()));
    }
    if !is_ours(&parsed) {
        return Err(foreign("its subject is another one"));
    }
    if !parsed.is_ca() {
        return Err(foreign("it is not the certificate of an authority"));
    }
    if key.is_some_and(|key| parsed.public_key().raw != key.subject_public_key_info()) {
        return Err(AuthorityError::Mismatch { certificate: path, key: folder.key_file() });
    }
    parsed.verify_signature(None).map_err(|_| damaged("its signature is not valid".to_owned()))?;
    let constraints = parsed.name_constraints().map_err(|error| damaged(error.to_string()))?;
    let subtrees = constraints.and_then(|extension| extension.value.permitted_subtrees.as_ref());
    let subtrees = subtrees.ok_or_else(|| foreign("it has no name constraints"))?;
    let permitted = subtrees.iter().filter_map(|subtree| PermittedName::from_subtree(&subtree.base)).collect();
    let validity = parsed.validity();
    if validity.not_before.timestamp() > now.as_second() {
        return Err(AuthorityError::NotYetValid { path, from: validity.not_before.to_string() });
    }
    let is_due = validity.not_after.timestamp() < now.as_second() + i64::from(CA_RENEWAL_DAYS) * 86_400;
    Ok(ReadCertificate { permitted, is_due })
}

fn is_ours(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().iter_organization().any(|name| name.as_str() == Ok(ORGANIZATION))
}

/// What all certificates of one authority have in common.
fn ca_params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    // The name differs for each key: a client that trusts several authorities finds the right one by its name.
    let digest = Sha256::digest(key.subject_public_key_info());
    let id = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    params.distinguished_name = distinguished_name(&format!("leadconduit-mock CA {id:08x}"));
    params
}

fn distinguished_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, ORGANIZATION);
    name.push(DnType::CommonName, common_name);
    name
}

/// Valid from yesterday, because clocks differ, for some days.
fn set_validity(params: &mut CertificateParams, now: Timestamp, days: i32) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let midnight = |days: i32| {
        let date = today.saturating_add(days.days());
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    (params.not_before, params.not_after) = (midnight(-1), midnight(days));
}

fn subject_alt_name(host: &TlsHost) -> Result<SanType, rcgen::Error> {
    Ok(match host {
        TlsHost::Name(name) => SanType::DnsName(name.clone().try_into()?),
        TlsHost::Ip(ip) => SanType::IpAddress(*ip),
    })
}

/// LeadConduit's hosts, this machine with all its loopback addresses, and more hosts.
fn permitted_names(hosts: &[TlsHost]) -> Vec<PermittedName> {
    let mut names = vec![PermittedName::Network(vec![127, 0, 0, 0], vec![255, 0, 0, 0])];
    for host in TlsHost::built_in().iter().chain(hosts) {
        let name = match host {
            TlsHost::Name(name) => PermittedName::Domain(name.clone()),
            TlsHost::Ip(ip) => PermittedName::Network(octets(*ip), vec![255; octets(*ip).len()]),
        };
        if !names.iter().any(|known| known.permits(host)) {
            names.push(name);
        }
    }
    names
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

impl PermittedName {
    fn permits(&self, host: &TlsHost) -> bool {
        match (self, host) {
            (Self::Domain(domain), TlsHost::Name(name)) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Network(address, mask), TlsHost::Ip(ip)) => {
                let octets = octets(*ip);
                octets.len() == address.len()
                    && octets
                        .iter()
                        .zip(address)
                        .zip(mask)
                        .all(|((octet, address), mask)| octet & mask == address & mask)
            }
            _ => false,
        }
    }

    fn to_subtree(&self) -> Option<GeneralSubtree> {
        Some(match self {
            Self::Domain(name) => GeneralSubtree::DnsName(name.clone()),
            Self::Network(address, mask) if address.len() == 4 => GeneralSubtree::IpAddress(CidrSubnet::V4(
                address.as_slice().try_into().ok()?,
                mask.as_slice().try_into().ok()?,
            )),
            Self::Network(address, mask) => GeneralSubtree::IpAddress(CidrSubnet::V6(
                address.as_slice().try_into().ok()?,
                mask.as_slice().try_into().ok()?,
            )),
        })
    }

    fn from_subtree(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::DNSName(name) => Some(Self::Domain((*name).to_owned())),
            GeneralName::IPAddress(bytes) if matches!(bytes.len(), 8 | 32) => {
                let (address, mask) = bytes.split_at(bytes.len() / 2);
                Some(Self::Network(address.to_vec(), mask.to_vec()))
            }
            _ => None,
        }
    }
}
