use proptest::prelude::*;
use serde_json::json;

use super::*;

const KINDS: [&str; 21] = [
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

fn anything() -> impl Strategy<Value = String> {
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
    fn reading_again_gives_the_same(text in anything()) {
        for kind in KINDS {
            let once = typed(kind, &json!(text), now());
            let raw = once.get("raw").unwrap_or(&once);
            prop_assert_eq!(&typed(kind, raw, now()), &once, "{}", kind);
            let valid = once.get("valid").is_none_or(|valid| valid == true);
            prop_assert_eq!(valid, is_valid(kind, &text), "{}", kind);
            if kind == "ssn" || kind == "credential" {
                prop_assert!(!once.to_string().contains(|c: char| c.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn numbers_are_read_too(number in any::<f64>()) {
        for kind in KINDS {
            let once = typed(kind, &json!(number), now());
            prop_assert_eq!(&typed(kind, once.get("raw").unwrap_or(&once), now()), &once, "{}", kind);
        }
    }
}
