//! Generates leads from a seed.

use super::args::LeadsArgs;
use super::flow::Flow;
use crate::cli::error::CliError;
use crate::generate::{LeadField, Models, ValueGenerator};
use crate::support::clock::Timestamp;
use crate::support::ids::IdGenerator;
use crate::support::rng::{Purpose, SeededRng};

/// Generates leads, one after another. Each lead has its own random number stream, so the first hundred of a thousand
/// leads are the same as a hundred leads.
#[derive(Debug)]
pub(super) struct LeadGenerator<'a> {
    pub(super) fields: &'a [LeadField],
    fixed_values: Vec<(String, String)>,
    seed: u64,
    now: Timestamp,
    ids: IdGenerator,
    next_index: u64,
}

impl<'a> LeadGenerator<'a> {
    /// A generator for the fields of a flow.
    ///
    /// # Errors
    /// `--set` names a field that the flow does not have.
    pub(super) fn new(args: &LeadsArgs, flow: &'a Flow) -> Result<Self, CliError> {
        for (name, _) in &args.set {
            flow.check_field(name)?;
        }
        Ok(Self {
            fields: &flow.fields,
            fixed_values: args.set.clone(),
            seed: args.seed,
            now: args.clock.now(),
            ids: IdGenerator::new(args.seed),
            next_index: 0,
        })
    }

    /// The values of the next lead, in the order of the fields.
    pub(super) fn next(&mut self) -> Vec<String> {
        let schemas = serde_json::Map::new();
        let rng = SeededRng::nth(self.seed, Purpose::Leads, self.next_index);
        self.next_index += 1;
        let mut generator = ValueGenerator::new(rng, &mut self.ids, self.now, Models::new(&schemas));
        // The last `--set` of a field takes precedence.
        let fixed_value =
            |id: &str| self.fixed_values.iter().rev().find(|(name, _)| name == id).map(|(_, value)| value.clone());
        generator.lead_values(self.fields, &fixed_value)
    }
}
