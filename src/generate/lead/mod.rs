//! Leads as a form sends them: one text for each field of a flow, by the field's type and, where its id is well known,
//! by that. The texts of one lead belong together: the city has that postal code and area code, the e-mail address the
//! name, the age the day of birth.

mod place;
mod words;

use jiff::civil::Date;
use jiff::{ToSpan as _, tz::TimeZone};
use serde_json::Value;

use super::text::squeezed;
use super::{Company, Maker, Person};
use place::{PLACES, Place};

/// A field of a flow, as far as made values follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadField {
    /// Its id, by which it is sent.
    pub id: String,
    /// The name of its type, such as `phone`.
    pub kind: String,
}

impl LeadField {
    /// The field that a document describes; `None` when it has no id.
    #[must_use]
    pub fn of(document: &Value) -> Option<Self> {
        let part = |name: &str| document.get(name).and_then(Value::as_str);
        Some(Self { id: part("id")?.to_owned(), kind: part("type").unwrap_or("string").to_owned() })
    }
}

/// What the texts of one lead have in common.
#[derive(Debug)]
struct Scene {
    person: Person,
    company: Company,
    place: &'static Place,
    street: String,
    /// Make and model.
    vehicle: (&'static str, &'static str),
    born: Date,
    today: Date,
    /// The year of birth, as mailboxes have it: two of one name are rarely one address.
    year: String,
}

impl Maker<'_> {
    /// The texts of one lead, in the order of its fields. `fixed` tells which fields have a text already: those are
    /// taken as they are, and what belongs to a fixed state fits it.
    pub fn lead_texts(&mut self, fields: &[LeadField], fixed: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
        let scene = self.scene(fixed("state").as_deref());
        fields
            .iter()
            .map(|field| {
                // What is drawn for one field must not depend on whether another is fixed.
                let made = self.lead_text(field, &scene);
                fixed(&field.id).unwrap_or(made)
            })
            .collect()
    }

    fn scene(&mut self, state: Option<&str>) -> Scene {
        let (person, company) = (self.person(), self.company());
        let fits = |place: &&'static Place| state.is_some_and(|state| place.is_in(state));
        let near: Vec<&'static Place> = PLACES.iter().filter(fits).collect();
        let drawn = self.index(if near.is_empty() { PLACES.len() } else { near.len() });
        let place = near.get(drawn).copied().or_else(|| PLACES.get(drawn)).unwrap_or(&PLACES[0]);
        let today = self.now.to_zoned(TimeZone::UTC).date();
        // Old enough to sign, young enough to fill in a form.
        let days = self.whole(19 * 365, 78 * 365);
        let born = today.checked_sub(days.days()).unwrap_or(today);
        let year = format!("{:02}", born.year().rem_euclid(100));
        let vehicle = words::VEHICLES.get(self.index(words::VEHICLES.len())).copied().unwrap_or_default();
        Scene { person, company, place, street: self.street(), vehicle, born, today, year }
    }

    fn lead_text(&mut self, field: &LeadField, scene: &Scene) -> String {
        let id = field.id.to_ascii_lowercase();
        match field.kind.as_str() {
            "boolean" => self.yes_or_no(&id),
            "city" => scene.place.city.to_owned(),
            "state" => scene.place.state.to_owned(),
            "postal_code" => scene.place.postal_code.to_owned(),
            "street" => scene.street.clone(),
            "first_name" => scene.person.first_name.clone(),
            "last_name" => scene.person.last_name.clone(),
            "email" if id.ends_with('2') => self.person().email,
            "email" => mailbox(scene),
            "phone" => self.phone_at(scene.place),
            "gender" => self.word(&["female", "male"]).to_owned(),
            "dob" => scene.born.to_string(),
            "date" => self.day(&id, scene.today).to_string(),
            "time" => self.time_of(scene.today),
            "number" => self.amount(&id, scene).to_string(),
            "range" => self.range(&id, scene),
            "ssn" => format!("987-65-432{}", self.index(10)),
            "trustedform_url" => self.certificate(),
            "url" => self.address_of_the_web(&id, scene),
            "ip" => self.formatted("ipv4").unwrap_or_default(),
            // A credential is a secret of the account's; no form asks for one.
            "credential" => String::new(),
            _ => self.text_by_id(&id, scene),
        }
    }

    fn yes_or_no(&mut self, id: &str) -> String {
        let percent = match id {
            // These leads are tests, and nobody posts a lead without consent.
            "is_test" => 100,
            "opt_in" | "tcpa_consent" => 97,
            "us_citizen" => 92,
            "own_home" | "currently_insured" => 65,
            "bankruptcy" | "tobacco_user" | "military" | "veteran" => 12,
            _ => 50,
        };
        // Drawn in any case, so that the rest of a lead does not depend on how it came out.
        if self.happens(percent) { "true" } else { "false" }.to_owned()
    }

    /// A telephone number kept for fiction, with the area code of the place.
    fn phone_at(&mut self, place: &Place) -> String {
        format!("{}-555-01{:02}", place.area, self.whole(0, 99))
    }

    fn day(&mut self, id: &str, today: Date) -> Date {
        let says = |words: &[&str]| words.iter().any(|word| id.contains(word));
        let days = if says(&["expir", "start", "next", "due", "end", "move", "appointment"]) {
            self.whole(7, 300)
        } else {
            -self.whole(1, 700)
        };
        today.checked_add(days.days()).unwrap_or(today)
    }

    /// A time in office hours of the coming weeks.
    fn time_of(&mut self, today: Date) -> String {
        let day = today.checked_add(self.whole(1, 21).days()).unwrap_or(today);
        format!("{day}T{:02}:{}:00Z", self.whole(14, 22), self.word(&["00", "15", "30", "45"]))
    }

    fn certificate(&mut self) -> String {
        format!("https://cert.trustedform.com/{}", self.key(40))
    }

    fn address_of_the_web(&mut self, id: &str, scene: &Scene) -> String {
        if id.contains("company") || id.contains("website") {
            return scene.company.website.clone();
        }
        let page = self.word(&["quote", "apply", "offers", "start", "compare"]);
        format!("https://{}.example.com/{page}", self.slug())
    }

    fn text_by_id(&mut self, id: &str, scene: &Scene) -> String {
        let name = id.rsplit('.').next().unwrap_or(id);
        match name {
            "full_name" => format!("{} {}", scene.person.first_name, scene.person.last_name),
            "middle_name" => self.person().first_name,
            "county" => scene.place.county.to_owned(),
            "time_zone" => scene.place.time_zone.to_owned(),
            "country" => "US".to_owned(),
            "zip" | "zip_code" => scene.place.postal_code.to_owned(),
            "company" | "name" | "employer" => scene.company.name.clone(),
            "website" => scene.company.website.clone(),
            "ip_address" | "ip" => self.formatted("ipv4").unwrap_or_default(),
            "phone_work_ext" => self.whole(100, 999).to_string(),
            "height" => format!("{}'{}\"", self.whole(5, 6), self.whole(0, 11)),
            // The letters that a real number cannot begin with: no maker has this code.
            "vehicle_vin" => format!("EXAMPLE{:010}", self.whole(0, 9_999_999_999)),
            "universal_leadid" => self.uuid().to_ascii_uppercase(),
            "trustedform_cert_url" => self.certificate(),
            "gclid" | "click_id" => format!("example-{}", self.key(16)),
            "reference" | "campaign_id" | "affiliate_id" | "sub_id" => self.key(8),
            "email" => mailbox(scene),
            "city" => scene.place.city.to_owned(),
            "state" => scene.place.state.to_owned(),
            // Most have none.
            "suffix" | "address_2" if !self.happens(15) => String::new(),
            "address_2" => format!("Apt {}", self.whole(1, 40)),
            "comments" => self.sentence(),
            "vehicle_make" => scene.vehicle.0.to_owned(),
            "vehicle_model" => scene.vehicle.1.to_owned(),
            _ => match words::of(name) {
                Some(words) => self.word(words).to_owned(),
                None => self.words(),
            },
        }
    }

    fn sentence(&mut self) -> String {
        self.word(&[
            "Please call in the evening.",
            "I would like to compare two offers.",
            "My current contract ends next month.",
            "E-mail is best.",
            "Found you through a friend.",
        ])
        .to_owned()
    }

    /// A whole number that suits the id.
    fn amount(&mut self, id: &str, scene: &Scene) -> Amount {
        let says = |words: &[&str]| words.iter().any(|word| id.contains(word));
        let (low, high, step) = if says(&["graduation_year"]) {
            return Amount::whole(i64::from(scene.born.year()) + self.whole(18, 26));
        } else if id.ends_with("year") {
            let year = i64::from(scene.today.year());
            return Amount::whole(self.whole(year - 15, year));
        } else if says(&["rate", "percent", "apr"]) {
            return Amount::hundredths(self.whole(275, 899));
        } else if says(&["price", "cost", "bid"]) {
            (5, 60, 1)
        } else if says(&["down_payment"]) {
            (5, 80, 1_000)
        } else if says(&["mileage"]) {
            (4, 160, 1_000)
        } else if says(&["loan", "amount", "balance", "debt", "mortgage"]) {
            (20, 450, 1_000)
        } else if says(&["value", "income", "revenue", "budget"]) {
            (30, 600, 1_000)
        } else if says(&["weight"]) {
            (110, 260, 1)
        } else if says(&["score"]) {
            (52, 84, 10)
        } else if says(&["age"]) && !says(&["mileage", "coverage"]) {
            return Amount::whole(scene.age());
        } else if says(&["household", "employees"]) {
            (1, 7, 1)
        } else if says(&["years"]) {
            (0, 30, 1)
        } else if says(&["children", "accidents", "violations", "count", "number"]) {
            (0, 3, 1)
        } else {
            (1, 100, 1)
        };
        Amount::whole(self.whole(low, high) * step)
    }

    /// A number or two ends, as forms offer them.
    fn range(&mut self, id: &str, scene: &Scene) -> String {
        if id == "age" || id.ends_with("_age") {
            return scene.age().to_string();
        }
        let says = |words: &[&str]| words.iter().any(|word| id.contains(word));
        let (low, high, step) = if says(&["electric_bill", "bill"]) {
            (1, 7, 50)
        } else if says(&["score"]) {
            (11, 16, 50)
        } else if says(&["monthly"]) {
            (3, 18, 500)
        } else if says(&["employees"]) {
            (1, 20, 25)
        } else if says(&["property", "loan", "revenue"]) {
            (4, 30, 25_000)
        } else if says(&["income", "debt", "budget", "amount", "value"]) {
            (1, 12, 10_000)
        } else {
            (1, 20, 10)
        };
        let from = self.whole(low, high);
        let has_end = self.happens(90);
        if has_end { format!("{}-{}", from * step, (from + 1) * step) } else { format!("{}+", from * step) }
    }
}

impl Scene {
    fn age(&self) -> i64 {
        let had_birthday = (self.today.month(), self.today.day()) >= (self.born.month(), self.born.day());
        i64::from(self.today.year()) - i64::from(self.born.year()) - i64::from(!had_birthday)
    }
}

/// The person's mailbox, at a host kept for examples.
fn mailbox(scene: &Scene) -> String {
    let (first, last) = (squeezed(&scene.person.first_name), squeezed(&scene.person.last_name));
    format!("{first}.{last}{}@example.com", scene.year)
}

/// A number with two digits behind the point, or none.
#[derive(Clone, Copy, Debug)]
struct Amount {
    hundredths: i64,
}

impl Amount {
    fn whole(number: i64) -> Self {
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
            (whole, rest) => write!(f, "{whole}.{rest:02}"),
        }
    }
}

#[cfg(test)]
mod tests;
