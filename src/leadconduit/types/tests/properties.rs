use proptest::prelude::*;
use serde_json::json;

use super::*;

const TYPES: [&str; 21] = [
    "boolean",
    "city",
    "credential",
    "date",
    "dob",
    "email",
    "first_name",
    "gender",
    "ip",
    "last_name",
    "number",
    "phone",
    "postal_code",
    "range",
    "ssn",
    "state",
    "street",
    "string",
    "time",
    "trustedform_url",
    "url",
];

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        "[0-9*+x() .m-]{0,16}",
        "[a-z@. ]{0,16}",
        "[0-9]{1,4}[-/ .][0-9A-Za-z]{1,4}[-/ .T][0-9:+Z]{1,9}",
        "(https?://)?[a-z0-9.:\\[\\]/?#%-]{0,24}",
        "[$0-9,.to +-]{0,16}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_is_idempotent(text in any_text()) {
        for field_type in TYPES {
            let once = parse_value(field_type, &json!(text), now());
            let raw = once.get("raw").unwrap_or(&once);
            prop_assert_eq!(&parse_value(field_type, raw, now()), &once, "{}", field_type);
            let valid = once.get("valid").is_none_or(|valid| valid == true);
            prop_assert_eq!(valid, is_valid(field_type, &text), "{}", field_type);
            if field_type == "ssn" || field_type == "credential" {
                prop_assert!(!once.to_string().contains(|c: char| c.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn parsing_of_numbers_is_idempotent(number in any::<f64>()) {
        for field_type in TYPES {
            let once = parse_value(field_type, &json!(number), now());
            prop_assert_eq!(&parse_value(field_type, once.get("raw").unwrap_or(&once), now()), &once, "{}", field_type);
        }
    }
}
