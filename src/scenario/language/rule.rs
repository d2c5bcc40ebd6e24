//! Rules in a scenario file: conditions on requests, and what happens to the requests that match.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::placement;
use super::scalars::{self, JsonDocument, TextVisitor};
#[cfg(test)]
use super::schema;
use super::sso::SsoSpec;
use super::world::WorldSpec;
use crate::http::wire_fault::WireFault;
use crate::support::delay::Delay;
use contract_files::yaml::{Diagnostic, Source};

/// A rule.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { when: { operation: get_user }, then: { delay: 500 } }")]
pub struct RuleSpec {
    /// The name in logs and in `X-Mock-Fault`. The rule replaces an inherited rule of the same name.
    pub name: Option<String>,
    /// Whether the rule is evaluated before routing and authentication, like a proxy in front of LeadConduit: a
    /// maintenance page, a rate limit, an unreliable network. Other rules are evaluated in place of an operation, for
    /// valid requests with a valid key.
    #[serde(default)]
    pub gate: bool,
    /// The conditions on requests. By default the rule matches all requests.
    #[serde(default)]
    pub when: WhenSpec,
    /// What happens to matching requests.
    pub then: Option<StepSpec>,
    /// What happens to the first matching request, to the second, and so on.
    #[serde(default)]
    pub steps: Vec<StepSpec>,
    /// Whether the steps start again after the last one. By default the rule ends there.
    #[serde(default)]
    pub repeat: bool,
    /// The probability that the rule is applied to a matching request, from 0 to 1.
    pub probability: Option<f64>,
    /// The maximum number of requests to which the rule is applied.
    pub times: Option<u64>,
    /// The number of matching requests that pass before the rule is applied.
    pub after: Option<u64>,
    /// The number of matching requests of each caller that pass before the rule is applied.
    pub succeed_first: Option<u64>,
    /// The time after which the rule ends, on the sandbox's clock.
    #[serde(default, deserialize_with = "scalars::optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<schema::Duration>"))]
    pub ttl: Option<u64>,
    /// Another name of `ttl`.
    #[serde(default, deserialize_with = "scalars::optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<schema::Duration>"))]
    pub ttl_ms: Option<u64>,
    /// When the time of `ttl` begins: `start` (the default), when the scenario starts or the fault is added, or
    /// `first_match`, with the first matching request.
    #[serde(default, deserialize_with = "ttl_start")]
    pub ttl_from: Option<TtlStart>,
}

impl RuleSpec {
    /// Parses a rule from JSON or YAML.
    ///
    /// # Errors
    ///
    /// The text is neither, or not a rule.
    pub fn parse(source: &Source) -> Result<Self, Diagnostic> {
        source.parse_json_or_yaml().map_err(placement::in_rule)
    }
}

/// Conditions on a request. All given conditions must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { operation: get_user }")]
pub struct WhenSpec {
    /// The id of the operation, or a list of ids.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<schema::OneOrMany>"))]
    pub operation: OneOrMany,
    /// The method, or a list of methods.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<schema::OneOrMany>"))]
    pub method: OneOrMany,
    /// The path, or a list of paths: `/connections/{id}`, `/flows/{*rest}`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<schema::OneOrMany>"))]
    pub path: OneOrMany,
    /// Query parameters.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, schema::TextCondition>"))]
    pub query: BTreeMap<String, TextCondition>,
    /// Headers.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, schema::TextCondition>"))]
    pub headers: BTreeMap<String, TextCondition>,
    /// The values of the body, which is JSON, a form or XML. The values of a form and of XML are texts.
    pub body: Option<BodyCondition>,
    /// The caller, as authenticated by its API key.
    pub caller: Option<CallerCondition>,
    /// The name of the sandbox, or a list of names.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<schema::OneOrMany>"))]
    pub sandbox: OneOrMany,
    /// The number of the request among those that match the other conditions: 2, or `{ from: 2, to: 5 }`, or
    /// `{ every: 3 }`.
    #[serde(default, deserialize_with = "call_range")]
    #[cfg_attr(test, schemars(with = "Option<schema::CallRange>"))]
    pub call: Option<CallRange>,
    /// A time window of the sandbox's clock.
    pub clock: Option<ClockCondition>,
    /// A rate limit; the rule matches requests that exceed it.
    pub rate: Option<RateSpec>,
}

/// A text, or a list of texts.
#[derive(Clone, Debug, Default)]
pub struct OneOrMany(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpecVisitor;
        impl<'de> Visitor<'de> for SpecVisitor {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<OneOrMany, A::Error> {
                let list: Vec<String> = Vec::deserialize(SeqAccessDeserializer::new(items))?;
                if list.is_empty() {
                    return Err(A::Error::custom("the list is empty: write at least one text"));
                }
                Ok(OneOrMany(list))
            }
        }
        deserializer.deserialize_any(SpecVisitor)
    }
}

/// A condition on a query parameter or a header: its exact value, or a map of conditions that must all hold.
#[derive(Clone, Debug, Default)]
pub struct TextCondition {
    /// The exact value.
    pub equals: Option<String>,
    /// Text that the value contains.
    pub contains: Option<String>,
    /// A regular expression that matches a part of the value.
    pub matches: Option<String>,
    /// Whether the parameter or header must be absent.
    pub absent: Option<bool>,
    /// A condition that must not hold.
    pub not: Option<Box<TextCondition>>,
}

/// Conditions on a query parameter or a header. All given conditions must hold.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TextConditionFields {
    /// The exact value.
    equals: Option<String>,
    /// Text that the value contains.
    contains: Option<String>,
    /// A regular expression that matches a part of the value.
    matches: Option<String>,
    /// Whether the parameter or header must be absent.
    absent: Option<bool>,
    /// A condition that must not hold.
    #[cfg_attr(test, schemars(with = "Option<schema::TextCondition>"))]
    not: Option<TextCondition>,
}

impl<'de> Deserialize<'de> for TextCondition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpecVisitor;
        impl<'de> Visitor<'de> for SpecVisitor {
            type Value = TextCondition;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a map with `equals`, `contains`, `matches`, `absent` or `not`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<TextCondition, E> {
                Ok(TextCondition { equals: Some(text.to_owned()), ..TextCondition::default() })
            }
            // Query parameters are text: `limit: 5` is the text "5".
            fn visit_bool<E: Error>(self, flag: bool) -> Result<TextCondition, E> {
                self.visit_str(if flag { "true" } else { "false" })
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<TextCondition, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<TextCondition, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextCondition, A::Error> {
                let TextConditionFields { equals, contains, matches, absent, not } =
                    TextConditionFields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TextCondition { equals, contains, matches, absent, not: not.map(Box::new) })
            }
        }
        deserializer.deserialize_any(SpecVisitor)
    }
}

/// Conditions on the body. All given conditions must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { at: { /name: Jane } }")]
pub struct BodyCondition {
    /// The exact values at RFC 6901 pointers.
    #[serde(default)]
    pub at: BTreeMap<String, JsonDocument>,
    /// Regular expressions that match a part of the texts at RFC 6901 pointers.
    #[serde(default)]
    pub matches: BTreeMap<String, String>,
    /// A JSON Schema that the body must match.
    pub schema: Option<JsonDocument>,
}

/// Conditions on the caller. All given conditions must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { superuser: true }")]
pub struct CallerCondition {
    /// Whether the API key is valid.
    pub known: Option<bool>,
    /// The API key.
    pub key: Option<String>,
    /// The id of the account.
    pub account: Option<String>,
    /// The id of the user.
    pub user: Option<String>,
    /// Whether the user is a superuser.
    pub superuser: Option<bool>,
}

/// A range of the matching requests, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRange {
    /// The first request.
    pub from: u64,
    /// The last request; `None` for no end.
    pub to: Option<u64>,
    /// The distance between requests; 1 for all.
    pub every: u64,
}

/// A range of the matching requests, counted from 1.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CallRangeFields {
    /// The first request. The default is `every`, or else 1.
    from: Option<u64>,
    /// The last request. By default the range has no end.
    to: Option<u64>,
    /// The distance between requests. The default is 1.
    every: Option<u64>,
}

fn call_range<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CallRange>, D::Error> {
    struct SpecVisitor;
    impl<'de> Visitor<'de> for SpecVisitor {
        type Value = CallRange;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number from 1, or a map such as { from: 2, to: 5 } or { every: 3 }")
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<CallRange, E> {
            if number == 0 {
                return Err(E::custom("requests are counted from 1"));
            }
            Ok(CallRange { from: number, to: Some(number), every: 1 })
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CallRange, A::Error> {
            let fields = CallRangeFields::deserialize(MapAccessDeserializer::new(map))?;
            // `every: 3` is the 3rd request, the 6th, and so on.
            let every = fields.every.unwrap_or(1);
            let from = fields.from.unwrap_or(every);
            if from == 0 || every == 0 {
                return Err(A::Error::custom("requests are counted from 1"));
            }
            if fields.to.is_some_and(|to| to < from) {
                return Err(A::Error::custom("`to` is less than `from`"));
            }
            Ok(CallRange { from, to: fields.to, every })
        }
    }
    deserializer.deserialize_any(SpecVisitor).map(Some)
}

/// A time window of the sandbox's clock. Times are RFC 3339, or relative to the start of the rule: `now + 30s`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { from: now + 30s }")]
pub struct ClockCondition {
    /// The start of the window, inclusive.
    pub from: Option<String>,
    /// The end of the window, exclusive.
    pub until: Option<String>,
}

/// A rate limit. The rule matches requests that exceed it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { calls: 10, within: 1s }")]
pub struct RateSpec {
    /// The number of requests that are allowed in a window.
    pub calls: u64,
    /// The length of a window of the sandbox's clock. A window starts with its first request.
    #[serde(rename = "within", deserialize_with = "scalars::duration_ms")]
    #[cfg_attr(test, schemars(with = "schema::Duration"))]
    pub within_ms: u64,
    /// `key` (the default): each API key has its own count. `sandbox`: all keys share one count.
    #[serde(default, deserialize_with = "rate_scope")]
    pub per: Option<RateScope>,
}

/// The requests that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum RateScope {
    /// The requests of an API key.
    Key,
    /// All requests of the sandbox.
    Sandbox,
}

fn rate_scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RateScope>, D::Error> {
    let parse = |text: &str| scalars::parse_keyword(text, &[("key", RateScope::Key), ("sandbox", RateScope::Sandbox)]);
    deserializer.deserialize_str(TextVisitor(parse, "`key` or `sandbox`")).map(Some)
}

/// When the time of `ttl` begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum TtlStart {
    /// When the scenario starts or the fault is added.
    #[default]
    Start,
    /// With the first matching request.
    FirstMatch,
}

fn ttl_start<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TtlStart>, D::Error> {
    let parse =
        |text: &str| scalars::parse_keyword(text, &[("start", TtlStart::Start), ("first_match", TtlStart::FirstMatch)]);
    deserializer.deserialize_str(TextVisitor(parse, "`start` or `first_match`")).map(Some)
}

/// What happens to a matching request.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a map such as { status: 503 } or { delay: 500 }; a list of steps belongs under `steps`"
)]
pub struct StepSpec {
    /// The status of the response.
    #[serde(default, deserialize_with = "scalars::optional_status")]
    #[cfg_attr(test, schemars(range(min = 200, max = 599)))]
    pub status: Option<u16>,
    /// The body of the response. Its texts can be templates: `{{ request.body.name }}`.
    pub body: Option<JsonDocument>,
    /// Headers of the response, which can be templates. Without `status`, `body` and `example` they are added to the
    /// response of the operation.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The name of an example of the contract that is used as the response.
    pub example: Option<String>,
    /// The delay of the response: a duration, or a distribution.
    #[serde(default, deserialize_with = "scalars::delay")]
    #[cfg_attr(test, schemars(with = "Option<schema::Delay>"))]
    pub delay: Option<Delay>,
    /// Sends the status line and headers in chunks.
    pub slow_headers: Option<DripSpec>,
    /// Sends the body in chunks.
    pub drip: Option<DripSpec>,
    /// The fault that breaks the connection.
    #[serde(default, deserialize_with = "scalars::fault")]
    pub fault: Option<WireFault>,
    /// Whether the operation is executed although a fault breaks its response: `done` (the default) or `skipped`.
    #[serde(default, deserialize_with = "operation_work")]
    pub work: Option<OperationWork>,
    /// A change of the single sign-on service, made before the operation is executed. It is permanent unless `for` is
    /// given.
    pub sso: Option<SsoSpec>,
    /// A permanent change of the world, made before the operation is executed.
    pub world: Option<WorldSpec>,
    /// How long the effect lasts on the sandbox's clock. With `sso`: the health of the service, from each request that
    /// changes it. Otherwise: the effects on requests, from the first request on.
    #[serde(default, rename = "for", deserialize_with = "scalars::optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<schema::Duration>"))]
    pub lasts_ms: Option<u64>,
    /// The probability that the rule is applied to a matching request, from 0 to 1.
    pub probability: Option<f64>,
    /// The maximum number of requests to which the rule is applied. In a step: the number of requests of the step.
    pub times: Option<u64>,
    /// The number of matching requests that pass before the rule is applied.
    pub after: Option<u64>,
    /// The number of matching requests of each caller that pass before the rule is applied.
    pub succeed_first: Option<u64>,
    /// The time after which the rule ends, on the sandbox's clock.
    #[serde(default, deserialize_with = "scalars::optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<schema::Duration>"))]
    pub ttl: Option<u64>,
    /// Another name of `ttl`.
    #[serde(default, deserialize_with = "scalars::optional_duration_ms")]
    #[cfg_attr(test, schemars(with = "Option<schema::Duration>"))]
    pub ttl_ms: Option<u64>,
    /// When the time of `ttl` begins: `start` (the default), when the scenario starts or the fault is added, or
    /// `first_match`, with the first matching request.
    #[serde(default, deserialize_with = "ttl_start")]
    pub ttl_from: Option<TtlStart>,
    /// Whether the response may violate the contract.
    #[serde(default)]
    pub intentionally_invalid: bool,
}

/// Sends bytes in chunks over a period of time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a map such as { chunks: 5, over_ms: 1000 }")]
pub struct DripSpec {
    /// The number of chunks.
    pub chunks: u32,
    /// The time from the first chunk to the last.
    #[serde(deserialize_with = "scalars::duration_ms")]
    #[cfg_attr(test, schemars(with = "schema::Duration"))]
    pub over_ms: u64,
}

/// Whether an operation is executed when a fault breaks its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum OperationWork {
    /// It is executed; the client cannot know whether it was.
    Done,
    /// It is not executed, as if the request had not arrived.
    Skipped,
}

fn operation_work<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OperationWork>, D::Error> {
    let parse = |text: &str| {
        scalars::parse_keyword(text, &[("done", OperationWork::Done), ("skipped", OperationWork::Skipped)])
    };
    deserializer.deserialize_str(TextVisitor(parse, "`done` or `skipped`")).map(Some)
}
