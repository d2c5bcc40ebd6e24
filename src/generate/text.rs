//! People, companies, addresses, telephones and keys. None of them leads to anybody: mailboxes and hosts are under
//! `example`, telephone numbers are among those kept for fiction.

use fake::Fake;
use fake::faker::address::en::{BuildingNumber, StreetName};
use fake::faker::name::en::{FirstName, LastName};
use serde_json::{Value, json};

use super::{Maker, Timestamp, format::DOMAINS};

const AREA_CODES: [&str; 24] = [
    "202", "206", "212", "214", "303", "305", "312", "404", "415", "480", "503", "512", "602", "612", "615", "617",
    "702", "713", "720", "737", "801", "813", "919", "972",
];
const TIME_ZONES: [&str; 7] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Detroit",
    "America/Indiana/Indianapolis",
];
const TRADES: [&str; 16] = [
    "Marketing",
    "Media",
    "Insurance",
    "Lending",
    "Solar",
    "Home Services",
    "Roofing",
    "Financial",
    "Education",
    "Mortgage",
    "Health",
    "Leads",
    "Digital",
    "Energy",
    "Legal",
    "Partners",
];
const FIRST_WORDS: [&str; 16] = [
    "Summit",
    "Harbor",
    "Cedar",
    "Northwind",
    "Lakeside",
    "Beacon",
    "Granite",
    "Prairie",
    "Redwood",
    "Clearwater",
    "Ridgeline",
    "Copper",
    "Bluebonnet",
    "Keystone",
    "Evergreen",
    "Lantern",
];
const ENDINGS: [&str; 6] = ["", "", "", " Group", " LLC", ", Inc."];
const WORDS: [&str; 16] = [
    "autumn", "regional", "solar", "weekly", "priority", "partner", "evening", "mobile", "referral", "inbound",
    "premium", "local", "verified", "spring", "outreach", "direct",
];

/// A city with a code of its own.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) city: &'static str,
    pub(super) state: &'static str,
    pub(super) postal_code: &'static str,
}

const ADDRESSES: [Address; 12] = [
    Address { city: "Austin", state: "TX", postal_code: "78701" },
    Address { city: "Dallas", state: "TX", postal_code: "75201" },
    Address { city: "Denver", state: "CO", postal_code: "80202" },
    Address { city: "Phoenix", state: "AZ", postal_code: "85004" },
    Address { city: "Chicago", state: "IL", postal_code: "60601" },
    Address { city: "Columbus", state: "OH", postal_code: "43215" },
    Address { city: "Atlanta", state: "GA", postal_code: "30303" },
    Address { city: "Portland", state: "OR", postal_code: "97204" },
    Address { city: "Nashville", state: "TN", postal_code: "37203" },
    Address { city: "Tampa", state: "FL", postal_code: "33602" },
    Address { city: "Raleigh", state: "NC", postal_code: "27601" },
    Address { city: "Boise", state: "ID", postal_code: "83702" },
];

/// Somebody who does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// A mailbox that follows from the name, at `example.com`, `.org` or `.net`.
    pub email: String,
    /// A telephone number kept for fiction.
    pub phone: String,
}

/// A company that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its name, in ASCII.
    pub name: String,
    /// Its site, under `example.com`.
    pub website: String,
    /// What the ids of its custom fields end in: three to five small letters or digits.
    pub field_suffix: String,
}

impl Maker<'_> {
    /// Somebody.
    pub fn person(&mut self) -> Person {
        let first_name: String = FirstName().fake_with_rng(self.chance.rng());
        let last_name: String = LastName().fake_with_rng(self.chance.rng());
        let domain = self.word(&DOMAINS);
        let email = format!("{}.{}@{domain}", squeezed(&first_name), squeezed(&last_name));
        let phone = self.phone();
        Person { first_name, last_name, email, phone }
    }

    /// A company.
    pub fn company(&mut self) -> Company {
        let last_name: String = LastName().fake_with_rng(self.chance.rng());
        let first = self.word(&FIRST_WORDS);
        let trade = self.word(&TRADES);
        let stem = match self.index(4) {
            0 => {
                let partner: String = LastName().fake_with_rng(self.chance.rng());
                format!("{last_name} & {partner}")
            }
            1 => format!("{last_name} {trade}"),
            _ => format!("{first} {trade}"),
        };
        let name = format!("{stem}{}", self.word(&ENDINGS));
        let website = format!("https://{}.example.com", slug_of(&stem));
        let mut field_suffix: String = squeezed(&stem).chars().take(5).collect();
        while field_suffix.len() < 3 {
            field_suffix.push('x');
        }
        Company { name, website, field_suffix }
    }

    /// What a form asks somebody, as a flow keeps it: telephone and e-mail are typed values.
    pub fn lead(&mut self, person: &Person) -> Value {
        let (street, address) = (self.street(), self.address());
        let digits: String = person.phone.chars().filter(char::is_ascii_digit).collect();
        let (user, domain) = person.email.split_once('@').unwrap_or((&person.email, ""));
        let (host, tld) = domain.split_once('.').unwrap_or((domain, ""));
        json!({
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": {
                "raw": person.email, "normal": person.email, "valid": true,
                "user": user, "domain": domain, "host": host, "tld": tld,
            },
            "phone_1": {
                "raw": person.phone, "normal": digits, "valid": true,
                "area": digits.get(..3), "exchange": digits.get(3..6), "line": digits.get(6..), "number": digits.get(3..),
                "extension": null, "country_code": "US", "is_tollfree": false,
            },
            "address_1": street,
            "city": address.city,
            "state": address.state,
            "postal_code": address.postal_code,
        })
    }

    /// A state of the United States, by its two letters.
    pub fn state(&mut self) -> &'static str {
        self.address().state
    }

    /// An amount of money between so many dollars, in steps of fifty cents.
    pub fn dollars(&mut self, low: u32, high: u32) -> f64 {
        let halves = self.whole(i64::from(low) * 2, i64::from(high) * 2);
        f64::from(u32::try_from(halves).unwrap_or(low)) / 2.0
    }

    /// A telephone number: a real area code, then 555-01 and two digits, which are kept for fiction.
    pub fn phone(&mut self) -> String {
        let area = self.word(&AREA_CODES);
        format!("{area}-555-01{:02}", self.whole(0, 99))
    }

    /// A time zone of the United States, by its name in the tz database.
    pub fn time_zone(&mut self) -> &'static str {
        self.word(&TIME_ZONES)
    }

    /// The id of a document that is made now.
    pub fn id(&mut self) -> String {
        self.ids.next_id(self.now)
    }

    /// The id of a document that was made at `at`.
    pub fn id_at(&mut self, at: Timestamp) -> String {
        self.ids.next_id(at)
    }

    /// The id of a part of a document.
    pub fn short_id(&mut self) -> String {
        self.ids.next_short_id()
    }

    /// A key of `length` hexadecimal digits.
    pub fn key(&mut self, length: usize) -> String {
        (0..length).filter_map(|_| char::from_digit(u32::try_from(self.index(16)).ok()?, 16)).collect()
    }

    pub(super) fn address(&mut self) -> &'static Address {
        let index = self.index(ADDRESSES.len());
        ADDRESSES.get(index).unwrap_or(&ADDRESSES[0])
    }

    pub(super) fn street(&mut self) -> String {
        let number: String = BuildingNumber().fake_with_rng(self.chance.rng());
        let street: String = StreetName().fake_with_rng(self.chance.rng());
        format!("{} {street}", number.trim_start_matches('0'))
    }

    /// A name for a machine or a page, such as `cedar-solar`.
    pub(super) fn slug(&mut self) -> String {
        format!("{}-{}", self.word(&FIRST_WORDS).to_ascii_lowercase(), self.word(&WORDS))
    }

    /// Two words that say little.
    pub(super) fn words(&mut self) -> String {
        let first = self.index(WORDS.len());
        let second = self.index(WORDS.len() - 1);
        let second = if second >= first { second + 1 } else { second };
        let word = |index: usize| WORDS.get(index).copied().unwrap_or_default();
        format!("{} {}", word(first), word(second))
    }

    /// The text with more words, or fewer, until its length in characters suits.
    pub(super) fn sized(&mut self, mut text: String, min: Option<usize>, max: Option<usize>) -> String {
        while text.chars().count() < min.unwrap_or(0) {
            text = if text.is_empty() { self.words() } else { format!("{text} {}", self.words()) };
        }
        let Some(max) = max.filter(|max| text.chars().count() > *max) else { return text };
        let cut: String = text.chars().take(max).collect();
        let min = min.unwrap_or(0).max(max / 2);
        let tidy = cut.rsplit_once(' ').map(|(head, _)| head).filter(|head| head.chars().count() >= min);
        tidy.map_or(cut.clone(), str::to_owned)
    }
}

/// Small letters and digits alone.
pub(super) fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Small words with `-` between them.
pub(super) fn slug_of(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c == '-').map(squeezed);
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}
