//! Rules: when a request matches, then reply, delay or break so.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Document;
use super::scalars;
use super::scalars::Word;
#[cfg(test)]
use super::schema;
use super::sso::SsoPart;
use super::world::WorldPart;
use crate::http::message::WireFault;
use crate::support::delay::Delay;

/// A rule.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RulePart {
    /// What it is called in logs and in `X-Mock-Fault`. It replaces an inherited rule of the same name.
    pub name: Option<String>,
    /// Whether it speaks before LeadConduit looks at the request at all, as what stands in front of it would: a
    /// maintenance page, a rate limit, a bad network. Other rules speak in the place of an operation, to requests
    /// with a good key that keep the contract.
    #[serde(default)]
    pub gate: bool,
    /// Which requests it is for; all when absent.
    #[serde(default)]
    pub when: WhenPart,
    /// What happens to them.
    pub then: Option<ThenPart>,
    /// What happens to the first of them, to the next, and so on.
    #[serde(default)]
    pub steps: Vec<ThenPart>,
    /// Whether the steps begin again after the last; otherwise the rule is over then.
    #[serde(default)]
    pub repeat: bool,
    /// How likely it speaks, from 0 to 1.
    pub probability: Option<f64>,
    /// How often it speaks at most.
    pub times: Option<u64>,
    /// How many matching requests pass before it speaks.
    pub after: Option<u64>,
    /// How many matching requests of each caller pass before it speaks.
    pub succeed_first: Option<u64>,
    /// How long it lives, in milliseconds of the sandbox's clock.
    pub ttl_ms: Option<u64>,
}

/// Which requests a rule is for. All that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenPart {
    /// The operation, or one of several.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<schema::OneOrMany>"))]
    pub operation: OneOrMany,
    /// The method, or one of several.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<schema::OneOrMany>"))]
    pub method: OneOrMany,
    /// The path, or one of several: `/connections/{id}`, `/flows/{*rest}`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<schema::OneOrMany>"))]
    pub path: OneOrMany,
    /// Query parameters.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, schema::Text>"))]
    pub query: BTreeMap<String, TextWhen>,
    /// Headers.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, schema::Text>"))]
    pub headers: BTreeMap<String, TextWhen>,
    /// The body, read as JSON.
    pub body: Option<BodyWhen>,
    /// Who is calling.
    pub caller: Option<CallerWhen>,
    /// The sandbox, or one of several.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<schema::OneOrMany>"))]
    pub sandbox: OneOrMany,
    /// Which of the requests that match the rest: 2, or `{ from: 2, to: 5 }`, or `{ every: 3 }`.
    #[serde(default, deserialize_with = "calls")]
    #[cfg_attr(test, schemars(with = "Option<schema::Calls>"))]
    pub call: Option<Calls>,
    /// When, on the sandbox's clock.
    pub clock: Option<ClockWhen>,
    /// When there are more requests than a limit allows.
    pub rate: Option<RatePart>,
}

/// One text, or several.
#[derive(Clone, Debug, Default)]
pub struct OneOrMany(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
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
                    return Err(A::Error::custom("an empty list is nothing to choose from: write one text at least"));
                }
                Ok(OneOrMany(list))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// What a query parameter or a header must be: a text, or a map of conditions that must all hold.
#[derive(Clone, Debug, Default)]
pub struct TextWhen {
    /// It is exactly this.
    pub equals: Option<String>,
    /// It has this in it.
    pub contains: Option<String>,
    /// A regular expression is found in it.
    pub matches: Option<String>,
    /// Whether it is not there at all.
    pub absent: Option<bool>,
    /// What must not hold.
    pub not: Option<Box<TextWhen>>,
}

/// The conditions on a text.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TextFields {
    /// It is exactly this.
    equals: Option<String>,
    /// It has this in it.
    contains: Option<String>,
    /// A regular expression is found in it.
    matches: Option<String>,
    /// Whether it is not there at all.
    absent: Option<bool>,
    /// What must not hold.
    #[cfg_attr(test, schemars(with = "Option<schema::Text>"))]
    not: Option<TextWhen>,
}

impl<'de> Deserialize<'de> for TextWhen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = TextWhen;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a map with `equals`, `contains`, `matches`, `absent` or `not`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<TextWhen, E> {
                Ok(TextWhen { equals: Some(text.to_owned()), ..TextWhen::default() })
            }
            // A query has no types: `limit: 5` means the text 5.
            fn visit_bool<E: Error>(self, flag: bool) -> Result<TextWhen, E> {
                self.visit_str(if flag { "true" } else { "false" })
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<TextWhen, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<TextWhen, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextWhen, A::Error> {
                let TextFields { equals, contains, matches, absent, not } =
                    TextFields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TextWhen { equals, contains, matches, absent, not: not.map(Box::new) })
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// What the body must be.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BodyWhen {
    /// What stands at RFC 6901 pointers.
    #[serde(default)]
    pub at: BTreeMap<String, Document>,
    /// Regular expressions that are found in the texts at RFC 6901 pointers.
    #[serde(default)]
    pub matches: BTreeMap<String, String>,
    /// A JSON Schema that it keeps.
    pub schema: Option<Document>,
}

/// Who is calling.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CallerWhen {
    /// Whether the key is known.
    pub known: Option<bool>,
    /// The API key.
    pub key: Option<String>,
    /// The account's id.
    pub account: Option<String>,
    /// The user's id.
    pub user: Option<String>,
    /// Whether it is a superuser.
    pub superuser: Option<bool>,
}

/// Which of the matching requests, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    /// The first.
    pub from: u64,
    /// The last; no end when absent.
    pub to: Option<u64>,
    /// Every so many.
    pub every: u64,
}

/// The fields of a range of calls.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CallsFields {
    /// The first, 1 when absent.
    from: Option<u64>,
    /// The last; no end when absent.
    to: Option<u64>,
    /// Every so many of them; all when absent.
    every: Option<u64>,
}

fn calls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Calls>, D::Error> {
    struct Read;
    impl<'de> Visitor<'de> for Read {
        type Value = Calls;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number from 1, or a map such as { from: 2, to: 5 } or { every: 3 }")
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<Calls, E> {
            if number == 0 {
                return Err(E::custom("calls are counted from 1"));
            }
            Ok(Calls { from: number, to: Some(number), every: 1 })
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Calls, A::Error> {
            let fields = CallsFields::deserialize(MapAccessDeserializer::new(map))?;
            // Every third call is the 3rd, the 6th, ...
            let every = fields.every.unwrap_or(1);
            let from = fields.from.unwrap_or(every);
            if from == 0 || every == 0 {
                return Err(A::Error::custom("calls are counted from 1"));
            }
            if fields.to.is_some_and(|to| to < from) {
                return Err(A::Error::custom("`to` is less than `from`"));
            }
            Ok(Calls { from, to: fields.to, every })
        }
    }
    deserializer.deserialize_any(Read).map(Some)
}

/// A window of the sandbox's clock: RFC 3339 times, or spans such as `now + 30s` since the scenario began.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClockWhen {
    /// From this moment on.
    pub from: Option<String>,
    /// Until before this moment.
    pub until: Option<String>,
}

/// A limit on how many requests there may be; the rule is for those beyond it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RatePart {
    /// So many requests are allowed.
    pub calls: u64,
    /// Within this time of the sandbox's clock, counted from the first of them: `10s`, `1m`.
    pub within: String,
    /// `key` (the default): each API key has its own count; `sandbox`: all share one.
    #[serde(default, deserialize_with = "per")]
    pub per: Option<Per>,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum Per {
    /// Each API key's.
    Key,
    /// All of the sandbox.
    Sandbox,
}

fn per<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Per>, D::Error> {
    let read = |text: &str| scalars::one_of(text, &[("key", Per::Key), ("sandbox", Per::Sandbox)]);
    deserializer.deserialize_str(Word(read, "whose requests are counted")).map(Some)
}

/// What happens.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ThenPart {
    /// The reply's status.
    #[cfg_attr(test, schemars(range(min = 200, max = 599)))]
    pub status: Option<u16>,
    /// The reply's body. Texts in it may be templates: `{{ request.body.name }}`.
    pub body: Option<Document>,
    /// The reply's headers; they may be templates. Without status, body and example they are added to the
    /// operation's own reply.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The name of an example of the contract, which is the reply.
    pub example: Option<String>,
    /// How long the reply is held back: milliseconds, or a way to draw them.
    #[serde(default, deserialize_with = "scalars::delay")]
    #[cfg_attr(test, schemars(with = "Option<schema::Delay>"))]
    pub delay: Option<Delay>,
    /// Status line and headers arrive in pieces.
    pub slow_headers: Option<DripPart>,
    /// The body arrives in pieces.
    pub drip: Option<DripPart>,
    /// How the connection breaks.
    #[serde(default, deserialize_with = "scalars::fault")]
    pub fault: Option<WireFault>,
    /// Whether the operation does its work although its reply is lost to a fault: `done` (the default) or `skipped`.
    #[serde(default, deserialize_with = "work")]
    pub work: Option<Work>,
    /// What becomes of the single-sign-on service, before the operation does its work, and for good.
    pub sso: Option<SsoPart>,
    /// What becomes of the world, before the operation does its work, and for good.
    pub world: Option<WorldPart>,
    /// How likely it happens, from 0 to 1.
    pub probability: Option<f64>,
    /// How often it happens at most; in a step, how many requests the step is for.
    pub times: Option<u64>,
    /// How many matching requests pass before it happens.
    pub after: Option<u64>,
    /// How many matching requests of each caller pass before it happens.
    pub succeed_first: Option<u64>,
    /// For how long it happens, in milliseconds of the sandbox's clock.
    pub ttl_ms: Option<u64>,
    /// Whether the reply may break the contract.
    #[serde(default)]
    pub intentionally_invalid: bool,
}

/// Bytes spread over time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DripPart {
    /// In how many pieces.
    pub chunks: u32,
    /// From the first piece to the last.
    pub over_ms: u64,
}

/// What becomes of an operation's work when its reply is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum Work {
    /// It is done: the client cannot know.
    Done,
    /// It is not: the request never arrived.
    Skipped,
}

fn work<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Work>, D::Error> {
    let read = |text: &str| scalars::one_of(text, &[("done", Work::Done), ("skipped", Work::Skipped)]);
    deserializer.deserialize_str(Word(read, "`done` or `skipped`")).map(Some)
}
