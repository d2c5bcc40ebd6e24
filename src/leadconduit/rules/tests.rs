#![expect(clippy::needless_pass_by_value, reason = "values are created where they are used")]

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::operator::{self, Operator};
use super::*;

/// True if a rule matches a lead whose `x` has the given value.
fn matches(x: Option<&Value>, op: &str, rhv: Option<&Value>, dialect: Dialect) -> bool {
    let mut rule = json!({"lhv": "lead.x", "op": op});
    if let Some(rhv) = rhv {
        rule["rhv"] = rhv.clone();
    }
    let variables = x.map_or_else(|| json!({"lead": {}}), |x| json!({"lead": {"x": x}}));
    Condition::parse_rule(&rule, dialect).unwrap().matches(&variables)
}

fn binary(x: Value, op: &str, rhv: Value) -> bool {
    matches(Some(&x), op, Some(&rhv), Dialect::Flow)
}

fn unary(x: Value, op: &str) -> bool {
    matches(Some(&x), op, None, Dialect::Flow)
}

/// An operator, its right side, the values for which it matches, and those for which its negation does.
type Row = (&'static str, Value, Vec<Value>, Vec<Value>);

fn typed(raw: &str, normal: Value, valid: bool) -> Value {
    json!({"raw": raw, "normal": normal, "valid": valid})
}

fn rows() -> Vec<Row> {
    let of =
        |op, rhv, yes: Value, no: Value| (op, rhv, yes.as_array().unwrap().clone(), no.as_array().unwrap().clone());
    vec![
        of("is equal to", json!("TX"), json!(["TX", "tx", "Tx"]), json!(["", "T", "TXX", "TX ", 5, ["TX"], null])),
        of("is equal to", json!("straße"), json!(["STRAßE"]), json!(["strasse"])),
        of("is equal to", json!(5), json!([5, 5.0, "5", "5.00", "$5"]), json!(["5x", "", 50, null, [5]])),
        of("is equal to", json!("0123"), json!(["0123", 123]), json!(["123"])),
        of("is equal to", json!("75-80"), json!(["75 to 80", "75 - 80", "75-80"]), json!(["75-81", "77.5", 77.5])),
        of("is equal to", json!("2026-01-02"), json!(["2026-01-02T00:00:00Z"]), json!(["2026-01-03"])),
        of("is equal to", json!(["b", "A", "3"]), json!([["a", "B", 3], ["A", "b", "3"]]), json!([["a", "b"], "a"])),
        of("is equal to", json!(true), json!([true, "yes", "Y", 1, "TRUE"]), json!([false, "no", "maybe", null])),
        of("is equal to", json!(""), json!(["", null, "  ", []]), json!(["x", 0, false])),
        of("is less than", json!("10"), json!([9, "9.5", "$9", "5-14", -1]), json!([10, "10", "15-6", "x", "", null])),
        of("is less than or equal to", json!(10), json!([10, "10.0", "5-15"]), json!([11, "5-16", "10+x"])),
        of("is greater than", json!("250,000"), json!([250_001, "250,001"]), json!([250_000, "25,0001", "a lot"])),
        of("is greater than or equal to", json!("18+"), json!([18, "18+", "20"]), json!([17, "17"])),
        of(
            "is greater than",
            json!("2026-01-02"),
            json!(["2026-01-02T00:00:01Z", "2026-02-01"]),
            json!(["2026-01-02", 9]),
        ),
        of("is included in", json!(["TX", "OK"]), json!(["tx", "OK", ["CA", "TX"]]), json!(["CA", "TX,OK", "", null])),
        of("is included in", json!("TX, OK"), json!(["tx", "OK"]), json!(["CA", "T", ""])),
        of("is included in", json!(["1", "2"]), json!([1, "2"]), json!([12])),
        of("includes", json!("gmail"), json!(["a@GMAIL.com", ["x", "gmail"]]), json!([["gmail.com"], "", null, 5])),
        of("includes", json!(5), json!([[1, "5"], "15", 5]), json!([[1, 15], "x"])),
        of("is between", json!("18-25"), json!([18, 25, "20", "17-19", 18.0]), json!([17, 26, "17", "x", null])),
        of("is between", json!(["18", "25"]), json!([18, 25]), json!([17, 26])),
        of("is between", json!("65+"), json!([65, 1000]), json!([64])),
        of("matches pattern", json!("512*"), json!(["5125551234", "512", 512]), json!(["1512", "", null])),
        of("matches pattern", json!("^a.+z$"), json!(["abz", "ABZ"]), json!(["az", "abzz "])),
        of("matches pattern", json!("/^a/"), json!(["Abc"]), json!(["/^a/", "bac"])),
        of("matches pattern", json!("gmail"), json!(["x@gmail.com", ["a", "gmail"]]), json!(["gmai", 5])),
    ]
}

#[test]
fn operators_and_their_negations_match_the_table() {
    for (op, rhv, yes, no) in rows() {
        let opposite = operator::FLOW.iter().find(|(_, comparison, negated)| {
            *negated && *comparison == Operator::by_name(op, Dialect::Flow).unwrap().comparison
        });
        for (value, expected) in yes.iter().map(|value| (value, true)).chain(no.iter().map(|value| (value, false))) {
            assert_eq!(matches(Some(value), op, Some(&rhv), Dialect::Flow), expected, "{value} {op} {rhv}");
            if let Some((opposite, ..)) = opposite {
                assert_eq!(
                    matches(Some(value), opposite, Some(&rhv), Dialect::Flow),
                    !expected,
                    "{value} {opposite} {rhv}"
                );
            }
        }
    }
}

#[test]
fn unary_operators_match_the_values_of_the_table() {
    let rows = [
        ("is blank", json!([null, "", " ", [], typed("", Value::Null, false)]), json!(["x", 0, false, [1]])),
        (
            "is true",
            json!([true, "yes", "Y", "t", 1, "1", typed("yep", json!(true), true)]),
            json!([false, "", null, 2]),
        ),
        ("is false", json!([false, "no", "N.", "f", 0, "0"]), json!([true, "", null, "maybe"])),
        (
            "format is valid",
            json!(["x", 1, typed("a@b", json!("a@b"), true)]),
            json!(["", null, typed("a", json!("a"), false)]),
        ),
        (
            "format is invalid",
            json!([typed("a", Value::Null, false)]),
            json!(["", null, "x", typed("a", json!("a"), true)]),
        ),
        ("is obscene", json!(["what a shit day", "FUCK", ["ok", "bitch"]]), json!(["Scunthorpe", "", null, "fine"])),
    ];
    for (op, yes, no) in rows {
        for (values, expected) in [(yes, true), (no, false)] {
            for value in values.as_array().unwrap() {
                assert_eq!(unary(value.clone(), op), expected, "{value} {op}");
            }
        }
    }
    assert!(matches(None, "is blank", None, Dialect::Flow) && matches(None, "is not true", None, Dialect::Flow));
    assert!(
        !matches(None, "is not blank", None, Dialect::Flow) && !matches(None, "format is invalid", None, Dialect::Flow)
    );
}

#[test]
fn text_is_valid_by_the_type_of_its_field_name() {
    let rows = [
        ("email", vec!["a@b.co", "a@b", "o'neil+x@mail.example.org"], vec!["a", "a b@c.de@f", "@c.de"]),
        (
            "phone_1",
            vec!["(512) 789-1111", "15127891111", "512.789.1111 x12"],
            vec!["5551234", "0127891111", "call me"],
        ),
        ("postal_code", vec!["78751", "78751-4224", "78751 4224", "Q2E 4U7", "A11 1AA"], vec!["7875", "abc"]),
        ("dob", vec!["1980-02-29", "02/29/1980", "02291980"], vec!["1981-02-29", "13/13/1980", "soon"]),
        ("website", vec!["example.com", "https://example.com/a?b", "x"], vec!["ftp://example.com", "a b.com"]),
        ("age", vec!["20", "20-30", "20 to 30", "20+"], vec!["old"]),
        ("nickname", vec!["anything"], vec![]),
    ];
    for (field, good, bad) in rows {
        let rule = |op: &str| {
            Condition::parse_rule(&json!({"lhv": format!("lead.{field}"), "op": op}), Dialect::Flow).unwrap()
        };
        for (text, expected) in good.iter().map(|text| (text, true)).chain(bad.iter().map(|text| (text, false))) {
            let lead = json!({"lead": {field: text}});
            assert_eq!(rule("format is valid").matches(&lead), expected, "{field} {text}");
            assert_eq!(rule("format is invalid").matches(&lead), !expected, "{field} {text}");
        }
    }
}

#[test]
fn a_known_type_takes_precedence_over_the_field_name() {
    struct Typed(Value);
    impl Variables for Typed {
        fn get(&self, name: &str) -> Option<Cow<'_, Value>> {
            Variables::get(&self.0, name)
        }
        fn type_of(&self, name: &str) -> Option<&str> {
            (name == "lead.contact").then_some("email")
        }
    }
    let rule = Condition::parse_rule(&json!({"lhv": "lead.contact", "op": "format is valid"}), Dialect::Flow).unwrap();
    assert!(!rule.matches(&Typed(json!({"lead": {"contact": "not an address"}}))));
    assert!(rule.matches(&json!({"lead": {"contact": "not an address"}})));
}

#[test]
fn typed_values_are_compared_by_their_normal_form() {
    let phone = typed("(512) 789-1111", json!("5127891111"), true);
    assert!(binary(phone.clone(), "is equal to", json!("5127891111")));
    assert!(!binary(phone.clone(), "is equal to", json!("(512) 789-1111")));
    assert!(binary(typed("someone", Value::Null, false), "is equal to", json!("someone")));
    assert!(binary(typed("$1,000", json!(1000), true), "is greater than", json!("999")));
    let range = json!({"raw": "10-20", "normal": "10-20", "valid": true, "min": 10, "max": 20, "avg": 15});
    assert!(binary(range.clone(), "is equal to", json!("10 to 20")) && binary(range, "is less than", json!(16)));
    let lead = json!({"lead": {"email": {"normal": "a@b.de", "domain": "b.de"}}});
    let rule = json!({"lhv": "lead.email.domain", "op": "is equal to", "rhv": "B.de"});
    assert!(Condition::parse_rule(&rule, Dialect::Flow).unwrap().matches(&lead));
}

#[test]
fn names_of_variables_can_contain_dots() {
    let value = json!({"lead": {"mortgage.loan.amount": 5, "mortgage": {"loan": {"purpose": "buy"}}}, "a.b": {"c": [{"d": 7}]}});
    for (name, expected) in
        [("lead.mortgage.loan.amount", json!(5)), ("lead.mortgage.loan.purpose", json!("buy")), ("a.b.c.0.d", json!(7))]
    {
        assert_eq!(find(&value, name), Some(&expected), "{name}");
    }
    for name in ["lead.mortgage.loan", "a", "a.b.c.1", "a.b.c.x", "", "lead."] {
        let found = find(&value, name);
        assert!(found.is_none() || name == "lead.mortgage.loan", "{name}");
    }
}

#[test]
fn both_sides_can_be_templates() {
    let lead = json!({"lead": {"a": "x", "b": {"normal": "x"}, "n": 7.0, "list": ["X"], "p": "^x"}});
    for (rule, expected) in [
        (json!({"lhv": "lead.a", "op": "is equal to", "rhv": "{{lead.b}}"}), true),
        (json!({"lhv": "{{lead.a}}-{{ lead.n }}", "op": "is equal to", "rhv": "X-7"}), true),
        (json!({"lhv": "{{lead.nothing}}", "op": "is blank"}), true),
        (json!({"lhv": "<{{lead.nothing}}>", "op": "is equal to", "rhv": "<>"}), true),
        (json!({"lhv": "lead.a", "op": "is included in", "rhv": "{{lead.list}}"}), true),
        (json!({"lhv": "lead.a", "op": "is included in", "rhv": ["y", "{{lead.a}}"]}), true),
        (json!({"lhv": "lead.a", "op": "matches pattern", "rhv": "{{lead.p}}"}), true),
        (json!({"lhv": "lead.n", "op": "is less than", "rhv": "{{{lead.n}}}"}), false),
    ] {
        let condition = Condition::parse_rule(&rule, Dialect::Flow).unwrap();
        assert_eq!(condition.matches(&lead), expected, "{rule}");
    }
    let rule = json!({"lhv": "{{a.b}} {{c}}", "op": "is included in", "rhv": ["{{d}}", "e"]});
    assert_eq!(Condition::parse_rule(&rule, Dialect::Flow).unwrap().variables(), ["a.b", "c", "d"]);
}

#[test]
fn a_rule_with_a_set_matches_if_both_match() {
    let rule = json!({"id": "1aacd0", "lhv": "a", "op": "is equal to", "rhv": "1", "rule_set": {
        "op": "or", "rules": [{"lhv": "b", "op": "is true"}, {"op": "and", "rules": [{"lhv": "c", "op": "is true"}]}],
    }});
    let condition = Condition::parse_rule(&rule, Dialect::Flow).unwrap();
    for (variables, expected) in [
        (json!({"a": 1, "b": true}), true),
        (json!({"a": 1, "c": "yes"}), true),
        (json!({"a": 1}), false),
        (json!({"a": 2, "b": true}), false),
    ] {
        assert_eq!(condition.matches(&variables), expected, "{variables}");
    }
    assert_eq!(condition.variables(), ["a", "b", "c"]);
}

#[test]
fn reports_have_their_own_dialect() {
    let matches_report = |x: Option<Value>, op, rhv: Value| matches(x.as_ref(), op, Some(&rhv), Dialect::Report);
    assert!(matches_report(Some(json!(5)), "is less than or equal", json!("5")));
    assert!(matches_report(Some(json!(["TX", "OK"])), "is equal to", json!("ok")));
    assert!(matches_report(Some(json!("OK")), "does not include", json!("TX")));
    assert!(!matches_report(None, "does not include", json!("TX")) && !matches_report(None, "includes", json!("TX")));
    assert!(matches_report(Some(json!("TX")), "is included in", json!("OK, TX")));
    let rule = |op: &str| Condition::parse_rule(&json!({"lhv": "a", "op": op, "rhv": "1"}), Dialect::Report);
    assert!(rule("is blank").is_ok());
    for op in ["is less than or equal to", "matches pattern", "is not included in"] {
        assert_eq!(rule(op).unwrap_err().pointer, "/op", "{op}");
    }
}

#[test]
fn a_list_matches_if_all_rules_match() {
    let rules = json!([{"lhv": "a", "op": "is true"}, {"op": "or", "rules": [{"lhv": "b", "op": "is blank"}]}]);
    let condition = Condition::parse_list(&rules, Dialect::Flow).unwrap();
    assert!(condition.matches(&json!({"a": 1})) && !condition.matches(&json!({"a": 1, "b": 1})));
    assert!(Condition::parse_list(&json!([]), Dialect::Flow).unwrap().matches(&json!({})));
}

#[test]
fn errors_have_a_pointer() {
    let deep = (0..40).fold(json!({"lhv": "a", "op": "is true"}), |inner, _| json!({"op": "and", "rules": [inner]}));
    let rows = [
        (json!({"op": "and", "rules": []}), "/rules: a rule set needs at least one rule"),
        (
            json!({"op": "nor", "rules": [{"lhv": "a", "op": "is true"}]}),
            "/op: the `op` of a rule set must be `and` or `or`",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a", "op": "is equl to", "rhv": 1}]}),
            "/rules/0/op: there is no operator `is equl to`; did you mean `is equal to`?",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a", "op": "is true", "rhv": 1}]}),
            "/rules/0/rhv: this operator has no right side: remove `rhv`",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a", "op": "is equal to"}]}),
            "/rules/0: this operator needs a right side, `rhv`",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a", "op": "is true"}, {"op": "or", "rules": [7]}]}),
            "/rules/1/rules/0: a rule must be an object with `lhv` and `op`",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a", "op": "matches pattern", "rhv": "(a"}]}),
            "/rules/0/rhv: `(a` is not a valid pattern: unclosed group",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a", "op": "matches pattern", "rhv": r"(\w{100}){100}"}]}),
            r"/rules/0/rhv: `(\w{100}){100}` is not a valid pattern: Compiled regex exceeds size limit of 262144 bytes.",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a {{b", "op": "is true"}]}),
            "/rules/0/lhv: a `{{` is not closed with `}}`",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a", "op": "is true", "a/b": 1}]}),
            "/rules/0/a~1b: a rule can only have id, lhv, op, rhv, rule_set",
        ),
        (
            json!({"op": "and", "rules": [{"lhv": "a", "op": "is true", "rule_set": {"op": "or", "rules": [{}]}}]}),
            "/rules/0/rule_set/rules/0: a rule needs an operator, `op`",
        ),
        (json!([]), "a rule set must be an object with `op` and `rules`"),
    ];
    for (set, message) in rows {
        assert_eq!(Condition::parse_set(&set).unwrap_err().to_string(), message);
    }
    assert!(Condition::parse_set(&deep).unwrap_err().message.contains("at most 32 deep"));
    let list =
        Condition::parse_list(&json!([{"lhv": "a", "op": "is true"}, {"lhv": 1, "op": "is true"}]), Dialect::Flow);
    assert_eq!(list.unwrap_err().pointer, "/1/lhv");
}

/// Reference implementation of globs.
fn glob_matches(glob: &[char], text: &[char]) -> bool {
    match glob.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|at| glob_matches(rest, &text[at..])),
        Some(('?', rest)) => text.split_first().is_some_and(|(_, text)| glob_matches(rest, text)),
        Some((c, rest)) => text.split_first().is_some_and(|(d, text)| c == d && glob_matches(rest, text)),
    }
}

/// Nested sets of rules over the flags `f0` to `f3`.
fn nested_rules() -> impl Strategy<Value = Value> {
    let leaf = (0..4_usize, any::<bool>())
        .prop_map(|(n, not)| json!({"lhv": format!("f{n}"), "op": if not { "is not true" } else { "is true" }}));
    leaf.prop_recursive(4, 32, 4, |inner| {
        let set = (prop::sample::select(vec!["and", "or"]), prop::collection::vec(inner, 1..4))
            .prop_map(|(op, rules)| json!({"op": op, "rules": rules}));
        let with_set = (0..4_usize, set.clone())
            .prop_map(|(n, set)| json!({"lhv": format!("f{n}"), "op": "is true", "rule_set": set}));
        prop_oneof![set, with_set]
    })
}

/// Reference implementation of nested sets.
fn reference_matches(rule: &Value, flags: [bool; 4]) -> bool {
    if let Some(rules) = rule["rules"].as_array() {
        let mut each = rules.iter().map(|rule| reference_matches(rule, flags));
        return if rule["op"] == "and" { each.all(|yes| yes) } else { each.any(|yes| yes) };
    }
    let flag = flags[rule["lhv"].as_str().unwrap()[1..].parse::<usize>().unwrap()];
    (flag == (rule["op"] == "is true")) && (rule["rule_set"].is_null() || reference_matches(&rule["rule_set"], flags))
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "\\PC{0,12}|[0-9+ to.,$-]{0,9}|[*?a-c\\[(/.]{0,6}|is equal to|is blank|\\{\\{a\\}\\}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key =
            prop::sample::select(vec!["lhv", "op", "rhv", "rules", "rule_set", "normal", "raw", "valid", "avg", "a"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_compare_as_numbers(a in -50_i32..50, b in -50_i32..50, as_text in any::<bool>()) {
        let x = if as_text { json!(a.to_string()) } else { json!(a) };
        for (op, expected) in [
            ("is equal to", a == b), ("is not equal to", a != b), ("is less than", a < b), ("is greater than", a > b),
            ("is less than or equal to", a <= b), ("is greater than or equal to", a >= b),
        ] {
            prop_assert_eq!(binary(x.clone(), op, json!(b)), expected, "{} {} {}", a, op, b);
        }
    }

    #[test]
    fn ranges_compare_by_their_average(low in 0_u32..50, width in 0_u32..50, x in 0_u32..100) {
        let range = json!(format!("{low}-{}", low + width));
        let twice = low + low + width;
        prop_assert_eq!(binary(json!(x), "is less than", range.clone()), 2 * x < twice);
        prop_assert_eq!(binary(range.clone(), "is greater than", json!(x)), twice > 2 * x);
        let inside = (low..=low + width).contains(&x);
        prop_assert_eq!(binary(json!(x), "is between", range.clone()), inside);
        prop_assert_eq!(binary(json!(x.to_string()), "is not between", range), !inside);
    }

    #[test]
    fn texts_compare_without_case(a in "[a-cA-C ]{1,3}", b in "[a-cA-C ]{1,3}") {
        let same = a.to_lowercase() == b.to_lowercase() || (a.trim().is_empty() && b.trim().is_empty());
        prop_assert_eq!(binary(json!(a), "is equal to", json!(b)), same);
        let contains = a.to_lowercase().contains(&b.to_lowercase());
        prop_assert_eq!(binary(json!(a), "includes", json!(b)), contains);
    }

    #[test]
    fn lists_include_their_items(list in prop::collection::vec("[a-d]{1}", 0..4), x in "[A-D]{1}") {
        let is_item = list.contains(&x.to_lowercase());
        prop_assert_eq!(binary(json!(x), "is included in", json!(list)), is_item);
        prop_assert_eq!(binary(json!(list), "includes", json!(x)), is_item);
        let mut reversed = list.clone();
        reversed.reverse();
        prop_assert!(binary(json!(list), "is equal to", json!(reversed)));
    }

    #[test]
    fn globs_match_the_whole_value(glob in "[a-b]{0,2}[*?][a-b*?]{0,3}", text in "[a-b]{0,6}") {
        let expected = glob_matches(&glob.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
        prop_assert_eq!(binary(json!(text), "matches pattern", json!(glob)), expected);
    }

    #[test]
    fn nested_sets_match_the_reference_implementation(rule in nested_rules(), flags in any::<[bool; 4]>()) {
        let variables = json!({"f0": flags[0], "f1": flags[1], "f2": flags[2], "f3": flags[3]});
        let condition = Condition::parse_list(&json!([rule]), Dialect::Flow).unwrap();
        prop_assert_eq!(condition.matches(&variables), reference_matches(&rule, flags));
    }

    #[test]
    fn operators_and_their_negations_never_agree(x in prop::option::of(any_value()), rhv in any_value()) {
        for (op, comparison, negated) in operator::FLOW {
            let operator = Operator { comparison, negated };
            let Some((opposite, ..)) = operator::FLOW.iter().find(|row| row.1 == comparison && row.2 != negated) else { continue };
            let rhv = Some(&rhv).filter(|_| operator.is_binary());
            let rule = rhv.map_or_else(|| json!({"lhv": "lead.x", "op": op}), |rhv| json!({"lhv": "lead.x", "op": op, "rhv": rhv}));
            if Condition::parse_rule(&rule, Dialect::Flow).is_ok() {
                prop_assert!(matches(x.as_ref(), op, rhv, Dialect::Flow) != matches(x.as_ref(), opposite, rhv, Dialect::Flow), "{} {:?}", op, x);
            }
        }
    }

    #[test]
    fn arbitrary_values_do_not_panic(value in any_value(), variables in any_value()) {
        for dialect in [Dialect::Flow, Dialect::Report] {
            let parsed = [Condition::parse_rule(&value, dialect), Condition::parse_list(&value, dialect), Condition::parse_set(&value)];
            for condition in parsed.into_iter().flatten() {
                let _ = condition.matches(&variables);
            }
        }
    }
}

#[test]
fn required_variables_are_those_that_every_match_needs() {
    let rule = |name: &str, op: &str| json!({"lhv": name, "op": op});
    let set = |op: &str, rules: Value| json!({"op": op, "rules": rules});
    let nested = |name: &str, set: Value| json!({"lhv": name, "op": "is not blank", "rule_set": set});
    let rows = [
        (set("and", json!([rule("a", "is not blank"), rule("b", "is blank")])), vec!["a"]),
        (set("or", json!([rule("a", "is not blank"), rule("b", "is not blank")])), vec![]),
        (set("or", json!([rule("a", "is not blank")])), vec!["a"]),
        (set("and", json!([set("or", json!([rule("a", "is true")])), rule("b", "is true")])), vec!["a", "b"]),
        (set("and", json!([nested("a", set("and", json!([rule("b", "is true")])))])), vec!["a", "b"]),
        (set("and", json!([nested("a", set("or", json!([rule("b", "is true"), rule("c", "is true")])))])), vec!["a"]),
        (set("and", json!([{"lhv": "{{a}} {{b}}", "op": "is equal to", "rhv": "x"}])), vec!["a", "b"]),
    ];
    for (set, expected) in rows {
        assert_eq!(Condition::parse_set(&set).unwrap().required_variables(), expected, "{set}");
    }
}
