//! Calls with limits and retries.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::attempt::{self, AttemptResponse};
use super::message::{OutboundError, OutboundRequest, OutboundResponse, Refusal};
use super::target::{LOCALHOST_ADDRESSES, Target, is_same_listener};
use crate::config::allowed_host::{AllowedHost, Host};
use crate::config::settings::Settings;
use crate::support::clock::uptime;

/// Pause before the first retry; it doubles with each further one.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Statuses of temporary failures.
const RETRYABLE_STATUSES: [u16; 3] = [502, 503, 504];

/// How many different reasons for simulated recipients are logged.
const LOGGED_REASONS_MAX: usize = 50;

/// Makes calls to this machine and to allowed hosts. Clones share the limit of simultaneous calls.
#[derive(Clone, Debug)]
pub struct HttpClient {
    allowed: Arc<[AllowedHost]>,
    /// The address on which the mock itself listens; unset before it does.
    own_address: Arc<OnceLock<SocketAddr>>,
    pub(super) permits: Arc<Semaphore>,
    /// The reasons for simulated recipients that were logged.
    logged_reasons: Arc<Mutex<BTreeSet<String>>>,
    calls_max: usize,
    timeout_ms: u64,
    retries: u32,
    body_bytes_max: usize,
}

impl HttpClient {
    /// A client with the allowed hosts and the limits of the settings. Ignores `settings.delivery.is_enabled`.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        let calls_max = limits.deliver_calls_max.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            allowed: settings.delivery.allowed_hosts.clone().into(),
            own_address: Arc::default(),
            permits: Arc::new(Semaphore::new(calls_max)),
            logged_reasons: Arc::default(),
            calls_max,
            timeout_ms: limits.deliver_timeout_ms,
            retries: limits.deliver_retries,
            body_bytes_max: limits.deliver_body_bytes_max,
        }
    }

    /// How many calls can run at the same time.
    #[must_use]
    pub(super) fn calls_max(&self) -> usize {
        self.calls_max
    }

    /// Sets the address on which the mock itself listens, for this client and its clones. Only the first call counts.
    pub(super) fn set_own_address(&self, address: SocketAddr) {
        let _ = self.own_address.set(address);
    }

    /// Checks whether a URL may be called. Names are not resolved, so a later call can still be forbidden.
    ///
    /// # Errors
    ///
    /// When the URL is not valid or its host is not allowed.
    pub fn check(&self, url: &str) -> Result<(), OutboundError> {
        Target::parse(url)?.check_allowed(&self.allowed).map(drop)
    }

    /// Why a URL is not called; `None` when it is certain to be on this machine or allowed. A name that is not allowed
    /// counts as elsewhere, and is not resolved: the query for the name of a real recipient would leave this machine.
    #[must_use]
    pub fn refusal(&self, url: &str) -> Option<Refusal> {
        Target::parse_url(url).map_or_else(Some, |target| target.refusal(&self.allowed))
    }

    /// Logs why a recipient is simulated although deliveries are on: each reason once.
    pub fn log_simulated(&self, why: &str) {
        let mut logged = self.logged_reasons.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() < LOGGED_REASONS_MAX && logged.insert(why.to_owned()) {
            drop(logged);
            tracing::warn!("a recipient is simulated although deliveries are on: {why}");
        }
    }

    /// The same client with its own limit of simultaneous calls.
    #[must_use]
    pub(super) fn with_calls_max(&self, calls_max: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(calls_max)), calls_max, ..self.clone() }
    }

    /// Makes a call. After a connection error, a time-out or status 502, 503 or 504 it retries, as often as the settings
    /// allow.
    ///
    /// # Errors
    ///
    /// When the URL may not be called, or when the last attempt has no response.
    pub async fn call(&self, request: &OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let target = Target::parse(&request.url)?;
        let is_allowed = target.check_allowed(&self.allowed)?;
        let call_began = uptime();
        let permit = timeout(self.timeout(), self.permits.acquire()).await;
        let busy = OutboundError::Busy { calls: self.calls_max, ms: self.timeout_ms };
        // The semaphore is never closed.
        let Ok(Ok(_permit)) = permit else { return Err(busy) };
        let limit_ms = request.timeout_ms.map_or(self.timeout_ms, |ms| ms.min(self.timeout_ms));
        let mut attempts = 0;
        let mut may_have_reached = false;
        loop {
            attempts += 1;
            let began = uptime();
            let attempt = timeout(Duration::from_millis(limit_ms), self.attempt(request, &target, is_allowed)).await;
            let result = attempt.unwrap_or(Err(OutboundError::Timeout(limit_ms)));
            may_have_reached |= result.as_ref().map_or_else(OutboundError::may_have_reached, |_| true);
            let is_retryable = match &result {
                Ok(response) => RETRYABLE_STATUSES.contains(&response.status),
                Err(error) => error.is_retryable(),
            };
            if !is_retryable || attempts > self.retries {
                let result = result.map_err(|error| if may_have_reached { error.after_contact() } else { error });
                return result.map(|response| OutboundResponse {
                    status: response.status,
                    headers: response.headers,
                    body: response.body,
                    began_ms: ms(began.saturating_sub(call_began)),
                    ms: ms(uptime().saturating_sub(began)),
                    attempts,
                });
            }
            sleep(RETRY_PAUSE * 2_u32.saturating_pow(attempts - 1).min(16)).await;
        }
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    async fn attempt(
        &self,
        request: &OutboundRequest,
        target: &Target,
        is_allowed: bool,
    ) -> Result<AttemptResponse, OutboundError> {
        let mut first_error = None;
        // A name may have an IPv4 and an IPv6 address while the recipient listens on one of them.
        for address in self.addresses(target, is_allowed).await? {
            if self.own_address.get().is_some_and(|own| is_same_listener(address, *own)) {
                target.require_no_control_path()?;
            }
            match attempt::send(request, target, address, self.body_bytes_max).await {
                Err(error @ OutboundError::Unreached(_)) => drop(first_error.get_or_insert(error)),
                other => return other,
            }
        }
        Err(first_error.unwrap_or_else(|| OutboundError::Unreached(format!("{} has no address", target.name()))))
    }

    /// The addresses of a target, all of which may be called.
    async fn addresses(&self, target: &Target, is_allowed: bool) -> Result<Vec<SocketAddr>, OutboundError> {
        let name = match &target.host {
            Host::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, target.port)]),
            Host::Localhost => return Ok(LOCALHOST_ADDRESSES.map(|ip| SocketAddr::new(ip, target.port)).to_vec()),
            Host::Domain(name) => name,
        };
        let addresses = tokio::net::lookup_host((name.as_str(), target.port)).await;
        let unresolved = |error| OutboundError::Unreached(format!("{name} cannot be resolved: {error}"));
        let addresses: Vec<SocketAddr> = addresses.map_err(unresolved)?.collect();
        if is_allowed { Ok(addresses) } else { target.require_loopback(addresses) }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
