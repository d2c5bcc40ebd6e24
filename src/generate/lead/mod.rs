//! Generates leads as a form submits them: one text for each field of a flow, by the type of the field and by
//! well-known ids. The values of a lead are consistent: postal code and area code with the city, the e-mail address
//! with the name, the age with the date of birth.

mod choices;
mod city;

use jiff::civil::Date;
use jiff::{ToSpan as _, tz::TimeZone};
use serde_json::Value;

use super::identity::lowercase_alphanumeric;
use super::{Company, Person, ValueGenerator};
use city::{CITIES, City};

/// A field of a flow, as far as it determines generated values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadField {
    /// Id, which is the name of the form field.
    pub id: String,
    /// Field type, such as `phone`.
    pub field_type: String,
}

impl LeadField {
    /// Reads the field from a document; `None` if it has no id.
    #[must_use]
    pub fn from_document(document: &Value) -> Option<Self> {
        let part = |name: &str| document.get(name).and_then(Value::as_str);
        Some(Self { id: part("id")?.to_owned(), field_type: part("type").unwrap_or("string").to_owned() })
    }
}

/// What the values of one lead share, so that they are consistent.
#[derive(Debug)]
struct LeadContext {
    person: Person,
    company: Company,
    city: &'static City,
    street: String,
    /// Make and model.
    vehicle: (&'static str, &'static str),
    birth_date: Date,
    today: Date,
    /// Two digits of the year of birth, for e-mail addresses, so that namesakes rarely share one.
    year: String,
}

impl ValueGenerator<'_> {
    /// Generates the values of one lead in the order of its fields. `fixed` returns the given value of a field, which
    /// is used unchanged. A fixed state determines the city.
    pub fn lead_values(&mut self, fields: &[LeadField], fixed: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
        let context = self.lead_context(fixed("state").as_deref());
        fields
            .iter()
            .map(|field| {
                // The value is generated even if the field is fixed, so that the values of other fields stay the same.
                let generated = self.lead_value(field, &context);
                fixed(&field.id).unwrap_or(generated)
            })
            .collect()
    }

    fn lead_context(&mut self, state: Option<&str>) -> LeadContext {
        let (person, company) = (self.person(), self.company());
        let is_in_state = |city: &&'static City| state.is_some_and(|state| city.is_in(state));
        let candidates: Vec<&'static City> = CITIES.iter().filter(is_in_state).collect();
        let index = self.random_index(if candidates.is_empty() { CITIES.len() } else { candidates.len() });
        let city = candidates.get(index).copied().or_else(|| CITIES.get(index)).unwrap_or(&CITIES[0]);
        let today = self.now.to_zoned(TimeZone::UTC).date();
        // Adults of a plausible age.
        let days = self.integer(19 * 365, 78 * 365);
        let birth_date = today.checked_sub(days.days()).unwrap_or(today);
        let year = format!("{:02}", birth_date.year().rem_euclid(100));
        let vehicle = choices::VEHICLES.get(self.random_index(choices::VEHICLES.len())).copied().unwrap_or_default();
        LeadContext { person, company, city, street: self.street(), vehicle, birth_date, today, year }
    }

    fn lead_value(&mut self, field: &LeadField, context: &LeadContext) -> String {
        let id = field.id.to_ascii_lowercase();
        match field.field_type.as_str() {
            "boolean" => self.boolean_value(&id),
            "city" => context.city.name.to_owned(),
            "state" => context.city.state.to_owned(),
            "postal_code" => context.city.postal_code.to_owned(),
            "street" => context.street.clone(),
            "first_name" => context.person.first_name.clone(),
            "last_name" => context.person.last_name.clone(),
            "email" if id.ends_with('2') => self.person().email,
            "email" => email_address(context),
            "phone" => self.phone_in(context.city),
            "gender" => self.choose(&["female", "male"]).to_owned(),
            "dob" => context.birth_date.to_string(),
            "date" if last_part(&id) == "dob" => context.birth_date.to_string(),
            "date" => self.day(&id, context.today).to_string(),
            "time" => self.appointment(context.today),
            "number" => self.amount(&id, context).to_string(),
            "range" => self.range(&id, context),
            "ssn" => format!("987-65-432{}", self.random_index(10)),
            "trustedform_url" => self.certificate(),
            "url" => self.url_value(&id, context),
            "ip" => self.formatted("ipv4").unwrap_or_default(),
            // Credentials are secrets of the account; forms do not submit them.
            "credential" => String::new(),
            _ => self.text_for_field(&id, context),
        }
    }

    fn boolean_value(&mut self, id: &str) -> String {
        let percent = match id {
            // Generated leads are tests, and most leads have consent.
            "is_test" => 100,
            "opt_in" | "tcpa_consent" => 97,
            "us_citizen" => 92,
            "own_home" | "currently_insured" => 65,
            "bankruptcy" | "tobacco_user" | "military" | "veteran" => 12,
            _ => 50,
        };
        // One random number in any case, so that other values do not depend on the result.
        if self.chance(percent) { "true" } else { "false" }.to_owned()
    }

    /// Generates a phone number from the range reserved for fiction, with the area code of the city.
    fn phone_in(&mut self, city: &City) -> String {
        format!("{}-555-01{:02}", city.area_code, self.integer(0, 99))
    }

    fn day(&mut self, id: &str, today: Date) -> Date {
        let contains_any = |words: &[&str]| words.iter().any(|word| id.contains(word));
        let days = if contains_any(&["expir", "start", "next", "due", "end", "move", "appointment"]) {
            self.integer(7, 300)
        } else {
            -self.integer(1, 700)
        };
        today.checked_add(days.days()).unwrap_or(today)
    }

    /// Generates a time in office hours of the next three weeks.
    fn appointment(&mut self, today: Date) -> String {
        let day = today.checked_add(self.integer(1, 21).days()).unwrap_or(today);
        format!("{day}T{:02}:{}:00Z", self.integer(14, 22), self.choose(&["00", "15", "30", "45"]))
    }

    fn certificate(&mut self) -> String {
        format!("https://cert.trustedform.com/{}", self.key(40))
    }

    fn url_value(&mut self, id: &str, context: &LeadContext) -> String {
        if id.contains("company") || id.contains("website") {
            return context.company.website.clone();
        }
        let page = self.choose(&["quote", "apply", "offers", "start", "compare"]);
        format!("https://{}.example.com/{page}", self.slug())
    }

    fn text_for_field(&mut self, id: &str, context: &LeadContext) -> String {
        let name = last_part(id);
        match name {
            "full_name" => format!("{} {}", context.person.first_name, context.person.last_name),
            "middle_name" => self.person().first_name,
            "county" => context.city.county.to_owned(),
            "time_zone" => context.city.time_zone.to_owned(),
            "country" => "US".to_owned(),
            "zip" | "zip_code" => context.city.postal_code.to_owned(),
            "company" | "name" | "employer" => context.company.name.clone(),
            "website" => context.company.website.clone(),
            "ip_address" | "ip" => self.formatted("ipv4").unwrap_or_default(),
            "phone_work_ext" => self.integer(100, 999).to_string(),
            "height" => format!("{}'{}\"", self.integer(5, 6), self.integer(0, 11)),
            // No manufacturer has this code, so the number is not real.
            "vin" | "vehicle_vin" => format!("EXAMPLE{:010}", self.integer(0, 9_999_999_999)),
            "universal_leadid" => self.uuid().to_ascii_uppercase(),
            "trustedform_cert_url" => self.certificate(),
            "gclid" | "click_id" => format!("example-{}", self.key(16)),
            "reference" | "campaign_id" | "affiliate_id" | "sub_id" => self.key(8),
            "email" => email_address(context),
            "city" => context.city.name.to_owned(),
            "state" => context.city.state.to_owned(),
            // Most leads have none.
            "suffix" | "name_suffix" | "address_2" if !self.chance(15) => String::new(),
            "address_2" => format!("Apt {}", self.integer(1, 40)),
            "comments" => self.sentence(),
            "opt_in" | "mobile_opt_in" => self.boolean_value("opt_in"),
            "landing_page" => self.url_value(id, context),
            "vehicle_make" | "make" => context.vehicle.0.to_owned(),
            "vehicle_model" | "model" => context.vehicle.1.to_owned(),
            _ => match choices::for_field(name) {
                Some(words) => self.choose(words).to_owned(),
                None => self.words(),
            },
        }
    }

    fn sentence(&mut self) -> String {
        self.choose(&[
            "Please call in the evening.",
            "I would like to compare two offers.",
            "My current contract ends next month.",
            "E-mail is best.",
            "Found you through a friend.",
        ])
        .to_owned()
    }

    /// Generates a plausible number for the id.
    fn amount(&mut self, id: &str, context: &LeadContext) -> Amount {
        let contains_any = |words: &[&str]| words.iter().any(|word| id.contains(word));
        let (low, high, step) = if contains_any(&["graduation_year"]) {
            return Amount::integer(i64::from(context.birth_date.year()) + self.integer(18, 26));
        } else if id.ends_with("year") {
            let year = i64::from(context.today.year());
            return Amount::integer(self.integer(year - 15, year));
        } else if contains_any(&["rate", "percent", "apr"]) {
            return Amount::hundredths(self.integer(275, 899));
        } else if contains_any(&["price", "cost", "bid"]) {
            (5, 60, 1)
        } else if contains_any(&["down_payment"]) {
            (5, 80, 1_000)
        } else if contains_any(&["mileage"]) {
            (4, 160, 1_000)
        } else if contains_any(&["loan", "amount", "balance", "debt", "mortgage"]) {
            (20, 450, 1_000)
        } else if contains_any(&["value", "income", "revenue", "budget"]) {
            (30, 600, 1_000)
        } else if contains_any(&["weight"]) {
            (110, 260, 1)
        } else if contains_any(&["score"]) {
            (52, 84, 10)
        } else if contains_any(&["age"]) && !contains_any(&["mileage", "coverage"]) {
            return Amount::integer(context.age());
        } else if contains_any(&["household", "employees"]) {
            (1, 7, 1)
        } else if contains_any(&["years"]) {
            (0, 30, 1)
        } else if contains_any(&["children", "accidents", "violations", "count", "number"]) {
            (0, 3, 1)
        } else {
            (1, 100, 1)
        };
        Amount::integer(self.integer(low, high) * step)
    }

    /// Generates a number or a range, as forms offer them.
    fn range(&mut self, id: &str, context: &LeadContext) -> String {
        if id == "age" || id.ends_with("_age") {
            return context.age().to_string();
        }
        let contains_any = |words: &[&str]| words.iter().any(|word| id.contains(word));
        let (low, high, step) = if contains_any(&["electric_bill", "bill"]) {
            (1, 7, 50)
        } else if contains_any(&["score"]) {
            (11, 16, 50)
        } else if contains_any(&["monthly"]) {
            (3, 18, 500)
        } else if contains_any(&["employees"]) {
            (1, 20, 25)
        } else if contains_any(&["property", "loan", "revenue"]) {
            (4, 30, 25_000)
        } else if contains_any(&["income", "debt", "budget", "amount", "value"]) {
            (1, 12, 10_000)
        } else {
            (1, 20, 10)
        };
        let from = self.integer(low, high);
        let has_end = self.chance(90);
        if has_end { format!("{}-{}", from * step, (from + 1) * step) } else { format!("{}+", from * step) }
    }
}

impl LeadContext {
    fn age(&self) -> i64 {
        let had_birthday = (self.today.month(), self.today.day()) >= (self.birth_date.month(), self.birth_date.day());
        i64::from(self.today.year()) - i64::from(self.birth_date.year()) - i64::from(!had_birthday)
    }
}

/// The part of an id after the last dot.
fn last_part(id: &str) -> &str {
    id.rsplit('.').next().unwrap_or(id)
}

/// Returns the e-mail address of the person, at a domain reserved for examples.
fn email_address(context: &LeadContext) -> String {
    let (first, last) =
        (lowercase_alphanumeric(&context.person.first_name), lowercase_alphanumeric(&context.person.last_name));
    format!("{first}.{last}{}@example.com", context.year)
}

/// A number with two decimals, or none if it is whole.
#[derive(Clone, Copy, Debug)]
struct Amount {
    hundredths: i64,
}

impl Amount {
    fn integer(number: i64) -> Self {
        Self { hundredths: number * 100 }
    }

    fn hundredths(hundredths: i64) -> Self {
        Self { hundredths }
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.hundredths / 100, self.hundredths % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, fraction) => write!(f, "{whole}.{fraction:02}"),
        }
    }
}

#[cfg(test)]
mod tests;
