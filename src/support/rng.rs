//! Seeded random numbers. All randomness of the mock comes from here, so that a seed reproduces a run.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// A random number generator whose output depends on a seed and a purpose only.
///
/// Each purpose (ids, generated documents, rules, ...) has its own stream, so that more numbers from one do not change
/// the others.
#[derive(Debug)]
pub struct SeededRng(ChaCha8Rng);

/// What random numbers are used for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The process part and the first counter of object ids.
    Ids = 1,
    /// Generated documents of a scenario's world.
    Documents = 2,
    /// Values that an operation generates for its response.
    Responses = 3,
    /// The probability of a rule, its delay, and the random bytes of a broken connection.
    Rules = 4,
    /// The latency of the single-sign-on service.
    Sso = 5,
    /// Generated leads of the past and their outcomes.
    History = 6,
    /// The probability of a recipient's outcome.
    Recipients = 7,
    /// Leads that `leadconduit-mock leads` generates.
    Leads = 8,
}

impl SeededRng {
    /// The first stream for `purpose` under `seed`.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Self::nth(seed, purpose, 0)
    }

    /// The `n`-th stream for `purpose` under `seed`, for example for the n-th response.
    #[must_use]
    pub fn nth(seed: u64, purpose: Purpose, n: u64) -> Self {
        // ChaCha8 rather than `StdRng`, whose algorithm may change between releases of rand, and with it every
        // response.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((n << 8) | purpose as u64);
        Self(rng)
    }

    /// A generator at the same position: it returns the same numbers as this one.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut rng = ChaCha8Rng::from_seed(self.0.get_seed());
        rng.set_stream(self.0.get_stream());
        rng.set_word_pos(self.0.get_word_pos());
        Self(rng)
    }

    /// The underlying generator, for libraries that take one.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn a_copy_returns_the_same_numbers() {
        let mut rng = SeededRng::nth(7, Purpose::Rules, 3);
        for _ in 0..100 {
            let _: u8 = rng.rng().random();
            let mut copy = rng.copy();
            let numbers: [u64; 3] = std::array::from_fn(|_| copy.rng().random());
            let mut again = rng.copy();
            assert_eq!(numbers, std::array::from_fn(|_| again.rng().random::<u64>()));
        }
        let mut copy = rng.copy();
        assert_eq!(rng.rng().random::<u64>(), copy.rng().random::<u64>());
    }

    fn first_bytes(seed: u64, purpose: Purpose) -> [u8; 8] {
        SeededRng::new(seed, purpose).rng().random()
    }

    #[test]
    fn output_depends_on_seed_and_purpose() {
        assert_eq!(first_bytes(1, Purpose::Ids), first_bytes(1, Purpose::Ids));
        assert_ne!(first_bytes(1, Purpose::Ids), first_bytes(2, Purpose::Ids));
        assert_ne!(first_bytes(1, Purpose::Ids), first_bytes(1, Purpose::Documents));
    }

    #[test]
    fn the_first_bytes_of_seed_one_never_change() {
        // A change here changes every recorded response.
        insta::assert_debug_snapshot!(first_bytes(1, Purpose::Ids));
    }
}
