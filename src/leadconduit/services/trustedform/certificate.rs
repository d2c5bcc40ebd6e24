//! Certificates: declared in the world, or derived from their id.

use serde_json::{Value, json};

use crate::config::limits::RETAINED_CERTIFICATES_MAX;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::state::{Account, Collection};
use crate::support::clock::{SignedDuration, Timestamp, format_timestamp};
use crate::support::document::{items, text};

/// How long a certificate of a submitted form can be retained.
const RETENTION_WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How long a retained certificate is kept: five years.
const KEPT: SignedDuration = SignedDuration::from_hours(5 * 365 * 24);

/// The length of the id of a certificate of a web page, which is not case-sensitive.
const WEB_ID_LENGTH: usize = 40;

/// The beginnings of ids that stand for a certificate with a status, unless the certificate is declared, and what
/// TrustedForm finds.
pub const TEST_IDS: [(&str, Status, &str); 4] = [
    ("00000404", Status::NotFound, "TrustedForm finds no certificate"),
    ("00000405", Status::Sandboxed, "the certificate is one of a sandbox, which cannot be retained"),
    ("00000410", Status::Expired, "the certificate has expired"),
    ("00000500", Status::Unavailable, "TrustedForm fails"),
];

/// What TrustedForm finds for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A certificate that can be used.
    Valid,
    /// The time in which it can be retained has passed.
    Expired,
    /// It does not exist.
    NotFound,
    /// It was made in a sandbox.
    Sandboxed,
    /// The service fails.
    Unavailable,
}

impl Status {
    /// The status with a name.
    fn by_name(name: &str) -> Self {
        match name {
            "expired" => Self::Expired,
            "not_found" => Self::NotFound,
            "sandboxed" => Self::Sandboxed,
            "unavailable" => Self::Unavailable,
            _ => Self::Valid,
        }
    }
}

/// A certificate at the time of a request.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Its id.
    pub id: String,
    /// What TrustedForm finds.
    pub status: Status,
    /// When it was created.
    pub created_at: Timestamp,
    /// Until when it can be retained.
    pub expires_at: Timestamp,
    /// When the account retained it.
    pub retained_at: Option<Timestamp>,
    /// The time of the request.
    pub now: Timestamp,
    /// The declared document; `null` for a derived certificate.
    declared: Value,
    /// A number that depends on the id only, for derived values.
    seed: u32,
}

impl Certificate {
    /// The certificate with an id, as an account sees it. `test_ids` tells whether [`TEST_IDS`] apply.
    #[must_use]
    pub fn find(account: Option<&Account>, id: &str, now: Timestamp, test_ids: bool) -> Self {
        let id = if id.len() == WEB_ID_LENGTH { id.to_ascii_lowercase() } else { id.to_owned() };
        let declared = account.and_then(|account| account.get(Collection::Certificates, &id));
        let declared = declared.map(|document| document.value().clone()).unwrap_or_default();
        let seed = crc32fast::hash(id.as_bytes());
        let time = |name| text(&declared, name).parse::<Timestamp>().ok();
        // A derived certificate was created one to ten minutes ago.
        let age = SignedDuration::from_secs(i64::from(60 + seed % 540));
        let created_at = time("created_at").unwrap_or_else(|| now.checked_sub(age).unwrap_or(now));
        let expires_at = created_at.checked_add(RETENTION_WINDOW).unwrap_or(Timestamp::MAX);
        let expires_at = time("expires_at").unwrap_or(expires_at);
        let is_test = |(beginning, _, _): &&(&str, Status, &str)| id.starts_with(beginning);
        let status = match declared.get("status").and_then(Value::as_str) {
            Some(name) => Status::by_name(name),
            None if declared.is_null() && test_ids => {
                TEST_IDS.iter().find(is_test).map_or(Status::Valid, |(_, status, _)| *status)
            }
            None => Status::Valid,
        };
        let status = if status == Status::Valid && expires_at < now { Status::Expired } else { status };
        let retained_at = time("retained_at");
        Self { id, status, created_at, expires_at, retained_at, now, declared, seed }
    }

    /// Remembers that an account has retained the certificate.
    ///
    /// # Errors
    ///
    /// When the certificate cannot be stored.
    pub fn retain(&self, context: &mut WriteContext<'_>, account: &str) -> Result<(), ApiError> {
        let stored = context.world.account(account).map_or(0, |found| found.all(Collection::Certificates).len());
        if self.retained_at.is_some() || (self.declared.is_null() && stored >= RETAINED_CERTIFICATES_MAX) {
            return Ok(());
        }
        let mut document = if self.declared.is_null() {
            json!({"id": self.id, "created_at": format_timestamp(self.created_at)})
        } else {
            self.declared.clone()
        };
        document["retained_at"] = format_timestamp(self.now).into();
        context.put_for_account(account, Collection::Certificates, &document).map(drop)
    }

    /// A declared text, or a default.
    #[must_use]
    pub fn text<'c>(&'c self, name: &str, default: &'c str) -> &'c str {
        self.declared.get(name).and_then(Value::as_str).unwrap_or(default)
    }

    /// A declared flag, or a default.
    #[must_use]
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.declared.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    /// The address of the page.
    #[must_use]
    pub fn page_url(&self) -> &str {
        self.text("page_url", "https://www.example.com/quote")
    }

    /// The host of the page.
    #[must_use]
    pub fn domain(&self) -> String {
        let url = url::Url::parse(self.page_url()).ok();
        url.as_ref().and_then(url::Url::host_str).unwrap_or_default().to_owned()
    }

    /// The address of the consumer, from a range for documentation.
    #[must_use]
    pub fn ip(&self) -> String {
        let derived = || format!("192.0.2.{}", 1 + self.seed % 254);
        self.declared.get("ip").and_then(Value::as_str).map_or_else(derived, str::to_owned)
    }

    /// How long the consumer was on the page, in seconds.
    #[must_use]
    pub fn seconds_on_page(&self) -> i64 {
        let declared = self.declared.get("seconds_on_page").and_then(Value::as_i64);
        declared.unwrap_or_else(|| i64::from(20 + self.seed / 7 % 180))
    }

    /// Its age in seconds.
    #[must_use]
    pub fn age_seconds(&self) -> i64 {
        self.now.as_second() - self.created_at.as_second()
    }

    /// Words and keys per minute of the consumer.
    #[must_use]
    pub fn typing(&self) -> (u32, u32) {
        let words = 20 + self.seed / 11 % 60;
        (words, words * 5)
    }

    /// Until when a certificate that is retained now is kept, or the retained one.
    #[must_use]
    pub fn kept_until(&self) -> Timestamp {
        self.retained_at.unwrap_or(self.now).checked_add(KEPT).unwrap_or(Timestamp::MAX)
    }

    /// Whether an e-mail address is the one on the page.
    #[must_use]
    pub fn has_email(&self, email: &str) -> bool {
        let declared = self.declared.get("email").and_then(Value::as_str);
        declared.is_none_or(|declared| declared.trim().eq_ignore_ascii_case(email.trim()))
    }

    /// Whether a telephone number is one on the page.
    #[must_use]
    pub fn has_phone(&self, phone: &str) -> bool {
        let digits = |text: &str| {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            // The country code of the United States is optional.
            if digits.len() == 11 { digits.strip_prefix('1').map(str::to_owned).unwrap_or(digits) } else { digits }
        };
        let declared = items(&self.declared, "phones");
        let is_same = |one: &Value| one.as_str().is_some_and(|one| digits(one) == digits(phone));
        self.declared.get("phones").is_none() || declared.iter().any(is_same)
    }

    /// Divides texts into those that are on the page, and those that are not. Case does not count. A page without a
    /// declared text has all of them if they are required, and else none.
    #[must_use]
    pub fn scan(&self, texts: &[String], is_required: bool) -> (Vec<String>, Vec<String>) {
        let page = self.declared.get("page_text").and_then(Value::as_str).map(str::to_lowercase);
        let is_found = |text: &&String| page.as_ref().map_or(is_required, |page| page.contains(&text.to_lowercase()));
        texts.iter().cloned().partition(|text| is_found(&text))
    }
}
