//! Tables of paths with what they select, and of what is rejected.

use super::*;
use serde_json::json;

fn select(path: &str, document: &Value) -> Vec<Value> {
    let path = JsonPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let selection = path.select(document);
    assert!(!selection.is_undecided);
    selection.values.into_iter().map(std::borrow::Cow::into_owned).collect()
}

#[test]
fn paths_select_values() {
    let document = json!({
        "name": "Bob",
        "age": 30,
        "first-name": "Robert",
        "none": null,
        "tags": ["a", "b", "c"],
        "items": [{"id": 1, "size": "S"}, {"id": 2, "size": "M", "list": [1, 2]}, {"id": 3}],
        "deep": {"id": 9, "inner": {"id": 10}},
        "users": {"ann": {"age": 20}, "bob": {"age": 40}},
    });
    let root = || vec![document.clone()];
    let rows: &[(&str, Vec<Value>)] = &[
        ("$", root()),
        ("$.name", vec![json!("Bob")]),
        ("$['name']", vec![json!("Bob")]),
        ("$.first-name", vec![json!("Robert")]),
        ("$[\"first-name\"]", vec![json!("Robert")]),
        ("$['name','age']", vec![json!("Bob"), json!(30)]),
        ("$.missing", vec![]),
        ("$.tags[0]", vec![json!("a")]),
        ("$.tags[-1]", vec![json!("c")]),
        ("$.tags[0,2]", vec![json!("a"), json!("c")]),
        ("$.tags[1:]", vec![json!("b"), json!("c")]),
        ("$.tags[:2]", vec![json!("a"), json!("b")]),
        ("$.tags[-2:]", vec![json!("b"), json!("c")]),
        ("$.tags[::-1]", vec![json!("c"), json!("b"), json!("a")]),
        ("$.tags[::0]", vec![]),
        ("$.tags[*]", vec![json!("a"), json!("b"), json!("c")]),
        ("$.deep.*", vec![json!(9), json!({"id": 10})]),
        ("$..id", vec![json!(1), json!(2), json!(3), json!(9), json!(10)]),
        ("$.deep..['id']", vec![json!(9), json!(10)]),
        // WireMock's idiom: a filter on the root object.
        ("$[?(@.name == 'Bob')]", root()),
        ("$.[?(@.name == 'Bob')]", root()),
        ("$[?(@.name == \"Bob\" && @.age >= 30)]", root()),
        ("$[?(@.name == 'Bob')].age", vec![json!(30)]),
        ("$[?(@.name == 'Ann')]", vec![]),
        ("$[?(@.name == 'Ann' || @.age == 30.0)]", root()),
        ("$[?(!(@.name == 'Ann'))]", root()),
        ("$[?(!@.missing)]", root()),
        ("$[?(@.none)]", root()),
        ("$[?(@.none == null)]", root()),
        ("$[?(@.missing == null)]", vec![]),
        ("$[?(@.missing != 'x')]", root()),
        ("$[?(@.age == '30')]", vec![]),
        ("$[?(@['first-name'] =~ /rob.*/i)]", root()),
        ("$[?(@.name =~ /Bo/)]", vec![]),
        ("$[?(@.name in ['Ann', 'Bob'])]", root()),
        ("$[?(@.name nin ['Ann', 'Bob'])]", vec![]),
        ("$[?(@.name IN ['Bob'])]", root()),
        ("$[?(@.tags contains 'b')]", root()),
        ("$[?(@.name contains 'ob')]", root()),
        ("$[?(@.tags size 3)]", root()),
        ("$[?(@.tags empty false)]", root()),
        ("$[?(@.tags subsetof ['a', 'b', 'c', 'd'])]", root()),
        ("$[?(@.tags anyof ['z', 'c'])]", root()),
        ("$[?(@.tags noneof ['z'])]", root()),
        ("$[?(@.tags all ['a', 'c'])]", root()),
        ("$[?(@.tags.length() == 3)]", root()),
        ("$[?(@.items[*].id anyof [3])]", root()),
        ("$[?(@.deep == {'id': 9, 'inner': {'id': 10}})]", root()),
        ("$.items[?(@.id > 1 && @.size)].id", vec![json!(2)]),
        ("$.items[?(@.id == $.items[1].id)].size", vec![json!("M")]),
        ("$.items[?(@.list[?(@ == 2)])].id", vec![json!(2)]),
        ("$.tags[?(@ > 'a')]", vec![json!("b"), json!("c")]),
        ("$..[?(@.id == 10)].id", vec![json!(10)]),
        ("$.tags.length()", vec![json!(3)]),
        ("$.items[*].id.sum()", vec![]),
        ("$..id.max()", vec![json!(10)]),
        ("$..id.avg()", vec![json!(5)]),
        ("$.deep.keys()", vec![json!(["id", "inner"])]),
        ("$.tags.first()", vec![json!("a")]),
        ("$.missing.length()", vec![]),
        // RFC 9535: without the round brackets, a filter on an object tests its members.
        ("$.users[?@.age > 30]", vec![json!({"age": 40})]),
        ("$.users[?(@.age > 30)]", vec![]),
        ("$.users[?(@.age > 30) || (@.age < 10)]", vec![json!({"age": 40})]),
        ("$.items[?length(@.size) == 1].id", vec![json!(1), json!(2)]),
        ("$.items[?count(@.*) == 3].id", vec![json!(2)]),
        ("$.items[?match(@.size, '[S]')].id", vec![json!(1)]),
        ("$.items[?search(@.size, 'M')].id", vec![json!(2)]),
        ("$ .items [ 0 ] .id", vec![json!(1)]),
    ];
    for (path, expected) in rows {
        // Functions of indefinite paths get a list, and sum() is one of a list of numbers.
        let expected = if *path == "$.items[*].id.sum()" { &vec![json!(6)] } else { expected };
        assert_eq!(select(path, &document), *expected, "{path}");
    }
    assert!(JsonPath::parse("$.a['b'][0]").unwrap().is_definite());
    assert!(!JsonPath::parse("$.a[0,1]").unwrap().is_definite());
    assert!(!JsonPath::parse("$..a").unwrap().is_definite());
}

#[test]
fn what_is_not_supported_is_rejected_by_name() {
    let rows = [
        ("name", "`$`, the root, is expected at character 1"),
        ("$.", "a name, `*` or `[` is expected at character 3"),
        ("$..", "a name, `*` or `[` is expected at character 4"),
        ("$.a.", "a name, `*` or `[` is expected at character 5"),
        ("$a", "`.`, `[` or the end is expected at character 2"),
        ("$.a b", "`.`, `[` or the end is expected at character 5"),
        ("$[a]", "a name in quotes, an index, `*` or `?` is expected"),
        ("$['a'", "`,` or `]` is expected"),
        ("$['a", "the closing quote is expected"),
        ("$[?]", "the placeholder `[?]` is not supported"),
        ("$[(@.length-1)]", "a script in brackets"),
        ("$.a.concat('x')", "the function `concat()` is not supported"),
        ("$.a.append(1)", "the function `append()` is not supported"),
        ("$.a.index(1)", "the function `index()` is not supported"),
        ("$.a.length(1)", "the function `length()` with an argument is not supported"),
        ("$..length()", "a name or `[` after `..` is expected"),
        ("$.a.length().b", "`.`, `[` or the end is expected"),
        ("$[?(@.a = 1)]", "an operator such as `==` is expected at character 9"),
        ("$[?(@.a like 'x')]", "the operator `like` is not supported; write ==,"),
        ("$[?(@.a matches /x/)]", "the operator `matches` is not supported"),
        ("$[?(@.a =~ 'x')]", "a regular expression such as `/a.*/i` before this is expected"),
        ("$[?(/x/ =~ @.a)]", "a regular expression on the left side is not supported"),
        ("$[?(@.a =~ /x/q)]", "the flag `q` of a regular expression is not supported"),
        ("$[?(@.a =~ /(/)]", "`(` is not a regular expression: "),
        ("$[?(@.a =~ /(?=x)/)]", "look-around"),
        ("$[?(@.a == x)]", "a path, a number, true, false, null, or text in quotes is expected"),
        ("$[?(@.a == 1]", "`)` is expected"),
        ("$[?('x')]", "an operator such as `==` is expected"),
        ("$[?upper(@.a) == 'X']", "the function `upper(...)` is not supported; write length(...),"),
        ("$[?match(@.a, @.b)]", "a pattern in quotes is expected"),
        ("$[99999999999999999999]", "a whole number is expected"),
    ];
    for (path, expected) in rows {
        let error = JsonPath::parse(path).err().unwrap_or_else(|| panic!("{path} is valid")).to_string();
        assert!(error.contains(expected), "{path}: {error}");
    }
    assert_eq!(JsonPath::parse(&format!("$.{}", "a".repeat(600))).unwrap_err(), JsonPathError::TooLong);
    for deep in
        [format!("$[?{}", "(".repeat(400)), format!("$[?{}", "!".repeat(400)), format!("${}", "[?@".repeat(100))]
    {
        assert_eq!(JsonPath::parse(&deep).unwrap_err(), JsonPathError::TooDeep, "{deep}");
    }
}

#[test]
fn a_search_that_takes_too_long_is_undecided() {
    let wide: Value = (0..2000).map(|number| json!({"id": number})).collect();
    let path = JsonPath::parse("$..[?(@..[?(@..id == 5)])]").unwrap();
    assert!(path.select(&json!([wide, [[wide]]])).is_undecided);
}

#[test]
fn comparisons_with_redacted_values_are_undecided() {
    let document = json!({"ssn": "***", "name": "Bob", "list": ["***"]});
    for path in ["$[?(@.ssn == '1')]", "$[?(@.ssn != '1')]", "$[?(@.ssn =~ /1/)]", "$[?(@.list contains '1')]"] {
        assert!(JsonPath::parse(path).unwrap().select(&document).is_undecided, "{path}");
    }
    for path in ["$[?(@.ssn)]", "$[?(@.name == 'Bob')]", "$[?(@.ssn == '***')]", "$.ssn"] {
        assert!(!JsonPath::parse(path).unwrap().select(&document).is_undecided, "{path}");
    }
}
