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
    fn every_text_has_a_typed_value(text in any_text()) {
        for field_type in TYPES {
            let value = parse_value(field_type, &json!(text), now());
            prop_assert_eq!(&parse_value(field_type, &json!(text), now()), &value, "{}", field_type);
            // The raw text is the submitted one, except that phone numbers lose a hint.
            if let Some(raw) = value.get("raw").filter(|_| field_type != "phone") {
                prop_assert_eq!(raw, &json!(text), "{}", field_type);
            }
            let masked = mask(&value);
            prop_assert_eq!(&mask(&masked), &masked);
            if field_type == "ssn" || field_type == "credential" {
                let shown = masked.as_object().unwrap().values().filter_map(Value::as_str).collect::<String>();
                prop_assert!(shown.chars().all(|c| c == '*' || js::is_line_end(c)), "{}", shown);
            }
        }
    }

    #[test]
    fn every_number_has_a_typed_value(number in any::<f64>()) {
        for field_type in TYPES {
            let value = parse_value(field_type, &json!(number), now());
            prop_assert!(value.is_object() || value.is_string() || value.is_null(), "{} {}", field_type, value);
        }
    }
}
