//! The target of a submission or ping: a flow, one of its sources, and the access checks before them.

use std::sync::Arc;

use serde_json::Value;

use crate::leadconduit::api_error::{ApiError, ErrorFormat};
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::flow_model::{Flow, Pricing, PurchasePricing, Source};
use crate::leadconduit::live_flow::{find_live_flow, is_undeployed};
use crate::leadconduit::state::{Caller, Collection, World};
use crate::support::document::{Document, items};

/// A live flow and one of its sources.
#[derive(Clone, Debug)]
pub(super) struct SubmissionTarget {
    /// The id of the account that owns the flow.
    pub(super) account: Arc<str>,
    /// The document of the live revision of the flow.
    pub(super) document: Arc<Document>,
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
        if is_undeployed(flow) {
            // The status of a flow that takes no leads; the rest of the message is the mock's.
            let hint = format!("Flow not found: it was never deployed; POST /flows/{}/deploy makes it live", {
                flow.text("id").unwrap_or_default()
            });
            return Err(ApiError::new(404, hint).with_format(ErrorFormat::Message));
        }
        let source_index = Flow::of(flow).find_source(source).ok_or_else(|| error(422, "Invalid source ID"))?;
        Ok(Self { account: account.into(), document: Arc::clone(flow), source_index })
    }

    fn check_access(&self, world: &World, caller: &Caller) -> Result<(), ApiError> {
        let error = |status, message| Err(ApiError::new(status, message).with_format(ErrorFormat::Message));
        if !self.source().is_enabled {
            return error(403, "Source is disabled");
        }
        if self.source().requires_key && !self.owns_source(world, caller) {
            return error(401, "Unauthorized source");
        }
        Ok(())
    }

    /// Whether the source's entity represents the caller's account.
    fn owns_source(&self, world: &World, caller: &Caller) -> bool {
        let id = &*self.source().entity.text;
        let entity = world.account(&self.account).and_then(|account| account.get(Collection::Entities, id));
        let connected = entity.and_then(|entity| entity.text("connected_account_id"));
        let is_account = |id: &str| id.eq_ignore_ascii_case(&caller.account);
        !caller.is_anonymous() && (is_account(id) || connected.is_some_and(is_account))
    }

    /// The flow.
    pub(super) fn flow(&self) -> &Flow {
        Flow::of(&self.document)
    }

    /// The source.
    pub(super) fn source(&self) -> &Source {
        &self.flow().sources[self.source_index]
    }

    /// Whether pings are limited.
    pub(super) fn has_ping_limits(&self) -> bool {
        !self.flow().ping_limits.is_empty() || !self.source().ping_limits.is_empty()
    }

    /// Whether the source offers the price of a lead, in the parameter `price`.
    pub(super) fn is_price_offered(&self) -> bool {
        let offers = |pricing: &PurchasePricing| matches!(pricing.pricing, Some(Pricing::Offered));
        offers(&self.source().pricing) || offers(&self.flow().pricing)
    }

    /// The step at an index in the document of the flow, for rendering.
    pub(super) fn step_document(&self, index: usize) -> &Value {
        items(self.document.value(), "steps").get(index).unwrap_or(&Value::Null)
    }

    /// The source in the document of the flow, for rendering.
    pub(super) fn source_document(&self) -> &Value {
        items(self.document.value(), "sources").get(self.source_index).unwrap_or(&Value::Null)
    }
}
