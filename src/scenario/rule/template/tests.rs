//! Rendering, validation and limits of templates.

use super::*;
use crate::support::clock::Clock;
use crate::support::document::Document;
use serde_json::json;

fn context() -> TemplateValue {
    let mut world = World::empty(1, Clock::Real);
    world.put_account("a", Document::new(&json!({"id": "a", "name": "Acme"})));
    world.put("a", Collection::Flows, "f1", Document::new(&json!({"id": "f1", "name": "First"})));
    let world = TemplateValue::from_object(WorldObject { world, account: Some("a".into()), user: None });
    minijinja::context! { request => json!({"body": {"name": "N", "count": 3, "list": [1, 2]}}), world }
}

#[test]
fn templates_are_rendered_and_a_sole_expression_keeps_its_type() {
    let rows = [
        ("plain", json!("plain")),
        ("{{ request.body.name }}", json!("N")),
        ("{{ request.body.count }}", json!(3)),
        (" {{- request.body.count -}} ", json!(3)),
        ("{{ request.body.list }}", json!([1, 2])),
        ("{{ request.body.nothing.at.all }}", json!(null)),
        ("n = {{ request.body.count + 1 }}{{ request.body.nothing }}", json!("n = 4")),
        ("{{ world.account.name }}", json!("Acme")),
        ("{{ world.flows['f1'].name }}", json!("First")),
        ("{{ world.flows | length }}", json!(1)),
        ("{% for id in world.flows %}{{ id }};{% endfor %}", json!("f1;")),
        ("{{ world.user.name }}-{{ world.sso.status }}", json!("-up")),
    ];
    for (text, expected) in rows {
        validate_text(text).unwrap();
        assert_eq!(render(&json!({"x": [text]}), &context()).unwrap(), json!({"x": [expected]}), "{text}");
    }
}

#[test]
fn invalid_templates_are_reported_with_pointers() {
    let mut errors = Vec::new();
    validate(&json!({"a/b": ["{{ reqest.body }}", "{{ 1 +", "{{ zzz }}"]}), "/then/body", &mut errors);
    let errors: Vec<String> = errors.into_iter().map(|error| format!("{}: {}", error.pointer, error.message)).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert_eq!(errors[0], "/then/body/a~1b/0: templates have no variable `reqest`; did you mean `request`?");
    assert!(errors[1].starts_with("/then/body/a~1b/1: the template is invalid: "), "{}", errors[1]);
    assert!(errors[2].contains("the variables are request, caller, world"), "{}", errors[2]);
}

#[test]
fn endless_templates_run_out_of_fuel() {
    let endless = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
    assert!(
        render_text(endless, &context()).unwrap_err().to_string().contains("executes more than 50000 instructions")
    );
}

/// Templates that are too deep or grow too large, with a part of the message.
const TOO_LARGE: &[(&str, &str)] = &[
    ("{{ 'x'|indent(3000000000) }}", "a width or count in a template is larger than 10000"),
    ("{{ 'x'|indent(width=3000000000) }}", "a width or count"),
    ("{{ [1]|slice(3000000000) }}", "a width or count"),
    ("{{ [1]|batch(3000000000, 'x') }}", "a width or count"),
    ("{{ '%3000000000d'|format(1) }}", "a value in a template is larger"),
    ("{{ '%*d'|format(3000000000, 1) }}", "a width or count"),
    ("{{ '%.3000000000f'|format(1.5) }}", "a value in a template is larger"),
    ("{{ 'x' * 3000000000 }}", "a value in a template is larger"),
    ("{{ [[1, 2]] * 3000000000 }}", "a value in a template is larger"),
    ("{{ ('x' * 1000)|replace('x', 'y' * 10000) }}", "a value in a template is larger"),
    ("{{ ('x' * 1000)|replace('', 'y' * 10000) }}", "a value in a template is larger"),
    ("{{ range(10000)|join('y' * 10000) }}", "a value in a template is larger"),
    ("{% set n = namespace(x='x') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}", "larger than"),
    ("{% set n = namespace(x='x') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}", "larger than"),
    ("{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}", "larger than"),
    ("{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}", "larger than"),
    ("{% set n = namespace(x=1) %}{% for i in range(9000) %}{% set n.x = [n.x] %}{% endfor %}", "nested more than 64"),
    (
        "{% set n = namespace(x=1) %}{% for i in range(9000) %}{% set n.x = {'a': n.x} %}{% endfor %}",
        "nested more than",
    ),
    ("{% set n = namespace() %}{% set n.a = n %}{{ n }}", "a namespace cannot be the value"),
    ("{% set n = namespace() %}{% set n.a = [{'b': n}] %}{{ n }}", "a namespace cannot be the value"),
    (
        "{% set n = namespace() %}{% set m = namespace(a=n) %}{% set n.a = m %}{{ n }}",
        "a namespace cannot be the value",
    ),
    ("{% for i in range(9000) %}{{ 'x' * 1000 }}{% endfor %}", "renders to more than 262144 bytes"),
    (
        "{% set x %}{% for i in range(9000) %}{{ 'x' * 1000 }}{% endfor %}{% endset %}",
        "renders to more than 262144 bytes",
    ),
    ("{% for i in range(9000) %}{{ (('x' * 100000)|upper)[0] }}{% endfor %}", "read and write more than"),
    (
        "{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}",
        "executes more than 50000 instructions",
    ),
];

#[test]
fn templates_that_grow_too_large_are_errors_before_and_while_they_are_rendered() {
    for (template, message) in TOO_LARGE {
        let error = validate_text(template).unwrap_err().to_string();
        assert!(error.contains(message), "{template}: {error}");
        let error = render(&json!(template), &context()).unwrap_err().to_string();
        assert!(error.contains(message), "{template}: {error}");
    }
    let raw = "x".repeat(60_000);
    let repeated = format!("{{% set y %}}{{% for i in range(9000) %}}{raw}{{% endfor %}}{{% endset %}}");
    assert!(validate_text(&repeated).unwrap_err().to_string().contains("renders to more than"));
}

/// A template, and what its error contains.
type Row = (String, &'static str);

#[test]
fn deep_templates_are_errors_with_a_line() {
    let chain = |first: &str, next: &str, count: usize| format!("\n{{{{ {first}{} }}}}", next.repeat(count));
    let elif = "{% elif call %}b".repeat(3000);
    let rows: Vec<Row> = vec![
        (chain("1", "+1", 5500), "more than 200 operators"),
        (chain("call", ".a", 5500), "more than 200 operators"),
        (chain("call", "[0]", 5500), "more than 200 operators"),
        (chain("call", "|abs", 5500), "more than 200 operators"),
        (chain("", "not ", 5500), "more than 200 operators"),
        (chain("", "-", 5500), "more than 200 operators"),
        (chain("", "(", 5500), "more than 200 operators"),
        (chain("", "[", 5500), "more than 200 operators"),
        (chain("", "{1:", 5500), "more than 200 operators"),
        (chain("1", " if 1 else 1", 5500), "more than 200 operators"),
        (chain("1", " is odd", 5500), "more than 200 operators"),
        (chain("1", " and 1", 5500), "more than 200 operators"),
        (chain("1", " < 1", 5500), "more than 200 operators"),
        (format!("{{% set {}x = 1 %}}", "(".repeat(5500)), "more than 200 operators"),
        (format!("{{% if call %}}a{elif}{{% endif %}}"), "line 1: the template has more than 64 `elif`"),
        ("{% if call %}".repeat(5500), "blocks are nested more than 32 deep"),
        ("{% set a %}".repeat(5500), "blocks are nested more than 32 deep"),
        ("{% for a in [1] %}".repeat(5500), "blocks are nested more than 32 deep"),
        ("{{ 1 }}".repeat(9000), "more than 20000 words and signs"),
        (format!("{{{{ '{}' }}}}", "x".repeat(300_000)), "more than 262144 bytes"),
    ];
    let error = validate_text(&format!("a\n{{{{ 1{} }}}}", "+1".repeat(5500))).unwrap_err().to_string();
    assert!(
        error.starts_with("the template is invalid: line 2: the expression has more than 200 operators"),
        "{error}"
    );
    for (template, message) in rows {
        let error = validate_text(&template).unwrap_err().to_string();
        assert!(error.contains(message), "{}: {error}", &template[..40]);
        let error = render(&json!(template), &context()).unwrap_err().to_string();
        assert!(error.contains(message), "{}: {error}", &template[..40]);
    }
}

#[test]
fn what_is_within_the_limits_is_rendered_as_before() {
    let sum = format!("{{{{ 0{} }}}}", "+1".repeat(200));
    let elif = "{% elif call == 5 %}b".repeat(64);
    let nested = format!("{}x{}", "{% if true %}".repeat(32), "{% endif %}".repeat(32));
    let rows = [
        (sum.as_str(), json!(200)),
        (&format!("{{% if call == 4 %}}a{elif}{{% else %}}c{{% endif %}}"), json!("c")),
        (&nested, json!("x")),
        ("{{ 'a' ~ 1 ~ [1, 'b'] }}", json!("a1[1, \"b\"]")),
        ("{{ 'ab' * 3 }}", json!("ababab")),
        ("{{ 3 * 'ab' }}", json!("ababab")),
        ("{{ [1] * 3 }}", json!([1, 1, 1])),
        ("{{ [1] + [2] }}", json!([1, 2])),
        ("{{ 'a' + 'b' }}", json!("ab")),
        ("{{ 2 * 3.5 + 1 }}", json!(8.0)),
        ("{{ 2 ** 10 - 1 }}", json!(1023)),
        ("{{ 1 < 2 < 3 and 'a' in 'abc' }}", json!(true)),
        ("{{ {'a': [1, 2]}.a[1] }}", json!(2)),
        ("{{ 'hello'[1:3] }}", json!("el")),
        ("{{ [3, 1, 2]|sort|reverse|list }}", json!([3, 2, 1])),
        ("{{ 'a,b'|split(',')|map('upper')|join('-') }}", json!("A-B")),
        ("{{ 'x'|indent(2, true) }}!", json!("  x!")),
        ("{{ '%05d'|format(42) }}!", json!("00042!")),
        ("{{ request.body.nothing is defined }}", json!(false)),
        ("{{ request.body.nothing|default('d') }}", json!("d")),
        ("{{ 'a' if request.body.count is eq 3 else 'b' }}", json!("a")),
        (
            "{% set n = namespace(total=0) %}{% for i in range(5) %}{% set n.total = n.total + i %}{% endfor %}{{ n.total }}",
            json!("10"),
        ),
        ("{% set n = namespace() %}{% set n.text %}a{{ 1 }}{% endset %}{{ n.text }}", json!("a1")),
        ("{% set a, b = 1, 2 %}{{ a + b }}", json!("3")),
        ("{% for a, b in {'x': 1}|items %}{{ a }}{{ b }}{{ loop.index }}{% endfor %}", json!("x11")),
        (
            "{% for i in [1, [2, [3]]] recursive %}{% if i is iterable %}{{ loop(i) }}{% else %}{{ i }}{% endif %}{% endfor %}",
            json!("123"),
        ),
        ("{% for i in range(9) if i is odd %}{{ i }}{% else %}none{% endfor %}", json!("1357")),
        ("{% with a = 1 %}{{ a }}{% endwith %}{% filter upper %}b{% endfilter %}", json!("1B")),
        ("{% autoescape true %}<{{ '<' }}{% endautoescape %}", json!("<&lt;")),
        ("{{ dict(a=1).a }}{{ range(3)|list }}", json!("1[0, 1, 2]")),
        ("{{ world.flows }}!", json!("[\"f1\"]!")),
        ("{{ world.flows }}", json!({"f1": {"id": "f1", "name": "First"}})),
    ];
    for (template, expected) in rows {
        validate_text(template).unwrap();
        assert_eq!(render(&json!(template), &context()).unwrap(), expected, "{template}");
    }
}
