//! Which text a property's name asks for.

use serde_json::{Map, Value};

use super::Maker;
use super::flat::branches;
use super::format::{is_email, is_uuid};
use super::schema::Scene;
use super::text::{Company, Person, squeezed};

/// Parts of the names of models and properties that are companies.
const COMPANIES: [&str; 10] =
    ["account", "entity", "entities", "company", "organi", "buyer", "seller", "partner", "recipient", "org"];
/// Parts of the names of models and properties that are people.
const PEOPLE: [&str; 5] = ["user", "person", "people", "contact", "member"];

impl Scene {
    fn person(&mut self, maker: &mut Maker) -> &Person {
        self.person.get_or_insert_with(|| maker.person())
    }

    fn company(&mut self, maker: &mut Maker) -> &Company {
        self.company.get_or_insert_with(|| maker.company())
    }

    fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.owner.contains(word))
    }
}

impl Maker<'_> {
    /// What the name asks for so plainly that it goes before the examples. Several for a caller who checks them.
    pub(super) fn named(&mut self, name: &str, flat: &Map<String, Value>, scene: &mut Scene) -> Vec<String> {
        let example = branches(flat, "examples").iter().find_map(Value::as_str).unwrap_or_default();
        let pattern = flat.get("pattern").and_then(Value::as_str).unwrap_or_default();
        let one = |text: &str| vec![text.to_owned()];
        match name {
            "first_name" | "given_name" => return one(&scene.person(self).first_name),
            "last_name" | "family_name" | "surname" => return one(&scene.person(self).last_name),
            "full_name" | "contact_name" => return one(&full_name(scene.person(self))),
            "company" | "company_name" | "organization" | "organization_name" => return one(&scene.company(self).name),
            "field_suffix" => return one(&scene.company(self).field_suffix),
            "username" | "user_name" | "login" => {
                let person = scene.person(self);
                let initial: String = person.first_name.chars().take(1).collect();
                return one(&squeezed(&format!("{initial}{}", person.last_name)));
            }
            "website" | "homepage" | "site" => return one(&scene.company(self).website),
            "time_zone" | "timezone" | "tz" => return one(self.time_zone()),
            "city" | "state" | "postal_code" | "zip" | "zip_code" if scene.has_address => {
                let address = *scene.address.get_or_insert_with(|| self.address());
                return one(match name {
                    "city" => address.city,
                    "state" => address.state,
                    _ => address.postal_code,
                });
            }
            "city" => return one(self.address().city),
            "postal_code" | "zip" | "zip_code" => return one(self.address().postal_code),
            "address_1" | "street" | "street_address" => return vec![self.street()],
            "ip" | "ip_address" | "remote_ip" => return self.formatted("ipv4").into_iter().collect(),
            "host" | "hostname" | "domain" => return self.formatted("hostname").into_iter().collect(),
            "name" if looks_like_company(example) || (scene.is_one_of(&COMPANIES) && !scene.is_one_of(&PEOPLE)) => {
                return one(&scene.company(self).name);
            }
            "name" if scene.is_one_of(&PEOPLE) && example.is_empty() => return one(&full_name(scene.person(self))),
            _ => {}
        }
        self.named_by_kind(name, example, pattern, scene)
    }

    fn named_by_kind(&mut self, name: &str, example: &str, pattern: &str, scene: &mut Scene) -> Vec<String> {
        let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
        if is_object_id(example) || pattern.ends_with("]{24}$") {
            return vec![self.document_id(name, scene)];
        }
        if pattern.ends_with("]{6}$") && (name.is_empty() || name == "id" || ends(&["_id"])) {
            return vec![self.short_id()];
        }
        if is_uuid(example) {
            return vec![self.uuid()];
        }
        if ends(&["email", "email_address"]) {
            return vec![scene.person(self).email.clone()];
        }
        if is_email(example) || (ends(&["_by"]) && example.is_empty()) || pattern.contains('@') {
            // Somebody else than the person that the object is about.
            return vec![self.person().email];
        }
        if name.starts_with("phone") || ends(&["phone", "fax", "mobile"]) {
            let phone = if name == "phone" { scene.person(self).phone.clone() } else { self.phone() };
            let digits = phone.replace('-', "");
            return vec![phone, format!("+1{digits}"), digits];
        }
        if name == "url" || ends(&["_url", "_uri"]) {
            let site = scene.company(self).website.clone();
            let path = name.rsplit_once('_').map_or("", |(what, _)| what);
            let path = if ends(&["logo_url", "icon_url"]) { format!("{path}.png") } else { path.replace('_', "-") };
            return vec![format!("{site}/{path}")];
        }
        if ends(&["password", "passphrase"]) {
            return vec![format!("example-password-{}", self.key(4))];
        }
        if ends(&["token", "secret", "jwt"]) {
            return vec![format!("example-{}-{}", name.replace('_', "-"), self.key(16))];
        }
        if ends(&["api_key", "_key"]) || is_hex(example, 32) || is_hex(example, 40) {
            let length = if example.is_empty() { 32 } else { example.len() };
            return vec![self.key(length)];
        }
        if example.is_empty() && (name == "id" || ends(&["_id"])) {
            return vec![self.document_id(name, scene), self.short_id(), self.uuid()];
        }
        Vec::new()
    }

    /// The id of a document: the object's own was made when the object was, others were made before.
    fn document_id(&mut self, name: &str, scene: &Scene) -> String {
        if name == "id" {
            return self.id_at(scene.created);
        }
        let (earlier, _) = self.lifetime();
        self.id_at(earlier.min(scene.created))
    }

    /// What the name loosely asks for; good for any property.
    pub(super) fn loose(&mut self, name: &str, scene: &Scene) -> String {
        let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
        if ends(&["description", "notes", "note", "comment", "message", "summary"]) {
            let what = self.words();
            let sentence = self.word(&[
                "Used by the team in Austin for {}.",
                "Set up for {}, reviewed every quarter.",
                "Takes care of {} until further notice.",
                "Agreed with the partner for {}.",
            ]);
            return sentence.replace("{}", &what);
        }
        let fixed: &[&'static str] = match name {
            "state" | "status" => &["active"],
            "reason" => &["outside of business hours", "state not served", "phone is invalid", "duplicate lead"],
            "property" | "field" | "lhv" => {
                &["first_name", "last_name", "email", "phone_1", "postal_code", "state", "city"]
            }
            "value" | "rhv" => &["TX", "{{lead.email}}", "{{lead.phone_1}}", "yes", "{{source.name}}"],
            "outcome" => &["success", "failure"],
            "type" | "kind" | "level" => &["standard", "basic"],
            "code" => &["A100", "B200", "C300"],
            "prefix" => &["leads/", "events/"],
            "country" => &["US"],
            "duration_units" | "unit" | "interval" => &["day", "week", "month"],
            _ => &[],
        };
        if !fixed.is_empty() {
            return self.word(fixed).to_owned();
        }
        if ends(&["code"]) {
            return self.key(6).to_ascii_uppercase();
        }
        let words = self.words();
        if ends(&["name", "title", "label"]) {
            let what = if scene.owner.contains("flow") { " leads" } else { "" };
            return capitalized(&format!("{words}{what}"));
        }
        words
    }
}

fn full_name(person: &Person) -> String {
    format!("{} {}", person.first_name, person.last_name)
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), chars.as_str()))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_object_id(text: &str) -> bool {
    is_hex(text, 24)
}

fn looks_like_company(text: &str) -> bool {
    [" Inc.", " Inc", " LLC", " Corp", " Corp.", " Corporation", " Company"].iter().any(|end| text.ends_with(end))
}
