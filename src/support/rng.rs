//! Seeded chance. Everything random in the mock is drawn from here, so that a seed repeats a run.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// A stream of chance that follows from a seed and a purpose.
///
/// Each purpose (ids, generated documents, faults, ...) has a stream of its own, so that drawing more from one
/// does not shift the others.
#[derive(Debug)]
pub struct SeededRng(ChaCha8Rng);

/// What a stream of chance is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The process part and the first counter of object ids.
    Ids = 1,
    /// Documents that a scenario asks to be generated.
    Documents = 2,
    /// Values that an operation makes up when it answers.
    Replies = 3,
    /// Whether a rule speaks, how long it delays, and the garbage that a broken connection sends.
    Rules = 4,
    /// How long the single-sign-on service takes.
    Sso = 5,
    /// Leads of the past, and what happened to them.
    History = 6,
    /// Whether a recipient says what it says now and then.
    Recipients = 7,
    /// Leads that the command line makes.
    Leads = 8,
}

impl SeededRng {
    /// The stream for `purpose` under `seed`.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Self::nth(seed, purpose, 0)
    }

    /// The `n`-th stream for `purpose` under `seed`: for one draw among many, such as the n-th reply.
    #[must_use]
    pub fn nth(seed: u64, purpose: Purpose, n: u64) -> Self {
        // ChaCha8 is named because `StdRng` may change between releases of rand, and with it every reply.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((n << 8) | purpose as u64);
        Self(rng)
    }

    /// The generator itself, for libraries that take one.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    fn first_bytes(seed: u64, purpose: Purpose) -> [u8; 8] {
        SeededRng::new(seed, purpose).rng().random()
    }

    #[test]
    fn a_seed_repeats_and_another_differs() {
        assert_eq!(first_bytes(1, Purpose::Ids), first_bytes(1, Purpose::Ids));
        assert_ne!(first_bytes(1, Purpose::Ids), first_bytes(2, Purpose::Ids));
        assert_ne!(first_bytes(1, Purpose::Ids), first_bytes(1, Purpose::Documents));
    }

    #[test]
    fn the_first_bytes_of_seed_one_never_change() {
        // Golden: a change here means that every recorded reply changes with it.
        insta::assert_debug_snapshot!(first_bytes(1, Purpose::Ids));
    }
}
