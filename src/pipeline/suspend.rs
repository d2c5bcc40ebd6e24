//! Requests of a server: they are completed at once, or suspended while they wait for a recipient or for a thread.

use std::sync::Arc;

use super::context::{Progress, Suspension};
use super::{Attempt, Pipeline};
use crate::config::limits::INLINE_COMPUTATION;
use crate::contract::problem::Problem;
use crate::control;
use crate::http::handling::Handling;
use crate::http::message::{Request, Response};
use crate::sandbox::selector;
use crate::support::clock::uptime;
use crate::support::computation::Allowance;

impl Pipeline {
    /// Handles a request of a server without blocking its threads.
    #[must_use]
    pub fn start(self: &Arc<Self>, request: &Arc<Request>) -> Handling {
        let mut progress = Progress::new();
        let (_, path) = selector::split_sandbox_path(request.path());
        let attempt = if control::can_take_long(path) {
            // Its effects must not happen twice, so it does not begin on a thread where it may have to start again.
            Attempt::Suspended(Suspension::Computation)
        } else {
            self.attempt(request, None, &mut progress, Allowance::inline(INLINE_COMPUTATION))
        };
        match attempt {
            Attempt::Finished(response, recorded) => {
                self.publish(request, recorded);
                Handling::Ready(response)
            }
            Attempt::Suspended(suspension) => {
                let (pipeline, request) = (Arc::clone(self), Arc::clone(request));
                Handling::Pending(Box::pin(complete(pipeline, request, progress, suspension)))
            }
        }
    }
}

/// Completes a suspended request.
async fn complete(
    pipeline: Arc<Pipeline>,
    request: Arc<Request>,
    mut progress: Progress,
    mut suspension: Suspension,
) -> Response {
    loop {
        let attempt = match suspension {
            Suspension::Call(call) => {
                let started = uptime();
                let result = pipeline.policy.outbound.deliver(call.request.clone()).await;
                progress.record_response(*call, result, started);
                if progress.is_long {
                    Attempt::Suspended(Suspension::Computation)
                } else {
                    pipeline.attempt(&request, None, &mut progress, Allowance::inline(INLINE_COMPUTATION))
                }
            }
            Suspension::Computation => {
                let attempt;
                (attempt, progress) = compute(&pipeline, &request, progress).await;
                attempt
            }
        };
        match attempt {
            Attempt::Finished(response, recorded) => {
                pipeline.publish(&request, recorded);
                return response;
            }
            Attempt::Suspended(next) => suspension = next,
        }
    }
}

/// Runs the steps on a thread for long computations.
async fn compute(pipeline: &Arc<Pipeline>, request: &Arc<Request>, mut progress: Progress) -> (Attempt, Progress) {
    let (_, path) = selector::split_sandbox_path(request.path());
    let pool = if control::is_control_path(path) { &pipeline.control_calls } else { &pipeline.computations };
    let permit = match pool.admit().await {
        Ok(permit) => permit,
        Err(full) => {
            let problem = Problem::overloaded(&format!("{full}; send the request again"));
            return (pipeline.end_with(request, progress, problem), Progress::new());
        }
    };
    let (shared, shared_request) = (Arc::clone(pipeline), Arc::clone(request));
    let result = permit.run(move || {
        let attempt = shared.attempt(&shared_request, None, &mut progress, shared.full_allowance());
        (attempt, progress)
    });
    result.await.unwrap_or_else(|| {
        let problem = Problem::internal("a long computation was aborted");
        (pipeline.end_with(request, Progress::new(), problem), Progress::new())
    })
}
