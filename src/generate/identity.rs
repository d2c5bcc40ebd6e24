//! Generates people, companies, addresses, phone numbers and keys. None of them is real: mailboxes and hosts are in
//! domains reserved for examples, phone numbers in the range reserved for fiction.

use fake::Fake;
use fake::faker::address::en::{BuildingNumber, StreetName};
use fake::faker::name::en::{FirstName, LastName};
use serde_json::{Value, json};

use super::{Timestamp, ValueGenerator, format::DOMAINS};

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

/// A city with one of its postal codes.
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

/// A lead as events contain it.
#[derive(Clone, Debug)]
pub struct GeneratedLead {
    person: Person,
    street: String,
    address: &'static Address,
}

/// The fields of a generated lead.
const LEAD_FIELDS: [&str; 8] =
    ["first_name", "last_name", "email", "phone_1", "address_1", "city", "state", "postal_code"];

impl GeneratedLead {
    /// Its fields: phone number and e-mail address are typed values.
    #[must_use]
    pub fn fields(&self) -> Value {
        let fields = LEAD_FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), self.field(name)?)));
        Value::Object(fields.collect())
    }

    /// The value of one field, without the others. `None` for a field that no generated lead has.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Value> {
        let Self { person, street, address } = self;
        Some(match name {
            "first_name" => person.first_name.as_str().into(),
            "last_name" => person.last_name.as_str().into(),
            "email" => {
                let (user, domain) = person.email.split_once('@').unwrap_or((&person.email, ""));
                let (host, tld) = domain.split_once('.').unwrap_or((domain, ""));
                json!({
                    "raw": person.email, "normal": person.email, "valid": true,
                    "user": user, "domain": domain, "host": host, "tld": tld,
                })
            }
            "phone_1" => {
                let digits: String = person.phone.chars().filter(char::is_ascii_digit).collect();
                json!({
                    "raw": person.phone, "normal": digits, "valid": true,
                    "area": digits.get(..3), "exchange": digits.get(3..6), "line": digits.get(6..),
                    "number": digits.get(3..), "extension": null, "country_code": "US", "is_tollfree": false,
                })
            }
            "address_1" => street.as_str().into(),
            "city" => address.city.into(),
            "state" => address.state.into(),
            "postal_code" => address.postal_code.into(),
            _ => return None,
        })
    }
}

/// A fictional person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// E-mail address derived from the name, at `example.com`, `.org` or `.net`.
    pub email: String,
    /// Phone number from the range reserved for fiction.
    pub phone: String,
}

/// A fictional company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Name in ASCII.
    pub name: String,
    /// Website at a subdomain of `example.com`.
    pub website: String,
    /// Suffix of the ids of its custom fields: three to five lower-case letters or digits.
    pub field_suffix: String,
}

impl ValueGenerator<'_> {
    /// Generates a person.
    pub fn person(&mut self) -> Person {
        let first_name: String = FirstName().fake_with_rng(self.random.rng());
        let last_name: String = LastName().fake_with_rng(self.random.rng());
        let domain = self.choose(&DOMAINS);
        let email = format!("{}.{}@{domain}", lowercase_alphanumeric(&first_name), lowercase_alphanumeric(&last_name));
        let phone = self.phone();
        Person { first_name, last_name, email, phone }
    }

    /// Generates a company.
    pub fn company(&mut self) -> Company {
        let last_name: String = LastName().fake_with_rng(self.random.rng());
        let first = self.choose(&FIRST_WORDS);
        let trade = self.choose(&TRADES);
        let stem = match self.random_index(4) {
            0 => {
                let partner: String = LastName().fake_with_rng(self.random.rng());
                format!("{last_name} & {partner}")
            }
            1 => format!("{last_name} {trade}"),
            _ => format!("{first} {trade}"),
        };
        let name = format!("{stem}{}", self.choose(&ENDINGS));
        let website = format!("https://{}.example.com", to_slug(&stem));
        let mut field_suffix: String = lowercase_alphanumeric(&stem).chars().take(5).collect();
        while field_suffix.len() < 3 {
            field_suffix.push('x');
        }
        Company { name, website, field_suffix }
    }

    /// Generates a lead as events contain it.
    pub fn lead(&mut self) -> GeneratedLead {
        let person = self.person();
        GeneratedLead { person, street: self.street(), address: self.address() }
    }

    /// Returns the code of a random state of the United States.
    pub fn state(&mut self) -> &'static str {
        self.address().state
    }

    /// Returns a random amount in dollars from `low` to `high`, in steps of 0.5.
    pub fn dollars(&mut self, low: u32, high: u32) -> f64 {
        let halves = self.integer(i64::from(low) * 2, i64::from(high) * 2);
        f64::from(u32::try_from(halves).unwrap_or(low)) / 2.0
    }

    /// Generates a phone number: a real area code, then 555-01 and two digits, the range reserved for fiction.
    pub fn phone(&mut self) -> String {
        let area = self.choose(&AREA_CODES);
        format!("{area}-555-01{:02}", self.integer(0, 99))
    }

    /// Returns a random time zone of the United States by its IANA name.
    pub fn time_zone(&mut self) -> &'static str {
        self.choose(&TIME_ZONES)
    }

    /// Generates the id of a document that is created now.
    pub fn id(&mut self) -> String {
        self.ids.next_id(self.now).to_string()
    }

    /// Generates the id of a document that was created at `at`.
    pub fn id_at(&mut self, at: Timestamp) -> String {
        self.ids.next_id(at).to_string()
    }

    /// Generates the id of a nested object of a document.
    pub fn short_id(&mut self) -> String {
        self.ids.next_short_id()
    }

    /// Generates a key of `length` hexadecimal digits.
    pub fn key(&mut self, length: usize) -> String {
        (0..length).filter_map(|_| char::from_digit(u32::try_from(self.random_index(16)).ok()?, 16)).collect()
    }

    pub(super) fn address(&mut self) -> &'static Address {
        let index = self.random_index(ADDRESSES.len());
        ADDRESSES.get(index).unwrap_or(&ADDRESSES[0])
    }

    pub(super) fn street(&mut self) -> String {
        let number: String = BuildingNumber().fake_with_rng(self.random.rng());
        let street: String = StreetName().fake_with_rng(self.random.rng());
        format!("{} {street}", number.trim_start_matches('0'))
    }

    /// Generates a host or page name, such as `cedar-solar`.
    pub(super) fn slug(&mut self) -> String {
        format!("{}-{}", self.choose(&FIRST_WORDS).to_ascii_lowercase(), self.choose(&WORDS))
    }

    /// Generates two generic words.
    pub(super) fn words(&mut self) -> String {
        let first = self.random_index(WORDS.len());
        let second = self.random_index(WORDS.len() - 1);
        let second = if second >= first { second + 1 } else { second };
        let word = |index: usize| WORDS.get(index).copied().unwrap_or_default();
        format!("{} {}", word(first), word(second))
    }

    /// Adds or removes words until the length in characters is in the limits.
    pub(super) fn fit_length(&mut self, mut text: String, min: Option<usize>, max: Option<usize>) -> String {
        while text.chars().count() < min.unwrap_or(0) {
            text = if text.is_empty() { self.words() } else { format!("{text} {}", self.words()) };
        }
        let Some(max) = max.filter(|max| text.chars().count() > *max) else { return text };
        let cut: String = text.chars().take(max).collect();
        let min = min.unwrap_or(0).max(max / 2);
        let whole_words = cut.rsplit_once(' ').map(|(head, _)| head).filter(|head| head.chars().count() >= min);
        whole_words.map_or(cut.clone(), str::to_owned)
    }
}

/// Returns only the letters and digits, in lower case.
pub(super) fn lowercase_alphanumeric(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns the words in lower case, separated by `-`.
pub(super) fn to_slug(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c == '-').map(lowercase_alphanumeric);
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}
