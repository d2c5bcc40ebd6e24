//! Generates strings by the name of their property.

use serde_json::{Map, Value};

use super::ValueGenerator;
use super::format::{is_email, is_uuid};
use super::identity::{Company, Person, lowercase_alphanumeric};
use super::resolve::branches;
use super::schema::ObjectContext;

/// Parts of the names of models and properties that are companies.
const COMPANIES: [&str; 10] =
    ["account", "entity", "entities", "company", "organi", "buyer", "seller", "partner", "recipient", "org"];
/// Parts of the names of models and properties that are people.
const PEOPLE: [&str; 5] = ["user", "person", "people", "contact", "member"];

impl ObjectContext {
    fn person(&mut self, generator: &mut ValueGenerator) -> &Person {
        self.person.get_or_insert_with(|| generator.person())
    }

    fn company(&mut self, generator: &mut ValueGenerator) -> &Company {
        self.company.get_or_insert_with(|| generator.company())
    }

    /// True if the name of the object contains one of the words.
    fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.owner.contains(word))
    }
}

impl ValueGenerator<'_> {
    /// Returns candidates for names with a clear meaning. They take precedence over examples; the caller validates
    /// them.
    pub(super) fn candidates_by_name(
        &mut self,
        name: &str,
        resolved: &Map<String, Value>,
        context: &mut ObjectContext,
    ) -> Vec<String> {
        let example = branches(resolved, "examples").iter().find_map(Value::as_str).unwrap_or_default();
        let pattern = resolved.get("pattern").and_then(Value::as_str).unwrap_or_default();
        let one = |text: &str| vec![text.to_owned()];
        match name {
            "first_name" | "given_name" => return one(&context.person(self).first_name),
            "last_name" | "family_name" | "surname" => return one(&context.person(self).last_name),
            "full_name" | "contact_name" => return one(&full_name(context.person(self))),
            "company" | "company_name" | "organization" | "organization_name" => {
                return one(&context.company(self).name);
            }
            "field_suffix" => return one(&context.company(self).field_suffix),
            "username" | "user_name" | "login" => {
                let person = context.person(self);
                let initial: String = person.first_name.chars().take(1).collect();
                return one(&lowercase_alphanumeric(&format!("{initial}{}", person.last_name)));
            }
            "website" | "homepage" | "site" => return one(&context.company(self).website),
            "time_zone" | "timezone" | "tz" => return one(self.time_zone()),
            "city" | "state" | "postal_code" | "zip" | "zip_code" if context.has_address => {
                let address = *context.address.get_or_insert_with(|| self.address());
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
            "name" if is_company_name(example) || (context.is_one_of(&COMPANIES) && !context.is_one_of(&PEOPLE)) => {
                return one(&context.company(self).name);
            }
            "name" if context.is_one_of(&PEOPLE) && example.is_empty() => return one(&full_name(context.person(self))),
            _ => {}
        }
        self.candidates_by_suffix(name, example, pattern, context)
    }

    /// Returns candidates by the end of the name, the example or the pattern.
    fn candidates_by_suffix(
        &mut self,
        name: &str,
        example: &str,
        pattern: &str,
        context: &mut ObjectContext,
    ) -> Vec<String> {
        let ends_with_any = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
        if is_object_id(example) || pattern.ends_with("]{24}$") {
            return vec![self.document_id(name, context)];
        }
        if pattern.ends_with("]{6}$") && (name.is_empty() || name == "id" || ends_with_any(&["_id"])) {
            return vec![self.short_id()];
        }
        if is_uuid(example) {
            return vec![self.uuid()];
        }
        if ends_with_any(&["email", "email_address"]) {
            return vec![context.person(self).email.clone()];
        }
        if is_email(example) || (ends_with_any(&["_by"]) && example.is_empty()) || pattern.contains('@') {
            // A different person from the one that the object describes.
            return vec![self.person().email];
        }
        if name.starts_with("phone") || ends_with_any(&["phone", "fax", "mobile"]) {
            let phone = if name == "phone" { context.person(self).phone.clone() } else { self.phone() };
            let digits = phone.replace('-', "");
            return vec![phone, format!("+1{digits}"), digits];
        }
        if name == "url" || ends_with_any(&["_url", "_uri"]) {
            let site = context.company(self).website.clone();
            let path = name.rsplit_once('_').map_or("", |(what, _)| what);
            let path =
                if ends_with_any(&["logo_url", "icon_url"]) { format!("{path}.png") } else { path.replace('_', "-") };
            return vec![format!("{site}/{path}")];
        }
        if ends_with_any(&["password", "passphrase"]) {
            return vec![format!("example-password-{}", self.key(4))];
        }
        if ends_with_any(&["token", "secret", "jwt"]) {
            return vec![format!("example-{}-{}", name.replace('_', "-"), self.key(16))];
        }
        if ends_with_any(&["api_key", "_key"]) || is_hex(example, 32) || is_hex(example, 40) {
            let length = if example.is_empty() { 32 } else { example.len() };
            return vec![self.key(length)];
        }
        if example.is_empty() && (name == "id" || ends_with_any(&["_id"])) {
            return vec![self.document_id(name, context), self.short_id(), self.uuid()];
        }
        Vec::new()
    }

    /// Generates an object id. The id of the object itself has its time of creation; ids of others are older.
    fn document_id(&mut self, name: &str, context: &ObjectContext) -> String {
        if name == "id" {
            return self.id_at(context.created);
        }
        let (earlier, _) = self.created_and_updated();
        self.id_at(earlier.min(context.created))
    }

    /// Generates generic text for any name.
    pub(super) fn generic_text(&mut self, name: &str, context: &ObjectContext) -> String {
        let ends_with_any = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
        if ends_with_any(&["description", "notes", "note", "comment", "message", "summary"]) {
            let what = self.words();
            let sentence = self.choose(&[
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
            return self.choose(fixed).to_owned();
        }
        if ends_with_any(&["code"]) {
            return self.key(6).to_ascii_uppercase();
        }
        let words = self.words();
        if ends_with_any(&["name", "title", "label"]) {
            let what = if context.owner.contains("flow") { " leads" } else { "" };
            return capitalize(&format!("{words}{what}"));
        }
        words
    }
}

fn full_name(person: &Person) -> String {
    format!("{} {}", person.first_name, person.last_name)
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), chars.as_str()))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_object_id(text: &str) -> bool {
    is_hex(text, 24)
}

fn is_company_name(text: &str) -> bool {
    [" Inc.", " Inc", " LLC", " Corp", " Corp.", " Corporation", " Company"].iter().any(|end| text.ends_with(end))
}
