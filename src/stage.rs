//! What requests and control calls act on.

use std::sync::Arc;

use crate::contract::Contract;
use crate::sandbox::{DEFAULT, Sandboxes};
use crate::scenario::Scenario;
use crate::world::World;

/// The contract, the scenario, and the sandboxes that it plays in.
#[derive(Debug)]
pub struct Stage {
    /// The contract.
    pub contract: Arc<Contract>,
    /// The scenario that sandboxes start in.
    pub scenario: Arc<Scenario>,
    /// The sandboxes.
    pub sandboxes: Sandboxes,
}

impl Stage {
    /// The default sandbox's world as it is now.
    #[must_use]
    pub fn world(&self) -> World {
        self.sandboxes.get(DEFAULT).world()
    }
}
