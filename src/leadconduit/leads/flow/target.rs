//! Where a lead comes in: a flow, one of its sources, and the gate before them.

use std::sync::Arc;

use serde_json::Value;

use crate::leadconduit::context::WriteContext;
use crate::leadconduit::live_flow::{live, source_of};
use crate::leadconduit::response::{ApiError, Style};
use crate::leadconduit::state::{Caller, Collection, World};
use crate::support::document::{Document, items, text};

/// A flow and one of its sources.
#[derive(Clone, Debug)]
pub(super) struct SubmissionTarget {
    /// The account that the flow belongs to.
    pub(super) account: Arc<str>,
    /// The flow as it is live.
    pub(super) flow: Arc<Document>,
    /// The place of the source among those of the flow.
    at: usize,
}

impl SubmissionTarget {
    /// The door that a call is at, if it is let in.
    pub(super) fn enter(call: &WriteContext<'_>) -> Result<Self, ApiError> {
        let door = Self::find(call.world, call.input.path("flow_id"), call.input.path("source_id"))?;
        door.admit(call.world, call.caller)?;
        Ok(door)
    }

    /// The door at an address. The source is known by its entity's id, or by its own short one.
    fn find(world: &World, flow: &str, source: &str) -> Result<Self, ApiError> {
        let refuse = |status, message| ApiError::new(status, message).styled(Style::Message);
        let found = world.accounts().find_map(|(id, account)| Some((id, live(account, flow)?)));
        let (account, flow) = found.ok_or_else(|| refuse(404, "Flow not found"))?;
        let source = source_of(flow.value(), source).ok_or_else(|| refuse(422, "Invalid source ID"))?;
        let at = items(flow.value(), "sources").iter().position(|other| std::ptr::eq(other, source)).unwrap_or(0);
        Ok(Self { account: account.into(), flow: Arc::clone(flow), at })
    }

    /// The gate: whether the source is on, and, where it demands that, whether it is itself who submits.
    fn admit(&self, world: &World, caller: &Caller) -> Result<(), ApiError> {
        let refuse = |status, message| Err(ApiError::new(status, message).styled(Style::Message));
        if self.source().get("enabled") == Some(&Value::Bool(false)) {
            return refuse(403, "Source is disabled");
        }
        let needs_key = self.source().get("authentication_required") == Some(&Value::Bool(true));
        if needs_key && !self.is_behind(world, caller) {
            return refuse(401, "Unauthorized source");
        }
        Ok(())
    }

    /// Whether the caller's account is the one that the source's entity stands for.
    fn is_behind(&self, world: &World, caller: &Caller) -> bool {
        let id = self.entity();
        let entity = world.account(&self.account).and_then(|account| account.get(Collection::Entities, id));
        let connected = entity.and_then(|entity| entity.text("connected_account_id"));
        let is_account = |id: &str| id.eq_ignore_ascii_case(&caller.account);
        !caller.is_anonymous() && (is_account(id) || connected.is_some_and(is_account))
    }

    /// The id of the source's entity.
    pub(super) fn entity(&self) -> &str {
        text(&self.source()["entity"], "id")
    }

    /// The source.
    pub(super) fn source(&self) -> &Value {
        items(self.flow.value(), "sources").get(self.at).unwrap_or(&Value::Null)
    }
}
