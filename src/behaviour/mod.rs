//! What each operation does to the world.
//!
//! To add an operation: describe it under `schemas/`, add a line to `TABLE`, and give it examples in a scenario.
//! Operations on plain collections need no code (`crud`); those with rules of their own have a function in the
//! file of their area.

mod account;
mod connections;
mod crud;
mod invitations;
mod onboards;
mod users;

use std::borrow::Cow;
use std::cell::Cell;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::contract::check::Input;
use crate::contract::{Contract, Operation};
use crate::world::clock::Timestamp;
use crate::world::sso::{Line, Sso, Unreachable};
use crate::world::{Account, Caller, Collection, Document, World, document};

/// Every operation and what it does.
const TABLE: &[(&str, Behaviour)] = &[
    ("get_account", Behaviour::Read(account::get)),
    ("update_account", Behaviour::Write(account::update)),
    ("account_sso_sync", Behaviour::Write(account::sync)),
    ("get_user", Behaviour::Read(users::get)),
    ("update_user", Behaviour::Write(users::update)),
    ("list_credentials", Behaviour::List(Collection::Credentials)),
    ("create_credential", Behaviour::Create(Collection::Credentials)),
    ("get_credential", Behaviour::Get(Collection::Credentials)),
    ("update_credential", Behaviour::Replace(Collection::Credentials)),
    ("delete_credential", Behaviour::Delete(Collection::Credentials)),
    ("create_user_settings", Behaviour::Write(users::create_settings)),
    ("get_user_settings", Behaviour::Read(users::get_settings)),
    ("update_user_settings", Behaviour::Write(users::update_settings)),
    ("list_onboards", Behaviour::List(Collection::Onboards)),
    ("create_onboard", Behaviour::Write(onboards::create)),
    ("update_onboard", Behaviour::Write(onboards::update)),
    ("complete_buyer_delivery_setup", Behaviour::Write(onboards::set_up)),
    ("list_connections", Behaviour::Read(connections::list)),
    ("repair_connection", Behaviour::Write(connections::repair)),
    ("get_connection", Behaviour::Read(connections::get)),
    ("create_source_invitation", Behaviour::Write(invitations::invite_source)),
    ("create_recipient_invitation", Behaviour::Write(invitations::invite_recipient)),
    ("resend_invitation", Behaviour::Write(invitations::resend)),
];

/// What an operation does.
#[derive(Clone, Copy, Debug)]
pub enum Behaviour {
    /// The account's documents of one kind, as they are.
    List(Collection),
    /// One of them.
    Get(Collection),
    /// A new one from the body.
    Create(Collection),
    /// Another one in its place.
    Replace(Collection),
    /// Takes one away.
    Delete(Collection),
    /// Reads, by rules of its own.
    Read(fn(&Reading<'_>) -> Outcome),
    /// Writes, by rules of its own. When it refuses, nothing has changed.
    Write(fn(&mut Writing<'_>) -> Outcome),
    /// A reply made from its schema; nothing is kept.
    Generated,
}

impl Behaviour {
    /// Whether it leaves the world as it is, so that its reply may be remembered until the world changes.
    #[must_use]
    pub fn only_reads(self) -> bool {
        matches!(self, Self::List(_) | Self::Get(_) | Self::Read(_))
    }
}

/// The behaviour of every operation of a contract, by the operation's index.
#[derive(Debug)]
pub struct Behaviours(Vec<Behaviour>);

impl Behaviours {
    /// Brings contract and table together. Every operation must have a behaviour and every behaviour an operation.
    pub fn for_contract(contract: &Contract) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut behaviours = Vec::with_capacity(contract.operations.len());
        for operation in &contract.operations {
            match TABLE.iter().find(|(id, _)| *id == operation.id) {
                Some((_, behaviour)) => behaviours.push(*behaviour),
                None if operation.generated => behaviours.push(Behaviour::Generated),
                None => errors.push(format!(
                    "{}: operation `{}` ({} {}) has no behaviour{}; add a line to the table in src/behaviour/mod.rs, \
                     or `x-behaviour: generated` to the operation",
                    operation.file,
                    operation.id,
                    operation.method,
                    operation.path,
                    crate::yaml::nearest(&operation.id, TABLE.iter().map(|(id, _)| *id))
                        .map(|near| format!(" (`{near}` has one)"))
                        .unwrap_or_default(),
                )),
            }
        }
        for (id, _) in TABLE.iter().filter(|(id, _)| contract.operation(id).is_none()) {
            errors.push(format!(
                "{}: behaviour `{id}` has no operation; describe it under paths, or remove its line",
                crate::contract::bundle::ROOT
            ));
        }
        for collection in Collection::ALL {
            if contract.model(collection.model()).is_none() {
                errors.push(format!(
                    "models: `{}`, which the {} of a world keep, is not defined",
                    collection.model(),
                    collection.name()
                ));
            }
        }
        if errors.is_empty() { Ok(Self(behaviours)) } else { Err(errors) }
    }

    /// What the operation does.
    #[must_use]
    pub fn of(&self, operation: &Operation) -> Behaviour {
        self.0.get(operation.index).copied().unwrap_or(Behaviour::Generated)
    }
}

/// What an operation answers when it does its work.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, serialised.
    pub body: Bytes,
    /// Headers of the operation's own.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Until when the answer stays true while the world does not change; `None` when time does not matter.
    pub fresh_until: Option<Timestamp>,
}

impl Answer {
    /// 200 with a value.
    #[must_use]
    pub fn ok(value: &Value) -> Self {
        Self::of(200, document::serialise(value))
    }

    /// 201 with a value.
    #[must_use]
    pub fn created(value: &Value) -> Self {
        Self::of(201, document::serialise(value))
    }

    /// Any status with bytes that are JSON already.
    #[must_use]
    pub fn of(status: u16, body: Bytes) -> Self {
        Self { status, body, headers: Vec::new(), fresh_until: None }
    }
}

/// Why an operation does not do its work: a status and LeadConduit's error text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The text in `{"error": ...}`.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with a status and a text.
    pub fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into() }
    }

    /// 404: there is no such thing for this caller.
    #[must_use]
    pub fn not_found(collection: Collection) -> Self {
        Self::new(404, format!("{} not found", collection.singular()))
    }

    /// 401: the caller is known and may not do this. LeadConduit uses 401 here, not 403.
    #[must_use]
    pub fn not_authorized() -> Self {
        Self::new(401, "not authorized")
    }

    /// 503: LeadConduit could not reach the single-sign-on service.
    #[must_use]
    pub fn sso_unreachable() -> Self {
        Self::new(503, "single sign-on service is unreachable")
    }

    /// 500: a bug of ours; the text says which.
    #[must_use]
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(500, message)
    }
}

/// What an operation came to.
pub type Outcome = Result<Answer, Refusal>;

/// A call that reads.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The world.
    pub world: &'a World,
    /// Who is calling.
    pub caller: &'a Caller,
    /// What was sent.
    pub input: &'a Input,
    /// The moment of the call.
    pub now: Timestamp,
    /// The call's way to the single-sign-on service.
    pub line: &'a Line<'a>,
    fresh_until: Cell<Option<Timestamp>>,
}

impl<'a> Reading<'a> {
    /// A call that reads.
    #[must_use]
    pub fn new(world: &'a World, caller: &'a Caller, input: &'a Input, now: Timestamp, line: &'a Line<'a>) -> Self {
        Self { world, caller, input, now, line, fresh_until: Cell::new(None) }
    }

    /// Calls the single-sign-on service.
    pub fn sso(&self) -> Result<&'a Sso, Unreachable> {
        self.world.call_sso(self.line, self.now)
    }

    /// The caller's account.
    pub fn account(&self) -> Result<&'a Account, Refusal> {
        self.world.account(&self.caller.account).ok_or_else(|| Refusal::internal("the caller's account is gone"))
    }

    /// Whether a time stamp lies in the past. The answer is fresh only until the next one that does not.
    #[must_use]
    pub fn has_passed(&self, stamp: &str) -> bool {
        let Ok(at) = stamp.parse::<Timestamp>() else { return false };
        if at <= self.now {
            return true;
        }
        let nearest = self.fresh_until.get().map_or(at, |other| other.min(at));
        self.fresh_until.set(Some(nearest));
        false
    }

    /// Until when what was asked of [`Reading::has_passed`] stays the same.
    #[must_use]
    pub fn fresh_until(&self) -> Option<Timestamp> {
        self.fresh_until.get()
    }
}

/// A call that writes.
#[derive(Debug)]
pub struct Writing<'a> {
    /// The world, in a change that is kept only when the call succeeds.
    pub world: &'a mut World,
    /// The contract, which every document must keep.
    pub contract: &'a Contract,
    /// Who is calling.
    pub caller: &'a Caller,
    /// What was sent.
    pub input: &'a Input,
    /// The moment of the call.
    pub now: Timestamp,
    /// The call's way to the single-sign-on service.
    pub line: &'a Line<'a>,
}

impl Writing<'_> {
    /// The same call, reading.
    #[must_use]
    pub fn reading(&self) -> Reading<'_> {
        Reading::new(self.world, self.caller, self.input, self.now, self.line)
    }

    /// The caller's account.
    pub fn account(&self) -> Result<&Account, Refusal> {
        self.reading().account()
    }

    /// Calls the single-sign-on service.
    pub fn sso(&self) -> Result<&Sso, Refusal> {
        self.world.call_sso(self.line, self.now).map_err(|_| Refusal::sso_unreachable())
    }

    /// Puts a document into a collection of the caller's account, checked against its model.
    pub fn put(&mut self, collection: Collection, value: &Value) -> Result<std::sync::Arc<Document>, Refusal> {
        let account = std::sync::Arc::clone(&self.caller.account);
        self.put_for(&account, collection, value)
    }

    /// The same for any account.
    pub fn put_for(
        &mut self,
        account: &str,
        collection: Collection,
        value: &Value,
    ) -> Result<std::sync::Arc<Document>, Refusal> {
        self.check(collection.model(), value)?;
        let id = crate::world::text(value, "id");
        Ok(self.world.put(account, collection, id, Document::new(value)))
    }

    /// A document that breaks its model must not enter the world, whoever made it.
    pub fn check(&self, model: &str, value: &Value) -> Result<(), Refusal> {
        let Some(check) = self.contract.model(model) else {
            return Err(Refusal::internal(format!("the contract has no model {model}")));
        };
        if check.accepts(value) {
            return Ok(());
        }
        let violations = check.explain("", value);
        let message = violations.first().map_or_else(|| "it breaks its model".to_owned(), |v| v.message.clone());
        Err(Refusal::new(400, message))
    }

    /// The moment of the call as LeadConduit writes it.
    #[must_use]
    pub fn stamp(&self) -> String {
        crate::world::clock::stamp(self.now)
    }
}

/// Runs a behaviour that reads.
pub fn read(behaviour: Behaviour, call: &Reading<'_>) -> Outcome {
    let mut answer = match behaviour {
        Behaviour::List(collection) => crud::list(call, collection),
        Behaviour::Get(collection) => crud::get(call, collection),
        Behaviour::Read(read) => read(call),
        _ => Err(Refusal::internal("an operation that writes was asked to read")),
    }?;
    answer.fresh_until = call.fresh_until();
    Ok(answer)
}

/// Runs a behaviour that writes.
pub fn write(behaviour: Behaviour, call: &mut Writing<'_>) -> Outcome {
    match behaviour {
        Behaviour::Create(collection) => crud::create(call, collection),
        Behaviour::Replace(collection) => crud::replace(call, collection),
        Behaviour::Delete(collection) => crud::delete(call, collection),
        Behaviour::Write(write) => write(call),
        _ => Err(Refusal::internal("an operation that reads was asked to write")),
    }
}
