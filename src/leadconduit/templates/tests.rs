use std::borrow::Cow;
use std::cell::Cell;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Template;
use super::template::OUTPUT_BYTES_MAX;
use crate::leadconduit::values::Variables;

fn lead() -> Value {
    json!({"lead": {
        "id": "5fd4371e940df5a34a3888b2", "first_name": "Michael", "email": {"raw": "A@B.co", "normal": "a@b.co", "valid": true},
        "phone_1": "5127891111", "age": 30, "postal_code": "78751", "canadian": "H3Z 2Y7", "names": "#John#Doe#Smith",
        "dob": {"raw": "10/12/1980", "normal": "1980-10-12T00:00:00.000Z", "valid": true}, "tags": ["a", "b"],
        "source_timestamp": "2015-06-24T17:24:49.060Z", "balance": 45302, "mortgage": {"loan": {"amount": 200_000}, "value": "274,235"},
        "agreed": true, "from": "2", "zero": 0, "empty": [], "none": "",
        "mixed": [1, null, {"raw": "A@B.co", "normal": "a@b.co", "valid": true}, true, [2, "x"]],
    }})
}

fn value(template: &str) -> Value {
    let lead = lead();
    let template = Template::parse(template).unwrap();
    template.evaluate(&lead).map_or(Value::Null, Cow::into_owned)
}

#[test]
fn templates_evaluate_to_values() {
    let rows = [
        ("{{lead.age}}", json!(30)),
        ("{{{lead.tags}}}", json!(["a", "b"])),
        ("{{lead.nothing}}", json!(null)),
        ("{{!a comment}}{{&lead.age}}", json!(30)),
        // A list in a text, as JavaScript writes it.
        ("in {{lead.tags}}.", json!("in a,b.")),
        ("{{lead.mixed}}!", json!("1,,a@b.co,true,2,x!")),
        ("{{lead.age}}!", json!("30!")),
        ("<{{lead.email}}{{lead.nothing}}>", json!("<a@b.co>")),
        ("{{lowercase lead.first_name}}", json!("michael")),
        ("{{ uppercase lead.first_name }}", json!("MICHAEL")),
        ("{{uppercase (substring lead.first_name start=3)}}", json!("CHAEL")),
        (r#"{{substring lead.first_name start="3"}}"#, json!("chael")),
        (r#"{{substring lead.first_name start="2" end="4"}}"#, json!("ich")),
        ("{{substring lead.first_name start=lead.from end=1}}", json!("")),
        (r#"{{replace lead.first_name pattern="Mi" replace="At"}}"#, json!("Atchael")),
        (r#"{{replace lead.first_name pattern="regexp(h.{3})" replace="ke"}}"#, json!("Micke")),
        (r#"{{replace "a.b.c" pattern="." replace="}}"}}"#, json!("a}}b}}c")),
        (r#"{{ extract lead.names pattern="(?<=#)(\\w+)(?=#)" }}"#, json!("John Doe")),
        (r#"{{extract lead.names pattern="regexp(Jo|Sm)"}}"#, json!("Jo Sm")),
        ("{{#if lead.email}}<{{lead.email}}>{{else}}none{{/if}}", json!("<a@b.co>")),
        ("{{#if lead.nothing}}yes{{else}}no{{/if}}!", json!("no!")),
        ("{{#if lead.nothing}}yes{{/if}}", json!("")),
        ("{{#if lead.agreed}}{{#if lead.zero}}a{{else}}{{lead.age}}{{/if}}{{else}}c{{/if}}", json!("30")),
        ("{{#if (math \"lead.age > 40\")}}old{{else}}young{{/if}}", json!("young")),
        ("{{#if lead.tags}}{{/if}}{{#if lead.empty}}x{{/if}}{{#if lead.none}}y{{/if}}", json!("")),
        (r#"{{format lead.source_timestamp operator="add" days="30" format="YYYY-MM-DD"}}"#, json!("2015-07-24")),
        (r#"{{format lead.source_timestamp operator="subtract" weeks="1"}}"#, json!("2015-06-17T17:24:49.060Z")),
        (
            r#"{{format lead.dob operator="subtract" years="1" months=lead.from days=-1 format="YYYY-MM-DD"}}"#,
            json!("1979-08-13"),
        ),
        // A day has 25 hours when daylight saving time ends.
        (
            r#"{{format "2015-10-31T16:00:00Z" operator="add" days="1" timezone="America/New_York"}}"#,
            json!("2015-11-01T17:00:00.000Z"),
        ),
        (r#"{{format "2015-10-31T16:00:00Z" operator="add" hours="24"}}"#, json!("2015-11-01T16:00:00.000Z")),
        (r#"{{format lead.age operator="add" days="1"}}"#, json!(30)),
        (r#"{{format "9999-12-31T00:00:00Z" operator="add" years="9999"}}"#, json!("9999-12-31T00:00:00Z")),
        (r#"{{ math "1 + 1" }}"#, json!(2)),
        (r#"{{math "1 + lead.age"}} years"#, json!("31 years")),
        (r#"{{math "lead.mortgage.loan.amount / lead.mortgage.value" format="0.[00]%"}}"#, json!("72.93%")),
        (r#"{{math "1 + lead.nothing"}}"#, json!(null)),
        (r#"{{math "-2 ^ 2 + 2 * 3 ^ 2 % 5"}}"#, json!(-1)),
        (r#"{{math "lead.age >= 18 and not (lead.age > 65) ? 'adult' : 'other'"}}"#, json!("adult")),
        (r#"{{math "roundTo(2.445, 1) + max(1, 2, 3) + 3! + sqrt 16 + pyt(3, 4)"}}"#, json!(20.4)),
        (r#"{{math "1 / 0"}}"#, json!(null)),
        (r#"{{format lead.age dataType="String"}}"#, json!("30")),
        (r#"{{format lead.agreed dataType="String"}}"#, json!("true")),
        (r#"{{format lead.postal_code dataType="Number"}}"#, json!(78751)),
        (r#"{{format lead.canadian dataType="Number"}}"#, json!("H3Z 2Y7")),
        (r#"{{format lead.source_timestamp format="X" dataType="Number"}}"#, json!(1_435_166_689)),
        ("{{md5 lead.nothing}}", json!(null)),
    ];
    for (template, expected) in rows {
        assert_eq!(value(template), expected, "{template}");
    }
    assert_eq!(value("{{md5 lead.email lead.phone_1}}"), value("{{md5 lead.email salt=lead.phone_1}}"));
    let random = value(r#"{{math "random(10)"}}"#).as_f64().unwrap();
    assert!((0.0..10.0).contains(&random));
}

#[test]
fn hashes_match_published_test_vectors() {
    for (name, expected) in [
        ("md4", "a448017aaf21d8525fc10ae87aa6729d"),
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("ripemd", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        ("ripemd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ] {
        assert_eq!(value(&format!("{{{{{name} 'abc'}}}}")), expected, "{name}");
    }
    for (name, begin) in
        [("sha384", "cb00753f45a35e8b"), ("sha512", "ddaf35a193617aba"), ("whirlpool", "4e2448a4c6f486bb")]
    {
        assert!(value(&format!("{{{{{name} \"abc\"}}}}")).as_str().unwrap().starts_with(begin), "{name}");
    }
    assert_eq!(value(r#"{{md5 "ab" salt="c" encoding="base64"}}"#), "kAFQmDzST7DWlj99KOF/cg==");
    assert_eq!(value(r#"{{md5 "abc" encoding="latin1"}}"#).as_str().unwrap().chars().next(), Some('\u{90}'));
}

#[test]
fn dates_are_formatted_by_tokens() {
    for (format, expected) in [
        ("YYYY-MM-DD", "2015-06-24"),
        ("[It's] MMMM Do", "It's June 24th"),
        ("M Mo MM MMM Q Qo", "6 6th 06 Jun 2 2nd"),
        ("D Do DD DDD DDDo DDDD", "24 24th 24 175 175th 175"),
        ("d do dd ddd dddd e E", "3 3rd We Wed Wednesday 3 3"),
        ("w wo ww W Wo WW gg gggg GG GGGG", "26 26th 26 26 26th 26 15 2015 15 2015"),
        ("YY Y A a H HH h hh k kk", "15 2015 PM pm 17 17 5 05 17 17"),
        ("m mm s ss S SS SSS SSSS", "24 24 49 49 0 06 060 0600"),
        ("Z ZZ X x", "+00:00 +0000 1435166689 1435166689060"),
        ("L l", "06/24/2015 6/24/2015"),
        ("LT", "5:24 PM"),
        ("LTS", "5:24:49 PM"),
        ("LL", "June 24, 2015"),
        ("lll", "Jun 24, 2015 5:24 PM"),
        ("LLLL", "Wednesday, June 24, 2015 5:24 PM"),
    ] {
        assert_eq!(value(&format!("{{{{format lead.source_timestamp format=\"{format}\"}}}}")), expected, "{format}");
    }
    for (options, expected) in [
        (r#"format="LLL" locale="fr""#, "24 juin 2015 17:24"),
        (r#"format="LLL" locale="no such""#, "June 24, 2015 5:24 PM"),
        (r#"format="HH:mm z Z" timezone="America/New_York""#, "13:24 EDT -04:00"),
    ] {
        assert_eq!(value(&format!("{{{{format lead.source_timestamp {options}}}}}")), expected, "{options}");
    }
    assert_eq!(value(r#"{{format lead.dob format="MM"}}"#), "10");
}

#[test]
fn numbers_are_formatted_as_in_the_documentation() {
    for (number, format, expected) in [
        ("10000", "0,0.0000", "10,000.0000"),
        ("10000.23", "0,0", "10,000"),
        ("10000.23", "+0,0", "+10,000"),
        ("-10000", "0,0.0", "-10,000.0"),
        ("10000.1234", "0.000", "10000.123"),
        ("100.1234", "00000", "00100"),
        ("1000.1234", "000000,0", "001,000"),
        ("10", "000.00", "010.00"),
        ("10000.1234", "0[.]00000", "10000.12340"),
        ("-10000", "(0,0.0000)", "(10,000.0000)"),
        ("-0.23", ".00", "-.23"),
        ("-0.23", "(.00)", "(.23)"),
        ("0.23", "0.00000", "0.23000"),
        ("0.23", "0.0[0000]", "0.23"),
        ("1230974", "0.0a", "1.2m"),
        ("1460", "0 a", "1 k"),
        ("-104000", "0a", "-104k"),
        ("1", "0o", "1st"),
        ("100", "0o", "100th"),
        ("1000.234", "$0,0.00", "$1,000.23"),
        ("1000.2", "0,0[.]00 $", "1,000.20 $"),
        ("1001", "$ 0,0[.]00", "$ 1,001"),
        ("-1000.234", "($0,0)", "($1,000)"),
        ("-1000.234", "$0.00", "-$1000.23"),
        ("1230974", "($ 0.00 a)", "$ 1.23 m"),
    ] {
        assert_eq!(value(&format!("{{{{format \"{number}\" format=\"{format}\"}}}}")), expected, "{number} {format}");
    }
    assert_eq!(value(r#"{{format lead.balance locale="fr" format="$0,0.00"}}"#), "€45 302.00");
}

#[test]
fn errors_name_the_problem_and_the_alternatives() {
    for (template, message) in [
        ("{{", "a `{{` is not closed"),
        ("{{ }}", "a placeholder is empty"),
        (
            "{{#each lead.tags}}x{{/each}}",
            "`{{#each}}` is not supported: the only block is `{{#if variable}}...{{else}}",
        ),
        ("{{#if lead.age}}x{{else if lead.dob}}y{{/if}}", "`{{else if lead.dob}}` is not supported"),
        ("{{> card}}", "`{{>}}` is not supported"),
        ("{{#if lead.age}}x", "a `{{#if}}` is not closed with `{{/if}}`"),
        ("{{else}}", "`{{else}}` has no `{{#if}}` before it"),
        ("{{#if a}}x{{else}}y{{else}}z{{/if}}", "`{{else}}` has no `{{#if}}` before it"),
        ("{{/if}}", "`{{/if}}` has no `{{#if}}` before it"),
        ("{{#if}}x{{/if}}", "`{{#if}}` takes one variable or one call in parentheses"),
        ("{{#if lead.age > 18}}x{{/if}}", "`{{#if}}` takes one variable or one call in parentheses"),
        (
            r#"{{format now operator="plus" days="1"}}"#,
            "the `operator` of `format` cannot be `plus`: write add or subtract",
        ),
        (r#"{{format now operator="add" days="one"}}"#, "the `days` of `format` cannot be `one`: write a whole number"),
        (r#"{{format now days="1"}}"#, "`format` needs the option `operator`"),
        (r#"{{format now operator="add"}}"#, "the option `operator` needs a unit, such as `days=\"30\"`"),
        (
            "{{lowercas lead.age}}",
            "there is no helper `lowercas`; did you mean `lowercase`? (helpers are extract, format,",
        ),
        ("{{lowercase lead.a lead.b}}", "`lowercase` takes one argument"),
        ("{{lowercase lead.a trim=1}}", "`lowercase` has no option `trim`; its options are: none"),
        ("{{substring lead.a}}", "`substring` needs the option `start`"),
        ("{{substring lead.a start=0}}", "the `start` of `substring` cannot be `0`: write a whole number from 1"),
        (r#"{{extract lead.a pattern="("}}"#, "`(` is not a valid pattern"),
        (r#"{{md5 lead.a encoding="hax"}}"#, "write hex, base64 or latin1"),
        (r#"{{format lead.a timezone="Mars/Base"}}"#, "cannot be `Mars/Base`: write a time zone"),
        (r#"{{format lead.a dataType="Date"}}"#, "write String or Number"),
        (r#"{{math "1 +"}}"#, "`1 +` is not a valid expression: it ends too early"),
        (r#"{{math "nope(1)"}}"#, "there is no function `nope`"),
        (r#"{{math "(1"}}"#, "a `)` is missing"),
        (r#"{{lowercase "a}}"#, "a `{{` is not closed"),
        ("{{lowercase (uppercase lead.a}}", "a `(` is not closed"),
        ("{{lowercase lead.a) }}", "unexpected `)` in a placeholder"),
    ] {
        let error = Template::parse(template).unwrap_err();
        assert!(error.message.contains(message), "{template}: {}", error.message);
    }
    let nested = |depth| "{{#if a}}".repeat(depth) + &"{{/if}}".repeat(depth);
    assert!(Template::parse(&nested(8)).is_ok());
    assert!(Template::parse(&nested(9)).unwrap_err().message.contains("blocks can be nested at most 8 deep"));
    let names = Template::parse("{{#if a}}{{b}}{{else}}{{lowercase c}}{{/if}}").unwrap();
    assert_eq!(names.variables(), ["a", "b", "c"]);
    assert!(Template::parse(&"{{md5 a}}".repeat(33)).unwrap_err().message.contains("at most 32 helper calls"));
    assert!(
        Template::parse(&format!("{{{{math \"{}1\"}}}}", "(".repeat(99)))
            .unwrap_err()
            .message
            .contains("nested more than 32 deep")
    );
    let names = Template::parse(r#"{{a}} {{md5 b (lowercase c) salt=d}} {{math "e.f + 1"}}"#).unwrap();
    assert_eq!(names.variables(), ["a", "b", "c", "d", "e.f"]);
}

/// Variables that count how often they are read.
struct Counted {
    variables: Value,
    reads: Cell<usize>,
}

impl Variables for Counted {
    fn get(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.reads.set(self.reads.get() + 1);
        self.variables.get(name).map(Cow::Borrowed)
    }
}

#[test]
fn rendering_ends_when_enough_is_written() {
    let replaced = "{{replace a pattern=\"a\" replace=r}}";
    // How many bytes one placeholder writes, how many variables it reads, and how many of a thousand are rendered.
    for (placeholder, bytes, reads, rendered) in [("{{a}}", 200_000, 1, 6), (replaced, 60_000 + 64 * 1024 - 1, 2, 9)] {
        let variables =
            Counted { variables: json!({"a": "a".repeat(200_000), "r": "b".repeat(60_000)}), reads: Cell::new(0) };
        // No template has more calls than these.
        let template = Template::parse(&placeholder.repeat(if reads == 1 { 1000 } else { 32 })).unwrap();
        assert_eq!(Template::parse(placeholder).unwrap().render(&variables.variables).len(), bytes, "{placeholder}");
        assert_eq!(template.render(&variables).len(), OUTPUT_BYTES_MAX, "{placeholder}");
        assert_eq!(variables.reads.get(), rendered * reads, "{placeholder}");
    }
}

#[test]
fn a_helper_reads_the_beginning_of_a_long_value() {
    let long = "ab".repeat(100_000);
    let variables = json!({"long": long, "beginning": long[..64 * 1024]});
    let text = |template: &str| Template::parse(template).unwrap().render(&variables);
    for call in [
        "whirlpool NAME",
        "uppercase NAME",
        "md5 \"x\" NAME",
        "md5 \"x\" salt=NAME",
        "substring NAME start=2",
        r#"replace NAME pattern="c" replace="d""#,
        r#"replace "c" pattern="c" replace=NAME"#,
    ] {
        let of = |name: &str| text(&format!("{{{{{}}}}}", call.replace("NAME", name)));
        assert!(!of("beginning").is_empty() && of("long") == of("beginning"), "{call}");
    }
}

#[test]
fn a_search_ends_at_its_limits() {
    let value = |template: &str, a: String| {
        let lead =
            json!({"a": a, "p": "regexp((a*)*b)", "large": "regexp(([a-z]{500}){500})", "r": "b".repeat(60_000)});
        Template::parse(template).unwrap().render(&lead)
    };
    // Steps of one search: the letters between the two matches can be split in exponentially many ways. A search that
    // has too many steps is the last.
    let extract = r#"{{extract a pattern="(a|aa)+(?<!c)b"}}"#;
    assert_eq!(value(extract, format!("ab {} ab", "a".repeat(5))), "ab ab");
    assert_eq!(value(extract, format!("ab {} ab", "a".repeat(5_000))), "ab");
    // Occurrences in one text.
    let replaced = value(r#"{{replace a pattern="a" replace="b"}}"#, "a".repeat(1000));
    assert_eq!(replaced, "b".repeat(256) + &"a".repeat(744));
    assert_eq!(value(r#"{{extract a pattern="a"}}"#, "a".repeat(1000)), vec!["a"; 256].join(" "));
    // The length of a result.
    assert_eq!(value(r#"{{replace a pattern="a" replace=r}}"#, "aaa".to_owned()), "b".repeat(60_000) + "aa");
    // The size of an expression that a variable brings: one that is too large leaves the text as it is. Expressions
    // that do not look around take linear time.
    let large = r#"{{replace a pattern=large replace="b"}}"#;
    assert_eq!(value(large, "a".repeat(250_000)), "a".repeat(64 * 1024));
    assert_eq!(value(r#"{{replace a pattern=p replace="c"}}"#, "a".repeat(60_000)), "a".repeat(60_000));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_does_not_panic(text in "\\PC{0,30}|(\\{\\{|\\}\\}|[a-z. \"=()]|md5 |math \"|format |\\{\\{#if a\\}\\}|\\{\\{else\\}\\}|\\{\\{/if\\}\\}){0,12}") {
        if let Ok(template) = Template::parse(&text) {
            let _ = (template.evaluate(&lead()), template.render(&lead()), template.variables());
        }
    }

    #[test]
    fn arbitrary_expressions_do_not_panic(text in "([0-9]{1,3}|[-+*/%^!<>=?:()|,. ]|lead\\.age|and|or|not |sqrt |max\\(|'a'){0,16}") {
        if let Ok(template) = Template::parse(&format!("{{{{math \"{text}\"}}}}")) {
            let _ = template.evaluate(&lead());
        }
    }

    #[test]
    fn arbitrary_formats_do_not_panic(format in "[A-Za-z0$,.%() +\\[\\]éß-]{0,20}", number in any::<f64>(), seconds in any::<i32>()) {
        let at = jiff::Timestamp::from_second(i64::from(seconds)).unwrap().to_string();
        let lead = json!({"n": number, "t": at, "f": format});
        for name in ["n", "t"] {
            let template = Template::parse(&format!("{{{{format {name} format=f}}}}")).unwrap();
            let _ = template.render(&lead);
        }
    }
}
