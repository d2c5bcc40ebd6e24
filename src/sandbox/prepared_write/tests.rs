use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::json;

use crate::config::limits::{Limits, PREPARATIONS_MAX};
use crate::contract::Contract;
use crate::contract::lead_body::LeadRequest;
use crate::contract::validate::OperationInput;
use crate::leadconduit::leads::flow;
use crate::leadconduit::operations::{
    ApiError, OperationHandler, Preparation, PreparedWrite, WriteContext, WriteError, WriteResult,
};
use crate::leadconduit::outbound_log::OutboundLog;
use crate::leadconduit::response::OperationResponse;
use crate::leadconduit::state::budget::BudgetExceeded;
use crate::leadconduit::state::sso::SsoCallContext;
use crate::leadconduit::state::{Caller, Collection};
use crate::sandbox::{InitialState, Sandbox, SandboxRegistry, WriteResources};
use crate::scenario::Library;
use crate::support::clock::Clock;
use crate::support::computation::{self, Allowance};
use crate::support::document::Document;
use crate::support::ids::ObjectId;

const ACCOUNT: &str = "5fd4371e940df5a34a3888b2";

thread_local! {
    /// What happens during the next preparations.
    static MEANWHILE: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
    /// For each preparation, whether its world was a copy.
    static PREPARATIONS: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

/// Runs during the next preparation.
fn meanwhile(step: impl FnOnce() + 'static) {
    MEANWHILE.with_borrow_mut(|steps| steps.push_back(Box::new(step)));
}

/// For each preparation so far, whether its world was a copy.
fn preparations() -> Vec<bool> {
    PREPARATIONS.take()
}

struct Server {
    contract: Arc<Contract>,
    sandboxes: SandboxRegistry,
}

impl Server {
    fn new() -> Self {
        let contract = Arc::new(Contract::built_in().unwrap());
        let scenario = Library::built_in(Arc::clone(&contract)).unwrap().get("healthy").unwrap();
        let clock: Clock = "2026-05-01T12:00:00Z".parse().unwrap();
        let world = scenario.create_world(&contract, 1, clock).unwrap();
        let sandboxes = SandboxRegistry::new(InitialState::new(scenario, world), &Limits::default());
        Self { contract, sandboxes }
    }

    /// Runs a write in the default sandbox, as the pipeline does.
    fn write(&self, prepare: Preparation) -> WriteResult {
        write(&self.contract, &self.sandboxes.default_sandbox(), prepare)
    }

    /// The id that a write returns.
    fn id(&self, prepare: Preparation) -> ObjectId {
        id_of(self.write(prepare))
    }
}

fn write(contract: &Contract, sandbox: &Arc<Sandbox>, prepare: Preparation) -> WriteResult {
    let session = sandbox.open_session(None);
    let path = [("flow_id", "64b8f0f5e4b0c3a1d5e6f7ab"), ("source_id", "5d9a4b10940df5a34a3888c1")];
    let input = OperationInput {
        path: path.map(|(name, id)| (name.to_owned(), id.to_owned())).into_iter().collect(),
        body: json!({"state": "TX", "email": "ann@example.org"}),
        lead_request: Some(Ok(LeadRequest::default())),
        ..OperationInput::default()
    };
    let sso_call = SsoCallContext::new("submit_lead");
    let resources = WriteResources { contract, triggers: true, effects: &mut OutboundLog::default() };
    session.write(OperationHandler::Deliver(prepare), Caller::anonymous(), &input, &sso_call, resources).unwrap()
}

fn id_of(result: WriteResult) -> ObjectId {
    std::str::from_utf8(&result.unwrap().body).unwrap().parse().unwrap()
}

/// Counts something, and returns a new id.
fn lead(context: &mut WriteContext<'_>) -> Result<PreparedWrite, WriteError> {
    PREPARATIONS.with_borrow_mut(|preparations| preparations.push(context.is_copy));
    let id = context.world.next_id(context.now);
    if let Some(step) = MEANWHILE.with_borrow_mut(VecDeque::pop_front) {
        step();
    }
    assert!(!PANICS.get(), "as the test demands");
    Ok(PreparedWrite::new(OperationResponse::json(201, id.to_string().into()), move |context| {
        let document = Document::new(&json!({"id": id}));
        context.world.put(ACCOUNT, Collection::PingTotals, &id.to_string(), document);
        Ok(())
    }))
}

/// A submission. What happens during its preparation happens when its events have their ids.
fn submission(context: &mut WriteContext<'_>) -> Result<PreparedWrite, WriteError> {
    let write = flow::submit(context)?;
    if let Some(step) = MEANWHILE.with_borrow_mut(VecDeque::pop_front) {
        step();
    }
    Ok(write)
}

/// The same with the sandbox locked.
fn locked_lead(context: &mut WriteContext<'_>) -> Result<PreparedWrite, WriteError> {
    context.require_lock()?;
    lead(context)
}

/// A write that fails after it has taken an id.
fn failing(context: &mut WriteContext<'_>) -> Result<PreparedWrite, WriteError> {
    context.world.next_id(context.now);
    Err(ApiError::new(422, "no").into())
}

/// A write that cannot be stored.
fn unstorable(context: &mut WriteContext<'_>) -> Result<PreparedWrite, WriteError> {
    let id = context.world.next_id(context.now);
    Ok(PreparedWrite::new(OperationResponse::json(201, id.to_string().into()), move |context| {
        context.world.put(ACCOUNT, Collection::PingTotals, "unstorable", Document::new(&json!({"id": id})));
        Err(ApiError::new(400, "no"))
    }))
}

/// Writes during its preparation.
fn early(context: &mut WriteContext<'_>) -> Result<PreparedWrite, WriteError> {
    let write = lead(context)?;
    context.world.put(ACCOUNT, Collection::ListEntries, "early", Document::new(&json!({"id": "early"})));
    Ok(write)
}

/// Changes a document that leads may depend on.
fn change(sandbox: &Sandbox) {
    let changed: Result<(), BudgetExceeded> = sandbox.change_documents(|world, _| {
        world.put(ACCOUNT, Collection::ListEntries, "other", Document::new(&json!({"id": "other"})));
        Ok(())
    });
    changed.unwrap();
}

fn stored(server: &Server, collection: Collection) -> Vec<String> {
    let world = server.sandboxes.default_sandbox().world();
    world.account(ACCOUNT).unwrap().all(collection).keys().map(ToString::to_string).collect()
}

#[test]
fn writes_in_a_row_get_the_ids_that_they_get_with_the_sandbox_locked() {
    let (server, locked) = (Server::new(), Server::new());
    for _ in 0..3 {
        assert_eq!(server.id(lead), locked.id(locked_lead));
        assert!(server.write(failing).is_err() && locked.write(failing).is_err());
        assert!(server.write(unstorable).is_err() && locked.write(unstorable).is_err());
    }
    assert_eq!(stored(&server, Collection::PingTotals), stored(&locked, Collection::PingTotals));
    assert_eq!(preparations(), [true, false].repeat(3));
}

#[test]
fn a_write_that_panics_returns_its_ids() {
    let (server, undisturbed) = (Server::new(), Server::new());
    PANICS.set(true);
    let result = computation::run(Allowance::inline(Duration::MAX), || server.write(lead));
    assert!(result.is_err());
    PANICS.set(false);
    assert_eq!(server.id(lead), undisturbed.id(lead));
}

#[test]
fn leads_that_overlap_are_prepared_once_with_different_ids() {
    let server = Server::new();
    let (contract, sandbox) = (Arc::clone(&server.contract), server.sandboxes.default_sandbox());
    meanwhile(move || assert!(write(&contract, &sandbox, lead).is_ok()));
    let outer = server.id(lead);
    assert_eq!(preparations(), [true, true]);
    let stored = stored(&server, Collection::PingTotals);
    assert_eq!(stored.len(), 2, "{stored:?}");
    assert!(stored.contains(&outer.to_string()));
    let next = server.id(lead).to_string();
    assert!(!stored.contains(&next));
}

#[test]
fn the_events_of_a_lead_that_is_overtaken_come_after_those_of_the_faster_one() {
    let server = Server::new();
    let event_ids = || -> Vec<ObjectId> {
        let world = server.sandboxes.default_sandbox().world();
        world.account(ACCOUNT).unwrap().events().iter().map(|event| event.summary().id).collect()
    };
    let before = event_ids();
    let (has_ids, until_it_has_ids) = mpsc::channel();
    let (is_overtaken, until_it_is_overtaken) = mpsc::channel();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| {
            meanwhile(move || {
                has_ids.send(()).unwrap();
                until_it_is_overtaken.recv().unwrap();
            });
            assert!(server.write(submission).is_ok());
        });
        until_it_has_ids.recv().unwrap();
        assert!(server.write(submission).is_ok());
        let page = event_ids();
        assert_eq!(page.len(), before.len() + 3, "a filter, a recipient and the source");
        is_overtaken.send(()).unwrap();
        slow.join().unwrap();
        // A client that has read the page continues after its last id, and gets all events of the slow lead.
        let all = event_ids();
        assert_eq!((&all[..page.len()], all.len()), (&*page, page.len() + 3));
    });
}

#[test]
fn a_copy_of_the_world_serves_the_next_lead_until_documents_are_changed() {
    let (server, undisturbed) = (Server::new(), Server::new());
    for _ in 0..3 {
        assert_eq!(server.id(lead), undisturbed.id(lead));
    }
    let kept = || server.sandboxes.default_sandbox().lock().lead_copies();
    assert_eq!(kept(), 1);
    change(&server.sandboxes.default_sandbox());
    assert_eq!(kept(), 0, "a copy would keep what was replaced");
    server.id(lead);
    assert_eq!(kept(), 1);
    assert!(server.write(unstorable).is_err());
    assert_eq!(kept(), 1, "an error changes nothing");
    let _ = server.write(early);
    assert_eq!(kept(), 0);
}

#[test]
fn a_lead_is_prepared_again_when_documents_were_changed_meanwhile() {
    let server = Server::new();
    let sandbox = server.sandboxes.default_sandbox();
    meanwhile(move || change(&sandbox));
    let id = server.id(lead);
    assert_eq!(preparations(), [true, true]);
    assert_eq!(stored(&server, Collection::PingTotals), [id.to_string()]);
    assert_eq!(id, Server::new().id(lead), "the ids of the first preparation were returned");
}

#[test]
fn a_lead_that_is_overtaken_again_and_again_is_prepared_with_the_sandbox_locked() {
    let server = Server::new();
    for _ in 0..PREPARATIONS_MAX {
        let sandbox = server.sandboxes.default_sandbox();
        meanwhile(move || change(&sandbox));
    }
    // A write that runs inline ends with the lock; a long one would run on a copy.
    let result = computation::run(Allowance::inline(Duration::MAX), || server.write(lead)).unwrap();
    let id = id_of(result);
    let expected: Vec<bool> = std::iter::repeat_n(true, PREPARATIONS_MAX).chain([false]).collect();
    assert_eq!(preparations(), expected);
    assert_eq!(stored(&server, Collection::PingTotals), [id.to_string()]);
}

#[test]
fn a_lead_that_writes_during_its_preparation_is_prepared_with_the_sandbox_locked() {
    let server = Server::new();
    server.id(early);
    assert_eq!(preparations(), [true, false]);
    assert_eq!(stored(&server, Collection::ListEntries), ["early"]);
}

#[test]
fn a_lead_whose_sandbox_is_reset_meanwhile_starts_again() {
    let server = Server::new();
    let sandbox = server.sandboxes.default_sandbox();
    let reset = Arc::clone(&sandbox);
    meanwhile(move || {
        let now = reset.clock();
        let _ = reset.set_clock(|_| Ok::<_, ()>(now));
    });
    let session = sandbox.open_session(None);
    let (input, sso_call) = (OperationInput::default(), SsoCallContext::new("submit_lead"));
    let resources = WriteResources { contract: &server.contract, triggers: true, effects: &mut OutboundLog::default() };
    let result = session.write(OperationHandler::Deliver(lead), Caller::anonymous(), &input, &sso_call, resources);
    assert!(result.is_err(), "the state of the sandbox was replaced");
    assert!(stored(&server, Collection::PingTotals).is_empty());
}
