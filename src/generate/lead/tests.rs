use super::*;
use crate::contract::standard::StandardCollection;
use crate::generate::Models;
use crate::support::ids::IdGenerator;
use crate::support::rng::{Purpose, SeededRng};

fn lead(seed: u64, n: u64, fields: &[(&str, &str)], fixed: &[(&str, &str)]) -> Vec<String> {
    let schemas = serde_json::Map::new();
    let mut ids = IdGenerator::new(seed);
    let now = "2026-01-15T09:00:00Z".parse().unwrap();
    let mut maker = Maker::new(SeededRng::nth(seed, Purpose::Leads, n), &mut ids, now, Models::new(&schemas));
    let fields: Vec<LeadField> =
        fields.iter().map(|(id, kind)| LeadField { id: (*id).to_owned(), kind: (*kind).to_owned() }).collect();
    let fixed = |id: &str| fixed.iter().find(|(name, _)| *name == id).map(|(_, value)| (*value).to_owned());
    maker.lead_texts(&fields, &fixed)
}

#[test]
fn the_parts_of_a_lead_belong_together() {
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
        let texts = lead(7, n, &fields, &[]);
        let place = PLACES.iter().find(|place| place.city == texts[1]).unwrap();
        assert_eq!((place.state, place.postal_code), (texts[0].as_str(), texts[2].as_str()));
        assert!(texts[3].starts_with(&format!("{}-555-01", place.area)), "{texts:?}");
        let born: Date = texts[4].parse().unwrap();
        let age: i16 = texts[5].parse().unwrap();
        assert!((2026 - born.year() - age) <= 1 && age >= 18, "{texts:?}");
        assert!(texts[6].ends_with("@example.com") && texts[6].contains(&squeezed(&texts[7])), "{texts:?}");
    }
}

#[test]
fn a_fixed_field_leaves_the_others_as_they_are_but_a_state_moves_the_lead() {
    let fields = [("email", "email"), ("first_name", "first_name"), ("state", "state"), ("city", "city")];
    let (free, fixed) = (lead(1, 0, &fields, &[]), lead(1, 0, &fields, &[("email", "a@b.example")]));
    assert_eq!(fixed[0], "a@b.example");
    assert_eq!(free[1..], fixed[1..]);
    for n in 0..20 {
        let there = lead(1, n, &fields, &[("state", "arizona")]);
        assert_eq!(there[2], "arizona");
        assert!(["Phoenix", "Tucson", "Mesa"].contains(&there[3].as_str()), "{there:?}");
    }
    assert_eq!(lead(1, 0, &fields, &[("state", "Atlantis")])[2], "Atlantis");
}

#[test]
fn every_standard_field_gets_a_text_that_is_valid_and_leads_to_nobody() {
    let contract = crate::contract::Contract::built_in().unwrap();
    let standard = contract.standard().all(StandardCollection::Fields).to_vec();
    assert!(standard.len() > 100);
    let fields: Vec<(String, String)> = standard
        .iter()
        .map(|field| (field.text("id").unwrap().to_owned(), field.text("type").unwrap().to_owned()))
        .collect();
    let named: Vec<(&str, &str)> = fields.iter().map(|(id, kind)| (id.as_str(), kind.as_str())).collect();
    for n in 0..50 {
        for ((id, kind), text) in named.iter().zip(lead(3, n, &named, &[])) {
            let may_be_blank = ["suffix", "address_2"].contains(id);
            assert!(may_be_blank || !text.is_empty(), "{id} is empty");
            assert!(
                text.is_empty() || crate::leadconduit::rules::is_valid(&text.clone().into(), kind),
                "{id} ({kind}): {text}"
            );
            assert!(!text.contains('@') || text.contains("@example."), "{text}");
            let leads_out = text.contains("://") && !text.contains("cert.trustedform.com/");
            assert!(!leads_out || text.contains(".example.com"), "{text}");
        }
    }
}
