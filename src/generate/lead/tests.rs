use super::*;
use crate::contract::standard::StandardCollection;
use crate::generate::Models;
use crate::support::ids::IdGenerator;
use crate::support::rng::{Purpose, SeededRng};

fn lead_values(seed: u64, n: u64, fields: &[(&str, &str)], fixed: &[(&str, &str)]) -> Vec<String> {
    let schemas = serde_json::Map::new();
    let mut ids = IdGenerator::new(seed);
    let now = "2026-01-15T09:00:00Z".parse().unwrap();
    let mut generator =
        ValueGenerator::new(SeededRng::nth(seed, Purpose::Leads, n), &mut ids, now, Models::new(&schemas));
    let fields: Vec<LeadField> = fields
        .iter()
        .map(|(id, field_type)| LeadField { id: (*id).to_owned(), field_type: (*field_type).to_owned() })
        .collect();
    let fixed = |id: &str| fixed.iter().find(|(name, _)| *name == id).map(|(_, value)| (*value).to_owned());
    generator.lead_values(&fields, &fixed)
}

#[test]
fn values_of_a_lead_are_consistent() {
    let fields = [
        ("state", "state"),
        ("city", "city"),
        ("postal_code", "postal_code"),
        ("phone_1", "phone"),
        ("dob", "dob"),
        ("age", "range"),
        ("email", "email"),
        ("last_name", "last_name"),
    ];
    for n in 0..300 {
        let texts = lead_values(7, n, &fields, &[]);
        let city = CITIES.iter().find(|city| city.name == texts[1]).unwrap();
        assert_eq!((city.state, city.postal_code), (texts[0].as_str(), texts[2].as_str()));
        assert!(texts[3].starts_with(&format!("{}-555-01", city.area_code)), "{texts:?}");
        let birth_date: Date = texts[4].parse().unwrap();
        let age: i16 = texts[5].parse().unwrap();
        assert!((2026 - birth_date.year() - age) <= 1 && age >= 18, "{texts:?}");
        assert!(
            texts[6].ends_with("@example.com") && texts[6].contains(&lowercase_alphanumeric(&texts[7])),
            "{texts:?}"
        );
    }
}

#[test]
fn fixed_fields_do_not_change_others_except_for_the_state() {
    let fields = [("email", "email"), ("first_name", "first_name"), ("state", "state"), ("city", "city")];
    let (free, fixed) = (lead_values(1, 0, &fields, &[]), lead_values(1, 0, &fields, &[("email", "a@b.example")]));
    assert_eq!(fixed[0], "a@b.example");
    assert_eq!(free[1..], fixed[1..]);
    for n in 0..20 {
        let there = lead_values(1, n, &fields, &[("state", "arizona")]);
        assert_eq!(there[2], "arizona");
        assert!(["Phoenix", "Tucson", "Mesa"].contains(&there[3].as_str()), "{there:?}");
    }
    assert_eq!(lead_values(1, 0, &fields, &[("state", "Atlantis")])[2], "Atlantis");
}

#[test]
fn values_of_standard_fields_are_valid_and_fictional() {
    let contract = crate::contract::Contract::built_in().unwrap();
    let standard = contract.standard().all(StandardCollection::Fields).to_vec();
    assert!(standard.len() > 100);
    let fields: Vec<(String, String)> = standard
        .iter()
        .map(|field| (field.text("id").unwrap().to_owned(), field.text("type").unwrap().to_owned()))
        .collect();
    let standard_fields: Vec<(&str, &str)> =
        fields.iter().map(|(id, field_type)| (id.as_str(), field_type.as_str())).collect();
    for n in 0..50 {
        for ((id, field_type), text) in standard_fields.iter().zip(lead_values(3, n, &standard_fields, &[])) {
            let may_be_blank =
                ["name_suffix", "address_2"].contains(id) || *field_type == "credential" || id.ends_with("address_2");
            assert!(may_be_blank || !text.is_empty(), "{id} is empty");
            assert!(
                text.is_empty() || crate::leadconduit::rules::is_valid(&text.clone().into(), field_type),
                "{id} ({field_type}): {text}"
            );
            assert!(!text.contains('@') || text.contains("@example."), "{text}");
            let is_real_url = text.contains("://") && !text.contains("cert.trustedform.com/");
            assert!(!is_real_url || text.contains(".example.com"), "{text}");
        }
    }
}
