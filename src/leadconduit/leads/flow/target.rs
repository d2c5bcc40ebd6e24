//! The target of a submission or ping: a flow, one of its sources, and the access checks before them.

use std::sync::Arc;

use serde_json::Value;

use crate::leadconduit::context::WriteContext;
use crate::leadconduit::live_flow::{find_live_flow, find_source};
use crate::leadconduit::response::{ApiError, ErrorFormat};
use crate::leadconduit::state::{Caller, Collection, World};
use crate::support::document::{Document, items, text};

/// A live flow and one of its sources.
#[derive(Clone, Debug)]
pub(super) struct SubmissionTarget {
    /// The id of the account that owns the flow.
    pub(super) account: Arc<str>,
    /// The live revision of the flow.
    pub(super) flow: Arc<Document>,
    /// The index of the source in the flow.
    source_index: usize,
}

impl SubmissionTarget {
    /// The target of a request.
    ///
    /// # Errors
    ///
    /// 404 for an unknown flow, 422 for an unknown source, 403 for a disabled source, 401 when the source requires
    /// authentication and the caller's account does not own it.
    pub(super) fn resolve(context: &WriteContext<'_>) -> Result<Self, ApiError> {
        let target = Self::find(context.world, context.input.path("flow_id"), context.input.path("source_id"))?;
        target.check_access(context.world, context.caller)?;
        Ok(target)
    }

    /// Finds a source by the id of its entity or by its own short id.
    fn find(world: &World, flow: &str, source: &str) -> Result<Self, ApiError> {
        let error = |status, message| ApiError::new(status, message).with_format(ErrorFormat::Message);
        let found = world.accounts().find_map(|(id, account)| Some((id, find_live_flow(account, flow)?)));
        let (account, flow) = found.ok_or_else(|| error(404, "Flow not found"))?;
        let source = find_source(flow.value(), source).ok_or_else(|| error(422, "Invalid source ID"))?;
        let sources = items(flow.value(), "sources");
        let source_index = sources.iter().position(|other| std::ptr::eq(other, source)).unwrap_or(0);
        Ok(Self { account: account.into(), flow: Arc::clone(flow), source_index })
    }

    fn check_access(&self, world: &World, caller: &Caller) -> Result<(), ApiError> {
        let error = |status, message| Err(ApiError::new(status, message).with_format(ErrorFormat::Message));
        if self.source().get("enabled") == Some(&Value::Bool(false)) {
            return error(403, "Source is disabled");
        }
        let requires_key = self.source().get("authentication_required") == Some(&Value::Bool(true));
        if requires_key && !self.owns_source(world, caller) {
            return error(401, "Unauthorized source");
        }
        Ok(())
    }

    /// Whether the source's entity represents the caller's account.
    fn owns_source(&self, world: &World, caller: &Caller) -> bool {
        let id = self.source_entity();
        let entity = world.account(&self.account).and_then(|account| account.get(Collection::Entities, id));
        let connected = entity.and_then(|entity| entity.text("connected_account_id"));
        let is_account = |id: &str| id.eq_ignore_ascii_case(&caller.account);
        !caller.is_anonymous() && (is_account(id) || connected.is_some_and(is_account))
    }

    /// The id of the source's entity.
    pub(super) fn source_entity(&self) -> &str {
        text(&self.source()["entity"], "id")
    }

    /// The source.
    pub(super) fn source(&self) -> &Value {
        items(self.flow.value(), "sources").get(self.source_index).unwrap_or(&Value::Null)
    }
}
