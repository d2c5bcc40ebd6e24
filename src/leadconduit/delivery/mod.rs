//! Calls that the mock makes itself: deliveries to recipients and files for the firehose. Plain values go in and come
//! out.
//!
//! A mock must never reach the real world by accident. So only plain http is spoken, and only to this machine, or to
//! places that were named when the server was started. A name is resolved once, every address of it is checked, and the
//! connection is made to a checked address: a name that resolves to something else a moment later gains nothing.
//! Redirects are not followed and proxies are not used, because either could lead elsewhere.

mod call;
mod client;
mod firehose;
mod form;
mod target;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

pub use client::OutboundClient;
pub use firehose::firehose_call;
pub use form::{request, response};
pub(crate) use target::address;

use crate::config::allowed_host::{Host, Place};
use crate::config::settings::Settings;
use crate::support::clock::uptime;
use target::Target;

/// How long the first pause between two attempts is; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// Statuses that say that another attempt may go better.
const PASSING: [u16; 3] = [502, 503, 504];

/// A call to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: http::Method,
    /// The address, with its query.
    pub url: String,
    /// The headers; `Host` follows from the address.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The headers, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// When the attempt that brought it began, in milliseconds after the call was begun.
    pub began_ms: u64,
    /// How long that attempt took, in milliseconds.
    pub ms: u64,
    /// How many attempts there were.
    pub attempts: u32,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The address, a header or the method cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The address is not one that the mock may call.
    #[error("{0}")]
    Forbidden(String),
    /// Too many calls were running for too long.
    #[error("{calls} calls are running, and none ended within {ms} ms")]
    Busy {
        /// How many calls run at once.
        calls: usize,
        /// How long was waited.
        ms: u64,
    },
    /// The host's name has no address, nobody listens there, or the connection broke.
    #[error("{0}")]
    Connection(String),
    /// There was no whole answer in time.
    #[error("there was no answer within {0} ms")]
    Timeout(u64),
    /// The answer is larger than what is read.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl CallError {
    /// Whether another attempt may go better.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Timeout(_))
    }
}

/// Makes calls, within limits. A clone shares them.
#[derive(Clone, Debug)]
pub struct Outbound {
    allowed: Arc<[Place]>,
    running: Arc<Semaphore>,
    calls_max: usize,
    timeout_ms: u64,
    retries: u32,
    body_bytes_max: usize,
}

impl Outbound {
    /// With the allowed places and the limits of a server's settings. Whether calls are wanted at all
    /// (`settings.delivery.is_on`) is the caller's matter.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        let calls_max = limits.deliver_calls_max.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            allowed: settings.delivery.allowed.clone().into(),
            running: Arc::new(Semaphore::new(calls_max)),
            calls_max,
            timeout_ms: limits.deliver_timeout_ms,
            retries: limits.deliver_retries,
            body_bytes_max: limits.deliver_body_bytes_max,
        }
    }

    /// Whether an address may be called, as far as that can be told without looking up a name.
    pub fn check(&self, url: &str) -> Result<(), CallError> {
        Target::read(url)?.admit(&self.allowed).map(drop)
    }

    /// Whether an address is known to be on this machine, or was allowed, without looking up a name: to ask a name
    /// server for the name of a real recipient would leave the machine already.
    #[must_use]
    pub fn reaches(&self, url: &str) -> bool {
        let known = |target: Target| Some(target.admit(&self.allowed).ok()? || !matches!(target.host, Host::Name(_)));
        Target::read(url).ok().and_then(known).unwrap_or(false)
    }

    /// The same with a count of running calls of its own.
    #[must_use]
    fn apart(&self, calls_max: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(calls_max)), calls_max, ..self.clone() }
    }

    /// Makes a call. When the other side cannot be reached, is too slow, or says that it is busy (502, 503, 504), it is
    /// made again after a pause, as often as the settings say.
    pub async fn call(&self, call: &Call) -> Result<Received, CallError> {
        let target = Target::read(&call.url)?;
        let trusted = target.admit(&self.allowed)?;
        let begun = uptime();
        let permit = timeout(self.wait(), self.running.acquire()).await;
        let busy = CallError::Busy { calls: self.calls_max, ms: self.timeout_ms };
        // The semaphore is never closed.
        let Ok(Ok(_permit)) = permit else { return Err(busy) };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let began = uptime();
            let attempt = timeout(self.wait(), self.attempt(call, &target, trusted)).await;
            let outcome = attempt.unwrap_or(Err(CallError::Timeout(self.timeout_ms)));
            let again = match &outcome {
                Ok(answer) => PASSING.contains(&answer.status),
                Err(error) => error.is_passing(),
            };
            if !again || attempts > self.retries {
                return outcome.map(|answer| Received {
                    status: answer.status,
                    headers: answer.headers,
                    body: answer.body,
                    began_ms: ms(began.saturating_sub(begun)),
                    ms: ms(uptime().saturating_sub(began)),
                    attempts,
                });
            }
            sleep(PAUSE * 2_u32.saturating_pow(attempts - 1).min(16)).await;
        }
    }

    fn wait(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    async fn attempt(&self, call: &Call, target: &Target, trusted: bool) -> Result<call::AttemptResponse, CallError> {
        let mut failed = None;
        // A name may have an address of either kind while the other side listens on one.
        for address in self.addresses(target, trusted).await? {
            match call::send(call, target, address, self.body_bytes_max).await {
                Err(error @ CallError::Connection(_)) => drop(failed.get_or_insert(error)),
                other => return other,
            }
        }
        Err(failed.unwrap_or_else(|| CallError::Connection(format!("{} has no address", target.name()))))
    }

    /// The addresses of a target, each of which may be called.
    async fn addresses(&self, target: &Target, trusted: bool) -> Result<Vec<SocketAddr>, CallError> {
        let name = match &target.host {
            Host::Address(ip) => return Ok(vec![SocketAddr::new(*ip, target.port)]),
            Host::Local => return Ok(target::LOCAL.map(|ip| SocketAddr::new(ip, target.port)).to_vec()),
            Host::Name(name) => name,
        };
        let found = tokio::net::lookup_host((name.as_str(), target.port)).await;
        let unknown = |error| CallError::Connection(format!("{name} cannot be looked up: {error}"));
        let found: Vec<SocketAddr> = found.map_err(unknown)?.collect();
        if trusted { Ok(found) } else { target.all_here(found) }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
