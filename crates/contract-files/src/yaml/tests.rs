//! Parsing, positions of pointers, messages and hints.

use super::*;

#[test]
fn pointers_resolve_to_line_and_column() {
    let source = Source::new("x.yaml", "a:\n  - b: 1\n    c: [x, y]\nd~e: {f/g: z}\n");
    let rows = [
        ("/a/0/b", Some((2, 8))),
        ("/a/0/c/1", Some((3, 12))),
        ("/d~0e/f~1g", Some((4, 12))),
        ("/a/0/nothing", Some((2, 5))),
    ];
    for (pointer, expected) in rows {
        assert_eq!(source.at_pointer(pointer, "").position, expected, "{pointer}");
    }
    for (pointer, expected) in [("/a/0/b~#", Some((2, 5))), ("/d~0e/f~1g~#", Some((4, 7))), ("/a/0~#", Some((2, 5)))] {
        assert_eq!(source.at_pointer(pointer, "").position, expected, "{pointer}");
    }
    assert!(source.contains("/a/0/b") && !source.contains("/a/0/nothing"));
}

#[test]
fn diagnostics_print_an_excerpt_with_caret_and_hint() {
    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        #[expect(dead_code, reason = "only its name is used")]
        status: Option<String>,
    }
    let error = Source::new("scenarios/a.yaml", "# a story\nstatsu: up\n").parse::<Shape>().unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn json_numbers_are_not_accepted_as_strings() {
    let read =
        |text: &str| Source::new("body", text).parse_json_or_yaml::<std::collections::BTreeMap<String, String>>();
    assert!(read(r#"{"name": "7"}"#).is_ok() && read("name: x").is_ok());
    let error = read(r#"{"name": 7}"#).unwrap_err();
    assert_eq!((error.position, error.message.as_str()), (Some((1, 10)), "wrong type: integer `7`, expected text"));
}

#[test]
fn values_of_a_wrong_type_get_what_to_write() {
    #[derive(serde::Deserialize, Debug)]
    #[serde(expecting = "a map such as { status: 200 }")]
    #[expect(dead_code, reason = "only its keys are used")]
    struct Reply {
        status: u16,
    }
    #[derive(serde::Deserialize, Debug)]
    #[expect(dead_code, reason = "only its keys are used")]
    struct Shape {
        wait_ms: Option<u64>,
        list: Option<Vec<String>>,
        reply: Option<Reply>,
        path: Option<bool>,
    }
    let rows = [
        ("wait_ms: 1.5s", Some("write milliseconds: 1500")),
        ("wait_ms: 2min", Some("write milliseconds: 120000")),
        ("wait_ms: soon", None),
        ("wait_ms: '7'", Some("remove the quotes: 7")),
        ("list: { a: b }", Some("write a list: begin each item with `- `, or put the items in brackets")),
        ("list: a", Some("write a list, in brackets")),
        ("reply: 503", Some("write { status: 503 }")),
        ("reply: 5", None),
        ("reply: [a]", Some("write the map alone, without a list around it")),
    ];
    for (text, hint) in rows {
        let found = Source::new("f", text).parse::<Shape>().unwrap_err();
        assert_eq!(found.hint.as_deref(), hint, "{text}: {found}");
    }
    // A value can be a whole file.
    let found = Source::new("f", "x".repeat(5000)).parse::<Shape>().unwrap_err();
    assert!(found.message.len() < 200 && found.to_string().len() < 700, "{found}");
}

#[test]
fn long_lines_are_cut_around_the_position() {
    let item = "{\"name\": \"\u{e4}\"}, ";
    let text = format!("[{}{{\"nmae\": 5}}, {}1]", item.repeat(40), item.repeat(40));
    let source = Source::new("body", text.as_str());
    let shown = source.at_pointer("/40/nmae", "wrong").with_hint("here").to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[2].starts_with("1 | ...") && lines[2].ends_with("...") && lines[2].chars().count() < 180, "{shown}");
    let caret = lines[3].chars().position(|c| c == '^').unwrap();
    assert_eq!(lines[2].chars().nth(caret), Some('5'), "{shown}");
    // A short line is shown completely, with the lines above it.
    let source = Source::new("f", format!("# {}\na: 1\n", "long ".repeat(100)));
    let shown = source.at_pointer("/a", "wrong").to_string();
    assert!(shown.contains("2 | a: 1\n") && shown.lines().all(|line| line.chars().count() < 180), "{shown}");
}

#[test]
fn words_of_other_tools_get_the_word_with_the_same_meaning() {
    let valid = ["method", "path", "name"];
    assert_eq!(valid_words_hint("url", &valid), "did you mean `path`?");
    assert_eq!(valid_words_hint("methd", &valid), "did you mean `method`?");
    assert_eq!(valid_words_hint("zzz", &valid), "write one of: method, path, name");
    assert_eq!((valid_words_hint("zzz", &["a"]), valid_words_hint("zzz", &[])), ("write a".into(), "remove it".into()));
}

#[test]
fn duplicate_keys_are_rejected() {
    let error = Source::new("x.yaml", "a: 1\nb: {c: 1, c: 2}\n").parse_json().unwrap_err();
    assert!(error.message.contains("duplicate"), "{error}");
}

#[test]
fn merge_keys_work_in_texts_that_can_be_json() {
    let parse = |text: &str| Source::new("body", text).parse_json_or_yaml::<serde_json::Value>();
    let merged = parse("a: &base { b: 1, c: 2 }\nd: { <<: *base, c: 3 }\ntext: ${HOME}\n").unwrap();
    let expected = serde_json::json!({"a": {"b": 1, "c": 2}, "d": {"c": 3, "b": 1}, "text": "${HOME}"});
    assert_eq!(merged, expected);
    // A key of JSON is only a key.
    assert_eq!(parse(r#"{"<<": {"b": 1}}"#).unwrap(), serde_json::json!({"<<": {"b": 1}}));
    assert!(parse("a: { <<: 7 }\n").is_err());
}

#[test]
fn nearest_returns_the_most_similar_word() {
    assert_eq!(nearest("lst_connections", ["list_connections", "get_user"]), Some("list_connections"));
    assert_eq!(nearest("zzz", ["list_connections", "get_user"]), None);
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_does_not_panic(text in "\\PC{0,200}") {
        let source = Source::new("x.yaml", text);
        if let Err(diagnostic) = source.parse_json() {
            let _ = diagnostic.to_string();
        }
        let _ = source.at_pointer("/a/0", "m").to_string();
    }
}
