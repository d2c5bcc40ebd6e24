//! The shapes of what is read in several forms, for the JSON Schema; and the test that holds the published schema to
//! the types.

#![allow(dead_code, reason = "these types are only described, never made")]

use schemars::{JsonSchema, generate::SchemaSettings};

use super::ScenarioFile;
use super::rule::{CallsFields, TextFields};
use super::scalars::DelayFields;

/// The version of the scenario language.
#[derive(JsonSchema)]
#[schemars(extend("const" = 1))]
pub(super) struct Version(u64);

/// A method of HTTP.
#[derive(JsonSchema)]
#[schemars(rename_all = "UPPERCASE")]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
    Head,
    Options,
    Patch,
}

/// How a delay is drawn.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum KindOfDelay {
    Fixed,
    Uniform,
    Lognormal,
}

/// Milliseconds, or a way to draw them.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Delay {
    /// Milliseconds.
    Ms(#[schemars(range(max = 300_000))] u64),
    /// A way to draw them.
    Drawn(DelayFields),
}

/// One, or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// What a text must be: exactly this, or a map of conditions.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Text {
    Exactly(String),
    Number(i64),
    Flag(bool),
    Conditions(Box<TextFields>),
}

/// Which of the matching requests.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Calls {
    /// This one, counted from 1.
    One(#[schemars(range(min = 1))] u64),
    /// A range of them.
    Range(CallsFields),
}

const PUBLISHED: &str = "schemas/scenario.schema.json";

fn generated() -> serde_json::Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<ScenarioFile>();
    schema.insert("title".to_owned(), "A scenario of leadconduit-mock".into());
    let mut value = schema.to_value();
    without_formats(&mut value);
    value
}

/// Rust's widths of numbers are nothing that an editor knows.
fn without_formats(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => {
            if object.get("format").is_some_and(serde_json::Value::is_string) {
                object.shift_remove("format");
            }
            object.values_mut().for_each(without_formats);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_formats),
        _ => {}
    }
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let generated = serde_json::to_string_pretty(&generated()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PUBLISHED, &generated).unwrap();
    }
    let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(
        published == generated,
        "{PUBLISHED} is not that of the types any more; UPDATE_SCHEMA=1 cargo test published_schema writes it"
    );
}

#[test]
fn the_schema_takes_what_the_types_take() {
    let schema = crate::contract::schema::Check::alone(&generated()).unwrap();
    let value = |text: &str| contract_files::yaml::Source::new("x.yaml", text).parse_json().unwrap();
    for crate::scenario::built_in::BuiltIn { path: name, text, .. } in crate::scenario::built_in::FILES {
        let value = value(text);
        assert!(schema.accepts(&value), "{name}: {:?}", schema.explain("", &value));
    }
    let head = "version: 1\nname: x\ndescription: d\n";
    for (wrong, right) in [
        ("zzz: 1", "seed: 1"),
        ("sso: { status: dwn }", "sso: { status: down }"),
        ("rules: [{ when: { call: 0 } }]", "rules: [{ when: { call: { every: 2 } } }]"),
        ("rules: [{ then: { fault: RESET } }]", "rules: [{ then: { fault: EMPTY_RESPONSE } }]"),
        ("rules: [{ then: { delay: { kind: fixed } } }]", "rules: [{ then: { delay: { type: fixed, ms: 1 } } }]"),
        ("rules: [{ when: { query: { a: [1] } } }]", "rules: [{ when: { query: { a: 1, b: { absent: true } } } }]"),
        ("examples: [{ name: n, reply: { status: 1, fault: X } }]", "examples: []"),
    ] {
        let (wrong, right) = (format!("{head}{wrong}\n"), format!("{head}{right}\n"));
        assert!(!schema.accepts(&value(&wrong)) && schema.accepts(&value(&right)), "{wrong}{right}");
        assert!(
            contract_files::yaml::Source::new("x.yaml", wrong.as_str()).parse::<ScenarioFile>().is_err(),
            "{wrong}"
        );
        assert!(contract_files::yaml::Source::new("x.yaml", right.as_str()).parse::<ScenarioFile>().is_ok(), "{right}");
    }
}
