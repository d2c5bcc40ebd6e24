use serde_json::{Value, json};

use super::*;

mod properties;

/// The current time of the tests.
fn now() -> Timestamp {
    "2022-06-18T00:00:00Z".parse().unwrap()
}

/// Asserts the typed value of each text; null if the text is invalid.
fn check(field_type: &str, rows: &[(&str, Value)]) {
    for (text, expected) in rows {
        let mut whole = json!({"raw": text});
        match expected {
            Value::Object(parts) => whole.as_object_mut().unwrap().extend(parts.clone()),
            _ => whole = json!({"raw": text, "normal": text, "valid": false}),
        }
        let found = parse_value(field_type, &json!(text), now());
        assert_eq!(found.to_string(), whole.to_string(), "{field_type} {text}");
        assert_eq!(is_valid(field_type, text), expected.is_object(), "{field_type} {text}");
    }
}

const NONE: Value = Value::Null;

#[test]
fn components_match_those_that_types_declare() {
    let contract = crate::contract::Contract::built_in().unwrap();
    for definition in contract.standard().all(crate::contract::standard::StandardCollection::Types) {
        let definition = definition.value();
        let name = definition["name"].as_str().unwrap();
        let names: Vec<&str> =
            definition["components"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        let found = COMPONENTS.iter().find(|(known, _)| *known == name).map(|(_, names)| *names);
        assert_eq!(names.split_first().map(|(_, rest)| rest), found, "{name}");
    }
}

#[test]
fn plain_types_stay_text() {
    for field_type in ["string", "city", "last_name", "first_name", "no_such_type"] {
        assert_eq!(parse_value(field_type, &json!(" Any text "), now()), " Any text ", "{field_type}");
        assert!(is_valid(field_type, "") && is_valid(field_type, "Any text"));
    }
    assert_eq!(parse_value("city", &json!(7.0), now()), "7");
    assert_eq!(parse_value("first_name", &json!(7), now()), json!({"raw": 7, "normal": "7", "valid": false}));
    for value in [json!(null), json!({"raw": "x"})] {
        assert_eq!(parse_value("email", &value, now()), value);
    }
    let list = parse_value("gender", &json!(["M", "x"]), now());
    assert_eq!((&list[0]["normal"], &list[1]["valid"]), (&json!("male"), &json!(false)));
}

#[test]
fn booleans_and_numbers_are_parsed() {
    for (text, flag) in
        [("yes", true), ("Y", true), ("T.", true), ("1", true), ("no", false), ("F", false), ("0", false)]
    {
        check("boolean", &[(text, json!({"normal": flag, "valid": true}))]);
    }
    assert_eq!(
        parse_value("boolean", &json!("maybe"), now()),
        json!({"raw": "maybe", "normal": false, "valid": false})
    );
    assert_eq!(parse_value("boolean", &json!(true), now()), json!({"raw": true, "normal": true, "valid": true}));
    for (text, number) in [
        ("11", json!(11)),
        ("1.111", json!(1.111)),
        ("$1,100 per month", json!(1100)),
        ("  1100 ", json!(1100)),
        ("-$1,100", json!(-1100)),
        ("100.999", json!(100.999)),
    ] {
        check("number", &[(text, json!({"normal": number, "valid": true}))]);
    }
    for text in ["", "  ", "derp", "1.2.3", "1-2"] {
        assert_eq!(
            parse_value("number", &json!(text), now()),
            json!({"raw": text, "normal": null, "valid": false}),
            "{text}"
        );
        assert!(!is_valid("number", text));
    }
    assert_eq!(parse_value("number", &json!(1.5), now()), json!({"raw": 1.5, "normal": 1.5, "valid": true}));
    assert_eq!(parse_value("number", &json!(true), now()), json!({"raw": true, "normal": null, "valid": false}));
}

#[test]
fn dates_begin_a_day() {
    for text in [
        "Mon Jun 02 2014",
        "Jun 02 2014",
        "06/02/2014",
        "6/2/2014",
        "6/2/14",
        "2014-06-02",
        "06-02-2014",
        "06022014",
        "20140602",
        "2 June 2014",
    ] {
        check("date", &[(text, json!({"normal": "2014-06-02T00:00:00.000Z", "valid": true}))]);
        let dob = json!({"normal": "2014-06-02T00:00:00.000Z", "valid": true, "age": 8, "year": 2014});
        check("dob", &[(text, dob)]);
    }
    for text in [
        "Fri 18 July 2014",
        "18 July 2014",
        "18/07/2014",
        "18/7/14",
        "2014-18-07",
        "18-07-2014",
        "18072014",
        "20141807",
        "2014-07-18T12:00:00Z",
    ] {
        check("date", &[(text, json!({"normal": "2014-07-18T00:00:00.000Z", "valid": true}))]);
    }
    check(
        "dob",
        &[("1980-02-29", json!({"normal": "1980-02-29T00:00:00.000Z", "valid": true, "age": 42.3, "year": 1980}))],
    );
    check("date", &["garbage", "", "1981-02-29", "13/13/1980", "Jun 2014"].map(|text| (text, NONE)));
}

#[test]
fn times_are_normalized_to_utc() {
    for text in [
        "Sat Jun 14 2014 13:27:33 GMT-0500 (CDT)",
        "06/14/2014 6:27:33 PM",
        "2014-06-14T18:27:33Z",
        "2014-06-14T18:27:33.000Z",
        "2014-06-14 20:27:33+02:00",
    ] {
        check("time", &[(text, json!({"normal": "2014-06-14T18:27:33.000Z", "valid": true}))]);
    }
    check("time", &[("2014-06-14", json!({"normal": "2014-06-14T12:00:00.000Z", "valid": true}))]);
    check("time", &[("12:05 am", json!({"normal": "2022-06-18T00:05:00.000Z", "valid": true}))]);
    check("time", &["garbage", "", "25:00", "13:00 pm"].map(|text| (text, NONE)));
}

#[test]
fn emails_have_components() {
    let parts = |normal: &str, user: &str, domain: &str, host: &str, tld: &str, free: bool, disposable: bool| {
        json!({"normal": normal, "valid": true, "user": user, "domain": domain, "host": host, "tld": tld,
            "is_free": free, "is_disposable": disposable})
    };
    check(
        "email",
        &[
            (
                "User+hola@Domain.Com",
                parts("user+hola@domain.com", "User+hola", "Domain.Com", "Domain", "Com", false, false),
            ),
            (" user@gmail.com ", parts("user@gmail.com", "user", "gmail.com", "gmail", "com", true, false)),
            ("a@mailinator.com", parts("a@mailinator.com", "a", "mailinator.com", "mailinator", "com", false, true)),
            (
                "p. j. butter@gmail. Co",
                parts("p.j.butter@gmail.co", "p.j.butter", "gmail.Co", "gmail", "Co", false, false),
            ),
            (
                "o'neil@mail.example.co.uk",
                parts(
                    "o'neil@mail.example.co.uk",
                    "o'neil",
                    "mail.example.co.uk",
                    "mail.example",
                    "co.uk",
                    false,
                    false,
                ),
            ),
            ("Asdf", NONE),
            ("a@b", NONE),
            ("a b@c.de", NONE),
            ("@c.de", NONE),
            ("a@@c.de", NONE),
            ("", NONE),
        ],
    );
}

#[test]
fn genders_states_streets_and_postal_codes_are_parsed() {
    check(
        "gender",
        &[
            (" M ", json!({"normal": "male", "valid": true, "abbr": "M"})),
            ("Female", json!({"normal": "female", "valid": true, "abbr": "F"})),
            ("o", json!({"normal": "other", "valid": true, "abbr": "O"})),
            ("?", NONE),
        ],
    );
    check(
        "state",
        &[
            ("tx", json!({"normal": "TX", "valid": true, "name": "Texas"})),
            ("district OF columbia", json!({"normal": "DC", "valid": true, "name": "District of Columbia"})),
            ("Yukon", json!({"normal": "YT", "valid": true, "name": "Yukon YT"})),
            ("Île-de-France", json!({"normal": "Île-de-France", "valid": true, "name": "Île-de-France"})),
        ],
    );
    check(
        "street",
        &[
            (
                " 4203 Guadalupe St",
                json!({"normal": "4203 Guadalupe St", "valid": true, "number": "4203", "name": "Guadalupe St"}),
            ),
            ("Guadalupe", NONE),
            ("", NONE),
        ],
    );
    let code = |normal: &str, country: &str, parts: [Option<&str>; 6]| {
        json!({"normal": normal, "valid": true, "country_code": country, "zip": parts[0], "four": parts[1],
            "fsa": parts[2], "ldu": parts[3], "outcode": parts[4], "incode": parts[5]})
    };
    let us = |normal: &str, four: Option<&str>| code(normal, "US", [Some("78704"), four, None, None, None, None]);
    let gb = |normal: &str, out: &str| code(normal, "GB", [None, None, None, None, Some(out), Some("1AA")]);
    check(
        "postal_code",
        &[
            ("  78704-  ", us("78704", None)),
            ("78704   - 1234", us("78704-1234", Some("1234"))),
            ("787041234", us("78704-1234", Some("1234"))),
            ("q2e4u7", code("Q2E 4U7", "CA", [None, None, Some("Q2E"), Some("4U7"), None, None])),
            ("A1A 1AA", gb("A1A 1AA", "A1A")),
            ("aa11a1aa", gb("AA11A 1AA", "AA11A")),
            ("garbage", NONE),
            ("", NONE),
            ("7875", NONE),
        ],
    );
}

#[test]
fn phones_have_components() {
    let us = |normal: &str,
              [area, exchange, line]: [&str; 3],
              extension: Option<&str>,
              line_type: Option<&str>,
              free: bool| {
        json!({"normal": normal, "valid": true, "area": area, "exchange": exchange, "line": line,
            "number": format!("{exchange}{line}"), "extension": extension,
            "country_code": if area == "416" { "CA" } else { "US" }, "type": line_type, "is_tollfree": free})
    };
    let austin = ["512", "789", "1111"];
    check(
        "phone",
        &[
            ("5127891111", us("5127891111", austin, None, None, false)),
            ("1 (512) 789-1111", us("5127891111", austin, None, None, false)),
            ("+1 512.789.1111", us("5127891111", austin, None, None, false)),
            ("512-789-1111 x 44", us("5127891111x44", austin, Some("44"), None, false)),
            ("5127891111x1234", us("5127891111x1234", austin, Some("1234"), None, false)),
            (" 5127891111 (h)", us("5127891111", austin, None, Some("home"), false)),
            ("5127891111m", us("5127891111", austin, None, Some("mobile"), false)),
            ("5127891111 w", us("5127891111", austin, None, Some("work"), false)),
            ("8775551212", us("8775551212", ["877", "555", "1212"], None, None, true)),
            ("416-555-0142", us("4165550142", ["416", "555", "0142"], None, None, false)),
            ("1-(5*2) *** **11", us("5*2*****11", ["5*2", "***", "**11"], None, None, false)),
            ("1-(512) *** **** x**", us("512*******x**", ["512", "***", "****"], Some("**"), None, false)),
            (
                "020 7946 0958",
                json!({"normal": "2079460958", "valid": true, "area": "20", "exchange": null, "line": null,
            "number": "79460958", "extension": null, "country_code": "GB", "type": null, "is_tollfree": false}),
            ),
            ("donkey kong", NONE),
            ("964523331", NONE),
            ("", NONE),
            ("0127891111", NONE),
            ("+390694502713", NONE),
            ("1111m", NONE),
        ],
    );
    assert_eq!(parse_value("phone", &json!("+44 7981 555555"), now())["area"], "7981");
    assert_eq!(parse_value("phone", &json!(5_127_891_111_u64), now())["raw"], "5127891111");
}

#[test]
fn ranges_have_minimum_and_maximum() {
    let of = |normal: &str, min: Value, max: Value, avg: Value, mid: Value| json!({"normal": normal, "valid": true, "mid": mid, "max": max, "min": min, "avg": avg});
    let ten = || of("1-10", json!(1), json!(10), json!(5.5), json!(5));
    check(
        "range",
        &[
            ("1 - 10", ten()),
            ("1 to 10", ten()),
            ("   1    to   10  ", ten()),
            ("1 10", ten()),
            ("$1 to $10", ten()),
            ("$1,000 to $10,000", of("1000-10000", json!(1000), json!(10000), json!(5500), json!(5500))),
            ("999.95 to 10000.95", of("999.95-10000.95", json!(999.95), json!(10000.95), json!(5500.45), json!(5500))),
            ("10.5+", of("10.5+", json!(10.5), NONE, NONE, NONE)),
            ("-10+", of("-10+", json!(-10), NONE, NONE, NONE)),
            ("-5.5", of("-5.5", json!(-5.5), json!(-5.5), json!(-5.5), json!(-5.5))),
            ("0", of("0", json!(0), json!(0), json!(0), json!(0))),
            (
                "2015-07-01 - 2015-07-25",
                of(
                    "1435708800000-1437782400000",
                    json!(1_435_708_800_000_i64),
                    json!(1_437_782_400_000_i64),
                    json!(1_436_745_600_000_i64),
                    json!(1_436_745_600_000_i64),
                ),
            ),
            (
                "1969-07-25",
                of(
                    "-13824000000",
                    json!(-13_824_000_000_i64),
                    json!(-13_824_000_000_i64),
                    json!(-13_824_000_000_i64),
                    json!(-13_824_000_000_i64),
                ),
            ),
            ("asdf", NONE),
            ("", NONE),
        ],
    );
}

#[test]
fn secrets_are_masked() {
    let masked = |raw: &str| json!({"raw": raw, "normal": "*********", "valid": true, "first_three": "***", "middle_two": "**", "last_four": "****"});
    assert_eq!(parse_value("ssn", &json!("123-45-6789"), now()), masked("***********"));
    assert_eq!(parse_value("ssn", &json!(123_456_789), now()), masked("*********"));
    assert_eq!(
        parse_value("ssn", &json!("secret 12345"), now()),
        json!({"raw": "********", "normal": "********", "valid": false})
    );
    assert_eq!(
        parse_value("credential", &json!("sekret"), now()),
        json!({"raw": "******", "normal": "******", "valid": true})
    );
    assert!(is_valid("ssn", "123 45 6789") && !is_valid("ssn", "12345"));
}

#[test]
fn urls_and_ip_addresses_are_parsed() {
    let url = |normal: &str, host: &str, port: Option<&str>, path: &str, query: Option<&str>, hash: Option<&str>| {
        let protocol = normal.split(':').next();
        json!({"normal": normal, "valid": true, "protocol": protocol, "host": host, "port": port, "path": path,
            "query": query, "hash": hash})
    };
    check(
        "url",
        &[
            (
                " HTTPS://Google.com/search?q=hi#results ",
                url(
                    "https://google.com/search?q=hi#results",
                    "google.com",
                    None,
                    "/search",
                    Some("q=hi"),
                    Some("#results"),
                ),
            ),
            ("centennialbulb.org", url("http://centennialbulb.org/", "centennialbulb.org", None, "/", None, None)),
            ("whatever", url("http://whatever/", "whatever", None, "/", None, None)),
            ("http://a.b:8080/c", url("http://a.b:8080/c", "a.b:8080", Some("8080"), "/c", None, None)),
            ("", NONE),
            (" ", NONE),
            ("https://", NONE),
            ("donkey://google.com", NONE),
        ],
    );
    let four = json!({"normal": "198.51.90.161", "valid": true, "isIpv4": true, "mapToIpv6": "[ffff::c633:5aa1]"});
    let six = |text: &str| json!({"normal": text, "valid": true, "isIpv4": false, "mapToIpv6": text});
    let long = || six("[8faa:230d:52ab:98f3:a2ea:7735:a7b8:72e9]");
    check(
        "ip",
        &[
            ("198.51.90.161", four.clone()),
            ("198.51.90.161/32", four.clone()),
            ("   http://198. 51. 90. 161:32  ", four),
            ("8faa:230d:52ab:98f3:a2ea:7735:a7b8:72e9", long()),
            ("http://[8faa:  230d:52ab:98f3:a2ea:7735:a7b8:72e9]:32", long()),
            ("8faa:230d:52ab:98f3:a2ea:7735:a7b8:72e9/64", long()),
            ("8faa:230d:52ab:98f3:a2ea:7735:a7b8:72e9:32", long()),
            ("[0000:0000:0000:0000:0000:0000:0000:0001]", six("[::1]")),
            ("[::ffff:186.25.192.233]", six("[::ffff:ba19:c0e9]")),
            ("", NONE),
            ("https://google.com", NONE),
            ("fe80:2030:31:24", NONE),
            ("256.4.5.6", NONE),
            ("56FE::2159:5BBC::6594", NONE),
            ("::GG", NONE),
        ],
    );
}

#[test]
fn certificate_urls_are_parsed() {
    let id = "eb9fc4dd9bed9ad451a5648946cf4bf09b5bb947";
    let web = json!({"normal": format!("https://cert.trustedform.com/{id}"), "valid": true, "type": "web", "cert_id": id,
        "is_masked": false, "is_web": true, "is_mobile": false, "is_facebook": false, "host": "cert.trustedform.com",
        "path": format!("/{}", id.to_uppercase())});
    check(
        "trustedform_url",
        &[
            (&format!("https://CERT.trustedform.com/{}", id.to_uppercase()), web),
            (&format!("http://cert.trustedform.com/{id}"), NONE),
            ("https://cert.trustedform.com/asdfasdfasdf", NONE),
            ("https://activeprospect.com", NONE),
            ("", NONE),
        ],
    );
    let token = "a".repeat(60);
    for (url, certificate_type) in [
        (format!("https://cert.trustedform.com/0.{token}.x"), json!("facebook")),
        (format!("https://cert.staging.trustedform.com/{token}"), json!("mobile")),
        (format!("https://ping.trustedform.com/0.{token}.x"), NONE),
    ] {
        let value = parse_value("trustedform_url", &json!(url), now());
        assert_eq!((&value["type"], &value["valid"]), (&certificate_type, &json!(true)), "{url}");
    }
}
