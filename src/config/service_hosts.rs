//! The services of the vendor beside LeadConduit that the mock simulates: their host names, and the path under which a
//! client without its own name resolution reaches them.

/// A simulated service beside LeadConduit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorService {
    /// Its name below [`SERVICES_PATH`].
    pub name: &'static str,
    /// Its host.
    pub host: &'static str,
}

/// The prefix of the paths of the services. No path of LeadConduit begins with `__`.
pub const SERVICES_PATH: &str = "/__services/";

/// Lists of values, and whether a value is on them.
pub const SUPPRESSIONLIST: VendorService = VendorService { name: "suppressionlist", host: "app.suppressionlist.com" };

/// Certificates of consent. Flows use it; it has no API of its own here.
pub const TRUSTEDFORM: VendorService = VendorService { name: "trustedform", host: "cert.trustedform.com" };
