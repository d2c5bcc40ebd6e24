//! Applies the preferences that change the session of a request: another scenario, and no rules.

use super::{Faults, Preferences};
use crate::contract::problem::Problem;
use crate::sandbox::app_state::AppState;
use crate::sandbox::{RequestSession, ScenarioOverride};

impl Preferences {
    /// Applies `scenario` and `X-Mock-Faults` to the session. The other preferences only concern the response.
    pub(in crate::pipeline) fn apply_to(&self, session: &mut RequestSession, state: &AppState) -> Result<(), Problem> {
        if let Some(name) = &self.scenario {
            let initial = state.initial_state(name).map_err(|errors| Problem::unknown_scenario(name, &errors))?;
            let scenario_override = ScenarioOverride::new(&initial, &session.scenario);
            session.override_scenario(scenario_override);
        }
        if self.faults == Faults::Off {
            session.disable_rules();
        }
        Ok(())
    }
}
