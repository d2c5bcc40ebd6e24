//! The JSON Schema of values that have several forms, and the test that compares the published schema with the types.

#![allow(dead_code, reason = "these types exist for their schema only")]

use schemars::{JsonSchema, generate::SchemaSettings};

use super::file::ScenarioFile;
use super::rule::{CallRangeFields, TextConditionFields};
use super::scalars::DelayFields;

/// The version of the scenario language.
#[derive(JsonSchema)]
#[schemars(extend("const" = 1))]
pub(super) struct Version(u64);

/// An HTTP method.
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

/// The distribution of a delay.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum DelayType {
    Fixed,
    Uniform,
    Lognormal,
}

/// A delay: milliseconds, a duration, or a distribution.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Delay {
    /// Milliseconds.
    Ms(#[schemars(range(max = 300_000))] u64),
    /// A duration: `500ms`, `2s`, `1m30s`.
    Duration(#[schemars(regex(pattern = r"^[0-9]"))] String),
    /// A distribution.
    Distribution(DelayFields),
}

/// A text, or a list of texts.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A condition on a text: its exact value, or a map of conditions.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum TextCondition {
    Exactly(String),
    Number(i64),
    Flag(bool),
    Conditions(Box<TextConditionFields>),
}

/// A selection of the matching requests.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum CallRange {
    /// A single request, counted from 1.
    One(#[schemars(range(min = 1))] u64),
    /// A range of requests.
    Range(CallRangeFields),
}

const PUBLISHED: &str = "schemas/scenario.schema.json";

fn generated() -> serde_json::Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<ScenarioFile>();
    schema.insert("title".to_owned(), "A scenario of leadconduit-mock".into());
    let mut value = schema.to_value();
    remove_formats(&mut value);
    value
}

/// Removes `format`, whose values are names of Rust's number types.
fn remove_formats(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => {
            if object.get("format").is_some_and(serde_json::Value::is_string) {
                object.shift_remove("format");
            }
            object.values_mut().for_each(remove_formats);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(remove_formats),
        _ => {}
    }
}

#[test]
fn published_schema_matches_the_types() {
    let generated = serde_json::to_string_pretty(&generated()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PUBLISHED, &generated).unwrap();
    }
    let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(
        published == generated,
        "{PUBLISHED} does not match the types; UPDATE_SCHEMA=1 cargo test published_schema writes it"
    );
}

#[test]
fn schema_and_types_accept_the_same_files() {
    let schema = crate::contract::schema::CompiledSchema::of_any_size(&generated()).unwrap();
    let value = |text: &str| contract_files::yaml::Source::new("x.yaml", text).parse_json().unwrap();
    for crate::scenario::built_in::BuiltIn { path: name, text, .. } in crate::scenario::built_in::FILES {
        let value = value(text);
        assert!(schema.accepts(&value), "{name}: {:?}", schema.violations("", &value));
    }
    let head = "version: 1\nname: x\ndescription: d\n";
    for (invalid, valid) in [
        ("zzz: 1", "seed: 1"),
        ("sso: { status: dwn }", "sso: { status: down }"),
        ("rules: [{ when: { call: 0 } }]", "rules: [{ when: { call: { every: 2 } } }]"),
        ("rules: [{ then: { fault: RESET } }]", "rules: [{ then: { fault: EMPTY_RESPONSE } }]"),
        ("rules: [{ then: { delay: { kind: fixed } } }]", "rules: [{ then: { delay: { type: fixed, ms: 1 } } }]"),
        ("rules: [{ then: { delay: soon } }]", "rules: [{ then: { delay: 1m30s } }]"),
        ("rules: [{ when: { query: { a: [1] } } }]", "rules: [{ when: { query: { a: 1, b: { absent: true } } } }]"),
        ("examples: [{ name: n, reply: { status: 1, fault: X } }]", "examples: []"),
    ] {
        let (invalid, valid) = (format!("{head}{invalid}\n"), format!("{head}{valid}\n"));
        assert!(!schema.accepts(&value(&invalid)) && schema.accepts(&value(&valid)), "{invalid}{valid}");
        assert!(
            contract_files::yaml::Source::new("x.yaml", invalid.as_str()).parse::<ScenarioFile>().is_err(),
            "{invalid}"
        );
        assert!(contract_files::yaml::Source::new("x.yaml", valid.as_str()).parse::<ScenarioFile>().is_ok(), "{valid}");
    }
}
