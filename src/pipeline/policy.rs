//! The settings that the pipeline decides by.

use std::sync::Arc;

use crate::config::intercept::InterceptSettings;
use crate::config::limits::Limits;
use crate::config::settings::{CorsPolicy, MockHeaders, RequestMode, Settings};
use crate::control::Access;
use crate::leadconduit::delivery::OutboundClient;

/// The settings of a pipeline. They do not change while a server runs.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether requests that break the contract are rejected, reported, or not validated.
    pub requests: RequestMode,
    /// Whether every response is validated against the contract (`--check-replies`).
    pub check_replies: bool,
    /// The origins whose pages may read responses.
    pub cors: CorsPolicy,
    /// Whether responses have `X-Mock-*` headers.
    pub mock_headers: MockHeaders,
    /// Whether the trigger domains are enabled.
    pub triggers: bool,
    /// The access rules of the control API.
    pub access: Access,
    /// The HTTPS proxy; `None` when the server is not a proxy.
    pub intercept: Option<InterceptSettings>,
    /// Performs outbound calls.
    pub outbound: Arc<OutboundClient>,
    /// The limits on journal bodies and headers.
    pub limits: Limits,
}

impl From<&Settings> for Policy {
    fn from(settings: &Settings) -> Self {
        Self {
            requests: settings.requests,
            check_replies: settings.check_replies,
            cors: settings.cors.clone(),
            mock_headers: settings.mock_headers,
            triggers: settings.triggers,
            access: Access::new(settings),
            intercept: settings.intercept,
            outbound: Arc::new(OutboundClient::new(settings)),
            limits: settings.limits,
        }
    }
}
