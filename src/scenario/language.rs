//! The scenario language: what may stand in a file. Words are checked while the file is read, so that a mistake
//! has its place.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::world::Collection;
use crate::world::clock::Clock;
use crate::world::sso::SsoStatus;

/// The version of the language.
pub const VERSION: u64 = 1;

/// One file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The version of the language: 1.
    #[serde(deserialize_with = "version")]
    #[expect(dead_code, reason = "its value is checked while it is read")]
    version: u64,
    /// The scenario's name, with which it is chosen.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// One or two sentences on what happens in it.
    pub description: String,
    /// The scenario that this one starts from.
    pub extends: Option<String>,
    /// The seed of everything that is made up, unless the command line names another.
    pub seed: Option<u64>,
    /// `real`, or the moment at which the clock stands.
    #[serde(default, deserialize_with = "clock")]
    pub clock: Option<Clock>,
    /// The world at the start.
    #[serde(default)]
    pub world: WorldPart,
    /// The single-sign-on service.
    #[serde(default)]
    pub sso: SsoPart,
    /// Requests with the replies that prove the scenario.
    #[serde(default)]
    pub examples: Vec<ExamplePart>,
}

/// The world at the start.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldPart {
    /// API keys and whose they are.
    #[serde(default)]
    pub keys: Vec<KeyPart>,
    /// Accounts and what they own.
    #[serde(default)]
    pub accounts: Vec<AccountPart>,
}

/// An API key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPart {
    /// The key: the password of HTTP Basic.
    pub key: String,
    /// The account.
    pub account: String,
    /// The user that a call with the key is made as.
    pub user: String,
}

/// One account and what it owns. Documents with the id of an inherited one are merged into it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountPart {
    /// The account's own document.
    pub account: Document,
    /// Its people.
    #[serde(default)]
    pub users: Vec<Document>,
    /// What each of them wants to be told.
    #[serde(default)]
    pub user_settings: Vec<Document>,
    /// How integrations log in elsewhere.
    #[serde(default)]
    pub credentials: Vec<Document>,
    /// Parties of flows.
    #[serde(default)]
    pub entities: Vec<Document>,
    /// LeadConduit's own rows of connections.
    #[serde(default)]
    pub connections: Vec<Document>,
    /// Invitations that the account has sent.
    #[serde(default)]
    pub invitations: Vec<Document>,
    /// Set-ups of buyer connections.
    #[serde(default)]
    pub onboards: Vec<Document>,
    /// How leads are routed.
    #[serde(default)]
    pub flows: Vec<Document>,
    /// Ids of inherited documents that this scenario does without.
    #[serde(default)]
    pub remove: Vec<String>,
    /// How many documents to make up, from the seed.
    #[serde(default)]
    pub generate: GeneratePart,
}

impl AccountPart {
    /// The documents of one kind.
    #[must_use]
    pub fn documents(&self, collection: Collection) -> &[Document] {
        match collection {
            Collection::Users => &self.users,
            Collection::UserSettings => &self.user_settings,
            Collection::Credentials => &self.credentials,
            Collection::Entities => &self.entities,
            Collection::Connections => &self.connections,
            Collection::Invitations => &self.invitations,
            Collection::Onboards => &self.onboards,
            Collection::Flows => &self.flows,
        }
    }
}

/// How many documents to make up, by kind. What belongs together is made together.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratePart {
    /// Colleagues.
    #[serde(default)]
    pub users: u32,
    /// Credentials.
    #[serde(default)]
    pub credentials: u32,
    /// The account's own entities.
    #[serde(default)]
    pub entities: u32,
    /// Connections, each with its row, its entry in the single-sign-on service, its invitation and its entity.
    #[serde(default)]
    pub connections: u32,
    /// Invitations that nobody has accepted yet.
    #[serde(default)]
    pub invitations: u32,
}

/// The single-sign-on service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsoPart {
    /// Its health.
    #[serde(default, deserialize_with = "sso_status")]
    pub status: Option<SsoStatus>,
    /// The accounts that it knows.
    #[serde(default)]
    pub accounts: Vec<Document>,
    /// The network connections that it knows: the source of truth.
    #[serde(default)]
    pub connections: Vec<Document>,
    /// Ids of inherited entries that this scenario does without.
    #[serde(default)]
    pub remove: Vec<String>,
}

/// A document, as JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Document(#[serde(deserialize_with = "crate::yaml::json_value")] pub Value);

/// A proof: one request and its reply, or several in a row on the same world.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExamplePart {
    /// What it shows.
    pub name: String,
    /// The request of an example with one step.
    pub request: Option<RequestPart>,
    /// The reply of an example with one step.
    pub reply: Option<ReplyPart>,
    /// Requests and replies in a row.
    #[serde(default)]
    pub steps: Vec<StepPart>,
}

/// One request and its reply.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepPart {
    /// What is sent.
    pub request: RequestPart,
    /// What must come back.
    pub reply: ReplyPart,
}

/// A request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestPart {
    /// The method.
    #[serde(deserialize_with = "method")]
    pub method: http::Method,
    /// Path and query.
    #[serde(deserialize_with = "uri")]
    pub path: http::Uri,
    /// The API key; the world's first one when absent; none at all when empty.
    pub key: Option<String>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A body, sent as JSON.
    pub body: Option<Document>,
}

/// What a reply must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyPart {
    /// The status.
    pub status: u16,
    /// Headers with their values; null when the header must be absent.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// The body.
    #[serde(default)]
    pub body: BodyPart,
}

/// What a body must be. All that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyPart {
    /// How many items or properties it has.
    pub length: Option<usize>,
    /// What it is, exactly.
    pub equals: Option<Document>,
    /// What it has at least: objects may have more properties, lists must hold each item somewhere.
    pub includes: Option<Document>,
    /// What stands at RFC 6901 pointers.
    #[serde(default)]
    pub at: BTreeMap<String, Document>,
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Version;
    impl Visitor<'_> for Version {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the version of the scenario language, {VERSION}")
        }
        fn visit_u64<E: Error>(self, version: u64) -> Result<u64, E> {
            if version == VERSION {
                Ok(version)
            } else {
                Err(E::custom(format!("version {version} of the scenario language is not known; write {VERSION}")))
            }
        }
    }
    deserializer.deserialize_u64(Version)
}

/// Reads a word where it stands, so that an error points at it.
struct Word<T>(fn(&str) -> Result<T, String>, &'static str);

impl<T> Visitor<'_> for Word<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Word(read_name, "a scenario's name"))
}

fn read_name(text: &str) -> Result<String, String> {
    let fits = !text.is_empty() && text.len() <= 64;
    if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no name: write 1 to 64 letters, digits, `.`, `_` or `-`"))
    }
}

fn clock<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Clock>, D::Error> {
    let read = Word(str::parse, "`real` or an RFC 3339 time");
    deserializer.deserialize_str(read).map(Some)
}

fn sso_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SsoStatus>, D::Error> {
    deserializer.deserialize_str(Word(read_status, "`up` or `down`")).map(Some)
}

fn read_status(text: &str) -> Result<SsoStatus, String> {
    match text {
        "up" => Ok(SsoStatus::Up),
        "down" => Ok(SsoStatus::Down),
        other => Err(unknown_word("variant", other, &["up", "down"])),
    }
}

fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<http::Method, D::Error> {
    deserializer.deserialize_str(Word(read_method, "a method such as GET"))
}

fn read_method(text: &str) -> Result<http::Method, String> {
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    if METHODS.contains(&text) {
        text.parse().map_err(|_| "no method".to_owned())
    } else {
        Err(unknown_word("variant", text, &METHODS))
    }
}

fn uri<'de, D: Deserializer<'de>>(deserializer: D) -> Result<http::Uri, D::Error> {
    deserializer.deserialize_str(Word(read_uri, "a path such as /connections"))
}

fn read_uri(text: &str) -> Result<http::Uri, String> {
    let fail = || format!("`{text}` is no path: write one that begins with `/`, such as /connections");
    if !text.starts_with('/') {
        return Err(fail());
    }
    text.parse().map_err(|_| fail())
}

/// In serde's words, so that the nearest valid word is found for it as for every other.
fn unknown_word(kind: &str, word: &str, valid: &[&str]) -> String {
    let valid: Vec<String> = valid.iter().map(|word| format!("`{word}`")).collect();
    format!("unknown {kind} `{word}`, expected one of {}", valid.join(", "))
}
